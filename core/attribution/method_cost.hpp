// What an explanation will cost, before it is made: MethodInfo::cost with numbers put in. No torch.
#pragma once
#include <cstddef>

#include "attribution/explain.hpp"

namespace telltale {

/// Passes through the model for one text. A backward pass to the embeddings costs about as much as a forward one.
struct Passes {
  double forward = 0, backward = 0;
  double flows = 0;  ///< maximum flows through the attention graph: no pass, but they take their time
  double all() const { return forward + backward; }
};

struct TextSize {
  std::size_t words = 0, pieces = 0;  ///< pieces: specials left out
};

/// Reads `method.cost` ("m (F + B)") with m = nodes or steps, S = samples or draws, n = words or pieces by the unit, T = pieces: sums, products written
/// side by side, brackets and max(a, b). S is at most the number of coalitions. Nodes sought by tolerance are not known before: `nodes` stands for them.
/// A baseline of noise multiplies all of it by the draws. std::runtime_error: a cost that is not such a formula.
Passes passes_of(const MethodInfo& method, const ExplainOptions& options, const TextSize& text, double nodes = 24);

}  // namespace telltale
