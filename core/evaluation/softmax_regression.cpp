#include "evaluation/softmax_regression.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <stdexcept>

#include "base/progress.hpp"

namespace telltale {
namespace {

constexpr std::size_t pairs_kept = 10;
constexpr double gradient_small = 1e-5, enough_decrease = 1e-4;
constexpr int most_halvings = 40;

using Vector = std::vector<double>;

double dot(const Vector& a, const Vector& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

/// Logits of one row. Weights lie class by class for each column, so that the inner loop runs over neighbours.
void logits_of(const double* row, std::size_t columns, const double* weight, const double* bias, std::size_t classes,
               double* z) {
  std::copy(bias, bias + classes, z);
  for (std::size_t k = 0; k < columns; ++k) {
    const double v = row[k];
    const double* w = weight + k * classes;
    for (std::size_t c = 0; c < classes; ++c) z[c] += v * w[c];
  }
}

/// Turns logits into probabilities; returns ln Σ exp z.
double softmax(double* z, std::size_t classes) {
  const double top = *std::max_element(z, z + classes);
  double sum = 0;
  for (std::size_t c = 0; c < classes; ++c) sum += z[c] = std::exp(z[c] - top);
  for (std::size_t c = 0; c < classes; ++c) z[c] /= sum;
  return top + std::log(sum);
}

/// The objective at p = (W, b) and its gradient.
class Objective {
 public:
  Objective(std::span<const double> x, std::size_t columns, std::span<const int> y, std::size_t classes, double l2)
      : x_(x), y_(y), columns_(columns), classes_(classes), l2_(l2) {}

  double operator()(const Vector& p, Vector& gradient) const {
    const std::size_t n = y_.size(), weights = columns_ * classes_;
    std::fill(gradient.begin(), gradient.end(), 0.0);
    Vector z(classes_);
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const double* row = x_.data() + i * columns_;
      logits_of(row, columns_, p.data(), p.data() + weights, classes_, z.data());
      const auto label = static_cast<std::size_t>(y_[i]);
      const double own = z[label];
      sum += softmax(z.data(), classes_) - own;
      z[label] -= 1;
      for (std::size_t k = 0; k < columns_; ++k) {
        const double v = row[k];
        double* g = gradient.data() + k * classes_;
        for (std::size_t c = 0; c < classes_; ++c) g[c] += v * z[c];
      }
      for (std::size_t c = 0; c < classes_; ++c) gradient[weights + c] += z[c];
    }
    double squares = 0;
    for (double& g : gradient) g /= static_cast<double>(n);
    for (std::size_t k = 0; k < weights; ++k) {
      squares += p[k] * p[k];
      gradient[k] += l2_ * p[k];
    }
    return sum / static_cast<double>(n) + 0.5 * l2_ * squares;
  }

 private:
  std::span<const double> x_;
  std::span<const int> y_;
  std::size_t columns_, classes_;
  double l2_;
};

/// −H g by the two loops over the pairs kept.
Vector direction(const std::deque<std::pair<Vector, Vector>>& pairs, const Vector& gradient) {
  Vector q = gradient;
  std::vector<double> alpha(pairs.size());
  for (std::size_t k = pairs.size(); k-- > 0;) {
    const auto& [s, d] = pairs[k];
    alpha[k] = dot(s, q) / dot(s, d);
    for (std::size_t i = 0; i < q.size(); ++i) q[i] -= alpha[k] * d[i];
  }
  if (!pairs.empty()) {
    const auto& [s, d] = pairs.back();
    const double scale = dot(s, d) / dot(d, d);
    for (double& v : q) v *= scale;
  }
  for (std::size_t k = 0; k < pairs.size(); ++k) {
    const auto& [s, d] = pairs[k];
    const double beta = alpha[k] - dot(d, q) / dot(s, d);
    for (std::size_t i = 0; i < q.size(); ++i) q[i] += beta * s[i];
  }
  for (double& v : q) v = -v;
  return q;
}

void check(std::span<const double> x, std::size_t columns, std::span<const int> y, std::size_t classes) {
  if (y.empty() || columns == 0 || classes < 2 || x.size() != y.size() * columns)
    throw std::invalid_argument("softmax regression: expected rows of one length, a label each, and at least two classes");
  for (const int label : y)
    if (label < 0 || static_cast<std::size_t>(label) >= classes)
      throw std::invalid_argument("softmax regression: a label outside 0 to " + std::to_string(classes - 1));
}

}  // namespace

SoftmaxModel fit_softmax(std::span<const double> x, std::size_t columns, std::span<const int> y, std::size_t classes,
                         const SoftmaxFit& options, const SoftmaxModel* start) {
  check(x, columns, y, classes);
  if (!(options.l2 >= 0)) throw std::invalid_argument("softmax regression: the penalty must be 0 or more");
  const Objective objective(x, columns, y, classes, options.l2);
  const std::size_t weights = columns * classes;
  Vector p(weights + classes, 0.0), gradient(p.size()), tried(p.size()), tried_gradient(p.size());
  if (start && start->weight.size() == weights && start->bias.size() == classes) {
    std::copy(start->weight.begin(), start->weight.end(), p.begin());
    std::copy(start->bias.begin(), start->bias.end(), p.begin() + static_cast<std::ptrdiff_t>(weights));
  }
  SoftmaxModel out{columns, classes, {}, {}, 0, false};
  std::deque<std::pair<Vector, Vector>> pairs;  // s = p' − p, d = g' − g
  double value = objective(p, gradient);
  for (;; ++out.iterations) {
    if (options.stopped && options.stopped()) throw Cancelled{};
    double largest = 0;
    for (const double g : gradient) largest = std::max(largest, std::abs(g));
    out.converged = largest <= gradient_small;
    if (out.converged || out.iterations == options.most_iterations) break;
    Vector d = direction(pairs, gradient);
    double slope = dot(d, gradient);
    if (!(slope < 0)) {  // rounding has spoiled the pairs
      pairs.clear();
      d = direction(pairs, gradient);
      slope = dot(d, gradient);
    }
    double step = 1, now = value;
    int halvings = 0;
    for (;; step /= 2, ++halvings) {
      for (std::size_t i = 0; i < p.size(); ++i) tried[i] = p[i] + step * d[i];
      now = objective(tried, tried_gradient);
      if (now <= value + enough_decrease * step * slope || halvings == most_halvings) break;
    }
    if (halvings == most_halvings) break;  // as low as double can tell
    Vector s(p.size()), change(p.size());
    for (std::size_t i = 0; i < p.size(); ++i) s[i] = tried[i] - p[i], change[i] = tried_gradient[i] - gradient[i];
    if (dot(s, change) > 1e-12 * dot(change, change)) {
      pairs.emplace_back(std::move(s), std::move(change));
      if (pairs.size() > pairs_kept) pairs.pop_front();
    }
    p.swap(tried);
    gradient.swap(tried_gradient);
    value = now;
  }
  out.weight.assign(p.begin(), p.begin() + static_cast<std::ptrdiff_t>(weights));
  out.bias.assign(p.begin() + static_cast<std::ptrdiff_t>(weights), p.end());
  return out;
}

std::vector<int> classify(const SoftmaxModel& m, std::span<const double> x) {
  std::vector<int> out(m.columns ? x.size() / m.columns : 0);
  Vector z(m.classes);
  for (std::size_t i = 0; i < out.size(); ++i) {
    logits_of(x.data() + i * m.columns, m.columns, m.weight.data(), m.bias.data(), m.classes, z.data());
    out[i] = static_cast<int>(std::max_element(z.begin(), z.end()) - z.begin());
  }
  return out;
}

double mean_surprise(const SoftmaxModel& m, std::span<const double> x, std::span<const int> y) {
  Vector z(m.classes);
  double sum = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    logits_of(x.data() + i * m.columns, m.columns, m.weight.data(), m.bias.data(), m.classes, z.data());
    const double own = z[static_cast<std::size_t>(y[i])];
    sum += softmax(z.data(), m.classes) - own;
  }
  return sum / static_cast<double>(y.size());
}

}  // namespace telltale
