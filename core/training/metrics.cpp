#include "training/metrics.hpp"

#include <algorithm>
#include <cmath>

namespace telltale {

Json classification_metrics(const std::vector<Prediction>& predictions, const std::vector<int>& gold, int classes) {
  const std::size_t n = predictions.size();
  if (n == 0) return {{"n", 0}, {"accuracy", nullptr}, {"macro_f1", nullptr}, {"nll", nullptr}, {"ece", nullptr}};
  constexpr int bins = 15;
  const auto C = static_cast<std::size_t>(classes);
  std::vector<double> right(C), of_gold(C), of_predicted(C), count(bins), confidence(bins), hits(bins);
  double all_right = 0, nll = 0;
  for (std::size_t k = 0; k < n; ++k) {
    const Prediction& p = predictions[k];
    const auto y = static_cast<std::size_t>(gold[k]), guess = static_cast<std::size_t>(p.predicted);
    const double hit = y == guess ? 1 : 0, top = *std::max_element(p.logits.begin(), p.logits.end());
    double sum = 0;
    for (const double z : p.logits) sum += std::exp(z - top);
    nll += top + std::log(sum) - p.logits[y];
    all_right += hit;
    right[y] += hit;
    of_gold[y] += 1;
    of_predicted[guess] += 1;
    const double sure = p.probabilities[guess];
    const auto bin = static_cast<std::size_t>(std::clamp(static_cast<int>(std::ceil(sure * bins)) - 1, 0, bins - 1));
    count[bin] += 1;
    confidence[bin] += sure;
    hits[bin] += hit;
  }
  double f1 = 0, occurring = 0, ece = 0;
  for (std::size_t c = 0; c < C; ++c)
    if (of_gold[c] + of_predicted[c] > 0) {
      f1 += 2 * right[c] / (of_gold[c] + of_predicted[c]);
      occurring += 1;
    }
  for (std::size_t b = 0; b < bins; ++b) ece += std::abs(hits[b] - confidence[b]);
  const auto N = static_cast<double>(n);
  return {{"n", n}, {"accuracy", all_right / N}, {"macro_f1", f1 / occurring}, {"nll", nll / N}, {"ece", ece / N}};
}

}  // namespace telltale
