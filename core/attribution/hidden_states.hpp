// Hidden states of many texts, one vector a text and layer: what linear probes read. No torch type shows here.
#pragma once
#include <stop_token>
#include <string>
#include <vector>

#include "model/classifier.hpp"

namespace telltale {

enum class Pool { cls, mean };  ///< the state of [CLS], or the mean over all ids of the text, the specials included
const char* name_of(Pool);
Pool parse_pool(const std::string&);  ///< std::invalid_argument listing the names

/// Of n texts by a model of L layers and d hidden dimensions.
struct LayerStates {
  std::size_t width = 0;                   ///< d
  std::vector<std::vector<float>> states;  ///< [L+1] of n·d, texts in the order given; 0: output of the embedding block
  /// [L+1] of n: what the logit lens answers (attribution/logit_lens.hpp); empty for an encoder without a head.
  std::vector<std::vector<int>> predicted;
};

/// Takes (L + 1)·n·d·4 bytes. Throws std::invalid_argument (a text with more ids than positions), std::runtime_error (a
/// state that is not finite), Cancelled.
LayerStates layer_states(const Classifier& model, const std::vector<Encoding>& texts, Pool pool,
                         std::stop_token stop = {}, const ProgressFn& progress = {});

}  // namespace telltale
