// Quadrature on [0, 1].
#pragma once
#include <vector>

#include "attribution/explanation.hpp"

namespace telltale {

struct Nodes {
  std::vector<double> points, weights;
};

/// n nodes of a rule. Midpoint: (k+½)/n, weights 1/n. Trapezoid: k/(n−1), weights 1/(n−1), half at both ends; n ≥ 2.
/// Gauss–Legendre: roots of P_n moved to [0,1] by Newton's method (Press et al., Numerical Recipes, 4.6). std::invalid_argument for n out of range.
Nodes nodes(Quadrature rule, int n);

}  // namespace telltale
