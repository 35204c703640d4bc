// MainWindow: what it opens, from menus, drops, the command line and the list of recent files, and what it lets go.
#include "app/workbench/main_window.hpp"

#include <QDir>
#include <QDragEnterEvent>
#include <QFileInfo>
#include <QMimeData>
#include <QTimer>
#include <QUrl>
#include <algorithm>

#include "app/workbench/example_strip.hpp"
#include "app/workbench/parts.hpp"
#include "app/workbench/welcome_view.hpp"
#include "base/files.hpp"
#include "widgets/export/view_menu.hpp"
#include "widgets/shell/appearance.hpp"
#include "widgets/shell/import_dialog.hpp"
#include "widgets/shell/job_bar.hpp"
#include "widgets/shell/notice_bar.hpp"
#include "widgets/shell/preferences.hpp"
#include "widgets/shell/recent_files.hpp"
#include "widgets/shell/run_dock.hpp"
#include "widgets/shell/warm_up.hpp"
#include "widgets/shell/words.hpp"

namespace telltale::ui {
namespace {

QString dropped_file(const QMimeData* data) {
  const auto urls = data ? data->urls() : QList<QUrl>();
  return urls.size() == 1 && urls[0].isLocalFile() ? urls[0].toLocalFile() : QString();
}

bool is_telltale(const QString& path) {
  const QFileInfo info(path);
  if (!info.isFile()) return false;
  if (info.suffix() == QLatin1String("telltale")) return true;
  return is_database(path.toStdString());
}

}  // namespace

void MainWindow::set_views(Session* session) {
  dock_->set_session(session);
  job_bar_->set_session(session);
  attach(*inspect_, session);
  attach(*compare_, session);
  attach_part(runs_, session);
  attach_part(new_run_, session);
  if (evaluate_) attach_part(evaluate_, session);
  picked_ = 0;
}

void MainWindow::open(const std::filesystem::path& file, Session::Open how) {
  take_file(file, how);
  show_first_view();
}

void MainWindow::take_file(const std::filesystem::path& file, Session::Open how) {
  auto session = std::make_unique<Session>(file, how);
  session->training().set_compute(compute_);
  let_go();
  session_ = std::move(session);
  leaving_ = {};
  try {
    set_views(session_.get());
  } catch (...) {
    close_file();
    throw;
  }
  connect(&session_->training(), &TrainingQueue::changed, this, [this] {
    update_state();
    check_leaving();
  });
  connect(&session_->training(), &TrainingQueue::finished, this, [this](qint64 run, const QString& error) {
    if (!error.isEmpty()) complain(tr("Run %1 failed: %2").arg(run).arg(error));
    check_leaving();
  });
  error_bar_->hide();
  notice_bar_->hide();
  note_recent();
  show_in_charts(runs_, *dock_);
  first_view_waits_ = true;
}

/// Which workspace was open, of the file that is left: the same file shows it again.
void MainWindow::remember_workspace() {
  if (remember_ && session_) preferences().setValue(QStringLiteral("window/workspace"), QStringList{text(session_->store().file().string()), QString::number(static_cast<int>(workspace()))});
}

void MainWindow::show_first_view() {
  const QStringList left = remember_ ? preferences().value(QStringLiteral("window/workspace")).toStringList() : QStringList();
  if (left.size() == 2 && left[0] == text(session_->store().file().string()) && dock_->model().count() > 0)
    for (const Workspace w : {Workspace::inspect, Workspace::compare, Workspace::evaluate})
      if (left[1].toInt() == static_cast<int>(w) && (w != Workspace::evaluate || evaluate_)) {
        show_workspace(w);
        return offer_to_continue();
      }
  const bool any = dock_->model().count() > 0;
  show_workspace(any && inspect_->run() && !has_runs_view ? Workspace::inspect : has_runs_view ? Workspace::runs : !inspect_->shows_post() && compare_->shows_comparison() ? Workspace::compare : Workspace::inspect);
  offer_to_continue();
}

/// A worker looks at its stop once a call of the model, which takes up to half a second: the window does not wait for it.
void MainWindow::let_go() {
  remember_workspace();
  if (session_) note_recent();  // reads the list of runs
  set_views(nullptr);
  if (!session_) return;
  if (session_->training().running() || !session_->training().waiting().empty()) return session_.reset();  // saved first, as by "stop now"; none of those that wait begins
  disconnect(&session_->training(), nullptr, this, nullptr);
  Session* old = session_.get();
  old_sessions_.push_back(std::move(session_));
  connect(old, &Session::ended, this, [this, old] { std::erase_if(old_sessions_, [old](const auto& s) { return s.get() == old; }); }, Qt::QueuedConnection);
  old->end();
}

void MainWindow::close_file() {
  let_go();
  leaving_ = {};
  notice_bar_->hide();
  show_workspace(Workspace::welcome);
}

void MainWindow::ask_file() {
  const QString start = session_ ? QFileInfo(text(session_->store().file().string())).absolutePath() : QString();
  const QString file = ask_open_file(tr("Open file"), start, tr("Telltale files (*.telltale);;All files (*)"));
  if (!file.isEmpty()) try_open(file);
}

void MainWindow::new_file() {
  const QString file = ask_new_file(tr("New file: runs and posts are kept in it"), QDir::homePath() + QStringLiteral("/runs.telltale"));
  if (!file.isEmpty()) try_open(file, Session::Open::create);
}

void MainWindow::try_open(const QString& file, Session::Open how) {
  leave(tr("opening another file"), [this, file, how] {
    try {
      // In two steps: between them the window takes what its person does. (With 0 ms Qt would post an event instead, and serve it before any input.)
      take_file(std::filesystem::path(file.toStdString()), how);
      QTimer::singleShot(1, this, [this] {
        if (session_ && first_view_waits_) show_first_view();
      });
    } catch (const std::exception& e) {
      complain(one_line(e.what()));
      // Whoever opens a file of posts wants them in.
      if (const QFileInfo info(file); info.isFile() && info.size() > 0 && !is_telltale(file))
        error_bar_->show_notice(NoticeBar::Kind::error, tr("%1: not a Telltale file. Are these posts to be imported?").arg(info.fileName()), one_line(e.what()), {{tr("Import"), [this, file] { import_data(file); }}});
      list_recent();
    }
  });
}

/// Goes on at once when a file is open for writing, else asks where things are to be kept.
void MainWindow::need_file(const QString& name, std::function<void()> then) {
  if (session_ && !session_->read_only()) return then();
  const QString file = ask_new_file(session_ ? tr("This file can only be read. Where are runs and posts to be kept?") : tr("Where are runs and posts to be kept?"), QDir::homePath() + QStringLiteral("/") + name + QStringLiteral(".telltale"));
  if (file.isEmpty()) return;
  leave(tr("opening another file"), [this, file, then] {
    try {
      open(std::filesystem::path(file.toStdString()), Session::Open::create);
      then();
    } catch (const std::exception& e) {
      complain(one_line(e.what()));
    }
  });
}

void MainWindow::import_data(const QString& source) {
  QString name = source.isEmpty() ? QStringLiteral("posts") : QFileInfo(source).baseName();
  need_file(name.isEmpty() ? QStringLiteral("posts") : name, [this, source] {
    auto* dialog = new ImportDialog(theme_, *session_, source, this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &ImportDialog::new_run_asked, this, [this](const QString& dataset) {
      show_new_run();
      try {
        choose_data(new_run_, session_->store().dataset(dataset.toStdString()).id);
      } catch (const std::exception& e) {
        complain(one_line(e.what()));
      }
    });
    dialog->open();
  });
}

void MainWindow::open_example() {
  const QString demo = example_file();
  if (!demo.isEmpty()) return try_open(demo);
  const QString posts = example_posts();
  std::vector<NoticeBar::Button> buttons;
  if (!posts.isEmpty()) buttons.emplace_back(tr("Import the bundled posts"), [this, posts] { import_data(posts); });
  notice_bar_->show_notice(NoticeBar::Kind::info, tr("The example file is not there. Import the bundled posts, then New run > Paired trains its two runs, about 10 minutes on two cores (packaging/quickstart does both)."), {}, buttons);
}

void MainWindow::take_path(const QString& path) {
  const QFileInfo info(path);
  if (!info.exists()) return complain(tr("%1: is not there any more").arg(path));
  if (is_telltale(path)) return try_open(path);
  if (info.isDir() && QFileInfo::exists(path + QStringLiteral("/config.json")) && new_run_)
    return need_file(QStringLiteral("runs"), [this, path] {
      show_workspace(Workspace::new_run);
      choose_model(new_run_, path);
    });
  import_data(path);
}

void MainWindow::dragEnterEvent(QDragEnterEvent* e) {
  if (!dropped_file(e->mimeData()).isEmpty()) e->acceptProposedAction();
}

void MainWindow::dropEvent(QDropEvent* e) {
  const QString file = dropped_file(e->mimeData());
  if (file.isEmpty()) return;
  e->acceptProposedAction();
  if (is_telltale(file)) return take_path(file);
  QTimer::singleShot(0, this, [this, file] { take_path(file); });  // it may ask: the drop ends first
}

void MainWindow::note_recent() {
  if (!remember_ || !session_) return;
  try {
    std::int64_t posts = 0;
    for (const DatasetInfo& d : session_->store().datasets()) posts += d.documents;
    add_recent(text(session_->store().file().string()), dock_->model().count(), posts);
  } catch (const std::exception&) {  // a list of files is not worth an error
    add_recent(text(session_->store().file().string()), 0, 0);
  }
  list_recent();
}

void MainWindow::list_recent() {
  const auto files = remember_ ? recent_files() : std::vector<RecentFile>();
  welcome_->set_recent(files);
  recent_menu_->clear();
  for (const RecentFile& f : files) {
    QAction* a = recent_menu_->addAction(elided(f.path, 80).replace(QLatin1Char('&'), QLatin1String("&&")));
    a->setEnabled(f.there);
    connect(a, &QAction::triggered, this, [this, path = f.path] { try_open(path); });
  }
  recent_menu_->setEnabled(!files.empty());
  if (files.empty()) return;
  recent_menu_->addSeparator();
  connect(recent_menu_->addAction(tr("&Clear the list")), &QAction::triggered, this, [this] {
    forget_recent({});
    list_recent();
  });
}

}  // namespace telltale::ui
