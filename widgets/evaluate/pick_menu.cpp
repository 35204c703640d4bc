#include "widgets/evaluate/pick_menu.hpp"

#include <QFrame>
#include <QHBoxLayout>
#include <QScreen>
#include <QSignalBlocker>
#include <QVBoxLayout>
#include <algorithm>

#include "widgets/icons.hpp"

namespace telltale::ui {

PickMenu::PickMenu(Theme& theme, const QString& what, QWidget* parent)
    : QPushButton(parent), theme_(theme), what_(what) {
  setObjectName(QStringLiteral("pick"));
  popup_ = new QFrame(this, Qt::Popup);
  popup_->setObjectName(QStringLiteral("panel"));
  auto* column = new QVBoxLayout(popup_);
  column->setContentsMargins(4, 4, 4, 4);
  column->setSpacing(4);
  list_ = new QListWidget(popup_);
  list_->setAccessibleName(what);
  list_->setFont(theme.font("table"));
  list_->setUniformItemSizes(true);
  column->addWidget(list_);
  auto* row = new QHBoxLayout;
  const auto button = [&](const QString& name, bool on) {
    auto* b = new QPushButton(name, popup_);
    b->setObjectName(QStringLiteral("small"));
    b->setAccessibleName(name);
    row->addWidget(b);
    connect(b, &QPushButton::clicked, this, [this, on] {
      {
        const QSignalBlocker quiet(list_);
        for (int i = 0; i < list_->count(); ++i)
          if (auto* item = list_->item(i); item->flags() & Qt::ItemIsUserCheckable)
            item->setCheckState(on ? Qt::Checked : Qt::Unchecked);
      }
      tell();
      Q_EMIT changed();
    });
  };
  button(tr("All"), true);
  button(tr("None"), false);
  row->addStretch(1);
  column->addLayout(row);
  connect(this, &QPushButton::clicked, this, &PickMenu::open);
  connect(list_, &QListWidget::itemChanged, this, [this] {
    tell();
    Q_EMIT changed();
  });
  connect(list_, &QListWidget::itemActivated, this, [](QListWidgetItem* item) {
    if (item->flags() & Qt::ItemIsUserCheckable)
      item->setCheckState(item->checkState() == Qt::Checked ? Qt::Unchecked : Qt::Checked);
  });
  tell();
}

void PickMenu::set_choices(const std::vector<Choice>& choices) {
  const auto before = picked();
  const QSignalBlocker quiet(list_);
  list_->clear();
  QString group;
  for (const auto& c : choices) {
    if (c.group != group) {
      group = c.group;
      auto* head = new QListWidgetItem(group, list_);
      head->setFlags(Qt::ItemIsEnabled);
      head->setFont(theme_.font("caption", Theme::Weight::semibold));
    }
    auto* item = new QListWidgetItem(c.name, list_);
    item->setFlags(Qt::ItemIsEnabled | Qt::ItemIsSelectable | Qt::ItemIsUserCheckable);
    item->setData(Qt::UserRole, QString::fromStdString(c.id));
    item->setToolTip(c.tip);
    item->setCheckState(std::find(before.begin(), before.end(), c.id) != before.end() ? Qt::Checked : Qt::Unchecked);
  }
  tell();
}

void PickMenu::set_picked(const std::vector<std::string>& ids) {
  const QSignalBlocker quiet(list_);
  for (int i = 0; i < list_->count(); ++i)
    if (auto* item = list_->item(i); item->flags() & Qt::ItemIsUserCheckable)
      item->setCheckState(std::find(ids.begin(), ids.end(), item->data(Qt::UserRole).toString().toStdString()) !=
                                  ids.end()
                              ? Qt::Checked
                              : Qt::Unchecked);
  tell();
}

std::vector<std::string> PickMenu::picked() const {
  std::vector<std::string> out;
  for (int i = 0; i < list_->count(); ++i)
    if (const auto* item = list_->item(i);
        (item->flags() & Qt::ItemIsUserCheckable) && item->checkState() == Qt::Checked)
      out.push_back(item->data(Qt::UserRole).toString().toStdString());
  return out;
}

void PickMenu::pick(const std::string& id, bool on) {
  for (int i = 0; i < list_->count(); ++i)
    if (auto* item = list_->item(i); item->data(Qt::UserRole).toString().toStdString() == id)
      item->setCheckState(on ? Qt::Checked : Qt::Unchecked);
}

void PickMenu::paintEvent(QPaintEvent* e) {
  QPushButton::paintEvent(e);
  QPainter p(this);
  draw_icon(p, QRectF(width() - 20, (height() - 12) / 2.0, 12, 12), "down", theme_[isEnabled() ? "text2" : "textDisabled"]);
}

void PickMenu::open() {
  int width = std::max(220, this->width());
  for (int i = 0; i < list_->count(); ++i)
    width = std::max(width, QFontMetrics(list_->font()).horizontalAdvance(list_->item(i)->text()) + 64);
  const int height = std::min(460, list_->count() * std::max(20, list_->sizeHintForRow(0)) + 50);
  popup_->resize(width, height);
  QPoint at = mapToGlobal(QPoint(0, this->height() + 2));
  if (screen()) at.setX(std::min(at.x(), screen()->availableGeometry().right() - width));
  popup_->move(at);
  popup_->show();
  list_->setFocus();
  if (list_->currentRow() < 0) list_->setCurrentRow(0);
}

void PickMenu::tell() {
  int all = 0;
  for (int i = 0; i < list_->count(); ++i) all += (list_->item(i)->flags() & Qt::ItemIsUserCheckable) != 0;
  setText(tr("%1 of %2 %3").arg(picked().size()).arg(all).arg(what_));
  setAccessibleName(tr("Choose %1: %2").arg(what_, text()));
}

}  // namespace telltale::ui
