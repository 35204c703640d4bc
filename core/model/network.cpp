#include "model/network.hpp"

#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>
#include <numbers>

#include "model/kernels.hpp"
#include "model/product.hpp"

namespace telltale {
namespace {

constexpr double inverse_sqrt2 = 0.70710678118654752440, inverse_sqrt_2pi = 0.39894228040143267794;
constexpr double sqrt_2_over_pi = 0.79788456080286535588, tanh_cubic = 0.044715;  // Hendrycks & Gimpel 2016, eq. 2

at::Tensor drop(const at::Tensor& x, double p, const Dropout* dropout) {
  if (!dropout || p <= 0) return x;
  if (p >= 1) return x * 0;
  at::Tensor keep;
  {
    at::NoGradGuard no_grad;
    keep = at::empty(x.sizes(), x.options().dtype(at::kFloat));
    if (x.device().is_cpu()) {  // LibTorch draws one number after the other
      auto* generator = at::check_generator<at::CPUGeneratorImpl>(dropout->generator);
      const std::lock_guard lock(generator->mutex_);
      const std::uint64_t key = generator->random64();
      kernels<float>().draw(keep.numel(), key, static_cast<std::uint32_t>(std::min((1 - p) * 0x1p32, 0x1p32 - 1)), static_cast<float>(1 / (1 - p)), keep.data_ptr<float>());
    } else {
      keep.bernoulli_(1 - p, dropout->generator).div_(1 - p);
    }
    keep = keep.to(x.scalar_type());
  }
  return x * keep;
}

}  // namespace

at::Tensor activate(const at::Tensor& x, Activation activation) {
  switch (activation) {
    case Activation::gelu: return at::gelu(x);
    case Activation::gelu_tanh: return at::gelu(x, "tanh");
    case Activation::relu: return at::relu(x);
    case Activation::silu: return at::silu(x);
    case Activation::tanh: return at::tanh(x);
  }
  return x;
}

at::Tensor activate_derivative(const at::Tensor& x, Activation activation) {
  switch (activation) {
    case Activation::gelu: return 0.5 * (1 + at::erf(x * inverse_sqrt2)) + x * (inverse_sqrt_2pi * at::exp(-0.5 * x * x));
    case Activation::gelu_tanh: {
      const at::Tensor t = at::tanh(sqrt_2_over_pi * (x + tanh_cubic * x * x * x));
      return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * (sqrt_2_over_pi * (1 + 3 * tanh_cubic * x * x));
    }
    case Activation::relu: return (x > 0).to(x.scalar_type());
    case Activation::silu: {
      const at::Tensor s = at::sigmoid(x);
      return s * (1 + x * (1 - s));
    }
    case Activation::tanh: {
      const at::Tensor t = at::tanh(x);
      return 1 - t * t;
    }
  }
  return at::ones_like(x);
}

at::Tensor attention_bias(const at::Tensor& mask, at::ScalarType dtype) {
  if (!mask.defined()) return {};
  const at::Tensor off = mask.eq(0);
  if (!off.any().item<bool>()) return {};
  return at::zeros(mask.sizes(), mask.options().dtype(dtype)).masked_fill_(off, -std::numeric_limits<double>::infinity()).unsqueeze(1).unsqueeze(1);
}

Network::Network(const ModelConfig& config, const BertWeights& weights, const BertWeights& products) : config_(config), w_(weights), m_(products) {}

at::Tensor Network::words(const at::Tensor& ids) const { return at::embedding(w_.word, ids); }

at::Tensor Network::linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) const {
  if (weight.scalar_type() == x.scalar_type()) {
    if (!product_pays(x)) return at::linear(x, weight, bias);
    std::vector<std::int64_t> sizes = x.sizes().vec();
    sizes.back() = weight.size(0);
    return differentiable_product(x.reshape({-1, x.size(-1)}), weight.t()).add_(bias).view(sizes);
  }
  return at::linear(x.to(weight.scalar_type()), weight).to(x.scalar_type()) + bias;
}

Dual Network::linear(const Dual& x, const at::Tensor& weight, const at::Tensor& bias) const {
  const at::Tensor both = at::stack({x.value, x.tangent});
  const at::Tensor y = linear(both, weight, at::zeros_like(bias));
  return {y.select(0, 0) + bias, y.select(0, 1)};
}

at::Tensor Network::norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) const {
  return at::layer_norm(x, {config_.hidden_size}, weight, bias, config_.layer_norm_eps);
}

Dual Network::norm(const Dual& x, const at::Tensor& weight, const at::Tensor& bias) const {
  const at::Tensor centred = x.value - x.value.mean(-1, true);
  const at::Tensor rstd = at::rsqrt((centred * centred).mean(-1, true) + config_.layer_norm_eps);
  const at::Tensor hat = centred * rstd;
  const at::Tensor moved = x.tangent - x.tangent.mean(-1, true);
  const at::Tensor tangent = rstd * (moved - hat * (hat * moved).mean(-1, true));
  return {hat * weight + bias, tangent * weight};
}

at::Tensor Network::embedding_block(const at::Tensor& e, const Dropout* dropout) const {
  const at::Tensor position = w_.position.narrow(0, 0, e.size(1));
  return drop(norm(e + (position + w_.type.select(0, 0)), w_.norm_weight, w_.norm_bias), dropout ? dropout->hidden : 0, dropout);
}

Dual Network::embedding_block(const Dual& e) const {
  const at::Tensor position = w_.position.narrow(0, 0, e.value.size(1));
  return norm(Dual{e.value + (position + w_.type.select(0, 0)), e.tangent}, w_.norm_weight, w_.norm_bias);
}

at::Tensor Network::layer(std::size_t n, const at::Tensor& h, const at::Tensor& bias, bool cls_only, const Dropout* dropout, at::Tensor* attention) const {
  const LayerWeights &w = w_.layers[n], &m = m_.layers[n];
  const std::int64_t B = h.size(0), T = h.size(1), d = config_.hidden_size, H = config_.heads, D = d / H;
  const double scale = 1 / std::sqrt(static_cast<double>(D));
  at::Tensor q, k, v, rows = h;
  if (cls_only) {
    rows = h.narrow(1, 0, 1);
    q = linear(rows, m.qkv_weight.narrow(0, 0, d), w.qkv_bias.narrow(0, 0, d)).view({B, 1, H, D}).transpose(1, 2);
    const at::Tensor kv = linear(h, m.qkv_weight.narrow(0, d, 2 * d), w.qkv_bias.narrow(0, d, 2 * d)).view({B, T, 2, H, D}).permute({2, 0, 3, 1, 4});
    k = kv.select(0, 0);
    v = kv.select(0, 1);
  } else {
    const at::Tensor qkv = linear(h, m.qkv_weight, w.qkv_bias).view({B, T, 3, H, D}).permute({2, 0, 3, 1, 4});
    q = qkv.select(0, 0);
    k = qkv.select(0, 1);
    v = qkv.select(0, 2);
  }
  at::Tensor scores = at::matmul(q * scale, k.transpose(-1, -2));
  if (bias.defined()) scores = scores + bias;
  const at::Tensor p = at::softmax(scores, -1);
  if (attention) *attention = p;
  const at::Tensor context = at::matmul(drop(p, dropout ? dropout->attention : 0, dropout), v).transpose(1, 2).reshape({B, rows.size(1), d});
  const double hidden_dropout = dropout ? dropout->hidden : 0;
  const at::Tensor a = norm(drop(linear(context, m.output_weight, w.output_bias), hidden_dropout, dropout) + rows, w.norm1_weight, w.norm1_bias);
  const at::Tensor up = activate(linear(a, m.up_weight, w.up_bias), config_.activation);
  return norm(drop(linear(up, m.down_weight, w.down_bias), hidden_dropout, dropout) + a, w.norm2_weight, w.norm2_bias);
}

Dual Network::layer(std::size_t n, const Dual& h, const at::Tensor& bias, bool cls_only) const {
  const LayerWeights &w = w_.layers[n], &m = m_.layers[n];
  const std::int64_t B = h.value.size(0), T = h.value.size(1), d = config_.hidden_size, H = config_.heads, D = d / H;
  const double scale = 1 / std::sqrt(static_cast<double>(D));
  Dual rows = h;
  Dual q, k, v;
  const auto heads = [&](const at::Tensor& x, std::int64_t t, std::int64_t parts) { return x.view({B, t, parts, H, D}).permute({2, 0, 3, 1, 4}); };
  if (cls_only) {
    rows = {h.value.narrow(1, 0, 1), h.tangent.narrow(1, 0, 1)};
    const Dual one = linear(rows, m.qkv_weight.narrow(0, 0, d), w.qkv_bias.narrow(0, 0, d));
    const Dual two = linear(h, m.qkv_weight.narrow(0, d, 2 * d), w.qkv_bias.narrow(0, d, 2 * d));
    q = {heads(one.value, 1, 1).select(0, 0), heads(one.tangent, 1, 1).select(0, 0)};
    const at::Tensor kv = heads(two.value, T, 2), moved = heads(two.tangent, T, 2);
    k = {kv.select(0, 0), moved.select(0, 0)};
    v = {kv.select(0, 1), moved.select(0, 1)};
  } else {
    const Dual all = linear(h, m.qkv_weight, w.qkv_bias);
    const at::Tensor qkv = heads(all.value, T, 3), moved = heads(all.tangent, T, 3);
    q = {qkv.select(0, 0), moved.select(0, 0)};
    k = {qkv.select(0, 1), moved.select(0, 1)};
    v = {qkv.select(0, 2), moved.select(0, 2)};
  }
  const at::Tensor kt = k.value.transpose(-1, -2);
  at::Tensor scores = at::matmul(q.value * scale, kt);
  if (bias.defined()) scores = scores + bias;
  const at::Tensor p = at::softmax(scores, -1);
  const at::Tensor moved_scores = at::matmul(q.tangent * scale, kt) + at::matmul(q.value * scale, k.tangent.transpose(-1, -2));
  const at::Tensor moved_p = p * (moved_scores - (p * moved_scores).sum(-1, true));
  const auto merge = [&](const at::Tensor& x) { return x.transpose(1, 2).reshape({B, rows.value.size(1), d}); };
  const Dual context = {merge(at::matmul(p, v.value)), merge(at::matmul(moved_p, v.value) + at::matmul(p, v.tangent))};
  const Dual attended = linear(context, m.output_weight, w.output_bias);
  const Dual a = norm(Dual{attended.value + rows.value, attended.tangent + rows.tangent}, w.norm1_weight, w.norm1_bias);
  const Dual up = linear(a, m.up_weight, w.up_bias);
  const Dual active = {activate(up.value, config_.activation), activate_derivative(up.value, config_.activation) * up.tangent};
  const Dual down = linear(active, m.down_weight, w.down_bias);
  return norm(Dual{down.value + a.value, down.tangent + a.tangent}, w.norm2_weight, w.norm2_bias);
}

at::Tensor Network::encode(const at::Tensor& h, const at::Tensor& mask, const Dropout* dropout) const {
  const at::Tensor bias = attention_bias(mask, h.scalar_type());
  at::Tensor x = h;
  for (std::size_t n = 0; n < w_.layers.size(); ++n) x = layer(n, x, bias, n + 1 == w_.layers.size(), dropout);
  return x.select(1, 0);
}

Dual Network::encode(const Dual& h, const at::Tensor& mask) const {
  const at::Tensor bias = attention_bias(mask, h.value.scalar_type());
  Dual x = h;
  for (std::size_t n = 0; n < w_.layers.size(); ++n) x = layer(n, x, bias, n + 1 == w_.layers.size());
  return {x.value.select(1, 0), x.tangent.select(1, 0)};
}

at::Tensor Network::through(const at::Tensor& h, const at::Tensor& mask, std::size_t first, std::size_t last) const {
  const at::Tensor bias = attention_bias(mask, h.scalar_type());
  at::Tensor x = h;
  for (std::size_t n = first; n < last; ++n) x = layer(n, x, bias, false, nullptr);
  return x;
}

Dual Network::through(const Dual& h, const at::Tensor& mask, std::size_t first, std::size_t last) const {
  const at::Tensor bias = attention_bias(mask, h.value.scalar_type());
  Dual x = h;
  for (std::size_t n = first; n < last; ++n) x = layer(n, x, bias, false);
  return x;
}

at::Tensor Network::encode_from(std::size_t first, const at::Tensor& h, const at::Tensor& mask) const {
  const at::Tensor bias = attention_bias(mask, h.scalar_type());
  at::Tensor x = h;
  for (std::size_t n = first; n < w_.layers.size(); ++n) x = layer(n, x, bias, n + 1 == w_.layers.size(), nullptr);
  return x.select(1, 0);
}

FullStates Network::states(const at::Tensor& h, const at::Tensor& mask) const {
  FullStates out;
  const at::Tensor bias = attention_bias(mask, h.scalar_type());
  out.hidden.push_back(h);
  for (std::size_t n = 0; n < w_.layers.size(); ++n) {
    at::Tensor attention;
    out.hidden.push_back(layer(n, out.hidden.back(), bias, false, nullptr, &attention));
    out.attentions.push_back(attention);
  }
  return out;
}

at::Tensor Network::pooled(const at::Tensor& cls) const { return at::tanh(at::linear(cls, w_.pooler_weight, w_.pooler_bias)); }

at::Tensor Network::logits(const at::Tensor& cls, const Dropout* dropout) const {
  return at::linear(drop(pooled(cls), dropout ? dropout->classifier : 0, dropout), w_.head_weight, w_.head_bias);
}

Dual Network::logits(const Dual& cls) const {
  const at::Tensor p = pooled(cls.value);
  const at::Tensor moved = (1 - p * p) * at::linear(cls.tangent, w_.pooler_weight);
  return {at::linear(p, w_.head_weight, w_.head_bias), at::linear(moved, w_.head_weight)};
}

}  // namespace telltale
