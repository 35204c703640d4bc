#include "model/device_memory.hpp"

#include <torch/version.h>
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 11)
#include <c10/core/CachingDeviceAllocator.h>
#define TELLTALE_DEVICE_STATISTICS
#endif

namespace telltale {

#ifdef TELLTALE_DEVICE_STATISTICS
namespace {

/// Null where the device keeps no books, or has not been used yet.
c10::DeviceAllocator* allocator(const at::Device& device) {
  if (device.is_cpu()) return nullptr;
  auto* found = dynamic_cast<c10::DeviceAllocator*>(c10::GetAllocator(device.type()));
  return found && found->initialized() ? found : nullptr;
}

c10::DeviceIndex index_of(const at::Device& device) { return device.has_index() ? device.index() : c10::DeviceIndex(0); }

const c10::CachingAllocator::Stat* bytes(c10::CachingDeviceAllocator::DeviceStats& stats) { return &stats.allocated_bytes[0]; }  // 0: of all pools together

}  // namespace

double device_mib(const at::Device& device) {
  c10::DeviceAllocator* a = allocator(device);
  if (!a) return 0;
  auto stats = a->getDeviceStats(index_of(device));
  return static_cast<double>(bytes(stats)->current) / (1 << 20);
}

double device_peak_mib(const at::Device& device) {
  c10::DeviceAllocator* a = allocator(device);
  if (!a) return 0;
  auto stats = a->getDeviceStats(index_of(device));
  return static_cast<double>(bytes(stats)->peak) / (1 << 20);
}

void reset_device_peak(const at::Device& device) {
  if (c10::DeviceAllocator* a = allocator(device)) a->resetPeakStats(index_of(device));
}
#else
double device_mib(const at::Device&) { return 0; }
double device_peak_mib(const at::Device&) { return 0; }
void reset_device_peak(const at::Device&) {}
#endif

}  // namespace telltale
