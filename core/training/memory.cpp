#include "training/memory.hpp"

#include "model/device_memory.hpp"
#include "training/process.hpp"

namespace telltale {

double used_mib(const at::Device& device) {
  const double card = device_mib(device);
  return card > 0 ? card : resident_mib();
}

double peak_mib(const at::Device& device) {
  const double card = device_peak_mib(device);
  return card > 0 ? card : peak_resident_mib();
}

void reset_peak(const at::Device& device) {
  reset_peak_resident();
  reset_device_peak(device);
}

}  // namespace telltale
