#include "widgets/evaluate/cell_views.hpp"

#include <QPainter>
#include <algorithm>
#include <cmath>
#include <numeric>

#include "report/comparison_view.hpp"
#include "report/numbers.hpp"
#include "widgets/evaluate/grid_model.hpp"
#include "widgets/export/export.hpp"
#include "widgets/shell/words.hpp"

namespace telltale::ui {
namespace {

/// A round step that gives at most `most` of them over `range`.
double round_step(double range, int most) {
  const double rough = range / most, power = std::pow(10, std::floor(std::log10(rough)));
  for (const double s : {1.0, 2.0, 5.0, 10.0})
    if (s * power >= rough * (1 - 1e-9)) return s * power;
  return 10 * power;
}

QString p_text(double p) { return p < 0.001 ? QStringLiteral("p < 0.001") : QStringLiteral("p = %1").arg(text(fixed(p))); }

}  // namespace

ValueHistogram::ValueHistogram(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
  setAccessibleName(tr("Values of the posts"));
  setFocusPolicy(Qt::StrongFocus);
  connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
}

void ValueHistogram::set_values(std::vector<double> values, const Interval& mean, const QString& summary,
                                const QString& axis, bool difference, const QString& empty) {
  values_ = std::move(values);
  std::erase_if(values_, [](double v) { return !std::isfinite(v); });
  mean_ = mean, summary_ = summary, axis_ = axis, difference_ = difference, empty_ = empty;
  setAccessibleDescription(values_.empty() ? empty : summary + QStringLiteral(", ") + axis);
  setToolTip(values_.empty() ? QString()
                             : tr("Posts by value. The line is the mean, the soft ground its 95 % interval."));
  update();
}

QString ValueHistogram::csv() const {
  QString out = QStringLiteral("value\n");
  for (const double v : values_) out += QString::number(v, 'g', 9) + QLatin1Char('\n');
  return out;
}

void ValueHistogram::paintEvent(QPaintEvent*) {
  QPainter p(this);
  p.setRenderHint(QPainter::Antialiasing);
  p.fillRect(rect(), theme_["panel"]);
  if (values_.size() < 2) {
    p.setFont(theme_.font("table"));
    p.setPen(theme_["text2"]);
    p.drawText(rect().adjusted(16, 8, -16, -8), Qt::AlignCenter | Qt::TextWordWrap, empty_);
  } else {
    const QRectF box = QRectF(rect()).adjusted(34, 26, -24, -34);
    const auto [least, most] = std::minmax_element(values_.begin(), values_.end());
    double low = *least, high = *most;
    if (difference_) low = std::min(low, 0.0), high = std::max(high, 0.0);
    if (high - low < 1e-9) low -= 0.5, high += 0.5;
    const double step = round_step(high - low, std::clamp(static_cast<int>(box.width() / 14), 8, 24));
    low = std::floor(low / step + 1e-9) * step, high = std::ceil(high / step - 1e-9) * step;
    if (high <= low) high = low + step;
    const auto bins = static_cast<std::size_t>(std::lround((high - low) / step));
    std::vector<int> counts(bins, 0);
    for (const double v : values_)
      ++counts[std::min(bins - 1, static_cast<std::size_t>(std::max(0.0, std::floor((v - low) / step + 1e-9))))];
    const int peak = *std::max_element(counts.begin(), counts.end());
    const double rise = std::max(1.0, round_step(peak, 3)), top = std::ceil(peak / rise) * rise;
    const auto x = [&](double v) { return box.left() + box.width() * (v - low) / (high - low); };
    const auto y = [&](double n) { return box.bottom() - box.height() * n / top; };
    p.setFont(theme_.font("axis"));
    p.setPen(theme_["text2"]);
    for (double n = 0; n <= top + 1e-9; n += rise) {
      p.fillRect(QRectF(box.left(), std::round(y(n)), box.width(), 1), theme_[n > 0 ? "grid" : "border"]);
      draw_tabular(p, QRectF(0, y(n) - 7, box.left() - 6, 14), Qt::AlignRight, QString::number(n, 'f', 0));
    }
    if (std::isfinite(mean_.low) && std::isfinite(mean_.high))
      p.fillRect(
          QRectF(QPointF(x(mean_.low), box.top()), QPointF(std::max(x(mean_.low) + 1, x(mean_.high)), box.bottom())),
          theme_["accentSoft"]);
    for (std::size_t i = 0; i < bins; ++i) {
      const double left = std::round(x(low + step * static_cast<double>(i))),
                   right = std::round(x(low + step * static_cast<double>(i + 1)));
      if (counts[i])
        p.fillRect(QRectF(left, y(counts[i]), std::max(1.0, right - left - 1), box.bottom() - y(counts[i])),
                   theme_["borderStrong"]);
    }
    if (difference_) {
      p.setPen(QPen(theme_["text"], 1, Qt::DashLine));
      p.drawLine(QPointF(std::round(x(0)) + 0.5, box.top()), QPointF(std::round(x(0)) + 0.5, box.bottom()));
    }
    if (std::isfinite(mean_.value))
      p.fillRect(QRectF(x(mean_.value) - 1, box.top() - 2, 2, box.height() + 2), theme_["accent"]);
    p.setFont(theme_.font("axis"));
    p.setPen(theme_["text2"]);
    const double tick = round_step(high - low, std::clamp(static_cast<int>(box.width() / 48), 2, 6));
    const int decimals = std::clamp(static_cast<int>(-std::floor(std::log10(tick) + 1e-9)), 0, 4);
    for (double v = std::ceil(low / tick - 1e-9) * tick; v <= high + tick * 1e-6; v += tick) {
      const double shown = std::abs(v) < tick * 1e-6 ? 0 : v;
      draw_tabular(p, QRectF(x(v) - 26, box.bottom() + 3, 52, 13), Qt::AlignHCenter,
                   text(difference_ ? with_sign(shown, decimals) : fixed(shown, decimals)));
    }
    p.drawText(QRectF(0, box.bottom() + 16, width(), 14), Qt::AlignHCenter | Qt::AlignVCenter, axis_);
    p.setFont(theme_.font("caption", Theme::Weight::semibold));
    p.setPen(theme_["text"]);
    p.drawText(QRectF(12, 5, width() - 24, 16), Qt::AlignLeft | Qt::AlignVCenter,
               QFontMetricsF(p.font(), this).elidedText(summary_, Qt::ElideRight, width() - 24));
  }
  if (hasFocus()) {
    p.setBrush(Qt::NoBrush);
    p.setPen(QPen(theme_["focus"], 2));
    p.drawRect(QRectF(rect()).adjusted(1, 1, -1, -1));
  }
}

// ---- slices

SliceTable::SliceTable(Theme& theme, QWidget* parent) : PaintedView(theme, parent) {
  setAccessibleName(tr("Slices of the posts"));
}

void SliceTable::set_rows(std::vector<Row> rows, const std::string& metric, const QString& empty) {
  rows_ = std::move(rows);
  metric_ = metric;
  empty_ = empty;
  lay_out();
  update();
}

QString SliceTable::csv() const {
  QString out = QStringLiteral("group,slice,n,value,low,high,p,clear\n"), group;
  const auto n = [](double v) { return std::isfinite(v) ? QString::number(v, 'g', 9) : QString(); };
  for (const Row& r : rows_) {
    if (r.head)
      group = r.name;
    else
      out += QStringList{csv_cell(group),
                         csv_cell(r.name),
                         r.gap ? QString() : QString::number(r.n),
                         n(r.mean.value),
                         n(r.mean.low),
                         n(r.mean.high),
                         r.gap ? n(r.p) : QString(),
                         r.gap ? QString::number(r.clear) : QString()}
                 .join(QLatin1Char(',')) +
             QLatin1Char('\n');
  }
  return out;
}

void SliceTable::lay_out() {
  std::vector<Item> items;
  qreal y = 0;
  const int decimals = metric_info(metric_).id == "log-odds" ? 2 : 3;
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    const Row& r = rows_[i];
    const qreal h = theme_.px(r.gap ? 40 : 20);
    QString said;
    if (!r.head && std::isnan(r.mean.value))
      said = tr("%1: no post defines it").arg(r.name);
    else if (!r.head && r.gap)
      said = tr("Largest gap, %1: %2 (%3), %4, %5\nInterval: posts drawn anew within each slice. p: posts dealt anew to the slices, "
                "the largest gap of every deal against this one")
                 .arg(r.name, text(with_sign(r.mean.value, decimals)),
                      text(signed_interval(r.mean.low, r.mean.high, decimals)), p_text(r.p),
                      r.clear ? tr("clear difference") : tr("no clear difference"));
    else if (!r.head)
      said = tr("%1: %2 (%3), %4 posts")
                 .arg(r.name, text(fixed(r.mean.value, decimals)), text(interval(r.mean.low, r.mean.high, decimals)))
                 .arg(r.n);
    items.push_back({QRectF(0, y, width(), h), static_cast<int>(i), plain_tip(said), said});
    y += h;
  }
  set_items(std::move(items));
  setMinimumHeight(static_cast<int>(y) + 2);
}

void SliceTable::paintEvent(QPaintEvent*) {
  QPainter p(this);
  p.setRenderHint(QPainter::Antialiasing);
  p.fillRect(rect(), theme_["panel"]);
  if (rows_.empty()) {
    p.setFont(theme_.font("table"));
    p.setPen(theme_["text2"]);
    p.drawText(rect().adjusted(16, 8, -16, -8), Qt::AlignCenter | Qt::TextWordWrap, empty_);
    return draw_focus(p);
  }
  double low = 0, high = 0;
  for (const Row& r : rows_)
    if (!r.head && !r.gap)
      for (const double v : {r.mean.value, r.mean.low, r.mean.high})
        if (std::isfinite(v)) low = std::min(low, v), high = std::max(high, v);
  if (high <= low) high = low + 1;
  const int decimals = metric_info(metric_).id == "log-odds" ? 2 : 3;
  const QFont plain = theme_.font("caption"), bold = theme_.font("caption", Theme::Weight::semibold);
  const QFontMetricsF m(plain, this);
  const qreal value_w = theme_.px(52), n_w = theme_.px(40), right = width() - 10, name_w = width() * 0.42,
              bar_x = 12 + name_w, bar_w = std::max<qreal>(20, right - value_w - n_w - bar_x - 6);
  const auto x = [&](double v) { return bar_x + bar_w * (std::clamp(v, low, high) - low) / (high - low); };
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    const Row& r = rows_[i];
    const QRectF box = items()[i].box;
    if (r.head) {
      p.fillRect(box, theme_["panelAlt"]);
      p.setFont(bold);
      p.setPen(theme_["text2"]);
      p.drawText(box.adjusted(12, 0, 0, 0), Qt::AlignVCenter, r.name);
      p.setFont(theme_.font("axis"));
      if (i == 0) draw_tabular(p, QRectF(right - n_w, box.top(), n_w, box.height()), Qt::AlignRight, tr("posts"));
      continue;
    }
    if (items()[i].key == ring()) p.fillRect(box, theme_["hover"]);
    if (r.gap) {
      p.fillRect(QRectF(12, box.top(), width() - 24, 1), theme_["grid"]);
      const bool tested = std::isfinite(r.p) && std::isfinite(r.mean.low);
      const QString verdict = !tested ? tr("too few posts") : r.clear ? tr("clear difference") : tr("no clear difference");
      const QFont verdict_font = r.clear ? bold : plain;
      const qreal verdict_w = QFontMetricsF(verdict_font, this).horizontalAdvance(verdict);
      const QRectF first(12, box.top() + theme_.px(3), right - 12, theme_.px(17)),
          second(12, box.top() + theme_.px(20), right - 12, theme_.px(16));
      p.setFont(plain);
      p.setPen(theme_["text"]);
      p.drawText(first, Qt::AlignVCenter, m.elidedText(r.name, Qt::ElideRight, first.width() - verdict_w - 12));
      p.setFont(verdict_font);
      p.drawText(first, Qt::AlignRight | Qt::AlignVCenter, verdict);
      p.setFont(plain);
      p.setPen(theme_["text2"]);
      if (std::isfinite(r.mean.value))
        draw_tabular(p, second, Qt::AlignLeft,
                     tested ? tr("largest gap %1  (%2)").arg(text(with_sign(r.mean.value, decimals)), text(signed_interval(r.mean.low, r.mean.high, decimals)))
                            : tr("largest gap %1").arg(text(with_sign(r.mean.value, decimals))));
      if (tested) draw_tabular(p, second, Qt::AlignRight, p_text(r.p));
      continue;
    }
    p.setFont(plain);
    p.setPen(theme_["text"]);
    p.drawText(QRectF(12, box.top(), name_w - 6, box.height()), Qt::AlignVCenter,
               m.elidedText(r.name, Qt::ElideRight, name_w - 6));
    const qreal y = box.center().y();
    p.fillRect(QRectF(bar_x, y - 4, bar_w, 8), theme_["grid"]);
    if (std::isfinite(r.mean.value)) {
      p.fillRect(
          QRectF(QPointF(std::min(x(0), x(r.mean.value)), y - 4), QPointF(std::max(x(0), x(r.mean.value)), y + 4)),
          theme_["borderStrong"]);
      if (std::isfinite(r.mean.low)) {
        p.setPen(QPen(theme_["text"], 1.2));
        p.drawLine(QPointF(x(r.mean.low), y), QPointF(x(r.mean.high), y));
        for (const double end : {r.mean.low, r.mean.high}) p.drawLine(QPointF(x(end), y - 3), QPointF(x(end), y + 3));
      }
    }
    p.setPen(theme_["text"]);
    draw_tabular(p, QRectF(right - n_w - value_w, box.top(), value_w, box.height()), Qt::AlignRight,
                 text(fixed(r.mean.value, decimals)));
    p.setPen(theme_["text2"]);
    draw_tabular(p, QRectF(right - n_w, box.top(), n_w, box.height()), Qt::AlignRight, text(thousands(r.n)));
  }
  draw_focus(p);
}

}  // namespace telltale::ui
