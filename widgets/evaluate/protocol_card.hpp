// The protocol: what decides the figures beside methods and metrics. Shown, chosen among the stored ones, and edited
// for a new evaluation.
#pragma once
#include <QWidget>

#include "widgets/evaluate/evaluate_work.hpp"
#include "widgets/theme.hpp"

class QComboBox;
class QFormLayout;
class QLabel;
class QLineEdit;
class QSpinBox;
class QVBoxLayout;

namespace telltale::ui {

class ProtocolCard : public QWidget {
  Q_OBJECT
 public:
  explicit ProtocolCard(Theme& theme, QWidget* parent = nullptr);
  /// Split names and classes of the data; stored protocols with the number of the shown one (0 = none is).
  void set_data(const EvaluateData& data);
  void set_options(const EvaluationOptions& options);  ///< does not signal
  /// The fields over the options that were set. A field that does not hold a value keeps the last one that did, and is
  /// red.
  EvaluationOptions options() const { return options_; }
  bool wrong() const;  ///< a field holds no value

 Q_SIGNALS:
  void changed();  ///< a field was edited
  void stored_chosen(int number);

 private:
  void read();
  Theme& theme_;
  EvaluationOptions options_;
  QComboBox *stored_, *split_, *class_, *output_, *foil_, *removal_, *baseline_, *unit_, *sign_, *path_, *marks_;
  QLineEdit* k_;
  QSpinBox *seed_, *length_;
  QLabel *fixed_, *note_;
  bool quiet_ = false;
};

}  // namespace telltale::ui
