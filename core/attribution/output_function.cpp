#include "attribution/output_function.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <stdexcept>

namespace telltale {
namespace {

/// log Σ exp z_j over j ≠ skip (skip −1: all).
double log_sum(const double* z, int classes, int skip) {
  double top = -std::numeric_limits<double>::infinity(), sum = 0;
  for (int j = 0; j < classes; ++j)
    if (j != skip && z[j] > top) top = z[j];
  for (int j = 0; j < classes; ++j)
    if (j != skip) sum += std::exp(z[j] - top);
  return top + std::log(sum);
}

}  // namespace

void check_output(Output output, int classes) {
  if (classes < 2 && (output == Output::difference || output == Output::log_odds))
    throw std::invalid_argument(fmt::format("output {}: this model has {} class(es), and it needs another class to compare with", name_of(output), classes));
}

double output_value(Output output, const double* z, int classes, int target, int foil) {
  switch (output) {
    case Output::probability: return std::exp(z[target] - log_sum(z, classes, -1));
    case Output::logit: return z[target];
    case Output::log_odds: return z[target] - log_sum(z, classes, target);
    case Output::difference: return z[target] - z[foil];
  }
  return 0;
}

void output_gradient(Output output, const double* z, int classes, int target, int foil, double* g) {
  for (int j = 0; j < classes; ++j) g[j] = 0;
  switch (output) {
    case Output::probability: {
      const double all = log_sum(z, classes, -1), p = std::exp(z[target] - all);
      for (int j = 0; j < classes; ++j) g[j] = -p * std::exp(z[j] - all);
      // p(1 − p) as a sum over the others: no cancellation where p is near 1
      g[target] = p * std::exp(log_sum(z, classes, target) - all);
      break;
    }
    case Output::logit: g[target] = 1; break;
    case Output::log_odds: {
      const double others = log_sum(z, classes, target);
      for (int j = 0; j < classes; ++j) g[j] = j == target ? 1 : -std::exp(z[j] - others);
      break;
    }
    case Output::difference:
      g[target] += 1;
      g[foil] -= 1;
      break;
  }
}

}  // namespace telltale
