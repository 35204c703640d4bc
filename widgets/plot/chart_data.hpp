// What a chart shows, as values: no type of the plotting library.
#pragma once
#include <QColor>
#include <QString>
#include <optional>
#include <utility>
#include <vector>

namespace telltale::ui {

/// A line with, if wanted, a band around it. NaN breaks either.
struct ChartLine {
  QString name;
  QColor colour;
  bool dashed = false;         ///< measured, not trained
  bool ghost = false;          ///< the lost tail before a resume: thin, dashed, faint
  bool dots = false;           ///< a dot at every point: few points, each a measurement
  std::vector<double> x, y;
  std::vector<double> band_x, low, high;  ///< one a pixel column; where low is high everywhere a thin line is drawn
};

/// A layer of a stack, named at the right.
struct ChartArea {
  QString label;
  QColor colour;
  std::vector<double> x, low, high;
};

struct ChartMark {
  enum class Kind { above, below, fault, resumed } kind = Kind::above;
  double x = 0;
  std::size_t count = 1;
  QColor colour;
};

struct ChartData {
  std::vector<ChartLine> lines;
  std::vector<ChartArea> areas;
  std::vector<ChartMark> marks;
  double low = 0, high = 1;  ///< of the y axis
  bool log = false;
  QString note;              ///< in the chart, at the right: what lines are
  QString empty;             ///< a sentence, where there is nothing to draw
};

struct ChartTitle {
  QString name, caption;
  std::vector<std::pair<QString, QColor>> values;  ///< those under the cursor, else the last
  QString tip;                                     ///< formula, unit
};

struct ChartDot {
  double y = 0;
  QColor colour;
};

enum class ChartAxis { step, epoch, time };

}  // namespace telltale::ui
