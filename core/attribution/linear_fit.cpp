#include "attribution/linear_fit.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace telltale {
namespace {

/// Lower triangle of Σ w z zᵀ, row by row; only present players of a row are visited.
std::vector<double> gram(const FitRows& rows) {
  const std::size_t n = rows.columns;
  std::vector<double> a(n * n, 0.0);
  std::vector<std::size_t> on;
  for (std::size_t r = 0; r < rows.row.size(); ++r) {
    on.clear();
    for (std::size_t i = 0; i < n; ++i)
      if (rows.row[r][i]) on.push_back(i);
    for (std::size_t i = 0; i < on.size(); ++i)
      for (std::size_t j = 0; j <= i; ++j) a[on[i] * n + on[j]] += rows.weight[r];
  }
  return a;
}

/// Cholesky factor of the symmetric A given by its lower triangle; false where a pivot is not clearly positive.
bool factorise(std::vector<double>& a, std::size_t n) {
  double largest = 0;
  for (std::size_t i = 0; i < n; ++i) largest = std::max(largest, a[i * n + i]);
  if (!(largest > 0)) return false;
  std::vector<double> column(n);
  for (std::size_t k = 0; k < n; ++k) {
    if (!(a[k * n + k] > 1e-12 * largest)) return false;
    const double pivot = std::sqrt(a[k * n + k]);
    a[k * n + k] = pivot;
    for (std::size_t i = k + 1; i < n; ++i) column[i] = a[i * n + k] /= pivot;
    for (std::size_t i = k + 1; i < n; ++i) {
      const double f = column[i];
      double* row = a.data() + i * n;
      for (std::size_t j = k + 1; j <= i; ++j) row[j] -= f * column[j];
    }
  }
  return true;
}

std::vector<double> solve(const std::vector<double>& l, std::size_t n, std::vector<double> b) {
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < i; ++j) b[i] -= l[i * n + j] * b[j];
    b[i] /= l[i * n + i];
  }
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t j = i + 1; j < n; ++j) b[i] -= l[j * n + i] * b[j];
    b[i] /= l[i * n + i];
  }
  return b;
}

/// The factor of A + ridge·I; where A is not of full rank a little more is added, so that the least-norm solution is (nearly) taken.
std::vector<double> factor_of(const std::vector<double>& a, std::size_t n, double ridge, bool& determined) {
  double largest = 0;
  for (std::size_t i = 0; i < n; ++i) largest = std::max(largest, a[i * n + i]);
  for (double extra = 0;; extra = extra == 0 ? 1e-9 * std::max(largest, 1e-200) : extra * 100) {
    if (!std::isfinite(extra)) throw std::runtime_error("a linear fit of the samples is not possible: their weights or values are not finite");
    std::vector<double> l = a;
    for (std::size_t i = 0; i < n; ++i) l[i * n + i] += ridge + extra;
    if (factorise(l, n)) {
      determined = extra == 0;
      return l;
    }
  }
}

/// Gram matrix of the columns less their weighted means, lower triangle.
std::vector<double> centred_gram(const FitRows& rows, const std::vector<double>& mean, double weight) {
  const std::size_t n = rows.columns;
  std::vector<double> a = gram(rows);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j <= i; ++j) a[i * n + j] -= weight * mean[i] * mean[j];
  return a;
}

}  // namespace

Fit constrained_fit(const FitRows& rows, double total) {
  const std::size_t n = rows.columns;
  Fit fit;
  std::vector<double> b(n, 0.0);
  for (std::size_t r = 0; r < rows.row.size(); ++r)
    for (std::size_t i = 0; i < n; ++i)
      if (rows.row[r][i]) b[i] += rows.weight[r] * rows.value[r];
  const std::vector<double> l = factor_of(gram(rows), n, 0, fit.determined);
  // Lagrange: φ = A⁻¹(b − λ·1), λ such that the scores sum to `total`.
  const std::vector<double> free = solve(l, n, b), ones = solve(l, n, std::vector<double>(n, 1.0));
  double sum = 0, slope = 0;
  for (std::size_t i = 0; i < n; ++i) sum += free[i], slope += ones[i];
  const double lambda = (sum - total) / slope;
  for (std::size_t i = 0; i < n; ++i) fit.coefficients.push_back(free[i] - lambda * ones[i]);
  return fit;
}

Fit ridge_fit(const FitRows& rows, double ridge) {
  const std::size_t n = rows.columns;
  Fit fit;
  double weight = 0, mean_y = 0;
  std::vector<double> mean(n, 0.0), b(n, 0.0);
  for (std::size_t r = 0; r < rows.row.size(); ++r) {
    weight += rows.weight[r];
    mean_y += rows.weight[r] * rows.value[r];
    for (std::size_t i = 0; i < n; ++i)
      if (rows.row[r][i]) mean[i] += rows.weight[r];
  }
  mean_y /= weight;
  for (double& m : mean) m /= weight;
  const std::vector<double> a = centred_gram(rows, mean, weight);
  for (std::size_t r = 0; r < rows.row.size(); ++r)
    for (std::size_t i = 0; i < n; ++i) b[i] += rows.weight[r] * (rows.row[r][i] - mean[i]) * (rows.value[r] - mean_y);
  fit.coefficients = solve(factor_of(a, n, ridge, fit.determined), n, b);
  fit.intercept = mean_y;
  for (std::size_t i = 0; i < n; ++i) fit.intercept -= mean[i] * fit.coefficients[i];
  return fit;
}

bool spans_columns(const FitRows& rows) {
  const std::size_t n = rows.columns;
  FitRows even = rows;  // weights say how much a row counts, not what it tells
  double count = 0;
  for (double& w : even.weight) w = w > 0, count += w;
  std::vector<double> mean(n, 0.0);
  for (std::size_t r = 0; r < rows.row.size(); ++r)
    for (std::size_t i = 0; i < n; ++i)
      if (rows.row[r][i] && even.weight[r] > 0) mean[i] += 1 / count;
  std::vector<double> a = centred_gram(even, mean, count);
  return factorise(a, n);
}

double lime_kernel(std::size_t present, std::size_t n, double width) {
  const double distance = 1 - std::sqrt(static_cast<double>(present) / static_cast<double>(n));
  return std::sqrt(std::exp(-distance * distance / (width * width)));
}

std::vector<double> jackknife_errors(const FitRows& rows, const std::vector<int>& block, const std::function<Fit(const FitRows&)>& fit, int groups) {
  const std::size_t n = rows.columns;
  int blocks = 0;
  double drawn = 0;
  for (std::size_t r = 0; r < block.size(); ++r)
    if (block[r] >= 0) blocks = std::max(blocks, block[r] + 1), drawn += rows.weight[r];
  if (blocks == 0) return std::vector<double>(n, 0.0);
  const int G = std::min(groups, blocks);
  if (G < 2) return std::vector<double>(n, std::numeric_limits<double>::quiet_NaN());
  std::vector<std::vector<double>> found;
  for (int g = 0; g < G; ++g) {
    FitRows some;
    some.columns = n;
    double left = 0;
    for (std::size_t r = 0; r < block.size(); ++r)
      if (block[r] >= 0 && block[r] % G != g) left += rows.weight[r];
    for (std::size_t r = 0; r < block.size(); ++r) {
      if (block[r] >= 0 && block[r] % G == g) continue;
      some.row.push_back(rows.row[r]);
      some.value.push_back(rows.value[r]);
      some.weight.push_back(rows.weight[r] * (block[r] >= 0 && left > 0 ? drawn / left : 1));
    }
    found.push_back(fit(some).coefficients);
  }
  std::vector<double> errors(n);
  for (std::size_t i = 0; i < n; ++i) {
    double mean = 0, squares = 0;
    for (const auto& f : found) mean += f[i] / G;
    for (const auto& f : found) squares += (f[i] - mean) * (f[i] - mean);
    errors[i] = std::sqrt(squares * (G - 1) / G);
  }
  return errors;
}

}  // namespace telltale
