// What long work tells its caller. Work is cancelled by std::stop_token; cancelled is a status, never an error.
#pragma once
#include <functional>
#include <string>

namespace telltale {

struct Progress {
  double done = 0, total = 0;  ///< same unit; total 0 = not known
  std::string what;            ///< "explaining", "reading posts"
};
using ProgressFn = std::function<void(const Progress&)>;

/// Thrown by work that was stopped by its stop token before it had a result; callers turn it into a status.
struct Cancelled {};

}  // namespace telltale
