// Logit lens, hidden states and conductance: against reference/conductance.json (transformers, Captum and exact
// derivatives), against predict(), and on the planted model.
#include <QTemporaryDir>
#include <QtTest>
#include <cmath>
#include <numeric>

#include "attribution/explain.hpp"
#include "attribution/hidden_states.hpp"
#include "attribution/logit_lens.hpp"
#include "planted_model.hpp"
#include "reference_cases.hpp"
#include "shared_data.hpp"

using namespace telltale;

class TestHiddenStates : public QObject {
  Q_OBJECT
  QTemporaryDir folder_;
  std::map<std::pair<std::string, int>, std::shared_ptr<Classifier>> models_;

  std::shared_ptr<Classifier> model(const std::filesystem::path& folder, Precision precision = Precision::fp64) {
    auto& m = models_[{folder.string(), static_cast<int>(precision)}];
    if (!m) m = load_model(folder, precision);
    return m;
  }
  std::shared_ptr<Classifier> planted() {
    return model(test::make_planted_model(std::filesystem::path(folder_.path().toStdString()) / "planted"));
  }
  static Encoding encoded(const Classifier& m, const std::string& text) { return m.tokenizer().encode(text, 64); }

 private Q_SLOTS:
  // ---- logit lens
  void the_lens_is_pooler_and_head_on_every_layer() {
    TELLTALE_NEEDS_SHARED(shared);
    const Json file = read_json(reference_file("conductance.json"));
    QVERIFY(file["items"].size() >= 5);
    for (const Json& post : file["items"]) {
      const auto m = model(shared / post["model"].get<std::string>());
      const Encoding text = encoded(*m, post["text"].get<std::string>());
      const LogitLens lens = logit_lens(*m, {text})[0];
      QCOMPARE(lens.layers.size(), post["lens"].size());
      for (std::size_t l = 0; l < lens.layers.size(); ++l)
        QVERIFY2(distance(lens.layers[l].logits, numbers(post["lens"][l])) < 1e-8, qPrintable(QString::number(l)));
      QVERIFY(distance(lens.layers.back().logits, numbers(post["logits"])) < 1e-8);
    }
  }
  void the_last_layer_is_predict_data() {
    QTest::addColumn<int>("precision");
    QTest::addColumn<double>("tolerance");
    QTest::newRow("fp64") << static_cast<int>(Precision::fp64) << 1e-12;
    QTest::newRow("fp32") << static_cast<int>(Precision::fp32) << 2e-5;
    QTest::newRow("bf16") << static_cast<int>(Precision::bf16) << 0.05;
  }
  void the_last_layer_is_predict() {
    TELLTALE_NEEDS_SHARED(shared);
    QFETCH(int, precision);
    QFETCH(double, tolerance);
    const auto m = model(shared / "golden/models/tiny-bert/fp32", static_cast<Precision>(precision));
    std::vector<Encoding> texts;
    for (const char* t : {"the hockey team wins the game", "", "?!", "a car and a bike and a mouse and a disk drive engine", "baseball and hockey and cars"}) texts.push_back(encoded(*m, t));
    const auto together = logit_lens(*m, texts, true);
    const auto predicted = m->predict(texts);
    for (std::size_t k = 0; k < texts.size(); ++k) {
      QVERIFY2(distance(together[k].layers.back().logits, predicted[k].logits) < tolerance, qPrintable(QString::number(distance(together[k].layers.back().logits, predicted[k].logits))));
      // Padding and company change nothing; position 0 is [CLS].
      const LogitLens alone = logit_lens(*m, {texts[k]}, true)[0];
      QCOMPARE(alone.positions.size(), alone.layers.size());
      for (std::size_t l = 0; l < alone.layers.size(); ++l) {
        QCOMPARE(alone.positions[l].size(), texts[k].ids.size());
        QVERIFY(distance(alone.layers[l].logits, together[k].layers[l].logits) < tolerance);
        QVERIFY(distance(alone.positions[l][0].logits, alone.layers[l].logits) < 1e-6 + tolerance / 10);
        QVERIFY(distance(alone.positions[l].back().logits, together[k].positions[l].back().logits) < tolerance);
      }
    }
    // State 0 of [CLS] knows nothing of the text.
    QVERIFY(distance(together[0].layers[0].logits, together[3].layers[0].logits) < 1e-6);
  }
  void settled_by_hand() {
    // Position embeddings are zero and state 0 of [CLS] has 0 in dimensions 0 and 1, so layer 0 answers "no" (0.1 against
    // 6 tanh 0 = 0); with "puck" the last layer answers "yes", without it "no".
    const auto m = planted();
    const auto lens = logit_lens(*m, {encoded(*m, "the puck puck puck"), encoded(*m, "the goal")});
    QCOMPARE(lens[0].layers.size(), std::size_t{2});
    for (const LogitLens& l : lens) {
      QVERIFY(std::abs(l.layers[0].logits[0]) < 1e-12);
      QVERIFY(std::abs(l.layers[0].logits[1] - 0.1) < 1e-7);  // the bias is a float
      QCOMPARE(l.layers[0].predicted, 1);
    }
    QCOMPARE(lens[0].layers[1].predicted, 0);
    QCOMPARE(lens[0].settled, 1);
    QCOMPARE(lens[1].layers[1].predicted, 1);
    QCOMPARE(lens[1].settled, 0);
  }
  void the_lens_refuses() {
    const auto m = planted();
    Encoding text = encoded(*m, "puck");
    std::stop_source stop;
    stop.request_stop();
    QVERIFY_EXCEPTION_THROWN(logit_lens(*m, {text}, false, stop.get_token()), Cancelled);
    text.ids.assign(100, text.ids[1]);
    QVERIFY_EXCEPTION_THROWN(logit_lens(*m, {text}), std::invalid_argument);
    text.ids.clear();
    QVERIFY_EXCEPTION_THROWN(logit_lens(*m, {text}), std::invalid_argument);
  }

  // ---- hidden states
  void states_of_cls_are_the_models() {
    TELLTALE_NEEDS_SHARED(shared);
    const auto m = model(shared / "golden/models/tiny-bert/fp32", Precision::fp32);
    std::vector<Encoding> texts;
    for (const char* t : {"hockey", "the hockey team wins the game", "a b c d e f g", "", "puck"}) texts.push_back(encoded(*m, t));
    const LayerStates s = layer_states(*m, texts, Pool::cls);
    const auto last = m->cls_states(texts);
    QCOMPARE(s.states.size(), std::size_t{3});
    QCOMPARE(s.width, last[0].size());
    const auto lens = logit_lens(*m, texts);
    for (std::size_t k = 0; k < texts.size(); ++k) {
      for (std::size_t d = 0; d < s.width; ++d) QVERIFY(std::abs(s.states.back()[k * s.width + d] - last[k][d]) < 2e-5f);
      for (std::size_t l = 0; l < 3; ++l) QCOMPARE(s.predicted[l][k], lens[k].layers[l].predicted);
    }
  }
  void the_mean_by_hand() {
    // Without position embeddings state 0 of a piece is the same wherever it stands: m("puck") · 3 − m("") · 2 is that of
    // "puck", and m("puck puck") · 4 − m("puck") · 3 as well. A text of padding alone in between changes nothing.
    const auto m = planted();
    const LayerStates s = layer_states(*m, {encoded(*m, ""), encoded(*m, "puck"), encoded(*m, "puck puck"), encoded(*m, "goal ice net win a the team goal ice net win")}, Pool::mean);
    double most = 0;
    for (std::size_t d = 0; d < s.width; ++d) {
      const auto at = [&](std::size_t k) { return static_cast<double>(s.states[0][k * s.width + d]); };
      QVERIFY(std::abs((3 * at(1) - 2 * at(0)) - (4 * at(2) - 3 * at(1))) < 1e-5);
      most = std::max(most, std::abs(3 * at(1) - 2 * at(0)));
    }
    QVERIFY(most > 0.5);
    // Of one id the mean is that id.
    Encoding cls = encoded(*m, "");
    cls.ids.resize(1);
    QVERIFY(layer_states(*m, {cls}, Pool::mean).states == layer_states(*m, {cls}, Pool::cls).states);
    QCOMPARE(parse_pool("mean"), Pool::mean);
    QVERIFY_EXCEPTION_THROWN(parse_pool("max"), std::invalid_argument);
  }

  // ---- conductance
  void conductance_against_captum_data() {
    QTest::addColumn<int>("precision");
    QTest::addColumn<double>("tolerance");
    QTest::newRow("fp64") << static_cast<int>(Precision::fp64) << 1e-8;
    QTest::newRow("fp32") << static_cast<int>(Precision::fp32) << 1e-3;
  }
  void conductance_against_captum() {
    TELLTALE_NEEDS_SHARED(shared);
    QFETCH(int, precision);
    QFETCH(double, tolerance);
    const Json file = read_json(reference_file("conductance.json"));
    int cases = 0;
    for (const Json& post : file["items"]) {
      const bool deep = post["lens"].size() > 3;
      const auto m = model(shared / post["model"].get<std::string>(), static_cast<Precision>(precision));
      for (const Baseline baseline : {Baseline::pad, Baseline::mask})
        for (int layer = 0; layer + 1 < static_cast<int>(post["lens"].size()); ++layer) {
          const std::string key = std::string(name_of(baseline)) + "." + std::to_string(layer);
          if (!post.contains(key) || (deep && layer != 3)) continue;
          ExplainOptions o;
          o.method = "conductance";
          o.layer = layer;
          o.baseline = baseline;
          o.steps = deep ? 48 : 100;
          const Explanation e = explain(*m, {reference_item(*m, post)}, o)[0];
          const double exact = relative_distance(e.scores, numbers(post[key]["exact"])), captum = relative_distance(e.scores, numbers(post[key]["captum"]));
          QVERIFY2(exact < (deep ? 1e-3 : tolerance),  // 48 nodes for 200
                   qPrintable(QString("%1 %2: %3").arg(post["text"].get<std::string>().c_str(), key.c_str()).arg(exact)));
          QVERIFY2(captum < (deep ? 5e-3 : 1e-3), qPrintable(QString("%1 %2: captum %3").arg(post["text"].get<std::string>().c_str(), key.c_str()).arg(captum)));
          QVERIFY(std::abs(e.value - e.baseline_value - post[key]["change"].get<double>()) < 1e-5);
          ++cases;
        }
    }
    QVERIFY(cases >= 30);
  }
  void conductance_is_complete_at_every_layer() {
    TELLTALE_NEEDS_SHARED(shared);
    const auto m = model(shared / "data/models/minilm-news6", Precision::fp32);
    const ExplainItem item{m->tokenizer().encode("The goalie stopped the puck in the last period, and the fans went home.", 64)};
    ExplainOptions o;
    o.method = "conductance";
    std::vector<double> cls;
    std::vector<std::vector<double>> scores;
    for (int layer = 0; layer < 6; ++layer) {
      o.layer = layer;
      const Explanation e = explain(*m, {item}, o)[0];
      const double sum = std::accumulate(e.scores.begin(), e.scores.end(), 0.0), change = e.value - e.baseline_value;
      QVERIFY(std::abs(change) > 0.1);
      QVERIFY2(std::abs(sum - change) <= 0.011 * std::abs(change) && e.converged, qPrintable(QString("layer %1: %2 for %3").arg(layer).arg(sum).arg(change)));
      QCOMPARE(protocol_of(o)["layer"], Json(layer));
      scores.push_back(e.scores);
    }
    // State 0: Integrated Gradients. No layer named: the one before the last.
    ExplainOptions ig;
    const Explanation plain = explain(*m, {item}, ig)[0];
    QVERIFY(relative_distance(scores[0], plain.scores) < 2e-2);
    o.layer = -1;
    QVERIFY(relative_distance(explain(*m, {item}, o)[0].scores, scores[5]) < 1e-9);
    QCOMPARE(protocol_of(o)["layer"], Json("last"));
    QVERIFY(relative_distance(scores[3], scores[0]) > 0.05);  // and the layers are not all one
  }
  void conductance_of_other_paths_and_outputs() {
    TELLTALE_NEEDS_SHARED(shared);
    const auto m = model(shared / "golden/models/tiny-bert/fp32");
    ExplainItem item;
    item.encoding = encoded(*m, "the hockey team wins, never a puck");
    for (const Path path : {Path::word, Path::embeddings})
      for (const Output output : {Output::logit, Output::difference, Output::log_odds})
        for (const Quadrature q : {Quadrature::gauss_legendre, Quadrature::midpoint})
          for (const int layer : {0, 1}) {
            ExplainOptions o;
            o.method = "conductance";
            o.path = path;
            o.output = output;
            o.quadrature = q;
            o.layer = layer;
            const Explanation e = explain(*m, {item}, o)[0];
            QVERIFY(e.converged && e.relative_delta <= 0.01);
            if (layer > 0) continue;
            o.method = "integrated-gradients";
            QVERIFY(relative_distance(e.scores, explain(*m, {item}, o)[0].scores) < 0.02);
          }
    ExplainOptions o;
    o.method = "conductance";
    o.baseline = Baseline::noise;
    o.draws = 6;
    const Explanation drawn = explain(*m, {item}, o)[0];
    QCOMPARE(drawn.standard_error.size(), drawn.word_scores.size());
    QVERIFY(drawn.relative_delta < 0.02);
  }
  void conductance_refuses() {
    TELLTALE_NEEDS_SHARED(shared);
    const auto m = model(shared / "golden/models/tiny-bert/fp32");
    for (const int layer : {2, 99, -2}) {
      ExplainOptions o;
      o.method = "conductance";
      o.layer = layer;
      try {
        explain(*m, {{encoded(*m, "a game")}}, o);
        QFAIL("not refused");
      } catch (const std::invalid_argument& e) {
        QVERIFY2(QString(e.what()).contains("layers 0 to 1"), e.what());
      }
    }
    std::stop_source stop;
    stop.request_stop();
    ExplainOptions o;
    o.method = "conductance";
    QVERIFY_EXCEPTION_THROWN(explain(*m, {{encoded(*m, "a game")}}, o, stop.get_token()), Cancelled);
  }
};

QTEST_GUILESS_MAIN(TestHiddenStates)
#include "test_hidden_states.moc"
