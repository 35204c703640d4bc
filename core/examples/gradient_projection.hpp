// Random projection of gradients that keeps inner products, never stored as a matrix. For core only.
#pragma once
#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

#include "examples/full_gradient.hpp"

namespace telltale {

/// Sparse sign projection to k dimensions: parameter i is added, with sign s(i) = ±1, to the entry h(i), both drawn by hashing (seed, i): a sparse
/// Johnson–Lindenstrauss transform with one entry a column (Charikar, Chen & Farach-Colton 2002; Weinberger et al. 2009, "feature hashing").
/// E[Pa·Pb] = a·b; Var[Pa·Pb] = (‖a‖²‖b‖² + (a·b)² − 2 Σ aᵢ²bᵢ²) / k.
class GradientProjection {
 public:
  GradientProjection(std::int64_t dimensions, std::uint64_t seed) : dimensions_(dimensions), seed_(seed) {}
  std::int64_t dimensions() const { return dimensions_; }
  /// [k]. The same whatever the number of threads.
  std::vector<float> operator()(const FullGradient& gradient) const;

  /// Root of the variance above without its last part, which it bounds: from ‖a‖, ‖b‖ and the estimate of a·b.
  static double standard_error(double norm_a, double norm_b, double dot, std::int64_t dimensions);

 private:
  std::int64_t dimensions_;
  std::uint64_t seed_;
};

}  // namespace telltale
