// Integrated Gradients between any two ends, for the methods that are made of it. For core only (torch).
#pragma once
#include "attribution/gradient_rows.hpp"

namespace telltale {

/// Calls `consume` for every point with its integrand, one number for each of the T ids of its item. The T numbers sum to
/// dF/dα, so that their integral over α sums to F(x) − F(b): the search by tolerance relies on that.
using RowsOf = std::function<void(MethodJob& job, const std::vector<Ends>& ends, std::vector<Point> points,
                                  const Consume& consume)>;
/// Σ_d ∂F/∂x_{t,d} (x − b)_{t,d}: plain Integrated Gradients.
void gradient_times_difference(MethodJob& job, const std::vector<Ends>& ends, std::vector<Point> points,
                               const Consume& consume);

/// Fills scores, value, baseline_value, delta, relative_delta, steps and converged of every explanation from the
/// integral between its ends, with the nodes or the tolerance of the job's options.
void integrate_between(MethodJob& job, const std::vector<Ends>& ends, const RowsOf& rows = gradient_times_difference);

/// The same from the baseline of the job's options; Baseline::noise: the mean over its draws, with standard errors.
void integrate_from_baseline(MethodJob& job, const MethodInfo& method, const RowsOf& rows = gradient_times_difference);

}  // namespace telltale
