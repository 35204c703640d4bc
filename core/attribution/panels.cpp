#include "attribution/panels.hpp"

#include <algorithm>
#include <boost/math/interpolators/cardinal_cubic_b_spline.hpp>
#include <cmath>
#include <limits>
#include <map>

#include "attribution/quadrature.hpp"

namespace telltale {
namespace {

constexpr int choices[] = {3, 5, 7, 10, 14};

struct Rule {
  Nodes nodes;
  std::vector<double> last, last_but_one;
};

/// On [0, 1]; made once for each n of a thread.
const Rule& rule(int n) {
  thread_local std::map<int, Rule> rules;
  const auto it = rules.find(n);
  if (it != rules.end()) return it->second;
  Rule r{nodes(Quadrature::gauss_legendre, n), {}, {}};
  for (std::size_t k = 0; k < r.nodes.points.size(); ++k) {
    const double z = 2 * r.nodes.points[k] - 1;
    double p = 1, before = 0;  // P_j(z), P_{j−1}(z)
    for (int j = 0; j < n - 1; ++j) {
      const double older = before;
      before = p;
      p = ((2.0 * j + 1) * z * before - j * older) / (j + 1);
    }
    r.last.push_back((2.0 * n - 1) * r.nodes.weights[k] * p);
    r.last_but_one.push_back((2.0 * n - 3) * r.nodes.weights[k] * before);
  }
  return rules.emplace(n, std::move(r)).first->second;
}

class Planner {
 public:
  Planner(const std::vector<double>& values, double allowed)
      : values_(values), cells_(values.size() - 1), allowed_(allowed), spline_(values.begin(), values.end(), 0.0, 1.0 / static_cast<double>(cells_)) {}

  /// The fewest nodes over cells [first, last), and the panels.
  int plan(std::size_t first, std::size_t last, std::vector<Panel>& out) const {
    const double begin = static_cast<double>(first) / static_cast<double>(cells_), end = static_cast<double>(last) / static_cast<double>(cells_);
    int whole = std::numeric_limits<int>::max();
    for (const int n : choices)
      if (good({begin, end, n}, values_[last] - values_[first])) {
        whole = n;
        break;
      }
    const bool splits = last - first > 1;
    if (!splits && whole == std::numeric_limits<int>::max()) whole = choices[std::size(choices) - 1];
    // Halves take at least the fewest nodes each.
    if (splits && whole > 2 * choices[0]) {
      std::vector<Panel> halves;
      const std::size_t middle = (first + last) / 2;
      const int left = plan(first, middle, halves);
      const int both = left + plan(middle, last, halves);
      if (both < whole) {
        out.insert(out.end(), halves.begin(), halves.end());
        return both;
      }
    }
    out.push_back({begin, end, whole});
    return whole;
  }

 private:
  bool good(const Panel& panel, double change) const {
    double sum = 0, last = 0, last_but_one = 0, largest = 0;
    for (const PanelNode& k : nodes_of(panel)) {
      const double slope = spline_.prime(k.alpha);
      sum += k.weight * slope;
      last += k.last * slope;
      last_but_one += k.last_but_one * slope;
      largest = std::max(largest, std::abs(slope));
    }
    return std::abs(sum - change) <= allowed_ && foretold_error(panel, last, last_but_one, largest) <= allowed_;
  }

  const std::vector<double>& values_;
  std::size_t cells_;
  double allowed_;
  boost::math::interpolators::cardinal_cubic_b_spline<double> spline_;
};

}  // namespace

std::vector<PanelNode> nodes_of(const Panel& panel) {
  const Rule& r = rule(panel.nodes);
  const double width = panel.end - panel.begin;
  std::vector<PanelNode> out;
  for (std::size_t k = 0; k < r.nodes.points.size(); ++k)
    out.push_back({panel.begin + width * r.nodes.points[k], width * r.nodes.weights[k], r.last[k], r.last_but_one[k]});
  return out;
}

std::vector<Panel> plan_panels(const std::vector<double>& values, double allowed) {
  std::vector<Panel> out;
  Planner(values, allowed).plan(0, values.size() - 1, out);
  return out;
}

std::vector<Panel> refined(const Panel& panel) {
  if (panel.nodes < 8) return {{panel.begin, panel.end, 2 * panel.nodes + 1}};
  const double middle = 0.5 * (panel.begin + panel.end);
  return {{panel.begin, middle, panel.nodes}, {middle, panel.end, panel.nodes}};
}

double foretold_error(const Panel& panel, double last, double last_but_one, double largest) {
  const double a = std::max(std::abs(last), std::abs(last_but_one));
  return largest > 0 ? (panel.end - panel.begin) * a * std::min(1.0, a / largest) : 0;
}

}  // namespace telltale
