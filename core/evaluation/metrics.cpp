#include "evaluation/metrics.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace telltale {

std::size_t TopK::of(std::size_t n) const {
  if (n == 0) return 0;
  // 0.1 · 30 may come out a hair above 3: without the slack it would be rounded up to 4.
  const double k = share ? std::ceil(value * static_cast<double>(n) - 1e-9) : value;
  return std::min(n, static_cast<std::size_t>(std::max(1.0, k)));
}

TopK parse_top_k(const std::string& text) {
  const auto bad = [&] { return std::invalid_argument("k: expected a count (10) or a share of the words (20%), got '" + text + "'"); };
  std::size_t used = 0;
  TopK k;
  try {
    k.value = std::stod(text, &used);
  } catch (const std::exception&) {
    throw bad();
  }
  k.share = used + 1 == text.size() && text[used] == '%';
  if (!k.share && used != text.size()) throw bad();
  if (k.share) {
    k.value /= 100;
    if (!(k.value > 0 && k.value <= 1)) throw bad();
  } else if (!(k.value >= 1 && k.value <= 1e6) || k.value != std::floor(k.value)) {
    throw bad();
  }
  return k;
}

std::string to_string(const TopK& k) {
  const double shown = k.share ? k.value * 100 : k.value;
  std::string text = std::abs(shown - std::round(shown)) < 1e-9 ? std::to_string(std::llround(shown)) : std::to_string(shown);
  return k.share ? text + "%" : text;
}

const std::vector<MetricInfo>& metrics() {
  static const std::vector<MetricInfo> table = {
      {"comprehensiveness", "Comprehensiveness", "faithfulness", "high", "F(x) − F(x∖K)", "DeYoung et al. 2020", "post", "forward passes", true, true},
      {"sufficiency", "Sufficiency", "faithfulness", "low", "F(x) − F(K alone)", "DeYoung et al. 2020", "post", "forward passes", true, true},
      {"aopc-comprehensiveness", "AOPC comprehensiveness", "faithfulness", "high", "mean of F(x) − F(x∖K) over k = 10, 20, …, 100 % (bins selectable)", "ferret (Attanasio et al. 2023); DeYoung et al. 2020", "post", "forward passes", false, true},
      {"aopc-sufficiency", "AOPC sufficiency", "faithfulness", "low", "mean of F(x) − F(K alone) over k = 10, 20, …, 100 % (bins selectable)", "ferret (Attanasio et al. 2023); DeYoung et al. 2020", "post", "forward passes", false, true},
      {"log-odds", "Log-odds", "faithfulness", "low", "log p_c(x∖K) − log p_c(x)", "Shrikumar et al. 2017; DIG (Sanyal & Ren 2021)", "post", "forward passes", true, true},
      {"deletion-auc", "Deletion AUC", "faithfulness", "low", "area under p_c while words go one by one in the order of A, abscissa 0..1, trapezoid", "Petsiuk et al. 2018", "post", "forward passes", false, true},
      {"insertion-auc", "Insertion AUC", "faithfulness", "high", "area under p_c while words come one by one in the order of A, abscissa 0..1, trapezoid", "Petsiuk et al. 2018", "post", "forward passes", false, true},
      {"tau-loo", "Kendall τ with leave-one-out", "faithfulness", "high", "Kendall τ-b of A with the drops F(x) − F(x∖{t}); by the absolute sign rule, of their sizes", "Jain & Wallace 2019; ferret", "post", "forward passes", false, true},
      {"infidelity", "Infidelity", "faithfulness", "low", "E_I[(Σ_{t∈I} A_t − (F(x) − F(x−I)))²], I = 64 random subsets, each word in with probability ½, replaced by the baseline", "Yeh et al. 2019", "post", "forward passes", false, false},
      {"robust-fidelity", "Robust fidelity Δ", "faithfulness", "high", "E[F(x) − F(x without a share α₁ of K)] − E[F(x) − F(K with a share α₂ of the rest)], α₁ = 0.1, α₂ = 0.9, 16 draws of each word by itself", "Zheng et al. 2024", "post", "forward passes", true, true},
      {"monotonicity", "Monotonicity", "faithfulness", "high", "Spearman of |A_t| with E[(F(x) − F(x with t resampled))²], 16 resamplings from the training posts' words of as many pieces", "Nguyen & Martínez 2020", "post", "training posts, forward passes", false, false},
      {"non-sensitivity", "Non-sensitivity", "faithfulness", "low", "|{t : |A_t| < τ max|A|} Δ {t : E-change of t < τ of the largest}| / n, τ = 0.01, 16 resamplings", "Nguyen & Martínez 2020", "post", "training posts, forward passes", false, false},
      {"effective-complexity", "Effective complexity", "faithfulness", "low", "least k such that E[(F(x) − F(x, all but the top k words resampled))²] < 0.01 F(x)², over n, 16 resamplings", "Nguyen & Martínez 2020", "post", "training posts, forward passes", false, false},
      {"roar", "Remove and retrain", "faithfulness", "low", "accuracy after retraining with the top-k share of each post's words removed, training and test posts alike, against random removal", "Hooker et al. 2019", "retraining", "runs without the words", true, false},
      {"completeness-delta", "Completeness delta", "faithfulness", "low", "|Σ A − (F(x) − F(b))| / max(0.001, |F(x) − F(b)|)", "Sundararajan et al. 2017", "post", "", false, false},
      {"local-lipschitz", "Local Lipschitz", "stability", "low", "max_j ‖A(x) − A(x_j)‖₂ / ‖e − e_j‖₂ over 10 draws, each piece's embedding moved in a ball of half the table's median nearest distance", "Alvarez-Melis & Jaakkola 2018", "post", "explanations near by", false, false},
      {"max-sensitivity", "Max-sensitivity", "stability", "low", "max_j ‖A(x) − A(x_j)‖₂ / ‖A(x)‖₂ over the same draws", "Yeh et al. 2019", "post", "explanations near by", false, false},
      {"consistency", "Consistency over seeds", "stability", "high", "mean cosine of the explanations of a post by models of different seeds, over the pairs of models", "Ding & Koehn 2021", "post", "runs of other seeds", false, false},
      {"consistency-jaccard@k", "Consistency of the top k", "stability", "high", "mean |K₁∩K₂| / |K₁∪K₂| over the pairs of models of different seeds", "Ding & Koehn 2021", "post", "runs of other seeds", true, false},
      {"auprc", "Area under precision–recall", "plausibility", "high", "average precision, without interpolation, of A against the marked words; equal scores share a threshold; by the absolute sign rule, of |A|", "DeYoung et al. 2020", "post", "marked words", false, false},
      {"token-f1", "Token F1", "plausibility", "high", "F1 of K against the marked words, k = average number of marked words of the posts, rounded up, or given", "DeYoung et al. 2020", "post", "marked words", true, false},
      {"iou-f1", "IOU F1", "plausibility", "high", "F1 of runs of words of K against runs of marked words; a match has intersection over union ≥ 0.5; k as token-f1", "DeYoung et al. 2020", "post", "marked words", true, false},
      {"gold-recall@k", "Gold recall at k", "plausibility", "high", "share of the marked words among the top k", "Pruthi et al. 2020", "post", "marked words", true, false},
      {"entropy", "Entropy", "shape", "", "entropy of |A|/Σ|A| over log n: 0 = one word, 1 = even", "Shannon 1948", "post", "", false, false},
      {"gini", "Gini index", "shape", "", "Gini index of |A|: 0 = even, (n−1)/n = one word", "Hurley & Rickard 2009", "post", "", false, false},
      {"mass@k", "Mass at k", "shape", "", "share of |A| on the words of K", "", "post", "", true, false},
      {"overlap@k", "Overlap at k", "contrastivity", "low", "|K_a ∩ K_b| / k, K_c = the k words of class c with the largest total positive score, each post's scaled to sum 1, words of fewer than 2 posts out", "Telltale", "class-pair", "", true, false},
      {"weighted-overlap", "Weighted overlap", "contrastivity", "low", "Σ_w min(s_a(w), s_b(w)), s_c(w) = share of class c's positive score on word w; 0..1", "Telltale", "class-pair", "", false, false},
      {"specificity", "Specificity", "contrastivity", "high", "mean over a post's words, weighted by positive score, of max(P(a|w), P(b|w)), from document counts of the training split, add-one", "Telltale", "class-pair", "training posts", false, false},
      {"telling-share@k", "Telling share at k", "contrastivity", "high", "share of a post's top k words with specificity(w) ≥ 0.8", "Telltale", "class-pair", "training posts", true, false},
      {"class-cosine", "Class cosine", "contrastivity", "low", "per post, cos(A(x, a), A(x, b)) over positive parts", "Telltale", "class-pair", "every class explained", false, false},
  };
  return table;
}

namespace {

std::string base_id(const std::string& id) {
  const auto at = id.find('@');
  return at == std::string::npos ? id : id.substr(0, at) + "@k";
}

}  // namespace

const MetricInfo& metric_info(const std::string& id) {
  const std::string base = base_id(id);
  for (const auto& m : metrics())
    if (m.id == base) {
      k_in(id);
      return m;
    }
  std::string known;
  for (const auto& m : metrics()) known += (known.empty() ? "" : ", ") + m.id;
  throw std::invalid_argument("unknown metric '" + id + "': expected one of " + known);
}

std::optional<TopK> k_in(const std::string& id) {
  const auto at = id.find('@');
  if (at == std::string::npos || id.substr(at + 1) == "k") return std::nullopt;
  return parse_top_k(id.substr(at + 1));
}

}  // namespace telltale
