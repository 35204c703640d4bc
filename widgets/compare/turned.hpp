// A comparison document as seen from a chosen pair of its runs and a chosen method.
#pragma once
#include <string>
#include <vector>

#include "base/json.hpp"

namespace telltale::ui {

struct Turned {
  Json document;
  std::vector<int> order;  ///< order[k]: which run of the stored document stands at k now
};

/// Run `a` comes first, run `b` second, the others behind them; their contrast, b less a, leads, with its signs changed where the document
/// holds it the other way round; words lead with `method`. What the document lacks stays missing. `b` < 0, or a document that is none: unchanged
/// but for the method.
Turned turned(const Json& document, int a, int b, const std::string& method);

}  // namespace telltale::ui
