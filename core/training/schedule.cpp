#include "training/schedule.hpp"

#include <algorithm>
#include <cmath>

namespace telltale {

Schedule Schedule::of(std::int64_t steps, double share, double peak) {
  // 0.1 · 30 is 2.9999999999999996 in some orders of rounding: a tenth of thirty steps is three.
  const auto warm_up = static_cast<std::int64_t>(std::floor(share * static_cast<double>(steps) + 1e-9));
  return {steps, std::clamp<std::int64_t>(warm_up, 0, steps), peak};
}

double Schedule::rate(std::int64_t k) const {
  if (k < warm_up) return peak * static_cast<double>(k) / static_cast<double>(warm_up);
  if (steps <= warm_up) return k >= steps ? 0 : peak;
  return peak * static_cast<double>(std::max<std::int64_t>(0, steps - k)) / static_cast<double>(steps - warm_up);
}

}  // namespace telltale
