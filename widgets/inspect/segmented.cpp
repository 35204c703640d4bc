#include "widgets/inspect/segmented.hpp"

#include <algorithm>
#include <cmath>

namespace telltale::ui {

SegmentButton::SegmentButton(Theme& theme, const QString& text, const QString& tip, QWidget* parent) : QAbstractButton(parent), theme_(theme) {
  setText(text);
  setToolTip(tip);
  setCheckable(true);
  setAttribute(Qt::WA_Hover);
  setFont(theme.font("caption", Theme::Weight::medium));
  setFocusPolicy(Qt::StrongFocus);
  setSizePolicy(QSizePolicy::Maximum, QSizePolicy::Fixed);
}

QSize SegmentButton::sizeHint() const {
  const QFontMetricsF m(font());
  return {static_cast<int>(std::ceil(m.horizontalAdvance(text()))) + 16, std::max(22, static_cast<int>(std::ceil(m.height())) + 6)};
}

/// Where a larger text has no room: a few letters and an ellipsis; the name and the tip say it whole.
QSize SegmentButton::minimumSizeHint() const {
  const QFontMetricsF m(font());
  return {std::min(sizeHint().width(), static_cast<int>(std::ceil(m.averageCharWidth() * 4)) + 12), sizeHint().height()};
}

void SegmentButton::paintEvent(QPaintEvent*) {
  QPainter p(this);
  p.fillRect(rect().adjusted(1, 1, -1, -1), theme_[isChecked() ? "accentSoft" : underMouse() && isEnabled() ? "hover" : "panel"]);
  p.setFont(font());
  p.setPen(theme_[!isEnabled() ? "textDisabled" : isChecked() ? "text" : "text2"]);
  p.drawText(rect(), Qt::AlignCenter, width() >= sizeHint().width() - 8 ? text() : QFontMetrics(font()).elidedText(text(), Qt::ElideRight, width() - 8));
  if (isChecked()) p.fillRect(QRect(1, height() - 3, width() - 2, 2), theme_["accent"]);
  if (hasFocus()) {
    p.setPen(QPen(theme_["focus"], 2));
    p.drawRect(QRectF(rect()).adjusted(1, 1, -1, -1));
  }
}

Segmented::Segmented(Theme& theme, const QString& name, const std::vector<Choice>& choices, QWidget* parent) : QWidget(parent), theme_(theme), group_(new QButtonGroup(this)) {
  setAccessibleName(name);
  setSizePolicy(QSizePolicy::Maximum, QSizePolicy::Fixed);
  auto* row = new QHBoxLayout(this);
  row->setContentsMargins(1, 1, 1, 1);
  row->setSpacing(1);
  for (std::size_t i = 0; i < choices.size(); ++i) {
    auto* b = new SegmentButton(theme, choices[i].text, choices[i].tip, this);
    b->setAccessibleName(QStringLiteral("%1: %2").arg(name, choices[i].text));
    group_->addButton(b, static_cast<int>(i));
    row->addWidget(b);
  }
  set_current(0);
  connect(group_, &QButtonGroup::idClicked, this, &Segmented::chosen);
  connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
}

void Segmented::set_current(int i) {
  if (auto* b = group_->button(i)) b->setChecked(true);
}

void Segmented::paintEvent(QPaintEvent*) {
  QPainter p(this);
  p.setRenderHint(QPainter::Antialiasing);
  p.setPen(QPen(theme_["borderStrong"], 1));
  p.setBrush(theme_["border"]);
  p.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 3, 3);
}

}  // namespace telltale::ui
