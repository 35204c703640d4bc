// Remove and retrain on a model of a few kilobytes: what is removed, what is trained, what is not trained twice, what it says of a method that knows the telling word.
#include <QTemporaryDir>
#include <QtTest>
#include <set>

#include "close.hpp"
#include "evaluation/evaluation.hpp"
#include "evaluation/roar.hpp"
#include "widgets/tiny_model.hpp"

using namespace telltale;

namespace {

/// A file with posts of three classes, one telling word each, and a run that has learnt them.
struct File {
  QTemporaryDir folder;
  std::unique_ptr<Store> store;
  std::int64_t run = 0;
  explicit File(int epochs = 16, std::uint64_t seed = 1) {
    const std::filesystem::path at = folder.path().toStdString();
    store = Store::open(at / "t.telltale", Store::Mode::create);
    test::add_tiny_posts(*store, 240, 60);
    const auto model = test::make_tiny_model(at / "model", seed);
    run = train(*store, test::tiny_request(*store, model, "baseline", epochs), {{"cpu", 1, Precision::fp32}, false}).id;
  }
};

RoarOptions options() {
  RoarOptions o;
  o.methods = {"occlusion"};
  o.shares = {parse_top_k("5%")};  // of 4 to 15 words: one
  o.resamples = 200;
  o.compute.threads = 1;
  return o;
}

const Json& row_of(const Json& doc, const std::string& method, const std::string& k = "5%") {
  for (const Json& r : doc["rows"])
    if (r["method"] == method && r["k"] == k) return r;
  static const Json none;
  return none;
}

}  // namespace

class TestRoar : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void words_are_blanked_and_nothing_cut_comes_back() {
    Encoding e;
    e.words = {{{0, 3}, 1, 2}, {{3, 4}, 2, 3}, {{4, 7}, 3, 4}, {{8, 10}, 4, 5}};
    QCOMPARE(without_words("foo-bar ab cd", e, {1}), std::string("foo bar ab cd"));  // neighbours stay apart
    QCOMPARE(without_words("foo-bar ab cd", e, {0, 3}), std::string("   -bar    cd"));
    e.cut = 10;
    QCOMPARE(without_words("foo-bar ab cd", e, {2}), std::string("foo-    ab"));
  }
  void refusals() {
    File f;
    const auto refused = [&](auto&& change) {
      RoarOptions o = options();
      change(o);
      try {
        roar_plan(*f.store, f.run, o);
      } catch (const std::invalid_argument& e) {
        return QString(e.what()).size() > 10;
      }
      return false;
    };
    QVERIFY(!refused([](RoarOptions&) {}));
    QVERIFY(refused([](RoarOptions& o) { o.methods = {}; }));
    QVERIFY(refused([](RoarOptions& o) { o.methods = {"magic"}; }));
    QVERIFY(refused([](RoarOptions& o) { o.methods = {"occlusion", "occlusion"}; }));
    QVERIFY(refused([](RoarOptions& o) { o.shares = {}; }));
    QVERIFY(refused([](RoarOptions& o) { o.shares = {parse_top_k("3")}; }));
    QVERIFY(refused([](RoarOptions& o) { o.seeds = 0; }));
    EvaluationOptions e;
    e.methods = {"occlusion"}, e.metrics = {"roar"};
    QVERIFY_EXCEPTION_THROWN(evaluate_run(*f.store, f.run, e), std::invalid_argument);
  }
  void the_telling_word_is_needed() {
    File f;
    RoarOptions o = options();
    QVERIFY2(f.store->run(f.run).metrics["accuracy"].get<double>() > 0.9, f.store->run(f.run).metrics.dump().c_str());
    const Json before = roar_cost(*f.store, f.run, o);
    QCOMPARE(before["runs"]["wanted"], Json(2));
    QCOMPARE(before["runs"]["finished"], Json(0));
    QVERIFY(before["seconds"].get<double>() > 0);
    QCOMPARE(f.store->runs().size(), std::size_t{1});  // nothing was written

    const Json doc = roar(*f.store, f.run, o);
    const Json &random = row_of(doc, "random"), &occlusion = row_of(doc, "occlusion");
    // Chance is 1/3. Random removal of one of about nine words hits the telling one in about one post of nine.
    QVERIFY2(random["accuracy"].get<double>() > 0.75, random.dump().c_str());
    QVERIFY2(occlusion["accuracy"].get<double>() < 0.6, occlusion.dump().c_str());
    QVERIFY(occlusion["difference"]["value"].get<double>() < -0.2 && occlusion["difference"]["clear"] == true);
    CLOSE(occlusion["difference"]["value"].get<double>(), occlusion["accuracy"].get<double>() - random["accuracy"].get<double>());
    QVERIFY(!random.contains("difference"));
    QVERIFY(doc["whole"]["accuracy"].get<double>() > 0.9);
    // Kept by name; every post of every split is there, one word shorter.
    QCOMPARE(f.store->runs().size(), std::size_t{3});
    const RunRecord kept = f.store->run(occlusion["runs"][0].get<std::int64_t>());
    QCOMPARE(kept.name, std::string("roar of run 1: occlusion 5%, seed 0"));
    const DatasetInfo data = f.store->dataset("posts, run 1: without 5% by occlusion");
    QCOMPARE(data.documents, std::int64_t{300});
    const auto count = [](const std::string& text) { return QString::fromStdString(text).split(' ', Qt::SkipEmptyParts).size(); };
    const auto whole = f.store->documents({.dataset = f.store->dataset("posts").id}), less = f.store->documents({.dataset = data.id});
    for (std::size_t i = 0; i < whole.size(); ++i) {
      QCOMPARE(less[i].external_id, whole[i].external_id);
      QCOMPARE(less[i].label, whole[i].label);
      QCOMPARE(less[i].split, whole[i].split);
      QCOMPARE(count(less[i].text), count(whole[i].text) - 1);
    }
    // Again: nothing is trained, the answer is the same; with another share only that is trained.
    QVERIFY(roar(*f.store, f.run, o)["rows"] == doc["rows"]);
    QCOMPARE(f.store->runs().size(), std::size_t{3});
    QCOMPARE(roar_cost(*f.store, f.run, o)["runs"]["finished"], Json(2));
    // Other settings do not pass for those.
    o.explain.output = Output::logit;
    QVERIFY_EXCEPTION_THROWN(roar_plan(*f.store, f.run, o), std::invalid_argument);
    // A run of a roar is not judged itself.
    QVERIFY_EXCEPTION_THROWN(roar_plan(*f.store, kept.id, options()), std::invalid_argument);
  }
  void a_stop_keeps_what_is_finished_and_goes_on() {
    File f;
    RoarOptions o = options();
    std::stop_source stop;
    bool cancelled = false;
    try {
      roar(*f.store, f.run, o, stop.get_token(), [&](const Progress& p) {
        if (p.done > 1.5 && p.what.starts_with("training")) stop.request_stop();  // in the second run
      });
    } catch (const Cancelled&) {
      cancelled = true;
    }
    QVERIFY(cancelled);
    const auto runs = f.store->runs();
    QCOMPARE(runs.size(), std::size_t{3});
    QCOMPARE(runs[1].status, RunStatus::finished);
    QCOMPARE(runs[2].status, RunStatus::stopped);
    const std::string finished = runs[1].finished;
    const Json doc = roar(*f.store, f.run, o);
    QCOMPARE(f.store->runs().size(), std::size_t{3});
    QCOMPARE(f.store->run(runs[1].id).finished, finished);  // not trained again
    QCOMPARE(f.store->run(runs[2].id).status, RunStatus::finished);
    QCOMPARE(doc["rows"].size(), std::size_t{2});
  }
  void a_difference_is_against_the_runner_up() {
    File f(2, 5);  // hardly trained: its second choices differ
    RoarOptions o = options();
    o.methods = {"gradient-x-input"};
    o.explain.output = Output::difference;
    roar(*f.store, f.run, o);
    const auto model = Classifier::load(f.store->folder() / f.store->run(f.run).folder, o.compute);
    int neither_first = 0;
    const auto kept = f.store->explanations(f.run);
    QVERIFY(kept.size() > 100);
    for (const ExplanationRecord& e : kept) {
      const auto z = model->predict({model->tokenizer().encode(f.store->document(e.document).text, 0)}).at(0).logits;
      int best = -1;
      for (int c = 0; c < 3; ++c)
        if (c != e.target && (best < 0 || z[static_cast<std::size_t>(c)] > z[static_cast<std::size_t>(best)])) best = c;
      QCOMPARE(e.foil, best);
      neither_first += e.foil != (e.target == 0 ? 1 : 0);
    }
    QVERIFY(neither_first > 0);  // not simply the first other class
    QCOMPARE(f.store->dataset("posts, run 1: without 5% by gradient-x-input").options["roar"]["foil"], Json("the highest-scored other class"));
  }
  void several_seeds() {
    File f;
    RoarOptions o = options();
    o.seeds = 2;
    const Json doc = roar(*f.store, f.run, o);
    const Json &random = row_of(doc, "random"), &occlusion = row_of(doc, "occlusion");
    QCOMPARE(occlusion["runs"].size(), std::size_t{2});
    QCOMPARE(occlusion["kind"], Json("student"));
    const double a = occlusion["by_seed"][0], b = occlusion["by_seed"][1], c = random["by_seed"][0], d = random["by_seed"][1];
    CLOSE(occlusion["accuracy"].get<double>(), (a + b) / 2);
    CLOSE(occlusion["difference"]["value"].get<double>(), ((a - c) + (b - d)) / 2);
    QCOMPARE(f.store->run(occlusion["runs"][1].get<std::int64_t>()).settings["seed"], Json(1));
  }
};

QTEST_GUILESS_MAIN(TestRoar)
#include "test_roar.moc"
