// Methods that read the attention, against golden/attributions-tiny.json, attributions.json and
// reference/tiny-attention.json (transformers and networkx), and the maximum flow on graphs that can be solved on
// paper.
#include <QtTest>
#include <cmath>

#include "attribution/attention_flow.hpp"
#include "attribution/explain.hpp"
#include "reference_cases.hpp"
#include "shared_data.hpp"

using namespace telltale;

class TestAttentionMethods : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void flow_on_paper() {
    // One layer: the capacity itself.
    QVERIFY(distance(attention_flow({{0.3, 0.7, 0.5, 0.5}}, 2, 0), {0.3, 0.7}) < 1e-12);
    // Two layers: to node 0 go min(0.3, 0.9) + min(0.7, 0.2) = 0.5; to node 1 min(0.3, 0.1) + min(0.7, 0.8) = 0.8.
    QVERIFY(distance(attention_flow({{0.3, 0.7, 0.5, 0.5}, {0.9, 0.1, 0.2, 0.8}}, 2, 0), {0.5, 0.8}) < 1e-12);
    // Three layers where the first path found must be undone: nodes a b | c d | e f, sink f. Source 0 → 0 with 1 and →
    // 1 with 1 … capacities: layer 1: 0→0 1, 0→1 1; layer 2: 0→0 1, 0→1 1, 1→1 1; layer 3: 0→1 1, 1→1 1. Both paths
    // carry 1: 2.
    QVERIFY(distance(attention_flow({{1, 1, 0, 0}, {1, 1, 0, 1}, {0, 1, 0, 1}}, 2, 0), {0, 2}) < 1e-12);
    // The same, and the middle node 1 reached by both: 0→1 of layer 2 is of no use, the cut before f is 1.2.
    QVERIFY(distance(attention_flow({{1, 1, 0, 0}, {1, 1, 0, 1}, {0, 0.2, 0, 1}}, 2, 0), {0, 1.2}) < 1e-12);
    QVERIFY(attention_flow({}, 3, 0) == std::vector<double>(3, 0.0));
  }
  void golden_data() {
    QTest::addColumn<QString>("model");
    QTest::addColumn<QString>("file");
    QTest::addColumn<int>("precision");
    QTest::addColumn<double>("tolerance");
    QTest::newRow("tiny fp64") << "golden/models/tiny-bert/fp32"
                               << "golden/attributions-tiny.json" << static_cast<int>(Precision::fp64) << 1e-9;
    QTest::newRow("tiny fp32") << "golden/models/tiny-bert/fp32"
                               << "golden/attributions-tiny.json" << static_cast<int>(Precision::fp32) << 1e-4;
    QTest::newRow("news6 fp32") << "data/models/minilm-news6"
                                << "golden/attributions.json" << static_cast<int>(Precision::fp32) << 1e-4;
    QTest::newRow("news6 bf16") << "data/models/minilm-news6"
                                << "golden/attributions.json" << static_cast<int>(Precision::bf16) << 0.25;
  }
  void golden() {
    TELLTALE_NEEDS_SHARED(shared);
    QFETCH(QString, model);
    QFETCH(QString, file);
    QFETCH(int, precision);
    QFETCH(double, tolerance);
    const auto m = load_model(shared / model.toStdString(), static_cast<Precision>(precision));
    const Json golden = read_json(shared / file.toStdString());
    for (const Output output : {Output::probability, Output::logit, Output::log_odds, Output::difference}) {
      std::vector<ExplainItem> items;
      std::vector<Json> posts, methods;
      for (const Json& post : golden["items"])
        for (const Json& e : post["explanations"]) {
          const Json& found = e["outputs"][output == Output::log_odds ? "log_odds" : name_of(output)]["methods"];
          if (!found.contains("gradient_x_attention")) continue;
          ExplainItem item;
          item.encoding = m->tokenizer().encode(post["text"].get<std::string>(), post["max_length"].get<int>());
          item.target = e["target"];
          item.foil = e["foil"];
          items.push_back(item);
          posts.push_back(post);
          methods.push_back(found);
        }
      QVERIFY(!items.empty());
      ExplainOptions o;
      o.output = output;
      const auto check = [&](const char* method, auto&& expected) {
        o.method = method;
        const auto found = explain(*m, items, o);
        for (std::size_t k = 0; k < found.size(); ++k) {
          const double d = relative_distance(found[k].scores, numbers(expected(k)));
          QVERIFY2(d <= tolerance, qPrintable(QString("%1 %2 text %3: %4").arg(method, name_of(output)).arg(k).arg(d)));
        }
      };
      check("gradient-x-attention", [&](std::size_t k) { return methods[k]["gradient_x_attention"]["scores"]; });
      if (output != Output::probability) continue;  // the others know no class
      check("attention", [&](std::size_t k) { return posts[k]["attention"]["attention_last_layer"]; });
      check("attention-rollout", [&](std::size_t k) { return posts[k]["attention"]["rollout"]; });
    }
  }
  void reference() {
    TELLTALE_NEEDS_SHARED(shared);
    const auto m = load_model(shared / "golden/models/tiny-bert/fp32", Precision::fp64);
    const Json file = read_json(reference_file("tiny-attention.json"));
    QVERIFY(file["items"].size() >= 5);
    for (const Json& post : file["items"]) {
      const ExplainItem item = reference_item(*m, post);
      const auto scores = [&](const char* method, int layer = -1, int head = -1) {
        ExplainOptions o;
        o.method = method;
        o.layer = layer;
        o.head = head;
        return explain(*m, {item}, o)[0].scores;
      };
      QVERIFY(relative_distance(scores("attention-flow"), numbers(post["flow"])) < 1e-9);
      QVERIFY(relative_distance(scores("attention", 0, 1), numbers(post["layer0_head1"])) < 1e-9);
      for (int layer = 0; layer < 2; ++layer)
        for (const int head : {-1, 1}) {
          const double d =
              relative_distance(scores("attention-x-value-norm", layer, head),
                                numbers(post["value_norm"][std::to_string(layer) + (head < 0 ? ".mean" : ".1")]));
          QVERIFY2(d < 1e-9, qPrintable(QString::number(d)));
        }
    }
  }
  void words_by_sum_or_mean() {
    TELLTALE_NEEDS_SHARED(shared);
    const auto m = load_model(shared / "golden/models/tiny-bert/fp32", Precision::fp32);
    ExplainItem item;
    item.encoding = m->tokenizer().encode("walking faster", 64);
    QVERIFY(item.encoding.words[0].last - item.encoding.words[0].first > 1);
    ExplainOptions o;
    o.method = "attention";
    const Explanation sum = explain(*m, {item}, o)[0];
    o.aggregation = Aggregation::mean;
    const Explanation mean = explain(*m, {item}, o)[0];
    for (std::size_t w = 0; w < 2; ++w) {
      const Word& word = item.encoding.words[w];
      QVERIFY(std::abs(sum.word_scores[w] - mean.word_scores[w] * (word.last - word.first)) < 1e-12);
    }
    QVERIFY(protocol_of(o) != protocol_of(sum.options));
  }
  void refusals() {
    TELLTALE_NEEDS_SHARED(shared);
    const auto m = load_model(shared / "golden/models/tiny-bert/fp32", Precision::fp32);
    ExplainItem item;
    item.encoding = m->tokenizer().encode("hockey", 64);
    for (const auto& [layer, head] : {std::pair{2, -1}, {-2, -1}, {0, 4}, {0, -5}, {1 << 30, 0}}) {
      ExplainOptions o;
      o.method = "attention";
      o.layer = layer;
      o.head = head;
      QVERIFY_EXCEPTION_THROWN(explain(*m, {item}, o), std::invalid_argument);
    }
  }
};

QTEST_GUILESS_MAIN(TestAttentionMethods)
#include "test_attention_methods.moc"
