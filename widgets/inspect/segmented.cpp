#include "widgets/inspect/segmented.hpp"

#include <cmath>

namespace telltale::ui {

SegmentButton::SegmentButton(Theme& theme, const QString& text, const QString& tip, QWidget* parent) : QAbstractButton(parent), theme_(theme) {
  setText(text);
  setToolTip(tip);
  setCheckable(true);
  setAttribute(Qt::WA_Hover);
  setFont(theme.font("caption", Theme::Weight::medium));
  setFocusPolicy(Qt::StrongFocus);
  setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
}

QSize SegmentButton::sizeHint() const { return {static_cast<int>(std::ceil(QFontMetricsF(font()).horizontalAdvance(text()))) + 16, 22}; }

void SegmentButton::paintEvent(QPaintEvent*) {
  QPainter p(this);
  p.fillRect(rect().adjusted(1, 1, -1, -1), theme_[isChecked() ? "accentSoft" : underMouse() && isEnabled() ? "hover" : "panel"]);
  p.setFont(font());
  p.setPen(theme_[!isEnabled() ? "textDisabled" : isChecked() ? "text" : "text2"]);
  p.drawText(rect(), Qt::AlignCenter, text());
  if (isChecked()) p.fillRect(QRect(1, height() - 3, width() - 2, 2), theme_["accent"]);
  if (hasFocus()) {
    p.setPen(QPen(theme_["focus"], 2));
    p.drawRect(QRectF(rect()).adjusted(1, 1, -1, -1));
  }
}

Segmented::Segmented(Theme& theme, const QString& name, const std::vector<Choice>& choices, QWidget* parent) : QWidget(parent), theme_(theme), group_(new QButtonGroup(this)) {
  setAccessibleName(name);
  setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
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
