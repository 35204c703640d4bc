// Where a model looks: attention probabilities of one text, over words, and their rollout. No torch type shows here.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "model/classifier.hpp"

namespace telltale {

/// a[layer][head][from][to] over `size` rows and columns: pieces, or words after over_words(). Every row of pieces sums to 1.
struct AttentionMaps {
  int layers = 0, heads = 0, size = 0;
  std::vector<float> values;
  std::span<const float> map(int layer, int head) const {  ///< [size × size], row by row
    const auto n = static_cast<std::size_t>(size) * static_cast<std::size_t>(size);
    return {values.data() + (static_cast<std::size_t>(layer) * static_cast<std::size_t>(heads) + static_cast<std::size_t>(head)) * n, n};
  }
};

/// The probabilities of every layer and head for one text, specials included: [layers, heads, T, T]. Throws as Classifier::predict().
AttentionMaps attention_of(const Classifier& model, const Encoding& text);

/// The mean over the heads of one layer, [T × T].
std::vector<double> mean_over_heads(const AttentionMaps& maps, int layer);

/// Attention rollout (Abnar & Zuidema 2020): for each layer ½(mean over heads + I), multiplied from the last layer to the first, [T × T].
std::vector<double> attention_rollout(const AttentionMaps& maps);

/// What stands for what in word-level maps, in the order of the text: whole words, and every special on its own.
struct AttentionUnits {
  std::vector<std::vector<int>> positions;  ///< of ids, rising
  std::vector<int> word;                    ///< index into Encoding::words, −1 for a special
};
AttentionUnits attention_units(const Encoding& text);

/// From a word: the mean over its pieces. To a word: the sum over its pieces. So a row still sums to 1 (Clark et al. 2019, section 4.1).
AttentionMaps over_words(const AttentionMaps& maps, const AttentionUnits& units);
std::vector<double> over_words(std::span<const double> map, int size, const AttentionUnits& units);

}  // namespace telltale
