// Charts of a long run: columns made, kept and read again; one redraw of all six loss charts, against the same charts given every point.
//   QT_QPA_PLATFORM=offscreen bench_charts [--steps 1000000]       JSON on standard output
#include <QApplication>
#include <QElapsedTimer>
#include <QTemporaryDir>
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "widgets/watched_runs.hpp"
#include "widgets/plot/chart_grid.hpp"
#include "widgets/runs/loss_panel.hpp"
#include "widgets/runs/runs_view.hpp"

using namespace telltale;
using namespace telltale::ui;

namespace {

template <class F>
double milliseconds(const F& work, int times = 1) {
  std::vector<double> took;
  for (int k = 0; k < times; ++k) {
    QElapsedTimer clock;
    clock.start();
    work(k);
    took.push_back(static_cast<double>(clock.nsecsElapsed()) / 1e6);
  }
  std::sort(took.begin(), took.end());
  return took[took.size() / 2];
}

void until(const std::function<bool()>& done) {
  while (!done()) QApplication::processEvents(QEventLoop::AllEvents | QEventLoop::WaitForMoreEvents, 50);
}

}  // namespace

int main(int argc, char** argv) {
  QApplication app(argc, argv);
  int steps = 1'000'000;
  for (int i = 1; i + 1 < argc; ++i)
    if (std::string(argv[i]) == "--steps") steps = std::max(1000, std::atoi(argv[i + 1]));
  QTemporaryDir dir;
  const std::filesystem::path file = std::filesystem::path(dir.path().toStdString()) / "long.telltale";
  OrderedJson out = {{"benchmark", "charts"}, {"steps", steps}, {"terms", 6}};
  std::int64_t id = 0;
  {
    auto store = Store::open(file, Store::Mode::create);
    auto import = store->begin_import("posts", "made up", Json::object());
    for (const char* label : {"one", "two"}) {
      Document d;
      d.text = d.external_id = label;
      d.split = "train";
      import->add(d, label);
    }
    const auto dataset = import->commit(Json::object()).id;
    out["write_rows_ms"] = milliseconds([&](int) { id = test::add_watched_run(*store, dataset, {.name = "long", .steps = steps, .done = steps, .spike = steps / 2}); });
    const RunRecord run = store->run(id);
    RunCurves curves;
    out["read_rows_ms"] = milliseconds([&](int) { read_new_steps(*store, id, curves); });
    const auto bytes = curves.bytes();
    out["kept_mib"] = static_cast<double>(bytes.size()) / (1 << 20);
    store->set_curves(id, steps, bytes);
    out["read_kept_ms"] = milliseconds([&](int) { curves = load_curves(*store, run); }, 3);
    const auto values = curves.column("term.total")->values.values();
    const std::vector<float> column(values.begin(), values.end());
    out["pyramid_ms"] = milliseconds([&](int) { const MinMaxPyramid p(column); }, 5);
    out["append_ns_a_value"] = 1e6 / steps * milliseconds([&](int) {
      MinMaxPyramid p;
      for (const float v : column) p.append(v);
    }, 3);
    const MinMaxPyramid pyramid(column);
    out["average_ms"] = milliseconds([&](int) {
      MovingAverage a;
      a.follow(pyramid, 0.97);
    }, 5);
  }

  Theme theme(Theme::Mode::light);
  theme.apply(app);
  Session session(file);
  RunsView view(theme);
  view.resize(1080, 820);
  view.set_session(&session);
  view.show();
  out["show_ms"] = milliseconds([&](int) {
    view.show_runs({id});
    until([&] { return !view.busy(); });
  });
  LossPanel& losses = view.losses();
  // A redraw as a tick makes it: lines of all charts asked for, then painted.
  out["replot_ms"] = milliseconds([&](int) {
    losses.refresh();
    losses.grab();
  }, 15);
  out["fill_ms"] = milliseconds([&](int) { losses.refresh(); }, 15);
  out["zoom_ms"] = milliseconds([&](int k) {
    const double middle = steps * (0.1 + 0.05 * k), width = steps / std::pow(2.0, k);
    view.scope().set_zoom(std::pair(std::max(0.0, middle - width / 2), middle + width / 2));
    losses.grab();
  }, 15);
  view.scope().set_zoom(std::nullopt);
  out["smoothing_ms"] = milliseconds([&](int k) { view.scope().set_beta(0.9 + 0.005 * k); }, 7);
  out["hover_ms"] = milliseconds([&](int k) {
    view.scope().set_cursor(steps * (0.01 + 0.03 * k));
    losses.grab();
  }, 25);

  // The same six charts with every point handed to the plot.
  ChartGrid naive(theme, QStringLiteral("every point"), 2, 3);
  naive.resize(losses.grid().size());
  naive.show();
  naive.set_limits(0, steps);
  naive.set_range(0, steps);
  WatchedRun* run = view.data().find(id);
  for (int i = 0; i < naive.count(); ++i) {
    ChartData data = losses.grid().data(i);
    data.lines.resize(1);
    ChartLine& line = data.lines.front();
    const auto values = run->curves.column("term." + losses.terms()[static_cast<std::size_t>(i)])->values.values();
    line.band_x.clear(), line.low.clear(), line.high.clear();
    line.x = run->curves.steps();
    line.y.assign(values.begin(), values.end());
    naive.set_data(i, std::move(data));
  }
  out["every_point_replot_ms"] = milliseconds([&](int) {
    naive.replot();
    naive.grab();
  }, 3);
  std::printf("%s\n", out.dump(2).c_str());
  return 0;
}
