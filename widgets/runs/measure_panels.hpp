// What is watched beside the losses: validation, gradient shares, optimiser, throughput and memory.
#pragma once
#include "widgets/runs/chart_panel.hpp"
#include "widgets/runs/segments.hpp"

namespace telltale::ui {

/// Accuracy (solid) and macro-F1 (dashed) on the validation split.
class ValidationPanel : public ChartPanel {
  Q_OBJECT
 public:
  ValidationPanel(Theme& theme, RunData& data, ChartScope& scope);

 protected:
  void fill(double low, double high, int columns) override;
  void write_titles() override;
  std::vector<std::vector<ChartDot>> dots() override;

 private:
  std::vector<WatchedRun*> sorted() const;
  QLabel* key_;  ///< what solid and dashed lines are
};

/// Each term's share of the gradient's squared norm, stacked, of the run in front.
class SharePanel : public ChartPanel {
  Q_OBJECT
 public:
  SharePanel(Theme& theme, RunData& data, ChartScope& scope);

 protected:
  void fill(double low, double high, int columns) override;
  void write_titles() override;

 private:
  WatchedRun* front() const;
};

/// First page: gradient norm, learning rate. Second: tokens a second, memory.
class OptimiserPanel : public ChartPanel {
  Q_OBJECT
 public:
  OptimiserPanel(Theme& theme, RunData& data, ChartScope& scope);

 protected:
  void fill(double low, double high, int columns) override;
  void write_titles() override;
  std::vector<std::vector<ChartDot>> dots() override;

 private:
  std::vector<std::string> columns_shown() const;
  std::vector<DrawnRuns> drawn_;
  Segments* page_;
  double rate_scale_ = 1;
};

}  // namespace telltale::ui
