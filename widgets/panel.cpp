#include "widgets/panel.hpp"

#include <QPainter>
#include <cmath>

namespace telltale::ui {

ElidedLabel::ElidedLabel(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
  setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
  connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
}

void ElidedLabel::set_text(const QString& text) {
  text_ = text;
  setAccessibleName(text);
  updateGeometry();
  update();
}

void ElidedLabel::set_style(const QFont& font, const char* colour) {
  setFont(font);
  colour_ = colour;
  updateGeometry();
}

QSize ElidedLabel::sizeHint() const {
  const QFontMetricsF m(font());
  return {static_cast<int>(std::ceil(m.horizontalAdvance(text_))) + 2, static_cast<int>(std::ceil(m.height())) + 2};
}

void ElidedLabel::paintEvent(QPaintEvent*) {
  QPainter p(this);
  p.setFont(font());
  p.setPen(theme_[colour_]);
  if (width() < 40 && sizeHint().width() > width()) return;  // an ellipsis alone says nothing
  QString shown = text_;  // parts between dots go as a whole, from the end
  const QFontMetricsF m(font());
  for (qsizetype end; m.horizontalAdvance(shown) > width() && (end = shown.lastIndexOf(QStringLiteral(" · "))) > 0;) shown.truncate(end);
  shown = fontMetrics().elidedText(shown, Qt::ElideRight, width());
  setToolTip(shown == text_ ? QString() : text_);
  p.drawText(rect(), Qt::AlignLeft | Qt::AlignVCenter, shown);
}

Panel::Panel(Theme& theme, const QString& title, QWidget* parent) : QFrame(parent) {
  setObjectName(QStringLiteral("panel"));
  auto* all = new QVBoxLayout(this);
  all->setContentsMargins(1, 1, 1, 1);
  all->setSpacing(0);
  auto* header = new QWidget(this);
  header->setObjectName(QStringLiteral("panelHeader"));
  header->setAttribute(Qt::WA_StyledBackground);
  header->setFixedHeight(theme.spacing("panelHeader"));
  head_ = new QHBoxLayout(header);
  head_->setContentsMargins(10, 0, 6, 0);
  head_->setSpacing(8);
  title_ = new ElidedLabel(theme, header);
  title_->set_style(theme.font("table", Theme::Weight::semibold), "text");
  caption_ = new ElidedLabel(theme, header);
  caption_->set_style(theme.font("caption"), "text3");
  caption_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);  // elides first
  head_->addWidget(title_);
  head_->addWidget(caption_, 1);
  body_ = new QVBoxLayout;
  body_->setContentsMargins(0, 0, 0, 0);
  body_->setSpacing(0);
  all->addWidget(header);
  all->addLayout(body_, 1);
  set_title(title);
}

void Panel::set_title(const QString& title) {
  title_->set_text(title);
  setAccessibleName(title);
}
void Panel::set_caption(const QString& caption) { caption_->set_text(caption); }
void Panel::add_tool(QWidget* tool) { head_->addWidget(tool); }

void Panel::add_hairline() {
  auto* line = new QFrame(this);
  line->setObjectName(QStringLiteral("hairline"));
  line->setFixedHeight(1);
  body_->addWidget(line);
}

EmptyNote::EmptyNote(Theme& theme, const QString& sentence, QWidget* parent) : QLabel(sentence, parent) {
  setObjectName(QStringLiteral("caption"));
  setTextFormat(Qt::PlainText);  // it may tell an error that names what came from a file
  setWordWrap(true);
  setAlignment(Qt::AlignCenter);
  setMargin(theme.spacing("panelPadding"));
  setFont(theme.font("table"));
}

}  // namespace telltale::ui
