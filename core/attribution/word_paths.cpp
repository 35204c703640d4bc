// Integrated gradients along paths of words. Discretized IG (Sanyal & Ren 2021): from each word to the next among the
// neighbours of the last, 30 steps, 500 neighbours. Uniform Discretized IG (Roy & Kundu 2024, greedy): among the
// neighbours of points on the straight line, 30 points, 50 neighbours, and the path made finer once by middle points,
// as in the authors' runs. All words of a text move together; the sum is the authors': Σ_k g(p_k) · (p_{k+1} − p_k),
// p_0 the baseline. It does not promise completeness: its delta tells how far it is off.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "attribution/baselines.hpp"
#include "attribution/gradient_options.hpp"
#include "attribution/gradient_points.hpp"
#include "attribution/word_neighbours.hpp"

namespace telltale {
namespace {

class WordPaths final : public Method {
 public:
  explicit WordPaths(WordPath kind) : kind_(kind) {}

  MethodInfo info() const override {
    MethodInfo m;
    switch (kind_) {
      case WordPath::greedy:
        m.id = "dig-greedy", m.name = "Discretized IG, greedy";
        break;
      case WordPath::max_count:
        m.id = "dig-maxcount", m.name = "Discretized IG, max count";
        break;
      case WordPath::uniform:
        m.id = "udig", m.name = "Uniform discretized IG";
        break;
    }
    const bool uniform = kind_ == WordPath::uniform;
    m.source = uniform ? "Roy & Kundu 2024" : "Sanyal & Ren 2021";
    m.needs = "gradients at words";
    m.cost = uniform ? "(2 m + 3) (F + B), m steps" : "(m + 2) (F + B), m steps";
    m.uses_baseline = m.uses_neighbours = m.symmetric = true;
    m.own_steps = 30;
    return m;
  }

 private:
  void compute(MethodJob& job) const override {
    const auto words = WordNeighbours::of(job.model);
    for (std::size_t k = 0; k < job.items.size(); ++k) {
      one(job, k, *words);
      if (job.progress) job.progress({static_cast<double>(k + 1), static_cast<double>(job.items.size()), "explaining"});
    }
  }

  void one(MethodJob& job, std::size_t k, WordNeighbours& words) const {
    at::NoGradGuard no_grad;
    if (job.stop.stop_requested()) throw Cancelled{};
    const Encoding& text = job.items[k].encoding;
    const SpecialIds& specials = job.model.tokenizer->specials();
    const int steps = steps_of(job.options, info());
    const bool uniform = kind_ == WordPath::uniform;
    const int neighbours = neighbours_of(job.options, info());
    const NextWord rule = kind_ == WordPath::max_count ? NextWord::max_count : NextWord::greedy;
    const std::vector<std::int32_t> baseline = baseline_ids(job, k);
    // Equal words to equal baselines go the same way.
    std::vector<std::pair<std::int32_t, std::int32_t>> ends;
    for (std::size_t t = 0; t < text.ids.size(); ++t) ends.emplace_back(text.ids[t], baseline[t]);
    std::sort(ends.begin(), ends.end());
    ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
    const auto visited =
        uniform ? words.uniform(ends, steps, neighbours, rule) : words.anchored(ends, steps, neighbours, rule);
    std::vector<at::Tensor> paths;
    for (std::size_t p = 0; p < ends.size(); ++p) paths.push_back(words.path(visited[p], ends[p].second, steps));
    std::vector<at::Tensor> rows;
    Explanation& e = job.out[k];
    Json shown = Json::array();
    for (std::size_t t = 0; t < text.ids.size(); ++t) {
      const auto p = static_cast<std::size_t>(
          std::lower_bound(ends.begin(), ends.end(), std::pair(text.ids[t], baseline[t])) - ends.begin());
      rows.push_back(paths[p]);
      if (specials.special(text.ids[t])) continue;
      Json tokens = Json::array();
      for (const std::int32_t id : visited[p]) tokens.push_back(job.model.tokenizer->token(id));
      tokens.push_back(job.model.tokenizer->token(baseline[t]));
      shown.push_back({{"position", t}, {"words", std::move(tokens)}});
    }
    e.details["visited"] = std::move(shown);
    at::Tensor points = at::stack(rows, 1);  // [K,T,d]
    if (uniform) {                           // once finer: a middle point between neighbours
      const std::int64_t n = points.size(0);
      at::Tensor finer = at::empty({2 * n - 1, points.size(1), points.size(2)}, points.options());
      finer.slice(0, 0, 2 * n - 1, 2).copy_(points);
      finer.slice(0, 1, 2 * n - 1, 2).copy_(0.5 * (points.narrow(0, 0, n - 1) + points.narrow(0, 1, n - 1)));
      points = finer;
    }
    points = points.to(at::TensorOptions().dtype(job.engine.dtype()).device(job.model.device));
    const std::int64_t count = points.size(0);
    at::Tensor sum = at::zeros({static_cast<std::int64_t>(text.ids.size())}, at::kDouble);
    // The last point, x itself, takes no step: only F is asked there.
    gradients_at(
        job, k, Path::word, count, [&](std::int64_t first, std::int64_t n) { return points.narrow(0, first, n); },
        [&](std::int64_t first, const at::Tensor&, const at::Tensor& g, const std::vector<double>& values) {
          if (first == 0) e.baseline_value = values.front();
          e.value = values.back();
          const std::int64_t n = std::min(g.size(0), count - 1 - first);
          if (n > 0)
            sum += ((points.narrow(0, first + 1, n) - points.narrow(0, first, n)) * g.narrow(0, 0, n))
                       .sum(-1)
                       .to(at::kCPU)
                       .to(at::kDouble)
                       .sum(0);
        });
    e.scores.assign(sum.data_ptr<double>(), sum.data_ptr<double>() + sum.numel());
    const double change = e.value - e.baseline_value;
    e.delta = std::abs(std::accumulate(e.scores.begin(), e.scores.end(), 0.0) - change);
    e.relative_delta = e.delta / std::max(1e-3, std::abs(change));
    e.steps = static_cast<int>(count);
  }

  WordPath kind_;
};

}  // namespace

std::unique_ptr<const Method> make_word_paths(WordPath kind) { return std::make_unique<WordPaths>(kind); }

}  // namespace telltale
