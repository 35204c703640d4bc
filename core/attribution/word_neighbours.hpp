// Nearest words of a vocabulary by exact search, and the words that a path from a word to a baseline visits. For core
// only (torch).
#pragma once
#include <ATen/ATen.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "model/classifier_impl.hpp"

namespace telltale {

/// How the next word of a path is chosen among the neighbours: least distance to its own monotone form, or most
/// monotone dimensions (Sanyal & Ren 2021, eq. 6, 7).
enum class NextWord { greedy, max_count };

/// The vocabulary of one model as points. Lists of neighbours are kept, so each word costs one product over the table
/// once. Safe to use from several threads.
class WordNeighbours {
 public:
  explicit WordNeighbours(const Classifier::Impl& model);
  /// The one of a model, made at the first call and kept while the process explains few other models.
  static std::shared_ptr<WordNeighbours> of(const Classifier::Impl& model);

  std::int64_t vocabulary() const { return vocabulary_; }
  const float* row(std::int32_t id) const { return table_.data_ptr<float>() + id * width_; }

  /// DIG: the words visited from `word` to `baseline`, `steps` of them after the word itself (steps + 1 ids); each is
  /// chosen among the `k` nearest of the last. `words` of one call share products. The baseline and words visited
  /// before are passed over; where none is left, the rest is the baseline.
  std::vector<std::vector<std::int32_t>> anchored(
      const std::vector<std::pair<std::int32_t, std::int32_t>>& word_and_baseline, int steps, int k, NextWord rule);
  /// UDIG: the same, but the s-th word is chosen among the `k` nearest of a point on the straight line, (steps + 1 −
  /// s)/(steps + 1) of the way from baseline to word.
  std::vector<std::vector<std::int32_t>> uniform(
      const std::vector<std::pair<std::int32_t, std::int32_t>>& word_and_baseline, int steps, int k, NextWord rule);

  /// The monotone path along visited words, from the baseline to the word: [steps + 2, d]. A dimension of a word that
  /// does not lie between the baseline and the point before takes that point, one steps-th of the way to the baseline.
  at::Tensor path(const std::vector<std::int32_t>& visited, std::int32_t baseline, int steps) const;

 private:
  std::vector<std::int32_t> nearest(const std::vector<float>& distance, int k, std::int32_t without) const;
  void fill(std::vector<std::int32_t> ids, int k);
  std::int32_t choose(std::int32_t last, std::int32_t baseline, int steps, NextWord rule,
                      const std::vector<std::int32_t>& among, const std::vector<std::int32_t>& visited) const;

  std::int64_t vocabulary_, width_;
  at::Tensor table_, squares_;  ///< [V,d], [V] float on the host
  std::mutex lock_;
  std::map<std::pair<std::int32_t, int>, std::vector<std::int32_t>> known_;
};

}  // namespace telltale
