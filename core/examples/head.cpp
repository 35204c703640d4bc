#include "examples/head.hpp"

#include <algorithm>

namespace telltale {

HeadInputs head_inputs(const Classifier::Impl& model, const at::Tensor& states) {
  at::NoGradGuard no_grad;
  const BertWeights& w = model.parameters->weights;
  const auto wide = [](const at::Tensor& t) { return t.detach().to(at::kCPU).to(at::kDouble); };
  const at::Tensor pooler = wide(w.pooler_weight), pooler_bias = wide(w.pooler_bias), head = at::cat({wide(w.head_weight), wide(w.head_bias).unsqueeze(1)}, 1);
  const std::int64_t n = states.size(0), d = pooler.size(0);
  HeadInputs out{at::ones({n, d + 1}, at::kDouble), at::empty({n, head.size(0)}, at::kDouble)};
  constexpr std::int64_t rows = 8192;  // in double at once, beside what is returned
  for (std::int64_t first = 0; first < n; first += rows) {
    const std::int64_t some = std::min(rows, n - first);
    const at::Tensor pooled = out.pooled.narrow(0, first, some);
    pooled.narrow(1, 0, d).copy_(at::tanh(at::linear(wide(states.narrow(0, first, some)), pooler, pooler_bias)));
    out.probabilities.narrow(0, first, some).copy_(at::softmax(at::linear(pooled, head), 1));
  }
  return out;
}

at::Tensor head_residuals(const HeadInputs& inputs, const at::Tensor& labels) {
  return inputs.probabilities - at::one_hot(labels, inputs.probabilities.size(1)).to(at::kDouble);
}

at::Tensor head_hessian_product(const HeadInputs& inputs, const at::Tensor& v, double damping) {
  const at::Tensor a = at::mm(inputs.pooled, v.t()), &p = inputs.probabilities;  // [n,C]
  const at::Tensor u = p * (a - (p * a).sum(1, true));
  return at::mm(u.t(), inputs.pooled) / static_cast<double>(p.size(0)) + damping * v;
}

}  // namespace telltale
