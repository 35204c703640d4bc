#include <set>
#include <stdexcept>

#include "close.hpp"
#include "attribution/explain.hpp"
#include "evaluation/comparison_data.hpp"
#include "evaluation/explained.hpp"
#include "evaluation/evaluation.hpp"
#include "store_with_runs.hpp"

using namespace telltale;

namespace {

ComparisonOptions options_for(std::vector<std::int64_t> runs) {
  ComparisonOptions o;
  o.runs = std::move(runs);
  o.top = 5;
  o.resamples = 200;
  o.explain.steps = 4;
  o.compute.threads = 1;
  return o;
}

std::set<std::string> keys(const Json& object) {
  std::set<std::string> out;
  for (const auto& [key, value] : object.items()) out.insert(key);
  return out;
}

const Json& row_of(const Json& rows, const std::string& metric, const std::string& method) {
  for (const Json& r : rows)
    if (r["metric"] == metric && r["method"] == method) return r;
  throw std::runtime_error("no row " + metric + " " + method);
}

#define FAILS_WITH(call, type, part)                                                                                  \
  do {                                                                                                                \
    QString said = QStringLiteral("nothing thrown");                                                                  \
    try {                                                                                                             \
      call;                                                                                                           \
    } catch (const type& e) {                                                                                         \
      said = QString::fromUtf8(e.what());                                                                             \
    }                                                                                                                 \
    QVERIFY2(said.contains(QLatin1String(part)) && !said.contains(QLatin1Char('\n')), qPrintable(said));              \
  } while (false)

}  // namespace

class TestComparison : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void the_document() {
    TELLTALE_NEEDS_SHARED(shared);
    StoreWithRuns s(shared);
    std::vector<std::string> work;
    const Json doc = compare_runs(*s.store, options_for({1, 2}), {}, [&](const Progress& p) {
      if (work.empty() || work.back() != p.what) work.push_back(p.what);
    });
    const std::set<std::string> expected{"protocol", "classes", "runs", "contrasts", "judged", "pairs", "means", "matrices", "lists", "words", "accuracy", "calibration", "references", "hide", "seeds", "posts", "seconds"};
    QVERIFY(keys(doc) == expected);
    QVERIFY(std::any_of(work.begin(), work.end(), [](const std::string& w) { return w.starts_with("explaining: run 2") || w.starts_with("explaining run 2"); }));

    // The control joins; the given pair is the first contrast, the control's the one to lead with.
    QCOMPARE(doc["runs"].size(), std::size_t{3});
    QCOMPARE(doc["runs"][2]["run"], Json(3));
    QCOMPARE(doc["runs"][2]["added"], Json(true));
    QCOMPARE(doc["runs"][1]["control"], Json(2));
    QCOMPARE(doc["contrasts"], Json::parse(R"([{"a":0,"b":1,"why":"given"},{"a":2,"b":1,"why":"control"},{"a":0,"b":2,"why":"first"}])"));
    QCOMPARE(doc["judged"], Json(1));

    // In the loss: the PAD path, of run 2 alone; occlusion by delete and gradient × input are judges.
    QCOMPARE(doc["protocol"]["methods"][0]["in_loss"], Json::parse("[false,true,false]"));
    QCOMPARE(doc["protocol"]["methods"][1]["in_loss"], Json::parse("[false,false,false]"));
    QCOMPARE(doc["protocol"]["methods"][1]["protocol"]["removal"], Json("delete"));
    QCOMPARE(doc["protocol"]["judge"], Json("occlusion"));
    QCOMPARE(doc["protocol"]["posts"], Json(20));
    QCOMPARE(doc["runs"][1]["in_loss"], Json::parse(R"(["integrated-gradients"])"));

    // 3 methods × 6 pairs × 4 metrics, and class-cosine of occlusion and gradient × input.
    QCOMPARE(doc["pairs"].size(), std::size_t{3 * 6 * 4 + 2 * 6});
    QCOMPARE(doc["means"].size(), std::size_t{3 * 4 + 2});
    for (const Json& row : doc["pairs"]) {
      for (const char* key : {"a", "b", "metric", "method", "in_loss", "values", "difference", "low", "high"}) QVERIFY2(row.contains(key), key);
      QCOMPARE(row["values"].size(), std::size_t{3});
      QCOMPARE(row["differences"].size(), std::size_t{3});
      QCOMPARE(row["in_loss"].get<bool>(), row["method"] == "integrated-gradients");
      if (row["difference"].is_number()) CLOSE(row["difference"].get<double>(), row["values"][1].get<double>() - row["values"][0].get<double>());
      QCOMPARE(row["difference"], row["differences"][0]["difference"]);
      for (const Json& v : row["values"])
        if (v.is_number()) QVERIFY(v.get<double>() >= -1e-12 && v.get<double>() <= 1 + 1e-12);
    }
    const Json& cosine = row_of(doc["means"], "class-cosine", "gradient-x-input");
    QCOMPARE(cosine["better"], Json("low"));
    QCOMPARE(row_of(doc["means"], "telling-share@5", "occlusion")["better"], Json("high"));

    // Empty posts count for accuracy, not for words.
    QCOMPARE(doc["accuracy"]["n"], Json(20));
    const Json& m = doc["accuracy"]["mcnemar"];
    QCOMPARE(m["both"].get<int>() + m["only_a"].get<int>() + m["only_b"].get<int>() + m["neither"].get<int>(), 20);
    CLOSE(doc["accuracy"]["difference"].get<double>(), (m["only_b"].get<double>() - m["only_a"].get<double>()) / 20);
    CLOSE(doc["calibration"]["runs"][0]["accuracy"].get<double>(), doc["accuracy"]["runs"][0]["accuracy"].get<double>());
    QCOMPARE(doc["calibration"]["runs"][0]["bins"].size(), std::size_t{15});
    QVERIFY(row_of(doc["pairs"], "specificity", "occlusion")["n"].get<int>() <= 8);

    QCOMPARE(doc["hide"]["rows"].size(), std::size_t{5});
    QCOMPARE(doc["hide"]["rows"][0]["words"], Json("none"));
    CLOSE(doc["hide"]["rows"][0]["accuracy"][1].get<double>(), doc["accuracy"]["runs"][1]["accuracy"].get<double>());
    QCOMPARE(doc["hide"]["parted"].size(), std::size_t{3});
    QVERIFY(keys(doc["references"]) == (std::set<std::string>{"bag-of-words", "uniform"}));
    for (const Json& r : doc["references"]["uniform"]["means"])
      if (r["metric"] == "class-cosine") CLOSE(r["value"].get<double>(), 1);

    QCOMPARE(doc["words"]["method"], Json("occlusion"));
    QCOMPARE(doc["words"]["all"].size(), std::size_t{9});
    for (const Json& w : doc["words"]["gained"]) QVERIFY(w["difference"].get<double>() > 0 && w["posts"].get<int>() >= 2);
    for (const Json& w : doc["words"]["lost"]) QVERIFY(w["difference"].get<double>() < 0);
    for (const Json& l : doc["lists"])
      for (const Json& w : l["words"]) QVERIFY(w["word"] != "The" && w["word"] != "Road");  // lower-cased

    QCOMPARE(doc["posts"].size(), std::size_t{12});
    for (const Json& post : doc["posts"]) {
      std::int64_t at = 0;
      for (const Json& w : post["words"]) {
        QVERIFY(w["begin"].get<std::int64_t>() >= at && w["end"].get<std::int64_t>() <= static_cast<std::int64_t>(post["text"].get<std::string>().size()));
        at = w["end"].get<std::int64_t>();
        QCOMPARE(w["scores"].size(), std::size_t{3});
      }
    }
    QCOMPARE(doc["matrices"].size(), std::size_t{6});
    const Json& matrix = doc["matrices"][0]["runs"][0]["values"];
    QCOMPARE(matrix.size(), std::size_t{4});
    QVERIFY(matrix[2][2].is_null());
    QCOMPARE(matrix[1][3], matrix[3][1]);

    const auto stored = s.store->comparisons();
    QCOMPARE(stored.size(), std::size_t{1});
    QCOMPARE(stored[0].runs, (std::vector<std::int64_t>{1, 2, 3}));
    QCOMPARE(stored[0].result["means"], doc["means"]);
  }

  void stored_explanations_are_used_again() {
    TELLTALE_NEEDS_SHARED(shared);
    StoreWithRuns s(shared);
    auto options = options_for({1, 2});
    const Json first = compare_runs(*s.store, options), second = compare_runs(*s.store, options);
    for (const Json& m : first["protocol"]["methods"]) QVERIFY(m["computed"].get<int>() > 0 && m["stored"] == 0);
    for (const Json& m : second["protocol"]["methods"]) QVERIFY(m["stored"].get<int>() > 0 && m["computed"] == 0);
    for (const char* key : {"pairs", "means", "words", "accuracy", "hide", "posts", "references", "calibration"}) QVERIFY2(first[key] == second[key], key);
    options.explain.steps = 5;  // another protocol: not the stored ones
    const Json third = compare_runs(*s.store, options);
    QVERIFY(third["protocol"]["methods"][0]["computed"].get<int>() > 0);
    QCOMPARE(third["protocol"]["methods"][1]["computed"], Json(0));
  }

  /// A score in bf16 is not one in fp32: each precision finds its own, and automatic takes what holds its accuracy.
  void precisions_are_kept_apart() {
    TELLTALE_NEEDS_SHARED(shared);
    StoreWithRuns s(shared);
    const auto load = [&](Precision precision) { return Classifier::load(s.store->folder() / "run-1", {"cpu", 1, precision}); };
    const auto fp32 = load(Precision::fp32), bf16 = load(Precision::bf16), fp64 = load(Precision::fp64), automatic = load(Precision::automatic);
    const bool mixed = bf16->explanation_precision() == Precision::mixed;  // this machine multiplies bf16: asked for it or for automatic, explanations take mixed products
    QVERIFY(mixed || bf16->explanation_precision() == Precision::bf16);
    QCOMPARE(automatic->explanation_precision(), mixed ? Precision::mixed : Precision::fp32);
    QCOMPARE(bf16->prediction_precision(), Precision::bf16);
    QCOMPARE(fp64->explanation_precision(), Precision::fp64);
    QCOMPARE(bf16->fingerprint(), fp32->fingerprint());
    const auto posts = s.store->documents({.dataset = s.dataset, .split = "test"});
    std::vector<Encoding> encodings;
    for (const Document& d : posts) encodings.push_back(fp32->tokenizer().encode(d.text, 32));
    std::vector<ExplainRequest> requests;
    for (std::size_t i = 0; i < posts.size(); ++i) requests.push_back({posts[i].id, &encodings[i], 0, -1});
    ExplainOptions options;
    options.steps = 4;
    options.output = Output::logit;
    const auto n = static_cast<std::int64_t>(posts.size());
    const auto ask = [&](const Classifier& model) { return explained(s.store.get(), 1, model, requests, options); };
    const auto in_bf16 = ask(*bf16);
    QCOMPARE(in_bf16.computed, n);
    QCOMPARE(ask(*bf16).stored, n);
    QCOMPARE(ask(*automatic).stored, mixed ? n : 0);
    const auto in_fp32 = ask(*fp32);
    QCOMPARE(in_fp32.stored, mixed ? 0 : n);
    QCOMPARE(ask(*fp64).computed, n);
    bool differ = false;
    for (std::size_t i = 0; i < posts.size(); ++i) differ = differ || in_fp32.posts[i].scores != in_bf16.posts[i].scores;
    QVERIFY(differ);
    std::set<std::string> seen;
    for (const auto& e : s.store->explanations(1, "integrated-gradients", posts[0].id)) seen.insert(e.protocol["precision"]);
    QVERIFY((seen == std::set<std::string>{"fp32", mixed ? "mixed" : "bf16", "fp64"}));
    options.method = "occlusion";
    QCOMPARE(ask(*bf16).computed, n);
    QCOMPARE(ask(*automatic).stored, mixed ? n : 0);
    QCOMPARE(ask(*fp32).computed, mixed ? n : 0);
    QCOMPARE(ask(*automatic).stored, n);  // what fp32 left serves, too
  }

  void one_run_sampled_and_without_controls() {
    TELLTALE_NEEDS_SHARED(shared);
    StoreWithRuns s(shared);
    auto options = options_for({2});
    options.add_controls = false;
    options.limit = 8;
    options.methods = {"gradient-x-input"};
    options.cosine = {"none"};
    options.stop_words = {"the", "."};
    const Json doc = compare_runs(*s.store, options);
    QCOMPARE(doc["runs"].size(), std::size_t{1});
    QVERIFY(doc["contrasts"].empty() && doc["judged"].is_null());
    QCOMPARE(doc["protocol"]["posts"], Json(8));
    for (const auto& [name, n] : doc["protocol"]["posts_by_class"].items()) QCOMPARE(n, Json(2));
    QCOMPARE(doc["means"].size(), std::size_t{4});
    QVERIFY(doc["means"][0]["difference"].is_null());
    QVERIFY(doc["accuracy"]["mcnemar"].is_null());
    for (const Json& l : doc["lists"])
      for (const Json& w : l["words"]) QVERIFY(w["word"] != "the" && w["word"] != ".");
    bool said = false;
    for (const Json& n : doc["protocol"]["notes"]) said = said || n.get<std::string>().find("no finished control") != std::string::npos;
    QVERIFY(said);
    options.add_controls = true;  // of one warm-started run: the difference to its control
    const Json with = compare_runs(*s.store, options);
    QCOMPARE(with["contrasts"], Json::parse(R"([{"a":1,"b":0,"why":"control"}])"));
  }

  void seeds_are_grouped() {
    TELLTALE_NEEDS_SHARED(shared);
    StoreWithRuns s(shared);
    const auto other = s.add_run(shared, "baseline, seed 6", "baseline", {}, 9, 0);
    auto run = s.store->run(other);
    run.settings["seed"] = 6;
    s.store->update_run(run);
    auto options = options_for({1, other});
    options.methods = {"gradient-x-input"};
    const Json doc = compare_runs(*s.store, options);
    QCOMPARE(doc["seeds"].size(), std::size_t{1});
    const Json& group = doc["seeds"][0];
    QCOMPARE(group["seeds"], Json::parse("[5,6]"));
    QCOMPARE(group["rows"][0]["metric"], Json("accuracy"));
    CLOSE(group["rows"][0]["mean"].get<double>(), (group["rows"][0]["values"][0].get<double>() + group["rows"][0]["values"][1].get<double>()) / 2);
  }

  void what_is_refused() {
    TELLTALE_NEEDS_SHARED(shared);
    StoreWithRuns s(shared);
    FAILS_WITH(compare_runs(*s.store, options_for({})), std::invalid_argument, "at least one");
    FAILS_WITH(compare_runs(*s.store, options_for({1, 1})), std::invalid_argument, "twice");
    FAILS_WITH(compare_runs(*s.store, options_for({1, 99})), std::invalid_argument, "99");
    auto o = options_for({1, 2});
    o.methods = {"tea-leaves"};
    FAILS_WITH(compare_runs(*s.store, o), std::invalid_argument, "integrated-gradients");
    o = options_for({1, 2});
    o.split = "valid";
    FAILS_WITH(compare_runs(*s.store, o), std::invalid_argument, "valid");
    o = options_for({1, 2});
    o.top = 0;
    FAILS_WITH(compare_runs(*s.store, o), std::invalid_argument, "top");
    auto run = s.store->run(2);
    run.status = RunStatus::failed;
    s.store->update_run(run);
    FAILS_WITH(compare_runs(*s.store, options_for({1, 2})), std::runtime_error, "failed");
    QVERIFY(s.store->comparisons().empty());

    std::stop_source stop;
    stop.request_stop();
    bool cancelled = false;
    try {
      compare_runs(*s.store, options_for({1, 3}), stop.get_token());
    } catch (const Cancelled&) {
      cancelled = true;
    }
    QVERIFY(cancelled);
  }

  void stopped_work_is_kept() {
    TELLTALE_NEEDS_SHARED(shared);
    StoreWithRuns s(shared);
    std::stop_source stop;
    auto o = options_for({1});
    o.methods = {"occlusion", "gradient-x-input"};
    o.cosine = {"none"};
    try {
      compare_runs(*s.store, o, stop.get_token(), [&](const Progress& p) {
        if (p.what.find("Gradient") != std::string::npos) stop.request_stop();
      });
      QFAIL("not stopped");
    } catch (const Cancelled&) {
    }
    const Json doc = compare_runs(*s.store, o);
    QCOMPARE(doc["protocol"]["methods"][0]["computed"], Json(0));
    QCOMPARE(doc["protocol"]["methods"][0]["stored"], Json(20));
  }

  void samples_are_stratified() {
    std::vector<int> labels;
    for (int i = 0; i < 100; ++i) labels.push_back(i < 60 ? 0 : i < 90 ? 1 : 2);
    const auto chosen = stratified_sample(labels, 10, 3);
    int counts[3] = {};
    for (const auto i : chosen) ++counts[labels[i]];
    QCOMPARE(counts[0], 6);
    QCOMPARE(counts[1], 3);
    QCOMPARE(counts[2], 1);
    QVERIFY(std::is_sorted(chosen.begin(), chosen.end()));
    QCOMPARE(stratified_sample(labels, 10, 3), chosen);
    QVERIFY(stratified_sample(labels, 10, 4) != chosen);
    QCOMPARE(stratified_sample(labels, 0, 3).size(), std::size_t{100});
    QCOMPARE(stratified_sample(labels, 1000, 3).size(), std::size_t{100});
    QCOMPARE(stratified_sample(labels, 7, 3).size(), std::size_t{7});
    QVERIFY(stratified_sample({}, 5, 3).empty());
  }

  void in_the_loss() {
    ExplainOptions o;
    QVERIFY(uses_baseline(o, Baseline::pad) && !uses_baseline(o, Baseline::mask));
    o.baseline = Baseline::mask;
    QVERIFY(!uses_baseline(o, Baseline::pad) && uses_baseline(o, Baseline::mask));
    for (const char* path : {"udig", "sig", "deeplift"}) {
      o.method = path;
      QVERIFY(!uses_baseline(o, Baseline::pad) && uses_baseline(o, Baseline::mask));
    }
    o.method = "occlusion";
    QVERIFY(uses_baseline(o, Baseline::pad));  // its default rule
    o.removal = Removal::remove;
    QVERIFY(!uses_baseline(o, Baseline::pad));
    o.removal = Removal::mask;
    QVERIFY(uses_baseline(o, Baseline::mask) && !uses_baseline(o, Baseline::pad));
    o.method = "gradient-x-input";
    QVERIFY(!uses_baseline(o, Baseline::mask));
  }

  void evaluation_of_a_run() {
    TELLTALE_NEEDS_SHARED(shared);
    StoreWithRuns s(shared);
    EvaluationOptions o;
    o.methods = {"occlusion", "integrated-gradients", "random"};
    for (const auto& m : metrics())
      if (m.level != "retraining") o.metrics.push_back(m.id);
    o.peers = {2};  // for consistency
    o.explain.steps = 8;
    o.resamples = 100;
    o.per_post = true;
    o.compute.threads = 1;
    const Json doc = evaluate_run(*s.store, 1, o);
    QCOMPARE(doc["rows"].size(), 3 * o.metrics.size());
    for (const Json& r : doc["rows"])
      for (const char* key : {"method", "metric", "mean", "low", "high", "n"}) QVERIFY2(r.contains(key), key);
    QCOMPARE(doc["protocol"]["class"], Json("predicted"));
    QCOMPARE(doc["protocol"]["dataset"], Json("toy"));
    QCOMPARE(row_of(doc["rows"], "comprehensiveness", "occlusion")["n"], Json(16));  // the empty posts define nothing
    // Occlusion by the rule of the measure is leave-one-out itself: τ is 1 but for near-ties that float32 orders otherwise in another batch.
    QVERIFY(row_of(doc["rows"], "tau-loo", "occlusion")["mean"].get<double>() > 0.95);
    QVERIFY(std::abs(row_of(doc["rows"], "tau-loo", "random")["mean"].get<double>()) < 0.5);
    QVERIFY(row_of(doc["rows"], "completeness-delta", "occlusion")["mean"].is_null());
    QCOMPARE(row_of(doc["rows"], "completeness-delta", "occlusion")["n"], Json(0));
    QVERIFY(row_of(doc["rows"], "completeness-delta", "integrated-gradients")["mean"].is_number());
    QVERIFY(row_of(doc["rows"], "auprc", "random")["n"].get<int>() >= 14);
    QCOMPARE(row_of(doc["rows"], "overlap@k", "occlusion")["pairs"].size(), std::size_t{6});
    QVERIFY(row_of(doc["rows"], "class-cosine", "occlusion")["mean"].is_number());

    // The mean of a row is the mean of its posts.
    double sum = 0, n = 0;
    for (const Json& p : doc["posts"])
      if (p["method"] == "random" && p["metric"] == "gini" && p["value"].is_number()) sum += p["value"].get<double>(), ++n;
    CLOSE(row_of(doc["rows"], "gini", "random")["mean"].get<double>(), sum / n);
    QCOMPARE(row_of(doc["rows"], "gini", "random")["n"].get<double>(), n);

    const Json again = evaluate_run(*s.store, 1, o);
    QVERIFY(again["rows"] == doc["rows"]);
    o.unit = Unit::piece;
    o.metrics = {"comprehensiveness", "tau-loo", "auprc"};
    const Json pieces = evaluate_run(*s.store, 1, o);
    QVERIFY(row_of(pieces["rows"], "tau-loo", "occlusion")["mean"].get<double>() > 0.95);
    o.unit = Unit::word;
    o.explain.output = Output::difference;
    o.gold = true;
    o.foil = "hockey";
    const Json foil = evaluate_run(*s.store, 1, o);
    QCOMPARE(foil["protocol"]["foil"], Json("hockey"));
    QCOMPARE(row_of(foil["rows"], "comprehensiveness", "random")["n"], Json(12));  // posts of hockey itself are left out
  }

  void classes_of_one_text_share_passes() {
    TELLTALE_NEEDS_SHARED(shared);
    const auto model = Classifier::load(shared / "golden/models/tiny-bert/fp32", {});
    ExplainOptions o;
    o.method = "occlusion";
    o.removal = Removal::remove;
    const auto a = model->tokenizer().encode("the old car with oil"), b = model->tokenizer().encode("puck and goalie");
    const auto together = explain(*model, {{a, 0, -1}, {a, 2, -1}, {b, 2, -1}, {a, 2, -1}}, o);
    const auto alone = explain(*model, {{a, 2, -1}}, o);
    for (const std::size_t k : {std::size_t{1}, std::size_t{3}})
      for (std::size_t w = 0; w < alone[0].word_scores.size(); ++w) CLOSE_BY(together[k].word_scores[w], alone[0].word_scores[w], 1e-5);
    QVERIFY(together[0].word_scores != together[1].word_scores);
    QCOMPARE(together[2].word_scores.size(), std::size_t{3});
  }

  void evaluation_without_a_store() {
    TELLTALE_NEEDS_SHARED(shared);
    const auto model = Classifier::load(shared / "golden/models/tiny-bert/fp32", {});
    EvaluationOptions o;
    o.methods = {"gradient-x-input"};
    o.metrics = {"comprehensiveness"};
    o.resamples = 100;
    const std::vector<EvaluationPost> posts{{"a", 0, "The old car engine", 0, {}}, {"b", 0, "", -1, {}}, {"c", 0, "puck", 1, {{0, 4, "telling"}}}};
    const Json doc = evaluate_posts(*model, posts, o);
    QCOMPARE(doc["rows"][0]["n"], Json(2));
    QVERIFY(!doc.contains("posts"));
    o.metrics = {"specificity"};
    FAILS_WITH(evaluate_posts(*model, posts, o), std::invalid_argument, "training posts");
    o.metrics = {"overlap@10", "weighted-overlap"};
    QVERIFY(evaluate_posts(*model, posts, o)["rows"][0]["mean"].is_number());
    o.metrics = {"nonsense"};
    FAILS_WITH(evaluate_posts(*model, posts, o), std::invalid_argument, "comprehensiveness");
    o.metrics = {"gini"};
    o.methods = {"nonsense"};
    FAILS_WITH(evaluate_posts(*model, posts, o), std::invalid_argument, "occlusion");
    FAILS_WITH(evaluate_posts(*model, posts, o), std::invalid_argument, "random");
    o.methods = {"random"};
    FAILS_WITH(evaluate_posts(*model, {}, o), std::invalid_argument, "no post");
    o.foil = "north";
    FAILS_WITH(evaluate_posts(*model, posts, o), std::invalid_argument, "difference");
    o.foil.clear();
    o.gold = true;
    FAILS_WITH(evaluate_posts(*model, {posts[1]}, o), std::invalid_argument, "known class");
  }
};

QTEST_GUILESS_MAIN(TestComparison)
#include "test_comparison.moc"
