#include "evaluation/stability.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>
#include <stdexcept>
#include <string>

#include "evaluation/contrastivity.hpp"
#include "evaluation/statistics.hpp"

namespace telltale {
namespace {

void check(std::size_t n, std::size_t got, const char* what) {
  if (n != got) throw std::invalid_argument(std::string(what) + ": expected " + std::to_string(n) + " scores, got " + std::to_string(got));
}

double moved(std::span<const double> a, const std::vector<double>& b) {
  check(a.size(), b.size(), "scores of a text near by");
  double sum = 0;
  for (std::size_t t = 0; t < a.size(); ++t) sum += (a[t] - b[t]) * (a[t] - b[t]);
  return std::sqrt(sum);
}

using Scores = std::span<const double>;

/// Mean of `value` over all pairs; NaN values are left out.
double over_pairs(Scores scores, const std::vector<std::vector<double>>& peers, const std::function<double(Scores, Scores)>& value) {
  std::vector<Scores> all = {scores};
  for (const auto& p : peers) {
    check(scores.size(), p.size(), "scores of another seed");
    all.emplace_back(p);
  }
  double sum = 0;
  int n = 0;
  for (std::size_t i = 0; i < all.size(); ++i)
    for (std::size_t j = i + 1; j < all.size(); ++j)
      if (const double v = value(all[i], all[j]); !std::isnan(v)) sum += v, ++n;
  return n > 0 ? sum / n : undefined;
}

}  // namespace

double local_lipschitz(Scores scores, const std::vector<NearScores>& near) {
  double largest = undefined;
  if (scores.empty()) return largest;
  for (const auto& n : near)
    if (n.distance > 0) largest = std::fmax(largest, moved(scores, n.scores) / n.distance);
  return largest;
}

double max_sensitivity(Scores scores, const std::vector<NearScores>& near) {
  double largest = undefined, norm = 0;
  for (const double s : scores) norm += s * s;
  if (!(norm > 0)) return undefined;
  for (const auto& n : near) largest = std::fmax(largest, moved(scores, n.scores) / std::sqrt(norm));
  return largest;
}

double consistency(Scores scores, const std::vector<std::vector<double>>& peers) { return over_pairs(scores, peers, cosine); }

double consistency_jaccard(Scores scores, const std::vector<std::vector<double>>& peers, std::size_t k, bool absolute) {
  const auto top = [&](Scores s) {
    std::vector<double> keys(s.begin(), s.end());
    if (absolute)
      for (double& v : keys) v = std::abs(v);
    const auto order = top_positions(keys, std::min(k, keys.size()));
    return std::set<int>(order.begin(), order.end());
  };
  return over_pairs(scores, peers, [&](Scores a, Scores b) {
    if (a.empty() || k == 0) return undefined;
    const auto first = top(a), second = top(b);
    double common = 0;
    for (const int t : first) common += second.contains(t);
    return common / (static_cast<double>(first.size() + second.size()) - common);
  });
}

}  // namespace telltale
