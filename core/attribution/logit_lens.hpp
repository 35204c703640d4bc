// What each layer would answer. No torch type shows here.
#pragma once
#include <stop_token>
#include <vector>

#include "model/classifier.hpp"

namespace telltale {

/// The logit lens (nostalgebraist 2020, "interpreting GPT: the logit lens") for a BERT classifier of L layers: the [CLS]
/// state of every layer goes through the pooler and the head as if it were the last one.
/// To be read with care: pooler and head were trained on the last state alone. A layer that the lens finds undecided or
/// wrong may well hold the class in other directions (a linear probe, evaluation/layer_probe.hpp, asks that), and state 0
/// of [CLS] is the same for every post of a model, since [CLS] and its place are.
struct LogitLens {
  std::vector<Prediction> layers;  ///< [L+1]; 0: the output of the embedding block, ℓ: of layer ℓ; the last is what predict() says, up to rounding
  /// [L+1][T] the same of every position, the two template specials included; empty unless asked for. Pooler and head
  /// were trained at [CLS] alone, so elsewhere they are used for what they never saw.
  std::vector<std::vector<Prediction>> positions;
  int settled = 0;  ///< the first layer from which on every layer answers what the last one does, 0 … L
};

/// One lens for each text, in order. Computed as predict() computes (fp32, bf16 or fp64). An empty text has [CLS] and
/// [SEP] to read. Throws std::runtime_error (an encoder without a head), std::invalid_argument (more ids than
/// positions), Cancelled.
std::vector<LogitLens> logit_lens(const Classifier& model, const std::vector<Encoding>& texts, bool positions = false,
                                  std::stop_token stop = {}, const ProgressFn& progress = {});

}  // namespace telltale
