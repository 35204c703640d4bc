// Data sets, runs, steps, explanations: what is written is read back, to the last bit.
#include <sys/wait.h>
#include <unistd.h>

#include <QtTest>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <set>
#include <thread>

#include "store/temporary.hpp"

using namespace telltale;
using namespace std::string_literals;

namespace {

StepRecord step_of(std::int64_t n) {
  StepRecord s;
  s.step = n;
  s.epoch = n / 100.0;
  s.seconds = 0.1 + n;
  s.gradient_norm = 1.0 / 3.0 + n;
  s.learning_rate = 1e-4;
  s.tokens_per_second = 1234.5;
  s.memory_mib = 512;
  s.terms = {{"class", 0.1 * n}, {"total", 0.3 * n}, {"attribution", 1e-300}};
  s.shares = {{"class", 0.25}};
  s.documents = {1, 2, 3 + n};
  return s;
}

ExplanationRecord explanation_of(std::int64_t document) {
  ExplanationRecord e;
  e.fingerprint = "f00d";
  e.document = document;
  e.method = "integrated-gradients";
  e.protocol = {{"tolerance", 0.01}, {"output", "probability"}, {"method", "integrated-gradients"}};
  e.target = 1;
  e.value = 0.1 + 0.2;
  e.baseline_value = std::numeric_limits<double>::quiet_NaN();
  e.delta = -0.0;
  e.steps = 50;
  e.prediction = {{"logits", {0.5, -0.5}}, {"predicted", 0}};
  e.ids = {101, 2054, -1, 102};
  e.offsets = {{-1, -1}, {0, 4}, {4, 9}, {-1, -1}};
  e.scores = {0, 1.0 / 3.0, -5e-324, std::nextafter(1.0, 2.0)};
  e.words = {{0, 9}};
  e.word_scores = {1.0 / 3.0};
  return e;
}

RunRecord a_run(std::int64_t dataset) {
  RunRecord r;
  r.name = "first";
  r.preset = "contrastive";
  r.dataset = dataset;
  r.model = "models/minilm";
  r.settings = {{"epochs", 3}, {"learning_rate", 1e-4}};
  r.steps = 100;
  return r;
}

}  // namespace

class StoreTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void datasets() {
    Temporary tmp;
    auto store = Store::open(tmp / "a.telltale", Store::Mode::create);
    const DatasetInfo info = small_dataset(*store);
    QCOMPARE(info.classes, (std::vector<std::string>{"autos", "hockey"}));  // sorted, though hockey came first
    QCOMPARE(info.documents, 4);
    QCOMPARE(info.options.at("seed").get<int>(), 0);
    QVERIFY(info.created.size() == 20 && info.created.back() == 'Z');
    QCOMPARE(store->datasets().size(), std::size_t{1});
    QCOMPARE(store->dataset("small").id, info.id);

    const auto documents = store->documents({.dataset = info.id});
    QCOMPARE(documents.size(), std::size_t{4});
    QCOMPARE(documents[0].label, 1);
    QCOMPARE(documents[1].label, 0);
    QCOMPARE(documents[2].text, std::string("Naïve goalie, said the coach"));
    QCOMPARE(store->document_ids({.dataset = info.id, .split = "test"}), (std::vector<std::int64_t>{3, 4}));
    QCOMPARE(store->document_ids({.dataset = info.id, .label = 0}), (std::vector<std::int64_t>{2, 4}));
    QCOMPARE(store->document_ids({.dataset = info.id, .limit = 2, .offset = 1}), (std::vector<std::int64_t>{2, 3}));
    QCOMPARE(store->count_documents({.dataset = info.id, .split = "train", .label = 1}), 1);
    QCOMPARE(store->find_document(info.id, "c"), std::optional<std::int64_t>(3));
    QVERIFY(!store->find_document(info.id, "nowhere"));
    QCOMPARE(store->class_counts(info.id).size(), std::size_t{4});

    QVERIFY(error_of([&] { store->dataset("smal"); }).ends_with("no data set 'smal'; there are: small"));
    QVERIFY(error_of([&] { store->begin_import("small", "", {}); }).find("is there already") != std::string::npos);
    QCOMPARE(store->datasets().size(), std::size_t{1});
    QVERIFY_THROWS_EXCEPTION(std::invalid_argument, store->document(77));
  }

  void searchFindsWordsAndNeverFailsOnSyntax() {
    Temporary tmp;
    auto store = Store::open(tmp / "a.telltale", Store::Mode::create);
    const DatasetInfo info = small_dataset(*store);
    const auto found = [&](const std::string& words) { return store->document_ids({.dataset = info.id, .search = words}); };
    QCOMPARE(found("GOALIE"), (std::vector<std::int64_t>{1, 3}));
    QCOMPARE(found("naive"), (std::vector<std::int64_t>{3}));
    QCOMPARE(found("clutch slipped"), (std::vector<std::int64_t>{2}));
    QCOMPARE(found("clutch goalie"), (std::vector<std::int64_t>{}));
    QCOMPARE(found("clut*"), (std::vector<std::int64_t>{2, 4}));
    QCOMPARE(found("\"clutch\""), (std::vector<std::int64_t>{2, 4}));
    QCOMPARE(found("   ").size(), std::size_t{4});
    for (const std::string& odd : {std::string("\""), std::string("AND"), std::string("NOT ( * )"), std::string("text:goalie"), std::string("^ - + {a b}"),
                                   std::string("a\0b", 3), std::string("* **"), std::string("\xff\xfe"), std::string("NEAR(a b, 3)"), std::string(5000, '"')})
      found(odd);
    QCOMPARE(found("NOT goalie").size(), std::size_t{0});  // a word, no operator
  }

  void searchFollowsDeletion() {
    Temporary tmp;
    auto store = Store::open(tmp / "a.telltale", Store::Mode::create);
    const DatasetInfo first = small_dataset(*store, "one"), second = small_dataset(*store, "two");
    QCOMPARE(store->count_documents({.search = "goalie"}), 4);
    store->remove_dataset(first.id);
    QCOMPARE(store->count_documents({.search = "goalie"}), 2);
    QCOMPARE(store->datasets().size(), std::size_t{1});
    store.reset();
    sql(tmp / "a.telltale", "INSERT INTO search(search, rank) VALUES('integrity-check', 1)");  // throws when index and posts differ
    Q_UNUSED(second);
  }

  void hugeTextsAndNulSurvive() {
    Temporary tmp;
    std::string with_nul("before\0after \xC3\xA4", 15), huge;
    while (huge.size() < (5u << 20)) huge += "five mebibytes of posts \0 and more \xE2\x82\xAC "s + std::to_string(huge.size());
    {
      auto store = Store::open(tmp / "a.telltale", Store::Mode::create);
      auto import = store->begin_import("odd", "", {});
      Document d;
      d.split = "train";
      d.text = with_nul;
      d.external_id = std::string("id\0with nul", 11);
      d.spans = {{0, 6, "telling"}};
      import->add(d, "x");
      d.text = huge;
      d.spans.clear();
      import->add(d, "x");
      import->commit({});
    }
    auto store = Store::open(tmp / "a.telltale", Store::Mode::read);
    const auto back = store->documents({});
    QCOMPARE(back.at(0).text, with_nul);
    QCOMPARE(back[0].external_id, std::string("id\0with nul", 11));
    QCOMPARE(back[0].spans.size(), std::size_t{1});
    QCOMPARE(back[0].spans[0].end, 6);
    QVERIFY(back.at(1).text == huge);
    QVERIFY(back[1].spans.empty());
    QCOMPARE(store->count_documents({.search = "after"}), 1);
    store.reset();
    sql(tmp / "a.telltale", "DELETE FROM texts WHERE document = 1; INSERT INTO search(search, rank) VALUES('integrity-check', 1)");
  }

  void importLeavesNothingWithoutCommit() {
    Temporary tmp;
    auto store = Store::open(tmp / "a.telltale", Store::Mode::create);
    {
      auto import = store->begin_import("half", "", {});
      Document d;
      d.text = "gone";
      import->add(d, "x");
    }
    QCOMPARE(store->datasets().size(), std::size_t{0});
    QCOMPARE(store->count_documents({}), 0);
    QCOMPARE(small_dataset(*store).documents, 4);
  }

  void splitDoesNotDependOnOrder() {
    Temporary tmp;
    auto store = Store::open(tmp / "a.telltale", Store::Mode::create);
    const auto split = [&](const std::string& name, bool backwards, std::uint64_t seed) {
      auto import = store->begin_import(name, "", {});
      for (int i = 0; i < 100; ++i) {
        const int n = backwards ? 99 - i : i;
        Document d;
        d.external_id = std::to_string(n);
        d.text = "post number " + std::to_string(n / 2);  // every text twice
        import->add(d, n < 60 ? "large" : "small");
      }
      import->draw_test_split(0.2, seed);
      const auto duplicates = import->duplicates();
      if (duplicates.count != 50) qFatal("duplicates");
      const DatasetInfo info = import->commit({});
      std::set<std::string> test;
      for (const Document& d : store->documents({.dataset = info.id, .split = "test"})) test.insert(d.external_id);
      for (const auto& c : store->class_counts(info.id))
        if (c.split == "test") QVERIFY2(c.documents == (c.label == 0 ? 12 : 8), name.c_str());
      tests_[name] = test;
    };
    split("forward", false, 1);
    split("backward", true, 1);
    split("another seed", false, 2);
    QCOMPARE(tests_["forward"].size(), std::size_t{20});
    QCOMPARE(tests_["forward"], tests_["backward"]);
    QVERIFY(tests_["forward"] != tests_["another seed"]);
    for (const std::string& id : tests_["forward"])  // equal texts stay together
      QVERIFY(tests_["forward"].contains(std::to_string(std::stoi(id) ^ 1)));
  }

  void runs() {
    Temporary tmp;
    auto store = Store::open(tmp / "a.telltale", Store::Mode::create);
    const DatasetInfo info = small_dataset(*store);
    RunRecord r = a_run(info.id);
    const std::int64_t id = store->add_run(r);
    QCOMPARE(id, 1);
    r = store->run(id);
    QVERIFY(r.metrics.is_null() && !r.from && !r.pair && !r.created.empty());
    QCOMPARE(r.settings.at("learning_rate").get<double>(), 1e-4);
    r.status = RunStatus::finished;
    r.metrics = {{"accuracy", 0.808}};
    r.cost = {{"predicted", {{"seconds", 12.5}}}};
    r.step = 100;
    r.from = 1;
    r.pair = 7;
    r.fingerprint = "abc";
    r.folder = "run-1/best";
    r.error = "none\nreally";
    store->update_run(r);
    const RunRecord back = store->run(id);
    QCOMPARE(back.status, RunStatus::finished);
    QCOMPARE(back.metrics.dump(), r.metrics.dump());
    QCOMPARE(back.cost.dump(), r.cost.dump());
    QCOMPARE(back.from, std::optional<std::int64_t>(1));
    QCOMPARE(back.pair, std::optional<std::int64_t>(7));
    QCOMPARE(back.error, r.error);
    QVERIFY(error_of([&] { store->run(9); }).ends_with("no run 9; there are: 1"));
    QVERIFY(error_of([&] { r.id = 9; store->update_run(r); }).ends_with("there are: 1"));
    QVERIFY(error_of([&] { store->remove_dataset(info.id); }).find("used by runs 1") != std::string::npos);
    store->remove_run(id);
    store->remove_dataset(info.id);
    QCOMPARE(store->add_run(a_run(0)), 2);  // an id is never given twice
  }

  void stepsAndGhosts() {
    Temporary tmp;
    auto store = Store::open(tmp / "a.telltale", Store::Mode::create);
    const std::int64_t run = store->add_run(a_run(0));
    std::vector<StepRecord> steps;
    for (std::int64_t n = 1; n <= 10'000; ++n) steps.push_back(step_of(n));
    steps[4].gradient_norm = std::numeric_limits<double>::quiet_NaN();
    steps[5].gradient_norm = std::numeric_limits<double>::infinity();
    QElapsedTimer timer;
    timer.start();
    store->add_steps(run, steps);
    const auto written = timer.restart();
    const auto back = store->steps(run);
    qInfo("10,000 steps: written in %lld ms, read in %lld ms", static_cast<long long>(written), static_cast<long long>(timer.elapsed()));
    QCOMPARE(back.size(), steps.size());
    QCOMPARE(back[99].gradient_norm, steps[99].gradient_norm);
    QCOMPARE(back[99].terms, steps[99].terms);
    QCOMPARE(back[99].shares, steps[99].shares);
    QCOMPARE(back[99].documents, steps[99].documents);
    QVERIFY(std::isnan(back[4].gradient_norm) && std::isinf(back[5].gradient_norm));
    QCOMPARE(store->steps(run, 9'998).size(), std::size_t{2});
    QCOMPARE(store->steps(run, 0, 3).size(), std::size_t{3});

    store->add_validation(run, {9'000, "test", {{"accuracy", 0.5}}});
    store->add_validation(run, {9'900, "test", {{"accuracy", 0.6}}});
    store->rewind_run(run, 9'500);
    QCOMPARE(store->steps(run).back().step, 9'500);
    QCOMPARE(store->ghost_steps(run).size(), std::size_t{500});
    QCOMPARE(store->validations(run).size(), std::size_t{1});
    StepRecord again = step_of(9'501);
    again.seconds = 1;
    store->add_steps(run, {again, again});
    QCOMPARE(store->steps(run, 9'500).size(), std::size_t{1});
    QCOMPARE(store->ghost_steps(run).size(), std::size_t{500});
    store->rewind_run(run, 9'500);
    QCOMPARE(store->ghost_steps(run).size(), std::size_t{500});
    QCOMPARE(store->ghost_steps(run)[0].seconds, 1.0);

    store->set_checkpoint(run, {9'000, "last", "run-1/last"});
    store->set_checkpoint(run, {9'500, "last", "run-1/last2"});
    QCOMPARE(store->checkpoints(run).size(), std::size_t{1});
    QCOMPARE(store->checkpoints(run)[0].step, 9'500);
    store->remove_run(run);
    QCOMPARE(store->steps(run).size(), std::size_t{0});
    QVERIFY(!error_of([&] { store->add_steps(run, {again}); }).empty());  // no such run
  }

  void explanations() {
    Temporary tmp;
    auto store = Store::open(tmp / "a.telltale", Store::Mode::create);
    small_dataset(*store);
    const ExplanationRecord e = explanation_of(2);
    const std::int64_t id = store->add_explanation(e);
    const auto back = store->find_explanation("f00d", 2, e.protocol, 1, -1);
    QVERIFY(back.has_value());
    QCOMPARE(back->id, id);
    QVERIFY(std::memcmp(back->scores.data(), e.scores.data(), 32) == 0);
    QCOMPARE(back->ids, e.ids);
    QCOMPARE(back->offsets, e.offsets);
    QCOMPARE(back->words, e.words);
    QCOMPARE(back->word_scores, e.word_scores);
    QCOMPARE(back->value, e.value);
    QVERIFY(std::isnan(back->baseline_value));
    QCOMPARE(back->prediction, e.prediction);
    QCOMPARE(store->add_explanation(e), id);  // equal: replaced, not added
    QCOMPARE(store->explanations(std::nullopt).size(), std::size_t{1});
    Json other = e.protocol;
    other["tolerance"] = 0.02;
    QVERIFY(!store->find_explanation("f00d", 2, other, 1, -1));
    QVERIFY(!store->find_explanation("f00d", 2, e.protocol, 0, -1));
    QVERIFY(!store->find_explanation("f00d", 3, e.protocol, 1, -1));

    ExplanationRecord typed = explanation_of(0);
    typed.text = std::string("typed\0text", 10);
    store->add_explanation(typed);
    typed.text = "another";
    store->add_explanation(typed);
    QVERIFY(store->find_explanation("f00d", 0, e.protocol, 1, -1, std::string("typed\0text", 10)).has_value());
    QVERIFY(!store->find_explanation("f00d", 0, e.protocol, 1, -1, "typed"));
    QCOMPARE(store->explanations(std::nullopt, "integrated-gradients").size(), std::size_t{3});
    QCOMPARE(store->explanations(std::nullopt, "occlusion").size(), std::size_t{0});
    QCOMPARE(store->explanations(std::nullopt, "", 2).size(), std::size_t{1});

    ExplanationRecord bad = e;
    bad.scores.pop_back();
    QVERIFY_THROWS_EXCEPTION(std::invalid_argument, store->add_explanation(bad));
    QVERIFY_THROWS_EXCEPTION(std::invalid_argument, store->add_explanations({explanation_of(1), bad}));
    QCOMPARE(store->explanations(std::nullopt, "", 1).size(), std::size_t{0});  // none of them
  }

  void equalWeightsShareExplanations() {
    Temporary tmp;
    auto store = Store::open(tmp / "a.telltale", Store::Mode::create);
    small_dataset(*store);
    RunRecord r = a_run(1);
    r.fingerprint = "f00d";
    const std::int64_t a = store->add_run(r), b = store->add_run(r);
    ExplanationRecord e = explanation_of(1);
    e.run = a;
    store->add_explanation(e);
    e.run = b;
    store->add_explanation(e);
    ExplanationRecord earlier = explanation_of(1);
    earlier.fingerprint = "beef";  // of a checkpoint on the way
    earlier.run = a;
    store->add_explanation(earlier);
    QCOMPARE(store->explanations(a).size(), std::size_t{2});
    QCOMPARE(store->explanations(b).size(), std::size_t{1});
    store->remove_run(a);
    QCOMPARE(store->explanations(b).size(), std::size_t{1});
    QCOMPARE(store->explanations(std::nullopt).size(), std::size_t{1});
    store->remove_run(b);
    QCOMPARE(store->explanations(std::nullopt).size(), std::size_t{0});
  }

  void postsAsListsNeedThem() {
    Temporary tmp;
    auto store = Store::open(tmp / "a.telltale", Store::Mode::create);
    const auto dataset = small_dataset(*store);
    const PostTable table = store->post_table(dataset.id);
    const auto all = store->documents({.dataset = dataset.id});
    QCOMPARE(table.rows.size(), all.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
      QCOMPARE(table.rows[i].id, all[i].id);
      QCOMPARE(table.rows[i].label, all[i].label);
      QCOMPARE(table.splits.at(static_cast<std::size_t>(table.rows[i].split)), all[i].split);
      QCOMPARE(static_cast<std::size_t>(table.rows[i].bytes), all[i].text.size());
    }
    const auto found = store->document_ids({.dataset = dataset.id, .search = "goal*"});
    QVERIFY(!found.empty());
    const auto starts = store->post_starts({found[0], 999'999, all[0].id}, "goal*");
    QCOMPARE(starts.size(), std::size_t{2});
    QCOMPARE(starts[0].id, found[0]);
    QVERIFY(starts[0].snippet.find("\x02goal") != std::string::npos);
    QCOMPARE(starts[0].start, store->document(found[0]).text.substr(0, 600));
    QVERIFY(store->post_starts({found[0]})[0].snippet.empty());
    QVERIFY(store->post_starts({found[0]}, "\"zz AND (").at(0).snippet.empty());

    store->add_predictions("f00d", 128, "fp32", {{all[0].id, {0.5f, -1.25f}}, {all[1].id, {3, 4}}});
    store->add_predictions("f00d", 64, "fp32", {{all[0].id, {9, 9}}});
    store->add_predictions("f00d", 128, "fp32", {{all[1].id, {5, 6}}});
    const auto p = store->predictions("f00d", 128, "fp32", dataset.id);
    QCOMPARE(p.size(), std::size_t{2});
    QCOMPARE(p[0].document, all[0].id);
    QCOMPARE(p[0].logits, (std::vector<float>{0.5f, -1.25f}));
    QCOMPARE(p[1].logits, (std::vector<float>{5, 6}));
    QVERIFY(store->predictions("f00d", 128, "fp32", dataset.id + 1).empty());
    QVERIFY(store->predictions("other", 128, "fp32", dataset.id).empty());
    // An answer in bf16 stands beside that in fp32.
    QVERIFY(store->predictions("f00d", 128, "bf16", dataset.id).empty());
    store->add_predictions("f00d", 128, "bf16", {{all[0].id, {0.4f, -1}}});
    QCOMPARE(store->predictions("f00d", 128, "bf16", dataset.id).at(0).logits, (std::vector<float>{0.4f, -1}));
    QCOMPARE(store->predictions("f00d", 128, "fp32", dataset.id).at(0).logits, (std::vector<float>{0.5f, -1.25f}));

    RunRecord run = a_run(dataset.id);
    run.fingerprint = "f00d";
    const auto id = store->add_run(run);
    run.name = "second", run.status = RunStatus::finished, run.metrics = {{"accuracy", 0.75}};
    const auto second = store->add_run(run);
    const auto heads = store->run_heads();
    QCOMPARE(heads.size(), std::size_t{2});
    QCOMPARE(heads[1].id, second);
    QCOMPARE(heads[1].name, std::string("second"));
    QCOMPARE(heads[1].dataset, dataset.id);
    QCOMPARE(heads[1].status, RunStatus::finished);
    QCOMPARE(heads[1].accuracy, 0.75);
    QVERIFY(heads[0].status == RunStatus::queued && std::isnan(heads[0].accuracy));
    store->remove_run(second);
    const auto before = store->explained_documents(id);
    QCOMPARE(before, std::vector<std::int64_t>{});
    store->add_explanation(explanation_of(all[1].id));  // of equal weights, without a run
    auto e = explanation_of(all[0].id);
    e.fingerprint = "step 10", e.run = id;
    store->add_explanation(e);
    QCOMPARE(store->explained_documents(id), (std::vector<std::int64_t>{all[0].id, all[1].id}));
    store->remove_run(id);
    QVERIFY(store->predictions("f00d", 128, "fp32", dataset.id).empty());  // nobody else has these weights
    store->add_predictions("f00d", 128, "fp32", {{all[0].id, {1, 2}}});
    store->remove_dataset(dataset.id);
    QVERIFY(store->predictions("f00d", 128, "fp32", dataset.id).empty());
  }

  void valuesAndComparisons() {
    Temporary tmp;
    auto store = Store::open(tmp / "a.telltale", Store::Mode::create);
    QVERIFY(!store->value("pins"));
    store->set_value("pins", {1, 2});
    store->set_value("pins", {1, 2, 3});
    QCOMPARE(store->value("pins")->dump(), std::string("[1,2,3]"));
    store->add_comparison({.runs = {1, 2}, .protocol = {{"top", 10}}, .result = {{"pairs", Json::array()}}});
    QCOMPARE(store->comparisons().at(0).runs, (std::vector<std::int64_t>{1, 2}));
    QCOMPARE(store->comparisons()[0].protocol.at("top").get<int>(), 10);
  }

  void transactionsNest() {
    Temporary tmp;
    auto store = Store::open(tmp / "a.telltale", Store::Mode::create);
    store->transaction([&] {
      store->set_value("kept", 1);
      QVERIFY_THROWS_EXCEPTION(std::runtime_error, store->transaction([&] {
        store->set_value("dropped", 2);
        throw std::runtime_error("no");
      }));
      QVERIFY(!store->value("dropped"));
    });
    QVERIFY(store->value("kept"));
    QVERIFY_THROWS_EXCEPTION(std::runtime_error, store->transaction([&] {
      store->set_value("kept", 3);
      throw std::runtime_error("no");
    }));
    QCOMPARE(store->value("kept")->get<int>(), 1);
  }

  void aConnectionAThread() {
    Temporary tmp;
    Store::open(tmp / "a.telltale", Store::Mode::create);
    std::vector<std::thread> threads;
    std::atomic<int> failures = 0;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        try {
          auto store = Store::open(tmp / "a.telltale", Store::Mode::write);
          for (int i = 0; i < 50; ++i) {
            store->set_value(std::to_string(t) + "/" + std::to_string(i), i);
            store->value("0/0");
          }
        } catch (const std::exception& e) {
          qWarning("%s", e.what());
          ++failures;
        }
      });
    }
    for (auto& t : threads) t.join();
    QCOMPARE(failures.load(), 0);
    auto store = Store::open(tmp / "a.telltale", Store::Mode::read);
    for (int t = 0; t < 4; ++t) QVERIFY(store->value(std::to_string(t) + "/49"));
  }

  void interruptedRuns() {
    Temporary tmp;
    auto store = Store::open(tmp / "a.telltale", Store::Mode::create);
    RunRecord r = a_run(0);
    r.status = RunStatus::running;
    const std::int64_t mine = store->add_run(r), lost = store->add_run(r), theirs = store->add_run(r);
    r.status = RunStatus::finished;
    const std::int64_t done = store->add_run(r);
    auto lock = store->claim_run(mine);
    QVERIFY(error_of([&] { store->claim_run(mine); }).find("being trained by another process") != std::string::npos);

    int ready[2];
    QCOMPARE(pipe(ready), 0);
    const pid_t child = fork();
    if (child == 0) {  // another process trains the third one, until it is killed
      try {
        auto other = Store::open(tmp / "a.telltale", Store::Mode::write);
        auto held = other->claim_run(theirs);
        if (write(ready[1], "x", 1) == 1) pause();
      } catch (...) {
      }
      _exit(1);
    }
    char c;
    QCOMPARE(read(ready[0], &c, 1), ssize_t{1});
    {
      auto reader = Store::open(tmp / "a.telltale", Store::Mode::read);
      reader->mark_interrupted_runs();
      QCOMPARE(reader->run(lost).status, RunStatus::interrupted);
      QCOMPARE(reader->run(mine).status, RunStatus::running);
    }
    QCOMPARE(store->run(lost).status, RunStatus::running);  // the reader changed nothing
    store->mark_interrupted_runs();
    QCOMPARE(store->run(mine).status, RunStatus::running);
    QCOMPARE(store->run(theirs).status, RunStatus::running);
    QCOMPARE(store->run(lost).status, RunStatus::interrupted);
    QCOMPARE(store->run(done).status, RunStatus::finished);
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    close(ready[0]);
    close(ready[1]);
    lock.reset();
    store->mark_interrupted_runs();
    QCOMPARE(store->run(mine).status, RunStatus::interrupted);
    QCOMPARE(store->run(theirs).status, RunStatus::interrupted);
    QVERIFY(store->claim_run(theirs) != nullptr);
  }

 private:
  std::map<std::string, std::set<std::string>> tests_;
};

QTEST_GUILESS_MAIN(StoreTest)
#include "store_test.moc"
