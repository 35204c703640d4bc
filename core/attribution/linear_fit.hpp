// Weighted least squares over coalitions, in double, on the host: what KernelSHAP and LIME end in. No torch.
#pragma once
#include <cstdint>
#include <functional>
#include <vector>

namespace telltale {

/// Rows of a linear fit: which of n columns are 1 (coalitions), a value and a weight ≥ 0 each.
struct FitRows {
  std::size_t columns = 0;
  std::vector<const std::uint8_t*> row;  ///< [columns] each, entries 0 or 1; owned by the caller
  std::vector<double> value, weight;
};

struct Fit {
  std::vector<double> coefficients;
  double intercept = 0;
  bool determined = true;  ///< false: the rows leave some direction open; of all solutions the one of (nearly) the least norm is given
};

/// Minimises Σ w (y − zᵀφ)² subject to Σφ = total (KernelSHAP: Lundberg & Lee 2017, theorem 2; the constraint is held exactly).
Fit constrained_fit(const FitRows& rows, double total);
/// Minimises Σ w (y − b − zᵀβ)² + ridge · ‖β‖², the intercept b not penalised (scikit-learn's Ridge with sample weights). ridge ≥ 0.
Fit ridge_fit(const FitRows& rows, double ridge);

/// Do the rows say something of every column, and tell any two apart? Without a ridge this is what makes a fit determined; with one the ridge hides it.
bool spans_columns(const FitRows& rows);

/// LIME's weight of a text with `present` of its n words: sqrt(exp(−D²/width²)), D = 1 − sqrt(present/n), the cosine distance to the whole text.
double lime_kernel(std::size_t present, std::size_t n, double width);

/// Standard errors of the coefficients by the jackknife that leaves out a group of rows at a time (Kott 2001): sqrt((G−1)/G Σ_g (β_g − β̄)²).
/// block: one a row: what was drawn together, −1 = not drawn, in every fit. Blocks are dealt into at most `groups` groups. In a fit without a group the
/// other drawn rows grow in weight so that the weight of the drawn rows stays the same. Fewer than two blocks: NaN.
std::vector<double> jackknife_errors(const FitRows& rows, const std::vector<int>& block, const std::function<Fit(const FitRows&)>& fit, int groups = 20);

}  // namespace telltale
