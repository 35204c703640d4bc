// The class that an explanation of a difference compares with, where nobody named one.
#pragma once
#include <span>

namespace telltale {

/// The class of the largest logit beside `but`, the first of equals; −1 where there is no other. logits: [C].
inline int best_other_class(std::span<const double> logits, int but) {
  int best = -1;
  for (int c = 0; c < static_cast<int>(logits.size()); ++c)
    if (c != but && (best < 0 || logits[static_cast<std::size_t>(c)] > logits[static_cast<std::size_t>(best)])) best = c;
  return best;
}

}  // namespace telltale
