#include <stdexcept>

#include "close.hpp"
#include "evaluation/deletion.hpp"
#include "evaluation/faithfulness.hpp"
#include "toy_model.hpp"

using namespace telltale;

namespace {

double sigma(double z) { return 1 / (1 + std::exp(-z)); }

/// Words 0..3 with weights 3, 2, 1, −1: F(x) = 5 as a logit.
toy::Model model() { return {{{0, 3}, {1, 2}, {2, 1}, {3, -1}}, 0, 0}; }

JudgedPost post_of(const std::vector<int>& words, std::vector<bool> marked = {}) {
  JudgedPost post;
  post.encoding = toy::text_of(words);
  post.parts = parts_of(post.encoding, toy::specials, Unit::word);
  post.marked = std::move(marked);
  return post;
}

struct Asked {
  toy::Model model = ::model();
  JudgeOptions options;
  std::vector<JudgedPost> posts{post_of({0, 1, 2, 3})};
  std::vector<double> scores{3, 2, 1, -1};
  double delta = undefined;
  double operator()(const std::string& metric) {
    std::vector<JudgedScores> set;
    for (std::size_t i = 0; i < posts.size(); ++i) set.push_back({0, 1, scores, delta});
    return judge(model.probe(), posts, {set}, {metric}, options)[0][0][0];
  }
};

}  // namespace

class TestFaithfulness : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void the_deletion_curve_is_what_judge_says_at_every_k() {
    toy::Model model{{{0, 2.0}, {1, -1.0}, {2, 0.5}, {3, 1.25}, {4, -0.25}}, 0.1};
    const std::vector<JudgedPost> posts{post_of({0, 1, 2, 3, 4})};
    JudgedScores scores{0, -1, {1.9, -0.8, 0.4, 1.3, 0.1}, undefined};
    for (const Removal rule : {Removal::remove, Removal::pad}) {
      JudgeOptions options;
      options.removal = rule;
      model.asked = 0;
      const DeletionCurve curve = deletion_curve(model.probe(), posts[0], scores, options, 4);
      QCOMPARE(curve.size(), 5);
      QCOMPARE(model.asked, 15);
      QCOMPARE(curve.order, (std::vector<int>{0, 3, 2, 4, 1}));
      for (int k = 1; k < curve.size(); ++k) {
        options.k = TopK{static_cast<double>(k), false};
        const auto values = judge(model.probe(), posts, {{scores}}, {"comprehensiveness", "sufficiency", "log-odds"}, options)[0];
        QVERIFY(std::abs(curve.comprehensiveness(k) - values[0][0]) < 1e-12);
        QVERIFY(std::abs(curve.sufficiency(k) - values[1][0]) < 1e-12);
        QVERIFY(std::abs(curve.log_odds(k) - values[2][0]) < 1e-12);
      }
      QCOMPARE(curve.comprehensiveness(0), 0.0);
    }
    QCOMPARE(deletion_curve(model.probe(), posts[0], scores, {}, 100).size(), 6);
  }
  void outputs() {
    const Prediction p{{2, 0, -1}, {}, 0};
    const double e0 = std::exp(2.0), e1 = 1, e2 = std::exp(-1.0);
    CLOSE(output_of(p, Output::probability, 0), e0 / (e0 + e1 + e2));
    CLOSE(output_of(p, Output::logit, 2), -1);
    CLOSE(output_of(p, Output::log_odds, 0), 2 - std::log(e1 + e2));
    CLOSE(output_of(p, Output::difference, 0, 2), 3);
    CLOSE(log_probability(p, 1), -std::log(e0 + e1 + e2));
    QVERIFY_EXCEPTION_THROWN(output_of(p, Output::logit, 3), std::invalid_argument);
    QVERIFY_EXCEPTION_THROWN(output_of(p, Output::difference, 0, -1), std::invalid_argument);
  }

  void removal_by_hand() {
    Asked ask;
    ask.options.output = Output::logit;
    ask.options.k = parse_top_k("50%");  // words 0 and 1
    CLOSE(ask("comprehensiveness"), 5);  // 5 − (1 − 1)
    CLOSE(ask("sufficiency"), 0);        // 5 − (3 + 2)
    ask.options.k = parse_top_k("1");
    CLOSE(ask("comprehensiveness"), 3);
    CLOSE(ask("sufficiency"), 2);
    ask.options.k = parse_top_k("20%");  // ⌈0.8⌉ = 1
    CLOSE(ask("comprehensiveness"), 3);
    CLOSE(ask("log-odds"), std::log(sigma(2)) - std::log(sigma(5)));
    ask.options.bins = {0.25, 0.5, 1};
    CLOSE(ask("aopc-comprehensiveness"), (3 + 5 + 5) / 3.0);
    CLOSE(ask("aopc-sufficiency"), (2 + 0 + 0) / 3.0);
    ask.options.bins = {0};
    QVERIFY_EXCEPTION_THROWN(ask("aopc-sufficiency"), std::invalid_argument);
  }

  void curves_by_hand() {
    Asked ask;
    // Words go 3, 2, 1, −1: logits 5, 2, 0, −1, 0. They come: 0, 3, 5, 6, 5.
    CLOSE(ask("deletion-auc"), (0.5 * sigma(5) + sigma(2) + sigma(0) + sigma(-1) + 0.5 * sigma(0)) / 4);
    CLOSE(ask("insertion-auc"), (0.5 * sigma(0) + sigma(3) + sigma(5) + sigma(6) + 0.5 * sigma(5)) / 4);
    ask.options.output = Output::logit;  // the curves are of p_c whatever the output
    CLOSE(ask("insertion-auc"), (0.5 * sigma(0) + sigma(3) + sigma(5) + sigma(6) + 0.5 * sigma(5)) / 4);
    CLOSE(area_under(std::vector{1., 0.}), 0.5);
    UNDEFINED(area_under(std::vector{1.}));
  }

  void removal_rule_is_asked() {
    Asked ask;
    ask.options.output = Output::logit;
    ask.options.k = parse_top_k("2");
    ask.model.pad_weight = -4;
    CLOSE(ask("comprehensiveness"), 5);
    ask.options.removal = Removal::pad;
    CLOSE(ask("comprehensiveness"), 5 + 8);  // two [PAD] of −4 each take their place
  }

  void agreement_with_leave_one_out() {
    Asked ask;
    ask.options.output = Output::logit;
    CLOSE(ask("tau-loo"), 1);
    ask.scores = {-3, -2, -1, 1};
    CLOSE(ask("tau-loo"), -1);
    ask.scores = {1, 1, 1, 1};
    UNDEFINED(ask("tau-loo"));
    ask.posts = {post_of({0})};
    ask.scores = {1};
    UNDEFINED(ask("tau-loo"));
  }

  void infidelity_of_an_additive_model() {
    Asked ask;
    ask.options.output = Output::logit;
    CLOSE(ask("infidelity"), 0);  // the scores are what each word adds
    // One word of weight 3 with score 1: (1 − 3)² = 4 in each draw that holds it, 0 in the others; 64 draws of ½.
    ask.posts = {post_of({0})};
    ask.scores = {1};
    const double value = ask("infidelity"), draws = value / 4 * 64;
    CLOSE(draws, std::round(draws));
    QVERIFY2(draws > 14 && draws < 50, qPrintable(QString::number(draws)));
    CLOSE(ask("infidelity"), value);  // seeded
  }

  void robust_fidelity_ends() {
    Asked ask;
    ask.options.output = Output::logit;
    ask.options.k = parse_top_k("1");
    ask.options.alpha1 = 1;
    ask.options.alpha2 = 0;
    CLOSE(ask("robust-fidelity"), 3 - 2);  // comprehensiveness less sufficiency
    ask.options.alpha1 = 0;
    ask.options.alpha2 = 1;
    CLOSE(ask("robust-fidelity"), 0);  // nothing ever goes
    ask.options.alpha1 = 0.1;
    ask.options.alpha2 = 0.9;
    const double value = ask("robust-fidelity");
    QVERIFY(value > -2 && value < 3);
    CLOSE(ask("robust-fidelity"), value);
  }

  void sign_rule() {
    Asked ask;
    ask.options.output = Output::logit;
    ask.options.k = parse_top_k("1");
    ask.scores = {1, 2, 0, -5};
    CLOSE(ask("comprehensiveness"), 2);
    ask.options.absolute = true;
    CLOSE(ask("comprehensiveness"), -1);
  }

  void shape_by_hand() {
    CLOSE(normalised_entropy(std::vector{1., -1.}), 1);
    CLOSE(normalised_entropy(std::vector{0., 4., 0.}), 0);
    // ½, ¼, ¼: 1.5 ln 2 over ln 3.
    CLOSE(normalised_entropy(std::vector{2., -1., 1.}), 1.5 * std::log(2.0) / std::log(3.0));
    UNDEFINED(normalised_entropy(std::vector{1.}));
    UNDEFINED(normalised_entropy(std::vector{0., 0.}));
    UNDEFINED(normalised_entropy({}));
    CLOSE(gini_index(std::vector{1., 1., 1.}), 0);
    CLOSE(gini_index(std::vector{0., 0., 5.}), 2.0 / 3);
    CLOSE(gini_index(std::vector{1., -3.}), (-1.0 * 1 + 1 * 3) / (2 * 4));
    UNDEFINED(gini_index(std::vector{0.}));
    CLOSE(mass_of(std::vector{1., -3., 4.}, {2}), 0.5);
    UNDEFINED(mass_of(std::vector{0.}, {0}));
    Asked ask;
    CLOSE(ask("mass@1"), 3.0 / 7);
    CLOSE(ask("mass@50%"), 5.0 / 7);
    CLOSE(ask("mass@k"), 3.0 / 7);
    CLOSE(ask("gini"), gini_index(ask.scores));
    CLOSE(ask("entropy"), normalised_entropy(ask.scores));
  }

  void plausibility_by_hand() {
    // Order 3, 2, 1, −1; marked are the first and the third: precision 1 at recall ½, ⅔ at recall 1.
    const std::vector<bool> marked{true, false, true, false};
    CLOSE(average_precision(std::vector{3., 2., 1., -1.}, marked), 0.5 * 1 + 0.5 * 2 / 3);
    CLOSE(average_precision(std::vector{1., 1., 1., 1.}, marked), 0.5);  // one threshold: the base rate
    // Ties of a marked and an unmarked word share a threshold: precision ½ at recall ½, then ⅔ at recall 1.
    CLOSE(average_precision(std::vector{2., 2., 1., 0.}, marked), 0.5 * 0.5 + 0.5 * 2 / 3);
    UNDEFINED(average_precision(std::vector{1.}, {false}));
    CLOSE(token_f1({0, 1}, marked), 0.5);   // one hit: 2·1/(2+2)
    CLOSE(gold_recall({0, 1, 2}, marked), 1);
    CLOSE(gold_recall({1}, marked), 0);
    // Runs: gold [0,2) and [3,4); predicted [0,1) (IOU ½: a match) and [2,3) (none): P = ½, R = ½.
    CLOSE(iou_f1({0, 2}, {true, true, false, true}), 0.5);
    CLOSE(iou_f1({0, 1, 3}, {true, true, false, true}), 1);
    CLOSE(iou_f1({2}, {true, true, false, true}), 0);
    Asked ask;
    ask.posts = {post_of({0, 1, 2, 3}, marked), post_of({0, 1, 2, 3}, {true, true, true, true}), post_of({0, 1, 2, 3})};
    CLOSE(ask("auprc"), 5.0 / 6);
    QCOMPARE(average_marked(ask.posts), std::size_t{3});  // (2 + 4)/2
    CLOSE(ask("token-f1"), 2.0 * 2 / (3 + 2));
    CLOSE(ask("gold-recall@1"), 0.5);
    ask.posts = {post_of({0, 1, 2, 3})};
    UNDEFINED(ask("auprc"));
    UNDEFINED(ask("token-f1"));
    ask.posts = {post_of({0, 1, 2, 3}, {false, false, false, false})};
    UNDEFINED(ask("iou-f1"));
  }

  void the_absolute_sign_rule_reaches_what_orders_words() {
    Asked ask;
    ask.options.output = Output::logit;
    ask.scores = {1, 2, 3, -4};  // drops 3, 2, 1, −1
    CLOSE(ask("tau-loo"), 0);  // of six pairs: the first three words backwards, each of them right against the last
    ask.posts = {post_of({0, 1, 2, 3}, {false, false, false, true})};
    CLOSE(ask("auprc"), 0.25);
    ask.options.absolute = true;
    CLOSE(ask("auprc"), 1);  // −4 is the largest
    CLOSE(ask("tau-loo"), -5 / std::sqrt(6.0 * 5));  // sizes 1 2 3 4 with 3 2 1 1: five pairs backwards, one tied
  }

  void options_out_of_range() {
    const auto refused = [](auto&& change) {
      Asked ask;
      change(ask.options);
      try {
        ask("gini");
      } catch (const std::invalid_argument&) {
        return true;
      }
      return false;
    };
    QVERIFY(!refused([](JudgeOptions&) {}));
    for (const double bad : {static_cast<double>(NAN), static_cast<double>(INFINITY), -1.0}) {
      QVERIFY(refused([&](JudgeOptions& o) { o.tau = bad; }));
      QVERIFY(refused([&](JudgeOptions& o) { o.complexity = bad; }));
      QVERIFY(refused([&](JudgeOptions& o) { o.stability_radius = bad; }));
      QVERIFY(refused([&](JudgeOptions& o) { o.alpha1 = bad; }));
      QVERIFY(refused([&](JudgeOptions& o) { o.alpha2 = bad; }));
      QVERIFY(refused([&](JudgeOptions& o) { o.bins = {bad}; }));
    }
    QVERIFY(refused([](JudgeOptions& o) { o.infidelity_samples = 0; }));
    QVERIFY(refused([](JudgeOptions& o) { o.fidelity_samples = 0; }));
    QVERIFY(refused([](JudgeOptions& o) { o.resamplings = 0; }));
    QVERIFY(refused([](JudgeOptions& o) { o.stability_samples = 0; }));
  }

  void delta_is_passed_on() {
    Asked ask;
    UNDEFINED(ask("completeness-delta"));
    ask.delta = 0.25;
    CLOSE(ask("completeness-delta"), 0.25);
  }

  void empty_and_one_word() {
    for (const auto& m : metrics()) {
      if (m.level != "post") continue;
      Asked ask;
      const auto unigrams = std::make_shared<Unigrams>();
      unigrams->add(toy::text_of({1, 2}), toy::specials, false);
      ask.options.unigrams = unigrams;
      ask.posts = {post_of({})};
      ask.scores = {};
      UNDEFINED(ask(m.id));
      ask.posts = {post_of({0}, {true})};
      ask.scores = {0.0};
      const double value = ask(m.id);  // all zero: a number or NaN, never a crash
      QVERIFY(std::isnan(value) || std::isfinite(value));
    }
  }

  void equal_questions_are_asked_once() {
    toy::Model m = model();
    const std::vector<JudgedPost> posts{post_of({0, 1, 2, 3}), post_of({2, 1})};
    const std::vector<JudgedScores> a{{0, 1, {3, 2, 1, -1}, undefined}, {0, 1, {1, 2}, undefined}}, b{{0, 1, {1, 2, 3, 4}, undefined}, {0, 1, {2, 1}, undefined}};
    judge(m.probe(), posts, {a, b}, {"tau-loo", "deletion-auc", "comprehensiveness", "log-odds"}, {});
    // First post: whole, 4 leave-one-outs (the first deletion of each method is one), 2 and 3 of each of two orders, all: 1 + 4 + 2·2 + 1.
    // Second: whole, 2, all: 4.
    QCOMPARE(m.asked, 10 + 4);
  }

  void unknown_and_misplaced_metrics() {
    Asked ask;
    QVERIFY_EXCEPTION_THROWN(ask("nonsense"), std::invalid_argument);
    QVERIFY_EXCEPTION_THROWN(ask("overlap@10"), std::invalid_argument);
    QVERIFY_EXCEPTION_THROWN(ask("mass@0"), std::invalid_argument);
    ask.scores = {1};
    QVERIFY_EXCEPTION_THROWN(ask("gini"), std::invalid_argument);
    try {
      metric_info("nonsense");
    } catch (const std::invalid_argument& e) {
      QVERIFY(QString::fromUtf8(e.what()).contains(QStringLiteral("comprehensiveness, sufficiency")));
    }
  }

  void the_table_is_whole() {
    std::set<std::string> seen;
    for (const auto& m : metrics()) {
      QVERIFY2(seen.insert(m.id).second, m.id.c_str());
      QVERIFY(!m.name.empty() && !m.definition.empty() && (m.better == "high" || m.better == "low" || m.group == "shape"));
      QVERIFY(m.level == "post" || m.level == "class-pair" || m.level == "retraining");
      QCOMPARE(&metric_info(m.id), &m);
    }
    QCOMPARE(metric_info("overlap@10").id, std::string("overlap@k"));
  }

  void k_rule() {
    QCOMPARE(parse_top_k("20%").of(4), std::size_t{1});
    QCOMPARE(parse_top_k("20%").of(5), std::size_t{1});
    QCOMPARE(parse_top_k("20%").of(6), std::size_t{2});
    QCOMPARE(parse_top_k("10%").of(30), std::size_t{3});
    QCOMPARE(parse_top_k("10").of(3), std::size_t{3});
    QCOMPARE(parse_top_k("1%").of(3), std::size_t{1});
    QCOMPARE(parse_top_k("1%").of(0), std::size_t{0});
    QCOMPARE(to_string(parse_top_k("20%")), std::string("20%"));
    QCOMPARE(to_string(parse_top_k("7")), std::string("7"));
    for (const char* bad : {"", "x", "0", "0%", "101%", "2.5", "-1", "nan", "inf%", "10 %", "1e9"}) QVERIFY_EXCEPTION_THROWN(parse_top_k(bad), std::invalid_argument);
  }

  void random_control_is_seeded() {
    QCOMPARE(random_scores(5, 1, 2), random_scores(5, 1, 2));
    QVERIFY(random_scores(5, 1, 2) != random_scores(5, 1, 3));
    QVERIFY(random_scores(5, 1, 2) != random_scores(5, 2, 2));
  }

  void pieces_as_parts() {
    Encoding e = toy::text_of({0, 1});
    e.ids.insert(e.ids.begin() + 2, 20);  // a second piece of the first word
    e.offsets.insert(e.offsets.begin() + 2, {0, 1});
    e.word_of.insert(e.word_of.begin() + 2, 0);
    e.words[0].last = 3;
    e.words[1].first = 3;
    e.words[1].last = 4;
    const auto words = parts_of(e, toy::specials, Unit::word), pieces = parts_of(e, toy::specials, Unit::piece);
    QCOMPARE(words.size(), std::size_t{2});
    QCOMPARE(words[0].positions, (std::vector<int>{1, 2}));
    QCOMPARE(pieces.size(), std::size_t{3});
    QCOMPARE(pieces[2].positions, (std::vector<int>{3}));
  }
};

QTEST_GUILESS_MAIN(TestFaithfulness)
#include "test_faithfulness.moc"
