// Baselines, expected gradients, gradients under noise and paths through words: against reference/*.json (captum, and
// the papers' rules written out in numpy), and against what their formulas imply.
#include <QtTest>
#include <cmath>
#include <numeric>

#include "attribution/explain.hpp"
#include "attribution/gradient_options.hpp"
#include "reference_cases.hpp"
#include "shared_data.hpp"

using namespace telltale;

class TestGradientMethods : public QObject {
  Q_OBJECT
  std::map<int, std::shared_ptr<Classifier>> models_;

  std::shared_ptr<Classifier> tiny(const std::filesystem::path& shared, Precision precision = Precision::fp64) {
    auto& m = models_[static_cast<int>(precision)];
    if (!m) m = load_model(shared / "golden/models/tiny-bert/fp32", precision);
    return m;
  }
  static ExplainOptions of(const char* method) {
    ExplainOptions o;
    o.method = method;
    return o;
  }
  static ExplainItem text(const Classifier& m, const char* words) {
    ExplainItem item;
    item.encoding = m.tokenizer().encode(words, 64);
    return item;
  }

 private Q_SLOTS:
  void words_and_scores_of_paths_data() {
    QTest::addColumn<int>("precision");
    QTest::addColumn<double>("tolerance");
    QTest::newRow("fp64") << static_cast<int>(Precision::fp64) << 1e-6;  // the points of a path are floats
    QTest::newRow("fp32") << static_cast<int>(Precision::fp32) << 1e-3;
  }
  void words_and_scores_of_paths() {
    TELLTALE_NEEDS_SHARED(shared);
    QFETCH(int, precision);
    QFETCH(double, tolerance);
    const auto m = tiny(shared, static_cast<Precision>(precision));
    const Json file = read_json(reference_file("tiny-paths.json"));
    QVERIFY(file["items"].size() >= 5);
    for (const Json& post : file["items"])
      for (const Baseline baseline : {Baseline::pad, Baseline::mask}) {
        for (const char* method : {"dig-greedy", "dig-maxcount", "udig"}) {
          ExplainOptions o = of(method);
          o.baseline = baseline;
          o.steps = post["steps"];
          o.neighbours = o.method == "udig" ? 10 : 20;
          const Json& expected = post[o.method + "." + name_of(baseline)];
          const Explanation e = explain(*m, {reference_item(*m, post)}, o)[0];
          for (const Json& visited : e.details["visited"]) {
            Json words = Json::array();
            for (const Json& id : expected["words"][visited["position"].get<std::size_t>()])
              words.push_back(m->tokenizer().token(id.get<std::int32_t>()));
            Json got = visited["words"];
            got.erase(got.size() - 1);  // the baseline
            QVERIFY2(got == words,
                     qPrintable(QString("%1 %2: %3 for %4")
                                    .arg(method, name_of(baseline), got.dump().c_str(), words.dump().c_str())));
          }
          const double d = relative_distance(e.scores, numbers(expected["scores"]));
          QVERIFY2(d < tolerance, qPrintable(QString("%1 %2: %3").arg(method, name_of(baseline)).arg(d)));
          QVERIFY(std::abs(e.value - expected["value"].get<double>()) < tolerance);
          QVERIFY(std::abs(e.baseline_value - expected["baseline_value"].get<double>()) < tolerance);
          QVERIFY(std::abs(e.delta - std::abs(std::accumulate(e.scores.begin(), e.scores.end(), 0.0) -
                                              (e.value - e.baseline_value))) < 1e-12);
        }
        ExplainOptions o = of("sig");
        o.baseline = baseline;
        o.steps = post["steps"];
        o.unit = Unit::piece;
        const double d = relative_distance(explain(*m, {reference_item(*m, post)}, o)[0].scores,
                                           numbers(post[std::string("sig.") + name_of(baseline)]["scores"]));
        QVERIFY2(d < tolerance, qPrintable(QString::number(d)));
      }
  }
  void paths_of_the_papers_settings() {
    // 30 steps, neighbours 500 and 50: of a vocabulary of 293 words all are looked at, and the path still ends at the
    // baseline.
    TELLTALE_NEEDS_SHARED(shared);
    const auto m = tiny(shared);
    for (const char* method : {"dig-greedy", "dig-maxcount", "udig"}) {
      const Explanation e = explain(*m, {text(*m, "the hockey team wins")}, of(method))[0];
      QCOMPARE(e.steps, std::string(method) == "udig" ? 63 : 32);
      QCOMPARE(e.details["visited"].size(), std::size_t{5});  // "wins" is two pieces
      for (const Json& v : e.details["visited"]) {
        QCOMPARE(v["words"].size(), std::size_t{32});
        QCOMPARE(v["words"].back().get<std::string>(), std::string("[PAD]"));
        const auto words = v["words"].get<std::vector<std::string>>();
        for (std::size_t a = 0; a + 1 < words.size(); ++a)
          for (std::size_t b = a + 1; b + 1 < words.size(); ++b) QVERIFY(words[a] != words[b] || words[a] == "[PAD]");
      }
    }
  }
  void sequential_is_hiding_one_by_one() {
    // The integral of a gradient along a line is the difference of F at its ends.
    TELLTALE_NEEDS_SHARED(shared);
    const auto m = tiny(shared);
    for (const Unit unit : {Unit::word, Unit::piece})
      for (const Output output : {Output::probability, Output::difference}) {
        ExplainOptions sig = of("sig"), hidden = of("occlusion");
        sig.unit = hidden.unit = unit;
        sig.output = hidden.output = output;
        sig.steps = 100;
        hidden.removal = Removal::baseline;
        sig.baseline = hidden.baseline = Baseline::mask;
        const auto item = text(*m, "walking faster than a puck, never");
        const Explanation a = explain(*m, {item}, sig)[0], b = explain(*m, {item}, hidden)[0];
        QVERIFY(relative_distance(a.word_scores, b.word_scores) < 1e-3);
      }
  }
  void baselines_against_captum() {
    TELLTALE_NEEDS_SHARED(shared);
    const auto m = tiny(shared);
    const Json file = read_json(reference_file("tiny-baselines.json"));
    for (const Json& post : file["items"])
      for (const Baseline baseline : {Baseline::unk, Baseline::mean, Baseline::text}) {
        ExplainOptions o = of("integrated-gradients");
        o.baseline = baseline;
        o.baseline_text = "the hockey game";
        o.steps = 20;
        const Explanation e = explain(*m, {reference_item(*m, post)}, o)[0];
        const Json& expected = post[baseline == Baseline::text ? "phrase" : name_of(baseline)];
        const double d = relative_distance(e.scores, numbers(expected["scores"]));
        QVERIFY2(d < 1e-6,
                 qPrintable(QString("%1 %2").arg(name_of(baseline)).arg(d)));  // captum rounds weights to float32
        QVERIFY(std::abs(e.baseline_value - expected["baseline_value"].get<double>()) < 1e-9);
      }
  }
  void rival_is_the_mean_of_its_class() {
    TELLTALE_NEEDS_SHARED(shared);
    const auto m = tiny(shared);
    auto posts = std::make_shared<ReferencePosts>();
    posts->name = "here";
    for (const char* words : {"hockey puck", "baseball", "mouse drive"})
      posts->ids.push_back(m->tokenizer().encode(words).ids);
    posts->labels = {2, 3, 3};
    ExplainOptions o = of("integrated-gradients");
    o.baseline = Baseline::rival;
    o.output = Output::difference;
    o.posts = posts;
    ExplainItem item = text(*m, "the hockey team wins the game");
    item.target = 0;
    item.foil = 3;
    const Explanation three = explain(*m, {item}, o)[0];
    QVERIFY(three.converged && three.relative_delta <= 0.01);
    // A class of one post with one piece: that piece is the mean.
    const std::vector<std::int32_t> one = m->tokenizer().encode("hockey").ids;
    QCOMPARE(one.size(), std::size_t{3});
    posts = std::make_shared<ReferencePosts>();
    posts->ids = {one};
    posts->labels = {3};
    o.posts = posts;
    ExplainOptions by_text = o;
    by_text.baseline = Baseline::text;
    by_text.baseline_text = "hockey";
    QVERIFY(relative_distance(explain(*m, {item}, o)[0].scores, explain(*m, {item}, by_text)[0].scores) < 1e-9);
    item.foil = 1;  // no post of that class
    QVERIFY_EXCEPTION_THROWN(explain(*m, {item}, o), std::invalid_argument);
    o.posts = nullptr;
    QVERIFY_EXCEPTION_THROWN(explain(*m, {item}, o), std::invalid_argument);
  }
  void noise_averages_and_says_how_well() {
    TELLTALE_NEEDS_SHARED(shared);
    const auto m = tiny(shared);
    const auto item = text(*m, "the hockey team wins the game");
    ExplainOptions o = of("integrated-gradients");
    o.baseline = Baseline::noise;
    o.draws = 64;
    const Explanation many = explain(*m, {item}, o)[0];
    QCOMPARE(many.standard_error.size(), many.word_scores.size());
    QVERIFY(many.relative_delta <= 0.02);
    // Another seed gives other draws of the same mean.
    o.seed = 7;
    const Explanation other = explain(*m, {item}, o)[0];
    QVERIFY(other.scores != many.scores);
    for (std::size_t w = 0; w < many.word_scores.size(); ++w)
      QVERIFY(std::abs(many.word_scores[w] - other.word_scores[w]) <
              5 * std::hypot(many.standard_error[w], other.standard_error[w]));
    // Expected gradients have the same limit: one point drawn of each path instead of its integral.
    ExplainOptions eg = of("expected-gradients");
    eg.draws = 4000;
    const Explanation e = explain(*m, {item}, eg)[0];
    for (std::size_t w = 0; w < many.word_scores.size(); ++w) {
      const double off = std::abs(many.word_scores[w] - e.word_scores[w]),
                   error = std::hypot(many.standard_error[w], e.standard_error[w]);
      QVERIFY2(off < 5 * error, qPrintable(QString("%1 with error %2").arg(off).arg(error)));
      QVERIFY(e.standard_error[w] > 0);
    }
    QVERIFY(std::abs(e.baseline_value - many.baseline_value) < 0.1);
  }
  void expected_gradients_with_one_post_is_integrated_gradients() {
    TELLTALE_NEEDS_SHARED(shared);
    const auto m = tiny(shared);
    auto posts = std::make_shared<ReferencePosts>();
    posts->name = "one";
    posts->ids = {m->tokenizer().encode("the hockey game").ids};
    posts->labels = {0};
    ExplainOptions eg = of("expected-gradients"), ig = of("integrated-gradients");
    eg.reference = Reference::posts;
    eg.posts = posts;
    eg.draws = 2000;
    ig.baseline = Baseline::text;
    ig.baseline_text = "the hockey game";
    ig.steps = 200;
    const auto item = text(*m, "a car and a bike and a mouse");
    const Explanation a = explain(*m, {item}, eg)[0], b = explain(*m, {item}, ig)[0];
    QVERIFY(relative_distance(a.word_scores, b.word_scores) < 0.01);  // stratified
    QVERIFY(std::abs(a.baseline_value - b.baseline_value) < 1e-9);
  }
  void deeplift_against_captum() {
    TELLTALE_NEEDS_SHARED(shared);
    const auto m = tiny(shared), single = tiny(shared, Precision::fp32);
    const Json file = read_json(reference_file("tiny-deeplift.json"));
    QVERIFY(file["items"].size() >= 5);
    for (const Json& post : file["items"])
      for (const Baseline baseline : {Baseline::pad, Baseline::mask}) {
        ExplainOptions o = of("deeplift");
        o.baseline = baseline;
        o.output = Output::logit;
        const Json& expected = post[name_of(baseline)];
        const Explanation e = explain(*m, {reference_item(*m, post)}, o)[0];
        const double d = relative_distance(e.scores, numbers(expected["scores"]));
        QVERIFY2(d < 1e-6, qPrintable(QString("%1: %2").arg(name_of(baseline)).arg(d)));
        QVERIFY(std::abs(e.value - e.baseline_value - expected["change"].get<double>()) < 1e-6);  // products as squares lose digits there
        QVERIFY(relative_distance(explain(*single, {reference_item(*single, post)}, o)[0].scores,
                                  numbers(expected["scores"])) < 1e-2);
        for (const Output output : {Output::probability, Output::log_odds, Output::difference}) {
          o.output = output;
          const Explanation all = explain(*m, {reference_item(*m, post)}, o)[0];
          QVERIFY2(all.delta < 1e-7 * (1 + std::abs(all.value)),
                   qPrintable(QString("%1: %2").arg(name_of(output)).arg(all.delta)));
        }
      }
  }
  void deeplift_in_single_precision_is_that_in_double() {
    // A trained model: variances and sums of exponentials far under 1, where a quotient of two near floats is noise.
    TELLTALE_NEEDS_SHARED(shared);
    const auto model = shared / "data/models/minilm-news6";
    const auto single = load_model(model, Precision::fp32), wide = load_model(model, Precision::fp64);
    for (const char* words : {"hockey hockey", "puck puck puck puck", "the hockey puck", "ice ice ice ice ice ice", "a"})
      for (const Output output : {Output::probability, Output::logit}) {
        ExplainOptions o = of("deeplift");
        o.output = output;
        const Explanation a = explain(*single, {text(*single, words)}, o)[0], b = explain(*wide, {text(*wide, words)}, o)[0];
        const double d = relative_distance(a.scores, b.scores);
        QVERIFY2(d < 1e-4, qPrintable(QString("%1: %2").arg(words).arg(d)));
        QVERIFY2(b.converged && b.relative_delta < 0.01, qPrintable(QString("%1: %2").arg(words).arg(b.relative_delta)));
        QCOMPARE(a.converged, a.relative_delta <= 0.01);
      }
  }
  void converged_is_the_tolerance_held() {
    TELLTALE_NEEDS_SHARED(shared);
    const auto m = load_model(shared / "data/models/minilm-news6", Precision::fp32);
    ExplainOptions o = of("integrated-gradients");
    o.steps = 5;
    const Explanation few = explain(*m, {text(*m, "the hockey puck")}, o)[0];
    QVERIFY2(few.relative_delta > 0.1 && !few.converged, qPrintable(QString::number(few.relative_delta)));
    o.tolerance = 0.5;
    QVERIFY(explain(*m, {text(*m, "the hockey puck")}, o)[0].converged);
    o.tolerance = 0.01;
    o.steps = 400;
    QVERIFY(explain(*m, {text(*m, "the hockey puck")}, o)[0].converged);
    o.tolerance = std::nan("");
    QVERIFY_EXCEPTION_THROWN(explain(*m, {text(*m, "puck")}, o), std::invalid_argument);
  }
  void relevance_step_by_step() {
    TELLTALE_NEEDS_SHARED(shared);
    const auto m = tiny(shared), single = tiny(shared, Precision::fp32);
    const Json file = read_json(reference_file("tiny-relevance.json"));
    QVERIFY(file["items"].size() >= 5);
    for (const Json& post : file["items"])
      for (const auto& [method, key] : {std::pair{"lrp", "attnlrp"}, {"lrp-detached", "detached"}}) {
        ExplainOptions o = of(method);
        o.output = Output::logit;
        const double d = relative_distance(explain(*m, {reference_item(*m, post)}, o)[0].scores, numbers(post[key]));
        QVERIFY2(d < 1e-8, qPrintable(QString("%1: %2").arg(method).arg(d)));
        QVERIFY(relative_distance(explain(*single, {reference_item(*single, post)}, o)[0].scores, numbers(post[key])) <
                1e-3);
      }
  }
  void noisy_gradients() {
    TELLTALE_NEEDS_SHARED(shared);
    const auto m = tiny(shared);
    const auto item = text(*m, "the hockey team wins the game");
    const Explanation plain = explain(*m, {item}, of("saliency-l2"))[0];
    const auto noisy = [&](const char* method, double noise, int draws = 50, std::uint64_t seed = 0) {
      ExplainOptions o = of(method);
      o.noise = noise;
      o.draws = draws;
      o.seed = seed;
      return explain(*m, {item}, o)[0];
    };
    // Next to no noise: the plain gradient, and no variance.
    QVERIFY(relative_distance(noisy("smoothgrad", 1e-6).scores, plain.scores) < 1e-4);
    std::vector<double> squares;
    for (const double s : plain.scores) squares.push_back(s * s);
    QVERIFY(relative_distance(noisy("smoothgrad-squared", 1e-6).scores, squares) < 1e-4);
    for (const double v : noisy("vargrad", 1e-6).scores)
      QVERIFY(v >= 0 && v < 1e-6 * *std::max_element(squares.begin(), squares.end()));
    // ‖ḡ‖² + (S − 1)/S · variance = mean square, for the same draws.
    const auto mean = noisy("smoothgrad", 2), square = noisy("smoothgrad-squared", 2), variance = noisy("vargrad", 2);
    for (std::size_t t = 0; t < mean.scores.size(); ++t)
      QVERIFY(std::abs(mean.scores[t] * mean.scores[t] + 49.0 / 50 * variance.scores[t] - square.scores[t]) <
              1e-9 * (1 + square.scores[t]));
    // Standard errors: what other seeds scatter by.
    for (const char* method : {"smoothgrad", "smoothgrad-squared"}) {
      std::vector<double> values, errors;
      for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        const Explanation e = noisy(method, 2, 50, seed);
        QCOMPARE(e.standard_error.size(), e.word_scores.size());
        values.push_back(e.word_scores[1]);
        errors.push_back(e.standard_error[1] * e.standard_error[1]);
      }
      const double centre = std::accumulate(values.begin(), values.end(), 0.0) / 40;
      double scatter = 0;
      for (const double v : values) scatter += (v - centre) * (v - centre) / 39;
      const double ratio = std::sqrt(scatter / (std::accumulate(errors.begin(), errors.end(), 0.0) / 40));
      QVERIFY2(ratio > 0.6 && ratio < 1.6, qPrintable(QString("%1: %2").arg(method).arg(ratio)));
    }
  }
  void one_draw_has_no_error() {
    TELLTALE_NEEDS_SHARED(shared);
    const auto m = tiny(shared);
    for (const char* method : {"smoothgrad", "expected-gradients"}) {
      ExplainOptions o = of(method);
      o.draws = 1;
      const Explanation e = explain(*m, {text(*m, "hockey")}, o)[0];
      QVERIFY2(e.standard_error.size() == 1 && std::isnan(e.standard_error[0]) && !e.converged, method);
    }
    ExplainOptions o = of("vargrad");
    o.draws = 1;
    QVERIFY_EXCEPTION_THROWN(explain(*m, {text(*m, "hockey")}, o), std::invalid_argument);
    o.draws = 2;
    QVERIFY(explain(*m, {text(*m, "hockey")}, o)[0].scores[1] > 0);
  }
  void refusals() {
    TELLTALE_NEEDS_SHARED(shared);
    const auto m = tiny(shared);
    const auto refused = [&](const char* method, auto&& change) {
      ExplainOptions o = of(method);
      change(o);
      try {
        explain(*m, {text(*m, "hockey")}, o);
      } catch (const std::invalid_argument& e) {
        return !QString(e.what()).contains('\n') && QString(e.what()).size() > 10;
      }
      return false;
    };
    for (const double noise : {0.0, -1.0, 1e9, std::nan(""), static_cast<double>(INFINITY)})
      QVERIFY(refused("smoothgrad", [&](ExplainOptions& o) { o.noise = noise; }));
    for (const int n : {-1, 1 << 30}) {
      QVERIFY(refused("smoothgrad", [&](ExplainOptions& o) { o.draws = n; }));
      QVERIFY(refused("expected-gradients", [&](ExplainOptions& o) { o.draws = n; }));
      QVERIFY(refused("dig-greedy", [&](ExplainOptions& o) { o.neighbours = n; }));
      QVERIFY(refused("udig", [&](ExplainOptions& o) { o.steps = n; }));
      QVERIFY(refused("sig", [&](ExplainOptions& o) { o.steps = n; }));
    }
    QVERIFY(refused("dig-greedy", [](ExplainOptions& o) { o.baseline = Baseline::zero; }));
    QVERIFY(refused("integrated-gradients", [](ExplainOptions& o) { o.baseline = Baseline::text; }));
    QVERIFY(refused("integrated-gradients",
                    [](ExplainOptions& o) { o.baseline = Baseline::text, o.baseline_text = "  \n "; }));
    QVERIFY(refused("expected-gradients", [](ExplainOptions& o) { o.reference = Reference::posts; }));
    QVERIFY(
        refused("occlusion", [](ExplainOptions& o) { o.removal = Removal::baseline, o.baseline = Baseline::noise; }));
  }
  void protocols_hold_what_is_used() {
    ExplainOptions o = of("integrated-gradients");
    const Json before = protocol_of(o);
    QCOMPARE(
        QString::fromStdString(before.dump()),
        QStringLiteral(
            R"({"baseline":"pad","max_steps":512,"method":"integrated-gradients","output":"probability","path":"word","precision":"fp32","quadrature":"gauss-legendre","tolerance":0.01})"));
    o.draws = 9, o.noise = 3, o.neighbours = 4, o.layer = 1, o.head = 2, o.aggregation = Aggregation::mean,
    o.reference = Reference::posts, o.baseline_text = "x";
    QVERIFY(protocol_of(o) == before);
    o.baseline = Baseline::noise;
    QVERIFY(protocol_of(o)["draws"] == 9 && protocol_of(o).contains("seed"));
    o = of("smoothgrad");
    QVERIFY(protocol_of(o)["draws"] == 50 && protocol_of(o)["noise"] == 1.0 && !protocol_of(o).contains("baseline"));
    // What was read from a protocol asks for the same protocol.
    for (const MethodInfo& m : methods()) {
      ExplainOptions asked = of(m.id.c_str()), read = asked;
      asked.layer = 1, asked.noise = 0.5, asked.neighbours = 9, asked.draws = 3, asked.seed = 5,
      asked.aggregation = Aggregation::mean, asked.steps = m.own_steps > 0 ? 7 : 0;
      const Json protocol = protocol_of(asked);
      if (m.uses_samples) read.seed = asked.seed;
      if (m.own_steps > 0) read.steps = 7;  // read by others, as for every method
      read_gradient_protocol(protocol, read);
      QVERIFY2(protocol_of(read) == protocol,
               qPrintable(QString::fromStdString(m.id + ": " + protocol_of(read).dump() + " for " + protocol.dump())));
      // Nothing asked for: nothing is handed on to the next method.
      ExplainOptions plain = of(m.id.c_str());
      plain.steps = m.own_steps;
      read_gradient_protocol(protocol_of(of(m.id.c_str())), plain);
      QVERIFY(plain.neighbours == 0 && plain.draws == 0 && plain.steps == 0);
    }
    o = of("saliency-l2");
    QCOMPARE(QString::fromStdString(protocol_of(o).dump()),
             QStringLiteral(R"({"method":"saliency-l2","output":"probability","path":"word","precision":"fp32"})"));
  }
};

QTEST_GUILESS_MAIN(TestGradientMethods)
#include "test_gradient_methods.moc"
