#include <chrono>
#include <stdexcept>

#include "base/random.hpp"
#include "close.hpp"
#include "evaluation/contrastivity.hpp"

using namespace telltale;
using M = ContrastivityMetric;
using Kind = Interval::Kind;

namespace {

enum Word { clutch, the, bike, gear };

/// Four posts, two classes; worked on paper below.
///   class 0: "clutch the" (3, 1), "clutch the gear" (1, −2, 1);   scaled: clutch ¾, the ¼; clutch ½, gear ½
///   class 1: "bike the" (1, 1), "bike the" (3, 1);                 scaled: bike ½, the ½; bike ¾, the ¼
/// Training posts of class 0: clutch in 4, the in 2; of class 1: bike in 4, the in 2, gear in 1.
ContrastivityInput worked(int top) {
  ContrastivityInput in;
  in.classes = 2;
  in.top = top;
  in.labels = {0, 0, 1, 1};
  in.words = {{clutch, the}, {clutch, the, gear}, {bike, the}, {bike, the}};
  in.vocabulary = 4;
  in.train = DocumentCounts(2, 4);
  in.train.add(0, {clutch, the, clutch});  // a word counts once a post
  in.train.add(0, {clutch});
  in.train.add(0, {clutch, 99, -1});       // words past the vocabulary and unknown ones do not count
  in.train.add(0, {clutch, the});
  in.train.add(1, {bike, the});
  in.train.add(1, {bike});
  in.train.add(1, {bike, the});
  in.train.add(1, {bike, gear});
  AttributorScores a;
  a.gold = {{3, 1}, {1, -2, 1}, {1, 1}, {3, 1}};
  a.by_class = {{{3, 1}, {1, -1}}, {{1, -2, 1}, {0, 1, 0}}, {{1, 1}, {1, 1}}, {{-1, -1}, {3, 1}}};
  in.attributors = {a};
  return in;
}

double value(const ContrastivityInput& in, M metric, std::size_t attributor = 0, std::size_t pair = 0) {
  return contrastivity(in, {100, 0, 0.95}).value(attributor, metric, pair).value;
}

}  // namespace

class TestContrastivity : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void document_counts() {
    const auto in = worked(2);
    QCOMPARE(in.train.posts(0), 4);
    QCOMPARE(in.train.count(0, clutch), 4);
    QCOMPARE(in.train.count(1, clutch), 0);
    QCOMPARE(in.train.count(0, 1000), 0);
    QCOMPARE(in.train.count(0, -1), 0);
    CLOSE(in.train.probability(0, 1, clutch), 5.0 / 6);  // (4+1)/(4+0+2)
    CLOSE(in.train.specificity(0, 1, clutch), 5.0 / 6);
    CLOSE(in.train.specificity(1, 0, clutch), 5.0 / 6);
    CLOSE(in.train.specificity(0, 1, the), 0.5);
    CLOSE(in.train.specificity(0, 1, gear), 2.0 / 3);  // P = 1/3
    CLOSE(in.train.sharedness(0, 1, clutch), 1.0 / 3);
    CLOSE(in.train.sharedness(0, 1, the), 1);
    CLOSE(in.train.sharedness(0, 1, -1), 1);  // never seen
    CLOSE(in.train.log_odds(0, clutch), std::log(5.0 / 6) - std::log(1.0 / 6));
    CLOSE(in.train.log_odds(1, gear), std::log(2.0 / 6) - std::log(1.0 / 6));
  }

  void worked_by_hand() {
    // Shares: class 0: clutch 1.25/2, gear ½/2, the ¼/2; class 1: bike 1.25/2, the ¾/2. Only "the" is common: min(⅛, ⅜).
    CLOSE(value(worked(2), M::weighted_overlap), 0.125);
    // gear stands in one post of class 0 only: lists {clutch, the} and {bike, the}.
    CLOSE(value(worked(2), M::overlap), 0.5);
    CLOSE(value(worked(1), M::overlap), 0);
    CLOSE(value(worked(10), M::overlap), 0.1);  // lists shorter than k are divided by k all the same
    // Posts: ¾·5/6 + ¼·½ = ¾; ½·5/6 + ½·2/3 = ¾; ½·5/6 + ½·½ = 2/3; ¾.
    CLOSE(value(worked(2), M::specificity), (0.75 * 3 + 2.0 / 3) / 4);
    // Top two of the second post are clutch and gear (the is negative); of telling words each post has one.
    CLOSE(value(worked(2), M::telling_share), 0.5);
    CLOSE(value(worked(1), M::telling_share), 1);        // ties by position: bike before the
    CLOSE(value(worked(10), M::telling_share), (0.5 + 1.0 / 3 + 0.5 + 0.5) / 4);  // all words where there are fewer than k
    // cos((3,1), (1,0)), cos((1,0,1), (0,1,0)), cos((1,1), (1,1)); the fourth has no positive score for class 0: left out.
    CLOSE(value(worked(2), M::class_cosine), (3 / std::sqrt(10.0) + 0 + 1) / 3);
    const auto r = contrastivity(worked(2), {100, 0, 0.95});
    QCOMPARE(r.pairs.size(), std::size_t{1});
    QCOMPARE(r.posts[0][static_cast<std::size_t>(M::class_cosine)], 3);
    QCOMPARE(r.posts[0][static_cast<std::size_t>(M::specificity)], 4);
    CLOSE(r.value(0, M::weighted_overlap, 1).value, 0.125);  // the mean over one pair
    QCOMPARE(r.lists[0][0].size(), std::size_t{2});
    QCOMPARE(r.lists[0][0][0].word, static_cast<int>(clutch));
    CLOSE(r.lists[0][0][0].share, 0.625);
    QCOMPARE(r.lists[0][0][1].posts, 2);
  }

  void stop_words_are_out() {
    auto in = worked(2);
    for (auto& words : in.words)
      for (int& w : words)
        if (w == the) w = -1;
    CLOSE(value(in, M::weighted_overlap), 0);
    CLOSE(value(in, M::overlap), 0);
    CLOSE(value(in, M::telling_share), (1 + 0.5 + 1 + 1) / 4);
  }

  void empty_and_single() {
    auto in = worked(2);
    in.attributors[0].gold = {{0, 0}, {-1, 0, 0}, {0, 0}, {0, 0}};
    in.attributors[0].by_class.clear();
    auto r = contrastivity(in, {100, 0, 0.95});
    UNDEFINED(r.value(0, M::overlap, 0).value);
    UNDEFINED(r.value(0, M::weighted_overlap, 0).value);
    UNDEFINED(r.value(0, M::specificity, 0).value);
    UNDEFINED(r.value(0, M::class_cosine, 0).value);
    CLOSE(r.value(0, M::telling_share, 0).value, 3.0 / 8);  // first two by position: ½, and in the second post "the" (−1 is last: clutch last) 0 of {the, gear}; ½, ½
    QVERIFY(r.lists[0][0].empty());

    ContrastivityInput nothing;
    nothing.classes = 2;
    nothing.train = DocumentCounts(2, 0);
    nothing.attributors = {{}};
    r = contrastivity(nothing, {100, 0, 0.95});
    UNDEFINED(r.value(0, M::overlap, 0).value);

    auto single = worked(2);  // one class: no pairs
    single.classes = 1;
    single.labels = {0, 0, 0, 0};
    single.train = DocumentCounts(1, 4);
    single.attributors[0].by_class.clear();
    r = contrastivity(single, {100, 0, 0.95});
    QVERIFY(r.pairs.empty());
    UNDEFINED(r.value(0, M::overlap, 0).value);

    auto one = worked(2);  // one post of each class: values, and intervals that do not pretend
    one.labels = {0, 1};
    one.words = {{clutch, the}, {bike, the}};
    one.attributors[0].gold = {{3, 1}, {1, 1}};
    one.attributors[0].by_class.clear();
    r = contrastivity(one, {100, 0, 0.95});
    CLOSE(r.value(0, M::weighted_overlap, 0).value, 0.25);
    QVERIFY(r.value(0, M::weighted_overlap, 0).kind == Kind::constant);
    CLOSE(r.value(0, M::overlap, 0).value, 0);  // no word of two posts

    auto empty_post = worked(2);
    empty_post.labels.push_back(1);
    empty_post.words.push_back({});
    empty_post.attributors[0].gold.push_back({});
    empty_post.attributors[0].by_class.clear();
    CLOSE(value(empty_post, M::weighted_overlap), 0.125);
    CLOSE(value(empty_post, M::specificity), (0.75 * 3 + 2.0 / 3) / 4);
  }

  void bad_sizes_are_refused() {
    auto in = worked(2);
    in.attributors[0].gold[1].pop_back();
    QVERIFY_EXCEPTION_THROWN(contrastivity(in, {}), std::invalid_argument);
    in = worked(2);
    in.labels[0] = 2;
    QVERIFY_EXCEPTION_THROWN(contrastivity(in, {}), std::invalid_argument);
    in = worked(2);
    in.words[0][0] = 4;
    QVERIFY_EXCEPTION_THROWN(contrastivity(in, {}), std::invalid_argument);
    in = worked(2);
    in.contrasts = {{0, 1}};
    QVERIFY_EXCEPTION_THROWN(contrastivity(in, {}), std::invalid_argument);
    in = worked(0);
    QVERIFY_EXCEPTION_THROWN(contrastivity(in, {}), std::invalid_argument);
  }

  void differences_are_paired() {
    auto in = worked(2);
    in.attributors.push_back(in.attributors[0]);
    in.contrasts = {{0, 1}};
    auto r = contrastivity(in, {200, 0, 0.95});
    for (const M m : all_contrastivity_metrics) {
      CLOSE(r.difference(0, m, 0).value, 0);
      QVERIFY(r.difference(0, m, 0).kind == Kind::constant);  // the same scores: zero in every resample
      QVERIFY(!clear_difference(r.difference(0, m, 0)));
    }
    in.attributors[1].gold = {{3, 0}, {1, 0, 0}, {1, 0}, {1, 0}};
    r = contrastivity(in, {200, 0, 0.95});
    CLOSE(r.difference(0, M::weighted_overlap, 0).value, -0.125);
    CLOSE(r.difference(0, M::specificity, 0).value, 5.0 / 6 - 35.0 / 48);
  }

  void references() {
    auto in = worked(2);
    in.attributors = {uniform_reference(in), bag_of_words_reference(in)};
    const auto r = contrastivity(in, {100, 0, 0.95});
    // Uniform: class 0: clutch ½, ⅓; the ½, ⅓; gear ⅓ → the 5/12; class 1: the ½.
    CLOSE(r.value(0, M::weighted_overlap, 0).value, 5.0 / 12);
    CLOSE(r.value(0, M::class_cosine, 0).value, 1);
    // Bag of words: "the" has log-odds 0, "gear" speaks against class 0: all on clutch and bike.
    CLOSE(r.value(1, M::weighted_overlap, 0).value, 0);
    CLOSE(r.value(1, M::specificity, 0).value, 5.0 / 6);
  }

  void words_gained_and_lost() {
    auto in = worked(2);
    in.attributors.push_back(in.attributors[0]);
    in.attributors[1].gold = {{1, 0}, {1, 0, 0}, {1, 0}, {1, 0}};  // all on clutch and bike
    const auto changes = word_changes(in, {0, 1}, 5, {200, 0, 0.95});
    // Before, over four posts: clutch 1.25/4, bike 1.25/4, the 1/4, gear ⅛ (one post: left out). After: ½, ½, 0.
    QCOMPARE(changes.gained.size(), std::size_t{2});
    QCOMPARE(changes.lost.size(), std::size_t{1});
    QCOMPARE(changes.lost[0].word, static_cast<int>(the));
    CLOSE(changes.lost[0].difference.value, -0.25);
    CLOSE(changes.lost[0].shares[0], 0.25);
    CLOSE(changes.lost[0].shares[1], 0);
    QCOMPARE(changes.lost[0].posts, 4);
    CLOSE(changes.gained[0].difference.value, 0.1875);
    QVERIFY(changes.gained[0].difference.low <= 0.1875 && changes.gained[0].difference.high >= 0.1875);
    QVERIFY(word_changes(in, {0, 0}, 5, {100, 0, 0.95}).gained.empty());
  }

  void lower_casing() {
    QCOMPARE(lower_cased("Phillies"), std::string("phillies"));
    QCOMPARE(lower_cased("ÉCOLE"), std::string("école"));
    QCOMPARE(lower_cased("ΟΔΟΣ"), std::string("οδος"));
    QCOMPARE(lower_cased("ẞ"), std::string("ß"));
    QCOMPARE(lower_cased(""), std::string());
    QVERIFY(lower_cased("\xff\x41").ends_with("a"));
    Vocabulary v;
    QCOMPARE(v.add("a"), 0);
    QCOMPARE(v.add("b"), 1);
    QCOMPARE(v.add("a"), 0);
    QCOMPARE(v.find("c"), -1);
    Encoding e;
    e.words = {{{0, 2}, 1, 2}, {{3, 4}, 2, 3}};
    QCOMPARE(words_of("AA b", e, v), (std::vector<int>{2, 1}));
    QCOMPARE(known_words_of("ZZ b", e, v), (std::vector<int>{-1, 1}));
    QVERIFY_EXCEPTION_THROWN(words_of("AA", e, v), std::invalid_argument);
  }

  void a_clear_difference_is_found_and_noise_is_not() {
    // 6 classes × 20 posts; in run B the class's own words get three times the score that they get in A; run C is A with other noise.
    Rng rng(3);
    ContrastivityInput in;
    in.classes = 6;
    in.vocabulary = 6 * 30 + 60;
    in.train = DocumentCounts(6, in.vocabulary);
    in.attributors.resize(3);
    for (int i = 0; i < 360; ++i) {
      std::vector<int> words;
      const int label = i % 6;
      for (int t = 0; t < 60; ++t)
        words.push_back(t % 3 == 0 ? label * 30 + static_cast<int>(rng.below(30)) : 180 + static_cast<int>(rng.below(60)));
      if (i >= 120) {
        in.train.add(label, words);
        continue;
      }
      in.labels.push_back(label);
      in.words.push_back(words);
      for (int a = 0; a < 3; ++a) {
        std::vector<double> scores;
        for (int t = 0; t < 60; ++t) scores.push_back((t % 3 == 0 ? (a == 1 ? 3.0 : 1.0) : 1.0) + rng.normal());
        in.attributors[static_cast<std::size_t>(a)].gold.push_back(scores);
      }
    }
    in.contrasts = {{0, 1}, {0, 2}};
    const auto begin = std::chrono::steady_clock::now();
    const auto r = contrastivity(in, {2000, 0, 0.95});
    qInfo("2,000 resamples, 3 attributors, 15 pairs: %lld ms", static_cast<long long>(std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin).count()));
    QCOMPARE(r.pairs.size(), std::size_t{15});
    const std::size_t mean = 15;
    QCOMPARE(verdict(r.difference(0, M::weighted_overlap, mean), true), std::string("better"));
    QCOMPARE(verdict(r.difference(0, M::specificity, mean), false), std::string("better"));
    QCOMPARE(verdict(r.difference(1, M::weighted_overlap, mean), true), std::string("no clear difference"));
    QCOMPARE(verdict(r.difference(1, M::specificity, mean), false), std::string("no clear difference"));
    for (std::size_t p = 0; p <= mean; ++p) {
      const auto& i = r.value(0, M::weighted_overlap, p);
      QVERIFY(i.low <= i.high && i.low >= 0 && i.high <= 1);
    }
    UNDEFINED(r.value(0, M::class_cosine, mean).value);
  }
};

QTEST_GUILESS_MAIN(TestContrastivity)
#include "test_contrastivity.moc"
