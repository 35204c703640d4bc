// What a measure may ask of a model, without knowing what a model is: predictions, and texts with some pieces hidden.
#pragma once
#include <functional>
#include <vector>

#include "attribution/explanation.hpp"
#include "model/classifier.hpp"

namespace telltale {

struct Probe {
  /// Predictions of all inputs, in order. May throw Cancelled.
  std::function<std::vector<Prediction>(const std::vector<ModelInput>&)> predict;
  /// The input that is left when the pieces at `hidden` (rising positions of ids, no specials) are hidden by a rule.
  std::function<ModelInput(const Encoding&, const std::vector<int>& hidden, Removal)> remove;
};

/// The explained output F (METHOD.md) of a prediction. `foil` is used by Output::difference only.
double output_of(const Prediction& prediction, Output output, int target, int foil = -1);
/// ln p_c from the logits.
double log_probability(const Prediction& prediction, int target);

}  // namespace telltale
