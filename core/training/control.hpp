// What another thread may ask of a run while it trains.
#pragma once
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <stop_token>

namespace telltale {

/// What someone who looks at the perturbation wants to see (events `geometry`).
struct GeometryWish {
  std::int64_t document = 0;  ///< a training post; 0: one of the step's batch …
  int post = 0;               ///< … this one, counted around
  int position = -1;          ///< of the token in the post's ids; −1 or a special: the one with the largest attribution
  double every = 2;           ///< seconds between two events at least
  double share = 0.02;        ///< of the run's time that they may take
  friend bool operator==(const GeometryWish&, const GeometryWish&) = default;
};

class TrainControl {
 public:
  void pause() { set([&] { paused_ = true; }); }
  void resume() { set([&] { paused_ = false; }); }
  void stop_after_epoch() { set([&] { after_epoch_ = true; }); }
  void stop_now() { set([&] { stop_ = true; }); }

  /// Nothing: nobody looks, and nothing is computed. The weights are the same either way, bit for bit.
  void watch_geometry(std::optional<GeometryWish> wish) {
    set([&] { geometry_ = wish; });
  }
  std::optional<GeometryWish> geometry() const { return get(geometry_); }

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
  template <class T>
  T get(const T& value) const {
    const std::lock_guard lock(mutex_);
    return value;
  }

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  bool paused_ = false, after_epoch_ = false, stop_ = false;
  std::optional<GeometryWish> geometry_;
};

}  // namespace telltale
