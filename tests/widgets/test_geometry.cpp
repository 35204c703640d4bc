// The geometry panel: of weights with sliders, live of a run, its models, its pictures.
#include <QAbstractItemModelTester>
#include <QApplication>
#include <QComboBox>
#include <QLineEdit>
#include <QSignalSpy>
#include <QSlider>
#include <QTemporaryDir>
#include <QtTest>
#include <cmath>

#include "text_spy.hpp"
#include "tiny_model.hpp"
#include "widgets/geometry/geometry_panel.hpp"
#include "widgets/geometry/plane_view.hpp"
#include "widgets/geometry/token_table.hpp"

using namespace telltale;
using namespace telltale::ui;
namespace fs = std::filesystem;

namespace {
constexpr int patience = 60'000;
const ComputeOptions plain{"cpu", 1, Precision::fp32};
}  // namespace

class TestGeometryPanel : public QObject {
  Q_OBJECT
  QTemporaryDir dir_;
  fs::path model_, screenshots_;
  std::unique_ptr<Theme> theme_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<GeometryPanel> panel_;
  qint64 run_ = 0;

  std::int64_t queue(const std::string& preset, int epochs) { return queue_run(session_->store(), test::tiny_request(session_->store(), model_, preset, epochs)); }
  bool settled() const {
    const auto g = panel_->shown();
    return g && !std::isnan(g->attribution.near) && session_->work().jobs().empty();
  }

 private Q_SLOTS:
  void initTestCase() {
    model_ = test::make_tiny_model(fs::path(dir_.path().toStdString()) / "tiny");
    screenshots_ = fs::path(TELLTALE_BINARY_DIR) / "screenshots";
    fs::create_directories(screenshots_);
    theme_ = std::make_unique<Theme>(Theme::Mode::light);
    theme_->apply(*qApp);
    session_ = std::make_unique<Session>(fs::path(dir_.path().toStdString()) / "g.telltale", Session::Open::create);
    session_->training().set_compute(plain);
    test::add_tiny_posts(session_->store());
    run_ = queue("contrastive", 2);
    QSignalSpy finished(&session_->training(), &TrainingQueue::finished);
    session_->training().enqueue(run_);
    QVERIFY(finished.wait(patience));
  }
  void init() {
    panel_ = std::make_unique<GeometryPanel>(*theme_);
    panel_->resize(340, 760);
    panel_->set_session(session_.get());
    panel_->show();
    QVERIFY(QTest::qWaitForWindowExposed(panel_.get()));
  }
  void cleanup() { panel_.reset(); }
  void cleanupTestCase() { session_.reset(); }

  void the_model_of_tokens() {
    TokenModel model(*theme_);
    const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    std::vector<GeometryToken> tokens(3);
    tokens[1].position = 1, tokens[2].position = 2, tokens[1].piece = "<b>go\nal</b>\xff", tokens[1].near_radius = 0.5;
    model.set_tokens(tokens, 0.25);
    QCOMPARE(model.rowCount(), 3);
    QCOMPARE(model.index(1, TokenModel::near_radius).data().toString(), QStringLiteral("2.00"));
    QVERIFY(!model.index(1, 0).data().toString().contains(QLatin1Char('\n')));
    model.set_tokens(tokens, 1);
    tokens.pop_back();
    model.set_tokens(tokens, 1);
    model.set_tokens({}, 1);
    QCOMPARE(model.row_of(0), -1);
    QCOMPARE(figure(-1.5, 2), QStringLiteral("−1.50"));
    QCOMPARE(figure(NAN), QStringLiteral("–"));
  }

  void of_a_runs_weights() {
    panel_->show_run(run_);
    QTRY_VERIFY_WITH_TIMEOUT(settled(), patience);
    QVERIFY(!panel_->live());
    const auto g = panel_->shown();
    QCOMPARE(g->classes.size(), std::size_t{3});
    QVERIFY(panel_->table().tokens().rowCount() > 2);
    QVERIFY(panel_->csv().count(QLatin1Char('\n')) == panel_->table().tokens().rowCount() + 1);
    // Another word: a click in the table.
    const int row = g->tokens[0].position == g->position ? 1 : 0;
    const int wanted = g->tokens[static_cast<std::size_t>(row)].position;
    QTest::mouseClick(panel_->table().viewport(), Qt::LeftButton, {}, panel_->table().visualRect(panel_->table().model()->index(row, 0)).center());
    QTRY_VERIFY_WITH_TIMEOUT(settled() && panel_->shown()->position == wanted, patience);
    QVERIFY(panel_->document() > 0);
    // Another post.
    const qint64 before = panel_->document();
    panel_->plane().setFocus();
    QTest::keyClick(&panel_->plane(), Qt::Key_Right);
    QTRY_VERIFY_WITH_TIMEOUT(settled() && panel_->document() != before, patience);
    QTest::keyClick(&panel_->plane(), Qt::Key_Left);
    QTRY_VERIFY_WITH_TIMEOUT(settled() && panel_->document() == before, patience);
  }

  /// What it asked for does not hold up the view that took its place; shown again, it asks again.
  void hidden_it_keeps_nobody_waiting() {
    panel_->show_run(run_);
    QTRY_VERIFY_WITH_TIMEOUT(settled(), patience);  // the runs of the file are read too
    panel_->hide();
    panel_->show();
    const auto asks = [&] {
      const auto all = session_->work().receivers();
      return std::find(all.begin(), all.end(), panel_.get()) != all.end();
    };
    QVERIFY(asks());
    panel_->hide();
    QVERIFY(!asks());
    QTest::qWait(500);  // nor does it when the pause after the last change is over
    QVERIFY(!asks());
    panel_->show();
    QTRY_VERIFY_WITH_TIMEOUT(settled(), patience);
    QVERIFY(panel_->shown());
  }

  /// No circle runs through the name of a word, wherever the circles are.
  void names_of_words_keep_clear_of_the_circles() {
    panel_->resize(420, 900);
    panel_->show_run(run_);
    QTRY_VERIFY_WITH_TIMEOUT(settled(), patience);
    PlaneView& plane = panel_->plane();
    const auto shown = panel_->shown();
    int names = 0;
    for (const double factor : {0.5, 0.8, 1.0, 1.1, 1.25, 1.5}) {
      auto g = std::make_shared<PerturbationGeometry>(*shown);
      g->epsilon *= factor, g->epsilon2 *= factor;
      plane.show_geometry(g);
      for (const auto& t : test::texts_of(plane)) {
        if (t.text.size() < 2 || std::none_of(g->cloud.begin(), g->cloud.end(), [&](const GeometryPoint& p) { return piece_text(p.piece) == t.text; })) continue;  // figures of the circles
        ++names;
        const QRectF b = t.box.adjusted(0, 3, 0, -3);  // ascent and descent hold room that letters hardly use
        const QPointF c = plane.centre();
        for (const double radius : {g->epsilon, g->epsilon2}) {
          int inside = 0;
          for (const QPointF& p : {b.topLeft(), b.topRight(), b.bottomLeft(), b.bottomRight(), QPointF(b.center().x(), b.top()), QPointF(b.center().x(), b.bottom()), QPointF(b.left(), b.center().y()), QPointF(b.right(), b.center().y())})
            inside += std::hypot(p.x() - c.x(), p.y() - c.y()) < radius * plane.scale();
          QVERIFY2(inside == 0 || inside == 8, qPrintable(QStringLiteral("“%1” at factor %2").arg(t.text).arg(factor)));
        }
      }
    }
    QVERIFY(names >= 6);
  }

  void sliders_move_the_circles() {
    panel_->show_run(run_);
    QTRY_VERIFY_WITH_TIMEOUT(settled(), patience);
    const double unit = panel_->shown()->scale.unit;
    auto* one = panel_->findChild<QSlider*>(QStringLiteral("epsilon"));
    auto* two = panel_->findChild<QSlider*>(QStringLiteral("epsilon2"));
    QVERIFY(one && two);
    for (int at = 100; at <= 700; at += 10) one->setValue(at);  // dragged: only the last one counts
    QTRY_VERIFY_WITH_TIMEOUT(settled() && std::abs(panel_->shown()->epsilon / unit - 20 * 0.49) < 1e-6, patience);
    QVERIFY(panel_->shown()->epsilon2 >= panel_->shown()->epsilon);  // pushed along
    QVERIFY(two->value() >= one->value());
    QVERIFY(panel_->shown()->near_own < 1);
    for (const GeometryToken& t : panel_->shown()->tokens) QVERIFY(t.near_radius <= panel_->shown()->epsilon + 1e-4);
    panel_->set_radii(0.01, 0.02);
    QTRY_VERIFY_WITH_TIMEOUT(settled() && panel_->shown()->far_own == 1, patience);
    // The same draws, smaller: their angles are the same.
    const double angle = panel_->shown()->far.angle;
    panel_->set_radii(0.02, 0.04);
    QTRY_VERIFY_WITH_TIMEOUT(settled() && std::abs(panel_->shown()->epsilon - 0.02 * unit) < 1e-9, patience);
    QVERIFY(std::abs(panel_->shown()->far.angle - angle) < 1e-3);
    auto* edit = panel_->findChild<QLineEdit*>(QStringLiteral("epsilon2-value"));
    edit->setFocus();
    edit->selectAll();
    QTest::keyClicks(edit, QStringLiteral("3.5"));
    QTRY_VERIFY_WITH_TIMEOUT(settled() && std::abs(panel_->shown()->epsilon2 - 3.5 * unit) < 1e-9, patience);
    QTest::keyClicks(edit, QStringLiteral("x"));  // refused at the field, the picture stays
    QVERIFY(edit->toolTip().contains(QStringLiteral("number")));
  }

  void points_stand_at_their_true_radius() {
    panel_->show_run(run_);
    QTRY_VERIFY_WITH_TIMEOUT(settled(), patience);
    const auto g = panel_->shown();
    PlaneView& plane = panel_->plane();
    QImage image = plane.grab().toImage().convertToFormat(QImage::Format_RGB32);
    const qreal ratio = image.devicePixelRatio();
    const QPointF c = plane.centre();
    const QPointF at = c + g->near.radius * plane.scale() * QPointF(std::cos(g->near.angle), -std::sin(g->near.angle));
    QCOMPARE(QColor(image.pixel((at * ratio).toPoint())).name(), theme_->series(2).name());
    // On the outer circle somewhere: text colour; outside of it nothing but ground.
    int ring = 0;
    for (int k = 0; k < 360; ++k) {
      const double a = k * M_PI / 180;
      const QPointF p = (c + g->epsilon * plane.scale() * QPointF(std::cos(a), std::sin(a))) * ratio;
      ring += QColor(image.pixel(p.toPoint())).lightness() < 120;
    }
    QVERIFY2(ring > 200, qPrintable(QString::number(ring)));
    // Words are told when the mouse is over them.
    QSignalSpy hovered(&plane, &PaintedView::hovered);
    const GeometryPoint& word = g->cloud.front();
    QTest::mouseMove(&plane, (c + word.radius * plane.scale() * QPointF(std::cos(word.angle), -std::sin(word.angle))).toPoint());
    QTRY_VERIFY(!hovered.isEmpty());
  }

  void of_a_model_folder_without_a_head() {
    panel_->show_model(QString::fromStdString(model_.string()));
    QTRY_VERIFY_WITH_TIMEOUT(panel_->shown() && session_->work().jobs().empty(), patience);
    QVERIFY(panel_->shown()->classes.empty());
    QVERIFY(!panel_->shown()->cloud.empty());
  }

  void a_folder_that_is_none() {
    panel_->show_model(QStringLiteral("/nowhere/at-all"));
    QTRY_VERIFY_WITH_TIMEOUT(!panel_->findChildren<EmptyNote*>().empty() && panel_->findChildren<EmptyNote*>()[0]->text().contains(QStringLiteral("/nowhere/at-all")), patience);
    QVERIFY(!panel_->shown());
  }

  void live_of_a_run() {
    const auto run = queue("contrastive", 1500);
    QSignalSpy finished(&session_->training(), &TrainingQueue::finished);
    session_->training().enqueue(run);
    QTRY_VERIFY_WITH_TIMEOUT(session_->training().running() == run && session_->training().state().step > 0, patience);
    panel_->show_run(run);
    QVERIFY(panel_->live());
    QTRY_VERIFY_WITH_TIMEOUT(panel_->shown() != nullptr, patience);
    QVERIFY(!std::isnan(panel_->shown()->attribution.near));
    QVERIFY(!panel_->findChild<QSlider*>(QStringLiteral("epsilon"))->isVisible());
    const auto first = panel_->shown();
    QTRY_VERIFY_WITH_TIMEOUT(panel_->shown() != first, patience);  // a second one comes, with the distances kept
    QVERIFY(!std::isnan(panel_->shown()->attribution.near));
    // Nobody looks: nothing comes.
    panel_->hide();
    QTest::qWait(300);
    int seen = 0;
    connect(&session_->training(), &TrainingQueue::events, panel_.get(), [&](qint64, const std::vector<OrderedJson>& events) {
      for (const auto& e : events) seen += e["event"] == "geometry";
    });
    QTest::qWait(2600);
    QCOMPARE(seen, 0);
    session_->training().stop_now();
    QVERIFY(finished.count() > 0 || finished.wait(patience));
    QVERIFY(panel_->shown());
  }

  void nothing_open() {
    panel_->set_session(nullptr);
    QVERIFY(!panel_->shown());
    panel_->show_run(0);
    panel_->show_run(5);
    panel_->show_post(3);
    panel_->set_session(session_.get());
    panel_->show_run(99999);
    QVERIFY(panel_->findChildren<EmptyNote*>()[0]->isVisible());
  }

  void pictures() {
    panel_->show_run(run_);
    QTRY_VERIFY_WITH_TIMEOUT(settled(), patience);
    panel_->set_radii(1, 1.6);
    QTRY_VERIFY_WITH_TIMEOUT(settled() && panel_->shown()->epsilon2 < 1.7 * panel_->shown()->scale.unit, patience);
    for (const auto mode : {Theme::Mode::light, Theme::Mode::dark}) {
      theme_->set_mode(mode);
      for (const QSize size : {QSize(340, 800), QSize(300, 500)}) {
        panel_->resize(size);
        QTest::qWait(50);
        const QImage image = panel_->grab().toImage();
        QVERIFY(image.save(QString::fromStdString((screenshots_ / ("geometry-" + std::string(mode == Theme::Mode::dark ? "dark" : "light") + "-" + std::to_string(size.height()) + ".png")).string())));
      }
    }
    theme_->set_mode(Theme::Mode::light);
  }
};

QTEST_MAIN(TestGeometryPanel)
#include "test_geometry.moc"
