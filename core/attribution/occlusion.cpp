// Occlusion (Zeiler & Fergus 2014; leave-one-out for text: Li, Monroe & Jurafsky 2016): F(x) − F(x without the word or piece).
#include <algorithm>
#include <limits>

#include "attribution/method.hpp"
#include "attribution/output_function.hpp"
#include "attribution/removal.hpp"

namespace telltale {
namespace {

bool same_text(const Encoding& a, const Encoding& b) {
  const auto same_word = [](const Word& x, const Word& y) { return x.first == y.first && x.last == y.last; };
  return a.ids == b.ids && std::equal(a.words.begin(), a.words.end(), b.words.begin(), b.words.end(), same_word);
}

class Occlusion final : public Method {
 public:
  MethodInfo info() const override {
    MethodInfo m;
    m.id = "occlusion";
    m.name = "Occlusion";
    m.source = "Zeiler & Fergus 2014; Li, Monroe & Jurafsky 2016";
    m.needs = "forward passes";
    m.cost = "(n + 1) F, n words or pieces";
    m.uses_removal = true;
    m.has_unit = true;
    return m;
  }

 private:
  void compute(MethodJob& job) const override {
    const SpecialIds& specials = job.model.tokenizer->specials();
    const Removal rule = job.options.removal.value_or(Removal::pad);
    const bool words = job.options.unit == Unit::word;
    std::vector<ModelInput> inputs;
    std::vector<std::vector<std::vector<int>>> units(job.items.size());  // per item: positions hidden together
    std::vector<std::size_t> first(job.items.size());                    // per item: its first input
    for (std::size_t k = 0; k < job.items.size(); ++k) {
      const Encoding& text = job.items[k].encoding;
      if (k > 0 && same_text(text, job.items[k - 1].encoding)) {  // one text for several classes: the forward passes are the same
        units[k] = units[k - 1];
        first[k] = first[k - 1];
        continue;
      }
      first[k] = inputs.size();
      if (words) {
        for (std::size_t w = 0; w < text.words.size(); ++w) units[k].push_back(pieces_of(text, {static_cast<int>(w)}));
      } else {
        for (std::size_t t = 0; t < text.ids.size(); ++t)
          if (!specials.special(text.ids[t])) units[k].push_back({static_cast<int>(t)});
      }
      inputs.push_back(without(text, {}, Removal::pad, specials));
      for (const auto& unit : units[k]) inputs.push_back(without(text, unit, rule, specials, job.options.baseline));
    }
    ProgressFn progress;
    if (job.progress) progress = [&](Progress p) { job.progress({p.done, p.total, "explaining"}); };
    const std::vector<Prediction> found = predict_with(job.engine, job.model, inputs, job.stop, progress);
    for (std::size_t k = 0; k < job.items.size(); ++k) {
      std::size_t next = first[k];
      Explanation& e = job.out[k];
      const auto value = [&](const Prediction& p) { return output_value(job.options.output, p.logits.data(), static_cast<int>(p.logits.size()), e.target, e.foil); };
      e.value = value(found[next++]);
      e.scores.assign(job.items[k].encoding.ids.size(), 0.0);
      for (const auto& unit : units[k]) {
        const double score = e.value - value(found[next++]);
        if (words) e.word_scores.push_back(score);
        for (const int t : unit) e.scores[static_cast<std::size_t>(t)] = score / static_cast<double>(unit.size());
      }
      e.baseline_value = e.delta = e.relative_delta = std::numeric_limits<double>::quiet_NaN();
      e.steps = static_cast<int>(units[k].size()) + 1;
    }
  }
};

}  // namespace

std::unique_ptr<const Method> make_occlusion() { return std::make_unique<Occlusion>(); }

}  // namespace telltale
