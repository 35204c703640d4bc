#include "attribution/quadrature.hpp"

#include <fmt/format.h>

#include <cmath>
#include <numbers>
#include <stdexcept>

namespace telltale {

Nodes nodes(Quadrature rule, int n) {
  if (n < 1 || n > 100000) throw std::invalid_argument(fmt::format("{} steps: expected 1 to 100000", n));
  if (rule == Quadrature::trapezoid && n < 2) throw std::invalid_argument("the trapezoid rule needs at least 2 steps");
  Nodes out;
  out.points.resize(static_cast<std::size_t>(n));
  out.weights.resize(static_cast<std::size_t>(n));
  for (int k = 0; k < n; ++k) {
    double &x = out.points[static_cast<std::size_t>(k)], &w = out.weights[static_cast<std::size_t>(k)];
    switch (rule) {
      case Quadrature::midpoint:
        x = (k + 0.5) / n;
        w = 1.0 / n;
        break;
      case Quadrature::trapezoid:
        x = static_cast<double>(k) / (n - 1);
        w = (k == 0 || k == n - 1 ? 0.5 : 1.0) / (n - 1);
        break;
      case Quadrature::gauss_legendre: {
        double z = std::cos(std::numbers::pi * (n - k - 0.25) / (n + 0.5)), slope = 1;
        for (int i = 0; i < 100; ++i) {
          double p = 1, before = 0;
          for (int j = 0; j < n; ++j) {
            const double older = before;
            before = p;
            p = ((2.0 * j + 1) * z * before - j * older) / (j + 1);
          }
          slope = n * (z * p - before) / (z * z - 1);
          const double step = p / slope;
          z -= step;
          if (std::abs(step) < 1e-15) break;
        }
        x = 0.5 * (z + 1);
        w = 1 / ((1 - z * z) * slope * slope);
        break;
      }
    }
  }
  return out;
}

}  // namespace telltale
