// A panel of charts over the shown runs: asks for what is drawn when something changed and it can be seen; one replot each time.
#pragma once
#include "widgets/export/view_menu.hpp"
#include "widgets/panel.hpp"
#include "widgets/plot/chart_grid.hpp"
#include "widgets/runs/chart_scope.hpp"

namespace telltale::ui {

class ChartPanel : public Panel {
  Q_OBJECT
 public:
  ChartPanel(Theme& theme, RunData& data, ChartScope& scope, const QString& title, int rows, int columns);
  ChartGrid& grid() { return *grid_; }
  ViewMenu& menu() { return *menu_; }
  void refresh();         ///< fills and replots now, or when it is shown
  QString csv() const;    ///< of what is shown

 Q_SIGNALS:
  void clicked(int chart, double x, double tolerance);
  void failed(const QString& message);
  void exported(const QString& file);

 protected:
  virtual void fill(double low, double high, int columns) = 0;   ///< set_data() of every chart
  virtual bool leads() const { return false; }                   ///< follows a change at once; the others in turn
  virtual void write_titles() = 0;                               ///< set_title() with what is under the cursor
  virtual std::vector<std::vector<ChartDot>> dots() { return {}; }
  void showEvent(QShowEvent*) override;
  void keyPressEvent(QKeyEvent*) override;                       ///< L log, S step, epoch, time: of all charts, whichever has the keyboard
  QString at_text() const;  ///< "step 350", "epoch 1.25", "12 min"; empty without cursor
  /// Text of a value in the colour of its series, or in the normal one where that cannot be read.
  std::pair<QString, QColor> value(const QString& text, int series) const;

  Theme& theme_;
  RunData& data_;
  ChartScope& scope_;
  ChartGrid* grid_;
  ViewMenu* menu_;

 private:
  void move_cursor(int by);
  void follow();
  bool dirty_ = true;
};

/// All there is on the axis.
std::pair<double, double> full_range(const RunData& data, ChartAxis axis);
QString value_text(double value, double largest);

}  // namespace telltale::ui
