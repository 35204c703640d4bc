// Memory of a run: that of the graphics card where the model lives on one, else that of the process. For core only (torch).
#pragma once
#include <c10/core/Device.h>

namespace telltale {

double used_mib(const at::Device& device);   ///< now
double peak_mib(const at::Device& device);   ///< the most so far, or since reset_peak()
void reset_peak(const at::Device& device);

}  // namespace telltale
