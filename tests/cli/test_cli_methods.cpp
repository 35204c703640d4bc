// explain with sampling methods, counterfactual: options, documents, errors, as a person at a shell meets them.
#include <QTemporaryDir>
#include <cmath>

#include "../attribution/planted_model.hpp"
#include "program.hpp"

using telltale::Json;

class TestCliMethods : public QObject {
  Q_OBJECT
  QTemporaryDir folder_;
  QString model_;

 private Q_SLOTS:
  void initTestCase() { model_ = QString::fromStdString(telltale::test::make_planted_model(std::filesystem::path(folder_.path().toStdString()) / "planted").string()); }

  void sampled_explanations() {
    const QStringList call{"explain", "--model", model_, "--text", "team win the ice net puck goal the a net", "--method", "kernel-shap", "--samples", "100", "--json"};
    const Run run = telltale_program(call);
    QCOMPARE(run.status, 0);
    const Json one = run.json();
    QCOMPARE(one["protocol"]["samples"], Json(100));
    QCOMPARE(one["protocol"]["removal"], Json("baseline"));
    QVERIFY(one["relative_delta"].get<double>() < 1e-6);
    for (const Json& w : one["words"]) QVERIFY(w["standard_error"].get<double>() >= 0);
    QVERIFY(!one["tokens"][1].contains("standard_error"));
    QCOMPARE(telltale_program(call).json()["words"], one["words"]);
    QVERIFY(telltale_program(call + QStringList{"--seed", "1"}).json()["words"] != one["words"]);
    const Json all = telltale_program({"explain", "--model", model_, "--text", "team win puck", "--method", "lime", "--samples", "all", "--unit", "piece", "--ridge", "0.5", "--kernel-width", "0.3", "--json"}).json();
    QCOMPARE(all["protocol"]["samples"], Json("all"));
    QCOMPARE(all["protocol"]["ridge"], Json(0.5));
    QCOMPARE(all["tokens"][1]["standard_error"], Json(0.0));
    QVERIFY(!all["words"][0].contains("standard_error"));
  }
  void counterfactuals() {
    const Run run = telltale_program({"counterfactual", "--model", model_, "--text", "team win the puck", "--json"});
    QCOMPARE(run.status, 0);
    const Json one = run.json();
    QCOMPARE(one["turned"], Json(true));
    QCOMPARE(one["swaps"].size(), 1u);
    QCOMPARE(one["swaps"][0]["from"], Json("puck"));
    QCOMPARE(one["swaps"][0]["begin"], Json(13));
    QCOMPARE(one["before"]["predicted"], Json("yes"));
    QCOMPARE(one["after"]["predicted"], Json("no"));
    QCOMPARE(one["moved"]["words"], Json(1));
    QCOMPARE(one["moved"]["share"], Json(0.25));
    const Run text = telltale_program({"counterfactual", "--model", model_, "--text", "team win the puck", "--foil", "no"});
    QVERIFY2(text.out.startsWith("team win the [-puck-]{+"), text.out.constData());
    const Run lines = telltale_program({"counterfactual", "--model", model_, "--input", "-"}, "{\"id\": 1, \"text\": \"the puck\"}\n{\"id\": 2, \"text\": \"?\"}\n");
    QCOMPARE(lines.status, 1);
    QCOMPARE(lines.lines().size(), 2u);
    QCOMPARE(lines.lines()[0]["turned"], Json(true));
    QVERIFY(lines.lines()[1].contains("error"));
  }
  void bad_usage_data() {
    QTest::addColumn<QStringList>("arguments");
    QTest::addColumn<int>("status");
    const QStringList explain{"explain", "--text", "the puck", "--method"}, counter{"counterfactual", "--text", "the puck"};
    QTest::newRow("samples of a method without") << explain + QStringList{"occlusion", "--samples", "3"} << 2;
    QTest::newRow("samples 0") << explain + QStringList{"lime", "--samples", "0"} << 2;
    QTest::newRow("samples x") << explain + QStringList{"lime", "--samples", "many"} << 2;
    QTest::newRow("window of a method without") << explain + QStringList{"lime", "--window", "2"} << 2;
    QTest::newRow("window 0") << explain + QStringList{"occlusion", "--window", "0"} << 2;
    QTest::newRow("ridge of a method without") << explain + QStringList{"rise", "--ridge", "1"} << 2;
    QTest::newRow("unknown method") << explain + QStringList{"leave-one-out"} << 2;
    QTest::newRow("foil that is predicted") << counter + QStringList{"--foil", "yes"} << 2;
    QTest::newRow("unknown foil") << counter + QStringList{"--foil", "maybe"} << 2;
    QTest::newRow("class words of a folder") << counter + QStringList{"--candidates", "class-words"} << 2;
    QTest::newRow("a text without words") << QStringList{"counterfactual", "--text", "!"} << 2;
  }
  void bad_usage() {
    QFETCH(QStringList, arguments);
    QFETCH(int, status);
    const Run run = telltale_program(arguments + QStringList{"--model", model_});
    QCOMPARE(run.status, status);
    QVERIFY2(run.one_line_of_complaint(), run.err.constData());
  }
};

QTEST_GUILESS_MAIN(TestCliMethods)
#include "test_cli_methods.moc"
