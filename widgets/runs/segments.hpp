// Buttons side by side of which one is on.
#pragma once
#include <QButtonGroup>
#include <QWidget>

#include "widgets/theme.hpp"

namespace telltale::ui {

class Segments : public QWidget {
  Q_OBJECT
 public:
  Segments(Theme& theme, const QString& name, const QStringList& labels, QWidget* parent = nullptr);
  int current() const { return group_->checkedId(); }
  void set_current(int i);  ///< does not signal
  QAbstractButton* button(int i) const { return group_->button(i); }

 Q_SIGNALS:
  void chosen(int i);

 private:
  void style();
  Theme& theme_;
  QButtonGroup* group_;
};

}  // namespace telltale::ui
