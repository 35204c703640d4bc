// The plane of best view around x: circles at ε and ε₂, the near words, x', x'' and further draws. Angle is that of the shown plane, radius the true one.
#pragma once
#include <memory>

#include "objective/geometry.hpp"
#include "widgets/painted_view.hpp"

namespace telltale::ui {

class PlaneView : public PaintedView {
  Q_OBJECT
 public:
  explicit PlaneView(Theme& theme, QWidget* parent = nullptr);
  void show_geometry(std::shared_ptr<const PerturbationGeometry> geometry);
  void set_stale(bool stale);
  QSize sizeHint() const override { return {320, 320}; }
  QSize minimumSizeHint() const override { return {180, 180}; }
  bool hasHeightForWidth() const override { return true; }
  int heightForWidth(int width) const override { return std::min(width, 420); }
  QPointF centre() const;
  qreal scale() const { return scale_; }   ///< px a unit of absolute length
  enum Key { key_x = 1'000'000, key_near, key_far };  ///< words have keys from 0

 Q_SIGNALS:
  void post_step(int by);

 protected:
  void paintEvent(QPaintEvent*) override;
  void lay_out() override;
  void keyPressEvent(QKeyEvent*) override;

 private:
  struct Label {
    QRectF box;
    QPointF at;
    QString text;
  };
  QPointF place(const GeometryPoint& p) const;
  QString tip_of(const GeometryPoint& p, const QString& name) const;
  std::shared_ptr<const PerturbationGeometry> geometry_;
  std::vector<Label> labels_, rims_;
  qreal scale_ = 1;
  bool stale_ = false;
};

/// Found radii as bars, the law as a line, of x' and x'' in shares.
class RadiusHistogram : public QWidget {
  Q_OBJECT
 public:
  explicit RadiusHistogram(Theme& theme, QWidget* parent = nullptr);
  void show_geometry(std::shared_ptr<const PerturbationGeometry> geometry);
  QSize sizeHint() const override { return {320, 108}; }
  QSize minimumSizeHint() const override { return {160, 96}; }

 protected:
  void paintEvent(QPaintEvent*) override;
  bool event(QEvent*) override;

 private:
  QRectF plot() const;
  Theme& theme_;
  std::shared_ptr<const PerturbationGeometry> geometry_;
};

/// Names of pieces as people read them; hostile ones are cleaned and cut.
QString piece_text(const std::string& piece);
/// Three decimals, minus U+2212; "–" for what was not measured.
QString figure(double x, int decimals = 3);

}  // namespace telltale::ui
