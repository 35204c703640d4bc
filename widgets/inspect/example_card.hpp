// What the chosen method of examples can be told: a card under its button, made of a table of options.
#pragma once
#include <QFrame>
#include <vector>

#include "examples/examples.hpp"
#include "widgets/inspect/option_row.hpp"

namespace telltale::ui {

/// A row of the card. Values are texts, as --help has them; `write` throws std::invalid_argument with a sentence for what cannot be.
struct ExampleField {
  const char* id;
  QString name, tip, unit, range;
  bool (*used)(const ExampleMethodInfo&);
  std::vector<std::pair<QString, QString>> choices;  ///< value and text; empty: typed
  QString (*read)(const ExampleOptions&);
  void (*write)(ExampleOptions&, const QString&);
};
const std::vector<ExampleField>& example_fields();

/// Method and what is set of it, as a key: options that it does not use make no difference.
std::string example_protocol(const ExampleOptions& options);

class ExampleCard : public QFrame {
  Q_OBJECT
 public:
  explicit ExampleCard(Theme& theme, QWidget* parent = nullptr);
  void set_method(const std::string& method);  ///< the other options stay; does not signal
  /// The last ones without a fault: a field that holds no value of its range is red, says why, and changes nothing.
  const ExampleOptions& options() const { return options_; }
  /// As a person does. std::invalid_argument: no such field, or not of this method.
  void enter(const std::string& field, const QString& value);
  std::vector<std::string> shown() const;  ///< ids of the fields of this method, in order
  QString fault(const std::string& field) const;
  void open_under(QWidget* button);

 Q_SIGNALS:
  void changed();

 private:
  struct Row : OptionRow {
    const ExampleField* field = nullptr;
  };
  void show_options();
  void say(Row& row);
  void take(Row& row, const QString& value);
  Theme& theme_;
  ExampleOptions options_;
  std::vector<Row> rows_;
  QFormLayout* form_;
};

}  // namespace telltale::ui
