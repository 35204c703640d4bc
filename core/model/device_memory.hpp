// Memory that tensors take where they live. For core only (torch).
#pragma once
#include <c10/core/Device.h>

namespace telltale {

/// MiB that LibTorch's tensors hold on a graphics card: now, and at most since reset_device_peak(). 0 on the CPU, where the process's own size is what counts
/// (training/process.hpp), and with a LibTorch before 2.11, which tells it to no program that is not built for CUDA.
double device_mib(const at::Device& device);
double device_peak_mib(const at::Device& device);
void reset_device_peak(const at::Device& device);

}  // namespace telltale
