#include "evaluation/statistics.hpp"

#include <algorithm>
#include <atomic>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <exception>
#include <mutex>
#include <numeric>
#include <stdexcept>
#include <thread>

#include "base/progress.hpp"
#include "base/random.hpp"

namespace telltale {
namespace {

constexpr std::uint64_t resample_stream = 0x626f6f74;  // "boot"

/// Runs work(i) for i in [0, n) on several threads; the first exception is thrown again here.
void parallel_for(std::size_t n, int threads, const std::function<void(std::size_t)>& work) {
  const std::size_t workers = std::min<std::size_t>(n, static_cast<std::size_t>(std::max(1, threads)));
  if (workers <= 1) {
    for (std::size_t i = 0; i < n; ++i) work(i);
    return;
  }
  std::atomic<std::size_t> next{0};
  std::exception_ptr failure;
  std::mutex guard;
  {
    std::vector<std::jthread> pool;
    for (std::size_t w = 0; w < workers; ++w)
      pool.emplace_back([&] {
        try {
          for (std::size_t i; (i = next++) < n;) work(i);
        } catch (...) {
          const std::lock_guard lock(guard);
          if (!failure) failure = std::current_exception();
          next = n;
        }
      });
  }
  if (failure) std::rethrow_exception(failure);
}

/// a of BCa from leave-one-out values: L_ci = (n_c − 1)(mean_c − θ_ci), a = (1/6) Σ L³/n_c³ / (Σ L²/n_c²)^{3/2}. NaN when no post moves it.
double acceleration(std::span<const double> left_out, const std::vector<int>& strata, const std::vector<std::size_t>& sizes) {
  std::vector<double> mean(sizes.size(), 0);
  for (std::size_t i = 0; i < left_out.size(); ++i) mean[strata[i]] += left_out[i] / static_cast<double>(sizes[strata[i]]);
  double cubes = 0, squares = 0;
  for (std::size_t i = 0; i < left_out.size(); ++i) {
    const double n = static_cast<double>(sizes[strata[i]]);
    const double influence = (n - 1) * (mean[strata[i]] - left_out[i]) / n;
    cubes += influence * influence * influence;
    squares += influence * influence;
  }
  return squares > 0 ? cubes / (6 * std::pow(squares, 1.5)) : undefined;
}

Interval interval_of(double value, std::vector<double>& resampled, double a, double level) {
  Interval result{value, undefined, undefined, Interval::Kind::none};
  if (std::isnan(value)) return result;
  std::erase_if(resampled, [](double v) { return std::isnan(v); });
  if (resampled.size() < 2) return result;
  std::sort(resampled.begin(), resampled.end());
  // Sums in another order differ in the last bits; such a spread is none.
  const double scale = std::max({std::abs(value), std::abs(resampled.front()), std::abs(resampled.back())});
  const double tie = 1e-12 * scale;
  if (resampled.back() - resampled.front() <= tie && std::abs(resampled.front() - value) <= tie) {
    result.low = result.high = value;
    result.kind = Interval::Kind::constant;
    return result;
  }
  const double n = static_cast<double>(resampled.size());
  const double below = static_cast<double>(std::lower_bound(resampled.begin(), resampled.end(), value - tie) - resampled.begin());
  const double upto = static_cast<double>(std::upper_bound(resampled.begin(), resampled.end(), value + tie) - resampled.begin());
  const double share = (below + upto) / (2 * n);
  double lower = (1 - level) / 2, upper = (1 + level) / 2;
  result.kind = Interval::Kind::percentile;
  if (share > 0 && share < 1 && !std::isnan(a)) {
    const boost::math::normal normal;
    const double z0 = boost::math::quantile(normal, share);
    const auto corrected = [&](double probability) {
      const double z = z0 + boost::math::quantile(normal, probability);
      const double denominator = 1 - a * z;
      return denominator > 0 ? boost::math::cdf(normal, z0 + z / denominator) : undefined;
    };
    const double l = corrected(lower), u = corrected(upper);
    if (!std::isnan(l) && !std::isnan(u) && l < u) {
      lower = l;
      upper = u;
      result.kind = Interval::Kind::bca;
    }
  }
  result.low = quantile(resampled, lower);
  result.high = quantile(resampled, upper);
  // Drawing posts with replacement leaves some out: figures of whole lists (shared words) then fall on one side of the value, by more than they spread.
  if (value < result.low - tie || value > result.high + tie) {
    const double shift = value - quantile(resampled, 0.5);
    result.low = quantile(resampled, (1 - level) / 2) + shift;
    result.high = quantile(resampled, (1 + level) / 2) + shift;
    result.kind = Interval::Kind::centred;
  }
  return result;
}

void check_sizes(std::size_t x, std::size_t y) {
  if (x != y) throw std::invalid_argument("two lists of scores to compare: expected the same length, got " + std::to_string(x) + " and " + std::to_string(y));
}

/// Pairs of equal values, n(n−1)/2 for each group of a sorted list.
template <class Equal>
double tied_pairs(std::size_t n, const Equal& equal) {
  double total = 0;
  for (std::size_t i = 0; i < n;) {
    std::size_t j = i + 1;
    while (j < n && equal(i, j)) ++j;
    total += 0.5 * static_cast<double>(j - i) * static_cast<double>(j - i - 1);
    i = j;
  }
  return total;
}

/// Sorts and counts the exchanges that a bubble sort would make: the discordant pairs.
double merge_count(std::vector<double>& v, std::vector<double>& scratch, std::size_t begin, std::size_t end) {
  if (end - begin < 2) return 0;
  const std::size_t middle = begin + (end - begin) / 2;
  double swaps = merge_count(v, scratch, begin, middle) + merge_count(v, scratch, middle, end);
  std::size_t i = begin, j = middle, k = begin;
  while (i < middle && j < end) {
    if (v[j] < v[i]) {
      swaps += static_cast<double>(middle - i);
      scratch[k++] = v[j++];
    } else {
      scratch[k++] = v[i++];
    }
  }
  while (i < middle) scratch[k++] = v[i++];
  while (j < end) scratch[k++] = v[j++];
  std::copy(scratch.begin() + static_cast<std::ptrdiff_t>(begin), scratch.begin() + static_cast<std::ptrdiff_t>(end), v.begin() + static_cast<std::ptrdiff_t>(begin));
  return swaps;
}

std::vector<double> average_ranks(std::span<const double> x) {
  std::vector<std::size_t> order(x.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return x[a] < x[b]; });
  std::vector<double> ranks(x.size());
  for (std::size_t i = 0; i < order.size();) {
    std::size_t j = i + 1;
    while (j < order.size() && x[order[j]] == x[order[i]]) ++j;
    for (std::size_t k = i; k < j; ++k) ranks[order[k]] = 0.5 * static_cast<double>(i + j - 1);
    i = j;
  }
  return ranks;
}

bool constant(std::span<const double> x) {
  return std::all_of(x.begin(), x.end(), [&](double v) { return v == x[0]; });
}

bool comparable(std::span<const double> x, std::span<const double> y) {
  check_sizes(x.size(), y.size());
  const auto number = [](double v) { return !std::isnan(v); };
  return x.size() >= 2 && std::all_of(x.begin(), x.end(), number) && std::all_of(y.begin(), y.end(), number);
}

}  // namespace

const char* name_of(Interval::Kind kind) {
  switch (kind) {
    case Interval::Kind::constant: return "constant";
    case Interval::Kind::percentile: return "percentile";
    case Interval::Kind::bca: return "bca";
    case Interval::Kind::centred: return "centred";
    case Interval::Kind::student: return "student";
    case Interval::Kind::none: break;
  }
  return "none";
}

bool clear_difference(const Interval& d) {
  return d.kind != Interval::Kind::none && !std::isnan(d.low) && !std::isnan(d.high) && (d.low > 0 || d.high < 0);
}

std::string verdict(const Interval& d, bool low_is_better) {
  if (!clear_difference(d)) return "no clear difference";
  return (d.high < 0) == low_is_better ? "better" : "worse";
}

double quantile(std::span<const double> sorted, double probability) {
  if (sorted.empty()) return undefined;
  const double at = std::clamp(probability, 0.0, 1.0) * static_cast<double>(sorted.size() - 1);
  const auto lower = static_cast<std::size_t>(at);
  if (lower + 1 >= sorted.size()) return sorted.back();
  const double part = at - static_cast<double>(lower);
  return sorted[lower] + part * (sorted[lower + 1] - sorted[lower]);
}

std::vector<Interval> bootstrap(std::size_t posts, const std::vector<int>& given_strata, std::size_t count, const Figures& figures,
                                const BootstrapOptions& options, int threads, const std::function<bool()>& stopped) {
  if (options.resamples < 1) throw std::invalid_argument("resamples: expected at least 1, got " + std::to_string(options.resamples));
  if (!(options.level > 0 && options.level < 1)) throw std::invalid_argument("level: expected between 0 and 1, got " + std::to_string(options.level));
  if (!given_strata.empty()) check_sizes(posts, given_strata.size());
  const std::vector<int> strata = given_strata.empty() ? std::vector<int>(posts, 0) : given_strata;
  std::vector<std::vector<std::uint32_t>> members;
  for (std::size_t i = 0; i < posts; ++i) {
    if (strata[i] < 0) throw std::invalid_argument("strata: expected numbers from 0, got " + std::to_string(strata[i]));
    if (static_cast<std::size_t>(strata[i]) >= members.size()) members.resize(static_cast<std::size_t>(strata[i]) + 1);
    members[strata[i]].push_back(static_cast<std::uint32_t>(i));
  }
  std::vector<std::size_t> sizes;
  for (const auto& m : members) sizes.push_back(m.size());

  std::vector<Interval> results(count);
  std::vector<double> value(count, undefined);
  const std::vector<std::uint32_t> once(posts, 1);
  figures(once, value);
  for (std::size_t f = 0; f < count; ++f) results[f].value = value[f];
  if (posts < 2) return results;

  const auto check = [&] {
    if (stopped && stopped()) throw Cancelled{};
  };
  const auto resamples = static_cast<std::size_t>(options.resamples);
  std::vector<double> drawn(resamples * count, undefined), left_out(posts * count, undefined);
  parallel_for(resamples, threads, [&](std::size_t r) {
    check();
    Rng rng(options.seed, mix_seed(resample_stream, r));
    std::vector<std::uint32_t> weights(posts, 0);
    for (const auto& m : members)
      for (std::size_t i = 0; i < m.size(); ++i) ++weights[m[rng.below(m.size())]];
    figures(weights, std::span(drawn).subspan(r * count, count));
  });
  parallel_for(posts, threads, [&](std::size_t i) {
    check();
    auto weights = once;
    weights[i] = 0;
    figures(weights, std::span(left_out).subspan(i * count, count));
  });

  std::vector<double> column(resamples), jack(posts);
  for (std::size_t f = 0; f < count; ++f) {
    column.resize(resamples);
    for (std::size_t r = 0; r < resamples; ++r) column[r] = drawn[r * count + f];
    for (std::size_t i = 0; i < posts; ++i) {
      jack[i] = left_out[i * count + f];
      if (std::isnan(jack[i])) jack[i] = value[f];  // without this post the figure is not defined: it counts as no influence
    }
    results[f] = interval_of(value[f], column, acceleration(jack, strata, sizes), options.level);
  }
  return results;
}

Interval mean_interval(std::span<const double> values, const BootstrapOptions& options) {
  std::vector<double> kept;
  for (const double v : values)
    if (!std::isnan(v)) kept.push_back(v);
  const std::size_t n = kept.size();
  if (n == 0) return {};
  const Figures mean = [&](Weights weights, std::span<double> out) {
    double sum = 0, total = 0;
    for (std::size_t i = 0; i < n; ++i) {
      sum += weights[i] * kept[i];
      total += weights[i];
    }
    out[0] = total > 0 ? sum / total : undefined;
  };
  return bootstrap(n, {}, 1, mean, options)[0];
}

Interval paired_difference(std::span<const double> a, std::span<const double> b, const BootstrapOptions& options) {
  check_sizes(a.size(), b.size());
  std::vector<double> difference(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) difference[i] = b[i] - a[i];
  return mean_interval(difference, options);
}

Interval student_interval(std::span<const double> values, double level) {
  std::vector<double> kept;
  for (const double v : values)
    if (!std::isnan(v)) kept.push_back(v);
  Interval result;
  if (kept.empty()) return result;
  const double n = static_cast<double>(kept.size());
  result.value = std::accumulate(kept.begin(), kept.end(), 0.0) / n;
  if (kept.size() < 2) return result;
  double squares = 0;
  for (const double v : kept) squares += (v - result.value) * (v - result.value);
  const double half = boost::math::quantile(boost::math::students_t(n - 1), (1 + level) / 2) * std::sqrt(squares / (n - 1) / n);
  result.low = result.value - half;
  result.high = result.value + half;
  result.kind = Interval::Kind::student;
  return result;
}

McNemar mcnemar(const std::vector<bool>& right_a, const std::vector<bool>& right_b) {
  check_sizes(right_a.size(), right_b.size());
  McNemar m;
  for (std::size_t i = 0; i < right_a.size(); ++i) ++(right_a[i] ? (right_b[i] ? m.both : m.only_a) : (right_b[i] ? m.only_b : m.neither));
  const auto discordant = m.only_a + m.only_b;
  if (discordant > 0) {
    const boost::math::binomial coin(static_cast<double>(discordant), 0.5);
    m.p = std::min(1.0, 2 * boost::math::cdf(coin, static_cast<double>(std::min(m.only_a, m.only_b))));
  }
  return m;
}

double kendall_tau_b(std::span<const double> x, std::span<const double> y) {
  if (!comparable(x, y)) return undefined;
  const std::size_t n = x.size();
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return x[a] != x[b] ? x[a] < x[b] : y[a] < y[b]; });
  const double pairs = 0.5 * static_cast<double>(n) * static_cast<double>(n - 1);
  const double tied_x = tied_pairs(n, [&](std::size_t i, std::size_t j) { return x[order[i]] == x[order[j]]; });
  const double tied_both = tied_pairs(n, [&](std::size_t i, std::size_t j) { return x[order[i]] == x[order[j]] && y[order[i]] == y[order[j]]; });
  std::vector<double> sorted(n), scratch(n);
  for (std::size_t i = 0; i < n; ++i) sorted[i] = y[order[i]];
  const double discordant = merge_count(sorted, scratch, 0, n);
  const double tied_y = tied_pairs(n, [&](std::size_t i, std::size_t j) { return sorted[i] == sorted[j]; });
  if (tied_x == pairs || tied_y == pairs) return undefined;
  const double concordant_less_discordant = pairs - tied_x - tied_y + tied_both - 2 * discordant;
  return concordant_less_discordant / (std::sqrt(pairs - tied_x) * std::sqrt(pairs - tied_y));
}

double pearson(std::span<const double> x, std::span<const double> y) {
  if (!comparable(x, y) || constant(x) || constant(y)) return undefined;
  const double n = static_cast<double>(x.size());
  const double mean_x = std::accumulate(x.begin(), x.end(), 0.0) / n, mean_y = std::accumulate(y.begin(), y.end(), 0.0) / n;
  double xy = 0, xx = 0, yy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double dx = x[i] - mean_x, dy = y[i] - mean_y;
    xy += dx * dy;
    xx += dx * dx;
    yy += dy * dy;
  }
  return xx > 0 && yy > 0 ? std::clamp(xy / (std::sqrt(xx) * std::sqrt(yy)), -1.0, 1.0) : undefined;
}

double spearman(std::span<const double> x, std::span<const double> y) {
  if (!comparable(x, y)) return undefined;
  return pearson(average_ranks(x), average_ranks(y));
}

double cosine(std::span<const double> x, std::span<const double> y) {
  check_sizes(x.size(), y.size());
  double xy = 0, xx = 0, yy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xy += x[i] * y[i];
    xx += x[i] * x[i];
    yy += y[i] * y[i];
  }
  return xx > 0 && yy > 0 ? std::clamp(xy / (std::sqrt(xx) * std::sqrt(yy)), -1.0, 1.0) : undefined;
}

}  // namespace telltale
