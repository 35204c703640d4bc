// Shares of right answers in two independent groups: intervals and the exact test. Torch-free; values in, values out.
#pragma once
#include <cstdint>
#include <span>

#include "evaluation/statistics.hpp"

namespace telltale {

/// right of n, with Wilson's score interval (Wilson 1927) at 95 %; n = 0: NaN.
struct Proportion {
  std::int64_t right = 0, n = 0;
  double value = undefined, low = undefined, high = undefined;
};
Proportion proportion(std::int64_t right, std::int64_t n);

/// a − b of two independent proportions, with the hybrid score interval at 95 % (Newcombe 1998, method 10): from the Wilson limits of the two,
/// (a − b) ∓ √((a − l_a)² + (u_b − b)²) below, √((u_a − a)² + (b − l_b)²) above. NaN when a group is empty.
struct ProportionDifference {
  double value = undefined, low = undefined, high = undefined;
  bool clear() const { return low > 0 || high < 0; }  ///< the interval does not hold zero
};
ProportionDifference difference_of(const Proportion& a, const Proportion& b);

/// Fisher's exact test of a 2 × 2 table, two-sided: the probability, given the margins, of all tables that are no likelier than this one. 1 for an empty margin.
/// std::invalid_argument for negative counts.
double fisher_exact(std::int64_t a, std::int64_t b, std::int64_t c, std::int64_t d);

/// median(a) − median(b) of two independent groups, with a BCa bootstrap interval, values drawn within each group. No interval where a group has fewer than two.
Interval median_difference(std::span<const double> a, std::span<const double> b, const BootstrapOptions& options = {});
double median(std::span<const double> values);  ///< NaN when empty

}  // namespace telltale
