#include "evaluation/ranking.hpp"

#include <algorithm>
#include <cmath>

#include "base/random.hpp"

namespace telltale {
namespace {

constexpr std::uint64_t stability_stream = 21, group_stream = 22;
constexpr std::size_t fewest_posts = 8;  // for one method to be called better than another

double mean_of(std::span<const double> values) {
  double sum = 0, n = 0;
  for (const double v : values)
    if (!std::isnan(v)) sum += v, ++n;
  return n > 0 ? sum / n : undefined;
}

/// `clear(best, other)`: can they be told apart?
template <class Clear>
std::vector<Standing> place(const std::vector<double>& means, bool low, Clear&& clear) {
  std::vector<Standing> out(means.size(), Standing::plain);
  std::size_t best = means.size(), known = 0;
  for (std::size_t m = 0; m < means.size(); ++m) {
    if (std::isnan(means[m])) continue;
    ++known;
    if (best == means.size() || (low ? means[m] < means[best] : means[m] > means[best])) best = m;
  }
  if (known < 2) return out;
  std::vector<std::size_t> ties;
  for (std::size_t m = 0; m < means.size(); ++m)
    if (m != best && !std::isnan(means[m]) && !clear(best, m)) ties.push_back(m);
  if (ties.empty())
    out[best] = Standing::best;
  else if (ties.size() + 1 < known) {
    out[best] = Standing::tied;
    for (const std::size_t m : ties) out[m] = Standing::tied;
  }
  return out;
}

}  // namespace

std::vector<Standing> standings(const std::vector<std::vector<double>>& values, bool low_is_better,
                                const BootstrapOptions& options) {
  std::vector<double> means;
  for (const auto& v : values) means.push_back(mean_of(v));
  return place(means, low_is_better, [&](std::size_t best, std::size_t m) {
    std::size_t common = 0;
    for (std::size_t k = 0; k < values[best].size() && k < values[m].size(); ++k) common += !std::isnan(values[best][k]) && !std::isnan(values[m][k]);
    return common >= fewest_posts && clear_difference(paired_difference(values[best], values[m], options));
  });
}

std::vector<Standing> standings(const std::vector<Interval>& intervals, bool low_is_better) {
  std::vector<double> means;
  for (const auto& i : intervals) means.push_back(i.value);
  return place(means, low_is_better, [&](std::size_t best, std::size_t m) {
    return intervals[best].high < intervals[m].low || intervals[m].high < intervals[best].low;
  });
}

std::vector<std::vector<double>> order_stability(const std::vector<std::vector<double>>& values,
                                                 const BootstrapOptions& options) {
  const std::size_t n = values.size(), posts = n ? values[0].size() : 0;
  std::vector<std::vector<double>> stays(n, std::vector<double>(n, undefined));
  struct Pair {
    std::size_t i, j;
    double whole = 0;
    std::size_t common = 0;
    int kept = 0;
  };
  std::vector<Pair> pairs;
  for (std::size_t i = 0; i < n; ++i) {
    stays[i][i] = 1;
    for (std::size_t j = i + 1; j < n; ++j) {
      Pair p{i, j};
      for (std::size_t k = 0; k < posts; ++k)
        if (!std::isnan(values[i][k]) && !std::isnan(values[j][k])) p.whole += values[i][k] - values[j][k], ++p.common;
      if (p.common >= 2 && p.whole != 0) pairs.push_back(p);
    }
  }
  std::vector<std::uint32_t> weights(posts);
  for (int r = 0; r < options.resamples && !pairs.empty(); ++r) {
    Rng rng(mix_seed(options.seed, static_cast<std::uint64_t>(r), stability_stream));
    std::fill(weights.begin(), weights.end(), 0u);
    for (std::size_t k = 0; k < posts; ++k) ++weights[rng.below(posts)];
    for (Pair& p : pairs) {
      double sum = 0;
      for (std::size_t k = 0; k < posts; ++k)
        if (const double d = values[p.i][k] - values[p.j][k]; weights[k] && !std::isnan(d)) sum += weights[k] * d;
      p.kept += p.whole > 0 ? sum > 0 : sum < 0;
    }
  }
  for (const Pair& p : pairs) stays[p.i][p.j] = stays[p.j][p.i] = static_cast<double>(p.kept) / options.resamples;
  return stays;
}

Interval group_difference(std::span<const double> a, std::span<const double> b, const BootstrapOptions& options) {
  std::vector<double> x, y;
  for (const double v : a)
    if (!std::isnan(v)) x.push_back(v);
  for (const double v : b)
    if (!std::isnan(v)) y.push_back(v);
  Interval out;
  out.value = mean_of(y) - mean_of(x);
  if (x.size() < 2 || y.size() < 2) return out;
  std::vector<double> drawn;
  for (int r = 0; r < options.resamples; ++r) {
    Rng rng(mix_seed(options.seed, static_cast<std::uint64_t>(r), group_stream));
    const auto draw = [&](const std::vector<double>& from) {
      double sum = 0;
      for (std::size_t k = 0; k < from.size(); ++k) sum += from[rng.below(from.size())];
      return sum / static_cast<double>(from.size());
    };
    const double of_x = draw(x);
    drawn.push_back(draw(y) - of_x);
  }
  std::sort(drawn.begin(), drawn.end());
  out.low = quantile(drawn, (1 - options.level) / 2);
  out.high = quantile(drawn, (1 + options.level) / 2);
  out.kind = out.low == out.high ? Interval::Kind::constant : Interval::Kind::percentile;
  return out;
}

}  // namespace telltale
