// Baseline Exploration-Exploitation after BEE (Barkan, Elisha, Weill & Koenigstein 2025, arXiv 2412.17512): Integrated Gradients whose baseline is chosen for each
// text, by what a chosen measure says of the explanation.
//
// The paper learns a mixture of baseline distributions by contextual exploration and exploitation, draws baselines from it and keeps the best explanation. Here
// each text has a bandit of its own. An arm is a distribution around one baseline: [PAD], [MASK], [UNK], zero, the mean embedding, and uniform noise. The first
// pull of an arm is its centre, each later one adds normal noise of half the table's deviation in each dimension; noise is drawn anew each time. The reward of a
// pull is the measure of its explanation (16 nodes), words deleted. The next arm is that of the largest mean + ½ r √(2 ln t / n) (UCB1: Auer et al. 2002; r the
// range of the rewards so far, t pulls in all, n of the arm). The best pull is integrated again with the nodes or the tolerance of the options: its scores sum to
// F(x) − F(b) of that baseline. Not in it: the paper's network that is trained beforehand on other inputs, and its maps of inner layers.
#include <algorithm>
#include <cmath>
#include <limits>

#include "attribution/baselines.hpp"
#include "attribution/coalitions.hpp"
#include "attribution/gradient_options.hpp"
#include "attribution/integrated_gradients.hpp"
#include "attribution/output_function.hpp"
#include "attribution/removal.hpp"
#include "base/random.hpp"

namespace telltale {
namespace {

constexpr Baseline arms[] = {Baseline::pad, Baseline::mask, Baseline::unk, Baseline::zero, Baseline::mean, Baseline::noise};
constexpr std::size_t arm_count = std::size(arms);
constexpr int pull_nodes = 16;
constexpr std::uint64_t noise_stream = 0x626565;  // "bee"
constexpr double same = 1e-6;  ///< rewards this near count as equal, so that what else is in a batch decides nothing

struct Pull {
  std::size_t arm = 0;
  int of_arm = 0;  ///< how often the arm was pulled before
  double reward = 0;
};

/// UCB1 over what was pulled; every arm once, in their order, first.
std::size_t next_arm(const std::vector<Pull>& pulls) {
  if (pulls.size() < arm_count) return pulls.size();
  double sum[arm_count] = {}, n[arm_count] = {}, low = pulls[0].reward, high = low;
  for (const Pull& p : pulls) {
    sum[p.arm] += p.reward, ++n[p.arm];
    low = std::min(low, p.reward), high = std::max(high, p.reward);
  }
  std::size_t best = 0;
  double best_bound = -std::numeric_limits<double>::infinity();
  for (std::size_t a = 0; a < arm_count; ++a) {
    const double bound = sum[a] / n[a] + 0.5 * (high - low) * std::sqrt(2 * std::log(static_cast<double>(pulls.size())) / n[a]);
    if (bound > best_bound + same) best = a, best_bound = bound;
  }
  return best;
}

class Bee final : public Method {
 public:
  explicit Bee(BeeReward reward) : reward_(reward) {}

  MethodInfo info() const override {
    MethodInfo m;
    switch (reward_) {
      case BeeReward::comprehensiveness: m.id = "bee", m.name = "BEE, comprehensiveness"; break;
      case BeeReward::sufficiency: m.id = "bee-sufficiency", m.name = "BEE, sufficiency"; break;
      case BeeReward::log_odds: m.id = "bee-log-odds", m.name = "BEE, log-odds"; break;
    }
    m.source = "Barkan et al. 2025";
    m.needs = "gradients";
    m.cost = reward_ == BeeReward::log_odds ? "S (17 F + 16 B) + m (F + B), S pulls" : "S (26 F + 16 B) + m (F + B), S pulls";
    m.complete = true;
    m.deterministic = false;
    m.uses_steps = true;
    m.draws = 18;
    return m;
  }

 private:
  /// The baseline of a pull. Equal texts, seeds and pulls give equal ends.
  static Ends ends_of_pull(const MethodJob& job, std::size_t item, const Pull& p) {
    if (arms[p.arm] == Baseline::noise) return ends_of(job, item, Baseline::noise, static_cast<std::uint64_t>(p.of_arm));
    Ends ends = ends_of(job, item, arms[p.arm], 0);
    if (p.of_arm == 0) return ends;
    const TableFacts facts = table_facts(job.model);
    Rng rng(mix_seed(stream_of(job, item, static_cast<std::uint64_t>(p.of_arm)), noise_stream, p.arm));
    at::Tensor noise = at::empty({ends.x.size(0), facts.deviation.size(0)}, at::kDouble);
    double* to = noise.data_ptr<double>();
    for (std::int64_t k = 0; k < noise.numel(); ++k) to[k] = rng.normal();
    noise = noise * (0.5 * facts.deviation);
    const SpecialIds& s = job.model.tokenizer->specials();
    const auto& ids = job.items[item].encoding.ids;
    for (std::size_t t = 0; t < ids.size(); ++t)
      if (s.special(ids[t])) noise[static_cast<std::int64_t>(t)].zero_();
    ends.baseline = ends.baseline + noise.to(ends.baseline.options());
    return ends;
  }

  /// Texts that the measure asks about an explanation: the words in `order`, the best first.
  void ask(const Encoding& text, const std::vector<int>& order, const SpecialIds& specials, std::vector<ModelInput>& inputs) const {
    const double n = static_cast<double>(order.size());
    for (int bin = 1; bin <= bins(); ++bin) {
      const double share = reward_ == BeeReward::log_odds ? 0.2 : bin / 10.0;
      const auto k = static_cast<std::ptrdiff_t>(std::clamp(std::ceil(share * n - 1e-9), 1.0, n));
      const bool keep = reward_ == BeeReward::sufficiency;
      const std::vector<int> words(keep ? order.begin() + k : order.begin(), keep ? order.end() : order.begin() + k);
      inputs.push_back(without(text, pieces_of(text, words), Removal::remove, specials));
    }
  }
  int bins() const { return reward_ == BeeReward::log_odds ? 1 : 10; }

  static double log_probability(double p) { return std::log(std::max(p, 1e-300)); }

  double reward(const Explanation& e, Output output, const Prediction* answers) const {
    const auto value = [&](const Prediction& p, Output o) { return output_value(o, p.logits.data(), static_cast<int>(p.logits.size()), e.target, e.foil); };
    if (reward_ == BeeReward::log_odds) return log_probability(value(e.prediction, Output::probability)) - log_probability(value(answers[0], Output::probability));
    double sum = 0;
    for (int b = 0; b < bins(); ++b) sum += value(e.prediction, output) - value(answers[b], output);
    return (reward_ == BeeReward::sufficiency ? -sum : sum) / bins();
  }

  void compute(MethodJob& job) const override {
    at::NoGradGuard no_grad;
    const int draws = draws_of(job.options, info());
    const SpecialIds& specials = job.model.tokenizer->specials();
    std::vector<std::vector<Pull>> pulls(job.items.size());
    ExplainOptions coarse = job.options;
    coarse.steps = pull_nodes;
    coarse.quadrature = Quadrature::gauss_legendre;
    for (int t = 0; t < draws; ++t) {  // one pull of every text at a time, so that texts share batches
      if (job.stop.stop_requested()) throw Cancelled{};
      std::vector<Ends> ends;
      std::vector<Explanation> found = job.out;
      for (std::size_t k = 0; k < job.items.size(); ++k) {
        Pull p{next_arm(pulls[k]), 0, 0};
        p.of_arm = static_cast<int>(std::count_if(pulls[k].begin(), pulls[k].end(), [&](const Pull& q) { return q.arm == p.arm; }));
        ends.push_back(ends_of_pull(job, k, p));
        pulls[k].push_back(p);
      }
      MethodJob part{job.model, job.engine, job.items, coarse, job.stop, {}, found};
      integrate_between(part, ends);
      std::vector<ModelInput> inputs;
      for (std::size_t k = 0; k < job.items.size(); ++k)
        if (!job.items[k].encoding.words.empty()) ask(job.items[k].encoding, order_of(job.items[k].encoding, found[k].scores), specials, inputs);
      const std::vector<Prediction> answers = predict_with(job.engine, job.model, inputs, job.stop);
      std::size_t at = 0;
      for (std::size_t k = 0; k < job.items.size(); ++k) {
        if (job.items[k].encoding.words.empty()) continue;
        pulls[k].back().reward = reward(job.out[k], job.options.output, answers.data() + at);
        at += static_cast<std::size_t>(bins());
      }
      if (job.progress) job.progress({static_cast<double>(t + 1), static_cast<double>(draws + 1), "explaining"});
    }
    std::vector<Ends> ends;
    for (std::size_t k = 0; k < job.items.size(); ++k) {
      const Pull* best = &pulls[k][0];
      for (const Pull& p : pulls[k])
        if (p.reward > best->reward + same) best = &p;
      ends.push_back(ends_of_pull(job, k, *best));
      tell(job.out[k], pulls[k], *best);
    }
    integrate_between(job, ends);
  }

  /// Words by their summed scores, the highest first, ties by position.
  static std::vector<int> order_of(const Encoding& text, const std::vector<double>& scores) {
    std::vector<double> of_word;
    std::vector<int> order;
    double largest = 0;
    for (const Word& w : text.words) {
      double sum = 0;
      for (std::int32_t t = w.first; t < w.last; ++t) sum += scores[static_cast<std::size_t>(t)];
      order.push_back(static_cast<int>(order.size()));
      of_word.push_back(sum);
      largest = std::max(largest, std::abs(sum));
    }
    // Equal words at equal places must not be ordered by the last bit of a float.
    for (double& s : of_word) s = largest > 0 ? std::round(s / largest / same) : 0;
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return of_word[static_cast<std::size_t>(a)] > of_word[static_cast<std::size_t>(b)]; });
    return order;
  }

  void tell(Explanation& e, const std::vector<Pull>& pulls, const Pull& best) const {
    Json all = Json::array();
    for (const Pull& p : pulls) all.push_back({{"baseline", name_of(arms[p.arm])}, {"draw", p.of_arm}, {"value", reward_ == BeeReward::comprehensiveness ? p.reward : -p.reward}});
    const char* measure = reward_ == BeeReward::comprehensiveness ? "aopc-comprehensiveness" : reward_ == BeeReward::sufficiency ? "aopc-sufficiency" : "log-odds";
    e.details = {{"measure", measure}, {"baseline", name_of(arms[best.arm])}, {"draw", best.of_arm}, {"value", reward_ == BeeReward::comprehensiveness ? best.reward : -best.reward}, {"pulls", std::move(all)}};
  }

  BeeReward reward_;
};

}  // namespace

std::unique_ptr<const Method> make_bee(BeeReward reward) { return std::make_unique<Bee>(reward); }

}  // namespace telltale
