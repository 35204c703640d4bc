// The line at the bottom: what runs, how far it is, how long it takes, and how to pause, stop or cancel it.
#pragma once
#include <QPointer>
#include <QTimer>
#include <QWidget>

#include "widgets/session/session.hpp"
#include "widgets/theme.hpp"

class QLabel;
class QPushButton;
class QToolButton;

namespace telltale::ui {

class ElidedLabel;

/// A bar with a line at the end of each epoch.
class ProgressStrip : public QWidget {
  Q_OBJECT
 public:
  explicit ProgressStrip(Theme& theme, QWidget* parent = nullptr);
  void set_progress(double done, double total, int parts = 1);  ///< total 0: not known

 protected:
  void paintEvent(QPaintEvent*) override;

 private:
  Theme& theme_;
  double done_ = 0, total_ = 0;
  int parts_ = 1;
};

/// The ring of what is going on.
class ProgressRing : public QWidget {
  Q_OBJECT
 public:
  explicit ProgressRing(Theme& theme, QWidget* parent = nullptr);
  enum class Kind { idle, running, paused, stopped, failed };  ///< idle: nothing to do, and what was done last ended well
  void set_state(Kind kind, double share);

 protected:
  void paintEvent(QPaintEvent*) override;

 private:
  Theme& theme_;
  Kind kind_ = Kind::idle;
  double share_ = 0;
};

class JobBar : public QWidget {
  Q_OBJECT
 public:
  explicit JobBar(Theme& theme, QWidget* parent = nullptr);
  void set_session(Session* session);
  void set_machine(const QString& text, const QString& tip);  ///< at the right while nothing runs

 protected:
  void resizeEvent(QResizeEvent*) override;
  void paintEvent(QPaintEvent*) override;

 private:
  void update_state();
  void show_training();
  void show_jobs(const std::vector<WorkQueue::Job>& jobs);
  void show_idle();
  void show_queue();
  void fit();
  void finished(qint64 run, const QString& error);

  Theme& theme_;
  QPointer<Session> session_;
  QTimer later_;
  ProgressRing* ring_;
  ElidedLabel* name_;
  QLabel *where_, *left_, *rates_, *machine_label_;
  ProgressStrip* strip_;
  QPushButton *pause_, *after_epoch_, *stop_, *cancel_;
  QToolButton* queue_;
  QString machine_, machine_tip_, last_;
  ProgressRing::Kind last_ended_ = ProgressRing::Kind::idle;
  WorkQueue::JobId job_ = 0;
  std::int64_t run_ = 0;
  int epochs_ = 1;
  QString run_name_;
  bool stopping_ = false, after_epoch_asked_ = false;
  enum class Shown { idle, training, job } shown_ = Shown::idle;
};

}  // namespace telltale::ui
