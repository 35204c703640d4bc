// The grid as a table model: a row a method, a column a metric; sorting and ranks included.
#pragma once
#include <QAbstractTableModel>

#include "widgets/evaluate/evaluate_work.hpp"

namespace telltale::ui {

/// One run's part of a cell, ready to be drawn.
struct GridEntry {
  enum class State { missing, waiting, partly, whole, undefined, elsewhere } state = State::missing;
  Interval mean;
  std::int64_t n = 0;
  std::size_t done = 0, of = 0;
  Standing standing = Standing::plain;
  int protocol = 0;  ///< elsewhere: its number
  int rank = 0;      ///< among the methods with a whole value, 1 = best; 0 = none
};

class GridModel : public QAbstractTableModel {
  Q_OBJECT
 public:
  using QAbstractTableModel::QAbstractTableModel;
  enum Role { entries_role = Qt::UserRole + 1 };

  void set_data(EvaluatePtr data, bool computing);  ///< keeps the order of sort_by() if the metric is still there
  void sort_by(const std::string& metric);          ///< again: turns round; empty: the order of the table
  const EvaluatePtr& evaluation() const { return data_; }
  const std::string& method(int row) const { return methods_[static_cast<std::size_t>(row)]; }
  const std::string& metric(int column) const { return data_->wish.metrics[static_cast<std::size_t>(column)]; }
  const std::string& sorted_by() const { return sorted_by_; }
  bool reversed() const { return reversed_; }
  int find_method(const std::string& id) const;  ///< −1 = not there
  int find_metric(const std::string& id) const;
  std::vector<GridEntry> entries(int row, int column) const;  ///< [run]
  std::pair<double, double> reach(int column) const;          ///< of the bars: holds zero
  QString note(int row) const;                                ///< "not in any loss", "in the loss of B", "control"
  QString csv() const;

  int rowCount(const QModelIndex& parent = {}) const override {
    return parent.isValid() || !data_ ? 0 : static_cast<int>(methods_.size());
  }
  int columnCount(const QModelIndex& parent = {}) const override {
    return parent.isValid() || !data_ ? 0 : static_cast<int>(data_->wish.metrics.size());
  }
  QVariant data(const QModelIndex& index, int role) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

 private:
  void order();
  double value(const std::string& method, const std::string& metric) const;
  EvaluatePtr data_;
  bool computing_ = false, reversed_ = false;
  std::vector<std::string> methods_;  ///< in the order shown
  std::string sorted_by_;
};

QString value_text(double value, const std::string& metric);  ///< three decimals, two for log-odds
QString metric_tip(const std::string& metric);  ///< rich text: name, definition, which way is better, source
QString method_tip(const std::string& method);
QString better_text(const std::string& metric);  ///< "high is better"

}  // namespace telltale::ui
