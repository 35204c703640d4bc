#include "widgets/session/compute.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <exception>
#include <optional>

namespace telltale::ui {
namespace {

/// State of the process, not of a file: LibTorch, OpenMP and the BLAS have one each.
struct Applied {
  std::mutex mutex;
  std::optional<int> threads;
  int users = 0;
};
Applied& applied() {
  static Applied state;
  return state;
}

/// The window's thread goes first where both want a core: it wants one for milliseconds. Linux counts niceness by thread; those that OpenMP
/// starts for this one have it too.
void stand_back() {
  constexpr int by = 5;
  const auto thread = static_cast<id_t>(::gettid());
  if (thread != static_cast<id_t>(::getpid()) && ::getpriority(PRIO_PROCESS, thread) == ::getpriority(PRIO_PROCESS, static_cast<id_t>(::getpid()))) ::setpriority(PRIO_PROCESS, thread, ::getpriority(PRIO_PROCESS, thread) + by);
}

}  // namespace

void ComputeChoice::set(const ComputeOptions& options) {
  const std::lock_guard lock(mutex_);
  options_ = options;
}

ComputeOptions ComputeChoice::get() const {
  const std::lock_guard lock(mutex_);
  return options_;
}

ComputeUse::ComputeUse(ComputeOptions wanted) : options_(std::move(wanted)) {
  stand_back();
  Applied& state = applied();
  const std::lock_guard lock(state.mutex);
  // A BLAS gives back the buffers of threads that it loses: never while another worker may be inside it.
  if (state.users > 0 && state.threads) options_.threads = *state.threads;
  options_.device = configure_compute(options_);  // on every thread: OpenMP counts its threads for each
  state.threads = options_.threads;
  ++state.users;
}

ComputeUse::~ComputeUse() {
  release_threads();
  Applied& state = applied();
  const std::lock_guard lock(state.mutex);
  --state.users;
}

std::string error_line() {
  std::string message;
  try {
    throw;
  } catch (const std::exception& e) {
    message = e.what();
  } catch (...) {
    message = "an error without a description";
  }
  if (const auto end = message.find('\n'); end != message.npos) message.resize(end);  // LibTorch adds a backtrace
  return message.empty() ? "an error without a description" : message;
}

}  // namespace telltale::ui
