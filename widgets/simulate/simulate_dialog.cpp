#include "widgets/simulate/simulate_dialog.hpp"

#include <QApplication>
#include <QStackedWidget>
#include <QTimer>
#include <QVBoxLayout>
#include <algorithm>

#include "widgets/inspect/explainer.hpp"
#include "widgets/simulate/simulate_intro.hpp"
#include "widgets/simulate/simulate_post.hpp"
#include "widgets/simulate/simulate_result.hpp"

namespace telltale::ui {

SimulateDialog::SimulateDialog(Theme& theme, Session& session, std::int64_t run, const ExplainOptions& explain, QWidget* parent) : QDialog(parent), theme_(theme), session_(&session), explain_(explain) {
  setWindowTitle(tr("Simulate the model"));
  setMinimumSize(620, 480);
  resize(920, 680);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  stack_ = new QStackedWidget(this);
  column->addWidget(stack_);
  intro_ = new SimulateIntro(theme, session, run, explain, stack_);
  post_ = new SimulatePost(theme, stack_);
  result_ = new SimulateResult(theme, stack_);
  for (QWidget* w : std::initializer_list<QWidget*>{intro_, post_, result_}) stack_->addWidget(w);
  connect(intro_, &SimulateIntro::started, this, &SimulateDialog::plan);
  connect(intro_, &SimulateIntro::cancelled, this, [this] {
    cancel_job();
    intro_->set_busy(false);
    read_sessions();
  });
  connect(intro_, &SimulateIntro::chosen, this, [this](qint64 id) { go_on(id); });
  connect(post_, &SimulatePost::answered, this, &SimulateDialog::answer);
  connect(post_, &SimulatePost::stop_asked, this, &SimulateDialog::stop);
  connect(result_, &SimulateResult::again_asked, this, [this] {
    stack_->setCurrentWidget(intro_);
    read_sessions();
  });
  connect(result_, &SimulateResult::close_asked, this, &QDialog::accept);
  connect(result_, &SimulateResult::failed, this, [this](const QString& m) {
    stack_->setCurrentWidget(intro_);
    intro_->set_message(m);
  });
  connect(&session, &QObject::destroyed, this, [this] { QDialog::reject(); });
  read_sessions();
}

SimulateDialog::~SimulateDialog() { cancel_job(); }

SimulateDialog::Page SimulateDialog::page() const { return static_cast<Page>(stack_->currentIndex()); }

void SimulateDialog::cancel_job() {
  if (session_ && job_) session_->work().cancel(job_);
  if (session_ && reading_) session_->work().cancel(reading_);
  job_ = reading_ = 0;
}

void SimulateDialog::reject() {
  if (page() == Page::post) return stop();
  cancel_job();
  QDialog::reject();
}

void SimulateDialog::read_sessions() {
  if (!session_) return;
  try {
    intro_->set_sessions(simulations(session_->store()));
  } catch (const std::exception& e) {
    intro_->set_message(QString::fromUtf8(e.what()));
  }
}

/// Progress of the job, shown on the first page.
void SimulateDialog::plan() {
  if (!session_ || job_) return;
  const SimulationOptions options = intro_->options();
  intro_->set_busy(true, 0, 0, tr("Reading posts …"));
  QPointer<SimulateDialog> self(this);
  job_ = session_->work().submit(this, WorkQueue::Priority::soon, tr("Planning a simulation"), [this, self, options](WorkQueue::Context& c) -> std::function<void()> {
    const auto model = c.models.of_run(c.store, options.run);
    const auto made = std::make_shared<SimulationRecord>(plan_simulation(c.store, *model, options, c.stop, [&](const Progress& p) {
      c.progress(p);
      // On the window's thread; the dialog may be gone by then.
      QMetaObject::invokeMethod(qApp, [self, p] {
        if (self && self->job_ && self->page() == Page::intro) self->intro_->set_busy(true, p.done, p.total, QString::fromStdString(p.what == "explaining" ? "Explaining posts …" : "Asking the model …"));
      }, Qt::QueuedConnection);
    }));
    return [this, made] {
      job_ = 0;
      intro_->set_busy(false);
      begin(std::move(*made));
    };
  }, [this](const QString& message) {
    job_ = 0;
    intro_->set_busy(false);
    intro_->set_message(message);
  });
}

void SimulateDialog::go_on(std::int64_t id) {
  if (!session_ || job_) return;
  SimulationRecord record;
  try {
    record = simulation(session_->store(), id);
    dataset_ = session_->store().dataset(record.dataset);
  } catch (const std::exception& e) {
    return intro_->set_message(QString::fromUtf8(e.what()));
  }
  if (record.finished() || !record.run || session_->read_only()) {
    record_ = std::move(record);
    return finish();
  }
  // Explanations may have gone since: they are made anew before anything is shown.
  const bool all = std::all_of(record.items.begin(), record.items.end(), [&](const SimulationItem& i) { return i.answer || !i.explained || simulation_explanation(session_->store(), record, i); });
  if (all) return begin(std::move(record));
  intro_->set_busy(true, 0, 0, tr("Explaining posts …"));
  job_ = session_->work().submit(this, WorkQueue::Priority::soon, tr("Explaining posts of a simulation"), [this, record](WorkQueue::Context& c) -> std::function<void()> {
    const auto model = c.models.of_run(c.store, *record.run);
    if (model->fingerprint() != record.fingerprint) throw std::runtime_error("the run has other weights than when this session was planned: start another one");
    explain_simulation(c.store, *model, record, options_of(record.protocol.value("explanation", Json::object())), c.stop, c.progress);
    return [this, record] {
      job_ = 0;
      intro_->set_busy(false);
      begin(record);
    };
  }, [this](const QString& message) {
    job_ = 0;
    intro_->set_busy(false);
    intro_->set_message(message);
  });
}

void SimulateDialog::begin(SimulationRecord record) {
  if (!session_) return;
  record_ = std::move(record);
  failed_ = false;
  ready_.clear();
  dataset_ = session_->store().dataset(record_.dataset);
  post_->set_classes(dataset_.classes, record_.protocol.is_object() && record_.protocol.value("confidence", false));
  stack_->setCurrentWidget(post_);
  post_->setFocus();
  show_next();
}

void SimulateDialog::show_next() {
  const auto next = std::find_if(record_.items.begin(), record_.items.end(), [](const SimulationItem& i) { return !i.answer; });
  if (next == record_.items.end()) return finish();
  place_ = static_cast<std::size_t>(next - record_.items.begin());
  if (const auto at = ready_.find(place_); at != ready_.end()) {
    post_->show_post(at->second, next->explained, place_, record_.items.size());
    ready_.erase(at);
    return fetch(place_ + 1);
  }
  post_->set_waiting(tr("Reading the post …"));
  fetch(place_);
}

/// Reads and lays out a post on the worker; shown at once if it is the one that is waited for.
void SimulateDialog::fetch(std::size_t place) {
  if (!session_ || place >= record_.items.size() || ready_.contains(place) || (reading_ && wanted_ == place)) return;
  if (reading_) session_->work().cancel(reading_);
  wanted_ = place;
  reading_ = session_->work().submit(this, WorkQueue::Priority::visible, tr("Reading a post"), [this, place, record = record_, classes = dataset_.classes](WorkQueue::Context& c) -> std::function<void()> {
    const SimulationItem& item = record.items[place];
    Document d = c.store.document(item.document);
    ExplanationRecord painted;
    painted.document = d.id;
    painted.target = -1;
    if (item.explained) {
      auto found = simulation_explanation(c.store, record, item);
      if (!found) throw std::runtime_error("the explanation of this post is no longer in the file: stop, and go on with the session, then it is made anew");
      painted = std::move(*found);
    }
    // No id, no gold class: nothing of them may be seen.
    const auto content = std::make_shared<const PostContent>(std::move(painted), std::move(d.text), std::string(), -1, classes);
    return [this, place, content] {
      reading_ = 0;
      ready_[place] = content;
      if (page() == Page::post && place == place_ && !record_.items[place].answer) show_next();
    };
  }, [this](const QString& message) {
    reading_ = 0;
    failed_ = true;
    stack_->setCurrentWidget(intro_);
    read_sessions();
    intro_->set_message(message);
  });
}

void SimulateDialog::answer(int answer, int confidence, qint64 milliseconds) {
  if (!session_ || place_ >= record_.items.size()) return;
  SimulationItem& item = record_.items[place_];
  const auto sure = confidence > 0 ? std::optional(confidence) : std::nullopt;
  item.answer = answer;
  item.confidence = sure;
  item.milliseconds = milliseconds;
  ++saves_;
  // For the session, not for the dialog: an answer that was given is written, also when the dialog closes now.
  QPointer<SimulateDialog> self(this);
  session_->work().submit(session_, WorkQueue::Priority::visible, tr("Storing an answer"), [self, id = record_.id, place = place_, answer, sure, milliseconds](WorkQueue::Context& c) -> std::function<void()> {
    answer_simulation(c.store, id, place, answer, sure, milliseconds);
    return [self] {
      if (!self) return;
      --self->saves_;
      if (self->page() == Page::post && self->record_.finished() && self->saves_ == 0) self->finish();
    };
  }, [self](const QString& message) {
    if (!self) return;
    --self->saves_;
    self->failed_ = true;
    self->cancel_job();
    self->stack_->setCurrentWidget(self->intro_);
    self->read_sessions();
    self->intro_->set_message(tr("This answer was not stored: %1").arg(message));
  });
  if (record_.finished()) return post_->set_waiting(tr("Storing the last answer …"));
  show_next();
}

void SimulateDialog::stop() {
  cancel_job();
  ready_.clear();
  stack_->setCurrentWidget(intro_);
  // Answers on their way to the file are in the list when they are there.
  if (saves_ == 0) return read_sessions();
  auto* later = new QTimer(this);
  later->setInterval(30);
  connect(later, &QTimer::timeout, this, [this, later] {
    if (saves_ > 0) return;
    later->deleteLater();
    read_sessions();
  });
  later->start();
}

void SimulateDialog::finish() {
  if (!session_ || job_) return;
  job_ = session_->work().submit(this, WorkQueue::Priority::visible, tr("Reporting a simulation"), [this, id = record_.id](WorkQueue::Context& c) -> std::function<void()> {
    const auto record = std::make_shared<SimulationRecord>(simulation(c.store, id));
    const auto dataset = std::make_shared<DatasetInfo>(c.store.dataset(record->dataset));
    const auto report = std::make_shared<SimulationReport>(simulation_report(*record));
    return [this, record, dataset, report] {
      job_ = 0;
      record_ = *record;
      result_->set_result(*record, *dataset, *report);
      stack_->setCurrentWidget(result_);
      result_->setFocus();
    };
  }, [this](const QString& message) {
    job_ = 0;
    stack_->setCurrentWidget(intro_);
    intro_->set_message(message);
  });
}

}  // namespace telltale::ui
