#include "model/fused_engine.hpp"

#include <mutex>
#include <type_traits>

#include "model/flush.hpp"
#include "model/kernels.hpp"
#include "model/packed_weight.hpp"

namespace telltale {
namespace {

constexpr float masked_out = -1e30f;

/// N texts of T ids, M = N·T rows, d hidden, i intermediate. Storage type S is float or Bf16.
template <class S>
class FusedEngine final : public Engine {
  static constexpr bool half = std::is_same_v<S, Bf16>;
  static constexpr at::ScalarType type = half ? at::kBFloat16 : at::kFloat;

 public:
  FusedEngine(const ModelConfig& config, const BertWeights& weights, Carried carried)
      : carried_(carried), d_(config.hidden_size), i_(config.intermediate_size), heads_(config.heads), eps_(static_cast<float>(config.layer_norm_eps)),
        tanh_(config.activation == Activation::gelu_tanh), w_(weights), k_(kernels<S>()) {
    at::NoGradGuard no_grad;
    saved_.resize(w_.layers.size());
    refresh();
  }

  at::ScalarType dtype() const override { return at::kFloat; }

  void refresh() override {
    at::NoGradGuard no_grad;
    const std::lock_guard lock(mutex_);
    positions_ = (w_.position.detach() + w_.type.detach().select(0, 0)).contiguous();
    refresh_products();
  }

  at::Tensor cls(const at::Tensor& points, const at::Tensor& mask, Path path) override {
    at::NoGradGuard no_grad;
    const std::lock_guard lock(mutex_);
    flush_denormals();
    return forward(points, mask, path, false).to(at::kFloat);
  }

  at::Tensor logits(const at::Tensor& points, const at::Tensor& mask, Path path) override {
    at::NoGradGuard no_grad;
    const std::lock_guard lock(mutex_);
    flush_denormals();
    return head(forward(points, mask, path, false).to(at::kFloat)).second;
  }

  at::Tensor gradient(const at::Tensor& points, const at::Tensor& mask, Path path, const LogitGradient& seed, at::Tensor* logits_out) override {
    at::NoGradGuard no_grad;
    const std::lock_guard lock(mutex_);
    flush_denormals();
    const auto [pooled, z] = head(forward(points, mask, path, true).to(at::kFloat));
    if (logits_out) *logits_out = z;
    const at::Tensor dpooled = at::mm(seed(z).to(at::kFloat), w_.head_weight) * (1 - pooled * pooled);
    return backward(at::mm(dpooled, w_.pooler_weight).to(type).contiguous(), points.sizes(), path);
  }

 private:
  struct Saved {  ///< of one layer, kept for the way back
    at::Tensor qkv, probabilities, hat1, rstd1, slope, hat2, rstd2, query;
  };

  void refresh_products() {
    products_.clear();
    for (const LayerWeights& l : w_.layers) {
      const auto of = [this](const at::Tensor& t) { return PackedWeight(t, carried_); };
      const bool last = &l == &w_.layers.back();  // of which only the query of [CLS] is needed
      products_.push_back({last ? of(l.qkv_weight.narrow(0, 0, d_)) : PackedWeight(), of(last ? l.qkv_weight.narrow(0, d_, 2 * d_) : l.qkv_weight), of(l.output_weight), of(l.up_weight), of(l.down_weight)});
    }
  }

  std::pair<at::Tensor, at::Tensor> head(const at::Tensor& cls) const {
    at::Tensor pooled = at::tanh(at::addmm(w_.pooler_bias, cls, w_.pooler_weight.t()));
    at::Tensor z = at::addmm(w_.head_bias, pooled, w_.head_weight.t());
    return {pooled, z};
  }

  static S* raw(const at::Tensor& t) { return static_cast<S*>(t.data_ptr()); }
  static float* real(const at::Tensor& t) { return t.data_ptr<float>(); }

  /// A view of at least `sizes` in a buffer that grows and is kept: fresh pages cost more than the arithmetic on them.
  static at::Tensor room(at::Tensor& buffer, at::IntArrayRef sizes, at::ScalarType t) {
    const std::int64_t n = c10::multiply_integers(sizes);
    if (!buffer.defined() || buffer.numel() < n) buffer = at::empty({n}, at::TensorOptions().dtype(t));
    return buffer.narrow(0, 0, n).view(sizes);
  }

  at::Tensor norm(const at::Tensor& in, const at::Tensor& bias, const at::Tensor& residual, const at::Tensor& weight, const at::Tensor& shift, at::Tensor& out_buffer,
                  at::Tensor& hat, at::Tensor& rstd, bool keep) {
    const std::int64_t rows = in.size(0);
    at::Tensor out = room(out_buffer, {rows, d_}, type);
    k_.norm(rows, d_, raw(in), real(bias), raw(residual), 0, real(weight), real(shift), eps_, raw(out), keep ? raw(room(hat, {rows, d_}, type)) : nullptr,
            keep ? real(room(rstd, {rows}, at::kFloat)) : nullptr);
    return out;
  }

  /// Returns the final state of [CLS], [N,d].
  at::Tensor forward(const at::Tensor& points, const at::Tensor& mask, Path path, bool keep) {
    const std::int64_t N = points.size(0), T = points.size(1), M = N * T;
    const AttentionShape shape{N, T, heads_, d_ / heads_};
    const at::Tensor rows = points.view({M, d_});
    at::Tensor h = room(states_[0], {M, d_}, type);
    if (path == Path::word) {
      at::Tensor out = half ? room(float_state_, {M, d_}, at::kFloat) : h;
      kernels<float>().norm(M, d_, real(rows), nullptr, real(positions_), T, real(w_.norm_weight), real(w_.norm_bias), eps_, real(out),
                            keep ? real(room(hat0_, {M, d_}, at::kFloat)) : nullptr, keep ? real(room(rstd0_, {M}, at::kFloat)) : nullptr);
      if (half) h.copy_(out);
    } else {
      h.copy_(rows);
    }
    const float* bias = nullptr;
    at::Tensor additive;
    if (mask.defined()) {
      additive = ((1 - mask) * masked_out).contiguous();
      bias = real(additive);
    }
    int flip = 0;
    for (std::size_t n = 0; n < w_.layers.size(); ++n) {
      const LayerWeights& w = w_.layers[n];
      const Products& m = products_[n];
      Saved& s = keep ? saved_[n] : scratch_;
      const bool last = n + 1 == w_.layers.size();
      const std::int64_t R = last ? N : M;  // rows that go on
      at::Tensor context = room(context_, {R, d_}, type), residual = h;
      if (last) {
        residual = room(cls_, {N, d_}, type).copy_(h.view({N, T, d_}).select(1, 0));
        at::Tensor q = room(s.query, {N, d_}, type), kv = room(s.qkv, {M, 2 * d_}, type);
        m.query.forward(residual, q);
        m.qkv.forward(h, kv);
        k_.cls_attention(shape, raw(q), raw(kv), real(w.qkv_bias), bias, raw(room(s.probabilities, {N, heads_, T}, type)), raw(context));
      } else {
        at::Tensor qkv = room(s.qkv, {M, 3 * d_}, type);
        m.qkv.forward(h, qkv);
        k_.attention(shape, raw(qkv), real(w.qkv_bias), bias, keep ? raw(room(s.probabilities, {N, heads_, T, T}, type)) : nullptr, raw(context));
      }
      at::Tensor a = room(product_, {R, d_}, type);
      m.output.forward(context, a);
      const at::Tensor h1 = norm(a, w.output_bias, residual, w.norm1_weight, w.norm1_bias, middle_, s.hat1, s.rstd1, keep);
      at::Tensor up = room(s.slope, {R, i_}, type), active = room(active_, {R, i_}, type);
      m.up.forward(h1, up);
      k_.gelu(R, i_, raw(up), real(w.up_bias), tanh_, raw(active));
      m.down.forward(active, a);
      flip = 1 - flip;
      h = norm(a, w.down_bias, h1, w.norm2_weight, w.norm2_bias, states_[flip], s.hat2, s.rstd2, keep);
    }
    return h;
  }

  at::Tensor norm_back(const at::Tensor& dy, const at::Tensor& hat, const at::Tensor& rstd, const at::Tensor& weight) const {
    k_.norm_backward(dy.size(0), d_, raw(dy), raw(hat), real(rstd), real(weight), raw(dy));
    return dy;
  }

  /// From dF/d(final [CLS] state) [N,d] to dF/d(points) [N,T,d] float.
  at::Tensor backward(const at::Tensor& dcls, at::IntArrayRef sizes, Path path) {
    const std::int64_t N = sizes[0], T = sizes[1], M = N * T;
    const AttentionShape shape{N, T, heads_, d_ / heads_};
    at::Tensor g = room(gradient_, {N, d_}, type).copy_(dcls);
    for (std::size_t n = w_.layers.size(); n-- > 0;) {
      const LayerWeights& w = w_.layers[n];
      const Products& m = products_[n];
      const Saved& s = saved_[n];
      const bool last = n + 1 == w_.layers.size();
      const std::int64_t R = last ? N : M;
      norm_back(g, s.hat2, s.rstd2, w.norm2_weight);
      at::Tensor active = room(active_, {R, i_}, type);
      m.down.backward(g, active);
      k_.multiply(R * i_, raw(active), raw(s.slope));
      m.up.backward(active, g, true);  // the residual's gradient is in g already
      norm_back(g, s.hat1, s.rstd1, w.norm1_weight);
      at::Tensor context = room(context_, {R, d_}, type);
      m.output.backward(g, context);
      if (last) {
        at::Tensor dq = room(query_gradient_, {N, d_}, type), dkv = room(qkv_gradient_, {M, 2 * d_}, type);
        k_.cls_attention_backward(shape, raw(s.query), raw(s.qkv), real(w.qkv_bias), raw(s.probabilities), raw(context), raw(dq), raw(dkv));
        at::Tensor all = room(states_[0], {M, d_}, type);
        m.qkv.backward(dkv, all);
        m.query.backward(dq, g, true);
        all.view({N, T, d_}).select(1, 0).add_(g);
        g = all;
      } else {
        at::Tensor dqkv = room(qkv_gradient_, {M, 3 * d_}, type);
        k_.attention_backward(shape, raw(s.qkv), real(w.qkv_bias), raw(s.probabilities), raw(context), raw(dqkv));
        m.qkv.backward(dqkv, g, true);
      }
    }
    at::Tensor out = at::empty({M, d_}, at::TensorOptions().dtype(at::kFloat));
    out.copy_(g);
    if (path == Path::word) kernels<float>().norm_backward(M, d_, real(out), real(hat0_), real(rstd0_), real(w_.norm_weight), real(out));
    return out.view({N, T, d_});
  }

  struct Products {
    PackedWeight query, qkv, output, up, down;  ///< of the last layer qkv is only kv
  };

  Carried carried_;
  std::int64_t d_, i_, heads_;
  float eps_;
  bool tanh_;
  BertWeights w_;
  const Kernels<S>& k_;
  at::Tensor positions_;  ///< position + type 0, [P,d]
  std::vector<Products> products_;
  std::vector<Saved> saved_;
  Saved scratch_;
  at::Tensor states_[2], float_state_, hat0_, rstd0_, context_, product_, middle_, active_, cls_, gradient_, query_gradient_, qkv_gradient_;
  std::mutex mutex_;
};

}  // namespace

std::unique_ptr<Engine> make_fused_engine(const ModelConfig& config, const BertWeights& weights, Carried carried) {
  if (carried == Carried::bf16) return std::make_unique<FusedEngine<Bf16>>(config, weights, carried);
  return std::make_unique<FusedEngine<float>>(config, weights, carried);
}

}  // namespace telltale
