// Where to put the nodes of a path integral: panels of Gauss–Legendre nodes, narrow where F changes fast. No torch.
//
// F itself costs a forward pass, its gradient three times that. So F is looked at first on a coarse grid; a cubic spline through it stands in for F to
// choose panels; and because the integral of a panel is F(end) − F(begin) exactly (fundamental theorem), each panel's own delta is known.
#pragma once
#include <vector>

namespace telltale {

struct Panel {
  double begin = 0, end = 1;  ///< of the path, 0 … 1
  int nodes = 0;
};

/// One node of a panel's rule: α on the path, weight times width, and the two weights that give the last Legendre coefficients of the integrand,
/// a_{n−1} and a_{n−2} (n = nodes): what is left there tells how well the panel is resolved (null rules: Berntsen & Espelid 1991).
struct PanelNode {
  double alpha, weight, last, last_but_one;
};
/// nodes ≥ 2.
std::vector<PanelNode> nodes_of(const Panel& panel);

/// values: F at k/(n−1), n = 2^k + 1 ≥ 5. Panels from 0 to 1 in order, chosen for the fewest nodes whose error in F is at most `allowed`
/// in each, judged on the spline.
std::vector<Panel> plan_panels(const std::vector<double>& values, double allowed);

/// Panels to take instead of one that was not good enough: more nodes, or its two halves.
std::vector<Panel> refined(const Panel& panel);

/// Error of a panel's integral as its last coefficients foretell it when they go on falling as they have fallen: width · a² / largest |integrand|.
double foretold_error(const Panel& panel, double last, double last_but_one, double largest);

}  // namespace telltale
