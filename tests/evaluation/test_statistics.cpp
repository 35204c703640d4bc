#include <numeric>
#include <stdexcept>

#include "base/progress.hpp"
#include "base/random.hpp"
#include "close.hpp"
#include "evaluation/statistics.hpp"

using namespace telltale;
using Kind = Interval::Kind;

namespace {

/// Kendall τ-b by its definition, over all pairs.
double tau_b_by_pairs(const std::vector<double>& x, const std::vector<double>& y) {
  double s = 0, nx = 0, ny = 0;
  for (std::size_t i = 0; i < x.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) {
      const double dx = (x[i] > x[j]) - (x[i] < x[j]), dy = (y[i] > y[j]) - (y[i] < y[j]);
      s += dx * dy;
      nx += dx * dx;
      ny += dy * dy;
    }
  return s / std::sqrt(nx * ny);
}

std::vector<double> normals(std::size_t n, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<double> v(n);
  for (double& x : v) x = rng.normal();
  return v;
}

}  // namespace

class TestStatistics : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void kendall_by_hand() {
    // Pairs of (1,2,3) with (1,3,2): two agree, one does not: (2 − 1)/3.
    CLOSE(kendall_tau_b(std::vector{1., 2., 3.}, std::vector{1., 3., 2.}), 1.0 / 3);
    CLOSE(kendall_tau_b(std::vector{1., 2., 3.}, std::vector{4., 5., 6.}), 1);
    CLOSE(kendall_tau_b(std::vector{1., 2., 3.}, std::vector{3., 2., 1.}), -1);
    // x = (1,1,2), y = (1,2,3): one pair tied in x, two agree: 2/√(2·3).
    CLOSE(kendall_tau_b(std::vector{1., 1., 2.}, std::vector{1., 2., 3.}), 2 / std::sqrt(6.0));
    // Tied in both: x = (1,1,2), y = (5,5,7): 2/√(2·2) = 1.
    CLOSE(kendall_tau_b(std::vector{1., 1., 2.}, std::vector{5., 5., 7.}), 1);
    UNDEFINED(kendall_tau_b(std::vector{1., 1.}, std::vector{1., 2.}));
    UNDEFINED(kendall_tau_b(std::vector{1.}, std::vector{1.}));
    UNDEFINED(kendall_tau_b({}, {}));
    UNDEFINED(kendall_tau_b(std::vector{1., undefined, 2.}, std::vector{1., 2., 3.}));
    QVERIFY_EXCEPTION_THROWN(kendall_tau_b(std::vector{1.}, std::vector{1., 2.}), std::invalid_argument);
  }

  void kendall_against_all_pairs() {
    Rng rng(7);
    for (int round = 0; round < 200; ++round) {
      const std::size_t n = 2 + rng.below(40);
      std::vector<double> x(n), y(n);
      for (std::size_t i = 0; i < n; ++i) {
        x[i] = static_cast<double>(rng.below(1 + rng.below(20)));  // many ties
        y[i] = static_cast<double>(rng.below(10));
      }
      CLOSE_BY(kendall_tau_b(x, y), tau_b_by_pairs(x, y), 1e-12);
    }
    std::vector<double> x(200000);
    std::iota(x.begin(), x.end(), 0.0);
    CLOSE(kendall_tau_b(x, x), 1);  // n log n, or this would not end
  }

  void other_correlations() {
    CLOSE(pearson(std::vector{1., 2., 3.}, std::vector{2., 4., 6.}), 1);
    // (−1,0,1)·(−1,1,0) = 1, both norms² = 2: ½.
    CLOSE(pearson(std::vector{1., 2., 3.}, std::vector{1., 3., 2.}), 0.5);
    UNDEFINED(pearson(std::vector{2., 2.}, std::vector{1., 3.}));
    CLOSE(spearman(std::vector{1., 10., 100.}, std::vector{1., 2., 3.}), 1);
    // ranks (1½, 1½, 3) and (1, 2, 3): deviations (−½,−½,1), (−1,0,1): 1.5/√(1.5·2).
    CLOSE(spearman(std::vector{4., 4., 9.}, std::vector{1., 2., 3.}), 1.5 / std::sqrt(3.0));
    CLOSE(cosine(std::vector{1., 0.}, std::vector{1., 1.}), std::sqrt(0.5));
    UNDEFINED(cosine(std::vector{0., 0.}, std::vector{1., 1.}));
    CLOSE(quantile(std::vector{1., 2., 4.}, 0.25), 1.5);
    CLOSE(quantile(std::vector{1., 2., 4.}, 1), 4);
    UNDEFINED(quantile({}, 0.5));
  }

  void mcnemar_by_hand() {
    // A alone right once, B alone five times: 2·(C(6,0) + C(6,1))/2⁶ = 14/64.
    const std::vector<bool> a{true, false, false, false, false, false, true, false}, b{false, true, true, true, true, true, true, false};
    const McNemar m = mcnemar(a, b);
    QCOMPARE(m.only_a, 1);
    QCOMPARE(m.only_b, 5);
    QCOMPARE(m.both, 1);
    QCOMPARE(m.neither, 1);
    CLOSE(m.p, 14.0 / 64);
    CLOSE(mcnemar({true, false}, {false, true}).p, 1);  // 2·(½ + ¼)… is capped
    CLOSE(mcnemar({true}, {true}).p, 1);
    CLOSE(mcnemar({}, {}).p, 1);
    QVERIFY_EXCEPTION_THROWN(mcnemar({true}, {}), std::invalid_argument);
  }

  void student_by_hand() {
    // 1, 2, 3: mean 2, s = 1, t(0.975, 2) = 4.302652729911275.
    const Interval i = student_interval(std::vector{1., 2., 3.});
    CLOSE(i.value, 2);
    CLOSE_BY(i.high - 2, 4.302652729911275 / std::sqrt(3.0), 1e-9);
    CLOSE_BY(2 - i.low, 4.302652729911275 / std::sqrt(3.0), 1e-9);
    QVERIFY(student_interval(std::vector{5.}).kind == Kind::none);
    CLOSE(student_interval(std::vector{5.}).value, 5);
    QVERIFY(student_interval({}).kind == Kind::none);
    UNDEFINED(student_interval({}).value);
  }

  void degenerate_samples() {
    const Interval none = mean_interval({});
    UNDEFINED(none.value);
    QVERIFY(none.kind == Kind::none);
    const Interval one = mean_interval(std::vector{3.});
    CLOSE(one.value, 3);
    UNDEFINED(one.low);
    QVERIFY(one.kind == Kind::none && !clear_difference(one));
    const Interval same = mean_interval(std::vector{0.1, 0.1, 0.1});
    QVERIFY(same.kind == Kind::constant);
    CLOSE(same.low, 0.1);
    CLOSE(same.high, 0.1);
    const Interval zero = mean_interval(std::vector{0., 0., 0.});
    QVERIFY(zero.kind == Kind::constant && !clear_difference(zero));
    CLOSE(mean_interval(std::vector{1., undefined, 3.}).value, 2);
    QVERIFY_EXCEPTION_THROWN(mean_interval(std::vector{1., 2.}, {0, 0, 0.95}), std::invalid_argument);
  }

  void skewed_sample_shifts_the_interval() {
    // One large value of twenty: BCa must reach further up than the percentile interval does.
    std::vector<double> v(20, 0.0);
    for (std::size_t i = 0; i < v.size(); ++i) v[i] = static_cast<double>(i % 4);
    v[19] = 40;
    const Interval bca = mean_interval(v);
    QVERIFY(bca.kind == Kind::bca);
    Rng rng(11);
    std::vector<double> means;
    for (int r = 0; r < 4000; ++r) {
      double sum = 0;
      for (std::size_t i = 0; i < v.size(); ++i) sum += v[rng.below(v.size())];
      means.push_back(sum / 20);
    }
    std::sort(means.begin(), means.end());
    QVERIFY2(bca.high > quantile(means, 0.975) && bca.low >= quantile(means, 0.025), qPrintable(QString::number(bca.high)));
  }

  void acceleration_of_the_mean() {
    // For a mean, BCa's ends are quantiles at Φ(z0 + z/(1 − a z)) with a = Σ(x−m)³ / (6 (Σ(x−m)²)^1.5). x = (0,0,0,4): m = 1,
    // Σ³ = 27 − 3 = 24, Σ² = 12, a = 24/(6·41.569…) = 0.0962…; z0 from a large run of resamples of known law: the number of fours
    // drawn is binomial(4, ¼), the mean is that number, so P(θ* < 1) + ½P(θ* = 1) = 0.31640625 + 0.2109375 = 0.52734375,
    // z0 = 0.0686…; upper level: Φ(0.0686 + 2.0286/(1 − 0.1951)) = Φ(2.589) = 0.9952 → P(≤ 2) = 0.9492, P(≤ 3) = 0.9961 → 3.
    // lower: Φ(0.0686 − 1.8914/(1 + 0.1819)) = Φ(−1.5317) = 0.0628 → 0.
    const Interval i = mean_interval(std::vector{0., 0., 0., 4.}, {20000, 3, 0.95});
    QVERIFY(i.kind == Kind::bca);
    CLOSE(i.low, 0);
    CLOSE(i.high, 3);
  }

  void coverage_of_the_mean() {
    // 400 samples of 30 normal numbers: about 95 % of the intervals hold 0 (a little under for so few; two-sided bound at 4 s.e.).
    int held = 0;
    for (std::uint64_t s = 0; s < 400; ++s) {
      const Interval i = mean_interval(normals(30, 1000 + s), {400, s, 0.95});
      held += i.low <= 0 && i.high >= 0;
    }
    QVERIFY2(held >= 358 && held <= 394, qPrintable(QString::number(held)));
  }

  void paired_is_tighter_than_apart() {
    const auto base = normals(60, 5), noise = normals(60, 6);
    std::vector<double> a(60), b(60);
    for (std::size_t i = 0; i < 60; ++i) {
      a[i] = 10 * base[i];
      b[i] = a[i] + 0.5 + 0.1 * noise[i];
    }
    const Interval d = paired_difference(a, b);
    QVERIFY(clear_difference(d) && d.low > 0.4 && d.high < 0.6);
    QVERIFY(clear_difference(paired_difference(b, a)));
    QCOMPARE(verdict(d, false), std::string("better"));
    QCOMPARE(verdict(d, true), std::string("worse"));
    QCOMPARE(verdict(paired_difference(a, a), true), std::string("no clear difference"));
    QCOMPARE(verdict(mean_interval(std::vector{3.}), false), std::string("no clear difference"));
  }

  void strata_stay_whole() {
    // Two groups of constant value: resampling within them leaves every figure as it is.
    const std::vector<double> v{1, 1, 1, 5, 5};
    const Figures mean = [&](Weights w, std::span<double> out) {
      double sum = 0, n = 0;
      for (std::size_t i = 0; i < v.size(); ++i) sum += w[i] * v[i], n += w[i];
      out[0] = sum / n;
    };
    QVERIFY(bootstrap(5, {}, 1, mean)[0].kind == Kind::bca);
    const Figures sum = [&](Weights w, std::span<double> out) {
      out[0] = 0;
      for (std::size_t i = 0; i < v.size(); ++i) out[0] += w[i] * v[i];
    };
    const Interval within = bootstrap(5, {0, 0, 0, 1, 1}, 1, sum)[0];
    CLOSE(within.low, 13);
    CLOSE(within.high, 13);
  }

  void the_same_on_any_number_of_threads() {
    const auto v = normals(50, 9);
    const Figures two = [&](Weights w, std::span<double> out) {
      double sum = 0, largest = -1e9;
      for (std::size_t i = 0; i < v.size(); ++i) {
        sum += w[i] * v[i];
        if (w[i]) largest = std::max(largest, v[i]);
      }
      out[0] = sum / 50;
      out[1] = largest;
    };
    const auto one = bootstrap(50, {}, 2, two), three = bootstrap(50, {}, 2, two, {}, 3);
    for (int f = 0; f < 2; ++f) {
      QCOMPARE(one[f].low, three[f].low);
      QCOMPARE(one[f].high, three[f].high);
    }
    QVERIFY(one[1].kind == Kind::percentile || one[1].kind == Kind::bca);
    QCOMPARE(one[1].high, one[1].value);  // no resample exceeds the largest
  }

  /// How many posts are there at all: 30, and some 19 in every resample. The interval is about the figure, as wide as the resamples spread.
  void resamples_that_are_off_by_more_than_they_spread() {
    const Figures distinct = [&](Weights w, std::span<double> out) { out[0] = static_cast<double>(std::count_if(w.begin(), w.end(), [](std::uint32_t n) { return n > 0; })); };
    const Interval i = bootstrap(30, {}, 1, distinct)[0];
    QVERIFY(i.kind == Kind::centred);
    QCOMPARE(i.value, 30.0);
    QVERIFY2(i.low < 30 && i.low > 25 && i.high > 30 && i.high < 35, qPrintable(QString("%1 %2").arg(i.low).arg(i.high)));
    QCOMPARE(QString(name_of(i.kind)), QString("centred"));
  }

  void stops_and_fails_cleanly() {
    const Figures nothing = [](Weights, std::span<double> out) { out[0] = 0; };
    bool cancelled = false;
    try {
      bootstrap(10, {}, 1, nothing, {}, 2, [] { return true; });
    } catch (const Cancelled&) {
      cancelled = true;
    }
    QVERIFY(cancelled);
    const Figures broken = [](Weights, std::span<double>) { throw std::runtime_error("x"); };
    QVERIFY_EXCEPTION_THROWN(bootstrap(10, {}, 1, broken, {}, 2), std::runtime_error);
    QVERIFY_EXCEPTION_THROWN(bootstrap(2, {0, -1}, 1, nothing), std::invalid_argument);
    QVERIFY_EXCEPTION_THROWN(bootstrap(2, {0}, 1, nothing), std::invalid_argument);
  }
};

QTEST_GUILESS_MAIN(TestStatistics)
#include "test_statistics.moc"
