// Softmax regression on cases solved on paper; linear probes on planted and on permuted labels; probes of every layer of
// a model on a data set, and what the file keeps of them.
#include <QtTest>
#include <cmath>

#include "base/random.hpp"
#include "evaluation/layer_probe.hpp"
#include "evaluation/softmax_regression.hpp"
#include "shared_data.hpp"
#include "store_with_runs.hpp"

using namespace telltale;

class TestLayerProbe : public QObject {
  Q_OBJECT
  /// n rows of `width` standard normal numbers a class; class c has `gap` added in column c.
  struct Rows {
    std::vector<float> values;
    std::vector<int> labels;
    ProbeRows rows() const { return {values, labels}; }
  };
  static Rows planted(int classes, int each, int width, double gap, std::uint64_t seed) {
    Rows out;
    Rng rng(seed);
    for (int i = 0; i < classes * each; ++i) {
      out.labels.push_back(i % classes);
      for (int k = 0; k < width; ++k) out.values.push_back(static_cast<float>(rng.normal() + (k == i % classes ? gap : 0)));
    }
    return out;
  }
  static QString refusal(const std::function<void()>& work) {
    try {
      work();
    } catch (const std::invalid_argument& e) {
      return e.what();
    }
    return {};
  }

 private Q_SLOTS:
  void regression_by_hand() {
    // One column, x = +1 of class 1 and x = −1 of class 0: by symmetry W = (−a, a), b = 0, and the objective is
    // ln(1 + exp(−2a)) + l2 a². Its derivative is 0 where σ(−2a) = l2 a: a = ½ for l2 = 2 σ(−1).
    const double l2 = 2 / (1 + std::exp(1.0));
    const std::vector<double> x{1, -1};
    const std::vector<int> y{1, 0};
    const SoftmaxModel m = fit_softmax(x, 1, y, 2, {l2});
    QVERIFY(m.converged);
    QVERIFY2(std::abs(m.weight[1] - 0.5) < 1e-4 && std::abs(m.weight[0] + 0.5) < 1e-4, qPrintable(QString("%1 %2").arg(m.weight[0]).arg(m.weight[1])));
    QVERIFY(std::abs(m.bias[0] - m.bias[1]) < 1e-4);
    QVERIFY(std::abs(mean_surprise(m, x, y) - std::log(1 + std::exp(-1.0))) < 1e-4);
    QCOMPARE(classify(m, x), y);
    // Nothing to tell rows apart: the bias alone, ln(¾) − ln(¼), and the surprise is the entropy.
    const std::vector<double> none{0, 0, 0, 0};
    const std::vector<int> three{0, 0, 1, 0};
    const SoftmaxModel b = fit_softmax(none, 1, three, 2, {0.01});
    QVERIFY(std::abs(b.bias[0] - b.bias[1] - std::log(3.0)) < 1e-3);
    QVERIFY(std::abs(mean_surprise(b, none, three) - (0.75 * std::log(4 / 3.0) + 0.25 * std::log(4.0))) < 1e-6);
    QCOMPARE(classify(b, none), (std::vector<int>{0, 0, 0, 0}));
  }
  void regression_is_at_its_minimum() {
    // Three classes, four columns: no small step lowers the objective, from whatever start it was reached.
    const Rows r = planted(3, 20, 4, 1, 5);
    const std::vector<double> x(r.values.begin(), r.values.end());
    const double l2 = 0.05;
    const auto objective = [&](const SoftmaxModel& m) {
      double squares = 0;
      for (const double w : m.weight) squares += w * w;
      return mean_surprise(m, x, r.labels) + 0.5 * l2 * squares;
    };
    const SoftmaxModel m = fit_softmax(x, 4, r.labels, 3, {l2});
    QVERIFY(m.converged);
    const double least = objective(m);
    for (std::size_t i = 0; i < m.weight.size(); ++i)
      for (const double step : {1e-3, -1e-3}) {
        SoftmaxModel other = m;
        other.weight[i] += step;
        QVERIFY(objective(other) > least);
      }
    SoftmaxModel far = m;
    for (double& w : far.weight) w = 3;
    const SoftmaxModel again = fit_softmax(x, 4, r.labels, 3, {l2}, &far);
    for (std::size_t i = 0; i < m.weight.size(); ++i) QVERIFY(std::abs(again.weight[i] - m.weight[i]) < 1e-3);
    QVERIFY_EXCEPTION_THROWN(fit_softmax(x, 4, std::vector<int>(60, 3), 3), std::invalid_argument);
    QVERIFY_EXCEPTION_THROWN(fit_softmax(x, 5, r.labels, 3), std::invalid_argument);
    QVERIFY_EXCEPTION_THROWN(fit_softmax(x, 4, r.labels, 3, {l2, 500, [] { return true; }}), Cancelled);
  }
  void planted_labels_are_read_and_permuted_ones_are_not() {
    const Rows train = planted(4, 60, 8, 12, 1), test = planted(4, 50, 8, 12, 2);
    ProbeOptions o;
    o.controls = 20;
    const ProbeResult r = linear_probe(train.rows(), test.rows(), 8, 4, o);
    QCOMPARE(r.accuracy.value, 1.0);
    QCOMPARE(r.train_accuracy, 1.0);
    QVERIFY(r.converged && r.constant == 0);
    // Chance is ¼. Posts of one class are answered alike, so single permutations scatter; their mean does not.
    QVERIFY2(r.control.low < 0.25 && r.control.high > 0.25 && std::abs(r.control.value - 0.25) < 0.12, qPrintable(QString::number(r.control.value)));
    QCOMPARE(r.selectivity, r.accuracy.value - r.control.value);
    QVERIFY(r.control_train > 0.25 && r.control_train < 0.6);
    const ProbeResult again = linear_probe(train.rows(), test.rows(), 8, 4, o);
    QVERIFY(again.control.value == r.control.value && again.l2 == r.l2 && again.accuracy.low == r.accuracy.low);
  }
  void vectors_that_say_nothing_give_chance() {
    const Rows train = planted(2, 100, 20, 0, 3), test = planted(2, 200, 20, 0, 4);
    const ProbeResult r = linear_probe(train.rows(), test.rows(), 20, 2);
    QVERIFY2(r.accuracy.low < 0.5 && r.accuracy.high > 0.5, qPrintable(QString::number(r.accuracy.value)));
    QCOMPARE(r.l2, 1.0);  // the more penalty the better
    // Columns that are constant but for rounding say nothing either, however they are scaled.
    Rows flat = planted(2, 20, 3, 0, 5);
    for (std::size_t i = 0; i < flat.values.size(); ++i) flat.values[i] = static_cast<float>(1 + i % 3) + (i % 6 < 3 ? 1e-7f : 0.0f);
    const ProbeResult none = linear_probe(flat.rows(), flat.rows(), 3, 2);
    QCOMPARE(none.constant, std::size_t{3});
    QCOMPARE(none.accuracy.value, 0.5);
  }
  void a_wide_probe_learns_by_heart() {
    // More columns than rows: permuted labels are fitted too, and only the control says so.
    const Rows train = planted(2, 20, 100, 0, 6), test = planted(2, 100, 100, 0, 7);
    ProbeOptions o;
    o.l2 = 1e-3;
    const ProbeResult r = linear_probe(train.rows(), test.rows(), 100, 2, o);
    QCOMPARE(r.train_accuracy, 1.0);
    QVERIFY(r.control_train > 0.95);
    QVERIFY(std::abs(r.selectivity) < 0.2);
    QCOMPARE(r.l2, 1e-3);
    o.controls = 0;
    const ProbeResult plain = linear_probe(train.rows(), test.rows(), 100, 2, o);
    QVERIFY(std::isnan(plain.control.value) && std::isnan(plain.selectivity));
  }
  void a_probe_refuses() {
    const Rows train = planted(3, 4, 2, 1, 1), test = planted(3, 4, 2, 1, 2);
    QVERIFY(refusal([&] { linear_probe(train.rows(), test.rows(), 2, 3); }).contains("class 0 has 4 training posts"));
    QVERIFY(refusal([&] { linear_probe(train.rows(), test.rows(), 2, 1); }).contains("two classes"));
    QVERIFY(refusal([&] { linear_probe(train.rows(), {}, 2, 3); }).contains("test posts"));
    QVERIFY(refusal([&] { linear_probe(train.rows(), test.rows(), 3, 3); }).contains("one label for each row"));
    QVERIFY(refusal([&] { linear_probe(train.rows(), test.rows(), 2, 2); }).contains("label 2"));
    ProbeOptions o;
    o.l2 = std::nan("");
    QVERIFY(refusal([&] { linear_probe(train.rows(), test.rows(), 2, 3, o); }).contains("l2"));
  }

  void every_layer_of_a_run() {
    TELLTALE_NEEDS_SHARED(shared);
    StoreWithRuns made(shared, 12, 10);
    Store& store = *made.store;
    const RunRecord run = store.run(1);
    const auto model = Classifier::load(store.folder() / run.folder, {});
    const DatasetInfo data = store.dataset(made.dataset);
    LayerProbeOptions o;
    o.max_length = 32;
    QVERIFY(stored_probe(store, data, run.fingerprint, Precision::fp32, o).is_null());
    std::vector<double> told;
    const Json doc = probe_dataset(store, data, *model, o, true, {}, [&](const Progress& p) { told.push_back(p.done / p.total); });
    QCOMPARE(doc["stored"], Json(false));
    QCOMPARE(doc["train"], Json(48));
    QCOMPARE(doc["test"], Json(40));
    QCOMPARE(doc["majority"], Json(0.25));
    QCOMPARE(doc["layers"].size(), std::size_t{3});
    QVERIFY(std::is_sorted(told.begin(), told.end()) && told.back() == 1);
    // The embedding of [CLS] is the same for every post: always one class.
    QCOMPARE(doc["layers"][0]["accuracy"], Json(0.25));
    QCOMPARE(doc["layers"][0]["constant"], Json(model->config().hidden_size));
    // The lens of the last layer is the model itself.
    Store::DocumentFilter filter;
    filter.dataset = data.id;
    filter.split = "test";
    int right = 0;
    for (const Document& d : store.documents(filter)) right += model->predict(std::vector{model->tokenizer().encode(d.text, 32)})[0].predicted == d.label;
    QCOMPARE(doc["layers"][2]["lens"], Json(right / 40.0));
    for (const Json& row : doc["layers"]) {
      QVERIFY(row["low"].get<double>() <= row["accuracy"].get<double>() && row["accuracy"].get<double>() <= row["high"].get<double>());
      QVERIFY(std::abs(row["selectivity"].get<double>() - (row["accuracy"].get<double>() - row["control"].get<double>())) < 1e-12);
    }
    // Kept: the second time it is read, by the same protocol only, and threads change nothing.
    const Json again = probe_dataset(store, data, *model, o);
    QCOMPARE(again["stored"], Json(true));
    QCOMPARE(again["layers"], doc["layers"]);
    QVERIFY(!stored_probe(store, data, run.fingerprint, Precision::fp32, o).is_null());
    LayerProbeOptions mean = o;
    mean.pool = Pool::mean;
    QVERIFY(stored_probe(store, data, run.fingerprint, Precision::fp32, mean).is_null());
    LayerProbeOptions other = o;
    other.threads = 3;
    other.probe.seed = 1;
    const Json seeded = probe_dataset(store, data, *model, other, false);
    QVERIFY(stored_probe(store, data, run.fingerprint, Precision::fp32, other).is_null());  // not to be kept
    other.threads = 1;
    QCOMPARE(probe_dataset(store, data, *model, other, false)["layers"], seeded["layers"]);
    // The mean over all ids knows the words already at the embeddings: half of them tell the class.
    const Json words = probe_dataset(store, data, *model, mean);
    QVERIFY2(words["layers"][0]["low"].get<double>() > 0.5, words["layers"][0].dump().c_str());
    // Fewer posts, the same share of every class.
    other.train_limit = 24;
    other.test_limit = 8;
    const Json few = probe_dataset(store, data, *model, other, false);
    QCOMPARE(few["train"], Json(24));
    QCOMPARE(few["test"], Json(8));
    std::stop_source stop;
    stop.request_stop();
    QVERIFY_EXCEPTION_THROWN(probe_dataset(store, data, *model, other, false, stop.get_token()), Cancelled);
  }
  void a_data_set_without_enough_refuses() {
    TELLTALE_NEEDS_SHARED(shared);
    StoreWithRuns made(shared, 12, 4);
    const auto model = Classifier::load(made.store->folder() / "run-1", {});
    const DatasetInfo data = made.store->dataset(made.dataset);
    LayerProbeOptions o;
    o.train_limit = 16;
    QVERIFY2(refusal([&] { probe_dataset(*made.store, data, *model, o); }).contains("class cars has 4 of the 16 training posts taken"), qPrintable(refusal([&] { probe_dataset(*made.store, data, *model, o); })));
    o.train_split = "learn";
    try {
      probe_dataset(*made.store, data, *model, o);
      QFAIL("not refused");
    } catch (const std::runtime_error& e) {
      QVERIFY2(QString(e.what()).contains("no posts in split 'learn'"), e.what());
    }
    ProbePosts posts{{"a"}, {{"x", 0}}, {{"y", 0}}};
    QVERIFY(refusal([&] { probe_layers(*model, posts, {}); }).contains("two classes"));
    posts = {{"a", "b"}, {}, {{"y", 0}}};
    QVERIFY(refusal([&] { probe_layers(*model, posts, {}); }).contains("training posts"));
  }
};

QTEST_GUILESS_MAIN(TestLayerProbe)
#include "test_layer_probe.moc"
