// Layer-wise relevance propagation through the encoder, written as gradient × input of a network whose steps pass
// gradients on by the rules.
//   lrp           AttnLRP (Achtibat et al. 2024): ε-rule with ε → 0 for linear maps; both factors of a product of
//   activations get half (eq. 15); softmax by its
//                 Taylor expansion (eq. 13), which is its gradient × input; LayerNorm with its deviation held constant;
//                 activations pass relevance on as it is.
//   lrp-detached  Ali et al. 2022: attention probabilities and deviations held constant.
// What starts is Σ_j ∂F/∂z_j z_j: for the logit and the difference that is F itself. A score is the relevance of a
// position: of the word, position and type embeddings there together. Biases (lrp: the softmax too) keep what they
// contribute; without biases lrp-detached conserves the sum exactly.
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "attribution/inner_network.hpp"

namespace telltale {
namespace {

/// The value of x, half its gradient.
at::Tensor half(const at::Tensor& x) { return 0.5 * x + (0.5 * x).detach(); }

/// y with the gradient of x · (y / x): relevance passes as it is. Where x is 0, the derivative there.
at::Tensor pass(const at::Tensor& x, const at::Tensor& y, const at::Tensor& derivative) {
  const at::Tensor near = x.abs() < 1e-9;
  return x * at::where(near, derivative, y / at::where(near, at::ones_like(x), x)).detach() +
         at::where(near, y - x * derivative, at::zeros_like(y)).detach();
}

class Relevance final : public Method {
 public:
  explicit Relevance(bool detached) : detached_(detached) {}

  MethodInfo info() const override {
    MethodInfo m;
    m.id = detached_ ? "lrp-detached" : "lrp";
    m.name = detached_ ? "LRP, attention detached" : "LRP (AttnLRP)";
    m.source = detached_ ? "Ali et al. 2022" : "Achtibat et al. 2024";
    m.needs = "gradients by rules";
    m.cost = "F + B";
    m.symmetric = true;
    return m;
  }

 private:
  at::Tensor norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, double eps) const {
    const at::Tensor centred = x - x.mean(-1, true);
    return centred * at::rsqrt(centred.square().mean(-1, true) + eps).detach() * weight + bias;
  }

  /// [N,C] from the sums of embeddings [N,T,d].
  at::Tensor logits(const MethodJob& job, const Network& network, const at::Tensor& sums,
                    const at::Tensor& mask) const {
    const ModelConfig& c = job.model.config;
    const BertWeights& w = network.weights();
    const std::int64_t N = sums.size(0), T = sums.size(1), d = c.hidden_size, H = c.heads, D = d / H;
    const at::Tensor bias = attention_bias(mask, sums.scalar_type());
    at::Tensor h = norm(sums, w.norm_weight, w.norm_bias, c.layer_norm_eps);
    for (const LayerWeights& l : w.layers) {
      const at::Tensor qkv = at::linear(h, l.qkv_weight, l.qkv_bias).view({N, T, 3, H, D}).permute({2, 0, 3, 1, 4});
      const at::Tensor q = qkv.select(0, 0) / std::sqrt(static_cast<double>(D)), k = qkv.select(0, 1),
                       v = qkv.select(0, 2);
      at::Tensor s = detached_ ? at::matmul(q, k.transpose(-1, -2)) : at::matmul(half(q), half(k).transpose(-1, -2));
      if (bias.defined()) s = s + bias;
      const at::Tensor p = at::softmax(s, -1);
      const at::Tensor context =
          (detached_ ? at::matmul(p.detach(), v) : at::matmul(half(p), half(v))).transpose(1, 2).reshape({N, T, d});
      const at::Tensor a =
          norm(at::linear(context, l.output_weight, l.output_bias) + h, l.norm1_weight, l.norm1_bias, c.layer_norm_eps);
      const at::Tensor up = at::linear(a, l.up_weight, l.up_bias);
      const at::Tensor active = pass(up, activate(up, c.activation), activate_derivative(up, c.activation));
      h = norm(at::linear(active, l.down_weight, l.down_bias) + a, l.norm2_weight, l.norm2_bias, c.layer_norm_eps);
    }
    const at::Tensor r = at::linear(h.select(1, 0), w.pooler_weight, w.pooler_bias), t = at::tanh(r);
    return at::linear(pass(r, t, 1 - t * t), w.head_weight, w.head_bias);
  }

  void compute(MethodJob& job) const override {
    const Network network(
        job.model.config,
        job.model.parameters->weights);  // rules divide: in the type of the weights, whatever the products
    in_inner_batches(
        job, [&](std::int64_t ids) { return texts_with_attention(job, ids); },
        [&](const InnerBatch& batch) {
          at::AutoGradMode with_grad(true);
          const BertWeights& w = network.weights();
          const at::Tensor leaf = (batch.words + w.position.narrow(0, 0, batch.words.size(1)) + w.type.select(0, 0))
                                      .detach()
                                      .requires_grad_();
          const at::Tensor z = logits(job, network, leaf, batch.mask);
          const at::Tensor g = torch::autograd::grad({z}, {leaf}, {seed_of(job, batch.items, z)})[0];
          at::NoGradGuard no_grad;
          const at::Tensor scores = (g * leaf).sum(-1).to(at::kCPU).to(at::kDouble).contiguous();
          for (std::size_t r = 0; r < batch.items.size(); ++r) {
            const double* from = scores.data_ptr<double>() + static_cast<std::int64_t>(r) * scores.size(1);
            job.out[batch.items[r]].scores.assign(from, from + job.items[batch.items[r]].encoding.ids.size());
          }
        });
    without_baseline(job, 1);
  }

  bool detached_;
};

}  // namespace

std::unique_ptr<const Method> make_relevance(bool detached) { return std::make_unique<Relevance>(detached); }

}  // namespace telltale
