// METRICS.md, "Agreement of two explanations": do two attributors say the same of a post? Torch-free; scores in,
// figures out.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "evaluation/metrics.hpp"

namespace telltale {

struct AgreementInfo {
  std::string id, name, definition, source;
  double low = -1;  ///< range low … 1; 1 = they agree
  bool uses_k = false;
};
/// kendall, spearman, pearson, cosine; feature-, rank-, sign- and signed-rank-agreement@k, rank-correlation@k (Krishna
/// et al. 2022).
const std::vector<AgreementInfo>& agreements();
const AgreementInfo& agreement_info(const std::string& id);  ///< std::invalid_argument listing the ids

/// a, b: one score a word (or piece) of the same post. K = the k highest-scored, ties by position. Divided by |K|; NaN
/// where the measure is not defined (no words, one side constant for a correlation, a zero vector for cosine). Throws
/// std::invalid_argument for unequal sizes.
double agreement(const std::string& id, std::span<const double> a, std::span<const double> b, const TopK& k);

}  // namespace telltale
