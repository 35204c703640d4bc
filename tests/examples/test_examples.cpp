// Examples: nearest, TracIn and influence against written-out sums, autograd and actual retraining; planted posts are found; what cannot be answered is said.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include <QTemporaryDir>
#include <QtTest>
#include <cmath>
#include <numeric>

#include "base/random.hpp"
#include "examples/conjugate_gradient.hpp"
#include "examples/examples.hpp"
#include "examples/full_gradient.hpp"
#include "examples/gradient_projection.hpp"
#include "examples/planted_posts.hpp"
#include "examples/run_weights.hpp"
#include "model/classifier_impl.hpp"
#include "model/network.hpp"
#include "test_device.hpp"

using namespace telltale;
using namespace telltale::test;
namespace fs = std::filesystem;

namespace {

const ComputeOptions compute{test_device(), 1, Precision::fp32};

at::Tensor states_of(const Classifier& model, const std::vector<Encoding>& texts) {
  std::vector<at::Tensor> rows;
  for (const auto& r : model.cls_states(texts)) rows.push_back(at::tensor(at::ArrayRef<float>(r), at::kFloat).to(at::kDouble));
  return at::stack(rows);
}

/// [tanh(W r + b); 1], by hand, one number after the other.
std::vector<double> pooled_by_hand(const Classifier& model, const at::Tensor& state) {
  const BertWeights& w = model.impl().parameters->weights;
  const at::Tensor W = w.pooler_weight.detach().to(at::kDouble), b = w.pooler_bias.detach().to(at::kDouble);
  std::vector<double> out;
  for (std::int64_t i = 0; i < W.size(0); ++i) {
    double sum = b[i].item<double>();
    for (std::int64_t j = 0; j < W.size(1); ++j) sum += W[i][j].item<double>() * state[j].item<double>();
    out.push_back(std::tanh(sum));
  }
  out.push_back(1);
  return out;
}

double spearman(const std::vector<double>& a, const std::vector<double>& b) {
  const auto ranks = [](const std::vector<double>& x) {
    std::vector<std::size_t> order(x.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) { return x[i] < x[j]; });
    std::vector<double> r(x.size());
    for (std::size_t k = 0; k < order.size(); ++k) r[order[k]] = static_cast<double>(k);
    return r;
  };
  const auto x = ranks(a), y = ranks(b);
  double d = 0;
  for (std::size_t k = 0; k < x.size(); ++k) d += (x[k] - y[k]) * (x[k] - y[k]);
  const auto n = static_cast<double>(x.size());
  return 1 - 6 * d / (n * (n * n - 1));
}

/// Minimum over θ [C,D] of Σᵢ wᵢ CE(softmax(θ xᵢ), yᵢ) / n + ½λ‖θ‖², by Newton's method with the Hessian written out.
at::Tensor fitted(const at::Tensor& x, const std::vector<int>& y, std::int64_t C, double lambda, const std::vector<double>& weights, at::Tensor theta) {
  const std::int64_t n = x.size(0), D = x.size(1);
  for (int iteration = 0; iteration < 50; ++iteration) {
    at::Tensor g = lambda * theta.reshape({-1}), H = lambda * at::eye(C * D, at::kDouble);
    for (std::int64_t i = 0; i < n; ++i) {
      const double w = weights[static_cast<std::size_t>(i)] / static_cast<double>(n);
      if (w == 0) continue;
      const at::Tensor p = at::softmax(at::mv(theta, x[i]), 0);
      at::Tensor r = p.clone();
      r[y[static_cast<std::size_t>(i)]] -= 1;
      g = g + w * at::outer(r, x[i]).reshape({-1});
      H = H + w * at::kron(at::diag(p) - at::outer(p, p), at::outer(x[i], x[i]));
    }
    const at::Tensor step = at::linalg_solve(H, g);
    theta = theta - step.reshape({C, D});
    if (step.norm().item<double>() < 1e-12) break;
  }
  return theta;
}

double loss_at(const at::Tensor& theta, const at::Tensor& x, int y) { return -at::log_softmax(at::mv(theta, x), 0)[y].item<double>(); }

}  // namespace

class TestExamples : public QObject {
  Q_OBJECT
  QTemporaryDir dir_;
  std::unique_ptr<Store> store_;
  PlantedPosts planted_;
  RunRecord run_;
  std::size_t weights_ = 0;  ///< three checkpoints, the best where it is none of them, the end

  fs::path path(const char* name) const { return fs::path(dir_.path().toStdString()) / name; }
  ExampleSource source() { return {*store_, run_, [](const fs::path& f) { return Classifier::load(f, compute); }}; }
  ExampleQuery asked(int target = -1) { return {store_->document(planted_.asked).text, planted_.asked, target}; }
  static ExampleOptions with(const std::string& method, int top = 10) {
    ExampleOptions o;
    o.method = method;
    o.top = top;
    return o;
  }
  /// By document, of a list that holds all.
  static std::map<std::int64_t, double> scores(const ExampleAnswer& a) {
    std::map<std::int64_t, double> out;
    for (const auto* list : {&a.supporting, &a.opposing})
      for (const Example& e : *list) out[e.document] = e.score;
    return out;
  }
  std::vector<Document> training() { return store_->documents({planted_.dataset, "train", {}, "", -1, 0}); }

 private Q_SLOTS:
  void initTestCase() {
    configure_compute(compute);
    store_ = Store::open(path("examples.telltale"), Store::Mode::create);
    planted_ = add_planted_posts(*store_);
    run_ = train_planted(*store_, make_tiny_model(path("model")), planted_.dataset, 6, {"checkpoint_keep=3"});
    QCOMPARE(run_.status, RunStatus::finished);
    weights_ = 1;
    for (const auto& entry : fs::directory_iterator(store_->folder() / run_.folder)) weights_ += entry.path().filename().string().rfind("checkpoint-", 0) == 0;
    QVERIFY(weights_ == 4 || weights_ == 5);
  }

  void the_table_is_whole() {
    QStringList ids;
    for (const ExampleMethodInfo& m : example_methods()) {
      ids << QString::fromStdString(m.id);
      QVERIFY(!m.name.empty() && !m.source.empty() && !m.needs.empty() && !m.cost.empty() && !m.score.empty());
    }
    QCOMPARE(ids, (QStringList{"nearest", "tracin", "tracin-full", "influence"}));
  }

  void nearest_finds_a_copy_first() {
    ExampleCache cache;
    for (const StateDistance d : {StateDistance::cosine, StateDistance::euclidean}) {
      ExampleOptions o = with("nearest", 1000);
      o.distance = d;
      const ExampleAnswer a = find_examples(source(), asked(2), o, cache);
      QCOMPARE(a.posts, 62);
      QCOMPARE(a.supporting.size() + a.opposing.size(), std::size_t{62});
      QCOMPARE(a.supporting[0].document, planted_.twin);
      QVERIFY(std::abs(a.supporting[0].distance) < 1e-6);
      QCOMPARE(a.opposing[0].document, planted_.mislabelled);  // as near, but of another class
      QVERIFY(std::abs(a.opposing[0].distance) < 1e-6);
      QCOMPARE(a.opposing[0].rank + a.supporting[0].rank, 3);
      QCOMPARE(a.supporting[0].external_id, std::string("twin"));
      QCOMPARE(a.supporting[0].start, store_->document(planted_.asked).text);
      QVERIFY(!a.self);
      // Every distance, from the states one by one; classes stand apart; order by distance.
      const auto model = Classifier::load(store_->folder() / run_.folder, compute);
      const at::Tensor x = states_of(*model, {model->tokenizer().encode(asked().text, 32)})[0];
      for (const auto* list : {&a.supporting, &a.opposing}) {
        double last = -1;
        for (const Example& e : *list) {
          const at::Tensor s = states_of(*model, {model->tokenizer().encode(store_->document(e.document).text, 32)})[0];
          double dot = 0, ss = 0, xx = 0, dd = 0;
          for (std::int64_t j = 0; j < s.size(0); ++j) {
            const double u = s[j].item<double>(), v = x[j].item<double>();
            dot += u * v, ss += u * u, xx += v * v, dd += (u - v) * (u - v);
          }
          const double expected = d == StateDistance::cosine ? 1 - dot / std::sqrt(ss * xx) : std::sqrt(dd);
          QVERIFY2(std::abs(e.distance - expected) < 1e-5, qPrintable(QString::number(e.distance - expected)));
          QVERIFY(e.distance >= last);
          last = e.distance;
          QCOMPARE(e.label == 2, list == &a.supporting);
          QCOMPARE(e.predicted, model->predict(std::vector{model->tokenizer().encode(store_->document(e.document).text, 32)})[0].predicted);
        }
      }
    }
  }

  void a_training_post_is_not_its_own_example() {
    ExampleCache cache;
    const Document twin = store_->document(planted_.twin);
    const ExampleAnswer a = find_examples(source(), {twin.text, twin.id, 2}, with("nearest", 100), cache);
    QVERIFY(a.self && a.self->document == twin.id && a.self->rank == 0);
    QVERIFY(std::abs(a.self->distance) < 1e-6);
    QCOMPARE(a.supporting.size() + a.opposing.size(), std::size_t{61});
    for (const Example& e : a.supporting) QVERIFY(e.document != twin.id);
    QCOMPARE(a.opposing[0].document, planted_.mislabelled);
    QCOMPARE(a.opposing[0].rank, 1);
  }

  void a_mislabelled_copy_is_the_strongest_opponent_data() {
    QTest::addColumn<QString>("method");
    for (const char* m : {"tracin", "tracin-full", "influence"}) QTest::newRow(m) << m;
  }
  void a_mislabelled_copy_is_the_strongest_opponent() {
    QFETCH(QString, method);
    ExampleCache cache;
    const ExampleAnswer a = find_examples(source(), asked(), with(method.toStdString(), 5), cache);
    QCOMPARE(a.target, 2);  // what the model answers: hockey
    QCOMPARE(a.opposing[0].document, planted_.mislabelled);
    QCOMPARE(a.opposing[0].label, 0);
    QCOMPARE(a.opposing[0].rank, 62);
    for (const auto* list : {&a.supporting, &a.opposing})
      for (std::size_t k = 1; k < list->size(); ++k) QVERIFY(std::abs((*list)[k].score) <= std::abs((*list)[k - 1].score));
    for (const Example& e : a.supporting) QVERIFY(e.score > 0);
    for (const Example& e : a.opposing) QVERIFY(e.score < 0);
    QVERIFY(std::any_of(a.supporting.begin(), a.supporting.end(), [&](const Example& e) { return e.document == planted_.twin; }));
    // Asked why not autos, the same post speaks for it.
    const ExampleAnswer b = find_examples(source(), asked(0), with(method.toStdString(), 5), cache);
    QCOMPARE(b.supporting[0].document, planted_.mislabelled);
    QVERIFY(b.loss > a.loss);
  }

  void last_layer_tracin_is_the_written_out_sum() {
    ExampleCache cache;
    const ExampleAnswer a = find_examples(source(), asked(1), with("tracin", 1000), cache);
    const auto found = scores(a);
    QCOMPARE(found.size(), std::size_t{62});
    QCOMPARE(a.weights.size(), weights_);
    const auto steps = store_->steps(run_.id);
    std::map<std::int64_t, double> expected;
    std::int64_t before = 0;
    for (const UsedWeights& w : a.weights) {
      double rate = 0;  // as the run recorded it, step by step
      for (const StepRecord& s : steps)
        if (s.step > before && s.step <= w.step) rate += s.learning_rate / static_cast<double>(w.step - before);
      QVERIFY(std::abs(rate - w.learning_rate) < 1e-12);
      before = w.step;
      const auto model = Classifier::load(store_->folder() / w.folder, compute);
      const auto encode = [&](const std::string& text) { return model->tokenizer().encode(text, 32); };
      const auto h1 = pooled_by_hand(*model, states_of(*model, {encode(asked().text)})[0]);
      const auto p1 = model->predict(std::vector{encode(asked().text)})[0].probabilities;
      for (const Document& d : training()) {
        const auto h = pooled_by_hand(*model, states_of(*model, {encode(d.text)})[0]);
        const auto p = model->predict(std::vector{encode(d.text)})[0].probabilities;
        double sum = 0;
        for (std::size_t c = 0; c < 3; ++c)
          for (std::size_t j = 0; j < h.size(); ++j) sum += (p[c] - (static_cast<int>(c) == d.label)) * h[j] * (p1[c] - (c == 1)) * h1[j];
        expected[d.id] += rate * sum;
      }
    }
    QCOMPARE(before, run_.step);
    double largest = 0;
    for (const auto& [id, score] : expected) largest = std::max(largest, std::abs(score));
    for (const auto& [id, score] : expected) QVERIFY2(std::abs(found.at(id) - score) < 1e-5 * largest, qPrintable(QStringLiteral("%1: %2, expected %3").arg(id).arg(found.at(id)).arg(score)));
  }

  void full_gradients_are_those_of_autograd_and_projections_keep_products() {
    ExampleCache cache;
    ExampleOptions exact = with("tracin-full", 1000);
    exact.dimensions = 0;
    const auto found = scores(find_examples(source(), asked(), exact, cache));
    // Σ η ∇ℓ·∇ℓ' by one backward pass through all parameters, words included.
    std::map<std::int64_t, double> expected;
    for (const RunWeights& w : run_weights(*store_, run_).there) {
      const auto model = Classifier::load(w.folder, compute);
      Classifier::Impl& m = model->impl();
      m.parameters->require_gradients();
      const Network network(m.config, m.parameters->weights);
      const auto gradient = [&](const std::string& text, int label) {
        m.parameters->zero_gradients();
        const auto ids = model->tokenizer().encode(text, 32).ids;
        at::AutoGradMode with_grad(true);
        const at::Tensor z = network.logits(network.encode(network.embedding_block(network.words(at::tensor(at::ArrayRef<std::int32_t>(ids), at::kInt).to(at::kLong).unsqueeze(0))), {}));
        torch::autograd::backward({-at::log_softmax(z, -1)[0][label]}, {});
        return m.parameters->flat_gradient.to(at::kDouble);
      };
      const at::Tensor one = gradient(asked().text, 2);
      for (const Document& d : training()) expected[d.id] += w.learning_rate * at::dot(gradient(d.text, d.label), one).item<double>();
    }
    double largest = 0;
    for (const auto& [id, score] : expected) largest = std::max(largest, std::abs(score));
    QCOMPARE(found.size(), expected.size());
    for (const auto& [id, score] : expected) QVERIFY2(std::abs(found.at(id) - score) < 1e-4 * largest, qPrintable(QStringLiteral("%1: %2, expected %3").arg(id).arg(found.at(id)).arg(score)));
    // Projected: within the stated error. 62 posts: 4 errors are passed by chance once in 250 times, and the seed is fixed.
    ExampleOptions projected = with("tracin-full", 1000);
    projected.dimensions = 256;
    const ExampleAnswer a = find_examples(source(), asked(), projected, cache);
    double in_errors = 0, n = 0;
    for (const auto* list : {&a.supporting, &a.opposing})
      for (const Example& e : *list) {
        QVERIFY(e.standard_error > 0);
        const double off = (e.score - expected.at(e.document)) / e.standard_error;
        QVERIFY2(std::abs(off) < 4, qPrintable(QString::number(off)));
        in_errors += off * off;
        ++n;
      }
    QVERIFY2(in_errors / n > 0.05 && in_errors / n < 2.5, qPrintable(QString::number(in_errors / n)));  // they share the query's draw: far from independent
    // Another seed, other draws; the same seed, the same numbers, cached or not.
    projected.seed = 1;
    QVERIFY(find_examples(source(), asked(), projected, cache).supporting[0].score != a.supporting[0].score);
    projected.seed = 0;
    ExampleCache none(0);
    const ExampleAnswer again = find_examples(source(), asked(), projected, none);
    QVERIFY(again.kept.empty());
    QCOMPARE(again.supporting[0].score, a.supporting[0].score);
  }

  /// E and Var of the product over seeds, against the formula.
  void the_projection_is_unbiased() {
    Rng rng(5);
    FullGradient a, b;
    at::Tensor x = at::empty({400}), y = at::empty({400});
    for (int i = 0; i < 400; ++i) {
      x.data_ptr<float>()[i] = static_cast<float>(rng.normal());
      y.data_ptr<float>()[i] = static_cast<float>(0.5 * rng.normal()) + 0.5f * x.data_ptr<float>()[i];
    }
    a.pieces = {{7, x.narrow(0, 0, 150)}, {1000, x.narrow(0, 150, 250)}};  // two pieces with a gap between them
    b.pieces = {{7, y.narrow(0, 0, 150)}, {1000, y.narrow(0, 150, 250)}};
    const double dot = at::dot(x, y).item<double>(), xx = at::dot(x, x).item<double>(), yy = at::dot(y, y).item<double>(), shared = at::dot(x * x, y * y).item<double>();
    constexpr int seeds = 4000, k = 32;
    double sum = 0, squares = 0;
    for (int s = 0; s < seeds; ++s) {
      const GradientProjection project(k, static_cast<std::uint64_t>(s));
      const auto p = project(a), q = project(b);
      double product = 0;
      for (int j = 0; j < k; ++j) product += static_cast<double>(p[static_cast<std::size_t>(j)]) * static_cast<double>(q[static_cast<std::size_t>(j)]);
      sum += product, squares += product * product;
    }
    const double mean = sum / seeds, variance = squares / seeds - mean * mean, expected = (xx * yy + dot * dot - 2 * shared) / k;
    QVERIFY2(std::abs(mean - dot) < 4 * std::sqrt(expected / seeds), qPrintable(QStringLiteral("%1, expected %2").arg(mean).arg(dot)));
    QVERIFY2(std::abs(variance / expected - 1) < 0.12, qPrintable(QString::number(variance / expected)));
    QVERIFY(std::sqrt(expected) < GradientProjection::standard_error(std::sqrt(xx), std::sqrt(yy), dot, k));
  }

  void conjugate_gradient_by_hand() {
    // [4 1; 1 3] s = [1; 2]: s = [1/11, 7/11].
    const at::Tensor A = at::tensor({4.0, 1.0, 1.0, 3.0}, at::kDouble).reshape({2, 2}), b = at::tensor({1.0, 2.0}, at::kDouble);
    int products = 0;
    const auto times = [&](const at::Tensor& v) { return ++products, at::mv(A, v); };
    const Solution s = conjugate_gradient(times, b, 1e-12, 10);
    QVERIFY(s.converged && s.iterations == 2 && s.residual < 1e-12);
    QVERIFY(std::abs(s.s[0].item<double>() - 1 / 11.0) < 1e-12 && std::abs(s.s[1].item<double>() - 7 / 11.0) < 1e-12);
    const Solution short_of_it = conjugate_gradient(times, b, 1e-12, 1);
    QVERIFY(!short_of_it.converged && short_of_it.residual > 1e-3);
    QVERIFY(!conjugate_gradient([](const at::Tensor& v) { return -v; }, b, 1e-12, 10).converged);
    QVERIFY(conjugate_gradient(times, at::zeros({2}, at::kDouble), 1e-12, 10).converged);
    QVERIFY_THROWS_EXCEPTION(std::runtime_error, conjugate_gradient([](const at::Tensor& v) { return v * NAN; }, b, 1e-12, 10));
  }

  /// A head at the optimum of the convex problem; then every training post is left out in turn and the head fitted anew.
  void influence_is_what_leaving_out_does() {
    constexpr double lambda = 0.05;
    const auto model = Classifier::load(store_->folder() / run_.folder, compute);
    std::vector<Encoding> texts;
    std::vector<int> labels;
    for (const Document& d : training()) texts.push_back(model->tokenizer().encode(d.text, 32)), labels.push_back(d.label);
    const auto pooled = [&](const Encoding& e) { return at::tensor(at::ArrayRef<double>(pooled_by_hand(*model, states_of(*model, {e})[0])), at::kDouble); };
    std::vector<at::Tensor> rows;
    for (const Encoding& e : texts) rows.push_back(pooled(e));
    const at::Tensor x = at::stack(rows), start = at::zeros({3, x.size(1)}, at::kDouble);
    std::vector<double> weights(labels.size(), 1.0);
    const at::Tensor theta = fitted(x, labels, 3, lambda, weights, start);
    {
      at::NoGradGuard no_grad;
      BertWeights& w = model->impl().parameters->weights;
      w.head_weight.copy_(theta.narrow(1, 0, x.size(1) - 1));
      w.head_bias.copy_(theta.select(1, x.size(1) - 1));
    }
    RunRecord convex = run_;
    convex.name = "convex";
    convex.id = store_->add_run(convex);
    convex.folder = "run-" + std::to_string(convex.id);
    model->save(store_->folder() / convex.folder);
    store_->update_run(convex);
    ExampleCache cache;
    ExampleOptions o = with("influence", 1000);
    o.damping = lambda;
    const ExampleSource there{*store_, convex, [](const fs::path& f) { return Classifier::load(f, compute); }};
    const ExampleAnswer a = find_examples(there, asked(2), o, cache);
    QVERIFY(a.converged && a.residual <= 1.1e-8 && a.iterations > 2);
    QVERIFY2(a.head_gradient < 1e-5, qPrintable(QString::number(a.head_gradient)));
    const auto found = scores(a);
    const at::Tensor query = pooled(model->tokenizer().encode(asked().text, 32));
    const double loss = loss_at(theta, query, 2);
    QVERIFY(std::abs(loss - a.loss) < 1e-5);
    std::vector<double> predicted, actual;
    const auto documents = training();
    for (std::size_t i = 0; i < documents.size(); ++i) {
      weights[i] = 0;
      actual.push_back(loss_at(fitted(x, labels, 3, lambda, weights, theta), query, 2) - loss);
      weights[i] = 1;
      predicted.push_back(found.at(documents[i].id));
    }
    const double rho = spearman(predicted, actual);
    double largest = 0, off = 0, scale = 0;
    for (std::size_t i = 0; i < actual.size(); ++i) {
      largest = std::max(largest, std::abs(actual[i]));
      off += std::pow(predicted[i] - actual[i], 2);
      scale += std::pow(actual[i], 2);
    }
    double worst = 0;
    for (std::size_t i = 0; i < actual.size(); ++i)
      if (std::abs(actual[i]) > largest / 4) worst = std::max(worst, std::abs(predicted[i] / actual[i] - 1));
    qInfo("influence against leaving out: rank correlation %.4f, error %.3f of all, at most %.3f of a large one", rho, std::sqrt(off / scale), worst);
    QVERIFY2(rho > 0.98, qPrintable(QString::number(rho)));
    QVERIFY2(std::sqrt(off / scale) < 0.15, qPrintable(QString::number(std::sqrt(off / scale))));
    QVERIFY2(worst < 0.25, qPrintable(QString::number(worst)));
    // Too few iterations: said.
    o.iterations = 1;
    QVERIFY(!find_examples(there, asked(2), o, cache).converged);
    store_->remove_run(convex.id);
  }

  void what_is_kept_is_used_again() {
    ExampleCache cache;
    int told = 0;
    const ProgressFn progress = [&](const Progress& p) { told += p.what == "reading training posts" || p.what == "gradients of training posts"; };
    for (const char* method : {"nearest", "tracin-full"}) {
      const ExampleAnswer first = find_examples(source(), asked(), with(method), cache, {}, progress);
      QVERIFY(told > 0);
      for (const std::string& key : first.kept) QVERIFY(cache.holds(key));
      QVERIFY(!first.kept.empty());
      told = 0;
      const ExampleAnswer second = find_examples(source(), {"goalie of the third period", 0, -1}, with(method), cache, {}, progress);
      QCOMPARE(told, 0);
      ExampleCache empty;
      const ExampleAnswer fresh = find_examples(source(), {"goalie of the third period", 0, -1}, with(method), empty);
      QCOMPARE(second.supporting[0].document, fresh.supporting[0].document);
      QCOMPARE(second.supporting[0].score, fresh.supporting[0].score);
    }
    // The states of the final weights serve all methods of the head.
    told = 0;
    find_examples(source(), asked(), with("influence"), cache, {}, progress);
    QCOMPARE(told, 0);
    // Bounded: the oldest go, what is too large does not come.
    ExampleCache small(100);
    small.put("a", std::make_shared<int>(1), 60);
    small.put("b", std::make_shared<int>(2), 40);
    QVERIFY(small.find("a"));
    small.put("c", std::make_shared<int>(3), 40);
    QVERIFY(small.holds("a") && !small.holds("b") && small.holds("c"));
    small.put("d", std::make_shared<int>(4), 101);
    QVERIFY(!small.holds("d") && small.bytes() == 100);
  }

  void costs_are_measured() {
    const ExampleCost one = example_cost(source(), with("nearest")), full = example_cost(source(), with("tracin-full"));
    QCOMPARE(one.posts, 62);
    QCOMPARE(one.checkpoints, 1);
    QCOMPARE(full.checkpoints, static_cast<int>(weights_));
    QVERIFY(one.seconds > 0 && full.seconds > one.seconds);
  }

  void stops_when_asked() {
    std::stop_source stop;
    stop.request_stop();
    for (const ExampleMethodInfo& m : example_methods()) {
      ExampleCache cache;
      QVERIFY_THROWS_EXCEPTION(Cancelled, find_examples(source(), asked(), with(m.id), cache, stop.get_token()));
    }
    std::stop_source later;
    ExampleCache cache;
    int posts = 0;
    QVERIFY_THROWS_EXCEPTION(Cancelled, find_examples(source(), asked(), with("tracin-full"), cache, later.get_token(), [&](const Progress&) {
                               if (++posts == 5) later.request_stop();
                             }));
    QCOMPARE(posts, 5);
  }

  void what_cannot_be_answered_is_said() {
    const auto refusal = [&](const ExampleSource& from, const ExampleQuery& query, const ExampleOptions& o) {
      ExampleCache cache;
      try {
        find_examples(from, query, o, cache);
      } catch (const std::exception& e) {
        return QString::fromStdString(e.what());
      }
      return QString();
    };
    const auto says = [&](const QString& message, const char* what) {
      const bool fine = message.contains(QLatin1String(what)) && !message.contains(QLatin1Char('\n'));
      if (!fine) qWarning("expected …%s…, got %s", what, qPrintable(message));
      return fine;
    };
    QVERIFY(says(refusal(source(), {"", 0, -1}, with("nearest")), "no words"));
    QVERIFY(says(refusal(source(), {"  \n", 0, -1}, with("influence")), "no words"));
    QVERIFY(says(refusal(source(), asked(3), with("nearest")), "class 3: this model has 3 classes"));
    QVERIFY(says(refusal(source(), asked(), with("loo")), "one of nearest, tracin, tracin-full, influence"));
    QVERIFY(says(refusal(source(), asked(), with("nearest", 0)), "top 0: expected 1 to 10000"));
    ExampleOptions o = with("tracin-full");
    o.dimensions = 3;
    QVERIFY(says(refusal(source(), asked(), o), "expected 16 to"));
    o = with("influence");
    o.damping = 0;
    QVERIFY(says(refusal(source(), asked(), o), "damping 0: expected above 0"));
    // A run whose folder is gone, whose data set is gone, changed, or has no training posts.
    const auto changed = [&](const std::function<void(RunRecord&)>& change) {
      ExampleSource s = source();
      change(s.run);
      return s;
    };
    QVERIFY(says(refusal(changed([](RunRecord& r) { r.folder = "run-99"; }), asked(), with("nearest")), "its weights are missing"));
    QVERIFY(says(refusal(changed([](RunRecord& r) { r.dataset = 0; }), asked(), with("nearest")), "its data set is no longer in the file"));
    QVERIFY(says(refusal(changed([](RunRecord& r) { r.settings["derived"]["train_posts"] = 70; }), asked(), with("tracin")), "was trained on 70 posts, data set 'planted' holds 62 now"));
    auto import = store_->begin_import("tests alone", "made up", Json::object());
    Document d;
    d.split = "test";
    for (const std::string& c : planted_classes()) d.external_id = c, d.text = "the " + c, import->add(d, c);
    const std::int64_t alone = import->commit(Json::object()).id;
    import.reset();
    QVERIFY(says(refusal(changed([&](RunRecord& r) { r.dataset = alone; }), asked(), with("nearest")), "holds no training posts"));
    store_->remove_dataset(alone);
    import = store_->begin_import("others", "made up", Json::object());
    d.split = "train";
    for (const char* c : {"one", "two"}) d.external_id = d.text = c, import->add(d, c);
    const std::int64_t others = import->commit(Json::object()).id;
    import.reset();
    QVERIFY(says(refusal(changed([&](RunRecord& r) { r.dataset = others; }), asked(), with("nearest")), "has one, two: it was changed since"));
    store_->remove_dataset(others);
  }

  void checkpoints_that_are_gone_are_named() {
    RunWeightsList all = run_weights(*store_, run_);
    QCOMPARE(all.there.size(), weights_);
    QVERIFY(all.missing.empty());
    store_->set_checkpoint(run_.id, {all.there[0].step, "best", all.there[0].name});
    const fs::path aside = path("aside");
    fs::rename(all.there[0].folder, aside);
    const RunWeightsList fewer = run_weights(*store_, run_);
    QCOMPARE(fewer.there.size(), weights_ - 1);
    QCOMPARE(fewer.missing, std::vector<std::string>{all.there[0].name});
    ExampleCache cache;
    const ExampleAnswer a = find_examples(source(), asked(), with("tracin"), cache);
    QCOMPARE(a.weights.size(), weights_ - 1);
    QCOMPARE(a.missing.size(), std::size_t{1});
    fs::rename(aside, all.there[0].folder);
  }

  void held_out_posts_are_not_examples() {
    const RunRecord run = train_planted(*store_, path("model"), planted_.dataset, 1, {"validation_split=held-out", "held_out=0.3"});
    const auto trained = run.settings["derived"]["train_posts"].get<std::int64_t>();
    QVERIFY(trained < 62);
    std::set<std::int64_t> seen;
    for (const StepRecord& s : store_->steps(run.id)) seen.insert(s.documents.begin(), s.documents.end());
    ExampleCache cache;
    const ExampleAnswer a = find_examples({*store_, run, source().load}, asked(), with("nearest", 1000), cache);
    QCOMPARE(a.posts, trained);
    for (const auto& [id, score] : scores(a)) QVERIFY(seen.contains(id));
    // A run of one epoch keeps no checkpoint: one term, the weights of the end.
    QCOMPARE(find_examples({*store_, run, source().load}, asked(), with("tracin"), cache).weights.size(), std::size_t{1});
  }
};

QTEST_GUILESS_MAIN(TestExamples)
#include "test_examples.moc"
