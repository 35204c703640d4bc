// The session: training and work beside the window's thread.
#include <unistd.h>

#include <QProcess>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QtTest>
#include <atomic>
#include <latch>

#include "tiny_model.hpp"
#include "widgets/session/pulse.hpp"
#include "widgets/session/session.hpp"
#include "without_rights.hpp"

using namespace telltale;
using namespace telltale::ui;
namespace fs = std::filesystem;
using Priority = WorkQueue::Priority;

namespace {

constexpr int patience = 60'000;
const ComputeOptions plain{"cpu", 1, Precision::fp32};

}  // namespace

class TestSession : public QObject {
  Q_OBJECT
  QTemporaryDir dir_;
  fs::path model_;
  int files_ = 0;

  fs::path new_file() { return fs::path(dir_.path().toStdString()) / ("s" + std::to_string(++files_) + ".telltale"); }
  std::unique_ptr<Session> fresh(const fs::path& file) {
    auto s = std::make_unique<Session>(file, Session::Open::create);
    s->training().set_compute(plain);
    test::add_tiny_posts(s->store());
    return s;
  }
  std::int64_t queue(Session& s, int epochs = 2, const std::string& preset = "baseline") { return queue_run(s.store(), test::tiny_request(s.store(), model_, preset, epochs)); }

 private Q_SLOTS:
  void initTestCase() { model_ = test::make_tiny_model(fs::path(dir_.path().toStdString()) / "tiny"); }

  void a_run_trains_and_tells() {
    auto s = fresh(new_file());
    const auto run = queue(*s, 3);
    std::vector<std::string> kinds;
    std::vector<std::int64_t> steps;
    connect(&s->training(), &TrainingQueue::events, this, [&](qint64 of, const std::vector<OrderedJson>& events) {
      QCOMPARE(of, run);
      for (const auto& e : events) {
        kinds.push_back(e["event"].get<std::string>());
        if (kinds.back() == "step") steps.push_back(e["step"].get<std::int64_t>());
      }
    });
    QSignalSpy finished(&s->training(), &TrainingQueue::finished), changed(s.get(), &Session::runs_changed);
    s->training().enqueue(run);
    s->training().enqueue(run);
    QVERIFY(finished.wait(patience));
    QCOMPARE(finished[0][0].toLongLong(), run);
    QCOMPARE(finished[0][1].toString(), QString());
    QCOMPARE(kinds.front(), std::string("start"));
    QCOMPARE(kinds.back(), std::string("finish"));
    QCOMPARE(steps.size(), std::size_t{36});
    QVERIFY(std::is_sorted(steps.begin(), steps.end()));
    QVERIFY(changed.count() >= 1);
    QCOMPARE(s->store().run(run).status, RunStatus::finished);
    QVERIFY(!s->training().running() && s->training().waiting().empty());
    s->training().enqueue(run);  // finished already: says so by finishing at once
    QVERIFY(finished.wait(patience));
    QCOMPARE(finished.count(), 2);
  }

  void signals_come_at_most_ten_times_a_second() {
    auto s = fresh(new_file());
    const auto run = queue(*s, 400);
    std::vector<qint64> at;
    std::size_t told = 0;
    QElapsedTimer clock;
    clock.start();
    connect(&s->training(), &TrainingQueue::events, this, [&](qint64, const std::vector<OrderedJson>& events) {
      at.push_back(clock.elapsed());
      told += events.size();
    });
    s->training().enqueue(run);
    QTRY_VERIFY_WITH_TIMEOUT(at.size() > 6 && told > at.size() * 2, patience);  // gathered, as soon as steps come faster than that
    for (std::size_t i = 1; i < at.size(); ++i) QVERIFY2(at[i] - at[i - 1] >= 80, qPrintable(QString::number(at[i] - at[i - 1])));
    const auto state = s->training().state();
    QCOMPARE(state.run, run);
    QVERIFY(state.step > 0 && state.steps == 4800 && state.seconds_left > 0 && state.tokens_per_second > 0 && state.memory_mib > 0);
  }

  void what_is_costly_to_show_is_shown_rarely() {
    constexpr double cost = 0.02;  // s of this thread's own time
    const auto own_time = [] {
      timespec t{};
      clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
      return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
    };
    int beats = 0;
    Pulse pulse([&] {
      ++beats;
      for (const double end = own_time() + cost; own_time() < end;) continue;
    });
    QElapsedTimer clock;
    clock.start();
    while (clock.elapsed() < 4000) {
      pulse.ask_sparingly();
      QTest::qWait(10);
    }
    QVERIFY2(beats >= 1 && beats <= 8, qPrintable(QString::number(beats)));  // 0.8 s apart, and the first two before the cost is known; ask() would make 40
    // What a person waits for does not wait for that: forty beats that are asked so take less than half of what they would take sparingly.
    const int before = beats;
    clock.start();
    while (beats < before + 40 && clock.elapsed() < patience) {
      pulse.ask_sparingly();
      pulse.ask();
      QTest::qWait(10);
    }
    QVERIFY2(clock.elapsed() < 16'000, qPrintable(QString::number(clock.elapsed())));
  }

  void pause_resume_stop() {
    auto s = fresh(new_file());
    const auto run = queue(*s, 2000);
    auto& training = s->training();
    QSignalSpy finished(&training, &TrainingQueue::finished);
    training.pause();  // nothing runs: nothing happens
    QVERIFY(!training.paused());
    training.enqueue(run);
    QTRY_VERIFY_WITH_TIMEOUT(training.state().step > 5, patience);
    training.pause();
    QVERIFY(training.paused());
    QTRY_COMPARE_WITH_TIMEOUT(s->store().run(run).status, RunStatus::paused, patience);
    const auto at = training.state().step;
    QTest::qWait(150);
    QCOMPARE(training.state().step, at);
    training.resume();
    QTRY_VERIFY_WITH_TIMEOUT(training.state().step > at, patience);
    QVERIFY(!training.paused());
    training.stop_after_epoch();
    QVERIFY(finished.wait(patience));
    RunRecord r = s->store().run(run);
    QCOMPARE(r.status, RunStatus::stopped);
    QCOMPARE(r.step % 12, 0);
    // Goes on from there, and stops at once.
    training.enqueue(run);
    QTRY_VERIFY_WITH_TIMEOUT(training.state().step > r.step, patience);
    training.pause();
    training.stop_now();
    QVERIFY(finished.wait(patience));
    QCOMPARE(s->store().run(run).status, RunStatus::stopped);
    QVERIFY(s->store().run(run).step > r.step);
    QCOMPARE(s->store().steps(run).size(), static_cast<std::size_t>(s->store().run(run).step));
  }

  void two_runs_one_after_the_other_and_one_taken_back() {
    auto s = fresh(new_file());
    const auto a = queue(*s), b = queue(*s, 2, "contrastive"), c = queue(*s);
    QSignalSpy finished(&s->training(), &TrainingQueue::finished);
    for (const auto r : {a, b, c}) s->training().enqueue(r);
    s->training().remove(c);
    QTRY_COMPARE_WITH_TIMEOUT(finished.count(), 2, patience);
    QCOMPARE(finished[0][0].toLongLong(), a);
    QCOMPARE(finished[1][0].toLongLong(), b);
    QTest::qWait(150);
    QCOMPARE(s->store().run(c).status, RunStatus::queued);
  }

  void closing_while_training_leaves_a_run_that_goes_on() {
    const fs::path file = new_file();
    std::int64_t run = 0, waits = 0;
    {
      auto s = fresh(file);
      run = queue(*s, 40), waits = queue(*s);
      s->training().enqueue(run);
      s->training().enqueue(waits);
      QTRY_VERIFY_WITH_TIMEOUT(s->training().state().step > 20, patience);
    }
    Session s(file);
    s.training().set_compute(plain);
    const RunRecord stopped = s.store().run(run);
    QCOMPARE(stopped.status, RunStatus::stopped);
    QVERIFY(stopped.step > 20 && stopped.step < 480);
    QCOMPARE(s.store().run(waits).status, RunStatus::queued);
    QSignalSpy finished(&s.training(), &TrainingQueue::finished);
    s.training().enqueue(run);
    QVERIFY(finished.wait(patience));
    QCOMPARE(s.store().run(run).status, RunStatus::finished);
    QCOMPARE(s.store().ghost_steps(run).size(), std::size_t{0});
    QCOMPARE(s.store().steps(run).size(), std::size_t{480});
  }

  void closing_while_it_loads() {
    const fs::path file = new_file();
    std::int64_t run = 0;
    {
      auto s = fresh(file);
      run = queue(*s);
      s->training().enqueue(run);
      QTRY_VERIFY_WITH_TIMEOUT(s->training().running().has_value(), patience);
    }
    Session s(file);
    const auto status = s.store().run(run).status;
    QVERIFY2(status == RunStatus::stopped || status == RunStatus::queued, name_of(status));
  }

  void a_failed_run_says_why_in_one_line() {
    auto s = fresh(new_file());
    const auto run = queue(*s), none = std::int64_t{999};
    RunRecord broken = s->store().run(run);
    broken.model = "/nowhere/at/all";
    s->store().update_run(broken);
    QSignalSpy finished(&s->training(), &TrainingQueue::finished);
    s->training().enqueue(run);
    s->training().enqueue(none);
    QTRY_COMPARE_WITH_TIMEOUT(finished.count(), 2, patience);
    QVERIFY2(finished[0][1].toString().contains(QStringLiteral("/nowhere/at/all")), qPrintable(finished[0][1].toString()));
    QVERIFY2(finished[1][1].toString().contains(QStringLiteral("999")), qPrintable(finished[1][1].toString()));
    for (const auto& f : finished) QVERIFY(!f[1].toString().contains(QLatin1Char('\n')));
    QCOMPARE(s->store().run(run).status, RunStatus::failed);
  }

  void renamed_while_it_trains() {
    auto s = fresh(new_file());
    const auto run = queue(*s, 30);
    QSignalSpy finished(&s->training(), &TrainingQueue::finished);
    s->training().enqueue(run);
    QTRY_VERIFY_WITH_TIMEOUT(s->training().state().step > 3, patience);
    RunRecord r = s->store().run(run);
    s->store().describe_run(run, "another name", "a note");
    QVERIFY(finished.wait(patience));
    r = s->store().run(run);
    QCOMPARE(r.status, RunStatus::finished);
    QCOMPARE(r.name, std::string("another name"));
    QCOMPARE(r.note, std::string("a note"));
  }

  void read_only_files_say_so() {
    const fs::path file = new_file();
    std::int64_t run = 0;
    {
      auto s = fresh(file);
      run = queue(*s);
    }
    fs::permissions(file, fs::perms::owner_read);
    if (::access(file.c_str(), W_OK) == 0) {  // as root: once more, in a process that obeys
      QVERIFY2(!qEnvironmentVariableIsSet("TELLTALE_TEST_OBEYS"), "this user may write everything");
      QProcess again;
      again.setProcessChannelMode(QProcess::MergedChannels);
      again.setChildProcessModifier(obey_permissions);
      QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
      environment.insert(QStringLiteral("TELLTALE_TEST_OBEYS"), QStringLiteral("1"));
      again.setProcessEnvironment(environment);
      again.start(QCoreApplication::applicationFilePath(), {QStringLiteral("read_only_files_say_so")});
      QVERIFY(again.waitForFinished(patience));
      QVERIFY2(again.exitStatus() == QProcess::NormalExit && again.exitCode() == 0, again.readAll());
      return;
    }
    Session s(file);
    QVERIFY(s.read_only());
    QCOMPARE(s.store().runs().size(), std::size_t{1});
    QSignalSpy finished(&s.training(), &TrainingQueue::finished);
    s.training().enqueue(run);
    QVERIFY(finished.wait(patience));
    QVERIFY(finished[0][1].toString().contains(QStringLiteral("reading only")));
  }

  void work_comes_back_on_the_windows_thread() {
    auto s = fresh(new_file());
    QObject view;
    QThread* worked = nullptr;
    QThread* shown = nullptr;
    std::size_t posts = 0;
    s->work().submit(&view, Priority::visible, QStringLiteral("count"), [&](WorkQueue::Context& c) -> std::function<void()> {
      worked = QThread::currentThread();
      const auto n = c.store.document_ids({1}).size();
      return [&, n] { posts = n, shown = QThread::currentThread(); };
    });
    QTRY_COMPARE_WITH_TIMEOUT(posts, std::size_t{128}, patience);
    QVERIFY(shown == thread() && worked != thread());
    QTRY_VERIFY(s->work().jobs().empty());
  }

  void what_is_on_screen_goes_first() {
    auto s = fresh(new_file());
    std::latch go(1);
    QStringList order;
    const auto job = [&](const char* name, Priority p) {
      return s->work().submit(this, p, QString::fromLatin1(name), [&order, name](WorkQueue::Context&) -> std::function<void()> { return [&order, name] { order << QString::fromLatin1(name); }; });
    };
    std::atomic<bool> began = false;
    s->work().submit(this, Priority::visible, QStringLiteral("first"), [&](WorkQueue::Context& c) -> std::function<void()> {
      began = true;
      c.progress({3, 10, "counting"});
      go.wait();
      return {};
    });
    QTRY_VERIFY(began);
    job("soon 1", Priority::soon);
    job("visible 1", Priority::visible);
    const auto gone = job("gone", Priority::visible);
    job("visible 2", Priority::visible);
    s->work().cancel(gone);
    QTRY_COMPARE(s->work().jobs().at(0).done, 3.0);
    QCOMPARE(s->work().jobs().size(), std::size_t{4});
    QVERIFY(s->work().jobs()[0].running && !s->work().jobs()[1].running);
    QCOMPARE(s->work().jobs()[0].total, 10.0);
    // What takes its time in the background keeps nobody waiting, and is not kept waiting.
    job("background", Priority::background);
    QTRY_COMPARE(order, QStringList({QStringLiteral("background")}));
    go.count_down();
    QTRY_COMPARE(order, QStringList({QStringLiteral("background"), QStringLiteral("visible 2"), QStringLiteral("visible 1"), QStringLiteral("soon 1")}));
  }

  void cancelled_work_is_asked_to_stop_and_shows_nothing() {
    auto s = fresh(new_file());
    std::atomic<int> stage = 0;
    bool shown = false, failed = false;
    const auto until_stopped = [&](WorkQueue::Context& c) -> std::function<void()> {
      stage = 1;
      while (!c.stop.stop_requested()) QThread::msleep(2);
      stage = 2;
      if (shown) throw Cancelled{};
      return [&] { shown = true; };
    };
    const auto id = s->work().submit(this, Priority::visible, QStringLiteral("long"), until_stopped, [&](const QString&) { failed = true; });
    QTRY_COMPARE(stage.load(), 1);
    s->work().cancel(id);
    s->work().cancel(id);
    s->work().cancel(12345);
    QTRY_COMPARE(stage.load(), 2);
    QTRY_VERIFY(s->work().jobs().empty());
    // The same when the view goes.
    auto view = std::make_unique<QObject>();
    stage = 0;
    s->work().submit(view.get(), Priority::visible, QStringLiteral("long"), until_stopped, [&](const QString&) { failed = true; });
    QTRY_COMPARE(stage.load(), 1);
    view.reset();
    QTRY_COMPARE(stage.load(), 2);
    QTest::qWait(50);
    QVERIFY(!shown && !failed);
  }

  void work_that_a_person_stops_tells_who_waits_for_it() {
    auto s = fresh(new_file());
    std::atomic<int> stage = 0;
    QStringList told;
    const auto id = s->work().submit(this, Priority::visible, QStringLiteral("long"), [&](WorkQueue::Context& c) -> std::function<void()> {
      stage = 1;
      while (!c.stop.stop_requested()) QThread::msleep(2);
      stage = 2;
      return [&] { told << QStringLiteral("shown"); };
    }, [&](const QString& e) { told << e; });
    QTRY_COMPARE(stage.load(), 1);
    s->work().stop(id);
    s->work().stop(id);
    QCOMPARE(told, QStringList({QStringLiteral("stopped")}));
    QTRY_COMPARE(stage.load(), 2);
    QTRY_VERIFY(s->work().jobs().empty());
    QTest::qWait(50);
    QCOMPARE(told.size(), 1);
  }

  void reading_again_sees_runs_that_another_process_left() {
    const fs::path file = new_file();
    auto s = fresh(file);
    const auto run = queue(*s);
    const auto other = Store::open(file, Store::Mode::write);
    RunRecord r = other->run(run);
    r.status = RunStatus::running;  // and nobody holds its lock
    other->update_run(r);
    QCOMPARE(s->store().run(run).status, RunStatus::running);
    QSignalSpy runs(s.get(), &Session::runs_changed), data(s.get(), &Session::data_changed);
    s->read_again();
    QCOMPARE(s->store().run(run).status, RunStatus::interrupted);
    QVERIFY(runs.count() == 1 && data.count() == 1);
  }

  void failed_work_says_why() {
    auto s = fresh(new_file());
    QStringList errors;
    const auto fail = [&](const QString& e) { errors << e; };
    s->work().submit(this, Priority::visible, QStringLiteral("a"), [](WorkQueue::Context&) -> std::function<void()> { throw std::runtime_error("first line\nbacktrace"); }, fail);
    QTRY_COMPARE(errors, QStringList({QStringLiteral("first line")}));
    s->work().submit(this, Priority::visible, QStringLiteral("b"), [](WorkQueue::Context&) -> std::function<void()> { return [] { throw std::runtime_error("while it is shown"); }; }, fail);
    QTRY_COMPARE(errors.size(), 2);
    s->work().submit(this, Priority::visible, QStringLiteral("c"), [](WorkQueue::Context&) -> std::function<void()> { throw Cancelled{}; }, fail);
    s->work().submit(this, Priority::visible, QStringLiteral("d"), [](WorkQueue::Context& c) -> std::function<void()> { (void)c.models.of_folder("/nowhere"); return {}; }, fail);
    QTRY_COMPARE(errors.size(), 3);
    QVERIFY2(errors.last().contains(QStringLiteral("/nowhere")), qPrintable(errors.last()));
  }

  void models_are_kept() {
    auto s = fresh(new_file());
    std::vector<const void*> seen;
    for (int i = 0; i < 3; ++i)
      s->work().submit(this, Priority::visible, QStringLiteral("load"), [&](WorkQueue::Context& c) -> std::function<void()> {
        const auto m = c.models.of_folder(model_);
        return [&seen, m] { seen.push_back(m.get()); };
      });
    QTRY_COMPARE_WITH_TIMEOUT(seen.size(), std::size_t{3}, patience);
    QVERIFY(seen[0] == seen[1] && seen[1] == seen[2]);
  }

  void closing_while_it_works() {
    std::atomic<int> begun = 0, stopped = 0;
    {
      auto s = fresh(new_file());
      for (const auto p : {Priority::visible, Priority::background, Priority::soon})
        s->work().submit(this, p, QStringLiteral("x"), [&](WorkQueue::Context& c) -> std::function<void()> {
          ++begun;
          while (!c.stop.stop_requested()) QThread::msleep(2);
          ++stopped;
          return {};
        });
      QTRY_COMPARE(begun.load(), 2);
    }
    QCOMPARE(stopped.load(), 2);  // the one that still waited went
  }
};

QTEST_MAIN(TestSession)
#include "test_session.moc"
