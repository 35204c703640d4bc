#include "widgets/new_run/new_run_view.hpp"

#include <QCheckBox>
#include <QDragEnterEvent>
#include <QFileDialog>
#include <QKeyEvent>
#include <QLabel>
#include <QMenu>
#include <QMimeData>
#include <QPushButton>
#include <QScrollArea>
#include <QSettings>
#include <QStackedWidget>
#include <QToolButton>
#include <algorithm>

#include "model/config.hpp"
#include "widgets/new_run/formula_view.hpp"
#include "widgets/new_run/machine_row.hpp"
#include "widgets/new_run/preset_cards.hpp"
#include "widgets/new_run/setting_field.hpp"
#include "widgets/new_run/side_panels.hpp"
#include "widgets/shell/words.hpp"

namespace telltale::ui {
namespace {

namespace fs = std::filesystem;
constexpr int most_recent = 8;
const QString recent_key = QStringLiteral("newRun/models");

QString thousands(std::int64_t n) {
  QString s = QString::number(n);
  for (auto at = s.size() - 3; at > 0; at -= 3) s.insert(at, QLatin1Char(','));
  return s;
}

}  // namespace

void NewRunView::set_session(Session* session) {
  if (session_) {
    for (const auto job : {cost_job_, scale_job_, runs_job_, shares_job_})
      if (job) session_->work().cancel(job);
    session_->disconnect(this);
    session_->training().disconnect(this);
  }
  pause_.stop();
  runs_pause_.stop();
  cost_job_ = scale_job_ = runs_job_ = shares_job_ = 0;
  shares_of_.clear();
  session_ = session;
  runs_.clear();
  datasets_.clear();
  from_.reset();
  cost_measured_.clear();
  scale_asked_.clear();
  cost_->set_unknown({});
  if (session) {
    connect(session, &Session::data_changed, this, &NewRunView::read_session);
    connect(session, &Session::runs_changed, this, [this] {
      if (isVisible() && !runs_pause_.isActive()) runs_pause_.start();
    });
    connect(&session->training(), &TrainingQueue::changed, this, [this] {
      if (isVisible()) refresh_bar();
    });
  }
  read_session();
}

void NewRunView::showEvent(QShowEvent* e) {
  QWidget::showEvent(e);
  if (!e->spontaneous()) say({}, "text3");  // what was queued the last time
  if (session_) machine_->set_usual(session_->training().compute());
  read_runs();
  ask_unasked();
}

/// What nobody asked for is not measured while another view is on screen.
void NewRunView::hideEvent(QHideEvent* e) {
  QWidget::hideEvent(e);
  pause_.stop();
  if (e->spontaneous() || !session_ || !cost_job_ || !cost_unasked_) return;
  session_->work().cancel(cost_job_);
  cost_job_ = 0;
  cost_->set_unknown({});
}

void NewRunView::keyPressEvent(QKeyEvent* e) {
  if (e->key() != Qt::Key_Escape || !escape()) QWidget::keyPressEvent(e);
}

bool NewRunView::escape() {
  Q_EMIT closed();
  return true;
}

void NewRunView::read_session() {
  const qint64 chosen = data_->currentData().toLongLong();
  datasets_.clear();
  data_->clear();
  if (session_) {
    try {
      datasets_ = session_->store().datasets();
    } catch (const std::exception& e) {
      Q_EMIT failed(tr("The data sets cannot be read: %1").arg(first_line(e)));
    }
  }
  for (const DatasetInfo& d : datasets_) data_->addItem(one_line(d.name), qint64{d.id});
  if (const int at = data_->findData(chosen); at >= 0) data_->setCurrentIndex(at);
  else data_->setCurrentIndex(data_->count() - 1);
  const bool usable = session_ && !datasets_.empty();
  empty_text_->setText(!session_ ? tr("No file is open. Open or make one, then a run can be started here.") : tr("This file has no posts yet. A run needs posts with classes to learn from."));
  empty_button_->setVisible(session_ != nullptr);
  pages_->setCurrentIndex(usable ? 1 : 0);
  fill_models();
  if (usable) read_runs();
  rebase(true);
}

void NewRunView::read_runs() {
  if (!session_) return;
  if (runs_job_) session_->work().cancel(runs_job_);
  runs_job_ = session_->work().submit(
      this, WorkQueue::Priority::visible, tr("Reading the runs"),
      [this](WorkQueue::Context& c) -> std::function<void()> {
        std::vector<KnownRun> runs;
        for (const RunRecord& r : c.store.runs()) runs.push_back({r.id, r.dataset, one_line(r.name), text(r.model), r.preset, r.status == RunStatus::finished && !r.folder.empty()});
        return [this, runs = std::move(runs)]() mutable { take_runs(std::move(runs)); };
      },
      [this](const QString& message) { Q_EMIT failed(message); });
}

void NewRunView::take_runs(std::vector<KnownRun> runs) {
  runs_job_ = 0;
  runs_ = std::move(runs);
  const QSignalBlocker quiet(start_);
  start_->clear();
  start_->addItem(tr("the model itself"), qint64{0});
  for (auto it = runs_.rbegin(); it != runs_.rend(); ++it)
    if (it->finished) start_->addItem(QStringLiteral("%1 · %2").arg(it->id).arg(elided(it->name, 60)), it->id);
  if (from_ && start_->findData(qint64{*from_}) < 0) from_.reset(), rebase(true);
  start_->setCurrentIndex(std::max(0, start_->findData(qint64{from_.value_or(0)})));
  cards_->copy_card()->setEnabled(!runs_.empty());
  fill_models();
  refresh();
  ask_unasked();
}

const NewRunView::KnownRun* NewRunView::known(qint64 run) const {
  const auto it = std::find_if(runs_.begin(), runs_.end(), [&](const KnownRun& r) { return r.id == run; });
  return it == runs_.end() ? nullptr : &*it;
}

/// Folders used before, on this machine and in this file.
void NewRunView::fill_models() {
  const QString now = model_->currentText();
  QStringList folders = QSettings().value(recent_key).toStringList();
  for (auto it = runs_.rbegin(); it != runs_.rend(); ++it)
    if (!folders.contains(it->model)) folders << it->model;
  const QSignalBlocker quiet(model_);
  model_->clear();
  for (const QString& f : folders)
    if (model_->count() < most_recent && QFileInfo(f + QStringLiteral("/config.json")).isFile()) {
      model_->addItem(f);
      model_->setItemData(model_->count() - 1, plain_tip(f), Qt::ToolTipRole);
    }
  if (now.isEmpty() && model_->count() > 0) model_->setCurrentIndex(0);
  else model_->setEditText(now);
  refresh_model();
}

void NewRunView::set_model(const QString& folder) {
  if (from_) start_from(0);
  model_->setEditText(QDir::toNativeSeparators(QDir::cleanPath(folder)));
  refresh_model();
  edited();
}

void NewRunView::set_data(qint64 dataset) {
  if (const int at = data_->findData(dataset); at >= 0) data_->setCurrentIndex(at);
  edited();
}

void NewRunView::choose_preset(const QString& id) {
  const std::string preset = id.toStdString();
  const PresetInfo& info = preset_info(preset);
  // What is meant to go on from a baseline does so when there is one on these posts.
  if (info.warm_started && !from_) {
    const qint64 data = data_->currentData().toLongLong();
    for (auto it = runs_.rbegin(); it != runs_.rend() && !from_; ++it)
      if (it->finished && it->preset == "baseline" && it->dataset == data) from_ = it->id, companion_wanted_ = true;
  } else if (!info.warm_started && from_ && preset != draft_.preset() && preset_info(draft_.preset()).warm_started) {
    from_.reset();
  }
  draft_.change_preset(preset, preset_settings(preset));
  rebase(true);
}

void NewRunView::show_setting(const std::string& id) {
  const auto field = fields_.find(id);
  QWidget* editor = field != fields_.end() ? field->second->editor() : id == "seed" ? seeds_ : nullptr;
  if (!editor) return;
  editor->setFocus(Qt::OtherFocusReason);
  // Shown a moment ago, the form is not laid out yet.
  QTimer::singleShot(0, editor, [this, editor] {
    if (content_->isAncestorOf(editor)) scroll_->ensureWidgetVisible(editor, 20, 40);
  });
}

void NewRunView::start_from(qint64 run) {
  from_ = run > 0 ? std::optional<std::int64_t>(run) : std::nullopt;
  companion_wanted_ = from_.has_value();
  rebase(true);
}

/// The preset's settings, on the model itself or on a run.
void NewRunView::rebase(bool keep_edits) {
  const std::string preset = draft_.preset();
  TrainingSettings base = preset_settings(preset);
  if (session_ && from_) {
    try {
      base = settings_for(session_->store(), preset, from_);
      if (const KnownRun* r = known(*from_); r && data_->findData(r->dataset) >= 0) data_->setCurrentIndex(data_->findData(r->dataset));
    } catch (const std::exception& e) {
      from_.reset();
      say(first_line(e), "error");
    }
  }
  if (keep_edits) {
    RunDraft next;
    next.begin(preset, base);
    for (const std::string& a : draft_.assignments()) next.set(a.substr(0, a.find('=')), a.substr(a.find('=') + 1));
    draft_ = next;
  } else {
    draft_.begin(preset, base);
  }
  {
    const QSignalBlocker quiet(start_);
    start_->setCurrentIndex(std::max(0, start_->findData(qint64{from_.value_or(0)})));
  }
  refresh_model();
  edited();
}

void NewRunView::copy_from(qint64 run) {
  if (!session_) return;
  try {
    const RunRecord r = session_->store().run(run);
    from_.reset();
    TrainingSettings base = preset_settings(r.preset);
    if (r.from) {
      try {
        base = settings_for(session_->store(), r.preset, r.from);
        from_ = r.from;
      } catch (const std::exception&) {
        say(tr("Run %1, from which it started, is gone: this one starts from the model itself.").arg(*r.from), "warn");
      }
    }
    const TrainingSettings settings = settings_from_json(r.settings);
    draft_.copy(r.preset, base, settings);
    if (const int at = data_->findData(qint64{r.dataset}); at >= 0) data_->setCurrentIndex(at);
    model_->setEditText(text(r.model));
    seeds_->setText(QString::number(settings.seed));
    if (from_ && start_->findData(qint64{*from_}) < 0) start_->addItem(QStringLiteral("%1").arg(*from_), qint64{*from_});
    {
      const QSignalBlocker quiet(start_);
      start_->setCurrentIndex(std::max(0, start_->findData(qint64{from_.value_or(0)})));
    }
    companion_wanted_ = r.from.has_value() || r.pair.has_value();
    refresh_model();
    refresh_fields();
    edited();
  } catch (const std::exception& e) {
    Q_EMIT failed(first_line(e));
  }
}

void NewRunView::choose_copy() {
  auto* menu = new QMenu(this);
  menu->setAttribute(Qt::WA_DeleteOnClose);
  int shown = 0;
  for (auto it = runs_.rbegin(); it != runs_.rend() && shown < 20; ++it, ++shown) {
    QString name = elided(it->name, 60);
    menu->addAction(QStringLiteral("%1 · %2").arg(it->id).arg(name.replace(QLatin1Char('&'), QStringLiteral("&&"))), this, [this, id = it->id] { copy_from(id); });
  }
  menu->popup(cards_->copy_card()->mapToGlobal(QPoint(0, cards_->copy_card()->height())));
}

void NewRunView::browse() {
  auto* dialog = new QFileDialog(this, tr("Model folder"), model_->currentText());
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->setFileMode(QFileDialog::Directory);
  dialog->setOption(QFileDialog::ShowDirsOnly);
  connect(dialog, &QFileDialog::fileSelected, this, &NewRunView::set_model);
  dialog->open();
}

void NewRunView::dragEnterEvent(QDragEnterEvent* e) {
  for (const QUrl& u : e->mimeData()->urls())
    if (u.isLocalFile() && QFileInfo(u.toLocalFile() + QStringLiteral("/config.json")).isFile()) return e->acceptProposedAction();
}

void NewRunView::dropEvent(QDropEvent* e) {
  for (const QUrl& u : e->mimeData()->urls())
    if (u.isLocalFile() && QFileInfo(u.toLocalFile()).isDir()) {
      set_model(u.toLocalFile());
      return e->acceptProposedAction();
    }
}

bool NewRunView::eventFilter(QObject* watched, QEvent* event) {
  if (event->type() == QEvent::FocusIn && watched->isWidgetType()) {
    auto* w = static_cast<QWidget*>(watched);
    focused_.clear();
    formula_->light({});
    const QString tip = w->toolTip();
    help_->show_text(w->accessibleName().isEmpty() ? tr("Model") : w->accessibleName(), tip.isEmpty() ? tr("The posts that the run learns from; their classes become those of the model.") : tip);
  }
  return QWidget::eventFilter(watched, event);
}

std::string NewRunView::model_folder() const {
  if (!from_) return model_->currentText().trimmed().toStdString();
  return session_ ? (session_->store().folder() / ("run-" + std::to_string(*from_))).string() : std::string();
}

RunPlan NewRunView::plan() const {
  RunPlan p;
  p.dataset = data_->currentData().toLongLong();
  const auto d = std::find_if(datasets_.begin(), datasets_.end(), [&](const DatasetInfo& x) { return x.id == p.dataset; });
  if (d != datasets_.end()) p.dataset_name = d->name;
  p.model = model_->currentText().trimmed().toStdString();
  p.name = name_->text().trimmed().toStdString();
  p.from = from_;
  p.seeds = read_seeds(seeds_->text()).value_or(std::vector<std::uint64_t>{});
  p.paired = p.control = companion_wanted_;
  p.compute = machine_->chosen();
  p.own_compute = machine_->differs();
  return p;
}

void NewRunView::edited() {
  say({}, "text3");
  if (focused_.startsWith(QStringLiteral("epsilon"))) shares_of_.clear(), help_->set_shares({});  // of another radius
  refresh();
  if (session_ && isVisible() && pages_->currentIndex() == 1) pause_.start();
}

void NewRunView::refresh() {
  cards_->choose(draft_.preset(), draft_.differing());
  purpose_->set_text(text(preset_info(draft_.preset()).purpose));
  const TrainingSettings now = draft_.fitting();
  formula_->show_settings(now);
  refresh_fields();
  const int differing = draft_.differing();
  differs_->set_text(differing == 0 ? tr("as the preset") : QStringLiteral("● ") + (differing == 1 ? tr("one setting differs from the preset") : tr("%1 settings differ from the preset").arg(differing)));
  reset_->setEnabled(differing > 0 || !draft_.errors().empty());
  const qint64 data = data_->currentData().toLongLong();
  data_note_->set_text({});
  for (const DatasetInfo& d : datasets_)
    if (d.id == data) data_note_->set_text(tr("%1 posts, %2 classes").arg(thousands(d.documents)).arg(d.classes.size()));
  const PresetInfo& preset = preset_info(draft_.preset());
  from_note_->set_style(theme_.font("caption"), preset.warm_started && !from_ ? "warn" : "text3");
  from_note_->set_text(from_ ? tr("its weights, batches and seed rule; half its learning rate") : preset.warm_started ? tr("meant to go on from a finished baseline run") : QString());
  from_note_->setVisible(!from_note_->label().isEmpty());
  model_->setEnabled(!from_);
  browse_->setEnabled(!from_);
  name_->setPlaceholderText(QStringLiteral("%1 · seed …").arg(text(draft_.preset())));
  const RunPlan p = plan();
  if (session_) command_->set_commands(p.seeds.empty() ? QStringList() : p.command_lines(QString::fromStdString(session_->store().file().string()), draft_));
  if (cost_measured_ != cost_key()) cost_->set_stale(true);
  refresh_bar();
}

void NewRunView::refresh_fields() {
  for (const auto& [id, field] : fields_) {
    bool warn = false;
    field->show_value(draft_.shown(id));
    const QString error = extra_error(id), note = note_of(field->info(), warn);
    field->show_state(draft_.differs(id), draft_.preset_value(id), error, note, warn);
  }
  if (!focused_.isEmpty()) {
    const auto scale = scales_.find(text(model_folder()));
    help_->show_setting(setting_info(focused_.toStdString()), draft_.preset_value(focused_.toStdString()), draft_.fitting().objective, scale != scales_.end() ? std::optional(scale->second) : std::nullopt);
  }
}

QString NewRunView::extra_error(const std::string& id) const {
  if (const QString own = draft_.error(id); !own.isEmpty()) return own;
  if (id == "rival") {
    const std::string rival = draft_.fitting().objective.rival;
    if (rival == "auto") return {};
    for (const DatasetInfo& d : datasets_)
      if (d.id == data_->currentData().toLongLong() && std::find(d.classes.begin(), d.classes.end(), rival) == d.classes.end()) return tr("no class of these posts");
  }
  if (id == "max_length" && positions_ > 0 && draft_.differs(id) && draft_.fitting().max_length > positions_) return tr("the model takes at most %1").arg(positions_);
  return {};
}

QString NewRunView::note_of(const SettingInfo& info, bool& warn) const {
  const TrainingSettings s = draft_.fitting();
  if (info.id == "epsilon" || info.id == "epsilon2") {
    const auto it = scales_.find(text(model_folder()));
    const double units = info.id == "epsilon" ? s.objective.epsilon : s.objective.epsilon2;
    if (it == scales_.end()) return model_error_.isEmpty() ? tr("not measured yet") : QString();
    const double absolute = units * it->second.unit, norms = absolute / it->second.mean_norm;
    warn = norms > 2 && s.objective.needs_perturbation();
    const QString both = tr("= %1 · %2 norms").arg(absolute, 0, 'f', 2).arg(norms, 0, 'f', 1);
    return warn ? tr("%1 norms: hardly text").arg(norms, 0, 'f', 1) : both;
  }
  if (info.id == "margin" && s.objective.margin >= 2 && (s.objective.weight_attribution > 0 || s.objective.weight_cls > 0)) {
    warn = true;
    return tr("at 2 the hinge never closes");
  }
  if (info.id == "accumulate") return tr("%1 posts a step").arg(s.batch * s.accumulate);
  if (info.id == "learning_rate") return tr("then linear to 0");
  if (info.id == "max_length" && positions_ > 0) {
    warn = s.max_length > positions_;
    return warn ? tr("cut to %1, its limit").arg(positions_) : tr("at most %1").arg(positions_);
  }
  if (info.id == "clip") return tr("0 = not cut");
  if (info.group == "record" && info.unit == "steps") return info.id == "film_steps" || info.id == "probe_steps" || info.id == "share_steps" ? tr("0 = never") : tr("0 = each epoch");
  if (info.id == "rival") return tr("auto, or a class");
  if (info.id == "validation_split") return tr("auto, held-out, name");
  if (info.id.starts_with("dropout.") && info.type == SettingType::number && info.id != "dropout.shared") return tr("0 to 0.9, or “model”");
  if (info.id.starts_with("weight.")) {
    const QString name = text(info.name);
    return name.left(1).toLower() + name.mid(1);
  }
  return SettingField::range_note(info);
}

/// Reads config.json, a small file, when the folder's name changes.
void NewRunView::refresh_model() {
  const QString folder = text(model_folder());
  if (folder != model_checked_ || folder.isEmpty()) {
    model_checked_ = folder;
    model_error_.clear();
    model_note_.clear();
    positions_ = 0;
    if (folder.isEmpty()) {
      model_error_ = tr("Choose the folder of a pretrained model, or drop one here");
    } else {
      try {
        const ModelConfig c = read_model_config(folder.toStdString());
        positions_ = c.max_positions;
        model_note_ = tr("BERT, %1 layers × %2, %3 words").arg(c.layers).arg(c.hidden_size).arg(thousands(c.vocab_size));
      } catch (const std::exception& e) {
        model_error_ = first_line(e);
      }
    }
  }
  model_line_->set_style(theme_.font("caption"), model_error_.isEmpty() ? "text3" : folder.isEmpty() ? "warn" : "error");
  model_line_->set_text(model_error_.isEmpty() ? model_note_ : model_error_);
  model_->setToolTip(plain_tip(folder));
}

QWidget* NewRunView::first_wrong() const {
  if (data_->currentIndex() < 0) return data_;
  if (!model_error_.isEmpty()) return from_ ? static_cast<QWidget*>(start_) : model_;
  if (!read_seeds(seeds_->text())) return seeds_;
  for (const SettingInfo& s : settings_table())
    if (const auto it = fields_.find(s.id); it != fields_.end() && !extra_error(s.id).isEmpty()) return it->second->editor();
  return nullptr;
}

void NewRunView::refresh_bar() {
  const RunPlan p = plan();
  seeds_->set_wrong(p.seeds.empty());
  const bool alone = !draft_.fitting().objective.needs_perturbation() && !draft_.fitting().objective.needs_attribution() && draft_.fitting().dropout_shared == 0;
  companion_->setText(from_ ? tr("With its control") : tr("Paired with a baseline"));
  companion_->setToolTip(alone ? tr("It is its own comparison: the class term alone") : from_ ? tr("The same start, batches and steps with the class term alone") : tr("A baseline of the same seed, batches and schedule"));
  companion_->setEnabled(!alone);
  companion_->setChecked(companion_wanted_ && !alone);
  const int n = p.runs(draft_);
  const bool busy = session_ && (session_->training().running() || !session_->training().waiting().empty());
  queue_->setText(n == 0 ? tr("Queue") : n == 1 ? (busy ? tr("Queue the run") : tr("Start the run")) : busy ? tr("Queue %1 runs").arg(n) : tr("Start %1 runs").arg(n));
  const auto k = p.seeds.size();
  const bool two = p.has_baseline(draft_) || p.has_control(draft_);
  seed_note_->set_style(theme_.font("caption"), k == 0 ? "error" : "text3");
  seed_note_->set_text(k == 0 ? tr("seeds: 13, 29 or 1–5") : k == 1 && !two ? QString() : (k == 1 ? tr("1 seed") : tr("%1 seeds").arg(k)) + (two ? QStringLiteral(" × 2 =") : QStringLiteral(" =")));
  QWidget* wrong = first_wrong();
  const bool writable = session_ && !session_->read_only();
  queue_->setEnabled(writable && !wrong);
  if (session_ && !writable) say(tr("This file is opened for reading only: copy it to a folder where you may write."), "warn");
  else if (!wrong && mending_) {
    say({}, "text3");
  } else if (wrong && (mending_ || message_->label().isEmpty())) {
    QStringList names;
    if (!model_error_.isEmpty()) names << tr("Model");
    for (const SettingInfo& s : settings_table())
      if (const auto it = fields_.find(s.id); it != fields_.end() && !extra_error(s.id).isEmpty()) names << text(s.name);
    if (p.seeds.empty()) names << tr("Seeds");
    if (!names.isEmpty()) say(tr("To be mended first: %1").arg(names.join(QStringLiteral(", "))), "warn");
    mending_ = true;
  }
  message_->setVisible(!message_->label().isEmpty());
}

void NewRunView::say(const QString& message, const char* colour) {
  mending_ = false;
  message_->set_style(theme_.font("caption"), colour);
  message_->set_text(message);
  message_->setVisible(!message.isEmpty());
}

void NewRunView::queue() {
  if (!session_ || pages_->currentIndex() != 1) return;
  if (session_->read_only()) return refresh_bar();
  if (QWidget* wrong = first_wrong()) {
    refresh_bar();
    wrong->setFocus(Qt::OtherFocusReason);
    return;
  }
  std::vector<std::int64_t> ids;
  try {
    ids = plan().queue(session_->store(), draft_);
  } catch (const std::exception& e) {
    say(first_line(e), "error");
    const std::string message = e.what();
    for (const auto& [id, field] : fields_)
      if (message.rfind(id + ":", 0) == 0) {
        field->show_state(draft_.differs(id), draft_.preset_value(id), first_line(e).mid(static_cast<qsizetype>(id.size()) + 2), {}, false);
        field->editor()->setFocus(Qt::OtherFocusReason);
      }
    return;
  }
  if (!from_) {
    QStringList recent = QSettings().value(recent_key).toStringList();
    const QString folder = model_->currentText().trimmed();
    recent.removeAll(folder);
    recent.prepend(folder);
    QSettings().setValue(recent_key, QStringList(recent.mid(0, most_recent)));
  }
  if (cost_job_) session_->work().cancel(cost_job_), cost_job_ = 0, cost_->set_unknown({});
  pause_.stop();
  std::vector<qint64> told(ids.begin(), ids.end());
  const RunPlan queued_plan = plan();
  for (const std::int64_t id : ids) session_->training().enqueue(id, queued_plan.own_compute ? std::optional(queued_plan.compute) : std::nullopt);
  say(ids.size() == 1 ? tr("Queued: run %1").arg(ids.front()) : tr("Queued: runs %1 to %2").arg(ids.front()).arg(ids.back()), "ok");
  Q_EMIT session_->runs_changed();
  Q_EMIT queued(told);
}

}  // namespace telltale::ui
