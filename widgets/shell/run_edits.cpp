// RunDock: what a person does to a run, and takes back.
#include "widgets/shell/run_dock.hpp"

#include <QDialog>
#include <QDialogButtonBox>
#include <QMenu>
#include <QPlainTextEdit>
#include <QShortcut>

#include "widgets/shell/run_delegate.hpp"
#include "widgets/shell/words.hpp"

namespace telltale::ui {
namespace {

namespace fs = std::filesystem;

/// The run's rows and weights. What is left of the folder after an error is no run any more.
void delete_run(Store& store, std::int64_t run) {
  store.remove_run(run);
  std::error_code error;
  fs::remove_all(store.folder() / ("run-" + std::to_string(run)), error);
}

}  // namespace

/// In the worker: another thread may hold the file for a while.
void RunDock::describe(std::int64_t run, const QString& name, const QString& note) {
  if (!session_) return;
  session_->work().submit(
      this, WorkQueue::Priority::visible, tr("Keeping the name"),
      [this, run, name = name.toStdString(), note = note.toStdString()](WorkQueue::Context& c) -> std::function<void()> {
        c.store.describe_run(run, name, note);
        return [this] {
          if (session_) Q_EMIT session_->runs_changed();
        };
      },
      [this](const QString& e) { Q_EMIT failed(e); });
}

void RunDock::did(Edit edit) {
  edit.redo();
  done_.push_back(std::move(edit));
  undone_.clear();
  update_actions();
}

void RunDock::undo() {
  if (done_.empty()) return;
  Edit edit = std::move(done_.back());
  done_.pop_back();
  edit.undo();
  undone_.push_back(std::move(edit));
  update_actions();
}

void RunDock::redo() {
  if (undone_.empty()) return;
  Edit edit = std::move(undone_.back());
  undone_.pop_back();
  edit.redo();
  done_.push_back(std::move(edit));
  update_actions();
}

void RunDock::rename(std::int64_t run, const QString& name) {
  const RunRow* r = model_->find(run);
  if (!r || !session_ || session_->read_only()) return;
  const QString before = r->name, note = r->note;
  did({tr("name “%1”").arg(name), [=, this] { describe(run, before, note); }, [=, this] { describe(run, name, note); }});
}

void RunDock::edit_note() {
  const RunRow* r = model_->find(current_);
  if (!r) return;
  auto* dialog = new QDialog(this);
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->setWindowTitle(tr("Note on %1").arg(r->name));
  dialog->resize(460, 260);
  auto* column = new QVBoxLayout(dialog);
  auto* edit = new QPlainTextEdit(r->note, dialog);
  edit->setAccessibleName(tr("Note"));
  edit->setTabChangesFocus(true);
  column->addWidget(edit);
  auto* buttons = new QDialogButtonBox(QDialogButtonBox::Save | QDialogButtonBox::Cancel, dialog);
  column->addWidget(buttons);
  for (const int key : {Qt::Key_Return, Qt::Key_Enter}) connect(new QShortcut(QKeySequence(Qt::CTRL | key), dialog), &QShortcut::activated, dialog, &QDialog::accept);
  connect(buttons, &QDialogButtonBox::rejected, dialog, &QDialog::reject);
  connect(buttons, &QDialogButtonBox::accepted, dialog, &QDialog::accept);
  connect(dialog, &QDialog::accepted, this, [this, edit, run = r->id, name = r->name, before = r->note] {
    const QString note = edit->toPlainText().trimmed();
    if (note != before) did({tr("note on “%1”").arg(name), [=, this] { describe(run, name, before); }, [=, this] { describe(run, name, note); }});
  });
  dialog->open();
}

void RunDock::remove_current() {
  const RunRow* r = model_->find(current_);
  if (!r || !session_ || !actions_.remove->isEnabled()) return;
  const std::int64_t run = r->id;
  const QString name = r->name;
  session_->training().remove(run);
  int dependants = 0;
  for (const std::int64_t other : model_->ids()) {
    const RunRow* o = model_->find(other);
    if (o && o->from == run && o->status != RunStatus::finished) ++dependants;
  }
  const auto ids = model_->ids();
  const auto place = std::find(ids.begin(), ids.end(), run);
  const std::int64_t next = ids.size() < 2 ? 0 : place + 1 != ids.end() ? *(place + 1) : *(place - 1);
  did({tr("deletion of “%1”").arg(name),
       [=, this] {
         std::erase(deleted_, run);
         model_->hide(run, false);
         select(run);
         undo_bar_->hide();
         update_footer();
       },
       [=, this] {
         deleted_.push_back(run);
         if (current_ == run) current_ = 0;
         model_->hide(run, true);
         if (next) select(next);
         else Q_EMIT current_changed(0);
         undo_text_->setText(dependants == 0 ? tr("“%1” is deleted.").arg(elided(name, 60)) : tr("“%1” is deleted; %2 unfinished run(s) start from it.").arg(elided(name, 60)).arg(dependants));
         undo_bar_->show();
         undo_timer_.start();
         update_footer();
       },
       run});
}

void RunDock::carry_out(std::int64_t run) {
  std::erase(deleted_, run);
  const auto about = [run](const Edit& e) { return e.deletes == run; };
  std::erase_if(done_, about);
  std::erase_if(undone_, about);
  update_actions();
  if (!session_) return;
  session_->work().submit(
      this, WorkQueue::Priority::background, tr("Deleting a run"),
      [this, run](WorkQueue::Context& c) -> std::function<void()> {
        delete_run(c.store, run);
        return [this] {
          if (session_) Q_EMIT session_->runs_changed();
        };
      },
      [this, run](const QString& e) {
        model_->hide(run, false);
        Q_EMIT failed(tr("Run %1 could not be deleted: %2").arg(run).arg(e));
      });
}

void RunDock::carry_out_deletions() {
  undo_timer_.stop();
  for (const std::int64_t run : std::exchange(deleted_, {})) {
    try {
      delete_run(session_->store(), run);
    } catch (const std::exception& e) {
      Q_EMIT failed(tr("Run %1 could not be deleted: %2").arg(run).arg(one_line(e.what())));
    }
    model_->hide(run, false);
  }
}

void RunDock::start_current() {
  if (session_ && current_ && actions_.start->isEnabled()) session_->training().enqueue(current_);
}

void RunDock::duplicate_current() {
  if (!session_ || !current_) return;
  session_->work().submit(
      this, WorkQueue::Priority::visible, tr("Duplicating a run"),
      [this, run = current_](WorkQueue::Context& c) -> std::function<void()> {
        const RunRecord old = c.store.run(run);
        RunRecord copy{.name = old.name + " copy", .preset = old.preset, .dataset = old.dataset, .model = old.model, .from = old.from};
        copy.settings = old.settings;
        if (copy.settings.is_object()) copy.settings.erase("derived");
        copy.note = old.note;
        const std::int64_t id = c.store.add_run(copy);
        return [this, id] {
          if (!session_) return;
          Q_EMIT session_->runs_changed();
          select(id);
        };
      },
      [this](const QString& e) { Q_EMIT failed(e); });
}

void RunDock::choose_colour(std::int64_t run, const QPoint& global) {
  auto* menu = new QMenu(this);
  menu->setAttribute(Qt::WA_DeleteOnClose);
  for (int i = 0; i < 12; ++i) {
    QPixmap swatch(16, 16);
    swatch.fill(theme_.series(static_cast<std::size_t>(i)));
    menu->addAction(QIcon(swatch), tr("Colour %1").arg(i + 1), this, [this, run, i] { model_->set_series(run, i); });
  }
  menu->popup(global);
}

void RunDock::show_menu(const QPoint& global) {
  update_actions();
  auto* menu = new QMenu(this);
  menu->setAttribute(Qt::WA_DeleteOnClose);
  menu->addActions({actions_.open, actions_.start, actions_.unqueue});
  menu->addSeparator();
  menu->addActions({actions_.rename, actions_.note, actions_.duplicate, actions_.copy_id});
  menu->addAction(tr("Colour…"), this, [this, global] { choose_colour(current_, global); })->setEnabled(current_ != 0);
  menu->addSeparator();
  menu->addAction(actions_.remove);
  menu->popup(global);
}

}  // namespace telltale::ui
