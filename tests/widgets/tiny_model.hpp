// A BERT folder of a few kilobytes and posts that it can learn, made from nothing: tests need no download.
#pragma once
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "base/random.hpp"
#include "store/store.hpp"
#include "training/trainer.hpp"

namespace telltale::test {

inline const std::vector<std::string>& telling_words() {
  static const std::vector<std::string> words = {"goalie", "engine", "pitcher", "monitor"};
  return words;
}
inline const std::vector<std::string>& common_words() {
  static const std::vector<std::string> words = {"the", "a", "of", "and", "to", "in", "it", "is", "on", "for", "was", "out", "his", "again", "third", "period", "got", "away", "from", "us"};
  return words;
}

/// config.json, vocab.txt, tokenizer_config.json, model.safetensors; 2 layers of 16. Returns the folder.
inline std::filesystem::path make_tiny_model(const std::filesystem::path& folder, std::uint64_t seed = 1) {
  constexpr int d = 16, inner = 32, layers = 2, positions = 64;
  std::filesystem::create_directories(folder);
  std::vector<std::string> vocabulary = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
  for (const auto* words : {&telling_words(), &common_words()}) vocabulary.insert(vocabulary.end(), words->begin(), words->end());
  for (char c = 'a'; c <= 'z'; ++c) {
    if (c != 'a') vocabulary.emplace_back(1, c);  // "a" is a word above
    vocabulary.push_back(std::string("##") + c);
  }
  for (const char* c : {".", ",", "!", "?"}) vocabulary.emplace_back(c);
  std::string lines;
  for (const auto& w : vocabulary) lines += w + "\n";
  write_file_atomically(folder / "vocab.txt", lines);
  write_file_atomically(folder / "tokenizer_config.json", R"({"do_lower_case": true, "tokenizer_class": "BertTokenizer"})");
  write_file_atomically(folder / "config.json",
                        nlohmann::ordered_json{{"architectures", {"BertModel"}}, {"model_type", "bert"}, {"vocab_size", vocabulary.size()}, {"hidden_size", d}, {"num_hidden_layers", layers}, {"num_attention_heads", 2},
                                               {"intermediate_size", inner}, {"max_position_embeddings", positions}, {"type_vocab_size", 2}, {"hidden_act", "gelu"}, {"hidden_dropout_prob", 0.0},
                                               {"attention_probs_dropout_prob", 0.0}, {"initializer_range", 0.2}, {"layer_norm_eps", 1e-12}, {"pad_token_id", 0}}
                            .dump());
  nlohmann::ordered_json header;
  std::string data;
  Rng rng(seed);
  const auto tensor = [&](const std::string& name, const std::vector<int>& shape, double scale, float constant = 0) {
    std::size_t n = 1;
    for (const int s : shape) n *= static_cast<std::size_t>(s);
    const std::size_t begin = data.size();
    for (std::size_t i = 0; i < n; ++i) {
      const float x = scale == 0 ? constant : static_cast<float>(scale * (static_cast<double>(rng.below(2001)) / 1000.0 - 1));
      data.append(reinterpret_cast<const char*>(&x), sizeof x);
    }
    header[name] = {{"dtype", "F32"}, {"shape", shape}, {"data_offsets", {begin, data.size()}}};
  };
  const auto norm = [&](const std::string& name) {
    tensor(name + ".weight", {d}, 0, 1);
    tensor(name + ".bias", {d}, 0, 0);
  };
  const auto dense = [&](const std::string& name, int out, int in) {
    tensor(name + ".weight", {out, in}, 0.3);
    tensor(name + ".bias", {out}, 0, 0);
  };
  tensor("embeddings.word_embeddings.weight", {static_cast<int>(vocabulary.size()), d}, 0.5);
  tensor("embeddings.position_embeddings.weight", {positions, d}, 0.05);
  tensor("embeddings.token_type_embeddings.weight", {2, d}, 0.05);
  norm("embeddings.LayerNorm");
  for (int l = 0; l < layers; ++l) {
    const std::string p = "encoder.layer." + std::to_string(l) + ".";
    for (const char* part : {"query", "key", "value"}) dense(p + "attention.self." + part, d, d);
    dense(p + "attention.output.dense", d, d);
    norm(p + "attention.output.LayerNorm");
    dense(p + "intermediate.dense", inner, d);
    dense(p + "output.dense", d, inner);
    norm(p + "output.LayerNorm");
  }
  dense("pooler.dense", d, d);
  const std::string text = header.dump();
  const auto length = static_cast<std::uint64_t>(text.size());
  std::string all(sizeof length, '\0');
  std::memcpy(all.data(), &length, sizeof length);
  write_file_atomically(folder / "model.safetensors", all + text + data);
  return folder;
}

/// Posts of 4 to 15 common words with one word that tells the class.
inline DatasetInfo add_tiny_posts(Store& store, int train = 96, int test = 32, const std::string& name = "posts", const std::vector<std::string>& classes = {"autos", "baseball", "hockey"}) {
  Rng rng(7);
  const std::vector<std::string> telling = {"engine", "pitcher", "goalie"};
  auto import = store.begin_import(name, "made up", {{"seed", 7}});
  for (int k = 0; k < train + test; ++k) {
    const std::size_t c = static_cast<std::size_t>(k) % classes.size();
    Document post;
    post.external_id = name + "-" + std::to_string(k);
    post.split = k < train ? "train" : "test";
    const auto words = 4 + rng.below(12), place = rng.below(words);
    for (std::uint64_t w = 0; w < words; ++w) post.text += (w ? " " : "") + (w == place ? telling[c % telling.size()] : common_words()[rng.below(common_words().size())]);
    import->add(post, classes[c]);
  }
  return import->commit({{"skipped", Json::array()}});
}

/// A run of make_tiny_model() that takes `epochs` × posts / 8 steps of about a millisecond.
inline TrainRequest tiny_request(Store& store, const std::filesystem::path& model, const std::string& preset = "baseline", int epochs = 2) {
  TrainRequest r;
  r.dataset = store.datasets().at(0).id;
  r.model = model.string();
  r.preset = preset;
  r.settings = settings_for(store, preset, {});
  for (const std::string& s : {std::string("batch=8"), std::string("learning_rate=0.005"), std::string("max_length=32"), std::string("attribution.steps=2"), "epochs=" + std::to_string(epochs)}) assign(r.settings, s);
  return r;
}

}  // namespace telltale::test
