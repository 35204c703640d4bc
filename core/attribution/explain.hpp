// The one way to explain: validates, runs the method of the table, sums words.
#pragma once
#include <stop_token>
#include <string>
#include <vector>

#include "attribution/explanation.hpp"
#include "base/json.hpp"
#include "model/classifier.hpp"

namespace telltale {

/// One row of the table of methods; `telltale methods`, --help, combo boxes, documents and parametrised tests read it.
struct MethodInfo {
  std::string id, name, source;
  std::string needs;         ///< "gradients", "forward passes"
  std::string cost;          ///< in forward (F) and backward (B) passes: "m (F + B)"
  bool complete = false;     ///< scores sum to F(x) − F(b)
  bool deterministic = true;
  bool uses_steps = false, uses_removal = false, uses_samples = false, has_unit = false;
};
const std::vector<MethodInfo>& methods();
const MethodInfo& method_info(const std::string& id);  ///< std::invalid_argument listing the ids

/// Explains every item, in order. Texts are packed by length; a score does not depend on what else is in the batch.
/// Throws std::invalid_argument (unknown method, steps < 1, target or foil out of range, foil = target, NaN tolerance …), Cancelled.
std::vector<Explanation> explain(const Classifier& model, const std::vector<ExplainItem>& items, const ExplainOptions& options,
                                 std::stop_token stop = {}, const ProgressFn& progress = {});

/// The protocol as stored and compared: method, output, path, quadrature, steps or tolerance, baseline, unit, removal, samples, seed, only what the
/// method uses; and the precision, as a bf16 score is not an fp32 score.
Json protocol_of(const ExplainOptions& options);

}  // namespace telltale
