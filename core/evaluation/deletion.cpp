#include "evaluation/deletion.hpp"

#include <algorithm>
#include <stdexcept>

#include "evaluation/contrastivity.hpp"

namespace telltale {

double DeletionCurve::comprehensiveness(int k) const {
  return output_of(without.at(0), output, target, foil) - output_of(without.at(static_cast<std::size_t>(k)), output, target, foil);
}

double DeletionCurve::sufficiency(int k) const {
  return output_of(without.at(0), output, target, foil) - output_of(only.at(static_cast<std::size_t>(k)), output, target, foil);
}

double DeletionCurve::log_odds(int k) const { return log_probability(without.at(static_cast<std::size_t>(k)), target) - log_probability(without.at(0), target); }

DeletionCurve deletion_curve(const Probe& probe, const JudgedPost& post, const JudgedScores& scores, const JudgeOptions& options, std::size_t most) {
  const std::size_t n = post.parts.size(), last = std::min(most, n);
  if (scores.scores.size() != n) throw std::invalid_argument("scores: expected one per part, " + std::to_string(n) + ", got " + std::to_string(scores.scores.size()));
  DeletionCurve curve;
  curve.output = options.output;
  curve.target = scores.target;
  curve.foil = scores.foil;
  std::vector<double> keys = scores.scores;
  if (options.absolute)
    for (double& v : keys) v = std::abs(v);
  curve.order = top_positions(keys, n);
  const std::vector<int> drawn = top_positions(random_scores(n, options.seed, post.key), n);
  std::vector<ModelInput> inputs;
  const auto ask = [&](const std::vector<int>& order, std::size_t from, std::size_t to) {
    std::vector<int> positions;
    for (std::size_t i = from; i < to; ++i) {
      const auto& p = post.parts[static_cast<std::size_t>(order[i])].positions;
      positions.insert(positions.end(), p.begin(), p.end());
    }
    std::sort(positions.begin(), positions.end());
    // Nothing hidden: the same text under every rule.
    inputs.push_back(probe.remove(post.encoding, positions, positions.empty() ? Removal::remove : options.removal));
  };
  for (std::size_t k = 0; k <= last; ++k) ask(curve.order, 0, k);
  for (std::size_t k = 0; k <= last; ++k) ask(curve.order, k, n);
  for (std::size_t k = 0; k <= last; ++k) ask(drawn, 0, k);
  std::vector<Prediction> answers = probe.predict(inputs);
  if (answers.size() != inputs.size()) throw std::invalid_argument("predictions: expected " + std::to_string(inputs.size()) + ", got " + std::to_string(answers.size()));
  const auto part = [&](std::size_t i) { return std::vector<Prediction>(answers.begin() + static_cast<std::ptrdiff_t>(i * (last + 1)), answers.begin() + static_cast<std::ptrdiff_t>((i + 1) * (last + 1))); };
  curve.without = part(0);
  curve.only = part(1);
  curve.random = part(2);
  return curve;
}

}  // namespace telltale
