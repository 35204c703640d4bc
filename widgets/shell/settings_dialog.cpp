#include "widgets/shell/settings_dialog.hpp"

#include <QComboBox>
#include <QDialogButtonBox>
#include <QFormLayout>
#include <QLabel>
#include <QSettings>
#include <QSpinBox>
#include <QThread>
#include <QVBoxLayout>
#include <algorithm>
#include <stdexcept>

#include "model/devices.hpp"
#include "widgets/shell/preferences.hpp"

namespace telltale::ui {
namespace {

const std::pair<Precision, const char*> precisions[] = {
    {Precision::fp32, QT_TRANSLATE_NOOP("SettingsDialog", "fp32: single, the default")},
    {Precision::automatic, QT_TRANSLATE_NOOP("SettingsDialog", "auto: bf16 where it is fast and exact enough")},
    {Precision::bf16, QT_TRANSLATE_NOOP("SettingsDialog", "bf16: half the bits, faster on new processors")},
    {Precision::fp64, QT_TRANSLATE_NOOP("SettingsDialog", "fp64: double, to check others against")},
};

}  // namespace

QStringList devices() {
  QStringList out;
  for (const std::string& d : compute_devices()) out << text(d);
  return out;
}

ComputeOptions stored_compute() {
  ComputeOptions out;
  QSettings settings = preferences();
  const QString device = settings.value(QStringLiteral("compute/device")).toString();
  if (!device.isEmpty() && device != QLatin1String("cpu") && devices().contains(device)) out.device = device.toStdString();
  out.threads = std::clamp(settings.value(QStringLiteral("compute/threads"), 0).toInt(), 0, 4096);
  try {
    out.precision = parse_precision(settings.value(QStringLiteral("compute/precision"), QStringLiteral("fp32")).toString().toStdString());
  } catch (const std::invalid_argument&) {  // written by another version
  }
  return out;
}

void store_compute(const ComputeOptions& options) {
  QSettings settings = preferences();
  settings.setValue(QStringLiteral("compute/device"), text(options.device));
  settings.setValue(QStringLiteral("compute/threads"), options.threads);
  settings.setValue(QStringLiteral("compute/precision"), QLatin1String(name_of(options.precision)));
}

QString machine_text(const ComputeOptions& options) {
  const int threads = options.threads > 0 ? options.threads : QThread::idealThreadCount();
  return QStringLiteral("%1 · %2 · %3").arg(text(options.device), threads == 1 ? SettingsDialog::tr("1 thread") : SettingsDialog::tr("%1 threads").arg(threads), QLatin1String(name_of(options.precision)));
}

SettingsDialog::SettingsDialog(Theme& theme, const ComputeOptions& now, bool remember, QWidget* parent) : QDialog(parent) {
  setWindowTitle(tr("Settings"));
  setMinimumWidth(440);
  auto* column = new QVBoxLayout(this);
  auto* form = new QFormLayout;
  form->setHorizontalSpacing(16);
  form->setVerticalSpacing(8);
  device_ = new QComboBox(this);
  device_->addItems(devices());
  device_->setCurrentIndex(std::max(0, device_->findText(text(now.device == "cuda" ? "cuda:0" : now.device))));
  device_->setAccessibleName(tr("Device"));
  device_->setToolTip(tr("Where runs and explanations are computed"));
  threads_ = new QSpinBox(this);
  threads_->setObjectName(QStringLiteral("stepped"));
  threads_->setRange(0, 4096);
  threads_->setSpecialValueText(tr("all %1").arg(QThread::idealThreadCount()));
  threads_->setValue(now.threads);
  threads_->setAccessibleName(tr("Threads"));
  threads_->setToolTip(tr("0 = as many as the machine has cores. A resumed run is the same bit for bit only with the threads it began with"));
  precision_ = new QComboBox(this);
  for (const auto& [value, name] : precisions) {
    precision_->addItem(tr(name), static_cast<int>(value));
    if (value == now.precision) precision_->setCurrentIndex(precision_->count() - 1);
  }
  precision_->setAccessibleName(tr("Precision"));
  precision_->setToolTip(tr("Of matrix products; a resumed run keeps the precision it began with"));
  form->addRow(tr("&Device"), device_);
  form->addRow(tr("&Threads"), threads_);
  form->addRow(tr("&Precision"), precision_);
  column->addLayout(form);
  auto* note = new QLabel(tr("Used by runs, explanations and comparisons that start from now on. What runs already keeps what it has."), this);
  note->setObjectName(QStringLiteral("caption"));
  note->setFont(theme.font("caption"));
  note->setWordWrap(true);
  column->addSpacing(4);
  column->addWidget(note);
  column->addSpacing(8);
  auto* buttons = new QDialogButtonBox(QDialogButtonBox::Ok | QDialogButtonBox::Cancel, this);
  column->addWidget(buttons);
  connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
  connect(buttons, &QDialogButtonBox::accepted, this, [this, remember] {
    if (remember) store_compute(chosen());
    accept();
  });
}

ComputeOptions SettingsDialog::chosen() const { return {device_->currentText().toStdString(), threads_->value(), static_cast<Precision>(precision_->currentData().toInt())}; }

}  // namespace telltale::ui
