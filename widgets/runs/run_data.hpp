// The runs that are shown, with all their steps: read from the file beside the window's thread, and followed live.
#pragma once
#include <QObject>
#include <map>
#include <memory>
#include <vector>

#include "report/run_curves.hpp"
#include "widgets/plot/chart_data.hpp"
#include "widgets/session/session.hpp"

namespace telltale::ui {

struct WatchedRun {
  RunRecord record;
  RunCurves curves, ghost;                 ///< ghost: the tail that was lost at the last resume
  std::vector<ValidationRecord> validations;
  std::map<std::string, MovingAverage> averages, ghost_averages;
  bool loaded = false;
  QString error;
  int series = 0;                          ///< index of its colour

  const std::vector<double>& axis(ChartAxis a) const { return axis_of(curves, a); }
  static const std::vector<double>& axis_of(const RunCurves& curves, ChartAxis a);
  double weight(const std::string& term) const;   ///< of the loss; NaN = the settings do not say
  double setting(const char* key, double otherwise) const;
  bool same_but_seed(const WatchedRun& other) const;
  double axis_at_step(double step, ChartAxis a) const;
  double expected_end(ChartAxis a) const;         ///< of the axis: all steps for a run that is not over
};

class RunData : public QObject {
  Q_OBJECT
 public:
  explicit RunData(QObject* parent = nullptr);
  void set_session(Session* session);
  Session* session() const { return session_; }
  /// The first is in front. Runs that are shown already keep what was read.
  void show(const std::vector<std::int64_t>& ids);
  std::vector<const WatchedRun*> runs() const;    ///< loaded or not, in the order of show()
  WatchedRun* find(std::int64_t id);
  bool loading() const;
  void set_series(const std::map<std::int64_t, int>& series);  ///< of those named; others by their place among the file's runs

 Q_SIGNALS:
  void shown();   ///< other runs are shown, or one was loaded, renamed, changed its status
  void grew();    ///< live: new steps or validations; at most ten times a second
  void filmed(qint64 run);
  void failed(const QString& message);

 private:
  void load(std::int64_t id);
  void refill(std::int64_t id);
  void heard(std::int64_t run, const std::vector<OrderedJson>& events);
  void take_live(WatchedRun& run);
  void read_records();
  void give_colours();

  Session* session_ = nullptr;
  std::vector<std::unique_ptr<WatchedRun>> runs_;
  std::map<std::int64_t, std::vector<OrderedJson>> waiting_;  ///< live events that do not follow on yet
  std::map<std::int64_t, int> chosen_series_;
  std::map<std::int64_t, WorkQueue::JobId> jobs_;
};

}  // namespace telltale::ui
