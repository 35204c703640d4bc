// Compare in a real session: stored comparisons and new ones, posts by agreement and behind a cell, swap, methods, classes, the page. Pictures for people.
#include <QAbstractItemModelTester>
#include <QApplication>
#include <QComboBox>
#include <QLabel>
#include <QPushButton>
#include <QSignalSpy>
#include <QToolButton>
#include <QtTest>
#include <atomic>
#include <cmath>
#include <thread>

#include "base/files.hpp"
#include "evaluation/comparison.hpp"
#include "report/example.hpp"
#include "report/numbers.hpp"
#include "widgets/compare/compare_view.hpp"
#include "widgets/compare/comparison_parts.hpp"
#include "widgets/compare/confusion_table.hpp"
#include "widgets/compare/rank_slopes.hpp"
#include "widgets/compare/start_page.hpp"
#include "widgets/inspect/segmented.hpp"
#include "widgets/row_list.hpp"
#include "widgets/tiny_model.hpp"

using namespace telltale;
using namespace telltale::ui;
namespace fs = std::filesystem;

class TestCompare : public QObject {
  Q_OBJECT
  QTemporaryDir dir_;
  QString example_;
  std::vector<std::int64_t> runs_;
  std::unique_ptr<Session> tiny_;
  std::unique_ptr<Theme> theme_;
  fs::path screenshots_;

  static bool settle(CompareView& view, Session& session) {
    return QTest::qWaitFor([&] { return view.settled() && session.work().jobs().empty(); }, 30'000);
  }
  void picture(QWidget& view, const char* name) {
    QTest::qWait(30);  // layouts settle
    QVERIFY(view.grab().save(QString::fromStdString((screenshots_ / name).string())));
  }
  /// The example's explanations are of this method; its document leads with another.
  static void by_gradients(CompareView& view, Session& session) {
    view.choose_method("integrated-gradients");
    QVERIFY(settle(view, session));
  }
  static QComboBox* box(QWidget& view, const char* name) {
    for (auto* b : view.findChildren<QComboBox*>())
      if (b->accessibleName() == QLatin1String(name)) return b;
    return nullptr;
  }
  static void activate(QComboBox* b, int i) {
    b->setCurrentIndex(i);
    Q_EMIT b->activated(i);
  }
  static void press(Segmented* s, int i) { s->button(i)->click(); }
  static Segmented* segmented(QWidget& view, const char* name) {
    for (auto* s : view.findChildren<Segmented*>())
      if (s->accessibleName() == QLatin1String(name)) return s;
    return nullptr;
  }

 private Q_SLOTS:
  void initTestCase() {
    screenshots_ = fs::path(TELLTALE_BINARY_DIR) / "screenshots";
    fs::create_directories(screenshots_);
    theme_ = std::make_unique<Theme>(Theme::Mode::light);
    theme_->apply(*qApp);
    example_ = dir_.filePath(QStringLiteral("example.telltale"));
    {
      auto store = Store::open(example_.toStdString(), Store::Mode::create);
      runs_ = test::Example(3).fill(*store);
    }
    const fs::path file = dir_.filePath(QStringLiteral("tiny.telltale")).toStdString();
    {
      auto store = Store::open(file, Store::Mode::create);
      test::add_tiny_posts(*store, 48, 24);
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
    tiny_ = std::make_unique<Session>(file);
    tiny_->training().set_compute({.threads = 1});
  }
  void cleanupTestCase() { tiny_.reset(); }

  void a_stored_comparison_is_there_at_once() {
    Session session(example_.toStdString());
    CompareView view(*theme_);
    view.resize(1400, 820);
    view.show();
    view.set_session(&session);
    QVERIFY(view.shows_comparison());
    const auto* v = view.comparison();
    QCOMPARE(v->a, 0);
    QCOMPARE(v->b, 1);
    auto* posts = view.findChild<RowList*>();
    QVERIFY(posts->count() > 0);  // what is painted, before anything else is read
    QVERIFY(settle(view, session));
    by_gradients(view, session);
    QAbstractItemModelTester tester(posts->model(), QAbstractItemModelTester::FailureReportingMode::QtTest);
    QVERIFY(posts->count() > 12);
    auto* post = view.findChild<ComparedPost*>();
    auto* slopes = view.findChild<RankSlopes*>();
    QVERIFY(post->post() && slopes->shown() > 0);
    for (std::size_t i = 0; i < post->post()->scores.size(); ++i) QVERIFY(std::abs(post->post()->scores[i][1] - post->post()->scores[i][0] - post->post()->scores[i][2]) < 1e-9);
    // A post that the document does not paint comes from the stored explanations.
    posts->step(posts->count() - 1);
    QVERIFY(settle(view, session));
    QVERIFY(post->post() && post->post()->document == view.document() && post->post()->rows.size() == 3);
    // Hover is linked.
    slopes->setFocus();
    QTest::keyClick(slopes, Qt::Key_Home);
    QCOMPARE(post->ring(), slopes->ring());
    QVERIFY(post->ring() >= 0);
    // Three runs: the control stands as the third.
    QVERIFY(view.findChild<SplitTable*>()->csv().contains(QStringLiteral("B ")));
    picture(view, "compare-view-light.png");
    theme_->set_mode(Theme::Mode::dark);
    picture(view, "compare-view-dark.png");
    theme_->set_mode(Theme::Mode::light);
    press(segmented(view, "Figures"), 1);
    picture(view, "compare-confusion.png");
    press(segmented(view, "Figures"), 2);
    QVERIFY(view.findChild<SplitTable*>()->rows() > 0);
    picture(view, "compare-references.png");
    press(segmented(view, "Figures"), 3);
    QVERIFY(view.findChild<SplitTable*>()->rows() > 0);
    picture(view, "compare-hide.png");
    // Of A and B, whatever the control does.
    QString said;
    for (auto* l : view.findChildren<QLabel*>())
      if (l->isVisible() && l->text().startsWith(QStringLiteral("Deleting words"))) said = l->text();
    QVERIFY2(said.contains(QStringLiteral("do not cost the same accuracy in “control”:")), qPrintable(said));
    for (const int tab : {0, 1, 2, 3}) {
      view.resize(1012, 560);
      press(segmented(view, "Part"), tab);
      QTest::qWait(20);
      picture(view, qPrintable(QStringLiteral("compare-small-%1.png").arg(tab)));
    }
    for (auto* b : view.findChildren<QAbstractButton*>())
      if (b->isVisible()) QVERIFY2(!b->accessibleName().isEmpty(), qPrintable(b->text()));
  }

  void swapping_changes_every_sign() {
    Session session(example_.toStdString());
    CompareView view(*theme_);
    view.resize(1400, 820);
    view.show();
    view.set_session(&session);
    QVERIFY(settle(view, session));
    const auto first = difference_of(get(get(view.comparison()->mean(view.comparison()->judge, "overlap@"), "differences"), static_cast<std::size_t>(view.comparison()->contrast)));
    const auto a_name = view.comparison()->runs[0].name, b_name = view.comparison()->runs[1].name;
    const auto* post = view.findChild<ComparedPost*>();
    const auto before = post->post();
    QTest::keyClick(&view, Qt::Key_X);
    QVERIFY(settle(view, session));
    const auto second = difference_of(get(get(view.comparison()->mean(view.comparison()->judge, "overlap@"), "differences"), static_cast<std::size_t>(view.comparison()->contrast)));
    QCOMPARE(view.comparison()->runs[0].name, b_name);
    QCOMPARE(view.comparison()->runs[1].name, a_name);
    QVERIFY(std::isfinite(first.value) && first.value != 0);
    QCOMPARE(second.value, -first.value);
    QCOMPARE(second.low, -first.high);
    QCOMPARE(second.clear, first.clear);
    QCOMPARE(post->post()->document, before->document);
    QCOMPARE(post->post()->scores[0][2], -before->scores[0][2]);
    QCOMPARE(post->post()->rows[0].series, before->rows[1].series);  // a run keeps its colour
  }

  /// The comparison that is shown stays, and the pair of classes that was looked at in it.
  void swapping_keeps_the_chosen_pair_of_classes() {
    Session session(example_.toStdString());
    CompareView view(*theme_);
    view.resize(1400, 820);
    view.show();
    view.set_session(&session);
    QVERIFY(settle(view, session));
    auto* overlap = view.findChild<OverlapMatrices*>();
    int other = -1;
    const int n = static_cast<int>(view.comparison()->classes.size());
    for (int i = 1; i < n; ++i)
      for (int j = 0; j < i; ++j)
        if (i * n + j != overlap->first_key()) other = i * n + j;
    QVERIFY(other >= 0);
    overlap->set_ring(other);
    QTest::keyClick(&view, Qt::Key_X);
    QVERIFY(settle(view, session));
    QCOMPARE(overlap->ring(), other);
    bool told = false;
    for (const auto* l : view.findChildren<QLabel*>()) told = told || (l->isVisible() && l->text() == overlap->pair_text(other));
    QVERIFY(told);
  }

  /// Two runs that are asked for are A and B, also where the comparison holds their control, and in either order.
  void two_runs_that_are_asked_for_are_a_and_b() {
    Session session(example_.toStdString());
    CompareView view(*theme_);
    view.resize(1400, 820);
    view.show();
    view.set_session(&session);
    QVERIFY(settle(view, session));
    QCOMPARE(runs_.size(), std::size_t{3});
    const auto shown = [&] { return std::vector<std::int64_t>{box(view, "What stands as A")->currentData().toLongLong(), box(view, "What stands as B")->currentData().toLongLong()}; };
    for (const std::vector<std::int64_t>& wish : {std::vector{runs_[0], runs_[1]}, {runs_[2], runs_[1]}, {runs_[1], runs_[0]}, {runs_[0], runs_[2]}}) {
      view.show_runs(wish);
      QVERIFY(settle(view, session));
      QVERIFY(view.shows_comparison());
      QCOMPARE(shown(), wish);
      QCOMPARE(view.comparison()->runs[static_cast<std::size_t>(view.comparison()->a)].name, session.store().run(wish[0]).name);
    }
  }

  /// A and B look as in the run list; where two runs have one colour there, they differ here all the same.
  void runs_have_the_colours_of_the_run_list() {
    Session session(example_.toStdString());
    CompareView view(*theme_);
    view.resize(1400, 820);
    view.show();
    view.set_session(&session);
    QVERIFY(settle(view, session));
    const auto* post = view.findChild<ComparedPost*>();
    const auto in_box = [&](const char* name) {
      const QComboBox* b = box(view, name);
      return b->itemData(b->currentIndex(), Qt::DecorationRole).value<QIcon>().pixmap(16, 16).toImage().pixelColor(8, 8);
    };
    const auto agree = [&](int a, int b) {
      QVERIFY(settle(view, session));
      QCOMPARE(view.comparison()->runs[0].series, a);
      QCOMPARE(view.comparison()->runs[1].series, b);
      QCOMPARE(post->post()->rows[0].series, a);
      QCOMPARE(post->post()->rows[1].series, b);
      QCOMPARE(in_box("What stands as A"), theme_->series(static_cast<std::size_t>(a)));
      QCOMPARE(in_box("What stands as B"), theme_->series(static_cast<std::size_t>(b)));
    };
    std::map<std::int64_t, int> colours;
    for (const auto id : runs_) colours[id] = 5 - static_cast<int>(colours.size());
    view.set_run_colours(colours);
    const auto of_box = [&](const char* name) { return colours.at(box(view, name)->currentData().toLongLong()); };
    agree(of_box("What stands as A"), of_box("What stands as B"));
    for (auto& [id, colour] : colours) colour = 3;
    view.set_run_colours(colours);
    const int a = view.comparison()->runs[0].series, b = view.comparison()->runs[1].series;
    QVERIFY(a != b);
    agree(a, b);
  }

  void posts_by_agreement_class_and_word() {
    Session session(example_.toStdString());
    CompareView view(*theme_);
    view.resize(1400, 820);
    view.show();
    view.set_session(&session);
    QVERIFY(settle(view, session));
    by_gradients(view, session);
    auto* posts = view.findChild<RowList*>();
    const int all = posts->count();
    QCOMPARE(all, 120);
    auto* agreement = box(view, "Agreement");
    activate(agreement, 1);
    const int agree = posts->count();
    activate(agreement, 2);
    QCOMPARE(agree + posts->count(), all);
    activate(agreement, 0);
    activate(box(view, "Class"), 1);
    QVERIFY(posts->count() > 0 && posts->count() < all);
    activate(box(view, "Class"), 0);
    // A cell: its words and the posts behind it.
    auto* matrices = view.findChild<OverlapMatrices*>();
    const auto pair = matrices->pair(matrices->first_key());
    QVERIFY(pair && !pair->words.empty());
    Q_EMIT matrices->chosen(matrices->first_key());
    QVERIFY(settle(view, session));
    QVERIFY2(posts->count() > 0 && posts->count() < all, qPrintable(QString::number(posts->count())));
    for (int i = 0; i < posts->count(); ++i) {
      const Document d = session.store().document(posts->rows().row(i).id);
      const std::string name = session.store().dataset(d.dataset).classes[static_cast<std::size_t>(d.label)];
      QVERIFY2(name == pair->a || name == pair->b, qPrintable(QString::fromStdString(name + " is neither " + pair->a + " nor " + pair->b)));
    }
    picture(view, "compare-behind.png");
    QPushButton* chip = nullptr;
    for (auto* b : view.findChildren<QPushButton*>())
      if (b->accessibleName().startsWith(QStringLiteral("Posts behind"))) chip = b;
    QVERIFY(chip && chip->isVisible());
    chip->click();
    QCOMPARE(posts->count(), all);
    // A shared word's link. (The example's document holds gained words for its leading method alone.)
    const std::string word = pair->words[0];
    for (auto* l : view.findChildren<QLabel*>())
      if (l->accessibleName() == QStringLiteral("Words shared by the two classes")) Q_EMIT l->linkActivated(QStringLiteral("word:") + QString::fromLatin1(QByteArray::fromStdString(word).toHex()));
    QVERIFY(settle(view, session));
    QVERIFY(posts->count() > 0 && posts->count() < all);
    QVERIFY(QString::fromStdString(session.store().document(view.document()).text).contains(QString::fromStdString(word), Qt::CaseInsensitive));
    chip->click();
    // Confusion A × B counts every post once.
    auto* confusion = view.findChild<ConfusionTable*>();
    QVERIFY(confusion->csv().contains(QLatin1Char(',')));
    Q_EMIT confusion->chosen(0);
    QCOMPARE(posts->count(), confusion->count(0, 0));
  }

  void method_switch_and_page() {
    Session session(example_.toStdString());
    CompareView view(*theme_);
    view.resize(1400, 820);
    view.show();
    view.set_session(&session);
    QVERIFY(settle(view, session));
    auto* method = box(view, "Method");
    QVERIFY(method->count() > 1);
    bool marked = false;
    for (int i = 0; i < method->count(); ++i) marked = marked || method->itemText(i).contains(QStringLiteral("in the loss"));
    QVERIFY(marked);
    const std::string before = view.comparison()->judge;
    activate(method, method->currentIndex() == 0 ? 1 : 0);
    QVERIFY(settle(view, session));
    QVERIFY(view.comparison()->judge != before);
    QCOMPARE(view.findChild<OverlapMatrices*>()->caption().contains(method->currentText().section(QStringLiteral(" · "), 0, 0)), true);
    const QString page = dir_.filePath(QStringLiteral("comparison.html"));
    QSignalSpy written(&view, &CompareView::page_written);
    view.write_page(page);
    QVERIFY(written.wait(10'000));
    QVERIFY(read_file(page.toStdString()).find("<html") != std::string::npos);
  }

  void what_is_not_stored_is_made_here() {
    CompareView view(*theme_);
    view.resize(1400, 820);
    view.show();
    view.set_session(tiny_.get());
    QVERIFY(!view.shows_comparison());
    auto* start = view.findChild<StartPage*>();
    QPushButton* button = nullptr;
    for (auto* b : start->findChildren<QPushButton*>())
      if (b->accessibleName() == QStringLiteral("Compare these runs")) button = b;
    QVERIFY(button && start->isVisible());
    QTRY_VERIFY_WITH_TIMEOUT(button->isEnabled(), 20'000);
    QVERIFY2(button->text().contains(QStringLiteral("24 posts")), qPrintable(button->text()));
    picture(view, "compare-start.png");
    button->click();
    QVERIFY(start->busy());
    start->cancel();
    QVERIFY(!start->busy());
    QTRY_VERIFY_WITH_TIMEOUT(tiny_->work().jobs().empty(), 20'000);
    QSignalSpy changed(tiny_.get(), &Session::comparisons_changed);
    // Here and in the job bar it is one progress, of the whole.
    std::atomic<int> told = 0, parts = 0;
    std::jthread looks([&, &work = tiny_->work()](const std::stop_token& stop) {  // all the time: so small a comparison is over between two signals
      while (!stop.stop_requested())
        for (const auto& j : work.jobs())
          if (j.what == QStringLiteral("Compare two runs") && j.total > 0) (j.total == 1 && j.done <= 1 ? told : parts) += 1;
    });
    button->click();
    picture(view, "compare-running.png");
    QVERIFY(changed.wait(60'000));
    looks.request_stop();
    looks.join();
    QVERIFY(told > 0);
    QCOMPARE(parts.load(), 0);
    QVERIFY(view.shows_comparison());
    QVERIFY(settle(view, *tiny_));
    QCOMPARE(view.findChild<RowList*>()->count(), 24);
    QVERIFY(view.findChild<ComparedPost*>()->post());
  }

  void two_classes_and_two_methods() {
    CompareView view(*theme_);
    view.resize(1400, 820);
    view.show();
    view.set_session(tiny_.get());
    QVERIFY(settle(view, *tiny_));
    auto* post = view.findChild<ComparedPost*>();
    QSignalSpy failed(&view, &CompareView::failed);
    view.set_mode(CompareView::Mode::classes);
    QVERIFY(settle(view, *tiny_));
    QCOMPARE(view.findChild<RowList*>()->count(), 24);
    QVERIFY(post->post() && post->post()->rows[0].name != post->post()->rows[1].name);
    const auto first = post->post();
    view.swap();
    QVERIFY(settle(view, *tiny_));
    QCOMPARE(post->post()->document, first->document);
    QCOMPARE(post->post()->scores[0][0], first->scores[0][1]);
    picture(view, "compare-classes.png");
    view.set_mode(CompareView::Mode::methods);
    QVERIFY(settle(view, *tiny_));
    QVERIFY(post->post());
    for (const std::size_t row : {std::size_t{0}, std::size_t{1}}) {
      double sum = 0;
      for (const auto& s : post->post()->scores) sum += std::abs(s[row]);
      QVERIFY2(std::abs(sum - 1) < 1e-6, qPrintable(QString::number(sum)));
    }
    picture(view, "compare-methods.png");
    view.set_mode(CompareView::Mode::runs);
    QVERIFY(view.shows_comparison());
    // The post and the class that were chosen stay, there and back.
    QVERIFY(settle(view, *tiny_));
    auto* posts = view.findChild<RowList*>();
    activate(box(view, "Class"), 1);
    posts->step(2);
    QVERIFY(settle(view, *tiny_));
    const int of_class = posts->count();
    const auto document = post->post()->document;
    QVERIFY(of_class > 2 && of_class < 24 && document != posts->rows().row(0).id);
    for (const int mode : {1, 2, 0}) {
      press(segmented(view, "Compare"), mode);
      QVERIFY(settle(view, *tiny_));
      QCOMPARE(box(view, "Class")->currentIndex(), 1);
      QCOMPARE(posts->count(), of_class);
      QVERIFY(post->post());
      QCOMPARE(post->post()->document, document);
    }
    QCOMPARE(failed.count(), 0);
  }
};

QTEST_MAIN(TestCompare)
#include "test_compare.moc"
