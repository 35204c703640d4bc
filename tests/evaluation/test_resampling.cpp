// Measures by resampled words, and measures of stability, on cases of two to four words that can be worked out on paper.
#include <stdexcept>

#include "close.hpp"
#include "evaluation/faithfulness.hpp"
#include "toy_model.hpp"

using namespace telltale;

namespace {

/// Words 0..3 with logits 3, 2, 1, −1 (F = 5); word 4 adds nothing.
toy::Model model() { return {{{0, 3}, {1, 2}, {2, 1}, {3, -1}, {4, 0}}, 0, 0}; }

std::shared_ptr<Unigrams> only_word_four() {
  const auto out = std::make_shared<Unigrams>();
  out->add(toy::text_of({4}), toy::specials, false);
  return out;
}

struct Asked {
  toy::Model model = ::model();
  JudgeOptions options;
  JudgedScores explanation{0, 1, {3, 2, 1, -1}, undefined};
  Asked() {
    options.output = Output::logit;
    options.unigrams = only_word_four();
  }
  double operator()(const std::string& metric) {
    JudgedPost post;
    post.encoding = toy::text_of({0, 1, 2, 3});
    post.parts = parts_of(post.encoding, toy::specials, Unit::word);
    return judge(model.probe(), {post}, {{explanation}}, {metric}, options)[0][0][0];
  }
};

}  // namespace

class TestResampling : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void monotonicity_by_hand() {
    Asked ask;  // the squared changes are 9, 4, 1, 1, the sizes 3, 2, 1, 1
    CLOSE(ask("monotonicity"), 1);
    ask.explanation.scores = {1, 2, 3, -1};
    // ranks of sizes 1.5 3 4 1.5, of changes 4 3 1.5 1.5: centred −1 .5 1.5 −1 and 1.5 .5 −1 −1, product −1.75, squares 4.5
    CLOSE(ask("monotonicity"), -1.75 / 4.5);
    ask.explanation.scores = {2, 2, 2, 2};
    UNDEFINED(ask("monotonicity"));
  }
  void non_sensitivity_by_hand() {
    Asked ask;
    ask.options.tau = 0.2;
    ask.explanation.scores = {3, 2, 1, 0};  // small scores: {3}; small changes, under 1.8: {2, 3}
    CLOSE(ask("non-sensitivity"), 1.0 / 4);
    ask.options.tau = 0.01;  // no change is under 0.09
    CLOSE(ask("non-sensitivity"), 1.0 / 4);
    ask.explanation.scores = {0, 0, 0, 0};  // every score is small
    CLOSE(ask("non-sensitivity"), 1);
    ask.explanation.scores = {3, -3, 3, -3};
    CLOSE(ask("non-sensitivity"), 0);
  }
  void effective_complexity_by_hand() {
    Asked ask;  // with the top k kept F is 0, 3, 5, 6, 5: squared changes 25, 4, 0, 1, 0; allowed 0.01 · 25
    CLOSE(ask("effective-complexity"), 2.0 / 4);
    ask.options.complexity = 0.2;  // 5: the top word is enough
    CLOSE(ask("effective-complexity"), 1.0 / 4);
    ask.options.complexity = 1.1;  // none is needed
    CLOSE(ask("effective-complexity"), 0);
    ask.explanation.scores = {-1, 1, 2, 3};  // the least telling first: F is 0, −1, 0, 2, 5
    ask.options.complexity = 0.01;
    CLOSE(ask("effective-complexity"), 1);
    ask.explanation.scores = {0, 0, 0, -9};  // by size the last word comes first: F is 0, −1, 2, 4, 5
    ask.options.absolute = true;
    ask.options.complexity = 0.05;  // 1.25: two more words
    CLOSE(ask("effective-complexity"), 3.0 / 4);
  }
  void draws_are_shared_by_methods() {
    Asked ask;
    JudgedPost post;
    post.encoding = toy::text_of({0, 1, 2, 3});
    post.parts = parts_of(post.encoding, toy::specials, Unit::word);
    const auto unigrams = std::make_shared<Unigrams>();
    for (const int w : {0, 1, 2, 3, 4}) unigrams->add(toy::text_of({w}), toy::specials, false);
    ask.options.unigrams = unigrams;
    const std::vector<JudgedScores> other{{0, 1, {1, 2, 3, 4}, undefined}};
    const std::vector<std::string> metrics{"monotonicity", "non-sensitivity"};
    const auto one = judge(ask.model.probe(), {post}, {{ask.explanation}}, metrics, ask.options);
    const int asked = ask.model.asked;
    QVERIFY(asked <= 1 + 4 * 16);
    ask.model.asked = 0;
    const auto two = judge(ask.model.probe(), {post}, {{ask.explanation}, other}, metrics, ask.options);
    QCOMPARE(ask.model.asked, asked);  // another method asks nothing new
    QCOMPARE(two[0], one[0]);
  }
  void unigrams() {
    Unigrams words;
    Rng rng(1);
    QVERIFY_EXCEPTION_THROWN(words.draw(1, rng), std::invalid_argument);
    Encoding two = toy::text_of({7, 8});  // one word of two pieces
    two.words = {{{0, 3}, 1, 3}};
    words.add(two, toy::specials, false);
    words.add(toy::text_of({1, 1, 1, 2}), toy::specials, false);
    QCOMPARE(words.words(), 5);
    int ones = 0;
    for (int k = 0; k < 4000; ++k) {
      const auto drawn = words.draw(1, rng);
      QVERIFY(drawn == std::vector<std::int32_t>{11} || drawn == std::vector<std::int32_t>{12});
      ones += drawn[0] == 11;
    }
    QVERIFY2(std::abs(ones / 4000.0 - 0.75) < 0.03, qPrintable(QString::number(ones)));
    QCOMPARE(words.draw(2, rng), (std::vector<std::int32_t>{17, 18}));
    QCOMPARE(words.draw(3, rng).size(), 3u);  // never seen: pieces by themselves
    Unigrams pieces;
    pieces.add(two, toy::specials, true);
    QCOMPARE(pieces.words(), 2);  // [CLS] and [SEP] are not words
    Encoding cut = toy::text_of({1, 2});
    cut.cut = 3;
    Unigrams whole;
    whole.add(cut, toy::specials, false);
    QCOMPARE(whole.words(), 1);  // the cut word is left out
  }
  void needs_training_posts() {
    Asked ask;
    ask.options.unigrams = nullptr;
    for (const char* metric : {"monotonicity", "non-sensitivity", "effective-complexity"}) QVERIFY_EXCEPTION_THROWN(ask(metric), std::invalid_argument);
  }
  void stability_by_hand() {
    const std::vector<double> a{3, 4};
    // ‖(0, 3)‖ = 3 at 1.5, ‖(3, 0)‖ = 3 at 1; ‖A‖ = 5
    const std::vector<NearScores> near{{{3, 1}, 1.5}, {{0, 4}, 1}};
    CLOSE(local_lipschitz(a, near), 3);
    CLOSE(max_sensitivity(a, near), 0.6);
    UNDEFINED(local_lipschitz(a, {}));
    UNDEFINED(local_lipschitz(a, {{{1, 1}, 0}}));
    UNDEFINED(max_sensitivity(std::vector<double>{0, 0}, near));
    QVERIFY_EXCEPTION_THROWN(max_sensitivity(a, {{{1}, 1}}), std::invalid_argument);
  }
  void consistency_by_hand() {
    Asked ask;
    ask.explanation.scores = {3, 4, 0, 0};
    ask.explanation.peers = {{4, 3, 0, 0}, {3, 4, 0, 0}};
    CLOSE(ask("consistency"), (24.0 / 25 + 1 + 24.0 / 25) / 3);
    CLOSE(ask("consistency-jaccard@1"), 1.0 / 3);  // {1}, {0}, {1}
    CLOSE(ask("consistency-jaccard@2"), 1);
    ask.explanation.peers = {{0, 1, 0, 5}};  // top two {1, 0} and {3, 1}: one of three
    CLOSE(ask("consistency-jaccard@2"), 1.0 / 3);
    ask.explanation.peers = {{0, 0, 0, 0}};
    UNDEFINED(ask("consistency"));
    ask.explanation.peers = {};
    UNDEFINED(ask("consistency"));
  }
};

QTEST_GUILESS_MAIN(TestResampling)
#include "test_resampling.moc"
