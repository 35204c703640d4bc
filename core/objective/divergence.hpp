// Divergences and losses on logits [B,C], one value a row; differentiable in any dtype, natural logarithm. For core only (torch).
#pragma once
#include <ATen/ATen.h>

namespace telltale {

/// JSD(softmax(z) ‖ Q), log_q [B,C] may hold −inf. ½KL(P‖M) + ½KL(Q‖M), M = ½(P+Q), 0 log 0 = 0; range 0 … ln 2 (Lin 1991).
at::Tensor jensen_shannon(const at::Tensor& z, const at::Tensor& log_q);
/// log U_y: −inf on class y, −ln(C−1) elsewhere. labels [B].
at::Tensor log_uniform_others(const at::Tensor& labels, std::int64_t classes, at::ScalarType dtype);
/// H(softmax(z)), range 0 … ln C.
at::Tensor entropy(const at::Tensor& z);
/// 1 − H/ln C, range 0 … 1: least at the uniform distribution.
at::Tensor entropy_maximising(const at::Tensor& z);
/// max(0, m + z_y − max_{c≠y} z_c): asks that class y trails by m.
at::Tensor margin_leave(const at::Tensor& z, const at::Tensor& labels, double margin);
/// max(0, m − (z_y − max_{c≠y} z_c)): asks that class y leads by m.
at::Tensor margin_keep(const at::Tensor& z, const at::Tensor& labels, double margin);
/// logsumexp(z) − z_y.
at::Tensor cross_entropy(const at::Tensor& z, const at::Tensor& labels);

}  // namespace telltale
