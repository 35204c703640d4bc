// Compare without a comparison: what it would cost, the button that makes it, and how far it is.
#pragma once
#include <QWidget>

#include "widgets/compare/compare_work.hpp"
#include "widgets/theme.hpp"

class QComboBox;
class QLabel;
class QProgressBar;
class QPushButton;

namespace telltale::ui {

class StartPage : public QWidget {
  Q_OBJECT
 public:
  explicit StartPage(Theme& theme, QWidget* parent = nullptr);
  void set_session(Session* session);
  /// No runs: only the sentence. Else what a comparison of them costs is measured, when this is on screen.
  /// `needs_run`: with a button that leads to a new run.
  void set_runs(const std::vector<std::int64_t>& runs, const QString& sentence, bool needs_run = false);
  bool busy() const { return job_ != 0; }
  void start();   ///< what the button does
  void cancel();

 Q_SIGNALS:
  void made(qint64 a, qint64 b);
  void failed(const QString& message);
  void new_run_asked();  ///< there are no two runs to compare

 protected:
  void showEvent(QShowEvent*) override;

 private:
  void measure();
  void tell();
  void follow();
  double predicted_seconds() const;  ///< of the whole comparison, by the probe
  Session* session_ = nullptr;
  std::vector<std::int64_t> runs_;
  bool needs_run_ = false;
  std::optional<CompareCost> cost_;
  WorkQueue::JobId probe_ = 0, job_ = 0;
  QLabel *sentence_ = nullptr, *cost_line_ = nullptr, *error_ = nullptr;
  QComboBox* posts_ = nullptr;
  QPushButton *start_ = nullptr, *cancel_ = nullptr, *new_run_ = nullptr;
  QProgressBar* bar_ = nullptr;
  QLabel* posts_label_ = nullptr;
};

}  // namespace telltale::ui
