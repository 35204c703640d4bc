// Two or more shares with their 95 % intervals on one axis from 0 to 1.
#pragma once
#include <QWidget>
#include <vector>

#include "evaluation/proportions.hpp"
#include "widgets/theme.hpp"

namespace telltale::ui {

class SharesPlot : public QWidget {
  Q_OBJECT
 public:
  struct Row {
    QString name;
    Proportion share;
    bool filled = true;  ///< shape tells the conditions apart: with the explanation filled, without hollow
  };
  explicit SharesPlot(Theme& theme, QWidget* parent = nullptr);
  void set_rows(std::vector<Row> rows);
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override { return {260, sizeHint().height()}; }

 protected:
  void paintEvent(QPaintEvent*) override;

 private:
  Theme& theme_;
  std::vector<Row> rows_;
};

}  // namespace telltale::ui
