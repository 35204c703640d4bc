#include "widgets/runs/chart_scope.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "evaluation/statistics.hpp"
#include "widgets/plot/chart_ticks.hpp"
#include "widgets/theme.hpp"

namespace telltale::ui {

ChartScope::ChartScope(QObject* parent) : QObject(parent) {
  turn_.setSingleShot(true);
  connect(&turn_, &QTimer::timeout, this, [this] {
    if (turns_.empty()) return;
    const auto [who, work] = std::move(turns_.front());
    turns_.pop_front();
    if (!turns_.empty()) turn_.start(0);  // after the events that are there by now
    if (who) work();
  });
}

void ChartScope::in_turn(QObject* who, std::function<void()> work) {
  if (std::any_of(turns_.begin(), turns_.end(), [&](const auto& t) { return t.first == who; })) return;
  turns_.emplace_back(who, std::move(work));
  if (!turn_.isActive()) turn_.start(0);
}

void ChartScope::set_axis(ChartAxis axis) {
  if (axis == axis_) return;
  axis_ = axis;
  zoom_.reset();
  cursor_.reset();
  Q_EMIT changed();
}
void ChartScope::set_log(bool on) {
  if (std::exchange(log_, on) != on) Q_EMIT changed();
}
void ChartScope::set_beta(double beta) {
  beta = std::clamp(beta, 0.0, 0.999);
  if (std::exchange(beta_, beta) != beta) Q_EMIT changed();
}
void ChartScope::set_grouped(bool on) {
  if (std::exchange(grouped_, on) != on) Q_EMIT changed();
}
void ChartScope::set_clipped(bool on) {
  if (std::exchange(clipped_, on) != on) Q_EMIT changed();
}
void ChartScope::set_zoom(std::optional<std::pair<double, double>> zoom) {
  if (zoom == zoom_) return;
  zoom_ = zoom;
  Q_EMIT changed();
}
void ChartScope::set_cursor(std::optional<double> x) {
  if (x == cursor_) return;
  cursor_ = x;
  Q_EMIT cursor_changed();
}

std::vector<DrawnRuns> drawn(RunData& data, bool grouped) {
  std::vector<DrawnRuns> out;
  for (const WatchedRun* shown : data.runs()) {
    WatchedRun* run = data.find(shown->record.id);
    const auto twin = !grouped ? out.end() : std::find_if(out.begin(), out.end(), [&](const DrawnRuns& g) { return g.runs.front()->same_but_seed(*run); });
    if (twin != out.end()) twin->runs.push_back(run);
    else out.push_back({{run}, run->series, text(run->record.name)});
  }
  for (DrawnRuns& g : out)
    if (g.runs.size() > 1) g.name = QObject::tr("%1, %2 seeds").arg(text(g.runs.front()->record.preset)).arg(g.runs.size());
  return out;
}

std::pair<std::size_t, std::size_t> rows_between(const std::vector<double>& axis, double low, double high) {
  const auto a = std::lower_bound(axis.begin(), axis.end(), low), b = std::lower_bound(a, axis.end(), high);
  return {static_cast<std::size_t>(a - axis.begin()), static_cast<std::size_t>(b - axis.begin())};
}

std::optional<std::size_t> row_at(const std::vector<double>& axis, double x) {
  const auto it = std::upper_bound(axis.begin(), axis.end(), x);
  if (it == axis.begin() || axis.empty()) return std::nullopt;
  if (it == axis.end() && x > axis.back() + (axis.back() - axis.front()) * 0.01 + 1e-9) return std::nullopt;
  return static_cast<std::size_t>(it - axis.begin()) - 1;
}

std::optional<std::size_t> nearest_row(const std::vector<double>& axis, double x) {
  if (axis.empty()) return std::nullopt;
  const double beyond = (axis.back() - axis.front()) * 0.01 + 1e-9;
  // Axes begin at 0 and runs at their first step: the strip before it belongs to that step.
  const double before = axis.size() > 1 ? std::max(beyond, axis[1] - axis[0]) : beyond;
  if (!(x >= axis.front() - before && x <= axis.back() + beyond)) return std::nullopt;
  const auto after = static_cast<std::size_t>(std::lower_bound(axis.begin(), axis.end(), x) - axis.begin());
  if (after == axis.size()) return after - 1;
  return after > 0 && x - axis[after - 1] < axis[after] - x ? after - 1 : after;
}

double recorded_near(const RunData& data, ChartAxis axis, double x) {
  std::optional<double> best;
  for (const WatchedRun* r : data.runs())
    if (const auto row = nearest_row(r->axis(axis), x)) {
      const double at = r->axis(axis)[*row];
      if (!best || std::abs(at - x) < std::abs(*best - x)) best = at;
    }
  return best.value_or(x);
}

namespace {

MovingAverage& average_of(WatchedRun& run, const std::string& name, const CurveColumn& column, double beta) {
  MovingAverage& a = run.averages[name];
  a.follow(column.values, beta);
  return a;
}

/// Walks pixel columns over the rows in [low, high]; few rows: one a row.
template <class Visit>
void each_stretch(const std::vector<double>& axis, double low, double high, int columns, const Visit& visit) {
  auto [begin, end] = rows_between(axis, low, std::nextafter(high, INFINITY));
  if (begin > 0) --begin;  // the line comes in from outside
  if (end < axis.size()) ++end;
  if (end - begin <= static_cast<std::size_t>(columns)) {
    for (std::size_t i = begin; i < end; ++i) visit(i, i + 1, axis[i]);
    return;
  }
  const double width = (high - low) / columns;
  if (begin < end && axis[begin] < low) visit(begin, begin + 1, axis[begin]);
  std::size_t from = static_cast<std::size_t>(std::lower_bound(axis.begin(), axis.end(), low) - axis.begin());
  for (int c = 0; c < columns && from < end; ++c) {
    const auto to = static_cast<std::size_t>(std::lower_bound(axis.begin() + static_cast<std::ptrdiff_t>(from), axis.begin() + static_cast<std::ptrdiff_t>(end), low + (c + 1) * width) - axis.begin());
    if (to > from) visit(from, to, low + (c + 0.5) * width);
    from = to;
  }
  if (from < end) visit(from, end, axis[end - 1]);
}

}  // namespace

DrawnColumn draw_column(WatchedRun& run, const std::string& name, const ChartScope& scope, double low, double high, int columns) {
  DrawnColumn out;
  const CurveColumn* column = run.curves.column(name);
  if (!column) return out;
  const MovingAverage& average = average_of(run, name, *column, scope.beta());
  each_stretch(run.axis(scope.axis()), low, high, columns, [&](std::size_t begin, std::size_t end, double x) {
    const auto e = column->values.extremes(begin, end);
    if (!e.any()) return;  // nothing measured here: the line goes on to where there is
    out.band_x.push_back(x);
    out.low.push_back(static_cast<double>(e.low));
    out.high.push_back(static_cast<double>(e.high));
    out.x.push_back(x);
    out.y.push_back(average.at(column->values, end - 1));
  });
  return out;
}

DrawnColumn draw_ghost(WatchedRun& run, const std::string& name, const ChartScope& scope, double low, double high, int columns) {
  DrawnColumn out;
  const CurveColumn* column = run.ghost.column(name);
  if (!column) return out;
  MovingAverage& average = run.ghost_averages[name];
  average.follow(column->values, scope.beta());
  each_stretch(WatchedRun::axis_of(run.ghost, scope.axis()), low, high, columns, [&](std::size_t begin, std::size_t end, double x) {
    if (!column->values.extremes(begin, end).any()) return;
    out.x.push_back(x);
    out.y.push_back(average.at(column->values, end - 1));
  });
  return out;
}

DrawnColumn draw_group(const std::vector<WatchedRun*>& runs, const std::string& name, const ChartScope& scope, double low, double high, int columns, bool smooth) {
  DrawnColumn out;
  std::vector<std::pair<WatchedRun*, const CurveColumn*>> with;
  std::size_t most = 0;
  for (WatchedRun* r : runs)
    if (const CurveColumn* c = r->curves.column(name)) {
      if (smooth) average_of(*r, name, *c, scope.beta());
      with.emplace_back(r, c);
      most = std::max(most, c->values.size());
    }
  if (with.empty()) return out;
  const int points = std::max(2, std::min<int>(columns, static_cast<int>(std::min<std::size_t>(most, 4096))));
  std::vector<double> values;
  for (int c = 0; c < points; ++c) {
    const double x = low + (high - low) * c / (points - 1);
    values.clear();
    for (const auto& [r, column] : with)
      if (const auto row = row_at(r->axis(scope.axis()), x)) {
        const double v = smooth ? r->averages[name].at(column->values, *row) : static_cast<double>(column->values[*row]);
        if (!std::isnan(v)) values.push_back(v);
      }
    if (values.empty()) continue;
    const Interval i = student_interval(values);
    double mean = 0;
    for (const double v : values) mean += v / static_cast<double>(values.size());
    out.x.push_back(x);
    out.y.push_back(mean);
    out.band_x.push_back(x);
    out.low.push_back(std::isnan(i.low) ? mean : i.low);
    out.high.push_back(std::isnan(i.high) ? mean : i.high);
  }
  return out;
}

double average_at(WatchedRun& run, const std::string& name, const ChartScope& scope, std::optional<double> x) {
  const CurveColumn* column = run.curves.column(name);
  if (!column || run.curves.rows() == 0) return NAN;
  const auto row = x ? nearest_row(run.axis(scope.axis()), *x) : std::optional(run.curves.rows() - 1);
  return row ? average_of(run, name, *column, scope.beta()).at(column->values, *row) : NAN;
}

double raw_at(const WatchedRun& run, const std::string& name, const ChartScope& scope, std::optional<double> x) {
  const CurveColumn* column = run.curves.column(name);
  if (!column || run.curves.rows() == 0) return NAN;
  const auto row = x ? nearest_row(run.axis(scope.axis()), *x) : std::optional(run.curves.rows() - 1);
  if (!row) return NAN;
  for (std::size_t i = *row + 1; i-- > 0 && *row - i < 64;)  // measured every few steps: the last measurement holds
    if (!std::isnan(column->values[i])) return static_cast<double>(column->values[i]);
  return NAN;
}

void fit_and_clip(ChartData& data, bool log, bool clip, double floor) {
  double low = INFINITY, high = -INFINITY;
  std::vector<double> tops, bottoms;
  const auto usable = [&](double v) { return std::isfinite(v) && (!log || v > 0); };
  for (const ChartLine& l : data.lines) {
    for (const double v : l.y)
      if (usable(v)) low = std::min(low, v), high = std::max(high, v);
    for (const double v : l.high)
      if (usable(v)) tops.push_back(v);
    for (const double v : l.low)
      if (usable(v)) bottoms.push_back(v);
  }
  for (const ChartArea& a : data.areas)
    for (std::size_t i = 0; i < a.x.size(); ++i)
      if (usable(a.high[i])) low = std::min(low, a.low[i]), high = std::max(high, a.high[i]);
  const auto at_share = [](std::vector<double>& v, double share) {
    // Rounded outwards: of few values none is an outlier.
    const double place = share * static_cast<double>(v.size() - 1);
    const auto k = static_cast<std::ptrdiff_t>(share > 0.5 ? std::ceil(place) : std::floor(place));
    std::nth_element(v.begin(), v.begin() + k, v.end());
    return v[static_cast<std::size_t>(k)];
  };
  if (!tops.empty()) high = std::max(high, clip ? at_share(tops, 0.985) : *std::max_element(tops.begin(), tops.end()));
  if (!bottoms.empty()) low = std::min(low, clip && log ? at_share(bottoms, 0.01) : *std::min_element(bottoms.begin(), bottoms.end()));
  data.log = log;
  if (!(low <= high)) {
    data.low = log ? 0.1 : 0;
    data.high = 1;
    return;
  }
  if (log) {
    const double room = std::max(std::pow(high / low, 0.06), 1.02);
    data.low = low / room;
    data.high = high * room;
    return;
  }
  if (!std::isnan(floor) && low >= floor && low < floor + 0.6 * (high - floor)) low = floor;
  // One value, or many of the same: an axis of a hair's breadth round it would need labels of eight digits and show noise as news.
  const double size = std::max(std::abs(low), std::abs(high)), room = high - low > 1e-3 * size ? (high - low) * 0.06 : size > 0 ? 0.08 * size : 0.5;
  data.high = high + room;
  data.low = low == floor ? floor : low - room;
}

}  // namespace telltale::ui
