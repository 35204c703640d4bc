// Panels of nodes on functions whose integrals are known.
#include <QtTest>
#include <cmath>

#include "attribution/panels.hpp"

using namespace telltale;

namespace {

/// A step of a sigmoid at `place`, as a probability along a path has it.
double value(double a, double place, double width) { return 1 / (1 + std::exp(-(a - place) / width)); }
double slope(double a, double place, double width) {
  const double v = value(a, place, width);
  return v * (1 - v) / width;
}

std::vector<double> grid(double place, double width, int n = 17) {
  std::vector<double> f;
  for (int k = 0; k < n; ++k) f.push_back(value(static_cast<double>(k) / (n - 1), place, width));
  return f;
}

int nodes_in(const std::vector<Panel>& panels) {
  int n = 0;
  for (const Panel& p : panels) n += p.nodes;
  return n;
}

}  // namespace

class TestPanels : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void nodes_integrate_polynomials_and_see_their_degree() {
    const Panel p{0.25, 0.75, 5};
    double sum = 0, last = 0, last_but_one = 0, low = 0;
    for (const PanelNode& n : nodes_of(p)) {
      sum += n.weight * std::pow(n.alpha, 9);  // 2·5 − 1: the last degree that is exact
      const double z = (n.alpha - 0.5) / 0.25;
      const double p4 = (35 * z * z * z * z - 30 * z * z + 3) / 8, p3 = (5 * z * z * z - 3 * z) / 2;
      last += n.last * (7 * p4 + p3);
      last_but_one += n.last_but_one * (7 * p4 + 2 * p3);
      low += n.last * (1 + z + z * z * z);
    }
    QVERIFY(std::abs(sum - (std::pow(0.75, 10) - std::pow(0.25, 10)) / 10) < 1e-14);
    QVERIFY(std::abs(last - 7) < 1e-12);
    QVERIFY(std::abs(last_but_one - 2) < 1e-12);
    QVERIFY(std::abs(low) < 1e-12);
  }
  void panels_cover_the_path_in_order() {
    const auto panels = plan_panels(grid(0.3, 0.02), 1e-3);
    QCOMPARE(panels.front().begin, 0.0);
    QCOMPARE(panels.back().end, 1.0);
    for (std::size_t k = 1; k < panels.size(); ++k) QCOMPARE(panels[k].begin, panels[k - 1].end);
  }
  void narrow_where_it_changes() {
    const auto panels = plan_panels(grid(0.8, 0.03), 1e-3);
    const auto width_at = [&](double a) {
      for (const Panel& p : panels)
        if (a < p.end) return p.end - p.begin;
      return 0.0;
    };
    QVERIFY(width_at(0.1) > width_at(0.8));
    QVERIFY(nodes_in(plan_panels(grid(0.5, 0.5), 1e-3)) <= 7);  // nearly straight: few nodes
    QVERIFY(nodes_in(panels) < 60);
    double sum = 0;
    for (const Panel& p : panels)
      for (const PanelNode& n : nodes_of(p)) sum += n.weight * slope(n.alpha, 0.8, 0.03);
    QVERIFY2(std::abs(sum - (value(1, 0.8, 0.03) - value(0, 0.8, 0.03))) < 0.01, qPrintable(QString::number(sum)));
  }
  void refinement_has_more_nodes_on_the_same_stretch() {
    for (const int n : {3, 7, 10, 14}) {
      const auto r = refined({0.25, 0.5, n});
      QCOMPARE(r.front().begin, 0.25);
      QCOMPARE(r.back().end, 0.5);
      QVERIFY(nodes_in(r) > n);
    }
  }
  void foretold_error_falls_with_resolution() {
    double before = 1e9;
    for (const int n : {3, 7, 15}) {
      const Panel p{0, 1, n};
      double last = 0, last_but_one = 0, largest = 0;
      for (const PanelNode& k : nodes_of(p)) {
        const double s = slope(k.alpha, 0.4, 0.1);
        last += k.last * s, last_but_one += k.last_but_one * s, largest = std::max(largest, s);
      }
      const double error = foretold_error(p, last, last_but_one, largest);
      QVERIFY(error < before);
      before = error;
    }
    QVERIFY(before < 0.05);
    QCOMPARE(foretold_error({0, 1, 3}, 0, 0, 0), 0.0);
  }
};

QTEST_GUILESS_MAIN(TestPanels)
#include "test_panels.moc"
