// Predictions that are kept while a scope lasts: the same answers, fewer passes, nothing taken for something else.
#include <QTemporaryDir>
#include <QtTest>
#include <thread>

#include "attribution/planted_model.hpp"
#include "model/prediction_memo.hpp"
#include "test_device.hpp"

using namespace telltale;

class TestPredictionMemo : public QObject {
  Q_OBJECT
  QTemporaryDir folder_;
  std::shared_ptr<Classifier> load(const char* name = "planted") {
    ComputeOptions compute;
    compute.device = test_device();
    compute.threads = 1;
    configure_compute(compute);
    return Classifier::load(test::make_planted_model(std::filesystem::path(folder_.path().toStdString()) / name), compute);
  }
  static std::vector<double> logits(const Classifier& m, const ModelInput& x) { return m.predict(std::vector<ModelInput>{x})[0].logits; }

 private Q_SLOTS:
  void equal_inputs_are_answered_once() {
    const auto m = load();
    const ModelInput a{{2, 5, 6, 3}, {}, {}}, b{{2, 6, 3}, {}, {}};
    const auto before = m->predict(std::vector<ModelInput>{a, b, a});
    const PredictionMemo memo(*m);
    const auto first = m->predict(std::vector<ModelInput>{a, b, a});
    QCOMPARE(memo.served(), std::int64_t{0});
    for (std::size_t k = 0; k < 3; ++k)
      for (std::size_t c = 0; c < 2; ++c) QVERIFY(std::abs(first[k].logits[c] - before[k].logits[c]) < 1e-5);
    const auto again = m->predict(std::vector<ModelInput>{b, a});
    QCOMPARE(memo.served(), std::int64_t{2});
    QCOMPARE(again[0].logits, first[1].logits);
    QCOMPARE(again[1].logits, first[0].logits);
    QCOMPARE(again[1].predicted, first[0].predicted);
  }
  void what_differs_is_asked() {
    const auto m = load();
    const ModelInput plain{{2, 5, 6, 3}, {}, {}}, masked{{2, 5, 6, 3}, {1, 0, 1, 1}, {}}, zeroed{{2, 5, 6, 3}, {}, {0, 1, 0, 0}}, other{{2, 6, 5, 3}, {}, {}};
    std::vector<std::vector<double>> expected;
    for (const auto* x : {&plain, &masked, &zeroed, &other}) expected.push_back(logits(*m, *x));
    QVERIFY(expected[0] != expected[1] && expected[0] != expected[2]);
    const PredictionMemo memo(*m);
    std::size_t k = 0;
    for (const auto* x : {&plain, &masked, &zeroed, &other}) QCOMPARE(logits(*m, *x), expected[k++]);
    QCOMPARE(memo.served(), std::int64_t{0});
  }
  void it_serves_its_model_on_its_thread_while_it_lasts() {
    const auto m = load(), twin = load("twin");
    const ModelInput a{{2, 5, 6, 3}, {}, {}};
    {
      const PredictionMemo memo(*m);
      logits(*m, a), logits(*twin, a);
      QCOMPARE(memo.served(), std::int64_t{0});
      QVERIFY(PredictionMemo::of(m->impl()) == &memo && PredictionMemo::of(twin->impl()) == nullptr);
      std::thread([&] { QVERIFY(PredictionMemo::of(m->impl()) == nullptr); }).join();
      {
        const PredictionMemo inner(*twin);
        QVERIFY(PredictionMemo::of(m->impl()) == &memo && PredictionMemo::of(twin->impl()) == &inner);
      }
      QVERIFY(PredictionMemo::of(twin->impl()) == nullptr);
    }
    QVERIFY(PredictionMemo::of(m->impl()) == nullptr);
  }
};

QTEST_GUILESS_MAIN(TestPredictionMemo)
#include "test_prediction_memo.moc"
