// The window around the views, driven as a person does: open, tabs, run list, job bar, closing, recent files, theme, drops.
#include <QAbstractItemModelTester>
#include <QApplication>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QMenuBar>
#include <QMessageBox>
#include <QMimeData>
#include <QPointer>
#include <QPushButton>
#include <QSettings>
#include <QSignalSpy>
#include <QSpinBox>
#include <QTemporaryDir>
#include <QToolButton>
#include <QTreeView>
#include <QThread>
#include <QtTest>
#include <atomic>
#include <cmath>

#include "app/workbench/main_window.hpp"
#include "app/workbench/parts.hpp"
#include "app/workbench/welcome_view.hpp"
#include "base/files.hpp"
#include "report/example.hpp"
#include "tiny_model.hpp"
#include "widgets/shell/find_dialog.hpp"
#include "widgets/inspect/inspect_view.hpp"
#include "widgets/shell/import_dialog.hpp"
#include "widgets/shell/job_bar.hpp"
#include "widgets/shell/notice_bar.hpp"
#include "widgets/shell/recent_files.hpp"
#include "widgets/shell/run_delegate.hpp"
#include "widgets/shell/run_dock.hpp"
#include "widgets/shell/settings_dialog.hpp"
#include "widgets/shell/watchdog.hpp"

using namespace telltale;
using namespace telltale::ui;
namespace fs = std::filesystem;

namespace {

constexpr int patience = 60'000;

QPushButton* button(QWidget& in, const QString& text) {
  for (auto* b : in.findChildren<QPushButton*>())
    if (b->isVisible() && QString(b->text()).remove(QLatin1Char('&')).startsWith(text)) return b;
  return nullptr;
}

QAction* menu_action(MainWindow& w, const QString& text) {
  for (auto* a : w.findChildren<QAction*>())
    if (QString(a->text()).remove(QLatin1Char('&')).startsWith(text)) return a;
  return nullptr;
}

bool says(QWidget& in, const QString& what) {
  for (const QLabel* l : in.findChildren<QLabel*>())
    if (l->isVisible() && l->text().contains(what)) return true;
  return false;
}

void drop(QWidget& on, const QString& path) {
  QMimeData data;
  data.setUrls({QUrl::fromLocalFile(path)});
  QDragEnterEvent enter(QPoint(10, 10), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
  QApplication::sendEvent(&on, &enter);
  QVERIFY(enter.isAccepted());
  QDropEvent event(QPointF(10, 10), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
  QApplication::sendEvent(&on, &event);
}

}  // namespace

class TestShell : public QObject {
  Q_OBJECT
  QTemporaryDir dir_;
  QString file_;
  fs::path screenshots_, model_;
  std::vector<std::int64_t> runs_;
  std::unique_ptr<Theme> theme_;
  int copies_ = 0;

  QString copy() {
    const QString to = dir_.filePath(QStringLiteral("copy%1.telltale").arg(++copies_));
    QFile::copy(file_, to);
    return to;
  }
  void picture(QWidget& w, const char* name) { w.grab().save(QString::fromStdString((screenshots_ / (std::string("shell-") + name + ".png")).string())); }
  /// A file with posts that the tiny model can learn, in a window.
  std::unique_ptr<MainWindow> training_window(const QString& file) {
    auto w = std::make_unique<MainWindow>(*theme_);
    w->open(file.toStdString(), Session::Open::create);
    w->session()->training().set_compute({"cpu", 1, Precision::fp32});
    if (w->session()->store().datasets().empty()) test::add_tiny_posts(w->session()->store());
    w->resize(1440, 900);
    w->show();
    return w;
  }
  std::int64_t queue(MainWindow& w, int epochs, const std::string& name = "a run") {
    TrainRequest r = test::tiny_request(w.session()->store(), model_, "baseline", epochs);
    r.name = name;
    const auto id = queue_run(w.session()->store(), r);
    Q_EMIT w.session()->runs_changed();
    return id;
  }

 private Q_SLOTS:
  void initTestCase() {
    QSettings::setPath(QSettings::IniFormat, QSettings::UserScope, dir_.filePath(QStringLiteral("settings")));
    file_ = dir_.filePath(QStringLiteral("example.telltale"));
    {
      auto store = Store::open(file_.toStdString(), Store::Mode::create);
      runs_ = test::Example(2).fill(*store);
    }
    model_ = test::make_tiny_model(fs::path(dir_.path().toStdString()) / "tiny");
    screenshots_ = fs::path(TELLTALE_BINARY_DIR) / "screenshots";
    fs::create_directories(screenshots_);
    theme_ = std::make_unique<Theme>(Theme::Mode::light);
    theme_->apply(*qApp);
  }
  void cleanup() { theme_->set_mode(Theme::Mode::light); }

  void first_start_says_what_can_be_done() {
    MainWindow w(*theme_);
    w.show();
    QVERIFY(QTest::qWaitForWindowExposed(&w));
    QVERIFY(w.workspace() == Workspace::welcome && !w.dock().isVisible());
    QStringList cards;
    for (auto* b : w.findChildren<QPushButton*>())
      if (b->isVisible()) cards << b->accessibleName();
    for (const char* card : {"Open the example", "New run", "Open file", "Import data"}) QVERIFY2(cards.contains(QLatin1String(card)), card);
    // The example is not beside a test program: it says what to type.
    if (example_file().isEmpty()) {
      QTest::keyClick(QApplication::focusWidget() ? QApplication::focusWidget() : &w, Qt::Key_Space);
      QTRY_VERIFY(w.notices().message().contains(QStringLiteral("packaging/quickstart")));
      QTest::keyClick(&w, Qt::Key_Escape);
      QTRY_VERIFY(!w.notices().isVisible());
    }
    w.resize(1440, 900);
    picture(w, "welcome-light");
    theme_->set_mode(Theme::Mode::dark);
    picture(w, "welcome-dark");
    w.resize(1024, 640);
    picture(w, "welcome-small");
  }

  void views_are_prepared_while_the_window_is_idle() {
    MainWindow w(*theme_);
    w.resize(1440, 900);
    w.show();
    QWidget& view = w.inspect();
    QWidget* page = w.findChild<WelcomeView*>();
    QVERIFY(page && page->isVisible() && !view.isVisible());
    QVERIFY(view.size() != page->size());
    QTRY_COMPARE(view.size(), page->size());
    QVERIFY(!view.isVisible());
  }

  void tabs_by_keyboard() {
    MainWindow w(*theme_);
    w.resize(1440, 900);
    w.show();
    QVERIFY(QTest::qWaitForWindowActive(&w));
    w.open(copy().toStdString());
    QTest::keyClick(&w, Qt::Key_2, Qt::ControlModifier);
    QVERIFY(w.workspace() == Workspace::inspect && w.inspect().isVisible());
    QTest::keyClick(&w, Qt::Key_3, Qt::ControlModifier);
    QVERIFY(w.workspace() == Workspace::compare && w.compare().isVisible());
    if (has_runs_view) {
      QTest::keyClick(&w, Qt::Key_1, Qt::ControlModifier);
      QVERIFY(w.workspace() == Workspace::runs && w.dock().isVisible());
    }
    if (w.new_run()) {
      QTest::keyClick(&w, Qt::Key_N, Qt::ControlModifier);
      QVERIFY(w.workspace() == Workspace::new_run);
    }
    // The run list folds and unfolds.
    QTest::keyClick(&w, Qt::Key_3, Qt::ControlModifier);
    QVERIFY(!w.dock().isVisible());
    QTest::keyClick(&w, Qt::Key_B, Qt::ControlModifier);
    QVERIFY(w.dock().isVisible());
    w.resize(1024, 640);
    QVERIFY(!w.dock().isVisible());
    w.resize(1440, 900);
    QVERIFY(w.dock().isVisible());
    // F6 goes round.
    QSet<QWidget*> stops;
    for (int i = 0; i < 12; ++i) {
      QTest::keyClick(&w, Qt::Key_F6);
      stops.insert(QApplication::focusWidget());
    }
    QVERIFY(stops.contains(&w.dock().tree()));
    QVERIFY(stops.size() > 1);
    // Every control has a name.
    for (QAbstractButton* b : w.findChildren<QAbstractButton*>())
      if (b->isVisible() && !qobject_cast<QLineEdit*>(b->parentWidget())) QVERIFY2(!b->accessibleName().isEmpty() || b->text().size() > 1, qPrintable(b->objectName() + QLatin1Char(' ') + b->toolTip()));
    QTest::keyClick(&w, Qt::Key_W, Qt::ControlModifier);
    QVERIFY(w.workspace() == Workspace::welcome && !w.session());
  }

  void the_model_of_runs_is_sound() {
    Theme theme(Theme::Mode::light);
    RunModel model(theme);
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    const auto row = [](std::int64_t id, const char* name, std::optional<std::int64_t> pair, const char* kind, const char* seed) {
      RunRow r;
      r.id = id, r.name = QLatin1String(name), r.preset = QLatin1String(name), r.pair = pair, r.kind = QLatin1String(kind), r.seed = QLatin1String(seed);
      return r;
    };
    std::vector<RunRow> rows = {row(1, "baseline", 1, "b", "13"), row(2, "contrastive", 1, "c", "13"), row(3, "prior", {}, "p", "1"), row(4, "prior", {}, "p", "2"), row(5, "alone", {}, "x", "1")};
    rows[0].status = rows[1].status = RunStatus::finished;
    rows[0].accuracy = 0.914, rows[1].accuracy = 0.911;
    model.set_runs(rows);
    QCOMPARE(model.rowCount(), 3);
    QCOMPARE(model.group(0).title, QStringLiteral("Paired · seed 13"));
    QCOMPARE(model.group(0).caption, QStringLiteral("Δ acc −0.003"));
    QCOMPARE(model.group(1).title, QStringLiteral("Seeds · prior"));
    QCOMPARE(model.group(2).title, QStringLiteral("Other"));
    QCOMPARE(model.find(1)->series, 0);
    QCOMPARE(model.find(2)->series, 1);
    QCOMPARE(model.find(3)->series, model.find(4)->series);  // seeds share a colour
    QVERIFY(model.find(5)->series != model.find(3)->series);
    // A dozen kinds of runs are told apart, in either theme.
    std::vector<RunRow> kinds;
    for (int k = 0; k < 12; ++k) kinds.push_back(row(k + 1, k == 0 ? "baseline" : "contrastive", {}, ("kind " + std::to_string(k)).c_str(), "1"));
    give_colours(kinds);
    for (const auto mode : {Theme::Mode::light, Theme::Mode::dark}) {
      Theme looks(mode);
      std::set<QString> colours;
      for (const RunRow& r : kinds) colours.insert(looks.series(static_cast<std::size_t>(r.series)).name());
      QCOMPARE(colours.size(), std::size_t{12});
    }
    QSignalSpy shown(&model, &RunModel::shown_changed), renamed(&model, &RunModel::renamed), reset(&model, &QAbstractItemModel::modelReset);
    QVERIFY(model.setData(model.index_of(2), Qt::Checked, Qt::CheckStateRole));
    QCOMPARE(model.shown(), std::vector<std::int64_t>{2});
    QCOMPARE(shown.count(), 1);
    QVERIFY(model.setData(model.index_of(5), QStringLiteral("  a  name "), Qt::EditRole));
    QCOMPARE(renamed[0][1].toString(), QStringLiteral("a name"));
    QVERIFY(!model.setData(model.index_of(5), QStringLiteral("   "), Qt::EditRole));
    model.set_queue({5, 4});
    QCOMPARE(state_text(*model.find(4)), QStringLiteral("queued 2"));
    rows[4].status = RunStatus::running;
    rows[4].steps = 200;
    model.set_runs(rows);
    model.set_state(5, 50, 200);
    QCOMPARE(state_text(*model.find(5)), QStringLiteral("25 %"));
    model.set_state(5, 50, 200, true);
    QCOMPARE(state_text(*model.find(5)), QStringLiteral("paused"));
    model.set_state(5, 50, 200);
    model.set_curve(5, {3, 2, 1});
    QCOMPARE(reset.count(), 0);  // nothing moved: cells changed
    QCOMPARE(model.shown(), std::vector<std::int64_t>{2});
    model.hide(2, true);
    QCOMPARE(model.count(), 4);
    QCOMPARE(model.shown(), std::vector<std::int64_t>{});
    model.hide(2, false);
    QCOMPARE(model.count(), 5);
    rows[1].error = QStringLiteral("loss not a number at step 212"), rows[1].status = RunStatus::failed;
    model.set_runs(rows);
    QCOMPARE(detail_text(*model.find(2)), QStringLiteral("loss not a number at step 212"));
    model.set_runs({});
    QCOMPARE(model.rowCount(), 0);
  }

  void odd_names_are_drawn_plain() {
    RunRecord r;
    r.id = 1, r.name = std::string("<b>bold</b>\n\x01 \xff \u202eevil") + std::string(5000, 'w'), r.settings = Json::array(), r.metrics = "odd", r.cost = {{"actual", "x"}};
    Theme theme(Theme::Mode::light);
    RunDock dock(theme);
    dock.resize(300, 300);
    dock.model().set_runs({row_of(r)});
    dock.show();
    const RunRow* row = dock.model().find(1);
    QVERIFY(!row->name.contains(QLatin1Char('\n')) && !row->name.contains(QChar(0x202E)));
    QVERIFY(dock.model().index_of(1).data(Qt::ToolTipRole).toString().contains(QStringLiteral("&lt;b&gt;")));
    QVERIFY(!dock.grab().isNull());
  }

  void rename_note_undo() {
    MainWindow w(*theme_);
    w.resize(1440, 900);
    w.show();
    QVERIFY(QTest::qWaitForWindowActive(&w));
    w.open(copy().toStdString());
    w.show_workspace(Workspace::compare);
    if (!w.dock().isVisible()) QTest::keyClick(&w, Qt::Key_B, Qt::ControlModifier);
    w.dock().select(runs_[0]);
    w.dock().tree().setFocus();
    const QString before = w.dock().model().find(runs_[0])->name;
    QTest::keyClick(&w.dock().tree(), Qt::Key_F2);
    auto* edit = w.dock().tree().findChild<QLineEdit*>();
    QVERIFY(edit);
    edit->selectAll();
    QTest::keyClicks(edit, QStringLiteral("another name"));
    QSignalSpy opened(&w.dock(), &RunDock::opened);
    QTest::keyClick(edit, Qt::Key_Return);
    QTRY_COMPARE(w.session()->store().run(runs_[0]).name, std::string("another name"));
    QCOMPARE(opened.size(), 0);  // the name is taken, the run is not opened
    QTRY_COMPARE(w.dock().model().find(runs_[0])->name, QStringLiteral("another name"));
    QTest::keyClick(&w, Qt::Key_Z, Qt::ControlModifier);
    QTRY_COMPARE(text(w.session()->store().run(runs_[0]).name), before);
    QTest::keyClick(&w, Qt::Key_Z, Qt::ControlModifier | Qt::ShiftModifier);
    QTRY_COMPARE(w.session()->store().run(runs_[0]).name, std::string("another name"));
    // Space ticks, and says so.
    const bool shown = w.dock().model().find(runs_[0])->shown;
    w.dock().tree().setFocus();
    QTest::keyClick(&w.dock().tree(), Qt::Key_Space);
    QCOMPARE(w.dock().model().find(runs_[0])->shown, !shown);
    // A duplicate has the same settings and is not started.
    w.dock().actions().duplicate->trigger();
    QTRY_COMPARE(w.dock().model().count(), 3);
    const RunRecord copied = w.session()->store().runs().back();
    QCOMPARE(copied.status, RunStatus::queued);
    QCOMPARE(copied.settings.value("seed", -1), 13);
    // The filter, where the list is open.
    w.show_workspace(Workspace::runs);
    auto* filter = w.dock().findChild<QLineEdit*>();
    filter->setText(QStringLiteral("another name copy"));
    QCOMPARE(w.dock().tree().model()->rowCount(), 1);
    filter->setText(QStringLiteral("nothing at all"));
    QVERIFY2(says(w.dock(), QStringLiteral("No runs match")), qPrintable(QStringLiteral("%1 groups, filter '%2'").arg(w.dock().tree().model()->rowCount()).arg(filter->text())));
    filter->clear();
    // Enter inspects.
    w.dock().select(runs_[1]);
    w.dock().tree().setFocus();
    QTest::keyClick(&w.dock().tree(), Qt::Key_Return);
    QTRY_VERIFY(w.workspace() == Workspace::inspect);
    QCOMPARE(w.inspect().run(), runs_[1]);
  }

  void deleting_can_be_undone_until_it_is_carried_out() {
    const QString file = copy();
    {
      MainWindow w(*theme_);
      w.resize(1440, 900);
      w.show();
      QVERIFY(QTest::qWaitForWindowActive(&w));
      w.open(file.toStdString());
      const fs::path folder = w.session()->store().folder() / ("run-" + std::to_string(runs_[1]));
      fs::create_directories(folder);
      if (!w.dock().isVisible()) QTest::keyClick(&w, Qt::Key_B, Qt::ControlModifier);
      w.dock().select(runs_[1]);
      w.dock().tree().setFocus();
      QTest::keyClick(&w.dock().tree(), Qt::Key_Delete);
      QCOMPARE(w.dock().model().count(), 1);
      QCOMPARE(w.session()->store().runs().size(), std::size_t{2});  // not yet
      QVERIFY(says(w.dock(), QStringLiteral("is deleted")));
      QTest::mouseClick(button(w.dock(), QStringLiteral("Undo")), Qt::LeftButton);
      QCOMPARE(w.dock().model().count(), 2);
      QCOMPARE(w.dock().current(), runs_[1]);
      w.dock().tree().setFocus();
      QTest::keyClick(&w.dock().tree(), Qt::Key_Delete);
      QTest::keyClick(&w, Qt::Key_Z, Qt::ControlModifier);
      QCOMPARE(w.dock().model().count(), 2);
      w.dock().tree().setFocus();
      QTest::keyClick(&w.dock().tree(), Qt::Key_Delete);
      QCOMPARE(w.dock().model().count(), 1);
      QVERIFY(fs::exists(folder));
      w.close_file();
      QVERIFY(!fs::exists(folder));
    }
    QCOMPARE(Store::open(file.toStdString(), Store::Mode::read)->runs().size(), std::size_t{1});
  }

  void the_job_bar_follows_a_run() {
    auto w = training_window(dir_.filePath(QStringLiteral("jobs.telltale")));
    QVERIFY(!button(w->job_bar(), QStringLiteral("Stop now")) && !button(w->job_bar(), QStringLiteral("Pause")));
    const auto run = queue(*w, 3000, "a long run"), next = queue(*w, 1, "the next");
    if (!w->dock().isVisible()) QTest::keyClick(w.get(), Qt::Key_B, Qt::ControlModifier);
    QAbstractItemModelTester tester(&w->dock().model(), QAbstractItemModelTester::FailureReportingMode::QtTest);
    w->dock().select(run);
    w->dock().actions().start->trigger();
    w->session()->training().enqueue(next);
    QTRY_VERIFY_WITH_TIMEOUT(w->session()->training().state().step > 30, patience);
    QTRY_VERIFY(button(w->job_bar(), QStringLiteral("Stop now")));
    QTRY_VERIFY(says(w->job_bar(), QStringLiteral("epoch 1 of 3000")) || says(w->job_bar(), QStringLiteral("of 36,000")));
    QTRY_VERIFY(says(w->job_bar(), QStringLiteral("left")));
    QVERIFY(says(w->job_bar(), QStringLiteral("tokens/s")));
    QCOMPARE(state_text(*w->dock().model().find(next)), QStringLiteral("queued 1"));
    QTRY_VERIFY_WITH_TIMEOUT(w->dock().model().find(run)->status == RunStatus::running, patience);
    QVERIFY(w->dock().model().find(run)->shown);
    QVERIFY(!w->dock().actions().remove->isEnabled());
    picture(*w, "training-light");
    theme_->set_mode(Theme::Mode::dark);
    picture(*w, "training-dark");
    theme_->set_mode(Theme::Mode::light);
    w->resize(1024, 640);
    QTRY_VERIFY(button(w->job_bar(), QStringLiteral("Stop now")));
    QTest::qWait(60);
    picture(*w, "training-small");
    QVERIFY(button(w->job_bar(), QStringLiteral("Stop now"))->geometry().right() < w->job_bar().width());
    w->resize(1440, 900);
    QTest::mouseClick(button(w->job_bar(), QStringLiteral("Pause")), Qt::LeftButton);
    QTRY_VERIFY_WITH_TIMEOUT(w->dock().model().find(run)->status == RunStatus::paused, patience);
    QVERIFY(says(w->job_bar(), QStringLiteral("paused")));
    QTest::keyClick(w.get(), Qt::Key_P, Qt::ControlModifier);
    QTRY_VERIFY_WITH_TIMEOUT(!w->session()->training().paused(), patience);
    QTest::mouseClick(button(w->job_bar(), QStringLiteral("Stop now")), Qt::LeftButton);
    QTRY_COMPARE_WITH_TIMEOUT(w->session()->store().run(next).status, RunStatus::finished, patience);
    QCOMPARE(w->session()->store().run(run).status, RunStatus::stopped);
    QTRY_VERIFY(!button(w->job_bar(), QStringLiteral("Stop now")));
    QTRY_VERIFY_WITH_TIMEOUT(w->dock().model().find(next)->status == RunStatus::finished, patience);
    QTRY_VERIFY(w->dock().model().find(run)->curve.size() > 1);
    // Work that takes its time shows too, and can be cancelled.
    std::atomic<bool> stopped = false;
    w->session()->work().submit(w.get(), WorkQueue::Priority::background, QStringLiteral("Counting"), [&](WorkQueue::Context& c) -> std::function<void()> {
      for (int i = 0; !c.stop.stop_requested(); ++i) {
        c.progress({static_cast<double>(i % 100), 100, "counting"});
        QThread::msleep(5);
      }
      stopped = true;
      return {};
    });
    QTRY_VERIFY(button(w->job_bar(), QStringLiteral("Cancel")));
    QTest::mouseClick(button(w->job_bar(), QStringLiteral("Cancel")), Qt::LeftButton);
    QTRY_VERIFY(stopped.load());
    QTRY_VERIFY(!button(w->job_bar(), QStringLiteral("Cancel")));
  }

  void closing_while_a_run_is_on_data() {
    QTest::addColumn<QString>("answer");
    QTest::newRow("cancel") << QStringLiteral("Cancel");
    QTest::newRow("save") << QStringLiteral("Pause and save");
    QTest::newRow("stop") << QStringLiteral("Stop");
    QTest::newRow("wait") << QStringLiteral("Keep running");
  }

  void closing_while_a_run_is_on() {
    QFETCH(QString, answer);
    const QString file = dir_.filePath(QStringLiteral("close-%1.telltale").arg(QLatin1String(QTest::currentDataTag())));
    const bool waits = answer.startsWith(QStringLiteral("Keep"));
    std::int64_t run = 0;
    {
      auto w = training_window(file);
      QVERIFY(QTest::qWaitForWindowActive(w.get()));
      run = queue(*w, waits ? 20 : 3000);
      w->session()->training().enqueue(run);
      QTRY_VERIFY_WITH_TIMEOUT(w->session()->training().state().step > 10, patience);
      w->close();
      QVERIFY(w->isVisible());
      auto* box = w->findChild<QMessageBox*>(QStringLiteral("leaving"));
      QVERIFY(box);
      if (waits) picture(*box, "leaving");
      QVERIFY(box->text().contains(QStringLiteral("a run")));
      QPushButton* b = button(*box, answer);
      QVERIFY(b);
      QTest::mouseClick(b, Qt::LeftButton);
      if (answer == QStringLiteral("Cancel")) {
        QTest::qWait(100);
        QVERIFY(w->isVisible() && w->session()->training().running());
        continue_training(*w, run);
        return;
      }
      QTRY_VERIFY_WITH_TIMEOUT(!w->isVisible(), patience);
    }
    auto w = training_window(file);
    const RunRecord r = w->session()->store().run(run);
    QCOMPARE(r.status, waits ? RunStatus::finished : RunStatus::stopped);
    QCOMPARE(w->session()->store().steps(run).size(), static_cast<std::size_t>(r.step));
    if (answer == QStringLiteral("Pause and save")) {
      QVERIFY(w->notices().message().contains(QStringLiteral("was paused")));
      QTest::mouseClick(button(w->notices(), QStringLiteral("Continue")), Qt::LeftButton);
      QTRY_VERIFY_WITH_TIMEOUT(w->session()->training().state().step > r.step, patience);
    } else {
      QVERIFY(w->notices().message().isEmpty());
    }
  }
  void continue_training(MainWindow& w, std::int64_t run) {
    const auto step = w.session()->training().state().step;
    QTRY_VERIFY_WITH_TIMEOUT(w.session()->training().state().step > step, patience);
    QCOMPARE(w.session()->training().running().value_or(0), run);
  }

  void closing_does_not_wait_for_work() {
    MainWindow w(*theme_, true);
    const QString one = copy(), two = copy();
    std::atomic<bool> begun{false}, go_on{false}, asked{false}, over{false};
    w.open(one.toStdString());
    const auto runs = w.dock().model().count();
    w.session()->work().submit(nullptr, WorkQueue::Priority::background, QStringLiteral("a long call of the model"), [&](WorkQueue::Context& c) -> std::function<void()> {
      begun = true;
      for (int i = 0; i < 2000 && !go_on; ++i) QThread::msleep(10);
      asked = c.stop.stop_requested();
      over = true;
      return {};
    });
    QTRY_VERIFY_WITH_TIMEOUT(begun, patience);
    const QPointer<Session> old = w.session();
    w.open(two.toStdString());
    QVERIFY(!over && old && w.session() != old && w.dock().model().count() == runs);
    bool counted = false;
    for (const RecentFile& f : recent_files()) counted = counted || (f.path == one && f.runs == runs);
    QVERIFY2(counted, "the file that was left is not listed with its runs");
    w.close_file();
    w.open(one.toStdString());  // once more, while its last work is going on
    QVERIFY(!over && old && w.dock().model().count() == runs);
    go_on = true;
    QTRY_VERIFY_WITH_TIMEOUT(!old, patience);
    QVERIFY(over && asked);
    w.close_file();
    forget_recent({});
  }

  void an_interrupted_run_is_offered() {
    const QString file = copy();
    {
      auto store = Store::open(file.toStdString(), Store::Mode::write);
      RunRecord r = store->run(runs_[1]);
      r.status = RunStatus::running, r.step = 20;
      store->update_run(r);
    }
    MainWindow w(*theme_);
    w.show();
    w.open(file.toStdString());
    QVERIFY(w.notices().message().contains(QStringLiteral("was interrupted at step 20 of 60")));
    QVERIFY(button(w.notices(), QStringLiteral("Continue")) && button(w.notices(), QStringLiteral("Not now")));
  }

  void recent_files_and_layout_are_kept() {
    const QString one = copy(), two = copy();
    {
      MainWindow w(*theme_, true);
      w.show();
      w.open(one.toStdString());
      w.open(two.toStdString());
      menu_action(w, QStringLiteral("Dark"))->trigger();
      QVERIFY(theme_->mode() == Theme::Mode::dark);
      w.resize(1300, 720);
      w.show_workspace(Workspace::compare);
      w.close();
    }
    theme_->set_mode(Theme::Mode::light);
    QFile::remove(one);
    const auto recent = recent_files();
    QCOMPARE(recent.size(), std::size_t{2});
    QCOMPARE(recent[0].path, two);
    QCOMPARE(recent[0].runs, 2);
    QCOMPARE(recent[0].posts, 600);
    QVERIFY(recent[0].there && !recent[1].there);
    MainWindow w(*theme_, true);
    w.show();
    QVERIFY(theme_->mode() == Theme::Mode::dark);
    QCOMPARE(w.size(), QSize(1300, 720));
    picture(w, "welcome-recent-dark");
    menu_action(w, QStringLiteral("As the system"))->trigger();
    QPushButton* row = nullptr;
    for (auto* b : w.findChildren<QPushButton*>())
      if (b->isVisible() && b->accessibleName() == QFileInfo(two).fileName()) row = b;
    QVERIFY(row);
    QTest::mouseClick(row, Qt::LeftButton);
    QVERIFY(w.session() && w.dock().model().count() == 2);
    QTRY_COMPARE(w.workspace(), Workspace::compare);
    w.open(copy().toStdString());  // of another file nothing is known
    QCOMPARE(w.workspace(), Workspace::runs);
    w.close_file();
    QTest::mouseClick(button(w, QStringLiteral("Clear")), Qt::LeftButton);
    QVERIFY(recent_files().empty());
    QTRY_VERIFY(says(w, QStringLiteral("Files that you open stand here")));
  }

  void switching_the_theme() {
    MainWindow w(*theme_);
    w.show();
    QVERIFY(QTest::qWaitForWindowActive(&w));
    QTest::keyClick(&w, Qt::Key_D, Qt::ControlModifier | Qt::ShiftModifier);
    QVERIFY(theme_->mode() == Theme::Mode::dark);
    QCOMPARE(QApplication::palette().color(QPalette::Window), (*theme_)["window"]);
    menu_action(w, QStringLiteral("Light"))->trigger();
    QVERIFY(theme_->mode() == Theme::Mode::light);
  }

  void dropped_things() {
    MainWindow w(*theme_);
    w.show();
    // A file opens.
    drop(w, copy());
    QVERIFY(w.session());
    // Posts: the import dialog, with the columns found.
    const QString posts = dir_.filePath(QStringLiteral("posts.csv"));
    write_file_atomically(posts.toStdString(), "body,class,extra\n\"the goalie, again\",hockey,1\nthe engine,autos,2\nthe pitcher,baseball,3\nthe goalie,hockey,4\nthe engine was out,autos,5\n,autos,6\n");
    drop(w, posts);
    ImportDialog* dialog = nullptr;
    QTRY_VERIFY((dialog = w.findChild<ImportDialog*>()) && dialog->isVisible());
    QStringList chosen;
    for (auto* c : dialog->findChildren<QComboBox*>()) chosen << c->currentText();
    QCOMPARE(chosen, QStringList({QStringLiteral("body"), QStringLiteral("class"), QStringLiteral("none"), QStringLiteral("none")}));
    picture(*dialog, "import-light");
    QTest::mouseClick(button(*dialog, QStringLiteral("Import")), Qt::LeftButton);
    QTRY_VERIFY_WITH_TIMEOUT(says(*dialog, QStringLiteral("5 posts in 3 classes")), patience);
    QVERIFY(says(*dialog, QStringLiteral("left out")));
    picture(*dialog, "import-done-light");
    QCOMPARE(w.session()->store().datasets().back().name, std::string("posts"));
    QTest::mouseClick(button(*dialog, QStringLiteral("New run with it")), Qt::LeftButton);
    if (w.new_run()) QTRY_VERIFY(w.workspace() == Workspace::new_run);
    // The same name again: it says why not.
    w.import_data(posts);
    QTRY_VERIFY((dialog = w.findChild<ImportDialog*>()) && dialog->isVisible());
    QTest::mouseClick(button(*dialog, QStringLiteral("Import")), Qt::LeftButton);
    QTRY_VERIFY_WITH_TIMEOUT(says(*dialog, QStringLiteral("'posts'")) || says(*dialog, QStringLiteral("posts:")) || says(*dialog, QStringLiteral("posts")), patience);
    dialog->reject();
    // A model folder: the form with it. Something that is gone: a message.
    if (w.new_run()) {
      drop(w, text(model_.string()));
      QTRY_VERIFY(w.workspace() == Workspace::new_run);
    }
    w.take_path(dir_.filePath(QStringLiteral("gone.csv")));
    QVERIFY(w.errors().message().contains(QStringLiteral("gone.csv")));
    // Without a file it asks where things are kept.
    w.close_file();
    const QString made = dir_.filePath(QStringLiteral("made.telltale"));
    w.ask_new_file = [&](const QString&, const QString&) { return made; };
    drop(w, posts);
    QTRY_VERIFY(w.session() && text(w.session()->store().file().string()) == made);
  }

  void cancelled_imports_leave_nothing() {
    MainWindow w(*theme_);
    w.show();
    w.open(copy().toStdString());
    const QString posts = dir_.filePath(QStringLiteral("many.csv"));
    std::string lines = "text,label\n";
    for (int i = 0; i < 200'000; ++i) lines += "the goalie was out again " + std::to_string(i) + (i % 2 ? ",a\n" : ",b\n");
    write_file_atomically(posts.toStdString(), lines);
    w.import_data(posts);
    auto* dialog = w.findChild<ImportDialog*>();
    QTest::mouseClick(button(*dialog, QStringLiteral("Import")), Qt::LeftButton);
    QVERIFY(!w.session()->work().jobs().empty());
    QPushButton* cancel = button(*dialog, QStringLiteral("Cancel import"));
    QVERIFY(cancel);
    QTest::mouseClick(cancel, Qt::LeftButton);
    QVERIFY(says(*dialog, QStringLiteral("nothing was imported")));
    QTRY_VERIFY_WITH_TIMEOUT(w.session()->work().jobs().empty(), patience);
    QCOMPARE(w.session()->store().datasets().size(), std::size_t{1});
  }

  void errors_say_what_to_do() {
    MainWindow w(*theme_);
    w.show();
    QVERIFY(QTest::qWaitForWindowActive(&w));
    w.ask_open_file = [&](const QString&, const QString&, const QString&) { return dir_.filePath(QStringLiteral("none.telltale")); };
    QTest::keyClick(&w, Qt::Key_O, Qt::ControlModifier);
    QTRY_VERIFY(w.errors().message().contains(QStringLiteral("none.telltale")));
    // A file of posts: they can be imported from where that is said.
    const QString posts = dir_.filePath(QStringLiteral("posts.jsonl"));
    {
      QFile f(posts);
      QVERIFY(f.open(QIODevice::WriteOnly));
      f.write("{\"text\":\"a\",\"label\":\"x\"}\n");
    }
    w.ask_open_file = [&](const QString&, const QString&, const QString&) { return posts; };
    QTest::keyClick(&w, Qt::Key_O, Qt::ControlModifier);
    QTRY_VERIFY(w.errors().message().contains(QStringLiteral("posts.jsonl: not a Telltale file")));
    QTRY_VERIFY(button(w.errors(), QStringLiteral("Import")));
    w.complain(QStringLiteral("It went wrong: do this."), QStringLiteral("c10::Error at engine.cpp:12"));
    QVERIFY(!says(w, QStringLiteral("engine.cpp")));
    QTest::mouseClick(button(w.errors(), QStringLiteral("Details")), Qt::LeftButton);
    QVERIFY(says(w, QStringLiteral("engine.cpp")));
    picture(w, "error-light");
    QTest::keyClick(&w, Qt::Key_Escape);
    QTRY_VERIFY(!w.errors().isVisible());
  }

  void dialogs() {
    MainWindow w(*theme_);
    w.resize(1440, 900);
    w.show();
    QVERIFY(QTest::qWaitForWindowActive(&w));
    w.open(copy().toStdString());
    menu_action(w, QStringLiteral("About"))->trigger();
    auto* about = w.findChild<QMessageBox*>(QStringLiteral("about"));
    QVERIFY(about && about->informativeText().contains(QStringLiteral("LibTorch")) && about->informativeText().contains(QLatin1String(qVersion())));
    picture(*about, "about-light");
    about->close();
    menu_action(w, QStringLiteral("Keyboard"))->trigger();
    auto* keys = w.findChild<QDialog*>(QStringLiteral("keys"));
    QVERIFY(keys && says(*keys, QStringLiteral("Run list")) && says(*keys, QStringLiteral("Ctrl O")));
    picture(*keys, "keys-light");
    keys->close();
    menu_action(w, QStringLiteral("Settings"))->trigger();
    QPointer<SettingsDialog> settings = w.findChild<SettingsDialog*>();
    QVERIFY(settings);
    settings->findChild<QSpinBox*>()->setValue(3);
    picture(*settings, "settings-light");
    QTest::keyClick(settings, Qt::Key_Return);
    QTRY_VERIFY(!settings || !settings->isVisible());
    QCOMPARE(w.session()->training().compute().threads, 3);
    // Find anything: a command, a run, a post.
    QTest::keyClick(&w, Qt::Key_K, Qt::ControlModifier);
    auto* find = w.findChild<FindDialog*>(QStringLiteral("find"));
    QVERIFY(find && find->isVisible());
    auto* edit = find->findChild<QLineEdit*>();
    auto* list = find->findChild<QListWidget*>();
    edit->setText(QStringLiteral("compare"));
    QVERIFY(list->count() > 0 && list->item(0)->text().contains(QStringLiteral("Compare")));
    edit->setText(QStringLiteral("shortstop"));
    QTRY_VERIFY_WITH_TIMEOUT(list->count() > 0 && list->item(0)->text().startsWith(QStringLiteral("post")), patience);
    picture(*find, "find-light");
    QTest::keyClick(edit, Qt::Key_Return);
    QTRY_VERIFY(w.workspace() == Workspace::inspect);
  }

  void the_watchdog_sees_a_stall() {
    std::vector<Watchdog::Stall> stalls;
    Watchdog dog(60, [&](const Watchdog::Stall& s) { stalls.push_back(s); });
    QTest::qWait(100);
    stalls.clear();  // the machine may be busy
    QThread::msleep(300);
    QTRY_VERIFY(!stalls.empty());
    QVERIFY2(stalls[0].milliseconds >= 250, qPrintable(QString::number(stalls[0].milliseconds)));
    QVERIFY(!stalls[0].stack.empty());
  }
};

QTEST_MAIN(TestShell)
#include "test_shell.moc"
