// Perturbed copies of a text in word-embedding space (METHOD.md, "Perturbed examples"). For core only (torch).
#pragma once
#include <ATen/ATen.h>

#include <cstdint>

#include "model/engine.hpp"
#include "objective/options.hpp"
#include "text/tokenizer.hpp"

namespace telltale {

/// Radii [n] between `low` and `high` in d dimensions. Volume: density ∝ r^(d−1). Exponential: low + Exp(1)·unit, clamped at `high`.
/// Fixed: the middle of the interval.
at::Tensor draw_radii(RadiusLaw law, std::int64_t n, std::int64_t d, double low, double high, double unit, at::Generator& generator);

/// Uniform directions times radii: [B,T,d]; zero where `free` [B,T] is 0.
at::Tensor draw_noise(RadiusLaw law, const at::Tensor& free, std::int64_t d, double low, double high, double unit, at::Generator& generator);

/// The id whose row of `table` is nearest to each point; rows of the five specials are never chosen. points [n,d] → [n].
at::Tensor nearest_tokens(const at::Tensor& table, const at::Tensor& points, const SpecialIds& specials);

}  // namespace telltale
