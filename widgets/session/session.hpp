// The open file and all work on it. Views get a pointer to this and nothing else.
#pragma once
#include <QObject>
#include <filesystem>
#include <memory>

#include "store/store.hpp"
#include "widgets/session/training_queue.hpp"
#include "widgets/session/work_queue.hpp"

namespace telltale::ui {

/// One for each open file; lives on the window's thread.
class Session : public QObject {
  Q_OBJECT
 public:
  enum class Open { existing, create };
  /// Opens for writing; a file that can only be read is opened so, then read_only() is true. Throws what Store::open throws.
  explicit Session(const std::filesystem::path& file, Open how = Open::existing, QObject* parent = nullptr);
  ~Session() override;  ///< asks all work to stop and waits for it; a run in training is saved as by stop_now()
  /// Asks work beside training to stop, without waiting: once `ended` came, the destructor has nothing to wait for.
  void end();
  bool has_ended() const;
  /// What other programs changed in the file: runs whose process is gone become interrupted, and the views read anew.
  void read_again();
  Store& store();       ///< the window's own connection: short reads and single-row writes only
  bool read_only() const;
  TrainingQueue& training();
  WorkQueue& work();

 Q_SIGNALS:
  void runs_changed();  ///< a run was added, removed, renamed, or its status or metrics changed: read the table again
  void data_changed();  ///< data sets were added or removed
  void explanations_changed(qint64 run);
  void comparisons_changed();
  void ended();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace telltale::ui
