// A row of a card of options: name, a list or a typed field, and beside it the range, or what is wrong with what was typed.
#pragma once
#include <QComboBox>
#include <functional>

#include "widgets/theme.hpp"
#include "widgets/unit_edit.hpp"

class QFormLayout;
class QLabel;

namespace telltale::ui {

struct OptionRow {
  QWidget* box = nullptr;      ///< holds editor and range
  QComboBox* combo = nullptr;  ///< one of the two
  UnitEdit* edit = nullptr;
  QLabel* beside = nullptr;
  QString range, fault;  ///< fault: a sentence, empty = none

  QWidget* editor() const { return combo ? static_cast<QWidget*>(combo) : edit; }
  void say(Theme& theme);  ///< range or fault, red where it is one
  /// What a person chooses or types goes to `take`. The row stays where it is from then on.
  void connect_to(QObject* owner, const std::function<void(const QString& value)>& take);
};

QFormLayout* option_form();
OptionRow add_option_row(Theme& theme, QWidget* parent, QFormLayout* form, const QString& name, const QString& tip, const QString& unit, const QString& range, bool list);

}  // namespace telltale::ui
