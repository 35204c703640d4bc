// What is shown of the perturbation: radii, plane, nearest words and the law, on a model made here; and that looking changes nothing.
#include <ATen/ATen.h>

#include <QTemporaryDir>
#include <QtTest>
#include <cmath>

#include "model/classifier_impl.hpp"
#include "objective/geometry.hpp"
#include "objective/objective.hpp"
#include "objective/perturbation.hpp"
#include "widgets/tiny_model.hpp"
#include "test_device.hpp"

using namespace telltale;
namespace fs = std::filesystem;

namespace {

const ComputeOptions one_thread{test_device(), 1, Precision::fp32};
const std::vector<std::string> three = {"autos", "baseball", "hockey"};

double norm_of(const at::Tensor& v) { return v.to(at::kDouble).norm().item<double>(); }

}  // namespace

class TestGeometry : public QObject {
  Q_OBJECT
  QTemporaryDir dir_;
  std::shared_ptr<Classifier> model_;
  EmbeddingScale scale_;

  GeometryRequest request(const std::string& text = "the goalie was out of his period") const {
    GeometryRequest q;
    q.ids = model_->tokenizer().encode(text, 32).ids;
    q.label = 2;
    q.position = 2;
    q.scale = scale_;
    q.options.steps = 4;
    q.cloud = 20;
    q.seed = 5;
    return q;
  }
  at::Tensor table() const { return model_->impl().parameters->weights.word; }

 private Q_SLOTS:
  void initTestCase() {
    configure_compute(one_thread);
    model_ = Classifier::load(test::make_tiny_model(dir_.filePath("model").toStdString()), one_thread, three, 3);
    scale_ = embedding_scale(*model_);
  }

  void the_unit_is_that_of_the_objective() {
    QCOMPARE(scale_.unit, embedding_unit(table()));
    std::vector<double> nearest;
    for (std::int64_t i = 0; i < table().size(0); ++i) {
      double best = 1e9;
      for (std::int64_t j = 0; j < table().size(0); ++j)
        if (i != j) best = std::min(best, norm_of(table()[i] - table()[j]));
      nearest.push_back(best);
    }
    std::sort(nearest.begin(), nearest.end());
    QVERIFY(std::abs(scale_.unit - nearest[(nearest.size() - 1) / 2]) < 1e-6);
  }

  void radii_keep_their_bounds_data() {
    QTest::addColumn<int>("law");
    QTest::addColumn<int>("sampler");
    for (const auto law : {RadiusLaw::volume, RadiusLaw::exponential, RadiusLaw::fixed})
      for (const auto sampler : {Sampler::ball, Sampler::adversarial}) QTest::newRow(qPrintable(QString("%1 %2").arg(name_of(law), name_of(sampler)))) << int(law) << int(sampler);
  }
  void radii_keep_their_bounds() {
    QFETCH(int, law);
    QFETCH(int, sampler);
    GeometryRequest q = request();
    q.options.radius = static_cast<RadiusLaw>(law);
    q.options.sampler = static_cast<Sampler>(sampler);
    const PerturbationGeometry g = examine_perturbation(*model_, q);
    const double e1 = scale_.unit, e2 = 2 * scale_.unit, slack = 1e-5;
    QCOMPARE(g.epsilon, e1);
    QCOMPARE(g.epsilon2, e2);
    QCOMPARE(g.tokens.size(), q.ids.size() - 2);
    for (const GeometryToken& t : g.tokens) {
      QVERIFY(t.near_radius <= e1 + slack);
      QVERIFY(t.far_radius >= e1 - slack && t.far_radius <= e2 + slack);
    }
    QCOMPARE(g.near_draws.size(), std::size_t{64});
    for (const GeometryPoint& p : g.near_draws) QVERIFY(p.radius <= e1 + slack);
    for (const GeometryPoint& p : g.far_draws) QVERIFY(p.radius >= e1 - slack && p.radius <= e2 + slack);
    const auto chosen = std::find_if(g.tokens.begin(), g.tokens.end(), [](const GeometryToken& t) { return t.position == 2; });
    QVERIFY(std::abs(g.near.radius - chosen->near_radius) < slack && std::abs(g.far.radius - chosen->far_radius) < slack);
    if (q.options.radius == RadiusLaw::fixed) QVERIFY(std::abs(g.near.radius - 0.5 * e1) < slack && std::abs(g.far.radius - 1.5 * e1) < slack);
    // Found and law are shares, and agree: the largest gap of their sums is that of 4,000 draws.
    double found = 0, law_sum = 0, gap = 0;
    for (const auto& [f, l] : {std::pair{&g.near_found, &g.near_law}, {&g.far_found, &g.far_law}}) {
      found = law_sum = 0;
      for (std::size_t k = 0; k < f->size(); ++k) gap = std::max(gap, std::abs((found += (*f)[k]) - (law_sum += (*l)[k])));
      QVERIFY(std::abs(found - 1) < 1e-9 && std::abs(law_sum - 1) < 1e-9);
    }
    QVERIFY2(gap < 0.035, qPrintable(QString::number(gap)));  // Kolmogorov–Smirnov at 1e-4: 0.035
  }

  void the_law_against_its_density() {
    // Volume in three dimensions: r³; the exponential has an atom at the rim.
    QCOMPARE(radius_cdf(RadiusLaw::volume, 0.5, 3, 0, 1, 1), 0.125);
    QVERIFY(std::abs(radius_cdf(RadiusLaw::volume, 1.5, 2, 1, 2, 1) - (2.25 - 1) / 3) < 1e-12);
    QVERIFY(std::abs(radius_cdf(RadiusLaw::exponential, 0.999999, 9, 0, 1, 0.5) - (1 - std::exp(-2))) < 1e-5);
    QCOMPARE(radius_cdf(RadiusLaw::exponential, 1, 9, 0, 1, 0.5), 1.0);
    QCOMPARE(radius_cdf(RadiusLaw::exponential, 0.5, 9, 1, 2, 0.5), 0.0);
    QCOMPARE(radius_cdf(RadiusLaw::volume, 2, 768, 2, 2, 1), 1.0);  // ε = ε₂
    QCOMPARE(radius_cdf(RadiusLaw::volume, 0, 768, 0, 0, 1), 1.0);
    QVERIFY(radius_cdf(RadiusLaw::volume, 0.99, 768, 0, 1, 1) < 5e-4);  // nearly all at the rim
    at::Generator g = at::detail::createCPUGenerator(3);
    const at::Tensor r = std::get<0>(draw_radii(RadiusLaw::volume, 20000, 5, 1, 2, 1, g).sort());
    double gap = 0;
    for (std::int64_t k = 0; k < 20000; ++k) gap = std::max(gap, std::abs(radius_cdf(RadiusLaw::volume, r[k].item<double>(), 5, 1, 2, 1) - (static_cast<double>(k) + 0.5) / 20000));
    QVERIFY2(gap < 0.016, qPrintable(QString::number(gap)));
  }

  void the_plane_holds_x_and_both_copies() {
    const GeometryRequest q = request();
    const PerturbationGeometry g = examine_perturbation(*model_, q);
    QVERIFY(std::abs(g.near.in_plane - 1) < 1e-9 && std::abs(g.far.in_plane - 1) < 1e-9);
    QVERIFY(std::abs(g.near.angle) < 1e-9);  // x' lies on the first axis, x'' above it
    QVERIFY(g.far.angle >= 0);
    QCOMPARE(g.piece, std::string("goalie"));
    // The angle between the two is the true one.
    const auto xy = [](const GeometryPoint& p) { return std::pair{p.radius * std::cos(p.angle), p.radius * std::sin(p.angle)}; };
    const auto [ax, ay] = xy(g.near);
    const auto [bx, by] = xy(g.far);
    const double drawn = std::hypot(ax - bx, ay - by);
    const double cosine = (g.near.radius * g.near.radius + g.far.radius * g.far.radius - drawn * drawn) / (2 * g.near.radius * g.far.radius);
    QVERIFY(std::abs(cosine - std::cos(g.far.angle)) < 1e-9);
    for (const GeometryPoint& p : g.cloud) QVERIFY(p.in_plane >= 0 && p.in_plane <= 1);
  }

  void the_cloud_is_the_nearest_words() {
    const PerturbationGeometry g = examine_perturbation(*model_, request());
    QCOMPARE(g.cloud.size(), std::size_t{20});
    const auto own = model_->tokenizer().id("goalie");
    std::vector<std::pair<double, std::int32_t>> all;
    for (std::int64_t w = 5; w < table().size(0); ++w)
      if (w != own) all.emplace_back(norm_of(table()[w] - table()[own]), static_cast<std::int32_t>(w));
    std::sort(all.begin(), all.end());
    for (std::size_t k = 0; k < 20; ++k) {
      QCOMPARE(g.cloud[k].id, all[k].second);
      QVERIFY(std::abs(g.cloud[k].radius - all[k].first) < 1e-6);
      QCOMPARE(g.cloud[k].piece, model_->tokenizer().token(all[k].second));
    }
  }

  void nearest_words_and_shares() {
    GeometryRequest q = request();
    q.options.epsilon = 0.01;
    q.options.epsilon2 = 0.02;  // far inside of half a distance: every copy is nearest to its own word
    PerturbationGeometry g = examine_perturbation(*model_, q);
    QCOMPARE(g.near_own, 1.0);
    QCOMPARE(g.far_own, 1.0);
    for (const GeometryToken& t : g.tokens) QVERIFY(t.near_id == t.id && t.far_piece == t.piece);
    q.options.epsilon = 20;
    q.options.epsilon2 = 30;
    g = examine_perturbation(*model_, q);
    QVERIFY(g.far_own < 0.5);
    for (const GeometryToken& t : g.tokens) QVERIFY(t.near_id >= 5 && t.far_id >= 5);  // never a special
    // Snapped copies are words: their radius is a distance between words, whatever the law said.
    q = request();
    q.options.sampler = Sampler::nearest_token;
    g = examine_perturbation(*model_, q);
    for (const GeometryToken& t : g.tokens) QVERIFY(std::abs(t.far_radius - norm_of(table()[t.far_id] - table()[t.id])) < 1e-5);
  }

  void classes_and_distances_are_those_of_the_objective() {
    const GeometryRequest q = request();
    const PerturbationGeometry g = examine_perturbation(*model_, q);
    QCOMPARE(g.classes.size(), std::size_t{3});
    ModelInput input{q.ids, {}, {}};
    const Prediction p = model_->predict({input})[0];
    QCOMPARE(g.classes[0].predicted, p.predicted);
    QVERIFY(std::abs(g.classes[0].gold - p.probabilities[2]) < 1e-6);
    QCOMPARE(g.classes[0].label, three[static_cast<std::size_t>(p.predicted)]);
    for (const GeometryDistances* d : {&g.attribution, &g.cls})
      for (const double x : {d->near, d->far, d->between}) QVERIFY(x >= 0 && x <= 2);
    GeometryRequest quick = q;
    quick.attributions = false;
    const PerturbationGeometry h = examine_perturbation(*model_, quick);
    QVERIFY(std::isnan(h.attribution.near));
    QCOMPARE(h.cls.far, g.cls.far);
    // With ε → 0 all three are one text.
    GeometryRequest still = q;
    still.options.epsilon = still.options.epsilon2 = 0;
    const PerturbationGeometry s = examine_perturbation(*model_, still);
    QVERIFY(s.attribution.near < 1e-9 && s.cls.between < 1e-9);
    QCOMPARE(s.near.radius, 0.0);
    QCOMPARE(s.far_other, 0.0);
  }

  void chooses_a_token_and_repeats_itself() {
    GeometryRequest q = request();
    q.position = -1;
    const PerturbationGeometry a = examine_perturbation(*model_, q), b = examine_perturbation(*model_, q);
    QVERIFY(a.position > 0 && a.position < static_cast<int>(q.ids.size()) - 1);
    QCOMPARE(to_json(a).dump(), to_json(b).dump());
    q.tokens = 3;
    const PerturbationGeometry c = examine_perturbation(*model_, q);
    QCOMPARE(c.tokens.size(), std::size_t{3});
    QVERIFY(std::any_of(c.tokens.begin(), c.tokens.end(), [&](const GeometryToken& t) { return t.position == c.position; }));
    // The document carries everything.
    QCOMPARE(to_json(geometry_from_json(Json::parse(to_json(a).dump()))).dump(), to_json(a).dump());
  }

  void a_model_without_a_head() {
    const auto encoder = Classifier::load(model_->folder(), one_thread);
    GeometryRequest q = request();
    q.label = -1;
    q.position = -1;
    for (const Sampler s : {Sampler::ball, Sampler::adversarial, Sampler::nearest_token}) {
      q.options.sampler = s;
      const PerturbationGeometry g = examine_perturbation(*encoder, q);
      QVERIFY(g.classes.empty() && std::isnan(g.cls.near) && !g.cloud.empty());
      QCOMPARE(g.piece, std::string("goalie"));  // the longest
      QCOMPARE(to_json(geometry_from_json(Json::parse(to_json(g).dump()))).dump(), to_json(g).dump());
    }
  }

  void refuses_what_does_not_fit() {
    const auto refused = [&](auto change) {
      GeometryRequest q = request();
      change(q);
      QVERIFY_EXCEPTION_THROWN(examine_perturbation(*model_, q), std::invalid_argument);
    };
    refused([](GeometryRequest& q) { q.ids = {2, 3}; });
    refused([](GeometryRequest& q) { q.ids.clear(); });
    refused([](GeometryRequest& q) { q.ids[1] = 100000; });
    refused([](GeometryRequest& q) { q.ids[1] = -1; });
    refused([](GeometryRequest& q) { q.ids.assign(500, 7); });
    refused([](GeometryRequest& q) { q.position = 0; });
    refused([](GeometryRequest& q) { q.position = 99; });
    refused([](GeometryRequest& q) { q.label = 3; });
    refused([](GeometryRequest& q) { q.scale.unit = 0; });
  }

  void looking_at_a_run_changes_no_weight() {
    const auto store = Store::open(dir_.filePath("runs.telltale").toStdString(), Store::Mode::create);
    test::add_tiny_posts(*store, 48, 12);
    TrainRequest r = test::tiny_request(*store, model_->folder(), "contrastive", 3);
    assign(r.settings, "attribution.draw=stratified");
    assign(r.settings, "dropout.hidden=0.1");
    std::string weights[2], terms[2];
    for (const bool looked : {false, true}) {
      TrainControl control;
      if (looked) control.watch_geometry(GeometryWish{0, 1, -1, 0, 1});
      std::vector<OrderedJson> seen;
      TrainCallbacks callbacks;
      callbacks.event = [&](const OrderedJson& e) {
        if (e["event"] == "geometry") seen.push_back(e);
      };
      const RunRecord run = train_run(*store, queue_run(*store, r), {one_thread, false}, {}, callbacks, &control);
      QCOMPARE(run.status, RunStatus::finished);
      weights[looked] = read_file(store->folder() / run.folder / "model.safetensors");
      for (const StepRecord& s : store->steps(run.id)) terms[looked] += s.terms.dump();
      QCOMPARE(seen.empty(), !looked);
      if (!looked) continue;
      QVERIFY2(seen.size() > 3, qPrintable(QString::number(seen.size())));
      const PerturbationGeometry g = geometry_from_json(Json::parse(seen.front().dump()));
      QVERIFY(!std::isnan(g.attribution.far) && g.classes.size() == 3);
      QCOMPARE(seen.front()["step"].get<int>(), 1);
      QCOMPARE(seen.front()["document"].get<std::int64_t>(), store->steps(run.id).front().documents.at(1));
      QVERIFY(seen[1]["distances"]["attribution"]["near"].is_null());
    }
    QVERIFY(weights[0] == weights[1]);
    QCOMPARE(terms[0], terms[1]);
  }

  void a_look_keeps_to_its_share() {
    const auto store = Store::open(dir_.filePath("share.telltale").toStdString(), Store::Mode::create);
    test::add_tiny_posts(*store, 96, 12);
    const TrainRequest r = test::tiny_request(*store, model_->folder(), "contrastive", 12);
    TrainControl control;
    control.watch_geometry(GeometryWish{0, 0, -1, 0, 0.02});
    double spent = 0, seconds = 0, dearest = 0;
    TrainCallbacks callbacks;
    callbacks.event = [&](const OrderedJson& e) {
      seconds = e["seconds"];
      if (e["event"] == "geometry") {
        spent += e["cost_seconds"].get<double>();
        dearest = std::max(dearest, e["cost_seconds"].get<double>());
      }
    };
    QCOMPARE(train_run(*store, queue_run(*store, r), {one_thread, false}, {}, callbacks, &control).status, RunStatus::finished);
    QVERIFY2(spent > 0 && spent <= 0.02 * seconds + 2 * dearest, qPrintable(QString("%1 of %2 s").arg(spent).arg(seconds)));
  }
};

QTEST_GUILESS_MAIN(TestGeometry)
#include "test_geometry.moc"
