#include "widgets/unit_edit.hpp"

#include <QPainter>
#include <cmath>

namespace telltale::ui {

UnitEdit::UnitEdit(Theme& theme, QWidget* parent) : QLineEdit(parent), theme_(theme) {
  connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
}

void UnitEdit::set_unit(const QString& unit) {
  unit_ = unit;
  const QFontMetricsF m(theme_.font("caption"));
  setTextMargins(0, 0, unit.isEmpty() ? 0 : static_cast<int>(std::ceil(m.horizontalAdvance(unit))) + 6, 0);
  update();
}

void UnitEdit::set_wrong(bool wrong) {
  if (wrong == wrong_) return;
  wrong_ = wrong;
  update();
}

void UnitEdit::paintEvent(QPaintEvent* e) {
  QLineEdit::paintEvent(e);
  QPainter p(this);
  if (!unit_.isEmpty()) {
    p.setFont(theme_.font("caption"));
    p.setPen(theme_[isEnabled() ? "text3" : "textDisabled"]);
    p.drawText(rect().adjusted(0, 0, -9, 0), Qt::AlignRight | Qt::AlignVCenter, unit_);
  }
  if (!wrong_) return;
  p.setRenderHint(QPainter::Antialiasing);
  p.setPen(QPen(theme_["error"], hasFocus() ? 2 : 1));
  p.setBrush(Qt::NoBrush);
  const qreal inset = hasFocus() ? 1 : 0.5;
  p.drawRoundedRect(QRectF(rect()).adjusted(inset, inset, -inset, -inset), 3, 3);
}

}  // namespace telltale::ui
