// Work beside training: explanations, predictions, imports, comparisons, exports, cost probes.
#pragma once
#include <QObject>
#include <QString>
#include <functional>
#include <memory>
#include <stop_token>
#include <vector>

#include "base/progress.hpp"
#include "model/classifier.hpp"
#include "store/store.hpp"

namespace telltale::ui {

/// Loaded classifiers, the last few kept. Used on the worker's thread.
class ModelCache {
 public:
  virtual ~ModelCache() = default;
  virtual std::shared_ptr<Classifier> of_run(Store& store, std::int64_t run) = 0;  ///< throws what Classifier::load throws
  virtual std::shared_ptr<Classifier> of_folder(const std::filesystem::path& folder) = 0;
};

/// Two worker threads, each with a store connection and models of its own: one for `visible` and `soon`, one for `background`.
/// What is on screen goes first; of equal priority the newest.
class WorkQueue : public QObject {
  Q_OBJECT
 public:
  enum class Priority { visible, soon, background };
  using JobId = quint64;
  struct Context {  ///< for the work, on the worker's thread
    std::stop_token stop;
    ProgressFn progress;
    Store& store;
    ModelCache& models;
  };
  /// Runs on the worker; what it returns runs on the window's thread, unless the job was cancelled or the receiver is gone by then.
  using Work = std::function<std::function<void()>(Context&)>;
  using Failed = std::function<void(const QString& message)>;  ///< on the window's thread; one line. Cancelled is not a failure.

  virtual JobId submit(QObject* receiver, Priority priority, const QString& what, Work work, Failed failed = {}) = 0;
  /// A job that waits goes; one that runs is asked to stop; its result is dropped. Unknown ids are passed over.
  virtual void cancel(JobId job) = 0;
  /// A person stops it from outside: as cancel(), and whoever waits for it is told so through its `failed`.
  virtual void stop(JobId job) = 0;

  struct Job {
    JobId id = 0;
    QString what;
    bool running = false;
    double done = 0, total = 0, seconds = 0;  ///< total 0: not known; seconds since it began
  };
  virtual std::vector<Job> jobs() const = 0;  ///< running first
  virtual std::vector<QObject*> receivers() const = 0;  ///< of what is due still; on the window's thread

 Q_SIGNALS:
  void changed();  ///< of jobs(), at most ten times a second
};

}  // namespace telltale::ui
