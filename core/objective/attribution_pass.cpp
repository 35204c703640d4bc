#include "objective/attribution_pass.hpp"

#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <functional>
#include <limits>

#include "base/random.hpp"

namespace telltale {
namespace {

/// Rows (texts × nodes × ids) of one chunk of pass two: on the CPU they should stay in cache, elsewhere keep the device busy.
std::int64_t chunk_rows(const at::Device& device) { return device.is_cpu() ? 1024 : 4096; }
constexpr std::int64_t most_nodes = 4;  ///< of one chunk of either pass: even few short texts then take no more memory for many nodes than for four

/// Nodes of one chunk of pass two.
std::size_t nodes_of_chunk(std::int64_t texts, std::int64_t length, const at::Device& device) {
  return static_cast<std::size_t>(std::clamp<std::int64_t>(chunk_rows(device) / (texts * length), 1, most_nodes));
}

at::Tensor pick(const at::Tensor& z, const at::Tensor& index) { return z.gather(1, index.unsqueeze(1)).squeeze(1); }

/// dF of the logits along ż: Ḟ [B].
at::Tensor output_tangent(Output output, const Dual& z, const at::Tensor& target, const at::Tensor& foil) {
  switch (output) {
    case Output::probability: {
      const at::Tensor p = at::softmax(z.value, -1);
      return pick(p, target) * (pick(z.tangent, target) - (p * z.tangent).sum(-1));
    }
    case Output::logit: return pick(z.tangent, target);
    case Output::log_odds: {
      const at::Tensor others = z.value.scatter(1, target.unsqueeze(1), -std::numeric_limits<double>::infinity());
      return pick(z.tangent, target) - (at::softmax(others, -1) * z.tangent).sum(-1);
    }
    case Output::difference: return pick(z.tangent, target) - pick(z.tangent, foil);
  }
  return {};
}

at::Tensor repeat(const at::Tensor& x, std::int64_t nodes) {
  if (!x.defined()) return x;
  std::vector<std::int64_t> times(static_cast<std::size_t>(x.dim()), 1);
  times[0] = nodes;
  return x.repeat(times);
}

/// The points b + α_k (v − b) of nodes [first, first + count): [count·B, T, d], nodes outermost.
at::Tensor points_of(const at::Tensor& v, const at::Tensor& b, const Nodes& rule, std::size_t first, std::size_t count) {
  const at::Tensor alpha = at::tensor(at::ArrayRef<double>(rule.points.data() + first, count), at::kDouble).to(v.options().requires_grad(false)).view({-1, 1, 1, 1});
  return (b + alpha * (v - b)).flatten(0, 1);
}

at::Tensor weights_of(const Nodes& rule, std::size_t first, std::size_t count, std::int64_t texts, const at::Tensor& like) {
  return at::tensor(at::ArrayRef<double>(rule.weights.data() + first, count), at::kDouble).to(like.options().requires_grad(false)).repeat_interleave(texts);
}

}  // namespace

at::Tensor output_of(Output output, const at::Tensor& z, const at::Tensor& target, const at::Tensor& foil) {
  switch (output) {
    case Output::probability: return pick(at::softmax(z, -1), target);
    case Output::logit: return pick(z, target);
    case Output::log_odds: return pick(z, target) - at::logsumexp(z.scatter(1, target.unsqueeze(1), -std::numeric_limits<double>::infinity()), {1});
    case Output::difference: return pick(z, target) - pick(z, foil);
  }
  return {};
}

Nodes draw_nodes(const ObjectiveOptions& options, int n, std::uint64_t seed) {
  if (options.draw == NodeDraw::fixed) return nodes(options.quadrature, n);
  Rng rng(seed, 0x6e6f646573);  // "nodes"
  Nodes out;
  for (int k = 0; k < n; ++k) {
    out.points.push_back((k + rng.uniform()) / n);
    out.weights.push_back(1.0 / n);
  }
  return out;
}

Nodes draw_gradient_nodes(const ObjectiveOptions& options, const Nodes& first, int n, std::uint64_t seed) {
  if (options.draw == NodeDraw::fixed) return nodes(options.quadrature, n);
  const std::size_t have = first.points.size(), take = static_cast<std::size_t>(n);
  if (take >= have) return first;
  const double shift = Rng(seed, 0x6e6f646573).uniform();
  Nodes out;
  for (std::size_t k = 0; k < take; ++k) {
    const auto chosen = static_cast<std::size_t>((static_cast<double>(k) + shift) * static_cast<double>(have) / static_cast<double>(take));
    out.points.push_back(first.points[std::min(chosen, have - 1)]);
    out.weights.push_back(1.0 / n);
  }
  return out;
}

at::Tensor attributions(Engine& engine, const Network& network, const PathInput& input, const at::Tensor& b_words, const at::Tensor& mask, const Nodes& rule, const ObjectiveOptions& options) {
  at::NoGradGuard no_grad;
  at::Tensor v = input.v.detach(), b = b_words.detach();
  if (options.path == Path::embeddings) v = network.embedding_block(v), b = network.embedding_block(b);
  const std::int64_t B = v.size(0), T = v.size(1);
  const at::Tensor difference = v - b;
  at::Tensor total = at::zeros({B, T}, v.options().dtype(at::kDouble));
  const auto most = static_cast<std::size_t>(std::clamp<std::int64_t>(engine.texts_per_call(T) / B, 1, most_nodes));
  for (std::size_t k = 0; k < rule.points.size(); k += most) {
    const std::size_t count = std::min(most, rule.points.size() - k);
    const auto n = static_cast<std::int64_t>(count);
    const at::Tensor target = repeat(input.target, n), foil = repeat(input.foil, n);
    const auto seed = [&](const at::Tensor& z) {
      at::AutoGradMode with_grad(true);
      const at::Tensor leaf = z.detach().to(at::kDouble).requires_grad_();
      return torch::autograd::grad({output_of(options.output, leaf, target, foil).sum()}, {leaf})[0].to(z.scalar_type());
    };
    const at::Tensor g = engine.gradient(points_of(v, b, rule, k, count).contiguous(), repeat(mask, n), options.path, seed, nullptr);
    const at::Tensor each = (g.view({n, B, T, -1}) * difference).sum(-1).to(at::kDouble);
    const at::Tensor w = at::tensor(at::ArrayRef<double>(rule.weights.data() + k, count), at::kDouble).to(v.device());
    total += (each * w.view({-1, 1, 1})).sum(0);
  }
  return total;
}

at::Tensor attributions_with_graph(const Network& network, const PathInput& input, const at::Tensor& b_words, const at::Tensor& mask, const Nodes& rule, const ObjectiveOptions& options) {
  const bool block = options.path == Path::embeddings;
  const at::Tensor v = block ? network.embedding_block(input.v) : input.v, b = block ? network.embedding_block(b_words) : b_words;
  const std::int64_t B = v.size(0);
  const auto n = static_cast<std::int64_t>(rule.points.size());
  const at::Tensor points = points_of(v, b, rule, 0, rule.points.size());
  const at::Tensor z = network.logits(network.encode(block ? points : network.embedding_block(points), repeat(mask, n)));
  const at::Tensor f = output_of(options.output, z, repeat(input.target, n), repeat(input.foil, n));
  const at::Tensor g = torch::autograd::grad({(f * weights_of(rule, 0, rule.points.size(), B, f)).sum()}, {points}, {}, true, true)[0];
  return ((v - b) * g.view({n, B, v.size(1), v.size(2)}).sum(0)).sum(-1).to(at::kDouble);
}

void backward_through_attributions(const Network& network, const PathEnds& ends, const at::Tensor& target_all, const at::Tensor& foil_all, const at::Tensor& u_all, const at::Tensor& mask_all,
                                   const Nodes& rule, const ObjectiveOptions& options) {
  at::Tensor rows;
  {
    at::NoGradGuard no_grad;
    rows = at::amax(u_all.abs(), {1}).gt(0).nonzero().flatten();
  }
  if (rows.numel() == 0) return;
  const auto some = [&](const at::Tensor& x) { return x.defined() ? x.index_select(0, rows) : x; };
  const at::Tensor target = some(target_all), foil = some(foil_all), mask = some(mask_all);
  const std::int64_t R = rows.numel(), T = u_all.size(1);
  const bool block = options.path == Path::embeddings;
  const std::size_t most = nodes_of_chunk(R, T, u_all.device());
  for (std::size_t k = 0; k < rule.points.size(); k += most) {
    const std::size_t count = std::min(most, rule.points.size() - k);
    const auto n = static_cast<std::int64_t>(count);
    auto [v, b] = ends();
    v = some(v);
    b = some(b);
    if (block) v = network.embedding_block(v), b = network.embedding_block(b);
    const at::Tensor u = some(u_all).to(v.scalar_type()).unsqueeze(-1);
    const at::Tensor points = points_of(v, b, rule, k, count), direction = repeat(u * (v - b), n);
    const at::Tensor target_n = repeat(target, n), foil_n = repeat(foil, n), mask_n = repeat(mask, n), w = weights_of(rule, k, count, R, v);
    at::Tensor s;
    if (options.second_order == SecondOrder::tangent) {
      const Dual x{points, direction};
      const Dual z = network.logits(network.encode(block ? x : network.embedding_block(x), mask_n));
      s = (output_tangent(options.output, z, target_n, foil_n) * w).sum();
    } else {
      const at::Tensor z = network.logits(network.encode(block ? points : network.embedding_block(points), mask_n));
      const at::Tensor f = output_of(options.output, z, target_n, foil_n);
      const at::Tensor g = torch::autograd::grad({(f * w).sum()}, {points}, {}, true, true)[0];
      s = (g * direction).sum();
    }
    torch::autograd::backward({s});
  }
}

double rows_at_once(const ObjectiveOptions& options, std::int64_t texts, std::int64_t length, const at::Device& device) {
  double nodes = 1;
  if (options.needs_attribution()) nodes = options.graph == GraphMode::kept ? options.steps : static_cast<double>(nodes_of_chunk(texts, length, device));
  return static_cast<double>(texts * length) * nodes;
}

}  // namespace telltale
