// `telltale export`: every format, and what it says when it cannot.
#include "base/files.hpp"
#include "cli/program.hpp"
#include "report/example.hpp"

using namespace telltale;
namespace fs = std::filesystem;

class TestExportCommand : public QObject {
  Q_OBJECT
  QTemporaryDir dir_;
  QString db_;
  fs::path root_;

  Run run(const QString& format, const QString& out, const QStringList& more = {}) {
    return telltale_program(QStringList{"export", "--db", db_, "--run", "1", "--format", format, "--out", out} + more);
  }

 private Q_SLOTS:
  void initTestCase() {
    root_ = dir_.path().toStdString();
    db_ = dir_.filePath("a.telltale");
    auto store = Store::open(db_.toStdString(), Store::Mode::create);
    test::Example(2).fill(*store);
  }

  void csv() {
    const Run r = run("csv", dir_.filePath("csv"), {"--json"});
    QVERIFY2(r.status == 0, r.err.constData());
    QCOMPARE(r.json()["files"].size(), std::size_t{2});
    const std::string steps = read_file(root_ / "csv/steps.csv");
    QCOMPARE(std::count(steps.begin(), steps.end(), '\n'), 61);
    QVERIFY(steps.rfind("step,epoch,seconds,term.class,", 0) == 0);
    QVERIFY(read_file(root_ / "csv/validations.csv").rfind("step,split,accuracy,macro_f1\n20,test,", 0) == 0);
    QCOMPARE(run("csv", dir_.filePath("one.csv")).status, 0);
    QVERIFY(fs::exists(root_ / "one.csv") && fs::exists(root_ / "one-validations.csv"));
  }

  void tensorboard() {
    QCOMPARE(run("tensorboard", dir_.filePath("tb")).status, 0);
    QCOMPARE(run("tensorboard", dir_.filePath("tb")).status, 0);  // the same file again, not a second one
    const auto files = std::distance(fs::directory_iterator(root_ / "tb"), fs::directory_iterator());
    QCOMPARE(files, std::ptrdiff_t{1});
    QVERIFY(fs::directory_iterator(root_ / "tb")->path().filename().string().rfind("events.out.tfevents.1715263320", 0) == 0);
  }

  void json() {
    QCOMPARE(run("json", dir_.filePath("run.json")).status, 0);
    const Json j = read_json(root_ / "run.json");
    QCOMPARE(j["curve"].size(), std::size_t{60});
    QCOMPARE(j["explanations"].size(), std::size_t{120});
    const Json& e = j["explanations"][0];
    for (const char* key : {"tokens", "words", "method", "target", "output", "value", "baseline_value", "delta", "steps"}) QVERIFY2(e.contains(key), key);
    QVERIFY(e["tokens"][0]["begin"].is_null());
    QCOMPARE(run("json", dir_.filePath("few.json"), {"--limit", "3"}).status, 0);
    QCOMPARE(read_json(root_ / "few.json")["explanations"].size(), std::size_t{3});
    QCOMPARE(run("json", dir_.filePath("none.json"), {"--method", "lime"}).status, 0);
    QCOMPARE(read_json(root_ / "none.json")["explanations"].size(), std::size_t{0});
  }

  void html() {
    QCOMPARE(run("html", dir_.filePath("run.html"), {"--limit", "5"}).status, 0);
    const std::string page = read_file(root_ / "run.html");
    QVERIFY(page.find("<script") == page.npos && page.find("baseball-081") != page.npos && page.find("--limit 0 writes all") != page.npos);
  }

  void failures_are_one_line() {
    struct Case {
      QStringList arguments;
      int status;
      const char* says;
    };
    const QString out = dir_.filePath("x");
    for (const Case& c : {Case{{"--db", db_, "--run", "1", "--format", "hf", "--out", out}, 1, "no final weights"},
                          Case{{"--db", db_, "--run", "9", "--format", "csv", "--out", out}, 2, "9"},
                          Case{{"--db", db_, "--run", "1", "--format", "pdf", "--out", out}, 2, "tensorboard"},
                          Case{{"--db", dir_.filePath("none"), "--run", "1", "--format", "csv", "--out", out}, 1, "none"},
                          Case{{"--db", db_, "--run", "1", "--format", "json", "--out", "/nowhere/at/all"}, 1, "/nowhere"},
                          Case{{"--db", db_, "--run", "1", "--format", "json", "--out", out, "--limit", "-1"}, 2, "--limit"}}) {
      const Run r = telltale_program(QStringList{"export"} + c.arguments);
      QVERIFY2(r.status == c.status && r.one_line_of_complaint() && r.err.contains(c.says), (c.arguments.join(' ').toUtf8() + " → " + r.err).constData());
      QVERIFY(!fs::exists(root_ / "x"));
    }
  }
};

QTEST_GUILESS_MAIN(TestExportCommand)
#include "test_export_command.moc"
