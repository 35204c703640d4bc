#include "objective/inputs.hpp"

#include <limits>

#include "base/random.hpp"
#include "objective/perturbation.hpp"

namespace telltale {

at::Generator objective_generator(std::uint64_t seed, std::uint64_t stream) { return at::detail::createCPUGenerator(mix_seed(seed, stream)); }

at::Tensor special_mask(const at::Tensor& ids, const SpecialIds& s) { return ids.eq(s.cls).logical_or(ids.eq(s.sep)).logical_or(ids.eq(s.pad)); }

at::Tensor baseline_ids(TrainingBaseline kind, const at::Tensor& ids, const at::Tensor& special, const SpecialIds& specials, std::uint64_t seed) {
  const auto fill = [&](std::int64_t id) { return at::where(special, ids, at::full_like(ids, id)); };
  switch (kind) {
    case TrainingBaseline::pad: return fill(specials.pad);
    case TrainingBaseline::mask: return fill(specials.mask);
    case TrainingBaseline::zero: return fill(-1);
    case TrainingBaseline::random: break;
  }
  at::Tensor out = fill(specials.pad);
  Rng rng(seed, baseline_seed);
  const std::int64_t B = ids.size(0);
  for (std::int64_t k = 0; k < B; ++k) {
    const auto choice = rng.below(B > 1 ? 4 : 3);
    if (choice == 1) out[k] = at::where(special[k], ids[k], at::full_like(ids[k], specials.mask));
    if (choice == 2) out[k] = at::where(special[k], ids[k], at::full_like(ids[k], -1));
    if (choice == 3) {  // another post, its own specials and padding replaced by [PAD]
      const auto other = (k + 1 + static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(B - 1)))) % B;
      const at::Tensor row = at::where(special[other], at::full_like(ids[other], specials.pad), ids[other]);
      out[k] = at::where(special[k], ids[k], row);
    }
  }
  return out;
}

at::Tensor look_up(const at::Tensor& table, const at::Tensor& ids) {
  const at::Tensor rows = at::embedding(table.detach(), ids.clamp_min(0));
  return rows * ids.ge(0).unsqueeze(-1).to(rows.scalar_type());
}

at::Tensor draw_perturbation(const PerturbedBatch& in, Engine& engine, bool negative, std::uint64_t seed) {
  const auto real = in.e.options().requires_grad(false);
  const ObjectiveOptions& o = in.options;
  at::Generator g = objective_generator(seed, negative ? noise_negative_seed : noise_positive_seed);
  const double low = negative ? o.epsilon * in.unit : 0, high = (negative ? o.epsilon2 : o.epsilon) * in.unit;
  at::Tensor n = draw_noise(o.radius, in.free, in.e.size(2), low, high, in.unit, g).to(real);
  if (o.sampler == Sampler::adversarial && negative) {
    // The runner-up's steepest rise at x; radii as drawn. Where the gradient vanishes the drawn direction stays.
    const auto rise = [&](const at::Tensor& z) {
      at::Tensor others = z.scatter(1, in.labels.unsqueeze(1), -std::numeric_limits<double>::infinity());
      return at::zeros_like(z).scatter_(1, others.argmax(-1, true), 1.0);
    };
    const at::Tensor g_up = engine.gradient(in.e.detach().contiguous(), in.mask, Path::word, rise, nullptr).to(real);
    const at::Tensor size = g_up.square().sum(-1, true).sqrt(), radius = n.square().sum(-1, true).sqrt();
    n = at::where(size.gt(0), g_up / size.clamp_min(1e-30) * radius, n) * in.free.unsqueeze(-1).to(n.scalar_type());
  }
  if (o.sampler == Sampler::nearest_token) {
    const at::Tensor where = in.free.flatten().nonzero().flatten();
    const at::Tensor flat_e = in.e.detach().flatten(0, 1).index_select(0, where), flat_n = n.flatten(0, 1).index_select(0, where);
    const at::Tensor table = in.table.detach();
    const at::Tensor snapped = table.index_select(0, nearest_tokens(table, flat_e + flat_n, in.specials)) - flat_e;
    n = at::zeros_like(n.flatten(0, 1)).index_copy_(0, where, snapped).view(n.sizes());
  }
  return n;
}

}  // namespace telltale
