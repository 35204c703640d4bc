// Conjugate gradient (Hestenes & Stiefel 1952) for A s = b, A symmetric and positive definite, known by its products. For core only.
#pragma once
#include <ATen/ATen.h>

#include <functional>
#include <stop_token>

#include "base/progress.hpp"

namespace telltale {

struct Solution {
  at::Tensor s;              ///< of the shape of b
  int iterations = 0;
  double residual = 0;       ///< ‖b − A s‖ / ‖b‖, of a product taken anew at the end; 0 for b = 0
  bool converged = false;    ///< residual ≤ tolerance
};

/// `product` must be linear and symmetric. Stops at the tolerance, at `most` iterations, or where A turns out not to be positive definite (converged is
/// false then). Throws std::runtime_error where numbers are not finite; Cancelled.
Solution conjugate_gradient(const std::function<at::Tensor(const at::Tensor&)>& product, const at::Tensor& b, double tolerance, int most, std::stop_token stop = {}, const ProgressFn& progress = {});

}  // namespace telltale
