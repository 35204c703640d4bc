#include "widgets/compare/confusion_table.hpp"

#include <algorithm>
#include <cmath>

#include "report/numbers.hpp"
#include "widgets/export/export.hpp"

namespace telltale::ui {

ConfusionTable::ConfusionTable(Theme& theme, QWidget* parent) : PaintedView(theme, parent) { setAccessibleName(tr("Posts by the class that A and the class that B predicts")); }

void ConfusionTable::set_counts(std::vector<QString> classes, std::vector<std::vector<int>> counts, QString a, QString b) {
  classes_ = std::move(classes), counts_ = std::move(counts), a_ = std::move(a), b_ = std::move(b);
  setMinimumHeight(60 + static_cast<int>(classes_.size()) * 20);
  set_ring(-1);
  lay_out();
  update();
}

QString ConfusionTable::csv() const {
  QString out = csv_cell(a_ + QStringLiteral(" \\ ") + b_);
  for (const auto& c : classes_) out += QLatin1Char(',') + csv_cell(c);
  for (std::size_t i = 0; i < classes_.size(); ++i) {
    out += QLatin1Char('\n') + csv_cell(classes_[i]);
    for (const int n : counts_[i]) out += QStringLiteral(",%1").arg(n);
  }
  return out + QLatin1Char('\n');
}

void ConfusionTable::lay_out() {
  std::vector<Item> items;
  const auto n = classes_.size();
  if (n == 0) return set_items({});
  const QFontMetricsF m(theme_.font("caption"), this);
  names_ = 0;
  for (const auto& c : classes_) names_ = std::max(names_, m.horizontalAdvance(c));
  names_ = std::min(names_, width() * 0.3);
  cell_w_ = std::floor(std::clamp((width() - names_ - 34) / static_cast<qreal>(n), 12.0, 72.0));
  cell_h_ = std::floor(std::clamp((height() - 56) / static_cast<qreal>(n), 18.0, 34.0));
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j) {
      const QString said = tr("%1 says %2, %3 says %4: %5 posts").arg(a_, classes_[i], b_, classes_[j]).arg(counts_[i][j]);
      items.push_back({QRectF(20 + names_ + cell_w_ * static_cast<qreal>(j), 44 + cell_h_ * static_cast<qreal>(i), cell_w_, cell_h_), static_cast<int>(i * n + j), said, said});
    }
  set_items(std::move(items));
}

void ConfusionTable::paintEvent(QPaintEvent*) {
  QPainter p(this);
  p.fillRect(rect(), theme_["panel"]);
  const auto n = classes_.size();
  const QFont small = theme_.font("caption"), bold = theme_.font("caption", Theme::Weight::semibold);
  const QFontMetricsF m(small, this);
  p.setFont(small);
  p.setPen(theme_["text2"]);
  if (n == 0) return p.drawText(rect(), Qt::AlignCenter, tr("No predictions of both are stored")), void();
  int most = 1;
  for (const auto& row : counts_)
    for (const int c : row) most = std::max(most, c);
  p.setFont(bold);
  p.drawText(QRectF(20 + names_, 4, cell_w_ * static_cast<qreal>(n), 18), Qt::AlignLeft | Qt::AlignVCenter, tr("%1 predicts →").arg(b_));
  p.drawText(QRectF(8, 4, names_ + 8, 18), Qt::AlignRight | Qt::AlignVCenter, m.elidedText(tr("↓ %1").arg(a_), Qt::ElideRight, names_ + 6));
  p.setFont(small);
  for (std::size_t j = 0; j < n; ++j) {
    const qreal x = 20 + names_ + cell_w_ * static_cast<qreal>(j), y = 44 + cell_h_ * static_cast<qreal>(j);
    p.drawText(QRectF(x + 1, 24, cell_w_ - 2, 18), Qt::AlignCenter, m.horizontalAdvance(classes_[j]) <= cell_w_ - 2 ? classes_[j] : QString(classes_[j]).remove(QLatin1Char('.')).left(3));
    p.drawText(QRectF(8, y, names_ + 4, cell_h_), Qt::AlignRight | Qt::AlignVCenter, m.elidedText(classes_[j], Qt::ElideRight, names_));
  }
  for (std::size_t k = 0; k < items().size(); ++k) {
    const int c = counts_[k / n][k % n];
    const QRectF box = items()[k].box.adjusted(1, 1, -1, -1);
    const Cell look = theme_.colours().amount.cell(std::sqrt(static_cast<double>(c) / most));  // by square root: the few off the diagonal are what counts
    p.fillRect(box, colour(look.ground));
    p.setBrush(Qt::NoBrush);
    p.setPen(QPen(items()[k].key == ring() ? theme_["text"] : theme_["grid"], items()[k].key == ring() ? 1.5 : 1));
    p.drawRect(box.adjusted(0.5, 0.5, -0.5, -0.5));
    p.setFont(small);
    p.setPen(colour(look.ink));
    if (c) draw_tabular(p, box, Qt::AlignHCenter, text(thousands(c)));
  }
  draw_focus(p);
}

}  // namespace telltale::ui
