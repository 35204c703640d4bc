// What [CLS] attends to, five ways. Raw attention (Clark et al. 2019); attention rollout and attention flow (Abnar &
// Zuidema 2020); gradient × attention (Chefer, Gur & Wolf 2021, layers summed); attention × value norm (Kobayashi et
// al. 2020). Every score is the entry of a row of [CLS]; rows of raw attention and rollout sum to 1. Only gradient ×
// attention knows the class.
#include <torch/csrc/autograd/autograd.h>

#include "attribution/attention_flow.hpp"
#include "attribution/inner_network.hpp"

namespace telltale {
namespace {

at::Tensor hidden_of(const Network& network, const InnerBatch& batch) { return network.embedding_block(batch.words); }

/// ½ (mean over heads + I) of one text, rows summing to 1, [T,T] double on the host.
at::Tensor with_residual(const at::Tensor& heads) {
  const at::Tensor a = heads.to(at::kCPU).to(at::kDouble).mean(0) + at::eye(heads.size(-1), at::kDouble);
  return a / a.sum(-1, true);
}

class AttentionMethod final : public Method {
 public:
  explicit AttentionMethod(AttentionScore score) : score_(score) {}

  MethodInfo info() const override {
    MethodInfo m;
    m.needs = "attention";
    m.cost = "F";
    m.uses_aggregation = m.symmetric = true;
    switch (score_) {
      case AttentionScore::raw:
        m.id = "attention", m.name = "Attention of [CLS]", m.source = "Clark et al. 2019";
        m.uses_layer = m.uses_head = true;
        break;
      case AttentionScore::rollout:
        m.id = "attention-rollout", m.name = "Attention rollout", m.source = "Abnar & Zuidema 2020";
        break;
      case AttentionScore::flow:
        m.id = "attention-flow", m.name = "Attention flow", m.source = "Abnar & Zuidema 2020";
        m.cost = "F + T maximum flows, T pieces";
        break;
      case AttentionScore::value_norm:
        m.id = "attention-x-value-norm", m.name = "Attention × value norm", m.source = "Kobayashi et al. 2020";
        m.uses_layer = m.uses_head = true;
        break;
      case AttentionScore::gradient:
        m.id = "gradient-x-attention", m.name = "Gradient × attention", m.source = "Chefer, Gur & Wolf 2021";
        m.needs = "gradients of the attention";
        m.cost = "F + B";
        break;
    }
    return m;
  }

 private:
  void compute(MethodJob& job) const override {
    const Network network = inner_network(job);
    in_inner_batches(
        job, [&](std::int64_t ids) { return texts_with_attention(job, ids); },
        [&](const InnerBatch& batch) {
          if (score_ == AttentionScore::gradient) return by_gradient(job, network, batch);
          at::NoGradGuard no_grad;
          const FullStates states = network.states(hidden_of(network, batch), batch.mask);
          for (std::size_t r = 0; r < batch.items.size(); ++r) {
            const std::size_t k = batch.items[r];
            const auto T = static_cast<std::int64_t>(job.items[k].encoding.ids.size());
            keep(job.out[k], score_of(job, network, states, static_cast<std::int64_t>(r), T));
          }
        });
    without_baseline(job, 1);
  }

  static void keep(Explanation& e, const at::Tensor& scores) {
    const at::Tensor s = scores.to(at::kCPU).to(at::kDouble).contiguous();
    e.scores.assign(s.data_ptr<double>(), s.data_ptr<double>() + s.numel());
  }

  /// [T] of text r of the batch.
  at::Tensor score_of(const MethodJob& job, const Network& network, const FullStates& states, std::int64_t r,
                      std::int64_t T) const {
    const auto layer =
        static_cast<std::size_t>(job.options.layer < 0 ? job.model.config.layers - 1 : job.options.layer);
    const auto maps = [&](std::size_t l) {
      return states.attentions[l].select(0, r).narrow(1, 0, T).narrow(2, 0, T);
    };  // [heads,T,T]
    switch (score_) {
      case AttentionScore::raw: {
        const at::Tensor row = maps(layer).select(1, 0).to(at::kDouble);
        return job.options.head < 0 ? row.mean(0) : row.select(0, job.options.head);
      }
      case AttentionScore::rollout: {
        at::Tensor row = at::zeros({1, T}, at::kDouble);
        row.select(1, 0).fill_(1);
        for (std::size_t l = states.attentions.size(); l-- > 0;) row = at::matmul(row, with_residual(maps(l)));
        return row.squeeze(0);
      }
      case AttentionScore::flow: {
        std::vector<std::vector<double>> capacity;
        for (std::size_t l = states.attentions.size(); l-- > 0;) {
          const at::Tensor a = with_residual(maps(l)).contiguous();
          capacity.emplace_back(a.data_ptr<double>(), a.data_ptr<double>() + a.numel());
        }
        const std::vector<double> flow = attention_flow(capacity, static_cast<int>(T), 0, [&] {
          if (job.stop.stop_requested()) throw Cancelled{};
        });
        return at::tensor(flow, at::kDouble);
      }
      case AttentionScore::value_norm: {
        // ‖Σ_h α^h (x_j W_V^h + b_V^h) W_O^h‖: the bias of the output matrix belongs to no position.
        const LayerWeights& w = network.weights().layers[layer];
        const std::int64_t d = job.model.config.hidden_size, H = job.model.config.heads;
        const at::Tensor x = states.hidden[layer].select(0, r).narrow(0, 0, T);
        at::Tensor parts =
            at::linear(x, w.qkv_weight.narrow(0, 2 * d, d), w.qkv_bias.narrow(0, 2 * d, d)).view({T, H, d / H}) *
            maps(layer).select(1, 0).transpose(0, 1).unsqueeze(2);
        if (job.options.head >= 0) {
          at::Tensor one = at::zeros_like(parts);
          one.select(1, job.options.head).copy_(parts.select(1, job.options.head));
          parts = one;
        }
        return at::linear(parts.reshape({T, d}), w.output_weight).square().sum(-1).sqrt();
      }
      case AttentionScore::gradient:
        break;
    }
    return {};
  }

  /// Σ over layers of the mean over heads of max(0, ∂F/∂a · a), row of [CLS].
  static void by_gradient(MethodJob& job, const Network& network, const InnerBatch& batch) {
    at::AutoGradMode with_grad(true);
    const at::Tensor leaf = batch.words.detach().requires_grad_();
    const FullStates states = network.states(network.embedding_block(leaf), batch.mask);
    const at::Tensor z = network.logits(states.hidden.back().select(1, 0));
    const auto gradients = torch::autograd::grad({z}, {states.attentions.begin(), states.attentions.end()},
                                                 {seed_of(job, batch.items, z)});
    at::NoGradGuard no_grad;
    at::Tensor sum;
    for (std::size_t l = 0; l < gradients.size(); ++l) {
      const at::Tensor one = (gradients[l].select(2, 0) * states.attentions[l].select(2, 0))
                                 .clamp_min(0)
                                 .to(at::kDouble)
                                 .mean(1);  // [N,T]
      sum = sum.defined() ? sum + one : one;
    }
    for (std::size_t r = 0; r < batch.items.size(); ++r)
      keep(job.out[batch.items[r]],
           sum.select(0, static_cast<std::int64_t>(r))
               .narrow(0, 0, static_cast<std::int64_t>(job.items[batch.items[r]].encoding.ids.size())));
  }

  AttentionScore score_;
};

}  // namespace

std::unique_ptr<const Method> make_attention_method(AttentionScore score) {
  return std::make_unique<AttentionMethod>(score);
}

}  // namespace telltale
