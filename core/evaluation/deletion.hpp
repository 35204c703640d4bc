// What the deletion slider reads: one post without its k highest-scored words, with them alone, and without k words drawn at random, for every k at once.
#pragma once
#include <vector>

#include "evaluation/faithfulness.hpp"

namespace telltale {

/// k = 0 … size() − 1. The measures are those of METRICS.md at this k.
struct DeletionCurve {
  std::vector<int> order;                            ///< parts, highest score first
  std::vector<Prediction> without, only, random;     ///< [k]; random: the same number of words, drawn by the seed
  Output output = Output::probability;
  int target = 0, foil = -1;
  int size() const { return static_cast<int>(without.size()); }
  double comprehensiveness(int k) const;             ///< F(x) − F(x without the top k)
  double sufficiency(int k) const;                   ///< F(x) − F(the top k alone)
  double log_odds(int k) const;                      ///< ln p(x without the top k) − ln p(x)
};

/// At most `most` words; all inputs in one call of the probe. `post.key` and options.seed draw the random order. Throws as judge().
DeletionCurve deletion_curve(const Probe& probe, const JudgedPost& post, const JudgedScores& scores, const JudgeOptions& options, std::size_t most);

}  // namespace telltale
