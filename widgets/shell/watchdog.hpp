// Reports when the window's thread does not come back to its events in time, with the stack where it stood.
#pragma once
#include <QObject>
#include <QTimer>
#include <atomic>
#include <functional>
#include <string>
#include <thread>

namespace telltale::ui {

/// In builds without NDEBUG, or when TELLTALE_WATCHDOG is set (to the limit in ms, if it is a number).
class Watchdog : public QObject {
  Q_OBJECT
 public:
  struct Stall {
    int milliseconds = 0;
    std::string stack;  ///< of the moment when the limit was passed
  };
  /// `report` is called on the watched thread after each stall; without one it goes to standard error. Make it on the thread to watch.
  explicit Watchdog(int limit_ms = 50, std::function<void(const Stall&)> report = {}, QObject* parent = nullptr);
  ~Watchdog() override;
  int longest_ms() const { return longest_; }
  static int wanted_limit();  ///< in ms; 0: no watchdog wanted

 private:
  int limit_;
  std::function<void(const Stall&)> report_;
  QTimer beat_;
  std::atomic<std::int64_t> last_beat_{0};
  std::atomic<bool> stalled_{false};
  int longest_ = 0;
  std::jthread watcher_;
};

}  // namespace telltale::ui
