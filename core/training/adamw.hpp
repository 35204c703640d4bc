// AdamW over the flat buffer of all parameters (Loshchilov & Hutter 2019, with Adam's bias correction, Kingma & Ba 2015). For core only.
#pragma once
#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

#include "model/weights.hpp"

namespace telltale {

struct AdamWOptions {
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weight_decay = 0.01;
  bool by_operations = false;  ///< ATen's operations on the CPU too, where a test compares the two
};

/// p ← p − η·λ·p; m ← β₁m + (1−β₁)g; v ← β₂v + (1−β₂)g²; p ← p − η/(1−β₁ᵗ) · m / (√(v/(1−β₂ᵗ)) + ε).
/// λ only where Parameters::decays. One pass over memory on the CPU; elsewhere ATen's operations on the whole buffer, as launches are what costs there; the result does not depend on the
/// number of threads.
class AdamW {
 public:
  /// `parameters` must outlive it and have gradients (require_gradients).
  AdamW(Parameters& parameters, const AdamWOptions& options);

  /// One step at rate η with the gradient times `gradient_scale` (of clipping).
  void step(double rate, double gradient_scale = 1);

  std::int64_t steps = 0;      ///< taken; part of the state
  at::Tensor first, second;    ///< m and v, [n], dtype and device of the parameters

 private:
  struct Range {
    std::int64_t begin, end;
    bool decays;
  };
  void step_by_operations(double rate, double gradient_scale, double correction1, double correction2);
  Parameters& parameters_;
  AdamWOptions options_;
  std::vector<Range> ranges_;  ///< neighbouring tensors of one kind joined
};

/// √Σg² over the whole gradient, summed in double by fixed blocks, so that it does not depend on the number of threads.
double gradient_norm(const Parameters& parameters);

/// min(1, limit/(norm + 1e-6)); 1 when limit is 0.
double clip_factor(double norm, double limit);

}  // namespace telltale
