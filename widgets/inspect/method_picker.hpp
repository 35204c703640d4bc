// All methods of the table in groups, with what each needs and costs; found by typing. One is chosen, or several are ticked.
#pragma once
#include <QComboBox>
#include <QFrame>
#include <QListWidget>
#include <QPushButton>
#include <functional>

#include "widgets/inspect/method_options.hpp"

class QLineEdit;
class QLabel;

namespace telltale::ui {

/// What stands beside a method's name.
struct MethodLine {
  QString cost, cost_tip;  ///< "about 2 s"
  QString refused;         ///< why it cannot work here; empty = it can
  QString note;            ///< what gives way to it: "Baseline [PAD]: …"
};
using MethodLines = std::function<MethodLine(const MethodInfo&)>;

/// The list, as a popup.
class MethodList : public QFrame {
  Q_OBJECT
 public:
  MethodList(Theme& theme, bool several, QWidget* parent);
  void set_lines(MethodLines lines) { lines_ = std::move(lines); }
  void set_picked(std::vector<std::string> ids);  ///< of one: the shown one
  const std::vector<std::string>& picked() const { return picked_; }
  void open(QWidget* under);
  QListWidget& list() { return *list_; }
  QLineEdit& search() { return *search_; }
  void pick(const std::string& id);  ///< as a click does: chooses, or ticks and unticks; nothing for what is refused
  static constexpr std::size_t most = 9;

 Q_SIGNALS:
  void chosen(const QString& id);
  void picked_changed();

 protected:
  bool eventFilter(QObject*, QEvent*) override;

 private:
  void fill();
  void move(int by);
  void take(QListWidgetItem* item);
  Theme& theme_;
  bool several_;
  MethodLines lines_;
  std::vector<std::string> picked_;
  QLineEdit* search_;
  QListWidget* list_;
  QLabel* foot_;
};

/// Looks as a combo box, opens the list.
class MethodCombo : public QComboBox {
  Q_OBJECT
 public:
  explicit MethodCombo(Theme& theme, QWidget* parent = nullptr);
  void showPopup() override;
  void set_lines(MethodLines lines);
  void refresh();                          ///< what is refused may have changed
  void set_method(const std::string& id);  ///< does not signal
  MethodList& choices() { return *choices_; }

 Q_SIGNALS:
  void method_chosen(const QString& id);

 private:
  MethodLines lines_;
  MethodList* choices_;
};

/// "6 of 24 methods": ticks up to nine.
class MethodTicks : public QPushButton {
  Q_OBJECT
 public:
  explicit MethodTicks(Theme& theme, QWidget* parent = nullptr);
  void set_picked(std::vector<std::string> ids);
  MethodList& choices() { return *choices_; }

 Q_SIGNALS:
  void changed();

 private:
  void tell();
  MethodList* choices_;
};

}  // namespace telltale::ui
