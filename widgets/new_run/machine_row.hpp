// What the runs of the form compute on: device, precision, threads. Begins as the program's settings say; what is changed here is of these runs alone.
#pragma once
#include "model/classifier.hpp"
#include "widgets/panel.hpp"

class QComboBox;
class QGridLayout;
class QSpinBox;
class QToolButton;

namespace telltale::ui {

class MachineRow : public Panel {
  Q_OBJECT
 public:
  explicit MachineRow(Theme& theme, QWidget* parent = nullptr);
  /// What the settings say: shown until a person chooses otherwise here.
  void set_usual(const ComputeOptions& usual);
  ComputeOptions chosen() const;
  bool differs() const { return differs_; }  ///< from what set_usual() said
  void set_wide(bool wide);                  ///< one line, or a line for each
  std::vector<QWidget*> editors() const;

 Q_SIGNALS:
  void edited();

 private:
  void show_chosen(const ComputeOptions& options);
  void changed_here();
  ComputeOptions usual_, told_;
  bool differs_ = false;
  int wide_ = -1;
  QGridLayout* grid_;
  QComboBox *device_, *precision_;
  QSpinBox* threads_;
  QLabel* labels_[3];
  ElidedLabel* note_;
  QToolButton* reset_;
};

}  // namespace telltale::ui
