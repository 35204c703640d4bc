// Integrated Gradients between any two ends, for the methods that are made of it. For core only (torch).
#pragma once
#include "attribution/gradient_rows.hpp"

namespace telltale {

/// Fills scores, value, baseline_value, delta, relative_delta, steps and converged of every explanation from the
/// integral between its ends, with the nodes or the tolerance of the job's options.
void integrate_between(MethodJob& job, const std::vector<Ends>& ends);

}  // namespace telltale
