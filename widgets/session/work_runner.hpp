// WorkQueue: two threads, each with a store connection and models of its own. One for what is on screen or soon will be, one for what takes
// its time in the background, so that a long evaluation never keeps a person waiting for a click.
#pragma once
#include <QPointer>
#include <array>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "widgets/session/compute.hpp"
#include "widgets/session/pulse.hpp"
#include "widgets/session/work_queue.hpp"

namespace telltale::ui {

class WorkRunner final : public WorkQueue {
  Q_OBJECT
 public:
  WorkRunner(ComputeChoice& compute, std::filesystem::path file, bool read_only);
  ~WorkRunner() override;  ///< as end(), and waits
  /// Asks all work to stop and lets its threads end without waiting for them; ended() follows. No job may be submitted any more.
  void end();
  bool has_ended() const;

  JobId submit(QObject* receiver, Priority priority, const QString& what, Work work, Failed failed = {}) override;
  void cancel(JobId job) override;
  void stop(JobId job) override;
  std::vector<Job> jobs() const override;
  std::vector<QObject*> receivers() const override;

 Q_SIGNALS:
  void ended();  ///< its threads have ended: destroying it waits for nothing

 private:
  using Clock = std::chrono::steady_clock;
  struct Item {
    JobId id = 0;
    Priority priority = Priority::visible;
    QString what;
    Work work;
    std::stop_source stop;
    bool running = false;
    double done = 0, total = 0;
    Clock::time_point begun;
  };
  struct Result {
    JobId id = 0;
    std::function<void()> show;
    std::string error;
  };
  struct Receiver {  ///< of the window's thread
    QPointer<QObject> object;
    bool anyone = false;  ///< there is no receiver to outlive
    Failed failed;
    QMetaObject::Connection gone;
  };
  struct Lane {
    std::unique_ptr<Store> store;
    std::unique_ptr<ModelCache> models;
    std::jthread thread;
  };
  void loop(std::stop_token quit, Lane& lane, bool background);
  void work_on(Lane& lane, const std::shared_ptr<Item>& item);
  std::shared_ptr<Item> next(bool background);
  void deliver();

  ComputeChoice& compute_;
  const std::filesystem::path file_;
  const bool read_only_;
  JobId last_ = 0;
  std::map<JobId, Receiver> receivers_;

  mutable std::mutex mutex_;  ///< guards what follows
  std::condition_variable_any more_;
  std::vector<std::shared_ptr<Item>> items_;
  std::vector<Result> results_;
  std::size_t lanes_ended_ = 0;

  Wake results_are_there_;
  Wake threads_ended_;
  Pulse pulse_;
  std::array<Lane, 2> lanes_;  ///< last: their threads end first
};

}  // namespace telltale::ui
