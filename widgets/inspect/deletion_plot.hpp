// Class probabilities as the highest-scored words go, one after the other; a line at the k that is chosen.
#pragma once
#include <QWidget>

#include "evaluation/deletion.hpp"
#include "widgets/post_content.hpp"
#include "widgets/theme.hpp"

namespace telltale::ui {

class DeletionPlot : public QWidget {
  Q_OBJECT
 public:
  explicit DeletionPlot(Theme& theme, QWidget* parent = nullptr);
  void set_curve(std::shared_ptr<const DeletionCurve> curve, std::vector<QString> classes, bool keep);
  void set_k(int k);  ///< does not signal
  QSize minimumSizeHint() const override { return {180, 100}; }

 Q_SIGNALS:
  void k_asked(int k);

 protected:
  void paintEvent(QPaintEvent*) override;
  void mousePressEvent(QMouseEvent*) override;
  void mouseMoveEvent(QMouseEvent*) override;
  void keyPressEvent(QKeyEvent*) override;

 private:
  QRectF area() const;
  int rival() const;
  void ask(double x);
  Theme& theme_;
  std::shared_ptr<const DeletionCurve> curve_;
  std::vector<QString> classes_;
  bool keep_ = false;
  int k_ = 0;
};

}  // namespace telltale::ui
