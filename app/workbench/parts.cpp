#include "app/workbench/parts.hpp"

#include <QLineEdit>
#include <algorithm>

#include "app/workbench/main_window.hpp"
#include "widgets/inspect/post_list.hpp"
#include "widgets/inspect/posts_panel.hpp"
#include "widgets/row_list.hpp"
#include "widgets/shell/run_dock.hpp"
#include "widgets/simulate/simulate_dialog.hpp"
#ifdef TELLTALE_HAS_EVALUATE_VIEW
#include "widgets/evaluate/evaluate_view.hpp"
#endif
#ifdef TELLTALE_HAS_RUNS_VIEW
#include "widgets/runs/runs_view.hpp"
#endif
#ifdef TELLTALE_HAS_GEOMETRY_VIEW
#include "widgets/geometry/geometry_panel.hpp"
#endif
#ifdef TELLTALE_HAS_NEW_RUN_VIEW
#include "widgets/new_run/new_run_view.hpp"
#include "widgets/new_run/preset_cards.hpp"
#endif

namespace telltale::ui {

#ifdef TELLTALE_HAS_RUNS_VIEW
RunsView* make_runs_view(Theme& theme, QWidget* parent) {
  auto* view = new RunsView(theme, parent);
#ifdef TELLTALE_HAS_GEOMETRY_VIEW
  view->set_side_panel(new GeometryPanel(theme, view));
#endif
  return view;
}
QWidget* as_widget(RunsView* view) { return view; }
void attach_part(RunsView* view, Session* session) {
  view->set_session(session);
#ifdef TELLTALE_HAS_GEOMETRY_VIEW
  view->findChild<GeometryPanel*>()->set_session(session);
#endif
}
void show_in_charts(RunsView* view, const RunDock& dock) {
  std::vector<std::int64_t> runs = dock.shown();
  if (const auto it = std::find(runs.begin(), runs.end(), dock.current()); it != runs.end()) std::rotate(runs.begin(), it, it + 1);
  view->set_run_colours(dock.colours());
  view->show_runs(runs);
  const RunRow* chosen = dock.model().find(dock.current());
  const bool untold = chosen && chosen->status == RunStatus::failed && !chosen->shown;  // one that is ticked says it itself
  view->tell_failure(untold ? RunsView::tr("%1 failed: %2").arg(chosen->name, chosen->error) : QString());
#ifdef TELLTALE_HAS_GEOMETRY_VIEW
  view->findChild<GeometryPanel*>()->show_run(runs.empty() ? dock.current() : runs.front());
#endif
}
#else
RunsView* make_runs_view(Theme&, QWidget*) { return nullptr; }
QWidget* as_widget(RunsView*) { return nullptr; }
void attach_part(RunsView*, Session*) {}
void show_in_charts(RunsView*, const RunDock&) {}
#endif

#ifdef TELLTALE_HAS_NEW_RUN_VIEW
NewRunView* make_new_run_view(Theme& theme, QWidget* parent) { return new NewRunView(theme, parent); }
QWidget* as_widget(NewRunView* view) { return view; }
void attach_part(NewRunView* view, Session* session) { view->set_session(session); }
void choose_data(NewRunView* view, std::int64_t dataset) { view->set_data(dataset); }
void choose_model(NewRunView* view, const QString& folder) { view->set_model(folder); }
void copy_run(NewRunView* view, std::int64_t run) { view->copy_from(run); }
void show_setting(NewRunView* view, const std::string& id) { view->show_setting(id); }
#else
NewRunView* make_new_run_view(Theme&, QWidget*) { return nullptr; }
QWidget* as_widget(NewRunView*) { return nullptr; }
void attach_part(NewRunView*, Session*) {}
void choose_data(NewRunView*, std::int64_t) {}
void choose_model(NewRunView*, const QString&) {}
void copy_run(NewRunView*, std::int64_t) {}
void show_setting(NewRunView*, const std::string&) {}
#endif

#ifdef TELLTALE_HAS_EVALUATE_VIEW
EvaluateView* make_evaluate_view(Theme& theme, QWidget* parent) { return new EvaluateView(theme, parent); }
QWidget* as_widget(EvaluateView* view) { return view; }
void attach_part(EvaluateView* view, Session* session) { view->set_session(session); }
void evaluate_runs(EvaluateView* view, const std::vector<std::int64_t>& runs) { view->show_runs(runs); }
void evaluate_run_of_list(EvaluateView* view, const RunDock& dock) { view->choose_run(dock.current()); }
void colour_runs(EvaluateView* view, const RunDock& dock) { view->set_run_colours(dock.colours()); }
#else
EvaluateView* make_evaluate_view(Theme&, QWidget*) { return nullptr; }
QWidget* as_widget(EvaluateView*) { return nullptr; }
void attach_part(EvaluateView*, Session*) {}
void evaluate_runs(EvaluateView*, const std::vector<std::int64_t>&) {}
void evaluate_run_of_list(EvaluateView*, const RunDock&) {}
void colour_runs(EvaluateView*, const RunDock&) {}
#endif

void simulate(MainWindow& window, std::int64_t run) {
  if (!window.session()) return;
  auto* dialog = new SimulateDialog(window.theme(), *window.session(), run ? run : window.inspect().run(), window.inspect().options(), &window);
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->open();
}

QWidget* first_control(QWidget* view) {
#ifdef TELLTALE_HAS_NEW_RUN_VIEW
  for (auto* card : view->findChildren<PresetCard*>())
    if (card->isChecked()) return card;
#endif
  if (qobject_cast<InspectView*>(view))
    if (auto* posts = view->findChild<PostsPanel*>()) return posts->list().isVisible() ? static_cast<QWidget*>(&posts->list()) : posts->search_field();
  if (qobject_cast<CompareView*>(view)) return view->findChild<RowList*>();
  return nullptr;
}

namespace {

template <class View>
bool settled_of(const View* view) {
  if constexpr (requires { view->settled(); }) return !view || view->settled();
  else if constexpr (requires { view->busy(); }) return !view || !view->busy();
  else return true;
}

}  // namespace

CsvSource table_of(QWidget* view) {
  if (auto* inspect = qobject_cast<InspectView*>(view)) return [inspect] { return inspect->csv(); };
  if (auto* compare = qobject_cast<CompareView*>(view)) return [compare] { return compare->csv(); };
#ifdef TELLTALE_HAS_RUNS_VIEW
  if (auto* runs = qobject_cast<RunsView*>(view)) return [runs] { return runs->csv(); };
#endif
#ifdef TELLTALE_HAS_EVALUATE_VIEW
  if (auto* evaluate = qobject_cast<EvaluateView*>(view)) return [evaluate] { return evaluate->csv(); };
#endif
  return {};
}

bool part_settled([[maybe_unused]] QWidget* view) {
#ifdef TELLTALE_HAS_RUNS_VIEW
  if (const auto* runs = qobject_cast<RunsView*>(view)) return settled_of(runs);
#endif
#ifdef TELLTALE_HAS_NEW_RUN_VIEW
  if (const auto* form = qobject_cast<NewRunView*>(view)) return settled_of(form);
#endif
#ifdef TELLTALE_HAS_EVALUATE_VIEW
  if (const auto* evaluate = qobject_cast<EvaluateView*>(view)) return settled_of(evaluate);
#endif
  return true;
}

void connect_parts(MainWindow& window, InspectView* inspect, CompareView*, [[maybe_unused]] RunsView* runs, [[maybe_unused]] NewRunView* new_run, [[maybe_unused]] EvaluateView* evaluate) {
  QObject::connect(inspect, &InspectView::simulation_asked, &window, [&window](qint64 run) { simulate(window, run); });
  QObject::connect(inspect, &InspectView::run_chosen, &window, [&window](qint64 run) { window.dock().select(run); });
#ifdef TELLTALE_HAS_RUNS_VIEW
  QObject::connect(runs, &RunsView::failed, &window, [&window](const QString& m) { window.complain(m); });
  QObject::connect(runs, &RunsView::new_run_asked, &window, &MainWindow::show_new_run);
  QObject::connect(runs, &RunsView::run_hidden, &window, [&window](qint64 run) { window.dock().model().set_shown(run, false); });
  QObject::connect(runs, &RunsView::add_asked, &window, [&window] { window.find_runs(); });
  QObject::connect(runs, &RunsView::document_asked, &window, [&window](qint64 run, qint64 document) { window.show_post(run, document); });
#ifdef TELLTALE_HAS_GEOMETRY_VIEW
  QObject::connect(runs->findChild<GeometryPanel*>(), &GeometryPanel::failed, &window, [&window](const QString& m) { window.complain(m); });
#endif
#endif
#ifdef TELLTALE_HAS_NEW_RUN_VIEW
  QObject::connect(new_run, &NewRunView::failed, &window, [&window](const QString& m) { window.complain(m); });
  QObject::connect(new_run, &NewRunView::import_wanted, &window, [&window] { window.import_data(); });
  QObject::connect(new_run, &NewRunView::closed, &window, [&window] { window.show_workspace(has_runs_view ? Workspace::runs : Workspace::inspect); });
  QObject::connect(new_run, &NewRunView::queued, &window, [&window](const std::vector<qint64>& made) {
    if (!made.empty()) {
      window.dock().show_only({made.begin(), made.end()});
      window.dock().select(made.front());
    }
    window.show_workspace(has_runs_view ? Workspace::runs : Workspace::inspect);
  });
#endif
#ifdef TELLTALE_HAS_EVALUATE_VIEW
  QObject::connect(evaluate, &EvaluateView::failed, &window, [&window](const QString& m) { window.complain(m); });
  QObject::connect(evaluate, &EvaluateView::new_run_asked, &window, &MainWindow::show_new_run);
  QObject::connect(evaluate, &EvaluateView::post_asked, &window, [&window](qint64 run, qint64 document) { window.show_post(run, document); });
#endif
}

}  // namespace telltale::ui
