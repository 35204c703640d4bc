#pragma once
#include <ATen/ATen.h>

#include <cstdint>
#include <memory>

#include "model/kernels.hpp"

namespace telltale {

/// How the operands of a matrix product are carried.
enum class Carried {
  as_float,  ///< float products
  bf16,      ///< each number rounded to bfloat16: 8 bits
  /// Forth, values keep their bits: float products, or where the processor has tiles of bfloat16 (AMX) pairs of them, x = h + l, 16 bits, x·w as h·h + l·h + h·l
  /// summed in float (what is left out, l·l, is under 2⁻¹⁶ of the product). Back, gradients are rounded to bfloat16, the sums are float. A softmax makes much of
  /// little in the values; in gradients roundings average out.
  mixed,
};

/// A weight W [N,K] that many rows are multiplied with, forth (x·Wᵀ) and back (g·W): packed once for oneDNN where that pays.
/// Rows are dense matrices on the CPU: bfloat16 for Carried::bf16, else float. Not for two threads at once.
class PackedWeight {
 public:
  PackedWeight();  ///< of nothing: not to be multiplied with
  /// float [N,K], kept as a view until it is packed. `room`, if given, holds a call's rows in bfloat16, and may be shared by weights that are used
  /// in turn: what is still in cache is cheap. Throws std::invalid_argument for Carried::mixed where it is not possible.
  PackedWeight(const at::Tensor& weight, Carried carried, std::shared_ptr<at::Tensor> room = nullptr);
  ~PackedWeight();
  PackedWeight(PackedWeight&&) noexcept;
  PackedWeight& operator=(PackedWeight&&) noexcept;

  void forward(const at::Tensor& x, at::Tensor& out, bool add = false) const;   ///< out [M,N] = x·Wᵀ, x [M,K]; or is added
  void backward(const at::Tensor& g, at::Tensor& out, bool add = false) const;  ///< out [M,K] = g·W, g [M,N]; or is added

  /// For Carried::mixed: where a kernel may write a call's rows itself, as Kernels::split (forward_room, [M,3K]) or rounded (backward_room, [M,N]); null where
  /// rows are taken as floats. Good for one call of forward_room_times or backward_room_times, before any other of a weight that shares the room.
  Bf16* forward_room(std::int64_t rows) const;
  Bf16* backward_room(std::int64_t rows) const;
  void forward_room_times(at::Tensor& out, bool add = false) const;
  void backward_room_times(at::Tensor& out, bool add = false) const;

  static bool mixed_possible();  ///< oneDNN is linked
  static bool mixed_pays();      ///< and the processor multiplies bfloat16

 private:
  struct Packed;
  at::Tensor weight_;
  std::unique_ptr<Packed> packed_;
};

}  // namespace telltale
