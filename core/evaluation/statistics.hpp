// Intervals and tests behind every figure that is compared (METRICS.md, "Intervals and comparisons"). Torch-free; values in, values out.
#pragma once
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <vector>

namespace telltale {

inline constexpr double undefined = std::numeric_limits<double>::quiet_NaN();

/// A figure with its 95 % interval. NaN = not defined.
struct Interval {
  /// none: fewer than two observations, or no value. constant: every resample gives the value. percentile: the fallback where
  /// BCa's correction is not defined (all resamples on one side of the value, or no post changes the figure). centred: the percentiles, moved so that
  /// the resamples' median is the value: where the resamples are off by more than they spread, and no other interval holds the value. student: over seeds.
  enum class Kind { none, constant, percentile, bca, centred, student };
  double value = undefined, low = undefined, high = undefined;
  Kind kind = Kind::none;
};
const char* name_of(Interval::Kind);

/// An interval that holds zero, or that is not there, is no clear difference.
bool clear_difference(const Interval& difference);
/// "no clear difference", "better" or "worse"; `low_is_better` says which way is which.
std::string verdict(const Interval& difference, bool low_is_better);

struct BootstrapOptions {
  int resamples = 2000;
  std::uint64_t seed = 0;
  double level = 0.95;
};

/// How often each post is drawn in one resample; its sum is the number of posts (of each stratum).
using Weights = std::span<const std::uint32_t>;

/// Figures of a weighted sample: writes one number for each figure; NaN where the sample does not define it.
/// Called from several threads at once when `bootstrap` is given more than one.
using Figures = std::function<void(Weights weights, std::span<double> figures)>;

/// BCa bootstrap (Efron 1987) of many figures over the same resamples, so that differences of two figures are paired.
/// `strata`: a group number ≥ 0 for each post; posts are drawn with replacement within their group (empty = one group).
/// Acceleration by the jackknife, in its form for several samples (Davison & Hinkley 1997, eq. 5.30); bias correction counts ties half;
/// quantiles by linear interpolation. `count` figures; resample r is drawn from a stream of its own of (seed, r), so the result
/// does not depend on the number of threads. `stopped`, if given, is asked between resamples; throws Cancelled.
std::vector<Interval> bootstrap(std::size_t posts, const std::vector<int>& strata, std::size_t count, const Figures& figures,
                                const BootstrapOptions& options = {}, int threads = 1, const std::function<bool()>& stopped = {});

/// Mean over posts with its BCa interval. NaN entries (posts that do not define the metric) are left out; `n` = those that do.
Interval mean_interval(std::span<const double> values, const BootstrapOptions& options = {});
/// Mean of b − a over posts (paired); posts where either is NaN are left out.
Interval paired_difference(std::span<const double> a, std::span<const double> b, const BootstrapOptions& options = {});
/// Mean ± t(level, n−1) · s/√n, of one figure a seed. One seed: no interval.
Interval student_interval(std::span<const double> values, double level = 0.95);

/// The posts that two classifiers get right, and the exact two-sided McNemar test (binomial with ½ on the discordant posts).
struct McNemar {
  std::int64_t both = 0, only_a = 0, only_b = 0, neither = 0;
  double p = 1;  ///< 1 when no post is discordant
};
McNemar mcnemar(const std::vector<bool>& right_a, const std::vector<bool>& right_b);

// Rank and linear correlation; NaN for fewer than two values, a NaN among them, or when one side is constant; std::invalid_argument for unequal sizes.
double kendall_tau_b(std::span<const double> x, std::span<const double> y);  ///< Knight 1966, O(n log n), ties corrected
double spearman(std::span<const double> x, std::span<const double> y);       ///< Pearson of average ranks
double pearson(std::span<const double> x, std::span<const double> y);
double cosine(std::span<const double> x, std::span<const double> y);         ///< NaN when a vector is zero

/// Quantile of sorted values by linear interpolation between order statistics (type 7); NaN when empty.
double quantile(std::span<const double> sorted, double probability);

}  // namespace telltale
