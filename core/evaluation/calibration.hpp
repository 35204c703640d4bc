// How well a classifier classifies, and whether its probabilities mean what they say.
#pragma once
#include <cstdint>
#include <vector>

#include "evaluation/statistics.hpp"
#include "model/prediction.hpp"

namespace telltale {

struct ClassFigures {
  double precision = undefined, recall = undefined, f1 = 0;  ///< precision undefined where nothing is predicted, recall where no post is gold
  std::int64_t support = 0;
};
/// Confidence bin (lower, upper], the first one closed at 0.
struct ConfidenceBin {
  double lower = 0, upper = 0;
  std::int64_t count = 0;
  double confidence = undefined, accuracy = undefined;  ///< means over the bin
};
struct Calibration {
  std::int64_t posts = 0;
  double accuracy = undefined;
  double macro_f1 = undefined;  ///< mean F1 over the classes that occur as gold or predicted (scikit-learn's f1_score, average="macro")
  double nll = undefined;       ///< mean −ln p(gold), natural log, computed from the logits
  double ece = undefined;       ///< expected calibration error, 15 equal bins of the predicted class's probability (Guo et al. 2017)
  std::vector<ConfidenceBin> bins;
  std::vector<ClassFigures> classes;
  std::vector<std::vector<std::int64_t>> confusion;  ///< [gold][predicted]
};

/// Throws std::invalid_argument for unequal sizes or labels out of range. No post: figures undefined.
Calibration calibration(const std::vector<Prediction>& predictions, const std::vector<int>& gold, int classes, int bins = 15);

/// Macro-F1 of a weighted sample of (gold, predicted), for the bootstrap.
double macro_f1(const std::vector<int>& gold, const std::vector<int>& predicted, int classes, Weights weights);

}  // namespace telltale
