#include "widgets/simulate/shares_plot.hpp"

#include <QPainter>
#include <algorithm>
#include <cmath>

#include "report/numbers.hpp"
#include "widgets/painted_view.hpp"

namespace telltale::ui {

SharesPlot::SharesPlot(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  connect(&theme, &Theme::changed, this, [this] { updateGeometry(), update(); });
}

void SharesPlot::set_rows(std::vector<Row> rows) {
  rows_ = std::move(rows);
  QString told;
  for (const Row& r : rows_)
    told += (told.isEmpty() ? QString() : QStringLiteral("; ")) +
            (r.share.n == 0 ? tr("%1: nothing answered").arg(r.name) : tr("%1: %2 (%3 to %4), %5 of %6").arg(r.name, text(fixed(r.share.value)), text(fixed(r.share.low)), text(fixed(r.share.high))).arg(r.share.right).arg(r.share.n));
  setAccessibleName(tr("How often the model's answer was told: %1").arg(told));
  updateGeometry();
  update();
}

QSize SharesPlot::sizeHint() const { return {520, static_cast<int>(theme_.px(30)) * std::max(1, static_cast<int>(rows_.size())) + static_cast<int>(theme_.px(26))}; }

void SharesPlot::paintEvent(QPaintEvent*) {
  QPainter p(this);
  p.setRenderHint(QPainter::Antialiasing);
  const QFont table = theme_.font("table"), axis = theme_.font("axis");
  const QFontMetricsF m(table, this);
  qreal names = 40;
  for (const Row& r : rows_) names = std::max(names, m.horizontalAdvance(r.name));
  const qreal numbers = tabular_width(m, QStringLiteral("0.000 (0.000 to 0.000)")) + 12, row = theme_.px(30);
  const qreal left = names + 16, right = width() - numbers - 10, bottom = row * static_cast<qreal>(rows_.size());
  const auto x = [&](double v) { return left + (right - left) * std::clamp(v, 0.0, 1.0); };
  for (const double t : {0.0, 0.25, 0.5, 0.75, 1.0}) {
    p.fillRect(QRectF(std::round(x(t)), 4, 1, bottom), theme_[t == 0 ? "border" : "grid"]);
    p.setFont(axis);
    p.setPen(theme_["text3"]);
    draw_tabular(p, QRectF(x(t) - 20, bottom + 6, 40, 14), Qt::AlignHCenter, text(fixed(t, 2)));
  }
  qreal y = row / 2 + 2;
  for (const Row& r : rows_) {
    p.setFont(table);
    p.setPen(theme_["text"]);
    p.drawText(QRectF(4, y - row / 2, names + 8, row), Qt::AlignVCenter, r.name);
    if (r.share.n > 0) {
      p.setPen(QPen(theme_["text2"], 1.5));
      p.drawLine(QPointF(x(r.share.low), y), QPointF(x(r.share.high), y));
      for (const double end : {r.share.low, r.share.high}) p.drawLine(QPointF(x(end), y - 4), QPointF(x(end), y + 4));
      p.setPen(QPen(theme_["text"], 1.5));
      p.setBrush(theme_[r.filled ? "text" : "panel"]);
      p.drawEllipse(QPointF(x(r.share.value), y), 5, 5);
      p.setPen(theme_["text"]);
      draw_tabular(p, QRectF(right + 10, y - row / 2, numbers - 4, row), Qt::AlignRight, tr("%1 (%2 to %3)").arg(text(fixed(r.share.value)), text(fixed(r.share.low)), text(fixed(r.share.high))));
    } else {
      p.setPen(theme_["text3"]);
      p.drawText(QRectF(right + 10, y - row / 2, numbers - 4, row), Qt::AlignRight | Qt::AlignVCenter, QStringLiteral("–"));
    }
    y += row;
  }
}

}  // namespace telltale::ui
