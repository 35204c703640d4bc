#pragma once
#include <ATen/ATen.h>

#include <memory>

namespace telltale {

/// How the operands of a matrix product are carried.
enum class Carried {
  as_float,  ///< float products
  bf16,      ///< each number rounded to bfloat16: 8 bits
};

/// A weight W [N,K] that many rows are multiplied with, forth (x·Wᵀ) and back (g·W): packed once for oneDNN where that pays.
/// Rows are dense matrices on the CPU: bfloat16 for Carried::bf16, else float. Not for two threads at once.
class PackedWeight {
 public:
  PackedWeight();  ///< of nothing: not to be multiplied with
  PackedWeight(const at::Tensor& weight, Carried carried);  ///< float [N,K], kept as a view until it is packed
  ~PackedWeight();
  PackedWeight(PackedWeight&&) noexcept;
  PackedWeight& operator=(PackedWeight&&) noexcept;

  void forward(const at::Tensor& x, at::Tensor& out, bool add = false) const;   ///< out [M,N] = x·Wᵀ, x [M,K]; or is added
  void backward(const at::Tensor& g, at::Tensor& out, bool add = false) const;  ///< out [M,K] = g·W, g [M,N]; or is added

 private:
  struct Packed;
  at::Tensor weight_;
  std::unique_ptr<Packed> packed_;
};

}  // namespace telltale
