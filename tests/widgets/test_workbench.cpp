// The window: what it shows of a file, pictures of both views, errors. Pictures go to BUILD/screenshots for people to look at.
#include <QAbstractItemModelTester>
#include <QApplication>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QMimeData>
#include <QProcess>
#include <QPushButton>
#include <QToolButton>
#include <QtTest>
#include <cmath>
#include <set>

#include "app/workbench/main_window.hpp"
#include "base/files.hpp"
#include "report/example.hpp"
#include "widgets/compare/compare_view.hpp"
#include "widgets/compare/compared_post.hpp"
#include "widgets/compare/comparison_parts.hpp"
#include "widgets/geometry/geometry_panel.hpp"
#include "widgets/inspect/class_table.hpp"
#include "widgets/inspect/inspect_view.hpp"
#include "widgets/inspect/post_list.hpp"
#include "widgets/inspect/posts_panel.hpp"
#include "widgets/inspect/words_table.hpp"
#include "widgets/painted_post.hpp"
#include "widgets/post_parts.hpp"
#include "widgets/row_list.hpp"

using namespace telltale;
using namespace telltale::ui;
namespace fs = std::filesystem;

namespace {

struct Ran {
  int status = -1;
  QString out, err;
};

Ran workbench(const QStringList& arguments) {
  QProcess p;
  QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
  environment.insert(QStringLiteral("QT_QPA_PLATFORM"), QStringLiteral("offscreen"));
  p.setProcessEnvironment(environment);
  p.start(QStringLiteral(TELLTALE_WORKBENCH), arguments);
  if (!p.waitForFinished(60'000) || p.exitStatus() != QProcess::NormalExit) return {};
  QStringList lines;
  for (const QString& line : QString::fromUtf8(p.readAllStandardError()).split(QLatin1Char('\n'), Qt::SkipEmptyParts))
    if (!line.startsWith(QStringLiteral("QStandardPaths"))) lines << line;  // Qt's own, where there is no XDG_RUNTIME_DIR
  return {p.exitCode(), QString::fromUtf8(p.readAllStandardOutput()), lines.join(QLatin1Char('\n'))};
}

std::size_t count_colour(const QImage& image, Rgb colour, int tolerance = 0) {
  std::size_t n = 0;
  for (int y = 0; y < image.height(); ++y) {
    const auto* line = reinterpret_cast<const QRgb*>(image.constScanLine(y));
    for (int x = 0; x < image.width(); ++x)
      n += std::abs(qRed(line[x]) - colour.r) <= tolerance && std::abs(qGreen(line[x]) - colour.g) <= tolerance && std::abs(qBlue(line[x]) - colour.b) <= tolerance;
  }
  return n;
}

Document find(Store& store, const std::string& id) { return store.document(*store.find_document(store.datasets().at(0).id, id)); }

}  // namespace

class TestWorkbench : public QObject {
  Q_OBJECT
  QTemporaryDir dir_;
  QString file_;
  fs::path screenshots_;
  std::vector<std::int64_t> runs_;
  std::int64_t doc_ = 0;
  std::unique_ptr<Theme> theme_;

 private Q_SLOTS:
  void initTestCase() {
    file_ = dir_.filePath(QStringLiteral("example.telltale"));
    auto store = Store::open(file_.toStdString(), Store::Mode::create);
    runs_ = test::Example(2).fill(*store);
    RunRecord alone = store->run(runs_[0]);
    alone.name = "in no comparison";
    QCOMPARE(store->add_run(alone), std::int64_t{3});
    doc_ = find(*store, "baseball-082").id;
    screenshots_ = fs::path(TELLTALE_BINARY_DIR) / "screenshots";
    fs::create_directories(screenshots_);
    theme_ = std::make_unique<Theme>(Theme::Mode::light);
    theme_->apply(*qApp);
  }

  void pictures_data() {
    QTest::addColumn<QString>("workspace");
    QTest::addColumn<QString>("theme");
    QTest::addColumn<QString>("size");
    QTest::addColumn<double>("scale");
    for (const char* workspace : {"inspect", "compare", "welcome"})
      for (const char* theme : {"light", "dark"})
        for (const auto& [size, scale] : {std::pair{"1440x900", 1.0}, {"1024x640", 2.0}})
          QTest::newRow(qPrintable(QStringLiteral("%1-%2-%3").arg(QLatin1String(workspace), QLatin1String(theme), QLatin1String(size)))) << QString::fromLatin1(workspace) << QString::fromLatin1(theme) << QString::fromLatin1(size) << scale;
  }

  void pictures() {
    QFETCH(QString, workspace);
    QFETCH(QString, theme);
    QFETCH(QString, size);
    QFETCH(double, scale);
    const QString out = QString::fromStdString((screenshots_ / (QStringLiteral("%1-%2-%3.png").arg(workspace, theme, size)).toStdString()).string());
    QFile::remove(out);
    QStringList arguments{QStringLiteral("--grab"), out, QStringLiteral("--workspace"), workspace, QStringLiteral("--theme"), theme, QStringLiteral("--size"), size, QStringLiteral("--scale"), QString::number(scale)};
    if (workspace != QStringLiteral("welcome")) arguments.prepend(file_);
    if (workspace == QStringLiteral("inspect")) arguments << QStringLiteral("--doc") << QString::number(doc_) << QStringLiteral("--run") << QString::number(runs_[1]);
    if (workspace == QStringLiteral("compare")) arguments << QStringLiteral("--run") << QStringLiteral("%1,%2").arg(runs_[0]).arg(runs_[1]);
    const Ran ran = workbench(arguments);
    QCOMPARE(ran.err, QString());
    QCOMPARE(ran.status, 0);
    QImage image = QImage(out).convertToFormat(QImage::Format_RGB32);
    const QStringList wh = size.split(QLatin1Char('x'));
    QCOMPARE(image.size(), QSize(wh[0].toInt(), wh[1].toInt()) * scale);
    const Palette& colours = theme == QStringLiteral("dark") ? telltale::theme().dark : telltale::theme().light;
    const auto pixels = static_cast<std::size_t>(image.width()) * static_cast<std::size_t>(image.height());
    QVERIFY2(count_colour(image, colours["panel"]) + count_colour(image, colours["window"]) > pixels / 3, "not the grounds of this theme");
    QVERIFY2(count_colour(image, colours["text"], 12) > pixels / 2000, "no text");
    if (workspace == QStringLiteral("welcome")) return;
    // The ends of both arms are there (the legend), strong words are painted, bars are drawn.
    QVERIFY(count_colour(image, colours.for_target.stops().back(), 3) > 40);
    QVERIFY(count_colour(image, colours.against_target.stops().back(), 3) > 20);
    QVERIFY(count_colour(image, colours.for_stroke) > 300 && count_colour(image, colours.against_stroke) > 100);
    if (workspace == QStringLiteral("compare")) {
      QVERIFY(count_colour(image, colours.series_colour(0)) > 50 && count_colour(image, colours.series_colour(1)) > 50);
      if (size == QStringLiteral("1440x900"))  // in a small window the matrices are a page of their own
        QVERIFY2(count_colour(image, colours.amount.colour(0.5), 3) + count_colour(image, colours.amount.colour(0.4), 3) > 500, "no overlap cells");
    }
  }

  void errors_are_one_line_and_not_zero_data() {
    QTest::addColumn<QStringList>("arguments");
    QTest::addColumn<int>("status");
    QTest::addColumn<QString>("says");
    const QString out = dir_.filePath(QStringLiteral("x.png"));
    const auto row = [&](const char* name, QStringList arguments, int status, const char* says) { QTest::newRow(name) << arguments << status << QString::fromLatin1(says); };
    row("no such file", {dir_.filePath(QStringLiteral("none.telltale")), "--grab", out}, 1, "none.telltale");
    const QString junk = dir_.filePath(QStringLiteral("junk.telltale"));
    write_file_atomically(junk.toStdString(), "this is no database, only some text that goes on for a while\n");
    row("no telltale file", {junk, "--grab", out}, 1, "junk.telltale");
    row("evaluate, no run", {file_, "--grab", out, "--workspace", "evaluate", "--run", "99"}, 2, "99");
    row("runs, no run", {file_, "--grab", out, "--workspace", "runs", "--run", "99"}, 2, "99");
    row("unknown workspace", {file_, "--grab", out, "--workspace", "nonsense"}, 2, "inspect");
    row("scale", {file_, "--grab", out, "--scale", "nan"}, 2, "scale");
    row("unknown theme", {file_, "--grab", out, "--theme", "pink"}, 2, "light");
    row("size", {file_, "--grab", out, "--size", "10x10"}, 2, "800x560");
    row("huge", {file_, "--grab", out, "--size", "99999x99999"}, 2, "8192");
    row("odd size", {file_, "--grab", out, "--size", "1440x900x3"}, 2, "--size");
    row("scale", {file_, "--grab", out, "--scale", "1000"}, 2, "scale");
    row("no png", {file_, "--grab", dir_.filePath(QStringLiteral("x.jpg"))}, 2, ".png");
    row("no place", {file_, "--grab", dir_.filePath(QStringLiteral("nowhere/x.png"))}, 1, "cannot be written");
    row("no run", {file_, "--grab", out, "--run", "99"}, 2, "99");
    row("no post", {file_, "--grab", out, "--doc", "999999"}, 2, "999999");
    row("two runs", {file_, "--grab", out, "--run", "1,2"}, 2, "one run");
    row("no comparison", {file_, "--grab", out, "--workspace", "compare", "--run", "3,1"}, 2, "the button in Compare makes it");
    row("post not painted", {file_, "--grab", out, "--workspace", "compare", "--doc", "1"}, 2, "painted");
    row("no file", {"--grab", out, "--workspace", "inspect"}, 2, "needs a FILE");
    row("unknown option", {"--frobnicate"}, 2, "--help");
  }

  void errors_are_one_line_and_not_zero() {
    QFETCH(QStringList, arguments);
    QFETCH(int, status);
    QFETCH(QString, says);
    const Ran ran = workbench(arguments);
    QVERIFY2(ran.err.contains(says), qPrintable(ran.err));
    QVERIFY2(ran.err.startsWith(QStringLiteral("telltale-workbench: ")) && !ran.err.contains(QLatin1Char('\n')), qPrintable(ran.err));
    QCOMPARE(ran.out, QString());
    QCOMPARE(ran.status, status);
  }

  void help_and_version() {
    QCOMPARE(workbench({QStringLiteral("--help")}).status, 0);
    QVERIFY(workbench({QStringLiteral("--help")}).out.contains(QStringLiteral("--grab")));
    QCOMPARE(workbench({QStringLiteral("--version")}).status, 0);
  }

  void a_person_looks_around() {
    MainWindow window(*theme_);
    window.resize(1440, 900);
    window.show();
    QVERIFY(QTest::qWaitForWindowExposed(&window));
    window.open(file_.toStdString());
    window.show_workspace(Workspace::inspect);
    auto& inspect = window.inspect();
    QVERIFY(inspect.shows_post());
    auto* posts = inspect.findChild<PostList*>();
    QVERIFY(posts);
    QVERIFY(QTest::qWaitFor([&] { return inspect.settled(); }, 10'000));
    QCOMPARE(posts->count(), 600);  // every post of the data set, explained or not
    QAbstractItemModelTester tester(posts->model(), QAbstractItemModelTester::FailureReportingMode::QtTest);
    // Search, and a search without result.
    auto* search = inspect.findChild<PostsPanel*>()->search_field();
    QTest::keyClicks(search, QStringLiteral("shortstop"));
    QVERIFY(QTest::qWaitFor([&] { return posts->count() > 0 && posts->count() < 600; }, 5000));
    search->setText(QStringLiteral("\"zzzz (AND* OR \"\" NEAR"));
    QVERIFY(QTest::qWaitFor([&] { return posts->count() == 0; }, 5000));
    bool said = false;
    for (QLabel* l : inspect.findChildren<QLabel*>()) said = said || (l->isVisible() && l->text().contains(QStringLiteral("No posts match")));
    QVERIFY(said);
    search->clear();
    QVERIFY(QTest::qWaitFor([&] { return posts->count() == 600; }, 5000));
    // Next and previous.
    const auto first = posts->chosen_id();
    QTest::keyClick(&window, Qt::Key_Down, Qt::AltModifier);
    QVERIFY(posts->chosen_id() != first);
    QTest::keyClick(&window, Qt::Key_Up, Qt::AltModifier);
    QCOMPARE(posts->chosen_id(), first);
    // The same word is ringed in the post, the strip and the table; the keyboard walks the words.
    PaintedPost* post = nullptr;
    for (auto* p : inspect.findChildren<PaintedPost*>())
      if (p->accessibleName() == QStringLiteral("Painted post")) post = p;
    QVERIFY(post);
    auto* strip = inspect.findChild<OrderStrip*>();
    auto* words = inspect.findChild<WordsTable*>();
    post->setFocus();
    QTest::keyClick(post, Qt::Key_Right);
    QCOMPARE(post->ring(), 0);
    QCOMPARE(strip->ring(), 0);
    QCOMPARE(words->ring(), 0);
    QVERIFY(post->accessibleDescription().contains(QStringLiteral("rank")));
    QTest::keyClick(post, Qt::Key_End);
    QVERIFY(post->ring() > 10 && strip->ring() == post->ring());
    QTest::keyClick(post, Qt::Key_Escape);
    QCOMPARE(strip->ring(), -1);
    // Compare, dark, small, and back.
    QTest::keyClick(&window, Qt::Key_3, Qt::ControlModifier);
    QVERIFY(window.compare().isVisible() && window.compare().shows_comparison());
    auto* matrices = window.findChild<OverlapMatrices*>();
    matrices->setFocus();
    QTest::keyClick(matrices, Qt::Key_Home);
    QVERIFY(matrices->pair_text(matrices->ring()).contains(QStringLiteral("overlap")));
    theme_->set_mode(Theme::Mode::dark);
    window.resize(1024, 640);
    QTest::qWait(50);
    const QImage dark = window.grab().toImage().convertToFormat(QImage::Format_RGB32);
    QVERIFY(count_colour(dark, telltale::theme().light["panel"]) < 200);
    theme_->set_mode(Theme::Mode::light);
    QTest::keyClick(&window, Qt::Key_2, Qt::ControlModifier);
    QVERIFY(inspect.isVisible());
    bool narrow = false;
    for (QComboBox* c : inspect.findChildren<QComboBox*>()) narrow = narrow || (c->isVisible() && c->accessibleName() == QStringLiteral("Run"));
    QVERIFY(narrow);
    // Every button says what it does.
    for (QAbstractButton* b : window.findChildren<QAbstractButton*>())
      if (b->isVisible()) QVERIFY2(!b->accessibleName().isEmpty() || b->text().size() > 1, qPrintable(b->objectName()));
    window.close_file();
    QVERIFY(!window.inspect().isVisible());
  }

  void a_bad_file_leaves_the_open_one() {
    MainWindow window(*theme_);
    window.open(file_.toStdString());
    bool thrown = false;
    try {
      window.open((dir_.path() + QStringLiteral("/none.telltale")).toStdString());
    } catch (const std::exception&) {
      thrown = true;
    }
    QVERIFY(thrown && window.inspect().shows_post());
  }

  void dropping_a_file_opens_it() {
    MainWindow window(*theme_);
    window.show();
    QMimeData data;
    data.setUrls({QUrl::fromLocalFile(file_)});
    QDragEnterEvent enter(QPoint(10, 10), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(&window, &enter);
    QVERIFY(enter.isAccepted());
    QDropEvent drop(QPointF(10, 10), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(&window, &drop);
    QVERIFY(window.inspect().shows_post());
  }

  void empty_files_say_what_to_do() {
    const QString empty = dir_.filePath(QStringLiteral("empty.telltale"));
    (void)Store::open(empty.toStdString(), Store::Mode::create);
    MainWindow window(*theme_);
    window.show();
    window.open(empty.toStdString());
    const auto says = [&](const QString& what) {
      for (QLabel* l : window.findChildren<QLabel*>())
        if (l->isVisible() && l->text().contains(what)) return true;
      return false;
    };
    QVERIFY(says(QStringLiteral("No runs yet")));
    const auto sentences = [&](QWidget& view) {
      int n = 0;
      for (QLabel* l : view.findChildren<QLabel*>()) n += l->isVisible() && l->text().size() > 20;
      return n;
    };
    window.show_workspace(Workspace::inspect);
    QVERIFY(sentences(window.inspect()) > 0);
    window.show_workspace(Workspace::compare);
    QVERIFY(sentences(window.compare()) > 0);
    // What the perturbation does to words can be looked at without a run.
    window.show_workspace(Workspace::runs);
    QPushButton* explore = nullptr;
    for (auto* b : window.findChildren<QPushButton*>())
      if (b->isVisible() && b->text() == QStringLiteral("Perturbation geometry")) explore = b;
    QVERIFY(explore);
    explore->click();
    auto* geometry = window.findChild<GeometryPanel*>();
    QVERIFY(geometry && geometry->isVisible());
    for (const char* theme : {"light", "dark"}) {
      theme_->set_mode(theme[0] == 'd' ? Theme::Mode::dark : Theme::Mode::light);
      QTest::qWait(50);
      QVERIFY(window.grab().save(QStringLiteral(TELLTALE_BINARY_DIR "/screenshots/geometry-without-a-run-%1.png").arg(QLatin1String(theme))));
    }
    theme_->set_mode(Theme::Mode::light);
    QTest::keyClick(&window, Qt::Key_Escape);
    QVERIFY(explore->isVisible());
    QVERIFY(!geometry->isVisible());
  }

  void odd_posts_are_painted() {
    // NUL, bytes that are no UTF-8, one endless word, right-to-left, 1 MiB: every one is laid out, none hangs.
    std::string endless(20'000, 'w'), big;
    while (big.size() < (1u << 20)) big += "some words and more\n";
    for (const std::string& text : {std::string("a\0b \xff\xfe", 7), endless, std::string("שלום עולם مرحبا 👩‍👩‍👧 \u202e abc"), big, std::string(), std::string("\n\n\n"), std::string("> q\n>\n> r\n\nown")}) {
      ExplanationRecord r;
      r.words = {{0, 1}, {2, 9}, {1, 5000}, {3, 99'999'999}}, r.word_scores = {1, NAN, -2, 3}, r.ids = {1}, r.offsets = {{}}, r.scores = {0.5};
      const auto post = std::make_shared<const PostContent>(r, text, "x", 0, std::vector<std::string>{"a"});
      PaintedPost view(*theme_);
      view.resize(400, 300);
      view.set_post(post);
      QVERIFY(!view.grab().isNull());
      OrderStrip strip(*theme_);
      strip.resize(400, 60);
      strip.set_post(post);
      WordsTable words(*theme_);
      words.resize(300, 300);
      words.set_post(post);
      ClassTable bars(*theme_);
      bars.resize(300, 100);
      bars.set_post(post);
      QVERIFY(!strip.grab().isNull() && !words.grab().isNull());
    }
  }

  void odd_comparisons_are_drawn() {
    const Json good = test::Example(2).comparison();
    std::vector<Json> documents = {Json(), Json::object(), Json("x"), {{"runs", Json::array({1, "x"})}, {"contrasts", {{{"a", 5}, {"b", -1}}}}}};
    for (const auto& [key, value] : good.items()) {
      Json without = good;
      without.erase(key);
      documents.push_back(without);
      without[key] = "odd";
      documents.push_back(without);
    }
    documents.push_back(test::Example(1).comparison());
    {  // one through the store, the others straight
      const QString copy = dir_.filePath(QStringLiteral("odd.telltale"));
      QVERIFY(QFile::copy(file_, copy));
      auto store = Store::open(copy.toStdString(), Store::Mode::write);
      for (const Json& d : documents) {
        ComparisonRecord record;
        record.result = d, record.runs = {runs_[0]}, record.protocol = Json::object();
        store->add_comparison(record);
      }
      store.reset();
      Session session(copy.toStdString());
      CompareView view(*theme_);
      view.resize(1200, 700);
      view.set_session(&session);
      const auto heads = session.store().comparison_heads();
      QCOMPARE(heads.size(), documents.size() + 1);
      for (const auto& head : heads) {
        view.show_stored(head.id);
        QVERIFY(!view.grab().isNull());
      }
    }
    for (const Json& d : documents) {
      const ComparisonView v(d);
      OverlapMatrices a(*theme_);
      WordsChanged b(*theme_);
      SplitTable c(*theme_);
      ComparedPost post(*theme_);
      for (QWidget* w : std::initializer_list<QWidget*>{&a, &b, &c, &post}) w->resize(420, 300);
      a.set_comparison(&v), b.set_comparison(&v), c.set_comparison(&v);
      if (const Json& posts = get(d, "posts"); posts.is_array() && !posts.empty() && !v.runs.empty()) post.set_post(painted_of(v, posts[0]));
      QVERIFY(!a.grab().isNull() && !b.grab().isNull() && !c.grab().isNull() && !post.grab().isNull());
    }
  }

  void text_of_a_word_keeps_its_contrast_in_the_picture() {
    // Every cell of the painted post: its ground is the scale's colour of its score, and the text in it keeps 4.5:1.
    for (const auto mode : {Theme::Mode::light, Theme::Mode::dark}) {
      theme_->set_mode(mode);
      ExplanationRecord r;
      std::string text;
      for (int i = 0; i < 41; ++i) {
        r.words.push_back({static_cast<std::int64_t>(text.size()), static_cast<std::int64_t>(text.size()) + 2});
        r.word_scores.push_back((i - 20) / 20.0);
        text += "MM ";
      }
      r.ids = {1}, r.offsets = {{}}, r.scores = {0};
      PaintedPost view(*theme_);
      view.resize(1600, 60);
      view.set_gamma(1);
      view.set_post(std::make_shared<const PostContent>(r, text, "x", 0, std::vector<std::string>{"a"}));
      const QImage image = view.grab().toImage().convertToFormat(QImage::Format_RGB32);
      const double domain = score_domain(r.word_scores);
      for (const double s : r.word_scores) {
        const Cell cell = theme_->colours().heat(s, domain);
        if (s == 0) continue;
        QVERIFY2(count_colour(image, cell.ground) > 20, qPrintable(QString::number(s)));
        QVERIFY(contrast(cell.ground, cell.ink) >= 4.5);
      }
    }
    theme_->set_mode(Theme::Mode::light);
  }

  void ctrl_q_quits_with_0() {
    MainWindow window(*theme_);
    window.show();
    window.activateWindow();
    QVERIFY(QTest::qWaitForWindowActive(&window));
    QTimer::singleShot(0, &window, [&] { QTest::keyClick(&window, Qt::Key_Q, Qt::ControlModifier); });
    QTimer::singleShot(20'000, qApp, [] { QCoreApplication::exit(7); });
    QCOMPARE(QApplication::exec(), 0);
  }
};

QTEST_MAIN(TestWorkbench)
#include "test_workbench.moc"
