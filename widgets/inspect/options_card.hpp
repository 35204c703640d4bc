// What the chosen method can be told, and nothing else: a form made of the table of options.
#pragma once
#include <QWidget>
#include <map>

#include "widgets/inspect/method_options.hpp"
#include "widgets/inspect/option_row.hpp"

class QPushButton;

namespace telltale::ui {

class OptionsCard : public QWidget {
  Q_OBJECT
 public:
  explicit OptionsCard(Theme& theme, QWidget* parent = nullptr);
  void set_place(const Place& place);               ///< before set_options(), which shows it
  void set_options(const ExplainOptions& options);  ///< does not signal
  /// The last ones without a fault: a field that holds no value of its range is red, says why, and changes nothing.
  const ExplainOptions& options() const { return options_; }
  void set_note(const QString& note);               ///< what gave way to the method; empty = nothing did
  void set_cost(const QString& cost, const QString& tip);
  bool wrong() const;
  /// As a person does: for menus and tests. std::invalid_argument: no such field, or not of this method.
  void enter(const std::string& field, const QString& value);
  std::vector<std::string> shown() const;           ///< ids of the fields of this method, in order
  QString fault(const std::string& field) const;    ///< empty: none
  QWidget* field(const std::string& id) const;
  void focus_first();

 Q_SIGNALS:
  void changed();
  void resized();  ///< other rows than before

 private:
  struct Row : OptionRow {
    const OptionField* field = nullptr;
  };
  void show_options();
  void take(Row& row, const QString& value);
  Row* row(const std::string& id);
  const Row* row(const std::string& id) const;
  Theme& theme_;
  ExplainOptions options_;
  Place place_;
  std::vector<Row> rows_;
  QFormLayout* form_;
  QLabel *note_, *cost_;
  QPushButton* reset_;
  bool quiet_ = false;
};

}  // namespace telltale::ui
