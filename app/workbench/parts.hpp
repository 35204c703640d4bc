// Views that this build may or may not hold, behind functions that do nothing where one is missing.
#pragma once
#include <QWidget>
#include <vector>

#include "widgets/compare/compare_view.hpp"
#include "widgets/export/export.hpp"
#include "widgets/inspect/inspect_view.hpp"

namespace telltale::ui {

class EvaluateView;
class MainWindow;
class NewRunView;
class RunDock;
class RunsView;

#ifdef TELLTALE_HAS_RUNS_VIEW
inline constexpr bool has_runs_view = true;
#else
inline constexpr bool has_runs_view = false;
#endif

#ifdef TELLTALE_HAS_NEW_RUN_VIEW
inline constexpr bool has_new_run_view = true;
#else
inline constexpr bool has_new_run_view = false;
#endif

#ifdef TELLTALE_HAS_EVALUATE_VIEW
inline constexpr bool has_evaluate_view = true;
#else
inline constexpr bool has_evaluate_view = false;
#endif

EvaluateView* make_evaluate_view(Theme& theme, QWidget* parent);
RunsView* make_runs_view(Theme& theme, QWidget* parent);
NewRunView* make_new_run_view(Theme& theme, QWidget* parent);
QWidget* as_widget(EvaluateView* view);
QWidget* as_widget(RunsView* view);
QWidget* as_widget(NewRunView* view);
void attach_part(EvaluateView* view, Session* session);
void attach_part(RunsView* view, Session* session);
void attach_part(NewRunView* view, Session* session);
/// The charts show `runs`, the chosen one in front, in the colours of the run list; the geometry is that of the chosen run.
void show_in_charts(RunsView* view, const RunDock& dock);
/// Runs side by side in Evaluate; throws what the view throws. colour_runs: in the colours of the run list.
void evaluate_runs(EvaluateView* view, const std::vector<std::int64_t>& runs);
void evaluate_run_of_list(EvaluateView* view, const RunDock& dock);
void colour_runs(EvaluateView* view, const RunDock& dock);
void choose_data(NewRunView* view, std::int64_t dataset);
void choose_model(NewRunView* view, const QString& folder);
void copy_run(NewRunView* view, std::int64_t run);
void show_setting(NewRunView* view, const std::string& id);
void connect_parts(MainWindow& window, InspectView* inspect, CompareView* compare, RunsView* runs, NewRunView* new_run, EvaluateView* evaluate);
/// Opens a session in which a person tells what the run answers; 0 = the run that Inspect shows.
void simulate(MainWindow& window, std::int64_t run = 0);
/// Where the keyboard begins in a view; nullptr: anywhere.
QWidget* first_control(QWidget* view);
/// The table of a view, as Ctrl E writes it; nothing where it has none.
CsvSource table_of(QWidget* view);
/// What a view says of itself by settled(); true where it says nothing.
bool part_settled(QWidget* view);

/// Views take the session, or (older ones) its store.
template <class View>
void attach(View& view, Session* session) {
  if constexpr (requires { view.set_session(session); }) view.set_session(session);
  else view.set_store(session ? &session->store() : nullptr);
}

}  // namespace telltale::ui
