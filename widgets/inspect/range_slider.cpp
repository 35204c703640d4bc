#include "widgets/inspect/range_slider.hpp"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <algorithm>
#include <cmath>

namespace telltale::ui {

RangeSlider::RangeSlider(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
  setFocusPolicy(Qt::StrongFocus);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
}

void RangeSlider::set_range(double least, double most) {
  low_ = std::clamp(least, 0.0, 1.0);
  high_ = std::clamp(most, low_, 1.0);
  setAccessibleDescription(tr("%1 to %2").arg(low_, 0, 'f', 2).arg(high_, 0, 'f', 2));
  update();
}

qreal RangeSlider::at(double value) const { return 7 + (width() - 14) * value; }

void RangeSlider::move(double value) {
  value = std::round(std::clamp(value, 0.0, 1.0) * 100) / 100;
  const double low = low_, high = high_;
  if (upper_) set_range(low_, std::max(low_, value));
  else set_range(std::min(value, high_), high_);
  if (low != low_ || high != high_) Q_EMIT changed();
}

void RangeSlider::paintEvent(QPaintEvent*) {
  QPainter p(this);
  p.setRenderHint(QPainter::Antialiasing);
  const qreal y = height() / 2.0;
  p.setPen(Qt::NoPen);
  p.setBrush(theme_["border"]);
  p.drawRoundedRect(QRectF(7, y - 2, width() - 14, 4), 2, 2);
  p.setBrush(theme_["accent"]);
  p.drawRoundedRect(QRectF(at(low_), y - 2, at(high_) - at(low_), 4), 2, 2);
  for (const bool upper : {false, true}) {
    p.setPen(QPen(theme_["accent"], hasFocus() && upper == upper_ ? 3 : 2));
    p.setBrush(theme_["panel"]);
    p.drawEllipse(QPointF(at(upper ? high_ : low_), y), 5.5, 5.5);
  }
}

void RangeSlider::mousePressEvent(QMouseEvent* e) {
  const double value = (e->position().x() - 7) / std::max(1, width() - 14);
  const double to_low = std::abs(value - low_), to_high = std::abs(value - high_);
  upper_ = to_high < to_low || (to_high == to_low && value > high_);
  move(value);
}

void RangeSlider::mouseMoveEvent(QMouseEvent* e) {
  if (e->buttons() & Qt::LeftButton) move((e->position().x() - 7) / std::max(1, width() - 14));
}

void RangeSlider::mouseDoubleClickEvent(QMouseEvent*) {
  set_range(0, 1);
  Q_EMIT changed();
}

void RangeSlider::keyPressEvent(QKeyEvent* e) {
  const double now = upper_ ? high_ : low_;
  switch (e->key()) {
    case Qt::Key_Right: case Qt::Key_Up: move(now + 0.01); break;
    case Qt::Key_Left: case Qt::Key_Down: move(now - 0.01); break;
    case Qt::Key_Home: upper_ = false, move(0); break;
    case Qt::Key_End: upper_ = true, move(1); break;
    case Qt::Key_Space: upper_ = !upper_, update(); break;
    default: QWidget::keyPressEvent(e);
  }
}

}  // namespace telltale::ui
