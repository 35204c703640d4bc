#include "evaluation/calibration.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

namespace telltale {
namespace {

double log_sum_exp(const std::vector<double>& z) {
  const double largest = *std::max_element(z.begin(), z.end());
  double sum = 0;
  for (const double v : z) sum += std::exp(v - largest);
  return largest + std::log(sum);
}

/// F1 = 2 TP / (2 TP + FP + FN); 0 when the class has posts but none is found.
double f1(double hit, double gold, double predicted) { return gold + predicted > 0 ? 2 * hit / (gold + predicted) : undefined; }

}  // namespace

double macro_f1(const std::vector<int>& gold, const std::vector<int>& predicted, int classes, Weights weights) {
  std::vector<double> hits(static_cast<std::size_t>(classes), 0), of_gold = hits, of_predicted = hits;
  for (std::size_t i = 0; i < gold.size(); ++i) {
    of_gold[static_cast<std::size_t>(gold[i])] += weights[i];
    of_predicted[static_cast<std::size_t>(predicted[i])] += weights[i];
    if (gold[i] == predicted[i]) hits[static_cast<std::size_t>(gold[i])] += weights[i];
  }
  double sum = 0, n = 0;
  for (std::size_t c = 0; c < hits.size(); ++c)
    if (const double value = f1(hits[c], of_gold[c], of_predicted[c]); !std::isnan(value)) {
      sum += value;
      ++n;
    }
  return n > 0 ? sum / n : undefined;
}

Calibration calibration(const std::vector<Prediction>& predictions, const std::vector<int>& gold, int classes, int bins) {
  if (predictions.size() != gold.size()) throw std::invalid_argument("predictions: expected one per post, " + std::to_string(gold.size()) + ", got " + std::to_string(predictions.size()));
  if (classes < 1 || bins < 1) throw std::invalid_argument("calibration: expected at least one class and one bin");
  Calibration result;
  const auto c_count = static_cast<std::size_t>(classes);
  result.posts = static_cast<std::int64_t>(gold.size());
  result.confusion.assign(c_count, std::vector<std::int64_t>(c_count, 0));
  result.classes.resize(c_count);
  std::vector<double> confidence(static_cast<std::size_t>(bins), 0), right(static_cast<std::size_t>(bins), 0);
  for (int b = 0; b < bins; ++b) result.bins.push_back({static_cast<double>(b) / bins, static_cast<double>(b + 1) / bins, 0, undefined, undefined});
  double hits = 0, loss = 0;
  std::vector<int> predicted;
  for (std::size_t i = 0; i < gold.size(); ++i) {
    const Prediction& p = predictions[i];
    if (gold[i] < 0 || gold[i] >= classes || p.predicted < 0 || p.predicted >= classes || p.logits.size() != c_count || p.probabilities.size() != c_count)
      throw std::invalid_argument("post " + std::to_string(i) + ": expected labels 0 to " + std::to_string(classes - 1) + " and as many logits, got label " + std::to_string(gold[i]) + ", prediction " +
                                  std::to_string(p.predicted) + " and " + std::to_string(p.logits.size()) + " logits");
    predicted.push_back(p.predicted);
    ++result.confusion[static_cast<std::size_t>(gold[i])][static_cast<std::size_t>(p.predicted)];
    const bool hit = p.predicted == gold[i];
    hits += hit;
    loss += log_sum_exp(p.logits) - p.logits[static_cast<std::size_t>(gold[i])];
    const double top = std::clamp(p.probabilities[static_cast<std::size_t>(p.predicted)], 0.0, 1.0);
    const auto bin = static_cast<std::size_t>(std::clamp(static_cast<int>(std::ceil(top * bins)) - 1, 0, bins - 1));
    ++result.bins[bin].count;
    confidence[bin] += top;
    right[bin] += hit;
  }
  for (std::size_t c = 0; c < c_count; ++c) {
    double of_predicted = 0;
    ClassFigures& figures = result.classes[c];
    for (std::size_t g = 0; g < c_count; ++g) {
      figures.support += result.confusion[c][g];
      of_predicted += static_cast<double>(result.confusion[g][c]);
    }
    const auto hit = static_cast<double>(result.confusion[c][c]);
    if (of_predicted > 0) figures.precision = hit / of_predicted;
    if (figures.support > 0) figures.recall = hit / static_cast<double>(figures.support);
    figures.f1 = f1(hit, static_cast<double>(figures.support), of_predicted);
  }
  if (gold.empty()) return result;
  const auto n = static_cast<double>(gold.size());
  result.accuracy = hits / n;
  result.nll = loss / n;
  result.macro_f1 = macro_f1(gold, predicted, classes, std::vector<std::uint32_t>(gold.size(), 1));
  result.ece = 0;
  for (std::size_t b = 0; b < result.bins.size(); ++b) {
    auto& bin = result.bins[b];
    if (bin.count == 0) continue;
    bin.confidence = confidence[b] / static_cast<double>(bin.count);
    bin.accuracy = right[b] / static_cast<double>(bin.count);
    result.ece += static_cast<double>(bin.count) / n * std::abs(bin.accuracy - bin.confidence);
  }
  return result;
}

}  // namespace telltale
