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
  std::string needs;         ///< "gradients", "gradients at words", "forward passes", "attention", "gradients of the attention"
  std::string cost;          ///< in forward (F) and backward (B) passes: "m (F + B)"
  bool complete = false;     ///< scores sum to F(x) − F(b)
  bool deterministic = true;
  bool uses_layer = false, uses_head = false;   ///< of the attention; conductance: the state that a layer reads
  bool uses_aggregation = false;                ///< of pieces to words, where sums are not the only sensible way
  bool uses_baseline = false;                   ///< a path from a baseline, whatever its quadrature
  bool uses_noise = false, uses_neighbours = false, uses_references = false;
  int draws = 0;                                ///< drawn when the options name no number; 0 = draws nothing
  int own_steps = 0;                            ///< steps taken when the options name none; 0 = none, or a search by tolerance
  bool uses_steps = false, uses_removal = false, uses_samples = false, has_unit = false;
  bool uses_window = false;  ///< may hide several neighbouring words at once
  bool uses_kernel = false;  ///< kernel width and ridge
  Removal removal = Removal::pad;  ///< the default of a method that uses a removal rule
  bool dummy = false;        ///< a word whose hiding never changes F gets 0 (sampled: with all coalitions; else within its error)
  bool symmetric = false;    ///< words that can be exchanged in every coalition get equal scores (likewise)
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
