// Perturbation methods: exact Shapley values, Captum's numbers, properties over the table of methods, standard errors that mean what they say, bad input.
#include <QTemporaryDir>
#include <QtTest>
#include <algorithm>
#include <cmath>
#include <numeric>

#include "attribution/clause_tree.hpp"
#include "attribution/explain.hpp"
#include "attribution/linear_fit.hpp"
#include "base/json.hpp"
#include "planted_model.hpp"
#include "shared_data.hpp"
#include "test_device.hpp"

using namespace telltale;

namespace {

std::shared_ptr<Classifier> load(const std::filesystem::path& folder, Precision precision = Precision::fp32) {
  ComputeOptions compute;
  compute.device = test_device();
  compute.precision = precision;
  compute.threads = 1;
  configure_compute(compute);
  return Classifier::load(folder, compute);
}

ExplainItem item_of(const Classifier& model, const std::string& text, int target = -1, int length = 64) {
  ExplainItem item;
  item.encoding = model.tokenizer().encode(text, length);
  item.target = target;
  return item;
}

ExplainOptions options_of(const std::string& method, int samples = 512, Unit unit = Unit::word) {
  ExplainOptions o;
  o.method = method;
  o.samples = samples;
  o.unit = unit;
  return o;
}

bool samples_or_all(const MethodInfo& m) { return m.uses_samples && m.uses_removal; }

/// A row for each method of the table that promises what the case asks.
void every_method(bool (*promises)(const MethodInfo&)) {
  QTest::addColumn<QString>("method");
  for (const MethodInfo& m : methods())
    if (promises(m)) QTest::newRow(m.id.c_str()) << QString::fromStdString(m.id);
}

}  // namespace

class TestPerturbation : public QObject {
  Q_OBJECT
  QTemporaryDir folder_;
  std::shared_ptr<Classifier> planted() {
    static std::shared_ptr<Classifier> model = load(test::make_planted_model(std::filesystem::path(folder_.path().toStdString()) / "planted"));
    return model;
  }

 private Q_SLOTS:
  void all_coalitions_are_the_golden_shapley_values_data() {
    QTest::addColumn<QString>("method");
    QTest::newRow("kernel-shap") << "kernel-shap";
    QTest::newRow("shapley-sampling") << "shapley-sampling";
  }
  void all_coalitions_are_the_golden_shapley_values() {
    TELLTALE_NEEDS_SHARED(shared);
    QFETCH(QString, method);
    const auto model = load(shared / "data/models/minilm-news6");
    const Json file = read_json(shared / "golden/attributions-shapley.json");
    for (const Output output : {Output::probability, Output::logit, Output::log_odds, Output::difference}) {
      std::vector<ExplainItem> items;
      std::vector<Json> expected;
      for (const Json& post : file["items"]) {
        ExplainItem item = item_of(*model, post["text"], post["explanations"][0]["target"], post["max_length"]);
        item.foil = post["explanations"][0]["foil"];
        items.push_back(item);
        expected.push_back(post["explanations"][0]["outputs"][output == Output::log_odds ? "log_odds" : name_of(output)]);
      }
      ExplainOptions o = options_of(method.toStdString(), 0, Unit::piece);
      o.output = output;
      o.removal = Removal::baseline;
      const auto found = explain(*model, items, o);
      for (std::size_t k = 0; k < found.size(); ++k) {
        const Json& scores = expected[k]["methods"]["shapley_pad"]["scores"];
        double largest = 1;
        for (const Json& s : scores) largest = std::max(largest, std::abs(s.get<double>()));
        for (std::size_t t = 0; t < scores.size(); ++t) QVERIFY2(std::abs(found[k].scores[t] - scores[t].get<double>()) < 1e-5 * largest, qPrintable(QString("%1 text %2 id %3: %4").arg(name_of(output)).arg(k).arg(t).arg(found[k].scores[t] - scores[t].get<double>())));
        QVERIFY(std::abs(found[k].baseline_value - expected[k]["baseline_value"].get<double>()) < 1e-4);
        for (const double e : found[k].standard_error) QCOMPARE(e, 0.0);
      }
    }
  }
  void sampled_scores_lie_within_their_errors_data() {
    QTest::addColumn<QString>("method");
    QTest::newRow("kernel-shap") << "kernel-shap";
    QTest::newRow("shapley-sampling") << "shapley-sampling";
    QTest::newRow("rise") << "rise";
    QTest::newRow("lime") << "lime";
  }
  void sampled_scores_lie_within_their_errors() {
    TELLTALE_NEEDS_SHARED(shared);
    QFETCH(QString, method);
    const auto model = load(shared / "golden/models/tiny-bert/fp32");
    const int samples = 200;  // all coalitions are what they aim at
    const ExplainItem item = item_of(*model, "the hockey team wins the game and a car, the mac and a disk drive", 1);
    QVERIFY(item.encoding.words.size() >= 14);
    ExplainOptions o = options_of(method.toStdString(), 0);
    if (method == "lime") o.ridge = 1e-9;  // the ridge weighs by the number of samples
    const Explanation exact = explain(*model, {item}, o)[0];
    o.samples = samples;
    double squares = 0, largest = 0;
    int n = 0;
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
      o.seed = seed;
      const Explanation found = explain(*model, {item}, o)[0];
      QCOMPARE(found.standard_error.size(), item.encoding.words.size());
      for (std::size_t w = 0; w < found.word_scores.size(); ++w) {
        const double z = (found.word_scores[w] - exact.word_scores[w]) / found.standard_error[w];
        QVERIFY(found.standard_error[w] > 0);
        squares += z * z;
        largest = std::max(largest, std::abs(z));
        ++n;
      }
    }
    qInfo("%s: mean z² %.2f, largest |z| %.2f of %d", qPrintable(method), squares / n, largest, n);
    QVERIFY2(squares / n > 0.4 && squares / n < 2, qPrintable(QString::number(squares / n)));
    QVERIFY2(largest < 6, qPrintable(QString::number(largest)));
  }
  void errors_of_few_pairs_are_calibrated_data() {
    QTest::addColumn<int>("samples");
    QTest::newRow("2 pairs") << 60;
    QTest::newRow("3 pairs") << 90;
    QTest::newRow("7 pairs") << 200;
  }
  void errors_of_few_pairs_are_calibrated() {
    TELLTALE_NEEDS_SHARED(shared);
    QFETCH(int, samples);
    const auto model = load(shared / "golden/models/tiny-bert/fp32");
    const ExplainItem item = item_of(*model, "the hockey team wins the game and a car, the mac and a disk drive", 1);
    ExplainOptions o = options_of("shapley-sampling", 0);
    const Explanation exact = explain(*model, {item}, o)[0];
    o.samples = samples;
    int inside = 0, n = 0;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
      o.seed = seed;
      const Explanation found = explain(*model, {item}, o)[0];
      for (std::size_t w = 0; w < found.word_scores.size(); ++w) inside += std::abs(found.word_scores[w] - exact.word_scores[w]) < found.standard_error[w], ++n;
    }
    // One standard error holds 68.3 % of draws; of two pairs without Student's factor it would be 50 %, of three 58 %, of seven 64 %.
    const double share = static_cast<double>(inside) / n;
    qInfo("%d samples: %.1f %% of %d within one standard error", samples, 100 * share, n);
    QVERIFY2(share > 0.655 && share < 0.73, qPrintable(QString::number(share)));
  }
  void kernel_shap_agrees_with_captum() {
    TELLTALE_NEEDS_SHARED(shared);
    const Json captum = read_json(std::filesystem::path(TELLTALE_SOURCE_DIR) / "tests/attribution/reference/shapley_captum.json");
    const auto model = load(shared / "data/models/minilm-news6");
    const Json golden = read_json(shared / "golden/attributions.json");
    const auto post = std::find_if(golden["items"].begin(), golden["items"].end(), [&](const Json& p) { return p["ids"] == captum["ids"]; });
    QVERIFY(post != golden["items"].end());
    for (const char* method : {"kernel-shap", "shapley-sampling"}) {
      const Explanation found = explain(*model, {item_of(*model, (*post)["text"], captum["target"], 128)}, options_of(method, 2000, Unit::piece))[0];
      const Json& expected = captum[std::string(method) == "kernel-shap" ? "kernel_shap" : "shapley"];
      for (std::size_t k = 0; k < expected["scores"].size(); ++k) {
        const double error = std::hypot(found.standard_error[k + 1], expected["standard_error"][k].get<double>());
        const double off = found.scores[k + 1] - expected["scores"][k].get<double>();
        QVERIFY2(std::abs(off) < 3 * error + 1e-4, qPrintable(QString("%1 piece %2: off by %3, %4 standard errors").arg(method).arg(k).arg(off).arg(off / error)));
      }
    }
  }
  void lime_fit_is_captums() {
    const Json file = read_json(std::filesystem::path(TELLTALE_SOURCE_DIR) / "tests/attribution/reference/lime_captum.json");
    std::vector<std::vector<std::uint8_t>> z;
    FitRows rows;
    for (const Json& r : file["rows"]) z.push_back(r.get<std::vector<std::uint8_t>>());
    rows.columns = z[0].size();
    for (std::size_t k = 0; k < z.size(); ++k) {
      rows.row.push_back(z[k].data());
      rows.value.push_back(file["values"][k]);
      rows.weight.push_back(lime_kernel(static_cast<std::size_t>(std::count(z[k].begin(), z[k].end(), 1)), z[k].size(), file["kernel_width"]));
    }
    for (const Json& c : file["cases"]) {
      const Fit fit = ridge_fit(rows, c["ridge"]);
      for (std::size_t i = 0; i < rows.columns; ++i) QVERIFY2(std::abs(fit.coefficients[i] - c["coefficients"][i].get<double>()) < 1e-6, qPrintable(QString::number(fit.coefficients[i], 'g', 12)));
    }
  }
  void what_too_few_draws_cannot_say() {
    const auto model = planted();
    const ExplainItem ten = item_of(*model, "team win the ice net puck goal the a net", 0), three = item_of(*model, "team win puck", 0), four = item_of(*model, "team win the puck", 0);
    const auto unknown = [](const Explanation& e) { return std::all_of(e.standard_error.begin(), e.standard_error.end(), [](double v) { return std::isnan(v); }) && !e.standard_error.empty() && !e.converged; };
    for (const int samples : {1, 2}) QVERIFY2(unknown(explain(*model, {ten}, options_of("lime", samples))[0]), qPrintable(QString::number(samples)));
    QVERIFY(unknown(explain(*model, {ten}, options_of("kernel-shap", 1))[0]));
    // Five samples have errors, but leave some of ten words open, whatever the ridge makes of it.
    const Explanation five = explain(*model, {ten}, options_of("lime", 5))[0], many = explain(*model, {ten}, options_of("lime", 200))[0];
    QVERIFY(!five.converged && std::isfinite(five.standard_error[0]));
    QVERIFY(many.converged && std::isfinite(many.standard_error[0]));
    QVERIFY(explain(*model, {item_of(*model, "puck", 0)}, options_of("lime", 1))[0].word_scores[0] > 0);
    // Two pairs of three words cost more than all coalitions.
    const Explanation least = explain(*model, {three}, options_of("shapley-sampling", 1))[0], all = explain(*model, {three}, options_of("shapley-sampling", 0))[0];
    QCOMPARE(least.steps, all.steps);
    for (int w = 0; w < 3; ++w) QCOMPARE(least.word_scores[static_cast<std::size_t>(w)], all.word_scores[static_cast<std::size_t>(w)]);
    // The same pair drawn twice: no error of 0.
    for (const auto& [method, item] : {std::pair{"shapley-sampling", four}, {"rise", three}}) {
      int alike = 0;
      for (std::uint64_t seed = 0; seed < 60; ++seed) {
        ExplainOptions o = options_of(method, 1);
        o.seed = seed;
        const Explanation e = explain(*model, {item}, o)[0];
        QVERIFY2(e.converged == std::isfinite(e.standard_error[0]), method);
        alike += !e.converged;
      }
      QVERIFY2(alike > 0 && alike < 40, qPrintable(QString("%1: %2 of 60").arg(method).arg(alike)));
    }
  }
  void jackknife_of_a_mean_is_the_textbook_error() {
    // One column, always present in half of the rows: its coefficient is a difference of two means.
    const std::uint8_t on = 1, off = 0;
    FitRows rows;
    rows.columns = 1;
    std::vector<int> block;
    const double y[] = {1, 2, 4, 7};
    for (int k = 0; k < 4; ++k) {
      rows.row.push_back(&on);
      rows.value.push_back(y[k]);
      rows.row.push_back(&off);
      rows.value.push_back(0);
      block.insert(block.end(), {k, k});
    }
    rows.weight.assign(8, 1);
    const auto fit = [](const FitRows& some) { return ridge_fit(some, 0); };
    QVERIFY(std::abs(fit(rows).coefficients[0] - 3.5) < 1e-12);
    // s² = (2.5² + 1.5² + 0.5² + 3.5²)/3 = 7; s/√4 = 1.3229
    QVERIFY(std::abs(jackknife_errors(rows, block, fit)[0] - std::sqrt(7.0 / 4)) < 1e-12);
  }
  void clauses() {
    const auto tree = [](std::initializer_list<const char*> words) {
      std::vector<Break> after;
      for (const char* w : words) after.push_back(break_after(w));
      return clause_tree(after);
    };
    const auto t = tree({"a", ",", "b", "c", ".", "d", "e"});
    QCOMPARE(t.size(), 13u);
    const auto& left = t[static_cast<std::size_t>(t[0].left)];
    QCOMPARE(left.last, 5u);  // the sentence before the clause
    QCOMPARE(t[static_cast<std::size_t>(left.left)].last, 2u);
    const auto plain = tree({"a", "b", "c", "d"});  // no punctuation: the middle
    QCOMPARE(plain[static_cast<std::size_t>(plain[0].left)].last, 2u);
    QCOMPARE(tree({"a"}).size(), 1u);
  }
  void owen_values_by_hand() {
    // Three words, one clause of two and one of one: ((a ,) b) with F over the 8 coalitions of a real model; Owen values from the definition.
    const auto m = planted();
    const ExplainItem item = item_of(*m, "puck , goal");
    const Explanation found = explain(*m, {item}, options_of("partition-shap", 0))[0];
    const auto& s = m->tokenizer().specials();
    double v[8];
    for (int c = 0; c < 8; ++c) {
      ModelInput in;
      in.ids = item.encoding.ids;
      for (int p = 0; p < 3; ++p)
        if (!(c >> p & 1)) in.ids[static_cast<std::size_t>(p + 1)] = s.pad;
      v[c] = m->predict(std::vector<ModelInput>{in})[0].probabilities[static_cast<std::size_t>(found.target)];
    }
    // Quotient game of {0,1} and {2}; inside {0,1} each comes first or second, with and without 2.
    const auto inner = [&](int a, int b) {
      const auto marginal = [&](int context) { return 0.5 * (v[context | a] - v[context]) + 0.5 * (v[context | a | b] - v[context | b]); };
      return 0.5 * marginal(0) + 0.5 * marginal(4);
    };
    QVERIFY(std::abs(found.word_scores[0] - inner(1, 2)) < 1e-6);
    QVERIFY(std::abs(found.word_scores[1] - inner(2, 1)) < 1e-6);
    QVERIFY(std::abs(found.word_scores[2] - (0.5 * (v[4] - v[0]) + 0.5 * (v[7] - v[3]))) < 1e-6);
  }
  void banzhaf_values_by_hand() {
    const auto m = planted();
    const ExplainItem item = item_of(*m, "puck goal");
    const Explanation found = explain(*m, {item}, options_of("rise", 0))[0];
    const auto f = [&](bool puck, bool goal) {
      ModelInput in;
      in.ids = item.encoding.ids;
      if (!puck) in.ids[1] = m->tokenizer().specials().pad;
      if (!goal) in.ids[2] = m->tokenizer().specials().pad;
      return m->predict(std::vector<ModelInput>{in})[0].probabilities[static_cast<std::size_t>(found.target)];
    };
    QVERIFY(std::abs(found.word_scores[0] - 0.5 * (f(true, true) - f(false, true) + f(true, false) - f(false, false))) < 1e-6);
    QVERIFY(std::abs(found.word_scores[1] - 0.5 * (f(true, true) - f(true, false) + f(false, true) - f(false, false))) < 1e-6);
  }
  void windows_of_occlusion() {
    const auto m = planted();
    const ExplainItem item = item_of(*m, "the puck goal team");
    ExplainOptions o = options_of("occlusion");
    o.removal = Removal::remove;
    o.window = 2;
    const Explanation found = explain(*m, {item}, o)[0];
    const auto p = [&](const std::string& text) { return m->predict(std::vector<Encoding>{m->tokenizer().encode(text)})[0].probabilities[static_cast<std::size_t>(found.target)]; };
    const double whole = p("the puck goal team"), a = whole - p("goal team"), b = whole - p("the team"), c = whole - p("the puck");
    const double expected[] = {a, (a + b) / 2, (b + c) / 2, c};
    for (std::size_t w = 0; w < 4; ++w) QVERIFY(std::abs(found.word_scores[w] - expected[w]) < 1e-6);
    QCOMPARE(protocol_of(o)["window"], Json(2));
    o.window = 9;  // wider than the text: one window over all of it
    const Explanation wide = explain(*m, {item}, o)[0];
    for (const double s : wide.word_scores) QVERIFY(std::abs(s - (whole - p(""))) < 1e-6);
    o.window = 1;
    QVERIFY(!protocol_of(o).contains("window"));
  }

  // ---- over the table
  void a_dummy_gets_nothing_data() { every_method([](const MethodInfo& m) { return m.dummy && m.uses_removal; }); }
  void a_dummy_gets_nothing() {
    TELLTALE_NEEDS_SHARED(shared);
    QFETCH(QString, method);
    const auto model = load(shared / "golden/models/tiny-bert/fp32");
    // ☃ is [UNK]: hiding it by the baseline [UNK] changes nothing, ever.
    const ExplainItem item = item_of(*model, "the hockey ☃ team wins, a game");
    QCOMPARE(item.encoding.ids[3], model->tokenizer().specials().unk);
    ExplainOptions o = options_of(method.toStdString(), 0);
    o.removal = Removal::baseline;
    o.baseline = Baseline::unk;
    const Explanation found = explain(*model, {item}, o)[0];
    double largest = 0;
    for (const double s : found.word_scores) largest = std::max(largest, std::abs(s));
    QVERIFY(largest > 1e-3);
    QVERIFY2(std::abs(found.word_scores[2]) < 1e-6, qPrintable(QString::number(found.word_scores[2])));
  }
  void equal_words_get_equal_scores_data() { every_method([](const MethodInfo& m) { return m.symmetric; }); }
  void equal_words_get_equal_scores() {
    QFETCH(QString, method);
    const auto m = planted();
    const Explanation found = explain(*m, {item_of(*m, "goal puck the net puck ice")}, options_of(method.toStdString(), 0))[0];
    QVERIFY(std::abs(found.word_scores[1]) > 1e-3);
    QVERIFY2(std::abs(found.word_scores[1] - found.word_scores[4]) < 1e-6, qPrintable(QString::number(found.word_scores[1] - found.word_scores[4])));
  }
  void a_planted_shortcut_is_found_first_data() { every_method([](const MethodInfo& m) { return m.complete || m.dummy || m.uses_kernel; }); }
  void a_planted_shortcut_is_found_first() {
    QFETCH(QString, method);
    const auto m = planted();
    std::vector<ExplainItem> items;
    std::vector<std::size_t> place;
    for (const char* text : {"the puck goal", "team win the ice net puck", "puck , a goal . the team wins ! ice", "a a a the the goal team puck team the net ice win win win goal the a"}) {
      items.push_back(item_of(*m, text, 0));  // why "yes"
      const std::string t(text), before = t.substr(0, t.find("puck"));
      place.push_back(static_cast<std::size_t>(std::count(before.begin(), before.end(), ' ')));
    }
    for (const int samples : {512, 64}) {
      const auto found = explain(*m, items, options_of(method.toStdString(), samples));
      for (std::size_t k = 0; k < items.size(); ++k) {
        const auto& s = found[k].word_scores;
        QCOMPARE(static_cast<std::size_t>(std::max_element(s.begin(), s.end()) - s.begin()), place[k]);
      }
    }
  }
  void draws_follow_the_seed_alone_data() { every_method(samples_or_all); }
  void draws_follow_the_seed_alone() {
    TELLTALE_NEEDS_SHARED(shared);
    QFETCH(QString, method);
    const auto model = load(shared / "golden/models/tiny-bert/fp32");
    std::vector<ExplainItem> items;
    for (const char* text : {"a car and a bike and a mouse and a disk drive engine of the mac walking faster never", "the hockey team wins the game", "puck"})
      for (const int target : {0, 2}) items.push_back(item_of(*model, text, target));
    ExplainOptions o = options_of(method.toStdString(), 60);
    const auto together = explain(*model, items, o), again = explain(*model, items, o);
    for (std::size_t k = 0; k < items.size(); ++k) {
      QCOMPARE(together[k].word_scores, again[k].word_scores);
      const Explanation alone = explain(*model, {items[k]}, o)[0];
      for (std::size_t w = 0; w < alone.word_scores.size(); ++w) QVERIFY(std::abs(alone.word_scores[w] - together[k].word_scores[w]) < 1e-5);
    }
    o.seed = 1;
    if (method_info(o.method).deterministic)
      QCOMPARE(explain(*model, items, o)[0].word_scores, together[0].word_scores);
    else
      QVERIFY(explain(*model, items, o)[0].word_scores != together[0].word_scores);
  }
  void bad_input_data() { every_method([](const MethodInfo&) { return true; }); }
  void bad_input() {
    TELLTALE_NEEDS_SHARED(shared);
    QFETCH(QString, method);
    const auto model = load(shared / "golden/models/tiny-bert/fp32");
    ExplainOptions o = options_of(method.toStdString());
    std::string endless;
    for (int k = 0; k < 10000; ++k) endless += "game ";
    for (const std::string& text : {std::string(), std::string("hockey"), endless, std::string("[CLS] [SEP] [PAD]"), std::string("\xe2\x80\x8b\xe2\x80\x8b"), std::string("☃ ☃☃ \xf0\x9f\x98\x80!?")}) {
      const ExplainItem item = item_of(*model, text);
      const Explanation found = explain(*model, {item}, o)[0];
      QCOMPARE(found.scores.size(), item.encoding.ids.size());
      QCOMPARE(found.word_scores.size(), item.encoding.words.size());
      for (const double s : found.word_scores) QVERIFY(std::isfinite(s));
      QVERIFY(std::isfinite(found.value));
      if (text == endless) QVERIFY(item.encoding.cut > 0 && item.encoding.full_length == 10002);
    }
    QVERIFY_EXCEPTION_THROWN(explain(*model, {item_of(*model, "a game", 4)}, o), std::invalid_argument);
    ExplainItem longer;
    longer.encoding = model->tokenizer().encode(endless);  // not cut: the model refuses it
    QVERIFY_EXCEPTION_THROWN(explain(*model, {longer}, o), std::invalid_argument);
    const MethodInfo& info = method_info(o.method);
    const auto refused = [&](auto&& change) {
      ExplainOptions bad = o;
      change(bad);
      try {
        explain(*model, {item_of(*model, endless)}, bad);
      } catch (const std::invalid_argument& e) {
        return QString(e.what()).size() > 10;
      }
      return false;
    };
    if (samples_or_all(info)) {
      QVERIFY(refused([](ExplainOptions& b) { b.samples = -1; }));
      QVERIFY(refused([](ExplainOptions& b) { b.samples = 0; }));  // all of 2^62
    }
    if (info.uses_window) QVERIFY(refused([](ExplainOptions& b) { b.window = 0; }));
    if (info.uses_kernel) QVERIFY(refused([](ExplainOptions& b) { b.ridge = std::nan(""); }) && refused([](ExplainOptions& b) { b.kernel_width = 0; }));
    std::stop_source stop;
    stop.request_stop();
    QVERIFY_EXCEPTION_THROWN(explain(*model, {item_of(*model, "a game")}, o, stop.get_token()), Cancelled);
  }
};

QTEST_GUILESS_MAIN(TestPerturbation)
#include "test_perturbation.moc"
