// The window without a mouse: the whole main path by keys, names and focus of every control, the list of keys, the size of text.
#include <QAbstractItemView>
#include <QAbstractSlider>
#include <QAbstractSpinBox>
#include <QApplication>
#include <QCheckBox>
#include <QComboBox>
#include <QFileDialog>
#include <QLabel>
#include <QLineEdit>
#include <QMenuBar>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QScrollArea>
#include <QScrollBar>
#include <QSettings>
#include <QShortcut>
#include <QTabBar>
#include <QTemporaryDir>
#include <QTreeView>
#include <QtTest>

#include "app/workbench/keys.hpp"
#include "app/workbench/main_window.hpp"
#include "app/workbench/parts.hpp"
#include "base/files.hpp"
#include "report/example.hpp"
#include "tiny_model.hpp"
#include "widgets/compare/comparison_parts.hpp"
#include "widgets/geometry/plane_view.hpp"
#include "widgets/inspect/attention_view.hpp"
#include "widgets/inspect/class_table.hpp"
#include "widgets/inspect/deletion_plot.hpp"
#include "widgets/inspect/methods_panel.hpp"
#include "widgets/inspect/post_list.hpp"
#include "widgets/inspect/words_table.hpp"
#include "widgets/new_run/new_run_view.hpp"
#include "widgets/painted_post.hpp"
#include "widgets/panel.hpp"
#include "widgets/plot/chart_grid.hpp"
#include "widgets/runs/film_panel.hpp"
#include "widgets/runs/runs_view.hpp"
#include "widgets/shell/import_dialog.hpp"
#include "widgets/shell/job_bar.hpp"
#include "widgets/shell/notice_bar.hpp"
#include "widgets/shell/run_dock.hpp"

using namespace telltale;
using namespace telltale::ui;
namespace fs = std::filesystem;

namespace {

constexpr int patience = 60'000;
constexpr Workspace workspaces[] = {Workspace::runs, Workspace::new_run, Workspace::inspect, Workspace::compare, Workspace::evaluate};

/// To whatever has the keyboard.
void press(Qt::Key key, Qt::KeyboardModifiers with = Qt::NoModifier) {
  QWidget* to = QApplication::focusWidget();
  if (!to) to = QApplication::activeModalWidget() ? QApplication::activeModalWidget() : QApplication::activeWindow();
  QVERIFY(to);
  QTest::keyClick(to, key, with);
}

QString named(const QWidget* w) {
  if (!w) return QStringLiteral("nothing");
  QString name = w->accessibleName();
  if (const auto* b = qobject_cast<const QAbstractButton*>(w); b && name.isEmpty()) name = QString(b->text()).remove(QLatin1Char('&'));
  return name;
}

/// Tab, as often as it takes; tells whether it came there.
bool tab_to(const QString& name, Qt::Key tab = Qt::Key_Tab) {
  for (int i = 0; i < 200; ++i) {
    if (named(QApplication::focusWidget()).startsWith(name)) return true;
    press(tab);
  }
  QStringList met;
  for (int i = 0; i < 200; ++i) met << named(QApplication::focusWidget()), press(tab);
  met.removeDuplicates();
  qWarning("no %s on the way of Tab: %s", qPrintable(name), qPrintable(met.join(QStringLiteral(" | "))));
  return false;
}

/// F6, as often as it takes.
bool panel_to(MainWindow& w, const std::function<bool(const QWidget*)>& wanted) {
  for (int i = 0; i < 30; ++i) {
    if (QApplication::focusWidget() && wanted(QApplication::focusWidget())) return true;
    QTest::keyClick(&w, Qt::Key_F6);
  }
  return false;
}

bool takes_keyboard(const QWidget* w) { return w->isVisible() && w->isEnabled() && (w->focusPolicy() & Qt::TabFocus) == Qt::TabFocus && !w->focusProxy(); }

bool interactive(const QWidget* w) {
  if (qobject_cast<const QAbstractButton*>(w) || qobject_cast<const QComboBox*>(w) || qobject_cast<const QAbstractSpinBox*>(w) || qobject_cast<const QAbstractItemView*>(w) || qobject_cast<const QAbstractSlider*>(w) || qobject_cast<const QPlainTextEdit*>(w) ||
      qobject_cast<const QTabBar*>(w))
    return true;
  if (const auto* edit = qobject_cast<const QLineEdit*>(w)) return !qobject_cast<const QComboBox*>(edit->parentWidget()) && !qobject_cast<const QAbstractSpinBox*>(edit->parentWidget());
  return takes_keyboard(w) && !qobject_cast<const QScrollArea*>(w);
}

bool part_of_another(const QWidget* w) {  // scroll bars, and the buttons that clear a field: Qt's own, reached through what holds them
  for (const QWidget* p = w->parentWidget(); p; p = p->parentWidget())
    if (qobject_cast<const QLineEdit*>(p) || qobject_cast<const QComboBox*>(p) || qobject_cast<const QMenuBar*>(p)) return true;
  return qobject_cast<const QScrollBar*>(w);
}

QImage picture_of(QWidget* w) { return w->grab().toImage().convertToFormat(QImage::Format_RGB32); }

}  // namespace

class TestKeyboard : public QObject {
  Q_OBJECT
  QTemporaryDir dir_;
  QString example_;
  fs::path model_;
  std::unique_ptr<Theme> theme_;

  std::unique_ptr<MainWindow> example_window() {
    const QString copy = dir_.filePath(QStringLiteral("copy%1.telltale").arg(QDateTime::currentMSecsSinceEpoch()));
    QFile::copy(example_, copy);
    auto w = std::make_unique<MainWindow>(*theme_);
    w->resize(1440, 900);
    w->show();
    w->activateWindow();
    if (!QTest::qWaitForWindowActive(w.get())) qWarning("the window is not active");
    w->open(copy.toStdString());
    return w;
  }
  static void settle(MainWindow& w) {
    QTRY_VERIFY_WITH_TIMEOUT(w.settled(), patience);
    QTest::qWait(120);
  }

 private Q_SLOTS:
  void initTestCase() {
    QSettings::setPath(QSettings::IniFormat, QSettings::UserScope, dir_.filePath(QStringLiteral("settings")));
    example_ = dir_.filePath(QStringLiteral("example.telltale"));
    {
      auto store = Store::open(example_.toStdString(), Store::Mode::create);
      test::Example(2).fill(*store);
    }
    model_ = test::make_tiny_model(fs::path(dir_.path().toStdString()) / "tiny");
    theme_ = std::make_unique<Theme>(Theme::Mode::light);
    theme_->apply(*qApp);
  }
  void cleanup() { theme_->set_scale(1); }

  void from_the_welcome_page_to_an_exported_comparison() {

    MainWindow w(*theme_);
    const QString file = dir_.filePath(QStringLiteral("path.telltale"));
    w.ask_new_file = [&](const QString&, const QString&) { return file; };
    w.resize(1440, 900);
    w.show();
    w.activateWindow();
    QVERIFY(QTest::qWaitForWindowActive(&w));
    // The welcome page, in reading order.
    QStringList order;
    for (int i = 0; i < 4; ++i) order << named(QApplication::focusWidget()), press(Qt::Key_Tab);
    QCOMPARE(order, (QStringList{QStringLiteral("Open the example"), QStringLiteral("New run"), QStringLiteral("Open file"), QStringLiteral("Import data")}));
    // The bundled posts.
    press(Qt::Key_I, Qt::ControlModifier);
    auto* dialog = w.findChild<ImportDialog*>();
    QVERIFY(dialog);
    QTRY_COMPARE(QApplication::activeWindow(), dialog);
    QVERIFY(tab_to(QStringLiteral("File or folder")));
    QTest::keyClicks(QApplication::focusWidget(), QStringLiteral(TELLTALE_SOURCE_DIR "/datasets/newsgroups-mini/posts.jsonl"));
    press(Qt::Key_Return);
    QTRY_COMPARE_WITH_TIMEOUT(w.session()->store().datasets().size(), std::size_t{1}, patience);
    w.session()->training().set_compute({"cpu", 1, Precision::fp32});
    QPointer<ImportDialog> open = dialog;
    QTRY_VERIFY_WITH_TIMEOUT(named(QApplication::focusWidget()).startsWith(QStringLiteral("New run with it")), patience);
    press(Qt::Key_Return);
    QTRY_VERIFY(!open && w.workspace() == Workspace::new_run);
    w.activateWindow();  // as a window manager does when the dialog goes; "offscreen" has none
    QVERIFY(QTest::qWaitForWindowActive(&w) && QApplication::focusWidget());
    // A pair of runs on the tiny model.
    QVERIFY(tab_to(QStringLiteral("Contrastive")));
    press(Qt::Key_Space);
    QVERIFY(tab_to(QStringLiteral("Model")));
    press(Qt::Key_A, Qt::ControlModifier);
    QTest::keyClicks(QApplication::focusWidget(), QString::fromStdString(model_.string()));
    for (const auto& [field, value] : {std::pair{"Epochs", "1"}, {"Posts a step", "16"}, {"Longest post", "24"}}) {
      const SettingInfo* info = nullptr;
      for (const SettingInfo& s : settings_table())
        if ((s.id == "epochs" && field == std::string("Epochs")) || (s.id == "batch" && field == std::string("Posts a step")) || (s.id == "max_length" && field == std::string("Longest post"))) info = &s;
      QVERIFY(info);
      QVERIFY(tab_to(text(info->name)));
      press(Qt::Key_A, Qt::ControlModifier);
      QTest::keyClicks(QApplication::focusWidget(), QLatin1String(value));
    }
    QVERIFY(tab_to(QStringLiteral("Paired with a baseline")));
    if (!qobject_cast<QCheckBox*>(QApplication::focusWidget())->isChecked()) press(Qt::Key_Space);
    QCOMPARE(w.new_run()->plan().runs(w.new_run()->draft()), 2);
    press(Qt::Key_Return, Qt::ControlModifier);
    QTRY_VERIFY(w.workspace() == Workspace::runs);
    // Watching: the keyboard reaches the charts.
    bool charts = false;
    for (int i = 0; i < 200 && !charts; ++i) {
      charts = qobject_cast<ChartGrid*>(QApplication::focusWidget()) || (QApplication::focusWidget() && qobject_cast<ChartGrid*>(QApplication::focusWidget()->parentWidget()));
      if (!charts) press(Qt::Key_Tab);
    }
    QVERIFY(charts);
    press(Qt::Key_L);
    const auto finished = [&] {
      const auto runs = w.session()->store().runs();
      return runs.size() == 2 && std::all_of(runs.begin(), runs.end(), [](const RunRecord& r) { return r.status == RunStatus::finished; });
    };
    QTRY_VERIFY_WITH_TIMEOUT(finished() && !w.session()->training().running(), patience);
    // Inspect: another post, another target.
    press(Qt::Key_2, Qt::ControlModifier);
    QVERIFY(w.workspace() == Workspace::inspect);
    settle(w);
    QVERIFY(panel_to(w, [](const QWidget* f) { return qobject_cast<const PostList*>(f) || f->accessibleName() == QStringLiteral("Runs"); }));
    auto* posts = w.inspect().findChild<PostList*>();
    QVERIFY(posts->hasFocus() || tab_to(posts->accessibleName()));
    const auto first = posts->chosen_id();
    press(Qt::Key_Down);
    QVERIFY(posts->chosen_id() != first);
    const auto explained = [&] { return w.inspect().post() && !w.inspect().post()->record.word_scores.empty() && w.inspect().post()->record.document == posts->chosen_id(); };
    QTRY_VERIFY_WITH_TIMEOUT(explained(), patience);
    QVERIFY(tab_to(QStringLiteral("Painted post")));
    press(Qt::Key_N);
    auto* painted = qobject_cast<PaintedPost*>(QApplication::focusWidget());
    QVERIFY(painted && painted->ring() >= 0);
    press(Qt::Key_T);
    auto* classes = qobject_cast<ClassTable*>(QApplication::focusWidget());
    QVERIFY(classes);
    const auto target = w.inspect().post()->record.target;
    press(Qt::Key_Down);
    if (classes->ring() == target) press(Qt::Key_Up);
    QVERIFY(classes->ring() >= 0 && classes->ring() != target);
    const auto wanted = classes->ring();
    press(Qt::Key_Return);
    QTRY_VERIFY_WITH_TIMEOUT(explained() && w.inspect().post()->record.target == wanted, patience);
    // Compare the two.
    press(Qt::Key_3, Qt::ControlModifier);
    QVERIFY(w.workspace() == Workspace::compare && !w.compare().shows_comparison());
    QTRY_VERIFY_WITH_TIMEOUT(w.compare().settled(), patience);
    const auto can_start = [&] {
      for (auto* b : w.compare().findChildren<QPushButton*>())
        if (b->accessibleName() == QStringLiteral("Compare these runs")) return b->isVisible() && b->isEnabled();
      return false;
    };
    QTRY_VERIFY_WITH_TIMEOUT(can_start(), patience);
    QVERIFY(tab_to(QStringLiteral("Compare these runs")));
    press(Qt::Key_Space);
    QTRY_VERIFY_WITH_TIMEOUT(w.compare().shows_comparison(), patience);
    settle(w);
    const auto heading = [&] { return w.compare().comparison()->label(w.compare().comparison()->a); };
    const std::string before = heading();
    QVERIFY(tab_to(QStringLiteral("Posts")));
    press(Qt::Key_X);
    QTRY_VERIFY(heading() != before);
    // A picture of it: the name is typed into the dialog.
    const QString out = dir_.filePath(QStringLiteral("comparison.png"));
    QTimer::singleShot(300, &w, [&] {
      auto* ask = qobject_cast<QFileDialog*>(QApplication::activeModalWidget());
      if (!ask) return;
      auto* name = ask->findChild<QLineEdit*>();
      name->selectAll();
      QTest::keyClicks(name, out);
      QTest::keyClick(name, Qt::Key_Return);
    });
    press(Qt::Key_E, Qt::ControlModifier);
    QTRY_VERIFY(QFileInfo(out).size() > 10'000);
    QTRY_VERIFY(w.notices().isVisible());
    w.activateWindow();  // as a window manager does when the dialog goes
    QVERIFY(QTest::qWaitForWindowActive(&w));
    press(Qt::Key_Escape);
    QTRY_VERIFY(!w.notices().isVisible());
    press(Qt::Key_Q, Qt::ControlModifier);
    QTRY_VERIFY(!w.isVisible());
  }

  void every_control_has_a_name() {
    const auto window = example_window();
    QStringList nameless;
    int seen = 0;
    const auto look = [&](const char* where) {
      for (QWidget* w : window->findChildren<QWidget*>()) {
        if (!w->isVisible() || !interactive(w) || part_of_another(w)) continue;
        ++seen;
        if (named(w).trimmed().size() < 2) nameless << QStringLiteral("%1: %2 '%3' in %4 (tip: %5)").arg(QLatin1String(where), QLatin1String(w->metaObject()->className()), w->objectName(), QLatin1String(w->parentWidget()->metaObject()->className()), w->toolTip().left(60));
      }
    };
    for (const QSize size : {QSize(1440, 900), QSize(1024, 640)}) {
      window->resize(size);
      for (const Workspace s : workspaces) {
        window->show_workspace(s);
        settle(*window);
        look(s == Workspace::runs ? "runs" : s == Workspace::new_run ? "new run" : s == Workspace::inspect ? "inspect" : s == Workspace::compare ? "compare" : "evaluate");
      }
    }
    window->close_file();
    look("welcome");
    nameless.removeDuplicates();
    QVERIFY2(nameless.isEmpty(), qPrintable(QStringLiteral("\n") + nameless.join(QLatin1Char('\n'))));
    QVERIFY(seen > 200);
  }

  /// What has the keyboard looks otherwise than what has not.
  void focus_is_seen() {
    const auto window = example_window();
    QStringList unseen;
    int looked = 0;
    window->setAttribute(Qt::WA_KeyboardFocusChange);  // as a press of Tab does: some of Qt's controls show focus to the keyboard only
    for (const Workspace s : {Workspace::runs, Workspace::new_run, Workspace::inspect, Workspace::compare, Workspace::evaluate, Workspace::welcome}) {
      if (s == Workspace::welcome) window->close_file();
      else window->show_workspace(s);
      settle(*window);
      QSet<QString> kinds;
      const auto found = window->findChildren<QWidget*>();
      for (const QPointer<QWidget>& w : QList<QPointer<QWidget>>(found.begin(), found.end())) {  // some go while others are looked at
        if (!w || !takes_keyboard(w) || part_of_another(w) || qobject_cast<QScrollArea*>(w) || w->visibleRegion().isEmpty()) continue;
        const QString kind = QString::fromLatin1(w->metaObject()->className()) + w->objectName().section(QLatin1Char(':'), 0, 0);
        if (kinds.contains(kind) || w->size().isEmpty()) continue;
        kinds.insert(kind);
        if (auto* f = QApplication::focusWidget()) f->clearFocus();
        const QImage before = picture_of(w);
        w->setFocus(Qt::TabFocusReason);
        if (!w || !w->hasFocus()) continue;
        ++looked;
        if (auto* edit = qobject_cast<QLineEdit*>(w.data())) edit->deselect(), edit->setCursorPosition(0);
        if (picture_of(w) == before) unseen << QStringLiteral("%1 '%2' (%3)").arg(QLatin1String(w->metaObject()->className()), w->objectName(), named(w));
      }
    }
    unseen.removeDuplicates();
    QVERIFY2(unseen.isEmpty(), qPrintable(QStringLiteral("\n") + unseen.join(QLatin1Char('\n'))));
    QVERIFY(looked > 40);
  }

  /// Help > Keyboard lists every shortcut, and nothing that is none.
  void the_list_of_keys_is_true() {

    const auto window = example_window();
    QTest::keyClick(window.get(), Qt::Key_Slash, Qt::ControlModifier);
    auto* dialog = window->findChild<KeysDialog*>();
    QVERIFY(dialog);
    QHash<QKeySequence, int> listed;
    QSet<QKeySequence> in_menus;
    for (const KeySection& s : dialog->sections())
      for (const KeyLine& l : s.lines) {
        QVERIFY2(!l.what.isEmpty(), qPrintable(s.name));
        for (const QKeySequence& k : l.keys) {
          QVERIFY2(!k.isEmpty(), qPrintable(l.what));
          ++listed[k];
          if (!s.menu) continue;
          QVERIFY2(!in_menus.contains(k), qPrintable(k.toString() + QStringLiteral(" stands for two things")));
          in_menus.insert(k);
        }
      }
    delete dialog;
    // Shortcuts that there are.
    QSet<QKeySequence> real;
    for (const QAction* a : window->findChildren<QAction*>())
      for (const QKeySequence& k : a->shortcuts()) real.insert(k);
    for (const QShortcut* s : window->findChildren<QShortcut*>())
      if (!s->key().isEmpty()) real.insert(s->key());
    for (const QKeySequence& k : real) QVERIFY2(listed.contains(k) || QString(k.toString()).startsWith(QLatin1String("Alt+")), qPrintable(k.toString() + QStringLiteral(" works and is not listed")));
    for (const QKeySequence& k : in_menus) QVERIFY2(real.contains(k), qPrintable(k.toString() + QStringLiteral(" is listed and does nothing")));
    // Keys that views take themselves: pressed on the view that should take them.
    const std::map<QString, std::pair<Workspace, std::function<QList<QWidget*>()>>> views = {
        {QStringLiteral("Run list"), {Workspace::runs, [&] { return QList<QWidget*>{&window->dock().tree()}; }}},
        {QStringLiteral("Charts"), {Workspace::runs, [&] { return QList<QWidget*>{window->findChild<ChartGrid*>()}; }}},
        {QStringLiteral("Film"), {Workspace::runs, [&] { return QList<QWidget*>{window->findChild<FilmPanel*>()}; }}},
        {QStringLiteral("Geometry"), {Workspace::runs, [&] { return QList<QWidget*>{window->findChild<PlaneView*>()}; }}},
        {QStringLiteral("Painted post"), {Workspace::inspect, [&] {
           QList<QWidget*> out;  // the edited text has one too
           for (auto* p : window->inspect().findChildren<PaintedPost*>())
             if (p->accessibleName() == QStringLiteral("Painted post")) out << p;
           return out;
         }}},
        {QStringLiteral("Classes"), {Workspace::inspect, [&] { return QList<QWidget*>{window->inspect().findChild<ClassTable*>()}; }}},
        {QStringLiteral("Words, methods, attention"), {Workspace::inspect, [&] { return QList<QWidget*>{window->inspect().findChild<WordsTable*>()}; }}},
        {QStringLiteral("What if"), {Workspace::inspect, [&] { return QList<QWidget*>{window->inspect().findChild<DeletionPlot*>()}; }}},
        {QStringLiteral("Compare"), {Workspace::compare, [&] { return QList<QWidget*>{window->findChild<OverlapMatrices*>()}; }}}};
    const auto taken = [](QWidget* w, const QKeySequence& k) {
      const auto both = k[0];
      QKeyEvent e(QEvent::KeyPress, both.key(), both.keyboardModifiers());
      QApplication::sendEvent(w, &e);
      return e.isAccepted();
    };
    int pressed = 0;
    for (const KeySection& s : view_keys()) {
      const auto it = views.find(s.name);
      if (it == views.end()) continue;
      window->show_workspace(it->second.first);
      settle(*window);
      for (QWidget* w : it->second.second()) {
        QVERIFY2(w, qPrintable(s.name));
        if (s.name == QStringLiteral("Classes")) qobject_cast<PaintedView*>(w)->move_to(0);
        QSet<QKeySequence> own;
        for (const KeyLine& l : s.lines)
          for (const QKeySequence& k : l.keys) {
            own.insert(k);
            if (real.contains(k)) continue;
            ++pressed;
            if (s.name == QStringLiteral("Classes") && (k == QKeySequence(Qt::Key_T) || k == QKeySequence(Qt::Key_F))) qobject_cast<PaintedView*>(w)->move_to(0);
            QVERIFY2(taken(w, k), qPrintable(s.name + QStringLiteral(": ") + k.toString() + QStringLiteral(" is listed and does nothing")));
          }
        // Letters that it takes and nobody is told of; lists take all, to find what begins with them.
        if (!qobject_cast<QAbstractItemView*>(w))
          for (int c = Qt::Key_A; c <= Qt::Key_Z; ++c)
            if (!own.contains(QKeySequence(c))) QVERIFY2(!taken(w, QKeySequence(c)), qPrintable(s.name + QStringLiteral(": ") + QChar(c) + QStringLiteral(" does something and is not listed")));
      }
    }
    QVERIFY(pressed > 20);
  }

  /// Panels that move from one place to another as a window narrows keep the size of text that a person chose, seen or not.
  void text_keeps_its_size_where_panels_move() {
    const auto window = example_window();
    const auto sizes = [&] {
      QStringList out;
      for (const QWidget* w : window->centralWidget()->findChildren<QWidget*>())
        if (qobject_cast<const QLabel*>(w) || qobject_cast<const ElidedLabel*>(w) || qobject_cast<const PaintedView*>(w)) out << QStringLiteral("%1 %2 '%3': %4").arg(reinterpret_cast<std::uintptr_t>(w)).arg(QLatin1String(w->metaObject()->className()), named(w)).arg(w->font().pixelSize());
      out.sort();
      return out;
    };
    const auto changed = [](const QStringList& a, const QStringList& b) {
      QStringList out;
      for (const QString& line : b)
        if (const QString of = line.left(line.lastIndexOf(QLatin1Char(':'))); !a.contains(line) && std::any_of(a.begin(), a.end(), [&](const QString& l) { return l.startsWith(of + QLatin1Char(':')); })) out << line;
      return out.join(QLatin1Char('\n'));
    };
    const QSize wide = window->size();
    for (const Workspace s : {Workspace::new_run, Workspace::inspect, Workspace::compare}) {
      const auto resize = [&](QSize to) {
        window->resize(to);
        settle(*window);
      };
      window->show_workspace(s);
      resize(wide);
      const QStringList plain = sizes();
      theme_->set_scale(1.25);
      settle(*window);
      const QStringList large = sizes();
      for (const QSize to : {QSize(1024, 640), QSize(820, 640), wide}) {
        resize(to);
        QCOMPARE(changed(large, sizes()), QString());
      }
      theme_->set_scale(1);
      settle(*window);
      QCOMPARE(changed(plain, sizes()), QString());
      resize(QSize(1024, 640));
      resize(wide);
      QCOMPARE(changed(plain, sizes()), QString());
    }
  }

  void text_grows_and_shrinks() {

    const auto window = example_window();
    window->show_workspace(Workspace::inspect);
    settle(*window);
    const auto sizes = [&] {
      std::map<const QWidget*, std::array<int, 5>> out;
      for (const QWidget* w : window->findChildren<QWidget*>()) out[w] = {w->font().pixelSize(), w->minimumHeight(), w->maximumHeight(), w->minimumWidth() == w->maximumWidth() ? w->maximumWidth() : 0, 0};
      return out;
    };
    const auto label = [&]() -> const QWidget* {
      for (const QLabel* l : window->findChildren<QLabel*>())
        if (l->isVisible() && l->testAttribute(Qt::WA_SetFont)) return l;
      return nullptr;
    }();
    QVERIFY(label);
    const auto before = sizes();
    const int height = window->job_bar().height();
    QTest::keyClick(window.get(), Qt::Key_Plus, Qt::ControlModifier);
    QCOMPARE(theme_->scale(), 1.1);
    QTest::keyClick(window.get(), Qt::Key_Equal, Qt::ControlModifier);
    QCOMPARE(theme_->scale(), 1.25);
    QVERIFY2(label->font().pixelSize() > before.at(label)[0], qPrintable(QStringLiteral("%1 '%2' “%3” in %4: %5 px").arg(QLatin1String(label->metaObject()->className()), label->objectName(), qobject_cast<const QLabel*>(label)->text().left(40), QLatin1String(label->parentWidget()->metaObject()->className())).arg(label->font().pixelSize())));
    QVERIFY(window->job_bar().height() > height);
    settle(*window);
    window->grab().save(QString::fromStdString((fs::path(TELLTALE_BINARY_DIR) / "screenshots" / "keyboard-large-inspect.png").string()));
    QTest::keyClick(window.get(), Qt::Key_0, Qt::ControlModifier);
    QCOMPARE(theme_->scale(), 1.0);
    QTest::keyClick(window.get(), Qt::Key_Minus, Qt::ControlModifier);
    QCOMPARE(theme_->scale(), 0.9);
    QTest::keyClick(window.get(), Qt::Key_Minus, Qt::ControlModifier);
    QCOMPARE(theme_->scale(), 0.9);  // the smallest
    for (int i = 0; i < 9; ++i) QTest::keyClick(window.get(), Qt::Key_Plus, Qt::ControlModifier);
    QCOMPARE(theme_->scale(), 1.5);
    QTest::keyClick(window.get(), Qt::Key_0, Qt::ControlModifier);
    settle(*window);
    // Back to where it was: nothing drifts.
    const auto after = sizes();
    const auto parents = [](const QWidget* w) {
      QStringList out;
      while ((w = w->parentWidget())) out << QLatin1String(w->metaObject()->className());
      return out.join(QStringLiteral(" in "));
    };
    QStringList drifted;
    for (const auto& [w, was] : before)  // some are gone by now; the arrows of Qt's own lists have no text
      if (const auto now = after.find(w); now != after.end() && qstrcmp(w->metaObject()->className(), "QComboBoxPrivateScroller") != 0 && now->second[0] != was[0]) drifted << QStringLiteral("%1 '%2%3' of %6: %4 px became %5").arg(QLatin1String(w->metaObject()->className()), named(w), qobject_cast<const QLabel*>(w) ? qobject_cast<const QLabel*>(w)->text().left(40) : QString()).arg(was[0]).arg(now->second[0]).arg(parents(w));
    QVERIFY2(drifted.isEmpty(), qPrintable(drifted.join(QLatin1Char('\n'))));
    for (const Workspace s : workspaces) {
      window->show_workspace(s);
      settle(*window);
      for (const double scale : {1.25, 1.5}) {
        theme_->set_scale(scale);
        QTest::qWait(100);
        const char* const name = s == Workspace::runs ? "runs" : s == Workspace::new_run ? "new-run" : s == Workspace::inspect ? "inspect" : s == Workspace::compare ? "compare" : "evaluate";
        window->grab().save(QString::fromStdString((fs::path(TELLTALE_BINARY_DIR) / "screenshots" / (std::string("keyboard-") + (scale > 1.3 ? "largest-" : "large-") + name + ".png")).string()));
      }
      theme_->set_scale(1);
    }
  }
};

QTEST_MAIN(TestKeyboard)
#include "test_keyboard.moc"
