// A BERT classifier of a few kilobytes in which one word alone tells the classes apart, and places do not matter: what a faithful explanation says of it is known.
//
// Class "yes" has the logit 6·tanh(0.3 (x₀ − x₁)) of the final [CLS] state, class "no" has 0.1. Only the word "puck" differs in dimensions 0 and 1; all other words are random
// in the other dimensions, where the attention looks. Layer norms move both dimensions alike. Position embeddings are zero: equal words can be exchanged.
#pragma once
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "base/random.hpp"

namespace telltale::test {

inline std::filesystem::path make_planted_model(const std::filesystem::path& folder) {
  constexpr int d = 16, positions = 64;
  std::filesystem::create_directories(folder);
  const std::vector<std::string> vocabulary = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "puck", "goal", "team", "the", "win", "ice", "net", "a", "##s", ".", ",", "!", "?", ";"};
  std::string lines;
  for (const auto& w : vocabulary) lines += w + "\n";
  write_file_atomically(folder / "vocab.txt", lines);
  write_file_atomically(folder / "tokenizer_config.json", R"({"do_lower_case": true, "tokenizer_class": "BertTokenizer"})");
  write_file_atomically(folder / "config.json",
                        nlohmann::ordered_json{{"architectures", {"BertForSequenceClassification"}}, {"model_type", "bert"}, {"vocab_size", vocabulary.size()}, {"hidden_size", d}, {"num_hidden_layers", 1},
                                               {"num_attention_heads", 2}, {"intermediate_size", d}, {"max_position_embeddings", positions}, {"type_vocab_size", 2}, {"hidden_act", "gelu"},
                                               {"hidden_dropout_prob", 0.0}, {"attention_probs_dropout_prob", 0.0}, {"initializer_range", 0.2}, {"layer_norm_eps", 1e-12}, {"pad_token_id", 0},
                                               {"id2label", {{"0", "yes"}, {"1", "no"}}}, {"label2id", {{"yes", 0}, {"no", 1}}}}
                            .dump());
  nlohmann::ordered_json header;
  std::string data;
  Rng rng(3);
  /// value(row, column) of a matrix, columns = 1 for a vector.
  const auto tensor = [&](const std::string& name, std::vector<int> shape, auto&& value) {
    const std::size_t begin = data.size();
    for (int r = 0; r < shape[0]; ++r)
      for (int c = 0; c < (shape.size() > 1 ? shape[1] : 1); ++c) {
        const float x = static_cast<float>(value(r, c));
        data.append(reinterpret_cast<const char*>(&x), sizeof x);
      }
    header[name] = {{"dtype", "F32"}, {"shape", shape}, {"data_offsets", {begin, data.size()}}};
  };
  const auto zero = [](int, int) { return 0.0; };
  const auto one = [](int, int) { return 1.0; };
  const auto random = [&](double scale) {
    return [&rng, scale](int r, int c) { return r < 2 || c < 2 ? 0.0 : scale * rng.normal(); };
  };
  const auto identity = [](int r, int c) { return r == c ? 1.0 : 0.0; };
  const auto norm = [&](const std::string& name) {
    tensor(name + ".weight", {d}, one);
    tensor(name + ".bias", {d}, zero);
  };
  const auto dense = [&](const std::string& name, int rows, auto&& value, double last_bias = 0) {
    tensor(name + ".weight", {rows, d}, value);
    tensor(name + ".bias", {rows}, [&](int r, int) { return r == rows - 1 ? last_bias : 0.0; });
  };
  tensor("bert.embeddings.word_embeddings.weight", {static_cast<int>(vocabulary.size()), d}, [&](int r, int c) {
    const double x = rng.normal();
    if (c < 2) return vocabulary[static_cast<std::size_t>(r)] == "puck" ? (c == 0 ? 3.0 : -3.0) : 0.0;
    return x;
  });
  tensor("bert.embeddings.position_embeddings.weight", {positions, d}, zero);
  tensor("bert.embeddings.token_type_embeddings.weight", {2, d}, zero);
  norm("bert.embeddings.LayerNorm");
  const std::string p = "bert.encoder.layer.0.";
  dense(p + "attention.self.query", d, random(0.2));
  dense(p + "attention.self.key", d, random(0.2));
  dense(p + "attention.self.value", d, identity);
  dense(p + "attention.output.dense", d, identity);
  norm(p + "attention.output.LayerNorm");
  dense(p + "intermediate.dense", d, random(0.3));
  dense(p + "output.dense", d, random(0.3));
  norm(p + "output.LayerNorm");
  dense("bert.pooler.dense", d, [](int r, int c) { return r == 0 ? (c == 0 ? 0.3 : c == 1 ? -0.3 : 0.0) : 0.0; });
  dense("classifier", 2, [](int r, int c) { return r == 0 && c == 0 ? 6.0 : 0.0; }, 0.1);
  const std::string text = header.dump();
  const auto length = static_cast<std::uint64_t>(text.size());
  std::string all(sizeof length, '\0');
  std::memcpy(all.data(), &length, sizeof length);
  write_file_atomically(folder / "model.safetensors", all + text + data);
  return folder;
}

}  // namespace telltale::test
