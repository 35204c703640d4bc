// Leaving a file while a run is on: a question first, and nothing is lost whatever the answer.
#include <QCloseEvent>
#include <QMessageBox>
#include <QPushButton>

#include "app/workbench/main_window.hpp"
#include "report/numbers.hpp"
#include "widgets/shell/notice_bar.hpp"
#include "widgets/shell/run_dock.hpp"
#include "widgets/shell/words.hpp"

namespace telltale::ui {
namespace {

const std::string continue_key = "workbench.continue";  // runs to go on with when the file is opened next

bool can_go_on(RunStatus s) { return s == RunStatus::queued || s == RunStatus::stopped || s == RunStatus::paused || s == RunStatus::interrupted; }

}  // namespace

/// Does `then` at once when nothing trains; else asks what is to become of the runs. `closing` says what they are in the way of.
void MainWindow::leave(const QString& closing, std::function<void()> then) {
  if (!session_ || (!session_->training().running() && session_->training().waiting().empty())) return then();
  const auto state = session_->training().state();
  const auto waiting = static_cast<int>(session_->training().waiting().size());
  const RunRow* row = session_->training().running() ? dock_->model().find(*session_->training().running()) : nullptr;
  QString where = state.steps > 0 ? tr("step %1 of %2").arg(text(thousands(state.step)), text(thousands(state.steps))) : tr("about to begin");
  if (state.seconds_left >= 0) where += tr(", %1 left").arg(text(duration(state.seconds_left)));
  auto* box = new QMessageBox(this);
  box->setObjectName(QStringLiteral("leaving"));
  box->setAttribute(Qt::WA_DeleteOnClose);
  box->setTextFormat(Qt::PlainText);
  box->setWindowTitle(tr("A run is on"));
  box->setText(tr("“%1” is being trained (%2)%3.").arg(row ? elided(row->name, 60) : tr("A run"), where, waiting == 0 ? QString() : waiting == 1 ? tr(" and one more waits") : tr(" and %1 more wait").arg(waiting)));
  box->setInformativeText(tr("What is to happen before %1?\n\nKeep running: waits until all runs have ended.\nPause and save: keeps a checkpoint; when the file is opened next it offers to go on.\nStop: keeps a checkpoint too, but nothing is offered.").arg(closing));
  auto* wait = box->addButton(tr("&Keep running, then close"), QMessageBox::AcceptRole);
  auto* save = box->addButton(tr("&Pause and save"), QMessageBox::ActionRole);
  auto* stop = box->addButton(tr("&Stop"), QMessageBox::DestructiveRole);
  box->addButton(QMessageBox::Cancel);
  box->setDefaultButton(save);
  connect(box, &QMessageBox::buttonClicked, this, [this, then, wait, save, stop](QAbstractButton* b) {
    if (b != wait && b != save && b != stop) return;
    leaving_ = then;
    leave_when_done(b != wait, b == save);
  });
  box->open();
}

void MainWindow::leave_when_done(bool stop, bool continue_next_time) {
  if (!session_) return;
  auto& training = session_->training();
  if (!stop) {
    notice_bar_->show_notice(NoticeBar::Kind::info, tr("Closes by itself when all runs are done."), {}, {{tr("Stay open"), [this] { leaving_ = {}; }}});
    connect(notice_bar_, &NoticeBar::dismissed, this, [this] { leaving_ = {}; }, Qt::SingleShotConnection);
  } else {
    auto runs = training.waiting();
    for (const std::int64_t run : runs) training.remove(run);
    if (const auto now = training.running()) runs.insert(runs.begin(), *now);
    try {
      session_->store().set_value(continue_key, continue_next_time ? Json(runs) : Json::array());
    } catch (const std::exception& e) {  // the runs are kept all the same
      complain(one_line(e.what()));
    }
    notice_bar_->show_notice(NoticeBar::Kind::info, tr("Keeping a checkpoint at the next step…"));
    training.stop_now();
  }
  check_leaving();
}

void MainWindow::check_leaving() {
  if (!leaving_ || !session_ || session_->training().running() || !session_->training().waiting().empty()) return;
  // From the queue's own signal: the session must not go under it.
  QMetaObject::invokeMethod(
      this,
      [this] {
        if (const auto then = std::exchange(leaving_, {})) then();
      },
      Qt::QueuedConnection);
}

void MainWindow::closeEvent(QCloseEvent* e) {
  if (!leaving_now_ && session_ && (session_->training().running() || !session_->training().waiting().empty())) {
    e->ignore();
    if (!findChild<QMessageBox*>(QStringLiteral("leaving")))
      leave(tr("the window closes"), [this] {
        leaving_now_ = true;
        close();
      });
    return;
  }
  remember_layout();
  note_recent();
  hide();  // what still works is asked to stop and waited for, unseen
  dock_->carry_out_deletions();
  e->accept();
}

/// Runs that were paused by closing, and those that a crash left behind.
void MainWindow::offer_to_continue() {
  if (!session_ || session_->read_only()) return;
  std::vector<std::int64_t> runs;
  bool crashed = false;
  try {
    Store& store = session_->store();
    if (const auto value = store.value(continue_key); value && value->is_array() && !value->empty()) {
      for (const Json& id : *value)
        if (id.is_number_integer() && dock_->model().find(id.get<std::int64_t>()) && can_go_on(dock_->model().find(id.get<std::int64_t>())->status)) runs.push_back(id.get<std::int64_t>());
      store.set_value(continue_key, Json::array());
    }
    for (const std::int64_t id : dock_->model().ids())
      if (dock_->model().find(id)->status == RunStatus::interrupted && std::find(runs.begin(), runs.end(), id) == runs.end()) runs.push_back(id), crashed = true;
  } catch (const std::exception& e) {
    return complain(one_line(e.what()));
  }
  if (runs.empty()) return;
  const RunRow* first = dock_->model().find(runs.front());
  const QString name = elided(first->name, 60), at = tr("step %1 of %2").arg(text(thousands(first->step)), text(thousands(first->steps)));
  const QString what = runs.size() > 1 ? crashed ? tr("%1 runs were interrupted.").arg(runs.size()) : tr("%1 runs were paused when the file was closed.").arg(runs.size())
                       : crashed       ? tr("“%1” was interrupted at %2.").arg(name, at)
                                       : tr("“%1” was paused at %2 when the file was closed.").arg(name, at);
  notice_bar_->show_notice(NoticeBar::Kind::info, what + tr(" It goes on from the last checkpoint."), {}, {{tr("Continue"), [this, runs] {
                                                                                                             if (session_)
                                                                                                               for (const std::int64_t run : runs) session_->training().enqueue(run);
                                                                                                           }},
                                                                                                           {tr("Not now"), [] {}}});
}

}  // namespace telltale::ui
