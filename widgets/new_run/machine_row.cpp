#include "widgets/new_run/machine_row.hpp"

#include <QComboBox>
#include <QGridLayout>
#include <QLineEdit>
#include <QSpinBox>
#include <QThread>
#include <QToolButton>
#include <QWheelEvent>
#include <algorithm>

#include "model/devices.hpp"
#include "widgets/icons.hpp"
#include "widgets/new_run/setting_field.hpp"

namespace telltale::ui {
namespace {

/// The wheel scrolls the form, not the number under it.
class QuietSpin : public QSpinBox {
 public:
  using QSpinBox::QSpinBox;

 protected:
  void wheelEvent(QWheelEvent* e) override {
    if (hasFocus()) QSpinBox::wheelEvent(e);
    else e->ignore();
  }
};

}  // namespace

MachineRow::MachineRow(Theme& theme, QWidget* parent) : Panel(theme, tr("Machine"), parent) {
  reset_ = new QToolButton(this);
  reset_->setIcon(icon(theme, "undo"));
  reset_->setAccessibleName(tr("Machine as in the settings"));
  reset_->setToolTip(tr("As in the settings (Ctrl ,)"));
  add_tool(reset_);
  device_ = new QuietCombo(this);
  device_->setObjectName(QStringLiteral("machine:device"));
  for (const std::string& d : compute_devices()) device_->addItem(text(d));
  device_->setToolTip(tr("Where these runs compute"));
  precision_ = new QuietCombo(this);
  precision_->setObjectName(QStringLiteral("machine:precision"));
  for (const Precision p : {Precision::fp32, Precision::automatic, Precision::bf16, Precision::fp64}) precision_->addItem(QLatin1String(name_of(p)), static_cast<int>(p));
  precision_->setToolTip(tr("Of matrix products. auto: bf16 where it is fast and exact enough. Kept with the run: a resumed one goes on with it."));
  threads_ = new QuietSpin(this);
  threads_->setObjectName(QStringLiteral("machine:threads"));
  const int cores = std::max(1, QThread::idealThreadCount());
  threads_->setRange(0, cores);
  threads_->setSpecialValueText(tr("all %1").arg(cores));
  threads_->setSuffix(tr(" of %1").arg(cores));
  threads_->setToolTip(tr("Fewer leave the machine to other work. A resumed run is the same bit for bit only with the threads it began with."));
  for (QWidget* w : editors()) w->setFocusPolicy(Qt::StrongFocus);
  const QString names[] = {tr("Device"), tr("Precision"), tr("Threads")};
  for (int i = 0; i < 3; ++i) {
    labels_[i] = new QLabel(names[i], this);
    labels_[i]->setObjectName(QStringLiteral("quiet"));
    labels_[i]->setBuddy(editors()[static_cast<std::size_t>(i)]);
    editors()[static_cast<std::size_t>(i)]->setAccessibleName(names[i]);
  }
  if (auto* edit = threads_->findChild<QLineEdit*>()) edit->setAccessibleName(names[2]);
  note_ = new ElidedLabel(theme, this);
  note_->set_style(theme.font("caption"), "text3");
  note_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
  grid_ = new QGridLayout;
  grid_->setContentsMargins(26, 8, 10, 8);
  grid_->setHorizontalSpacing(8);
  grid_->setVerticalSpacing(3);
  body()->addLayout(grid_);
  set_wide(true);
  connect(device_, &QComboBox::activated, this, &MachineRow::changed_here);
  connect(precision_, &QComboBox::activated, this, &MachineRow::changed_here);
  connect(threads_, &QSpinBox::valueChanged, this, &MachineRow::changed_here);
  connect(reset_, &QToolButton::clicked, this, [this] {
    show_chosen(usual_);
    changed_here();
  });
  set_usual({});
}

std::vector<QWidget*> MachineRow::editors() const { return {device_, precision_, threads_}; }

void MachineRow::set_wide(bool wide) {
  if (wide_ == wide) return;
  wide_ = wide;
  const auto fields = editors();
  for (int i = 0; i < 3; ++i) {
    QWidget* const field = fields[static_cast<std::size_t>(i)];
    grid_->addWidget(labels_[i], wide ? 0 : i, wide ? 2 * i : 0);
    grid_->addWidget(field, wide ? 0 : i, wide ? 2 * i + 1 : 1);
  }
  grid_->addWidget(note_, wide ? 0 : 3, wide ? 6 : 0, 1, wide ? 1 : 3);
  for (int c = 0; c < 7; ++c) grid_->setColumnStretch(c, c == (wide ? 6 : 2) ? 1 : 0);
}

void MachineRow::set_usual(const ComputeOptions& usual) {
  usual_ = usual;
  if (!differs_) show_chosen(usual);
  changed_here();
}

void MachineRow::show_chosen(const ComputeOptions& options) {
  const QSignalBlocker q1(device_), q2(precision_), q3(threads_);
  device_->setCurrentIndex(std::max(0, device_->findText(text(options.device == "cuda" ? "cuda:0" : options.device))));
  precision_->setCurrentIndex(std::max(0, precision_->findData(static_cast<int>(options.precision))));
  threads_->setValue(std::min(options.threads, threads_->maximum()));
}

ComputeOptions MachineRow::chosen() const { return {device_->currentText().toStdString(), threads_->value(), static_cast<Precision>(precision_->currentData().toInt())}; }

void MachineRow::changed_here() {
  const ComputeOptions now = chosen();
  const auto same_device = [&](const std::string& d) { return d == now.device || (d == "cuda" && now.device == "cuda:0") || device_->findText(text(d)) < 0; };
  differs_ = !same_device(usual_.device) || now.precision != usual_.precision || now.threads != std::min(usual_.threads, threads_->maximum());
  reset_->setVisible(differs_);
  note_->set_text(differs_ ? tr("for these runs only") : tr("as in the settings"));
  if (now.device == told_.device && now.precision == told_.precision && now.threads == told_.threads) return;
  told_ = now;
  Q_EMIT edited();
}

}  // namespace telltale::ui
