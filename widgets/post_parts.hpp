// What stands around a painted post: order strip and legend.
#pragma once
#include "widgets/painted_view.hpp"
#include "widgets/post_content.hpp"

class QSlider;

namespace telltale::ui {

/// One bar per word in reading order; dotted lines at paragraphs; the largest few are named.
class OrderStrip : public PaintedView {
  Q_OBJECT
 public:
  explicit OrderStrip(Theme& theme, QWidget* parent = nullptr);
  void set_post(PostPtr post);
  static constexpr int least_height = 60, most_height = 190;

 protected:
  void paintEvent(QPaintEvent*) override;
  void lay_out() override;

 private:
  PostPtr post_;
  double reach_ = 1;
  std::vector<qreal> paragraphs_;
};

/// The diverging scale with numbers.
class HeatLegend : public QWidget {
  Q_OBJECT
 public:
  explicit HeatLegend(Theme& theme, QWidget* parent = nullptr);
  void set_scale(double domain, double gamma);
  QSize sizeHint() const override { return {224, 40}; }

 protected:
  void paintEvent(QPaintEvent*) override;

 private:
  Theme& theme_;
  double domain_ = 1, gamma_ = 1;
};

}  // namespace telltale::ui
