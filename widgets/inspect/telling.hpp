// Which words tell two classes apart, counted in the training posts (METRICS.md: telling from specificity 0.8, shared from s 0.7).
#pragma once
#include <memory>
#include <stop_token>
#include <string_view>

#include "base/progress.hpp"
#include "evaluation/words.hpp"
#include "store/store.hpp"

namespace telltale::ui {

struct WordCounts {
  Vocabulary vocabulary;
  DocumentCounts counts;
};
using CountsPtr = std::shared_ptr<const WordCounts>;

/// Reads every training post once. Throws Cancelled.
CountsPtr count_words(Store& store, const DatasetInfo& dataset, const Tokenizer& tokenizer, std::stop_token stop, const ProgressFn& progress);

struct Telling {
  enum class Kind : char { unknown, telling, shared, neither } kind = Kind::unknown;
  int label = -1;             ///< the class of the pair it speaks for more
  double probability = 0;     ///< P(label | word), ½ … 1, of the pair
  std::int64_t posts = 0;     ///< training posts of the two classes that hold it
};
/// Of a word of a post, for the pair (a, b). Unknown without counts, or for a word that no training post of the pair holds.
Telling telling_of(const WordCounts* counts, std::string_view word, int a, int b);

}  // namespace telltale::ui
