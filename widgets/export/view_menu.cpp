#include "widgets/export/view_menu.hpp"

#include <QContextMenuEvent>
#include <QPainter>
#include <QStyleOptionToolButton>
#include <QStylePainter>

namespace telltale::ui {

ViewMenu::ViewMenu(Theme& theme, QWidget* view, const QString& name, CsvSource csv)
    : QToolButton(view), theme_(theme), view_(view), name_(name), csv_(std::move(csv)), menu_(new QMenu(this)) {
  setAccessibleName(tr("%1: copy and export").arg(name));
  setToolTip(tr("Copy, export and settings of “%1”").arg(name));
  setPopupMode(QToolButton::InstantPopup);
  setFixedSize(26, 22);
  connect(menu_->addAction(tr("Copy picture")), &QAction::triggered, this, [this] { copy_picture(*view_); });
  if (csv_) connect(menu_->addAction(tr("Copy as CSV")), &QAction::triggered, this, [this] { copy_text(csv_()); });
  connect(menu_->addAction(tr("Export…")), &QAction::triggered, this, &ViewMenu::export_view);
  setMenu(menu_);
  view_->installEventFilter(this);
  connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
}

QAction* ViewMenu::add_setting(const QString& text) {
  if (!first_own_) first_own_ = menu_->insertSeparator(menu_->actions().front());
  auto* action = new QAction(text, menu_);
  menu_->insertAction(first_own_, action);
  return action;
}

void ViewMenu::add_setting_menu(QMenu* menu) {
  if (!first_own_) first_own_ = menu_->insertSeparator(menu_->actions().front());
  menu_->insertMenu(first_own_, menu);
}

/// Parts of a view that have no menu of their own pass the event on to what holds them, until it is here.
bool ViewMenu::eventFilter(QObject* watched, QEvent* event) {
  if (watched != view_ || event->type() != QEvent::ContextMenu || !isEnabled() || isHidden()) return QToolButton::eventFilter(watched, event);
  menu_->popup(static_cast<QContextMenuEvent*>(event)->globalPos());
  return true;
}

void ViewMenu::export_view() {
  export_widget(view_, name_, csv_, [this](const QString& message) { Q_EMIT failed(message); }, [this](const QString& file) { Q_EMIT exported(file); });
}

void ViewMenu::paintEvent(QPaintEvent*) {
  if (exporting()) return;
  QStylePainter p(this);
  QStyleOptionToolButton option;
  initStyleOption(&option);
  option.features &= ~QStyleOptionToolButton::HasMenu;  // the dots say it
  p.drawComplexControl(QStyle::CC_ToolButton, option);
  p.setRenderHint(QPainter::Antialiasing);
  p.setPen(Qt::NoPen);
  p.setBrush(theme_[isEnabled() ? "text" : "textDisabled"]);
  const QPointF middle = QRectF(rect()).center();
  for (const int i : {-1, 0, 1}) p.drawEllipse(middle + QPointF(4.5 * i, 0), 1.25, 1.25);
}

}  // namespace telltale::ui
