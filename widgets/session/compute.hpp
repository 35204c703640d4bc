// Threads and device belong to the process: two workers share them. Here they are set so that neither pulls them from under the other.
#pragma once
#include <mutex>
#include <string>

#include "model/classifier.hpp"

namespace telltale::ui {

/// What a person chose; read by workers when they begin something.
class ComputeChoice {
 public:
  void set(const ComputeOptions& options);
  ComputeOptions get() const;

 private:
  mutable std::mutex mutex_;
  ComputeOptions options_;
};

/// Held by a worker's thread while it computes. The number of threads changes only while nobody computes: who comes later keeps it.
class ComputeUse {
 public:
  explicit ComputeUse(ComputeOptions wanted);  ///< throws std::invalid_argument for a device that is not there
  ~ComputeUse();
  ComputeUse(const ComputeUse&) = delete;
  ComputeUse& operator=(const ComputeUse&) = delete;
  const ComputeOptions& options() const { return options_; }

 private:
  ComputeOptions options_;
};

/// The first line of what is being thrown, for a person. Call in a catch block.
std::string error_line();

}  // namespace telltale::ui
