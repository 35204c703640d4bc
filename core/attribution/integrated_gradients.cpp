// Integrated Gradients (Sundararajan, Taly & Yan 2017, eq. 1): A_t = Σ_d (x − b)_{t,d} ∫₀¹ ∂F/∂x_{t,d}(b + α(x − b)) dα.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "attribution/gradient_rows.hpp"
#include "attribution/quadrature.hpp"

namespace telltale {
namespace {

constexpr int first_nodes = 8;
constexpr double change_allowed = 5;  ///< times the tolerance: largest change of a token between two rounds, relative to the largest score

class IntegratedGradients final : public Method {
 public:
  MethodInfo info() const override {
    MethodInfo m;
    m.id = "integrated-gradients";
    m.name = "Integrated Gradients";
    m.source = "Sundararajan, Taly & Yan 2017";
    m.needs = "gradients";
    m.cost = "m (F + B)";
    m.complete = true;
    m.uses_steps = true;
    return m;
  }

 private:
  /// Scores of the given items with n nodes into out[item].scores.
  static void integrate(MethodJob& job, const std::vector<Ends>& ends, const std::vector<std::size_t>& items, int n) {
    const Nodes rule = nodes(job.options.quadrature, n);
    std::vector<Point> points;
    for (const std::size_t k : items) {
      job.out[k].scores.assign(job.items[k].encoding.ids.size(), 0.0);
      for (std::size_t j = 0; j < rule.points.size(); ++j) points.push_back({k, rule.points[j], rule.weights[j]});
    }
    gradient_rows(
        job, ends, std::move(points), [](const at::Tensor& g, const at::Tensor&, const at::Tensor& difference) { return (g * difference).sum(-1); },
        [&](const Point& p, const double* scores) {
          std::vector<double>& to = job.out[p.item].scores;
          for (std::size_t t = 0; t < to.size(); ++t) to[t] += p.weight * scores[t];
        });
    for (const std::size_t k : items) {
      Explanation& e = job.out[k];
      const double change = e.value - e.baseline_value, sum = std::accumulate(e.scores.begin(), e.scores.end(), 0.0);
      e.delta = std::abs(sum - change);
      e.relative_delta = e.delta / std::max(1e-3, std::abs(change));
      e.steps = n;
    }
  }

  void compute(MethodJob& job) const override {
    std::vector<Ends> ends;
    for (const ExplainItem& item : job.items) ends.push_back(path_ends(job.model, item.encoding, job.options.path, job.options.baseline, job.engine.dtype()));
    std::vector<std::size_t> open(job.items.size());
    std::iota(open.begin(), open.end(), 0);
    const std::vector<double> x = values_at(job, ends, open, false), b = values_at(job, ends, open, true);
    for (const std::size_t k : open) {
      job.out[k].value = x[k];
      job.out[k].baseline_value = b[k];
    }
    if (job.options.steps > 0) {
      integrate(job, ends, open, job.options.steps);
      return;
    }
    // A small delta does not prove each token (errors cancel): a text is done when its delta holds and no token moved much since the last round.
    std::vector<std::vector<double>> before(job.items.size());
    for (int n = std::min(first_nodes, job.options.max_steps);; n = std::min(2 * n, job.options.max_steps)) {
      integrate(job, ends, open, n);
      std::vector<std::size_t> still;
      for (const std::size_t k : open) {
        Explanation& e = job.out[k];
        double largest = 0, change = 0;
        for (std::size_t t = 0; t < e.scores.size(); ++t) {
          largest = std::max(largest, std::abs(e.scores[t]));
          if (!before[k].empty()) change = std::max(change, std::abs(e.scores[t] - before[k][t]));
        }
        const bool settled = largest == 0 || (!before[k].empty() && change <= change_allowed * job.options.tolerance * largest);
        e.converged = e.relative_delta <= job.options.tolerance && settled;
        before[k] = e.scores;
        if (!e.converged) still.push_back(k);
      }
      open = std::move(still);
      if (open.empty() || n == job.options.max_steps) break;
    }
  }
};

}  // namespace

std::unique_ptr<const Method> make_integrated_gradients() { return std::make_unique<IntegratedGradients>(); }

}  // namespace telltale
