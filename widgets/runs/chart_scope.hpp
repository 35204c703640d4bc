// What all charts of the view share: axis, stretch, cursor, smoothing. And how a column becomes lines, one value a pixel.
#pragma once
#include <QObject>
#include <QPointer>
#include <QTimer>
#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include "widgets/runs/run_data.hpp"

namespace telltale::ui {

class ChartScope : public QObject {
  Q_OBJECT
 public:
  explicit ChartScope(QObject* parent = nullptr);
  ChartAxis axis() const { return axis_; }
  bool log() const { return log_; }
  double beta() const { return beta_; }
  bool grouped() const { return grouped_; }
  bool clipped() const { return clipped_; }
  const std::optional<std::pair<double, double>>& zoom() const { return zoom_; }  ///< none: all
  std::optional<double> cursor() const { return cursor_; }

  void set_axis(ChartAxis axis);  ///< shows all again
  void set_log(bool on);
  void set_beta(double beta);     ///< 0 … 0.999
  void set_grouped(bool on);
  void set_clipped(bool on);
  void set_zoom(std::optional<std::pair<double, double>> zoom);
  void set_cursor(std::optional<double> x);

  /// Calls `work` soon, once for all askings of `who` until then, and one `who` each time events were looked at: many panels that follow one
  /// change do not make the window wait for all of them.
  void in_turn(QObject* who, std::function<void()> work);

 Q_SIGNALS:
  void changed();         ///< all but the cursor
  void cursor_changed();

 private:
  ChartAxis axis_ = ChartAxis::step;
  bool log_ = false, grouped_ = true, clipped_ = true;
  double beta_ = 0.97;
  std::optional<std::pair<double, double>> zoom_;
  std::optional<double> cursor_;
  std::deque<std::pair<QPointer<QObject>, std::function<void()>>> turns_;
  QTimer turn_;
};

/// A run by itself, or the seeds of one setting.
struct DrawnRuns {
  std::vector<WatchedRun*> runs;
  int series = 0;
  QString name;
};
std::vector<DrawnRuns> drawn(RunData& data, bool grouped);

/// What is drawn of a column over [low, high] in `columns` pixel columns.
struct DrawnColumn {
  std::vector<double> x, y;               ///< the moving average
  std::vector<double> band_x, low, high;  ///< least and greatest a pixel column
};
DrawnColumn draw_column(WatchedRun& run, const std::string& name, const ChartScope& scope, double low, double high, int columns);
/// Mean of the seeds' averages with its 95 % interval (Student's t over the seeds that have come so far).
/// `smooth`: else the values as they are.
DrawnColumn draw_group(const std::vector<WatchedRun*>& runs, const std::string& name, const ChartScope& scope, double low, double high, int columns, bool smooth = true);
/// The lost tail, smoothed by itself; no band.
DrawnColumn draw_ghost(WatchedRun& run, const std::string& name, const ChartScope& scope, double low, double high, int columns);

/// Rows [begin, end) whose x lies in [low, high).
std::pair<std::size_t, std::size_t> rows_between(const std::vector<double>& axis, double low, double high);
/// The row at x: the last that is not after it; nothing before the first and after the last.
std::optional<std::size_t> row_at(const std::vector<double>& axis, double x);
/// The row that is nearest to x (of two that are as near the later); nothing more than a hundredth of the axis before the first or after the last.
std::optional<std::size_t> nearest_row(const std::vector<double>& axis, double x);
/// Where the nearest recorded step of any shown run stands on the axis: what the cursor at x tells of. x itself where there is none so near.
double recorded_near(const RunData& data, ChartAxis axis, double x);
/// The average at the row nearest to x; NaN where there is none. The last one without x.
double average_at(WatchedRun& run, const std::string& name, const ChartScope& scope, std::optional<double> x);
double raw_at(const WatchedRun& run, const std::string& name, const ChartScope& scope, std::optional<double> x);

/// The y axis that shows the averages and nearly all of the bands: outliers become arrows. Adds those to `data`.
void fit_and_clip(ChartData& data, bool log, bool clip, double floor = NAN);

}  // namespace telltale::ui
