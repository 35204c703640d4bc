// The new-run form: what stands in it, what it refuses, what it queues, what it says of cost and radius.
#include <QApplication>
#include <QCheckBox>
#include <QClipboard>
#include <QComboBox>
#include <QDialog>
#include <QLabel>
#include <QLineEdit>
#include <QMimeData>
#include <QProcess>
#include <QPushButton>
#include <QScrollArea>
#include <QSettings>
#include <QSignalSpy>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QtTest>

#include "base/files.hpp"
#include "text_spy.hpp"
#include "tiny_model.hpp"
#include "widgets/new_run/formula_view.hpp"
#include "widgets/new_run/new_run_view.hpp"
#include "widgets/new_run/preset_cards.hpp"
#include "widgets/new_run/setting_field.hpp"
#include "widgets/new_run/side_panels.hpp"

using namespace telltale;
using namespace telltale::ui;
namespace fs = std::filesystem;

namespace {
constexpr int patience = 60'000;
const ComputeOptions plain{"cpu", 1, Precision::fp32};
}  // namespace

class TestNewRun : public QObject {
  Q_OBJECT
  QTemporaryDir dir_;
  fs::path model_, screenshots_;
  std::unique_ptr<Theme> theme_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<NewRunView> view_;
  int files_ = 0;

  template <class W>
  W* find(const char* name) {
    W* w = view_->findChild<W*>(QString::fromLatin1(name));
    if (!w) qFatal("no %s", name);
    return w;
  }
  void type(const char* id, const char* value) {
    auto* edit = find<QLineEdit>((std::string("setting:") + id).c_str());
    edit->setFocus();
    edit->selectAll();
    QTest::keyClicks(edit, QString::fromUtf8(value));
  }
  std::vector<RunRecord> runs() { return session_->store().runs(); }

 private Q_SLOTS:
  void initTestCase() {
    QStandardPaths::setTestModeEnabled(true);
    QCoreApplication::setOrganizationName(QStringLiteral("telltale-tests"));
    QSettings().remove(QStringLiteral("newRun/models"));
    model_ = test::make_tiny_model(fs::path(dir_.path().toStdString()) / "tiny model");
    screenshots_ = fs::path(TELLTALE_BINARY_DIR) / "screenshots";
    fs::create_directories(screenshots_);
    theme_ = std::make_unique<Theme>(Theme::Mode::light);
    theme_->apply(*qApp);
  }
  void init() {
    session_ = std::make_unique<Session>(fs::path(dir_.path().toStdString()) / ("n" + std::to_string(++files_) + ".telltale"), Session::Open::create);
    session_->training().set_compute(plain);
    test::add_tiny_posts(session_->store());
    view_ = std::make_unique<NewRunView>(*theme_);
    view_->resize(1130, 800);
    view_->set_session(session_.get());
    view_->set_model(QString::fromStdString(model_.string()));
    view_->show();
    QVERIFY(QTest::qWaitForWindowExposed(view_.get()));
    view_->activateWindow();
  }
  void cleanup() {
    view_.reset();
    session_.reset();
  }
  void cleanupTestCase() { QSettings().remove(QStringLiteral("newRun/models")); }

  void every_setting_has_a_field() {
    for (const SettingInfo& s : settings_table()) {
      if (s.id == "seed") continue;
      auto* w = find<QWidget>(("setting:" + s.id).c_str());
      QVERIFY2(!w->accessibleName().isEmpty() && w->toolTip().contains(QString::fromStdString(s.id)), s.id.c_str());
      QVERIFY2(w->toolTip().contains(SettingField::meaning(s)), s.id.c_str());
      if (auto* combo = qobject_cast<QComboBox*>(w)) QCOMPARE(combo->count(), static_cast<int>(s.choices.size()));
    }
    for (const PresetInfo& p : presets()) QVERIFY(find<PresetCard>(("preset:" + p.id).c_str())->toolTip() == QString::fromStdString(p.purpose));
    for (QWidget* w : view_->findChildren<QWidget*>())
      if ((w->focusPolicy() & Qt::TabFocus) && w->isVisible() && !qobject_cast<QScrollArea*>(w) && w->objectName() != QStringLiteral("qt_scrollarea_viewport"))
        QVERIFY2(!w->accessibleName().isEmpty() || w->inherits("QPushButton") || w->inherits("QCheckBox") || qobject_cast<QComboBox*>(w->parentWidget()) || qobject_cast<QLabel*>(w), w->metaObject()->className());
  }

  void drafts() {
    RunDraft d;
    QCOMPARE(d.differing(), 0);
    d.set("learning_rate", "1e-4");  // what it is
    QCOMPARE(d.differing(), 0);
    d.set("learning_rate", "5e-5");
    QCOMPARE(d.differing(), 1);
    QCOMPARE(d.assignments(), std::vector<std::string>{"learning_rate=5e-5"});
    QCOMPARE(d.shown("learning_rate"), QStringLiteral("5e−5"));
    QCOMPARE(read_value(QStringLiteral(" 5e−5 ")), std::string("5e-5"));
    d.reset("learning_rate");
    QCOMPARE(d.differing(), 0);
    // Nodes of pass one set pass two, unless that was given.
    d.set("attribution.steps", "16");
    QCOMPARE(d.shown("attribution.gradient_steps"), QStringLiteral("16"));
    QVERIFY(d.differs("attribution.gradient_steps"));
    d.reset("attribution.gradient_steps");
    QCOMPARE(d.shown("attribution.gradient_steps"), QStringLiteral("4"));
    QCOMPARE(d.settings().objective.steps, 16);
    QCOMPARE(d.settings().objective.gradient_steps, 4);
    d.reset_all();
    for (const char* wrong : {"", "nan", "-1", "1001", "3x", "∞"}) {
      d.set("epsilon2", wrong);
      QVERIFY2(!d.error("epsilon2").isEmpty(), wrong);
      QVERIFY_EXCEPTION_THROWN(d.settings(), std::invalid_argument);
    }
    d.set("epsilon2", "0.5");
    QVERIFY(d.error("epsilon2").contains(QStringLiteral("ε (1)")));
    d.reset_all();
    for (const char* w : {"weight.class", "weight.attribution", "weight.cls", "weight.positive", "weight.negative"}) d.set(w, "0");
    QVERIFY(!d.error("weight.class").isEmpty());
    // Another preset keeps what does not belong to the objective.
    d.reset_all();
    d.set("batch", "4");
    d.set("margin", "1");
    d.change_preset("published", preset_settings("published"));
    QCOMPARE(d.shown("batch"), QStringLiteral("4"));
    QCOMPARE(d.shown("margin"), QStringLiteral("2"));
    QCOMPARE(d.differing(), 1);
  }

  void seeds() {
    using S = std::vector<std::uint64_t>;
    QCOMPARE(read_seeds(QStringLiteral("13, 29 47")).value_or(S{}), (S{13, 29, 47}));
    QCOMPARE(read_seeds(QStringLiteral("1–3")).value_or(S{}), (S{1, 2, 3}));
    QCOMPARE(read_seeds(QStringLiteral("1 .. 3; 9")).value_or(S{}), (S{1, 2, 3, 9}));
    QCOMPARE(read_seeds(QStringLiteral("18446744073709551615")).value_or(S{}), (S{18446744073709551615u}));
    for (const char* wrong : {"", "a", "1,1", "3-1", "-1", "1.5", "1-1000", "99999999999999999999", "1,,x"}) QVERIFY2(!read_seeds(QString::fromLatin1(wrong)), wrong);
  }

  void dots_and_reset() {
    auto* edit = find<QLineEdit>("setting:batch");
    auto* dot = edit->parentWidget()->findChildren<DiffersDot*>().at(0);
    for (DiffersDot* d : view_->findChildren<DiffersDot*>()) {
      QVERIFY(!d->differs());
      if (d->accessibleName().startsWith(QStringLiteral("Batch "))) dot = d;
    }
    type("batch", "4");
    QVERIFY(dot->differs());
    QVERIFY(dot->toolTip().contains(QStringLiteral("16")));
    QCOMPARE(view_->draft().differing(), 1);
    QVERIFY(find<PresetCard>("preset:contrastive")->accessibleDescription().contains(QStringLiteral("1 changed")));
    QVERIFY(view_->command()->shown().contains(QStringLiteral("batch=4")));
    QTest::mouseClick(dot, Qt::LeftButton);
    QCOMPARE(edit->text(), QStringLiteral("16"));
    QVERIFY(!dot->differs());
    // By the keyboard: Tab goes past the dots, a key in the field resets it.
    type("batch", "4");
    QVERIFY(dot->differs());
    for (DiffersDot* d : view_->findChildren<DiffersDot*>()) QCOMPARE(d->focusPolicy(), Qt::NoFocus);
    QTest::keyClick(edit, Qt::Key_Backspace, Qt::AltModifier);
    QCOMPARE(edit->text(), QStringLiteral("16"));
    QVERIFY(!dot->differs());
    QTest::keyClick(edit, Qt::Key_Backspace, Qt::AltModifier);  // nothing to reset
    type("epochs", "1");
    type("clip", "2");
    for (QToolButton* b : view_->findChildren<QToolButton*>())
      if (b->text() == QStringLiteral("Reset")) QTest::mouseClick(b, Qt::LeftButton);
    QCOMPARE(view_->draft().differing(), 0);
    QCOMPARE(find<QLineEdit>("setting:epochs")->text(), QStringLiteral("3"));
  }

  void formula_lights_up_with_its_setting() {
    find<QLineEdit>("setting:margin")->setFocus();
    QCOMPARE(view_->formula()->lit(), (QStringList{"attribution", "cls"}));
    QVERIFY(view_->help()->body_text().contains(QStringLiteral("d(v, v')")));
    find<QLineEdit>("setting:epsilon2")->setFocus();
    QCOMPARE(view_->formula()->lit(), (QStringList{"attribution", "cls", "negative"}));
    QVERIFY(view_->help()->body_text().contains(QStringLiteral("epsilon2")));
    find<QComboBox>("data")->setFocus();
    QCOMPARE(view_->formula()->lit(), QStringList());
  }

  void messages_stand_at_the_field() {
    type("epsilon", "x");
    QVERIFY(find<UnitEdit>("setting:epsilon")->wrong());
    auto* button = find<QPushButton>("primary");
    for (QPushButton* b : view_->findChildren<QPushButton*>(QStringLiteral("primary")))
      if (b->isVisible()) button = b;
    QVERIFY(!button->isEnabled());
    find<QLineEdit>("seeds")->setFocus();
    QTest::keyClick(view_.get(), Qt::Key_Return, Qt::ControlModifier);
    QCOMPARE(QApplication::focusWidget(), find<QWidget>("setting:epsilon"));
    QVERIFY(runs().empty());
    type("epsilon", "3");  // above ε₂
    QVERIFY(!find<UnitEdit>("setting:epsilon")->wrong() && find<UnitEdit>("setting:epsilon2")->wrong());
    type("epsilon2", "4");
    QVERIFY(button->isEnabled());
    type("rival", "chess");
    QVERIFY(!button->isEnabled());
    type("rival", "hockey");
    QVERIFY(button->isEnabled());
    type("max_length", "500");
    QVERIFY(find<UnitEdit>("setting:max_length")->wrong());
    type("max_length", "32");
    view_->set_model(QStringLiteral("/nowhere/at all"));
    QVERIFY(!button->isEnabled());
    view_->set_model(QString::fromStdString(model_.string()));
    QVERIFY(button->isEnabled());
    QVERIFY(QApplication::activeModalWidget() == nullptr && view_->findChildren<QDialog*>().isEmpty());
  }

  /// A long path gives way in its middle, not at its end, where the folder's name is; while it is typed it is whole.
  void the_models_folder_can_be_read() {
    QTemporaryDir dir(QDir::tempPath() + QStringLiteral("/a-folder-with-quite-a-long-name-in-front-of-it-XXXXXX"));
    const fs::path folder = fs::path(dir.path().toStdString()) / "bert-base-uncased";
    fs::copy(model_, folder, fs::copy_options::recursive);
    const QString path = QString::fromStdString(folder.string());
    view_->set_model(path);
    auto* combo = find<QComboBox>("model");
    auto* edit = qobject_cast<PathEdit*>(combo->lineEdit());
    QVERIFY(edit);
    QCOMPARE(combo->currentText(), path);
    const QString shown = edit->shown();
    QVERIFY2(shown.endsWith(QStringLiteral("…/bert-base-uncased")) && shown.startsWith(path.left(3)), qPrintable(shown));
    QVERIFY(edit->fontMetrics().horizontalAdvance(shown) <= edit->width());
    QVERIFY(combo->toolTip().contains(path));
    bool drawn = false;
    for (const auto& t : test::texts_of(*edit)) drawn = drawn || t.text == shown;
    QVERIFY(drawn);
    view_->set_model(QString::fromStdString(model_.string()));
  }

  void a_mended_form_says_so() {
    const auto told = [&] {
      for (ElidedLabel* l : view_->findChildren<ElidedLabel*>())
        if (l->isVisible() && l->label().startsWith(QStringLiteral("To be mended"))) return l->label();
      return QString();
    };
    QCOMPARE(told(), QString());
    view_->set_model(QString());
    QVERIFY(told().contains(QStringLiteral("Model")));
    type("batch", "0");
    QVERIFY(told().contains(QStringLiteral("Batch")));
    type("batch", "8");
    QVERIFY(!told().contains(QStringLiteral("Batch")));
    view_->set_model(QString::fromStdString(model_.string()));
    QCOMPARE(told(), QString());
  }

  void queues_seeds_and_pairs() {
    session_->training().set_compute(plain);
    for (const auto& [id, value] : {std::pair{"epochs", "1"}, {"attribution.steps", "1"}, {"max_length", "16"}, {"batch", "48"}}) type(id, value);
    auto* seeds = find<QLineEdit>("seeds");
    seeds->setFocus();
    seeds->selectAll();
    QTest::keyClicks(seeds, QStringLiteral("13, 29"));
    QTest::mouseClick(find<QCheckBox>("companion"), Qt::LeftButton);
    QSignalSpy queued(view_.get(), &NewRunView::queued), finished(&session_->training(), &TrainingQueue::finished);
    QTest::keyClick(seeds, Qt::Key_Return, Qt::ControlModifier);
    QCOMPARE(queued.count(), 1);
    const auto ids = queued[0][0].value<std::vector<qint64>>();
    QCOMPARE(ids.size(), std::size_t{4});
    QTRY_COMPARE_WITH_TIMEOUT(finished.count(), 4, patience);
    const auto all = runs();
    QCOMPARE(all.size(), std::size_t{4});
    const char* names[] = {"baseline · seed 13", "contrastive · seed 13", "baseline · seed 29", "contrastive · seed 29"};
    for (std::size_t k = 0; k < 4; ++k) {
      QCOMPARE(QString::fromStdString(all[k].name), QString::fromUtf8(names[k]));
      QCOMPARE(all[k].status, RunStatus::finished);
      QCOMPARE(all[k].settings["batch"].get<int>(), 48);
      QCOMPARE(all[k].settings["seed"].get<int>(), k < 2 ? 13 : 29);
      QCOMPARE(all[k].settings["weight.attribution"].get<double>(), k % 2 ? 1.0 : 0.0);
      QCOMPARE(all[k].pair.value_or(0), all[k / 2 * 2].id);
    }
    QCOMPARE(QSettings().value(QStringLiteral("newRun/models")).toStringList().value(0), QString::fromStdString(model_.string()));

    // A warm start from the first one: its baseline is found, its control comes along.
    QTRY_VERIFY_WITH_TIMEOUT(find<QComboBox>("start")->count() == 5, patience);
    QTest::mouseClick(find<PresetCard>("preset:prior"), Qt::LeftButton);
    QCOMPARE(find<QComboBox>("start")->currentData().toLongLong(), all[2].id);  // the newest baseline
    QCOMPARE(find<QLineEdit>("setting:learning_rate")->text(), QStringLiteral("5e−5"));
    QVERIFY(view_->command()->shown().contains(QStringLiteral("--from %1").arg(all[2].id)));
    QVERIFY(!find<QComboBox>("model")->isEnabled());
    QVERIFY(find<QCheckBox>("companion")->isChecked() && find<QCheckBox>("companion")->isEnabled());
    seeds->setFocus();
    seeds->selectAll();
    QTest::keyClicks(seeds, QStringLiteral("13"));
    view_->queue();
    QTRY_COMPARE_WITH_TIMEOUT(finished.count(), 6, patience);
    const auto warm = runs();
    QCOMPARE(warm.size(), std::size_t{6});
    QCOMPARE(warm[4].from.value_or(0), all[2].id);
    QCOMPARE(warm[4].settings["weight.prior"].get<double>(), 1.0);
    QCOMPARE(warm[5].preset, std::string("control"));
    QCOMPARE(warm[5].from.value_or(0), all[2].id);

    // A baseline is its own comparison; a name that is taken gets a number; what was queued is not told again the next time.
    QTest::mouseClick(find<PresetCard>("preset:baseline"), Qt::LeftButton);
    QVERIFY(!find<QCheckBox>("companion")->isChecked() && !find<QCheckBox>("companion")->isEnabled());
    view_->queue();
    QTRY_COMPARE_WITH_TIMEOUT(finished.count(), 7, patience);
    QCOMPARE(runs().back().name, std::string("baseline · seed 13 (2)"));
    const auto told = [&] {
      const auto labels = view_->findChildren<ElidedLabel*>();
      return std::any_of(labels.begin(), labels.end(), [](ElidedLabel* l) { return l->label().startsWith(QStringLiteral("Queued: run")); });
    };
    QVERIFY(told());
    view_->hide();
    view_->show();
    QVERIFY(!told());
    QTest::mouseClick(find<PresetCard>("preset:prior"), Qt::LeftButton);
    QVERIFY(find<QCheckBox>("companion")->isChecked());
  }

  /// What is chosen in the row is what these runs compute on, and nothing else does.
  void a_machine_of_their_own() {
    auto* precision = find<QComboBox>("machine:precision");
    QVERIFY(!view_->command()->shown().contains(QStringLiteral("--precision")));
    precision->setFocus();
    QTest::keyClick(precision, Qt::Key_End);
    QTest::keyClick(precision, Qt::Key_Return);
    QCOMPARE(precision->currentText(), QStringLiteral("fp64"));
    QVERIFY(view_->plan().own_compute && view_->plan().compute.precision == Precision::fp64);
    QVERIFY(view_->command()->shown().contains(QStringLiteral("--precision fp64")));
    view_->choose_preset(QStringLiteral("baseline"));
    QSignalSpy finished(&session_->training(), &TrainingQueue::finished);
    view_->queue();
    QTRY_COMPARE_WITH_TIMEOUT(finished.count(), 1, patience);
    QCOMPARE(finished[0][1].toString(), QString());
    QCOMPARE(runs().back().settings["derived"]["precision"], Json("fp64"));
    QVERIFY(session_->training().compute().precision == Precision::fp32);
  }

  void a_copy_of_a_run() {
    TrainRequest r = test::tiny_request(session_->store(), model_, "published");
    apply(r.settings, "seed", "77");
    apply(r.settings, "negative", "entropy");
    const auto id = queue_run(session_->store(), r);
    view_->copy_from(id);
    QCOMPARE(view_->draft().preset(), std::string("published"));
    QCOMPARE(find<QLineEdit>("seeds")->text(), QStringLiteral("77"));
    QCOMPARE(find<QComboBox>("setting:negative")->currentData().toString(), QStringLiteral("entropy"));
    const auto again = view_->plan().queue(session_->store(), view_->draft());
    QCOMPARE(again.size(), std::size_t{1});
    QCOMPARE(session_->store().run(again[0]).settings.dump(), session_->store().run(id).settings.dump());
  }

  void the_command_line_does_the_same() {
    type("epsilon2", "3");
    type("rival", "hockey");
    find<QLineEdit>("name")->setFocus();
    QTest::keyClicks(find<QLineEdit>("name"), QStringLiteral("it's mine"));
    QTest::mouseClick(view_->command()->copy_button(), Qt::LeftButton);
    const QString line = QGuiApplication::clipboard()->text();
    QVERIFY(line.startsWith(QStringLiteral("telltale train --db ")));
    // Through a shell: the words that it makes, then the settings that the command line makes of them.
    QProcess sh;
    sh.start(QStringLiteral("sh"), {QStringLiteral("-c"), QStringLiteral("telltale() { printf '%s\\n' \"$@\"; }; ") + line});
    QVERIFY(sh.waitForFinished(10'000));
    const QStringList words = QString::fromUtf8(sh.readAllStandardOutput()).split(QLatin1Char('\n'));
    QCOMPARE(words.value(words.indexOf(QStringLiteral("--name")) + 1), QStringLiteral("it's mine"));
    QCOMPARE(words.value(words.indexOf(QStringLiteral("--model")) + 1), QString::fromStdString(model_.string()));
    TrainingSettings s = settings_for(session_->store(), words.value(words.indexOf(QStringLiteral("--preset")) + 1).toStdString(), {});
    for (qsizetype k = 0; k + 1 < words.size(); ++k)
      if (words[k] == QStringLiteral("--set")) assign(s, words[k + 1].toStdString());
    QCOMPARE(to_json(s).dump(), to_json(view_->draft().settings()).dump());
    // The baseline of a pair: the run's batches, its own objective.
    type("batch", "4");
    QTest::mouseClick(find<QCheckBox>("companion"), Qt::LeftButton);
    QVERIFY(view_->command()->shown().contains(QStringLiteral("--preset baseline")));
    QVERIFY(view_->command()->shown().contains(QStringLiteral("batch=4")) && !view_->command()->shown().contains(QStringLiteral("epsilon2")));
  }

  void cost_is_measured_when_asked() {
    QCOMPARE(view_->cost()->headline(), QStringLiteral("not measured yet"));
    type("epochs", "1");
    type("max_length", "16");
    QTest::mouseClick(find<QCheckBox>("companion"), Qt::LeftButton);
    view_->measure_cost();
    QVERIFY(!view_->cost()->known());
    QTRY_VERIFY_WITH_TIMEOUT(view_->cost()->known(), patience);
    QVERIFY(view_->cost()->headline().contains(QStringLiteral(" s")));
    QVERIFY(runs().empty());
    type("epochs", "2");
    QVERIFY(!view_->cost()->known());  // of other settings now
    QTRY_VERIFY_WITH_TIMEOUT(view_->cost()->known(), patience);  // after a pause in typing, by itself
  }

  void radius_in_both_units() {
    type("epsilon", "0.5");
    const auto note = [&](const char* id) {
      const QWidget* edit = find<QWidget>((std::string("setting:") + id).c_str());
      return edit->accessibleDescription();
    };
    QTRY_VERIFY_WITH_TIMEOUT(note("epsilon").contains(QStringLiteral(" norms")), patience);
    QVERIFY(!note("epsilon").contains(QStringLiteral("hardly text")));
    type("epsilon2", "900");
    QVERIFY(note("epsilon2").contains(QStringLiteral("hardly text")));
    // What it does to words of the data.
    type("epsilon", "0.01");
    type("epsilon2", "0.02");
    QTRY_VERIFY_WITH_TIMEOUT(view_->help()->shares() && view_->help()->shares()->far == 1.0, patience);
    type("epsilon2", "900");
    QTRY_VERIFY_WITH_TIMEOUT(view_->help()->shares() && view_->help()->shares()->far < 0.5, patience);
    QVERIFY(view_->help()->shares()->tokens > 20);
    // Stored: the next form knows it at once.
    bool stored = false;
    for (const auto& m : {Classifier::load(model_, plain)}) stored = session_->store().value("embedding." + m->fingerprint()).has_value();
    QVERIFY(stored);
  }

  void drops_and_empty_states() {
    QMimeData mime;
    mime.setUrls({QUrl::fromLocalFile(QString::fromStdString(model_.string()))});
    view_->set_model(QString());
    QDragEnterEvent enter(QPoint(10, 10), Qt::CopyAction, &mime, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(view_.get(), &enter);
    QVERIFY(enter.isAccepted());
    QDropEvent drop(QPointF(10, 10), Qt::CopyAction, &mime, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(view_.get(), &drop);
    QCOMPARE(find<QComboBox>("model")->currentText(), QString::fromStdString(model_.string()));

    Session empty(fs::path(dir_.path().toStdString()) / "empty.telltale", Session::Open::create);
    view_->set_session(&empty);
    QSignalSpy import(view_.get(), &NewRunView::import_wanted);
    for (QPushButton* b : view_->findChildren<QPushButton*>())
      if (b->text().startsWith(QStringLiteral("Import")) && b->isVisible()) QTest::mouseClick(b, Qt::LeftButton);
    QCOMPARE(import.count(), 1);
    test::add_tiny_posts(empty.store());
    Q_EMIT empty.data_changed();
    QVERIFY(find<QComboBox>("data")->isVisible());
    view_->set_session(nullptr);
    view_->queue();  // nothing happens
    QTest::qWait(50);
  }

  void keyboard_alone() {
    find<PresetCard>("preset:baseline")->setFocus();
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_Space);
    QCOMPARE(view_->draft().preset(), std::string("baseline"));
    // Tab comes to every field, in reading order within a group.
    std::set<QString> seen;
    for (int k = 0; k < 200; ++k) {
      if (QWidget* w = QApplication::focusWidget()) seen.insert(w->objectName());
      QTest::keyClick(QApplication::focusWidget(), Qt::Key_Tab);
    }
    for (const SettingInfo& s : settings_table())
      if (s.id != "seed") QVERIFY2(seen.contains(QStringLiteral("setting:") + QString::fromStdString(s.id)), s.id.c_str());
    QVERIFY(seen.contains(QStringLiteral("seeds")));
  }

  void pictures() {
    type("epsilon2", "3");
    type("batch", "4");
    QTest::mouseClick(find<QCheckBox>("companion"), Qt::LeftButton);
    auto* seeds = find<QLineEdit>("seeds");
    seeds->setText(QStringLiteral("13, 29, 47"));
    Q_EMIT seeds->textEdited(seeds->text());
    view_->measure_cost();
    QTRY_VERIFY_WITH_TIMEOUT(view_->cost()->known(), patience);
    QTRY_VERIFY_WITH_TIMEOUT(find<QWidget>("setting:epsilon")->accessibleDescription().contains(QStringLiteral(" norms")), patience);
    QTRY_VERIFY_WITH_TIMEOUT(session_->work().jobs().empty(), patience);
    for (const auto mode : {Theme::Mode::light, Theme::Mode::dark}) {
      theme_->set_mode(mode);
      for (const QSize size : {QSize(1170, 830), QSize(1024, 640), QSize(800, 560)}) {
        view_->resize(size);
        find<QLineEdit>("setting:epsilon2")->setFocus();
        QTest::qWait(60);
        QCOMPARE(view_->size(), size);
        const QImage image = view_->grab().toImage();
        QVERIFY(image.save(QString::fromStdString((screenshots_ / ("new-run-" + std::string(mode == Theme::Mode::dark ? "dark" : "light") + "-" + std::to_string(size.width()) + ".png")).string())));
        // Nothing is wider than its place: no field leaves the form.
        for (QWidget* w : view_->findChildren<UnitEdit*>())
          if (w->isVisible()) QVERIFY2(w->mapTo(view_.get(), QPoint(w->width(), 0)).x() <= view_->width(), qPrintable(w->objectName()));
      }
    }
    theme_->set_mode(Theme::Mode::light);
  }
};

QTEST_MAIN(TestNewRun)
#include "test_new_run.moc"
