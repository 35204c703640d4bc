// A few buttons in one frame, one of them down: All · Right · Wrong.
#pragma once
#include <QAbstractButton>
#include <QButtonGroup>
#include <QHBoxLayout>
#include <QPainter>
#include <QWidget>

#include "widgets/theme.hpp"

namespace telltale::ui {

class SegmentButton : public QAbstractButton {
  Q_OBJECT
 public:
  SegmentButton(Theme& theme, const QString& text, const QString& tip, QWidget* parent);
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override;

 protected:
  void paintEvent(QPaintEvent*) override;

 private:
  Theme& theme_;
};

class Segmented : public QWidget {
  Q_OBJECT
 public:
  struct Choice {
    QString text, tip;
  };
  Segmented(Theme& theme, const QString& name, const std::vector<Choice>& choices, QWidget* parent = nullptr);
  int current() const { return group_->checkedId(); }
  void set_current(int i);  ///< does not signal
  QAbstractButton* button(int i) const { return group_->button(i); }

 Q_SIGNALS:
  void chosen(int i);

 protected:
  void paintEvent(QPaintEvent*) override;

 private:
  Theme& theme_;
  QButtonGroup* group_;
};

}  // namespace telltale::ui
