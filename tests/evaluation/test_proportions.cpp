// Shares of two groups: the examples of Newcombe's papers, tables worked by hand.
#include <QtTest>

#include "close.hpp"
#include "evaluation/proportions.hpp"

using namespace telltale;

class TestProportions : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  /// Newcombe 1998 (Statist. Med. 17: 857), table I, method 3.
  void wilson_data() {
    QTest::addColumn<int>("right");
    QTest::addColumn<int>("n");
    QTest::addColumn<double>("low");
    QTest::addColumn<double>("high");
    QTest::newRow("81/263") << 81 << 263 << 0.2553 << 0.3662;
    QTest::newRow("15/148") << 15 << 148 << 0.0624 << 0.1605;
    QTest::newRow("0/20") << 0 << 20 << 0.0 << 0.1611;
    QTest::newRow("1/29") << 1 << 29 << 0.0061 << 0.1718;
  }
  void wilson() {
    QFETCH(int, right);
    QFETCH(int, n);
    QFETCH(double, low);
    QFETCH(double, high);
    const Proportion p = proportion(right, n);
    QCOMPARE(p.value, static_cast<double>(right) / n);
    QVERIFY2(std::abs(p.low - low) < 5.1e-5 && std::abs(p.high - high) < 5.1e-5, qPrintable(QString("%1 to %2").arg(p.low).arg(p.high)));
  }
  void edges_of_a_share() {
    QVERIFY(std::isnan(proportion(0, 0).value) && std::isnan(proportion(0, 0).low));
    QCOMPARE(proportion(5, 5).high, 1.0);
    QVERIFY_THROWS_EXCEPTION(std::invalid_argument, proportion(6, 5));
    QVERIFY_THROWS_EXCEPTION(std::invalid_argument, proportion(-1, 5));
  }

  /// Newcombe 1998 (Statist. Med. 17: 873), table II, method 10.
  void differences_data() {
    QTest::addColumn<int>("a");
    QTest::addColumn<int>("m");
    QTest::addColumn<int>("b");
    QTest::addColumn<int>("n");
    QTest::addColumn<double>("low");
    QTest::addColumn<double>("high");
    QTest::newRow("56/70 - 48/80") << 56 << 70 << 48 << 80 << 0.0524 << 0.3339;
    QTest::newRow("9/10 - 3/10") << 9 << 10 << 3 << 10 << 0.1705 << 0.8090;
    QTest::newRow("10/10 - 0/20") << 10 << 10 << 0 << 20 << 0.6791 << 1.0;
    QTest::newRow("10/10 - 0/10") << 10 << 10 << 0 << 10 << 0.6075 << 1.0;
  }
  void differences() {
    QFETCH(int, a);
    QFETCH(int, m);
    QFETCH(int, b);
    QFETCH(int, n);
    QFETCH(double, low);
    QFETCH(double, high);
    const ProportionDifference d = difference_of(proportion(a, m), proportion(b, n));
    QVERIFY2(std::abs(d.low - low) < 5.1e-5 && std::abs(d.high - high) < 5.1e-5, qPrintable(QString("%1 to %2").arg(d.low).arg(d.high)));
    QVERIFY(d.clear());
    const ProportionDifference back = difference_of(proportion(b, n), proportion(a, m));
    QVERIFY(std::abs(back.low + d.high) < 1e-12 && std::abs(back.value + d.value) < 1e-12 && back.clear());
  }
  void no_clear_difference() {
    QVERIFY(!difference_of(proportion(3, 4), proportion(1, 4)).clear());
    QVERIFY(!difference_of(proportion(0, 0), proportion(1, 4)).clear());  // nothing answered in one of the two
    QVERIFY(std::isnan(difference_of(proportion(0, 0), proportion(1, 4)).value));
  }

  void fisher() {
    // The lady tasting tea: tables 0, 1, 3, 4 of 4 are no likelier than the one seen, (1 + 16 + 16 + 1) / 70.
    QVERIFY(std::abs(fisher_exact(3, 1, 1, 3) - 34.0 / 70) < 1e-12);
    QVERIFY(std::abs(fisher_exact(4, 0, 0, 4) - 2.0 / 70) < 1e-12);
    QCOMPARE(fisher_exact(2, 2, 2, 2), 1.0);
    // Margins 3, 2 and 4, 1: tables (2,1;2,0) with 3/5 and (3,0;1,1) with 2/5.
    QVERIFY(std::abs(fisher_exact(3, 0, 1, 1) - 0.4) < 1e-12);
    QCOMPARE(fisher_exact(0, 0, 3, 2), 1.0);
    QCOMPARE(fisher_exact(0, 0, 0, 0), 1.0);
    QVERIFY(std::abs(fisher_exact(1, 9, 11, 3) - 0.0027594561852200836) < 1e-12);  // scipy.stats.fisher_exact
    QVERIFY_THROWS_EXCEPTION(std::invalid_argument, fisher_exact(-1, 2, 3, 4));
  }

  void medians() {
    QCOMPARE(median(std::vector<double>{3, 1, 2}), 2.0);
    QCOMPARE(median(std::vector<double>{4, 1, 2, 3}), 2.5);
    QVERIFY(std::isnan(median({})));
    const Interval same = median_difference(std::vector<double>{5, 5, 5}, std::vector<double>{3, 3});
    QVERIFY(same.value == 2 && same.low == 2 && same.high == 2);
    const Interval one = median_difference(std::vector<double>{5}, std::vector<double>{3, 3});
    QVERIFY(one.value == 2 && std::isnan(one.low) && one.kind == Interval::Kind::none);
    // Two values each: a resample's medians are 1, 2 or 3 and 11, 12 or 13, so every difference lies in −12 … −8.
    const Interval far = median_difference(std::vector<double>{1, 3}, std::vector<double>{11, 13});
    QVERIFY(far.value == -10 && far.low >= -12 && far.low < -10 && far.high <= -8 && far.high > -10);
    const Interval again = median_difference(std::vector<double>{1, 3}, std::vector<double>{11, 13});
    QVERIFY(again.low == far.low && again.high == far.high);  // seeded
  }
};

QTEST_GUILESS_MAIN(TestProportions)
#include "test_proportions.moc"
