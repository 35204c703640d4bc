// The parameters of BERT for sequence classification as LibTorch tensors. For core only.
#pragma once
#include <ATen/ATen.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "model/checkpoint.hpp"
#include "model/config.hpp"

namespace telltale {

/// d hidden, i intermediate, V vocabulary, P positions, C classes. Query, key and value are one matrix, so that they cost one product;
/// each is a block of d rows of it.
struct LayerWeights {
  at::Tensor qkv_weight, qkv_bias;          ///< [3d,d], [3d]
  at::Tensor output_weight, output_bias;    ///< [d,d], [d]
  at::Tensor norm1_weight, norm1_bias;      ///< [d]
  at::Tensor up_weight, up_bias;            ///< [i,d], [i]
  at::Tensor down_weight, down_bias;        ///< [d,i], [d]
  at::Tensor norm2_weight, norm2_bias;      ///< [d]
};

struct BertWeights {
  at::Tensor word, position, type;          ///< [V,d], [P,d], [types,d]
  at::Tensor norm_weight, norm_bias;        ///< [d]
  std::vector<LayerWeights> layers;
  at::Tensor pooler_weight, pooler_bias;    ///< [d,d], [d]
  at::Tensor head_weight, head_bias;        ///< [C,d], [C]

  std::int64_t classes() const { return head_bias.defined() ? head_bias.size(0) : 0; }
};

/// Where one Hugging Face weight lies: `rows` rows of parameter `index` from row `first`.
struct WeightSlice {
  std::string name;  ///< with the "bert." prefix where Hugging Face has it
  std::size_t parameter = 0;
  std::int64_t first = 0, rows = 0;
};

/// All parameters in one contiguous buffer, so that the optimiser, norms, checkpoints and hashes are one walk.
class Parameters {
 public:
  /// Shapes from the configuration; every value zero. classes 0: no head.
  Parameters(const ModelConfig& config, std::int64_t classes, at::ScalarType dtype, at::Device device);

  at::Tensor flat;                         ///< [n]
  std::vector<at::Tensor> tensors;         ///< views of flat, leaves; requires_grad as set
  std::vector<bool> decays;                ///< weight decay applies: not for biases and LayerNorm
  BertWeights weights;                     ///< the same tensors by role
  std::vector<WeightSlice> slices;         ///< Hugging Face's names, in its order

  at::Tensor slice(const WeightSlice& s) const { return tensors[s.parameter].narrow(0, s.first, s.rows); }
  /// Gradients: one buffer flat_gradient [n], each tensor's grad a view of it, set to zero.
  at::Tensor flat_gradient;
  void require_gradients();
  void zero_gradients();

  /// Copies every weight of the checkpoint in (checked before: check_weights, finite). Weights that the file lacks (pooler, head) are
  /// drawn: normal, deviation 0.02, from `seed`; biases 0. Returns the names drawn.
  std::vector<std::string> load(const Checkpoint& checkpoint, std::uint64_t seed, bool ignore_head);

 private:
  void layout(const ModelConfig& config, std::int64_t classes);
};

/// The same weights in another dtype (and device). With gradients on, the copies are differentiable functions of the originals.
BertWeights cast(const BertWeights& weights, at::ScalarType dtype);

}  // namespace telltale
