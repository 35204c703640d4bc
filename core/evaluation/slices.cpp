#include "evaluation/slices.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <stdexcept>

#include "base/random.hpp"
#include "evaluation/ranking.hpp"

namespace telltale {
namespace {

constexpr std::size_t most_slices = 20, most_numbers = 6;
constexpr std::uint64_t slices_stream = 23;

/// Three slices of as many posts each, as far as equal values allow.
std::vector<Slice> thirds(const std::vector<std::pair<double, std::size_t>>& by_value, const char* const (&names)[3]) {
  std::vector<std::pair<double, std::size_t>> sorted = by_value;
  std::sort(sorted.begin(), sorted.end());
  std::vector<Slice> out;
  std::size_t third = 0;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    if (i == 0 || sorted[i].first != sorted[i - 1].first) third = i * 3 / sorted.size();
    if (out.empty() || out.back().name != names[third]) out.push_back({names[third], {}});
    out.back().posts.push_back(sorted[i].second);
  }
  for (Slice& s : out) std::sort(s.posts.begin(), s.posts.end());
  return out;
}

std::string shown(const Json& v) { return v.is_null() ? "(none)" : v.is_string() ? v.get<std::string>() : v.dump(); }

std::vector<Slice> by_column(const std::string& column, const std::vector<SlicedPost>& posts) {
  std::map<std::string, std::vector<std::size_t>> by_value;
  std::vector<std::pair<double, std::size_t>> numbers;
  std::set<double> different;
  std::set<std::string> known;
  bool there = false;
  for (std::size_t i = 0; i < posts.size(); ++i) {
    for (const auto& [name, v] : posts[i].columns) known.insert(name);
    const auto at = posts[i].columns.find(column);
    there = there || at != posts[i].columns.end();
    const Json value = at == posts[i].columns.end() ? Json() : at->second;
    if (value.is_number()) numbers.emplace_back(value.get<double>(), i), different.insert(value.get<double>());
    by_value[shown(value)].push_back(i);
  }
  if (!there) {
    std::string names = "class, right, length";
    for (const auto& k : known) names += ", " + k;
    throw std::invalid_argument("slices: no post has a column '" + column + "': expected one of " + names);
  }
  if (different.size() > most_numbers) return thirds(numbers, {"low third", "middle third", "high third"});
  if (by_value.size() > most_slices) throw std::invalid_argument("slices: column '" + column + "' has " + std::to_string(by_value.size()) + " different values: expected at most " + std::to_string(most_slices));
  std::vector<Slice> out;
  for (auto& [name, members] : by_value) out.push_back({name, std::move(members)});
  return out;
}

std::vector<double> values_of(const Slice& slice, std::span<const double> values) {
  std::vector<double> out;
  for (const std::size_t i : slice.posts)
    if (!std::isnan(values[i])) out.push_back(values[i]);
  return out;
}

double average(std::span<const double> values) { return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size()); }

}  // namespace

Slicing slicing(const std::string& by, const std::vector<SlicedPost>& posts, const std::vector<std::string>& classes) {
  Slicing out{by, {}};
  std::vector<Slice> slices;
  if (by == "class") {
    for (const auto& name : classes) slices.push_back({name, {}});
    for (std::size_t i = 0; i < posts.size(); ++i)
      if (posts[i].label >= 0 && static_cast<std::size_t>(posts[i].label) < classes.size()) slices[static_cast<std::size_t>(posts[i].label)].posts.push_back(i);
  } else if (by == "right") {
    slices = {{"right", {}}, {"wrong", {}}};
    for (std::size_t i = 0; i < posts.size(); ++i)
      if (posts[i].label >= 0 && posts[i].predicted >= 0) slices[posts[i].label == posts[i].predicted ? 0 : 1].posts.push_back(i);
  } else if (by == "length") {
    std::vector<std::pair<double, std::size_t>> lengths;
    for (std::size_t i = 0; i < posts.size(); ++i) lengths.emplace_back(static_cast<double>(posts[i].bytes), i);
    slices = thirds(lengths, {"short third", "middle third", "long third"});
  } else {
    slices = by_column(by, posts);
  }
  for (Slice& s : slices)
    if (!s.posts.empty()) out.slices.push_back(std::move(s));
  return out;
}

double gap_p(const std::vector<std::vector<double>>& groups, const BootstrapOptions& options) {
  std::vector<double> all;
  std::vector<std::size_t> sizes;
  for (const auto& g : groups) {
    std::size_t n = 0;
    for (const double v : g)
      if (!std::isnan(v)) all.push_back(v), ++n;
    if (n > 0) sizes.push_back(n);
  }
  if (sizes.size() < 2) return undefined;
  const auto largest_gap = [&] {
    double low = INFINITY, high = -INFINITY;
    std::size_t at = 0;
    for (const std::size_t n : sizes) {
      const double mean = average(std::span(all).subspan(at, n));
      low = std::min(low, mean), high = std::max(high, mean);
      at += n;
    }
    return high - low;
  };
  const double observed = largest_gap(), slack = 1e-12 * (std::abs(observed) + 1);
  int as_large = 1;
  for (int r = 0; r < options.resamples; ++r) {
    Rng rng(mix_seed(options.seed, static_cast<std::uint64_t>(r), slices_stream));
    rng.shuffle(all);
    as_large += largest_gap() >= observed - slack;
  }
  return static_cast<double>(as_large) / (options.resamples + 1);
}

Json slice_figures(const Slicing& slicing, std::span<const double> values, const BootstrapOptions& options) {
  Json out = {{"by", slicing.by}, {"slices", Json::array()}};
  std::vector<std::vector<double>> groups;
  std::size_t low = 0, high = 0;
  std::vector<std::string> names;
  for (const Slice& s : slicing.slices) {
    const auto of = values_of(s, values);
    const Interval i = mean_interval(of, options);
    out["slices"].push_back({{"name", s.name}, {"n", of.size()}, {"mean", finite_or_null(i.value)}, {"low", finite_or_null(i.low)}, {"high", finite_or_null(i.high)}, {"kind", name_of(i.kind)}});
    if (of.empty()) continue;
    groups.push_back(of);
    names.push_back(s.name);
    if (average(groups.back()) < average(groups[low])) low = groups.size() - 1;
    if (average(groups.back()) > average(groups[high])) high = groups.size() - 1;
  }
  if (groups.size() < 2 || low == high) return out;
  const Interval gap = group_difference(groups[low], groups[high], options);
  const double p = gap_p(groups, options);
  out["gap"] = {{"high", names[high]}, {"low", names[low]}, {"value", finite_or_null(gap.value)}, {"low_end", finite_or_null(gap.low)}, {"high_end", finite_or_null(gap.high)}, {"p", finite_or_null(p)}, {"clear", clear_difference(gap) && p < 0.05}};
  return out;
}

}  // namespace telltale
