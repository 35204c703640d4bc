// Every divergence and distance against golden/losses.json, value and gradient, in double.
#include "tensors.hpp"

#include <QtTest>

#include "objective/distance.hpp"
#include "objective/divergence.hpp"
#include "objective/perturbation.hpp"
#include "objective/word_terms.hpp"
#include "shared_data.hpp"

using namespace telltale;

namespace {

at::Tensor value_of(const std::string& name, std::map<std::string, at::Tensor>& in, const Json& raw) {
  const auto labels = [&] { return in.at("y").to(at::kLong); };
  if (name == "jsd") return jensen_shannon(in["a"], at::log_softmax(in["b"], -1));
  if (name == "jsd_uniform") return jensen_shannon(in["a"], log_uniform_others(labels(), in["a"].size(1), at::kDouble));
  if (name == "entropy") return entropy(in["a"]);
  if (name == "entropy_maximising") return entropy_maximising(in["a"]);
  if (name == "cross_entropy") return cross_entropy(in["a"], labels());
  if (name == "logit_margin_keep") return margin_keep(in["a"], labels(), raw["margin_"]);
  if (name == "logit_margin_leave") return margin_leave(in["a"], labels(), raw["margin_"]);
  if (name == "cosine_distance") return cosine_distance(in["u"], in["v"], in["mask"]);
  if (name == "pearson_distance") return pearson_distance(in["u"], in["v"], in["mask"]);
  if (name == "triplet") return triplet(cosine_distance(in["u"], in["v"], in["mask"]), cosine_distance(in["u"], in["w"], in["mask"]), raw["alpha"]);
  return {};
}

}  // namespace

class TestLosses : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void golden() {
    TELLTALE_NEEDS_SHARED(shared);
    const Json file = read_json(shared / "golden/losses.json");
    int seen = 0;
    for (const Json& c : file["cases"]) {
      std::map<std::string, at::Tensor> in;
      for (const auto& [key, value] : c["inputs"].items())
        if (value.is_array()) in[key] = tensor_of(value);
      for (const auto& [key, gradient] : c["gradients"].items()) in[key].requires_grad_();
      const at::Tensor found = value_of(c["name"], in, c["inputs"]);
      QVERIFY2(found.defined(), c["name"].get<std::string>().c_str());
      const QByteArray name = QString("%1, %2").arg(c["name"].get<std::string>().c_str(), c["case"].get<std::string>().c_str()).toUtf8();
      const auto where = [&] { return name.constData(); };
      QVERIFY2((found.detach() - tensor_of(c["value"])).abs().sub(tensor_of(c["value"]).abs() * 1e-9).max().item<double>() <= 1e-12, where());
      std::vector<at::Tensor> leaves;
      for (const auto& [key, gradient] : c["gradients"].items()) leaves.push_back(in[key]);
      const auto gradients = torch::autograd::grad({found.sum()}, leaves, {}, false, false, true);
      std::size_t k = 0;
      for (const auto& [key, gradient] : c["gradients"].items()) {
        const at::Tensor expected = tensor_of(gradient), got = gradients[k].defined() ? gradients[k] : at::zeros_like(expected);
        ++k;
        // Judged by the size of the gradient as a whole; for parallel vectors of 1e-8 the true gradient is 0 and the file holds rounding
        // (about ε/‖v‖), so there the natural scale 1/‖v‖ of a cosine's gradient counts.
        const double size = in[key].detach().norm().item<double>(), scale = size > 0 && size < 1e-6 ? 1 / size : 0;
        QVERIFY2((got - expected).abs().max().item<double>() <= 1e-12 + 1e-9 * std::max(scale, expected.abs().max().item<double>()),
                 qPrintable(QString("%1: %2 of %3").arg(where()).arg((got - expected).abs().max().item<double>()).arg(expected.abs().max().item<double>())));
      }
      ++seen;
    }
    QVERIFY(seen > 200);
  }
  void radii() {
    at::Generator g = at::detail::createCPUGenerator(1);
    const std::int64_t n = 20000, d = 3;
    const at::Tensor volume = draw_radii(RadiusLaw::volume, n, d, 1, 2, 1, g);
    QVERIFY(volume.min().item<double>() >= 1 && volume.max().item<double>() <= 2);
    // P(r ≤ 1.5) = (1.5³ − 1)/(2³ − 1)
    QVERIFY(std::abs(volume.le(1.5).to(at::kDouble).mean().item<double>() - (3.375 - 1) / 7) < 0.015);
    const at::Tensor rim = draw_radii(RadiusLaw::volume, n, 768, 0, 2, 1, g);
    QVERIFY(rim.median().item<double>() > 1.99);
    const at::Tensor exponential = draw_radii(RadiusLaw::exponential, n, d, 0, 2, 1, g);
    QVERIFY(std::abs(exponential.ge(2).to(at::kDouble).mean().item<double>() - std::exp(-2.0)) < 0.01);
    QCOMPARE(draw_radii(RadiusLaw::fixed, 1, d, 1, 2, 1, g).item<double>(), 1.5);
    at::Tensor free = at::ones({2, 5}, at::kBool);
    free[0][0].fill_(false);
    const at::Tensor noise = draw_noise(RadiusLaw::volume, free, 16, 1, 2, 1, g);
    QCOMPARE(noise[0][0].abs().max().item<double>(), 0.0);
    const at::Tensor lengths = noise.square().sum(-1).sqrt().masked_select(free);
    QVERIFY(lengths.min().item<double>() > 0.999 && lengths.max().item<double>() < 2.001);
  }
  void nearest_token_is_never_special() {
    const at::Tensor table = at::eye(8, at::kFloat);
    SpecialIds s{0, 1, 2, 3, 4};
    const at::Tensor found = nearest_tokens(table, table + 0.1, s);
    for (int k = 5; k < 8; ++k) QCOMPARE(found[k].item<std::int64_t>(), k);
    for (int k = 0; k < 5; ++k) QVERIFY(found[k].item<std::int64_t>() >= 5);
  }
  void word_terms_by_hand() {
    // One post of class 0 against class 1, three pieces with counts (3,1), (0,0), (2,2): P = 4/6, 1/2, 1/2; s = 2/3, 1, 1.
    const at::Tensor counts = at::tensor({3.0, 0.0, 2.0, 1.0, 0.0, 2.0}, at::kDouble).view({2, 3});
    const at::Tensor ids = at::tensor({0, 1, 2}, at::kLong).view({1, 3}), y = at::tensor({0}, at::kLong), r = at::tensor({1}, at::kLong), keep = at::ones({1, 3}, at::kDouble);
    const at::Tensor s = sharedness(counts, ids, y, r);
    QVERIFY(std::abs(s[0][0].item<double>() - 2.0 / 3) < 1e-12 && s[0][1].item<double>() == 1 && s[0][2].item<double>() == 1);
    const at::Tensor A = at::tensor({1.0, -2.0, 1.0}, at::kDouble).view({1, 3});
    QVERIFY(std::abs(prior_penalty(A, keep, s).item<double>() - (2.0 / 3 + 2 + 1) / (4 + 1e-6)) < 1e-12);
    const at::Tensor mass = at::tensor({0.2, 0.0, 0.1, 0.2, 0.5, 0.0}, at::kDouble).view({2, 3});
    // a = 1/2, 0, 1/2 (over 2 + 1e-6); ratios 0.2/(0.4+1e-4), –, 0/(0.1+1e-4)
    QVERIFY(std::abs(overlap_penalty(A, keep, mass, ids, y, r).item<double>() - (1 / (2 + 1e-6)) * (0.2 / 0.4001)) < 1e-12);
    at::Tensor moving = at::zeros({2, 3}, at::kDouble);
    moving[1].fill_(7);
    update_mass(moving, {{A, keep, ids, y}});
    QVERIFY(std::abs(moving[0][0].item<double>() - 0.03 / (2 + 1e-6)) < 1e-12 && moving[1][0].item<double>() == 7);
    const at::Tensor confusion = at::tensor({0.9, 0.02, 0.08, 0.1, 0.8, 0.1, 0.0, 0.3, 0.7}, at::kDouble).view({3, 3});
    QCOMPARE(rivals(confusion, at::tensor({0, 2}, at::kLong), -1)[0].item<std::int64_t>(), 2);
    QCOMPARE(rivals(confusion, at::tensor({0, 2}, at::kLong), -1)[1].item<std::int64_t>(), 1);
    QCOMPARE(rivals(confusion, at::tensor({0, 2}, at::kLong), 1)[0].item<std::int64_t>(), 1);
  }
};

QTEST_GUILESS_MAIN(TestLosses)
#include "test_losses.moc"
