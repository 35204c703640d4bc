// Simulatability: how posts are laid out, a session on a tiny model, a report worked by hand; marks of people as rationales of an evaluation.
#include <QtTest>
#include <set>

#include "close.hpp"
#include "evaluation/evaluation.hpp"
#include "evaluation/protocol.hpp"
#include "evaluation/reading.hpp"
#include "evaluation/simulation.hpp"
#include "store/marks.hpp"
#include "store_with_runs.hpp"

using namespace telltale;

namespace {

std::vector<SimulationCandidate> candidates(const std::vector<std::pair<int, int>>& right_and_wrong) {
  std::vector<SimulationCandidate> out;
  const int classes = static_cast<int>(right_and_wrong.size());
  for (int c = 0; c < classes; ++c)
    for (int k = 0; k < right_and_wrong[static_cast<std::size_t>(c)].first + right_and_wrong[static_cast<std::size_t>(c)].second; ++k) {
      const bool right = k < right_and_wrong[static_cast<std::size_t>(c)].first;
      out.push_back({static_cast<std::int64_t>(out.size()) + 1, c, right ? c : (c + 1) % classes, -1});
    }
  return out;
}

std::int64_t count(const std::vector<SimulationItem>& items, auto&& which) { return std::count_if(items.begin(), items.end(), which); }

SimulationItem answered(bool explained, bool right_model, bool right_answer, std::int64_t ms, std::optional<int> sure = {}) {
  SimulationItem i{1, explained, right_model ? 0 : 1, -1, 0};
  i.answer = right_answer ? i.predicted : 1 - i.predicted;
  i.milliseconds = ms;
  i.confidence = sure;
  return i;
}

}  // namespace

class TestSimulation : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void posts_are_laid_out_evenly() {
    const auto all = candidates({{10, 4}, {6, 2}, {3, 0}});
    const auto items = lay_out_simulation(all, 12, 1);
    QCOMPARE(items.size(), 12u);
    QCOMPARE(count(items, [](const auto& i) { return i.predicted == i.label; }), 6);  // half right, half wrong
    for (int c = 0; c < 3; ++c) QCOMPARE(count(items, [&](const auto& i) { return i.predicted == i.label && i.label == c; }), 2);  // the classes in turns
    QCOMPARE(count(items, [](const auto& i) { return i.predicted != i.label && i.label == 0; }), 4);  // class 1 has only two wrong ones
    QCOMPARE(count(items, [](const auto& i) { return i.predicted != i.label && i.label == 1; }), 2);
    QCOMPARE(count(items, [](const auto& i) { return i.explained; }), 6);
    for (int c = 0; c < 3; ++c)
      for (const bool right : {false, true}) {
        const auto of = [&](bool explained) { return count(items, [&](const auto& i) { return i.label == c && (i.predicted == i.label) == right && i.explained == explained; }); };
        QVERIFY2(std::abs(of(true) - of(false)) <= 1, qPrintable(QString::number(c)));
      }
    std::set<std::int64_t> once;
    for (const auto& i : items) once.insert(i.document);
    QCOMPARE(once.size(), 12u);
    const auto order = [](const std::vector<SimulationItem>& list) {
      std::vector<std::pair<std::int64_t, bool>> out;
      for (const auto& i : list) out.emplace_back(i.document, i.explained);
      return out;
    };
    QVERIFY(order(lay_out_simulation(all, 12, 1)) == order(items));
    QVERIFY(order(lay_out_simulation(all, 12, 2)) != order(items));
  }
  void few_wrong_answers_leave_room_for_right_ones() {
    const auto items = lay_out_simulation(candidates({{10, 1}, {10, 0}}), 8, 3);
    QCOMPARE(count(items, [](const auto& i) { return i.predicted != i.label; }), 1);
    QCOMPARE(items.size(), 8u);
    QCOMPARE(lay_out_simulation(candidates({{2, 5}}), 20, 3).size(), 7u);  // all there are
    QCOMPARE(lay_out_simulation({}, 20, 3).size(), 0u);
  }
  /// Over many seeds a post is as often shown with as without.
  void conditions_are_drawn() {
    const auto all = candidates({{1, 1}, {1, 1}});
    int with = 0;
    for (std::uint64_t seed = 0; seed < 400; ++seed)
      for (const auto& i : lay_out_simulation(all, 4, seed)) with += i.document == 1 && i.explained;
    QVERIFY2(with > 150 && with < 250, qPrintable(QString::number(with)));
  }

  /// With: 3 of 4 right, 2, 4, 6, 8 s; without: 1 of 4, 1, 3, 5, 7 s, one more not answered. Intervals by Wilson's and Newcombe's formulas on paper.
  void a_report_by_hand() {
    SimulationRecord s;
    s.id = 5;
    s.participant = "Ann";
    s.items = {answered(true, true, true, 2000, 5), answered(false, true, false, 1000), answered(true, false, true, 4000, 2), answered(false, true, true, 3000),
               answered(true, true, true, 6000), answered(false, false, false, 5000), answered(true, false, false, 8000), answered(false, false, false, 7000), {1, false, 0, -1, 0}};
    const SimulationReport r = simulation_report(s);
    QCOMPARE(r.posts, 9u);
    QCOMPARE(r.answered, 8u);
    QCOMPARE(r.with.posts, 4);
    QCOMPARE(r.without.posts, 5);
    QVERIFY(r.with.right.right == 3 && r.with.right.n == 4 && r.without.right.right == 1 && r.without.right.n == 4);
    CLOSE_BY(r.with.right.low, 0.30064, 2e-5);
    CLOSE_BY(r.with.right.high, 0.95441, 2e-5);
    CLOSE_BY(r.without.right.low, 0.04559, 2e-5);
    CLOSE(r.accuracy.value, 0.5);
    CLOSE_BY(r.accuracy.low, -0.13549, 2e-5);
    CLOSE_BY(r.accuracy.high, 0.78908, 2e-5);
    CLOSE(r.p, 34.0 / 70);
    QCOMPARE(accuracy_verdict(r), std::string("no clear difference"));
    CLOSE(r.with.median_seconds, 5);
    CLOSE(r.without.median_seconds, 4);
    CLOSE(r.seconds.value, 1);
    QVERIFY(r.seconds.low < 0 && r.seconds.high > 0);
    QCOMPARE(time_verdict(r), std::string("no clear difference"));
    CLOSE(r.with.mean_confidence, 3.5);
    UNDEFINED(r.without.mean_confidence);
    // Where the model is right: with 2 of 2, without 1 of 2 (and one open); wrong: with 1 of 2, without 0 of 2.
    QVERIFY(r.with_of[0].right.right == 2 && r.with_of[0].right.n == 2 && r.without_of[0].right.right == 1 && r.without_of[0].right.n == 2 && r.without_of[0].posts == 3);
    QVERIFY(r.with_of[1].right.right == 1 && r.without_of[1].right.right == 0 && r.without_of[1].right.n == 2);
    DatasetInfo data;
    data.name = "d";
    data.classes = {"a", "b \"x\""};
    const Json json = simulation_json(s, data, r);
    QCOMPARE(json["session"], Json(5));
    QVERIFY(json["run"].is_null() && json["without"]["mean_confidence"].is_null());
    QCOMPARE(json["difference"]["verdict"], Json("no clear difference"));
    QCOMPARE(json["with"]["right"], Json(3));
    const std::string csv = simulation_csv(s, data);
    QVERIFY2(csv.find("1,1,with,\"a\",\"a\",\"a\",1,5,2000,\n2,1,without,\"a\",\"a\",\"b \"\"x\"\"\",0,,1000,\n") != csv.npos, csv.c_str());
    QVERIFY2(csv.find("9,1,without,\"a\",\"a\",,,,,\n") != csv.npos, csv.c_str());
  }
  void clear_differences_are_named() {
    SimulationRecord s;
    for (int k = 0; k < 12; ++k) s.items.push_back(answered(true, true, true, 1000 + k)), s.items.push_back(answered(false, true, false, 9000 + k));
    SimulationReport r = simulation_report(s);
    QCOMPARE(accuracy_verdict(r), std::string("better with the explanation"));
    QCOMPARE(time_verdict(r), std::string("faster with the explanation"));
    for (auto& i : s.items) i.explained = !i.explained;
    r = simulation_report(s);
    QCOMPARE(accuracy_verdict(r), std::string("worse with the explanation"));
    QCOMPARE(time_verdict(r), std::string("slower with the explanation"));
  }
  /// 3 of 3 against 0 of 3: the interval, 0.206 to 1, leaves zero out, the exact test, p = 2 / 20, does not.
  void few_posts_are_not_overrated() {
    SimulationRecord s;
    for (int k = 0; k < 3; ++k) s.items.push_back(answered(true, true, true, 1000)), s.items.push_back(answered(false, true, false, 1000));
    const SimulationReport r = simulation_report(s);
    QVERIFY(r.accuracy.clear());
    CLOSE_BY(r.p, 0.1, 1e-9);
    QCOMPARE(accuracy_verdict(r), std::string("no clear difference"));
  }
  void nothing_answered_is_no_error() {
    SimulationRecord s;
    s.items = {{1, true, 0, -1, 0}, {2, false, 0, -1, 0}};
    const SimulationReport r = simulation_report(s);
    UNDEFINED(r.with.right.value);
    UNDEFINED(r.accuracy.value);
    CLOSE(r.p, 1);
    QCOMPARE(accuracy_verdict(r), std::string("no clear difference"));
  }

  void a_session_is_planned() {
    TELLTALE_NEEDS_SHARED(shared);
    StoreWithRuns made(shared, 6, 6);
    const auto model = Classifier::load(made.store->folder() / "run-1", {"cpu", 1, Precision::fp32});
    SimulationOptions o;
    o.run = 1;
    o.posts = 10;
    o.participant = "Ann";
    o.explain.method = "gradient-x-input";
    const SimulationRecord s = plan_simulation(*made.store, *model, o);
    QCOMPARE(s.items.size(), 10u);
    QCOMPARE(count(s.items, [](const auto& i) { return i.explained; }), 5);
    QCOMPARE(s.protocol["method"], Json("gradient-x-input"));
    QCOMPARE(s.protocol["model_right"].get<int>() + s.protocol["model_wrong"].get<int>(), 10);
    for (const SimulationItem& i : s.items) {
      const Document d = made.store->document(i.document);
      QVERIFY(d.split == "test" && !d.text.empty());
      const Prediction p = model->predict(std::vector{model->tokenizer().encode(d.text, 32)})[0];
      QCOMPARE(i.predicted, p.predicted);
      const auto e = simulation_explanation(*made.store, s, i);
      QCOMPARE(e.has_value(), i.explained);  // what is shown without one is not explained
      if (e) QVERIFY(e->target == i.predicted && !e->word_scores.empty() && e->method == "gradient-x-input");
    }
    QCOMPARE(made.store->predictions(s.fingerprint, 32, "fp32", made.dataset).size(), 20u);  // kept: 24 test posts, 4 of them empty
    // The same seed gives the same session, whatever is stored by now.
    const SimulationRecord again = plan_simulation(*made.store, *model, o);
    for (std::size_t k = 0; k < 10; ++k) QVERIFY(again.items[k].document == s.items[k].document && again.items[k].explained == s.items[k].explained);
    const auto refused = [&](auto&& change, const char* says) {
      SimulationOptions bad = o;
      change(bad);
      try {
        plan_simulation(*made.store, *model, bad);
        QFAIL("not refused");
      } catch (const std::invalid_argument& e) {
        QVERIFY2(std::string(e.what()).find(says) != std::string::npos, e.what());
      }
    };
    refused([](auto& b) { b.posts = 1; }, "expected 2 to 1000");
    refused([](auto& b) { b.split = "none"; }, "has no post in it");
    refused([](auto& b) { b.run = 9; }, "9");
    refused([](auto& b) { b.participant = ""; }, "expected a name");
    refused([](auto& b) { b.explain.method = "magic"; }, "magic");
    QCOMPARE(simulations(*made.store).size(), 2u);
    // Stopped: no session, but what was explained is kept.
    std::stop_source stop;
    o.seed = 9;
    o.explain.method = "occlusion";
    QVERIFY_THROWS_EXCEPTION(Cancelled, plan_simulation(*made.store, *model, o, stop.get_token(), [&](const Progress& p) { if (p.what == "explaining" && p.done > 0) stop.request_stop(); else if (p.what == "explaining") stop.request_stop(); }));
    QCOMPARE(simulations(*made.store).size(), 2u);
    // The run goes, the session stays, and says so.
    made.store->remove_run(1);
    QVERIFY(!simulation(*made.store, s.id).run);
  }

  void evaluations_take_the_marks_that_are_chosen() {
    TELLTALE_NEEDS_SHARED(shared);
    StoreWithRuns made(shared, 4, 4);
    const auto model = Classifier::load(made.store->folder() / "run-1", {"cpu", 1, Precision::fp32});
    EvaluationOptions o;
    o.methods = {"gradient-x-input"};
    o.metrics = {"auprc", "token-f1", "iou-f1", "gold-recall@k", "gini"};
    o.compute = {"cpu", 1, Precision::fp32};
    const auto at = [](const Json& doc, const std::string& metric) -> Json {
      for (const Json& r : doc["rows"])
        if (r["metric"] == metric) return r;
      return {};
    };
    const auto computed = [](const Json& doc) { return doc["work"]["values"]["computed"].get<int>(); };
    const Json imported = evaluate_run(*made.store, 1, o, {}, {}, model);
    QCOMPARE(imported["protocol"]["annotator"], Json("imported"));
    const int posts = static_cast<int>(imported["protocol"]["posts"].get<std::size_t>());
    // Ann marks, on two posts, the very word with the highest score: precision 1 at recall 1.
    o.annotator = "Ann";
    QVERIFY_THROWS_EXCEPTION(std::invalid_argument, evaluate_run(*made.store, 1, o, {}, {}, model));
    Store::DocumentFilter filter;
    filter.dataset = made.dataset, filter.split = "test";
    std::vector<std::pair<std::int64_t, Span>> best;
    for (const ExplanationRecord& e : made.store->explanations(1, "gradient-x-input")) {
      if (e.word_scores.empty() || best.size() == 2) continue;
      const auto top = std::max_element(e.word_scores.begin(), e.word_scores.end()) - e.word_scores.begin();
      best.emplace_back(e.document, e.words[static_cast<std::size_t>(top)]);
    }
    QCOMPARE(best.size(), 2u);
    for (const auto& [d, w] : best) set_marks(*made.store, d, "Ann", {{w.begin, w.end, "telling"}});
    const Json ann = evaluate_run(*made.store, 1, o, {}, {}, model);
    QCOMPARE(ann["protocol"]["annotator"], Json("Ann"));
    QCOMPARE(at(ann, "auprc")["n"], Json(2));  // only what she marked
    CLOSE(at(ann, "auprc")["mean"].get<double>(), 1);
    CLOSE(at(ann, "token-f1")["mean"].get<double>(), 1);
    CLOSE(at(ann, "gold-recall@k")["mean"].get<double>(), 1);
    QCOMPARE(computed(ann), 4 * posts);  // gini does not ask people: its values are those that are stored
    QVERIFY(at(imported, "auprc")["n"] != at(ann, "auprc")["n"]);
    // Asked again nothing is computed; and what was imported is still as it was.
    QCOMPARE(computed(evaluate_run(*made.store, 1, o, {}, {}, model)), 0);
    EvaluationOptions first = o;
    first.annotator = "imported";
    const Json same = evaluate_run(*made.store, 1, first, {}, {}, model);
    QVERIFY(computed(same) == 0 && same["rows"] == imported["rows"]);
    // One word more is another protocol: nothing old is taken for it.
    const Document d = made.store->document(best[0].first);
    set_marks(*made.store, d.id, "Ann", {{0, static_cast<std::int64_t>(d.text.size()), "telling"}});
    QCOMPARE(computed(evaluate_run(*made.store, 1, o, {}, {}, model)), 4 * posts);
    // What a window reads back: settings of now, with Ann's values.
    const Json settings = settings_for_run(*made.store, 1, o, 512, Precision::fp32);
    QVERIFY(settings["annotator"] == "Ann" && settings["marks"].get<std::string>().size() == 16);
    QCOMPARE(settings_from(settings).annotator, std::string("Ann"));
    QVERIFY(settings_json(settings_from(settings), settings["dataset"], Precision::fp32) == settings);
    const EvaluationReading r = read_evaluation(*made.store, 1, settings, o.methods, {"auprc"});
    QVERIFY(r.cell("gradient-x-input", "auprc") && r.cell("gradient-x-input", "auprc")->n == 2);
    QVERIFY(!settings_for_run(*made.store, 1, first, 512, Precision::fp32).contains("annotator"));  // as files of before have it
    for (const char* whose : {"any", "majority"}) {
      o.annotator = whose;
      QCOMPARE(computed(evaluate_run(*made.store, 1, o, {}, {}, model)), 4 * posts);
    }
  }
};

QTEST_GUILESS_MAIN(TestSimulation)
#include "test_simulation.moc"
