// Evaluate in a real session: an evaluation is made, stopped, gone on with, found again, chosen by protocol, looked
// into and exported. Pictures for people.
#include <QAbstractItemModelTester>
#include <QApplication>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QPushButton>
#include <QSignalSpy>
#include <QSpinBox>
#include <QToolButton>
#include <QtTest>
#include <cmath>

#include "base/files.hpp"
#include "widgets/evaluate/cell_views.hpp"
#include "widgets/evaluate/curve_plot.hpp"
#include "widgets/evaluate/evaluate_view.hpp"
#include "widgets/evaluate/grid_table.hpp"
#include "widgets/evaluate/method_matrix.hpp"
#include "widgets/evaluate/pick_menu.hpp"
#include "widgets/evaluate/protocol_card.hpp"
#include "widgets/export/export.hpp"
#include "widgets/inspect/segmented.hpp"
#include "widgets/panel.hpp"
#include "widgets/row_list.hpp"
#include "widgets/text_spy.hpp"
#include "widgets/tiny_model.hpp"

using namespace telltale;
using namespace telltale::ui;
namespace fs = std::filesystem;

namespace {

std::size_t count_colour(const QImage& image, QColor colour, int tolerance = 0) {
  std::size_t n = 0;
  for (int y = 0; y < image.height(); ++y)
    for (int x = 0; x < image.width(); ++x) {
      const QRgb c = image.pixel(x, y);
      n += std::abs(qRed(c) - colour.red()) <= tolerance && std::abs(qGreen(c) - colour.green()) <= tolerance &&
           std::abs(qBlue(c) - colour.blue()) <= tolerance;
    }
  return n;
}

}  // namespace

class TestEvaluate : public QObject {
  Q_OBJECT
  QTemporaryDir dir_;
  fs::path file_, screenshots_;
  std::unique_ptr<Theme> theme_;

  static bool settle(EvaluateView& view, Session& session) {
    return QTest::qWaitFor([&] { return view.settled() && !view.computing() && session.work().jobs().empty(); },
                           40'000);
  }
  static EvaluateWish wish(std::vector<std::int64_t> runs, std::int64_t posts) {
    EvaluateWish w;
    w.runs = std::move(runs);
    w.methods = {"gradient-x-input", "saliency-l2", "occlusion", random_method};
    w.metrics = {"comprehensiveness",  "log-odds", "deletion-auc", "insertion-auc",
                 "completeness-delta", "gini",     "overlap@k"};
    w.options.limit = posts;
    w.options.resamples = 200;
    return w;
  }
  QString copy_of(const char* name) {
    const QString to = dir_.filePath(QLatin1String(name));
    fs::copy_file(file_, to.toStdString(), fs::copy_options::overwrite_existing);
    fs::copy(file_.string() + ".d", to.toStdString() + ".d",
             fs::copy_options::recursive | fs::copy_options::overwrite_existing);
    return to;
  }
  void picture(QWidget& view, const char* name) {
    QTest::qWait(40);  // layouts settle
    QVERIFY(view.grab().save(QString::fromStdString((screenshots_ / name).string())));
  }
  template <class W>
  static W* named(QWidget& view, const char* name) {
    for (auto* w : view.findChildren<W*>())
      if (w->accessibleName() == QLatin1String(name)) return w;
    return nullptr;
  }

 private Q_SLOTS:
  void initTestCase() {
    screenshots_ = fs::path(TELLTALE_BINARY_DIR) / "screenshots";
    fs::create_directories(screenshots_);
    theme_ = std::make_unique<Theme>(Theme::Mode::light);
    theme_->apply(*qApp);
    file_ = dir_.filePath(QStringLiteral("tiny.telltale")).toStdString();
    auto store = Store::open(file_, Store::Mode::create);
    test::add_tiny_posts(*store, 48, 120);
    const auto model = test::make_tiny_model(dir_.filePath(QStringLiteral("model")).toStdString());
    for (const char* name : {"first", "second"}) {
      auto request = test::tiny_request(*store, model, "baseline", 2);
      request.name = name;
      if (name[0] == 's') assign(request.settings, "seed=2");
      TrainOptions options;
      options.compute.threads = 1;
      options.predict_cost = false;
      QCOMPARE(train(*store, request, options).status, RunStatus::finished);
    }
  }

  void an_empty_file_says_what_to_do() {
    const QString empty = dir_.filePath(QStringLiteral("empty.telltale"));
    Store::open(empty.toStdString(), Store::Mode::create);
    Session session(empty.toStdString());
    EvaluateView view(*theme_);
    view.resize(1400, 800);
    view.show();
    view.set_session(&session);
    QVERIFY(settle(view, session));
    auto* button = named<QPushButton>(view, "Make a new run");
    QVERIFY(button && button->isVisible() && button->isEnabled());
    QSignalSpy asked(&view, &EvaluateView::new_run_asked);
    button->click();
    QCOMPARE(asked.count(), 1);
    picture(view, "evaluate-empty.png");
    view.set_session(nullptr);
  }

  void an_evaluation_is_made_and_found_again() {
    const QString file = copy_of("made.telltale");
    QString csv;
    {
      Session session(file.toStdString());
      session.training().set_compute({.threads = 1});
      EvaluateView view(*theme_);
      QSignalSpy failed(&view, &EvaluateView::failed);
      view.resize(1420, 800);
      view.show();
      view.set_session(&session);
      QVERIFY(settle(view, session));
      QCOMPARE(view.wish().runs, (std::vector<std::int64_t>{1, 2}));
      // Nothing is stored: the page says what would be here and what it costs.
      auto* start = named<QPushButton>(view, "Evaluate these runs");
      QVERIFY(start && start->isVisible() && start->isEnabled());
      QTRY_VERIFY_WITH_TIMEOUT(view.cost().has_value(), 20'000);
      QVERIFY2(start->text().contains(QStringLiteral("minute")), qPrintable(start->text()));
      picture(view, "evaluate-start.png");
      // Asked for more posts than there are: it says how many are judged.
      auto* posts = named<QSpinBox>(view, "Posts to judge on");
      view.set_wish(wish({1, 2}, 500));
      QVERIFY(settle(view, session));
      QVERIFY(posts && posts->value() == 120 && posts->maximum() == 120);
      // Out of sight it measures nothing, and stops what it measures.
      view.hide();
      view.set_wish(wish({1, 2}, 60));
      QVERIFY(settle(view, session));
      QCOMPARE(posts->value(), 60);
      QVERIFY(!view.cost());
      const auto measures = [&] {
        const auto all = session.work().receivers();
        return std::find(all.begin(), all.end(), &view) != all.end();
      };
      view.show();
      QVERIFY(measures());
      view.hide();
      QVERIFY(!measures());
      view.show();
      QTRY_VERIFY_WITH_TIMEOUT(view.cost().has_value(), 20'000);
      start->click();
      QVERIFY(view.computing());
      QVERIFY(named<QPushButton>(view, "Cancel the evaluation")->isVisible());
      QVERIFY(settle(view, session));
      QVERIFY2(failed.isEmpty(), failed.isEmpty() ? "" : qPrintable(failed[0][0].toString()));
      const auto& data = view.evaluation();
      QCOMPARE(data->missing_values + data->missing_pairs, std::size_t{0});
      QCOMPARE(data->current, 1);
      auto* model = view.findChild<GridModel*>();
      QAbstractItemModelTester tester(model, QAbstractItemModelTester::FailureReportingMode::QtTest);
      QCOMPARE(model->rowCount(), 4);
      QCOMPARE(model->columnCount(), 7);
      // What the grid says is what the core call says.
      const auto store = Store::open(file.toStdString(), Store::Mode::write);
      EvaluationOptions options = wish({}, 60).options;
      options.methods = {"occlusion"}, options.metrics = {"comprehensiveness", "overlap@k"},
      options.compute.threads = 1;
      const Json doc = evaluate_run(*store, 2, options);
      QCOMPARE(doc["work"]["values"]["computed"], Json(0));  // and the command line takes what the window computed
      for (const Json& row : doc["rows"]) {
        const auto e = model->entries(model->find_method("occlusion"), model->find_metric(row["metric"])).at(1);
        QCOMPARE(e.mean.value, row["mean"].get<double>());
        QCOMPARE(e.mean.low, row["low"].get<double>());
        QVERIFY(e.state == GridEntry::State::whole);
      }
      // completeness-delta is not promised by occlusion: not defined, not zero.
      QVERIFY(model->entries(model->find_method("occlusion"), model->find_metric("completeness-delta")).at(0).state ==
              GridEntry::State::undefined);
      // The control is never the best, and one method is at most.
      for (int column = 0; column < model->columnCount(); ++column) {
        int best = 0;
        for (int row = 0; row < model->rowCount(); ++row)
          for (const auto& e : model->entries(row, column)) {
            best += e.standing == Standing::best;
            QVERIFY(model->method(row) != random_method || e.standing == Standing::plain);
          }
        QVERIFY(best <= 2);  // one a run
      }
      csv = model->csv();
      QVERIFY(csv.count(QLatin1Char('\n')) > 40);
      QVERIFY(csv.contains(QStringLiteral("second,occlusion,comprehensiveness,high,")));
      view.set_session(nullptr);
    }
    // Opened anew: the same figures, without a computation.
    Session session(file.toStdString());
    EvaluateView view(*theme_);
    view.resize(1420, 800);
    view.show();
    view.set_session(&session);
    QVERIFY(settle(view, session));
    QCOMPARE(view.wish().runs, (std::vector<std::int64_t>{1, 2}));
    QCOMPARE(view.wish().options.limit, std::int64_t{60});
    QCOMPARE(view.wish().methods.size(), std::size_t{4});
    auto* model = view.findChild<GridModel*>();
    auto lines = csv.split(QLatin1Char('\n')), again = model->csv().split(QLatin1Char('\n'));
    lines.sort(), again.sort();
    QCOMPARE(again, lines);
    view.set_session(nullptr);
  }

  void a_stop_keeps_what_is_done() {
    const QString file = copy_of("stopped.telltale");
    Session session(file.toStdString());
    session.training().set_compute({.threads = 1});
    EvaluateView view(*theme_);
    view.resize(1420, 800);
    view.show();
    view.set_session(&session);
    auto w = wish({1}, 0);
    w.methods = {"integrated-gradients", "occlusion"};
    w.metrics = {"comprehensiveness", "infidelity", "tau-loo"};
    view.set_wish(w);
    QVERIFY(settle(view, session));
    view.compute();
    // Cancelled once the first posts are stored.
    const auto reader = Store::open(file.toStdString(), Store::Mode::read);
    const auto stored = [&] {
      std::size_t n = 0;
      for (std::int64_t id = 1; id <= 6; ++id) n += reader->measure_values(id).size();
      return n;
    };
    QVERIFY(QTest::qWaitFor([&] { return stored() > 0 || !view.computing(); }, 30'000));
    view.cancel();
    QVERIFY(!view.computing());
    QVERIFY(settle(view, session));
    const std::size_t kept = stored(), missing = view.evaluation()->missing_values;
    QVERIFY2(kept > 0 && kept < 720, qPrintable(QString::number(kept)));
    QCOMPARE(missing, 720 - kept);
    const auto partly = view.findChild<GridModel*>()->entries(0, 0).at(0);
    QVERIFY(partly.state == GridEntry::State::partly && std::isfinite(partly.mean.value));
    picture(view, "evaluate-partly.png");
    QVERIFY(named<QPushButton>(view, "Compute missing values")->isVisible());
    named<QPushButton>(view, "Compute missing values")->click();
    QVERIFY(settle(view, session));
    QCOMPARE(view.evaluation()->missing_values, std::size_t{0});
    QCOMPARE(stored(), std::size_t{720});
    // τ with leave-one-out is occlusion: 1, and no merit.
    auto* model = view.findChild<GridModel*>();
    const int of_occlusion = model->find_method("occlusion"), loo = model->find_metric("tau-loo");
    const auto itself = model->entries(of_occlusion, loo).at(0);
    QVERIFY2(itself.mean.value > 0.999, qPrintable(QString::number(itself.mean.value)));
    QVERIFY(itself.standing == Standing::plain && itself.rank == 0);
    QCOMPARE(model->entries(model->find_method("integrated-gradients"), loo).at(0).rank, 1);
    QVERIFY(model->data(model->index(of_occlusion, loo), Qt::ToolTipRole).toString().contains(QStringLiteral("by construction")));
    view.set_session(nullptr);
  }

  void protocols_stay_apart() {
    const QString file = copy_of("protocols.telltale");
    Session session(file.toStdString());
    session.training().set_compute({.threads = 1});
    EvaluateView view(*theme_);
    view.resize(1420, 800);
    view.show();
    view.set_session(&session);
    auto w = wish({1, 2}, 40);
    w.metrics = {"comprehensiveness", "gini"};
    view.set_wish(w);
    QVERIFY(settle(view, session));
    view.compute();
    QVERIFY(settle(view, session));
    const double before = view.evaluation()->cell(0, "occlusion", "comprehensiveness")->mean.value;
    // Another k, typed into the card: the figures of the old one stand hatched and named, none under the new one.
    auto* card = view.findChild<ProtocolCard*>();
    auto* k = named<QLineEdit>(*card, "k");
    QVERIFY(k);
    k->setText(QStringLiteral("nonsense"));
    Q_EMIT k->textEdited(k->text());
    QVERIFY(card->wrong());
    k->setText(QStringLiteral("2"));
    Q_EMIT k->textEdited(k->text());
    Q_EMIT k->editingFinished();
    QVERIFY(!card->wrong());
    QVERIFY(settle(view, session));
    QCOMPARE(view.evaluation()->current, 0);
    auto* model = view.findChild<GridModel*>();
    auto e = model->entries(model->find_method("occlusion"), model->find_metric("comprehensiveness")).at(0);
    QVERIFY(e.state == GridEntry::State::elsewhere && e.protocol == 1);
    QCOMPARE(e.mean.value, before);
    QVERIFY(model->data(model->index(0, model->find_metric("comprehensiveness")), Qt::AccessibleTextRole)
                .toString()
                .contains(QStringLiteral("protocol 1")));
    // gini does not depend on k: it stands.
    QVERIFY(model->entries(0, model->find_metric("gini")).at(0).state == GridEntry::State::whole);
    picture(view, "evaluate-other-protocol.png");
    view.compute();
    QVERIFY(settle(view, session));
    QCOMPARE(view.evaluation()->current, 2);
    const double other = view.evaluation()->cell(0, "occlusion", "comprehensiveness")->mean.value;
    QVERIFY(other != before);
    view.show_protocol(1);
    QVERIFY(settle(view, session));
    QCOMPARE(view.evaluation()->cell(0, "occlusion", "comprehensiveness")->mean.value, before);
    QCOMPARE(to_string(view.wish().options.judge.k), std::string("20%"));
    // Runs that read posts to another length are told apart.
    RunRecord r = session.store().run(2);
    r.settings["max_length"] = 16;
    session.store().update_run(r);
    view.set_wish(view.wish());
    QVERIFY(settle(view, session));
    QCOMPARE(view.evaluation()->differing, std::vector<std::string>{"max_length"});
    bool said = false;
    for (auto* l : card->findChildren<QLabel*>())
      said = said || (l->isVisible() && l->text().contains(QStringLiteral("not of one protocol")));
    QVERIFY(said);
    view.set_session(nullptr);
  }

  void looked_into_and_exported() {
    const QString file = copy_of("looked.telltale");
    Session session(file.toStdString());
    session.training().set_compute({.threads = 1});
    EvaluateView view(*theme_);
    view.resize(1428, 790);
    view.show();
    view.set_session(&session);
    view.set_wish(wish({1, 2}, 90));
    QVERIFY(settle(view, session));
    view.compute();
    QVERIFY(settle(view, session));
    auto* grid = view.findChild<GridTable*>();
    auto* model = view.findChild<GridModel*>();
    // Every head is whole, every cell in its place.
    const auto* across = static_cast<GridHead*>(grid->horizontalHeader());
    for (int c = 0; c < model->columnCount(); ++c)
      QVERIFY2(grid->columnWidth(c) >= across->needed(c),
               qPrintable(model->headerData(c, Qt::Horizontal, Qt::DisplayRole).toString()));
    view.choose_cell("occlusion", "comprehensiveness");
    picture(view, "evaluate-view-light.png");
    auto image = view.grab().toImage();
    QVERIFY(count_colour(image, theme_->series(0)) > 400 && count_colour(image, theme_->series(1)) > 400);
    QVERIFY(count_colour(image, (*theme_)["accent"], 3) > 60);
    QVERIFY(count_colour(image, (*theme_)["text"], 12) > 2000);
    theme_->set_mode(Theme::Mode::dark);
    picture(view, "evaluate-view-dark.png");
    image = view.grab().toImage();
    QVERIFY(count_colour(image, theme_->series(1)) > 400 && count_colour(image, (*theme_)["panel"]) > 100'000);
    {  // what the grid does not fill, too
      const QImage ground = grid->viewport()->grab().toImage();
      QCOMPARE(ground.pixelColor(ground.width() / 2, ground.height() - 2), (*theme_)["panel"]);
    }
    theme_->set_mode(Theme::Mode::light);
    // Curves: two runs and the control.
    for (auto* plot : view.findChildren<CurvePlot*>()) {
      QCOMPARE(plot->curves().size(), std::size_t{3});
      QCOMPARE(plot->csv().count(QLatin1Char('\n')), 1 + 3 * static_cast<int>(curve_points));
      plot->setFocus();
      QTest::keyClick(plot, Qt::Key_Home);
    }
    named<QAbstractButton>(view, "Curves: All")->click();
    QCOMPARE(view.findChildren<CurvePlot*>()[0]->curves().size(), std::size_t{4});
    picture(view, "evaluate-all-curves.png");
    // Keys: M goes round, a head sorts, Enter lists the posts.
    grid->setFocus();
    QTest::keyClick(grid, Qt::Key_M);
    QVERIFY(grid->mode() == GridTable::Mode::numbers);
    picture(view, "evaluate-numbers.png");
    QTest::keyClick(grid, Qt::Key_M);
    picture(view, "evaluate-ranks.png");
    QTest::keyClick(grid, Qt::Key_M);
    QVERIFY(grid->mode() == GridTable::Mode::bars);
    const int gini = model->find_metric("gini");
    Q_EMIT grid->horizontalHeader()->sectionClicked(gini);
    QCOMPARE(model->sorted_by(), std::string("gini"));
    for (int row = 1; row + 1 < model->rowCount(); ++row)
      QVERIFY(model->entries(row, gini)[1].mean.value <= model->entries(row - 1, gini)[1].mean.value);
    QCOMPARE(model->method(model->rowCount() - 1), std::string(random_method));
    view.choose_cell("saliency-l2", "comprehensiveness");
    grid->setFocus();
    QTest::keyClick(grid, Qt::Key_Return);
    QVERIFY(settle(view, session));
    auto* posts = view.findChild<RowList*>();
    QCOMPARE(posts->count(), 90);
    QAbstractItemModelTester tester(posts->model(), QAbstractItemModelTester::FailureReportingMode::QtTest);
    QSignalSpy asked(&view, &EvaluateView::post_asked);
    Q_EMIT posts->activated(posts->model()->index(3, 0));
    QCOMPARE(asked.count(), 1);
    QCOMPARE(asked[0][1].toLongLong(), posts->rows().row(3).id);
    picture(view, "evaluate-posts.png");
    // Slices: every post in one class, one length.
    view.show_detail(EvaluateView::Detail::slices);
    QVERIFY(settle(view, session));
    const auto& rows = view.findChild<SliceTable*>()->rows();
    std::int64_t by_class = 0, by_prediction = 0, by_length = 0;
    QString head;
    int gaps = 0;
    for (const auto& r : rows) {
      if (r.head) head = r.name;
      gaps += r.gap;
      if (r.head || r.gap) continue;
      if (head == QStringLiteral("By class")) by_class += r.n;
      if (head == QStringLiteral("By prediction")) by_prediction += r.n;
      if (head == QStringLiteral("By length")) by_length += r.n;
    }
    QCOMPARE(by_prediction, std::int64_t{90});
    QCOMPARE(by_class, std::int64_t{90});
    QCOMPARE(by_length, std::int64_t{90});
    QCOMPARE(gaps, 3);
    picture(view, "evaluate-slices.png");
    view.show_detail(EvaluateView::Detail::order);
    QVERIFY(settle(view, session));
    auto* order = named<MethodMatrix>(view, "Order of methods in resamples");
    QCOMPARE(order->cells(), 6);
    picture(view, "evaluate-order.png");
    view.show_detail(EvaluateView::Detail::agreement);
    QVERIFY(settle(view, session));
    auto* agreement = named<MethodMatrix>(view, "Agreement of methods");
    QCOMPARE(agreement->cells(), 6);
    const auto said = agreement->csv();
    auto* measure = named<QComboBox>(view, "Measure of agreement");
    measure->setCurrentIndex(measure->findData(QStringLiteral("feature-agreement@k")));
    Q_EMIT measure->activated(measure->currentIndex());
    QVERIFY(settle(view, session));
    QVERIFY(agreement->csv() != said);
    picture(view, "evaluate-agreement.png");
    view.choose_cell("occlusion", "overlap@k");
    view.show_detail(EvaluateView::Detail::values);
    picture(view, "evaluate-pairs.png");
    // Export: the whole view as picture, drawing and page.
    for (const char* name : {"view.png", "view.svg", "view.pdf"}) {
      write_view(view, dir_.filePath(QLatin1String(name)));
      QVERIFY(QFileInfo(dir_.filePath(QLatin1String(name))).size() > 2000);
    }
    write_view(*view.findChild<Panel*>(), dir_.filePath(QStringLiteral("grid.csv")), [&] { return model->csv(); });
    QVERIFY(read_file(dir_.filePath(QStringLiteral("grid.csv")).toStdString()).find("saliency-l2,comprehensiveness") !=
            std::string::npos);
    // Small: tabs in place of panels, the protocol behind its button.
    view.resize(1012, 480);
    for (const int tab : {0, 1, 2}) {
      named<QAbstractButton>(view, tab == 0   ? "Part: Deletion"
                                   : tab == 1 ? "Part: Insertion"
                                              : "Part: Chosen cell")
          ->click();
      picture(view, qPrintable(QStringLiteral("evaluate-small-%1.png").arg(tab)));
    }
    named<QToolButton>(view, "Protocol")->click();
    QVERIFY(view.findChild<ProtocolCard*>()->isVisible());
    picture(view, "evaluate-small-protocol.png");
    for (auto* b : view.findChildren<QAbstractButton*>())
      if (b->isVisible())
        QVERIFY2(!b->accessibleName().isEmpty(), qPrintable(b->text() + QLatin1Char(' ') + b->objectName()));
    view.set_session(nullptr);
  }

  /// The chooser, a file with columns, the figures and p of `telltale evaluate`, and what cannot be sliced by.
  void slices_by_a_column() {
    const QString file = copy_of("sliced.telltale");
    std::vector<std::string> ids;
    {
      const auto store = Store::open(file.toStdString(), Store::Mode::read);
      for (const Document& d : store->documents({.dataset = 1, .split = "test"})) ids.push_back(d.external_id);
    }
    const QString columns = dir_.filePath(QStringLiteral("columns.jsonl"));
    std::string lines = "{\"id\": \"nobody's\", \"place\": \"moon\"}\n\n";
    for (std::size_t i = 0; i < ids.size(); ++i)
      lines += Json{{"id", ids[i]}, {"place", i % 3 == 0 ? "north" : "south"}, {"year", 1990 + static_cast<int>(i % 12)}, {"author", std::to_string(i) + "th"}}.dump() + "\n";
    write_file_atomically(columns.toStdString(), lines);
    EvaluationOptions options = wish({}, 60).options;
    options.methods = {"occlusion", "saliency-l2"}, options.metrics = {"comprehensiveness"}, options.compute.threads = 1;
    Json expected;
    {
      Session session(file.toStdString());
      session.training().set_compute({.threads = 1});
      EvaluateView view(*theme_);
      QSignalSpy failed(&view, &EvaluateView::failed);
      view.resize(1428, 860);
      view.show();
      view.set_session(&session);
      auto w = wish({2}, 60);
      w.methods = options.methods, w.metrics = options.metrics;
      view.set_wish(w);
      QVERIFY(settle(view, session));
      view.compute();
      QVERIFY(settle(view, session));
      view.choose_cell("occlusion", "comprehensiveness");
      auto* by = named<QComboBox>(view, "Slice by");
      QVERIFY(by && !by->isVisible());
      named<QAbstractButton>(view, "Chosen cell: Slices")->click();
      QVERIFY(settle(view, session));
      QVERIFY(by->isVisible());
      QCOMPARE(by->findData(QStringLiteral("place")), -1);
      view.add_columns(dir_.filePath(QStringLiteral("missing.jsonl")));
      QVERIFY(settle(view, session));
      QCOMPARE(failed.count(), 1);
      QVERIFY2(failed[0][0].toString().contains(QStringLiteral("cannot be read")), qPrintable(failed[0][0].toString()));
      view.add_columns(columns);
      QVERIFY(settle(view, session));
      QCOMPARE(failed.count(), 1);
      // The first column: as many values as posts. It is said, and nothing is shown.
      QCOMPARE(by->currentData().toString(), QStringLiteral("author"));
      auto* table = view.findChild<SliceTable*>();
      QVERIFY(table->rows().empty());
      picture(view, "evaluate-slices-refused.png");
      // As the command line has them, of the columns that the file keeps now.
      const auto store = Store::open(file.toStdString(), Store::Mode::write);
      options.slices = {"class", "place", "year"};
      const Json doc = evaluate_run(*store, 2, options);
      QCOMPARE(doc["work"]["values"]["computed"], Json(0));
      const auto chosen = [&](const QString& what) {
        by->setCurrentIndex(by->findData(what));
        Q_EMIT by->activated(by->currentIndex());
        return settle(view, session);
      };
      for (const char* what : {"class", "place", "year"}) {
        QVERIFY(chosen(QLatin1String(what)));
        Json of;
        for (const Json& s : doc["slices"])
          if (s["method"] == "occlusion" && s["by"] == what) of = s;
        const auto& rows = table->rows();
        QCOMPARE(rows.size(), of["slices"].size() + 2);  // a head, the slices, the gap
        QVERIFY(rows[0].head);
        for (std::size_t k = 0; k < of["slices"].size(); ++k) {
          QCOMPARE(rows[k + 1].n, of["slices"][k]["n"].get<std::int64_t>());
          QCOMPARE(rows[k + 1].mean.value, of["slices"][k]["mean"].get<double>());
          QCOMPARE(rows[k + 1].mean.low, of["slices"][k]["low"].get<double>());
        }
        QVERIFY(rows.back().gap);
        QCOMPARE(rows.back().mean.value, of["gap"]["value"].get<double>());
        QCOMPARE(rows.back().p, of["gap"]["p"].get<double>());
        QCOMPARE(rows.back().clear, of["gap"]["clear"].get<bool>());
        QVERIFY2(table->csv().contains(QString::number(rows.back().p, 'g', 9)), qPrintable(table->csv()));
        // In words, and as a number.
        QStringList said;
        for (const auto& t : test::texts_of(*table)) said << t.text;
        QVERIFY2(said.contains(rows.back().clear ? QStringLiteral("clear difference") : QStringLiteral("no clear difference")), qPrintable(said.join(QLatin1Char('\n'))));
      }
      QCOMPARE(table->rows()[1].name, QStringLiteral("low third, 1990 to 1993"));
      QVERIFY(chosen(QStringLiteral("place")));
      QCOMPARE(table->rows()[1].name, QStringLiteral("north"));
      QCOMPARE(table->rows()[1].n + table->rows()[2].n, std::int64_t{60});
      picture(view, "evaluate-slices-column.png");
      theme_->set_mode(Theme::Mode::dark);
      picture(view, "evaluate-slices-column-dark.png");
      theme_->set_mode(Theme::Mode::light);
      view.resize(1012, 540);
      named<QAbstractButton>(view, "Part: Chosen cell")->click();
      picture(view, "evaluate-slices-column-small.png");
      view.set_session(nullptr);
    }
    // Opened anew: the columns are there.
    Session session(file.toStdString());
    EvaluateView view(*theme_);
    view.resize(1428, 860);
    view.show();
    view.set_session(&session);
    QVERIFY(settle(view, session));
    view.show_detail(EvaluateView::Detail::slices);
    view.slice_by("place");
    QVERIFY(settle(view, session));
    QCOMPARE(view.findChild<SliceTable*>()->rows()[0].name, QStringLiteral("By place"));
    view.slice_by("colour");  // there is none
    QCOMPARE(named<QComboBox>(view, "Slice by")->currentData().toString(), QStringLiteral("place"));
    view.set_session(nullptr);
  }

  void choosing() {
    const QString file = copy_of("choosing.telltale");
    Session session(file.toStdString());
    session.training().set_compute({.threads = 1});
    EvaluateView view(*theme_);
    view.resize(1420, 800);
    view.show();
    view.set_session(&session);
    QVERIFY(settle(view, session));
    auto* methods = view.findChildren<PickMenu*>()[0];
    // Every method of the table and the control can be chosen; every metric of a post or a pair of classes.
    QCOMPARE(methods->text().contains(QStringLiteral("of %1 methods").arg(offered_methods().size())), true);
    QAbstractItemModelTester tester(methods->list().model(), QAbstractItemModelTester::FailureReportingMode::QtTest);
    methods->pick("gradient-x-input", false);
    QVERIFY(settle(view, session));
    const auto& now = view.wish().methods;
    QVERIFY(std::find(now.begin(), now.end(), "gradient-x-input") == now.end());
    QVERIFY(QTest::qWaitFor([&] { return view.evaluation()->wish.methods == now; }, 5000));
    view.findChild<QSpinBox*>()->setValue(30);
    QVERIFY(settle(view, session));
    QCOMPARE(view.evaluation()->posts, std::size_t{30});
    view.choose_run(2);  // shown already
    QCOMPARE(view.wish().runs.size(), std::size_t{2});
    view.show_runs({2});
    QVERIFY(settle(view, session));
    QCOMPARE(view.evaluation()->runs.size(), std::size_t{1});
    view.choose_run(1);
    QVERIFY(settle(view, session));
    QCOMPARE(view.wish().runs, std::vector<std::int64_t>{1});
    QVERIFY_EXCEPTION_THROWN(view.show_runs({99}), std::invalid_argument);
    QVERIFY_EXCEPTION_THROWN(view.show_runs({1, 2, 1, 2, 1}), std::invalid_argument);
    for (const auto& id : std::vector<std::string>(now)) methods->pick(id, false);
    QVERIFY(settle(view, session));
    bool said = false;
    for (auto* l : view.findChildren<QLabel*>())
      said = said || (l->isVisible() && l->text().contains(QStringLiteral("No method is chosen")));
    QVERIFY(said);
    view.set_session(nullptr);
  }
};

QTEST_MAIN(TestEvaluate)
#include "test_evaluate.moc"
