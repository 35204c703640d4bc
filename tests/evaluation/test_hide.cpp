#include "close.hpp"
#include "evaluation/hide_test.hpp"
#include "toy_model.hpp"

using namespace telltale;

class TestHide : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void rivals() {
    QCOMPARE(rivals_of({{5, 1, 2}, {3, 9, 3}, {0, 0, 1}}), (std::vector<int>{2, 0, 0}));
    QCOMPARE(rivals_of({{1.0}}), (std::vector<int>{-1}));
    QVERIFY(rivals_of({}).empty());
  }

  void worked_by_hand() {
    // Word 0 in 8 posts of class 0 and none of class 1: P = 0.9, s = 0.2, telling. Word 1 in 3 of each: s = 1, shared. Word 2 in
    // 3 and 0: P = 0.8, telling (at the threshold), s = 0.4. Word 3 in 2 and 0: P = ¾, neither. Word −1 (never seen): shared.
    DocumentCounts train(2, 4);
    for (int i = 0; i < 8; ++i) train.add(0, i < 2 ? std::vector{0, 1, 2, 3} : i < 3 ? std::vector{0, 1, 2} : std::vector{0});
    for (int i = 0; i < 3; ++i) train.add(1, {1});
    const HidePost post{toy::text_of({0, 1, 2, 3, 9}), 0, {0, 1, 2, 3, -1}};
    QCOMPARE(words_to_hide(post, HideKind::telling, 1, train), (std::vector<int>{0, 2}));
    QCOMPARE(words_to_hide(post, HideKind::shared, 1, train), (std::vector<int>{1, 4}));
    QVERIFY(words_to_hide(post, HideKind::none, 1, train).empty());
    QVERIFY(words_to_hide(post, HideKind::telling, -1, train).empty());

    // Weights: telling words 3 and 1, shared −1 and 0, the other −2: whole 1 → class 0. Without shared: 2. Without telling: −3 → class 1.
    toy::Model m{{{0, 3}, {1, -1}, {2, 1}, {3, -2}, {9, 0}}, 0, 0};
    auto out = hide_test(m.probe(), {post}, {1, 0}, train);
    const auto predicted = [&](std::size_t c) { return out.predictions[c][0].predicted; };
    QCOMPARE(predicted(0), 0);
    QCOMPARE(predicted(1), 0);
    QCOMPARE(predicted(3), 1);
    QCOMPARE(predicted(4), 1);
    CLOSE(out.predictions[1][0].logits[0], 2);
    CLOSE(out.hidden_share[0], 0);
    CLOSE(out.hidden_share[1], 0.4);
    CLOSE(out.hidden_share[3], 0.4);

    // Known predictions are taken as they are; what hides nothing is not asked again.
    const std::vector<Prediction> known{{{-7, 0}, {0, 1}, 1}};
    m.asked = 0;
    out = hide_test(m.probe(), {post}, {1, 0}, train, &known);
    QCOMPARE(m.asked, 4);
    QCOMPARE(predicted(0), 1);
    QCOMPARE(predicted(1), 0);
    out = hide_test(m.probe(), {post}, {-1, -1}, train, &known);
    QCOMPARE(m.asked, 4);
    QCOMPARE(predicted(3), 1);
    QVERIFY_EXCEPTION_THROWN(hide_test(m.probe(), {post, post}, {1, 0}, train, &known), std::invalid_argument);

    // A model that answers [PAD] with class 1: hiding shared words by pad costs the answer, deleting them does not.
    m.pad_weight = -2;
    out = hide_test(m.probe(), {post, post, post}, {1, 0}, train);
    QCOMPARE(predicted(1), 0);
    QCOMPARE(predicted(2), 1);
    const Interval d = parting(out, HideKind::shared, {0, 0, 0}, {100, 0, 0.95});
    CLOSE(d.value, 1);
    QVERIFY(clear_difference(d));
    const Interval telling = parting(out, HideKind::telling, {0, 0, 0}, {100, 0, 0.95});
    CLOSE(telling.value, 0);
    QVERIFY(!clear_difference(telling));
  }

  void empty_posts() {
    toy::Model m;
    const DocumentCounts train(2, 0);
    auto out = hide_test(m.probe(), {{toy::text_of({}), 1, {}}}, {1, 0}, train);
    QCOMPARE(out.predictions[4].size(), std::size_t{1});
    CLOSE(out.hidden_share[1], 0);
    out = hide_test(m.probe(), {}, {1, 0}, train);
    QVERIFY(out.predictions[0].empty());
    UNDEFINED(parting(out, HideKind::shared, {}, {}).value);
    QVERIFY_EXCEPTION_THROWN(hide_test(m.probe(), {{toy::text_of({1}), 0, {}}}, {1, 0}, train), std::invalid_argument);
  }
};

QTEST_GUILESS_MAIN(TestHide)
#include "test_hide.moc"
