#pragma once
#include <ATen/ATen.h>

namespace telltale {

/// out = a·b, or out += a·b: matrices on the CPU, a [M,K], b [K,N] (rows or columns dense), out [M,N] dense; float or bfloat16.
/// Float products go to oneDNN's sgemm where LibTorch brings it: its code fits the processor whatever OpenBLAS was told or knows.
void product(const at::Tensor& a, const at::Tensor& b, at::Tensor& out, bool add = false);

/// a·b through product(), differentiable as often as wanted; a [M,K], b [K,N].
at::Tensor differentiable_product(const at::Tensor& a, const at::Tensor& b);
/// That this is faster for x than LibTorch's own: float on the CPU, and oneDNN at hand.
bool product_pays(const at::Tensor& x);

}  // namespace telltale
