// Slices of the posts behind a figure: by class, by right or wrong, by length, by any column of the data; and whether they differ. Torch-free; values in, values out.
#pragma once
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "evaluation/statistics.hpp"

namespace telltale {

struct SlicedPost {
  int label = -1, predicted = -1;  ///< −1 = not known
  std::int64_t bytes = 0;          ///< length of the text
  std::map<std::string, Json> columns{};
};

struct Slice {
  std::string name;
  std::vector<std::size_t> posts;  ///< indices, rising
};
/// The posts once over; slices without a post are left out, and posts that the slicing does not know of (no class, say) are in none.
struct Slicing {
  std::string by;
  std::vector<Slice> slices;
};

/// by: "class", "right" (right and wrong), "length" (thirds, by bytes), or the name of a column. A column of more than six different numbers is cut in thirds (equal
/// values stay together); of other values each is a slice, "(none)" where it is missing. Throws std::invalid_argument: a column that no post has (those there are are
/// listed), or one of more than 20 values.
Slicing slicing(const std::string& by, const std::vector<SlicedPost>& posts, const std::vector<std::string>& classes);

/// Two-sided p of "the slices are drawn from one population", by permutation: the share of reassignments of the posts to slices of these sizes whose largest gap
/// between two means is at least the observed one, the observed one counted (Phipson & Smyth 2010). It allows for the gap being the largest of many. NaN entries are
/// left out; NaN for fewer than two slices with values.
double gap_p(const std::vector<std::vector<double>>& groups, const BootstrapOptions& options);

/// {"by", "slices": [{"name", "n", "mean", "low", "high", "kind"}], "gap": {"high": name, "low": name, "value", "low_end", "high_end", "p", "clear"}}: of the largest gap between two means, with its
/// bootstrap interval (each slice resampled by itself). clear: the interval is clear of zero and p < 0.05. No gap where fewer than two slices have a value.
Json slice_figures(const Slicing& slicing, std::span<const double> values, const BootstrapOptions& options);

}  // namespace telltale
