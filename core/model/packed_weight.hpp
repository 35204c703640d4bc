#pragma once
#include <ATen/ATen.h>

#include <memory>

namespace telltale {

/// How the operands of a matrix product are carried.
enum class Carried {
  as_float,   ///< float products
  bf16,       ///< each number rounded to bfloat16: 8 bits
  bf16_pair,  ///< each number as the sum of two bfloat16, x = h + l: 16 bits. x·w is h·h + l·h + h·l, three bfloat16 products summed in float; what is left out, l·l, is under 2⁻¹⁶ of the product
};

/// A weight W [N,K] that many rows are multiplied with, forth (x·Wᵀ) and back (g·W): packed once for oneDNN where that pays.
/// Rows are dense matrices on the CPU: float for Carried::as_float and bf16_pair, bfloat16 for Carried::bf16. Not for two threads at once.
class PackedWeight {
 public:
  PackedWeight();  ///< of nothing: not to be multiplied with
  /// float [N,K], kept as a view until it is packed. `room`, if given, holds the pairs of a call's rows, and may be shared by weights that are used in
  /// turn: what is still in cache is cheap. Throws std::invalid_argument for pairs that are not possible.
  PackedWeight(const at::Tensor& weight, Carried carried, std::shared_ptr<at::Tensor> room = nullptr);
  ~PackedWeight();
  PackedWeight(PackedWeight&&) noexcept;
  PackedWeight& operator=(PackedWeight&&) noexcept;

  void forward(const at::Tensor& x, at::Tensor& out, bool add = false) const;   ///< out [M,N] = x·Wᵀ, x [M,K]; or is added
  void backward(const at::Tensor& g, at::Tensor& out, bool add = false) const;  ///< out [M,K] = g·W, g [M,N]; or is added

  /// Pairs are faster than float products here: oneDNN is linked and the processor has tiles of bfloat16 (AMX).
  static bool pairs_pay();
  static bool pairs_possible();  ///< oneDNN is linked

 private:
  struct Packed;
  at::Tensor weight_;
  std::unique_ptr<Packed> packed_;
};

}  // namespace telltale
