// Conductance of a layer (Dhamdhere, Sundararajan & Yan 2018, eq. 3), neurons of a token summed: while the input goes from
// its baseline to the text, A_t = Σ_d ∫₀¹ ∂F/∂h_{t,d} · dh_{t,d}/dα dα, h the hidden state with the layer's number as the
// logit lens counts them: state 0 is the output of the embedding block, state ℓ that of layer ℓ, the one that the next
// layer reads. By the chain rule the integrand sums to dF/dα at every layer, so ΣA = F(x) − F(b). A score belongs to a
// place in the hidden state, and what stands there is no longer the word of that place alone: the deeper the state, the
// more has moved to [CLS]. State 0 gives Integrated Gradients (its block works token by token); the last state of all is
// not offered, as the classifier reads nothing of it but [CLS].
// dh/dα is exact, carried forward as a tangent; Captum's LayerConductance takes differences between neighbouring nodes.
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>

#include "attribution/inner_network.hpp"
#include "attribution/integrated_gradients.hpp"

namespace telltale {
namespace {

/// The integrand at points of texts of one length, [R,T].
at::Tensor integrand(const MethodJob& job, const Network& network, std::size_t state, const at::Tensor& points,
                     const at::Tensor& difference, const std::vector<std::size_t>& items) {
  Dual h{points, difference};
  if (job.options.path == Path::word) h = network.embedding_block(h);
  h = network.through(h, {}, 0, state);
  at::Tensor g;
  {
    at::AutoGradMode with_grad(true);
    const at::Tensor leaf = h.value.detach().requires_grad_();
    const at::Tensor z = network.logits(network.encode_from(state, leaf, {}));
    g = torch::autograd::grad({z}, {leaf}, {seed_of(job, items, z)})[0];
  }
  return (g * h.tangent).sum(-1).to(at::kCPU).to(at::kDouble).contiguous();
}

void rows(const Network& network, std::size_t state, MethodJob& job, const std::vector<Ends>& ends,
          std::vector<Point> points, const Consume& consume) {
  at::NoGradGuard no_grad;
  const auto length = [&](const Point& p) { return static_cast<std::int64_t>(job.items[p.item].encoding.ids.size()); };
  std::stable_sort(points.begin(), points.end(),
                   [&](const Point& a, const Point& b) { return length(a) > length(b); });
  for (std::size_t first = 0; first < points.size();) {
    if (job.stop.stop_requested()) throw Cancelled{};
    const std::int64_t T = length(points[first]);
    const auto most = static_cast<std::size_t>(texts_with_attention(job, T));
    std::vector<at::Tensor> x, d;
    std::vector<std::size_t> items;
    std::size_t last = first;
    for (; last < points.size() && last - first < most && length(points[last]) == T; ++last) {
      const Point& p = points[last];
      d.push_back(ends[p.item].x - ends[p.item].baseline);
      x.push_back(at::add(ends[p.item].baseline, d.back(), p.alpha));
      items.push_back(p.item);
    }
    const at::Tensor scores = integrand(job, network, state, at::stack(x), at::stack(d), items);
    for (std::size_t k = first; k < last; ++k)
      consume(points[k], scores.data_ptr<double>() + static_cast<std::int64_t>(k - first) * T);
    first = last;
    if (job.progress) job.progress({static_cast<double>(first), static_cast<double>(points.size()), "explaining"});
  }
}

class Conductance final : public Method {
 public:
  MethodInfo info() const override {
    MethodInfo m;
    m.id = "conductance";
    m.name = "Conductance of a layer";
    m.source = "Dhamdhere, Sundararajan & Yan 2018";
    m.needs = "gradients";
    m.cost = "m (2 F + B)";
    m.complete = true;
    m.uses_steps = m.uses_baseline = m.symmetric = m.uses_layer = true;
    return m;
  }

 private:
  void compute(MethodJob& job) const override {
    const Network network = inner_network(job);
    const auto state =
        static_cast<std::size_t>(job.options.layer < 0 ? job.model.config.layers - 1 : job.options.layer);
    integrate_from_baseline(job, info(),
                            [&](MethodJob& part, const std::vector<Ends>& ends, std::vector<Point> points,
                                const Consume& consume) { rows(network, state, part, ends, std::move(points), consume); });
  }
};

}  // namespace

std::unique_ptr<const Method> make_conductance() { return std::make_unique<Conductance>(); }

}  // namespace telltale
