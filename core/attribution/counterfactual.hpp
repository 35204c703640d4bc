// Counterfactual edits: the fewest words to swap so that the model answers another class.
//
// A greedy beam search. Each step takes the gradient of the margin z_new − z_old in the word embeddings (HotFlip: Ebrahimi et al. 2018), foretells for every
// word w and candidate v the rise (e_v − e_w)·g (a word of several pieces: its first gives way to v, the others go), tries the most promising by forward
// passes and keeps the best few. When the answer has turned, swaps that are not needed are taken back, and the edited text is read anew from its characters.
#pragma once
#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/progress.hpp"
#include "model/classifier.hpp"

namespace telltale {

struct CounterfactualOptions {
  int foil = -1;               ///< class to turn to; −1 = any other
  int swaps = 10;              ///< at most so many words, 1..1000
  int beam = 3;                ///< texts kept after each step, 1..64
  int tries = 32;              ///< forward passes for each kept text, 1..10000
  std::vector<std::string> candidates;  ///< words that may come in; empty = every word of letters that the vocabulary holds as one piece
  int max_length = 0;          ///< as Classifier::max_length()
};

struct WordSwap {
  Span span;                   ///< bytes of the original text
  std::string from, to;
};

struct Counterfactual {
  bool turned = false;         ///< the edited text, read anew, gets another class (the foil, where one is asked)
  std::vector<WordSwap> swaps; ///< in the order of the text; where nothing turned it, the best found
  std::string edited;          ///< the text with the swaps done
  Prediction before, after;
  int words = 0;               ///< of the text, as far as the model reads it
  double embedding_distance = 0;  ///< sqrt(Σ over swaps ‖mean embedding of the new pieces − of the old‖²)
  double embedding_norm = 0;   ///< mean norm of the text's word embeddings: what the distance is seen against
  double cls_cosine = 1;       ///< cosine of the final [CLS] states before and after
  int passes = 0;              ///< forward passes, gradients counted as three
  std::int64_t cut = -1;       ///< byte where the model stopped reading the original, −1 = nowhere
};

/// Throws std::invalid_argument (foil out of range or the predicted class itself, options out of range, a text without a word that may be swapped, no usable
/// candidate), std::runtime_error (text not UTF-8, model without a head), Cancelled.
Counterfactual counterfactual(const Classifier& model, std::string_view text, const CounterfactualOptions& options, std::stop_token stop = {}, const ProgressFn& progress = {});

}  // namespace telltale
