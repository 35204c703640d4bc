#include "widgets/shell/notice_bar.hpp"

#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QPushButton>
#include <QToolButton>

#include "widgets/icons.hpp"

namespace telltale::ui {

NoticeBar::NoticeBar(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
  setObjectName(QStringLiteral("notice"));
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(12, 5, 8, 5);
  column->setSpacing(4);
  auto* row = new QHBoxLayout;
  row->setSpacing(8);
  row_ = row;
  text_ = new QLabel(this);
  text_->setTextFormat(Qt::PlainText);
  text_->setWordWrap(true);
  text_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  more_ = new QPushButton(tr("Details"), this);
  more_->setObjectName(QStringLiteral("small"));
  more_->setCheckable(true);
  more_->setToolTip(tr("What exactly was reported"));
  dismiss_ = new QToolButton(this);
  dismiss_->setIcon(icon(theme, "x", "text"));
  dismiss_->setAccessibleName(tr("Dismiss"));
  dismiss_->setToolTip(tr("Dismiss (Esc)"));
  row->addWidget(text_, 1);
  row->addWidget(more_);
  row->addWidget(dismiss_);
  column->addLayout(row);
  details_ = new QLabel(this);
  details_->setTextFormat(Qt::PlainText);
  details_->setWordWrap(true);
  details_->setFont(theme.mono("table"));
  details_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  details_->hide();
  column->addWidget(details_);
  connect(more_, &QPushButton::toggled, details_, &QWidget::setVisible);
  connect(dismiss_, &QToolButton::clicked, this, [this] {
    hide();
    Q_EMIT dismissed();
  });
  connect(&theme, &Theme::changed, this, &NoticeBar::dress);
  hide();
}

QString NoticeBar::message() const { return isHidden() ? QString() : text_->text(); }

void NoticeBar::dress() {
  const char* const inks[] = {"text", "warn", "error"};
  const int k = static_cast<int>(kind_);
  // By palettes: a style sheet of its own, when it changes, gives its labels the fonts back that they had when it came, which are those of the text size before.
  for (QLabel* l : {text_, details_}) {
    QPalette ink = l->palette();
    ink.setColor(QPalette::WindowText, theme_[inks[k]]);
    l->setPalette(ink);
  }
  update();
}

/// The sheet of the application, which comes over a widget when it is shown first, takes a palette away that was set before.
void NoticeBar::showEvent(QShowEvent* e) {
  QWidget::showEvent(e);
  dress();
}

void NoticeBar::paintEvent(QPaintEvent*) {
  const char* const grounds[] = {"accentSoft", "warnSoft", "errorSoft"};
  QPainter(this).fillRect(rect(), theme_[grounds[static_cast<int>(kind_)]]);
}

void NoticeBar::show_notice(Kind kind, const QString& message, const QString& details, std::vector<Button> buttons) {
  kind_ = kind;
  text_->setText(message);
  setAccessibleName(message);
  details_->setText(details);
  more_->setChecked(false);
  more_->setVisible(!details.isEmpty());
  details_->hide();
  for (QPushButton* b : buttons_) b->deleteLater();
  buttons_.clear();
  for (auto& [name, what] : buttons) {
    auto* b = new QPushButton(name, this);
    b->setObjectName(QStringLiteral("small"));
    row_->insertWidget(row_->indexOf(more_), b);
    connect(b, &QPushButton::clicked, this, [this, what = what] {
      const auto keep = what;  // hiding may lead to a new notice, and that to the end of this button
      hide();
      keep();
    });
    buttons_.push_back(b);
  }
  dress();
  show();
}

}  // namespace telltale::ui
