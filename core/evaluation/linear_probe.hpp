// A linear probe: how much of a label can be read off vectors by a linear classifier, and how much of that any labels
// would give. Torch-free; values in, values out.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "evaluation/statistics.hpp"

namespace telltale {

struct ProbeOptions {
  std::optional<double> l2;  ///< penalty of the fit; nothing: the one of 1e-3, 1e-2, 1e-1, 1 with the least mean −ln p on a fifth of each class of the training rows
  int controls = 5;          ///< fits to permuted labels, 0 … 1000
  std::uint64_t seed = 0;    ///< of that fifth, of the permutations, of the bootstrap
  int resamples = 2000;
};

/// Vectors of one width, row by row, with the class of each.
struct ProbeRows {
  std::span<const float> values;  ///< [n · width]
  std::span<const int> labels;    ///< [n], 0 … classes − 1
};

struct ProbeResult {
  Interval accuracy;             ///< on the test rows, BCa bootstrap over them
  double train_accuracy = undefined;
  Interval control;              ///< accuracy on the test rows after fits to permuted training labels: mean over the permutations, Student's interval
  double control_train = undefined;  ///< what these fits reach on their own rows: how much the probe can learn by heart
  double selectivity = undefined;    ///< accuracy − control
  double l2 = 0;
  bool converged = true;         ///< of the fit to the true labels
  std::size_t constant = 0;      ///< columns that do not vary over the training rows, left out
};

/// Fewest training rows of a class: one for the fifth that chooses the penalty, and some to fit.
inline constexpr std::size_t least_of_class = 5;

/// Multinomial logistic regression (softmax_regression.hpp) on columns standardised by mean and deviation of the training
/// rows, fitted to all of them, judged on the test rows. The control follows Hewitt & Liang 2019 ("Designing and
/// Interpreting Probes with Control Tasks") in what it is for, not to the letter: they give each word type a random
/// label, posts have no types, so the labels of the training posts are permuted among them. A probe is to be believed as
/// far as it beats its control (selectivity); a control that is high on its own training rows says that the probe could
/// have learnt these rows by heart, not that it did.
/// Throws std::invalid_argument for sizes that do not fit, fewer than two classes, a class with fewer than
/// `least_of_class` training rows, or no test row. `stopped`, if given, is asked throughout; throws Cancelled.
ProbeResult linear_probe(const ProbeRows& train, const ProbeRows& test, std::size_t width, std::size_t classes,
                         const ProbeOptions& options = {}, const std::function<bool()>& stopped = {});

}  // namespace telltale
