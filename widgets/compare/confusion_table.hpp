// What A answers against what B answers: posts counted by the pair of predicted classes.
#pragma once
#include "widgets/painted_view.hpp"

namespace telltale::ui {

/// Item key = predicted by A · C + predicted by B.
class ConfusionTable : public PaintedView {
  Q_OBJECT
 public:
  explicit ConfusionTable(Theme& theme, QWidget* parent = nullptr);
  void set_counts(std::vector<QString> classes, std::vector<std::vector<int>> counts, QString a, QString b);
  QString csv() const;
  int count(std::size_t a, std::size_t b) const { return counts_[a][b]; }

 protected:
  void paintEvent(QPaintEvent*) override;
  void lay_out() override;

 private:
  std::vector<QString> classes_;
  std::vector<std::vector<int>> counts_;
  QString a_, b_;
  qreal names_ = 0, cell_w_ = 30, cell_h_ = 24;
};

}  // namespace telltale::ui
