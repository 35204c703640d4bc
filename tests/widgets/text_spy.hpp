// Every text that a widget draws, with where, in which colour, and where it is cut off: rendered into a device that keeps the calls and
// paints nothing. Charts draw their text into pictures of their own and are looked at as pixels.
#pragma once
#include <QImage>
#include <QPaintDevice>
#include <QPaintEngine>
#include <QPainter>
#include <QWidget>
#include <cmath>
#include <map>
#include <vector>

namespace telltale::test {

struct DrawnText {
  QString text;
  QRectF box;    ///< in the widget's coordinates: the advance by ascent and descent
  QRectF seen;   ///< the part of the widget that may be drawn on
  QColor ink;
  qreal opacity = 1;
};

class TextSpy : public QPaintDevice {
 public:
  explicit TextSpy(QSize size) : size_(size), engine_(texts_) {}
  QPaintEngine* paintEngine() const override { return const_cast<Engine*>(&engine_); }
  const std::vector<DrawnText>& texts() const { return texts_; }

 protected:
  int metric(PaintDeviceMetric m) const override {
    switch (m) {
      case PdmWidth: return size_.width();
      case PdmHeight: return size_.height();
      case PdmWidthMM: return size_.width() * 254 / 960;
      case PdmHeightMM: return size_.height() * 254 / 960;
      case PdmDepth: return 32;
      case PdmNumColors: return 1 << 24;
      case PdmDpiX: case PdmDpiY: case PdmPhysicalDpiX: case PdmPhysicalDpiY: return 96;
      case PdmDevicePixelRatioScaled: return static_cast<int>(devicePixelRatioFScale());
      default: return 1;
    }
  }

 private:
  class Engine : public QPaintEngine {
   public:
    explicit Engine(std::vector<DrawnText>& texts) : QPaintEngine(AllFeatures), texts_(texts) {}
    bool begin(QPaintDevice*) override { return true; }
    bool end() override { return true; }
    void updateState(const QPaintEngineState&) override {}
    void drawPixmap(const QRectF&, const QPixmap&, const QRectF&) override {}
    void drawPath(const QPainterPath&) override {}
    void drawPolygon(const QPointF*, int, PolygonDrawMode) override {}
    void drawImage(const QRectF&, const QImage&, const QRectF&, Qt::ImageConversionFlags) override {}
    void drawTextItem(const QPointF& at, const QTextItem& item) override {
      const QPainter& p = *painter();
      DrawnText t;
      t.text = item.text();
      t.box = p.combinedTransform().mapRect(QRectF(at.x(), at.y() - item.ascent(), item.width(), item.ascent() + item.descent()));
      t.seen = QRectF(0, 0, paintDevice()->width(), paintDevice()->height());
      if (!systemClip().isEmpty()) t.seen &= QRectF(systemClip().boundingRect());
      if (p.hasClipping()) t.seen &= p.combinedTransform().mapRect(p.clipBoundingRect());
      t.ink = p.pen().color();
      t.opacity = p.opacity();
      texts_.push_back(std::move(t));
    }
    Type type() const override { return User; }

   private:
    std::vector<DrawnText>& texts_;
  };
  QSize size_;
  std::vector<DrawnText> texts_;
  Engine engine_;
};

inline std::vector<DrawnText> texts_of(QWidget& w) {
  TextSpy spy(w.size());
  w.render(&spy);
  return spy.texts();
}

/// WCAG 2: 1 … 21.
inline double contrast_of(QColor a, QColor b) {
  const auto light = [](QColor c) {
    const auto linear = [](double v) { return v <= 0.03928 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4); };
    return 0.2126 * linear(c.redF()) + 0.7152 * linear(c.greenF()) + 0.0722 * linear(c.blueF());
  };
  const double x = light(a) + 0.05, y = light(b) + 0.05;
  return std::max(x, y) / std::min(x, y);
}

/// What most of the box is filled with; `picture` in pixels, `ratio` of them to a unit of the box.
inline QColor ground_in(const QImage& picture, const QRectF& box, double ratio = 1) {
  std::map<QRgb, int> count;
  const QRect pixels = QRectF(box.topLeft() * ratio, box.size() * ratio).toAlignedRect() & picture.rect();
  for (int y = pixels.top(); y <= pixels.bottom(); ++y)
    for (int x = pixels.left(); x <= pixels.right(); ++x) ++count[picture.pixel(x, y)];
  QRgb best = 0;
  int most = -1;
  for (const auto& [colour, n] : count)
    if (n > most) most = n, best = colour;
  return QColor(best);
}

}  // namespace telltale::test
