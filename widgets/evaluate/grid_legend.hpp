// What the marks of the grid mean, in one line that drops its last entries where there is no room.
#pragma once
#include <QPainter>
#include <QWidget>
#include <vector>

#include "widgets/theme.hpp"

namespace telltale::ui {

class GridLegend : public QWidget {
  Q_OBJECT
 public:
  explicit GridLegend(Theme& theme, QWidget* parent = nullptr) : QWidget(parent), theme_(theme) {
    setFixedHeight(26);
    setAccessibleName(tr("Legend"));
    connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
  }
  /// Names of the runs with the numbers of their colours; `hatched`: figures of other posts or settings are shown.
  void set_runs(std::vector<std::pair<QString, int>> runs, bool hatched) {
    runs_ = std::move(runs);
    hatched_ = hatched;
    update();
  }

 protected:
  void paintEvent(QPaintEvent*) override {
    QPainter p(this);
    p.setRenderHint(QPainter::Antialiasing);
    p.fillRect(rect(), theme_["panel"]);
    p.setFont(theme_.font("caption"));
    const QFontMetricsF m(p.font(), this);
    qreal x = 10;
    const qreal y = height() / 2.0;
    const auto entry = [&](qreal sign, const QString& name, auto&& draw) {
      const qreal width = sign + 5 + m.horizontalAdvance(name);
      if (x + width > this->width() - 8) return;
      draw(x);
      p.setPen(theme_["text"]);
      p.drawText(QRectF(x + sign + 5, 0, width, height()), Qt::AlignVCenter | Qt::AlignLeft, name);
      x += width + 16;
    };
    for (const auto& [name, series] : runs_)
      entry(10, m.elidedText(name, Qt::ElideRight, 160),
            [&](qreal at) { p.fillRect(QRectF(at, y - 5, 10, 10), theme_.series(static_cast<std::size_t>(series))); });
    entry(18, tr("95 % interval"), [&](qreal at) {
      p.setPen(QPen(theme_["text"], 1.2));
      p.drawLine(QPointF(at, y), QPointF(at + 18, y));
      for (const qreal end : {at, at + 18}) p.drawLine(QPointF(end, y - 3), QPointF(end, y + 3));
    });
    entry(8, tr("clearly best of the column"), [&](qreal at) {
      p.setPen(QPen(theme_["text"], 1.2));
      p.setBrush(theme_["text"]);
      p.drawEllipse(QPointF(at + 4, y), 2.6, 2.6);
      p.setBrush(Qt::NoBrush);
    });
    entry(8, tr("no clear difference to the best"), [&](qreal at) {
      p.setPen(QPen(theme_["text"], 1.2));
      p.drawEllipse(QPointF(at + 4, y), 2.6, 2.6);
    });
    if (hatched_)
      entry(14, tr("other posts or another protocol"), [&](qreal at) {
        p.fillRect(QRectF(at, y - 5, 14, 10), QBrush(theme_["border"], Qt::BDiagPattern));
        p.setPen(QPen(theme_["border"], 1));
        p.drawRect(QRectF(at, y - 5, 14, 10));
      });
  }

 private:
  Theme& theme_;
  std::vector<std::pair<QString, int>> runs_;
  bool hatched_ = false;
};

}  // namespace telltale::ui
