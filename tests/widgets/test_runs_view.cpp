// Watching runs: charts, spikes, groups, ghosts, the film, export. Pictures go to BUILD/screenshots for people to look at.
#include <QAbstractItemModelTester>
#include <QClipboard>
#include <QLabel>
#include <QPushButton>
#include <QSignalSpy>
#include <QSlider>
#include <QSvgRenderer>
#include <QTemporaryDir>
#include <QToolButton>
#include <QtTest>

#include "base/files.hpp"
#include "tiny_model.hpp"
#include "watched_runs.hpp"
#include "widgets/export/export.hpp"
#include "widgets/plot/chart_grid.hpp"
#include "widgets/plot/chart_ticks.hpp"
#include "widgets/runs/batch_list.hpp"
#include "widgets/runs/film_panel.hpp"
#include "widgets/runs/loss_panel.hpp"
#include "widgets/runs/measure_panels.hpp"
#include "widgets/runs/pin_dialog.hpp"
#include "widgets/runs/runs_view.hpp"

using namespace telltale;
using namespace telltale::ui;
namespace fs = std::filesystem;

namespace {

constexpr int patience = 20'000;

std::size_t count_colour(const QImage& image, QColor colour, int tolerance = 2) {
  std::size_t n = 0;
  for (int y = 0; y < image.height(); ++y)
    for (int x = 0; x < image.width(); ++x) {
      const QRgb p = image.pixel(x, y);
      n += std::abs(qRed(p) - colour.red()) <= tolerance && std::abs(qGreen(p) - colour.green()) <= tolerance && std::abs(qBlue(p) - colour.blue()) <= tolerance;
    }
  return n;
}

int chart_of(LossPanel& panel, const std::string& term) {
  const auto& terms = panel.terms();
  return static_cast<int>(std::find(terms.begin(), terms.end(), term) - terms.begin());
}

std::size_t marks(const ChartData& data, ChartMark::Kind kind) {
  return static_cast<std::size_t>(std::count_if(data.marks.begin(), data.marks.end(), [&](const ChartMark& m) { return m.kind == kind; }));
}

}  // namespace

class TestRunsView : public QObject {
  Q_OBJECT
  QTemporaryDir dir_;
  fs::path file_;
  std::int64_t baseline_ = 0, contrastive_ = 0, plain_ = 0;
  std::vector<std::int64_t> seeds_, posts_;
  std::unique_ptr<Theme> theme_;
  std::unique_ptr<Session> session_;

  struct Shown {
    std::unique_ptr<RunsView> view;
    RunsView* operator->() const { return view.get(); }
  };
  Shown shown(const std::vector<std::int64_t>& runs, QSize size = {1080, 820}) {
    Shown s{std::make_unique<RunsView>(*theme_)};
    s->resize(size);
    s->set_session(session_.get());
    s->show();
    if (!QTest::qWaitForWindowExposed(s.view.get())) return s;
    s->show_runs(runs);
    [&] { QTRY_VERIFY_WITH_TIMEOUT(!s->busy(), patience); }();
    QTest::qWait(60);
    return s;
  }

 private Q_SLOTS:
  void initTestCase() {
    file_ = fs::path(dir_.path().toStdString()) / "watch.telltale";
    {
      auto store = Store::open(file_, Store::Mode::create);
      const auto dataset = test::add_tiny_posts(*store).id;
      test::CurveRecipe base{.name = "baseline · seed 29", .preset = "baseline", .probe_steps = 50};
      test::CurveRecipe with{.name = "contrastive · seed 29", .done = 612, .spike = 540, .fault = 300, .resumed_from = 260, .status = RunStatus::stopped, .film_steps = 50};
      baseline_ = test::add_watched_run(*store, dataset, base);
      contrastive_ = test::add_watched_run(*store, dataset, with);
      base.name = "<b>no probe</b> & a name that is longer than any place for it could ever be, really", base.probe_steps = 0;
      plain_ = test::add_watched_run(*store, dataset, base);
      for (const std::uint64_t seed : {1, 2, 3}) seeds_.push_back(test::add_watched_run(*store, dataset, {.name = "contrastive · seed " + std::to_string(seed), .seed = seed}));
      Store::DocumentFilter f;
      f.dataset = dataset;
      f.limit = 3;
      posts_ = store->document_ids(f);
      test::add_film(*store, baseline_, posts_, 50, 850);
      test::add_film(*store, contrastive_, posts_, 50, 600);
    }
    session_ = std::make_unique<Session>(file_);
    theme_ = std::make_unique<Theme>(Theme::Mode::light);
    theme_->apply(*qApp);
  }
  void cleanupTestCase() { session_.reset(); }
  void cleanup() { theme_->set_mode(Theme::Mode::light); }

  void pictures_data() {
    QTest::addColumn<QString>("name");
    QTest::addColumn<bool>("dark");
    QTest::addColumn<QSize>("size");
    QTest::newRow("light") << "light" << false << QSize(780, 790);
    QTest::newRow("dark") << "dark" << true << QSize(780, 790);
    QTest::newRow("small") << "light-1024x640" << false << QSize(740, 540);
    QTest::newRow("large") << "light-large" << false << QSize(1400, 980);
  }

  void pictures() {
    QFETCH(QString, name);
    QFETCH(bool, dark);
    QFETCH(QSize, size);
    theme_->set_mode(dark ? Theme::Mode::dark : Theme::Mode::light);
    auto s = shown({contrastive_, baseline_}, size);
    QTRY_VERIFY(s->film().frames() > 0);
    s->scope().set_cursor(350);
    QTest::qWait(50);
    QCOMPARE(s->size(), size);
    const QImage image = s->grab().toImage().convertToFormat(QImage::Format_RGB32);
    const fs::path folder = fs::path(TELLTALE_BINARY_DIR) / "screenshots";
    fs::create_directories(folder);
    QVERIFY(image.save(QString::fromStdString((folder / ("runs-watch-" + name.toStdString() + ".png")).string())));
    for (std::size_t series : {0, 1}) QVERIFY2(count_colour(image, theme_->series(series)) > 150, "no line of this run");
    QVERIFY(count_colour(image, (*theme_)["panel"]) > static_cast<std::size_t>(image.width()) * static_cast<std::size_t>(image.height()) / 5);
    if (name == QStringLiteral("light-1024x640")) {
      for (int which = 1; which <= 3; ++which) {  // the other lower panels are a click away
        for (Segments* c : s->findChildren<Segments*>())
          if (c->accessibleName() == QStringLiteral("Lower panel")) c->button(which)->click();
        QTest::qWait(30);
        QVERIFY(s->grab().save(QString::fromStdString((folder / ("runs-watch-small-" + std::to_string(which) + ".png")).string())));
      }
    }
  }

  void empty_states_say_what_to_do() {
    RunsView view(*theme_);
    view.resize(900, 600);
    view.show();
    const auto says = [&](const QString& sentence) {
      for (QLabel* l : view.findChildren<QLabel*>())
        if (l->isVisible() && l->text().contains(sentence)) return true;
      return false;
    };
    view.set_session(nullptr);
    QVERIFY(says(QStringLiteral("No file is open")));
    view.set_session(session_.get());
    QVERIFY(says(QStringLiteral("No run is shown")));
    QSignalSpy asked(&view, &RunsView::new_run_asked);
    for (QPushButton* b : view.findChildren<QPushButton*>())
      if (b->isVisible()) b->click();
    QCOMPARE(asked.count(), 1);
    QSignalSpy failed(&view, &RunsView::failed);
    view.show_runs({9999});
    QCOMPARE(failed.count(), 1);
    view.show_runs({plain_});
    QTRY_VERIFY(!view.busy());
    QTRY_VERIFY(says(QStringLiteral("takes no film")));
    view.set_session(nullptr);
    QVERIFY(says(QStringLiteral("No file is open")));
  }

  void every_term_has_its_chart_and_weightless_ones_are_dashed() {
    auto s = shown({contrastive_, baseline_});
    LossPanel& p = s->losses();
    QCOMPARE(p.terms(), (std::vector<std::string>{"class", "attribution", "cls", "positive", "negative", "total"}));
    QCOMPARE(p.grid().count(), 6);
    for (int i = 0; i < 6; ++i) QVERIFY2(!p.grid().data(i).lines.empty() && p.grid().data(i).empty.isEmpty(), p.terms()[static_cast<std::size_t>(i)].c_str());
    int dashed = 0, bands = 0;
    for (const ChartLine& l : p.grid().data(chart_of(p, "cls")).lines) dashed += l.dashed, bands += !l.band_x.empty();
    QCOMPARE(dashed, 1);
    QCOMPARE(bands, 1);
    for (const ChartLine& l : p.grid().data(chart_of(p, "class")).lines) QVERIFY(!l.dashed);
    QVERIFY(p.grid().title(chart_of(p, "attribution")).caption.contains(QStringLiteral("α 0.5")));
    // A run alone whose terms were never measured has charts for its class term and the total only.
    auto alone = shown({plain_});
    QCOMPARE(alone->losses().terms(), (std::vector<std::string>{"class", "total"}));
  }

  /// What solid and dashed lines are stands under the chart: within it lines would run through it.
  void the_key_of_the_validation_chart_has_its_own_place() {
    auto s = shown({contrastive_, baseline_});
    auto* panel = s->findChild<ValidationPanel*>();
    QVERIFY(panel && panel->isVisible());
    auto* grid = panel->findChild<ChartGrid*>();
    QVERIFY(!grid->data(0).lines.empty() && grid->data(0).note.isEmpty());
    QLabel* key = nullptr;
    for (auto* l : panel->findChildren<QLabel*>())
      if (l->text() == QStringLiteral("accuracy solid, macro-F1 dashed")) key = l;
    QVERIFY(key && key->isVisible());
    QVERIFY(key->geometry().top() >= grid->geometry().bottom() && key->width() >= key->fontMetrics().horizontalAdvance(key->text()));
  }

  void of_few_values_none_is_an_outlier() {
    for (const int n : {3, 12, 60}) {
      ChartData data;
      ChartLine line;
      for (int k = 0; k < n; ++k) line.x.push_back(k), line.y.push_back(1), line.low.push_back(1), line.high.push_back(k == n / 2 ? 9 : 1);
      line.band_x = line.x;
      data.lines.push_back(line);
      fit_and_clip(data, false, true, NAN);
      QVERIFY(data.high > 9);
      QCOMPARE(marks(data, ChartMark::Kind::above), std::size_t{0});
    }
  }

  void outliers_faults_and_the_lost_tail_are_marked() {
    auto s = shown({contrastive_});
    LossPanel& p = s->losses();
    const ChartData& cls = p.grid().data(chart_of(p, "class"));
    QVERIFY(cls.high < 8);  // the spike of 9 does not flatten the rest
    QVERIFY(marks(cls, ChartMark::Kind::above) >= 1);
    bool spike = false;
    for (const ChartMark& m : cls.marks) spike = spike || (m.kind == ChartMark::Kind::above && std::abs(m.x - 540) < 12);
    QVERIFY(spike);
    QCOMPARE(marks(p.grid().data(chart_of(p, "attribution")), ChartMark::Kind::fault), std::size_t{1});
    QCOMPARE(marks(p.grid().data(chart_of(p, "total")), ChartMark::Kind::resumed), std::size_t{1});
    bool ghost = false;
    for (const ChartLine& l : cls.lines)
      if (l.ghost) {
        ghost = true;
        QVERIFY(!l.x.empty() && l.x.front() > 255 && l.x.back() <= 351);
      }
    QVERIFY(ghost);
    s->scope().set_clipped(false);
    QVERIFY(p.grid().data(chart_of(p, "class")).high > 9);
    QCOMPARE(marks(p.grid().data(chart_of(p, "class")), ChartMark::Kind::above), std::size_t{0});
  }

  void the_line_is_the_debiased_average_and_the_band_holds_every_value() {
    auto s = shown({contrastive_});
    LossPanel& p = s->losses();
    const auto steps = session_->store().steps(contrastive_);
    double mean = 0, weight = 1;
    std::map<double, double> expected;
    for (const StepRecord& r : steps) {
      mean = 0.97 * mean + 0.03 * static_cast<double>(r.terms["cls"].get<float>());
      weight *= 0.97;
      expected[static_cast<double>(r.step)] = mean / (1 - weight);
    }
    s->scope().set_beta(0.97);
    s->scope().set_zoom(std::pair(100.0, 180.0));  // a step a column and more
    const ChartLine line = p.grid().data(chart_of(p, "cls")).lines.front();
    QVERIFY(line.x.size() >= 80);
    for (std::size_t i = 0; i < line.x.size(); ++i) QVERIFY2(std::abs(line.y[i] - expected.at(line.x[i])) < 1e-5, qPrintable(QString::number(line.x[i])));
    s->scope().set_zoom(std::nullopt);
    const ChartLine all = p.grid().data(chart_of(p, "cls")).lines.front();
    double low = 1e9, high = -1e9, band_low = 1e9, band_high = -1e9;
    for (const StepRecord& r : steps) low = std::min(low, r.terms["cls"].get<double>()), high = std::max(high, r.terms["cls"].get<double>());
    for (std::size_t i = 0; i < all.band_x.size(); ++i) band_low = std::min(band_low, all.low[i]), band_high = std::max(band_high, all.high[i]);
    QVERIFY(std::abs(low - band_low) < 1e-5 && std::abs(high - band_high) < 1e-5);
    s->scope().set_beta(0);  // the values themselves
    s->scope().set_zoom(std::pair(100.0, 180.0));
    QVERIFY(std::abs(p.grid().data(chart_of(p, "cls")).lines.front().y[5] - steps[static_cast<std::size_t>(p.grid().data(chart_of(p, "cls")).lines.front().x[5]) - 1].terms["cls"].get<double>()) < 1e-5);
  }

  void axes_zoom_and_cursor_are_shared() {
    auto s = shown({contrastive_, baseline_});
    LossPanel& p = s->losses();
    const auto others = s->findChildren<ChartGrid*>();
    QVERIFY(others.size() >= 4);
    QCOMPARE(p.grid().range(), (std::pair<double, double>(0, 880)));
    // Drag in one chart: all zoom.
    const QRect box = p.grid().plot_box(0);
    QWidget* surface = p.grid().findChild<QWidget*>();
    QVERIFY(surface && box.width() > 50);
    const QPoint a(box.left() + box.width() / 4, box.center().y()), b(box.left() + box.width() / 2, box.center().y());
    QTest::mousePress(surface, Qt::LeftButton, {}, a);
    QMouseEvent move(QEvent::MouseMove, b, surface->mapToGlobal(b), Qt::NoButton, Qt::LeftButton, {});
    QApplication::sendEvent(surface, &move);
    QTest::mouseRelease(surface, Qt::LeftButton, {}, b);
    QVERIFY(s->scope().zoom());
    const auto zoom = *s->scope().zoom();
    QVERIFY(std::abs(zoom.first - 220) < 12 && std::abs(zoom.second - 440) < 12);
    for (ChartGrid* g : others)  // the others follow one after the other
      if (g->isVisible()) QTRY_COMPARE(g->range(), zoom);
    // Wheel: nearer; with shift: sideways; double click: all.
    const QPointF middle = box.center();
    QWheelEvent nearer(middle, surface->mapToGlobal(middle), {}, {0, 120}, {}, {}, Qt::NoScrollPhase, false);
    QApplication::sendEvent(surface, &nearer);
    QVERIFY(s->scope().zoom()->second - s->scope().zoom()->first < zoom.second - zoom.first);
    const auto before = *s->scope().zoom();
    QWheelEvent sideways(middle, surface->mapToGlobal(middle), {}, {0, -120}, {}, Qt::ShiftModifier, Qt::NoScrollPhase, false);
    QApplication::sendEvent(surface, &sideways);
    QVERIFY(s->scope().zoom()->first > before.first);
    QMouseEvent twice(QEvent::MouseButtonDblClick, middle, surface->mapToGlobal(middle), Qt::LeftButton, Qt::LeftButton, {});
    QApplication::sendEvent(surface, &twice);
    QVERIFY(!s->scope().zoom());
    // Hover: one line through all, values in the titles.
    const QPoint over(p.grid().pixel_of(4, 350), p.grid().plot_box(4).center().y());
    QTest::mouseMove(surface, over);
    QMouseEvent hover(QEvent::MouseMove, over, surface->mapToGlobal(over), Qt::NoButton, Qt::NoButton, {});
    QApplication::sendEvent(surface, &hover);
    QVERIFY(s->scope().cursor() && std::abs(*s->scope().cursor() - 350) < 6);
    for (int i = 0; i < 6; ++i) QCOMPARE(p.grid().title(i).values.size(), std::size_t{2});
    // Keys.
    p.grid().setFocus();
    const double at = *s->scope().cursor();
    QTest::keyClick(&p.grid(), Qt::Key_Right);
    QVERIFY(*s->scope().cursor() > at);
    QTest::keyClick(&p.grid(), Qt::Key_Home);
    QCOMPARE(*s->scope().cursor(), 1.0);
    QTest::keyClick(&p.grid(), Qt::Key_End);
    QCOMPARE(*s->scope().cursor(), 612.0);
    QTest::keyClick(&p.grid(), Qt::Key_L);
    QVERIFY(s->scope().log() && p.grid().data(0).log && p.grid().data(0).low > 0);
    QTest::keyClick(&p.grid(), Qt::Key_S);
    QVERIFY(s->scope().axis() == ChartAxis::epoch);
    QCOMPARE(p.grid().range().second, 4.0);
    QTest::keyClick(&p.grid(), Qt::Key_S);
    QVERIFY(s->scope().axis() == ChartAxis::time && p.grid().range().second > 1000);
  }

  void a_click_on_a_spike_lists_its_posts() {
    auto s = shown({contrastive_, baseline_});
    LossPanel& p = s->losses();
    QWidget* surface = p.grid().findChild<QWidget*>();
    const int chart = chart_of(p, "class");
    const QPoint at(p.grid().pixel_of(chart, 540), p.grid().plot_box(chart).top() + 4);
    QTest::mouseClick(surface, Qt::LeftButton, {}, at);
    QTRY_VERIFY(s->batch().isVisible());
    QCOMPARE(s->batch().step(), 540);
    QCOMPARE(s->batch().run(), contrastive_);
    QTRY_COMPARE(s->batch().list().count(), 8);
    QAbstractItemModelTester tester(s->batch().list().model(), QAbstractItemModelTester::FailureReportingMode::QtTest);
    QSignalSpy asked(s.view.get(), &RunsView::document_asked);
    auto* list = s->batch().findChild<RowList*>();
    list->setCurrentIndex(list->model()->index(2, 0));
    QTest::keyClick(list, Qt::Key_Return);
    QCOMPARE(asked.count(), 1);
    QCOMPARE(asked[0][0].toLongLong(), contrastive_);
    QCOMPARE(asked[0][1].toLongLong(), session_->store().steps(contrastive_, 539, 1).at(0).documents.at(2));
    QVERIFY(s->grab().save(QString::fromStdString((fs::path(TELLTALE_BINARY_DIR) / "screenshots" / "runs-watch-batch.png").string())));
    Q_EMIT s->batch().step_asked(contrastive_, 541);
    QTRY_COMPARE(s->batch().step(), 541);
    QTest::keyClick(&s->batch(), Qt::Key_Escape);
    QVERIFY(!s->batch().isVisible());
  }

  void seeds_of_one_setting_are_a_mean_with_an_interval() {
    auto s = shown({seeds_[0], seeds_[1], seeds_[2], baseline_});
    LossPanel& p = s->losses();
    const int chart = chart_of(p, "cls");
    std::vector<const ChartLine*> solid;
    for (const ChartLine& l : p.grid().data(chart).lines)
      if (!l.dashed) solid.push_back(&l);
    QCOMPARE(solid.size(), std::size_t{1});
    QVERIFY(solid[0]->name.contains(QStringLiteral("3 seeds")));
    // At a place in the middle: the mean of the three, and the interval of Student's t with two degrees of freedom (4.3027).
    const std::size_t k = solid[0]->x.size() / 2;
    const double x = solid[0]->x[k];
    std::vector<double> v;
    for (const std::int64_t id : seeds_) v.push_back(average_at(*s->data().find(id), "term.cls", s->scope(), x));
    const double mean = (v[0] + v[1] + v[2]) / 3;
    double var = 0;
    for (const double a : v) var += (a - mean) * (a - mean) / 2;
    QVERIFY(std::abs(solid[0]->y[k] - mean) < 1e-6);
    QVERIFY2(std::abs(solid[0]->high[k] - (mean + 4.302653 * std::sqrt(var / 3))) < 1e-4, qPrintable(QString::number(solid[0]->high[k] - mean)));
    s->scope().set_grouped(false);
    std::size_t lines = 0;
    for (const ChartLine& l : p.grid().data(chart).lines) lines += !l.dashed;
    QCOMPARE(lines, std::size_t{3});
    QVERIFY(s->grab().save(QString::fromStdString((fs::path(TELLTALE_BINARY_DIR) / "screenshots" / "runs-watch-seeds.png").string())));
  }

  void the_film_is_scrubbed_and_played() {
    auto s = shown({contrastive_, baseline_});
    FilmPanel& film = s->film();
    QTRY_COMPARE(film.frames(), 17);
    QCOMPARE(film.frame(), 16);
    film.set_frame(0);
    QCOMPARE(film.frame(), 0);
    auto* strip = film.findChild<FilmStrip*>();
    QCOMPARE(strip->documents(), posts_);
    const QImage first = strip->grab().toImage();
    film.set_frame(11);
    const QImage later = strip->grab().toImage();
    QVERIFY(first != later);
    film.setFocus();
    QTest::keyClick(&film, Qt::Key_Left);
    QCOMPARE(film.frame(), 10);
    // A click beside the handle goes to the frame that is there, in either direction.
    auto* slider = film.findChild<QSlider*>();
    for (const double share : {0.75, 0.1}) {
      QTest::mouseClick(slider, Qt::LeftButton, {}, QPoint(static_cast<int>(share * slider->width()), slider->height() / 2));
      QVERIFY2(std::abs(film.frame() - share * 16) <= 1.01, qPrintable(QString::number(film.frame())));
    }
    film.set_frame(15);
    QTest::keyClick(&film, Qt::Key_Space);
    QVERIFY(film.playing());
    QTRY_COMPARE(film.frame(), 16);
    QTRY_VERIFY(!film.playing());
    // The word that tells ends at the first place.
    const RunFilm values = read_film(session_->store(), contrastive_);
    const auto ranks = values.posts[0].ranks(5);
    QCOMPARE(ranks.rank[0].back(), 1);
    const std::string& winner = values.posts[0].words[ranks.among[0]].text;
    QVERIFY2(winner == "engine" || winner == "pitcher" || winner == "goalie", winner.c_str());
    for (Segments* c : film.findChildren<Segments*>()) c->button(1)->click();
    QTest::qWait(20);
    QVERIFY(film.grab().save(QString::fromStdString((fs::path(TELLTALE_BINARY_DIR) / "screenshots" / "runs-film-post.png").string())));
  }

  void damaged_films_are_read_as_far_as_they_go() {
    Store& store = session_->store();
    for (const char* text : {"null", "7", "[]", "[1]", R"([{"step":1}])", R"([{"step":"x","posts":[]}])", R"([{"step":5,"posts":[{"document":1,"words":[[0,99999,1.0],[-1,2,1.0],["a",1,2],[0,1,null],[0,2,0.5]]},{"document":99999,"words":[]},3]},{"step":4,"posts":[]}])"}) {
      store.set_value("film.run-77", Json::parse(text));
      const RunFilm film = read_film(store, 77);
      for (const FilmPost& p : film.posts) {
        QVERIFY(p.words.size() <= 2);
        for (const FilmWord& w : p.words) QCOMPARE(w.scores.size(), film.steps.size());
        p.ranks(5);
      }
    }
  }

  void posts_are_pinned_and_unpinned() {
    Store& store = session_->store();
    PinDialog dialog(*theme_, session_.get(), store.run(contrastive_).dataset);
    dialog.show();
    RowList *found = nullptr, *pinned = nullptr;
    for (RowList* l : dialog.findChildren<RowList*>()) (l->accessibleName() == QStringLiteral("Posts found") ? found : pinned) = l;
    QTRY_COMPARE(found->count(), 128);
    QCOMPARE(pinned->count(), 3);
    auto* search = dialog.findChild<QLineEdit*>();
    QTest::keyClicks(search, QStringLiteral("goalie"));
    QTRY_VERIFY(found->count() > 0 && found->count() < 128);
    QSignalSpy changed(&dialog, &PinDialog::pins_changed);
    found->setCurrentIndex(found->model()->index(found->count() - 1, 0));
    const qint64 id = found->chosen_id();
    QTest::keyClick(found, Qt::Key_Return);
    QCOMPARE(changed.count(), 1);
    QCOMPARE(pinned_posts(store).back(), id);
    QVERIFY(dialog.grab().save(QString::fromStdString((fs::path(TELLTALE_BINARY_DIR) / "screenshots" / "runs-pin.png").string())));
    pinned->choose(id);
    for (QPushButton* b : dialog.findChildren<QPushButton*>())
      if (b->text() == QStringLiteral("Unpin")) b->click();
    QCOMPARE(pinned_posts(store), posts_);
    search->setText(QStringLiteral("zzzz"));
    QTRY_COMPARE(found->count(), 0);
  }

  void everything_is_exported() {
    auto s = shown({contrastive_, baseline_});
    LossPanel& p = s->losses();
    for (const char* name : {"a.png", "a.svg", "a.pdf", "a.csv"}) {
      const QString file = dir_.filePath(QString::fromLatin1(name));
      write_view(p, file, [&] { return p.csv(); });
      QVERIFY2(QFileInfo(file).size() > 2000, name);
    }
    const QImage png(dir_.filePath(QStringLiteral("a.png")));
    QCOMPARE(png.size(), p.size() * 2);
    QSvgRenderer svg(dir_.filePath(QStringLiteral("a.svg")));
    QVERIFY(svg.isValid());
    QImage drawn(p.size(), QImage::Format_RGB32);
    drawn.fill(Qt::white);
    QPainter painter(&drawn);
    svg.render(&painter);
    painter.end();
    QVERIFY2(count_colour(drawn, theme_->series(1), 12) > 100, "the drawing has no line of the run");
    const QByteArray source = read_all(QStringLiteral("a.svg"));
    QVERIFY2(source.count("<image") <= 4, "charts are drawn, not pasted as pixels");
    QVERIFY(source.contains("Attribution triplet"));
    QVERIFY(read_all(QStringLiteral("a.pdf")).startsWith("%PDF"));
    const QByteArray csv = read_all(QStringLiteral("a.csv"));
    QVERIFY(csv.startsWith("chart,series,step,value,low,high\n"));
    QVERIFY(csv.contains("Class,contrastive · seed 29,") && csv.contains("lost tail"));
    QVERIFY_EXCEPTION_THROWN(write_view(p, dir_.filePath(QStringLiteral("a.doc"))), std::runtime_error);
    QVERIFY_EXCEPTION_THROWN(write_view(p, dir_.filePath(QStringLiteral("nowhere/a.png"))), std::runtime_error);
    QVERIFY_EXCEPTION_THROWN(write_view(p, dir_.filePath(QStringLiteral("b.csv"))), std::runtime_error);
    QVERIFY(!exporting());
    for (QAction* a : p.menu().menu()->actions())
      if (a->text() == QStringLiteral("Copy as CSV")) a->trigger();
    QVERIFY(QApplication::clipboard()->text().startsWith(QStringLiteral("chart,series")));
    for (QAction* a : p.menu().menu()->actions())
      if (a->text() == QStringLiteral("Copy picture")) a->trigger();
    QCOMPARE(QApplication::clipboard()->image().size(), p.size() * 2);
    QCOMPARE(csv_cell(QStringLiteral("=1+1")), QStringLiteral("'=1+1"));
    QCOMPARE(csv_cell(QStringLiteral("-0.5")), QStringLiteral("-0.5"));
    QCOMPARE(csv_cell(QStringLiteral("a \"b\", c")), QStringLiteral("\"a \"\"b\"\", c\""));
  }
  QByteArray read_all(const QString& name) {
    QFile f(dir_.filePath(name));
    return f.open(QIODevice::ReadOnly) ? f.readAll() : QByteArray();
  }

  void hostile_names_stay_text() {
    auto s = shown({plain_}, {700, 640});
    QVERIFY(s->grab().save(QString::fromStdString((fs::path(TELLTALE_BINARY_DIR) / "screenshots" / "runs-watch-long-name.png").string())));
    for (QLabel* l : s->findChildren<QLabel*>()) QVERIFY(!l->text().contains(QStringLiteral("<b>")) || l->textFormat() == Qt::PlainText);
  }

  void ticks_are_few_and_plain() {
    QCOMPARE(tick_distance(880, 4, ChartAxis::step), 500.0);
    QCOMPARE(tick_distance(880, 5, ChartAxis::step), 200.0);
    QCOMPARE(tick_distance(2, 5, ChartAxis::step), 1.0);
    QCOMPARE(tick_distance(3600, 5, ChartAxis::time), 1200.0);
    QCOMPARE(tick_text(-0.25, 0.05), QStringLiteral("−0.25"));
    QCOMPARE(tick_text(1170, 10), QStringLiteral("1,170"));
    QCOMPARE(tick_text(1e-6, 1e-6), QStringLiteral("10⁻⁶"));
    QCOMPARE(tick_text(2.5e6, 5e5), QStringLiteral("2.5M"));
    QCOMPARE(time_text(5400, 600), QStringLiteral("1 h 30"));
    QCOMPARE(log_ticks(0.01, 100), (std::vector<double>{0.01, 0.1, 1, 10, 100}));
    for (double low = 1e-8; low < 1e3; low *= 7)
      for (double high = low * 1.1; high < 1e9; high *= 13) QVERIFY(log_ticks(low, high).size() <= 8);
    QVERIFY(log_ticks(0, 1).empty() && log_ticks(1, NAN).empty());
  }

  void a_million_steps_are_drawn_by_pixels() {
    RunData data;
    WatchedRun run;
    run.record.id = 1;
    run.record.steps = 300'000;
    StepRecord step;
    for (int k = 1; k <= 300'000; ++k) {
      step.step = k;
      step.epoch = k / 1e5, step.seconds = k, step.gradient_norm = 1;
      step.terms = {{"class", k == 150'000 ? 50.0 : 1.0 + 0.1 * ((k * 7919) % 13)}};
      run.curves.append(step);
    }
    ChartScope scope;
    const DrawnColumn all = draw_column(run, "term.class", scope, 0, 300'000, 800);
    QVERIFY(all.x.size() <= 802 && all.x.size() >= 798);
    QVERIFY(*std::max_element(all.high.begin(), all.high.end()) == 50);  // one step in 300,000 is still seen
    QElapsedTimer clock;
    clock.start();
    for (int k = 0; k < 100; ++k) draw_column(run, "term.class", scope, 0, 300'000, 800);
    QVERIFY2(clock.elapsed() < 2000, "a redraw costs by points");
    const DrawnColumn near = draw_column(run, "term.class", scope, 149'990, 150'010, 800);
    QVERIFY(near.x.size() >= 20 && near.x.size() <= 24);
  }

  void a_run_is_watched_while_it_trains() {
    const fs::path file = fs::path(dir_.path().toStdString()) / "live.telltale";
    const fs::path model = test::make_tiny_model(fs::path(dir_.path().toStdString()) / "tiny");
    Session session(file, Session::Open::create);
    session.training().set_compute({"cpu", 1, Precision::fp32});
    test::add_tiny_posts(session.store());
    Store::DocumentFilter f;
    f.limit = 2;
    set_pinned_posts(session.store(), session.store().document_ids(f));
    auto request = test::tiny_request(session.store(), model, "baseline", 60);
    assign(request.settings, "film_steps=100");
    assign(request.settings, "validate_steps=90");
    const auto id = queue_run(session.store(), request);
    RunsView view(*theme_);
    view.resize(1000, 760);
    view.set_session(&session);
    view.show();
    QVERIFY(QTest::qWaitForWindowExposed(&view));
    view.show_runs({id});
    QTRY_VERIFY(!view.busy());
    QCOMPARE(view.data().find(id)->curves.rows(), std::size_t{0});
    QSignalSpy finished(&session.training(), &TrainingQueue::finished), grew(&view.data(), &RunData::grew);
    const auto before = view.losses().grid().replots();
    QElapsedTimer clock;
    clock.start();
    session.training().enqueue(id);
    QVERIFY(finished.wait(60'000));
    QCOMPARE(finished[0][1].toString(), QString());
    QTRY_COMPARE(view.data().find(id)->curves.rows(), std::size_t{720});
    QVERIFY(grew.count() >= 2);
    QVERIFY2(view.losses().grid().replots() - before <= clock.elapsed() / 100 + 30, "more than one replot a tick");
    // What was seen live is what the file holds.
    const RunCurves stored = load_curves(session.store(), session.store().run(id));
    const RunCurves& live = view.data().find(id)->curves;  // (an event's clock is read a moment after the step's)
    QCOMPARE(live.steps(), stored.steps());
    QCOMPARE(live.epochs(), stored.epochs());
    QCOMPARE(live.columns().size(), stored.columns().size());
    for (const auto& [name, c] : stored.columns()) {
      QVERIFY2(live.column(name) && live.column(name)->faults == c.faults, name.c_str());
      for (std::size_t i = 0; i < c.values.size(); ++i) {
        const float a = c.values[i], b = live.column(name)->values[i];
        QVERIFY2(a == b || (std::isnan(a) && std::isnan(b)), name.c_str());
      }
    }
    QTRY_COMPARE(view.film().frames(), 7);
    QTRY_VERIFY(view.data().find(id)->validations.size() >= 8);
    // Shown while it runs, from the middle: no step is missing.
    assign(request.settings, "epochs=120");
    const auto second = queue_run(session.store(), request);
    session.training().enqueue(second);
    QTRY_VERIFY_WITH_TIMEOUT(session.training().state().step > 60, 30'000);
    view.show_runs({second, id});
    QVERIFY(finished.wait(60'000));
    QTRY_COMPARE_WITH_TIMEOUT(view.data().find(second)->curves.rows(), std::size_t{1440}, 10'000);
    QVERIFY(view.grab().save(QString::fromStdString((fs::path(TELLTALE_BINARY_DIR) / "screenshots" / "runs-watch-live.png").string())));
    view.set_session(nullptr);
  }

  void every_control_has_a_name() {
    auto s = shown({contrastive_, baseline_});
    for (QWidget* w : s->findChildren<QWidget*>()) {
      if (!w->isVisible() || w->focusPolicy() == Qt::NoFocus) continue;
      const bool scroll = w->inherits("QAbstractScrollArea") || w->inherits("QScrollBar");
      auto* button = qobject_cast<QAbstractButton*>(w);
      QVERIFY2(scroll || !w->accessibleName().isEmpty() || (button && !button->text().isEmpty()), w->metaObject()->className());
    }
  }
};

QTEST_MAIN(TestRunsView)
#include "test_runs_view.moc"
