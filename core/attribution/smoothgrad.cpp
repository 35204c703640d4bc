// Gradients under noise. With g_i the gradient in the word embeddings at x + n_i, ḡ their mean over S draws:
//   smoothgrad          ‖ḡ_t‖₂                       (Smilkov et al. 2017)
//   smoothgrad-squared  Σ_d mean_i g²_{i,t,d}        (Hooker et al. 2019)
//   vargrad             Σ_d var_i g_{i,t,d}, S − 1   (Adebayo et al. 2018)
// so that smoothgrad² + (S − 1)/S · vargrad = smoothgrad-squared for each piece. n is normal, the same deviation in
// every dimension, its root mean square length `noise` units; [CLS], [SEP] and [PAD] stay in place. Standard errors by
// a grouped jackknife (Efron & Tibshirani 1993, ch. 11); where few draws have most of the gradient they come out low.
#include <algorithm>
#include <cmath>
#include <limits>

#include "attribution/baselines.hpp"
#include "attribution/gradient_options.hpp"
#include "attribution/gradient_points.hpp"
#include "attribution/inner_network.hpp"
#include "base/random.hpp"

namespace telltale {
namespace {

constexpr int default_draws = 50, most_groups = 25;

class NoisyGradient final : public Method {
 public:
  explicit NoisyGradient(NoiseScore score) : score_(score) {}

  MethodInfo info() const override {
    MethodInfo m;
    switch (score_) {
      case NoiseScore::mean:
        m.id = "smoothgrad", m.name = "SmoothGrad", m.source = "Smilkov et al. 2017";
        break;
      case NoiseScore::square:
        m.id = "smoothgrad-squared", m.name = "SmoothGrad squared", m.source = "Hooker et al. 2019";
        break;
      case NoiseScore::variance:
        m.id = "vargrad", m.name = "VarGrad", m.source = "Adebayo et al. 2018";
        break;
    }
    m.needs = "gradients at words";
    m.cost = "S (F + B), S samples";
    m.deterministic = false;
    m.draws = default_draws;
    m.uses_noise = true;
    return m;
  }

 private:
  /// Sums over some of the draws, [T,d] double.
  struct Sums {
    at::Tensor g, square;
    double count = 0;
    void add(const Sums& other, double sign = 1) {
      g = g.defined() ? g + sign * other.g : other.g.clone();
      square = square.defined() ? square + sign * other.square : other.square.clone();
      count += sign * other.count;
    }
  };

  /// [T] from the sums.
  at::Tensor score(const Sums& s) const {
    const at::Tensor mean = s.g / s.count;
    switch (score_) {
      case NoiseScore::mean:
        return mean.square().sum(-1).sqrt();
      case NoiseScore::square:
        return (s.square / s.count).sum(-1);
      case NoiseScore::variance:
        return s.count < 2 ? at::zeros({mean.size(0)}, mean.options())
                           : ((s.square / s.count - mean.square()).clamp_min(0) * (s.count / (s.count - 1))).sum(-1);
    }
    return {};
  }

  void compute(MethodJob& job) const override {
    const int draws = draws_of(job.options, info());
    without_baseline(job, draws);
    for (std::size_t k = 0; k < job.items.size(); ++k) {
      one(job, k, draws);
      if (job.progress) job.progress({static_cast<double>(k + 1), static_cast<double>(job.items.size()), "explaining"});
    }
  }

  void one(MethodJob& job, std::size_t k, int draws) const {
    at::NoGradGuard no_grad;
    const Encoding& text = job.items[k].encoding;
    ModelInput input;
    input.ids = text.ids;
    const at::Tensor words = job.model.words(input).to(job.engine.dtype());
    const std::int64_t T = words.size(0), d = words.size(1);
    const double deviation = job.options.noise * table_facts(job.model).unit / std::sqrt(static_cast<double>(d));
    const SpecialIds& specials = job.model.tokenizer->specials();
    const auto points = [&](std::int64_t first, std::int64_t n) {
      at::Tensor noise = at::zeros({n, T, d}, at::kDouble);
      for (std::int64_t r = 0; r < n; ++r) {
        Rng rng(stream_of(job, k, static_cast<std::uint64_t>(first + r)));
        double* to = noise.data_ptr<double>() + r * T * d;
        for (std::int64_t t = 0; t < T; ++t) {
          if (specials.special(text.ids[static_cast<std::size_t>(t)])) continue;
          for (std::int64_t j = 0; j < d; ++j) to[t * d + j] = deviation * rng.normal();
        }
      }
      return words.unsqueeze(0) + noise.to(words.options());
    };
    const int groups = std::min(draws, most_groups);
    std::vector<Sums> of_group(static_cast<std::size_t>(groups));
    gradients_at(job, k, Path::word, draws, points,
                 [&](std::int64_t first, const at::Tensor&, const at::Tensor& g, const std::vector<double>&) {
                   for (int group = 0; group < groups; ++group) {  // draw i belongs to group i mod groups
                     const std::int64_t start = ((group - first) % groups + groups) % groups;
                     if (start >= g.size(0)) continue;
                     const at::Tensor mine = g.slice(0, start, g.size(0), groups).to(at::kDouble);
                     of_group[static_cast<std::size_t>(group)].add(
                         {mine.sum(0), mine.square().sum(0), static_cast<double>(mine.size(0))});
                   }
                 });
    Sums all;
    for (const Sums& s : of_group) all.add(s);
    Explanation& e = job.out[k];
    const auto host = [](const at::Tensor& t) {
      const at::Tensor c = t.to(at::kCPU).contiguous();
      return std::vector<double>(c.data_ptr<double>(), c.data_ptr<double>() + c.numel());
    };
    e.scores = host(score(all));
    if (groups < 2 || (score_ == NoiseScore::variance && draws < 4)) {  // nothing to leave out
      e.standard_error.assign(text.words.size(), std::numeric_limits<double>::quiet_NaN());
      return;
    }
    std::vector<std::vector<double>> without;
    for (const Sums& s : of_group) {
      Sums rest;
      rest.add(all);
      rest.add(s, -1);
      without.push_back(host(score(rest)));
    }
    for (const Word& w : text.words) {
      std::vector<double> values;
      double mean = 0, square = 0;
      for (const auto& scores : without) {
        double sum = 0;
        for (std::int32_t t = w.first; t < w.last; ++t) sum += scores[static_cast<std::size_t>(t)];
        values.push_back(sum);
        mean += sum / groups;
      }
      for (const double v : values) square += (v - mean) * (v - mean);
      e.standard_error.push_back(std::sqrt(square * (groups - 1) / groups));
    }
  }

  NoiseScore score_;
};

}  // namespace

std::unique_ptr<const Method> make_noisy_gradient(NoiseScore score) { return std::make_unique<NoisyGradient>(score); }

}  // namespace telltale
