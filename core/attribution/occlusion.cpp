// Occlusion (Zeiler & Fergus 2014; leave-one-out for text: Li, Monroe & Jurafsky 2016): F(x) − F(x without the word or piece); with a window of N,
// the mean of F(x) − F(x without the window) over the windows of N neighbouring words that hold the word (as Captum averages overlapping windows).
#include <algorithm>
#include <limits>

#include "attribution/coalitions.hpp"
#include "attribution/output_function.hpp"
#include "attribution/removal.hpp"

namespace telltale {
namespace {

class Occlusion final : public Method {
 public:
  MethodInfo info() const override {
    MethodInfo m;
    m.id = "occlusion";
    m.name = "Occlusion";
    m.source = "Zeiler & Fergus 2014; Li, Monroe & Jurafsky 2016";
    m.needs = "forward passes";
    m.cost = "(n + 1) F, n words or pieces";
    m.uses_removal = m.has_unit = m.uses_window = true;
    m.dummy = m.symmetric = true;
    return m;
  }

 private:
  void compute(MethodJob& job) const override {
    const SpecialIds& specials = job.model.tokenizer->specials();
    const Removal rule = job.options.removal.value_or(info().removal);
    std::vector<ModelInput> inputs;
    std::vector<Players> players(job.items.size());
    std::vector<std::size_t> first(job.items.size());  // per item: its first input
    const auto window = static_cast<std::size_t>(job.options.window);
    const auto windows = [&](std::size_t n) { return n == 0 ? 0 : n <= window ? 1 : n - window + 1; };
    for (std::size_t k = 0; k < job.items.size(); ++k) {
      const Encoding& text = job.items[k].encoding;
      players[k] = players_of(text, specials, job.options.unit);
      if (k > 0 && same_text(text, job.items[k - 1].encoding)) {  // one text for several classes: the forward passes are the same
        first[k] = first[k - 1];
        continue;
      }
      first[k] = inputs.size();
      inputs.push_back(without(text, {}, Removal::pad, specials));
      for (std::size_t at = 0; at < windows(players[k].size()); ++at) {
        std::vector<int> hidden;
        for (std::size_t p = at; p < std::min(at + window, players[k].size()); ++p) hidden.insert(hidden.end(), players[k].positions[p].begin(), players[k].positions[p].end());
        inputs.push_back(without(text, hidden, rule, specials, job.options.baseline));
      }
    }
    ProgressFn progress;
    if (job.progress) progress = [&](Progress p) { job.progress({p.done, p.total, "explaining"}); };
    const std::vector<Prediction> found = predict_with(job.engine, job.model, inputs, job.stop, progress);
    for (std::size_t k = 0; k < job.items.size(); ++k) {
      Explanation& e = job.out[k];
      const auto value = [&](const Prediction& p) { return output_value(job.options.output, p.logits.data(), static_cast<int>(p.logits.size()), e.target, e.foil); };
      const std::size_t n = players[k].size();
      const double whole = value(found[first[k]]);
      PlayerScores scores{std::vector<double>(n, 0.0), {}, true};
      std::vector<double> covered(n, 0.0);
      for (std::size_t at = 0; at < windows(n); ++at) {
        const double drop = whole - value(found[first[k] + 1 + at]);
        for (std::size_t p = at; p < std::min(at + window, n); ++p) scores.scores[p] += drop, ++covered[p];
      }
      for (std::size_t p = 0; p < n; ++p) scores.scores[p] /= covered[p];
      fill_scores(e, job.items[k].encoding, players[k], scores, info(), whole, 0);
      e.steps = static_cast<int>(windows(n)) + 1;
    }
  }
};

}  // namespace

std::unique_ptr<const Method> make_occlusion() { return std::make_unique<Occlusion>(); }

}  // namespace telltale
