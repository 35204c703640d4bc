// Mean deletion or insertion curves: p of the explained class as words go (or come), with the 95 % band of the mean.
#pragma once
#include <QWidget>

#include "evaluation/statistics.hpp"
#include "widgets/escape.hpp"
#include "widgets/theme.hpp"

namespace telltale::ui {

struct MeanCurve {
  QString name, value;           ///< of the line, and its area
  int series = -1;               ///< −1: the control, dotted and grey
  bool dashed = false;           ///< another method than the first
  std::vector<Interval> points;  ///< evenly spaced from 0 to 100 %
};

class CurvePlot : public QWidget, public Escapes {
  Q_OBJECT
 public:
  CurvePlot(Theme& theme, bool deletion, QWidget* parent = nullptr);
  void set_curves(std::vector<MeanCurve> curves, const QString& empty);  ///< `empty` is said where there are none
  const std::vector<MeanCurve>& curves() const { return curves_; }
  QString csv() const;
  bool escape() override;  ///< takes the cursor away
  QSize minimumSizeHint() const override { return {190, 130}; }

 protected:
  void paintEvent(QPaintEvent*) override;
  void mouseMoveEvent(QMouseEvent*) override;
  void leaveEvent(QEvent*) override;
  void keyPressEvent(QKeyEvent*) override;

 private:
  QRectF area() const;
  void move_cursor(int point);
  Theme& theme_;
  const bool deletion_;
  std::vector<MeanCurve> curves_;
  QString empty_;
  int cursor_ = -1;  ///< point under the pointer, −1 = none
};

}  // namespace telltale::ui
