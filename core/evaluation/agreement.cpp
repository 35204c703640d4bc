#include "evaluation/agreement.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "evaluation/contrastivity.hpp"
#include "evaluation/statistics.hpp"

namespace telltale {

const std::vector<AgreementInfo>& agreements() {
  static const std::vector<AgreementInfo> table = {
      {"kendall", "Kendall τ", "Kendall's τ-b of the two rows of scores", "Kendall 1945; Neely et al. 2021", -1, false},
      {"spearman", "Spearman ρ", "Pearson correlation of the average ranks", "Spearman 1904", -1, false},
      {"pearson", "Pearson r", "linear correlation of the scores", "", -1, false},
      {"cosine", "Cosine", "cosine of the two rows of scores", "", -1, false},
      {"feature-agreement@k", "Feature agreement at k", "|K₁ ∩ K₂| / k: words that both have among their k highest",
       "Krishna et al. 2022", 0, true},
      {"rank-agreement@k", "Rank agreement at k", "share of the k ranks that hold the same word in both",
       "Krishna et al. 2022", 0, true},
      {"sign-agreement@k", "Sign agreement at k",
       "words among the k highest of both, with scores of the same sign, over k", "Krishna et al. 2022", 0, true},
      {"signed-rank-agreement@k", "Signed rank agreement at k",
       "share of the k ranks that hold the same word with the same sign in both", "Krishna et al. 2022", 0, true},
      {"rank-correlation@k", "Rank correlation at k", "Spearman's ρ over the words that either has among its k highest",
       "Krishna et al. 2022", -1, true},
  };
  return table;
}

namespace {

const AgreementInfo* listed(const std::string& id) {
  const std::string base = id.substr(0, id.find('@'));
  for (const auto& m : agreements())
    if (m.id == id || (m.uses_k && m.id == base + "@k")) return &m;
  return nullptr;
}

std::vector<double> sizes_of(std::span<const double> scores) {
  std::vector<double> out(scores.begin(), scores.end());
  for (double& v : out) v = std::abs(v);
  return out;
}

}  // namespace

bool is_agreement(const std::string& id) { return listed(id) != nullptr; }

const AgreementInfo& agreement_info(const std::string& id) {
  if (const AgreementInfo* row = listed(id)) {
    k_in(id);
    return *row;
  }
  std::string known;
  for (const auto& m : agreements()) known += (known.empty() ? "" : ", ") + m.id;
  throw std::invalid_argument("unknown agreement '" + id + "': expected one of " + known);
}

double agreement(const std::string& asked, std::span<const double> a, std::span<const double> b, const TopK& share,
                 bool absolute) {
  const std::string& id = agreement_info(asked).id;
  if (a.size() != b.size())
    throw std::invalid_argument("agreement: expected as many scores on both sides, got " + std::to_string(a.size()) +
                                " and " + std::to_string(b.size()));
  if (id == "pearson") return pearson(a, b);
  if (id == "cosine") return cosine(a, b);
  const std::vector<double> keys_a = absolute ? sizes_of(a) : std::vector<double>(a.begin(), a.end()),
                            keys_b = absolute ? sizes_of(b) : std::vector<double>(b.begin(), b.end());
  if (id == "kendall") return kendall_tau_b(keys_a, keys_b);
  if (id == "spearman") return spearman(keys_a, keys_b);
  const std::size_t k = k_in(asked).value_or(share).of(a.size());
  if (k == 0) return undefined;
  const auto x = top_positions(keys_a, k), y = top_positions(keys_b, k);
  if (id == "rank-correlation@k") {
    std::vector<int> both = x;
    for (const int p : y)
      if (std::find(x.begin(), x.end(), p) == x.end()) both.push_back(p);
    std::vector<double> of_a, of_b;
    for (const int p : both)
      of_a.push_back(keys_a[static_cast<std::size_t>(p)]), of_b.push_back(keys_b[static_cast<std::size_t>(p)]);
    return spearman(of_a, of_b);
  }
  const auto same_sign = [&](int p) {
    return (a[static_cast<std::size_t>(p)] > 0) == (b[static_cast<std::size_t>(p)] > 0) &&
           (a[static_cast<std::size_t>(p)] < 0) == (b[static_cast<std::size_t>(p)] < 0);
  };
  const bool ranked = id == "rank-agreement@k" || id == "signed-rank-agreement@k",
             signs = id == "sign-agreement@k" || id == "signed-rank-agreement@k";
  std::size_t hits = 0;
  for (std::size_t i = 0; i < k; ++i) {
    const bool there = ranked ? x[i] == y[i] : std::find(y.begin(), y.end(), x[i]) != y.end();
    hits += there && (!signs || same_sign(x[i]));
  }
  return static_cast<double>(hits) / static_cast<double>(k);
}

}  // namespace telltale
