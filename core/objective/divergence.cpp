#include "objective/divergence.hpp"

#include <cmath>
#include <limits>

namespace telltale {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

at::Tensor kl(const at::Tensor& log_a, const at::Tensor& log_m) {
  const at::Tensor none = log_a.eq(-infinity), safe = log_a.masked_fill(none, 0.0);
  return (log_a.exp() * (safe - log_m)).masked_fill(none, 0.0).sum(-1);
}

/// z_y − max of the others.
at::Tensor lead(const at::Tensor& z, const at::Tensor& labels) {
  const at::Tensor index = labels.unsqueeze(1);
  const at::Tensor others = z.scatter(1, index, -infinity);
  return z.gather(1, index).squeeze(1) - at::amax(others, {1});
}

}  // namespace

at::Tensor jensen_shannon(const at::Tensor& z, const at::Tensor& log_q) {
  const at::Tensor log_p = at::log_softmax(z, -1);
  const at::Tensor log_m = at::logaddexp(log_p, log_q) - std::log(2.0);
  return 0.5 * (kl(log_p, log_m) + kl(log_q, log_m));
}

at::Tensor log_uniform_others(const at::Tensor& labels, std::int64_t classes, at::ScalarType dtype) {
  const at::Tensor log_u = at::full({labels.size(0), classes}, -std::log(static_cast<double>(classes - 1)), labels.options().dtype(dtype));
  return log_u.scatter(1, labels.unsqueeze(1), -infinity);
}

at::Tensor entropy(const at::Tensor& z) {
  const at::Tensor l = at::log_softmax(z, -1);
  return -(l.exp() * l).sum(-1);
}

at::Tensor entropy_maximising(const at::Tensor& z) { return 1 - entropy(z) / std::log(static_cast<double>(z.size(1))); }
at::Tensor margin_leave(const at::Tensor& z, const at::Tensor& labels, double margin) { return at::relu(margin + lead(z, labels)); }
at::Tensor margin_keep(const at::Tensor& z, const at::Tensor& labels, double margin) { return at::relu(margin - lead(z, labels)); }
at::Tensor cross_entropy(const at::Tensor& z, const at::Tensor& labels) { return -at::log_softmax(z, -1).gather(1, labels.unsqueeze(1)).squeeze(1); }

}  // namespace telltale
