#include "objective/word_terms.hpp"

namespace telltale {
namespace {

constexpr double decay = 0.97;

/// table [C,V] at (class of the row, id): [B,T].
at::Tensor look_up(const at::Tensor& table, const at::Tensor& classes, const at::Tensor& ids) { return table.index_select(0, classes).gather(1, ids); }

at::Tensor positive_share(const at::Tensor& A, const at::Tensor& keep) {
  const at::Tensor positive = at::relu(A) * keep;
  return positive / (positive.sum(-1, true) + 1e-6);
}

}  // namespace

at::Tensor sharedness(const at::Tensor& counts, const at::Tensor& ids, const at::Tensor& y, const at::Tensor& r) {
  const at::Tensor a = look_up(counts, y, ids), b = look_up(counts, r, ids);
  return 1 - (2 * (a + 1) / (a + b + 2) - 1).abs();
}

at::Tensor overlap_penalty(const at::Tensor& A, const at::Tensor& keep, const at::Tensor& mass, const at::Tensor& ids, const at::Tensor& y, const at::Tensor& r) {
  const at::Tensor own = look_up(mass, y, ids), other = look_up(mass, r, ids);
  return (positive_share(A, keep) * (other / (own + other + 1e-4))).sum(-1);
}

at::Tensor prior_penalty(const at::Tensor& A, const at::Tensor& keep, const at::Tensor& shared) {
  const at::Tensor size = A.abs() * keep;
  return (size * shared).sum(-1) / (size.sum(-1) + 1e-6);
}

void update_mass(at::Tensor& mass, const std::vector<WordMass>& batches) {
  at::NoGradGuard no_grad;
  std::vector<at::Tensor> shares;
  for (const WordMass& b : batches) shares.push_back(positive_share(b.A.detach(), b.keep));
  for (std::int64_t c = 0; c < mass.size(0); ++c) {
    at::Tensor now;
    std::int64_t posts = 0;
    for (std::size_t k = 0; k < batches.size(); ++k) {
      const at::Tensor rows = batches[k].y.eq(c).nonzero().flatten();
      if (rows.numel() == 0) continue;
      if (!now.defined()) now = at::zeros({mass.size(1)}, mass.options());
      now.index_add_(0, batches[k].ids.index_select(0, rows).flatten(), shares[k].index_select(0, rows).flatten().to(mass.scalar_type()));
      posts += rows.numel();
    }
    if (posts > 0) mass[c].mul_(decay).add_(now, (1 - decay) / static_cast<double>(posts));
  }
}

void update_confusion(at::Tensor& confusion, const at::Tensor& probabilities, const at::Tensor& y) {
  at::NoGradGuard no_grad;
  for (std::int64_t c = 0; c < confusion.size(0); ++c) {
    const at::Tensor rows = y.eq(c).nonzero().flatten();
    if (rows.numel() == 0) continue;
    confusion[c].mul_(decay).add_(probabilities.detach().index_select(0, rows).mean(0).to(confusion.scalar_type()), 1 - decay);
  }
}

at::Tensor rivals(const at::Tensor& confusion, const at::Tensor& y, std::int64_t fixed) {
  at::NoGradGuard no_grad;
  at::Tensor others = confusion.clone();
  others.fill_diagonal_(-1);
  at::Tensor r = others.argmax(-1).index_select(0, y);
  if (fixed >= 0) r = at::where(y.eq(fixed), r, at::full_like(r, fixed));
  return r;
}

}  // namespace telltale
