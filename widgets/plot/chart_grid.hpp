// Charts in rows and columns with one time axis: the only wrapper over QCustomPlot. Takes values, says where the pointer is.
#pragma once
#include <QWidget>
#include <memory>

#include "widgets/escape.hpp"
#include "widgets/plot/chart_data.hpp"
#include "widgets/theme.hpp"

namespace telltale::ui {

/// The owner fills each chart for the range that is shown, one value a pixel column (plot_columns()), then calls replot() once.
/// Drag zooms x, wheel zooms at the pointer, Shift + wheel scrolls, double click shows all, ← → Home End move the cursor.
class ChartGrid : public QWidget, public Escapes {
  Q_OBJECT
 public:
  ChartGrid(Theme& theme, const QString& name, int rows, int columns, QWidget* parent = nullptr);
  ~ChartGrid() override;
  void set_shape(int rows, int columns, int charts);  ///< what was shown goes, unless it is the shape it has
  int count() const;
  void set_right_margin(int px);                      ///< room for the names of areas
  void set_titles_shown(bool on);

  void set_axis(ChartAxis axis);
  void set_limits(double low, double high);           ///< zooming and scrolling stay inside
  void set_range(double low, double high);            ///< does not signal
  std::pair<double, double> range() const;
  int plot_columns() const;                           ///< device pixels across a chart

  void set_title(int chart, const ChartTitle& title);
  void set_data(int chart, ChartData data);
  const ChartData& data(int chart) const;
  const ChartTitle& title(int chart) const;
  /// A line through all charts, with dots; nothing: no line. Redraws only itself and the titles.
  void set_cursor(std::optional<double> x, std::vector<std::vector<ChartDot>> dots = {});
  void replot();
  long long replots() const;                          ///< for tests and benchmarks

  QRect plot_box(int chart) const;                    ///< of the axes, in this widget
  double x_at(int px) const;                          ///< of the first chart's column …; inverse of pixel_of
  int pixel_of(int chart, double x) const;
  bool escape() override;                             ///< shows all again
  QSize sizeHint() const override { return {560, 300}; }
  QSize minimumSizeHint() const override;

 Q_SIGNALS:
  void range_chosen(double low, double high);
  void range_reset();
  void hovered(double x);
  void left();
  void clicked(int chart, double x, double tolerance);  ///< tolerance: four pixels, in x
  void cursor_moved(int by);                            ///< ±1, ±2: to the first, the last
  void resized();                                       ///< pixel columns are others now: fill the charts anew

 protected:
  bool eventFilter(QObject*, QEvent*) override;
  void keyPressEvent(QKeyEvent*) override;
  void resizeEvent(QResizeEvent*) override;
  void focusInEvent(QFocusEvent*) override;
  void focusOutEvent(QFocusEvent*) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace telltale::ui
