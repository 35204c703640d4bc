// Methods that choose: baselines by exploration and exploitation, and words that go one by one.
#include <QTemporaryDir>
#include <QtTest>
#include <algorithm>
#include <cmath>
#include <numeric>

#include "attribution/explain.hpp"
#include "attribution/removal.hpp"
#include "planted_model.hpp"
#include "reference_cases.hpp"
#include "shared_data.hpp"

using namespace telltale;

class TestChoiceMethods : public QObject {
  Q_OBJECT
  QTemporaryDir folder_;
  std::shared_ptr<Classifier> planted() {
    static std::shared_ptr<Classifier> model = load_model(test::make_planted_model(std::filesystem::path(folder_.path().toStdString()) / "planted"), Precision::fp32);
    return model;
  }
  static ExplainItem item_of(const Classifier& model, const std::string& text, int target = -1) {
    ExplainItem item;
    item.encoding = model.tokenizer().encode(text, 64);
    item.target = target;
    return item;
  }
  static double probability(const Classifier& m, const std::vector<std::int32_t>& ids, int target) {
    ModelInput in;
    in.ids = ids;
    return m.predict(std::vector<ModelInput>{in})[0].probabilities[static_cast<std::size_t>(target)];
  }

 private Q_SLOTS:
  void bee_measures_its_pulls() {
    TELLTALE_NEEDS_SHARED(shared);
    const auto m = load_model(shared / "golden/models/tiny-bert/fp32", Precision::fp32);
    const ExplainItem item = item_of(*m, "the hockey team wins the game and a car, the mac and a disk drive", 1);
    ExplainOptions o;
    o.method = "bee";
    const Explanation found = explain(*m, {item}, o)[0];
    const Json& pulls = found.details["pulls"];
    QCOMPARE(pulls.size(), 18u);
    QCOMPARE(found.details["measure"], Json("aopc-comprehensiveness"));
    const char* arms[] = {"pad", "mask", "unk", "zero", "mean", "noise"};
    std::map<std::string, int> times;
    for (std::size_t t = 0; t < pulls.size(); ++t) {
      if (t < 6) QCOMPARE(pulls[t]["baseline"], Json(arms[t]));  // each arm once, first
      QCOMPARE(pulls[t]["draw"], Json(times[pulls[t]["baseline"].get<std::string>()]++));
    }
    // What the first pulls say is the measure of plain Integrated Gradients of that baseline, worked out here: words deleted, the mean drop over ten shares.
    for (const Baseline b : {Baseline::pad, Baseline::mask, Baseline::zero}) {
      ExplainOptions plain;
      plain.baseline = b;
      plain.steps = 16;
      const Explanation ig = explain(*m, {item}, plain)[0];
      std::vector<int> order(ig.word_scores.size());
      std::iota(order.begin(), order.end(), 0);
      std::stable_sort(order.begin(), order.end(), [&](int x, int y) { return ig.word_scores[static_cast<std::size_t>(x)] > ig.word_scores[static_cast<std::size_t>(y)]; });
      double sum = 0;
      for (int bin = 1; bin <= 10; ++bin) {
        const auto k = static_cast<std::ptrdiff_t>(std::ceil(bin / 10.0 * static_cast<double>(order.size()) - 1e-9));
        std::vector<std::int32_t> ids;
        for (std::size_t t = 0; t < item.encoding.ids.size(); ++t) {
          const int w = item.encoding.word_of[t];
          if (w < 0 || std::find(order.begin(), order.begin() + k, w) == order.begin() + k) ids.push_back(item.encoding.ids[t]);
        }
        sum += probability(*m, item.encoding.ids, 1) - probability(*m, ids, 1);
      }
      const double told = pulls[b == Baseline::pad ? 0 : b == Baseline::mask ? 1 : 3]["value"];
      QVERIFY2(std::abs(told - sum / 10) < 1e-5, qPrintable(QString("%1: %2, expected %3").arg(name_of(b)).arg(told).arg(sum / 10)));
    }
    // The best is taken, and its scores are those of its baseline to the end.
    double best = -INFINITY;
    for (const Json& p : pulls) best = std::max(best, p["value"].get<double>());
    QVERIFY(std::abs(found.details["value"].get<double>() - best) <= 1e-6);
    QVERIFY(found.converged && found.relative_delta <= 0.01);
    // Where the data say so, arms are not pulled evenly: the best arm more often than the worst.
    std::map<std::string, std::pair<double, int>> of_arm;
    for (const Json& p : pulls) of_arm[p["baseline"]].first += p["value"].get<double>(), ++of_arm[p["baseline"]].second;
    const auto mean = [](const auto& a) { return a.second.first / a.second.second; };
    const auto high = std::max_element(of_arm.begin(), of_arm.end(), [&](const auto& a, const auto& b) { return mean(a) < mean(b); }), low = std::min_element(of_arm.begin(), of_arm.end(), [&](const auto& a, const auto& b) { return mean(a) < mean(b); });
    QVERIFY2(high->second.second > low->second.second, found.details.dump().c_str());
  }
  void bee_is_no_worse_than_its_arms_data() {
    QTest::addColumn<QString>("method");
    QTest::addColumn<double>("sign");
    QTest::newRow("bee") << "bee" << 1.0;
    QTest::newRow("bee-sufficiency") << "bee-sufficiency" << -1.0;
    QTest::newRow("bee-log-odds") << "bee-log-odds" << -1.0;
  }
  void bee_is_no_worse_than_its_arms() {
    QFETCH(QString, method);
    QFETCH(double, sign);
    ExplainOptions o;
    o.method = method.toStdString();
    o.draws = 8;
    for (const char* text : {"team win the ice net puck", "goal puck the net puck ice", "puck"}) {
      const Explanation found = explain(*planted(), {item_of(*planted(), text, 0)}, o)[0];
      QCOMPARE(found.details["pulls"].size(), 8u);
      for (const Json& p : found.details["pulls"]) QVERIFY(sign * found.details["value"].get<double>() >= sign * p["value"].get<double>() - 2e-6);
    }
    QCOMPARE(protocol_of(o)["draws"], Json(8));
    QVERIFY(!protocol_of(o).contains("baseline"));  // it chooses
    ExplainOptions other = o;
    other.seed = 1;
    const std::vector<ExplainItem> item{item_of(*planted(), "team win the ice net puck", 0)};
    QVERIFY(explain(*planted(), item, other)[0].details["pulls"] != explain(*planted(), item, o)[0].details["pulls"]);
  }
  void reduction_by_hand() {
    // "yes" hangs on "puck" alone: the other words go, one by one, and then nothing may. (Without a beam the gradient, flat where tanh is, takes "puck" itself for
    // the least important, and nothing goes.)
    for (const char* method : {"input-reduction-beam"}) {
      ExplainOptions o;
      o.method = method;
      const Explanation found = explain(*planted(), {item_of(*planted(), "goal the puck")}, o)[0];
      QVERIFY2(found.details["reduced"] == "puck", found.details.dump().c_str());
      QCOMPARE(found.details["words"], Json(std::vector<int>{2}));
      QCOMPARE(found.details["removed"].size(), 2u);
      for (std::size_t s = 0; s < 2; ++s) QVERIFY(std::abs(found.word_scores[found.details["removed"][s].get<std::size_t>()] - static_cast<double>(s + 1) / 3) < 1e-12);
      QVERIFY(std::abs(found.word_scores[2] - 1) < 1e-12);
      QVERIFY(found.details["probability"].get<double>() > 0.5);
      QVERIFY(std::isnan(found.delta));
    }
  }
  void reduction_takes_the_least_important_first() {
    const auto m = planted();
    const ExplainItem item = item_of(*m, "team win the ice net puck");
    ExplainOptions gradient;
    gradient.method = "gradient-x-input";
    const auto first = explain(*m, {item}, gradient)[0].word_scores;
    ExplainOptions o;
    o.method = "input-reduction";
    const Explanation found = explain(*m, {item}, o)[0];
    QVERIFY2(found.details["removed"].size() >= 2, found.details.dump().c_str());
    QCOMPARE(found.details["removed"][0].get<std::ptrdiff_t>(), std::min_element(first.begin(), first.end()) - first.begin());
    // The second by what is left then.
    std::string left;
    const std::vector<std::string> words = {"team", "win", "the", "ice", "net", "puck"};
    std::vector<int> place;
    for (int w = 0; w < 6; ++w)
      if (w != found.details["removed"][0].get<int>()) left += words[static_cast<std::size_t>(w)] + " ", place.push_back(w);
    const auto second = explain(*m, {item_of(*m, left, found.target)}, gradient)[0].word_scores;
    QCOMPARE(found.details["removed"][1].get<int>(), place[static_cast<std::size_t>(std::min_element(second.begin(), second.end()) - second.begin())]);
  }
  void a_reduced_text_gets_the_same_answer() {
    TELLTALE_NEEDS_SHARED(shared);
    const auto m = load_model(shared / "golden/models/tiny-bert/fp32", Precision::fp32);
    int greedy = 0, beam = 0;
    for (const char* text : {"the hockey team wins the game and a car, the mac and a disk drive", "a car and a bike and a mouse and a disk drive engine of the mac walking faster never", "baseball"}) {
      const ExplainItem item = item_of(*m, text);
      for (const char* method : {"input-reduction", "input-reduction-beam"}) {
        ExplainOptions o;
        o.method = method;
        const Explanation found = explain(*m, {item}, o)[0];
        std::vector<int> gone;
        for (const Json& w : found.details["removed"]) gone.push_back(w.get<int>());
        QVERIFY(gone.size() < item.encoding.words.size());  // one word stays
        ModelInput in = without(item.encoding, pieces_of(item.encoding, gone), Removal::remove, m->tokenizer().specials());
        const Prediction p = m->predict(std::vector<ModelInput>{in})[0];
        QCOMPARE(p.predicted, found.prediction.predicted);
        QVERIFY(std::abs(p.probabilities[static_cast<std::size_t>(p.predicted)] - found.details["probability"].get<double>()) < 1e-5);
        (std::string(method) == "input-reduction" ? greedy : beam) += static_cast<int>(gone.size());
      }
    }
    QVERIFY2(beam >= greedy, qPrintable(QString("%1, greedy %2").arg(beam).arg(greedy)));  // a wider search leaves no more words here
  }
};

QTEST_GUILESS_MAIN(TestChoiceMethods)
#include "test_choice_methods.moc"
