#include "evaluation/proportions.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

namespace telltale {
namespace {

constexpr double z95 = 1.959963984540054;  // normal quantile of 0.975

double log_choose(std::int64_t n, std::int64_t k) {
  return std::lgamma(static_cast<double>(n) + 1) - std::lgamma(static_cast<double>(k) + 1) - std::lgamma(static_cast<double>(n - k) + 1);
}

/// Median of a group in which value i stands weights[i] times.
double weighted_median(const std::vector<double>& values, Weights weights, std::vector<double>& drawn) {
  drawn.clear();
  for (std::size_t i = 0; i < values.size(); ++i) drawn.insert(drawn.end(), weights[i], values[i]);
  std::sort(drawn.begin(), drawn.end());
  return quantile(drawn, 0.5);
}

}  // namespace

Proportion proportion(std::int64_t right, std::int64_t n) {
  if (right < 0 || right > n) throw std::invalid_argument("proportion: expected 0 to n right answers, got " + std::to_string(right) + " of " + std::to_string(n));
  if (n == 0) return {};
  const double count = static_cast<double>(n), p = static_cast<double>(right) / count, z2 = z95 * z95;
  const double middle = (p + z2 / (2 * count)) / (1 + z2 / count), half = z95 * std::sqrt(p * (1 - p) / count + z2 / (4 * count * count)) / (1 + z2 / count);
  // At 0 and n of n the limit is exactly 0 or 1; rounding may miss it by a hair.
  return {right, n, p, right == 0 ? 0 : std::max(0.0, middle - half), right == n ? 1 : std::min(1.0, middle + half)};
}

ProportionDifference difference_of(const Proportion& a, const Proportion& b) {
  if (a.n == 0 || b.n == 0) return {};
  const double d = a.value - b.value;
  return {d, d - std::hypot(a.value - a.low, b.high - b.value), d + std::hypot(a.high - a.value, b.value - b.low)};
}

double fisher_exact(std::int64_t a, std::int64_t b, std::int64_t c, std::int64_t d) {
  if (a < 0 || b < 0 || c < 0 || d < 0) throw std::invalid_argument("fisher_exact: expected counts, got a negative one");
  const std::int64_t row = a + b, column = a + c, n = a + b + c + d;
  const std::int64_t least = std::max<std::int64_t>(0, column - (c + d)), most = std::min(row, column);
  const auto log_probability = [&](std::int64_t k) { return log_choose(row, k) + log_choose(n - row, column - k) - log_choose(n, column); };
  const double observed = log_probability(a);
  double p = 0;
  for (std::int64_t k = least; k <= most; ++k)
    if (const double l = log_probability(k); l <= observed + 1e-7) p += std::exp(l);  // equally likely tables may differ in the last digits
  return std::min(1.0, p);
}

double median(std::span<const double> values) {
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  return quantile(sorted, 0.5);
}

Interval median_difference(std::span<const double> a, std::span<const double> b, const BootstrapOptions& options) {
  Interval out;
  out.value = median(a) - median(b);
  if (a.size() < 2 || b.size() < 2) return out;
  std::vector<int> strata(a.size(), 0);
  strata.resize(a.size() + b.size(), 1);
  const std::vector<double> first(a.begin(), a.end()), second(b.begin(), b.end());
  const Figures figures = [&](Weights weights, std::span<double> found) {
    std::vector<double> drawn;
    found[0] = weighted_median(first, weights.first(first.size()), drawn) - weighted_median(second, weights.subspan(first.size()), drawn);
  };
  return bootstrap(a.size() + b.size(), strata, 1, figures, options)[0];
}

}  // namespace telltale
