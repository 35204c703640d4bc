// explain with sampling methods, counterfactual, layers, probe: options, documents, errors, as a person at a shell meets them.
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
  void what_each_layer_would_answer() {
    const Run run = telltale_program({"layers", "--model", model_, "--text", "the puck puck puck", "--positions", "--json"});
    QVERIFY2(run.status == 0, run.err);
    const Json one = run.json();
    QCOMPARE(one["labels"], Json({"yes", "no"}));
    QCOMPARE(one["layers"].size(), 2u);
    QCOMPARE(one["layers"][0]["predicted"], Json("no"));
    QCOMPARE(one["layers"][1]["predicted"], Json("yes"));
    QCOMPARE(one["predicted"], Json("yes"));
    QCOMPARE(one["settled"], Json(1));
    QCOMPARE(one["tokens"].size(), 6u);
    QCOMPARE(one["layers"][0]["positions"].size(), 6u);
    QCOMPARE(one["layers"][0]["positions"][2]["predicted"], Json("yes"));  // the word itself
    const Json predicted = telltale_program({"predict", "--model", model_, "--text", "the puck puck puck", "--json"}).json();
    for (const int c : {0, 1}) QVERIFY(std::abs(one["layers"][1]["logits"][c].get<double>() - predicted["logits"][c].get<double>()) < 1e-5);
    const Run text = telltale_program({"layers", "--model", model_, "--text", "the puck puck puck"});
    QVERIFY2(text.out.contains("embedding  no") && text.out.contains("settled from layer 1 on"), text.out);
    const Run lines = telltale_program({"layers", "--model", model_, "--input", "-"}, "{\"id\": 1, \"text\": \"\"}\nno line\n{\"id\": 3, \"text\": \"?! ;\"}\n");
    QCOMPARE(lines.status, 1);
    QCOMPARE(lines.lines().size(), 3u);
    QCOMPARE(lines.lines()[0]["settled"], Json(0));  // an empty post: "no" all the way
    QVERIFY(lines.lines()[1].contains("error"));
    QCOMPARE(lines.lines()[2]["layers"].size(), 2u);
  }
  void conductance_of_a_layer() {
    const Run run = telltale_program({"explain", "--model", model_, "--text", "team win the puck", "--method", "conductance", "--layer", "0", "--json"});
    QVERIFY2(run.status == 0, run.err);
    QCOMPARE(run.json()["protocol"]["layer"], Json(0));
    QVERIFY(run.json()["relative_delta"].get<double>() <= 0.01);
    // State 0 is what Integrated Gradients integrates over, the planted word is found first.
    const Json plain = telltale_program({"explain", "--model", model_, "--text", "team win the puck", "--json"}).json();
    for (int w = 0; w < 4; ++w) {
      const double score = run.json()["words"][w]["score"].get<double>();
      QVERIFY(std::abs(score - plain["words"][w]["score"].get<double>()) < 1e-3);
      QVERIFY(w == 3 || score < run.json()["words"][3]["score"].get<double>());
    }
  }
  void probes_of_labelled_posts() {
    QByteArray posts;
    const QStringList filler{"goal", "team", "the", "win", "ice", "net", "a"};
    for (int i = 0; i < 60; ++i)
      posts += QString("{\"text\": \"%1 %2%3\", \"label\": \"%4\"}\n").arg(filler[i % 7], filler[(i / 7) % 7], i % 2 ? " puck" : " goal", i % 2 ? "yes" : "no").toUtf8();
    const Run run = telltale_program({"probe", "--model", model_, "--input", "-", "--controls", "3", "--json"}, posts);
    QVERIFY2(run.status == 0, run.err);
    const Json doc = run.json();
    QCOMPARE(doc["classes"], Json({"no", "yes"}));
    QCOMPARE(doc["train"], Json(48));
    QCOMPARE(doc["test"], Json(12));
    QCOMPARE(doc["layers"].size(), 2u);
    QCOMPARE(doc["layers"][0]["accuracy"], Json(0.5));  // the embedding of [CLS] alone
    QCOMPARE(doc["layers"][1]["accuracy"], Json(1.0));
    QVERIFY(doc["layers"][1]["control"].get<double>() < 1);
    QCOMPARE(doc["layers"][1]["lens"], Json(1.0));
    QCOMPARE(doc["protocol"]["pool"], Json("cls"));
    QCOMPARE(telltale_program({"probe", "--model", model_, "--input", "-", "--controls", "3", "--json"}, posts).json()["layers"], doc["layers"]);
    const Run text = telltale_program({"probe", "--model", model_, "--input", "-", "--pool", "mean", "--l2", "0.1"}, posts);
    QVERIFY2(text.status == 0 && text.out.contains("the mean state of all ids") && text.out.contains("embedding     1.000"), text.out + text.err);
    // The split that the file tells; a line without a label is said and the others are done.
    QByteArray split;
    for (int i = 0; i < 20; ++i) split += QString("{\"text\": \"the %1\", \"label\": %2, \"split\": \"%3\"}\n").arg(i % 2 ? "puck" : "goal").arg(i % 2).arg(i < 14 ? "train" : "test").toUtf8();
    const Run told = telltale_program({"probe", "--model", model_, "--input", "-", "--json"}, split + "{\"text\": \"x\"}\n");
    QCOMPARE(told.status, 1);
    QCOMPARE(told.json()["train"], Json(14));
    QCOMPARE(told.json()["test"], Json(6));
    QCOMPARE(told.json()["errors"].size(), 1u);
    QCOMPARE(told.json()["layers"][1]["lens"], Json());  // classes of other names than the model's
    for (const QByteArray& bad : {QByteArray("{\"text\": \"x\", \"label\": \"a\"}\n"), split.left(5 * (split.indexOf('\n') + 1)), QByteArray()}) {
      const Run refused = telltale_program({"probe", "--model", model_, "--input", "-"}, bad);
      QVERIFY(refused.status == 1 || refused.status == 2);
      QVERIFY2(refused.one_line_of_complaint(), refused.err);
    }
  }
  void evaluation_of_pairs_of_methods() {
    const QByteArray posts = "{\"text\": \"team win the puck\"}\n{\"text\": \"the ice puck goal\"}\n{\"text\": \"puck puck a net\"}\n";
    const QStringList call{"evaluate", "--model", model_, "--input", "-", "--methods", "occlusion,lime,random"};
    const Run run = telltale_program(call + QStringList{"--metrics", "kendall,comprehensiveness,feature-agreement@2", "--samples", "9", "--kernel-width", "0.5", "--json"}, posts);
    QVERIFY2(run.status == 0, run.err);
    const Json doc = run.json();
    QCOMPARE(doc["rows"].size(), std::size_t{3});
    QCOMPARE(doc["agreement"].size(), std::size_t{6});
    QCOMPARE(doc["agreement"][0]["metric"], Json("kendall"));
    QCOMPARE(doc["agreement"][0]["a"], Json("occlusion"));
    QCOMPARE(doc["agreement"][0]["b"], Json("lime"));
    QCOMPARE(doc["agreement"][0]["n"], Json(3));
    for (const Json& p : doc["order"]) QVERIFY(p["metric"] == "comprehensiveness" && p["share"] >= 0 && p["share"] <= 1 && p["better"] != p["worse"]);
    QVERIFY(!doc["order"].empty());
    QCOMPARE(doc["protocol"]["methods"][1]["protocol"]["samples"], Json(9));
    QCOMPARE(doc["protocol"]["methods"][1]["protocol"]["kernel_width"], Json(0.5));
    const Run text = telltale_program(call + QStringList{"--metrics", "comprehensiveness,spearman"}, posts);
    QVERIFY2(text.status == 0 && text.out.contains("Agreement of two methods") && text.out.contains("occlusion and lime") && text.out.contains("Order of two methods") && text.out.contains("is better than"), text.out + text.err);
    const Json table = telltale_program({"metrics", "--json"}).json();
    int listed = 0;
    for (const Json& m : table) listed += m["group"] == "agreement";
    QCOMPARE(listed, 9);
    QVERIFY(telltale_program({"metrics"}).out.contains("\nagreement\n  kendall"));
  }
  void options_of_metrics() {
    const QByteArray posts = "{\"text\": \"team win the puck\"}\n{\"text\": \"the ice net goal\"}\n";
    const Run run = telltale_program({"evaluate", "--model", model_, "--input", "-", "--methods", "occlusion", "--metrics", "infidelity,robust-fidelity", "--subsets", "5", "--alpha1", "0.5", "--alpha2", "0.25", "--draws", "3", "--json"}, posts);
    QVERIFY2(run.status == 0, run.err);
    const Json of = run.json()["protocol"]["metrics"];
    QCOMPARE(of["infidelity"]["subsets"], Json(5));
    QCOMPARE(of["robust-fidelity"], Json({{"draws", 3}, {"alpha1", 0.5}, {"alpha2", 0.25}}));
    // A bad line is said once, with its place.
    const Run bad = telltale_program({"evaluate", "--model", model_, "--input", "-", "--methods", "occlusion", "--metrics", "gini"}, posts + "{\"words\": 1}\n");
    QCOMPARE(bad.status, 1);
    QCOMPARE(bad.err.count("standard input line 3"), 1);
  }
  void what_was_cut_and_marked_is_said() {
    QByteArray longer;
    for (int i = 0; i < 200; ++i) longer += "puck ";
    const QByteArray end = QByteArray::number(longer.size());
    const QByteArray posts = "{\"text\": \"team win the puck\", \"spans\": [{\"begin\": 0, \"end\": 8}]}\n{\"text\": \"" + longer + "net\", \"spans\": [{\"begin\": " + end + ", \"end\": " + QByteArray::number(longer.size() + 3) + "}]}\n";
    const QStringList call{"evaluate", "--model", model_, "--input", "-", "--methods", "occlusion", "--metrics", "token-f1,gini", "--json"};
    const Json told = telltale_program(call, posts).json();
    QCOMPARE(told["protocol"]["notes"].size(), std::size_t{2});
    QVERIFY(told["protocol"]["notes"][0].get<std::string>().starts_with("1 of the posts is longer than the length limit"));
    QVERIFY(told["protocol"]["notes"][1].get<std::string>().starts_with("1 of them lost all marked words"));
    QCOMPARE(told["protocol"]["metrics"]["token-f1"]["k"], Json(2));
    const Json given = telltale_program(call + QStringList{"--rationale-k", "1"}, posts).json();
    QCOMPARE(given["protocol"]["metrics"]["token-f1"]["k"], Json(1));
    QVERIFY(given["rows"][0]["mean"].is_number() && given["rows"][0]["mean"].get<double>() <= 2.0 / 3 + 1e-9);  // one of two marked words at most
    const Run empty = telltale_program(call, "{\"text\": \"the puck\", \"spans\": [{\"begin\": 1, \"end\": 1}]}\n");
    QVERIFY2(empty.status == 1 && empty.err.contains("standard input line 1: spans: span [1, 1] is empty"), empty.err);
    QVERIFY(telltale_program({"explain", "--model", model_, "--text", ""}).out.contains("the text has no words to explain"));
  }
  void what_an_option_takes_data() {
    QTest::addColumn<QStringList>("arguments");
    QTest::addColumn<QString>("said");
    QTest::addColumn<int>("status");
    const auto row = [](const char* name, const QStringList& arguments, const char* said) { QTest::newRow(name) << arguments << QString::fromUtf8(said) << 2; };
    const auto warns = [](const char* name, const QStringList& arguments, const char* said) { QTest::newRow(name) << arguments << QStringLiteral("warning: ") + QString::fromUtf8(said) << 0; };
    const QStringList evaluate{"evaluate", "--input", "-", "--methods", "occlusion", "--metrics"}, explain{"explain", "--text", "the puck", "--method"};
    row("tau nan", evaluate + QStringList{"non-sensitivity", "--tau", "nan"}, "--tau: expected a number from 0 to 1, got nan");
    row("complexity nan", evaluate + QStringList{"effective-complexity", "--complexity", "nan"}, "--complexity: expected a number from 1e-12 to 1000000, got nan");
    row("radius inf", evaluate + QStringList{"max-sensitivity", "--radius", "inf"}, "--radius: expected a number from 1e-06 to 1000000, got inf");
    row("threads 0", explain + QStringList{"occlusion", "--threads", "0"}, "--threads: expected a whole number from 1, got 0");
    row("doc 0", QStringList{"explain", "--doc", "0"}, "--doc: expected a whole number from 1, got 0");
    row("noise nan", explain + QStringList{"smoothgrad", "--noise", "nan"}, "--noise: expected a finite number, got nan");
    row("tolerance nan", explain + QStringList{"integrated-gradients", "--tolerance", "nan"}, "--tolerance: expected a number from 0 to 1, got nan");
    row("kernel that weighs nothing", explain + QStringList{"lime", "--kernel-width", "1e-300"}, "kernel width 1e-300: of a text of");
    row("ridge inf", explain + QStringList{"lime", "--ridge", "inf"}, "--ridge: expected a finite number, got inf");
    row("foil without a difference", explain + QStringList{"occlusion", "--foil", "no", "--output", "probability"}, "--foil goes with --output difference");
    row("samples of the variance", explain + QStringList{"vargrad", "--samples", "1"}, "expected at least 2");
    row("evaluate: samples", evaluate + QStringList{"gini", "--samples", "9"}, "--samples: method occlusion does not use it");
    row("evaluate: noise of two", QStringList{"evaluate", "--input", "-", "--methods", "occlusion,lime", "--metrics", "gini", "--noise", "1"}, "--noise: each of occlusion, lime does not use it");
    row("evaluate: baseline", evaluate + QStringList{"gini", "--baseline", "mean"}, "{pad,mask,unk,zero}");
    row("evaluate: one method", evaluate + QStringList{"kendall"}, "at least two");
    row("evaluate: metric", evaluate + QStringList{"beauty"}, "kendall");
    row("evaluate: slices", evaluate + QStringList{"gini", "--slices", "class"}, "no post has one");
    warns("steps of a gradient", explain + QStringList{"saliency-l1", "--steps", "8"}, "--steps: method saliency-l1 does not use it");
    warns("removal of a gradient", explain + QStringList{"saliency-l1", "--removal", "pad"}, "--removal: method saliency-l1 does not use it");
    warns("tolerance of a gradient", explain + QStringList{"saliency-l1", "--tolerance", "0.1"}, "--tolerance: method saliency-l1 does not use it");
    warns("baseline of a gradient", explain + QStringList{"saliency-l1", "--baseline", "mask"}, "--baseline: method saliency-l1 does not use it");
    warns("evaluate: seeds", evaluate + QStringList{"gini", "--seeds", "2"}, "--seeds goes with consistency");
    row("evaluate: k of a metric", evaluate + QStringList{"mass@0"}, "got '0' (see");
    warns("evaluate: k of the marked words", evaluate + QStringList{"gini", "--rationale-k", "2"}, "--rationale-k goes with token-f1");
    warns("evaluate: subsets", evaluate + QStringList{"gini", "--subsets", "2"}, "--subsets goes with infidelity");
  }
  void what_an_option_takes() {
    QFETCH(QStringList, arguments);
    QFETCH(QString, said);
    const Run run = telltale_program(arguments + QStringList{"--model", model_}, "{\"text\": \"the puck\"}\n");
    QFETCH(int, status);
    QVERIFY2(run.status == status && QString::fromUtf8(run.err).contains(said), run.err.constData());
    QVERIFY2(status == 0 || (run.one_line_of_complaint() && run.err.size() < 1100), run.err.constData());
  }
  void a_plan_needs_a_participant() {
    const QStringList plan{"simulate", "--db", "none.telltale", "--plan", "--run", "1"};
    const Run run = telltale_program(plan), reserved = telltale_program(plan + QStringList{"--participant", "any"});
    QVERIFY2(run.status == 2 && run.err.contains("--plan needs --participant NAME"), run.err.constData());
    QVERIFY2(reserved.status == 2 && reserved.err.contains("--participant: 'any' is no name"), reserved.err.constData());
    QVERIFY(telltale_program({"simulate", "--help"}).out.contains("which needs it: the name of the person"));
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
    QTest::newRow("layer out of range") << explain + QStringList{"conductance", "--layer", "1"} << 2;
    QTest::newRow("layer below 0") << explain + QStringList{"conductance", "--layer", "-1"} << 2;
    QTest::newRow("head of conductance") << explain + QStringList{"conductance", "--head", "0"} << 2;
    QTest::newRow("layers of nothing") << QStringList{"layers"} << 2;
    QTest::newRow("layers of a post without a file") << QStringList{"layers", "--doc", "3"} << 2;
    QTest::newRow("probe without posts") << QStringList{"probe"} << 2;
    QTest::newRow("probe of an unknown pool") << QStringList{"probe", "--input", "-", "--pool", "max"} << 2;
    QTest::newRow("probe with a run") << QStringList{"probe", "--db", "x", "--run", "1"} << 2;
    QTest::newRow("probe of data without a file") << QStringList{"probe", "--data", "x"} << 2;
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
