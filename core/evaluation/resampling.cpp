#include "evaluation/resampling.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "evaluation/statistics.hpp"

namespace telltale {

void Unigrams::add(const Encoding& post, const SpecialIds& specials, bool pieces) {
  const auto count = [&](std::vector<std::int32_t> ids) {
    Bag& bag = bags_[ids.size()];
    ++bag.counts[std::move(ids)];
    bag.cumulative.clear();
    ++total_;
  };
  if (pieces) {
    for (const std::int32_t id : post.ids)
      if (!specials.special(id)) count({id});
    return;
  }
  // The last word of a cut post may have lost pieces: left out.
  const std::size_t whole = post.words.size() - (post.cut >= 0 && !post.words.empty() ? 1 : 0);
  for (std::size_t w = 0; w < whole; ++w) count({post.ids.begin() + post.words[w].first, post.ids.begin() + post.words[w].last});
}

const std::vector<std::int32_t>& Unigrams::draw_from(const Bag& bag, Rng& rng) {
  if (bag.cumulative.empty()) {
    std::int64_t sum = 0;
    for (const auto& [ids, n] : bag.counts) bag.cumulative.emplace_back(sum += n, &ids);
  }
  const auto at = static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(bag.cumulative.back().first)));
  return *std::upper_bound(bag.cumulative.begin(), bag.cumulative.end(), at, [](std::int64_t v, const auto& entry) { return v < entry.first; })->second;
}

std::vector<std::int32_t> Unigrams::draw(std::size_t pieces, Rng& rng) const {
  if (total_ == 0) throw std::invalid_argument("words to resample from: the training posts hold none");
  if (const auto bag = bags_.find(pieces); bag != bags_.end()) return draw_from(bag->second, rng);
  const Bag& singles = bags_.begin()->second;  // words of the fewest pieces: one, in any data
  std::vector<std::int32_t> ids;
  while (ids.size() < pieces) {
    const auto& some = draw_from(singles, rng);
    ids.insert(ids.end(), some.begin(), some.begin() + static_cast<std::ptrdiff_t>(std::min(some.size(), pieces - ids.size())));
  }
  return ids;
}

double monotonicity(std::span<const double> scores, std::span<const double> changes) {
  std::vector<double> sizes;
  for (const double s : scores) sizes.push_back(std::abs(s));
  return spearman(sizes, changes);
}

double non_sensitivity(std::span<const double> scores, std::span<const double> changes, double tau) {
  if (scores.size() != changes.size()) throw std::invalid_argument("changes: expected one per score, " + std::to_string(scores.size()) + ", got " + std::to_string(changes.size()));
  if (scores.empty()) return undefined;
  double largest_score = 0, largest_change = 0;
  for (const double s : scores) largest_score = std::max(largest_score, std::abs(s));
  for (const double c : changes) largest_change = std::max(largest_change, c);
  const auto small = [&](double v, double largest) { return !(largest > 0) || v < tau * largest; };
  std::size_t apart = 0;
  for (std::size_t t = 0; t < scores.size(); ++t) apart += small(std::abs(scores[t]), largest_score) != small(changes[t], largest_change);
  return static_cast<double>(apart) / static_cast<double>(scores.size());
}

double effective_complexity(std::span<const double> changes, double allowed) {
  if (changes.size() < 2) return undefined;
  const std::size_t n = changes.size() - 1;
  std::size_t k = 0;
  while (k < n && !(changes[k] < allowed)) ++k;
  return static_cast<double>(k) / static_cast<double>(n);
}

}  // namespace telltale
