// What stands behind a chosen cell: how the values of its posts spread, and how they differ between slices of them.
#pragma once
#include <optional>

#include "widgets/evaluate/evaluate_work.hpp"
#include "widgets/painted_view.hpp"

namespace telltale::ui {

/// Posts by value; with two runs by the difference B − A, with its mean and interval.
class ValueHistogram : public QWidget {
  Q_OBJECT
 public:
  explicit ValueHistogram(Theme& theme, QWidget* parent = nullptr);
  /// `summary` is drawn beside the mean; `axis` under the abscissa; `difference`: a line at zero, signs on the numbers.
  void set_values(std::vector<double> values, const Interval& mean, const QString& summary, const QString& axis,
                  bool difference, const QString& empty);
  QString csv() const;
  QSize minimumSizeHint() const override { return {190, 110}; }

 protected:
  void paintEvent(QPaintEvent*) override;

 private:
  Theme& theme_;
  std::vector<double> values_;
  Interval mean_;
  QString summary_, axis_, empty_;
  bool difference_ = false;
};

/// Means of slices of posts with intervals, and their largest gap with its test.
class SliceTable : public PaintedView {
  Q_OBJECT
 public:
  struct Row {
    bool head = false;
    QString name;
    std::int64_t n = 0;
    Interval mean;
    bool gap = false;    ///< the largest difference of two rows above
    double p = NAN;      ///< of the gap: that the slices are of one population
    bool clear = false;  ///< of the gap: interval and p say so
  };
  explicit SliceTable(Theme& theme, QWidget* parent = nullptr);
  void set_rows(std::vector<Row> rows, const std::string& metric, const QString& empty);
  const std::vector<Row>& rows() const { return rows_; }
  QString csv() const;

 protected:
  void paintEvent(QPaintEvent*) override;
  void lay_out() override;

 private:
  std::vector<Row> rows_;
  std::string metric_ = "comprehensiveness";
  QString empty_;
};

}  // namespace telltale::ui
