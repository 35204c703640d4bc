#pragma once
#include <ATen/ATen.h>

namespace telltale {

/// out = a·b, or out += a·b: matrices on the CPU, a [M,K], b [K,N] (rows or columns dense), out [M,N] dense; float or bfloat16.
/// Float products go to oneDNN's sgemm where LibTorch brings it: its code fits the processor whatever OpenBLAS was told or knows.
void product(const at::Tensor& a, const at::Tensor& b, at::Tensor& out, bool add = false);

}  // namespace telltale
