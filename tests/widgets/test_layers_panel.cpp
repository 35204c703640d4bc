// The layers of a post in Inspect: the lens is the model's, follows post, target and foil, and probes are computed, kept,
// cancelled and shown. Pictures for people.
#include <QApplication>
#include <QLabel>
#include <QPushButton>
#include <QSignalSpy>
#include <QtTest>
#include <cmath>

#include "evaluation/store_with_runs.hpp"
#include "widgets/inspect/attention_panel.hpp"
#include "widgets/inspect/inspect_view.hpp"
#include "widgets/inspect/layers_panel.hpp"
#include "widgets/inspect/tab_column.hpp"

using namespace telltale;
using namespace telltale::ui;
namespace fs = std::filesystem;

class TestLayersPanel : public QObject {
  Q_OBJECT
  std::unique_ptr<StoreWithRuns> made_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<Theme> theme_;
  fs::path screenshots_;
  std::vector<std::int64_t> test_ids_;

  static bool settle(InspectView& view) {
    return QTest::qWaitFor([&] { return view.settled(); }, 20'000);
  }
  void picture(QWidget& view, const QString& name) {
    QVERIFY(view.grab().save(QString::fromStdString((screenshots_ / name.toStdString()).string())));
  }
  static QPushButton* button(QWidget& in, const QString& words) {
    for (QPushButton* b : in.findChildren<QPushButton*>())
      if (b->isVisible() && b->text().startsWith(words)) return b;
    return nullptr;
  }
  /// Inspect with the tab of the layers in front.
  std::unique_ptr<InspectView> opened(QSize size, std::int64_t document, std::int64_t run = 1) {
    auto view = std::make_unique<InspectView>(*theme_);
    view->resize(size);
    view->show();
    view->set_session(session_.get());
    view->show_run(run, document);
    if (QPushButton* tab = button(*view, QStringLiteral("Layers"))) QTest::mouseClick(tab, Qt::LeftButton);
    return view;
  }
  static LayersPanel& panel(InspectView& view) { return *view.findChild<LayersPanel*>(); }

 private Q_SLOTS:
  void initTestCase() {
    const fs::path shared = shared_data();
    if (shared.empty()) QSKIP("reference data not found: set TELLTALE_SHARED or put it at ../shared");
    made_ = std::make_unique<StoreWithRuns>(shared, 12, 10);
    Store::DocumentFilter filter;
    filter.dataset = made_->dataset;
    filter.split = "test";
    test_ids_ = made_->store->document_ids(filter);
    session_ = std::make_unique<Session>(made_->store->file());
    session_->training().set_compute({.threads = 1});
    screenshots_ = fs::path(TELLTALE_BINARY_DIR) / "screenshots";
    fs::create_directories(screenshots_);
    theme_ = std::make_unique<Theme>(Theme::Mode::light);
    theme_->apply(*qApp);
  }
  void cleanupTestCase() { session_.reset(); }

  void nothing_is_computed_behind_another_tab() {
    InspectView view(*theme_);
    view.resize(1440, 860);
    view.show();
    view.set_session(session_.get());
    view.show_run(1, test_ids_[6]);
    QVERIFY(settle(view));
    QVERIFY(view.findChild<AttentionPanel*>()->isVisible());
    QVERIFY(!panel(view).isVisible());
    QVERIFY(!panel(view).lens());
    QTest::mouseClick(button(view, QStringLiteral("Layers")), Qt::LeftButton);
    QVERIFY(panel(view).isVisible() && !view.findChild<AttentionPanel*>()->isVisible());
    QVERIFY(settle(view));
    QVERIFY(panel(view).lens());
  }

  void the_lens_follows_post_target_and_foil() {
    const auto view = opened({1440, 860}, test_ids_[6]);
    QVERIFY(settle(*view));
    const auto model = Classifier::load(session_->store().folder() / session_->store().run(1).folder, {});
    for (const std::size_t k : {6u, 7u}) {
      view->show_run(1, test_ids_[k]);
      QVERIFY(settle(*view));
      const LensPtr lens = panel(*view).lens();
      QVERIFY(lens);
      QCOMPARE(lens->document, test_ids_[k]);
      const Prediction p = model->predict(std::vector{model->tokenizer().encode(session_->store().document(test_ids_[k]).text, 32)})[0];
      QCOMPARE(lens->lens.layers.size(), std::size_t{3});
      for (std::size_t c = 0; c < 4; ++c) QVERIFY(std::abs(lens->lens.layers.back().probabilities[c] - p.probabilities[c]) < 1e-5);
    }
    // Target and foil: the same lens, other bars and words.
    const LensPtr before = panel(*view).lens();
    auto& table = panel(*view).table();
    table.setFocus();
    const int predicted = view->post()->view.predicted, other = (predicted + 1) % 4;
    table.move_to(2);
    QVERIFY(table.accessibleDescription().contains(before->full[static_cast<std::size_t>(predicted)]));
    QVERIFY(!table.accessibleDescription().contains(before->full[static_cast<std::size_t>(other)]));
    view->set_target(other);
    QVERIFY(settle(*view));
    view->set_foil(predicted);
    QVERIFY(settle(*view));
    QCOMPARE(panel(*view).lens(), before);
    table.move_to(2);
    QVERIFY2(table.accessibleDescription().contains(before->full[static_cast<std::size_t>(other)]), qPrintable(table.accessibleDescription()));
    // The keyboard walks the layers; Enter explains through one of them. The last state is not offered.
    QTest::keyClick(&table, Qt::Key_Home);
    QCOMPARE(table.ring(), 0);
    QTest::keyClick(&table, Qt::Key_End);
    QSignalSpy asked(&panel(*view), &LayersPanel::explain_asked);
    QTest::keyClick(&table, Qt::Key_Return);
    QCOMPARE(asked.count(), 0);
    QTest::keyClick(&table, Qt::Key_Up);
    QTest::keyClick(&table, Qt::Key_Return);
    QCOMPARE(asked.count(), 1);
    QVERIFY(settle(*view));
    QCOMPARE(view->post()->record.method, std::string("conductance"));
    QCOMPARE(view->post()->record.protocol["layer"], Json(1));
    QCOMPARE(panel(*view).lens(), before);
  }

  void empty_posts_and_runs_without_weights() {
    const auto ids = [&] {
      for (const std::int64_t id : test_ids_)
        if (session_->store().document(id).text.empty()) return id;
      return std::int64_t{0};
    }();
    QVERIFY(ids != 0);
    const auto view = opened({1440, 860}, ids);
    QVERIFY(settle(*view));
    QVERIFY(panel(*view).lens());
    RunRecord run = session_->store().run(1);
    run.folder.clear();
    run.fingerprint.clear();
    run.name = "queued";
    run.status = RunStatus::queued;
    const auto id = session_->store().add_run(run);
    view->show_run(id, test_ids_[2]);
    QVERIFY(settle(*view));
    QVERIFY(!panel(*view).lens());
    bool said = false;
    for (QLabel* l : panel(*view).findChildren<QLabel*>()) said = said || (l->isVisible() && l->text().contains(QStringLiteral("no weights")));
    QVERIFY(said);
    QVERIFY(!button(panel(*view), QStringLiteral("Probe")));
    // Weights that cannot be read: said, not shown.
    run.folder = "nowhere";
    run.fingerprint = "0";
    const auto broken = session_->store().add_run(run);
    view->show_run(broken, test_ids_[2]);
    QVERIFY(settle(*view));
    QVERIFY(QTest::qWaitFor([&] {
      for (QLabel* l : panel(*view).findChildren<QLabel*>())
        if (l->isVisible() && l->text().contains(QStringLiteral("nowhere"))) return true;
      return false;
    }, 10'000));
    view->set_session(nullptr);
    session_->store().remove_run(id);
    session_->store().remove_run(broken);
  }

  void probes_are_asked_for_kept_and_cancelled() {
    const auto view = opened({1440, 860}, test_ids_[6]);
    QVERIFY(settle(*view));
    LayersPanel& layers = panel(*view);
    QVERIFY(layers.probes().is_null());
    QPushButton* ask = button(layers, QStringLiteral("Probe every layer, about "));
    QVERIFY(ask);
    QVERIFY(!ask->accessibleName().isEmpty() && !ask->toolTip().isEmpty());
    QTest::mouseClick(ask, Qt::LeftButton);
    QVERIFY(layers.probing());
    QPushButton* cancel = button(layers, QStringLiteral("Cancel"));
    QVERIFY(cancel && !ask->isVisible());
    QTest::mouseClick(cancel, Qt::LeftButton);
    QVERIFY(!layers.probing());
    QVERIFY(QTest::qWaitFor([&] { return session_->work().jobs().empty(); }, 20'000));
    QVERIFY(layers.probes().is_null() && ask->isVisible());  // what was cancelled does not come back
    // Another post meanwhile: the probes go on, they are of the run.
    QTest::mouseClick(ask, Qt::LeftButton);
    view->show_run(1, test_ids_[8]);
    QVERIFY(layers.probing());
    QVERIFY(QTest::qWaitFor([&] { return !layers.probing() && view->settled(); }, 60'000));
    QVERIFY(layers.probes().is_object());
    QCOMPARE(layers.probes()["layers"].size(), std::size_t{3});
    QVERIFY(!button(layers, QStringLiteral("Probe")));
    layers.table().setFocus();
    layers.table().move_to(1);
    QVERIFY2(layers.table().accessibleDescription().contains(QStringLiteral("linear probe right in")), qPrintable(layers.table().accessibleDescription()));
    const QString csv = layers.csv();
    QCOMPARE(csv.split(QLatin1Char('\n'), Qt::SkipEmptyParts).size(), 4);
    QVERIFY(csv.startsWith(QStringLiteral("layer,answer,settled,p cars,")) && csv.contains(QStringLiteral("probe accuracy")));
    const Json found = layers.probes();
    // Another run has none; back again they are read from the file. So in a new window.
    view->show_run(2, test_ids_[8]);
    QVERIFY(settle(*view));
    QVERIFY(layers.probes().is_null());
    view->show_run(1, test_ids_[8]);
    QVERIFY(settle(*view));
    QCOMPARE(layers.probes()["layers"], found["layers"]);
    layers.set_pool(Pool::mean);
    QVERIFY(settle(*view));
    QVERIFY(layers.probes().is_null() && button(layers, QStringLiteral("Probe every layer")));
    const auto second = opened({1440, 860}, test_ids_[9]);
    QVERIFY(settle(*second));
    QCOMPARE(panel(*second).probes()["layers"], found["layers"]);
  }

  void a_session_that_closes_while_it_probes() {
    const auto view = opened({1440, 860}, test_ids_[6], 2);
    QVERIFY(settle(*view));
    panel(*view).probe();
    QVERIFY(panel(*view).probing());
    view->set_session(nullptr);
    QVERIFY(!panel(*view).probing() && !panel(*view).lens());
    QTest::qWait(200);
  }

  void pictures() {
    for (const auto mode : {Theme::Mode::light, Theme::Mode::dark}) {
      theme_->set_mode(mode);
      for (const QSize size : {QSize(1440, 860), QSize(1024, 600), QSize(820, 560)})
        for (const bool foil : {false, true}) {
          const auto view = opened(size, test_ids_[6]);
          QVERIFY(settle(*view));
          if (foil) view->set_foil((view->post()->view.predicted + 1) % 4);
          QVERIFY(settle(*view));
          QVERIFY(panel(*view).isVisible());
          QCOMPARE(view->width(), size.width());
          QTest::qWait(150);
          picture(*view, QStringLiteral("layers-%1-%2%3.png").arg(mode == Theme::Mode::light ? QStringLiteral("light") : QStringLiteral("dark")).arg(size.width()).arg(foil ? QStringLiteral("-foil") : QString()));
        }
    }
    theme_->set_mode(Theme::Mode::light);
  }
};

QTEST_MAIN(TestLayersPanel)
#include "test_layers_panel.moc"
