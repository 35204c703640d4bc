#include "widgets/inspect/option_row.hpp"

#include <QCoreApplication>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>

namespace telltale::ui {

QFormLayout* option_form() {
  auto* form = new QFormLayout;
  form->setHorizontalSpacing(14);
  form->setVerticalSpacing(5);
  form->setLabelAlignment(Qt::AlignLeft | Qt::AlignVCenter);
  return form;
}

OptionRow add_option_row(Theme& theme, QWidget* parent, QFormLayout* form, const QString& name, const QString& tip, const QString& unit, const QString& range, bool list) {
  OptionRow r;
  r.range = range;
  auto* label = new QLabel(name, parent);
  label->setObjectName(QStringLiteral("quiet"));
  label->setFont(theme.font("table"));
  label->setToolTip(tip);
  r.box = new QWidget(parent);
  auto* line = new QHBoxLayout(r.box);
  line->setContentsMargins(0, 0, 0, 0);
  line->setSpacing(8);
  if (list) {
    r.combo = new QComboBox(r.box);
    r.combo->setSizeAdjustPolicy(QComboBox::AdjustToContents);
    r.combo->setMaximumWidth(static_cast<int>(theme.px(230)));  // its list is wider where something is refused
  } else {
    r.edit = new UnitEdit(theme, r.box);
    r.edit->set_unit(unit);
    r.edit->setMinimumWidth(static_cast<int>(theme.px(104)));
    r.edit->setMaximumWidth(static_cast<int>(theme.px(130)));
  }
  r.editor()->setFont(theme.font("table"));
  r.editor()->setAccessibleName(name);
  const bool part_of_range = unit.isEmpty() || unit.startsWith(QCoreApplication::translate("OptionRow", "or "));
  r.editor()->setToolTip(range.isEmpty() ? tip : QCoreApplication::translate("OptionRow", "%1. %2%3").arg(tip, range, part_of_range ? QString() : QStringLiteral(" ") + unit));
  label->setBuddy(r.editor());
  r.beside = new QLabel(range, r.box);
  r.beside->setFont(theme.font("caption"));
  r.beside->setTextFormat(Qt::PlainText);
  line->addWidget(r.editor());
  line->addWidget(r.beside, 1);
  form->addRow(label, r.box);
  return r;
}

void OptionRow::connect_to(QObject* owner, const std::function<void(const QString& value)>& take) {
  if (combo) QObject::connect(combo, &QComboBox::activated, owner, [this, take] { take(combo->currentData().toString()); });
  if (edit)
    QObject::connect(edit, &QLineEdit::editingFinished, owner, [this, take] {
      if (!edit->isModified() && fault.isEmpty()) return;
      edit->setModified(false);
      take(edit->text());
    });
}

void OptionRow::say(Theme& theme) {
  if (edit) edit->set_wrong(!fault.isEmpty());
  beside->setText(fault.isEmpty() ? range : fault);
  QPalette p = beside->palette();
  p.setColor(QPalette::WindowText, theme[fault.isEmpty() ? "text3" : "error"]);
  beside->setPalette(p);
  editor()->setAccessibleDescription(fault);
}

}  // namespace telltale::ui
