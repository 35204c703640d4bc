// Panels behind tabs, for windows without room to show them all.
#pragma once
#include <QHBoxLayout>
#include <QPushButton>
#include <QStackedWidget>
#include <QVBoxLayout>
#include <vector>

#include "widgets/theme.hpp"

namespace telltale::ui {

class TabColumn : public QWidget {
  Q_OBJECT
 public:
  explicit TabColumn(Theme& theme, QWidget* parent = nullptr) : QWidget(parent), theme_(theme), stack_(new QStackedWidget(this)) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(2);
    row_ = new QHBoxLayout;
    row_->setSpacing(0);
    row_->addStretch(1);
    column->addLayout(row_);
    column->addWidget(stack_, 1);
  }
  void add(QWidget* panel, const QString& name) {
    auto* b = new QPushButton(name, this);
    b->setObjectName(QStringLiteral("tab"));
    b->setCheckable(true);
    b->setAutoExclusive(true);
    b->setFont(theme_.font("table", Theme::Weight::medium));
    b->setToolTip(tr("Show %1").arg(name));
    row_->insertWidget(static_cast<int>(buttons_.size()), b);
    buttons_.push_back(b);
    constexpr std::size_t many = 4;  // more stand closer, so that a name is never cut
    for (QPushButton* tab : buttons_) tab->setStyleSheet(QStringLiteral("QPushButton#tab { padding: 2px %1px; min-height: 22px; }").arg(buttons_.size() > many ? 4 : 9));
    stack_->addWidget(panel);
    if (stack_->currentWidget() == panel) panel->show();  // the others are behind, and do no work for nobody
    if (buttons_.size() == 1) b->setChecked(true);
    connect(b, &QPushButton::clicked, this, [this, panel] { stack_->setCurrentWidget(panel); });
  }
  /// Gives the panels back: whoever takes them next becomes their parent.
  void clear() {
    for (QPushButton* b : buttons_) delete b;
    buttons_.clear();
    while (stack_->count()) stack_->removeWidget(stack_->widget(0));
  }
  int count() const { return static_cast<int>(buttons_.size()); }
  QPushButton* button(int i) { return buttons_[static_cast<std::size_t>(i)]; }

 private:
  Theme& theme_;
  QHBoxLayout* row_;
  QStackedWidget* stack_;
  std::vector<QPushButton*> buttons_;
};

}  // namespace telltale::ui
