#include "widgets/icons.hpp"

#include <QFile>
#include <QHash>
#include <QIconEngine>
#include <QSvgRenderer>

namespace telltale::ui {
namespace {

class Engine final : public QIconEngine {
 public:
  Engine(const Theme& theme, const char* name, const char* colour) : theme_(theme), name_(name), colour_(colour) {}

  void paint(QPainter* painter, const QRect& rect, QIcon::Mode mode, QIcon::State) override {
    draw_icon(*painter, rect, name_.constData(), theme_[mode == QIcon::Disabled ? "textDisabled" : colour_.constData()]);
  }
  QPixmap pixmap(const QSize& size, QIcon::Mode mode, QIcon::State state) override { return scaledPixmap(size, mode, state, 1); }
  QPixmap scaledPixmap(const QSize& size, QIcon::Mode mode, QIcon::State state, qreal scale) override {
    QPixmap out(size);  // in device pixels already
    out.fill(Qt::transparent);
    QPainter p(&out);
    paint(&p, {{}, size}, mode, state);
    p.end();
    out.setDevicePixelRatio(scale);
    return out;
  }
  QIconEngine* clone() const override { return new Engine(*this); }

 private:
  const Theme& theme_;
  QByteArray name_, colour_;
};

const QByteArray& drawing(const char* name) {
  static QHash<QByteArray, QByteArray> all;
  const auto it = all.constFind(name);
  if (it != all.constEnd()) return *it;
  QFile file(QStringLiteral(":/icons/%1.svg").arg(QLatin1String(name)));
  return *all.insert(name, file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray());
}

}  // namespace

QIcon icon(const Theme& theme, const char* name, const char* colour) { return QIcon(new Engine(theme, name, colour)); }

void draw_icon(QPainter& painter, const QRectF& box, const char* name, const QColor& colour) {
  QByteArray svg = drawing(name);
  svg.replace("currentColor", colour.name().toLatin1());
  QSvgRenderer renderer(svg);
  if (!renderer.isValid()) return;
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing);
  renderer.render(&painter, box);
  painter.restore();
}

}  // namespace telltale::ui
