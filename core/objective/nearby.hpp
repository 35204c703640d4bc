// Explanations of a text whose word embeddings are moved a little: what measures of stability compare. No torch type shows here.
#pragma once
#include <cstdint>
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

/// Draws for every piece of the vocabulary that occurs in the text (specials, [UNK] and [MASK] stay) a vector uniform in the ball, moves its embedding by it, explains,
/// and puts the embedding back: equal pieces of a text move alike, baselines stay. The item's target must be a class. The rows of the model's table are
/// changed in place meanwhile: nothing else may use the model until this returns (or throws; they are put back then too). Equal seeds, equal draws.
/// Throws std::invalid_argument (options, no target), and as explain().
std::vector<NearbyExplanation> explain_nearby(const Classifier& model, const ExplainItem& item, const ExplainOptions& options, const NearbyOptions& nearby, std::stop_token stop = {});

/// Median distance of a word embedding to its nearest other: the unit that radii are given in (METHOD.md). Throws Cancelled.
double word_embedding_unit(const Classifier& model, std::stop_token stop = {});

}  // namespace telltale
