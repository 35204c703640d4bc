// Tensors from JSON and from safetensors, for the tests of the objective. Qt's headers come after torch's.
#pragma once
#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <cstring>

#include "base/json.hpp"
#include "model/checkpoint.hpp"

namespace telltale {

inline at::Tensor tensor_of(const Json& j) {
  std::vector<std::int64_t> shape;
  for (const Json* at = &j; at->is_array(); at = &(*at)[0]) shape.push_back(static_cast<std::int64_t>(at->size()));
  std::vector<double> values;
  const std::function<void(const Json&)> walk = [&](const Json& x) {
    if (x.is_array())
      for (const Json& y : x) walk(y);
    else
      values.push_back(x.get<double>());
  };
  walk(j);
  return at::tensor(values, at::kDouble).view(shape);
}

inline at::Tensor tensor_of(const StoredTensor& s) {
  if (s.dtype == DType::i64) {
    const auto v = to_int64(s);
    return at::tensor(v, at::kLong).view(s.shape);
  }
  const auto v = to_double(s);
  return at::tensor(v, at::kDouble).view(s.shape);
}

/// Largest |a − b| over max(floor, |b|).
inline double error(const at::Tensor& a, const at::Tensor& b, double floor) {
  if (a.numel() == 0) return 0;
  return ((a - b).abs() / b.abs().clamp_min(floor)).max().item<double>();
}

}  // namespace telltale
