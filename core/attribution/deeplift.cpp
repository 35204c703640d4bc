// DeepLIFT, rescale rule (Shrikumar, Greenside & Kundaje 2017, section 3.5.1), through the whole encoder. Activations
// and tanh: Δy/Δx. What Captum leaves to plain gradients is split here so that differences add up all the way: a
// product of two activations passes ½(b + b₀) to one factor and ½(a + a₀) to the other, LayerNorm and softmax are taken
// apart into sums, products and one-dimensional steps (square, 1/√, exp, 1/x), each by the rescale rule. The output F
// passes the mean of its gradient along the line between both logits. So ΣA = F(x) − F(b) up to rounding; on linear
// maps and activations alone it is Captum's DeepLift.
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <numeric>

#include "attribution/baselines.hpp"
#include "attribution/gradient_options.hpp"
#include "attribution/gradient_points.hpp"
#include "attribution/inner_network.hpp"
#include "attribution/output_function.hpp"
#include "attribution/quadrature.hpp"

namespace telltale {
namespace {

constexpr int output_nodes = 64;  ///< of the mean gradient of F between the logits

/// A value, with the graph that carries multipliers back, and the value for the baseline.
struct Pair {
  at::Tensor x, base;
};

/// Multiplier m: the value stays, the gradient is m.
Pair passing(const Pair& in, const at::Tensor& y, const at::Tensor& base, const at::Tensor& m) {
  return {y.detach() + m.detach() * (in.x - in.x.detach()), base.detach()};
}

/// One-dimensional step. `slope(x, base)`: Δy/Δx, in double whatever the values are in: a difference of two near floats
/// has few digits left, and a quotient of two such has none.
template <class F, class S>
Pair step(const Pair& in, const F& f, const S& slope) {
  at::NoGradGuard no_grad;
  const at::Tensor y = f(in.x), base = f(in.base);
  const at::Tensor m = slope(in.x.to(at::kDouble), in.base.to(at::kDouble)).to(y.scalar_type());
  at::AutoGradMode with_grad(true);
  return passing(in, y, base, m);
}

/// Of functions that bend on a scale of 1 (activations, tanh): the quotient; where Δx is too small to divide by, the
/// derivative in the middle. What bends on the scale of its own argument has its slope written out instead.
template <class F, class D>
at::Tensor quotient(const at::Tensor& x, const at::Tensor& base, const F& f, const D& derivative) {
  const at::Tensor dx = x - base, middle = 0.5 * (x + base);
  const at::Tensor near = dx.abs() < 1e-6 * (1 + middle.abs());
  return at::where(near, derivative(middle), (f(x) - f(base)) / at::where(near, at::ones_like(dx), dx));
}

/// exp: e^larger (1 − e^−|Δx|) / |Δx|.
at::Tensor slope_of_exp(const at::Tensor& x, const at::Tensor& base) {
  const at::Tensor d = (x - base).abs(), same = d.eq(0);
  return at::exp(at::maximum(x, base)) *
         at::where(same, at::ones_like(d), -at::expm1(-d) / at::where(same, at::ones_like(d), d));
}

Pair plus(const Pair& a, const Pair& b) { return {a.x + b.x, a.base + b.base}; }
Pair linear(const Pair& a, const at::Tensor& weight, const at::Tensor& bias) {
  return {at::linear(a.x, weight, bias), at::linear(a.base, weight, bias).detach()};
}

/// Elementwise, with broadcasting.
Pair times(const Pair& a, const Pair& b) {
  const at::Tensor ma = 0.5 * (b.x + b.base).detach(), mb = 0.5 * (a.x + a.base).detach();
  return {(a.x * b.x).detach() + ma * (a.x - a.x.detach()) + mb * (b.x - b.x.detach()), (a.base * b.base).detach()};
}
Pair product(const Pair& a, const Pair& b) {
  const at::Tensor ma = 0.5 * (b.x + b.base).detach(), mb = 0.5 * (a.x + a.base).detach();
  return {at::matmul(a.x, b.x).detach() + at::matmul(a.x - a.x.detach(), ma) + at::matmul(mb, b.x - b.x.detach()),
          at::matmul(a.base, b.base).detach()};
}
template <class F>
Pair each(const Pair& a, const F& f) {
  return {f(a.x), f(a.base).detach()};
}

/// LayerNorm, in double: what its three steps carry back cancels for the most part, to a result far below each of them.
Pair norm(const Pair& h, const at::Tensor& weight, const at::Tensor& bias, double eps) {
  const at::ScalarType dtype = h.x.scalar_type();
  const Pair wide = each(h, [](const at::Tensor& x) { return x.to(at::kDouble); });
  const Pair centred = each(wide, [](const at::Tensor& x) { return x - x.mean(-1, true); });
  const Pair square = step(
      centred, [](const at::Tensor& x) { return x * x; },
      [](const at::Tensor& x, const at::Tensor& base) { return x + base; });
  const Pair variance = each(square, [&](const at::Tensor& x) { return x.mean(-1, true) + eps; });
  const Pair scale = step(
      variance, [](const at::Tensor& x) { return at::rsqrt(x); },
      [](const at::Tensor& x, const at::Tensor& base) {
        const at::Tensor a = at::sqrt(x), b = at::sqrt(base);
        return -1 / (a * b * (a + b));
      });
  return each(times(centred, scale), [&](const at::Tensor& x) { return (x * weight + bias).to(dtype); });
}

/// Rows of scores [N,H,T,T]; attended [N,1,1,T] or undefined. One shift for both sides, so that no difference is lost
/// in it; in double, as that shift leaves one side with as little as e^−(largest difference of two scores).
Pair softmax(const Pair& scores, const at::Tensor& attended) {
  const at::ScalarType dtype = scores.x.scalar_type();
  const Pair s = each(scores, [](const at::Tensor& x) { return x.to(at::kDouble); });
  at::Tensor shift;
  {
    at::NoGradGuard no_grad;
    shift = at::maximum(s.x, s.base);
    if (attended.defined()) shift = shift.masked_fill(attended.eq(0), -1e30);
    shift = shift.amax(-1, true);
  }
  Pair e = step(
      each(s, [&](const at::Tensor& x) { return x - shift; }),
      [](const at::Tensor& x) { return at::exp(x.clamp_max(0)); },
      [](const at::Tensor& x, const at::Tensor& base) { return slope_of_exp(x.clamp_max(0), base.clamp_max(0)); });
  if (attended.defined()) e = each(e, [&](const at::Tensor& x) { return x * attended; });
  const Pair sum = each(e, [](const at::Tensor& x) { return x.sum(-1, true).clamp_min(1e-100); });
  const Pair p = times(e, step(
                              sum, [](const at::Tensor& x) { return at::reciprocal(x); },
                              [](const at::Tensor& x, const at::Tensor& base) { return -1 / (x * base); }));
  return each(p, [&](const at::Tensor& x) { return x.to(dtype); });
}

class DeepLift final : public Method {
 public:
  MethodInfo info() const override {
    MethodInfo m;
    m.id = "deeplift";
    m.name = "DeepLIFT";
    m.source = "Shrikumar, Greenside & Kundaje 2017";
    m.needs = "gradients by rules";
    m.cost = "2 F + B";
    m.complete = m.uses_baseline = m.symmetric = true;
    return m;
  }

 private:
  static Pair logits(const MethodJob& job, const BertWeights& w, const Pair& words, const at::Tensor& mask) {
    const ModelConfig& c = job.model.config;
    const std::int64_t N = words.x.size(0), T = words.x.size(1), d = c.hidden_size, H = c.heads, D = d / H;
    const at::Tensor attended = mask.defined() ? mask.view({N, 1, 1, T}) : at::Tensor();
    const at::Tensor place = w.position.narrow(0, 0, T) + w.type.select(0, 0);
    Pair h =
        norm(each(words, [&](const at::Tensor& x) { return x + place; }), w.norm_weight, w.norm_bias, c.layer_norm_eps);
    for (const LayerWeights& l : w.layers) {
      const auto part = [&](const Pair& all, int which) {
        return each(all, [&](const at::Tensor& x) {
          return x.view({N, T, 3, H, D}).permute({2, 0, 3, 1, 4}).select(0, which);
        });
      };
      const Pair qkv = linear(h, l.qkv_weight, l.qkv_bias);
      const Pair q = each(part(qkv, 0), [&](const at::Tensor& x) { return x / std::sqrt(static_cast<double>(D)); });
      const Pair k = each(part(qkv, 1), [](const at::Tensor& x) { return x.transpose(-1, -2); });
      const Pair p = softmax(product(q, k), attended);
      const Pair context = each(product(p, part(qkv, 2)), [&](const at::Tensor& x) {
        return x.transpose(1, 2).reshape({N, T, d});
      });
      const Pair a = norm(plus(linear(context, l.output_weight, l.output_bias), h), l.norm1_weight, l.norm1_bias,
                          c.layer_norm_eps);
      const Pair active = step(
          linear(a, l.up_weight, l.up_bias), [&](const at::Tensor& x) { return activate(x, c.activation); },
          [&](const at::Tensor& x, const at::Tensor& base) {
            return quotient(
                x, base, [&](const at::Tensor& v) { return activate(v, c.activation); },
                [&](const at::Tensor& v) { return activate_derivative(v, c.activation); });
          });
      h = norm(plus(linear(active, l.down_weight, l.down_bias), a), l.norm2_weight, l.norm2_bias, c.layer_norm_eps);
    }
    const Pair r = linear(each(h, [](const at::Tensor& x) { return x.select(1, 0); }), w.pooler_weight, w.pooler_bias);
    const Pair t = step(
        r, [](const at::Tensor& x) { return at::tanh(x); },
        [](const at::Tensor& x, const at::Tensor& base) {
          return quotient(
              x, base, [](const at::Tensor& v) { return at::tanh(v); },
              [](const at::Tensor& v) { return 1 - at::tanh(v).square(); });
        });
    return linear(t, w.head_weight, w.head_bias);
  }

  void compute(MethodJob& job) const override {
    const auto most = [&](std::int64_t ids) {
      return std::max<std::int64_t>(1, texts_with_attention(job, ids) / 8);
    };  // several copies of each map are alive, in double
    if (job.options.baseline != Baseline::noise) return once(job, most, 0);
    // The mean over baselines of noise.
    const int draws = draws_of(job.options, info());
    std::vector<DrawnScores> mean;
    std::vector<double> baseline(job.items.size(), 0.0);
    for (const ExplainItem& item : job.items) mean.emplace_back(item.encoding);
    for (int r = 0; r < draws; ++r) {
      once(job, most, static_cast<std::uint64_t>(r));
      for (std::size_t k = 0; k < job.items.size(); ++k)
        mean[k].add(job.out[k].scores.data()), baseline[k] += job.out[k].baseline_value / draws;
    }
    for (std::size_t k = 0; k < job.items.size(); ++k) {
      mean[k].give(job.out[k]);
      job.out[k].baseline_value = baseline[k];
      judge(job.out[k], 2 * draws);
    }
  }

  static void judge(Explanation& e, int passes) {
    const double change = e.value - e.baseline_value;
    e.delta = std::abs(std::accumulate(e.scores.begin(), e.scores.end(), 0.0) - change);
    e.relative_delta = e.delta / std::max(1e-3, std::abs(change));
    e.steps = passes;
  }

  static void once(MethodJob& job, const std::function<std::int64_t(std::int64_t)>& most, std::uint64_t draw) {
    const Network network(job.model.config, job.model.parameters->weights);
    ExplainOptions options = job.options;
    options.path = Path::word;
    MethodJob words{job.model, job.engine, job.items, options, job.stop, {}, job.out};
    in_inner_batches(job, most, [&](const InnerBatch& batch) {
      at::AutoGradMode with_grad(true);
      std::vector<at::Tensor> rows;
      for (const std::size_t k : batch.items) {
        const at::Tensor b = ends_of(words, k, draw).baseline;
        rows.push_back(
            b.size(0) < batch.words.size(1) ? at::constant_pad_nd(b, {0, 0, 0, batch.words.size(1) - b.size(0)}) : b);
      }
      const at::Tensor leaf = batch.words.detach().requires_grad_(), base = at::stack(rows).detach();
      const Pair z = logits(job, network.weights(), {leaf, base}, batch.mask);
      const at::Tensor m = torch::autograd::grad({z.x}, {leaf}, {mean_gradient(job, batch.items, z)})[0];
      at::NoGradGuard no_grad;
      const at::Tensor scores = (m * (leaf - base)).sum(-1).to(at::kCPU).to(at::kDouble).contiguous();
      for (std::size_t r = 0; r < batch.items.size(); ++r) {
        Explanation& e = job.out[batch.items[r]];
        const double* from = scores.data_ptr<double>() + static_cast<std::int64_t>(r) * scores.size(1);
        e.scores.assign(from, from + job.items[batch.items[r]].encoding.ids.size());
        judge(e, 2);
      }
    });
  }

  /// ∫₀¹ ∂F/∂z (z₀ + α (z − z₀)) dα, [N,C]; sets value and baseline_value.
  static at::Tensor mean_gradient(MethodJob& job, const std::vector<std::size_t>& items, const Pair& z) {
    at::NoGradGuard no_grad;
    const auto host = [](const at::Tensor& t) { return t.detach().to(at::kCPU).to(at::kDouble).contiguous(); };
    const at::Tensor x = host(z.x), base = host(z.base);
    at::Tensor out = at::zeros_like(x);
    const int C = static_cast<int>(x.size(1));
    const Nodes rule = nodes(Quadrature::gauss_legendre, output_nodes);
    std::vector<double> between(static_cast<std::size_t>(C)), g(static_cast<std::size_t>(C));
    for (std::size_t r = 0; r < items.size(); ++r) {
      Explanation& e = job.out[items[r]];
      const double *zx = x.data_ptr<double>() + static_cast<std::int64_t>(r) * C,
                   *zb = base.data_ptr<double>() + static_cast<std::int64_t>(r) * C;
      e.value = output_value(job.options.output, zx, C, e.target, e.foil);
      e.baseline_value = output_value(job.options.output, zb, C, e.target, e.foil);
      for (std::size_t n = 0; n < rule.points.size(); ++n) {
        for (int c = 0; c < C; ++c) between[static_cast<std::size_t>(c)] = zb[c] + rule.points[n] * (zx[c] - zb[c]);
        output_gradient(job.options.output, between.data(), C, e.target, e.foil, g.data());
        for (int c = 0; c < C; ++c)
          out.data_ptr<double>()[static_cast<std::int64_t>(r) * C + c] +=
              rule.weights[n] * g[static_cast<std::size_t>(c)];
      }
    }
    return out.to(z.x.options());
  }
};

}  // namespace

std::unique_ptr<const Method> make_deeplift() { return std::make_unique<DeepLift>(); }

}  // namespace telltale
