#include "evaluation/probe.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

namespace telltale {
namespace {

double log_sum_exp(const std::vector<double>& z, int without) {
  double largest = -std::numeric_limits<double>::infinity(), sum = 0;
  for (std::size_t c = 0; c < z.size(); ++c)
    if (static_cast<int>(c) != without) largest = std::max(largest, z[c]);
  if (!(largest > -std::numeric_limits<double>::infinity())) return largest;
  for (std::size_t c = 0; c < z.size(); ++c)
    if (static_cast<int>(c) != without) sum += std::exp(z[c] - largest);
  return largest + std::log(sum);
}

double logit(const Prediction& p, int c, const char* what) {
  if (c < 0 || static_cast<std::size_t>(c) >= p.logits.size())
    throw std::invalid_argument(std::string(what) + ": expected a class 0 to " + std::to_string(p.logits.size()) + ", got " + std::to_string(c));
  return p.logits[static_cast<std::size_t>(c)];
}

}  // namespace

double log_probability(const Prediction& p, int target) { return logit(p, target, "target") - log_sum_exp(p.logits, -1); }

double output_of(const Prediction& p, Output output, int target, int foil) {
  const double z = logit(p, target, "target");
  switch (output) {
    case Output::probability: return std::exp(z - log_sum_exp(p.logits, -1));
    case Output::logit: return z;
    case Output::log_odds: return z - log_sum_exp(p.logits, target);
    case Output::difference: break;
  }
  return z - logit(p, foil, "foil");
}

}  // namespace telltale
