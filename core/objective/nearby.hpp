// Explanations of a text whose word embeddings are moved a little: what measures of stability compare. No torch type shows here.
#pragma once
#include <cstdint>
#include <memory>
#include <stop_token>
#include <vector>

#include "attribution/explain.hpp"

namespace telltale {

struct NearbyOptions {
  int samples = 10;            ///< 1..10000
  double radius = 0.5;         ///< of the ball around each word's embedding, in the table's own length, above 0
  std::uint64_t seed = 0;
};

struct NearbyExplanation {
  Explanation explanation;     ///< of the item's class
  double distance = 0;         ///< ‖e − e_j‖₂ over all tokens of the text
};

/// Explains texts near by on a copy of the model (as much memory again): the model itself is not touched, and others may use it meanwhile. Not for two threads at once.
class NearbyExplainer {
 public:
  explicit NearbyExplainer(const Classifier& model);
  /// Draws for every piece of the vocabulary that occurs in the text (specials, [UNK] and [MASK] stay) a vector uniform in the ball, moves its embedding by it, explains,
  /// and puts the embedding back: equal pieces of a text move alike, baselines stay. The item's target must be a class. Equal seeds, equal draws.
  /// Throws std::invalid_argument (options, no target), and as telltale::explain().
  std::vector<NearbyExplanation> explain(const ExplainItem& item, const ExplainOptions& options, const NearbyOptions& nearby, std::stop_token stop = {}) const;

 private:
  std::shared_ptr<Classifier> own_;
};

/// The same for one text alone.
std::vector<NearbyExplanation> explain_nearby(const Classifier& model, const ExplainItem& item, const ExplainOptions& options, const NearbyOptions& nearby, std::stop_token stop = {});

/// Median distance of a word embedding to its nearest other: the unit that radii are given in (METHOD.md). Throws Cancelled.
double word_embedding_unit(const Classifier& model, std::stop_token stop = {});

}  // namespace telltale
