// The whole objective against golden/objective, its gradient by finite differences, and the forms of the second derivative against each other.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "tensors.hpp"

#include <QtTest>
#include <map>
#include <numeric>
#include <set>

#include "model/classifier_impl.hpp"
#include "objective/attribution_pass.hpp"
#include "objective/objective.hpp"
#include "shared_data.hpp"
#include "test_device.hpp"

using namespace telltale;

namespace {

/// tiny-bert or another folder in double, ready for gradients.
struct Bench {
  std::shared_ptr<Classifier> model;
  Batch batch;
  Parameters& parameters() const { return *model->impl().parameters; }
  std::unique_ptr<Objective> objective(const ObjectiveOptions& o) const {
    auto out = std::make_unique<Objective>(model->config(), parameters(), model->tokenizer().specials(), o, parameters().flat.scalar_type());
    parameters().zero_gradients();
    return out;
  }
};

Bench bench(const std::filesystem::path& shared, const std::string& folder, const std::string& name, Precision precision = Precision::fp64) {
  ComputeOptions compute;
  compute.device = test_device();
  compute.precision = precision;
  compute.threads = 1;  // tiny models: a second thread only waits
  configure_compute(compute);
  Bench b;
  b.model = Classifier::load(shared / folder, compute);
  b.parameters().require_gradients();
  const auto file = Checkpoint::open_safetensors(shared / "golden/objective" / (name + ".inputs.safetensors"));
  b.batch.ids = tensor_of(*file->find("ids"));
  b.batch.mask = tensor_of(*file->find("mask"));
  b.batch.labels = tensor_of(*file->find("labels"));
  b.batch.noise_positive = tensor_of(*file->find("noise_positive"));
  b.batch.noise_negative = tensor_of(*file->find("noise_negative"));
  for (at::Tensor* t : {&b.batch.ids, &b.batch.mask, &b.batch.labels, &b.batch.noise_positive, &b.batch.noise_negative}) *t = t->to(b.parameters().flat.device());
  return b;
}

ObjectiveOptions golden_options(const Json& c) {
  ObjectiveOptions o;
  o.weight_class = c["weights"][0];
  o.weight_attribution = c["weights"][1];
  o.weight_cls = c["weights"][2];
  o.weight_positive = c["weights"][3];
  o.weight_negative = c["weights"][4];
  o.margin = c["alpha"];
  o.distance = c["distance"] == "pearson" ? Distance::pearson : Distance::cosine;
  o.steps = o.gradient_steps = 8;
  o.quadrature = Quadrature::midpoint;
  return o;
}

double total_of(const Bench& b, Objective& objective, const ObjectiveRequest& request) {
  (void)b;
  ObjectiveRequest quiet = request;
  quiet.gradient = false;
  return objective.evaluate(b.batch, quiet).total;
}

}  // namespace

class TestObjective : public QObject {
  Q_OBJECT

  void check_values(const Json& c, const TermValues& found) {
    const char* names[] = {"class", "attribution", "cls", "positive", "negative"};
    for (std::size_t k = 0; k < 5; ++k) {
      const double expected = c["values"][names[k]];
      QVERIFY2(std::abs(found.values[k] - expected) <= 1e-12 + 1e-9 * std::abs(expected), qPrintable(QString("%1: %2 and %3").arg(names[k]).arg(found.values[k], 0, 'g', 17).arg(expected, 0, 'g', 17)));
    }
    QVERIFY(std::abs(found.total - c["total"].get<double>()) <= 1e-9 * std::abs(c["total"].get<double>()));
    QCOMPARE(Json(found.predicted_negative), c["predicted_negative"]);
  }

 private Q_SLOTS:
  void tiny_golden_data() {
    QTest::addColumn<int>("order");
    QTest::addColumn<int>("graph");
    QTest::newRow("tangent") << int(SecondOrder::tangent) << int(GraphMode::two_pass);
    QTest::newRow("double backward") << int(SecondOrder::double_backward) << int(GraphMode::two_pass);
    QTest::newRow("graph kept") << int(SecondOrder::tangent) << int(GraphMode::kept);
  }
  void tiny_golden() {
    TELLTALE_NEEDS_SHARED(shared);
    QFETCH(int, order);
    QFETCH(int, graph);
    const Bench b = bench(shared, "golden/models/tiny-bert/fp32", "tiny-bert");
    const Json file = read_json(shared / "golden/objective/tiny-bert.json");
    const auto gradients = Checkpoint::open_safetensors(shared / "golden/objective/tiny-bert.gradients.safetensors");
    for (const auto& [name, c] : file["cases"].items()) {
      ObjectiveOptions o = golden_options(c);
      o.second_order = static_cast<SecondOrder>(order);
      o.graph = static_cast<GraphMode>(graph);
      const auto objective = b.objective(o);
      QVERIFY(std::abs(objective->unit() - file["unit"].get<double>()) < 1e-9);
      ObjectiveRequest request;
      request.measure_norms = true;
      const TermValues found = objective->evaluate(b.batch, request);
      check_values(c, found);
      QVERIFY(std::abs(found.attribution_gradient_norm / c["gradient_attribution"]["norm"].get<double>() - 1) < 1e-8);
      const double norm = c["gradient_total"]["norm"];
      for (const WeightSlice& s : b.parameters().slices) {
        const at::Tensor got = b.parameters().tensors[s.parameter].grad().narrow(0, s.first, s.rows).to(at::kCPU);
        const at::Tensor expected = tensor_of(*gradients->find(name + ".total." + s.name));
        QVERIFY2((got - expected).norm().item<double>() <= 1e-8 * norm, s.name.c_str());
      }
    }
  }
  void news6_golden() {
    TELLTALE_NEEDS_SHARED(shared);
    const Bench b = bench(shared, "data/models/minilm-news6", "minilm-news6");
    const Json file = read_json(shared / "golden/objective/minilm-news6.json");
    const Json& c = file["cases"]["mixed"];
    const auto objective = b.objective(golden_options(c));
    QVERIFY(std::abs(objective->unit() / file["unit"].get<double>() - 1) < 1e-9);
    const TermValues found = objective->evaluate(b.batch, {});
    check_values(c, found);
    const double norm = c["gradient_total"]["norm"];
    QVERIFY(std::abs(b.parameters().flat_gradient.norm().item<double>() / norm - 1) < 1e-8);
    for (const WeightSlice& s : b.parameters().slices) {
      const at::Tensor got = b.parameters().tensors[s.parameter].grad().narrow(0, s.first, s.rows).flatten().narrow(0, 0, std::min<std::int64_t>(32, s.rows)).to(at::kCPU);
      const at::Tensor expected = tensor_of(c["gradient_total"]["parameters"][s.name]["first32"]).narrow(0, 0, got.numel());
      QVERIFY2((got - expected).norm().item<double>() <= 1e-8 * norm, s.name.c_str());
    }
    for (const auto& [row, expected] : c["gradient_total"]["word_embedding_rows"].items()) {
      const at::Tensor got = b.parameters().weights.word.grad()[std::stoll(row)];
      QVERIFY(std::abs(got.norm().item<double>() - expected["norm"].get<double>()) <= 1e-8 * norm);
    }
  }
  void fp32_is_near() {
    TELLTALE_NEEDS_SHARED(shared);
    const Bench b = bench(shared, "data/models/minilm-news6", "minilm-news6", Precision::fp32);
    const Json c = read_json(shared / "golden/objective/minilm-news6.json")["cases"]["ones"];
    const TermValues found = b.objective(golden_options(c))->evaluate(b.batch, {});
    QVERIFY(std::abs(found.total - c["total"].get<double>()) < 1e-4);
    QVERIFY(std::abs(b.parameters().flat_gradient.norm().item<double>() / c["gradient_total"]["norm"].get<double>() - 1) < 1e-3);
  }

  void finite_differences_data() {
    QTest::addColumn<int>("kind");
    for (const char* name : {"attribution alone", "overlap", "prior", "embeddings path, log-odds", "difference, zero baseline", "entropy", "margin", "adversarial noise given", "random baseline", "exponential, pearson", "stratified kept", "stratified two-pass"})
      QTest::newRow(name) << static_cast<int>(0);
  }
  /// (L(θ + h v) − L(θ − h v)) / 2h = ⟨∇L, v⟩ for random directions v, for every term and choice, with as many nodes in both passes.
  void finite_differences() {
    TELLTALE_NEEDS_SHARED(shared);
    const QString name = QTest::currentDataTag();
    Bench b = bench(shared, "golden/models/tiny-bert/fp32", "tiny-bert");
    ObjectiveOptions o;
    o.steps = o.gradient_steps = 4;
    o.margin = 0.7;
    o.overlap_ramp = 0;
    const auto only = [&](double ObjectiveOptions::*w, double value) {
      o.weight_class = o.weight_attribution = o.weight_cls = o.weight_positive = o.weight_negative = 0;
      o.*w = value;
    };
    if (name == "attribution alone") only(&ObjectiveOptions::weight_attribution, 1);
    if (name == "overlap") only(&ObjectiveOptions::weight_overlap, 2);
    if (name == "prior") only(&ObjectiveOptions::weight_prior, 1.5);
    if (name.startsWith("embeddings")) o.path = Path::embeddings, o.output = Output::log_odds;
    if (name.startsWith("difference")) o.output = Output::difference, o.baseline = TrainingBaseline::zero, o.rival = "1";
    if (name == "entropy") o.negative = NegativeTerm::entropy;
    if (name == "margin") o.negative = NegativeTerm::margin;
    if (name == "random baseline") o.baseline = TrainingBaseline::random;
    if (name.startsWith("exponential")) o.radius = RadiusLaw::exponential, o.distance = Distance::pearson, b.batch.noise_positive = b.batch.noise_negative = at::Tensor();
    if (name == "stratified two-pass") o.draw = NodeDraw::stratified;
    if (name == "stratified kept") o.draw = NodeDraw::stratified, o.graph = GraphMode::kept;
    const auto objective = b.objective(o);
    if (name.startsWith("difference")) objective->set_rival(1);
    auto& state = objective->state();
    at::Generator g = at::detail::createCPUGenerator(7);
    const auto uniform = [&](const at::Tensor& like, double most) { return at::empty(like.sizes(), at::kDouble).uniform_(0, most, g).to(like.device()); };
    state.document_counts = uniform(state.mass, 20).floor();
    state.mass.copy_(uniform(state.mass, 0.1));
    state.confusion.copy_(uniform(state.confusion, 1));
    const ObjectiveState before{state.document_counts.clone(), state.mass.clone(), state.confusion.clone(), state.steps};
    const auto reset = [&] {
      state.mass.copy_(before.mass);
      state.confusion.copy_(before.confusion);
      state.steps = before.steps;
    };
    ObjectiveRequest request;
    request.seed = 11;
    request.scale = 1;
    objective->evaluate(b.batch, request);
    reset();
    const at::Tensor gradient = b.parameters().flat_gradient.clone();
    QVERIFY(gradient.norm().item<double>() > 1e-6);
    at::NoGradGuard no_grad;
    for (int k = 0; k < 3; ++k) {
      at::Tensor v = at::empty(gradient.sizes(), at::kDouble).normal_(0, 1, g).to(gradient.device());
      v.add_(gradient, 3 / gradient.norm().item<double>() * v.norm().item<double>() / 3);
      v.div_(v.norm());
      const double h = 1e-5, expected = (gradient * v).sum().item<double>();
      double values[2];
      for (int s = 0; s < 2; ++s) {
        b.parameters().flat.add_(v, s ? -h : h);
        objective->begin_step();
        values[s] = total_of(b, *objective, request);
        b.parameters().flat.add_(v, s ? h : -h);
      }
      const double found = (values[0] - values[1]) / (2 * h);
      QVERIFY2(std::abs(found - expected) <= 2e-6 * std::max(1.0, std::abs(expected)), qPrintable(QString("%1 and %2").arg(found, 0, 'g', 12).arg(expected, 0, 'g', 12)));
    }
  }

  /// Drawn nodes of pass two are some of those of pass one, each as often as the others, all of them where as many are asked for; a rule's own stay its own.
  void drawn_nodes_of_the_gradient() {
    ObjectiveOptions o;
    o.draw = NodeDraw::stratified;
    for (const auto& [have, take] : {std::pair{4, 2}, {5, 3}, {8, 1}, {3, 3}, {2, 5}}) {
      const Nodes first = draw_nodes(o, have, 21);
      std::map<double, double> found;
      constexpr int draws = 4000;
      for (int k = 0; k < draws; ++k) {
        const Nodes second = draw_gradient_nodes(o, first, take, static_cast<std::uint64_t>(k));
        QCOMPARE(second.points.size(), static_cast<std::size_t>(std::min(have, take)));
        QVERIFY(std::abs(std::accumulate(second.weights.begin(), second.weights.end(), 0.0) - 1) < 1e-12);
        QCOMPARE(std::set(second.points.begin(), second.points.end()).size(), second.points.size());
        for (std::size_t n = 0; n < second.points.size(); ++n) found[second.points[n]] += second.weights[n] / draws;
      }
      QCOMPARE(found.size(), first.points.size());
      for (std::size_t n = 0; n < first.points.size(); ++n) {
        QVERIFY(found.contains(first.points[n]));
        QVERIFY2(std::abs(found[first.points[n]] - first.weights[n]) < 0.03, qPrintable(QString("%1 of %2: %3").arg(take).arg(have).arg(found[first.points[n]])));
      }
    }
    o.draw = NodeDraw::fixed;
    QCOMPARE(draw_gradient_nodes(o, draw_nodes(o, 8, 1), 4, 2).points, nodes(o.quadrature, 4).points);
  }
  void shares_sum_to_one_and_change_nothing() {
    TELLTALE_NEEDS_SHARED(shared);
    const Bench b = bench(shared, "golden/models/tiny-bert/fp32", "tiny-bert");
    ObjectiveOptions o;
    o.margin = 2;
    const auto objective = b.objective(o);
    ObjectiveRequest request;
    objective->evaluate(b.batch, request);
    const at::Tensor plain = b.parameters().flat_gradient.clone();
    b.parameters().zero_gradients();
    request.shares = true;
    const TermValues found = objective->evaluate(b.batch, request);
    QVERIFY((b.parameters().flat_gradient - plain).norm().item<double>() < 1e-10 * plain.norm().item<double>());
    double sum = 0;
    for (const double s : found.shares) sum += s;
    QVERIFY(std::abs(sum - 1) < 1e-9);
    QVERIFY(found.shares[1] != 0);
  }
  void scale_and_accumulation_add_up() {
    TELLTALE_NEEDS_SHARED(shared);
    const Bench b = bench(shared, "golden/models/tiny-bert/fp32", "tiny-bert");
    ObjectiveOptions o;
    o.margin = 2;
    const auto objective = b.objective(o);
    ObjectiveRequest request;
    objective->evaluate(b.batch, request);
    const at::Tensor plain = b.parameters().flat_gradient.clone();
    b.parameters().zero_gradients();
    request.scale = 0.25;
    for (int k = 0; k < 4; ++k) objective->evaluate(b.batch, request);
    QVERIFY((b.parameters().flat_gradient - plain).norm().item<double>() < 1e-10 * plain.norm().item<double>());
  }
  /// A step in several batches moves the ramp and the averages as the same posts in one batch do, and only with its last batch.
  void batches_of_a_step_are_one_step() {
    TELLTALE_NEEDS_SHARED(shared);
    const Bench b = bench(shared, "golden/models/tiny-bert/fp32", "tiny-bert");
    ObjectiveOptions o;
    o.weight_overlap = 1;
    const auto whole = b.objective(o), parts = b.objective(o);
    const std::int64_t B = b.batch.ids.size(0);
    QVERIFY(B >= 3);
    const auto rows = [&](std::int64_t first, std::int64_t n) {
      Batch one = b.batch;
      for (at::Tensor* t : {&one.ids, &one.mask, &one.labels, &one.noise_positive, &one.noise_negative})
        if (t->defined()) *t = t->narrow(0, first, n);
      return one;
    };
    for (int step = 1; step <= 2; ++step) {
      whole->begin_step(), parts->begin_step();
      ObjectiveRequest request;
      whole->evaluate(b.batch, request);
      const at::Tensor mass = parts->state().mass.clone(), confusion = parts->state().confusion.clone();
      for (std::int64_t k = 0; k < 3; ++k) {
        request.last = k == 2;
        request.scale = 1.0 / 3;
        QCOMPARE(parts->state().steps, std::int64_t{step - 1});
        QVERIFY(at::equal(parts->state().mass, mass) && at::equal(parts->state().confusion, confusion));
        const std::int64_t first = k * B / 3;
        parts->evaluate(rows(first, (k + 1) * B / 3 - first), request);
      }
      QCOMPARE(parts->state().steps, std::int64_t{step});
      QVERIFY(whole->state().mass.sum().item<double>() > 0);
      QVERIFY((parts->state().mass - whole->state().mass).abs().max().item<double>() < 1e-12);
      QVERIFY((parts->state().confusion - whole->state().confusion).abs().max().item<double>() < 1e-12);
    }
    // What a step that was broken off left behind does not come into the next.
    ObjectiveRequest request;
    request.last = false;
    parts->evaluate(b.batch, request);
    parts->begin_step(), whole->begin_step();
    request.last = true;
    parts->evaluate(b.batch, request), whole->evaluate(b.batch, request);
    QVERIFY((parts->state().mass - whole->state().mass).abs().max().item<double>() < 1e-12);
  }
  void refusals() {
    TELLTALE_NEEDS_SHARED(shared);
    Bench b = bench(shared, "golden/models/tiny-bert/fp32", "tiny-bert");
    const auto objective = b.objective({});
    Batch wrong = b.batch;
    wrong.ids = b.batch.ids + 100000;
    QVERIFY_EXCEPTION_THROWN(objective->evaluate(wrong, {}), std::invalid_argument);
    wrong = b.batch;
    wrong.labels = b.batch.labels + 9;
    QVERIFY_EXCEPTION_THROWN(objective->evaluate(wrong, {}), std::invalid_argument);
    wrong = b.batch;
    wrong.noise_positive = b.batch.noise_positive.narrow(2, 0, 3);
    QVERIFY_EXCEPTION_THROWN(objective->evaluate(wrong, {}), std::invalid_argument);
    wrong = b.batch;
    wrong.mask = b.batch.mask * 2;
    QVERIFY_EXCEPTION_THROWN(objective->evaluate(wrong, {}), std::invalid_argument);
    wrong = b.batch;
    wrong.mask = b.batch.mask.clone();
    wrong.mask[1].zero_();
    try {
      objective->evaluate(wrong, {});
      QFAIL("a post without a token");
    } catch (const std::invalid_argument& e) {
      QVERIFY2(QString(e.what()).contains("row 1"), e.what());
    }
  }
};

QTEST_GUILESS_MAIN(TestObjective)
#include "test_objective.moc"
