// The table of terms: the form, `--set`, the charts and the tests read it.
#include <cmath>
#include <limits>

#include "objective/objective.hpp"

namespace telltale {

const std::vector<TermInfo>& terms() {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  static const std::vector<TermInfo> table = {
      {"class", "Class", "CE(z, y)", "cross-entropy", "weight.class", 0, infinity, &ObjectiveOptions::weight_class},
      {"attribution", "Attribution triplet", "mean max(0, d(A, A′) − d(A, A″) + α)", "Scharwächter 2024", "weight.attribution", 0, infinity, &ObjectiveOptions::weight_attribution},
      {"cls", "[CLS] triplet", "mean max(0, d(r, r′) − d(r, r″) + α)", "Scharwächter 2024", "weight.cls", 0, infinity, &ObjectiveOptions::weight_cls},
      {"positive", "Positive", "mean JSD(p ‖ p′)", "Scharwächter 2024; Lin 1991", "weight.positive", 0, std::log(2.0), &ObjectiveOptions::weight_positive},
      {"negative", "Negative", "mean JSD(p″ ‖ U_y), or 1 − H(p″)/ln C, or max(0, m + z″_y − max z″_c)", "Scharwächter 2024", "weight.negative", 0, infinity, &ObjectiveOptions::weight_negative},
      {"overlap", "Overlap penalty", "mean Σ_t a_t M[r,w_t] / (M[y,w_t] + M[r,w_t] + 1e−4)", "METHOD, terms on words", "weight.overlap", 0, 1, &ObjectiveOptions::weight_overlap},
      {"prior", "Shared-word prior", "mean Σ_t |A_t| s(w_t) / (Σ|A| + 1e−6)", "METHOD, terms on words; Ross et al. 2017", "weight.prior", 0, 1, &ObjectiveOptions::weight_prior},
  };
  return table;
}

}  // namespace telltale
