#include "training/adamw.hpp"

#include <ATen/Parallel.h>

#include <cmath>
#include <stdexcept>

namespace telltale {
namespace {

template <class T>
struct Coefficients {
  T decay, beta1, beta2, rest1, rest2, rate, root, epsilon, scale;
};

/// One pass over [begin, end): every number is read and written once.
template <class T>
void update(T* __restrict p, const T* __restrict g, T* __restrict m, T* __restrict v, std::int64_t begin, std::int64_t end, const Coefficients<T> c) {
#pragma omp simd
  for (std::int64_t i = begin; i < end; ++i) {
    const T gradient = g[i] * c.scale;
    const T first = c.beta1 * m[i] + c.rest1 * gradient;
    const T second = c.beta2 * v[i] + c.rest2 * gradient * gradient;
    m[i] = first;
    v[i] = second;
    p[i] = p[i] * c.decay - c.rate * (first / (std::sqrt(second) * c.root + c.epsilon));
  }
}

template <class T>
void update_all(const at::Tensor& p, const at::Tensor& g, const at::Tensor& m, const at::Tensor& v, std::int64_t begin, std::int64_t end, const Coefficients<double>& c) {
  const Coefficients<T> mine{T(c.decay), T(c.beta1), T(c.beta2), T(c.rest1), T(c.rest2), T(c.rate), T(c.root), T(c.epsilon), T(c.scale)};
  T *const pp = p.data_ptr<T>(), *const mm = m.data_ptr<T>(), *const vv = v.data_ptr<T>();
  const T* const gg = g.data_ptr<T>();
  at::parallel_for(begin, end, 1 << 15, [&](std::int64_t b, std::int64_t e) { update<T>(pp, gg, mm, vv, b, e, mine); });
}

template <class T>
double sum_of_squares(const T* g, std::int64_t n) {
  constexpr std::int64_t block = 1 << 16, lanes = 8;
  std::vector<double> sums(static_cast<std::size_t>((n + block - 1) / block));
  at::parallel_for(0, static_cast<std::int64_t>(sums.size()), 1, [&](std::int64_t b, std::int64_t e) {
    for (std::int64_t k = b; k < e; ++k) {
      double lane[lanes] = {};
      const std::int64_t end = std::min(n, (k + 1) * block);
      std::int64_t i = k * block;
      for (; i + lanes <= end; i += lanes)
        for (std::int64_t j = 0; j < lanes; ++j) lane[j] += static_cast<double>(g[i + j]) * static_cast<double>(g[i + j]);
      for (; i < end; ++i) lane[0] += static_cast<double>(g[i]) * static_cast<double>(g[i]);
      double sum = 0;
      for (const double x : lane) sum += x;
      sums[static_cast<std::size_t>(k)] = sum;
    }
  });
  double total = 0;
  for (const double s : sums) total += s;
  return total;
}

}  // namespace

AdamW::AdamW(Parameters& parameters, const AdamWOptions& options) : parameters_(parameters), options_(options) {
  if (!parameters.flat_gradient.defined()) throw std::logic_error("AdamW: the parameters have no gradients");
  at::NoGradGuard no_grad;
  first = at::zeros_like(parameters.flat);
  second = at::zeros_like(parameters.flat);
  for (std::size_t k = 0; k < parameters.tensors.size(); ++k) {
    const at::Tensor& t = parameters.tensors[k];
    const std::int64_t begin = t.storage_offset(), end = begin + t.numel();
    if (!ranges_.empty() && ranges_.back().decays == parameters.decays[k] && ranges_.back().end <= begin)
      ranges_.back().end = end;  // what lies between is padding: zero in every buffer, and stays so
    else
      ranges_.push_back({begin, end, parameters.decays[k]});
  }
}

void AdamW::step(double rate, double gradient_scale) {
  at::NoGradGuard no_grad;
  ++steps;
  const double t = static_cast<double>(steps), correction1 = 1 - std::pow(options_.beta1, t), correction2 = 1 - std::pow(options_.beta2, t);
  const at::Tensor &p = parameters_.flat, &g = parameters_.flat_gradient;
  if (!p.is_cpu() || options_.by_operations) return step_by_operations(rate, gradient_scale, correction1, correction2);
  for (const Range& r : ranges_) {
    const Coefficients<double> c{1 - (r.decays ? rate * options_.weight_decay : 0), options_.beta1, options_.beta2, 1 - options_.beta1, 1 - options_.beta2,
                                 rate / correction1, 1 / std::sqrt(correction2), options_.epsilon, gradient_scale};
    if (p.scalar_type() == at::kFloat)
      update_all<float>(p, g, first, second, r.begin, r.end, c);
    else
      update_all<double>(p, g, first, second, r.begin, r.end, c);
  }
}

void AdamW::step_by_operations(double rate, double gradient_scale, double correction1, double correction2) {
  at::Tensor& p = parameters_.flat;
  if (options_.weight_decay != 0) {
    std::vector<at::Tensor> decaying;
    for (const Range& r : ranges_)
      if (r.decays) decaying.push_back(p.narrow(0, r.begin, r.end - r.begin));
    if (!decaying.empty()) at::_foreach_mul_(decaying, 1 - rate * options_.weight_decay);
  }
  const at::Tensor gradient = parameters_.flat_gradient * gradient_scale;
  first.mul_(options_.beta1).add_(gradient, 1 - options_.beta1);
  second.mul_(options_.beta2).addcmul_(gradient, gradient, 1 - options_.beta2);
  p.addcdiv_(first, second.sqrt().mul_(1 / std::sqrt(correction2)).add_(options_.epsilon), -rate / correction1);
}

double gradient_norm(const Parameters& parameters) {
  const at::Tensor& g = parameters.flat_gradient;
  if (g.is_cpu() && g.scalar_type() == at::kFloat) return std::sqrt(sum_of_squares(g.data_ptr<float>(), g.numel()));
  if (g.is_cpu() && g.scalar_type() == at::kDouble) return std::sqrt(sum_of_squares(g.data_ptr<double>(), g.numel()));
  return g.norm().item<double>();
}

double clip_factor(double norm, double limit) { return limit > 0 ? std::min(1.0, limit / (norm + 1e-6)) : 1; }

}  // namespace telltale
