// Integrated Gradients (Sundararajan, Taly & Yan 2017, eq. 1): A_t = Σ_d (x − b)_{t,d} ∫₀¹ ∂F/∂x_{t,d}(b + α(x − b)) dα.
#include "attribution/integrated_gradients.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "attribution/baselines.hpp"
#include "attribution/gradient_options.hpp"
#include "attribution/gradient_points.hpp"
#include "attribution/panels.hpp"
#include "attribution/quadrature.hpp"

namespace telltale {
namespace {

constexpr int first_nodes = 8;
constexpr double change_allowed = 5;  ///< times the tolerance: largest change of a token between two rounds, relative to the largest score
constexpr int scouts = 17;            ///< F is looked at on a grid of so many points before panels are chosen
constexpr double token_share = 10;     ///< times the tolerance: error foretold for a token in one panel, relative to the largest score
constexpr std::size_t ids_together = 32768;  ///< of the draws of a text that are worked on at once
constexpr int fewest_for_panels = 64; ///< a cap under this leaves no room to choose

/// Gauss–Legendre on panels, each refined until its own delta holds and no token is foretold to be off.
class PanelSearch {
 public:
  PanelSearch(MethodJob& job, const std::vector<Ends>& ends, const RowsOf& rows, const std::vector<std::vector<double>>& along) : job_(job), ends_(ends), rows_(rows) {
    for (std::size_t k = 0; k < along.size(); ++k) {
      const std::vector<double>& f = along[k];
      const double cells = static_cast<double>(f.size() - 1);
      const auto at = [&](double alpha) { return f[static_cast<std::size_t>(std::lround(alpha * cells))]; };
      for (const Panel& p : plan_panels(f, 0.5 * allowed(k))) add(k, p, at(p.end) - at(p.begin));
    }
  }

  void run() {
    while (!fresh_.empty()) {
      evaluate();
      refine();
    }
  }

 private:
  struct Piece {
    std::size_t item;
    Panel panel;
    double change;  ///< F(end) − F(begin)
    std::vector<double> scores, last, last_but_one, largest;  ///< [T]
  };

  /// The delta that the text may have.
  double allowed(std::size_t k) const {
    const Explanation& e = job_.out[k];
    return job_.options.tolerance * std::max(1e-3, std::abs(e.value - e.baseline_value));
  }

  void add(std::size_t item, const Panel& panel, double change) {
    const std::size_t T = job_.items[item].encoding.ids.size();
    fresh_.push_back(pieces_.size());
    pieces_.push_back({item, panel, change, std::vector<double>(T), std::vector<double>(T), std::vector<double>(T), std::vector<double>(T)});
  }

  void evaluate() {
    std::vector<Point> points;
    std::vector<PanelNode> of_point;  // found again by tag
    std::vector<std::size_t> piece_of;
    for (const std::size_t index : fresh_)
      for (const PanelNode& n : nodes_of(pieces_[index].panel)) {
        points.push_back({pieces_[index].item, n.alpha, n.weight, of_point.size()});
        of_point.push_back(n);
        piece_of.push_back(index);
      }
    fresh_.clear();
    rows_(
        job_, ends_, std::move(points),
        [&](const Point& p, const double* s) {
          Piece& to = pieces_[piece_of[p.tag]];
          const PanelNode& n = of_point[p.tag];
          for (std::size_t t = 0; t < to.scores.size(); ++t) {
            to.scores[t] += n.weight * s[t];
            to.last[t] += n.last * s[t];
            to.last_but_one[t] += n.last_but_one * s[t];
            to.largest[t] = std::max(to.largest[t], std::abs(s[t]));
          }
        });
  }

  /// Sums the panels of each text and replaces those that are not good enough.
  void refine() {
    std::vector<std::vector<std::size_t>> of_item(job_.items.size());
    for (std::size_t i = 0; i < pieces_.size(); ++i) of_item[pieces_[i].item].push_back(i);
    std::vector<bool> gone(pieces_.size(), false);
    struct Wanted {
      std::size_t piece;
      std::vector<Panel> panels;
    };
    std::vector<Wanted> wanted;
    for (std::size_t k = 0; k < of_item.size(); ++k) {
      Explanation& e = job_.out[k];
      e.scores.assign(job_.items[k].encoding.ids.size(), 0.0);
      int n = 0;
      for (const std::size_t i : of_item[k]) {
        for (std::size_t t = 0; t < e.scores.size(); ++t) e.scores[t] += pieces_[i].scores[t];
        n += pieces_[i].panel.nodes;
      }
      double sum = 0, largest = 0;
      for (const double s : e.scores) sum += s, largest = std::max(largest, std::abs(s));
      e.delta = std::abs(sum - (e.value - e.baseline_value));
      e.relative_delta = e.delta / std::max(1e-3, std::abs(e.value - e.baseline_value));
      e.steps = n;
      const bool holds = e.relative_delta <= job_.options.tolerance;
      std::vector<std::size_t> poor;
      for (const std::size_t i : of_item[k]) {
        const Piece& p = pieces_[i];
        double total = 0, foretold = 0;
        for (std::size_t t = 0; t < p.scores.size(); ++t) {
          total += p.scores[t];
          foretold = std::max(foretold, foretold_error(p.panel, p.last[t], p.last_but_one[t], p.largest[t]));
        }
        const double delta = std::abs(total - p.change);
        if (delta > 0.5 * allowed(k) || foretold > token_share * job_.options.tolerance * largest || (!holds && delta > allowed(k) / static_cast<double>(of_item[k].size()))) poor.push_back(i);
      }
      e.converged = holds && poor.empty();
      std::size_t first = wanted.size();
      for (const std::size_t i : poor) {
        wanted.push_back({i, refined(pieces_[i].panel)});
        n -= pieces_[i].panel.nodes;
        for (const Panel& p : wanted.back().panels) n += p.nodes;
      }
      if (n > job_.options.max_steps) wanted.resize(first);  // the cap: what was reached stays
    }
    // F where a panel is cut.
    std::vector<Point> cuts;
    for (const Wanted& w : wanted)
      if (w.panels.size() == 2) cuts.push_back({pieces_[w.piece].item, w.panels[0].end});
    const std::vector<double> values = cuts.empty() ? std::vector<double>{} : values_at(job_, ends_, cuts);
    std::vector<Point> begins;
    for (const Wanted& w : wanted)
      if (w.panels.size() == 2) begins.push_back({pieces_[w.piece].item, w.panels[0].begin});
    const std::vector<double> starts = begins.empty() ? std::vector<double>{} : values_at(job_, ends_, begins);
    std::size_t cut = 0;
    std::vector<Piece> kept;
    for (const Wanted& w : wanted) gone[w.piece] = true;
    for (std::size_t i = 0; i < gone.size(); ++i)
      if (!gone[i]) kept.push_back(std::move(pieces_[i]));
    std::vector<Piece> old = std::move(pieces_);
    pieces_ = std::move(kept);
    for (const Wanted& w : wanted) {
      const std::size_t item = old[w.piece].item;
      const double change = old[w.piece].change;
      if (w.panels.size() == 1) {
        add(item, w.panels[0], change);
      } else {
        const double left = values[cut] - starts[cut];
        ++cut;
        add(item, w.panels[0], left);
        add(item, w.panels[1], change - left);
      }
    }
  }

  MethodJob& job_;
  const std::vector<Ends>& ends_;
  const RowsOf& rows_;
  std::vector<Piece> pieces_;
  std::vector<std::size_t> fresh_;
};

void judge(Explanation& e, int n) {
  const double change = e.value - e.baseline_value, sum = std::accumulate(e.scores.begin(), e.scores.end(), 0.0);
  e.delta = std::abs(sum - change);
  e.relative_delta = e.delta / std::max(1e-3, std::abs(change));
  e.steps = n;
}

/// Scores of the given items with n nodes into out[item].scores.
void integrate(MethodJob& job, const std::vector<Ends>& ends, const RowsOf& rows, const std::vector<std::size_t>& items, int n) {
  const Nodes rule = nodes(job.options.quadrature, n);
  std::vector<Point> points;
  for (const std::size_t k : items) {
    job.out[k].scores.assign(job.items[k].encoding.ids.size(), 0.0);
    for (std::size_t j = 0; j < rule.points.size(); ++j) points.push_back({k, rule.points[j], rule.weights[j]});
  }
  rows(
      job, ends, std::move(points),
      [&](const Point& p, const double* scores) {
        std::vector<double>& to = job.out[p.item].scores;
        for (std::size_t t = 0; t < to.size(); ++t) to[t] += p.weight * scores[t];
      });
  for (const std::size_t k : items) judge(job.out[k], n);
}

/// The rule with twice the nodes until it is good enough. A small delta does not prove each token (errors cancel): a text is done when its delta
/// holds and no token moved much since the last round.
void search_by_doubling(MethodJob& job, const std::vector<Ends>& ends, const RowsOf& rows, std::vector<std::size_t> open) {
  std::vector<std::vector<double>> before(job.items.size());
  for (int n = std::min(first_nodes, job.options.max_steps);; n = std::min(2 * n, job.options.max_steps)) {
    integrate(job, ends, rows, open, n);
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

}  // namespace

void gradient_times_difference(MethodJob& job, const std::vector<Ends>& ends, std::vector<Point> points, const Consume& consume) {
  gradient_rows(
      job, ends, std::move(points), [](const at::Tensor& g, const at::Tensor&, const at::Tensor& difference) { return (g * difference).sum(-1); }, consume);
}

void integrate_between(MethodJob& job, const std::vector<Ends>& ends, const RowsOf& rows) {
  const bool panels = job.options.steps == 0 && job.options.quadrature == Quadrature::gauss_legendre && job.options.max_steps >= fewest_for_panels;
  const int looks = panels ? scouts : 2;
  std::vector<Point> points;
  for (std::size_t k = 0; k < job.items.size(); ++k)
    for (int i = 0; i < looks; ++i) points.push_back({k, static_cast<double>(i) / (looks - 1)});
  const std::vector<double> values = values_at(job, ends, points);
  std::vector<std::vector<double>> along(job.items.size());  // F on the grid
  for (std::size_t k = 0; k < job.items.size(); ++k) {
    along[k].assign(values.begin() + static_cast<std::ptrdiff_t>(k) * looks, values.begin() + static_cast<std::ptrdiff_t>(k + 1) * looks);
    job.out[k].value = along[k].back();
    job.out[k].baseline_value = along[k].front();
  }
  std::vector<std::size_t> all(job.items.size());
  std::iota(all.begin(), all.end(), 0);
  if (panels)
    PanelSearch(job, ends, rows, along).run();
  else if (job.options.steps > 0)
    integrate(job, ends, rows, all, job.options.steps);
  else
    search_by_doubling(job, ends, rows, std::move(all));
}

namespace {

/// The mean over baselines of noise: each draw an item of its own, so that they share batches.
void over_draws(MethodJob& job, const RowsOf& rows, int draws) {
  for (std::size_t k = 0; k < job.items.size(); ++k) {
    DrawnScores mean(job.items[k].encoding);
    double baseline = 0;
    int nodes = 0;
    bool converged = true;
    const int together = std::max(1, static_cast<int>(ids_together / job.items[k].encoding.ids.size()));
    for (int first = 0; first < draws; first += together) {
      const auto n = static_cast<std::size_t>(std::min(together, draws - first));
      const std::vector<ExplainItem> items(n, job.items[k]);
      std::vector<Explanation> out(n, job.out[k]);
      std::vector<Ends> ends;
      for (std::size_t r = 0; r < n; ++r) ends.push_back(ends_of(job, k, static_cast<std::uint64_t>(first) + r));
      MethodJob part{job.model, job.engine, items, job.options, job.stop, {}, out};
      integrate_between(part, ends, rows);
      for (const Explanation& one : out) {
        mean.add(one.scores.data());
        baseline += one.baseline_value / draws;
        nodes += one.steps;
        converged = converged && one.converged;
        job.out[k].value = one.value;
      }
    }
    Explanation& e = job.out[k];
    mean.give(e);
    e.baseline_value = baseline;
    judge(e, nodes);
    e.converged = converged;
    if (job.progress) job.progress({static_cast<double>(k + 1), static_cast<double>(job.items.size()), "explaining"});
  }
}

}  // namespace

void integrate_from_baseline(MethodJob& job, const MethodInfo& method, const RowsOf& rows) {
  if (job.options.baseline == Baseline::noise) return over_draws(job, rows, draws_of(job.options, method));
  std::vector<Ends> ends;
  for (std::size_t k = 0; k < job.items.size(); ++k) ends.push_back(ends_of(job, k));
  integrate_between(job, ends, rows);
}

namespace {

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
    m.uses_steps = m.uses_baseline = m.symmetric = true;
    return m;
  }

 private:
  void compute(MethodJob& job) const override { integrate_from_baseline(job, info()); }
};

}  // namespace

std::unique_ptr<const Method> make_integrated_gradients() { return std::make_unique<IntegratedGradients>(); }

}  // namespace telltale
