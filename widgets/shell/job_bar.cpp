#include "widgets/shell/job_bar.hpp"

#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QPainter>
#include <QPushButton>
#include <QToolButton>
#include <algorithm>
#include <cmath>

#include "report/numbers.hpp"
#include "widgets/icons.hpp"
#include "widgets/panel.hpp"
#include "widgets/shell/run_delegate.hpp"
#include "widgets/shell/words.hpp"

namespace telltale::ui {
namespace {

constexpr double show_after_seconds = 0.3;  // shorter work comes and goes unseen

QString gib(double mib) { return JobBar::tr("%1 GiB").arg(text(fixed(mib / 1024, 1))); }

}  // namespace

ProgressStrip::ProgressStrip(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
  setFixedHeight(8);
  setAccessibleName(tr("Progress"));
}

void ProgressStrip::set_progress(double done, double total, int parts) {
  done_ = done, total_ = total, parts_ = parts > 40 ? 1 : std::max(1, parts);  // more lines would hide the bar
  const QString share = total > 0 ? tr("%1 %").arg(static_cast<int>(100 * done / total)) : tr("not known");
  setAccessibleDescription(share);
  setToolTip(share);
  update();
}

void ProgressStrip::paintEvent(QPaintEvent*) {
  QPainter p(this);
  p.setRenderHint(QPainter::Antialiasing);
  p.setPen(Qt::NoPen);
  p.setBrush(theme_["border"]);
  p.drawRoundedRect(rect(), 2, 2);
  if (total_ > 0) {
    p.setBrush(theme_["accent"]);
    p.drawRoundedRect(QRectF(0, 0, width() * std::clamp(done_ / total_, 0.0, 1.0), height()), 2, 2);
  }
  p.setRenderHint(QPainter::Antialiasing, false);
  for (int i = 1; i < parts_; ++i) p.fillRect(QRect(width() * i / parts_, 0, 1, height()), theme_["window"]);
}

ProgressRing::ProgressRing(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) { setFixedSize(16, 16); }

void ProgressRing::set_state(Kind kind, double share) {
  kind_ = kind, share_ = share;
  update();
}

void ProgressRing::paintEvent(QPaintEvent*) {
  QPainter p(this);
  if (kind_ == Kind::running) return draw_ring(p, rect(), theme_, share_);
  const auto [picture, colour] = kind_ == Kind::idle ? std::pair{"check", "ok"} : kind_ == Kind::paused ? std::pair{"pause", "warn"} : kind_ == Kind::stopped ? std::pair{"stop", "text2"} : std::pair{"warn", "error"};
  draw_icon(p, QRectF(1, 1, 14, 14), picture, theme_[colour]);
}

JobBar::JobBar(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
  setFixedHeight(theme.spacing("statusBar"));
  setAccessibleName(tr("Jobs"));
  auto* row = new QHBoxLayout(this);
  row->setContentsMargins(10, 0, 8, 0);
  row->setSpacing(12);
  ring_ = new ProgressRing(theme, this);
  name_ = new ElidedLabel(theme, this);
  name_->set_style(theme.font("table", Theme::Weight::medium), "text");
  const auto label = [&](const char* object, Theme::Weight weight) {
    auto* l = new QLabel(this);
    l->setObjectName(QLatin1String(object));
    l->setTextFormat(Qt::PlainText);
    l->setFont(theme_.font("table", weight));
    return l;
  };
  where_ = label("quiet", Theme::Weight::regular);
  strip_ = new ProgressStrip(theme, this);
  left_ = label("", Theme::Weight::semibold);
  rates_ = label("caption", Theme::Weight::regular);
  const auto button = [&](const char* name, const QString& text, const QString& tip) {
    auto* b = new QPushButton(icon(theme_, name, "text"), text, this);
    b->setObjectName(QStringLiteral("small"));
    b->setToolTip(tip);
    b->setAccessibleName(text);
    return b;
  };
  pause_ = button("pause", tr("Pause"), QString());
  after_epoch_ = button("flag", tr("Stop after epoch"), tr("Trains to the end of this epoch, keeps a checkpoint and stops"));
  stop_ = button("stop", tr("Stop now"), tr("Keeps a checkpoint at the next step and stops; can be continued"));
  cancel_ = button("x", tr("Cancel"), tr("Stops this work; what is done already stays"));
  queue_ = new QToolButton(this);
  queue_->setFont(theme.font("table"));
  queue_->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
  queue_->setIcon(icon(theme, "up"));
  queue_->setToolTip(tr("What waits"));
  queue_->setLayoutDirection(Qt::RightToLeft);
  row->addWidget(ring_);
  row->addWidget(name_);
  row->addWidget(where_);
  row->addWidget(strip_);
  row->addWidget(left_);
  row->addWidget(rates_);
  row->addStretch(1);
  machine_label_ = label("caption", Theme::Weight::regular);
  row->addWidget(machine_label_);
  for (QWidget* w : std::initializer_list<QWidget*>{pause_, after_epoch_, stop_, cancel_, queue_}) row->addWidget(w);
  later_.setSingleShot(true);
  later_.setInterval(static_cast<int>(1000 * show_after_seconds));
  connect(&later_, &QTimer::timeout, this, &JobBar::update_state);
  connect(pause_, &QPushButton::clicked, this, [this] {
    if (!session_) return;
    auto& training = session_->training();
    training.paused() ? training.resume() : training.pause();
    update_state();
  });
  connect(after_epoch_, &QPushButton::clicked, this, [this] {
    if (!session_) return;
    after_epoch_asked_ = true;
    session_->training().stop_after_epoch();
    update_state();
  });
  connect(stop_, &QPushButton::clicked, this, [this] {
    if (!session_) return;
    stopping_ = true;
    session_->training().stop_now();
    update_state();
  });
  connect(cancel_, &QPushButton::clicked, this, [this] {
    if (session_) session_->work().stop(job_);
  });
  connect(queue_, &QToolButton::clicked, this, &JobBar::show_queue);
  connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
  update_state();
}

void JobBar::set_machine(const QString& text, const QString& tip) {
  machine_ = text;
  machine_tip_ = tip;
  update_state();
}

void JobBar::set_session(Session* session) {
  if (session_) {
    disconnect(&session_->training(), nullptr, this, nullptr);
    disconnect(&session_->work(), nullptr, this, nullptr);
  }
  session_ = session;
  run_ = 0;
  last_.clear();
  last_ended_ = ProgressRing::Kind::idle;
  if (session_) {
    connect(&session_->training(), &TrainingQueue::changed, this, &JobBar::update_state);
    connect(&session_->training(), &TrainingQueue::finished, this, &JobBar::finished);
    connect(&session_->work(), &WorkQueue::changed, this, &JobBar::update_state);
  }
  update_state();
}

void JobBar::finished(qint64 run, const QString& error) {
  if (!session_) return;
  stopping_ = after_epoch_asked_ = false;
  try {
    const RunRecord r = session_->store().run(run);
    last_ended_ = !error.isEmpty() || r.status == RunStatus::failed ? ProgressRing::Kind::failed : r.status == RunStatus::finished ? ProgressRing::Kind::idle : ProgressRing::Kind::stopped;
    last_ = error.isEmpty() ? tr("%1: %2").arg(elided(one_line(r.name), 40), text(name_of(r.status))) : tr("%1: failed").arg(elided(one_line(r.name), 40));
  } catch (const std::exception&) {
    last_.clear();
    last_ended_ = ProgressRing::Kind::idle;
  }
}

void JobBar::update_state() {
  later_.stop();
  if (!session_) return show_idle();
  const auto jobs = session_->work().jobs();
  if (session_->training().running()) {
    show_training();
  } else {
    const auto seen = std::find_if(jobs.begin(), jobs.end(), [](const auto& j) { return j.running && j.seconds >= show_after_seconds; });
    if (!jobs.empty()) later_.start();
    seen == jobs.end() ? show_idle() : show_jobs(jobs);
  }
  // What waits behind what is shown.
  const auto waiting = session_->training().waiting().size();
  const auto others = static_cast<std::size_t>(std::count_if(jobs.begin(), jobs.end(), [&](const auto& j) { return (shown_ == Shown::job && j.id != job_) || (shown_ == Shown::training && j.running && j.seconds >= show_after_seconds); }));
  QStringList parts;
  if (others > 0) parts << (others == 1 ? tr("1 more job") : tr("%1 more jobs").arg(others));
  if (waiting > 0) parts << tr("%1 queued").arg(waiting);
  queue_->setText(parts.join(QStringLiteral(" · ")));
  queue_->setAccessibleName(parts.join(QStringLiteral(", ")));
  queue_->setVisible(!parts.isEmpty());
  if (shown_ == Shown::training && !jobs.empty()) later_.start();
  fit();
}

void JobBar::show_training() {
  const auto state = session_->training().state();
  const bool paused = session_->training().paused();
  if (state.run != run_) {
    run_ = state.run;
    stopping_ = after_epoch_asked_ = false;
    epochs_ = 1;
    run_name_.clear();
    try {
      const RunRecord r = session_->store().run(run_);
      run_name_ = one_line(r.name);
      if (r.settings.is_object()) epochs_ = std::max(1, r.settings.value("epochs", 1));
    } catch (const std::exception&) {  // the row went while its end was on the way
    }
  }
  shown_ = Shown::training;
  job_ = 0;
  const double share = state.steps > 0 ? static_cast<double>(state.step) / static_cast<double>(state.steps) : 0;
  ring_->set_state(paused ? ProgressRing::Kind::paused : ProgressRing::Kind::running, share);
  name_->set_text(run_name_);
  strip_->set_progress(static_cast<double>(state.step), static_cast<double>(state.steps), epochs_);
  if (state.steps > 0) {
    const auto epoch = std::min<std::int64_t>(epochs_, 1 + state.step * epochs_ / state.steps);
    where_->setText(tr("epoch %1 of %2 · step %3 of %4").arg(epoch).arg(epochs_).arg(text(thousands(state.step)), text(thousands(state.steps))));
  } else {
    where_->setText(tr("loading the model, measuring the cost"));
  }
  left_->setText(stopping_ ? tr("stopping at the next step") : paused ? tr("paused") : after_epoch_asked_ ? tr("stops after this epoch") : state.seconds_left >= 0 ? tr("%1 left").arg(text(duration(state.seconds_left))) : QString());
  QStringList rates;
  if (state.tokens_per_second > 0) rates << tr("%1 tokens/s").arg(text(thousands(std::llround(state.tokens_per_second))));
  if (state.memory_mib > 0) rates << gib(state.memory_mib);
  rates_->setText(rates.join(QStringLiteral(" · ")));
  rates_->setToolTip(tr("Speed of the last step and memory of this program"));
  pause_->setText(paused ? tr("Resume") : tr("Pause"));
  pause_->setAccessibleName(pause_->text());
  pause_->setIcon(icon(theme_, paused ? "play" : "pause", "text"));
  pause_->setToolTip(paused ? tr("Goes on where it stands (Ctrl P)") : tr("Keeps a checkpoint at the next step and waits (Ctrl P)"));
  // A button that goes must not hand the keyboard to its neighbour: Enter twice on "Stop after epoch" would stop now.
  const auto enable = [this](QPushButton* b, bool on) {
    if (!on && b->hasFocus()) setFocus(Qt::OtherFocusReason);
    b->setEnabled(on);
  };
  enable(pause_, !stopping_ && state.steps > 0);
  enable(after_epoch_, !stopping_ && !after_epoch_asked_ && state.steps > 0);
  enable(stop_, !stopping_);
}

void JobBar::show_jobs(const std::vector<WorkQueue::Job>& jobs) {
  // What a person waits for first; both workers may be busy.
  const auto it = std::find_if(jobs.begin(), jobs.end(), [](const auto& j) { return j.running && j.seconds >= show_after_seconds; });
  shown_ = Shown::job;
  job_ = it->id;
  ring_->set_state(ProgressRing::Kind::running, it->total > 0 ? it->done / it->total : 0);
  name_->set_text(it->what);
  strip_->set_progress(it->done, it->total);
  where_->setText(it->total > 0 ? it->total <= 1 ? tr("%1 %").arg(static_cast<int>(100 * it->done / it->total)) : tr("%1 of %2").arg(text(thousands(std::llround(it->done))), text(thousands(std::llround(it->total)))) : text(duration(it->seconds)));
  left_->setText(it->total > 0 && it->done > 0 && it->seconds > 1 ? tr("%1 left").arg(text(duration(it->seconds / it->done * (it->total - it->done)))) : QString());
  rates_->clear();
}

void JobBar::show_idle() {
  shown_ = Shown::idle;
  job_ = 0;
  run_ = 0;
  ring_->set_state(last_.isEmpty() ? ProgressRing::Kind::idle : last_ended_, 0);
  name_->set_text(last_.isEmpty() ? tr("No job is running") : last_);
  rates_->clear();
  machine_label_->setText(machine_);
  machine_label_->setToolTip(machine_tip_);
  queue_->hide();
  fit();
}

void JobBar::fit() {
  const bool training = shown_ == Shown::training, job = shown_ == Shown::job;
  const int w = width();
  strip_->setVisible(training || job);
  strip_->setFixedWidth(w >= 1280 ? 248 : w >= 1000 ? 140 : 80);
  where_->setVisible((training && w >= 1080) || job);
  left_->setVisible((training || job) && !left_->text().isEmpty());
  rates_->setVisible(!rates_->text().isEmpty() && w >= 1340);
  machine_label_->setVisible(shown_ == Shown::idle);
  name_->setMaximumWidth(shown_ == Shown::idle ? 600 : w >= 1080 ? 260 : 150);
  pause_->setVisible(training);
  after_epoch_->setVisible(training);
  after_epoch_->setText(w >= 960 ? tr("Stop after epoch") : tr("After epoch"));
  stop_->setVisible(training);
  cancel_->setVisible(job);
}

void JobBar::resizeEvent(QResizeEvent*) { fit(); }

void JobBar::paintEvent(QPaintEvent*) {
  QPainter p(this);
  p.fillRect(rect(), theme_["window"]);
  p.fillRect(QRect(0, 0, width(), 1), theme_["border"]);
}

/// Everything that waits or works beside what the line shows, each with its way out.
void JobBar::show_queue() {
  if (!session_) return;
  auto* menu = new QMenu(this);
  menu->setAttribute(Qt::WA_DeleteOnClose);
  for (const auto& j : session_->work().jobs())
    if (j.id != job_ || shown_ != Shown::job) {
      QAction* a = menu->addAction(icon(theme_, "x"), tr("Cancel: %1").arg(elided(j.what, 60)));
      connect(a, &QAction::triggered, this, [this, id = j.id] {
        if (session_) session_->work().stop(id);
      });
    }
  if (!menu->isEmpty()) menu->addSeparator();
  for (const std::int64_t run : session_->training().waiting()) {
    QString name = tr("run %1").arg(run);
    try {
      name = elided(one_line(session_->store().run(run).name), 60);
    } catch (const std::exception&) {
    }
    QAction* a = menu->addAction(icon(theme_, "x"), tr("Take out of the queue: %1").arg(name.replace(QLatin1Char('&'), QLatin1String("&&"))));
    connect(a, &QAction::triggered, this, [this, run] {
      if (session_) session_->training().remove(run);
    });
  }
  if (menu->isEmpty()) menu->addAction(tr("Nothing waits"))->setEnabled(false);
  menu->popup(queue_->mapToGlobal(QPoint(0, -menu->sizeHint().height())));
}

}  // namespace telltale::ui
