// The head as a softmax regression on pooled states: gradients and Hessian products in closed form. For core only.
#pragma once
#include <ATen/ATen.h>

#include "model/classifier_impl.hpp"

namespace telltale {

/// Of n posts: h̃ = [tanh(W_p r + b_p); 1], z = [W b] h̃, p = softmax(z). ∇_{[W b]} ℓ(y) = (p − y) ⊗ h̃.
struct HeadInputs {
  at::Tensor pooled;         ///< [n,d+1] double, the last column 1
  at::Tensor probabilities;  ///< [n,C] double
};
/// From final [CLS] states [n,d], on the CPU.
HeadInputs head_inputs(const Classifier::Impl& model, const at::Tensor& states);

/// p − y, [n,C]: `labels` [n] long.
at::Tensor head_residuals(const HeadInputs& inputs, const at::Tensor& labels);

/// The mean over n posts of (diag p − p pᵀ)(V h̃) ⊗ h̃, plus damping · V: the Hessian of the mean cross-entropy with penalty ½·damping·‖[W b]‖², times V [C,d+1].
at::Tensor head_hessian_product(const HeadInputs& inputs, const at::Tensor& v, double damping);

}  // namespace telltale
