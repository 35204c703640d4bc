// What an explanation will cost: every row's formula is read, and is what the methods really take.
#include <QtTest>
#include <cmath>

#include "attribution/method_cost.hpp"
#include "shared_data.hpp"

using namespace telltale;

class TestMethodCost : public QObject {
  Q_OBJECT
  static Passes cost(const std::string& formula, int steps = 0, int samples = 512, std::size_t words = 4, std::size_t pieces = 6, Unit unit = Unit::word) {
    MethodInfo m;
    m.cost = formula;
    m.uses_steps = m.uses_samples = m.has_unit = true;
    ExplainOptions o;
    o.steps = steps, o.samples = samples, o.unit = unit;
    return passes_of(m, o, {words, pieces});
  }

 private Q_SLOTS:
  void by_hand() {
    const auto is = [](const Passes& p, double forward, double backward, double flows = 0) {
      return p.forward == forward && p.backward == backward && p.flows == flows;
    };
    QVERIFY(is(cost("F"), 1, 0));
    QVERIFY(is(cost("2 F + B"), 2, 1));
    QVERIFY(is(cost("m (F + B)", 16), 16, 16));
    QVERIFY(is(cost("m (F + B)"), 24, 24));  // by tolerance: what the caller thinks
    QVERIFY(is(cost("(n + 1) F, n words or pieces"), 5, 0));
    QVERIFY(is(cost("(n + 1) F, n words or pieces", 0, 512, 4, 6, Unit::piece), 7, 0));
    QVERIFY(is(cost("n m (F + B), n words or pieces, m nodes", 30), 120, 120));
    QVERIFY(is(cost("(2 m + 3) (F + B), m steps", 30), 63, 63));
    QVERIFY(is(cost("F + T maximum flows, T pieces"), 1, 0, 6));
    QVERIFY(is(cost("at most (S + 2) F, S samples", 0, 10), 12, 0));
    QVERIFY(is(cost("S F, S samples", 0, 512), 16, 0));  // four words have 16 coalitions
    QVERIFY(is(cost("S F, S samples", 0, 0), 16, 0));    // all of them
    QVERIFY(is(cost("max(S, 4 (n − 1)) F, S samples", 0, 2), 12, 0));
    for (const char* wrong : {"", "F +", "x F", "F B", "(F", "3", "F; B"}) QVERIFY_EXCEPTION_THROWN((void)cost(wrong), std::runtime_error);
  }

  void noise_multiplies() {
    ExplainOptions o;
    o.steps = 10;
    o.baseline = Baseline::noise;
    const Passes p = passes_of(method_info("integrated-gradients"), o, {4, 6});
    QCOMPARE(p.forward, 80.0);  // 8 draws of 10 nodes
    o.draws = 3;
    QCOMPARE(passes_of(method_info("integrated-gradients"), o, {4, 6}).backward, 30.0);
  }

  /// Draws of noise or references that a method takes by itself, and those that a person asks for.
  void draws_are_counted() {
    int with_draws = 0;
    for (const auto& m : methods()) {
      if (m.draws == 0 || m.uses_samples || m.cost.find('S') == std::string::npos) continue;
      ++with_draws;
      ExplainOptions o;
      const double one = (o.draws = 1, passes_of(m, o, {4, 6}).forward), five = (o.draws = 5, passes_of(m, o, {4, 6}).forward), own = (o.draws = 0, passes_of(m, o, {4, 6}).forward);
      QVERIFY2(five > one, m.id.c_str());
      QCOMPARE(own, one + (five - one) / 4 * (m.draws - 1));
    }
    QVERIFY(with_draws > 0);
  }

  void every_row_is_a_formula_data() {
    QTest::addColumn<QString>("id");
    for (const auto& m : methods()) QTest::newRow(m.id.c_str()) << QString::fromStdString(m.id);
  }
  void every_row_is_a_formula() {
    QFETCH(QString, id);
    const Passes p = passes_of(method_info(id.toStdString()), {}, {8, 9});
    QVERIFY(p.forward >= 1 && p.forward < 10'000);
    QVERIFY(p.backward >= 0 && p.backward <= p.forward);
  }

  /// What perturbation methods report as passes is what was foretold.
  void as_foretold_data() {
    QTest::addColumn<QString>("id");
    QTest::addColumn<int>("samples");
    for (const auto& m : methods())
      if (m.needs == "forward passes") QTest::newRow(m.id.c_str()) << QString::fromStdString(m.id) << 64;
  }
  void as_foretold() {
    QFETCH(QString, id);
    QFETCH(int, samples);
    const auto shared = shared_data();
    if (shared.empty()) QSKIP("reference data not found: set TELLTALE_SHARED or put it at ../shared");
    const auto model = Classifier::load(shared / "golden/models/tiny-bert/fp32", {}, {"a", "b", "c"}, 1);
    ExplainItem item{model->tokenizer().encode("The team drive very old time people said with the engine"), -1, -1};
    ExplainOptions o;
    o.method = id.toStdString();
    o.samples = samples;
    const Explanation e = explain(*model, {item}, o)[0];
    const Passes p = passes_of(method_info(o.method), o, {item.encoding.words.size(), item.encoding.ids.size() - 2});
    if (id == QStringLiteral("partition-shap")) QVERIFY(e.steps <= p.forward);
    else QVERIFY2(std::abs(e.steps - p.forward) <= 2, qPrintable(QStringLiteral("%1 passes, foretold %2").arg(e.steps).arg(p.forward)));
  }
};

QTEST_GUILESS_MAIN(TestMethodCost)
#include "test_method_cost.moc"
