#include <QPainter>
#include <cmath>

#include "widgets/geometry/geometry_panel.hpp"
#include "widgets/geometry/plane_view.hpp"
#include "widgets/painted_view.hpp"
#include "widgets/shell/words.hpp"

namespace telltale::ui {
namespace {
constexpr int row = 22, gap = 6, pad = 10;
}

FactsView::FactsView(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
  setAccessibleName(tr("Classes, distances and shares"));
  connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
}

QSize FactsView::sizeHint() const {
  const bool head = geometry_ && !geometry_->classes.empty();
  return {320, (head ? 3 * row + gap + 3 * row + gap : row) + (head ? 3 : 2) * row + 2 * gap};
}

void FactsView::show_geometry(std::shared_ptr<const PerturbationGeometry> geometry, const QString& distance_note) {
  geometry_ = std::move(geometry);
  note_ = distance_note;
  if (geometry_) {
    const PerturbationGeometry& g = *geometry_;
    QStringList spoken;
    const char* const names[] = {"x", "x'", "x''"};
    for (std::size_t k = 0; k < g.classes.size(); ++k) spoken << tr("%1 predicted %2 with %3").arg(QString::fromUtf8(names[k]), one_line(g.classes[k].label), figure(g.classes[k].probability));
    spoken << tr("attribution distances %1, %2, %3").arg(figure(g.attribution.near), figure(g.attribution.far), figure(g.attribution.between))
           << tr("[CLS] distances %1, %2, %3").arg(figure(g.cls.near), figure(g.cls.far), figure(g.cls.between));
    setAccessibleDescription(spoken.join(QStringLiteral("; ")));
    QString tip = tr("Nearest words counted over %1 tokens of the post").arg(g.counted);
    if (!g.classes.empty()) tip = tr("Probability of the gold class %1: x %2, x' %3, x'' %4\nAnother class: %5 copies of the post were asked\n").arg(one_line(g.label_name), figure(g.classes[0].gold), figure(g.classes[1].gold), figure(g.classes[2].gold)).arg(g.copies) + tip;
    setToolTip(plain_tip(tip));
  }
  updateGeometry();
  update();
}

void FactsView::paintEvent(QPaintEvent*) {
  QPainter p(this);
  if (!geometry_) return;
  const PerturbationGeometry& g = *geometry_;
  const QFont table = theme_.font("table"), bold = theme_.font("table", Theme::Weight::semibold), small = theme_.font("caption");
  qreal y = gap;
  const auto line = [&](qreal at) {
    p.setPen(QPen(theme_["border"], 1));
    p.drawLine(QPointF(0, at + 0.5), QPointF(width(), at + 0.5));
  };
  if (g.classes.empty()) {
    p.setFont(small);
    p.setPen(theme_["text3"]);
    p.drawText(QRectF(pad, y, width() - 2 * pad, row), Qt::AlignLeft | Qt::AlignVCenter, p.fontMetrics().elidedText(tr("This model has no head yet: no classes, no distances."), Qt::ElideRight, width() - 2 * pad));
    y += row;
  } else {
    const char* const names[] = {"x", "x'", "x''"};
    for (std::size_t k = 0; k < 3; ++k) {
      p.setFont(small);
      p.setPen(theme_["text3"]);
      if (k == 0) p.drawText(QRectF(pad, y, 70, row), Qt::AlignLeft | Qt::AlignVCenter, tr("predicted"));
      p.drawText(QRectF(pad + 66, y, 22, row), Qt::AlignLeft | Qt::AlignVCenter, QString::fromUtf8(names[k]));
      const bool other = g.classes[k].predicted != g.classes[0].predicted;
      p.setFont(bold);
      p.setPen(theme_["text"]);
      const QString name = p.fontMetrics().elidedText(one_line(g.classes[k].label), Qt::ElideRight, width() - 2 * pad - 150);
      p.drawText(QRectF(pad + 90, y, width(), row), Qt::AlignLeft | Qt::AlignVCenter, name);
      p.setFont(table);
      const qreal w = QFontMetricsF(bold).horizontalAdvance(name);
      p.setPen(theme_["text2"]);
      draw_tabular(p, QRectF(pad + 90 + w + 8, y, 60, row), Qt::AlignLeft, figure(g.classes[k].probability));
      if (other && width() > 300) p.setFont(small), p.setPen(theme_["text3"]), p.drawText(QRectF(0, y, width() - pad, row), Qt::AlignRight | Qt::AlignVCenter, tr("another class"));
      y += row;
    }
    y += gap / 2.0;
    line(y);
    y += gap / 2.0;
    const qreal column = std::min<qreal>(70, (width() - 2 * pad) / 5.0), right = width() - pad;
    p.setFont(small);
    p.setPen(theme_["text3"]);
    p.drawText(QRectF(pad, y, right - 3 * column - pad, row), Qt::AlignLeft | Qt::AlignVCenter,
               p.fontMetrics().elidedText(tr("Distance") + (note_.isEmpty() ? QString() : QStringLiteral(" · ") + note_), Qt::ElideRight, static_cast<int>(right - 3 * column - pad)));
    const QString heads[] = {QStringLiteral("x, x'"), QStringLiteral("x, x''"), QStringLiteral("x', x''")};
    for (int k = 0; k < 3; ++k) p.drawText(QRectF(right - (3 - k) * column, y, column, row), Qt::AlignRight | Qt::AlignVCenter, heads[k]);
    y += row;
    const auto distances = [&](const QString& name, const GeometryDistances& d) {
      p.setFont(table);
      p.setPen(theme_["text"]);
      p.drawText(QRectF(pad, y, right - 3 * column - pad, row), Qt::AlignLeft | Qt::AlignVCenter, p.fontMetrics().elidedText(name, Qt::ElideRight, static_cast<int>(right - 3 * column - pad)));
      const double values[] = {d.near, d.far, d.between};
      for (int k = 0; k < 3; ++k) draw_tabular(p, QRectF(right - (3 - k) * column, y, column, row), Qt::AlignRight, figure(values[k]));
      y += row;
    };
    distances(g.distance == Distance::pearson ? tr("attribution A (Pearson)") : tr("attribution A (cosine)"), g.attribution);
    distances(tr("state r of [CLS]"), g.cls);
    y += gap / 2.0;
    line(y);
    y += gap / 2.0;
  }
  const auto share = [&](const QString& name, double value, const QColor& colour) {
    p.setFont(small);
    p.setPen(theme_["text2"]);
    const qreal right = width() - pad, bar = std::min<qreal>(110, width() / 3.0), x = right - 44 - bar;
    p.drawText(QRectF(pad, y, x - pad - 6, row), Qt::AlignLeft | Qt::AlignVCenter, p.fontMetrics().elidedText(name, Qt::ElideRight, static_cast<int>(x - pad - 6)));
    p.fillRect(QRectF(x, y + row / 2.0 - 4, bar, 8), theme_["grid"]);
    p.fillRect(QRectF(x, y + row / 2.0 - 4, bar * value, 8), colour);
    p.setFont(table);
    p.setPen(theme_["text"]);
    draw_tabular(p, QRectF(right - 42, y, 42, row), Qt::AlignRight, QStringLiteral("%1 %").arg(100 * value, 0, 'f', 0));
    y += row;
  };
  share(tr("x' nearest to own word"), g.near_own, theme_.series(2));
  share(tr("x'' nearest to own word"), g.far_own, theme_.series(4));
  if (!g.classes.empty()) share(tr("x'' given another class"), g.far_other, theme_.series(4));
}

}  // namespace telltale::ui
