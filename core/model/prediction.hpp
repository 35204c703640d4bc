#pragma once
#include <vector>

namespace telltale {

struct Prediction {
  std::vector<double> logits, probabilities;  ///< [C]
  int predicted = 0;                          ///< first of the largest
};

}  // namespace telltale
