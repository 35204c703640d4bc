#include "examples/conjugate_gradient.hpp"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

namespace telltale {

Solution conjugate_gradient(const std::function<at::Tensor(const at::Tensor&)>& product, const at::Tensor& b, double tolerance, int most, std::stop_token stop, const ProgressFn& progress) {
  at::NoGradGuard no_grad;
  const auto dot = [](const at::Tensor& x, const at::Tensor& y) { return (x * y).sum().item<double>(); };
  const auto finite = [](double x) {
    if (!std::isfinite(x)) throw std::runtime_error("conjugate gradient: the numbers are not finite; a larger damping may help");
    return x;
  };
  Solution out;
  out.s = at::zeros_like(b);
  const double length = finite(std::sqrt(dot(b, b)));
  if (length == 0) {
    out.converged = true;
    return out;
  }
  at::Tensor r = b.clone(), d = b.clone();
  double rr = dot(r, r);
  while (out.iterations < most && std::sqrt(rr) > tolerance * length) {
    if (stop.stop_requested()) throw Cancelled{};
    const at::Tensor Ad = product(d);
    const double curvature = finite(dot(d, Ad));
    if (curvature <= 0) break;
    const double alpha = rr / curvature;
    out.s.add_(d, alpha);
    r.sub_(Ad, alpha);
    const double next = finite(dot(r, r));
    d = r + (next / rr) * d;
    rr = next;
    ++out.iterations;
    if (progress) progress({static_cast<double>(out.iterations), static_cast<double>(most), "conjugate gradient"});
  }
  const at::Tensor left = b - product(out.s);
  out.residual = finite(std::sqrt(dot(left, left)) / length);
  out.converged = out.residual <= 1.1 * tolerance;  // the residual carried along and the one taken anew differ by rounding
  return out;
}

}  // namespace telltale
