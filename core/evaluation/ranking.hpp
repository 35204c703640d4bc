// How sure the order of methods is: which is best, which cannot be told from it, and how often the order of two stays
// when posts are drawn anew.
#pragma once
#include <vector>

#include "evaluation/statistics.hpp"

namespace telltale {

enum class Standing {
  plain,
  best,
  tied
};  ///< tied: no clear difference to the method with the best mean (which is tied too)

/// values[method][post], NaN where not defined. The method with the best mean is `best` if its paired difference to
/// every other is clear (95 %, BCa, over at least eight posts: resamples of fewer say nothing of posts that were not
/// drawn); else it and those without a clear difference to it are `tied`. All plain where
/// fewer than two methods have values, or where nobody can be told from the best.
std::vector<Standing> standings(const std::vector<std::vector<double>>& values, bool low_is_better,
                                const BootstrapOptions& options = {});
/// The same from intervals alone, where there are no values to pair: a difference counts as clear when the intervals do
/// not meet.
std::vector<Standing> standings(const std::vector<Interval>& intervals, bool low_is_better);

/// stays[i][j]: share of bootstrap resamples of the posts (those where both have a value) in which the means of i and j
/// stand in the order of the whole sample; 1 on the diagonal, NaN without two common posts or with equal means. Every
/// pair of methods sees the same resamples.
std::vector<std::vector<double>> order_stability(const std::vector<std::vector<double>>& values,
                                                 const BootstrapOptions& options = {});

/// Difference of the means of two groups of posts (b − a), with a percentile bootstrap interval: posts are drawn anew
/// within each group.
Interval group_difference(std::span<const double> a, std::span<const double> b, const BootstrapOptions& options = {});

}  // namespace telltale
