// What holds for every method of the table, whatever the numbers: completeness where promised, batch against single, determinism, clear refusals.
#include <QtTest>
#include <cmath>
#include <numeric>

#include "attribution/explain.hpp"
#include "attribution/output_function.hpp"
#include "attribution/quadrature.hpp"
#include "attribution/removal.hpp"
#include "shared_data.hpp"
#include "test_device.hpp"

using namespace telltale;

class TestAttributionInvariants : public QObject {
  Q_OBJECT
  std::shared_ptr<Classifier> model(const std::filesystem::path& shared, Precision precision = Precision::fp32) {
    ComputeOptions compute;
    compute.device = test_device();
    compute.precision = precision;
    compute.threads = 1;  // tiny models: a second thread only waits
    configure_compute(compute);
    return Classifier::load(shared / "golden/models/tiny-bert/fp32", compute);
  }
  static std::vector<ExplainItem> items(const Classifier& m) {
    std::vector<ExplainItem> out;
    for (const char* text : {"the hockey team wins the game", "baseball", "", "puck! puck? inning.", "a car and a bike and a mouse and a disk drive engine of the mac walking faster never"}) {
      ExplainItem item;
      item.encoding = m.tokenizer().encode(text, 64);
      out.push_back(item);
    }
    return out;
  }

 private Q_SLOTS:
  void quadrature() {
    for (const Quadrature q : {Quadrature::gauss_legendre, Quadrature::midpoint, Quadrature::trapezoid})
      for (const int n : {2, 3, 8, 50, 512}) {
        const Nodes r = nodes(q, n);
        QVERIFY(std::abs(std::accumulate(r.weights.begin(), r.weights.end(), 0.0) - 1) < 1e-12);
        QVERIFY(std::is_sorted(r.points.begin(), r.points.end()));
      }
    const Nodes g = nodes(Quadrature::gauss_legendre, 5);  // exact for polynomials up to degree 9
    double integral = 0;
    for (std::size_t k = 0; k < 5; ++k) integral += g.weights[k] * std::pow(g.points[k], 9);
    QVERIFY(std::abs(integral - 0.1) < 1e-14);
    QVERIFY_EXCEPTION_THROWN(nodes(Quadrature::trapezoid, 1), std::invalid_argument);
    QVERIFY_EXCEPTION_THROWN(nodes(Quadrature::midpoint, 0), std::invalid_argument);
  }
  void output_gradients_are_derivatives() {
    const double z[4] = {0.3, -1.2, 2.0, 0.7};
    for (const Output o : {Output::probability, Output::logit, Output::log_odds, Output::difference}) {
      double g[4];
      output_gradient(o, z, 4, 1, 2, g);
      for (int j = 0; j < 4; ++j) {
        double a[4], b[4];
        std::copy(z, z + 4, a);
        std::copy(z, z + 4, b);
        a[j] += 1e-6;
        b[j] -= 1e-6;
        QVERIFY(std::abs((output_value(o, a, 4, 1, 2) - output_value(o, b, 4, 1, 2)) / 2e-6 - g[j]) < 1e-8);
      }
    }
  }
  void every_method_data() {
    QTest::addColumn<QString>("method");
    for (const MethodInfo& m : methods()) QTest::newRow(m.id.c_str()) << QString::fromStdString(m.id);
  }
  void every_method() {
    TELLTALE_NEEDS_SHARED(shared);
    QFETCH(QString, method);
    const auto m = model(shared);
    ExplainOptions o;
    o.method = method.toStdString();
    const std::vector<ExplainItem> texts = items(*m);
    const std::vector<Explanation> together = explain(*m, texts, o), again = explain(*m, texts, o);
    for (std::size_t k = 0; k < texts.size(); ++k) {
      const Explanation alone = explain(*m, {texts[k]}, o)[0];
      QCOMPARE(alone.scores.size(), texts[k].encoding.ids.size());
      QCOMPARE(alone.word_scores.size(), texts[k].encoding.words.size());
      for (std::size_t t = 0; t < alone.scores.size(); ++t) {
        QVERIFY(std::abs(alone.scores[t] - together[k].scores[t]) < 1e-5);
        QCOMPARE(together[k].scores[t], again[k].scores[t]);
      }
      if (method_info(o.method).complete) {
        QVERIFY(together[k].converged);
        const double sum = std::accumulate(alone.scores.begin(), alone.scores.end(), 0.0), change = alone.value - alone.baseline_value;
        QVERIFY(std::abs(sum - change) <= 0.011 * std::max(1e-3, std::abs(change)));
        QCOMPARE(alone.delta, std::abs(sum - change));
      } else {
        // Not promised to be small, but true where there is a baseline.
        const double sum = std::accumulate(alone.scores.begin(), alone.scores.end(), 0.0);
        QVERIFY(std::isnan(alone.baseline_value) ? std::isnan(alone.delta) : std::abs(alone.delta - std::abs(sum - (alone.value - alone.baseline_value))) < 1e-9);
      }
      for (std::size_t w = 0; w < alone.word_scores.size(); ++w) {
        double sum = 0;
        for (int t = texts[k].encoding.words[w].first; t < texts[k].encoding.words[w].last; ++t) sum += alone.scores[static_cast<std::size_t>(t)];
        QVERIFY(std::abs(sum - alone.word_scores[w]) < 1e-9 + 1e-6 * std::abs(sum));
      }
    }
  }
  void fused_engine_agrees_with_the_network_in_double() {
    TELLTALE_NEEDS_SHARED(shared);
    const auto single = model(shared), wide = model(shared, Precision::fp64);
    ExplainOptions o;
    o.steps = 8;
    for (const Path path : {Path::word, Path::embeddings}) {
      o.path = path;
      const auto a = explain(*single, items(*single), o), b = explain(*wide, items(*wide), o);
      for (std::size_t k = 0; k < a.size(); ++k)
        for (std::size_t t = 0; t < a[k].scores.size(); ++t) QVERIFY(std::abs(a[k].scores[t] - b[k].scores[t]) < 2e-5);
    }
  }
  void removal_rules() {
    TELLTALE_NEEDS_SHARED(shared);
    const auto m = model(shared);
    const SpecialIds& s = m->tokenizer().specials();
    const Encoding text = m->tokenizer().encode("hockey game puck", 64);
    std::vector<int> all;
    for (int t = 0; t < static_cast<int>(text.ids.size()); ++t) all.push_back(t);
    QCOMPARE(without(text, all, Removal::remove, s).ids, (std::vector<std::int32_t>{s.cls, s.sep}));
    const ModelInput padded = without(text, {1}, Removal::pad_masked, s);
    QCOMPARE(padded.ids[1], s.pad);
    QCOMPARE(static_cast<int>(padded.attend[1]), 0);
    QCOMPARE(without(text, {1}, Removal::mask, s).ids[1], s.mask);
    QCOMPARE(static_cast<int>(without(text, {1}, Removal::baseline, s, Baseline::zero).zeroed[1]), 1);
    // Masked out of attention, the value at the position does not matter.
    ModelInput other = padded;
    other.ids[1] = text.ids[2];
    const auto p = m->predict(std::vector<ModelInput>{padded, other});
    for (std::size_t c = 0; c < 4; ++c) QVERIFY2(std::abs(p[0].logits[c] - p[1].logits[c]) < 2e-5, qPrintable(QString::number(p[0].logits[c] - p[1].logits[c])));
  }
  void refusals() {
    TELLTALE_NEEDS_SHARED(shared);
    const auto m = model(shared);
    const auto refused = [&](auto&& change) {
      ExplainOptions o;
      ExplainItem item = items(*m)[0];
      change(o, item);
      try {
        explain(*m, {item}, o);
      } catch (const std::invalid_argument& e) {
        return !QString(e.what()).contains('\n') && QString(e.what()).size() > 10;
      }
      return false;
    };
    QVERIFY(refused([](ExplainOptions& o, ExplainItem&) { o.method = "magic"; }));
    QVERIFY(refused([](ExplainOptions& o, ExplainItem&) { o.steps = -3; }));
    QVERIFY(refused([](ExplainOptions& o, ExplainItem&) { o.tolerance = std::nan(""); }));
    QVERIFY(refused([](ExplainOptions& o, ExplainItem&) { o.tolerance = 0; }));
    QVERIFY(refused([](ExplainOptions&, ExplainItem& i) { i.target = 4; }));
    QVERIFY(refused([](ExplainOptions&, ExplainItem& i) { i.target = 1, i.foil = 1; }));
    QVERIFY(refused([](ExplainOptions& o, ExplainItem&) { o.quadrature = Quadrature::trapezoid, o.steps = 1; }));
    std::stop_source stop;
    stop.request_stop();
    QVERIFY_EXCEPTION_THROWN(explain(*m, items(*m), ExplainOptions{}, stop.get_token()), Cancelled);
  }
};

QTEST_GUILESS_MAIN(TestAttributionInvariants)
#include "test_attribution_invariants.moc"
