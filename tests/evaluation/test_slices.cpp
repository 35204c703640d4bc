// Slices of posts, worked out by hand.
#include <QtTest>
#include <cmath>

#include "close.hpp"
#include "evaluation/slices.hpp"

using namespace telltale;

namespace {

std::vector<std::string> names_of(const Slicing& s) {
  std::vector<std::string> out;
  for (const auto& one : s.slices) out.push_back(one.name);
  return out;
}
using Names = std::vector<std::string>;
using Posts = std::vector<std::size_t>;

}  // namespace

class TestSlices : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void by_class_and_by_right() {
    const std::vector<SlicedPost> posts = {{0, 0, 5}, {1, 0, 9}, {-1, 1, 7}, {0, 1, 1}};
    const Slicing classes = slicing("class", posts, {"a", "b", "nobody's"});
    QCOMPARE(names_of(classes), (Names{"a", "b"}));
    QCOMPARE(classes.slices[0].posts, (Posts{0, 3}));
    const Slicing right = slicing("right", posts, {"a", "b"});  // the post without a class is in none
    QCOMPARE(names_of(right), (Names{"right", "wrong"}));
    QCOMPARE(right.slices[0].posts, (Posts{0}));
    QCOMPARE(right.slices[1].posts, (Posts{1, 3}));
  }
  void by_length_keeps_equal_lengths_together() {
    // Sorted: 1 2 2 2 8 9: the 2s begin in the first third and stay in it.
    const Slicing s = slicing("length", {{0, 0, 2}, {0, 0, 9}, {0, 0, 1}, {0, 0, 2}, {0, 0, 8}, {0, 0, 2}}, {"a"});
    QCOMPARE(names_of(s), (Names{"short third", "long third"}));
    QCOMPARE(s.slices[0].posts, (Posts{0, 2, 3, 5}));
    QCOMPARE(s.slices[1].posts, (Posts{1, 4}));
  }
  void by_column() {
    std::vector<SlicedPost> posts(8);
    for (std::size_t i = 0; i < posts.size(); ++i) {
      posts[i].columns["year"] = 1990 + static_cast<int>(i);
      posts[i].columns["votes"] = i % 2;
      if (i != 3) posts[i].columns["place"] = i < 2 ? "north" : "south";
    }
    QCOMPARE(names_of(slicing("place", posts, {})), (Names{"(none)", "north", "south"}));
    QCOMPARE(slicing("place", posts, {}).slices[0].posts, (Posts{3}));
    QCOMPARE(names_of(slicing("votes", posts, {})), (Names{"0", "1"}));
    QCOMPARE(names_of(slicing("year", posts, {})), (Names{"low third", "middle third", "high third"}));  // eight numbers
    QCOMPARE(slicing("year", posts, {}).slices[0].posts, (Posts{0, 1, 2}));
    try {
      slicing("colour", posts, {});
      QFAIL("accepted");
    } catch (const std::invalid_argument& e) {
      QVERIFY2(QString(e.what()).contains("'colour'") && QString(e.what()).contains("place, votes, year"), e.what());
    }
    std::vector<SlicedPost> many(21);
    for (std::size_t i = 0; i < many.size(); ++i) many[i].columns["name"] = "n" + std::to_string(i);
    QVERIFY_EXCEPTION_THROWN(slicing("name", many, {}), std::invalid_argument);
  }
  void a_gap_by_permutation() {
    // {0, 0} and {1, 1}: of the 6 ways to choose two of four, 2 have a gap of 1: p → 1/3.
    const double p = gap_p({{0, 0}, {1, 1}}, {20000, 4});
    QVERIFY2(std::abs(p - 1.0 / 3) < 0.015, qPrintable(QString::number(p)));
    // Three alone: any two of {0, 0, 1} apart, always a gap of 1.
    CLOSE(gap_p({{0}, {0}, {1}}, {200, 4}), 1.0);
    QVERIFY(std::isnan(gap_p({{1, 2}, {NAN}}, {200, 4})));
    std::vector<std::vector<double>> apart(2);
    for (int i = 0; i < 20; ++i) apart[0].push_back(i % 3), apart[1].push_back(10 + i % 3);
    CLOSE(gap_p(apart, {999, 4}), 1.0 / 1000);
  }
  void figures() {
    const Slicing s{"place", {{"north", {0, 1}}, {"south", {2, 3, 4}}, {"west", {5}}}};
    const std::vector<double> values = {1, 3, 0, NAN, 1, NAN};
    const Json f = slice_figures(s, values, {500, 1});
    QCOMPARE(f["by"], Json("place"));
    QCOMPARE(f["slices"].size(), std::size_t{3});
    QCOMPARE(f["slices"][0]["mean"], Json(2.0));
    QCOMPARE(f["slices"][1]["mean"], Json(0.5));
    QCOMPARE(f["slices"][1]["n"], Json(2));
    QVERIFY(f["slices"][2]["mean"].is_null());
    QCOMPARE(f["gap"]["high"], Json("north"));
    QCOMPARE(f["gap"]["low"], Json("south"));
    QCOMPARE(f["gap"]["value"], Json(1.5));
    QCOMPARE(f["gap"]["clear"], Json(false));  // four values
    QVERIFY(!slice_figures({"x", {{"all", {0, 1}}}}, values, {100, 1}).contains("gap"));
  }
};

QTEST_GUILESS_MAIN(TestSlices)
#include "test_slices.moc"
