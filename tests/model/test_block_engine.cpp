// The engine that works in blocks: against the network in double, over threads and batches, and how texts are shared out.
#include <ATen/ATen.h>
#include <omp.h>

#include "model/block_engine.hpp"
#include "model/block_kernels.hpp"
#include "model/block_plan.hpp"
#include "model/classifier_impl.hpp"
#include "shared_data.hpp"
#include <QtTest>

using namespace telltale;

namespace {

/// Largest difference over the largest absolute value.
double off(const at::Tensor& a, const at::Tensor& b) { return ((a.to(at::kDouble) - b.to(at::kDouble)).abs().max() / b.to(at::kDouble).abs().max()).item<double>(); }

constexpr std::int64_t ids = 37, lengths[] = {37, 37, 30, 21, 21, 5, 1};  // of seven texts: no multiple of a tile, of a vector or of the threads

struct Texts {
  at::Tensor points, mask;
};

Texts texts(std::int64_t d) {
  const auto N = static_cast<std::int64_t>(std::size(lengths));
  at::manual_seed(5);
  Texts t{at::randn({N, ids, d}, at::kFloat) * 0.05, at::ones({N, ids}, at::kFloat)};
  for (std::int64_t n = 0; n < N; ++n) t.mask[n].narrow(0, lengths[n], ids - lengths[n]).zero_();
  t.mask[0][3].zero_();  // a hole
  return t;
}

constexpr BlockProducts every_kind[] = {BlockProducts::floats, BlockProducts::pairs, BlockProducts::tiles};  // those that the processor lacks give no engine

/// What a gradient may be off by when its products are summed with other texts around it.
double rounding(BlockProducts products) { return products == BlockProducts::floats ? 1e-5 : 1e-2; }

at::Tensor seed(const at::Tensor& z) { return at::softmax(z, -1); }

}  // namespace

class TestBlockEngine : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void initTestCase() {
    configure_compute({"cpu", 2});
    if (!float_blocks()) QSKIP("this processor has no AVX-512: no engine works in blocks");
  }

  void network_in_double_data() {
    QTest::addColumn<BlockProducts>("products");
    QTest::addColumn<double>("values");
    QTest::addColumn<double>("gradients");
    QTest::newRow("floats") << BlockProducts::floats << 1e-5 << 1e-5;
    QTest::newRow("pairs") << BlockProducts::pairs << 1e-5 << 1e-2;
    QTest::newRow("tiles") << BlockProducts::tiles << 1e-4 << 1e-2;
  }
  void network_in_double() {
    TELLTALE_NEEDS_SHARED(shared);
    QFETCH(BlockProducts, products);
    QFETCH(double, values);
    QFETCH(double, gradients);
    const auto narrow = Classifier::load(shared / "golden/models/tiny-bert/fp32", {"cpu", 2, Precision::fp32});
    const auto wide = Classifier::load(shared / "golden/models/tiny-bert/fp32", {"cpu", 2, Precision::fp64});
    const auto engine = make_block_engine(narrow->config(), narrow->impl().parameters->weights, products, 0);
    if (!engine) QSKIP("this processor has no such products");
    const Texts t = texts(narrow->config().hidden_size);
    for (const Path path : {Path::word, Path::embeddings})
      for (const bool masked : {true, false}) {
        const at::Tensor mask = masked ? t.mask : at::Tensor(), wide_mask = masked ? t.mask.to(at::kDouble) : at::Tensor();
        at::Tensor z, z_wide;
        const at::Tensor g = engine->gradient(t.points, mask, path, seed, &z), g_wide = wide->impl().engine->gradient(t.points.to(at::kDouble), wide_mask, path, seed, &z_wide);
        QVERIFY2(off(z, z_wide) < values, qPrintable(QString::number(off(z, z_wide))));
        QVERIFY2(off(g, g_wide) < gradients, qPrintable(QString::number(off(g, g_wide))));
        QVERIFY2(off(engine->logits(t.points, mask, path), z_wide) < values, "forward alone");
      }
  }

  /// Widths that are no multiple of a vector, of a pair or of a tile.
  void odd_widths_data() {
    QTest::addColumn<BlockProducts>("products");
    QTest::addColumn<double>("values");
    for (const BlockProducts p : every_kind) QTest::addRow("products %d", static_cast<int>(p)) << p << (p == BlockProducts::tiles ? 1e-3 : 1e-5);
  }
  void odd_widths() {
    QFETCH(BlockProducts, products);
    QFETCH(double, values);
    ModelConfig config;
    config.vocab_size = 7, config.hidden_size = 33, config.layers = 3, config.heads = 3, config.intermediate_size = 71, config.max_positions = ids, config.type_vocab_size = 2;
    const Parameters parameters(config, 3, at::kFloat, at::kCPU);
    at::manual_seed(9);
    {
      at::NoGradGuard no_grad;
      parameters.flat.copy_(at::randn(parameters.flat.sizes(), at::kFloat) * 0.2);
    }
    const auto engine = make_block_engine(config, parameters.weights, products, 0);
    if (!engine) QSKIP("this processor has no such products");
    const BertWeights weights = cast(parameters.weights, at::kDouble);
    const auto wide = Engine::make_reference(config, weights, at::kDouble);
    const Texts t = texts(config.hidden_size);
    for (const Path path : {Path::word, Path::embeddings}) {
      at::Tensor z, z_wide;
      const at::Tensor g = engine->gradient(t.points, t.mask, path, seed, &z), g_wide = wide->gradient(t.points.to(at::kDouble), t.mask.to(at::kDouble), path, seed, &z_wide);
      QVERIFY2(off(z, z_wide) < values, qPrintable(QString::number(off(z, z_wide))));
      QVERIFY2(off(g, g_wide) < rounding(products), qPrintable(QString::number(off(g, g_wide))));
    }
  }

  /// A row is summed in the same order in every block: alone, among others, on one thread or on several together.
  void same_bits_in_every_block() {
    TELLTALE_NEEDS_SHARED(shared);
    const auto model = Classifier::load(shared / "golden/models/tiny-bert/fp32", {"cpu", 2, Precision::fp32});
    for (const BlockProducts products : every_kind) {
      const auto engine = make_block_engine(model->config(), model->impl().parameters->weights, products, 0);
      if (!engine) continue;
      const Texts t = texts(model->config().hidden_size);
      const at::Tensor all = engine->cls(t.points, t.mask, Path::word), g = engine->gradient(t.points, t.mask, Path::word, seed, nullptr);
      for (std::int64_t n = 1; n < t.points.size(0); ++n) {
        const at::Tensor alone = engine->cls(t.points.narrow(0, n, 1).narrow(1, 0, lengths[n]).contiguous(), {}, Path::word);
        QVERIFY2(at::equal(alone[0], all[n]), qPrintable(QString("text %1, products %2").arg(n).arg(static_cast<int>(products))));
        const at::Tensor one = engine->gradient(t.points.narrow(0, n, 1), t.mask.narrow(0, n, 1), Path::word, seed, nullptr);
        QVERIFY2(off(one[0], g[n]) < rounding(products), "its gradient");
        QVERIFY2(lengths[n] == ids || g[n].narrow(0, lengths[n], ids - lengths[n]).abs().max().item<double>() < 1e-30, "padding has no gradient");  // exp is cut off at 1e-38
      }
      for (const int threads : {1, 3, 20}) {
        omp_set_num_threads(threads);
        const bool same = at::equal(engine->cls(t.points, t.mask, Path::word), all);
        const double moved = off(engine->gradient(t.points, t.mask, Path::word, seed, nullptr), g);  // the head's products are the library's
        omp_set_num_threads(2);
        QVERIFY2(same && moved < rounding(products), qPrintable(QString("%1 threads, products %2").arg(threads).arg(static_cast<int>(products))));
      }
    }
  }

  /// Copies of one text with some rows replaced, of two lengths: rows that stand at one place again and again are taken once, and every text is what it is alone.
  void perturbed_copies() {
    TELLTALE_NEEDS_SHARED(shared);
    const auto model = Classifier::load(shared / "golden/models/tiny-bert/fp32", {"cpu", 2, Precision::fp32});
    for (const BlockProducts products : every_kind) {
      const auto engine = make_block_engine(model->config(), model->impl().parameters->weights, products, 0);
      if (!engine) continue;
      const std::int64_t N = 60, T = 17, d = model->config().hidden_size;
      at::manual_seed(3);
      const at::Tensor text = at::randn({T, d}, at::kFloat) * 0.05, other = at::randn({d}, at::kFloat) * 0.05, hidden = at::rand({N, T}).gt(0.5);
      text.select(1, 0).fill_(0.01), other[0].fill_(0.01);  // rows may begin alike
      const at::Tensor points = at::where(hidden.unsqueeze(-1), other, text).contiguous(), mask = at::ones({N, T});
      for (std::int64_t n = 40; n < N; ++n) mask[n].narrow(0, 11, T - 11).zero_();
      for (const int threads : {1, 2, 7}) {
        omp_set_num_threads(threads);
        const at::Tensor all = engine->cls(points, mask, Path::word);
        for (std::int64_t n = 0; n < N; ++n) {
          const std::int64_t length = n < 40 ? T : 11;
          const at::Tensor alone = engine->cls(points.narrow(0, n, 1).narrow(1, 0, length).contiguous(), {}, Path::word);
          if (at::equal(alone[0], all[n])) continue;
          omp_set_num_threads(2);
          QFAIL(qPrintable(QString("text %1, products %2, %3 threads").arg(n).arg(static_cast<int>(products)).arg(threads)));
        }
      }
      omp_set_num_threads(2);
      // Too many different rows at one place: each its own way, the same figures.
      const at::Tensor far = points + at::randn({N, T, 1}) * 1e-3, here = engine->cls(far, mask, Path::word);
      QVERIFY(at::equal(engine->cls(far.narrow(0, 0, 1).contiguous(), {}, Path::word)[0], here[0]));
    }
  }

  /// Weights that change in place count after refresh().
  void refreshed_weights() {
    TELLTALE_NEEDS_SHARED(shared);
    const auto model = Classifier::load(shared / "golden/models/tiny-bert/fp32", {"cpu", 2, Precision::fp32});
    const auto& weights = model->impl().parameters->weights;
    const auto engine = make_block_engine(model->config(), weights, BlockProducts::floats);
    const Texts t = texts(model->config().hidden_size);
    const auto before = engine->gradient(t.points, t.mask, Path::word, seed, nullptr);
    {
      at::NoGradGuard no_grad;
      weights.layers[0].qkv_weight.mul_(1.5);
      weights.layers[1].up_weight.mul_(0.5);
    }
    engine->refresh();
    const auto fresh = make_block_engine(model->config(), weights, BlockProducts::floats)->gradient(t.points, t.mask, Path::word, seed, nullptr);
    const auto after = engine->gradient(t.points, t.mask, Path::word, seed, nullptr);
    QVERIFY(at::equal(after, fresh));
    QVERIFY(off(after, before) > 1e-3);
  }

  void texts_are_shared_out() {
    const auto plan = [](std::vector<std::int64_t> lengths, std::int64_t rows, std::int64_t threads) { return plan_blocks(lengths, std::vector<bool>(lengths.size(), false), rows, threads); };
    // Five texts of 10 ids on two threads: two each, and the last by both.
    const auto five = plan({10, 10, 10, 10, 10}, 20, 2);
    QCOMPARE(five.size(), std::size_t{3});
    QCOMPARE(five[0].texts, 2);
    QCOMPARE(five[1].first, 2);
    QVERIFY(!five[1].together && five[2].together);
    QCOMPARE(five[2].first, 4);
    // Twice the rows that a block may have: two blocks a thread.
    QCOMPARE(plan(std::vector<std::int64_t>(8, 10), 20, 2).size(), std::size_t{4});
    // One text on two threads, and two on eight: all together. Five on eight: one each.
    QVERIFY(plan({10}, 20, 2).at(0).together);
    QVERIFY(plan({10, 10}, 100, 8).at(0).together);
    QCOMPARE(plan(std::vector<std::int64_t>(5, 10), 100, 8).size(), std::size_t{5});
    // Of two lengths, a block has the longer and is masked.
    const auto two = plan({9, 4}, 100, 1);
    QCOMPARE(two.size(), std::size_t{1});
    QCOMPARE(two[0].ids, 9);
    QVERIFY(two[0].masked);
    QVERIFY(plan_blocks({9, 9}, {false, true}, 100, 1).at(0).masked);
    QVERIFY(!plan({9, 9}, 100, 1).at(0).masked);
  }
};

QTEST_GUILESS_MAIN(TestBlockEngine)
#include "test_block_engine.moc"
