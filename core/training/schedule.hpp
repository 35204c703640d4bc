// Learning rate over a run: linear warm-up from 0, then linear decay to 0.
#pragma once
#include <cstdint>

namespace telltale {

struct Schedule {
  std::int64_t steps = 0;    ///< of the whole run
  std::int64_t warm_up = 0;  ///< steps of warm-up
  double peak = 0;           ///< rate at the end of warm-up

  /// `share` of the steps, rounded down, is warm-up.
  static Schedule of(std::int64_t steps, double share, double peak);

  /// Rate of step k, counted from 0: peak · k/warm_up, then peak · (steps − k)/(steps − warm_up). The first step of a warm-up has rate 0.
  double rate(std::int64_t k) const;
};

}  // namespace telltale
