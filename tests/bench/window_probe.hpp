// How long the thread of the window does not come back to its events: a heartbeat every 5 ms, and the watchdog's stack of the worst.
#pragma once
#include <time.h>

#include <QCoreApplication>
#include <QElapsedTimer>
#include <QTimer>
#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "widgets/shell/watchdog.hpp"

namespace telltale::bench {

/// Of the thread it is made on. A gap between two beats holds the 5 ms of the timer itself, and whatever the machine gave to others meanwhile:
/// `cpu_ms` is what this thread computed in it.
class Probe {
 public:
  static constexpr int beat_ms = 5;

  Probe() : watchdog_(40, [this](const ui::Watchdog::Stall& s) { heard(s); }) {
    timer_.setTimerType(Qt::PreciseTimer);
    QObject::connect(&timer_, &QTimer::timeout, &timer_, [this] { beat(); });
    timer_.start(beat_ms);
    begin();
  }
  void begin() {
    gaps_.clear();
    stack_.clear();
    stack_ms_ = 0;
    last_wall_ = wall();
    last_cpu_ = cpu();
    begun_ = last_wall_;
    begun_cpu_ = last_cpu_;
  }
  /// Since begin(): {"longest_ms", "its_cpu_ms", "longest_cpu_ms", "over_50_ms", "over_100_ms", "seconds", "cpu_share", "stack"}.
  OrderedJson end() {
    QCoreApplication::processEvents();
    beat();
    const auto worst = std::max_element(gaps_.begin(), gaps_.end(), [](const Gap& a, const Gap& b) { return a.ms < b.ms; });
    const auto most_cpu = std::max_element(gaps_.begin(), gaps_.end(), [](const Gap& a, const Gap& b) { return a.cpu_ms < b.cpu_ms; });
    const auto over = [&](double limit) { return std::count_if(gaps_.begin(), gaps_.end(), [&](const Gap& g) { return g.ms > limit; }); };
    OrderedJson out = {{"longest_ms", rounded(worst->ms)}, {"its_cpu_ms", rounded(worst->cpu_ms)}, {"longest_cpu_ms", rounded(most_cpu->cpu_ms)}, {"over_50_ms", over(50)}, {"over_100_ms", over(100)},
                       {"seconds", rounded((last_wall_ - begun_) / 1e3)}, {"cpu_share", rounded((last_cpu_ - begun_cpu_) / (last_wall_ - begun_))}};
    if (!stack_.empty()) out["stack"] = stack_;
    return out;
  }
  static double rounded(double v) { return std::round(v * 1000) / 1000; }
  static double wall() { return of(CLOCK_MONOTONIC); }

 private:
  struct Gap {
    double ms, cpu_ms;
  };
  static double of(clockid_t clock) {
    timespec t{};
    clock_gettime(clock, &t);
    return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_nsec) / 1e6;
  }
  static double cpu() { return of(CLOCK_THREAD_CPUTIME_ID); }
  void beat() {
    const double w = wall(), c = cpu();
    gaps_.push_back({w - last_wall_, c - last_cpu_});
    last_wall_ = w;
    last_cpu_ = c;
  }
  /// The functions of the longest stall, outermost last; libraries' addresses are left out.
  void heard(const ui::Watchdog::Stall& s) {
    if (s.milliseconds <= stack_ms_) return;
    stack_ms_ = s.milliseconds;
    stack_ = OrderedJson::array();
    std::size_t at = 0;
    while (at < s.stack.size() && stack_.size() < 24) {
      const auto end = s.stack.find('\n', at);
      std::string line = s.stack.substr(at, end - at);
      at = end == std::string::npos ? s.stack.size() : end + 1;
      const auto open = line.find('('), plus = line.rfind('+'), close = line.find(')', open == std::string::npos ? 0 : open);
      if (open == std::string::npos || plus == std::string::npos || plus <= open + 1) {
        stack_.push_back(line.substr(line.find_first_not_of(' ')));
        continue;
      }
      stack_.push_back(line.substr(open + 1, std::min(plus, close) - open - 1));
    }
  }

  QTimer timer_;
  std::vector<Gap> gaps_;
  OrderedJson stack_;
  int stack_ms_ = 0;
  double last_wall_ = 0, last_cpu_ = 0, begun_ = 0, begun_cpu_ = 0;
  ui::Watchdog watchdog_;
};

/// Events are served until `done`; false after `seconds`.
inline bool until(const std::function<bool()>& done, double seconds = 600) {
  QElapsedTimer clock;
  clock.start();
  while (!done()) {
    if (static_cast<double>(clock.elapsed()) > seconds * 1e3) return false;
    QCoreApplication::processEvents(QEventLoop::AllEvents | QEventLoop::WaitForMoreEvents);
  }
  return true;
}

inline void rest(double seconds) {
  const double end = Probe::wall() + seconds * 1e3;
  until([&] { return Probe::wall() >= end; });
}

}  // namespace telltale::bench
