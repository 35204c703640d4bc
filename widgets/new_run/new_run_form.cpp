// How the form is put together; what it does stands in new_run_view.cpp.
#include <QCheckBox>
#include <QGridLayout>
#include <QLabel>
#include <QPushButton>
#include <QScrollArea>
#include <QShortcut>
#include <QStackedWidget>
#include <QToolButton>

#include "widgets/icons.hpp"
#include "widgets/new_run/formula_view.hpp"
#include "widgets/new_run/machine_row.hpp"
#include "widgets/new_run/new_run_view.hpp"
#include "widgets/new_run/preset_cards.hpp"
#include "widgets/new_run/setting_field.hpp"
#include "widgets/new_run/side_panels.hpp"

namespace telltale::ui {
namespace {

constexpr int editor_width = 128, choice_width = 180, side_width = 332, beside = 900, two_columns = 640;

ElidedLabel* caption(Theme& theme, QWidget* parent) {
  auto* l = new ElidedLabel(theme, parent);
  l->set_style(theme.font("caption"), "text3");
  l->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
  return l;
}

}  // namespace

NewRunView::NewRunView(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
  setAcceptDrops(true);
  setAccessibleName(tr("New run"));
  pages_ = new QStackedWidget(this);
  auto* all = new QVBoxLayout(this);
  all->setContentsMargins(0, 0, 0, 0);
  all->addWidget(pages_);
  pages_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Ignored);  // what is too wide moves below or scrolls
  setMinimumSize(460, 300);

  auto* empty = new QWidget;
  auto* box = new QVBoxLayout(empty);
  empty_text_ = new EmptyNote(theme, {}, empty);
  empty_button_ = new QPushButton(tr("Import posts …"), empty);
  empty_button_->setObjectName(QStringLiteral("primary"));
  connect(empty_button_, &QPushButton::clicked, this, &NewRunView::import_wanted);
  box->addStretch(1);
  box->addWidget(empty_text_);
  box->addWidget(empty_button_, 0, Qt::AlignHCenter);
  box->addStretch(1);
  pages_->addWidget(empty);

  auto* page = new QWidget;
  outer_ = new QHBoxLayout(page);
  outer_->setContentsMargins(0, 0, 0, 0);
  outer_->setSpacing(theme.spacing("panelGap"));
  side_ = new QWidget;
  auto* side = new QVBoxLayout(side_);
  side->setContentsMargins(0, 0, 0, 0);
  side->setSpacing(theme.spacing("panelGap"));
  cost_ = new CostPanel(theme, side_);
  help_ = new HelpPanel(theme, side_);
  command_ = new CommandPanel(theme, side_);
  side->addWidget(cost_);
  side->addWidget(help_, 1);
  side->addWidget(command_);
  outer_->addWidget(make_form(), 1);
  side_scroll_ = new QScrollArea(page);
  side_scroll_->setWidgetResizable(true);
  side_scroll_->setFrameShape(QFrame::NoFrame);
  side_scroll_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  side_scroll_->setFixedWidth(side_width);
  outer_->addWidget(side_scroll_);
  pages_->addWidget(page);

  auto* queue_now = new QShortcut(QKeySequence(Qt::CTRL | Qt::Key_Return), this);
  queue_now->setContext(Qt::WidgetWithChildrenShortcut);
  auto* enter = new QShortcut(QKeySequence(Qt::CTRL | Qt::Key_Enter), this);
  enter->setContext(Qt::WidgetWithChildrenShortcut);
  for (QShortcut* s : {queue_now, enter}) connect(s, &QShortcut::activated, this, &NewRunView::queue);

  pause_.setSingleShot(true);
  pause_.setInterval(1500);
  connect(&pause_, &QTimer::timeout, this, [this] {
    ask_scale();
    ask_shares();
    if (session_ && isVisible() && !session_->training().running() && first_wrong() == nullptr && cost_measured_ != cost_key()) {
      measure_cost();
      cost_unasked_ = true;
    }
  });
  runs_pause_.setSingleShot(true);
  runs_pause_.setInterval(400);
  connect(&runs_pause_, &QTimer::timeout, this, &NewRunView::read_runs);
  connect(cost_, &CostPanel::measure_wanted, this, &NewRunView::measure_cost);
  connect(cost_, &CostPanel::cancel_wanted, this, [this] {
    if (session_ && cost_job_) session_->work().cancel(cost_job_);
    cost_job_ = 0;
    cost_->set_unknown({});
  });
  set_session(nullptr);
}

NewRunView::~NewRunView() {
  hide();  // a field that has the focus gives its value while there is a draft to take it
}

Panel* NewRunView::make_group(const QString& title, const QString& subtitle) {
  auto* group = new Panel(theme_, title, content_);
  group->set_caption(subtitle);
  auto* grid = new QGridLayout;
  grid->setContentsMargins(4, 8, 10, 8);
  grid->setHorizontalSpacing(6);
  grid->setVerticalSpacing(3);
  grid->setColumnMinimumWidth(1, 84);
  grid->setColumnStretch(3, 1);
  group->body()->addLayout(grid);
  group->body()->addStretch(1);
  group->setProperty("grid", QVariant::fromValue(static_cast<QObject*>(grid)));
  return group;
}

namespace {
QGridLayout* grid_of(Panel* group) { return static_cast<QGridLayout*>(group->property("grid").value<QObject*>()); }
}  // namespace

void NewRunView::add_row(Panel* group, SettingField* field) {
  QGridLayout* grid = grid_of(group);
  const int row = grid->rowCount();
  field->label()->setMinimumWidth(0);
  grid->addWidget(field->dot(), row, 0);
  grid->addWidget(field->label(), row, 1);
  if (field->info().type == SettingType::choice) {  // long names, no note
    field->editor()->setMaximumWidth(choice_width);
    grid->addWidget(field->editor(), row, 2, 1, 2);
    field->note()->hide();
  } else {
    field->editor()->setFixedWidth(editor_width);
    grid->addWidget(field->editor(), row, 2);
    grid->addWidget(field->note(), row, 3);
  }
  connect_field(field);
}

void NewRunView::add_row(Panel* group, const QString& name, QWidget* editor, QWidget* more, ElidedLabel* note) {
  QGridLayout* grid = grid_of(group);
  const int row = grid->rowCount();
  auto* label = new QLabel(name, group);
  label->setObjectName(QStringLiteral("quiet"));
  label->setBuddy(editor);
  grid->addWidget(label, row, 1);
  if (more) {  // a long field over the whole row, its note below
    auto* line = new QHBoxLayout;
    line->setSpacing(4);
    line->addWidget(editor, 1);
    line->addWidget(more);
    grid->addLayout(line, row, 2, 1, 2);
    if (note) grid->addWidget(note, row + 1, 2, 1, 2);
  } else {
    grid->addWidget(editor, row, 2, 1, note ? 1 : 2);
    if (note) editor->setFixedWidth(editor_width), grid->addWidget(note, row, 3);
  }
  editor->setAccessibleName(name);
  editor->installEventFilter(this);
}

void NewRunView::connect_field(SettingField* field) {
  const std::string id = field->info().id;
  fields_[id] = field;
  connect(field, &SettingField::edited, this, [this, id](const QString& value) {
    if (draft_.shown(id) == value) return;
    draft_.set(id, read_value(value));
    edited();
  });
  connect(field, &SettingField::reset_wanted, this, [this, id] {
    draft_.reset(id);
    fields_.at(id)->show_value(draft_.shown(id));
    edited();
    fields_.at(id)->editor()->setFocus();
  });
  connect(field, &SettingField::focused, this, [this, id] {
    focused_ = text(id);
    const SettingInfo& info = setting_info(id);
    formula_->light(text(info.term));
    const auto scale = scales_.find(text(model_folder()));
    help_->show_setting(info, draft_.preset_value(id), draft_.fitting().objective, scale != scales_.end() ? std::optional(scale->second) : std::nullopt);
    scroll_->ensureWidgetVisible(fields_.at(id)->editor(), 20, 40);
    ask_shares();
  });
}

QWidget* NewRunView::make_form() {
  form_ = new Panel(theme_, tr("New run"));
  differs_ = caption(theme_, form_);
  differs_->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
  reset_ = new QToolButton(form_);
  reset_->setText(tr("Reset"));
  reset_->setAccessibleName(tr("Reset to the preset"));
  reset_->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
  reset_->setIcon(icon(theme_, "undo"));
  reset_->setToolTip(tr("Set everything back to the preset"));
  auto* close = new QToolButton(form_);
  close->setIcon(icon(theme_, "x"));
  close->setAccessibleName(tr("Close"));
  close->setToolTip(tr("Close (Esc)"));
  form_->add_tool(differs_);
  form_->add_tool(reset_);
  form_->add_tool(close);
  connect(close, &QToolButton::clicked, this, &NewRunView::closed);
  connect(reset_, &QToolButton::clicked, this, [this] {
    draft_.reset_all();
    refresh_fields();
    edited();
  });

  scroll_ = new QScrollArea(form_);
  scroll_->setWidgetResizable(true);
  scroll_->setFrameShape(QFrame::NoFrame);
  scroll_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  content_ = new QWidget;
  content_box_ = new QVBoxLayout(content_);
  content_box_->setContentsMargins(12, 10, 12, 10);
  content_box_->setSpacing(8);
  cards_ = new PresetCards(theme_, content_);
  connect(cards_, &PresetCards::chosen, this, &NewRunView::choose_preset);
  connect(cards_, &PresetCards::copy_wanted, this, &NewRunView::choose_copy);
  purpose_ = new ElidedLabel(theme_, content_);
  purpose_->set_style(theme_.font("table"), "text2");
  purpose_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
  auto* frame = new QFrame(content_);
  frame->setObjectName(QStringLiteral("panel"));
  auto* frame_box = new QVBoxLayout(frame);
  frame_box->setContentsMargins(0, 0, 0, 0);
  formula_ = new FormulaView(theme_, frame);
  frame_box->addWidget(formula_);
  for (SettingField* f : formula_->fields()) connect_field(f);
  content_box_->addWidget(cards_);
  content_box_->addWidget(purpose_);
  content_box_->addWidget(frame);

  Panel* source = make_group(tr("Data and model"), {});
  data_ = new QuietCombo(source);
  data_->setObjectName(QStringLiteral("data"));
  data_note_ = caption(theme_, source);
  data_->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
  auto* data_end = new QWidget(source);
  data_end->setFixedWidth(0);
  add_row(source, tr("Data"), data_, data_end, data_note_);
  model_ = new QuietCombo(source);
  model_->setEditable(true);
  model_->setLineEdit(new PathEdit(model_));
  model_->setInsertPolicy(QComboBox::NoInsert);
  model_->setObjectName(QStringLiteral("model"));
  model_->setMinimumWidth(editor_width);
  model_->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
  model_->lineEdit()->setPlaceholderText(tr("Hugging Face folder"));
  model_->setToolTip(tr("Folder with config.json, vocabulary and weights of a BERT model; drop one anywhere on this form"));
  model_->lineEdit()->installEventFilter(this);
  browse_ = new QToolButton(source);
  browse_->setIcon(icon(theme_, "folder"));
  browse_->setAccessibleName(tr("Choose a model folder"));
  browse_->setToolTip(tr("Choose a folder"));
  model_line_ = caption(theme_, source);
  add_row(source, tr("Model"), model_, browse_, model_line_);
  start_ = new QuietCombo(source);
  start_->setObjectName(QStringLiteral("start"));
  start_->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
  start_->setToolTip(tr("A warm start goes on from the final weights of a finished run; its control is trained beside it"));
  from_note_ = caption(theme_, source);
  auto* stretch = new QWidget(source);
  stretch->setFixedWidth(0);
  add_row(source, tr("Start from"), start_, stretch, from_note_);
  name_ = new UnitEdit(theme_, source);
  name_->setMaxLength(200);
  name_->setObjectName(QStringLiteral("name"));
  name_->setToolTip(tr("Name of the runs in the list"));
  name_note_ = nullptr;
  add_row(source, tr("Name"), name_, nullptr, nullptr);
  connect(data_, &QComboBox::activated, this, [this] { edited(); });
  connect(model_, &QComboBox::editTextChanged, this, [this] {
    refresh_model();
    edited();
  });
  connect(start_, &QComboBox::activated, this, [this] { start_from(start_->currentData().toLongLong()); });
  connect(name_, &QLineEdit::textEdited, this, [this] { edited(); });
  connect(browse_, &QToolButton::clicked, this, &NewRunView::browse);

  Panel* training = make_group(tr("Training"), {});
  Panel* record = make_group(tr("Validation and records"), {});
  Panel* terms = make_group(tr("Terms of the loss"), tr("what the weights above stand for"));
  Panel* attribution = make_group(tr("Attribution in the loss"), {});
  Panel* perturbation = make_group(tr("Perturbation"), {});
  for (const SettingInfo& s : settings_table()) {
    if (s.id == "seed" || fields_.contains(s.id)) continue;
    Panel* group = s.group == "data" ? source : s.group == "optimiser" ? training : s.group == "record" ? record : s.group == "attribution" ? attribution : s.group == "perturbation" ? perturbation : terms;
    add_row(group, new SettingField(theme_, s, group));
  }
  columns_ = {{source, training}, {perturbation, attribution, terms, record}};
  groups_grid_ = new QGridLayout;
  groups_grid_->setSpacing(8);
  content_box_->addLayout(groups_grid_);
  machine_ = new MachineRow(theme_, content_);
  for (QWidget* w : machine_->editors()) w->installEventFilter(this);
  connect(machine_, &MachineRow::edited, this, [this] { edited(); });
  content_box_->addWidget(machine_);
  content_box_->addStretch(1);
  scroll_->setWidget(content_);
  content_->setAutoFillBackground(false);
  scroll_->viewport()->setAutoFillBackground(false);
  form_->body()->addWidget(scroll_, 1);
  form_->add_hairline();
  form_->body()->addWidget(make_bar());
  return form_;
}

QWidget* NewRunView::make_bar() {
  auto* bar = new QWidget(form_);
  auto* lines = new QVBoxLayout(bar);
  lines->setContentsMargins(12, 6, 12, 8);
  lines->setSpacing(4);
  message_ = caption(theme_, bar);
  lines->addWidget(message_);
  auto* line = new QHBoxLayout;
  line->setSpacing(8);
  auto* label = new QLabel(tr("Seeds"), bar);
  label->setObjectName(QStringLiteral("quiet"));
  seeds_ = new UnitEdit(theme_, bar);
  seeds_->setObjectName(QStringLiteral("seeds"));
  seeds_->setText(QStringLiteral("0"));
  seeds_->setFixedWidth(140);
  seeds_->setAccessibleName(tr("Seeds"));
  seeds_->setToolTip(tr("One run for each: 13, 29, 47 or 1–5. Runs of one seed see the same batches."));
  label->setBuddy(seeds_);
  more_seeds_ = new QToolButton(bar);
  more_seeds_->setIcon(icon(theme_, "plus"));
  more_seeds_->setAccessibleName(tr("One more seed"));
  more_seeds_->setToolTip(tr("One more seed: differences between methods are as large as those between seeds"));
  seed_note_ = caption(theme_, bar);
  seed_note_->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
  companion_ = new QCheckBox(tr("Paired with a baseline"), bar);
  companion_->setObjectName(QStringLiteral("companion"));
  queue_ = new QPushButton(bar);
  queue_->setObjectName(QStringLiteral("primary"));
  queue_->setToolTip(tr("Ctrl+Enter"));
  line->addWidget(label);
  line->addWidget(seeds_);
  line->addWidget(more_seeds_);
  line->addWidget(companion_);
  line->addStretch(1);
  line->addWidget(seed_note_);
  line->addWidget(queue_);
  lines->addLayout(line);
  connect(seeds_, &QLineEdit::textEdited, this, [this] { edited(); });
  connect(more_seeds_, &QToolButton::clicked, this, [this] {
    const auto seeds = read_seeds(seeds_->text());
    if (!seeds) return seeds_->setFocus();
    std::uint64_t next = seeds->back() + 1;
    while (std::find(seeds->begin(), seeds->end(), next) != seeds->end()) ++next;
    seeds_->setText(seeds_->text().trimmed() + QStringLiteral(", %1").arg(next));
    edited();
  });
  connect(companion_, &QCheckBox::clicked, this, [this](bool on) {
    companion_wanted_ = on;
    edited();
  });
  connect(queue_, &QPushButton::clicked, this, &NewRunView::queue);
  return bar;
}

void NewRunView::resizeEvent(QResizeEvent* e) {
  QWidget::resizeEvent(e);
  arrange();
}

/// Side panels beside the form or under it, groups in two columns or in one.
void NewRunView::arrange() {
  const bool wide = width() >= beside;
  const bool two = width() - (wide ? side_width + theme_.spacing("panelGap") : 0) >= two_columns;
  const int now = (wide ? 2 : 0) + (two ? 1 : 0);
  if (now == layout_) return;
  layout_ = now;
  const KeptFonts kept(*this);
  machine_->set_wide(two);
  if (wide) {
    side_->setParent(nullptr);
    side_scroll_->setWidget(side_);
    side_->setAutoFillBackground(false);
    side_scroll_->viewport()->setAutoFillBackground(false);
    side_->show();
  } else if (side_scroll_->widget() == side_ || side_->parent() != content_) {
    if (side_scroll_->widget() == side_) side_scroll_->takeWidget();
    content_box_->insertWidget(content_box_->count() - 1, side_);
    side_->show();
  }
  side_scroll_->setVisible(wide);
  while (QLayoutItem* item = groups_grid_->takeAt(0)) {
    if (QLayout* column = item->layout()) {
      while (QLayoutItem* inner = column->takeAt(0)) delete inner;
    }
    delete item;
  }
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    auto* column = new QVBoxLayout;
    column->setSpacing(8);
    for (QWidget* w : columns_[c]) column->addWidget(w);
    column->addStretch(1);
    groups_grid_->addLayout(column, two ? 0 : static_cast<int>(c), two ? static_cast<int>(c) : 0);
    groups_grid_->setColumnStretch(static_cast<int>(c), two || c == 0 ? 1 : 0);
  }
}

}  // namespace telltale::ui
