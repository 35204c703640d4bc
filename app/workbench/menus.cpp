// Menus, shortcuts, and the small dialogs behind them.
#include <QAction>
#include <QActionGroup>
#include <QApplication>
#include <QFileDialog>
#include <QFileInfo>
#include <QMenuBar>
#include <QMessageBox>
#include <QStackedWidget>
#include <QTreeView>

#include "app/workbench/keys.hpp"
#include "app/workbench/main_window.hpp"
#include "app/workbench/parts.hpp"
#include "base/files.hpp"
#include "report/run_export.hpp"
#include "widgets/escape.hpp"
#include "widgets/export/export.hpp"
#include "widgets/shell/appearance.hpp"
#include "widgets/shell/find_dialog.hpp"
#include "widgets/shell/job_bar.hpp"
#include "widgets/shell/notice_bar.hpp"
#include "widgets/shell/run_dock.hpp"
#include "widgets/shell/settings_dialog.hpp"
#include "widgets/shell/words.hpp"

namespace telltale::ui {

void MainWindow::build_menus() {
  const auto action = [&](QMenu* menu, const QString& name, const QKeySequence& key, const QString& tip, auto&& what) {
    QAction* a = menu->addAction(name);
    a->setShortcut(key);
    a->setStatusTip(tip);
    a->setToolTip(tip);
    connect(a, &QAction::triggered, this, what);
    return a;
  };
  QMenu* file = menuBar()->addMenu(tr("&File"));
  if (new_run_) action(file, tr("New &run…"), QKeySequence(Qt::CTRL | Qt::Key_N), tr("Choose data, model and preset, see the cost, start"), [this] { show_new_run(); });
  action(file, tr("&New file…"), QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_N), tr("An empty file for posts and runs"), [this] { new_file(); });
  action(file, tr("&Open…"), QKeySequence(Qt::CTRL | Qt::Key_O), tr("A .telltale file"), [this] { ask_file(); });
  recent_menu_ = file->addMenu(tr("Open re&cent"));
  action(file, tr("Open the e&xample"), {}, tr("Two finished runs on the bundled posts"), [this] { open_example(); });
  file->addSeparator();
  action(file, tr("&Import data…"), QKeySequence(Qt::CTRL | Qt::Key_I), tr("Posts from an archive, a table or folders"), [this] { import_data(); });
  build_export_menu(file->addMenu(tr("&Export")));
  file->addSeparator();
  action(file, tr("&Settings…"), QKeySequence(Qt::CTRL | Qt::Key_Comma), tr("Device, threads and precision"), [this] { show_settings(); });
  need_file_ << action(file, tr("&Read again"), QKeySequence(Qt::Key_F5), tr("What another program may have changed in the file"), [this] {
    session_->read_again();
  });
  need_file_ << action(file, tr("&Close"), QKeySequence(Qt::CTRL | Qt::Key_W), tr("Closes the file"), [this] { leave(tr("the file closes"), [this] { close_file(); }); });
  action(file, tr("&Quit"), QKeySequence(Qt::CTRL | Qt::Key_Q), tr("Closes the window"), [this] { close(); });

  QMenu* edit = menuBar()->addMenu(tr("&Edit"));
  const auto& runs = dock_->actions();
  for (QAction* a : {runs.undo, runs.redo}) {
    a->setShortcutContext(Qt::WindowShortcut);  // text fields take theirs first
    edit->addAction(a);
  }
  edit->addSeparator();
  need_file_ << action(edit, tr("&Copy view as picture"), QKeySequence(Qt::CTRL | Qt::ALT | Qt::Key_C), tr("Onto the clipboard"), [this] { copy_picture(*stack_->currentWidget()); });
  edit->addSeparator();
  action(edit, tr("&Find anything…"), QKeySequence(Qt::CTRL | Qt::Key_K), tr("A post, run, setting or command"), [this] { find_anything(); });

  QMenu* view = menuBar()->addMenu(tr("&View"));
  if (has_runs_view) need_file_ << action(view, tr("&Runs"), QKeySequence(Qt::CTRL | Qt::Key_1), tr("Start and watch runs"), [this] { show_workspace(Workspace::runs); });
  need_file_ << action(view, tr("&Inspect"), QKeySequence(Qt::CTRL | Qt::Key_2), tr("One post, painted"), [this] { show_workspace(Workspace::inspect); });
  need_file_ << action(view, tr("&Compare"), QKeySequence(Qt::CTRL | Qt::Key_3), tr("Two runs side by side"), [this] { show_workspace(Workspace::compare); });
  if (has_evaluate_view) need_file_ << action(view, tr("&Evaluate"), QKeySequence(Qt::CTRL | Qt::Key_4), tr("Methods by metrics, with intervals"), [this] { show_workspace(Workspace::evaluate); });
  view->addSeparator();
  const auto step = [this](int by) { workspace() == Workspace::compare ? compare_->step_post(by) : inspect_->step_post(by); };
  need_file_ << action(view, tr("&Previous post"), QKeySequence(Qt::ALT | Qt::Key_Up), tr("The post before in the list"), [step] { step(-1); });
  need_file_ << action(view, tr("&Next post"), QKeySequence(Qt::ALT | Qt::Key_Down), tr("The next post of the list"), [step] { step(1); });
  view->addSeparator();
  dock_action_ = action(view, tr("Run &list"), QKeySequence(Qt::CTRL | Qt::Key_B), tr("Shows or folds the run list in this workspace"), [this] { set_dock_open(!dock_->isVisible()); });
  dock_action_->setCheckable(true);
  action(view, tr("Next p&anel"), QKeySequence(Qt::Key_F6), tr("Moves the keyboard to the next panel"), [this] { next_panel(1); });
  action(view, tr("Previous pane&l"), QKeySequence(Qt::SHIFT | Qt::Key_F6), tr("Moves the keyboard to the panel before"), [this] { next_panel(-1); });
  QAction* full = action(view, tr("F&ull screen"), QKeySequence(Qt::Key_F11), tr("Without frame and other windows"), [this] { setWindowState(windowState() ^ Qt::WindowFullScreen); });
  full->setCheckable(true);
  view->addSeparator();
  action(view, tr("Lar&ger text"), QKeySequence(Qt::CTRL | Qt::Key_Plus), tr("Letters and rows one size larger"), [this] { step_text_size(1); })->setShortcuts({QKeySequence(Qt::CTRL | Qt::Key_Plus), QKeySequence(Qt::CTRL | Qt::Key_Equal)});
  action(view, tr("S&maller text"), QKeySequence(Qt::CTRL | Qt::Key_Minus), tr("Letters and rows one size smaller"), [this] { step_text_size(-1); });
  action(view, tr("N&ormal text size"), QKeySequence(Qt::CTRL | Qt::Key_0), tr("Letters and rows as they come"), [this] { step_text_size(0); });
  QMenu* theme = view->addMenu(tr("&Theme"));
  themes_ = new QActionGroup(this);
  const std::pair<QString, QString> choices[] = {{QStringLiteral("system"), tr("As the &system")}, {QStringLiteral("light"), tr("&Light")}, {QStringLiteral("dark"), tr("&Dark")}};
  for (const auto& [id, name] : choices) {
    QAction* a = action(theme, name, {}, tr("Colours of the window"), [this, id = id] { choose_theme(id); });
    a->setCheckable(true);
    a->setData(id);
    themes_->addAction(a);
  }
  themes_->actions()[0]->setChecked(true);
  theme->addSeparator();
  action(theme, tr("S&witch light and dark"), QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_D), tr("The other one"), [this] { choose_theme(theme_.mode() == Theme::Mode::dark ? QStringLiteral("light") : QStringLiteral("dark")); });

  build_run_menu(menuBar()->addMenu(tr("&Run")));
  QMenu* tools = menuBar()->addMenu(tr("&Tools"));
  need_file_ << action(tools, tr("&Mark words"), {}, tr("In Inspect: words that tell the class, and words that any class might have"), [this] {
    show_workspace(Workspace::inspect);
    inspect_->set_marking(true);
  });
  need_file_ << action(tools, tr("&Simulate the model…"), {}, tr("Can you tell what the model answers, with and without its explanation?"), [this] { simulate(*this); });
  build_help(menuBar()->addMenu(tr("&Help")));
  QAction* escape = new QAction(this);
  escape->setShortcut(Qt::Key_Escape);
  connect(escape, &QAction::triggered, this, [this] {
    const auto taken = [](QWidget* w) {
      auto* part = dynamic_cast<Escapes*>(w);
      return part && part->escape();
    };
    for (QWidget* w = QApplication::focusWidget(); w && w != this; w = w->parentWidget())
      if (taken(w)) return;
    if (taken(stack_->currentWidget())) return;
    error_bar_->isVisible() ? error_bar_->hide() : notice_bar_->hide();
  });
  addAction(escape);
}

void MainWindow::build_run_menu(QMenu* menu) {
  run_menu_ = menu;
  const auto& a = dock_->actions();
  menu->addActions({a.start, a.unqueue});
  menu->addSeparator();
  const auto of_running = [&](const QString& name, const QKeySequence& key, const QString& tip, auto&& what) {
    QAction* action = menu->addAction(name);
    action->setShortcut(key);
    action->setToolTip(tip);
    action->setStatusTip(tip);
    connect(action, &QAction::triggered, this, [this, what] {
      if (session_) what(session_->training());
    });
    need_running_ << action;
    return action;
  };
  pause_action_ = of_running(tr("&Pause"), QKeySequence(Qt::CTRL | Qt::Key_P), tr("Keeps a checkpoint and waits; again: goes on"), [](TrainingQueue& t) { t.paused() ? t.resume() : t.pause(); });
  of_running(tr("Stop after &epoch"), QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_E), tr("Trains to the end of this epoch"), [](TrainingQueue& t) { t.stop_after_epoch(); });
  of_running(tr("Stop no&w"), QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_S), tr("Keeps a checkpoint at the next step and stops"), [](TrainingQueue& t) { t.stop_now(); });
  menu->addSeparator();
  menu->addActions({a.open, a.rename, a.note, a.duplicate});
  if (new_run_) {
    QAction* copy = menu->addAction(tr("New run &like this one…"));
    copy->setToolTip(tr("The new-run form with this run's data, model and settings"));
    need_writing_ << copy;
    connect(copy, &QAction::triggered, this, [this] {
      if (!session_ || !dock_->current()) return;
      show_workspace(Workspace::new_run);
      copy_run(new_run_, dock_->current());
    });
  }
  menu->addActions({a.copy_id, a.filter});
  menu->addSeparator();
  menu->addAction(a.remove);
}

void MainWindow::build_export_menu(QMenu* menu) {
  QAction* view = menu->addAction(tr("This &view…"));
  view->setShortcut(QKeySequence(Qt::CTRL | Qt::Key_E));
  view->setToolTip(tr("As PNG, SVG or PDF"));
  connect(view, &QAction::triggered, this, &MainWindow::export_view);
  need_file_ << view;
  menu->addSeparator();
  const std::pair<const char*, QString> formats[] = {{"csv", tr("Chosen run as &CSV…")}, {"tensorboard", tr("Chosen run as &TensorBoard events…")}, {"hf", tr("Chosen run as a &Hugging Face folder…")}};
  for (const auto& [id, name] : formats) {
    QAction* a = menu->addAction(name);
    connect(a, &QAction::triggered, this, [this, id = QLatin1String(id)] { export_run(id); });
    need_file_ << a;
  }
}

void MainWindow::build_help(QMenu* menu) {
  QAction* keys = menu->addAction(tr("&Keyboard"), this, &MainWindow::show_keys);
  keys->setShortcut(QKeySequence(Qt::CTRL | Qt::Key_Slash));
  QAction* about = menu->addAction(tr("&About Telltale"), this, &MainWindow::show_about);
  about->setMenuRole(QAction::AboutRole);
}

void MainWindow::export_view() {
  if (!session_) return;
  const char* const names[] = {"welcome", "runs", "new-run", "inspect", "compare", "evaluate"};
  export_widget(
      stack_->currentWidget(), QLatin1String(names[static_cast<int>(workspace())]), table_of(stack_->currentWidget()), [this](const QString& e) { complain(e); },
      [this](const QString& f) { notice_bar_->show_notice(NoticeBar::Kind::info, tr("Written: %1").arg(f)); });
}

/// In the worker; the same files as `telltale export` writes.
void MainWindow::export_run(const QString& format) {
  const std::int64_t run = dock_->current();
  if (!session_ || !run) return complain(tr("No run is chosen: choose one in the run list."));
  const RunRow* row = dock_->model().find(run);
  QString name = row ? row->name : QStringLiteral("run-%1").arg(run);
  for (QChar& c : name)
    if (!c.isLetterOrNumber() && c != QLatin1Char('-')) c = QLatin1Char('-');
  QString out;
  if (format == QLatin1String("csv")) {
    out = QFileDialog::getSaveFileName(this, tr("Steps of the run as CSV"), QDir::homePath() + QStringLiteral("/%1.csv").arg(name), tr("CSV (*.csv)"));
  } else {
    const QString parent = QFileDialog::getExistingDirectory(this, tr("Folder in which a new folder is made"), QDir::homePath());
    if (!parent.isEmpty()) out = parent + QStringLiteral("/") + name + (format == QLatin1String("hf") ? QStringLiteral("-model") : QStringLiteral("-events"));
  }
  if (out.isEmpty()) return;
  session_->work().submit(
      this, WorkQueue::Priority::background, tr("Exporting %1").arg(elided(name, 40)),
      [this, run, format, out](WorkQueue::Context& c) -> std::function<void()> {
        const std::filesystem::path to = out.toStdString();
        const RunRecord r = c.store.run(run);
        if (format == QLatin1String("hf")) {
          export_weights(c.store, r, to);
        } else if (format == QLatin1String("csv")) {
          write_file_atomically(to, steps_csv(c.store.steps(run)));
        } else {
          std::filesystem::create_directories(to);
          write_file_atomically(to / ("events.out.tfevents." + std::to_string(static_cast<long long>(unix_time(r.started.empty() ? r.created : r.started))) + ".telltale"), tensorboard_events(r, c.store.steps(run), c.store.validations(run)));
        }
        return [this, out] { notice_bar_->show_notice(NoticeBar::Kind::info, tr("Written: %1").arg(out)); };
      },
      [this](const QString& e) { complain(e); });
}

void MainWindow::show_settings() {
  auto* dialog = new SettingsDialog(theme_, compute_, remember_, this);
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  connect(dialog, &QDialog::accepted, this, [this, dialog] { choose_compute(dialog->chosen()); });
  dialog->open();
}

void MainWindow::show_about() {
  auto* box = new QMessageBox(this);
  box->setObjectName(QStringLiteral("about"));
  box->setAttribute(Qt::WA_DeleteOnClose);
  box->setTextFormat(Qt::PlainText);
  box->setWindowTitle(tr("About Telltale"));
  box->setIconPixmap(QIcon(QStringLiteral(":/icons/telltale.svg")).pixmap(64, 64));
  box->setText(tr("Telltale %1").arg(QLatin1String(TELLTALE_VERSION)));
  box->setInformativeText(tr("Finetunes text classifiers, and shows which words told the classes apart.\n\n%1\nQt %2\nDevice: %3\n\nFree software: GNU General Public License 3 or later, without any warranty.").arg(text(compute_description()), QLatin1String(qVersion()), machine_text(compute_)));
  box->open();
}

void MainWindow::show_keys() {
  auto* dialog = new KeysDialog(theme_, all_keys(*menuBar(), recent_menu_), this);
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->open();
}

void MainWindow::find_anything() {
  std::vector<FindDialog::Entry> entries;
  std::function<void(const QMenu*)> walk = [&](const QMenu* menu) {
    for (QAction* a : menu->actions()) {
      if (a->menu()) walk(a->menu());
      else if (!a->isSeparator() && a->isEnabled() && !a->text().isEmpty())
        entries.push_back({tr("command"), action_name(a->text()), a->shortcut().toString(QKeySequence::NativeText), [a = QPointer<QAction>(a)] {
                             if (a) a->trigger();
                           }});
    }
  };
  for (const QAction* a : menuBar()->actions()) walk(a->menu());
  if (session_) {
    for (const std::int64_t id : dock_->model().ids())
      if (const RunRow* r = dock_->model().find(id)) entries.push_back({tr("run"), r->name, QStringLiteral("%1 · %2").arg(r->preset, state_text(*r)), [this, id] { dock_->select(id); if (has_runs_view) show_workspace(Workspace::runs); }});
    if (new_run_)
      for (const SettingInfo& s : settings_table()) entries.push_back({tr("setting"), text(s.name), text(s.id), [this, id = s.id] {
                             show_new_run();
                             if (workspace() == Workspace::new_run) show_setting(new_run_, id);
                           }});
  }
  auto* dialog = new FindDialog(theme_, std::move(entries), session_.get(), [this](std::int64_t post) { show_post(inspect_->run() ? inspect_->run() : dock_->current(), post); }, this);
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->move(mapToGlobal(QPoint(std::max(0, (width() - dialog->width()) / 2), 70)));
  dialog->open();
}

/// The keyboard goes round: run list, the panels of the view, job bar.
void MainWindow::next_panel(int by) {
  QList<QWidget*> stops;
  const auto first_inside = [](QWidget* panel) -> QWidget* {
    if (panel->isVisible() && panel->isEnabled() && (panel->focusPolicy() & Qt::TabFocus)) return panel;
    for (QWidget* w : panel->findChildren<QWidget*>())
      if (w->isVisible() && w->isEnabled() && (w->focusPolicy() & Qt::TabFocus)) return w;
    return nullptr;
  };
  if (dock_->isVisible()) stops << &dock_->tree();
  for (QWidget* panel : stack_->currentWidget()->findChildren<QFrame*>(QStringLiteral("panel")))
    if (QWidget* w = panel->isVisible() ? first_inside(panel) : nullptr; w && !stops.contains(w)) stops << w;
  if (stops.size() == (dock_->isVisible() ? 1 : 0))
    if (QWidget* w = first_inside(stack_->currentWidget())) stops << w;
  if (QWidget* w = first_inside(job_bar_)) stops << w;
  if (stops.isEmpty()) return;
  qsizetype at = -1;
  for (qsizetype i = 0; i < stops.size(); ++i) {
    QWidget* panel = stops[i];
    while (panel && panel->objectName() != QLatin1String("panel") && panel != job_bar_) panel = panel->parentWidget();
    if (QWidget* f = QApplication::focusWidget(); f && (f == stops[i] || (panel && panel->isAncestorOf(f)))) at = i;
  }
  stops[(at + by + stops.size()) % stops.size()]->setFocus(Qt::TabFocusReason);
}

}  // namespace telltale::ui
