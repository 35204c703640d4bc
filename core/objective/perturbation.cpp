#include "objective/perturbation.hpp"

#include <cmath>
#include <limits>

#include "base/progress.hpp"
#include "model/product.hpp"
#include "objective/objective.hpp"

namespace telltale {

at::Tensor draw_radii(RadiusLaw law, std::int64_t n, std::int64_t d, double low, double high, double unit, at::Generator& generator) {
  const at::Tensor u = at::empty({n}, at::kDouble);
  switch (law) {
    case RadiusLaw::volume: {
      if (high <= 0) return u.fill_(0);
      u.uniform_(0, 1, generator);
      const double inner = std::pow(low / high, static_cast<double>(d));  // in units of the outer ball: nothing overflows
      return high * (inner + u * (1 - inner)).pow(1.0 / static_cast<double>(d));
    }
    case RadiusLaw::exponential: u.exponential_(1, generator); return (low + u * unit).clamp_max(high);
    case RadiusLaw::fixed: return u.fill_(0.5 * (low + high));
  }
  return u;
}

at::Tensor draw_noise(RadiusLaw law, const at::Tensor& free, std::int64_t d, double low, double high, double unit, at::Generator& generator) {
  const std::int64_t B = free.size(0), T = free.size(1);
  at::Tensor direction = at::empty({B * T, d}, at::kFloat).normal_(0, 1, generator);
  direction.div_(direction.square().sum(-1, true).sqrt().clamp_min(1e-20));
  const at::Tensor radius = draw_radii(law, B * T, d, low, high, unit, generator).to(at::kFloat);
  return (direction * radius.unsqueeze(1)).view({B, T, d}) * free.to(at::kCPU).to(at::kFloat).unsqueeze(-1);
}

at::Tensor nearest_tokens(const at::Tensor& table, const at::Tensor& points, const SpecialIds& s) {
  at::NoGradGuard no_grad;
  at::Tensor squares = table.square().sum(-1);
  for (const std::int32_t id : {s.pad, s.unk, s.cls, s.sep, s.mask})
    if (id >= 0) squares[id].fill_(std::numeric_limits<double>::infinity());
  std::vector<at::Tensor> out;
  constexpr std::int64_t block = 256;
  for (std::int64_t k = 0; k < points.size(0); k += block) {
    const at::Tensor some = points.narrow(0, k, std::min(block, points.size(0) - k));
    out.push_back(at::addmm(squares.unsqueeze(0), some, table.t(), 1, -2).argmin(-1));
  }
  return at::cat(out);
}

double embedding_unit(const at::Tensor& table, std::stop_token stop) {
  at::NoGradGuard no_grad;
  // Distances of near rows are small differences of large squares: double where the table allows the cost, else float with the nearest pair done again in double.
  const bool wide = table.scalar_type() == at::kDouble || table.numel() < (1 << 22);
  const at::Tensor t = table.detach().to(wide ? at::kDouble : at::kFloat), exact = table.detach().to(at::kDouble);
  const at::Tensor squares = t.square().sum(-1);
  std::vector<at::Tensor> nearest;
  constexpr std::int64_t block = 512, candidates = 4;
  const at::Tensor room = at::empty({std::min(block, t.size(0)), t.size(0)}, t.options());
  for (std::int64_t k = 0; k < t.size(0); k += block) {
    if (stop.stop_requested()) throw Cancelled{};
    const std::int64_t n = std::min(block, t.size(0) - k);
    at::Tensor d = room.narrow(0, 0, n);
    product(t.narrow(0, k, n), t.t(), d);
    d.mul_(-2).add_(squares);  // + own square: the same for the whole row
    at::diagonal(d, k, 0, 1).fill_(std::numeric_limits<double>::infinity());
    const at::Tensor best = std::get<1>(at::topk(d, std::min<std::int64_t>(candidates, t.size(0) - 1), -1, false, false));
    const at::Tensor rows = exact.narrow(0, k, n).unsqueeze(1) - exact.index_select(0, best.flatten()).view({n, best.size(1), -1});
    nearest.push_back(at::amin(rows.square().sum(-1), {1}).sqrt());
  }
  return at::median(at::cat(nearest)).item<double>();
}

}  // namespace telltale
