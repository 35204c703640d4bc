// A line under the workspace bar: what happened, what to do about it, and a button or two that do it.
#pragma once
#include <QWidget>
#include <functional>
#include <utility>
#include <vector>

#include "widgets/theme.hpp"

class QBoxLayout;
class QLabel;
class QPushButton;
class QToolButton;

namespace telltale::ui {

class NoticeBar : public QWidget {
  Q_OBJECT
 public:
  enum class Kind { info, warning, error };
  using Button = std::pair<QString, std::function<void()>>;
  explicit NoticeBar(Theme& theme, QWidget* parent = nullptr);
  /// `details` stand behind a button. Pressing any button hides the line first.
  void show_notice(Kind kind, const QString& message, const QString& details = {}, std::vector<Button> buttons = {});
  QString message() const;

 Q_SIGNALS:
  void dismissed();

 protected:
  void paintEvent(QPaintEvent*) override;
  void showEvent(QShowEvent*) override;

 private:
  void dress();
  Theme& theme_;
  Kind kind_ = Kind::info;
  QBoxLayout* row_;
  QLabel *text_, *details_;
  QPushButton* more_;
  QToolButton* dismiss_;
  std::vector<QPushButton*> buttons_;
};

}  // namespace telltale::ui
