// Input reduction (Feng, Wallace, Grissom, Iyyer, Rodriguez & Boyd-Graber 2018): the least important word goes, again and again, as long as the model's answer
// stays what it is on the whole text.
//
// A word's importance is, as in the authors' code, gradient × input of F on what is left (the first-order estimate of its leave-one-out drop). With a beam of B
// the B least important words of each text in the beam are tried, and of the texts that keep the answer the B surest are kept. One word always stays.
// The score of a word is its place in the removal, s/n for the s-th of n words; those that never went have 1. Scores say an order and no amounts.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "attribution/coalitions.hpp"
#include "attribution/gradient_rows.hpp"
#include "attribution/output_function.hpp"
#include "attribution/removal.hpp"

namespace telltale {
namespace {

constexpr int wide_beam = 5;
constexpr double equally_good = 1e-5;  ///< importances and probabilities this near (of the largest) count as equal, so that what else is in a batch decides nothing

/// A text with some of its words gone.
struct Reduced {
  std::vector<int> gone;   ///< words, in the order of their going
  double probability = 0;  ///< of the answer that must stay
  bool has(int word) const { return std::find(gone.begin(), gone.end(), word) != gone.end(); }
};

class InputReduction final : public Method {
 public:
  explicit InputReduction(bool beam) : beam_(beam ? wide_beam : 1) {}

  MethodInfo info() const override {
    MethodInfo m;
    m.id = beam_ > 1 ? "input-reduction-beam" : "input-reduction";
    m.name = beam_ > 1 ? "Input reduction, beam of 5" : "Input reduction";
    m.source = "Feng et al. 2018";
    m.needs = "gradients";
    m.cost = beam_ > 1 ? "at most 5 n (6 F + B), n words" : "at most n (2 F + B), n words";
    return m;
  }

 private:
  static Encoding what_is_left(const Encoding& text, const Reduced& r, const SpecialIds& specials) {
    Encoding out;
    out.ids = without(text, pieces_of(text, r.gone), Removal::remove, specials).ids;
    return out;
  }

  /// The words that are left of each text, least important first; `item` says whose it is.
  struct Beam {
    std::size_t item;
    Reduced text;
    std::vector<int> candidates;
  };

  void rank(MethodJob& job, std::vector<Beam>& beams) const {
    const SpecialIds& specials = job.model.tokenizer->specials();
    std::vector<ExplainItem> items;
    std::vector<Explanation> out;
    std::vector<Ends> ends;
    std::vector<Point> points;
    for (const Beam& b : beams) {
      ExplainItem item = job.items[b.item];
      item.encoding = what_is_left(job.items[b.item].encoding, b.text, specials);
      Ends e = path_ends(job.model, item.encoding, job.options.path, Baseline::pad, job.engine.dtype());
      e.baseline = e.x;  // the point is the text itself
      ends.push_back(std::move(e));
      points.push_back({items.size(), 1, 1});
      items.push_back(std::move(item));
      Explanation o;
      o.target = job.out[b.item].target, o.foil = job.out[b.item].foil;
      out.push_back(std::move(o));
    }
    MethodJob part{job.model, job.engine, items, job.options, job.stop, {}, out};
    gradient_rows(
        part, ends, std::move(points), [](const at::Tensor& g, const at::Tensor& x, const at::Tensor&) { return (g * x).sum(-1); },
        [&](const Point& p, const double* scores) { beams[p.item].candidates = least_important(job.items[beams[p.item].item].encoding, beams[p.item].text, scores); });
  }

  /// scores: one per id of what is left, [CLS] first.
  static std::vector<int> least_important(const Encoding& text, const Reduced& r, const double* scores) {
    std::vector<int> left;
    std::vector<double> importance;
    std::vector<std::uint8_t> gone(text.ids.size(), 0);
    for (const int t : pieces_of(text, r.gone)) gone[static_cast<std::size_t>(t)] = 1;
    std::vector<std::size_t> place(text.ids.size(), 0);  // of an id among those that are left
    for (std::size_t t = 0, n = 0; t < text.ids.size(); ++t)
      if (!gone[t]) place[t] = n++;
    double largest = 0;
    for (int w = 0; w < static_cast<int>(text.words.size()); ++w) {
      if (r.has(w)) continue;
      double sum = 0;
      for (const int t : pieces_of(text, {w})) sum += scores[place[static_cast<std::size_t>(t)]];
      left.push_back(w);
      importance.push_back(sum);
      largest = std::max(largest, std::abs(sum));
    }
    std::vector<std::size_t> order(left.size());
    std::iota(order.begin(), order.end(), 0u);
    for (double& v : importance) v = largest > 0 ? std::round(v / largest / equally_good) : 0;
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return importance[a] < importance[b]; });
    std::vector<int> out;
    for (const std::size_t k : order) out.push_back(left[k]);
    return out;
  }

  void compute(MethodJob& job) const override {
    at::NoGradGuard no_grad;
    const SpecialIds& specials = job.model.tokenizer->specials();
    std::vector<std::vector<Reduced>> kept(job.items.size());  // of each item: the beam
    std::vector<int> passes(job.items.size(), 1);
    std::vector<std::size_t> active;
    double rounds = 0, done = 0;
    for (std::size_t k = 0; k < job.items.size(); ++k) {
      const Prediction& p = job.out[k].prediction;
      kept[k] = {{{}, p.probabilities[static_cast<std::size_t>(p.predicted)]}};
      if (job.items[k].encoding.words.size() > 1) active.push_back(k);
      rounds = std::max(rounds, static_cast<double>(job.items[k].encoding.words.size()));
    }
    while (!active.empty()) {
      if (job.stop.stop_requested()) throw Cancelled{};
      std::vector<Beam> beams;
      for (const std::size_t k : active)
        for (const Reduced& r : kept[k]) beams.push_back({k, r, {}});
      rank(job, beams);
      // Texts with one more word gone; equal ones once.
      std::vector<Beam> tried;
      std::vector<ModelInput> inputs;
      std::set<std::pair<std::size_t, std::vector<int>>> seen;
      for (const Beam& b : beams) {
        passes[b.item] += 2;
        for (std::size_t c = 0; c < std::min(b.candidates.size(), static_cast<std::size_t>(beam_)); ++c) {
          Beam next{b.item, b.text, {}};
          next.text.gone.push_back(b.candidates[c]);
          std::vector<int> set = next.text.gone;
          std::sort(set.begin(), set.end());
          if (!seen.emplace(b.item, std::move(set)).second) continue;
          inputs.push_back({what_is_left(job.items[b.item].encoding, next.text, specials).ids, {}, {}});
          tried.push_back(std::move(next));
          ++passes[b.item];
        }
      }
      const std::vector<Prediction> answers = predict_with(job.engine, job.model, inputs, job.stop);
      std::vector<std::vector<Reduced>> found(job.items.size());
      for (std::size_t c = 0; c < tried.size(); ++c) {
        const int answer = job.out[tried[c].item].prediction.predicted;
        if (answers[c].predicted != answer) continue;
        tried[c].text.probability = answers[c].probabilities[static_cast<std::size_t>(answer)];
        found[tried[c].item].push_back(std::move(tried[c].text));
      }
      std::vector<std::size_t> still;
      for (const std::size_t k : active) {
        auto& some = found[k];
        if (some.empty()) continue;  // nothing more can go
        std::stable_sort(some.begin(), some.end(), [](const Reduced& a, const Reduced& b) { return std::round(a.probability / equally_good) > std::round(b.probability / equally_good); });
        some.resize(std::min(some.size(), static_cast<std::size_t>(beam_)));
        kept[k] = std::move(some);
        if (kept[k][0].gone.size() + 1 < job.items[k].encoding.words.size()) still.push_back(k);
      }
      active = std::move(still);
      if (job.progress) job.progress({std::min(rounds, ++done), rounds, "explaining"});
    }
    for (std::size_t k = 0; k < job.items.size(); ++k) fill(job, k, kept[k][0], passes[k]);
  }

  void fill(MethodJob& job, std::size_t item, const Reduced& r, int passes) const {
    const Encoding& text = job.items[item].encoding;
    Explanation& e = job.out[item];
    const std::size_t n = text.words.size();
    PlayerScores found{std::vector<double>(n, 1.0), {}, true};
    for (std::size_t s = 0; s < r.gone.size(); ++s) found.scores[static_cast<std::size_t>(r.gone[s])] = static_cast<double>(s + 1) / static_cast<double>(n);
    Players players;
    for (std::size_t w = 0; w < n; ++w) players.positions.push_back(pieces_of(text, {static_cast<int>(w)}));
    e.options.unit = Unit::word;
    fill_scores(e, text, players, found, info(), output_value(job.options.output, e.prediction.logits.data(), static_cast<int>(e.prediction.logits.size()), e.target, e.foil), 0);
    e.steps = passes;
    std::string left;
    Json kept = Json::array();
    for (std::size_t w = 0; w < n; ++w) {
      if (r.has(static_cast<int>(w))) continue;
      kept.push_back(w);
      if (!left.empty()) left += ' ';
      for (std::int32_t t = text.words[w].first; t < text.words[w].last; ++t) {
        const std::string& piece = job.model.tokenizer->token(text.ids[static_cast<std::size_t>(t)]);
        left += piece.starts_with("##") ? piece.substr(2) : piece;
      }
    }
    e.details = {{"reduced", left}, {"words", std::move(kept)}, {"removed", r.gone}, {"probability", r.probability}};
  }

  int beam_;
};

}  // namespace

std::unique_ptr<const Method> make_input_reduction(bool beam) { return std::make_unique<InputReduction>(beam); }

}  // namespace telltale
