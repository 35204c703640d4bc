// Which tensors a configuration asks for, and whether a checkpoint has them.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "model/checkpoint.hpp"
#include "model/config.hpp"

namespace telltale {

struct WeightSpec {
  std::string name;  ///< canonical: without "bert.", weight and bias
  std::vector<std::int64_t> shape;
  bool required = true;
};

/// Every weight of the BERT of `config`, pooler included; with labels > 0 also a head of that many rows. Without a head
/// the pooler is not required.
std::vector<WeightSpec> expected_weights(const ModelConfig& config, int labels);

/// The tensors of a checkpoint by canonical name; those that are no weights are left out.
/// Throws std::runtime_error when two of them are the same weight.
std::map<std::string, const StoredTensor*> canonical_weights(const Checkpoint& checkpoint);

/// Rows of the classification head, 0 when there is none.
std::int64_t head_rows(const Checkpoint& checkpoint);

/// Every required weight is there with the shape that the configuration asks for, of a floating-point type; a head has
/// as many rows as the configuration has labels (any number when it names none) unless `ignore_head`; embeddings,
/// encoder, pooler and classifier hold nothing that the configuration does not know, such as further layers. Other
/// tensors (heads of pretraining) are left alone. Throws std::runtime_error naming file, tensor (as the file spells
/// it), what it is and what was asked for. Values are not looked at: see check_finite.
void check_weights(const Checkpoint& checkpoint, const ModelConfig& config, bool ignore_head = false);

/// check_finite of every weight.
void check_weights_finite(const Checkpoint& checkpoint);

}  // namespace telltale
