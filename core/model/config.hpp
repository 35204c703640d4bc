// config.json of a BERT folder.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/json.hpp"

namespace telltale {

enum class Activation { gelu, gelu_tanh, relu, silu, tanh };  ///< "gelu", "gelu_new"/"gelu_pytorch_tanh", "relu", "silu"/"swish", "tanh"

struct ModelConfig {
  std::int64_t vocab_size = 0, hidden_size = 0, layers = 0, heads = 0, intermediate_size = 0;
  std::int64_t max_positions = 0, type_vocab_size = 0;
  Activation activation = Activation::gelu;
  double layer_norm_eps = 1e-12;
  double hidden_dropout = 0.1, attention_dropout = 0.1, classifier_dropout = 0.1;  ///< classifier_dropout null → hidden_dropout
  std::int64_t pad_token_id = 0;
  std::vector<std::string> labels;  ///< by index, from id2label; empty when the folder has none
  Json raw;                         ///< the whole document, so that saving loses nothing
};

/// Throws std::runtime_error naming config.json, the key and what was expected: missing or non-integer sizes, sizes out of
/// range, hidden_size not divisible by num_attention_heads, unknown activation, position_embedding_type other than absolute,
/// model_type other than bert, id2label with holes.
/// Also refused: a key that occurs twice, is_decoder or add_cross_attention true, two ids with one label. Without id2label,
/// num_labels gives LABEL_0, LABEL_1, … as in transformers.
ModelConfig read_model_config(const std::filesystem::path& folder);

/// config.json of `folder` as transformers loads it (BertForSequenceClassification, float32): the sizes, dropouts and labels of
/// `config`, every other key as in config.raw; and copies of the tokeniser files that `source` has (vocab.txt, tokenizer.json,
/// tokenizer_config.json, special_tokens_map.json, added_tokens.json). `source` may be empty or the folder itself: nothing is copied.
/// Throws std::invalid_argument without labels, std::runtime_error when a file cannot be read or written.
void write_model_folder_config(const std::filesystem::path& folder, const ModelConfig& config, const std::filesystem::path& source);

}  // namespace telltale
