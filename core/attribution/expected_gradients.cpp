// Expected gradients (Erion et al. 2021): A_t = E_{b,α} Σ_d (x − b)_{t,d} ∂F/∂x_{t,d}(b + α(x − b)), b drawn from the
// references, α uniform. α is drawn stratified: draw r of n takes it from [r/n, (r+1)/n), in an order of its own, which
// keeps the mean and lowers the variance. References are noise (Baseline::noise) or training posts, whose pieces take
// the places of the text's pieces one by one, from the start again where the post is shorter.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "attribution/baselines.hpp"
#include "attribution/gradient_options.hpp"
#include "attribution/gradient_points.hpp"
#include "base/random.hpp"

namespace telltale {
namespace {

constexpr std::size_t draws_together = 32768;  ///< of the draws of all texts that are worked on at once

class ExpectedGradients final : public Method {
 public:
  MethodInfo info() const override {
    MethodInfo m;
    m.id = "expected-gradients";
    m.name = "Expected gradients";
    m.source = "Erion et al. 2021";
    m.needs = "gradients";
    m.cost = "S (2 F + B), S samples";
    m.deterministic = false;
    m.draws = 200;
    m.uses_references = true;
    return m;
  }

 private:
  struct Draw {
    std::size_t item;
    int number;
  };

  void compute(MethodJob& job) const override {
    const int draws = draws_of(job.options, info());
    std::vector<DrawnScores> mean;
    std::vector<std::vector<double>> alphas;
    std::vector<Draw> all;
    for (std::size_t k = 0; k < job.items.size(); ++k) {
      mean.emplace_back(job.items[k].encoding);
      alphas.push_back(stratified(stream_of(job, k, ~std::uint64_t{0}), draws));
      job.out[k].baseline_value = 0;
      for (int r = 0; r < draws; ++r) all.push_back({k, r});
    }
    for (std::size_t first = 0; first < all.size();) {
      std::size_t last = first, ids = 0;
      while (last < all.size() &&
             (last == first || ids + job.items[all[last].item].encoding.ids.size() <= draws_together))
        ids += job.items[all[last++].item].encoding.ids.size();
      some(job, {all.begin() + static_cast<std::ptrdiff_t>(first), all.begin() + static_cast<std::ptrdiff_t>(last)},
           alphas, draws, mean);
      first = last;
      if (job.progress) job.progress({static_cast<double>(first), static_cast<double>(all.size()), "explaining"});
    }
    for (std::size_t k = 0; k < job.items.size(); ++k) {
      Explanation& e = job.out[k];
      mean[k].give(e);
      const double change = e.value - e.baseline_value;
      e.delta = std::abs(std::accumulate(e.scores.begin(), e.scores.end(), 0.0) - change);
      e.relative_delta = e.delta / std::max(1e-3, std::abs(change));
      e.steps = draws;
    }
  }

  static std::vector<double> stratified(std::uint64_t seed, int n) {
    Rng rng(seed);
    std::vector<double> out;
    for (int r = 0; r < n; ++r) out.push_back((r + rng.uniform()) / n);
    rng.shuffle(out);
    return out;
  }

  static Ends ends_of_draw(const MethodJob& job, const Draw& d) {
    if (job.options.reference == Reference::noise)
      return ends_of(job, d.item, Baseline::noise, static_cast<std::uint64_t>(d.number));
    const ReferencePosts& posts = *job.options.posts;
    Rng rng(stream_of(job, d.item, static_cast<std::uint64_t>(d.number)));
    ModelInput text;
    text.ids = job.items[d.item].encoding.ids;
    const at::Tensor words = job.model.words(text).to(job.engine.dtype());
    return in_path_space(job, {words, repeated(job, d.item, words, posts.ids[rng.below(posts.ids.size())])});
  }

  static void some(MethodJob& job, const std::vector<Draw>& chosen, const std::vector<std::vector<double>>& alphas,
                   int draws, std::vector<DrawnScores>& mean) {
    std::vector<ExplainItem> items;
    std::vector<Explanation> out;
    std::vector<Ends> ends;
    std::vector<Point> points, both;
    for (const Draw& d : chosen) {
      const std::size_t row = items.size();
      ends.push_back(ends_of_draw(job, d));
      points.push_back({row, alphas[d.item][static_cast<std::size_t>(d.number)]});
      both.push_back({row, 0});
      if (d.number == 0) both.push_back({row, 1});
      items.push_back(job.items[d.item]);
      Explanation e;
      e.target = job.out[d.item].target;
      e.foil = job.out[d.item].foil;
      out.push_back(std::move(e));
    }
    MethodJob part{job.model, job.engine, items, job.options, job.stop, {}, out};
    const std::vector<double> values = values_at(part, ends, both);
    for (std::size_t p = 0; p < both.size(); ++p) {
      Explanation& e = job.out[chosen[both[p].item].item];
      if (both[p].alpha == 0)
        e.baseline_value += values[p] / draws;
      else
        e.value = values[p];
    }
    // Kept by row first: sums then do not depend on the order of the batches.
    std::vector<std::vector<double>> found(chosen.size());
    gradient_rows(
        part, ends, std::move(points),
        [](const at::Tensor& g, const at::Tensor&, const at::Tensor& difference) { return (g * difference).sum(-1); },
        [&](const Point& p, const double* s) { found[p.item].assign(s, s + items[p.item].encoding.ids.size()); });
    for (std::size_t r = 0; r < chosen.size(); ++r) mean[chosen[r].item].add(found[r].data());
  }
};

}  // namespace

std::unique_ptr<const Method> make_expected_gradients() { return std::make_unique<ExpectedGradients>(); }

}  // namespace telltale
