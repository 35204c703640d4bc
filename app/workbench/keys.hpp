// Every key of the window, for Help > Keyboard. Tests press what is listed here, and look for keys that are not.
#pragma once
#include <QDialog>
#include <QKeySequence>
#include <vector>

#include "widgets/theme.hpp"

class QMenu;
class QMenuBar;

namespace telltale::ui {

struct KeyLine {
  QList<QKeySequence> keys;
  QString what;
};
struct KeySection {
  QString name;
  bool menu = false;  ///< of the menu bar; else keys that a view takes while it has the keyboard
  std::vector<KeyLine> lines;
};

/// Keys of views, which are in no menu.
std::vector<KeySection> view_keys();
/// Those of the menus as they are now, then view_keys(). `without`: a menu that is left out.
std::vector<KeySection> all_keys(const QMenuBar& menus, const QMenu* without = nullptr);

class KeysDialog : public QDialog {
  Q_OBJECT
 public:
  KeysDialog(const Theme& theme, std::vector<KeySection> sections, QWidget* parent = nullptr);
  const std::vector<KeySection>& sections() const { return sections_; }

 private:
  std::vector<KeySection> sections_;
};

/// Of an action, for lists: without mnemonic and ellipsis.
QString action_name(QString name);

}  // namespace telltale::ui
