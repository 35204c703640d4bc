// The last page of a simulation: how often the model's answer was told with and without the explanation, how long it took, and whether the difference is clear.
#pragma once
#include <QWidget>

#include "evaluation/simulation.hpp"
#include "widgets/theme.hpp"

class QLabel;
class QPushButton;
class QTableWidget;

namespace telltale::ui {

class SharesPlot;

class SimulateResult : public QWidget {
  Q_OBJECT
 public:
  explicit SimulateResult(Theme& theme, QWidget* parent = nullptr);
  void set_result(const SimulationRecord& session, const DatasetInfo& dataset, const SimulationReport& report);
  void write(const QString& file) const;          ///< .json: the report; else CSV, a row a post. Throws std::runtime_error
  QString sentence() const;
  QString time_sentence() const;
  QTableWidget& table() { return *table_; }
  QPushButton* export_button() { return export_; }
  QPushButton* again_button() { return again_; }

 Q_SIGNALS:
  void again_asked();
  void close_asked();
  void failed(const QString& message);

 private:
  Theme& theme_;
  SimulationRecord session_;
  DatasetInfo dataset_;
  SimulationReport report_;
  QLabel *title_, *accuracy_, *time_, *small_;
  SharesPlot* plot_;
  QTableWidget* table_;
  QPushButton *export_, *again_;
};

}  // namespace telltale::ui
