// Training in a thread of its own, one run at a time.
#pragma once
#include <QObject>
#include <QString>
#include <optional>
#include <vector>

#include "base/json.hpp"
#include "training/trainer.hpp"

namespace telltale::ui {

class TrainingQueue : public QObject {
  Q_OBJECT
 public:
  /// A row of the store that is queued, stopped, paused, interrupted or failed; twice is once. `on`: what it computes on, as long as this
  /// queue lives; nothing: what set_compute() said last when it starts.
  virtual void enqueue(std::int64_t run, const std::optional<ComputeOptions>& on = {}) = 0;
  virtual void remove(std::int64_t run) = 0;  ///< of those that wait
  virtual std::vector<std::int64_t> waiting() const = 0;
  virtual std::optional<std::int64_t> running() const = 0;
  virtual ComputeOptions compute() const { return {}; }  ///< what runs that start now would take
  virtual void set_compute(const ComputeOptions& compute) = 0;  ///< for runs and work that start from now on

  // Of the running one; nothing happens when there is none.
  virtual void pause() = 0;
  virtual void resume() = 0;
  virtual void stop_after_epoch() = 0;
  virtual void stop_now() = 0;
  virtual bool paused() const = 0;
  /// Events `geometry` come while this is set, of this run and those after it; see GeometryWish. Nothing by default.
  virtual void watch_geometry(std::optional<GeometryWish> wish) { (void)wish; }

  struct State {  ///< of the running one
    std::int64_t run = 0, step = 0, steps = 0;
    double seconds = 0, seconds_left = -1, tokens_per_second = 0, memory_mib = 0;  ///< seconds_left < 0: not known yet
  };
  virtual State state() const = 0;

 Q_SIGNALS:
  void changed();                                         ///< of waiting(), running(), paused(), state(); at most ten times a second
  /// What the trainer said (CONTRACT.md, --events) since the last time, in order; at most ten times a second.
  void events(qint64 run, const std::vector<telltale::OrderedJson>& events);
  void finished(qint64 run, const QString& error);        ///< error empty: finished, stopped or paused, as the store says
};

}  // namespace telltale::ui
