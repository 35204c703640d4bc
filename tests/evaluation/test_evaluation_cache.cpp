// What an evaluation keeps: nothing is computed twice, a stop loses no finished post, other settings share nothing, and
// what is stored reads back without the model.
#include <QTemporaryDir>
#include <QtTest>
#include <cmath>
#include <set>

#include "close.hpp"
#include "evaluation/agreement.hpp"
#include "evaluation/reading.hpp"
#include "widgets/tiny_model.hpp"

using namespace telltale;

namespace {

/// A file with 80 test posts of three classes and finished runs of tiny models.
struct File {
  QTemporaryDir folder;
  std::unique_ptr<Store> store;
  explicit File(int runs = 1) {
    const std::filesystem::path at = folder.path().toStdString();
    store = Store::open(at / "t.telltale", Store::Mode::create);
    const auto dataset = test::add_tiny_posts(*store, 12, 80);
    const auto base = test::make_tiny_model(at / "model");
    for (int k = 0; k < runs; ++k) {
      const auto model = Classifier::load(base, {.threads = 1}, dataset.classes, static_cast<std::uint64_t>(k + 1));
      RunRecord run;
      run.name = "run " + std::to_string(k);
      run.preset = "baseline";
      run.dataset = dataset.id;
      run.status = RunStatus::finished;
      run.settings = {{"max_length", 32}};
      run.metrics = {{"accuracy", 0.5}};
      run.fingerprint = model->fingerprint();
      run.id = store->add_run(run);
      run = store->run(run.id);
      run.folder = "run-" + std::to_string(run.id);
      std::filesystem::create_directories(store->folder());
      model->save(store->folder() / run.folder);
      store->update_run(run);
    }
  }
};

EvaluationOptions small() {
  EvaluationOptions o;
  o.methods = {"gradient-x-input", "occlusion", random_method};
  o.metrics = {"comprehensiveness", "deletion-auc", "gini", "overlap@5"};
  o.resamples = 100;
  o.compute.threads = 1;
  return o;
}

std::int64_t computed(const Json& doc) { return doc["work"]["values"]["computed"].get<std::int64_t>(); }
std::int64_t stored(const Json& doc) { return doc["work"]["values"]["stored"].get<std::int64_t>(); }
double mean_in(const Json& doc, const std::string& method, const std::string& metric) {
  for (const Json& r : doc["rows"])
    if (r["method"] == method && r["metric"] == metric) return r["mean"].get<double>();
  return NAN;
}

}  // namespace

class TestEvaluationCache : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void a_second_call_computes_nothing() {
    File f;
    const Json first = evaluate_run(*f.store, 1, small());
    QCOMPARE(computed(first), std::int64_t{3 * 3 * 80 + 3});
    QCOMPARE(stored(first), std::int64_t{0});
    std::set<std::string> told;
    const Json second = evaluate_run(*f.store, 1, small(), {}, [&](const Progress& p) { told.insert(p.what); });
    QCOMPARE(computed(second), std::int64_t{0});
    QCOMPARE(second["work"]["explanations"]["computed"], Json(0));
    QVERIFY2(told.empty(), told.empty() ? "" : told.begin()->c_str());
    QVERIFY(second["rows"] == first["rows"]);
    // Another connection, as another program has it.
    const auto again = Store::open(f.store->file(), Store::Mode::write);
    QCOMPARE(computed(evaluate_run(*again, 1, small())), std::int64_t{0});
    QCOMPARE(again->evaluations().size(), std::size_t{1});
  }

  void a_stop_keeps_finished_posts() {
    File whole, cut;
    const Json expected = evaluate_run(*whole.store, 1, small());
    std::stop_source stop;
    bool cancelled = false;
    try {
      evaluate_run(*cut.store, 1, small(), stop.get_token(), [&](const Progress& p) {
        if (p.done >= 32 && p.what == "judging explanations") stop.request_stop();
      });
    } catch (const Cancelled&) {
      cancelled = true;
    }
    QVERIFY(cancelled);
    const Json rest = evaluate_run(*cut.store, 1, small());
    QCOMPARE(stored(rest), std::int64_t{9 * 32});
    QCOMPARE(computed(rest), std::int64_t{9 * 48 + 3});
    for (const auto& m : small().methods)
      for (const auto& k : small().metrics)
        CLOSE_BY(mean_in(rest, m, k), mean_in(expected, m, k), 1e-5);  // texts are packed with others: float32
  }

  void more_methods_metrics_and_posts_go_on_from_what_is_there() {
    File f;
    EvaluationOptions o = small();
    o.limit = 40;
    evaluate_run(*f.store, 1, o);
    o.methods.push_back("saliency-l2");
    QCOMPARE(computed(evaluate_run(*f.store, 1, o)), std::int64_t{3 * 40 + 1});
    o.metrics.push_back("sufficiency");
    QCOMPARE(computed(evaluate_run(*f.store, 1, o)), std::int64_t{4 * 40});
    o.limit = 60;  // the same draw, longer; class pairs are of a whole sample
    const Json longer = evaluate_run(*f.store, 1, o);
    QCOMPARE(computed(longer), std::int64_t{4 * 4 * 20 + 4});
    QCOMPARE(longer["work"]["explanations"]["computed"].get<std::int64_t>() > 0, true);
  }

  void other_settings_share_nothing_data() {
    QTest::addColumn<int>("which");
    QTest::addColumn<int>("values");  // of 4 metrics × 12 posts that must be new
    const std::pair<const char*, int> rows[] = {{"k", 12},      {"removal", 24}, {"seed", 48},
                                                {"sign", 48},   {"unit", 48},    {"class", 48},
                                                {"output", 48}, {"length", 48},  {"baseline", 24}};
    int i = 0;
    for (const auto& [name, values] : rows) QTest::newRow(name) << i++ << values;
  }
  void other_settings_share_nothing() {
    QFETCH(int, which);
    QFETCH(int, values);
    File f;
    EvaluationOptions o = small();
    o.methods = {"gradient-x-input"};
    o.metrics = {"comprehensiveness", "deletion-auc", "gini", "entropy"};
    o.limit = 12;
    QCOMPARE(computed(evaluate_run(*f.store, 1, o)), std::int64_t{48});
    switch (which) {
      case 0:
        o.judge.k = parse_top_k("3");
        break;
      case 1:
        o.judge.removal = Removal::mask;
        break;
      case 2:
        o.judge.seed = 5;
        break;
      case 3:
        o.judge.absolute = true;
        break;
      case 4:
        o.unit = Unit::piece;
        break;
      case 5:
        o.gold = true;
        break;
      case 6:
        o.explain.output = Output::logit;
        break;
      case 7:
        o.max_length = 10;
        break;
      case 8:
        o.explain.baseline = Baseline::mask;
        break;
    }
    QCOMPARE(computed(evaluate_run(*f.store, 1, o)), static_cast<std::int64_t>(values));
    // And back: the first values are still there.
    EvaluationOptions back = small();
    back.methods = {"gradient-x-input"}, back.metrics = o.metrics, back.limit = 12;
    QCOMPARE(computed(evaluate_run(*f.store, 1, back)), std::int64_t{0});
  }

  void two_models_share_nothing() {
    File f(2);
    evaluate_run(*f.store, 1, small());
    QCOMPARE(stored(evaluate_run(*f.store, 2, small())), std::int64_t{0});
    // With its run go its values, and only those.
    f.store->remove_run(1);
    QCOMPARE(f.store->evaluations().size(), std::size_t{1});
    QCOMPARE(computed(evaluate_run(*f.store, 2, small())), std::int64_t{0});
  }

  void posts_left_out_are_not_asked_again() {
    File f;
    EvaluationOptions o = small();
    o.metrics = {"comprehensiveness"};
    o.explain.output = Output::difference;
    o.gold = true;
    o.foil = "hockey";
    const Json first = evaluate_run(*f.store, 1, o);
    bool asked = false;
    const Json second = evaluate_run(*f.store, 1, o, {}, [&](const Progress&) { asked = true; });
    QVERIFY(!asked);
    QCOMPARE(computed(second), std::int64_t{0});
    QVERIFY(second["rows"] == first["rows"]);
    QVERIFY(second["protocol"]["notes"] == first["protocol"]["notes"] && first["protocol"]["notes"].size() == 1);
    QVERIFY(first["rows"][0]["n"].get<int>() < 80);
    o.foil = "2";  // the same class by its number
    QCOMPARE(computed(evaluate_run(*f.store, 1, o)), std::int64_t{0});
  }

  void what_is_stored_reads_back() {
    File f;
    EvaluationOptions o = small();
    o.methods.push_back("saliency-l2");
    const Json doc = evaluate_run(*f.store, 1, o);
    const Json settings = f.store->evaluations().at(0).protocol;
    const EvaluationOptions same = settings_from(settings);
    QVERIFY(settings_json(same, "posts", Precision::fp32) == settings);
    o.compute.precision = Precision::fp32;
    QVERIFY(settings_for_run(*f.store, 1, o, 512, Precision::fp32) == settings);
    auto ids = o.metrics;
    ids.push_back("entropy");  // not computed
    const EvaluationReading r = read_evaluation(*f.store, 1, settings, o.methods, ids);
    QCOMPARE(r.documents.size(), std::size_t{80});
    QCOMPARE(r.judged, std::size_t{80});
    for (const Json& row : doc["rows"]) {
      const EvaluatedCell* cell = r.cell(row["method"], row["metric"]);
      QVERIFY(cell);
      CLOSE_BY(cell->mean.value, row["mean"].get<double>(), 1e-12);
      CLOSE_BY(cell->mean.low, row["low"].get<double>(), 1e-12);
      CLOSE_BY(cell->mean.high, row["high"].get<double>(), 1e-12);
      QCOMPARE(Json(cell->n), row["n"]);
    }
    QVERIFY(!r.cell("occlusion", "entropy"));
    QCOMPARE(r.cell("occlusion", "overlap@5")->pairs.size(), std::size_t{3});
    // The mean curve has the mean area, but for its coarser grid.
    const EvaluatedCell& curve = *r.cell("occlusion", "deletion-auc");
    QCOMPARE(curve.curve.size(), curve_points);
    std::vector<double> points;
    for (const Interval& p : curve.curve) points.push_back(p.value);
    CLOSE_BY(area_under(points), curve.mean.value, 0.01);
    QVERIFY(curve.curve[3].low < curve.curve[3].value && curve.curve[3].value < curve.curve[3].high);
    // An earlier reading is taken over, and is right to be.
    const EvaluationReading later = read_evaluation(*f.store, 1, settings, o.methods, ids, {}, &r);
    QCOMPARE(later.cell("occlusion", "gini")->mean.low, r.cell("occlusion", "gini")->mean.low);
    QVERIFY(differing_settings(settings, settings).empty());
    o.judge.k = parse_top_k("10");
    QCOMPARE(differing_settings(settings, settings_for_run(*f.store, 1, o, 512, Precision::fp32)),
             std::vector<std::string>{"k"});
    QVERIFY_EXCEPTION_THROWN(settings_from({{"k", "20%"}}), std::runtime_error);

    const MethodAgreement a = read_agreement(*f.store, r, o.methods, "kendall");
    QCOMPARE(a.n[0][1], std::int64_t{80});
    QVERIFY(a.values[0][1].value >
            a.values[0][2].value);  // gradient × input and occlusion agree more than with the control
    QVERIFY(std::abs(a.values[1][2].value) < 0.2);
    QCOMPARE(a.values[0][1].value, a.values[1][0].value);
    const MethodAgreement top = read_agreement(*f.store, r, o.methods, "feature-agreement@k");
    QVERIFY(top.values[0][1].value >= 0 && top.values[0][1].value <= 1);
  }

  void pairs_of_methods() {
    File f;
    EvaluationOptions o = small();
    o.metrics = {"gini", "comprehensiveness"};
    o.agreement = {"kendall", "feature-agreement@3"};
    o.order = true;
    const Json first = evaluate_run(*f.store, 1, o);
    QCOMPARE(first["agreement"].size(), std::size_t{6});
    const EvaluationReading r = read_evaluation(*f.store, 1, settings_for_run(*f.store, 1, o, 512, Precision::fp32), o.methods, o.metrics);
    const MethodAgreement stored = read_agreement(*f.store, r, o.methods, "kendall"), top = read_agreement(*f.store, r, o.methods, "feature-agreement@3");
    std::size_t row = 0;
    for (const auto* expected : {&stored, &top})
      for (std::size_t a = 0; a < 3; ++a)
        for (std::size_t b = a + 1; b < 3; ++b, ++row) {
          const Json& g = first["agreement"][row];
          QCOMPARE(g["a"], Json(o.methods[a]));
          QCOMPARE(g["b"], Json(o.methods[b]));
          CLOSE(g["mean"].get<double>(), expected->values[a][b].value);
          QCOMPARE(g["n"].get<std::int64_t>(), expected->n[a][b]);
          QVERIFY(g["low"] < g["mean"] && g["mean"] < g["high"]);
        }
    // The order: that of the means, by comprehensiveness alone (of a Gini index neither way is better).
    QCOMPARE(first["order"].size(), std::size_t{3});
    for (const Json& p : first["order"]) {
      QCOMPARE(p["metric"], Json("comprehensiveness"));
      QVERIFY(mean_in(first, p["better"], p["metric"]) > mean_in(first, p["worse"], p["metric"]));
      QVERIFY(p["share"] > 0.3 && p["share"] <= 1);
      QCOMPARE(p["n"], Json(80));
    }
    // From what is stored, the same; without a metric too; without a file too.
    const Json again = evaluate_run(*f.store, 1, o);
    QCOMPARE(computed(again), std::int64_t{0});
    QCOMPARE(again["work"]["explanations"]["computed"], Json(0));
    QCOMPARE(again["agreement"], first["agreement"]);
    o.metrics.clear();
    QCOMPARE(evaluate_run(*f.store, 1, o)["agreement"], first["agreement"]);
    o.methods = {"occlusion"};
    QVERIFY_EXCEPTION_THROWN(evaluate_run(*f.store, 1, o), std::invalid_argument);
  }

  void options_of_methods_are_in_the_settings() {
    File f;
    EvaluationOptions o = small();
    o.methods = {"lime", "smoothgrad"};
    o.metrics = {"gini"};
    o.limit = 10;
    o.explain.samples = 60, o.explain.draws = 3, o.explain.noise = 0.5, o.explain.kernel_width = 0.5, o.explain.ridge = 2;
    o.explain.window = 2, o.explain.layer = 1, o.explain.head = 0, o.explain.neighbours = 7, o.explain.aggregation = Aggregation::mean;
    const Json doc = evaluate_run(*f.store, 1, o), settings = settings_for_run(*f.store, 1, o, 512, Precision::fp32);
    QCOMPARE(doc["protocol"]["methods"][0]["protocol"]["kernel_width"], Json(0.5));
    QCOMPARE(doc["protocol"]["methods"][1]["protocol"]["draws"], Json(3));
    for (const char* key : {"window", "layer", "head", "kernel_width", "ridge", "noise", "draws", "neighbours", "aggregation"}) QVERIFY2(settings.contains(key), key);
    QCOMPARE(settings_json(settings_from(settings), settings["dataset"], Precision::fp32), settings);
    const EvaluationReading r = read_evaluation(*f.store, 1, settings, o.methods, o.metrics);
    for (const auto& method : o.methods) CLOSE(r.cell(method, "gini")->mean.value, mean_in(doc, method, "gini"));
    // What the first version stored has none of them.
    for (const char* key : {"window", "noise", "draws", "kernel_width", "aggregation"}) QVERIFY(!settings_for_run(*f.store, 1, small(), 512, Precision::fp32).contains(key));
    o.explain.noise = 1;
    QVERIFY(computed(evaluate_run(*f.store, 1, o)) == 10);
    o.explain.baseline = Baseline::mean;
    QVERIFY_EXCEPTION_THROWN(evaluate_run(*f.store, 1, o), std::invalid_argument);
  }

  void agreements_by_hand() {
    const std::vector<double> a = {5, 4, -3, 1}, b = {4, 5, -3, -1};
    const TopK two{2, false}, three{3, false};
    CLOSE(agreement("feature-agreement@k", a, b, two), 1);
    CLOSE(agreement("rank-agreement@k", a, b, two), 0);
    CLOSE(agreement("sign-agreement@k", a, b, three), 2.0 / 3);  // a: 0 1 3, b: 1 0 3; word 3 has another sign
    CLOSE(agreement("signed-rank-agreement@k", a, b, three), 0);
    CLOSE(agreement("rank-agreement@k", a, b, three), 1.0 / 3);  // word 3 is third in both
    CLOSE(agreement("rank-correlation@k", a, b, three), 0.5);    // ranks 3 2 1 and 2 3 1
    CLOSE(agreement("kendall", a, b, two), kendall_tau_b(a, b));
    CLOSE(agreement("rank-agreement@3", a, b, two), 1.0 / 3);
    CLOSE(agreement("rank-correlation", a, b, three), 0.5);
    // By size a is 5 4 3 1, b 4 5 3 1: words 0 1 2 and 1 0 2.
    CLOSE(agreement("rank-agreement@k", a, b, three, true), 1.0 / 3);
    CLOSE(agreement("sign-agreement@k", a, b, three, true), 1);
    CLOSE(agreement("kendall", a, b, three, true), 4.0 / 6);
    CLOSE(agreement("cosine", a, b, three, true), agreement("cosine", a, b, three));
    QVERIFY(is_agreement("feature-agreement@5") && !is_agreement("gini") && !is_agreement("kendall@5"));
    QVERIFY(std::isnan(agreement("feature-agreement@k", {}, {}, two)));
    QVERIFY_EXCEPTION_THROWN(agreement("harmony", a, b, two), std::invalid_argument);
    QVERIFY_EXCEPTION_THROWN(agreement("kendall", a, std::vector<double>{1}, two), std::invalid_argument);
  }

  void places_and_their_stability() {
    Rng rng(3);
    std::vector<std::vector<double>> values(4);
    for (int i = 0; i < 60; ++i) {
      const double x = rng.normal();
      values[0].push_back(1 + x);
      values[1].push_back(x);                              // a clear step below the first, post by post
      values[2].push_back(1 + x + (i % 2 ? 0.5 : -0.46));  // 0.02 better, which 60 posts cannot tell
      values[3].push_back(NAN);
    }
    const BootstrapOptions options{400, 1};
    auto s = standings({values[0], values[1], values[2]}, false, options);
    QVERIFY(s[0] == Standing::tied && s[1] == Standing::plain && s[2] == Standing::tied);
    s = standings({values[0], values[1], values[3]}, false, options);
    QVERIFY(s[0] == Standing::best && s[1] == Standing::plain && s[2] == Standing::plain);
    s = standings({values[0], values[1]}, true, options);
    QVERIFY(s[0] == Standing::plain && s[1] == Standing::best);
    s = standings({values[0], values[2]}, false, options);  // nobody can be told from anybody: no mark
    QVERIFY(s[0] == Standing::plain && s[1] == Standing::plain);
    const auto first_posts = [&](std::size_t n) {  // of four posts nothing is called best, however the resamples of these four fall
      std::vector<std::vector<double>> out;
      for (const int m : {0, 1}) out.emplace_back(values[m].begin(), values[m].begin() + static_cast<std::ptrdiff_t>(n));
      return out;
    };
    QVERIFY(standings(first_posts(4), false, options)[0] == Standing::plain && standings(first_posts(8), false, options)[0] == Standing::best);
    const auto stays = order_stability(values, options);
    QCOMPARE(stays[0][1], 1.0);
    QVERIFY2(stays[0][2] > 0.4 && stays[0][2] < 1, qPrintable(QString::number(stays[0][2])));
    QVERIFY(std::isnan(stays[0][3]) && stays[2][2] == 1 && stays[1][0] == stays[0][1]);
    const Interval gap = group_difference(values[1], values[0], options);
    CLOSE(gap.value, 1);
    QVERIFY(gap.low < 1 && gap.high > 1 && clear_difference(gap));
    QVERIFY(!clear_difference(group_difference(values[0], values[2], options)));
    QVERIFY(group_difference(values[0], values[3], options).kind == Interval::Kind::none);
  }

  void measures_of_the_store() {
    File f;
    Store& s = *f.store;
    QVERIFY(!s.find_measure("model", {{"measure", "x"}}));
    const auto id = s.add_measure("model", {{"measure", "x"}});
    QCOMPARE(s.add_measure("model", {{"measure", "x"}}), id);
    QVERIFY(s.add_measure("other", {{"measure", "x"}}) != id && s.add_measure("model", {{"measure", "y"}}) != id);
    s.add_measure_values({{id, 1, 2, -1, 0, 0.25, {1, 0.5f, -0.25f}}, {id, 2, 0, -1, 0, NAN, {}}});
    s.add_measure_values({{id, 2, 1, 0, 2, 0.75, {}}});  // replaced
    const auto values = s.measure_values(id, true);
    QCOMPARE(values.size(), std::size_t{2});
    QCOMPARE(values[0].curve, (std::vector<float>{1, 0.5f, -0.25f}));
    QCOMPARE(values[0].target, 2);
    QCOMPARE(values[1].value, 0.75);
    QCOMPARE(values[1].predicted, 2);
    QVERIFY(s.measure_values(id)[0].curve.empty());
    QVERIFY(!s.measure_result(id));
    s.set_measure_result(id, {{"mean", 1}});
    QCOMPARE(s.measure_result(id)->at("mean"), Json(1));
    const auto first = s.add_evaluation("model", {{"k", 1}});
    QCOMPARE(s.add_evaluation("model", {{"k", 1}}), first);
    QCOMPARE(s.evaluations("model").size(), std::size_t{1});
    QCOMPARE(s.evaluations("nobody").size(), std::size_t{0});
    QVERIFY_EXCEPTION_THROWN(s.add_measure_values({{id, 999999, 0, 0, 0, 1, {}}}), std::runtime_error);  // no such post
  }
};

QTEST_GUILESS_MAIN(TestEvaluationCache)
#include "test_evaluation_cache.moc"
