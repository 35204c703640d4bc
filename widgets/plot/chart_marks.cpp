// Charts: what is drawn over the curves and around them.
#include <QApplication>
#include <algorithm>
#include <cmath>

#include "widgets/painted_view.hpp"
#include "widgets/plot/chart_impl.hpp"

namespace telltale::ui {

using namespace charts;

/// Arrows of what is clipped, crosses of what was no number, where a run was resumed, names of areas, the note.
class ChartGrid::Impl::Marks : public QCPAbstractItem {
 public:
  Marks(Impl& impl, Chart& chart) : QCPAbstractItem(impl.plot), impl_(impl), chart_(chart) {
    setClipToAxisRect(false);
    setSelectable(false);
  }
  double selectTest(const QPointF&, bool, QVariant*) const override { return -1; }

 protected:
  void draw(QCPPainter* p) override {
    const Theme& t = impl_.theme;
    const QRectF box = chart_.rect->rect(), outer = chart_.rect->outerRect();
    const ChartData& d = chart_.data;
    p->setAntialiasing(false);
    p->setPen(QPen(t["border"], 0));
    if (outer.right() < impl_.plot->width() - 4 && impl_.columns > 1) p->drawLine(QLineF(outer.right() + 0.5, outer.top(), outer.right() + 0.5, outer.bottom()));
    if (outer.bottom() < impl_.plot->height() - 4 && impl_.titles && impl_.rows > 1) p->drawLine(QLineF(outer.left(), outer.bottom() + 0.5, outer.right(), outer.bottom() + 0.5));
    p->setAntialiasing(true);
    p->setFont(t.font("axis"));
    const QFontMetricsF m(p->font());
    if (!d.empty.isEmpty()) {
      p->setFont(t.font("caption"));
      p->setPen(t["text3"]);
      p->drawText(box.adjusted(4, 0, -4, 0), Qt::AlignCenter | Qt::TextWordWrap, d.empty);
    }
    if (!d.note.isEmpty()) {
      p->setPen(t["text2"]);
      const QRectF at = note_box(box, {m.horizontalAdvance(d.note) + 2, m.height()});
      QColor ground = t["panel"];
      ground.setAlphaF(0.75f);
      p->fillRect(at.adjusted(-2, 0, 2, 0), ground);
      p->drawText(at, Qt::AlignCenter, d.note);
    }
    p->setPen(Qt::NoPen);
    for (const LonePoint& one : chart_.alone) {
      const double x = chart_.rect->axis(QCPAxis::atBottom)->coordToPixel(one.x);
      if (x < box.left() - 1 || x > box.right() + 1) continue;
      p->setBrush(one.colour);
      p->drawEllipse(QPointF(x, chart_.rect->axis(QCPAxis::atLeft)->coordToPixel(one.y)), one.radius, one.radius);
    }
    double last_label[2] = {-1e9, -1e9};  // at the top, at the bottom
    for (const ChartMark& mark : d.marks) {
      const double x = chart_.rect->axis(QCPAxis::atBottom)->coordToPixel(mark.x);
      if (x < box.left() - 1 || x > box.right() + 1) continue;
      switch (mark.kind) {
        case ChartMark::Kind::above:
        case ChartMark::Kind::below: {
          const bool up = mark.kind == ChartMark::Kind::above;
          const double y = up ? box.top() + 1 : box.bottom() - 1, s = up ? 1 : -1;
          p->setPen(Qt::NoPen);
          p->setBrush(mark.colour);
          p->drawPolygon(QPolygonF({{x, y}, {x - 3.5, y + 6 * s}, {x + 3.5, y + 6 * s}}));
          const QString n = QString::number(mark.count);
          const double w = m.horizontalAdvance(n);
          const double at = x + 6 + w > box.right() + 10 ? x - 6 - w : x + 6;
          if (at < last_label[up ? 0 : 1] + 3) break;
          last_label[up ? 0 : 1] = at + w;
          p->setPen(t["text"]);
          p->drawText(QPointF(at, up ? y + 8 : y - 1), n);
          break;
        }
        case ChartMark::Kind::fault: {
          const double y = box.bottom() - 7;
          p->setPen(QPen(t["error"], 1.6));
          p->drawLine(QLineF(x - 3, y - 3, x + 3, y + 3));
          p->drawLine(QLineF(x - 3, y + 3, x + 3, y - 3));
          const QString n = mark.count > 1 ? QObject::tr("NaN, %1").arg(mark.count) : QObject::tr("NaN");
          const double w = m.horizontalAdvance(n), at = x + 7 + w > box.right() + 10 ? x - 7 - w : x + 7;
          if (at < last_label[1] + 3) break;
          last_label[1] = at + w;
          p->drawText(QPointF(at, y + 4), n);
          break;
        }
        case ChartMark::Kind::resumed:
          p->setPen(QPen(t["text2"], 1, Qt::DotLine));
          p->drawLine(QLineF(x, box.top(), x, box.bottom()));
          p->setPen(t["text2"]);
          if (x + 4 + m.horizontalAdvance(QObject::tr("resumed")) < box.right()) p->drawText(QPointF(x + 4, box.top() + 9), QObject::tr("resumed"));
          break;
      }
    }
    draw_area_names(p, box, m);
  }

 private:
  /// The first corner that no line goes through, else the top right.
  QRectF note_box(const QRectF& box, const QSizeF& size) const {
    const double left = box.left() + 3, right = box.right() - size.width() - 1, top = box.top() + 1, bottom = box.bottom() - size.height() - 1;
    for (const QPointF corner : {QPointF(right, top), QPointF(left, top), QPointF(right, bottom), QPointF(left, bottom)})
      if (const QRectF at(corner, size); right > left && !crossed(at)) return at;
    return {QPointF(right, top), size};
  }
  bool crossed(const QRectF& at) const {
    QCPAxis *x = chart_.rect->axis(QCPAxis::atBottom), *y = chart_.rect->axis(QCPAxis::atLeft);
    for (const ChartLine& l : chart_.data.lines)
      for (std::size_t k = 1; k < l.x.size() && k < l.y.size(); ++k) {
        const double xa = x->coordToPixel(l.x[k - 1]), xb = x->coordToPixel(l.x[k]);
        if (!(xb >= at.left() && xa <= at.right())) continue;
        const double ya = y->coordToPixel(l.y[k - 1]), yb = y->coordToPixel(l.y[k]);
        const auto on = [&](double px) { return xb > xa ? ya + (yb - ya) * (px - xa) / (xb - xa) : yb; };
        const double ya_in = on(std::max(xa, at.left())), yb_in = on(std::min(xb, at.right()));
        if (std::max(ya_in, yb_in) >= at.top() - 1 && std::min(ya_in, yb_in) <= at.bottom() + 1) return true;
      }
    return false;
  }
  /// At the right of the last value, moved apart where they would touch.
  void draw_area_names(QCPPainter* p, const QRectF& box, const QFontMetricsF& m) {
    struct Name {
      double at, y;
      const ChartArea* area;
    };
    std::vector<Name> names;
    double end = box.left();
    for (const ChartArea& a : chart_.data.areas) {
      for (std::size_t i = a.x.size(); i-- > 0;) {
        if (std::isnan(a.low[i]) || std::isnan(a.high[i])) continue;
        const double y = chart_.rect->axis(QCPAxis::atLeft)->coordToPixel((a.low[i] + a.high[i]) / 2);
        end = std::max(end, std::min(box.right(), chart_.rect->axis(QCPAxis::atBottom)->coordToPixel(a.x[i])));
        names.push_back({y, y, &a});
        break;
      }
    }
    if (names.empty()) return;
    std::sort(names.begin(), names.end(), [](const Name& a, const Name& b) { return a.at < b.at; });
    const double line = m.height() + 1;
    for (std::size_t i = 1; i < names.size(); ++i) names[i].y = std::max(names[i].y, names[i - 1].y + line);
    double floor = box.bottom() - line / 2 + 4;
    for (std::size_t i = names.size(); i-- > 0; floor = names[i].y - line) names[i].y = std::min(names[i].y, floor);
    for (const Name& n : names) {
      p->setPen(Qt::NoPen);
      p->fillRect(QRectF(end + 3, n.y - 1.5, 6, 3), n.area->colour);
      p->setPen(impl_.theme["text"]);
      p->drawText(QPointF(end + 13, n.y + m.ascent() / 2 - 1), n.area->label);
    }
  }
  Impl& impl_;
  Chart& chart_;
};

/// What changes with the pointer: title with values, cursor, dots, the stretch that is being dragged.
class ChartGrid::Impl::Face : public QCPAbstractItem {
 public:
  Face(Impl& impl, Chart& chart) : QCPAbstractItem(impl.plot), impl_(impl), chart_(chart) {
    setClipToAxisRect(false);
    setSelectable(false);
    setLayer(QStringLiteral("face"));
  }
  double selectTest(const QPointF&, bool, QVariant*) const override { return -1; }

 protected:
  void draw(QCPPainter* p) override {
    const Theme& t = impl_.theme;
    const QRectF box = chart_.rect->rect(), outer = chart_.rect->outerRect();
    if (impl_.titles) draw_title(p, QRectF(outer.left() + 10, outer.top(), outer.width() - 20, title_height));
    if (impl_.drag_from && impl_.drag_to) {
      const Chart& from = *impl_.charts[static_cast<std::size_t>(impl_.drag_chart)];
      const double a = chart_.rect->left() + (*impl_.drag_from - from.rect->left()), b = chart_.rect->left() + (*impl_.drag_to - from.rect->left());
      QColor c = t["accent"];
      c.setAlphaF(0.15f);
      const double l = std::clamp(std::min(a, b), box.left(), box.right()), r = std::clamp(std::max(a, b), box.left(), box.right());
      p->fillRect(QRectF(l, box.top(), r - l, box.height()), c);
    }
    if (!impl_.cursor) return;
    const double x = chart_.rect->axis(QCPAxis::atBottom)->coordToPixel(*impl_.cursor);
    if (x < box.left() - 1 || x > box.right() + 1) return;
    p->setAntialiasing(false);
    p->setPen(QPen(t["text2"], 1));
    p->drawLine(QLineF(std::round(x), box.top(), std::round(x), box.bottom()));
    p->setAntialiasing(true);
    for (const ChartDot& dot : chart_.dots) {
      const double y = chart_.rect->axis(QCPAxis::atLeft)->coordToPixel(dot.y);
      if (!(y >= box.top() - 1 && y <= box.bottom() + 1)) continue;
      p->setPen(QPen(t["panel"], 1));
      p->setBrush(dot.colour);
      p->drawEllipse(QPointF(x, y), 3.2, 3.2);
    }
  }

 private:
  void draw_title(QCPPainter* p, QRectF box) {
    const Theme& t = impl_.theme;
    p->setFont(t.font("table"));
    const QFontMetricsF values(p->font());
    double right = box.right();
    for (std::size_t i = chart_.title.values.size(); i-- > 0;) {
      const auto& [value, colour] = chart_.title.values[i];
      const double w = tabular_width(values, value);
      if (right - w < box.left() + 60) break;  // the name comes first
      p->setPen(colour);
      draw_tabular(*p, QRectF(right - w, box.top() + 2, w + 1, box.height()), Qt::AlignLeft, value);
      right -= w + 6;
    }
    p->setFont(t.font("table", Theme::Weight::semibold));
    p->setPen(t["text"]);
    const QFontMetricsF m(p->font());
    const QString name = m.elidedText(chart_.title.name, Qt::ElideRight, right - box.left());
    p->drawText(box.adjusted(0, 4, 0, 0), Qt::AlignLeft | Qt::AlignVCenter, name);
    const double used = m.horizontalAdvance(name) + 7;
    p->setFont(t.font("caption"));
    const QFontMetricsF small(p->font());
    const double room = right - box.left() - used - 4;
    if (room < 30) return;
    p->setPen(t["text3"]);
    p->drawText(QRectF(box.left() + used, box.top() + 4, room, box.height() - 4), Qt::AlignLeft | Qt::AlignVCenter, small.elidedText(chart_.title.caption, Qt::ElideRight, room));
  }
  Impl& impl_;
  Chart& chart_;
};

void ChartGrid::Impl::decorate(Chart& c) {
  new Marks(*this, c);
  new Face(*this, c);
}

}  // namespace telltale::ui
