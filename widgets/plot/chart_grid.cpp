#include "widgets/plot/chart_grid.hpp"

#include <QAccessible>
#include <QApplication>
#include <QHelpEvent>
#include <QTimer>
#include <QToolTip>
#include <algorithm>
#include <cmath>

#include "widgets/painted_view.hpp"
#include "widgets/plot/chart_impl.hpp"

namespace telltale::ui {

using namespace charts;

namespace {

/// Where the keyboard is. Over the plot, which paints all of itself.
class FocusRing : public QWidget {
 public:
  FocusRing(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
    setAttribute(Qt::WA_TransparentForMouseEvents);
    hide();
  }

 protected:
  void paintEvent(QPaintEvent*) override {
    if (exporting()) return;
    QPainter p(this);
    p.setPen(QPen(theme_["focus"], 2));
    p.drawRect(rect().adjusted(1, 1, -1, -1));
  }

 private:
  Theme& theme_;
};

QVector<double> vector_of(const std::vector<double>& v) { return QVector<double>(v.begin(), v.end()); }

}  // namespace

void ChartGrid::Impl::style(Chart& c) {
  const QFont font = theme.font("axis");
  for (const auto type : {QCPAxis::atBottom, QCPAxis::atLeft}) {
    QCPAxis* a = c.rect->axis(type);
    a->setBasePen(QPen(theme["border"], 1));
    a->setTickPen(Qt::NoPen);
    a->setSubTickPen(Qt::NoPen);
    a->setTickLabelFont(font);
    a->setTickLabelColor(theme["text3"]);
    a->setTickLabelPadding(4);
    a->setTickLength(0);
    a->setSubTicks(false);
    a->grid()->setPen(QPen(theme["grid"], 1));
    a->grid()->setZeroLinePen(QPen(theme["grid"], 1));
    a->grid()->setAntialiased(false);
    a->grid()->setVisible(true);  // hidden in an axis that was added
  }
  const int bottom = std::max(bottom_margin, QFontMetrics(font).height() + label_room - 1);
  c.rect->setMargins({left, titles ? title_height + 4 : 10, std::max(right_margin, right_label), bottom});
}

/// Margins that hold the labels of the axes, whatever their numbers and the size of text: a label that is cut off is another number.
void ChartGrid::Impl::make_room() {
  const QFontMetricsF m(theme.font("axis"));
  double widest = 0;
  for (const auto& c : charts) {
    const double low = c->data.low, high = c->data.high;
    const int line = static_cast<int>(m.height());
    c->y_ticker->most = std::clamp(c->rect->height() / std::max(20, line + 7), c->rect->height() < 3 * line ? 2 : 3, 5);
    for (const auto& label : c->y_ticker->labels(low, high)) widest = std::max(widest, m.horizontalAdvance(label));
  }
  const double end = axis == ChartAxis::time ? m.horizontalAdvance(QStringLiteral("00 min")) : m.horizontalAdvance(tick_text(limit_high, tick_distance(high - low, 5, axis)));
  // In steps: margins that follow every digit would make the charts jump while a run trains.
  const int wanted = std::max(left_margin, (static_cast<int>(std::ceil(widest)) + label_room + 5) / 6 * 6), at_right = static_cast<int>(std::ceil(end / 2)) + 2;
  if (wanted == left && at_right == right_label) return;
  left = wanted;
  right_label = at_right;
  for (auto& c : charts) style(*c);
}

void ChartGrid::Impl::fill(std::size_t i) {
  Chart& c = *charts[i];
  QCPAxis *x = c.rect->axis(QCPAxis::atBottom), *y = c.rect->axis(QCPAxis::atLeft);
  const ChartData& d = c.data;
  for (QCPGraph* g : c.rect->graphs()) plot->removeGraph(g);
  c.alone.clear();
  y->setScaleType(d.log ? QCPAxis::stLogarithmic : QCPAxis::stLinear);
  c.y_ticker->log = d.log;
  y->setRange(d.low, d.high);
  const auto add = [&](const std::vector<double>& xs, const std::vector<double>& ys) {
    QCPGraph* g = plot->addGraph(x, y);
    g->setData(vector_of(xs), vector_of(ys), true);
    g->setPen(Qt::NoPen);
    return g;
  };
  const auto strokes = [](const char* name, double otherwise) {
    const auto it = telltale::theme().strokes.find(name);
    return it != telltale::theme().strokes.end() && it->is_number() ? it->get<double>() : otherwise;
  };
  for (const ChartArea& a : d.areas) {
    const bool alone = a.x.size() == 1;  // one point has no breadth: a narrow column stands for it
    const double half = (x->range().upper - x->range().lower) * 0.004;
    const std::vector<double> xs = alone ? std::vector<double>{a.x[0] - half, a.x[0] + half} : a.x;
    const auto along = [alone](const std::vector<double>& v) { return alone ? std::vector<double>(2, v[0]) : v; };
    QCPGraph *low = add(xs, along(a.low)), *high = add(xs, along(a.high));
    QColor fill = a.colour;
    fill.setAlphaF(0.85f);
    high->setBrush(fill);
    high->setChannelFillGraph(low);
    high->setPen(QPen(theme["panel"], 1));
  }
  // All bands before all lines: a line is never under the band of another run.
  for (const ChartLine& l : d.lines) {
    if (l.band_x.empty()) continue;
    QColor soft = l.colour;
    soft.setAlphaF(static_cast<float>(strokes("bandAlpha", 0.18)));
    QColor edge = l.colour;
    edge.setAlphaF(0.28f);
    bool flat = true;
    for (std::size_t k = 0; k < l.low.size() && flat; ++k) flat = !(l.low[k] < l.high[k]);
    QCPGraph* high = add(l.band_x, l.high);
    if (flat) {
      high->setPen(QPen(edge, 1));
      continue;
    }
    // A column a pixel: smoothed edges would cost most of the time and show nothing.
    QCPGraph* low = add(l.band_x, l.low);
    high->setAntialiasedFill(false);
    high->setBrush(soft);
    high->setChannelFillGraph(low);
  }
  for (const ChartLine& l : d.lines) {
    if (l.x.empty()) continue;
    QCPGraph* g = add(l.x, l.y);
    QColor colour = l.colour;
    if (l.ghost) colour.setAlphaF(0.6f);
    QPen pen(colour, l.ghost ? strokes("lineThin", 1) : strokes("line", 1.5));
    if (l.dashed || l.ghost) pen.setDashPattern(l.ghost ? QList<qreal>{3, 3} : QList<qreal>{4, 2.5});
    pen.setCapStyle(Qt::FlatCap);
    pen.setJoinStyle(Qt::BevelJoin);
    g->setPen(pen);
    // A point with no neighbour makes no line: a dot, or nobody sees it. Drawn with the marks, for the last step stands at the edge.
    const auto there = [&](std::size_t k) { return k < l.y.size() && std::isfinite(l.y[k]); };
    for (std::size_t k = 0; k < l.x.size(); ++k) {
      const bool alone = there(k) && !(k > 0 && there(k - 1)) && !there(k + 1);
      if (there(k) && (l.dots || alone) && x->range().contains(l.x[k]) && y->range().contains(l.y[k])) c.alone.push_back({l.x[k], l.y[k], colour, l.dots ? 2 : 2.5});
    }
  }
}

ChartGrid::ChartGrid(Theme& theme, const QString& name, int rows, int columns, QWidget* parent) : QWidget(parent), impl_(std::make_unique<Impl>(theme, *this)) {
  setAccessibleName(name);
  setFocusPolicy(Qt::StrongFocus);
  impl_->plot = new Surface(this);
  impl_->plot->setAttribute(Qt::WA_OpaquePaintEvent);
  impl_->plot->setFocusPolicy(Qt::NoFocus);
  impl_->plot->setMouseTracking(true);
  impl_->plot->setMinimumSize(0, 0);
  impl_->plot->addLayer(QStringLiteral("face"));
  impl_->plot->layer(QStringLiteral("face"))->setMode(QCPLayer::lmBuffered);
  impl_->plot->plotLayout()->setMargins({});
  impl_->plot->plotLayout()->setAutoMargins(QCP::msNone);
  impl_->plot->plotLayout()->setRowSpacing(1);
  impl_->plot->plotLayout()->setColumnSpacing(1);
  impl_->plot->setBackground(QBrush(theme["panel"]));
  impl_->plot->installEventFilter(this);
  impl_->frame = new FocusRing(theme, this);
  impl_->click_timer.setSingleShot(true);
  connect(&impl_->click_timer, &QTimer::timeout, this, [this] {
    const auto [chart, x] = impl_->pending_click;
    if (chart >= 0 && chart < count()) Q_EMIT clicked(chart, x, (impl_->high - impl_->low) * 4 / std::max(1, impl_->charts[static_cast<std::size_t>(chart)]->rect->width()));
  });
  connect(&theme, &Theme::changed, this, [this] {
    impl_->plot->setBackground(QBrush(impl_->theme["panel"]));
    for (auto& c : impl_->charts) impl_->style(*c);
    replot();
  });
  set_shape(rows, columns, rows * columns);
}

ChartGrid::~ChartGrid() = default;

void ChartGrid::set_shape(int rows, int columns, int charts) {
  Impl& m = *impl_;
  if (rows == m.rows && columns == m.columns && charts == count()) return;
  m.rows = rows;
  m.columns = columns;
  m.plot->clearGraphs();
  m.plot->clearItems();
  m.plot->plotLayout()->clear();
  m.charts.clear();
  for (int i = 0; i < charts; ++i) {
    auto c = std::make_unique<Chart>();
    c->rect = new QCPAxisRect(m.plot, false);
    c->rect->addAxes(QCPAxis::atLeft | QCPAxis::atBottom);
    c->rect->setAutoMargins(QCP::msNone);
    c->rect->setRangeDrag({});
    c->rect->setRangeZoom({});
    c->rect->setMinimumSize(10, 10);
    c->x_ticker.reset(new XTicker);
    c->y_ticker.reset(new YTicker);
    c->x_ticker->axis = m.axis;
    c->rect->axis(QCPAxis::atBottom)->setTicker(c->x_ticker);
    c->rect->axis(QCPAxis::atLeft)->setTicker(c->y_ticker);
    c->rect->axis(QCPAxis::atBottom)->setRange(m.low, m.high);
    m.plot->plotLayout()->addElement(i / columns, i % columns, c->rect);
    m.style(*c);
    m.decorate(*c);
    m.charts.push_back(std::move(c));
  }
  updateGeometry();
}

int ChartGrid::count() const { return static_cast<int>(impl_->charts.size()); }

void ChartGrid::set_right_margin(int px) {
  impl_->right_margin = px;
  for (auto& c : impl_->charts) impl_->style(*c);
}

void ChartGrid::set_titles_shown(bool on) {
  impl_->titles = on;
  for (auto& c : impl_->charts) impl_->style(*c);
}

void ChartGrid::set_axis(ChartAxis axis) {
  impl_->axis = axis;
  for (auto& c : impl_->charts) c->x_ticker->axis = axis;
}

void ChartGrid::set_limits(double low, double high) {
  impl_->limit_low = low;
  impl_->limit_high = high > low ? high : low + 1;
}

void ChartGrid::set_range(double low, double high) {
  impl_->low = low;
  impl_->high = high > low ? high : low + 1;
  for (auto& c : impl_->charts) c->rect->axis(QCPAxis::atBottom)->setRange(impl_->low, impl_->high);
}

std::pair<double, double> ChartGrid::range() const { return {impl_->low, impl_->high}; }

int ChartGrid::plot_columns() const {
  if (impl_->charts.empty()) return 1;
  // The layout is made when it is drawn; before that it is asked for here.
  const int width = impl_->plot->width() / std::max(1, impl_->columns) - impl_->left - std::max(impl_->right_margin, impl_->right_label);
  return std::clamp(static_cast<int>(width * devicePixelRatioF()), 16, 8192);
}

void ChartGrid::set_title(int chart, const ChartTitle& title) { impl_->charts.at(static_cast<std::size_t>(chart))->title = title; }
const ChartData& ChartGrid::data(int chart) const { return impl_->charts.at(static_cast<std::size_t>(chart))->data; }
const ChartTitle& ChartGrid::title(int chart) const { return impl_->charts.at(static_cast<std::size_t>(chart))->title; }

void ChartGrid::set_data(int chart, ChartData data) {
  const auto i = static_cast<std::size_t>(chart);
  impl_->charts.at(i)->data = std::move(data);
  impl_->fill(i);
}

void ChartGrid::set_cursor(std::optional<double> x, std::vector<std::vector<ChartDot>> dots) {
  impl_->cursor = x;
  for (std::size_t i = 0; i < impl_->charts.size(); ++i) impl_->charts[i]->dots = i < dots.size() ? dots[i] : std::vector<ChartDot>{};
  if (!impl_->plot->size().isEmpty()) impl_->plot->layer(QStringLiteral("face"))->replot();
  if (!x || !QAccessible::isActive()) return;
  QString spoken;
  for (const auto& c : impl_->charts) {
    spoken += c->title.name;
    for (const auto& [value, _] : c->title.values) spoken += QLatin1Char(' ') + value;
    spoken += QStringLiteral(". ");
  }
  setAccessibleDescription(spoken);
}

void ChartGrid::replot() {
  if (impl_->plot->size().isEmpty()) return;  // not laid out yet: it is asked again when it is
  ++impl_->replots;
  const QFontMetricsF m(impl_->theme.font("axis"));
  const double widest = impl_->axis == ChartAxis::time ? 46 : m.horizontalAdvance(tick_text(impl_->limit_high, tick_distance(impl_->high - impl_->low, 5, impl_->axis))) + 16;
  impl_->make_room();
  for (auto& c : impl_->charts) c->x_ticker->most = std::clamp(static_cast<int>(c->rect->width() / widest), 2, 5);
  impl_->plot->replot(QCustomPlot::rpQueuedRefresh);
}

long long ChartGrid::replots() const { return impl_->replots; }

QRect ChartGrid::plot_box(int chart) const { return impl_->charts.at(static_cast<std::size_t>(chart))->rect->rect(); }
double ChartGrid::x_at(int px) const { return impl_->charts.empty() ? 0 : impl_->x_of(*impl_->charts.front(), px); }
int ChartGrid::pixel_of(int chart, double x) const { return impl_->pixel(*impl_->charts.at(static_cast<std::size_t>(chart)), x); }
QSize ChartGrid::minimumSizeHint() const { return {impl_->columns * 110, impl_->rows * 76}; }

void ChartGrid::resizeEvent(QResizeEvent* e) {
  QWidget::resizeEvent(e);
  impl_->frame->setGeometry(rect());
  if (!rect().isEmpty()) impl_->plot->setGeometry(rect());  // without an area it could not paint and would say so on standard error
  Q_EMIT resized();
}

void ChartGrid::focusInEvent(QFocusEvent* e) {
  QWidget::focusInEvent(e);
  if (e->reason() == Qt::MouseFocusReason || e->reason() == Qt::PopupFocusReason) return;  // who clicks knows where he is
  impl_->frame->setGeometry(rect());
  impl_->frame->raise();
  impl_->frame->show();
}

void ChartGrid::focusOutEvent(QFocusEvent* e) {
  QWidget::focusOutEvent(e);
  impl_->frame->hide();
}

bool ChartGrid::eventFilter(QObject* object, QEvent* event) {
  Impl& m = *impl_;
  if (object != m.plot) return false;
  const auto chart_of = [&](QPoint p) { return m.chart_at(p); };
  switch (event->type()) {
    case QEvent::MouseButtonPress: {
      const auto* e = static_cast<QMouseEvent*>(event);
      setFocus(Qt::MouseFocusReason);
      m.drag_chart = chart_of(e->pos());
      if (e->button() == Qt::LeftButton && m.drag_chart >= 0 && plot_box(m.drag_chart).contains(e->pos())) m.drag_from = e->pos().x();
      return e->button() == Qt::LeftButton;
    }
    case QEvent::MouseMove: {
      const auto* e = static_cast<QMouseEvent*>(event);
      if (m.drag_from && (m.drag_to || std::abs(e->pos().x() - *m.drag_from) > 4)) {
        m.drag_to = e->pos().x();
        m.plot->layer(QStringLiteral("face"))->replot();
        return true;
      }
      const int i = chart_of(e->pos());
      if (i < 0) return true;
      const Chart& c = *m.charts[static_cast<std::size_t>(i)];
      if (plot_box(i).adjusted(-2, -2, 2, 2).contains(e->pos())) Q_EMIT hovered(std::clamp(m.x_of(c, e->pos().x()), m.low, m.high));
      return true;
    }
    case QEvent::MouseButtonRelease: {
      const auto* e = static_cast<QMouseEvent*>(event);
      if (!m.drag_from || e->button() != Qt::LeftButton) return true;
      const Chart& c = *m.charts[static_cast<std::size_t>(m.drag_chart)];
      const double a = m.x_of(c, *m.drag_from), b = m.x_of(c, e->pos().x());
      const bool dragged = m.drag_to.has_value();
      m.drag_from.reset();
      m.drag_to.reset();
      if (dragged) {
        m.choose(std::min(a, b), std::max(a, b));
        m.plot->layer(QStringLiteral("face"))->replot();
      } else {  // a second click makes it a double click: then the first is not meant
        m.pending_click = {m.drag_chart, a};
        m.click_timer.start(m.low > m.limit_low || m.high < m.limit_high ? QApplication::doubleClickInterval() : 0);
      }
      return true;
    }
    case QEvent::MouseButtonDblClick:
      m.click_timer.stop();
      m.drag_from.reset();
      Q_EMIT range_reset();
      return true;
    case QEvent::Wheel: {
      auto* e = static_cast<QWheelEvent*>(event);
      const double turns = (e->angleDelta().y() != 0 ? e->angleDelta().y() : e->angleDelta().x()) / 120.0, width = m.high - m.low;
      const int i = chart_of(e->position().toPoint());
      if (turns == 0 || i < 0) return false;
      if (e->modifiers() & Qt::ShiftModifier) {
        const double by = std::clamp(-turns * width * 0.15, m.limit_low - m.low, m.limit_high - m.high);
        Q_EMIT range_chosen(m.low + by, m.high + by);
      } else {
        const double at = std::clamp(m.x_of(*m.charts[static_cast<std::size_t>(i)], static_cast<int>(e->position().x())), m.low, m.high), factor = std::pow(0.8, turns);
        if (width * factor >= m.limit_high - m.limit_low) Q_EMIT range_reset();
        else m.choose(at - (at - m.low) * factor, at + (m.high - at) * factor);
      }
      e->accept();
      return true;
    }
    case QEvent::Leave:
      Q_EMIT left();
      return false;
    case QEvent::ContextMenu:  // the plot would keep it to itself
      QCoreApplication::sendEvent(this, event);
      return true;
    case QEvent::ToolTip: {
      const auto* e = static_cast<QHelpEvent*>(event);
      const int i = chart_of(e->pos());
      if (i >= 0 && !m.charts[static_cast<std::size_t>(i)]->title.tip.isEmpty() && !plot_box(i).contains(e->pos())) QToolTip::showText(e->globalPos(), m.charts[static_cast<std::size_t>(i)]->title.tip, this);
      else QToolTip::hideText();
      return true;
    }
    default: return false;
  }
}

bool ChartGrid::escape() {
  const bool zoomed = impl_->low > impl_->limit_low || impl_->high < impl_->limit_high;
  if (zoomed) Q_EMIT range_reset();
  return zoomed;
}

void ChartGrid::keyPressEvent(QKeyEvent* e) {
  switch (e->key()) {
    case Qt::Key_Left: Q_EMIT cursor_moved(-1); break;
    case Qt::Key_Right: Q_EMIT cursor_moved(1); break;
    case Qt::Key_Home: Q_EMIT cursor_moved(-2); break;
    case Qt::Key_End: Q_EMIT cursor_moved(2); break;
    case Qt::Key_Escape:
      if (!escape()) e->ignore();
      break;
    default: QWidget::keyPressEvent(e);
  }
}

}  // namespace telltale::ui
