// Sequential Integrated Gradients (Enguehard 2023): each word on a path of its own, from its baseline to itself, the
// other words in place. Gauss–Legendre nodes; unit piece moves the pieces one by one, as the paper does, unit word all
// pieces of a word together. With nodes enough the score of a unit is F(x) − F(x with the unit at its baseline), so no
// sum over the units is promised; scores are not scaled to length 1.
#include <limits>

#include "attribution/baselines.hpp"
#include "attribution/gradient_options.hpp"
#include "attribution/gradient_points.hpp"
#include "attribution/inner_network.hpp"
#include "attribution/quadrature.hpp"

namespace telltale {
namespace {

class SequentialGradients final : public Method {
 public:
  MethodInfo info() const override {
    MethodInfo m;
    m.id = "sig";
    m.name = "Sequential IG";
    m.source = "Enguehard 2023";
    m.needs = "gradients";
    m.cost = "n m (F + B), n words or pieces, m nodes";
    m.uses_baseline = m.has_unit = m.symmetric = true;
    m.own_steps = 30;
    return m;
  }

 private:
  void compute(MethodJob& job) const override {
    without_baseline(job, 0);
    if (job.options.baseline == Baseline::noise) {
      const int draws = draws_of(job.options, info());
      for (std::size_t k = 0; k < job.items.size(); ++k) {
        DrawnScores mean(job.items[k].encoding);
        for (int r = 0; r < draws; ++r) mean.add(one(job, k, static_cast<std::uint64_t>(r)).data());
        mean.give(job.out[k]);
        if (job.options.unit == Unit::piece) job.out[k].standard_error.clear();  // known of words
      }
      return;
    }
    for (std::size_t k = 0; k < job.items.size(); ++k) {
      job.out[k].scores = one(job, k, 0);
      if (job.progress) job.progress({static_cast<double>(k + 1), static_cast<double>(job.items.size()), "explaining"});
    }
  }

  std::vector<double> one(MethodJob& job, std::size_t k, std::uint64_t draw) const {
    at::NoGradGuard no_grad;
    const Encoding& text = job.items[k].encoding;
    const SpecialIds& specials = job.model.tokenizer->specials();
    std::vector<std::pair<std::int64_t, std::int64_t>> units;  // positions [first, last)
    if (job.options.unit == Unit::word) {
      for (const Word& w : text.words) units.emplace_back(w.first, w.last);
    } else {
      for (std::size_t t = 0; t < text.ids.size(); ++t)
        if (!specials.special(text.ids[t])) units.emplace_back(t, t + 1);
    }
    const Ends ends = ends_of(job, k, draw);
    const at::Tensor difference = ends.x - ends.baseline;
    const Nodes rule = nodes(Quadrature::gauss_legendre, steps_of(job.options, info()));
    const auto m = static_cast<std::int64_t>(rule.points.size());
    std::vector<double> scores(text.ids.size(), 0.0);
    const auto points = [&](std::int64_t first, std::int64_t n) {
      at::Tensor x = ends.x.unsqueeze(0).repeat({n, 1, 1});
      for (std::int64_t r = 0; r < n; ++r) {
        const auto [begin, end] = units[static_cast<std::size_t>((first + r) / m)];
        x.select(0, r)
            .narrow(0, begin, end - begin)
            .sub_(difference.narrow(0, begin, end - begin), 1 - rule.points[static_cast<std::size_t>((first + r) % m)]);
      }
      return x;
    };
    gradients_at(job, k, job.options.path, m * static_cast<std::int64_t>(units.size()), points,
                 [&](std::int64_t first, const at::Tensor&, const at::Tensor& g, const std::vector<double>&) {
                   const at::Tensor s = (g * difference).sum(-1).to(at::kCPU).to(at::kDouble).contiguous();
                   for (std::int64_t r = 0; r < s.size(0); ++r) {
                     const auto [begin, end] = units[static_cast<std::size_t>((first + r) / m)];
                     for (std::int64_t t = begin; t < end; ++t)
                       scores[static_cast<std::size_t>(t)] += rule.weights[static_cast<std::size_t>((first + r) % m)] *
                                                              s.data_ptr<double>()[r * s.size(1) + t];
                   }
                 });
    job.out[k].steps += static_cast<int>(m * static_cast<std::int64_t>(units.size()));
    return scores;
  }
};

}  // namespace

std::unique_ptr<const Method> make_sequential_gradients() { return std::make_unique<SequentialGradients>(); }

}  // namespace telltale
