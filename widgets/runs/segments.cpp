#include "widgets/runs/segments.hpp"

#include <QHBoxLayout>
#include <QPushButton>

namespace telltale::ui {

Segments::Segments(Theme& theme, const QString& name, const QStringList& labels, QWidget* parent) : QWidget(parent), theme_(theme), group_(new QButtonGroup(this)) {
  setAccessibleName(name);
  auto* row = new QHBoxLayout(this);
  row->setContentsMargins(0, 0, 0, 0);
  row->setSpacing(0);
  for (int i = 0; i < labels.size(); ++i) {
    auto* b = new QPushButton(labels[i], this);
    b->setCheckable(true);
    b->setAccessibleName(QStringLiteral("%1: %2").arg(name, labels[i]));
    b->setToolTip(b->accessibleName());
    b->setProperty("place", labels.size() == 1 ? QStringLiteral("only") : i == 0 ? QStringLiteral("first") : i + 1 == labels.size() ? QStringLiteral("last") : QStringLiteral("middle"));
    group_->addButton(b, i);
    row->addWidget(b);
  }
  group_->button(0)->setChecked(true);
  connect(group_, &QButtonGroup::idClicked, this, &Segments::chosen);
  connect(&theme, &Theme::changed, this, &Segments::style);
  style();
}

void Segments::set_current(int i) { group_->button(i)->setChecked(true); }

void Segments::style() {
  const auto c = [this](const char* n) { return theme_[n].name(); };
  setStyleSheet(QStringLiteral("QPushButton { border: 1px solid %1; border-left: 0; border-radius: 0; padding: 1px 8px; min-height: 18px; font-size: %5px; color: %2; background: %6; }"
                               "QPushButton[place=\"first\"] { border-left: 1px solid %1; border-top-left-radius: 3px; border-bottom-left-radius: 3px; }"
                               "QPushButton[place=\"last\"] { border-top-right-radius: 3px; border-bottom-right-radius: 3px; }"
                               "QPushButton:checked { background: %3; color: %7; font-weight: 500; border-bottom: 2px solid %4; padding-bottom: 0; }"
                               "QPushButton:focus { background: %8; color: %7; border: 2px solid %4; padding: 0 7px; }")
                    .arg(c("borderStrong"), c("text2"), c("accentSoft"), c("accent"))
                    .arg(theme_.size("table"))
                    .arg(c("panel"), c("text"), c("hover")));
}

}  // namespace telltale::ui
