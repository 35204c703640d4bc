// A figure for every two methods: how much they agree, or how sure their order is.
#pragma once
#include "evaluation/statistics.hpp"
#include "widgets/painted_view.hpp"

namespace telltale::ui {

/// Item key = row · methods + column, row > column: the lower triangle, as the other half says the same.
class MethodMatrix : public PaintedView {
  Q_OBJECT
 public:
  /// −1 … 1 on the diverging scale; 0 … 1 in hundredths, low … 1 with its decimals (where they fit), on the sequential one.
  enum class Scale { diverging, amount, figure };
  MethodMatrix(Theme& theme, const QString& name, QWidget* parent = nullptr);
  /// values[i][j]; NaN = not known. `tips[i][j]` (i > j) is the tool tip and what is spoken. Values below `low` of the
  /// scale's colours count as it.
  void set_values(std::vector<QString> methods, std::vector<std::vector<double>> values,
                  std::vector<std::vector<QString>> tips, Scale scale, double low, const QString& empty);
  QString csv() const;
  int cells() const { return static_cast<int>(items().size()); }

 protected:
  void paintEvent(QPaintEvent*) override;
  void lay_out() override;

 private:
  std::vector<QString> methods_;
  std::vector<std::vector<double>> values_;
  std::vector<std::vector<QString>> tips_;
  Scale scale_ = Scale::amount;
  double low_ = 0;
  QString empty_;
  qreal names_ = 0, cell_w_ = 0, cell_h_ = 0;
};

}  // namespace telltale::ui
