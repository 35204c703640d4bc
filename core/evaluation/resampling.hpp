// METRICS.md, measures of Nguyen & Martínez 2020: what F does when words are replaced by others of the data. Torch-free; changes in, figures out.
#pragma once
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "base/random.hpp"
#include "text/tokenizer.hpp"

namespace telltale {

/// How often each word of the training posts occurs, by its number of pieces.
class Unigrams {
 public:
  /// Counts the words of one post; with `pieces`, every piece that is not special by itself instead.
  void add(const Encoding& post, const SpecialIds& specials, bool pieces);
  /// Ids of a word of so many pieces, drawn in proportion to its count. Where no training word has that many, pieces drawn one by one from words of one piece.
  /// Throws std::invalid_argument when nothing was counted.
  std::vector<std::int32_t> draw(std::size_t pieces, Rng& rng) const;
  std::int64_t words() const { return total_; }

 private:
  struct Bag {
    std::map<std::vector<std::int32_t>, std::int64_t> counts;
    mutable std::vector<std::pair<std::int64_t, const std::vector<std::int32_t>*>> cumulative;  ///< made at the first draw
  };
  static const std::vector<std::int32_t>& draw_from(const Bag& bag, Rng& rng);
  std::map<std::size_t, Bag> bags_;  ///< by number of pieces
  std::int64_t total_ = 0;
};

/// Spearman correlation of |A_t| with the expected squared change of F when t is resampled. NaN for fewer than two words or one side constant.
double monotonicity(std::span<const double> scores, std::span<const double> changes);
/// |{t : |A_t| < τ max|A|} Δ {t : change_t < τ max change}| / n. All scores zero: all words are in the first set; likewise the second. NaN without words.
double non_sensitivity(std::span<const double> scores, std::span<const double> changes, double tau);
/// changes[k] = expected squared change of F when all words but the k first-ranked are resampled, k = 0 … n. Least k with changes[k] < allowed, over n;
/// changes[n] counts as 0. NaN without words.
double effective_complexity(std::span<const double> changes, double allowed);

}  // namespace telltale
