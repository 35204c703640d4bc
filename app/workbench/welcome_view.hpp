// What the window shows without a file.
#pragma once
#include <QWidget>

#include "widgets/theme.hpp"

namespace telltale::ui {

class WelcomeView : public QWidget {
  Q_OBJECT
 public:
  explicit WelcomeView(Theme& theme, QWidget* parent = nullptr);

 Q_SIGNALS:
  void open_asked();

 protected:
  void paintEvent(QPaintEvent*) override;

 private:
  Theme& theme_;
};

}  // namespace telltale::ui
