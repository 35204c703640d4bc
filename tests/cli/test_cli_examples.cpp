// telltale examples: documents, text, exit codes, as a person at a shell meets them.
#include <QTemporaryDir>
#include <cmath>

#include "examples/planted_posts.hpp"
#include "program.hpp"

using namespace telltale;
using namespace telltale::test;
namespace fs = std::filesystem;

class TestCliExamples : public QObject {
  Q_OBJECT
  QTemporaryDir dir_;
  QString file_;
  PlantedPosts planted_;
  std::int64_t run_ = 0;

  QStringList call(const QStringList& more) const { return QStringList{"examples", "--db", file_, "--run", QString::number(run_)} + more; }
  QStringList of_post(const QStringList& more) const { return call(QStringList{"--doc", QString::number(planted_.asked)} + more); }

 private Q_SLOTS:
  void initTestCase() {
    configure_compute({"cpu", 1, Precision::fp32});
    const fs::path folder = dir_.path().toStdString();
    file_ = QString::fromStdString((folder / "e.telltale").string());
    const auto store = Store::open(file_.toStdString(), Store::Mode::create);
    planted_ = add_planted_posts(*store);
    run_ = train_planted(*store, make_tiny_model(folder / "model"), planted_.dataset, 6, {"checkpoint_keep=1"}).id;
  }

  void documents() {
    const Run run = telltale_program(of_post({"--method", "nearest", "--top", "3", "--json"}));
    QVERIFY2(run.status == 0, run.err.constData());
    const Json one = run.json();
    QCOMPARE(one["method"], Json("nearest"));
    QCOMPARE(one["document"], Json(planted_.asked));
    QCOMPARE(one["target"], Json("hockey"));
    QCOMPARE(one["posts"], Json(62));
    QCOMPARE(one["for"].size(), 3u);
    QCOMPARE(one["for"][0]["document"], Json(planted_.twin));
    QCOMPARE(one["for"][0]["id"], Json("twin"));
    QCOMPARE(one["for"][0]["label"], Json("hockey"));
    QCOMPARE(one["for"][0]["snippet"], Json("the goalie was out of it in the third period"));
    QVERIFY(std::abs(one["for"][0]["score"].get<double>() - 1) < 1e-6 && std::abs(one["for"][0]["distance"].get<double>()) < 1e-6);
    QCOMPARE(one["against"][0]["document"], Json(planted_.mislabelled));
    QCOMPARE(one["protocol"]["distance"], Json("cosine"));
    QCOMPARE(one["protocol"]["max_length"], Json(32));

    const Json traced = telltale_program(of_post({"--method", "tracin", "--json"})).json();
    QCOMPARE(traced["against"][0]["document"], Json(planted_.mislabelled));
    QVERIFY(traced["checkpoints"].size() >= 2);
    QCOMPARE(traced["checkpoints"].back()["folder"], Json("run-" + std::to_string(run_)));

    const Json full = telltale_program(of_post({"--method", "tracin-full", "--dimensions", "512", "--seed", "3", "--json"})).json();
    QCOMPARE(full["protocol"]["dimensions"], Json(512));
    QCOMPARE(full["protocol"]["seed"], Json(3));
    QVERIFY(full["for"][0]["standard_error"].get<double>() > 0);

    const Json influence = telltale_program(of_post({"--method", "influence", "--class", "gold", "--damping", "0.1", "--json"})).json();
    QCOMPARE(influence["convergence"]["converged"], Json(true));
    QCOMPARE(influence["protocol"]["damping"], Json(0.1));
    QCOMPARE(influence["against"][0]["document"], Json(planted_.mislabelled));
    // Asked for another class, what was against it is for it.
    QCOMPARE(telltale_program(of_post({"--method", "influence", "--class", "autos", "--json"})).json()["for"][0]["document"], Json(planted_.mislabelled));
    const Json short_of_it = telltale_program(of_post({"--method", "influence", "--iterations", "1", "--json"})).json();
    QCOMPARE(short_of_it["convergence"]["converged"], Json(false));
  }

  void for_people() {
    const Run run = telltale_program(of_post({"--method", "tracin", "--top", "2"}));
    QCOMPARE(run.status, 0);
    QVERIFY2(run.out.contains("For hockey") && run.out.contains("Against hockey") && run.out.contains("post " + QByteArray::number(static_cast<qlonglong>(planted_.mislabelled)) + ": the goalie was out") && run.out.contains("checkpoint of step"), run.out.constData());
    QVERIFY(telltale_program(of_post({"--method", "influence", "--iterations", "1"})).out.contains("did NOT converge"));
    const Run list = telltale_program({"examples", "--list", "--json"});
    QCOMPARE(list.status, 0);
    QCOMPARE(list.json().size(), 4u);
    QCOMPARE(list.json()[3]["id"], Json("influence"));
    QVERIFY(telltale_program({"examples", "--help"}).out.contains("tracin-full"));
  }

  void many_texts() {
    const Run run = telltale_program(call({"--method", "nearest", "--top", "1", "--class", "gold", "--input", "-"}),
                                     "{\"id\": \"a\", \"text\": \"a goalie for us\", \"label\": \"hockey\"}\n{\"id\": \"b\", \"text\": \"\", \"label\": \"autos\"}\n{\"id\": \"c\", \"text\": \"an engine\"}\n");
    QCOMPARE(run.status, 1);
    QCOMPARE(run.lines().size(), 3u);
    QCOMPARE(run.lines()[0]["id"], Json("a"));
    QCOMPARE(run.lines()[0]["target"], Json("hockey"));
    QVERIFY(run.lines()[1]["error"].get<std::string>().find("no words") != std::string::npos);
    QVERIFY(run.lines()[2]["error"].get<std::string>().find("no gold class") != std::string::npos);
  }

  void refused_data() {
    QTest::addColumn<QStringList>("arguments");
    QTest::addColumn<int>("status");
    QTest::addColumn<QString>("says");
    QTest::newRow("no file") << QStringList{"examples", "--doc", "1"} << 2 << "--db FILE and --run ID";
    QTest::newRow("no post") << call({}) << 2 << "one of --doc, --text and --input";
    QTest::newRow("two posts") << of_post({"--text", "a"}) << 2 << "one of --doc";
    QTest::newRow("unknown method") << of_post({"--method", "shap"}) << 2 << "one of nearest, tracin, tracin-full, influence";
    QTest::newRow("unknown class") << of_post({"--class", "tennis"}) << 2 << "one of autos, baseball, hockey";
    QTest::newRow("gold of a typed text") << call({"--text", "a goalie", "--class", "gold"}) << 2 << "no gold class";
    QTest::newRow("empty text") << call({"--text", ""}) << 2 << "no words";
    QTest::newRow("unknown distance") << of_post({"--distance", "manhattan"}) << 2 << "cosine, euclidean";
    QTest::newRow("no damping") << of_post({"--method", "influence", "--damping", "0"}) << 2 << "above 0";
    QTest::newRow("dimensions") << of_post({"--method", "tracin-full", "--dimensions", "5"}) << 2 << "expected 16";
    QTest::newRow("no such post") << call({"--doc", "9999"}) << 2 << "9999";
    QTest::newRow("no such run") << QStringList{"examples", "--db", file_, "--run", "77", "--doc", "1"} << 2 << "77";
  }
  void refused() {
    QFETCH(QStringList, arguments);
    QFETCH(int, status);
    QFETCH(QString, says);
    const Run run = telltale_program(arguments);
    QVERIFY2(run.one_line_of_complaint(), run.err.constData());
    QVERIFY2(QString::fromUtf8(run.err).contains(says), run.err.constData());
    QCOMPARE(run.status, status);
  }

  void weights_that_are_gone() {  // last: it takes them away
    const fs::path folder = fs::path(file_.toStdString() + ".d") / ("run-" + std::to_string(run_));
    fs::rename(folder, folder.string() + ".aside");
    const Run run = telltale_program(of_post({}));
    QCOMPARE(run.status, 1);
    QVERIFY2(run.one_line_of_complaint() && run.err.contains("its weights are missing"), run.err.constData());
    fs::rename(folder.string() + ".aside", folder);
  }
};

QTEST_GUILESS_MAIN(TestCliExamples)
#include "test_cli_examples.moc"
