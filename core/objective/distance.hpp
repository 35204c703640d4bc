// Distances between rows of [B,N] over the positions with mask 1; differentiable. For core only (torch).
#pragma once
#include <ATen/ATen.h>

#include "objective/options.hpp"

namespace telltale {

/// 1 − cos, range 0 … 2. Exactly 1, with gradient 0, where a masked vector is zero. No epsilon: vectors of 1e−30 have their true angle.
at::Tensor cosine_distance(const at::Tensor& u, const at::Tensor& v, const at::Tensor& mask);
/// cosine_distance of the centred vectors; a vector that is constant over the mask (|centred|² ≤ 1e−24 |u|²) counts as zero.
at::Tensor pearson_distance(const at::Tensor& u, const at::Tensor& v, const at::Tensor& mask);
at::Tensor distance(Distance kind, const at::Tensor& u, const at::Tensor& v, const at::Tensor& mask);
/// max(0, d(v, v₁) − d(v, v₂) + α).
at::Tensor triplet(const at::Tensor& near, const at::Tensor& far, double margin);

}  // namespace telltale
