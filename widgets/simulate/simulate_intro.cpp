#include "widgets/simulate/simulate_intro.hpp"

#include <QCheckBox>
#include <QComboBox>
#include <QFormLayout>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QProgressBar>
#include <QPushButton>
#include <QSpinBox>
#include <QVBoxLayout>
#include <algorithm>

#include "attribution/explain.hpp"
#include "report/html.hpp"
#include "widgets/inspect/annotator.hpp"
#include "widgets/inspect/explain_bar.hpp"

namespace telltale::ui {
namespace {

constexpr int id_role = Qt::UserRole, finished_role = Qt::UserRole + 1;

}  // namespace

SimulateIntro::SimulateIntro(Theme& theme, Session& session, std::int64_t run, const ExplainOptions& explain, QWidget* parent) : QWidget(parent), theme_(theme), session_(session), explain_(explain) {
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(24, 18, 24, 16);
  column->setSpacing(10);
  auto* title = new QLabel(tr("Can you tell what the model answers?"), this);
  title->setFont(theme.font("title", Theme::Weight::semibold));
  auto* what = new QLabel(tr("You read posts one by one and say which class the model will answer: not which is right, half of the posts are ones that it gets wrong, as far as there are such. "
                             "Half of the posts are shown with the model's explanation, half without, in an order drawn by lot. Nothing tells you how you do before the end. "
                             "You can stop at any time; what you answered is kept, and you can go on later."),
                          this);
  what->setWordWrap(true);
  what->setFont(theme.font("table"));
  column->addWidget(title);
  column->addWidget(what);
  auto* form = new QFormLayout;
  form->setHorizontalSpacing(14);
  form->setVerticalSpacing(6);
  form->setLabelAlignment(Qt::AlignLeft);
  const auto add = [&](const QString& name, QWidget* field, const QString& tip) {
    auto* label = new QLabel(name, this);
    label->setBuddy(field);
    label->setFont(theme.font("table"));
    field->setAccessibleName(name);
    field->setToolTip(tip);
    field->setFont(theme.font("table"));
    form->addRow(label, field);
  };
  run_ = new QComboBox(this);
  for (const RunHead& r : session.store().run_heads())
    if (r.status == RunStatus::finished) run_->addItem(ui::text(clean_utf8(r.name.empty() ? "run " + std::to_string(r.id) : r.name)).simplified(), static_cast<qlonglong>(r.id));
  if (const int at = run_->findData(static_cast<qlonglong>(run)); at >= 0) run_->setCurrentIndex(at);
  add(tr("Run"), run_, tr("Whose answers are to be told"));
  method_ = new QComboBox(this);
  for (const MethodInfo& m : methods()) method_->addItem(method_title(m.id), ui::text(m.id));
  if (const int at = method_->findData(ui::text(explain.method)); at >= 0) method_->setCurrentIndex(at);
  add(tr("Explanation"), method_, tr("The method whose scores are painted; output, path and nodes are those chosen in Inspect"));
  split_ = new QComboBox(this);
  add(tr("Posts of"), split_, tr("Split of the run's data set"));
  posts_ = new QSpinBox(this);
  posts_->setObjectName(QStringLiteral("stepped"));
  posts_->setRange(2, 1000);
  posts_->setValue(40);
  posts_->setSuffix(tr(" posts"));
  add(tr("How many"), posts_, tr("Each is shown once. Under 40 or so only a very large difference can be told from chance"));
  seed_ = new QSpinBox(this);
  seed_->setObjectName(QStringLiteral("stepped"));
  seed_->setRange(0, 1'000'000'000);
  add(tr("Seed"), seed_, tr("Draws posts, conditions and order: the same seed gives the same session"));
  name_ = new QLineEdit(annotator_name(), this);
  add(tr("Who answers"), name_, tr("Kept with the session"));
  confidence_ = new QCheckBox(tr("also ask how sure I am, 1 to 5"), this);
  confidence_->setFont(theme.font("table"));
  form->addRow(QString(), confidence_);
  column->addLayout(form);
  message_ = new QLabel(this);
  message_->setWordWrap(true);
  message_->setFont(theme.font("table"));
  message_->hide();
  column->addWidget(message_);
  auto* row = new QHBoxLayout;
  start_ = new QPushButton(tr("Start"), this);
  start_->setObjectName(QStringLiteral("primary"));
  start_->setDefault(true);
  start_->setToolTip(tr("Explains the posts that need it, then shows the first one"));
  cost_ = new QLabel(this);
  cost_->setObjectName(QStringLiteral("quiet"));
  cost_->setFont(theme.font("caption"));
  cost_->setWordWrap(true);
  bar_ = new QProgressBar(this);
  bar_->setTextVisible(false);
  bar_->setMaximumHeight(8);
  bar_->setAccessibleName(tr("Progress"));
  cancel_ = new QPushButton(tr("Cancel"), this);
  cancel_->setToolTip(tr("Stops; explanations that are done are kept"));
  row->addWidget(start_);
  row->addWidget(cancel_);
  row->addWidget(bar_, 1);
  row->addWidget(cost_, 2);
  column->addLayout(row);
  earlier_ = new QLabel(tr("Sessions in this file"), this);
  earlier_->setFont(theme.font("table", Theme::Weight::semibold));
  column->addWidget(earlier_);
  list_ = new QListWidget(this);
  list_->setAccessibleName(tr("Sessions in this file"));
  list_->setToolTip(tr("Enter goes on with a session, or shows its result"));
  list_->setFont(theme.font("table"));
  list_->setMinimumHeight(60);
  column->addWidget(list_, 1);
  go_on_ = new QPushButton(tr("Go on"), this);
  auto* last = new QHBoxLayout;
  last->addWidget(go_on_);
  last->addStretch(1);
  column->addLayout(last);
  connect(run_, &QComboBox::activated, this, &SimulateIntro::read_splits);
  connect(name_, &QLineEdit::textChanged, this, &SimulateIntro::show_state);
  connect(posts_, &QSpinBox::valueChanged, this, &SimulateIntro::show_state);
  connect(start_, &QPushButton::clicked, this, [this] {
    remember_annotator(name_->text().trimmed());
    set_message({});
    Q_EMIT started();
  });
  connect(cancel_, &QPushButton::clicked, this, &SimulateIntro::cancelled);
  connect(list_, &QListWidget::currentItemChanged, this, &SimulateIntro::show_state);
  const auto take = [this] {
    if (const QListWidgetItem* i = list_->currentItem(); i && !busy_) Q_EMIT chosen(i->data(id_role).toLongLong());
  };
  connect(go_on_, &QPushButton::clicked, this, take);
  connect(list_, &QListWidget::itemActivated, this, take);
  read_splits();
  set_sessions({});
  show_state();
}

void SimulateIntro::read_splits() {
  const QString before = split_->currentText().isEmpty() ? QStringLiteral("test") : split_->currentText();
  split_->clear();
  if (run_->currentData().isValid()) {
    try {
      const RunRecord run = session_.store().run(run_->currentData().toLongLong());
      std::vector<std::string> splits;
      for (const auto& c : session_.store().class_counts(run.dataset))
        if (std::find(splits.begin(), splits.end(), c.split) == splits.end()) splits.push_back(c.split);
      for (const auto& s : splits) split_->addItem(ui::text(clean_utf8(s)));
    } catch (const std::exception& e) {
      set_message(QString::fromUtf8(e.what()));
    }
  }
  split_->setCurrentIndex(std::max(0, split_->findText(before)));
  show_state();
}

SimulationOptions SimulateIntro::options() const {
  SimulationOptions o;
  o.run = run_->currentData().toLongLong();
  o.explain = explain_;
  o.explain.method = method_->currentData().toString().toStdString();
  o.split = split_->currentText().toStdString();
  o.posts = posts_->value();
  o.seed = static_cast<std::uint64_t>(seed_->value());
  o.confidence = confidence_->isChecked();
  o.participant = name_->text().trimmed().toStdString();
  return o;
}

void SimulateIntro::set_sessions(const std::vector<SimulationRecord>& sessions) {
  list_->clear();
  for (auto s = sessions.rbegin(); s != sessions.rend(); ++s) {  // the newest first
    const QString method = s->protocol.is_object() ? method_title(s->protocol.value("method", "")) : QString();
    const QString state = s->finished() ? tr("finished, %1 posts").arg(s->items.size()) : !s->run ? tr("%1 of %2 answered, its run was removed").arg(s->answered()).arg(s->items.size()) : tr("%1 of %2 answered").arg(s->answered()).arg(s->items.size());
    auto* item = new QListWidgetItem(tr("%1 · %2 · %3 · %4").arg(s->id).arg(ui::text(clean_utf8(s->participant)), method, state), list_);
    item->setSizeHint(QSize(0, theme_.spacing("row")));
    item->setData(id_role, static_cast<qlonglong>(s->id));
    item->setData(finished_role, s->finished() || !s->run);
    item->setToolTip(ui::text(s->created));
  }
  if (list_->count() > 0) list_->setCurrentRow(0);
  earlier_->setVisible(list_->count() > 0);
  list_->setVisible(list_->count() > 0);
  go_on_->setVisible(list_->count() > 0);
  show_state();
}

void SimulateIntro::set_busy(bool busy, double done, double total, const QString& what) {
  busy_ = busy;
  bar_->setRange(0, total > 0 ? 1000 : 0);
  if (total > 0) bar_->setValue(static_cast<int>(1000 * std::clamp(done / total, 0.0, 1.0)));
  show_state();
  if (busy) cost_->setText(what);
}

void SimulateIntro::set_message(const QString& message) {
  message_->setText(message);
  message_->setVisible(!message.isEmpty());
  QPalette p = message_->palette();
  p.setColor(QPalette::WindowText, theme_["error"]);
  message_->setPalette(p);
}

void SimulateIntro::show_state() {
  const QString name_error = annotator_error(name_->text().trimmed());
  const bool can = run_->count() > 0 && split_->count() > 0 && name_error.isEmpty() && !session_.read_only();
  for (QWidget* w : std::initializer_list<QWidget*>{run_, method_, split_, posts_, seed_, name_, confidence_, list_}) w->setEnabled(!busy_);
  start_->setVisible(!busy_);
  start_->setEnabled(can);
  cancel_->setVisible(busy_);
  bar_->setVisible(busy_);
  if (!busy_)
    cost_->setText(session_.read_only() ? tr("This file can only be read: no answer could be kept.")
                   : run_->count() == 0 ? tr("There is no finished run yet: finish one in Runs.")
                   : !name_error.isEmpty() ? name_error
                                           : tr("About %1 posts are explained first; what the file holds already is taken from it.").arg((posts_->value() + 1) / 2));
  const QListWidgetItem* item = list_->currentItem();
  go_on_->setEnabled(item && !busy_ && (item->data(finished_role).toBool() || !session_.read_only()));
  go_on_->setText(item && item->data(finished_role).toBool() ? tr("Show the result") : tr("Go on"));
  go_on_->setToolTip(item ? item->text() : QString());
}

}  // namespace telltale::ui
