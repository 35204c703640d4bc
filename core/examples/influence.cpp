// Influence of a training post on the loss of the explained one (Koh & Liang 2017, equation 2), on the head alone: the last linear layer as an L2-regularised
// softmax regression on the pooled states, θ = [W b], which is convex. I_up,loss(z, z') = −∇ℓ(z')ᵀ (H + λI)⁻¹ ∇ℓ(z), H the Hessian of the mean cross-entropy
// over n training posts. s = (H + λI)⁻¹ ∇ℓ(z') comes from conjugate gradient with products in closed form; H is never stored. The score is −I_up,loss / n: by
// how much the loss of z' rises, to first order, when z is left out of the head's training. It is meant for a head at its optimum; how far the finetuned one
// is from that is told (ExampleAnswer::head_gradient).
#include <algorithm>

#include "examples/conjugate_gradient.hpp"
#include "examples/example_method.hpp"
#include "examples/head.hpp"

namespace telltale {
namespace {

class Influence : public ExampleMethod {
 public:
  ExampleMethodInfo info() const override {
    return {.id = "influence", .name = "Influence (head)", .source = "Koh & Liang 2017; conjugate gradient on the head", .needs = "the run's weights",
            .cost = "1 forward pass a training post, once a model; then some hundred products with the head", .score = "rise of the loss of this post, in nats, if the training post was left out of the head's training",
            .uses_damping = true};
  }

 private:
  ExampleScores compute(ExampleJob& job) const override {
    at::NoGradGuard no_grad;
    std::string key;
    const auto known = training_states(job.model, job.training, job.cache, key, job.stop, job.progress);
    job.answer.kept.push_back(key);
    const HeadInputs all = head_inputs(job.model.impl(), known->states), one = head_inputs(job.model.impl(), cls_state(job.model, job.encoding, job.stop).unsqueeze(0));
    const at::Tensor labels = labels_of(*known->set);
    const at::Tensor residuals = head_residuals(all, labels);
    const double n = static_cast<double>(labels.numel()), damping = job.options.damping;
    const auto gradient = [](const HeadInputs& x, const at::Tensor& r) { return at::mm(r.t(), x.pooled); };
    const Solution solved = conjugate_gradient([&](const at::Tensor& v) { return head_hessian_product(all, v, damping); },
                                               gradient(one, head_residuals(one, at::full({1}, job.target, at::kLong))), job.options.tolerance, job.options.iterations, job.stop, job.progress);
    job.answer.iterations = solved.iterations;
    job.answer.residual = solved.residual;
    job.answer.converged = solved.converged;
    const BertWeights& w = job.model.impl().parameters->weights;
    const at::Tensor head = at::cat({w.head_weight.detach(), w.head_bias.detach().unsqueeze(1)}, 1).to(at::kCPU).to(at::kDouble);
    job.answer.head_gradient = (gradient(all, residuals) / n + damping * head).norm().item<double>();
    const at::Tensor scores = ((residuals * at::mm(all.pooled, solved.s.t())).sum(1) / n).contiguous();
    ExampleScores out;
    out.scores.assign(scores.data_ptr<double>(), scores.data_ptr<double>() + scores.numel());
    return out;
  }
};

}  // namespace

std::unique_ptr<const ExampleMethod> make_influence() { return std::make_unique<Influence>(); }

}  // namespace telltale
