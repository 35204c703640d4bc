// A simulatability session in its dialog: planned, answered by keyboard and mouse, stopped and gone on with, blind to the end, reported. Pictures for people.
#include <QApplication>
#include <QCheckBox>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QPushButton>
#include <QSpinBox>
#include <QTableWidget>
#include <QtTest>

#include "attribution/explain.hpp"
#include "base/files.hpp"
#include "evaluation/store_with_runs.hpp"
#include "widgets/painted_post.hpp"
#include "widgets/simulate/simulate_dialog.hpp"
#include "widgets/simulate/simulate_intro.hpp"
#include "widgets/simulate/simulate_post.hpp"
#include "widgets/simulate/simulate_result.hpp"

using namespace telltale;
using namespace telltale::ui;
namespace fs = std::filesystem;
using Page = SimulateDialog::Page;

class TestSimulate : public QObject {
  Q_OBJECT
  std::unique_ptr<StoreWithRuns> made_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<Theme> theme_;
  QTemporaryDir home_;

  std::unique_ptr<SimulateDialog> open() {
    ExplainOptions explain;
    explain.method = "gradient-x-input";
    auto d = std::make_unique<SimulateDialog>(*theme_, *session_, 1, explain);
    d->show();
    return d;
  }
  static bool arrives(SimulateDialog& d, Page page) { return QTest::qWaitFor([&] { return d.page() == page && !d.busy(); }, 30'000); }
  static bool arrives_at(SimulateDialog& d, std::size_t place) { return QTest::qWaitFor([&] { return d.page() == Page::post && d.place() == place && d.post().class_button(0)->isEnabled(); }, 10'000); }
  void start(SimulateDialog& d, int posts, bool confidence) {
    d.intro().posts_field()->setValue(posts);
    d.intro().confidence_box()->setChecked(confidence);
    QTest::mouseClick(d.intro().start_button(), Qt::LeftButton);
    QVERIFY(QTest::qWaitFor([&] { return d.page() == Page::post; }, 30'000));
    QVERIFY(arrives_at(d, 0));
  }
  void save(QWidget& w, const QString& name) { QVERIFY(w.grab().save(QString::fromStdString((fs::path(TELLTALE_BINARY_DIR) / "screenshots").string()) + QLatin1Char('/') + name)); }
  /// Everything that a person can read or hear on the page.
  static QString everything(QWidget& w) {
    QString out;
    for (QWidget* c : w.findChildren<QWidget*>()) {
      if (!c->isVisible()) continue;
      out += c->accessibleName() + QLatin1Char('\n') + c->toolTip() + QLatin1Char('\n');
      if (auto* l = qobject_cast<QLabel*>(c)) out += l->text() + QLatin1Char('\n');
      if (auto* b = qobject_cast<QAbstractButton*>(c)) out += b->text() + QLatin1Char('\n');
    }
    return out;
  }

 private Q_SLOTS:
  void initTestCase() {
    const fs::path shared = shared_data();
    if (shared.empty()) QSKIP("reference data not found: set TELLTALE_SHARED or put it at ../shared");
    QSettings::setPath(QSettings::IniFormat, QSettings::UserScope, home_.path());
    qputenv("USER", "ann");
    made_ = std::make_unique<StoreWithRuns>(shared, 6, 8);
    session_ = std::make_unique<Session>(made_->store->file());
    session_->training().set_compute({.threads = 1});
    fs::create_directories(fs::path(TELLTALE_BINARY_DIR) / "screenshots");
    theme_ = std::make_unique<Theme>(Theme::Mode::light);
    theme_->apply(*qApp);
  }
  void cleanupTestCase() { session_.reset(); }

  void a_session_by_keyboard() {
    auto d = open();
    QCOMPARE(d->intro().name_field()->text(), QStringLiteral("ann"));
    start(*d, 6, false);
    SimulationRecord planned = simulation(session_->store(), d->simulation_id());
    QCOMPARE(planned.items.size(), 6u);
    bool painted = false, plain = false;
    const auto told = [&](std::size_t k) {  // of each condition the first and the third
      return std::count_if(planned.items.begin(), planned.items.begin() + static_cast<std::ptrdiff_t>(k), [&](const SimulationItem& i) { return i.explained == planned.items[k].explained; }) % 2 == 0;
    };
    for (std::size_t k = 0; k < 6; ++k) {
      QVERIFY(arrives_at(*d, k));
      QTest::qWait(20);
      const SimulationItem& item = planned.items[k];
      // Painted in one condition only, and the words of the other tell no score to those who hear them either.
      const QImage image = d->post().painted().grab().toImage();
      bool ground = false;
      for (int y = 0; y < image.height(); ++y)
        for (int x = 0; x < image.width(); ++x) {
          const QColor c = image.pixelColor(x, y);
          ground = ground || (c.value() > 150 && c.hsvSaturation() > 40);  // not of dark letters
        }
      if (!item.explained) QVERIFY2(!ground, qPrintable(QString::number(k)));
      painted = painted || (item.explained && ground);
      plain = plain || !item.explained;
      // The buttons name all classes alike: nothing on the page depends on what the model answered or what is right.
      const QString all = everything(d->post());
      for (const char* c : {"cars", "computers", "hockey", "zebras"}) QCOMPARE(all.count(QStringLiteral("The model answers %1").arg(QLatin1String(c))), 1);
      QVERIFY(!all.contains(QStringLiteral("/")) && !all.contains(QStringLiteral("right"), Qt::CaseInsensitive) && !all.contains(QStringLiteral("gold"), Qt::CaseInsensitive) && !all.contains(QStringLiteral("predicted"), Qt::CaseInsensitive));
      QTest::qWait(30);
      QTest::keyClick(&d->post(), static_cast<char>('1' + (item.predicted + (told(k) ? 0 : 1)) % 4));
    }
    QVERIFY(painted && plain);
    QVERIFY(arrives(*d, Page::result));
    const SimulationRecord done = simulation(session_->store(), d->simulation_id());
    QVERIFY(done.finished() && done.participant == "ann");
    for (std::size_t k = 0; k < 6; ++k) {
      QCOMPARE(*done.items[k].answer == done.items[k].predicted, told(k));
      QVERIFY2(*done.items[k].milliseconds >= 20 && *done.items[k].milliseconds < 20'000, qPrintable(QString::number(*done.items[k].milliseconds)));
      QVERIFY(!done.items[k].confidence);
    }
    const SimulationReport r = simulation_report(done);
    QVERIFY2(d->result().sentence().contains(QStringLiteral("no clear difference")), qPrintable(d->result().sentence()));
    QCOMPARE(d->result().table().item(0, 3)->text().toInt() + d->result().table().item(1, 3)->text().toInt(), 4);
    QCOMPARE(d->result().table().item(0, 3)->text().toLongLong(), r.with.right.right);
    QTemporaryDir dir;
    d->result().write(dir.filePath(QStringLiteral("s.csv")));
    d->result().write(dir.filePath(QStringLiteral("s.json")));
    QCOMPARE(QString::fromStdString(read_file(fs::path(dir.filePath(QStringLiteral("s.csv")).toStdString()))).count(QLatin1Char('\n')), 7);
    QCOMPARE(read_json(fs::path(dir.filePath(QStringLiteral("s.json")).toStdString()))["answered"], Json(6));
    QVERIFY_THROWS_EXCEPTION(std::runtime_error, d->result().write(QStringLiteral("/nowhere/s.csv")));
    save(*d, QStringLiteral("simulate-result-light.png"));
  }

  void by_mouse_with_confidence_stopped_and_gone_on_with() {
    auto d = open();
    start(*d, 4, true);
    const std::int64_t id = d->simulation_id();
    QTest::mouseClick(d->post().class_button(2), Qt::LeftButton);
    QVERIFY(d->post().asks_confidence());
    QTest::keyClick(&d->post(), Qt::Key_Backspace);  // another class after all
    QVERIFY(!d->post().asks_confidence());
    QTest::mouseClick(d->post().class_button(1), Qt::LeftButton);
    QTest::mouseClick(d->post().sure_button(4), Qt::LeftButton);
    QVERIFY(arrives_at(*d, 1));
    QTest::keyClick(&d->post(), '3');
    QTest::keyClick(&d->post(), '9');  // no such confidence
    QVERIFY(d->post().asks_confidence());
    QTest::keyClick(&d->post(), '2');
    QVERIFY(arrives_at(*d, 2));
    // The dialog closes in the middle of a post: two answers are kept, the third was none.
    QTest::keyClick(d.get(), Qt::Key_Escape);
    QVERIFY(arrives(*d, Page::intro));
    d.reset();
    SimulationRecord s = simulation(session_->store(), id);
    QCOMPARE(s.answered(), 2u);
    QVERIFY(s.items[0].answer == 1 && s.items[0].confidence == 4 && s.items[1].answer == 2 && s.items[1].confidence == 2);
    d = open();
    auto* list = d->intro().session_list();
    QVERIFY(list->count() >= 1 && list->item(0)->text().contains(QStringLiteral("2 of 4 answered")));
    QTest::mouseClick(d->intro().go_on_button(), Qt::LeftButton);
    QVERIFY(arrives_at(*d, 2));
    for (std::size_t k = 2; k < 4; ++k) {
      QVERIFY(arrives_at(*d, k));
      QTest::keyClick(&d->post(), '1');
      QTest::keyClick(&d->post(), '5');
    }
    QVERIFY(arrives(*d, Page::result));
    s = simulation(session_->store(), id);
    QVERIFY(s.finished() && s.items[3].confidence == 5);
    // A finished one shows its result from the list.
    QTest::mouseClick(d->result().again_button(), Qt::LeftButton);
    QCOMPARE(d->page(), Page::intro);
    QTest::mouseClick(d->intro().go_on_button(), Qt::LeftButton);
    QVERIFY(arrives(*d, Page::result));
  }

  void answers_on_their_way_survive_the_dialog() {
    auto d = open();
    start(*d, 4, false);
    const std::int64_t id = d->simulation_id();
    QTest::keyClick(&d->post(), '2');
    d.reset();  // at once
    QVERIFY(QTest::qWaitFor([&] { return simulation(session_->store(), id).answered() == 1; }, 5000));
  }

  void a_plan_can_be_cancelled_and_refused() {
    auto d = open();
    const std::size_t before = simulations(session_->store()).size();
    d->intro().name_field()->setText(QStringLiteral("any"));
    QVERIFY(!d->intro().start_button()->isEnabled());  // no name
    d->intro().name_field()->setText(QStringLiteral("ann"));
    QVERIFY(d->intro().start_button()->isEnabled());
    QTest::mouseClick(d->intro().start_button(), Qt::LeftButton);
    QTest::mouseClick(d->intro().cancel_button(), Qt::LeftButton);
    QVERIFY(QTest::qWaitFor([&] { return !d->busy() && d->intro().start_button()->isVisible(); }, 10'000));
    QTest::qWait(200);
    QCOMPARE(d->page(), Page::intro);
    QVERIFY(simulations(session_->store()).size() <= before + 1);  // it may have been done before it was asked to stop
  }

  void explanations_that_went_are_made_anew() {
    auto d = open();
    start(*d, 4, false);
    const SimulationRecord s = simulation(session_->store(), d->simulation_id());
    d.reset();
    SimulationRecord other = s;  // a session whose explanations nobody made
    other.protocol["explanation"]["method"] = "saliency-l2";
    other.protocol["explanation"] = protocol_of([] { ExplainOptions o; o.method = "saliency-l2"; return o; }());
    other.protocol["method"] = "saliency-l2";
    const std::int64_t id = add_simulation(session_->store(), other);
    d = open();
    d->go_on(id);
    QVERIFY(arrives_at(*d, 0));
    for (const SimulationItem& i : s.items)
      if (i.explained) QVERIFY(simulation_explanation(session_->store(), other, i));
  }

  void many_classes_have_keys() {
    SimulatePost page(*theme_);
    std::vector<std::string> classes;
    for (int c = 0; c < 20; ++c) classes.push_back("class " + std::to_string(c));
    page.set_classes(classes, false);
    QCOMPARE(SimulatePost::key_of(0), QChar(QLatin1Char('1')));
    QCOMPARE(SimulatePost::key_of(9), QChar(QLatin1Char('0')));
    QCOMPARE(SimulatePost::key_of(19), QChar(QLatin1Char('j')));
    QVERIFY(SimulatePost::key_of(36).isNull());
    QSignalSpy answered(&page, &SimulatePost::answered);
    ExplanationRecord r;
    page.resize(900, 640);
    page.show();
    page.show_post(std::make_shared<const PostContent>(std::move(r), "some words", "", -1, classes), false, 0, 3);
    QTest::keyClick(&page, Qt::Key_Z);
    QCOMPARE(answered.count(), 0);
    QTest::keyClick(&page, Qt::Key_J);
    QCOMPARE(answered.count(), 1);
    QCOMPARE(answered[0][0].toInt(), 19);
    QTest::keyClick(&page, Qt::Key_J);  // answered: the next key waits for the next post
    QCOMPARE(answered.count(), 1);
    save(page, QStringLiteral("simulate-post-20-classes.png"));
  }

  void pictures() {
    for (const auto mode : {Theme::Mode::light, Theme::Mode::dark}) {
      theme_->set_mode(mode);
      const QString name = mode == Theme::Mode::light ? QStringLiteral("light") : QStringLiteral("dark");
      auto d = open();
      QTest::qWait(50);
      save(*d, QStringLiteral("simulate-intro-%1.png").arg(name));
      start(*d, 6, true);
      const SimulationRecord s = simulation(session_->store(), d->simulation_id());
      for (std::size_t k = 0; k < 6; ++k) {
        QVERIFY(arrives_at(*d, k));
        QTest::qWait(30);
        save(*d, QStringLiteral("simulate-post-%1-%2.png").arg(s.items[k].explained ? QStringLiteral("with") : QStringLiteral("without"), name));
        QTest::keyClick(&d->post(), '2');
        if (k == 0) save(*d, QStringLiteral("simulate-sure-%1.png").arg(name));
        QTest::keyClick(&d->post(), '3');
      }
      QVERIFY(arrives(*d, Page::result));
      save(*d, QStringLiteral("simulate-result-%1.png").arg(name));
      d->resize(640, 500);
      QTest::qWait(30);
      save(*d, QStringLiteral("simulate-result-small-%1.png").arg(name));
      for (QWidget* w : d->findChildren<QWidget*>())
        if ((w->focusPolicy() & Qt::TabFocus) && w->isVisible() && !qobject_cast<QLabel*>(w)) {
          auto* b = qobject_cast<QAbstractButton*>(w);
          QVERIFY2(!w->accessibleName().isEmpty() || (b && !b->text().isEmpty()), w->metaObject()->className());
        }
    }
    theme_->set_mode(Theme::Mode::light);
  }
};

QTEST_MAIN(TestSimulate)
#include "test_simulate.moc"
