// Every class with its probability; a click explains it, or sets it as the foil: "why A, not B".
#pragma once
#include "widgets/painted_view.hpp"
#include "widgets/post_content.hpp"

namespace telltale::ui {

class ClassTable : public PaintedView {
  Q_OBJECT
 public:
  explicit ClassTable(Theme& theme, QWidget* parent = nullptr);
  void set_post(PostPtr post);
  /// Few rows: target, foil, and the rest as one.
  void set_compact(bool compact);
  /// The target that was asked for, while its explanation is not there yet; −1: the post's own.
  void set_wanted(int label);
  int rows() const;

 Q_SIGNALS:
  void target_asked(int label);
  void foil_asked(int label);  ///< the foil that is set, asked again: no foil

 protected:
  void paintEvent(QPaintEvent*) override;
  void mousePressEvent(QMouseEvent*) override;
  void keyPressEvent(QKeyEvent*) override;
  void lay_out() override;

 private:
  qreal bar_left() const;
  void draw_row(QPainter& p, const QRectF& box, int label, const QString& name, double probability) const;
  PostPtr post_;
  bool compact_ = false;
  int wanted_ = -1;
  std::vector<QString> names_;
};

}  // namespace telltale::ui
