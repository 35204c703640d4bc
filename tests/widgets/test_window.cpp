// The window as a person meets it: Esc, right clicks, what is told after an export, the charts' numbers and lines, the way from Find to a field.
#include <QAbstractItemView>
#include <QApplication>
#include <QComboBox>
#include <QContextMenuEvent>
#include <QDialog>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QMenu>
#include <QPushButton>
#include <QScrollBar>
#include <QSettings>
#include <QSlider>
#include <QSplitter>
#include <QTemporaryDir>
#include <QThread>
#include <QToolButton>
#include <QTreeView>
#include <QtTest>
#include <atomic>

#include "app/workbench/keys.hpp"
#include "app/workbench/main_window.hpp"
#include "app/workbench/parts.hpp"
#include "tiny_model.hpp"
#include "watched_runs.hpp"
#include "widgets/export/view_menu.hpp"
#include "widgets/inspect/posts_panel.hpp"
#include "widgets/new_run/new_run_view.hpp"
#include "widgets/new_run/setting_field.hpp"
#include "widgets/new_run/side_panels.hpp"
#include "widgets/plot/chart_grid.hpp"
#include "widgets/runs/batch_list.hpp"
#include "widgets/runs/film_panel.hpp"
#include "widgets/runs/loss_panel.hpp"
#include "widgets/runs/runs_view.hpp"
#include "widgets/shell/find_dialog.hpp"
#include "widgets/shell/job_bar.hpp"
#include "widgets/shell/notice_bar.hpp"
#include "widgets/shell/preferences.hpp"
#include "widgets/shell/run_dock.hpp"

using namespace telltale;
using namespace telltale::ui;
namespace fs = std::filesystem;

namespace {

constexpr int patience = 60'000;

/// Through the window's shortcuts, as a key of a person goes.
void escape(MainWindow& w) { QTest::keyClick(QApplication::focusWidget() ? QApplication::focusWidget() : &w, Qt::Key_Escape); }

std::size_t count_colour(const QImage& image, const QRect& in, QColor colour, int tolerance = 0) {
  std::size_t n = 0;
  for (int y = in.top(); y <= in.bottom(); ++y)
    for (int x = in.left(); x <= in.right(); ++x) {
      const QRgb c = image.pixel(x, y);
      n += std::abs(qRed(c) - colour.red()) <= tolerance && std::abs(qGreen(c) - colour.green()) <= tolerance && std::abs(qBlue(c) - colour.blue()) <= tolerance;
    }
  return n;
}

QImage shot(QWidget& w) { return w.grab().toImage().convertToFormat(QImage::Format_RGB32); }

/// The texts that can be read now, in labels of either kind.
QStringList texts(QWidget& in) {
  QStringList out;
  for (const QLabel* l : in.findChildren<QLabel*>())
    if (l->isVisible()) out << l->text();
  for (const ElidedLabel* l : in.findChildren<ElidedLabel*>())
    if (l->isVisible()) out << l->label();
  return out;
}
bool says(QWidget& in, const QString& what) {
  const QStringList all = texts(in);
  return std::any_of(all.begin(), all.end(), [&](const QString& t) { return t.contains(what); });
}

}  // namespace

class TestWindow : public QObject {
  Q_OBJECT
  QTemporaryDir dir_;
  fs::path model_;
  QString file_;
  std::int64_t run_ = 0, single_ = 0;
  std::unique_ptr<Theme> theme_;
  int copies_ = 0;

  std::unique_ptr<MainWindow> window(QSize size = {1440, 900}) {
    const QString copy = dir_.filePath(QStringLiteral("copy%1.telltale").arg(++copies_));
    QFile::copy(file_, copy);
    auto w = std::make_unique<MainWindow>(*theme_);
    w->resize(size);
    w->show();
    w->activateWindow();
    if (!QTest::qWaitForWindowActive(w.get())) qWarning("the window is not active");
    w->open(copy.toStdString());
    w->session()->training().set_compute({"cpu", 1, Precision::fp32});
    return w;
  }
  void watch(MainWindow& w, std::int64_t run) {
    w.dock().show_only({run});
    w.dock().select(run);
    w.show_workspace(Workspace::runs);
    QTRY_VERIFY_WITH_TIMEOUT(!w.runs()->busy() && w.runs()->shown_runs() == std::vector{run}, patience);
    QTest::qWait(80);
  }
  static int chart_of(LossPanel& p, const std::string& term) { return static_cast<int>(std::find(p.terms().begin(), p.terms().end(), term) - p.terms().begin()); }

 private Q_SLOTS:
  void initTestCase() {
    QSettings::setPath(QSettings::IniFormat, QSettings::UserScope, dir_.filePath(QStringLiteral("settings")));
    model_ = test::make_tiny_model(fs::path(dir_.path().toStdString()) / "tiny");
    file_ = dir_.filePath(QStringLiteral("watched.telltale"));
    {
      auto store = Store::open(file_.toStdString(), Store::Mode::create);
      const auto dataset = test::add_tiny_posts(*store).id;
      single_ = test::add_watched_run(*store, dataset, {.name = "one step", .preset = "baseline", .steps = 1, .done = 1, .status = RunStatus::stopped, .model = model_.string()});
      run_ = test::add_watched_run(*store, dataset, {.name = "sixty steps", .steps = 60, .done = 60, .model = model_.string()});
    }
    theme_ = std::make_unique<Theme>(Theme::Mode::light);
    theme_->apply(*qApp);
  }
  void cleanup() { theme_->set_mode(Theme::Mode::light); }

  void esc_closes_the_form() {
    const auto w = window();
    w->complain(QStringLiteral("something"));
    w->show_workspace(Workspace::new_run);
    escape(*w);
    QVERIFY(w->workspace() == Workspace::runs);
    QVERIFY(w->errors().isVisible());  // one thing at a time
    // From within a field, too.
    w->show_workspace(Workspace::new_run);
    auto* field = w->new_run()->findChild<QLineEdit*>(QStringLiteral("setting:batch"));
    QVERIFY(field);
    field->setFocus();
    escape(*w);
    QVERIFY(w->workspace() == Workspace::runs);
    escape(*w);
    QVERIFY(!w->errors().isVisible());
  }

  void esc_in_the_charts() {
    const auto w = window();
    watch(*w, run_);
    RunsView& view = *w->runs();
    ChartGrid& grid = view.losses().grid();
    w->complain(QStringLiteral("something"));
    const auto open_batch = [&] {
      QTest::mouseClick(grid.findChild<QWidget*>(), Qt::LeftButton, {}, QPoint(grid.pixel_of(0, 30), grid.plot_box(0).center().y()));
      QTRY_VERIFY(view.batch().isVisible());
    };
    open_batch();
    view.scope().set_zoom(std::pair(10.0, 40.0));
    QTRY_COMPARE(grid.range().first, 10.0);
    // The chart that has the keyboard comes first, then the view, then the window.
    grid.setFocus();
    escape(*w);
    QVERIFY(!view.scope().zoom() && view.batch().isVisible());
    escape(*w);
    QVERIFY(!view.batch().isVisible() && w->errors().isVisible());
    escape(*w);
    QVERIFY(!w->errors().isVisible());
    // From the list of posts, which takes keys itself, and from the run list, which is no part of the view.
    open_batch();
    view.batch().findChild<QAbstractItemView*>()->setFocus();
    escape(*w);
    QVERIFY(!view.batch().isVisible());
    open_batch();
    w->dock().tree().setFocus();
    escape(*w);
    QVERIFY(!view.batch().isVisible());
  }

  void esc_closes_the_drawer_of_posts() {
    const auto w = window({1024, 700});
    w->show_workspace(Workspace::inspect);
    auto* posts = w->inspect().findChild<PostsPanel*>();
    QVERIFY(posts);
    QPushButton* drawer = nullptr;
    for (auto* b : w->inspect().findChildren<QPushButton*>())
      if (b->isVisible() && b->text().startsWith(QStringLiteral("Posts"))) drawer = b;
    QVERIFY(drawer);
    QTRY_VERIFY_WITH_TIMEOUT(w->inspect().settled(), patience);
    if (!posts->isVisible()) drawer->click();
    QTRY_VERIFY(posts->isVisible());
    escape(*w);
    QVERIFY(!posts->isVisible());
  }

  void the_cursor_names_the_step_whose_values_it_shows() {
    const auto w = window();
    watch(*w, run_);
    RunsView& view = *w->runs();
    LossPanel& p = view.losses();
    view.scope().set_beta(0);
    const int chart = chart_of(p, "class");
    const auto value = [&] { return p.grid().title(chart).values.at(0).first; };
    view.scope().set_cursor(5);
    const QString five = value();
    view.scope().set_cursor(6);
    const QString six = value();
    QVERIFY(five != six);
    QVERIFY(says(p, QStringLiteral("values at step 6")));
    for (const double x : {5.5, 5.9, 6.4}) {
      view.scope().set_cursor(x);
      QVERIFY(says(p, QStringLiteral("values at step 6")));
      QCOMPARE(value(), six);
    }
    view.scope().set_cursor(5.4);
    QVERIFY(says(p, QStringLiteral("values at step 5")));
    QCOMPARE(value(), five);
    // The pointer between two steps: the line stands at one of them.
    QWidget* surface = p.grid().findChild<QWidget*>();
    view.scope().set_zoom(std::pair(2.0, 8.0));
    QTest::qWait(80);
    const QRect box = p.grid().plot_box(chart);
    QTest::mouseMove(surface, QPoint(p.grid().pixel_of(chart, 5.6), box.center().y()));
    QTRY_COMPARE(view.scope().cursor().value_or(0), 6.0);
    QTest::mouseMove(surface, QPoint(p.grid().pixel_of(chart, 5.3), box.center().y()));
    QTRY_COMPARE(view.scope().cursor().value_or(0), 5.0);
  }

  void a_single_step_is_seen() {
    const auto w = window();
    watch(*w, single_);
    LossPanel& p = w->runs()->losses();
    const int chart = chart_of(p, "class");
    QCOMPARE(p.grid().data(chart).lines.size(), std::size_t{1});
    QCOMPARE(p.grid().data(chart).lines[0].x.size(), std::size_t{1});
    const QImage image = shot(p.grid());
    const std::size_t dot = count_colour(image, p.grid().plot_box(chart).adjusted(-3, 0, 3, 0), p.grid().data(chart).lines[0].colour, 40);
    QVERIFY2(dot >= 8 && dot < 60, qPrintable(QString::number(dot)));
  }

  void charts_have_grid_lines() {
    const auto w = window();
    watch(*w, run_);
    for (const auto mode : {Theme::Mode::light, Theme::Mode::dark}) {
      theme_->set_mode(mode);
      QTest::qWait(150);
      ChartGrid& grid = w->runs()->losses().grid();
      const QImage image = shot(grid);
      const QRect box = grid.plot_box(0);
      int lines = 0;
      for (int y = box.top() + 2; y < box.bottom() - 2; ++y) lines += count_colour(image, QRect(box.left() + 2, y, box.width() - 4, 1), (*theme_)["grid"]) > static_cast<std::size_t>(box.width() / 2);
      QVERIFY2(lines >= 2 && lines <= 6, qPrintable(QString::number(lines)));
    }
  }

  /// Axes begin at 0, runs at their first step: left of it the pointer is at that step.
  void the_cursor_left_of_the_first_step_is_at_it() {
    const auto w = window();
    const auto id = test::add_watched_run(w->session()->store(), w->session()->store().run(run_).dataset, {.name = "five steps", .steps = 5, .done = 5, .model = model_.string()});
    Q_EMIT w->session()->runs_changed();
    watch(*w, id);
    LossPanel& p = w->runs()->losses();
    w->runs()->scope().set_cursor(0.2);
    QVERIFY(says(p, QStringLiteral("values at step 1")));
    QVERIFY(p.grid().title(chart_of(p, "class")).values.at(0).first.contains(QLatin1Char('.')));
  }

  void points_at_the_edge_are_drawn_whole() {
    ChartGrid grid(*theme_, QStringLiteral("points"), 1, 1);
    grid.resize(300, 160);
    grid.show();
    ChartLine line;
    line.x = {0, 5, 10}, line.y = {0.5, 0.5, 0.5};
    line.colour = Qt::red;
    line.dots = true;
    grid.set_limits(0, 10);
    grid.set_range(0, 10);
    ChartData data;
    data.lines.push_back(line);
    grid.set_data(0, data);
    grid.replot();
    QTest::qWait(80);
    const QRect box = grid.plot_box(0);
    const QImage image = shot(grid);
    const QRect beyond(grid.pixel_of(0, 10) + 1, box.top(), 4, box.height());
    QVERIFY(count_colour(image, beyond, Qt::red, 60) >= 2);
  }

  /// What is written into a chart stands where no line goes through.
  void the_note_of_a_chart_keeps_off_the_line() {
    ChartGrid grid(*theme_, QStringLiteral("note"), 1, 1);
    grid.set_titles_shown(false);
    grid.resize(320, 140);
    grid.show();
    grid.set_limits(0, 10);
    grid.set_range(0, 10);
    const auto where = [&](std::vector<double> y) {
      ChartLine line;
      line.x = {0, 10}, line.y = std::move(y);
      line.colour = Qt::red;
      ChartData data;
      data.low = 0, data.high = 1;
      data.note = QStringLiteral("learning rate");
      data.lines.push_back(line);
      grid.set_data(0, data);
      grid.replot();
      QTest::qWait(80);
      const QImage image = shot(grid);
      const QRect box = grid.plot_box(0);
      const QSize part(box.width() / 3, box.height() / 4);
      const auto dark = [&](QPoint at) { return count_colour(image, QRect(at, part), (*theme_)["text2"], 60) > 12; };
      return QString(dark(box.topLeft()) ? "top left " : "") + QString(dark({box.right() - part.width(), box.top()}) ? "top right " : "") + QString(dark({box.right() - part.width(), box.bottom() - part.height()}) ? "bottom right " : "");
    };
    QCOMPARE(where({0.9, 0.1}), QStringLiteral("top right "));
    QCOMPARE(where({0.1, 0.95}), QStringLiteral("top left "));
    QCOMPARE(where({0.95, 0.95}), QStringLiteral("bottom right "));
  }

  void the_run_of_the_list_carries_over_to_inspect() {
    const auto w = window();
    const auto other = test::add_watched_run(w->session()->store(), w->session()->store().run(run_).dataset, {.name = "another", .steps = 20, .done = 20, .model = model_.string()});
    Q_EMIT w->session()->runs_changed();
    QTRY_VERIFY(w->dock().model().find(other));
    w->show_workspace(Workspace::inspect);
    w->inspect().show_run(run_);
    w->show_workspace(Workspace::runs);
    QTreeView& tree = w->dock().tree();
    const auto pick = [&](std::int64_t id) {
      for (int k = 0; k < 6 && w->dock().current() != id; ++k) QTest::keyClick(&tree, k < 3 ? Qt::Key_Down : Qt::Key_Up);
      QCOMPARE(w->dock().current(), id);
    };
    tree.setFocus();
    pick(other);
    w->show_workspace(Workspace::inspect);
    QCOMPARE(w->inspect().run(), other);
    // What a person chose in Inspect since is not turned back, and what the file did to the list is no wish.
    w->inspect().show_run(run_);
    w->show_workspace(Workspace::runs);
    w->show_workspace(Workspace::inspect);
    QCOMPARE(w->inspect().run(), run_);
    w->dock().setFocus();
    w->dock().select(other);
    w->show_workspace(Workspace::runs);
    w->show_workspace(Workspace::inspect);
    // One without weights has nothing to show there.
    tree.setFocus();
    w->show_workspace(Workspace::runs);
    w->inspect().show_run(run_);
    tree.setFocus();
    pick(single_);
    w->show_workspace(Workspace::inspect);
    QCOMPARE(w->inspect().run(), run_);
  }

  /// Dividers within the views and the width of the run list stand again as they were left, from whichever view the window was closed.
  void the_layout_comes_back() {
    const auto open = [&] {
      const QString copy = dir_.filePath(QStringLiteral("copy%1.telltale").arg(++copies_));
      QFile::copy(file_, copy);
      auto w = std::make_unique<MainWindow>(*theme_, true);
      w->resize(1440, 900);
      w->show();
      w->open(copy.toStdString());
      w->show_workspace(Workspace::runs);
      [&] { QTRY_VERIFY_WITH_TIMEOUT(w->settled(), patience); }();
      QTest::qWait(60);
      return w;
    };
    const auto drag = [](QSplitter& s, int by) {
      QWidget* handle = s.handle(1);
      const QPoint at = handle->rect().center(), to = at + (s.orientation() == Qt::Horizontal ? QPoint(by, 0) : QPoint(0, by));
      QTest::mousePress(handle, Qt::LeftButton, {}, at);
      QTest::mouseMove(handle, to);
      QTest::mouseRelease(handle, Qt::LeftButton, {}, to);
    };
    const auto between = [](MainWindow& w) {  // losses over the film
      for (auto* s : w.runs()->findChildren<QSplitter*>())
        if (s->orientation() == Qt::Vertical && s->isAncestorOf(&w.runs()->losses()) && s->isAncestorOf(&w.runs()->film())) return s;
      return static_cast<QSplitter*>(nullptr);
    };
    QList<int> sizes;
    int list = 0;
    {
      const auto w = open();
      QVERIFY(between(*w));
      const auto before = between(*w)->sizes();
      drag(*between(*w), 90);
      sizes = between(*w)->sizes();
      QVERIFY(sizes[0] > before[0] + 40);
      auto* main = qobject_cast<QSplitter*>(w->dock().parentWidget());
      QVERIFY(main);
      drag(*main, 70);
      list = w->dock().width();
      QVERIFY(list > 300);
      w->show_workspace(Workspace::inspect);  // where the list is folded away
      w->close();
    }
    const auto w = open();
    QCOMPARE(between(*w)->sizes(), sizes);
    QCOMPARE(w->dock().width(), list);
    w->close();
    preferences().clear();
  }

  void the_keyboard_is_seen_in_charts() {
    const auto w = window();
    watch(*w, run_);
    ChartGrid& grid = w->runs()->losses().grid();
    const auto framed = [&] { return count_colour(shot(grid), QRect(0, 4, 2, grid.height() - 8), (*theme_)["focus"], 8) > static_cast<std::size_t>(grid.height()); };
    w->dock().tree().setFocus();
    QVERIFY(!framed());
    grid.setFocus(Qt::TabFocusReason);
    QTRY_VERIFY(framed());
    w->dock().tree().setFocus();
    grid.setFocus(Qt::MouseFocusReason);
    QVERIFY(!framed());
  }

  void every_view_has_a_table_to_export() {
    const auto w = window();
    for (const Workspace s : {Workspace::runs, Workspace::inspect, Workspace::compare, Workspace::evaluate}) {
      w->show_workspace(s);
      const CsvSource table = table_of(s == Workspace::runs ? as_widget(w->runs()) : s == Workspace::inspect ? static_cast<QWidget*>(&w->inspect()) : s == Workspace::compare ? static_cast<QWidget*>(&w->compare()) : as_widget(w->evaluate()));
      QVERIFY(table);
      if (s == Workspace::runs) QVERIFY(table().startsWith(QStringLiteral("chart,series")));
      else (void)table();  // nothing to show yet is no reason to fall over
    }
  }

  /// Enter twice on "Stop after epoch" must not stop the run now.
  void a_button_that_goes_keeps_the_keyboard_from_its_neighbour() {
    const auto w = window();
    TrainRequest r = test::tiny_request(w->session()->store(), model_, "baseline", 400);
    r.name = "long";
    const auto id = queue_run(w->session()->store(), r);
    w->session()->training().enqueue(id);
    QPushButton *after = nullptr, *now = nullptr;
    for (auto* b : w->job_bar().findChildren<QPushButton*>()) {
      if (b->accessibleName() == QStringLiteral("Stop after epoch")) after = b;
      if (b->accessibleName() == QStringLiteral("Stop now")) now = b;
    }
    QVERIFY(after && now);
    QTRY_VERIFY_WITH_TIMEOUT(after->isVisible() && after->isEnabled(), patience);
    after->setFocus();
    QTest::keyClick(after, Qt::Key_Space);
    QVERIFY(!after->isEnabled() && now->isEnabled() && !now->hasFocus());
    w->session()->training().stop_now();
    QTRY_VERIFY_WITH_TIMEOUT(!w->session()->training().running(), patience);
  }

  void lists_of_boxes_are_whole() {
    QComboBox box;
    box.addItems({QStringLiteral("one"), QStringLiteral("two"), QStringLiteral("three"), QStringLiteral("four"), QStringLiteral("five")});
    box.setCurrentIndex(4);
    box.show();
    box.showPopup();
    QTRY_VERIFY(box.view()->isVisible());
    for (int i = 0; i < box.count(); ++i) QVERIFY(box.view()->viewport()->rect().contains(box.view()->visualRect(box.model()->index(i, 0))));
    box.hidePopup();
  }

  /// A picture of Compare waits for Compare, not for what Inspect has computed behind it.
  void compare_is_settled_whatever_goes_on_elsewhere() {
    const auto w = window();
    w->show_workspace(Workspace::compare);
    std::atomic<bool> begun = false;
    const auto job = w->session()->work().submit(w.get(), WorkQueue::Priority::background, QStringLiteral("something long"), [&begun](WorkQueue::Context& c) -> std::function<void()> {
      begun = true;
      while (!c.stop.stop_requested()) QThread::msleep(5);
      return [] {};
    });
    QTRY_VERIFY_WITH_TIMEOUT(begun.load(), patience);
    QTRY_VERIFY_WITH_TIMEOUT(w->settled(), patience);
    const auto jobs = w->session()->work().jobs();
    QVERIFY(std::any_of(jobs.begin(), jobs.end(), [&](const auto& j) { return j.id == job; }));
    w->show_workspace(Workspace::runs);  // nor does one of the charts
    QTRY_VERIFY_WITH_TIMEOUT(w->settled(), patience);
    w->session()->work().cancel(job);
    const auto due = w->session()->work().submit(w->runs(), WorkQueue::Priority::soon, QStringLiteral("what is on screen"), [](WorkQueue::Context&) -> std::function<void()> { return [] {}; });
    QVERIFY(due && !w->settled());
    QTRY_VERIFY_WITH_TIMEOUT(w->settled(), patience);
    // The form is settled once it says what a run would cost.
    w->show_workspace(Workspace::new_run);
    QTRY_VERIFY_WITH_TIMEOUT(w->settled(), patience);
  }

  void a_failed_run_tells_why_though_no_chart_shows_it() {
    const auto w = window();
    Store& store = w->session()->store();
    const auto id = test::add_watched_run(store, store.run(run_).dataset, {.name = "broken <b>run</b>", .steps = 20, .done = 3, .status = RunStatus::failed, .model = model_.string()});
    RunRecord broken = store.run(id);
    broken.error = "step 3: the gradient is not finite";
    store.update_run(broken);
    Q_EMIT w->session()->runs_changed();
    watch(*w, run_);
    w->dock().select(id);
    QTRY_VERIFY(says(*w->runs(), QStringLiteral("broken <b>run</b> failed: step 3: the gradient is not finite")));
    w->dock().select(run_);
    QTRY_VERIFY(!says(*w->runs(), QStringLiteral("not finite")));
    w->dock().show_only({});  // with no chart at all it stands in their place
    w->dock().select(id);
    QTRY_VERIFY(says(*w->runs(), QStringLiteral("not finite")));
  }

  void a_failed_run_gets_no_check() {
    const auto w = window();
    const fs::path gone = test::make_tiny_model(fs::path(dir_.path().toStdString()) / "gone");
    TrainRequest r = test::tiny_request(w->session()->store(), gone, "baseline", 1);
    r.name = "fails";
    const auto id = queue_run(w->session()->store(), r);
    fs::remove_all(gone);
    auto* ring = w->job_bar().findChild<ProgressRing*>();
    QVERIFY(ring);
    const auto shows = [&](const char* colour) { return count_colour(shot(*ring), ring->rect(), (*theme_)[colour], 30) > 3; };
    QVERIFY(shows("ok") && !shows("error"));
    w->session()->training().enqueue(id);
    QTRY_VERIFY_WITH_TIMEOUT(says(w->job_bar(), QStringLiteral("fails: failed")), patience);
    QVERIFY(shows("error") && !shows("ok"));
  }

  void no_page_sends_a_person_to_a_terminal() {
    const QString empty = dir_.filePath(QStringLiteral("empty.telltale"));
    (void)Store::open(empty.toStdString(), Store::Mode::create);
    for (const bool none : {true, false}) {
      const auto w = window();  // holds one finished run
      if (none) w->open(empty.toStdString());
      for (const Workspace s : {Workspace::runs, Workspace::inspect, Workspace::compare, Workspace::evaluate}) {
        w->show_workspace(s);
        QTest::qWait(120);
        for (const QString& t : texts(*w)) QVERIFY2(!t.contains(QStringLiteral("terminal")) && !t.contains(QStringLiteral("telltale train")), qPrintable(t));
      }
      // Compare says that it needs two, and leads to another run. Asked for without a comparison it is no error.
      w->compare().show_runs({});
      w->show_workspace(Workspace::compare);
      QVERIFY(says(w->compare(), none ? QStringLiteral("No run has finished yet") : QStringLiteral("it needs another")));
      QPushButton* start = nullptr;
      for (auto* b : w->compare().findChildren<QPushButton*>())
        if (b->isVisible() && b->text().startsWith(QStringLiteral("New run"))) start = b;
      QVERIFY(start);
      QTest::mouseClick(start, Qt::LeftButton);
      QVERIFY(w->workspace() == Workspace::new_run);
    }
  }

  void every_export_is_told() {
    const auto w = window();
    const auto menus = w->findChildren<ViewMenu*>();
    QVERIFY(menus.size() > 15);
    for (auto* menu : menus) {
      w->notices().hide();
      const QString file = QStringLiteral("/somewhere/%1.png").arg(menus.indexOf(menu));
      Q_EMIT menu->exported(file);
      QVERIFY2(w->notices().message().contains(file), qPrintable(menu->accessibleName()));
    }
  }

  void a_right_click_opens_the_menu_of_the_view() {
    const auto w = window();
    watch(*w, run_);
    const auto opened = [&](QWidget* on) -> QMenu* {
      QContextMenuEvent e(QContextMenuEvent::Mouse, on->rect().center(), on->mapToGlobal(on->rect().center()));
      QApplication::sendEvent(on, &e);
      return qobject_cast<QMenu*>(QApplication::activePopupWidget());
    };
    const auto copies = [](const QMenu* m) {
      const auto all = m->actions();
      return std::any_of(all.begin(), all.end(), [](const QAction* a) { return a->text() == QStringLiteral("Copy picture"); });
    };
    ChartGrid& grid = w->runs()->losses().grid();
    int looked = 0;
    for (QWidget* on : {grid.findChild<QWidget*>(), static_cast<QWidget*>(&w->runs()->film())}) {
      QMenu* menu = opened(on);
      QVERIFY2(menu && copies(menu), on->metaObject()->className());
      menu->close();
      ++looked;
    }
    w->show_workspace(Workspace::inspect);
    QTest::qWait(100);
    for (auto* button : w->inspect().findChildren<ViewMenu*>()) {
      QWidget* panel = button->parentWidget();
      while (panel && panel->objectName() != QStringLiteral("panel")) panel = panel->parentWidget();
      if (!panel || !panel->isVisible() || !button->isVisible()) continue;
      QMenu* menu = opened(panel);
      QVERIFY2(menu == button->menu(), qPrintable(button->accessibleName()));
      menu->close();
      ++looked;
    }
    QVERIFY(looked > 4);
    // A field keeps its own.
    w->show_workspace(Workspace::new_run);
    if (QMenu* own = opened(w->new_run()->findChild<QLineEdit*>(QStringLiteral("setting:batch")))) {
      QVERIFY(!copies(own));
      own->close();
    }
  }

  void sliders_are_seen() {
    const auto w = window();
    watch(*w, run_);
    for (const auto mode : {Theme::Mode::light, Theme::Mode::dark}) {
      theme_->set_mode(mode);
      auto* slider = w->runs()->losses().findChild<QSlider*>();
      QVERIFY(slider && slider->isVisible());
      const QImage image = shot(*slider);
      QVERIFY(count_colour(image, image.rect(), (*theme_)["accent"], 10) > 30);
      QVERIFY(count_colour(image, image.rect(), (*theme_)["borderStrong"], 10) > 10);
    }
  }

  void find_leads_to_the_field_of_a_setting() {
    const auto w = window();
    QTest::keyClick(w.get(), Qt::Key_K, Qt::ControlModifier);
    auto* find = w->findChild<FindDialog*>();
    QVERIFY(find);
    auto* edit = find->findChild<QLineEdit*>();
    edit->setText(QStringLiteral("weight.overlap"));
    QTest::keyClick(edit, Qt::Key_Return);
    QTRY_VERIFY(w->workspace() == Workspace::new_run);
    w->activateWindow();  // as a window manager does when the dialog goes
    QVERIFY(QTest::qWaitForWindowActive(w.get()));
    QTRY_VERIFY(QApplication::focusWidget() && QApplication::focusWidget()->objectName() == QStringLiteral("setting:weight.overlap"));
    QTRY_VERIFY(!QApplication::focusWidget()->visibleRegion().isEmpty());
  }

  void long_rows_of_find_do_not_scroll_sideways() {
    std::vector<FindDialog::Entry> entries;
    for (int k = 0; k < 30; ++k) entries.push_back({QStringLiteral("post"), QString(QStringLiteral("a title without an end ")).repeated(8), QStringLiteral("number %1").arg(k), [] {}});
    FindDialog d(*theme_, entries, nullptr, {});
    d.show();
    QVERIFY(QTest::qWaitForWindowExposed(&d));
    auto* list = d.findChild<QListWidget*>();
    QCOMPARE(list->count(), 30);
    QCOMPARE(list->horizontalScrollBar()->maximum(), 0);
    QVERIFY(list->visualItemRect(list->item(0)).width() <= list->viewport()->width());
  }

  void keys_are_listed_once() {
    for (const KeySection& s : view_keys()) {
      QSet<QString> seen;
      for (const KeyLine& l : s.lines)
        for (const QKeySequence& k : l.keys) {
          QVERIFY2(!seen.contains(k.toString()), qPrintable(s.name + QStringLiteral(": ") + k.toString()));
          seen.insert(k.toString());
        }
    }
  }

  void help_of_a_setting_is_plain_text() {
    const auto w = window();
    w->show_workspace(Workspace::new_run);
    for (const SettingInfo& s : settings_table()) {
      auto* field = w->new_run()->findChild<QWidget*>(QStringLiteral("setting:") + QString::fromStdString(s.id));
      if (!field) continue;
      QVERIFY2(!field->toolTip().contains(QLatin1Char('`')), qPrintable(field->toolTip()));
      if (!field->isEnabled()) continue;
      field->setFocus();
      QVERIFY2(!w->new_run()->help()->body_text().contains(QLatin1Char('`')), qPrintable(w->new_run()->help()->body_text()));
    }
  }
};

QTEST_MAIN(TestWindow)
#include "test_window.moc"
