// Start, stop, close, reopen, again and again: at every moment of a run, with everything on screen that listens to it.
//   TELLTALE_CYCLES=200 QTEST_FUNCTION_TIMEOUT=7200000 test_cycles     as often as that, under a sanitizer for instance; 6 without
#include <QTemporaryDir>
#include <QtTest>

#include "app/workbench/main_window.hpp"
#include "base/random.hpp"
#include "tiny_model.hpp"
#include "training/process.hpp"
#include "widgets/inspect/inspect_view.hpp"
#include "widgets/runs/runs_view.hpp"
#include "widgets/shell/run_dock.hpp"

using namespace telltale;
using namespace telltale::ui;
namespace fs = std::filesystem;

class TestCycles : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void start_stop_close_reopen() {
    const int cycles = std::max(1, qEnvironmentVariableIntValue("TELLTALE_CYCLES") ? qEnvironmentVariableIntValue("TELLTALE_CYCLES") : 6);
    constexpr int patience = 60'000;
    QTemporaryDir dir;
    const fs::path folder = dir.path().toStdString(), file = folder / "cycles.telltale", model = test::make_tiny_model(folder / "tiny");
    {
      auto store = Store::open(file, Store::Mode::create);
      const auto data = test::add_tiny_posts(*store);
      auto ids = store->document_ids({.dataset = data.id});
      ids.resize(3);
      store->set_value("film.pinned", Json(ids));
    }
    Theme theme(Theme::Mode::light);
    theme.apply(*qApp);
    MainWindow window(theme);
    window.resize(1280, 860);
    window.show();
    Rng rng(11);
    const Workspace workspaces[] = {Workspace::runs, Workspace::inspect, Workspace::compare, Workspace::new_run};
    std::int64_t run = 0;
    double early = 0;
    for (int k = 0; k < cycles; ++k) {
      window.open(file);
      QVERIFY(window.session());
      Store& store = window.session()->store();
      auto& training = window.session()->training();
      training.set_compute({"cpu", 1, Precision::fp32});
      if (run) QCOMPARE(store.run(run).status, RunStatus::stopped);
      if (k % 3 == 0) {  // else the one that was stopped goes on
        TrainRequest r = test::tiny_request(store, model, k % 2 ? "baseline" : "contrastive", 10'000);
        for (const char* s : {"film_steps=3", "share_steps=5"}) assign(r.settings, s);
        run = queue_run(store, r);
      }
      const std::int64_t from = store.run(run).step;
      training.enqueue(run);
      window.show_workspace(workspaces[k % 4]);
      // Anywhere: before it has loaded, in its first steps, after a while.
      const auto steps = static_cast<std::int64_t>(rng.below(4) * 4);
      if (steps > 0) QTRY_VERIFY_WITH_TIMEOUT(training.state().step > from + steps, patience);
      window.show_workspace(workspaces[(k + 1) % 4]);
      QTest::qWait(static_cast<int>(rng.below(60)));
      QTRY_VERIFY_WITH_TIMEOUT(training.running() || !training.waiting().empty() || training.state().step > 0, patience);
      if (k % 2) {  // stopped by a person, else by the file being closed under it
        QTRY_VERIFY_WITH_TIMEOUT(training.running(), patience);
        training.stop_now();
        QTRY_VERIFY_WITH_TIMEOUT(!training.running(), patience);
      } else {
        QTRY_VERIFY_WITH_TIMEOUT(training.running(), patience);
      }
      if (k % 5 == 4) window.open(file);  // opened again without having been closed
      else window.close_file();
      if (k % 5 == 4) window.close_file();
      QVERIFY(!window.session());
      auto after = Store::open(file, Store::Mode::write);
      const RunRecord r = after->run(run);
      QVERIFY2(r.status == RunStatus::stopped, name_of(r.status));
      QCOMPARE(after->steps(run).size(), static_cast<std::size_t>(r.step));
      if (k == std::min(40, cycles / 2)) early = resident_mib();
      if (k % 20 == 19) qInfo("%d of %d", k + 1, cycles);
    }
    qInfo("%d cycles; resident %.0f MiB in the middle, %.0f MiB at the end", cycles, early, resident_mib());
  }
};

QTEST_MAIN(TestCycles)
#include "test_cycles.moc"
