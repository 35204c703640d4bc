// Evaluate at work: what it would cost, the evaluation in the background, how far it is, and what the window says of
// it.
#include <QLabel>
#include <QMenu>
#include <QPushButton>
#include <QSpinBox>
#include <QStackedWidget>
#include <QToolButton>
#include <algorithm>
#include <cmath>
#include <utility>

#include "report/numbers.hpp"
#include "widgets/evaluate/evaluate_view.hpp"
#include "widgets/evaluate/grid_table.hpp"
#include "widgets/evaluate/pick_menu.hpp"
#include "widgets/evaluate/protocol_card.hpp"
#include "widgets/inspect/busy_ring.hpp"

namespace telltale::ui {
namespace {

constexpr int read_every_ms = 3000;  // while values come in

QString minutes(double seconds) {
  return seconds < 50 ? QObject::tr("less than a minute")
                      : QObject::tr("about %1 min").arg(static_cast<int>(std::ceil(seconds / 60)));
}

}  // namespace

void EvaluateView::showEvent(QShowEvent* e) {
  QWidget::showEvent(e);
  if (!file_known_ || file_stale_) read_file();
  if (data_) measure_cost();
}

/// What is on screen now does not wait for a cost that nobody looks at.
void EvaluateView::hideEvent(QHideEvent* e) {
  QWidget::hideEvent(e);
  if (e->spontaneous() || !session_ || !cost_job_) return;
  session_->work().cancel(cost_job_);
  cost_job_ = 0;
}

void EvaluateView::measure_cost() {
  if (!session_ || session_->read_only() || !data_ || cost_ || cost_job_ || job_ || !isVisible() ||
      data_->missing_values + data_->missing_pairs == 0)
    return tell_state();
  cost_job_ = session_->work().submit(
      this, WorkQueue::Priority::soon, tr("What an evaluation costs"),
      [this, data = data_](WorkQueue::Context& c) -> std::function<void()> {
        const EvaluateCost cost = cost_of_evaluation(c, *data);
        return [this, cost] {
          cost_job_ = 0;
          cost_ = cost;
          tell_state();
        };
      },
      [this](const QString& message) {
        cost_job_ = 0;
        tell_state();
        cost_line_->setText(message);
        Q_EMIT failed(message);
      });
  tell_state();
}

void EvaluateView::compute() {
  if (!session_ || job_ || wish_.runs.empty() || wish_.methods.empty() || wish_.metrics.empty() ||
      session_->read_only())
    return;
  if (later_.isActive()) later_.stop();
  if (cost_job_) session_->work().cancel(cost_job_), cost_job_ = 0;
  wish_.options.compute = session_->training().compute();
  cancelled_ = false;
  job_share_ = 0;
  job_ = session_->work().submit(
      this, WorkQueue::Priority::background, tr("Evaluate methods"),
      [this, wish = wish_, cost = cost_.value_or(EvaluateCost{})](WorkQueue::Context& c) -> std::function<void()> {
        evaluate_missing(c, wish, cost);
        return [this, runs = wish.runs] {
          job_ = 0;
          cost_.reset();
          read_file();
          read();
          Session* s = session_;
          for (const auto id : runs) Q_EMIT s->explanations_changed(id);
        };
      },
      [this](const QString& message) {
        job_ = 0;
        cost_.reset();
        read();
        Q_EMIT failed(tr("The evaluation failed: %1").arg(message));
      });
  model_->set_data(data_, true);
  grid_->fit();
  grid_->choose(method_, metric_);
  show_cell();
  tell_state();
}

void EvaluateView::cancel() {
  if (!session_ || !job_) return;
  session_->work().cancel(job_);
  ending_ = std::exchange(job_, 0);
  cancelled_ = true;
  cost_.reset();
  read();
}

void EvaluateView::follow() {
  if (!session_) return;
  if (ending_) {
    const auto jobs = session_->work().jobs();
    if (std::none_of(jobs.begin(), jobs.end(), [this](const auto& j) { return j.id == ending_; })) {
      ending_ = 0;
      read();  // it may have stored a few values more
    }
  }
  if (!job_) return;
  for (const auto& j : session_->work().jobs())
    if (j.id == job_) {
      job_runs_ = j.running;
      job_share_ = j.total > 0 ? j.done / j.total : 0;
      job_seconds_ = j.seconds;
    }
  ring_->set_progress(job_share_, job_share_ > 0 ? 1 : 0);
  // Values that came in since are shown, a few times a minute.
  if (isVisible() && !read_job_ && !detail_job_ && job_share_ > 0 && since_read_.isValid() &&
      since_read_.elapsed() > read_every_ms && !later_.isActive())
    read();
  tell_state();
}

void EvaluateView::tell_state() {
  const bool open = session_ && !file_.runs.empty() && !wish_.runs.empty(),
             missing = data_ && data_->missing_values + data_->missing_pairs > 0,
             writes = session_ && !session_->read_only();
  const bool can =
      open && writes && !job_ && missing && !later_.isActive() && !wish_.methods.empty() && !wish_.metrics.empty();
  bool anything = computing();
  if (data_)
    for (const auto& r : data_->runs) anything = anything || !r.reading.cells.empty() || !r.elsewhere.empty();
  for (QWidget* w :
       std::initializer_list<QWidget*>{methods_, metrics_, posts_, posts_label_, posts_of_, runs_label_, add_run_})
    w->setVisible(
        open && (w != runs_label_ || !narrow_) && (w != posts_label_ || !narrow_) &&
        (w != add_run_ || can_add_run()));
  for (QWidget* w : std::initializer_list<QWidget*>{methods_, metrics_, posts_, add_run_, card_})
    w->setEnabled(!computing());
  ring_->setVisible(computing() || (read_job_ && since_read_.isValid() && since_read_.elapsed() > 300));
  if (!computing()) ring_->set_progress(0, 0);
  cancel_->setVisible(computing());
  compute_->setVisible(open && anything && !computing() && missing);
  compute_->setEnabled(can);
  QString state;
  if (computing()) {
    const double left = job_share_ > 0.01 && job_seconds_ > 2 ? job_seconds_ * (1 - job_share_) / job_share_ : NAN;
    state = !job_runs_ && job_share_ == 0 ? tr("waits for other work")
            : std::isfinite(left)
                ? tr("%1 % done, %2 left").arg(static_cast<int>(100 * job_share_)).arg(text(duration(std::ceil(left))))
                : tr("begins");
  } else if (data_ && missing && anything) {
    state = tr("%1 values missing")
                .arg(text(thousands(static_cast<std::int64_t>(data_->missing_values + data_->missing_pairs))));
    if (cost_) state += QStringLiteral(", ") + minutes(cost_->seconds());
    if (cancelled_) state = tr("cancelled: ") + state;
  }
  state_->setText(state);
  state_->setVisible(!state.isEmpty());
  if (compute_->isVisible())
    compute_->setToolTip(!writes ? tr("This file can only be read: values have to be stored in it")
                         : cost_
                             ? tr("Takes %1; runs in the background, stops at any time").arg(minutes(cost_->seconds()))
                             : tr("Runs in the background, stops at any time"));

  // Without anything to show: what would be here, and the button that fills it.
  if (session_ && !file_known_) {
    sentence_->setText(tr("Reading …"));
    start_->setVisible(false);
    cost_line_->setText({});
  } else if (!session_ || file_.runs.empty()) {
    sentence_->setText(
        tr("No run has finished yet. Its explanation methods are judged here: which words they point at, and whether "
           "the model truly leans on them."));
    start_->setText(tr("New run…"));
    start_->setAccessibleName(tr("Make a new run"));
    start_->setVisible(session_ && writes);
    start_->setEnabled(true);
    cost_line_->setText({});
  } else if (data_ && (wish_.methods.empty() || wish_.metrics.empty())) {
    sentence_->setText(wish_.methods.empty() ? tr("No method is chosen. Tick some above.")
                                             : tr("No metric is chosen. Tick some above."));
    start_->setVisible(false);
    cost_line_->setText({});
    anything = false;
  } else if (!data_) {
    sentence_->setText(tr("Reading …"));
    start_->setVisible(false);
    cost_line_->setText({});
  } else {
    sentence_->setText(tr("Nothing is evaluated under this protocol yet: %1 methods by %2 metrics on %3 posts of %4.")
                           .arg(wish_.methods.size())
                           .arg(wish_.metrics.size())
                           .arg(text(thousands(static_cast<std::int64_t>(data_->posts))))
                           .arg(wish_.runs.size() == 1 ? tr("one run") : tr("%1 runs").arg(wish_.runs.size())));
    start_->setText(cost_ ? tr("Evaluate, %1").arg(minutes(cost_->seconds())) : tr("Evaluate"));
    start_->setAccessibleName(tr("Evaluate these runs"));
    start_->setVisible(true);
    start_->setEnabled(can);
    cost_line_->setText(!writes     ? tr("This file can only be read: values have to be stored in it.")
                        : cost_job_ ? tr("Measuring on one post what it costs …")
                                    : tr("Values are kept in the file, post by post: nothing is computed twice, and a "
                                         "cancelled evaluation goes on where it stopped."));
  }
  const int page = anything && data_ ? 1 : 0;
  if (stack_->currentIndex() != page) stack_->setCurrentIndex(page);
  arrange();
}

}  // namespace telltale::ui
