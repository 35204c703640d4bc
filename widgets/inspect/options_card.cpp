#include "widgets/inspect/options_card.hpp"

#include <QAbstractItemView>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QStandardItemModel>
#include <QVBoxLayout>
#include <stdexcept>

namespace telltale::ui {

OptionsCard::OptionsCard(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(6);
  form_ = option_form();
  for (const OptionField& f : option_fields()) {
    const bool words = !f.choices && f.range.isEmpty();
    rows_.push_back({add_option_row(theme, this, form_, f.name, f.tip, f.unit, f.range, f.choices != nullptr), &f});
    if (!words) continue;
    UnitEdit* edit = rows_.back().edit;
    edit->setMinimumWidth(200);
    edit->setMaximumWidth(400);
    edit->setPlaceholderText(tr("words"));
  }
  for (Row& r : rows_) r.connect_to(this, [this, row = &r](const QString& value) { take(*row, value); });
  column->addLayout(form_);
  note_ = new QLabel(this);
  note_->setWordWrap(true);
  note_->setTextFormat(Qt::PlainText);
  note_->setFont(theme.font("caption"));
  note_->hide();
  column->addWidget(note_);
  auto* foot = new QHBoxLayout;
  cost_ = new QLabel(this);
  cost_->setObjectName(QStringLiteral("quiet"));
  cost_->setFont(theme.font("caption"));
  reset_ = new QPushButton(tr("Reset"), this);
  reset_->setObjectName(QStringLiteral("small"));
  reset_->setToolTip(tr("The method's own settings; output and foil stay"));
  reset_->setAccessibleName(tr("Reset the options of the method"));
  foot->addWidget(cost_, 1);
  foot->addWidget(reset_);
  column->addLayout(foot);
  connect(reset_, &QPushButton::clicked, this, [this] {
    options_ = fitting_options(reset_options(options_), place_);
    for (Row& r : rows_) r.fault.clear();
    show_options();
    Q_EMIT changed();
  });
  const auto paint = [this] {
    QPalette p = note_->palette();
    p.setColor(QPalette::WindowText, theme_["warn"]);
    note_->setPalette(p);
    for (Row& r : rows_) r.say(theme_);
  };
  connect(&theme, &Theme::changed, this, paint);
  show_options();
  paint();
}

OptionsCard::Row* OptionsCard::row(const std::string& id) {
  for (Row& r : rows_)
    if (id == r.field->id) return &r;
  return nullptr;
}
const OptionsCard::Row* OptionsCard::row(const std::string& id) const { return const_cast<OptionsCard*>(this)->row(id); }

void OptionsCard::set_place(const Place& place) { place_ = place; }

void OptionsCard::set_options(const ExplainOptions& options) {
  if (options.method != options_.method)
    for (Row& r : rows_) r.fault.clear();
  options_ = options;
  show_options();
}

void OptionsCard::set_note(const QString& note) {
  note_->setText(note);
  note_->setVisible(!note.isEmpty());
}

void OptionsCard::set_cost(const QString& cost, const QString& tip) {
  cost_->setText(cost);
  cost_->setToolTip(tip);
}

void OptionsCard::show_options() {
  const MethodInfo& m = method_info(options_.method);
  quiet_ = true;
  bool other = false;
  for (Row& r : rows_) {
    const bool used = r.field->used(options_, m);
    other = other || form_->isRowVisible(r.box) != used;
    form_->setRowVisible(r.box, used);
    if (!used) {
      r.fault.clear();
      continue;
    }
    const QString value = r.field->read(options_, m);
    if (r.combo) {
      r.combo->clear();
      for (const OptionChoice& c : r.field->choices(options_, m, place_)) {
        r.combo->addItem(c.text, c.value);
        const int at = r.combo->count() - 1;
        if (c.refused.isEmpty()) continue;
        r.combo->setItemText(at, tr("%1 (%2)").arg(c.text, c.refused));
        r.combo->setItemData(at, c.refused, Qt::ToolTipRole);
        if (auto* items = qobject_cast<QStandardItemModel*>(r.combo->model())) items->item(at)->setEnabled(false);
      }
      r.combo->setCurrentIndex(r.combo->findData(value));
      r.combo->view()->setMinimumWidth(r.combo->view()->sizeHintForColumn(0) + 12);
    } else if (r.fault.isEmpty()) {
      r.edit->setText(value);
      // A text that is not there yet is asked for, not sent.
      if (value.isEmpty()) r.fault = tr("type at least one word");
    }
    r.say(theme_);
  }
  quiet_ = false;
  if (other) Q_EMIT resized();
}

void OptionsCard::take(Row& r, const QString& value) {
  if (quiet_) return;
  const MethodInfo& m = method_info(options_.method);
  ExplainOptions next = options_;
  try {
    r.field->write(next, m, place_, value);
  } catch (const std::invalid_argument& e) {
    r.fault = text(e.what());
    if (r.combo) r.combo->setCurrentIndex(r.combo->findData(r.field->read(options_, m)));
    r.say(theme_);
    return;
  }
  r.fault.clear();
  const bool same = protocol_of(next) == protocol_of(options_) && next.seed == options_.seed;
  options_ = next;
  show_options();
  // Words of a chosen baseline that nobody has typed yet: asked for first.
  if (Row* words = row("baseline-text"); words && !words->fault.isEmpty() && words->field->used(options_, m)) return words->edit->setFocus();
  if (!same) Q_EMIT changed();
}

bool OptionsCard::wrong() const {
  for (const Row& r : rows_)
    if (!r.fault.isEmpty()) return true;
  return false;
}

void OptionsCard::enter(const std::string& id, const QString& value) {
  Row* r = row(id);
  if (!r || !r->field->used(options_, method_info(options_.method))) throw std::invalid_argument("option '" + id + "': not one of " + options_.method);
  if (r->edit) r->edit->setText(value);
  take(*r, value);
}

std::vector<std::string> OptionsCard::shown() const {
  std::vector<std::string> out;
  for (const Row& r : rows_)
    if (r.field->used(options_, method_info(options_.method))) out.emplace_back(r.field->id);
  return out;
}

QString OptionsCard::fault(const std::string& id) const {
  const Row* r = row(id);
  return r ? r->fault : QString();
}

QWidget* OptionsCard::field(const std::string& id) const {
  const Row* r = row(id);
  return r ? r->editor() : nullptr;
}

void OptionsCard::focus_first() {
  for (const Row& r : rows_)
    if (r.field->used(options_, method_info(options_.method))) return r.editor()->setFocus();
  reset_->setFocus();
}

}  // namespace telltale::ui
