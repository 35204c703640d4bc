// Packed weights against double products, and the engines that use them against one another.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <dlfcn.h>
#include <omp.h>
#include <torch/csrc/autograd/autograd.h>

#include "model/block_kernels.hpp"
#include "model/classifier_impl.hpp"
#include "model/kernels.hpp"
#include "model/packed_weight.hpp"
#include "model/product.hpp"
#include "shared_data.hpp"
#include <QtTest>
#include <filesystem>
#include <thread>

using namespace telltale;

namespace {

/// Largest difference over the largest absolute value.
double off(const at::Tensor& a, const at::Tensor& b) { return ((a.to(at::kDouble) - b).abs().max() / b.abs().max()).item<double>(); }

at::Tensor seeded(std::vector<std::int64_t> sizes, std::uint64_t seed) {
  at::manual_seed(seed);
  return at::randn(sizes, at::kFloat);
}

struct Case {
  Carried carried;
  double forward, backward;
};

}  // namespace

class TestProducts : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void initTestCase() { configure_compute({"cpu", 2}); }

  /// OpenBLAS before 0.3.25 takes a newer processor for a Pentium 4.
  void openblas_fits_the_processor() {
#ifdef __x86_64__
    const auto name = reinterpret_cast<char* (*)()>(dlsym(RTLD_DEFAULT, "openblas_get_corename"));
    if (!name || !dlsym(RTLD_DEFAULT, "gotoblas_dynamic_init")) QSKIP("no OpenBLAS that chooses its code at run time");
    if (qEnvironmentVariableIsSet("OPENBLAS_CORETYPE")) QSKIP("OPENBLAS_CORETYPE is set");
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) QSKIP("a processor without AVX2");
    QVERIFY2(std::string_view(name()) != "Prescott", name());
    const at::Tensor a = seeded({129, 65}, 1), b = seeded({65, 33}, 2);  // and it still multiplies
    QVERIFY(off(at::mm(a, b), at::mm(a.to(at::kDouble), b.to(at::kDouble))) < 1e-5);
#else
    QSKIP("another processor");
#endif
  }

  /// Threads that OpenMP keeps for a worker end when it is done, and come again.
  void threads_are_given_back() {
    const auto threads = [] { return std::distance(std::filesystem::directory_iterator("/proc/self/task"), std::filesystem::directory_iterator()); };
    std::vector<std::ptrdiff_t> seen;
    std::thread([&] {
      configure_compute({"cpu", 2});
      const at::Tensor a = seeded({600, 600}, 1), first = at::mm(a, a);
      seen.push_back(threads());
      release_threads();
      for (int k = 0; k < 500 && threads() == seen[0]; ++k) QTest::qSleep(10);  // one that has ended is listed for a moment yet
      seen.push_back(threads());
      if (!at::equal(at::mm(a, a), first)) seen.clear();
      release_threads();
    }).join();
    QCOMPARE(seen.size(), std::size_t{2});
    if (at::get_num_threads() < 2) QSKIP("one core");
    QCOMPARE(seen[1], seen[0] - 1);
  }

  /// OpenBLAS waits for every thread it asked for: under OMP_THREAD_LIMIT=1 a product on two never ended.
  void no_more_threads_than_openmp_may_have() {
    QProcessEnvironment limited = QProcessEnvironment::systemEnvironment();
    limited.insert("OMP_THREAD_LIMIT", "1");
    QProcess child;
    child.setProcessEnvironment(limited);
    child.start(QCoreApplication::applicationFilePath(), {"--product"});
    const bool ended = child.waitForFinished(120000);
    if (!ended) child.kill();
    QVERIFY2(ended, "it hangs");
    QCOMPARE(child.readAllStandardOutput().trimmed(), QByteArray("1"));
  }

  void both_ways_and_added() {
    for (const Case c : {Case{Carried::as_float, 5e-6, 5e-6}, Case{Carried::bf16, 1e-2, 1e-2}}) {
      const auto type = c.carried == Carried::bf16 ? at::kBFloat16 : at::kFloat;
      for (const auto& [n, k] : {std::pair{48, 32}, std::pair{384, 1152}, std::pair{33, 7}}) {
        const at::Tensor w = seeded({n, k}, 1);
        const PackedWeight packed(w, c.carried);
        for (const int m : {1, 17, 300, 17}) {  // numbers of rows come and go
          const at::Tensor x = seeded({m, k}, 2).to(type), g = seeded({m, n}, 3).to(type);
          const at::Tensor forth = at::mm(x.to(at::kDouble), w.t().to(at::kDouble)), back = at::mm(g.to(at::kDouble), w.to(at::kDouble));
          at::Tensor out = at::empty({m, n}, type), in = at::empty({m, k}, type);
          packed.forward(x, out);
          packed.backward(g, in);
          QVERIFY2(off(out, forth) < c.forward, qPrintable(QString("carried %1, forward, %2 rows: %3").arg(static_cast<int>(c.carried)).arg(m).arg(off(out, forth))));
          QVERIFY2(off(in, back) < c.backward, qPrintable(QString("carried %1, backward, %2 rows: %3").arg(static_cast<int>(c.carried)).arg(m).arg(off(in, back))));
          packed.forward(x, out, true);
          packed.backward(g, in, true);
          QVERIFY(off(out, 2 * forth) < 2 * c.forward);
          QVERIFY(off(in, 2 * back) < 2 * c.backward);
        }
      }
    }
  }

  /// Draws of a dropout mask: the share asked for, none like its neighbours, SplitMix64's own numbers, whatever the threads and the end of the vector.
  void draws() {
    const auto drawn = [](std::int64_t n, std::uint64_t key, double share) {
      at::Tensor out = at::full({n + 1}, -1, at::kFloat);
      kernels<float>().draw(n, key, static_cast<std::uint32_t>(share * 0x1p32), 1.25f, out.data_ptr<float>());
      if (out[n].item<float>() != -1) out.fill_(-1);  // wrote past the end
      return out.narrow(0, 0, n).clone();
    };
    // SplitMix64 from 0: e220a8397b1dcdaf, 6e789e6aa1b965f4, 06c45d188009454f (its authors' own first three). The low half comes first.
    const at::Tensor first = drawn(6, 0, 0.5);
    const std::vector<std::uint32_t> halves = {0x7b1dcdaf, 0xe220a839, 0xa1b965f4, 0x6e789e6a, 0x8009454f, 0x06c45d18};
    for (std::int64_t k = 0; k < 6; ++k) QCOMPARE(first[k].item<float>(), halves[static_cast<std::size_t>(k)] < 0x80000000u ? 1.25f : 0.0f);
    const std::int64_t n = 1'000'003;
    for (const double share : {0.9, 0.5, 0.1}) {
      const at::Tensor x = drawn(n, 7, share) / 1.25, y = x - x.mean();
      QVERIFY(x.eq(0).logical_or(x.eq(1)).all().item<bool>());
      QVERIFY(std::abs(x.mean().item<double>() - share) < 5 * std::sqrt(share * (1 - share) / static_cast<double>(n)));
      for (const std::int64_t lag : {1, 2, 16, 8192})
        QVERIFY(std::abs((y.narrow(0, 0, n - lag) * y.narrow(0, lag, n - lag)).mean().item<double>()) < 5 * share * (1 - share) / std::sqrt(static_cast<double>(n)));
      QVERIFY(!at::equal(drawn(n, 8, share) / 1.25, x));
      omp_set_num_threads(1);
      const bool same = at::equal(drawn(n, 7, share) / 1.25, x);
      omp_set_num_threads(2);
      QVERIFY(same);
    }
    for (const std::int64_t few : {1, 15, 16, 17, 8191, 8193}) QVERIFY(at::equal(drawn(few, 7, 0.5), drawn(n, 7, 0.5).narrow(0, 0, few)));
  }

  /// First and second derivatives through differentiable_product are those of at::mm; b as a weight's transpose and as it is.
  void derivatives_of_the_second_order() {
    for (const bool transposed : {false, true}) {
      std::vector<at::Tensor> found[2];
      for (const bool own : {false, true}) {
        const at::Tensor a = seeded({5, 7}, 1).requires_grad_(), w = (transposed ? seeded({3, 7}, 2) : seeded({7, 3}, 2)).requires_grad_();
        const at::Tensor b = transposed ? w.t() : w;
        const at::Tensor y = own ? differentiable_product(a, b) : at::mm(a, b);
        const auto first = torch::autograd::grad({(y * y * y).sum()}, {a, w}, {}, true, true);
        const auto second = torch::autograd::grad({(first[0] * first[0]).sum() + first[1].sin().sum()}, {a, w});
        found[own] = {y, first[0], first[1], second[0], second[1]};
      }
      for (std::size_t k = 0; k < found[0].size(); ++k) QVERIFY2(off(found[1][k], found[0][k].to(at::kDouble)) < 1e-4, qPrintable(QString("transposed %1, figure %2").arg(transposed).arg(k)));
    }
  }

  /// The mixed engine gives the logits of the network in double, and its gradients but for roundings.
  void engines_agree() {
    TELLTALE_NEEDS_SHARED(shared);
    const auto wide = Classifier::load(shared / "golden/models/tiny-bert/fp32", {"cpu", 2, Precision::fp64});
    const auto half = Classifier::load(shared / "golden/models/tiny-bert/fp32", {"cpu", 2, Precision::bf16});
    QCOMPARE(half->impl().exact != nullptr, pair_blocks() != nullptr);
    if (!half->impl().exact) QSKIP("this processor does not multiply bfloat16: no engine uses mixed products");
    QCOMPARE(half->explanation_precision(), Precision::mixed);
    QCOMPARE(half->prediction_precision(), Precision::bf16);
    const at::Tensor x = seeded({3, 11, wide->config().hidden_size}, 5) * 0.05;
    at::Tensor mask = at::ones({3, 11}, at::kFloat);
    mask[1].narrow(0, 7, 4).zero_();
    const auto seed = [](const at::Tensor& z) { return at::softmax(z, -1); };
    for (const Path path : {Path::word, Path::embeddings}) {
      at::Tensor z, z_wide;
      const at::Tensor g = half->impl().exact->gradient(x, mask, path, seed, &z);
      const at::Tensor g_wide = wide->impl().engine->gradient(x.to(at::kDouble), mask.to(at::kDouble), path, seed, &z_wide);
      QVERIFY2(off(z, z_wide) < 1e-4, qPrintable(QString::number(off(z, z_wide))));
      QVERIFY2(off(g, g_wide) < 1e-2, qPrintable(QString::number(off(g, g_wide))));
    }
  }
};

int main(int argc, char** argv) {
  if (argc == 2 && std::string(argv[1]) == "--product") {
    configure_compute({"cpu", 2});
    const at::Tensor a = seeded({600, 600}, 1);
    std::printf("%d\n", at::mm(a, a).isfinite().all().item<bool>() ? at::get_num_threads() : -1);
    return 0;
  }
  QCoreApplication app(argc, argv);
  TestProducts test;
  return QTest::qExec(&test, argc, argv);
}
#include "test_products.moc"
