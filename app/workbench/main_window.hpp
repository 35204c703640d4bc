// The window: workspaces, run list, job bar, menus, and the file that is open.
#pragma once
#include <QMainWindow>
#include <QPointer>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>

#include "widgets/session/session.hpp"
#include "widgets/theme.hpp"

class QActionGroup;
class QLabel;
class QMenu;
class QPushButton;
class QSplitter;
class QStackedWidget;
class QToolButton;
class QVBoxLayout;

namespace telltale::ui {

class Appearance;
class CompareView;
class WarmUp;
class EvaluateView;
class InspectView;
class JobBar;
class NewRunView;
class NoticeBar;
class RunDock;
class RunsView;
class WelcomeView;

enum class Workspace { welcome, runs, new_run, inspect, compare, evaluate };

class MainWindow : public QMainWindow {
  Q_OBJECT
 public:
  /// `remember`: geometry, layout, theme, device and recent files are those of last time, and kept for the next.
  explicit MainWindow(Theme& theme, bool remember = false, Appearance* appearance = nullptr);
  ~MainWindow() override;

  /// Throws what Session throws; the file that was open stays open then. What trains in the old one is saved and stopped.
  void open(const std::filesystem::path& file, Session::Open how = Session::Open::existing);
  void close_file();
  void show_workspace(Workspace workspace);  ///< without a file only welcome
  Workspace workspace() const;
  Session* session() { return session_.get(); }
  Theme& theme() { return theme_; }
  InspectView& inspect() { return *inspect_; }
  CompareView& compare() { return *compare_; }
  RunDock& dock() { return *dock_; }
  JobBar& job_bar() { return *job_bar_; }
  NoticeBar& errors() { return *error_bar_; }
  NoticeBar& notices() { return *notice_bar_; }
  RunsView* runs() { return runs_; }          ///< nullptr: not in this build
  NewRunView* new_run() { return new_run_; }
  EvaluateView* evaluate() { return evaluate_; }
  bool settled() const;                      ///< nothing that is on screen is still being read or computed

  /// A line under the workspace bar, until the next success: what to do, with what was reported on demand.
  void complain(const QString& message, const QString& details = {});
  /// What a person dropped or asked for: a .telltale file, a model folder, or posts.
  void take_path(const QString& path);
  void import_data(const QString& source = {});
  void show_new_run();
  void show_post(std::int64_t run, std::int64_t document);  ///< in Inspect
  void find_runs();                          ///< the keyboard goes to the run list

  /// How files are asked for; tests answer themselves. Empty: the person changed their mind.
  std::function<QString(const QString& title, const QString& start, const QString& filter)> ask_open_file;
  std::function<QString(const QString& title, const QString& start)> ask_new_file;

 protected:
  void dragEnterEvent(QDragEnterEvent*) override;
  void dropEvent(QDropEvent*) override;
  void showEvent(QShowEvent*) override;
  void closeEvent(QCloseEvent*) override;
  void resizeEvent(QResizeEvent*) override;

 private:
  struct Tab {
    Workspace workspace;
    QPushButton* button;
  };
  void build_bars(QVBoxLayout* column);
  void build_views();
  void build_menus();
  void build_help(QMenu* menu);
  void build_run_menu(QMenu* menu);
  void build_export_menu(QMenu* menu);
  void connect_views();
  void set_views(Session* session);
  void let_go();
  void ask_file();
  void new_file();
  void take_file(const std::filesystem::path& file, Session::Open how);  ///< gives it to the views; none is shown yet
  void show_first_view();
  void show_picked();
  std::vector<std::pair<QString, QSplitter*>> dividers() const;
  void restore_dividers(const QWidget* view);
  bool is_due_in(const QWidget* part) const;
  void try_open(const QString& file, Session::Open how = Session::Open::existing);
  void need_file(const QString& name, std::function<void()> then);
  void open_example();
  void update_state();
  void update_dock();
  void set_dock_open(bool open);
  void note_recent();
  void list_recent();
  void offer_to_continue();
  void choose_theme(const QString& which);
  void step_text_size(int by);  ///< 0: as it comes
  void show_settings();
  void show_about();
  void show_keys();
  void find_anything();
  void next_panel(int by);
  void export_view();
  void export_run(const QString& format);
  void remember_layout();
  void remember_workspace();
  void restore_layout();
  void choose_compute(const ComputeOptions& options);

  // Leaving a file while a run is on: leaving.cpp.
  void leave(const QString& closing, std::function<void()> then);
  void leave_when_done(bool stop, bool continue_next_time);
  void check_leaving();

  Theme& theme_;
  const bool remember_;
  Appearance* appearance_;
  std::unique_ptr<Session> session_;
  WarmUp* warm_up_ = nullptr;
  std::vector<std::unique_ptr<Session>> old_sessions_;  ///< closed; each goes when its last work has ended
  QLabel* file_label_ = nullptr;
  NoticeBar *error_bar_ = nullptr, *notice_bar_ = nullptr;
  QPushButton* find_button_ = nullptr;
  QToolButton *export_button_ = nullptr, *theme_button_ = nullptr;
  std::vector<Tab> tabs_;
  QStackedWidget* stack_ = nullptr;
  QSplitter* splitter_ = nullptr;
  QWidget* rail_ = nullptr;
  RunDock* dock_ = nullptr;
  JobBar* job_bar_ = nullptr;
  WelcomeView* welcome_ = nullptr;
  InspectView* inspect_ = nullptr;
  CompareView* compare_ = nullptr;
  RunsView* runs_ = nullptr;
  NewRunView* new_run_ = nullptr;
  EvaluateView* evaluate_ = nullptr;
  QMenu *recent_menu_ = nullptr, *run_menu_ = nullptr;
  QActionGroup* themes_ = nullptr;
  QList<QAction*> need_file_, need_writing_, need_running_;
  QAction *pause_action_ = nullptr, *dock_action_ = nullptr;
  QString theme_choice_ = QStringLiteral("system");
  ComputeOptions compute_;
  std::map<Workspace, bool> dock_open_;
  std::map<const QWidget*, QPointer<QWidget>> last_focus_;  ///< by workspace
  std::function<void()> leaving_;
  bool leaving_now_ = false;
  std::set<const QWidget*> restored_;  ///< views whose dividers stand as they were left
  int dock_width_ = 0;             ///< as a person dragged it; 0: not yet
  std::int64_t picked_ = 0;        ///< the run that a person chose in the list since Inspect was last shown
  bool first_view_waits_ = false;  ///< a file is open and nothing of it is shown yet
};

}  // namespace telltale::ui
