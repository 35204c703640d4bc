// Multinomial logistic regression in double: what a linear probe fits. Torch-free; values in, values out.
#pragma once
#include <cstddef>
#include <functional>
#include <span>
#include <vector>

namespace telltale {

struct SoftmaxModel {
  std::size_t columns = 0, classes = 0;
  std::vector<double> weight;  ///< [columns][classes]
  std::vector<double> bias;    ///< [classes]
  int iterations = 0;
  bool converged = false;      ///< the largest entry of the gradient fell under 1e-5
};

struct SoftmaxFit {
  double l2 = 0.01;          ///< ≥ 0; without it separable rows have no minimum, and the fit ends at most_iterations
  int most_iterations = 500;
  std::function<bool()> stopped{};  ///< asked in every iteration, if given; Cancelled is thrown
};

/// Minimises (1/n) Σ_i −ln softmax(x_i W + b)_{y_i} + (l2/2) ‖W‖², the bias not penalised, by L-BFGS (Nocedal & Wright 2006,
/// algorithm 7.5, ten pairs, backtracking). x [n·columns] row by row, y [n] classes 0 … classes − 1. Begins at `start`
/// (null: at zero). The same numbers give the same model, bit for bit. Throws std::invalid_argument for sizes or labels
/// that do not fit, or no rows.
SoftmaxModel fit_softmax(std::span<const double> x, std::size_t columns, std::span<const int> y, std::size_t classes,
                         const SoftmaxFit& options = {}, const SoftmaxModel* start = nullptr);

/// The first of the likeliest classes of every row.
std::vector<int> classify(const SoftmaxModel& model, std::span<const double> x);
/// Mean of −ln p of the labels.
double mean_surprise(const SoftmaxModel& model, std::span<const double> x, std::span<const int> y);

}  // namespace telltale
