// Logits and gradients of logits in the input, without parameter gradients: what attributions and pass one are made of. For core only.
#pragma once
#include <ATen/ATen.h>

#include <functional>
#include <memory>

#include "model/network.hpp"
#include "model/path.hpp"

namespace telltale {

/// dF/dz for logits z [N,C]: given the logits (float or double), returns a tensor of the same shape.
using LogitGradient = std::function<at::Tensor(const at::Tensor& logits)>;

class Engine {
 public:
  virtual ~Engine() = default;
  /// points [N,T,d], contiguous, in `dtype()`: word embeddings (Path::word) or outputs of the embedding block (Path::embeddings).
  /// mask [N,T] of the same dtype, 1 = attended, or undefined. Returns [N,C].
  virtual at::Tensor logits(const at::Tensor& points, const at::Tensor& mask, Path path) = 0;
  /// The gradient of F in the points, [N,T,d]; F is given by its gradient in the logits. `logits_out` (not null) receives [N,C].
  virtual at::Tensor gradient(const at::Tensor& points, const at::Tensor& mask, Path path, const LogitGradient& seed, at::Tensor* logits_out) = 0;
  virtual at::Tensor cls(const at::Tensor& points, const at::Tensor& mask, Path path) = 0;  ///< [N,d]
  /// Type of points, gradients and logits: double for fp64, float otherwise (bf16 computes inside only).
  virtual at::ScalarType dtype() const = 0;
  /// To be called when the weights it was made from have changed in place.
  virtual void refresh() {}
  /// Texts of T ids that one call should hold: enough rows for full speed, few enough to stay in cache.
  std::int64_t texts_per_call(std::int64_t ids) const { return std::max<std::int64_t>(1, rows_ / ids); }
  void set_rows(std::int64_t rows) { rows_ = rows; }

  /// `weights` in the precision they were loaded in (float or double); products: kFloat, kBFloat16 or kDouble.
  /// On the CPU in float and bfloat16 this is the fused engine, elsewhere the differentiable network.
  static std::unique_ptr<Engine> make(const ModelConfig& config, const BertWeights& weights, at::ScalarType products);
  /// Products in bfloat16 where that leaves values their bits (BlockProducts::tiles or pairs): logits to 2⁻¹⁶, gradients rounded on their way. Null where the
  /// processor has none.
  static std::unique_ptr<Engine> make_mixed(const ModelConfig& config, const BertWeights& weights);
  /// The network itself, whatever the device: the reference that tests hold the fused engine against.
  static std::unique_ptr<Engine> make_reference(const ModelConfig& config, const BertWeights& weights, at::ScalarType products);

 private:
  std::int64_t rows_ = 2048;
};

}  // namespace telltale
