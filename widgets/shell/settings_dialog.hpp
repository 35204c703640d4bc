// Device, threads and precision of what is computed from now on; kept for the next start.
#pragma once
#include <QDialog>

#include "model/classifier.hpp"
#include "widgets/theme.hpp"

class QComboBox;
class QLabel;
class QSpinBox;

namespace telltale::ui {

/// What a person chose last time; the machine's best when nothing was chosen or the device is gone.
ComputeOptions stored_compute();
void store_compute(const ComputeOptions& options);
QString machine_text(const ComputeOptions& options);  ///< "cpu · 16 threads · fp32"
/// Devices that are there: "cpu", "cuda:0", …
QStringList devices();

class SettingsDialog : public QDialog {
  Q_OBJECT
 public:
  SettingsDialog(Theme& theme, const ComputeOptions& now, bool remember, QWidget* parent = nullptr);
  ComputeOptions chosen() const;

 private:
  QComboBox *device_, *precision_;
  QSpinBox* threads_;
};

}  // namespace telltale::ui
