// What is measured on a validation split.
#pragma once
#include <vector>

#include "base/json.hpp"
#include "model/prediction.hpp"

namespace telltale {

/// {"n", "accuracy", "macro_f1", "nll", "ece"}. Macro-F1 over the classes that occur as gold or predicted (scikit-learn's f1_score); NLL in
/// nats, from the logits; expected calibration error of 15 equal bins (Guo et al. 2017). Null for no posts.
Json classification_metrics(const std::vector<Prediction>& predictions, const std::vector<int>& gold, int classes);

}  // namespace telltale
