// METRICS.md, "Stability": how far an explanation moves when the text hardly does, or when the model was trained with another seed. Torch-free.
#pragma once
#include <span>
#include <vector>

namespace telltale {

/// The same method's scores of a text near by.
struct NearScores {
  std::vector<double> scores;  ///< one a part
  double distance = 0;         ///< ‖e − e_j‖₂ over all tokens, in the table's own length
};

/// max_j ‖A(x) − A(x_j)‖₂ / ‖e − e_j‖₂ (Alvarez-Melis & Jaakkola 2018). NaN without parts or neighbours at a distance above 0.
double local_lipschitz(std::span<const double> scores, const std::vector<NearScores>& near);
/// max_j ‖A(x) − A(x_j)‖₂ / ‖A(x)‖₂ (Yeh et al. 2019). NaN without neighbours or where A(x) is zero.
double max_sensitivity(std::span<const double> scores, const std::vector<NearScores>& near);

/// Mean over all pairs of models, this one and its peers, of the cosine of their scores (Ding & Koehn 2021). A pair with a zero vector is left out; NaN
/// where none is left. Throws std::invalid_argument for unequal numbers of scores.
double consistency(std::span<const double> scores, const std::vector<std::vector<double>>& peers);
/// Mean over the pairs of |K₁∩K₂| / |K₁∪K₂|, K = the k highest-scored (by size if `absolute`), ties by position. NaN without parts or peers.
double consistency_jaccard(std::span<const double> scores, const std::vector<std::vector<double>>& peers, std::size_t k, bool absolute = false);

}  // namespace telltale
