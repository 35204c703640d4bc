#include "widgets/evaluate/method_matrix.hpp"

#include <algorithm>
#include <cmath>

#include "report/numbers.hpp"
#include "widgets/export/export.hpp"

namespace telltale::ui {

MethodMatrix::MethodMatrix(Theme& theme, const QString& name, QWidget* parent) : PaintedView(theme, parent) {
  setAccessibleName(name);
  setMinimumSize(180, 110);
}

void MethodMatrix::set_values(std::vector<QString> methods, std::vector<std::vector<double>> values,
                              std::vector<std::vector<QString>> tips, Scale scale, double low, const QString& empty) {
  methods_ = std::move(methods);
  values_ = std::move(values);
  tips_ = std::move(tips);
  scale_ = scale;
  low_ = low;
  empty_ = empty;
  lay_out();
  update();
}

QString MethodMatrix::csv() const {
  QString out = QStringLiteral("method,other,value\n");
  for (std::size_t i = 0; i < methods_.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (std::isfinite(values_[i][j]))
        out += csv_cell(methods_[i]) + QLatin1Char(',') + csv_cell(methods_[j]) + QLatin1Char(',') +
               QString::number(values_[i][j], 'g', 9) + QLatin1Char('\n');
  return out;
}

void MethodMatrix::lay_out() {
  std::vector<Item> items;
  const std::size_t n = methods_.size();
  if (n >= 2) {
    const QFontMetricsF m(theme_.font("caption"), this);
    names_ = 0;
    for (const auto& name : methods_) names_ = std::max(names_, m.horizontalAdvance(name));
    names_ = std::min<qreal>(names_ + 40, std::max<qreal>(80, width() * 0.45));
    const qreal rows = static_cast<qreal>(n);
    cell_w_ = std::clamp((width() - names_ - 10) / rows, 8.0, 58.0);
    cell_h_ = std::clamp((height() - 10.0) / rows, 8.0, 26.0);
    for (std::size_t i = 1; i < n; ++i)
      for (std::size_t j = 0; j < i; ++j)
        items.push_back(
            {QRectF(names_ + cell_w_ * static_cast<qreal>(j), 4 + cell_h_ * static_cast<qreal>(i), cell_w_, cell_h_),
             static_cast<int>(i * n + j), tips_[i][j], tips_[i][j]});
  }
  set_items(std::move(items));
}

void MethodMatrix::paintEvent(QPaintEvent*) {
  QPainter p(this);
  p.fillRect(rect(), theme_["panel"]);
  const std::size_t n = methods_.size();
  if (n < 2) {
    p.setFont(theme_.font("table"));
    p.setPen(theme_["text2"]);
    p.drawText(rect().adjusted(16, 8, -16, -8), Qt::AlignCenter | Qt::TextWordWrap, empty_);
    draw_focus(p);
    return;
  }
  const QFont small = theme_.font("caption"), axis = theme_.font("axis");
  const QFontMetricsF m(small, this), am(axis, this);
  // Rows carry number and name; a column its number, on the diagonal above its cells.
  for (std::size_t i = 0; i < n; ++i) {
    const qreal top = 4 + cell_h_ * static_cast<qreal>(i);
    const QString number = QString::number(i + 1);
    p.setFont(axis);
    p.setPen(theme_["text2"]);
    draw_tabular(p, QRectF(6, top, 16, cell_h_), Qt::AlignRight, number);
    draw_tabular(p, QRectF(names_ + cell_w_ * static_cast<qreal>(i), top, cell_w_ - 1, cell_h_), Qt::AlignHCenter,
                 number);
    p.setFont(cell_h_ < 13 ? axis : small);
    p.setPen(theme_["text"]);
    const QRectF box(28, top, names_ - 32, cell_h_);
    p.drawText(box, Qt::AlignLeft | Qt::AlignVCenter,
               QFontMetricsF(p.font(), this).elidedText(methods_[i], Qt::ElideRight, box.width()));
  }
  // All cells say it the same way: with decimals if there is room for the widest.
  bool decimals = scale_ == Scale::diverging;
  if (scale_ == Scale::figure) {
    decimals = true;
    for (const auto& row : values_)
      for (const double v : row) decimals = decimals && (!std::isfinite(v) || tabular_width(am, text(fixed(v, 2))) <= cell_w_ - 3);
    if (!decimals) {
      p.setFont(axis);
      p.setPen(theme_["text3"]);
      draw_tabular(p, QRectF(width() - 74, 4, 68, 14), Qt::AlignRight, tr("in hundredths"));
    }
  }
  for (const auto& item : items()) {
    const auto i = static_cast<std::size_t>(item.key) / n, j = static_cast<std::size_t>(item.key) % n;
    const double v = values_[i][j];
    const QRectF box = item.box.adjusted(0, 0, -1, -1);
    const Palette& palette = theme_.colours();
    const Cell look = !std::isfinite(v)            ? Cell{palette["panelAlt"], palette["text3"]}
                      : scale_ == Scale::diverging ? palette.heat(v, 1)
                                                   : palette.amount.cell((v - low_) / (1 - low_) * 0.9);
    p.fillRect(box, colour(look.ground));
    if (item.key == ring()) {
      p.setPen(QPen(theme_["text"], 1.5));
      p.setBrush(Qt::NoBrush);
      p.drawRect(box.adjusted(0.5, 0.5, -0.5, -0.5));
    }
    const QString said = !std::isfinite(v) ? QStringLiteral("–")
                         : decimals        ? text(fixed(v, 2))
                                           : text(fixed(v * 100, 0));
    p.setFont(axis);
    if (tabular_width(am, said) <= box.width() - 2 && cell_h_ >= 12) {
      p.setPen(colour(look.ink));
      draw_tabular(p, box, Qt::AlignHCenter, said);
    }
  }
  draw_focus(p);
}

}  // namespace telltale::ui
