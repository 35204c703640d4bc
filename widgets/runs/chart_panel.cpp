#include "widgets/runs/chart_panel.hpp"

#include <QKeyEvent>
#include <algorithm>
#include <cmath>

#include "report/numbers.hpp"
#include "widgets/plot/chart_ticks.hpp"

namespace telltale::ui {

std::pair<double, double> full_range(const RunData& data, ChartAxis axis) {
  double high = 0;
  for (const WatchedRun* r : data.runs()) high = std::max(high, r->expected_end(axis));
  return {0, high > 0 ? high : 1};
}

QString value_text(double v, double largest) {
  if (std::isnan(v)) return QStringLiteral("–");
  const int decimals = largest >= 1000 ? 0 : largest >= 100 ? 1 : largest >= 1 ? 2 : largest >= 0.02 ? 3 : 5;
  return text(fixed(v, decimals));
}

ChartPanel::ChartPanel(Theme& theme, RunData& data, ChartScope& scope, const QString& title, int rows, int columns)
    : Panel(theme, title), theme_(theme), data_(data), scope_(scope), grid_(new ChartGrid(theme, title, rows, columns, this)), menu_(nullptr) {
  body()->addWidget(grid_, 1);
  menu_ = new ViewMenu(theme, this, title, [this] { return csv(); });
  connect(menu_, &ViewMenu::failed, this, &ChartPanel::failed);
  connect(menu_, &ViewMenu::exported, this, &ChartPanel::exported);
  connect(grid_, &ChartGrid::hovered, &scope_, [this](double x) { scope_.set_cursor(recorded_near(data_, scope_.axis(), x)); });
  connect(grid_, &ChartGrid::left, &scope_, [this] { scope_.set_cursor(std::nullopt); });
  connect(grid_, &ChartGrid::range_chosen, &scope_, [this](double a, double b) {
    const auto [low, high] = full_range(data_, scope_.axis());
    if (a <= low && b >= high) scope_.set_zoom(std::nullopt);
    else scope_.set_zoom(std::pair(a, b));
  });
  connect(grid_, &ChartGrid::range_reset, &scope_, [this] { scope_.set_zoom(std::nullopt); });
  connect(grid_, &ChartGrid::cursor_moved, this, &ChartPanel::move_cursor);
  connect(grid_, &ChartGrid::clicked, this, &ChartPanel::clicked);
  connect(grid_, &ChartGrid::resized, this, &ChartPanel::refresh);
  connect(&scope_, &ChartScope::changed, this, &ChartPanel::follow);
  connect(&scope_, &ChartScope::cursor_changed, this, [this] {
    if (!isVisible()) return;
    write_titles();
    grid_->set_cursor(scope_.cursor(), dots());
  });
  connect(&data_, &RunData::shown, this, &ChartPanel::follow);
  connect(&data_, &RunData::grew, this, &ChartPanel::follow);
  connect(&theme, &Theme::changed, this, &ChartPanel::refresh);
}

void ChartPanel::follow() {
  if (leads() || !isVisible()) refresh();
  else scope_.in_turn(this, [this] { refresh(); });
}

void ChartPanel::refresh() {
  if (!isVisible()) {
    dirty_ = true;
    return;
  }
  dirty_ = false;
  const auto [low, high] = full_range(data_, scope_.axis());
  const auto shown = scope_.zoom().value_or(std::pair(low, high));
  grid_->set_axis(scope_.axis());
  grid_->set_limits(low, high);
  grid_->set_range(shown.first, shown.second);
  fill(shown.first, shown.second, grid_->plot_columns());
  grid_->set_range(shown.first, shown.second);  // charts that fill() made
  write_titles();
  grid_->set_cursor(scope_.cursor(), dots());
  grid_->replot();
}

void ChartPanel::showEvent(QShowEvent* e) {
  Panel::showEvent(e);
  if (dirty_) refresh();
}

void ChartPanel::keyPressEvent(QKeyEvent* e) {
  if (e->modifiers() == Qt::NoModifier && e->key() == Qt::Key_L) scope_.set_log(!scope_.log());
  else if (e->modifiers() == Qt::NoModifier && e->key() == Qt::Key_S) scope_.set_axis(static_cast<ChartAxis>((static_cast<int>(scope_.axis()) + 1) % 3));
  else Panel::keyPressEvent(e);
}

void ChartPanel::move_cursor(int by) {
  const WatchedRun* front = nullptr;
  for (const WatchedRun* r : data_.runs())
    if (r->curves.rows() > 0) {
      front = r;
      break;
    }
  if (!front) return;
  const auto& axis = front->axis(scope_.axis());
  const auto [low, high] = grid_->range();
  auto [begin, end] = rows_between(axis, low, std::nextafter(high, INFINITY));
  if (begin >= end) return;
  if (std::abs(by) == 2) return scope_.set_cursor(by < 0 ? axis[begin] : axis[end - 1]);
  // A key moves by a row, or by a pixel where one holds many.
  const auto rows_a_pixel = static_cast<std::ptrdiff_t>(std::max<std::size_t>(1, (end - begin) / static_cast<std::size_t>(std::max(1, grid_->plot_columns()))));
  auto at = static_cast<std::ptrdiff_t>(scope_.cursor() ? nearest_row(axis, *scope_.cursor()).value_or(end - 1) : by > 0 ? begin : end - 1);
  if (scope_.cursor()) at += by * rows_a_pixel;
  scope_.set_cursor(axis[static_cast<std::size_t>(std::clamp(at, static_cast<std::ptrdiff_t>(begin), static_cast<std::ptrdiff_t>(end) - 1))]);
}

QString ChartPanel::at_text() const {
  if (!scope_.cursor()) return {};
  const double x = recorded_near(data_, scope_.axis(), *scope_.cursor());
  switch (scope_.axis()) {
    case ChartAxis::step: return tr("step %1").arg(text(thousands(std::llround(x))));
    case ChartAxis::epoch: return tr("epoch %1").arg(text(fixed(x, 2)));
    case ChartAxis::time: return text(duration(x));
  }
  return {};
}

std::pair<QString, QColor> ChartPanel::value(const QString& t, int series) const {
  const bool readable = contrast(theme_.colours().series_colour(static_cast<std::size_t>(series)), theme_.colours()["panel"]) >= 4.5;
  return {t, readable ? theme_.series(static_cast<std::size_t>(series)) : theme_["text"]};
}

QString ChartPanel::csv() const {
  static const char* const names[] = {"step", "epoch", "seconds"};
  QString out = QStringLiteral("chart,series,%1,value,low,high\n").arg(QLatin1String(names[static_cast<int>(scope_.axis())]));
  const auto number = [](double v) { return std::isnan(v) ? QString() : QString::number(v, 'g', 9); };
  for (int i = 0; i < grid_->count(); ++i) {
    const QString chart = csv_cell(grid_->title(i).name.isEmpty() ? grid_->data(i).note : grid_->title(i).name);
    for (const ChartLine& l : grid_->data(i).lines)
      for (std::size_t k = 0; k < l.x.size(); ++k) {
        const bool band = k < l.band_x.size() && l.band_x[k] == l.x[k];
        out += QStringLiteral("%1,%2,%3,%4,%5,%6\n").arg(chart, csv_cell(l.ghost ? tr("%1 (lost tail)").arg(l.name) : l.name), number(l.x[k]), number(l.y[k]), band ? number(l.low[k]) : QString(), band ? number(l.high[k]) : QString());
      }
    for (const ChartArea& a : grid_->data(i).areas)
      for (std::size_t k = 0; k < a.x.size(); ++k)
        out += QStringLiteral("%1,%2,%3,%4,,\n").arg(chart, csv_cell(a.label), number(a.x[k]), number(a.high[k] - a.low[k]));
  }
  return out;
}

}  // namespace telltale::ui
