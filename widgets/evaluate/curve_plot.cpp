#include "widgets/evaluate/curve_plot.hpp"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QPainterPath>
#include <algorithm>
#include <cmath>

#include "report/numbers.hpp"
#include "widgets/export/export.hpp"
#include "widgets/painted_view.hpp"

namespace telltale::ui {

CurvePlot::CurvePlot(Theme& theme, bool deletion, QWidget* parent)
    : QWidget(parent), theme_(theme), deletion_(deletion) {
  setMouseTracking(true);
  setFocusPolicy(Qt::StrongFocus);
  setAccessibleName(deletion ? tr("Deletion curves") : tr("Insertion curves"));
  setToolTip(deletion ? tr("p of the explained class as words are deleted one by one, highest score first; mean over "
                           "posts with its 95 % interval (Student) as band. ← → read values")
                      : tr("p of the explained class as words come one by one, highest score first; mean over posts "
                           "with its 95 % interval (Student) as band. ← → read values"));
  connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
}

void CurvePlot::set_curves(std::vector<MeanCurve> curves, const QString& empty) {
  curves_ = std::move(curves);
  std::erase_if(curves_, [](const MeanCurve& c) { return c.points.size() < 2; });
  empty_ = empty;
  QStringList spoken;
  for (const auto& c : curves_) spoken << c.name + QLatin1Char(' ') + c.value;
  setAccessibleDescription(curves_.empty() ? empty_ : spoken.join(QStringLiteral(", ")));
  update();
}

QString CurvePlot::csv() const {
  QString out = QStringLiteral("line,words_share,mean,low,high\n");
  const auto n = [](double v) { return std::isfinite(v) ? QString::number(v, 'g', 9) : QString(); };
  for (const auto& c : curves_)
    for (std::size_t i = 0; i < c.points.size(); ++i)
      out += QStringList{csv_cell(c.name),
                         QString::number(static_cast<double>(i) / static_cast<double>(c.points.size() - 1)),
                         n(c.points[i].value), n(c.points[i].low), n(c.points[i].high)}
                 .join(QLatin1Char(',')) +
             QLatin1Char('\n');
  return out;
}

QRectF CurvePlot::area() const { return QRectF(rect()).adjusted(38, 10, -14, -34); }

void CurvePlot::paintEvent(QPaintEvent*) {
  QPainter p(this);
  p.setRenderHint(QPainter::Antialiasing);
  p.fillRect(rect(), theme_["panel"]);
  if (curves_.empty()) {
    p.setFont(theme_.font("table"));
    p.setPen(theme_["text2"]);
    p.drawText(rect().adjusted(16, 8, -16, -8), Qt::AlignCenter | Qt::TextWordWrap, empty_);
  } else {
    const QRectF box = area();
    const auto x = [&](double share) { return box.left() + box.width() * share; };
    const auto y = [&](double v) { return box.bottom() - box.height() * std::clamp(v, 0.0, 1.0); };
    p.setFont(theme_.font("axis"));
    const int ticks = box.height() > 90 ? 4 : 2;
    for (int i = 0; i <= ticks; ++i) {
      const double v = static_cast<double>(i) / ticks;
      p.fillRect(QRectF(box.left(), std::round(y(v)), box.width(), 1), theme_[i ? "grid" : "border"]);
      p.setPen(theme_["text2"]);
      draw_tabular(p, QRectF(0, y(v) - 7, box.left() - 6, 14), Qt::AlignRight,
                   i == 0       ? QStringLiteral("0")
                   : i == ticks ? QStringLiteral("1")
                                : text(fixed(v, ticks == 4 ? 2 : 1)));
    }
    for (const int share : {0, 20, 40, 60, 80, 100}) {
      p.fillRect(QRectF(std::round(x(share / 100.0)), box.top(), 1, box.height()), theme_[share ? "grid" : "border"]);
      p.setPen(theme_["text2"]);
      draw_tabular(p, QRectF(x(share / 100.0) - 20, box.bottom() + 3, 40, 13), Qt::AlignHCenter,
                   QString::number(share));
    }
    p.drawText(
        QRectF(0, box.bottom() + 16, width(), 14), Qt::AlignHCenter | Qt::AlignVCenter,
        deletion_ ? tr("% of words deleted, highest score first") : tr("% of words inserted, highest score first"));
    const auto place = [&](const MeanCurve& c, std::size_t i) {
      return static_cast<double>(i) / static_cast<double>(c.points.size() - 1);
    };
    const auto ink = [&](const MeanCurve& c) {
      return c.series < 0 ? theme_["text3"] : theme_.series(static_cast<std::size_t>(c.series));
    };
    for (const auto& c : curves_) {
      QPolygonF band;
      for (std::size_t i = 0; i < c.points.size(); ++i)
        if (std::isfinite(c.points[i].high)) band << QPointF(x(place(c, i)), y(c.points[i].high));
      for (std::size_t i = c.points.size(); i-- > 0;)
        if (std::isfinite(c.points[i].low)) band << QPointF(x(place(c, i)), y(c.points[i].low));
      QColor soft = ink(c);
      soft.setAlphaF(0.2f);
      p.setPen(Qt::NoPen);
      p.setBrush(soft);
      p.drawPolygon(band);
    }
    for (const auto& c : curves_) {
      QPainterPath path;
      for (std::size_t i = 0; i < c.points.size(); ++i) {
        const QPointF at(x(place(c, i)), y(c.points[i].value));
        if (i)
          path.lineTo(at);
        else
          path.moveTo(at);
      }
      p.setBrush(Qt::NoBrush);
      p.setPen(QPen(ink(c), c.series < 0 ? 1.2 : 1.75,
                    c.series < 0 ? Qt::DotLine
                    : c.dashed   ? Qt::DashLine
                                 : Qt::SolidLine));
      p.drawPath(path);
    }
    if (cursor_ >= 0) {
      const double share = place(
          curves_[0], static_cast<std::size_t>(std::min<int>(cursor_, static_cast<int>(curves_[0].points.size()) - 1)));
      p.fillRect(QRectF(std::round(x(share)), box.top(), 1, box.height()), theme_["text"]);
      p.setFont(theme_.font("axis"));
      p.setPen(theme_["text"]);
    }
    // Names with areas, or with the values under the pointer, in the corner that hides least of the lines: most often
    // the top right of deletion, the bottom right of insertion.
    const QFont small = theme_.font("caption"), strong = theme_.font("caption", Theme::Weight::semibold);
    const QFontMetricsF sm(small, this), bm(strong, this);
    const int rows = static_cast<int>(curves_.size()) + (cursor_ >= 0 ? 1 : 0);
    qreal name_w = 0;
    for (const auto& c : curves_) name_w = std::max(name_w, sm.horizontalAdvance(c.name));
    name_w = std::min(name_w, box.width() * 0.6);
    const qreal value_w = bm.horizontalAdvance(QStringLiteral("0.000 ")) + 4, all_w = 26 + name_w + 8 + value_w;
    const auto hidden = [&](const QRectF& r) {
      int n = 0;
      for (const auto& c : curves_)
        for (std::size_t i = 1; i < c.points.size(); ++i)
          for (const double part : {0.0, 0.25, 0.5, 0.75})
            n += r.contains(QPointF(x(place(c, i - 1) + part * (place(c, i) - place(c, i - 1))),
                                    y(c.points[i - 1].value + part * (c.points[i].value - c.points[i - 1].value))));
      return n;
    };
    const auto corner = [&](bool right, bool above, int lines) {
      const QSizeF size(all_w + 8, 16.0 * lines + 4);
      return QRectF(QPointF(right ? box.right() + 2 - size.width() : box.left() + 4,
                            above ? box.top() + 2 : box.bottom() - 4 - size.height()),
                    size);
    };
    QRectF ground;
    int least = -1;
    for (const bool right : {true, false})
      for (const bool above : {deletion_, !deletion_})  // judged with the line of the pointer: it does not jump with it
        if (const int n = hidden(corner(right, above, static_cast<int>(curves_.size()) + 1)); least < 0 || n < least)
          ground = corner(right, above, rows), least = n;
    qreal top = ground.top() + 2;
    p.setPen(Qt::NoPen);
    QColor back = theme_["panel"];
    back.setAlphaF(0.88f);
    p.setBrush(back);
    p.drawRect(ground);
    const qreal left = ground.left() + 4;
    if (cursor_ >= 0) {
      p.setFont(small);
      p.setPen(theme_["text2"]);
      p.drawText(QRectF(left + 26, top, name_w + value_w + 8, 16), Qt::AlignRight | Qt::AlignVCenter,
                 tr("at %1 %").arg(100 * place(curves_[0], static_cast<std::size_t>(cursor_)), 0, 'f', 0));
      top += 16;
    }
    for (const auto& c : curves_) {
      p.setPen(QPen(ink(c), c.series < 0 ? 1.4 : 2,
                    c.series < 0 ? Qt::DotLine
                    : c.dashed   ? Qt::DashLine
                                 : Qt::SolidLine));
      p.drawLine(QPointF(left, top + 8), QPointF(left + 18, top + 8));
      p.setFont(small);
      p.setPen(theme_["text"]);
      p.drawText(QRectF(left + 26, top, name_w + 2, 16), Qt::AlignLeft | Qt::AlignVCenter,
                 sm.elidedText(c.name, Qt::ElideRight, name_w + 2));
      p.setFont(strong);
      const bool read = cursor_ >= 0 && cursor_ < static_cast<int>(c.points.size());
      draw_tabular(p, QRectF(left + 26 + name_w + 4, top, value_w, 16), Qt::AlignRight,
                   read ? text(fixed(c.points[static_cast<std::size_t>(cursor_)].value)) : c.value);
      top += 16;
    }
  }
  if (hasFocus()) {
    p.setBrush(Qt::NoBrush);
    p.setPen(QPen(theme_["focus"], 2));
    p.drawRect(QRectF(rect()).adjusted(1, 1, -1, -1));
  }
}

void CurvePlot::move_cursor(int point) {
  const int last = curves_.empty() ? -1 : static_cast<int>(curves_[0].points.size()) - 1;
  cursor_ = point < 0 ? -1 : std::clamp(point, 0, last);
  update();
}

void CurvePlot::mouseMoveEvent(QMouseEvent* e) {
  if (curves_.empty()) return;
  const QRectF box = area();
  const double share = (e->position().x() - box.left()) / box.width();
  move_cursor(share < -0.02 || share > 1.02
                  ? -1
                  : static_cast<int>(
                        std::lround(std::clamp(share, 0.0, 1.0) * static_cast<double>(curves_[0].points.size() - 1))));
}

void CurvePlot::leaveEvent(QEvent*) { move_cursor(-1); }

bool CurvePlot::escape() {
  if (cursor_ < 0) return false;
  move_cursor(-1);
  return true;
}

void CurvePlot::keyPressEvent(QKeyEvent* e) {
  if (curves_.empty()) return QWidget::keyPressEvent(e);
  switch (e->key()) {
    case Qt::Key_Right:
      move_cursor(cursor_ + 1);
      break;
    case Qt::Key_Left:
      move_cursor(std::max(0, cursor_ - 1));
      break;
    case Qt::Key_Home:
      move_cursor(0);
      break;
    case Qt::Key_End:
      move_cursor(static_cast<int>(curves_[0].points.size()) - 1);
      break;
    case Qt::Key_Escape:
      if (escape()) break;
      [[fallthrough]];
    default:
      QWidget::keyPressEvent(e);
  }
}

}  // namespace telltale::ui
