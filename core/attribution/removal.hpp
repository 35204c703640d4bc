// METRICS.md, "Removal rules": what is left of a text when some of its pieces are hidden.
#pragma once
#include <vector>

#include "attribution/explanation.hpp"
#include "model/classifier.hpp"

namespace telltale {

/// The input with the pieces at `hidden` positions (of ids; specials in it are ignored) removed by `rule`.
/// `baseline` is what rule `baseline` puts there. When nothing is left, rule `remove` gives [CLS] [SEP].
ModelInput without(const Encoding& text, const std::vector<int>& hidden, Removal rule, const SpecialIds& specials, Baseline baseline = Baseline::pad);

/// Positions of the pieces of the given words.
std::vector<int> pieces_of(const Encoding& text, const std::vector<int>& words);

}  // namespace telltale
