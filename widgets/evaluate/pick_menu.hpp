// A button that opens a list to tick: "6 of 17 methods".
#pragma once
#include <QListWidget>
#include <QPushButton>

#include "widgets/theme.hpp"

namespace telltale::ui {

class PickMenu : public QPushButton {
  Q_OBJECT
 public:
  struct Choice {
    std::string id;
    QString name, tip, group;  ///< a new group begins where it differs from the one before
  };
  /// `what` fills "6 of 17 %1".
  PickMenu(Theme& theme, const QString& what, QWidget* parent = nullptr);
  void set_choices(const std::vector<Choice>& choices);
  void set_picked(const std::vector<std::string>& ids);  ///< does not signal
  std::vector<std::string> picked() const;               ///< in the order of the choices
  QListWidget& list() { return *list_; }
  void pick(const std::string& id, bool on);  ///< as a click does

 Q_SIGNALS:
  void changed();

 protected:
  void paintEvent(QPaintEvent*) override;

 private:
  void open();
  void tell();
  Theme& theme_;
  QString what_;
  QWidget* popup_;
  QListWidget* list_;
};

}  // namespace telltale::ui
