// From the shared options to the device and threads that core computes with.
#pragma once
#include "common.hpp"
#include "model/classifier.hpp"

namespace telltale::cli {

/// Sets threads and allocator for this process. Throws std::invalid_argument for a device that is not there.
inline ComputeOptions compute_options(const Context& context) {
  const ComputeOptions out{context.device, context.threads, parse_precision(context.precision)};
  configure_compute(out);
  return out;
}

}  // namespace telltale::cli
