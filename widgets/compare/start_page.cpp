#include "widgets/compare/start_page.hpp"

#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QProgressBar>
#include <QPushButton>
#include <QVBoxLayout>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

#include "evaluation/comparison.hpp"
#include "report/numbers.hpp"

namespace telltale::ui {

namespace {

/// The work counts within its steps only (classify, hide words, explain by each method). The whole, of 1, is told by the predicted seconds; where
/// those fall short, by the pace of the step.
ProgressFn of_the_whole(ProgressFn tell, double predicted) {
  using Clock = std::chrono::steady_clock;
  return [tell = std::move(tell), predicted, began = Clock::now(), step_began = 0.0, step_done = 0.0](const Progress& p) mutable {
    const double now = std::chrono::duration<double>(Clock::now() - began).count();
    if (p.done < step_done) step_began = now;  // the next step counts from the start
    step_done = p.done;
    const double pace = p.done > 0 ? (now - step_began) / p.done : 0;
    const double left = std::max({0.0, predicted - now, pace * std::max(0.0, p.total - p.done)});
    tell({now + left > 0 ? now / (now + left) : 0, 1, p.what});
  };
}

}  // namespace

StartPage::StartPage(Theme& theme, QWidget* parent) : QWidget(parent) {
  auto* column = new QVBoxLayout(this);
  column->addStretch(2);
  const auto label = [&](const char* name, const QFont& font) {
    auto* l = new QLabel(this);
    l->setObjectName(QLatin1String(name));
    l->setFont(font);
    l->setTextFormat(Qt::PlainText);
    l->setAlignment(Qt::AlignCenter);
    l->setWordWrap(true);
    l->setTextInteractionFlags(Qt::TextSelectableByMouse);
    column->addWidget(l);
    return l;
  };
  sentence_ = label("", theme.font("ui"));
  auto* row = new QHBoxLayout;
  row->setSpacing(8);
  row->addStretch(1);
  posts_label_ = new QLabel(tr("Posts"), this);
  posts_ = new QComboBox(this);
  posts_->setAccessibleName(tr("Posts to compare on"));
  posts_->setToolTip(tr("Test posts, the same share of every class, drawn by seed 0. More posts: narrower intervals."));
  start_ = new QPushButton(tr("Compare"), this);
  start_->setObjectName(QStringLiteral("primary"));
  start_->setAccessibleName(tr("Compare these runs"));
  bar_ = new QProgressBar(this);
  bar_->setAccessibleName(tr("Progress of the comparison"));
  bar_->setFixedWidth(280);
  cancel_ = new QPushButton(tr("Cancel"), this);
  cancel_->setAccessibleName(tr("Cancel the comparison"));
  cancel_->setToolTip(tr("Explanations made so far stay in the file"));
  new_run_ = new QPushButton(tr("New run…"), this);
  new_run_->setObjectName(QStringLiteral("primary"));
  new_run_->setAccessibleName(tr("Make a new run"));
  new_run_->setToolTip(tr("Choose data, model and preset (Ctrl N)"));
  for (QWidget* w : {static_cast<QWidget*>(new_run_), static_cast<QWidget*>(posts_label_), static_cast<QWidget*>(posts_), static_cast<QWidget*>(start_), static_cast<QWidget*>(bar_), static_cast<QWidget*>(cancel_)}) row->addWidget(w);
  row->addStretch(1);
  column->addSpacing(10);
  column->addLayout(row);
  column->addSpacing(6);
  cost_line_ = label("quiet", theme.font("caption"));
  error_ = label("", theme.font("caption", Theme::Weight::medium));
  column->addStretch(3);
  connect(start_, &QPushButton::clicked, this, &StartPage::start);
  connect(cancel_, &QPushButton::clicked, this, &StartPage::cancel);
  connect(new_run_, &QPushButton::clicked, this, &StartPage::new_run_asked);
  connect(posts_, &QComboBox::currentIndexChanged, this, &StartPage::tell);
  tell();
}

void StartPage::set_session(Session* session) {
  if (session_) {
    if (probe_) session_->work().cancel(probe_);
    if (job_) session_->work().cancel(job_);
    disconnect(&session_->work(), nullptr, this, nullptr);
  }
  session_ = session;
  probe_ = job_ = 0;
  runs_.clear();
  cost_.reset();
  error_->clear();
  if (session_) connect(&session_->work(), &WorkQueue::changed, this, &StartPage::follow);
  tell();
}

void StartPage::set_runs(const std::vector<std::int64_t>& runs, const QString& sentence, bool needs_run) {
  sentence_->setText(sentence);
  needs_run_ = needs_run;
  if (runs == runs_) return tell();
  if (session_ && probe_) session_->work().cancel(probe_);
  probe_ = 0;
  runs_ = runs;
  cost_.reset();
  error_->clear();
  measure();
}

void StartPage::showEvent(QShowEvent* e) {
  QWidget::showEvent(e);
  measure();
}

void StartPage::measure() {
  if (!session_ || runs_.empty() || probe_ || job_ || cost_ || !error_->text().isEmpty() || !isVisible()) return tell();
  probe_ = session_->work().submit(
      this, WorkQueue::Priority::soon, tr("What a comparison costs"),
      [this, runs = runs_](WorkQueue::Context& c) -> std::function<void()> {
        CompareCost cost = cost_of_comparison(c, runs);
        return [this, cost = std::move(cost)] {
          probe_ = 0;
          cost_ = cost;
          const QSignalBlocker quiet(posts_);
          posts_->clear();
          for (const std::int64_t n : {std::int64_t{120}, std::int64_t{300}, std::int64_t{1000}})
            if (n < cost.posts) posts_->addItem(text(thousands(n)), static_cast<qlonglong>(n));
          posts_->addItem(tr("all %1").arg(text(thousands(cost.posts))), static_cast<qlonglong>(0));
          tell();
        };
      },
      [this](const QString& message) {
        probe_ = 0;
        error_->setText(tr("These runs cannot be compared: %1").arg(message));
        tell();
      });
  tell();
}

void StartPage::tell() {
  const bool can = session_ && !session_->read_only() && !runs_.empty() && cost_ && !job_;
  const bool offers = !runs_.empty() && !job_;
  new_run_->setVisible(needs_run_ && session_ && !session_->read_only() && !job_);
  posts_->setVisible(offers && cost_);
  posts_label_->setVisible(offers && cost_);
  start_->setVisible(offers);
  start_->setEnabled(can);
  bar_->setVisible(job_);
  cancel_->setVisible(job_);
  error_->setVisible(!error_->text().isEmpty());
  cost_line_->setVisible(!runs_.empty());
  if (job_) return;
  if (session_ && session_->read_only()) return cost_line_->setText(tr("This file can only be read: a comparison has to be stored in it."));
  if (probe_) return cost_line_->setText(tr("Measuring on one post what it costs …"));
  if (!cost_) return cost_line_->setText(QString());
  const auto chosen = posts_->currentData().toLongLong();
  const std::int64_t posts = chosen ? chosen : cost_->posts;
  const double seconds = predicted_seconds();
  const QString time = seconds < 60 ? tr("less than a minute") : tr("about %1 min").arg(static_cast<int>(std::ceil(seconds / 60)));
  start_->setText(tr("Compare on %1 posts, %2").arg(text(thousands(posts)), time));
  cost_line_->setText(tr("Integrated Gradients, Occlusion and Gradient × Input of every post by every run; what is stored is not made again. It runs in the background and stops at any time."));
}

double StartPage::predicted_seconds() const {
  if (!cost_) return 0;
  const auto chosen = posts_->currentData().toLongLong();
  const double missing = cost_->missing.empty() ? 1 : std::accumulate(cost_->missing.begin(), cost_->missing.end(), 0.0) / static_cast<double>(cost_->missing.size());
  return cost_->seconds_per_post * static_cast<double>(chosen ? chosen : cost_->posts) * missing;
}

void StartPage::start() {
  if (!session_ || !cost_ || job_ || runs_.empty() || session_->read_only()) return;
  ComparisonOptions options;
  options.runs = runs_;
  options.limit = posts_->currentData().toLongLong();
  options.compute = session_->training().compute();
  error_->clear();
  const auto compared = runs_;
  if (start_->hasFocus()) setFocus(Qt::OtherFocusReason);  // it goes: the keyboard is not to fall to what lies before
  job_ = session_->work().submit(
      this, WorkQueue::Priority::background, tr("Compare two runs"),
      [this, options, compared, predicted = predicted_seconds()](WorkQueue::Context& c) -> std::function<void()> {
        compare_runs(c.store, options, c.stop, of_the_whole(c.progress, predicted));
        return [this, compared] {
          job_ = 0;
          tell();
          Session* s = session_;
          Q_EMIT s->comparisons_changed();
          for (const auto run : compared) Q_EMIT s->explanations_changed(run);
          Q_EMIT made(compared[0], compared.size() > 1 ? compared[1] : 0);
        };
      },
      [this](const QString& message) {
        job_ = 0;
        error_->setText(tr("The comparison failed: %1").arg(message));
        tell();
        Q_EMIT failed(error_->text());
      });
  bar_->setRange(0, 0);
  cost_line_->setText(tr("In the background; you may go on with other work."));
  tell();
}

void StartPage::cancel() {
  if (session_ && job_) session_->work().cancel(job_);
  job_ = 0;
  tell();
  cost_line_->setText(cost_line_->text() + QLatin1Char(' ') + tr("Cancelled."));
}

void StartPage::follow() {
  if (!session_ || !job_) return;
  for (const auto& j : session_->work().jobs()) {
    if (j.id != job_) continue;
    if (!j.running || j.done <= 0) {
      bar_->setRange(0, 0);
      cost_line_->setText(j.running ? tr("Begins.") : tr("Waits for other work in the background."));
      return;
    }
    if (j.done >= j.total) {
      bar_->setRange(0, 0);
      cost_line_->setText(tr("Counting and writing the figures."));
      return;
    }
    bar_->setRange(0, 1000);
    bar_->setValue(static_cast<int>(1000 * j.done / j.total));
    cost_line_->setText(tr("About %1 left, %2 so far").arg(text(duration(std::ceil(j.seconds / j.done * (j.total - j.done)))), text(duration(std::floor(j.seconds)))));
    return;
  }
}

}  // namespace telltale::ui
