// TrainingQueue over train_run(): one thread with a store connection of its own.
#pragma once
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "training/control.hpp"
#include "widgets/session/compute.hpp"
#include "widgets/session/pulse.hpp"
#include "widgets/session/training_queue.hpp"

namespace telltale::ui {

class TrainingRunner final : public TrainingQueue {
 public:
  /// `runs_changed`: called on this thread when a row of the store changed. It must outlive this, as must `compute`.
  TrainingRunner(ComputeChoice& compute, std::filesystem::path file, bool read_only, std::function<void()> runs_changed);
  ~TrainingRunner() override;

  void enqueue(std::int64_t run, const std::optional<ComputeOptions>& on = {}) override;
  void remove(std::int64_t run) override;
  std::vector<std::int64_t> waiting() const override;
  std::optional<std::int64_t> running() const override;
  ComputeOptions compute() const override { return compute_.get(); }
  void set_compute(const ComputeOptions& compute) override;
  void pause() override;
  void resume() override;
  void stop_after_epoch() override;
  void stop_now() override;
  bool paused() const override;
  void watch_geometry(std::optional<GeometryWish> wish) override;
  State state() const override;

 private:
  struct Done {
    std::int64_t run;
    std::string error;
  };
  void loop(std::stop_token quit);
  std::string train(std::int64_t run, const std::stop_token& stop, TrainControl& control);
  void heard(std::int64_t run, const OrderedJson& event);
  void deliver();

  ComputeChoice& compute_;
  const std::filesystem::path file_;
  const bool read_only_;
  std::function<void()> runs_changed_;
  std::unique_ptr<Store> store_;  ///< the worker's

  mutable std::mutex mutex_;      ///< guards what follows
  std::condition_variable_any more_;
  std::vector<std::int64_t> waiting_;
  std::map<std::int64_t, ComputeOptions> on_;  ///< of runs that have a machine of their own
  std::optional<std::int64_t> running_;
  std::shared_ptr<TrainControl> control_;
  std::optional<GeometryWish> geometry_;
  std::stop_source stop_;
  State state_;
  std::optional<std::pair<std::int64_t, double>> pace_from_;  ///< step and seconds from which the pace is taken
  std::vector<OrderedJson> events_;
  std::int64_t events_of_ = 0;
  std::vector<Done> done_;
  bool rows_changed_ = false;

  Pulse pulse_;
  std::jthread worker_;           ///< last: it ends first
};

}  // namespace telltale::ui
