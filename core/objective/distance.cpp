#include "objective/distance.hpp"

namespace telltale {
namespace {

/// u over its largest entry (a constant: the angle does not change), so that squares neither vanish nor overflow.
at::Tensor scaled(const at::Tensor& u, const at::Tensor& zero) {
  const at::Tensor harmless = at::where(zero.unsqueeze(1), at::ones_like(u), u);
  return harmless / at::amax(harmless.detach().abs(), {1}, true);
}

}  // namespace

at::Tensor cosine_distance(const at::Tensor& u_all, const at::Tensor& v_all, const at::Tensor& mask) {
  const at::Tensor u = u_all * mask, v = v_all * mask;
  const at::Tensor zero = at::amax(u.detach().abs(), {1}).eq(0).logical_or(at::amax(v.detach().abs(), {1}).eq(0));
  const at::Tensor a = scaled(u, zero), b = scaled(v, zero);
  const at::Tensor d = 1 - (a * b).sum(-1) / ((a * a).sum(-1).sqrt() * (b * b).sum(-1).sqrt());
  return at::where(zero, at::ones_like(d), d);
}

at::Tensor pearson_distance(const at::Tensor& u, const at::Tensor& v, const at::Tensor& mask) {
  const at::Tensor n = mask.sum(-1, true).clamp_min(1);
  const auto centred = [&](const at::Tensor& x) {
    const at::Tensor c = (x - (x * mask).sum(-1, true) / n) * mask;
    const at::Tensor flat = (c * c).sum(-1, true).le(1e-24 * (x * mask).square().sum(-1, true));
    return at::where(flat, at::zeros_like(c), c);
  };
  return cosine_distance(centred(u), centred(v), mask);
}

at::Tensor distance(Distance kind, const at::Tensor& u, const at::Tensor& v, const at::Tensor& mask) {
  return kind == Distance::cosine ? cosine_distance(u, v, mask) : pearson_distance(u, v, mask);
}

at::Tensor triplet(const at::Tensor& near, const at::Tensor& far, double margin) { return at::relu(near - far + margin); }

}  // namespace telltale
