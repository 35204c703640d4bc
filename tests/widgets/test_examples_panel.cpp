// Examples in Inspect: the cost is told and nothing costly starts by itself; lists are core's; a training post is opened and left again. Pictures for people.
#include <QComboBox>
#include <QLabel>
#include <QPushButton>
#include <QSignalSpy>
#include <QToolButton>
#include <QtTest>

#include "examples/planted_posts.hpp"
#include "widgets/inspect/example_card.hpp"
#include "widgets/inspect/examples_panel.hpp"
#include "widgets/inspect/inspect_view.hpp"
#include "widgets/inspect/tab_column.hpp"
#include "widgets/row_list.hpp"

using namespace telltale;
using namespace telltale::test;
using namespace telltale::ui;
namespace fs = std::filesystem;

class TestExamplesPanel : public QObject {
  Q_OBJECT
  QTemporaryDir dir_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<Theme> theme_;
  PlantedPosts planted_;
  RunRecord run_;
  fs::path screenshots_;

  /// The whole view on the asked post, the tab of examples in front.
  struct Shown {
    std::unique_ptr<InspectView> view;
    ExamplesPanel* panel = nullptr;
    bool settle() const {
      return QTest::qWaitFor([&] { return view->settled(); }, 20'000);
    }
    /// Also what is only measured.
    bool says(const QString& words) const {
      return QTest::qWaitFor([&] {
        for (const QLabel* l : panel->findChildren<QLabel*>())
          if (l->isVisible() && l->text().contains(words)) return true;
        return false;
      }, 20'000);
    }
    QPushButton* button(const QString& name) const {
      for (auto* b : panel->findChildren<QPushButton*>())
        if (b->text() == name) return b;
      return nullptr;
    }
  };
  Shown show(QSize size = {1440, 860}) {
    Shown s;
    s.view = std::make_unique<InspectView>(*theme_);
    s.view->resize(size);
    s.view->show();
    s.view->set_session(session_.get());
    s.view->show_run(run_.id, planted_.asked);
    s.panel = s.view->findChild<ExamplesPanel*>();
    for (TabColumn* tabs : s.view->findChildren<TabColumn*>())
      for (int i = 0; i < tabs->count(); ++i)
        if (tabs->button(i)->text() == QStringLiteral("Examples")) QTest::mouseClick(tabs->button(i), Qt::LeftButton);
    return s;
  }
  static ExampleAnswer of_core(Store& store, const RunRecord& run, const PlantedPosts& planted, ExampleOptions o) {
    ExampleCache cache;
    o.top = 20;
    return find_examples({store, run, [](const fs::path& f) { return Classifier::load(f, {"cpu", 1, Precision::fp32}); }}, {store.document(planted.asked).text, planted.asked, -1}, o, cache);
  }

 private Q_SLOTS:
  void initTestCase() {
    const fs::path folder = dir_.path().toStdString();
    {
      configure_compute({"cpu", 1, Precision::fp32});
      const auto store = Store::open(folder / "e.telltale", Store::Mode::create);
      planted_ = add_planted_posts(*store);
      run_ = train_planted(*store, make_tiny_model(folder / "model"), planted_.dataset, 6, {"checkpoint_keep=2"});
    }
    session_ = std::make_unique<Session>(folder / "e.telltale");
    session_->training().set_compute({.threads = 1});
    screenshots_ = fs::path(TELLTALE_BINARY_DIR) / "screenshots";
    fs::create_directories(screenshots_);
    theme_ = std::make_unique<Theme>(Theme::Mode::light);
    theme_->apply(*qApp);
  }
  void cleanupTestCase() { session_.reset(); }

  void nothing_costly_starts_by_itself() {
    const Shown s = show();
    QVERIFY(s.panel->isVisible());
    QVERIFY(s.settle());
    QVERIFY(s.says(QStringLiteral("Reads 62 training posts, about ")));
    QTest::qWait(200);
    QVERIFY(!s.panel->answer() && !s.panel->busy());
    auto* find = s.button(QStringLiteral("Find examples"));
    QVERIFY(find && find->isVisible());
    QTest::mouseClick(find, Qt::LeftButton);
    QVERIFY(s.settle());
    const auto answer = s.panel->answer();
    QVERIFY(answer);
    // What core says.
    const ExampleAnswer expected = of_core(session_->store(), run_, planted_, ExampleOptions{});
    QCOMPARE(s.panel->supporting().count(), 20);
    for (int side = 0; side < 2; ++side) {
      const auto& examples = side == 0 ? expected.supporting : expected.opposing;
      RowList& list = side == 0 ? s.panel->supporting() : s.panel->opposing();
      QCOMPARE(list.count(), static_cast<int>(examples.size()));
      for (int i = 0; i < list.count(); ++i) {
        const ListRow& row = list.rows().row(i);
        const Example& e = examples[static_cast<std::size_t>(i)];
        QCOMPARE(row.id, e.document);
        QCOMPARE(row.mark == ListRow::Mark::right, e.label == e.predicted);
        QVERIFY(row.note.startsWith(QString::fromStdString(planted_classes()[static_cast<std::size_t>(e.label)])));
        QVERIFY2(row.tip.contains(QStringLiteral("rank %1 of 62").arg(e.rank)), qPrintable(row.tip));
      }
    }
    QCOMPARE(s.panel->opposing().rows().row(0).value, QStringLiteral("1.000"));
    const QStringList csv = s.panel->csv().split(QLatin1Char('\n'), Qt::SkipEmptyParts);
    QCOMPARE(csv.size(), s.panel->supporting().count() + s.panel->opposing().count() + 1);
    QVERIFY2(csv[1].startsWith(QStringLiteral("for,%1,twin,hockey,hockey,").arg(planted_.twin)), qPrintable(csv[1]));
    // What is in memory now is asked at once for the next post, and kept for this one.
    s.view->show_run(run_.id, planted_.twin);
    QVERIFY(s.settle());
    QVERIFY(QTest::qWaitFor([&] { return s.panel->answer() && s.panel->answer()->self; }, 20'000));
    QCOMPARE(s.panel->answer()->self->document, planted_.twin);
    s.view->show_run(run_.id, planted_.asked);
    QVERIFY(s.settle());
    QCOMPARE(s.panel->answer(), answer);
  }

  void a_training_post_is_opened_and_left_again() {
    const Shown s = show();
    QVERIFY(s.settle());
    QVERIFY(s.says(QStringLiteral("Reads 62")));
    s.panel->set_method(QStringLiteral("tracin"));
    QVERIFY(s.says(QStringLiteral("Reads 62 training posts at ")));
    s.panel->find();
    QVERIFY(s.settle());
    RowList& against = s.panel->opposing();
    QCOMPARE(against.rows().row(0).id, planted_.mislabelled);
    QVERIFY(against.rows().row(0).value.startsWith(QChar(0x2212)));
    against.setFocus();
    against.setCurrentIndex(against.model()->index(0, 0));
    QCOMPARE(s.view->document(), planted_.asked);  // walking the rows opens nothing
    QTest::keyClick(&against, Qt::Key_Return);
    QVERIFY(QTest::qWaitFor([&] { return s.view->document() == planted_.mislabelled; }, 5000));
    QVERIFY(s.settle());
    QToolButton* back = nullptr;
    for (auto* b : s.panel->findChildren<QToolButton*>())
      if (b->accessibleName() == QStringLiteral("Back to the post before")) back = b;
    QVERIFY(back && back->isVisible());
    QTest::mouseClick(back, Qt::LeftButton);
    QCOMPARE(s.view->document(), planted_.asked);
    QVERIFY(!back->isVisible());
    QVERIFY(s.settle());
    // By the mouse.
    RowList& with = s.panel->supporting();
    const qint64 first = with.rows().row(0).id;
    QTest::mouseClick(with.viewport(), Qt::LeftButton, Qt::NoModifier, with.visualRect(with.model()->index(0, 0)).center());
    QVERIFY(QTest::qWaitFor([&] { return s.view->document() == first; }, 5000));
  }

  void the_target_is_the_views() {
    const Shown s = show();
    QVERIFY(s.settle());
    s.panel->set_method(QStringLiteral("influence"));
    s.panel->find();
    QVERIFY(s.settle());
    QCOMPARE(s.panel->answer()->target, 2);
    QCOMPARE(s.panel->answer()->opposing[0].document, planted_.mislabelled);
    s.view->set_target(0);
    QVERIFY(s.settle());
    QVERIFY(QTest::qWaitFor([&] { return s.panel->answer() && s.panel->answer()->target == 0; }, 20'000));
    QCOMPARE(s.panel->answer()->supporting[0].document, planted_.mislabelled);
  }

  /// What the command line can set is set in the card, and the lists are core's for it.
  void options_of_the_method() {
    const Shown s = show();
    QVERIFY(s.settle());
    QVERIFY(s.says(QStringLiteral("Reads 62")));
    ExampleCard& card = s.panel->card();
    QToolButton* button = nullptr;
    for (auto* b : s.panel->findChildren<QToolButton*>())
      if (b->accessibleName() == QStringLiteral("Options of the method of examples")) button = b;
    QVERIFY(button && button->isEnabled());
    QCOMPARE(card.shown(), std::vector<std::string>{"distance"});
    QTest::mouseClick(button, Qt::LeftButton);
    QVERIFY(card.isVisible());
    QVERIFY(card.grab().save(QString::fromStdString((screenshots_ / "examples-options-nearest.png").string())));
    card.hide();
    s.panel->find();
    QVERIFY(s.settle());
    const auto cosine = s.panel->answer();
    // The states are in memory: the other distance is asked at once.
    card.enter("distance", QStringLiteral("euclidean"));
    QVERIFY(QTest::qWaitFor([&] { return s.panel->answer() && s.panel->answer() != cosine; }, 20'000));
    QVERIFY(s.panel->answer()->options.distance == StateDistance::euclidean);
    ExampleOptions euclidean;
    euclidean.distance = StateDistance::euclidean;
    const ExampleAnswer expected = of_core(session_->store(), run_, planted_, euclidean);
    QCOMPARE(s.panel->supporting().count(), static_cast<int>(expected.supporting.size()));
    for (int i = 0; i < s.panel->supporting().count(); ++i) QCOMPARE(s.panel->supporting().rows().row(i).id, expected.supporting[static_cast<std::size_t>(i)].document);
    QVERIFY(s.panel->answer()->supporting[0].score == expected.supporting[0].score && expected.supporting[0].score != cosine->supporting[0].score);
    card.enter("distance", QStringLiteral("cosine"));  // kept
    QCOMPARE(s.panel->answer(), cosine);
    QVERIFY_EXCEPTION_THROWN(card.enter("damping", QStringLiteral("1")), std::invalid_argument);

    s.panel->set_method(QStringLiteral("influence"));
    QCOMPARE(card.shown(), (std::vector<std::string>{"damping", "tolerance", "iterations"}));
    for (const auto& [field, value] : {std::pair{"damping", "0"}, {"damping", "much"}, {"tolerance", "1"}, {"iterations", "0"}, {"iterations", "2.5"}}) {
      const std::string before = example_protocol(card.options());
      card.enter(field, QLatin1String(value));
      QVERIFY2(!card.fault(field).isEmpty(), value);
      QCOMPARE(example_protocol(card.options()), before);
    }
    QTest::mouseClick(button, Qt::LeftButton);
    QVERIFY(card.grab().save(QString::fromStdString((screenshots_ / "examples-options-influence.png").string())));
    card.hide();
    card.enter("damping", QStringLiteral("0.5"));
    card.enter("tolerance", QStringLiteral("1e-4"));
    card.enter("iterations", QStringLiteral("1,000"));
    QVERIFY(card.fault("damping").isEmpty() && card.fault("iterations").isEmpty());
    s.panel->find();
    QVERIFY(s.settle());
    QVERIFY(QTest::qWaitFor([&] { return s.panel->answer() && s.panel->answer()->options.method == "influence"; }, 20'000));
    ExampleOptions damped;
    damped.method = "influence", damped.damping = 0.5, damped.tolerance = 1e-4;
    const ExampleAnswer by_core = of_core(session_->store(), run_, planted_, damped);
    QCOMPARE(s.panel->answer()->options.damping, 0.5);
    QCOMPARE(s.panel->answer()->iterations, by_core.iterations);
    QCOMPARE(s.panel->answer()->opposing[0].score, by_core.opposing[0].score);

    s.panel->set_method(QStringLiteral("tracin"));
    QVERIFY(card.shown().empty() && !button->isEnabled());
    QVERIFY2(button->toolTip().contains(QStringLiteral("takes no options")), qPrintable(button->toolTip()));
    // Another number of dimensions is another projection of every post: its cost is told first.
    s.panel->set_method(QStringLiteral("tracin-full"));
    card.enter("dimensions", QStringLiteral("15"));
    QVERIFY(!card.fault("dimensions").isEmpty());
    card.enter("dimensions", QStringLiteral("64"));
    QVERIFY(s.says(QStringLiteral("Reads 62 training posts at ")));
    QVERIFY(!s.panel->answer() && !s.panel->busy());
    s.panel->find();
    QVERIFY(s.settle());
    QCOMPARE(s.panel->answer()->options.dimensions, 64);
    QVERIFY(s.panel->answer()->options.damping == 0.5);  // what other methods were told stays theirs
  }

  void cancelled_and_stale_work_is_dropped() {
    const Shown s = show();
    QVERIFY(s.settle());
    s.panel->set_method(QStringLiteral("tracin-full"));
    QVERIFY(s.says(QStringLiteral("Reads 62")));
    s.panel->find();
    QVERIFY(s.panel->busy());
    s.button(QStringLiteral("Cancel"))->click();
    QVERIFY(!s.panel->busy());
    QVERIFY(s.says(QStringLiteral("Cancelled. Reads 62")));
    QTest::qWait(200);
    QVERIFY(!s.panel->answer());
    s.panel->find();
    s.view->show_run(run_.id, planted_.twin);  // what was asked for is of another post now
    QVERIFY(s.settle());
    QTest::qWait(200);
    QVERIFY(!s.panel->answer());
    s.panel->find();
    s.view->set_session(nullptr);
    QTest::qWait(200);
    QVERIFY(!s.panel->answer() && !s.panel->busy());
    QVERIFY(s.says(QStringLiteral("Here you see the training posts")));
  }

  void what_went_wrong_is_said() {
    const Shown s = show();
    QVERIFY(s.settle());
    QVERIFY(s.says(QStringLiteral("Reads 62")));
    const fs::path folder = session_->store().folder() / run_.folder;
    fs::rename(folder, folder.string() + ".aside");
    s.panel->find();
    QVERIFY(s.settle());
    QVERIFY(s.says(QStringLiteral("its weights are missing")));
    fs::rename(folder.string() + ".aside", folder);
    QVERIFY(s.button(QStringLiteral("Try again"))->isVisible());
    s.button(QStringLiteral("Try again"))->click();
    QVERIFY(s.settle());
    QVERIFY(s.panel->answer());
  }

  void pictures() {
    for (const auto mode : {Theme::Mode::light, Theme::Mode::dark}) {
      theme_->set_mode(mode);
      for (const QSize size : {QSize(1440, 860), QSize(1024, 640), QSize(820, 560)}) {
        const Shown s = show(size);
        QVERIFY(s.settle());
        QVERIFY(s.says(QStringLiteral("Reads 62")));
        const QString name = QStringLiteral("examples-%1-%2").arg(mode == Theme::Mode::light ? QStringLiteral("light") : QStringLiteral("dark")).arg(size.width());
        QVERIFY(s.view->grab().save(QString::fromStdString((screenshots_ / (name + QStringLiteral("-cost.png")).toStdString()).string())));
        s.panel->set_method(QStringLiteral("tracin"));
        s.panel->find();
        QVERIFY(s.settle());
        QTest::qWait(100);
        QCOMPARE(s.view->width(), size.width());  // nothing asks for more room than there is
        QVERIFY(s.view->grab().save(QString::fromStdString((screenshots_ / (name + QStringLiteral(".png")).toStdString()).string())));
        for (QAbstractButton* b : s.panel->findChildren<QAbstractButton*>()) QVERIFY2(!b->accessibleName().isEmpty() || b->text().size() > 1, qPrintable(b->objectName()));
        for (QComboBox* c : s.panel->findChildren<QComboBox*>()) QVERIFY(!c->accessibleName().isEmpty() && !c->toolTip().isEmpty());
        for (RowList* list : s.panel->findChildren<RowList*>()) QVERIFY(!list->accessibleName().isEmpty());
      }
    }
    theme_->set_mode(Theme::Mode::light);
  }
};

QTEST_MAIN(TestExamplesPanel)
#include "test_examples_panel.moc"
