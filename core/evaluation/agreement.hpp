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
/// Accepts an id of the table, "feature-agreement@10" or "feature-agreement" for "feature-agreement@k". Throws
/// std::invalid_argument listing the ids.
const AgreementInfo& agreement_info(const std::string& id);
bool is_agreement(const std::string& id);

/// a, b: one score a word (or piece) of the same post. K = the k highest-scored, ties by position. Divided by |K|; NaN
/// where the measure is not defined (no words, one side constant for a correlation, a zero vector for cosine). Throws
/// std::invalid_argument for unequal sizes. `k` holds where the id names none. `absolute`, the sign rule: words are
/// ordered, in K and in ranks, by |A|; signs, pearson and cosine are those of A all the same.
double agreement(const std::string& id, std::span<const double> a, std::span<const double> b, const TopK& k,
                 bool absolute = false);

}  // namespace telltale
