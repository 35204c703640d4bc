// What ChartGrid is made of: for chart_grid.cpp and chart_marks.cpp alone.
#pragma once
#include <QTimer>
#include <cmath>
#include <memory>
#include <optional>
#include <vector>

#include "widgets/export/export.hpp"
#include "widgets/plot/chart_grid.hpp"
#include "widgets/plot/chart_ticks.hpp"
#include "widgets/plot/qcustomplot.hpp"

namespace telltale::ui {
namespace charts {

constexpr int title_height = 26, left_margin = 38, bottom_margin = 20, right_room = 14;  // at the usual size of text, with the usual labels
constexpr int label_room = 8;   // between a label and the edge, and its axis

/// Draws itself line by line into SVG and PDF instead of as a picture of pixels.
class Surface : public QCustomPlot {
 public:
  using QCustomPlot::QCustomPlot;

 protected:
  void paintEvent(QPaintEvent* e) override {
    if (!exporting()) return QCustomPlot::paintEvent(e);
    QCPPainter p(this);
    p.setMode(QCPPainter::pmVectorized);
    p.setMode(QCPPainter::pmNoCaching);
    draw(&p);
  }
};

class XTicker : public QCPAxisTicker {
 public:
  ChartAxis axis = ChartAxis::step;
  int most = 5;

 protected:
  double getTickStep(const QCPRange& range) override { return distance_ = tick_distance(range.size(), most, axis); }
  int getSubTickCount(double) override { return 0; }
  QString getTickLabel(double tick, const QLocale&, QChar, int) override { return axis == ChartAxis::time ? time_text(tick, distance_) : tick_text(tick, distance_); }

 private:
  double distance_ = 1;
};

class YTicker : public QCPAxisTicker {
 public:
  bool log = false;
  int most = 4;
  /// Of the ticks between two values.
  QStringList labels(double low, double high) {
    QStringList out;
    if (!(high > low)) return out;
    const double step = getTickStep({low, high});
    for (const double tick : createTickVector(step, {low, high}))
      if (tick >= low && tick <= high) out << getTickLabel(tick, {}, {}, 0);
    return out;
  }

 protected:
  double getTickStep(const QCPRange& range) override { return distance_ = tick_distance(range.size(), most, ChartAxis::step, true); }
  int getSubTickCount(double) override { return 0; }
  QVector<double> createTickVector(double step, const QCPRange& range) override {
    if (!log) return QCPAxisTicker::createTickVector(step, range);
    const auto ticks = log_ticks(range.lower, range.upper, most + 2);
    return QVector<double>(ticks.begin(), ticks.end());
  }
  QString getTickLabel(double tick, const QLocale&, QChar, int) override { return tick_text(tick, log ? std::pow(10.0, std::floor(std::log10(std::abs(tick)) + 1e-9)) : distance_); }

 private:
  double distance_ = 1;
};

struct LonePoint {
  double x, y;
  QColor colour;
  double radius = 2.5;
};

struct Chart {
  QCPAxisRect* rect = nullptr;
  QSharedPointer<XTicker> x_ticker;
  QSharedPointer<YTicker> y_ticker;
  ChartData data;
  ChartTitle title;
  std::vector<ChartDot> dots;
  std::vector<LonePoint> alone;  ///< of lines: with nothing before and after them, or all where a line has dots
};

}  // namespace charts

struct ChartGrid::Impl {
  Theme& theme;
  ChartGrid& owner;
  charts::Surface* plot = nullptr;
  QWidget* frame = nullptr;  ///< seen while the keyboard is here
  std::vector<std::unique_ptr<charts::Chart>> charts;
  int rows = 0, columns = 0, right_margin = charts::right_room, left = charts::left_margin, right_label = 0;
  bool titles = true;
  ChartAxis axis = ChartAxis::step;
  double limit_low = 0, limit_high = 1, low = 0, high = 1;
  std::optional<double> cursor;
  std::optional<int> drag_from, drag_to;
  int drag_chart = -1;
  QTimer click_timer;
  std::pair<int, double> pending_click{-1, 0};
  long long replots = 0;

  class Marks;
  class Face;
  void decorate(charts::Chart& c);  ///< with marks over the curves and the face around them; the plot owns both

  Impl(Theme& t, ChartGrid& o) : theme(t), owner(o) {}
  void style(charts::Chart& c);
  void fill(std::size_t i);
  void make_room();
  int chart_at(QPoint p) const {
    for (std::size_t i = 0; i < charts.size(); ++i)
      if (charts[i]->rect->outerRect().contains(p)) return static_cast<int>(i);
    return -1;
  }
  double x_of(const charts::Chart& c, int px) const { return c.rect->axis(QCPAxis::atBottom)->pixelToCoord(px); }
  int pixel(const charts::Chart& c, double x) const { return static_cast<int>(std::lround(c.rect->axis(QCPAxis::atBottom)->coordToPixel(x))); }
  void choose(double a, double b) {
    const double least = axis == ChartAxis::step ? 4 : (limit_high - limit_low) * 1e-6;
    double width = std::clamp(b - a, std::min(least, limit_high - limit_low), limit_high - limit_low);
    double middle = (a + b) / 2;
    a = std::clamp(middle - width / 2, limit_low, limit_high - width);
    Q_EMIT owner.range_chosen(a, a + width);
  }
};

}  // namespace telltale::ui
