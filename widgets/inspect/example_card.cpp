#include "widgets/inspect/example_card.hpp"

#include <fmt/format.h>

#include <QCoreApplication>
#include <QFormLayout>
#include <QPushButton>
#include <QScreen>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "report/numbers.hpp"

namespace telltale::ui {
namespace {

QString card_text(const char* words) { return QCoreApplication::translate("ExampleCard", words); }

int whole_example(const QString& typed, int low, int high, bool zero) {
  bool good = false;
  const int value = QString(typed).remove(QLatin1Char(',')).trimmed().toInt(&good);
  if (good && ((value >= low && value <= high) || (zero && value == 0))) return value;
  throw std::invalid_argument((zero ? card_text("a whole number from %1 to %2, or 0") : card_text("a whole number from %1 to %2")).arg(text(thousands(low)), text(thousands(high))).toStdString());
}

/// Above 0; `most` itself is in or not.
double real_example(const QString& typed, double most, bool closed) {
  bool good = false;
  const double value = QString(typed).replace(QLatin1Char(','), QLatin1Char('.')).trimmed().toDouble(&good);
  if (good && value > 0 && (closed ? value <= most : value < most)) return value;
  throw std::invalid_argument((closed ? card_text("a number above 0 and at most %1") : card_text("a number above 0 and below %1")).arg(most).toStdString());
}

QString example_number(double value) { return QString::number(value, 'g', 6); }

std::vector<ExampleField> make_example_fields() {
  std::vector<ExampleField> f;
  f.push_back({"distance", card_text("Distance"), card_text("Between the final [CLS] states of two posts: 1 − their cosine, or the Euclidean distance"), {}, {},
               [](const ExampleMethodInfo& m) { return m.uses_distance; }, {{QStringLiteral("cosine"), card_text("Cosine")}, {QStringLiteral("euclidean"), card_text("Euclidean")}},
               [](const ExampleOptions& o) { return QString::fromLatin1(name_of(o.distance)); }, [](ExampleOptions& o, const QString& v) { o.distance = parse_state_distance(v.toStdString()); }});
  f.push_back({"dimensions", card_text("Dimensions"), card_text("Of the projected gradients: the relative error of a product of two gradients is about 1/√ of it. 0 = the exact product, which keeps nothing for the next post"), {},
               card_text("16 to 1,048,576, or 0"), [](const ExampleMethodInfo& m) { return m.uses_dimensions; }, {}, [](const ExampleOptions& o) { return QString::number(o.dimensions); },
               [](ExampleOptions& o, const QString& v) { o.dimensions = whole_example(v, 16, 1 << 20, true); }});
  f.push_back({"damping", card_text("Damping λ"), card_text("Added to the diagonal of the Hessian H of the head: (H + λI)⁻¹∇ℓ; also the weight of the head's L2 penalty"), {}, card_text("above 0"),
               [](const ExampleMethodInfo& m) { return m.uses_damping; }, {}, [](const ExampleOptions& o) { return example_number(o.damping); }, [](ExampleOptions& o, const QString& v) { o.damping = real_example(v, 1e6, true); }});
  f.push_back({"tolerance", card_text("Tolerance"), card_text("Relative residual ‖b − (H + λI)s‖ / ‖b‖ at which the conjugate gradient has converged"), {}, card_text("above 0, below 1"),
               [](const ExampleMethodInfo& m) { return m.uses_damping; }, {}, [](const ExampleOptions& o) { return example_number(o.tolerance); }, [](ExampleOptions& o, const QString& v) { o.tolerance = real_example(v, 1, false); }});
  f.push_back({"iterations", card_text("Iterations at most"), card_text("Here the conjugate gradient ends, whatever the residual is then; the panel says when it did not converge"), {}, card_text("1 to 1,000,000"),
               [](const ExampleMethodInfo& m) { return m.uses_damping; }, {}, [](const ExampleOptions& o) { return QString::number(o.iterations); },
               [](ExampleOptions& o, const QString& v) { o.iterations = whole_example(v, 1, 1'000'000, false); }});
  return f;
}

}  // namespace

const std::vector<ExampleField>& example_fields() {
  static const std::vector<ExampleField> fields = make_example_fields();
  return fields;
}

std::string example_protocol(const ExampleOptions& o) {
  std::string out = o.method;
  const ExampleMethodInfo& info = example_method_info(o.method);
  for (const ExampleField& f : example_fields())
    if (f.used(info)) out += fmt::format("|{}={}", f.id, f.read(o).toStdString());
  return out;
}

ExampleCard::ExampleCard(Theme& theme, QWidget* parent) : QFrame(parent, Qt::Popup), theme_(theme) {
  setObjectName(QStringLiteral("panel"));
  setAccessibleName(tr("Options of the method of examples"));
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(12, 10, 12, 10);
  column->setSpacing(8);
  form_ = option_form();
  for (const ExampleField& f : example_fields()) {
    rows_.push_back({add_option_row(theme, this, form_, f.name, f.tip, f.unit, f.range, !f.choices.empty()), &f});
    for (const auto& [value, shown] : f.choices) rows_.back().combo->addItem(shown, value);
  }
  for (Row& r : rows_) r.connect_to(this, [this, row = &r](const QString& value) { take(*row, value); });
  column->addLayout(form_);
  auto* reset = new QPushButton(tr("Reset"), this);
  reset->setObjectName(QStringLiteral("small"));
  reset->setToolTip(tr("The method's own settings"));
  reset->setAccessibleName(tr("Reset the options of the method of examples"));
  column->addWidget(reset, 0, Qt::AlignRight);
  connect(reset, &QPushButton::clicked, this, [this] {
    const std::string before = example_protocol(options_);
    ExampleOptions own;
    own.method = options_.method;
    options_ = own;
    for (Row& r : rows_) r.fault.clear();
    show_options();
    if (example_protocol(options_) != before) Q_EMIT changed();
  });
  connect(&theme, &Theme::changed, this, [this] {
    for (Row& r : rows_) say(r);
  });
  show_options();
}

void ExampleCard::set_method(const std::string& method) {
  if (method == options_.method) return;
  example_method_info(method);  // throws
  options_.method = method;
  for (Row& r : rows_) r.fault.clear();
  show_options();
}

void ExampleCard::show_options() {
  const ExampleMethodInfo& info = example_method_info(options_.method);
  for (Row& r : rows_) {
    form_->setRowVisible(r.box, r.field->used(info));
    const QString value = r.field->read(options_);
    if (r.combo) r.combo->setCurrentIndex(r.combo->findData(value));
    else if (r.fault.isEmpty()) r.edit->setText(value);
    say(r);
  }
}

void ExampleCard::say(Row& r) {
  r.say(theme_);
  if (isVisible()) adjustSize();
}

void ExampleCard::take(Row& r, const QString& value) {
  ExampleOptions next = options_;
  try {
    r.field->write(next, value);
  } catch (const std::invalid_argument& e) {
    r.fault = text(e.what());
    return say(r);
  }
  r.fault.clear();
  const bool same = example_protocol(next) == example_protocol(options_);
  options_ = next;
  show_options();
  if (!same) Q_EMIT changed();
}

void ExampleCard::enter(const std::string& id, const QString& value) {
  for (Row& r : rows_)
    if (id == r.field->id && r.field->used(example_method_info(options_.method))) {
      if (r.edit) r.edit->setText(value);
      return take(r, value);
    }
  throw std::invalid_argument("option '" + id + "': not one of " + options_.method);
}

std::vector<std::string> ExampleCard::shown() const {
  std::vector<std::string> out;
  for (const Row& r : rows_)
    if (r.field->used(example_method_info(options_.method))) out.emplace_back(r.field->id);
  return out;
}

QString ExampleCard::fault(const std::string& id) const {
  for (const Row& r : rows_)
    if (id == r.field->id) return r.fault;
  return {};
}

void ExampleCard::open_under(QWidget* button) {
  adjustSize();
  const QRect room = button->screen() ? button->screen()->availableGeometry() : QRect(0, 0, 1440, 900);
  QPoint at = button->mapToGlobal(QPoint(button->width() - width(), button->height() + 3));
  at.setX(std::clamp(at.x(), room.left() + 4, std::max(room.left() + 4, room.right() - width() - 4)));
  if (at.y() + height() > room.bottom() - 4) at.setY(std::max(room.top() + 4, button->mapToGlobal(QPoint(0, 0)).y() - height() - 3));  // above, where below is no room
  move(at);
  show();
  for (const Row& r : rows_)
    if (r.field->used(example_method_info(options_.method))) return r.editor()->setFocus();
}

}  // namespace telltale::ui
