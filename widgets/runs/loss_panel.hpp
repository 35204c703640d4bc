// One chart a term of the loss, and the total.
#pragma once
#include <QSlider>

#include "widgets/runs/chart_panel.hpp"
#include "widgets/runs/segments.hpp"

namespace telltale::ui {

class LossPanel : public ChartPanel {
  Q_OBJECT
 public:
  LossPanel(Theme& theme, RunData& data, ChartScope& scope);
  const std::vector<std::string>& terms() const { return terms_; }  ///< shown, in order; the last is "total"

 protected:
  void fill(double low, double high, int columns) override;
  bool leads() const override { return true; }
  void write_titles() override;
  std::vector<std::vector<ChartDot>> dots() override;

 private:
  void choose_terms();
  ChartData chart_of(const std::string& term, double low, double high, int columns);
  double value_at(DrawnRuns& group, const std::string& term, std::optional<double> x);
  QString caption_of(const std::string& term) const;
  std::vector<std::string> terms_;
  std::vector<DrawnRuns> drawn_;
  QSlider* ema_;
  QLabel* ema_value_;
  Segments *axis_, *scale_;
};

}  // namespace telltale::ui
