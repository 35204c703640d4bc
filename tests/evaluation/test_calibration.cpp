#include <stdexcept>

#include "close.hpp"
#include "evaluation/calibration.hpp"

using namespace telltale;

namespace {

/// Probabilities with the logits that give them.
Prediction of(const std::vector<double>& p) {
  Prediction out;
  out.probabilities = p;
  for (const double v : p) out.logits.push_back(std::log(v));
  for (std::size_t c = 1; c < p.size(); ++c)
    if (p[c] > p[static_cast<std::size_t>(out.predicted)]) out.predicted = static_cast<int>(c);
  return out;
}

}  // namespace

class TestCalibration : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void worked_by_hand() {
    // Gold 0 0 1 1; predicted 0 (0.9), 1 (0.7), 1 (0.7), 1 (0.6).
    const std::vector<Prediction> p{of({0.9, 0.1}), of({0.3, 0.7}), of({0.3, 0.7}), of({0.4, 0.6})};
    const Calibration c = calibration(p, {0, 0, 1, 1}, 2);
    CLOSE(c.accuracy, 0.75);
    CLOSE(c.nll, -(std::log(0.9) + std::log(0.3) + std::log(0.7) + std::log(0.6)) / 4);
    // F1 of class 0: 2·1/(2+1) = 2/3; of class 1: 2·2/(2+3) = 4/5.
    CLOSE(c.classes[0].f1, 2.0 / 3);
    CLOSE(c.classes[1].f1, 0.8);
    CLOSE(c.macro_f1, (2.0 / 3 + 0.8) / 2);
    CLOSE(c.classes[1].precision, 2.0 / 3);
    CLOSE(c.classes[0].recall, 0.5);
    QCOMPARE(c.classes[1].support, 2);
    QCOMPARE(c.confusion[0][1], 1);
    QCOMPARE(c.confusion[1][1], 2);
    QCOMPARE(c.confusion[1][0], 0);
    // Bins of 1/15: 0.9 in (13/15, 14/15]; both 0.7 in (10/15, 11/15], half right; 0.6 = 9/15 closes (8/15, 9/15].
    // ECE = ¼·|1 − 0.9| + ½·|½ − 0.7| + ¼·|1 − 0.6|.
    CLOSE(c.ece, 0.25 * 0.1 + 0.5 * 0.2 + 0.25 * 0.4);
    QCOMPARE(c.bins.size(), std::size_t{15});
    QCOMPARE(c.bins[13].count, 1);
    QCOMPARE(c.bins[10].count, 2);
    QCOMPARE(c.bins[8].count, 1);
    UNDEFINED(c.bins[0].confidence);
  }

  void extremes() {
    Prediction sure = of({0.5, 0.5});
    sure.logits = {800, -800};
    sure.probabilities = {1, 0};
    const Calibration c = calibration({sure, sure}, {0, 1}, 2);
    CLOSE(c.nll, 800);  // from logits: no log of 0
    CLOSE(c.ece, 0.5);
    QCOMPARE(c.bins[14].count, 2);
    const Calibration none = calibration({}, {}, 3);
    UNDEFINED(none.accuracy);
    UNDEFINED(none.ece);
    QCOMPARE(none.classes.size(), std::size_t{3});
    // A class that is neither gold nor predicted does not count in macro-F1.
    const Calibration three = calibration({of({0.8, 0.1, 0.1})}, {0}, 3);
    CLOSE(three.macro_f1, 1);
    UNDEFINED(three.classes[2].f1);
    UNDEFINED(three.classes[1].precision);
    const Calibration one = calibration({of({1.0})}, {0}, 1);
    CLOSE(one.accuracy, 1);
    CLOSE(one.nll, 0);
  }

  void weighted_f1() {
    // Drawing the second post twice and the first not at all: class 0 has no hit.
    CLOSE(macro_f1({0, 0, 1, 1}, {0, 1, 1, 1}, 2, std::vector<std::uint32_t>{0, 2, 1, 1}), (0 + 2.0 * 2 / (2 + 4)) / 2);
    UNDEFINED(macro_f1({}, {}, 2, {}));
  }

  void bad_input() {
    QVERIFY_EXCEPTION_THROWN(calibration({of({0.5, 0.5})}, {2}, 2), std::invalid_argument);
    QVERIFY_EXCEPTION_THROWN(calibration({of({0.5, 0.5})}, {}, 2), std::invalid_argument);
    QVERIFY_EXCEPTION_THROWN(calibration({of({0.5, 0.5})}, {0}, 3), std::invalid_argument);
  }
};

QTEST_GUILESS_MAIN(TestCalibration)
#include "test_calibration.moc"
