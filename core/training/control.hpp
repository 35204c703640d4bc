// What another thread may ask of a run while it trains.
#pragma once
#include <condition_variable>
#include <mutex>
#include <stop_token>

namespace telltale {

class TrainControl {
 public:
  void pause() { set([&] { paused_ = true; }); }
  void resume() { set([&] { paused_ = false; }); }
  void stop_after_epoch() { set([&] { after_epoch_ = true; }); }
  void stop_now() { set([&] { stop_ = true; }); }

  bool paused() const { return get(paused_); }
  bool stopping() const { return get(stop_); }
  bool stopping_after_epoch() const { return get(after_epoch_); }

  /// Returns when the run may go on or has to stop.
  void wait_while_paused(std::stop_token stop) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, stop, [&] { return !paused_ || stop_; });
  }

 private:
  template <class Change>
  void set(const Change& change) {
    {
      const std::lock_guard lock(mutex_);
      change();
    }
    changed_.notify_all();
  }
  bool get(const bool& value) const {
    const std::lock_guard lock(mutex_);
    return value;
  }

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  bool paused_ = false, after_epoch_ = false, stop_ = false;
};

}  // namespace telltale
