// Everything of a model folder but the weights.
#include <fmt/format.h>

#include <stdexcept>

#include "base/files.hpp"
#include "model/config.hpp"

namespace telltale {
namespace {

namespace fs = std::filesystem;

const char* name_of(Activation a) {
  switch (a) {
    case Activation::gelu:
      return "gelu";
    case Activation::gelu_tanh:
      return "gelu_new";
    case Activation::relu:
      return "relu";
    case Activation::silu:
      return "silu";
    case Activation::tanh:
      return "tanh";
  }
  throw std::invalid_argument("no such activation");
}

Json config_document(const ModelConfig& c) {
  Json j = c.raw.is_object() ? c.raw : Json::object();
  // What names this model, whatever the source was.
  j["architectures"] = {"BertForSequenceClassification"};
  j["model_type"] = "bert";
  j["torch_dtype"] = "float32";
  if (j.contains("dtype")) j["dtype"] = "float32";  // transformers 5 writes this name
  if (j.contains("problem_type")) j["problem_type"] = "single_label_classification";
  j["vocab_size"] = c.vocab_size;
  j["hidden_size"] = c.hidden_size;
  j["num_hidden_layers"] = c.layers;
  j["num_attention_heads"] = c.heads;
  j["intermediate_size"] = c.intermediate_size;
  j["max_position_embeddings"] = c.max_positions;
  j["type_vocab_size"] = c.type_vocab_size;
  if (!j.contains("hidden_act")) j["hidden_act"] = name_of(c.activation);  // else as the source spells it
  j["layer_norm_eps"] = c.layer_norm_eps;
  j["hidden_dropout_prob"] = c.hidden_dropout;
  j["attention_probs_dropout_prob"] = c.attention_dropout;
  j["classifier_dropout"] = c.classifier_dropout;
  j["pad_token_id"] = c.pad_token_id;
  j["position_embedding_type"] = "absolute";
  j["id2label"] = j["label2id"] = Json::object();
  for (std::size_t k = 0; k < c.labels.size(); ++k) {
    j["id2label"][fmt::format("{}", k)] = c.labels[k];
    j["label2id"][c.labels[k]] = k;
  }
  j["num_labels"] = c.labels.size();
  return j;
}

}  // namespace

void write_model_folder_config(const fs::path& folder, const ModelConfig& config, const fs::path& source) {
  if (config.labels.empty())
    throw std::invalid_argument(fmt::format("{}: a classifier needs labels", (folder / "config.json").string()));
  std::string text;
  try {
    text = config_document(config).dump(2) + "\n";
  } catch (const Json::exception&) {
    throw std::runtime_error(fmt::format("{}: a label is not UTF-8", (folder / "config.json").string()));
  }
  write_file_atomically(folder / "config.json", text);
  std::error_code ignored;
  if (source.empty() || fs::equivalent(folder, source, ignored)) return;
  for (const char* name :
       {"vocab.txt", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"})
    if (fs::exists(source / name))
      write_file_atomically(folder / name, read_file(source / name, std::size_t{256} << 20));
}

}  // namespace telltale
