// Everything that a method can be told, as one table: what it is called, what it takes, which methods use it. The options card is made of it.
#pragma once
#include <QString>
#include <QStringList>
#include <vector>

#include "attribution/method_cost.hpp"
#include "widgets/theme.hpp"

namespace telltale::ui {

/// What options are asked for.
struct Place {
  int layers = 0, heads = 0;  ///< of the model; 0 = not known
  TextSize size;              ///< of the post
  bool post = false;          ///< there is one, and its size is known
  bool weights = true;        ///< the run has some
  bool posts = true;          ///< training posts are at hand
};

struct OptionChoice {
  QString value, text, refused;  ///< refused: why it cannot be taken here, empty = it can
};

/// A row of the card. Values are texts, as --help has them; `read` gives the value of `options`, `write` puts one in and throws
/// std::invalid_argument with a sentence for what cannot be.
struct OptionField {
  const char* id;
  QString name, tip;
  QString unit, range;                                                   ///< of a number: inside the field, behind it
  bool (*used)(const ExplainOptions&, const MethodInfo&);
  std::vector<OptionChoice> (*choices)(const ExplainOptions&, const MethodInfo&, const Place&);  ///< nullptr: typed
  QString (*read)(const ExplainOptions&, const MethodInfo&);
  void (*write)(ExplainOptions&, const MethodInfo&, const Place&, const QString&);
};
const std::vector<OptionField>& option_fields();

/// As the method has them of itself; method, output and precision stay.
ExplainOptions reset_options(const ExplainOptions& options);
/// What the method cannot take gives way to what it can; a sentence for each.
ExplainOptions fitting_options(ExplainOptions options, const Place& place, QStringList* changed = nullptr);

/// The same wishes for another method.
ExplainOptions options_for(const ExplainOptions& options, const std::string& method, const Place& place, QStringList* changed = nullptr);

/// Does the explained class, or a foil, make a difference to the scores? Not to attention weights.
bool asks_for_class(const MethodInfo& method);

/// Headings of the picker, in the order of the table: "Gradients", "Paths from a baseline", …
QString group_of(const MethodInfo& method);
/// "gradients" → "gradients of the model"
QString needs_text(const MethodInfo& method);
/// Why the method cannot work here at all; empty = it can.
QString reason_against(const MethodInfo& method, const Place& place);

}  // namespace telltale::ui
