// Explanations near by: the draws lie in the ball, follow the seed, move what they should, and leave the model as it was.
#include <QtTest>
#include <atomic>
#include <cmath>
#include <thread>

#include "objective/nearby.hpp"
#include "shared_data.hpp"
#include "test_device.hpp"

using namespace telltale;

namespace {

std::shared_ptr<Classifier> load(const std::filesystem::path& shared) {
  ComputeOptions compute;
  compute.device = test_device();
  compute.threads = 1;
  configure_compute(compute);
  return Classifier::load(shared / "golden/models/tiny-bert/fp32", compute);
}

ExplainItem item_of(const Classifier& model, const std::string& text) { return {model.tokenizer().encode(text, 64), 1, -1}; }

double largest_move(const Explanation& a, const Explanation& b) {
  double largest = 0;
  for (std::size_t w = 0; w < a.word_scores.size(); ++w) largest = std::max(largest, std::abs(a.word_scores[w] - b.word_scores[w]));
  return largest;
}

}  // namespace

class TestNearby : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void draws() {
    TELLTALE_NEEDS_SHARED(shared);
    const auto m = load(shared);
    const double unit = word_embedding_unit(*m);
    QVERIFY(unit > 0);
    for (const char* method : {"gradient-x-input", "occlusion", "kernel-shap", "partition-shap"}) {
      ExplainOptions o;
      o.method = method;
      o.samples = 30;
      const ExplainItem item = item_of(*m, "the hockey team wins the game");  // "the" twice: five kinds of pieces at least
      const Explanation before = explain(*m, {item}, o)[0];
      const auto near = explain_nearby(*m, item, o, {8, 0.5 * unit, 3}), again = explain_nearby(*m, item, o, {8, 0.5 * unit, 3}), other = explain_nearby(*m, item, o, {8, 0.5 * unit, 4});
      QCOMPARE(near.size(), 8u);
      const double tokens = static_cast<double>(item.encoding.ids.size() - 2);
      for (std::size_t j = 0; j < near.size(); ++j) {
        QVERIFY(near[j].distance > 0 && near[j].distance <= 0.5 * unit * std::sqrt(tokens) * (1 + 1e-6));
        QVERIFY(largest_move(before, near[j].explanation) > 0);
        QCOMPARE(near[j].explanation.word_scores, again[j].explanation.word_scores);
        QVERIFY(near[j].distance != other[j].distance);
      }
      // Hardly moved, hardly changed: the scores follow the distance.
      const auto hardly = explain_nearby(*m, item, o, {2, 1e-4 * unit, 3});
      QVERIFY2(largest_move(before, hardly[0].explanation) < 0.05 * largest_move(before, near[0].explanation) + 1e-6, method);
      // The model is as it was.
      QCOMPARE(explain(*m, {item}, o)[0].word_scores, before.word_scores);
    }
  }
  void the_model_is_put_back_when_it_fails() {
    TELLTALE_NEEDS_SHARED(shared);
    const auto m = load(shared);
    const ExplainItem item = item_of(*m, "the hockey team");
    ExplainOptions o;
    o.method = "gradient-x-input";
    const auto before = explain(*m, {item}, o)[0].word_scores;
    ExplainOptions bad = o;
    bad.method = "kernel-shap";
    bad.samples = -1;
    QVERIFY_EXCEPTION_THROWN(explain_nearby(*m, item, bad, {2, 1, 0}), std::invalid_argument);
    QCOMPARE(explain(*m, {item}, o)[0].word_scores, before);
  }
  void others_may_use_the_model_meanwhile() {
    TELLTALE_NEEDS_SHARED(shared);
    const auto m = load(shared);
    const ExplainItem item = item_of(*m, "the hockey team wins the game");
    const auto before = m->predict(std::vector<Encoding>{item.encoding})[0].logits;
    ExplainOptions o;
    o.method = "occlusion";
    std::atomic<bool> done = false;
    std::vector<NearbyExplanation> near;
    std::thread work([&] {
      near = NearbyExplainer(*m).explain(item, o, {200, word_embedding_unit(*m), 3});
      done = true;
    });
    int looks = 0, changed = 0;
    do ++looks, changed += m->predict(std::vector<Encoding>{item.encoding})[0].logits != before;
    while (!done);
    work.join();
    QVERIFY(looks > 3);
    QCOMPARE(changed, 0);
    QCOMPARE(near.size(), 200u);
  }
  void refusals() {
    TELLTALE_NEEDS_SHARED(shared);
    const auto m = load(shared);
    ExplainOptions o;
    o.method = "gradient-x-input";
    QVERIFY_EXCEPTION_THROWN(explain_nearby(*m, item_of(*m, "puck"), o, {0, 1, 0}), std::invalid_argument);
    QVERIFY_EXCEPTION_THROWN(explain_nearby(*m, item_of(*m, "puck"), o, {1, 0, 0}), std::invalid_argument);
    QVERIFY_EXCEPTION_THROWN(explain_nearby(*m, item_of(*m, "puck"), o, {1, std::nan(""), 0}), std::invalid_argument);
    ExplainItem open = item_of(*m, "puck");
    open.target = -1;
    QVERIFY_EXCEPTION_THROWN(explain_nearby(*m, open, o, {1, 1, 0}), std::invalid_argument);
    QVERIFY(explain_nearby(*m, item_of(*m, ""), o, {3, 1, 0}).empty());
  }
};

QTEST_GUILESS_MAIN(TestNearby)
#include "test_nearby.moc"
