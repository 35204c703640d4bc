// A slider with two handles: the least and the most of a range of 0 … 1.
#pragma once
#include <QWidget>

#include "widgets/theme.hpp"

namespace telltale::ui {

/// Keys: ← → move a handle, Space changes to the other one, Home and End put them to their ends; a double click resets.
class RangeSlider : public QWidget {
  Q_OBJECT
 public:
  explicit RangeSlider(Theme& theme, QWidget* parent = nullptr);
  double least() const { return low_; }
  double most() const { return high_; }
  void set_range(double least, double most);  ///< does not signal
  QSize sizeHint() const override { return {110, 22}; }
  QSize minimumSizeHint() const override { return {70, 22}; }

 Q_SIGNALS:
  void changed();

 protected:
  void paintEvent(QPaintEvent*) override;
  void mousePressEvent(QMouseEvent*) override;
  void mouseMoveEvent(QMouseEvent*) override;
  void mouseDoubleClickEvent(QMouseEvent*) override;
  void keyPressEvent(QKeyEvent*) override;

 private:
  qreal at(double value) const;
  void move(double value);
  Theme& theme_;
  double low_ = 0, high_ = 1;
  bool upper_ = false;  ///< the handle in use
};

}  // namespace telltale::ui
