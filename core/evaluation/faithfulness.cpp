#include "evaluation/faithfulness.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <stdexcept>
#include <tuple>

#include "base/random.hpp"
#include "evaluation/contrastivity.hpp"

namespace telltale {
namespace {

constexpr std::uint64_t infidelity_stream = 1, fidelity_stream = 2, random_stream = 3, explained_stream = 4;
constexpr std::size_t batch_ids = 1u << 22;  // ids of the questions gathered before the model is asked: enough to fill batches of every length, some 50 MB with the keys

/// Inputs asked of the model for the posts of one batch; equal ones once.
class Questions {
 public:
  explicit Questions(const Probe& probe) : probe_(probe) {}
  std::size_t ask(const JudgedPost& post, std::vector<int> hidden_parts, Removal rule) {
    std::sort(hidden_parts.begin(), hidden_parts.end());
    if (hidden_parts.empty()) rule = Removal::remove;  // nothing hidden: the same text under every rule
    auto [it, fresh] = known_.try_emplace({&post, rule, hidden_parts}, inputs_.size());
    if (fresh) {
      std::vector<int> positions;
      for (const int p : hidden_parts) positions.insert(positions.end(), post.parts[static_cast<std::size_t>(p)].positions.begin(), post.parts[static_cast<std::size_t>(p)].positions.end());
      std::sort(positions.begin(), positions.end());
      inputs_.push_back(probe_.remove(post.encoding, positions, rule));
      ids_ += inputs_.back().ids.size();
    }
    return it->second;
  }
  /// The post with other ids at some places.
  std::size_t ask_ids(std::vector<std::int32_t> ids) {
    auto [it, fresh] = replaced_.try_emplace(std::move(ids), inputs_.size());
    if (fresh) inputs_.push_back({it->first, {}, {}}), ids_ += it->first.size();
    return it->second;
  }
  /// Draw j of the post's words, the same for every method: ids of each part. Kept, as every metric and method asks for it.
  const std::vector<std::vector<std::int32_t>>& resampled(const JudgedPost& post, int j, const JudgeOptions& options) {
    auto [it, fresh] = draws_.try_emplace({&post, j});
    if (fresh) {
      Rng rng(mix_seed(options.seed, post.key, explained_stream, static_cast<std::uint64_t>(j)));
      for (const Part& part : post.parts) it->second.push_back(options.unigrams->draw(part.positions.size(), rng));
    }
    return it->second;
  }
  std::size_t size() const { return inputs_.size(); }
  std::size_t ids() const { return ids_; }
  void answer() {
    answers_ = probe_.predict(inputs_);
    if (answers_.size() != inputs_.size()) throw std::invalid_argument("predictions: expected " + std::to_string(inputs_.size()) + ", got " + std::to_string(answers_.size()));
  }
  const Prediction& operator[](std::size_t question) const { return answers_.at(question); }

 private:
  const Probe& probe_;
  std::map<std::tuple<const JudgedPost*, Removal, std::vector<int>>, std::size_t> known_;
  std::map<std::vector<std::int32_t>, std::size_t> replaced_;
  std::map<std::pair<const JudgedPost*, int>, std::vector<std::vector<std::int32_t>>> draws_;
  std::vector<ModelInput> inputs_;
  std::size_t ids_ = 0;  ///< of all inputs
  std::vector<Prediction> answers_;
};

using Later = std::function<double(const Questions&)>;  // a value, once the questions are answered


std::vector<int> others(const std::vector<int>& parts, std::size_t n) {
  std::vector<bool> in(n, false);
  for (const int p : parts) in[static_cast<std::size_t>(p)] = true;
  std::vector<int> rest;
  for (std::size_t p = 0; p < n; ++p)
    if (!in[p]) rest.push_back(static_cast<int>(p));
  return rest;
}

/// One explanation of one post, and everything the metrics' plans share.
struct Case {
  const JudgedPost& post;
  const JudgedScores& scores;
  const JudgeOptions& options;
  Questions& questions;
  std::vector<double> keys;  // what parts are ordered by: their scores, or the sizes of these
  std::vector<int> order;    // all parts, highest first
  std::function<void(const std::vector<double>&)> points{};  // is given those of a curve

  std::size_t n() const { return post.parts.size(); }
  std::vector<int> top(std::size_t k) const { return {order.begin(), order.begin() + static_cast<std::ptrdiff_t>(std::min(k, order.size()))}; }
  std::size_t ask(const std::vector<int>& hidden) const { return questions.ask(post, hidden, options.removal); }
  Later drop(const std::vector<int>& hidden) const {
    return [whole = ask({}), part = ask(hidden), o = options.output, t = scores.target, f = scores.foil](const Questions& q) { return output_of(q[whole], o, t, f) - output_of(q[part], o, t, f); };
  }
};

Later mean_of(std::vector<Later> parts) {
  return [parts = std::move(parts)](const Questions& q) {
    double sum = 0;
    for (const auto& p : parts) sum += p(q);
    return parts.empty() ? undefined : sum / static_cast<double>(parts.size());
  };
}

Later constant_of(double value) {
  return [value](const Questions&) { return value; };
}

Later curve(const Case& c, bool deletion) {
  std::vector<std::size_t> points;
  for (std::size_t i = 0; i <= c.n(); ++i) {
    const auto first = c.top(i);
    points.push_back(c.ask(deletion ? first : others(first, c.n())));
  }
  return [points, t = c.scores.target, give = c.points](const Questions& q) {
    std::vector<double> p;
    for (const auto i : points) p.push_back(output_of(q[i], Output::probability, t));
    if (give) give(p);
    return area_under(p);
  };
}

Later tau_loo(const Case& c) {
  std::vector<Later> drops;
  for (std::size_t p = 0; p < c.n(); ++p) drops.push_back(c.drop({static_cast<int>(p)}));
  return [drops, scores = c.keys, absolute = c.options.absolute](const Questions& q) {
    std::vector<double> values;  // sizes stand beside sizes
    for (const auto& d : drops) values.push_back(absolute ? std::abs(d(q)) : d(q));
    return kendall_tau_b(scores, values);
  };
}

Later infidelity(const Case& c) {
  Rng rng(mix_seed(c.options.seed, c.post.key, infidelity_stream));
  std::vector<Later> squares;
  for (int i = 0; i < c.options.infidelity_samples; ++i) {
    std::vector<int> subset;
    double sum = 0;
    for (std::size_t p = 0; p < c.n(); ++p)
      if (rng() >> 63) {
        subset.push_back(static_cast<int>(p));
        sum += c.scores.scores[p];
      }
    squares.push_back([sum, whole = c.ask({}), part = c.questions.ask(c.post, subset, Removal::baseline), o = c.options.output, t = c.scores.target, f = c.scores.foil](const Questions& q) {
      const double off = sum - (output_of(q[whole], o, t, f) - output_of(q[part], o, t, f));
      return off * off;
    });
  }
  return mean_of(std::move(squares));
}

Later robust_fidelity(const Case& c, std::size_t k) {
  Rng rng(mix_seed(c.options.seed, c.post.key, fidelity_stream));
  const auto top = c.top(k);
  const auto rest = others(top, c.n());
  std::vector<Later> plus, minus;
  for (int i = 0; i < c.options.fidelity_samples; ++i) {
    std::vector<int> gone, hidden;
    for (const int p : top)
      if (rng.uniform() < c.options.alpha1) gone.push_back(p);
    for (const int p : rest)
      if (!(rng.uniform() < c.options.alpha2)) hidden.push_back(p);
    plus.push_back(c.drop(gone));
    minus.push_back(c.drop(hidden));
  }
  return [plus = mean_of(std::move(plus)), minus = mean_of(std::move(minus))](const Questions& q) { return plus(q) - minus(q); };
}

/// Mean over the draws of (F(x) − F(x with `parts` resampled))².
Later change_of(const Case& c, const std::vector<int>& parts) {
  std::vector<std::size_t> asked;
  for (int j = 0; j < c.options.resamplings; ++j) {
    const auto& words = c.questions.resampled(c.post, j, c.options);
    std::vector<std::int32_t> ids = c.post.encoding.ids;
    for (const int p : parts) {
      const auto& at = c.post.parts[static_cast<std::size_t>(p)].positions;
      for (std::size_t i = 0; i < at.size(); ++i) ids[static_cast<std::size_t>(at[i])] = words[static_cast<std::size_t>(p)][i];
    }
    asked.push_back(c.questions.ask_ids(std::move(ids)));
  }
  return [asked, whole = c.ask({}), o = c.options.output, t = c.scores.target, f = c.scores.foil](const Questions& q) {
    const double value = output_of(q[whole], o, t, f);
    double sum = 0;
    for (const auto a : asked) sum += (value - output_of(q[a], o, t, f)) * (value - output_of(q[a], o, t, f));
    return sum / static_cast<double>(asked.size());
  };
}

Later resampling_metric(const std::string& id, const Case& c) {
  if (!c.options.unigrams) throw std::invalid_argument("metric '" + id + "' resamples words from the training posts: it works with a run of a file");
  std::vector<Later> changes;
  const auto values_of = [](const std::vector<Later>& some, const Questions& q) {
    std::vector<double> values;
    for (const auto& s : some) values.push_back(s(q));
    return values;
  };
  if (id == "effective-complexity") {
    for (std::size_t k = 0; k <= c.n(); ++k) changes.push_back(change_of(c, others(c.top(k), c.n())));
    return [=, whole = c.ask({}), o = c.options.output, t = c.scores.target, f = c.scores.foil, share = c.options.complexity](const Questions& q) {
      const double value = output_of(q[whole], o, t, f);
      return effective_complexity(values_of(changes, q), share * value * value);
    };
  }
  for (std::size_t p = 0; p < c.n(); ++p) changes.push_back(change_of(c, {static_cast<int>(p)}));
  return [=, scores = c.scores.scores, tau = c.options.tau, mono = id == "monotonicity"](const Questions& q) {
    const auto values = values_of(changes, q);
    return mono ? monotonicity(scores, values) : non_sensitivity(scores, values, tau);
  };
}

bool any_marked(const JudgedPost& post) { return std::find(post.marked.begin(), post.marked.end(), true) != post.marked.end(); }

Later plan(const std::string& id, const Case& c, std::size_t rationale_k) {
  const MetricInfo& info = metric_info(id);
  const auto given = k_in(id);
  if (info.id == "completeness-delta") return constant_of(c.scores.completeness_delta);
  if (c.n() == 0) return constant_of(undefined);
  if (info.group == "plausibility" && !any_marked(c.post)) return constant_of(undefined);
  const auto k = (given ? *given : c.options.k).of(c.n());
  const auto top = c.top(k);
  if (info.id == "comprehensiveness") return c.drop(top);
  if (info.id == "sufficiency") return c.drop(others(top, c.n()));
  if (info.id == "aopc-comprehensiveness" || info.id == "aopc-sufficiency") {
    std::vector<Later> bins;
    for (const double share : c.options.bins) {
      const auto some = c.top(TopK{share, true}.of(c.n()));
      bins.push_back(c.drop(info.id == "aopc-comprehensiveness" ? some : others(some, c.n())));
    }
    return mean_of(std::move(bins));
  }
  if (info.id == "log-odds")
    return [whole = c.ask({}), part = c.ask(top), t = c.scores.target](const Questions& q) { return log_probability(q[part], t) - log_probability(q[whole], t); };
  if (info.id == "deletion-auc") return curve(c, true);
  if (info.id == "insertion-auc") return curve(c, false);
  if (info.id == "tau-loo") return tau_loo(c);
  if (info.id == "infidelity") return infidelity(c);
  if (info.id == "robust-fidelity") return robust_fidelity(c, k);
  if (info.id == "monotonicity" || info.id == "non-sensitivity" || info.id == "effective-complexity") return resampling_metric(info.id, c);
  if (info.id == "local-lipschitz") return constant_of(local_lipschitz(c.scores.scores, c.scores.near));
  if (info.id == "max-sensitivity") return constant_of(max_sensitivity(c.scores.scores, c.scores.near));
  if (info.id == "consistency") return constant_of(consistency(c.scores.scores, c.scores.peers));
  if (info.id == "consistency-jaccard@k") return constant_of(consistency_jaccard(c.scores.scores, c.scores.peers, k, c.options.absolute));
  if (info.id == "entropy") return constant_of(normalised_entropy(c.scores.scores));
  if (info.id == "gini") return constant_of(gini_index(c.scores.scores));
  if (info.id == "mass@k") return constant_of(mass_of(c.scores.scores, top));
  if (info.id == "auprc") return constant_of(average_precision(c.keys, c.post.marked));
  if (info.id == "token-f1") return constant_of(token_f1(c.top(rationale_k), c.post.marked));
  if (info.id == "iou-f1") return constant_of(iou_f1(c.top(rationale_k), c.post.marked));
  if (info.id == "gold-recall@k") return constant_of(gold_recall(top, c.post.marked));
  throw std::invalid_argument("metric '" + id + "' is one of " + info.level + "s: it is computed by compare, not post by post");
}

void check_inputs(const std::vector<JudgedPost>& posts, const std::vector<std::vector<JudgedScores>>& sets) {
  for (const auto& post : posts)
    if (!post.marked.empty() && post.marked.size() != post.parts.size())
      throw std::invalid_argument("marks of a post: expected one per part, " + std::to_string(post.parts.size()) + ", got " + std::to_string(post.marked.size()));
  for (const auto& set : sets) {
    if (set.size() != posts.size()) throw std::invalid_argument("explanations: expected one per post, " + std::to_string(posts.size()) + ", got " + std::to_string(set.size()));
    for (std::size_t i = 0; i < posts.size(); ++i)
      if (set[i].scores.size() != posts[i].parts.size())
        throw std::invalid_argument("scores of post " + std::to_string(i) + ": expected one per part, " + std::to_string(posts[i].parts.size()) + ", got " + std::to_string(set[i].scores.size()));
  }
}

}  // namespace

std::vector<Part> parts_of(const Encoding& encoding, const SpecialIds& specials, Unit unit) {
  std::vector<Part> parts;
  if (unit == Unit::word) {
    for (const Word& w : encoding.words) {
      Part part{{}, w.span};
      for (int t = w.first; t < w.last; ++t) part.positions.push_back(t);
      parts.push_back(std::move(part));
    }
  } else {
    for (std::size_t t = 0; t < encoding.ids.size(); ++t)
      if (!specials.special(encoding.ids[t])) parts.push_back({{static_cast<int>(t)}, encoding.offsets[t]});
  }
  return parts;
}

std::size_t average_marked(const std::vector<JudgedPost>& posts) {
  std::size_t marked = 0, with = 0;
  for (const auto& post : posts)
    if (any_marked(post)) {
      marked += static_cast<std::size_t>(std::count(post.marked.begin(), post.marked.end(), true));
      ++with;
    }
  return with > 0 ? std::max<std::size_t>(1, (marked + with - 1) / with) : 1;
}

void check_judge_options(const JudgeOptions& o) {
  const auto refuse = [](const std::string& what, double got) { throw std::invalid_argument(what + ", got " + std::to_string(got)); };
  const auto share = [&](const char* name, double v) {
    if (!(v >= 0 && v <= 1)) refuse(std::string(name) + ": expected a share from 0 to 1", v);
  };
  const auto count = [&](const char* name, int v) {
    if (v < 1 || v > 100000) refuse(std::string(name) + ": expected 1 to 100000", v);
  };
  for (const double b : o.bins)
    if (!(b > 0 && b <= 1)) refuse("bins: expected shares above 0, at most 1", b);
  share("tau", o.tau), share("alpha1", o.alpha1), share("alpha2", o.alpha2);
  if (!(o.complexity > 0 && o.complexity <= 1e6)) refuse("complexity: expected above 0, at most 1e6", o.complexity);
  if (!(o.stability_radius > 0 && o.stability_radius <= 1e6)) refuse("radius: expected above 0, at most 1e6", o.stability_radius);
  count("infidelity subsets", o.infidelity_samples), count("draws of robust-fidelity", o.fidelity_samples);
  count("resamplings", o.resamplings), count("draws near by", o.stability_samples);
}

JudgedValues judge(const Probe& probe, const std::vector<JudgedPost>& posts, const std::vector<std::vector<JudgedScores>>& sets, const std::vector<std::string>& metric_ids,
                   const JudgeOptions& options, std::stop_token stop, const ProgressFn& progress, const JudgeExtras& extras) {
  check_inputs(posts, sets);
  for (const auto& id : metric_ids)
    if (metric_info(id).level != "post") throw std::invalid_argument("metric '" + id + "' is one of " + metric_info(id).level + "s: it is computed by compare, not post by post");
  check_judge_options(options);
  const std::size_t rationale_k = options.rationale_k > 0 ? options.rationale_k : average_marked(posts);

  JudgedValues values(sets.size(), std::vector<std::vector<double>>(metric_ids.size(), std::vector<double>(posts.size(), undefined)));
  for (std::size_t begin = 0; begin < posts.size();) {
    if (stop.stop_requested()) throw Cancelled{};
    Questions questions(probe);
    std::vector<std::tuple<std::size_t, std::size_t, std::size_t, Later>> later;
    std::size_t end = begin;
    for (; end < posts.size() && (end == begin || questions.ids() < batch_ids); ++end)
      for (std::size_t s = 0; s < sets.size(); ++s) {
        const auto& given = sets[s][end].scores;
        std::vector<double> keys = given;
        if (options.absolute)
          for (double& v : keys) v = std::abs(v);
        Case c{posts[end], sets[s][end], options, questions, keys, top_positions(keys, keys.size())};
        for (std::size_t m = 0; m < metric_ids.size(); ++m) {
          if (extras.wanted && !extras.wanted(s, m, end)) continue;
          if (extras.curve) c.points = [&extras, s, m, i = end](const std::vector<double>& p) { extras.curve(s, m, i, p); };
          later.emplace_back(s, m, end, plan(metric_ids[m], c, rationale_k));
        }
      }
    if (questions.size() > 0) questions.answer();
    for (const auto& [s, m, i, value] : later) values[s][m][i] = value(questions);
    begin = end;
    if (progress) progress({static_cast<double>(begin), static_cast<double>(posts.size()), "judging explanations"});
  }
  return values;
}

double normalised_entropy(std::span<const double> scores) {
  double total = 0, entropy = 0;
  for (const double s : scores) total += std::abs(s);
  if (scores.size() < 2 || !(total > 0)) return undefined;
  for (const double s : scores)
    if (const double p = std::abs(s) / total; p > 0) entropy -= p * std::log(p);
  return entropy / std::log(static_cast<double>(scores.size()));
}

double gini_index(std::span<const double> scores) {
  std::vector<double> sizes;
  for (const double s : scores) sizes.push_back(std::abs(s));
  std::sort(sizes.begin(), sizes.end());
  const double n = static_cast<double>(sizes.size());
  double total = 0, weighted = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    total += sizes[i];
    weighted += (2 * static_cast<double>(i + 1) - n - 1) * sizes[i];
  }
  return total > 0 ? weighted / (n * total) : undefined;
}

double mass_of(std::span<const double> scores, const std::vector<int>& top) {
  double total = 0, on_top = 0;
  for (const double s : scores) total += std::abs(s);
  for (const int t : top) on_top += std::abs(scores[static_cast<std::size_t>(t)]);
  return total > 0 ? on_top / total : undefined;
}

double average_precision(std::span<const double> scores, const std::vector<bool>& marked) {
  const auto order = top_positions(scores, scores.size());
  const auto positives = static_cast<double>(std::count(marked.begin(), marked.end(), true));
  if (!(positives > 0)) return undefined;
  double hits = 0, area = 0;
  for (std::size_t i = 0; i < order.size();) {
    const double threshold = scores[static_cast<std::size_t>(order[i])], before = hits;
    for (; i < order.size() && scores[static_cast<std::size_t>(order[i])] == threshold; ++i) hits += marked[static_cast<std::size_t>(order[i])];
    area += (hits - before) / positives * hits / static_cast<double>(i);
  }
  return area;
}

double token_f1(const std::vector<int>& top, const std::vector<bool>& marked) {
  const auto positives = static_cast<double>(std::count(marked.begin(), marked.end(), true));
  double hits = 0;
  for (const int t : top) hits += marked[static_cast<std::size_t>(t)];
  return positives > 0 ? 2 * hits / (static_cast<double>(top.size()) + positives) : undefined;
}

double gold_recall(const std::vector<int>& top, const std::vector<bool>& marked) {
  const auto positives = static_cast<double>(std::count(marked.begin(), marked.end(), true));
  double hits = 0;
  for (const int t : top) hits += marked[static_cast<std::size_t>(t)];
  return positives > 0 ? hits / positives : undefined;
}

double iou_f1(const std::vector<int>& top, const std::vector<bool>& marked, double from) {
  using Run = std::pair<int, int>;  // [first, last)
  const auto runs = [](const std::vector<bool>& in) {
    std::vector<Run> found;
    for (int i = 0; i < static_cast<int>(in.size()); ++i) {
      if (!in[static_cast<std::size_t>(i)]) continue;
      if (!found.empty() && found.back().second == i)
        ++found.back().second;
      else
        found.emplace_back(i, i + 1);
    }
    return found;
  };
  std::vector<bool> chosen(marked.size(), false);
  for (const int t : top) chosen[static_cast<std::size_t>(t)] = true;
  const auto predicted = runs(chosen), gold = runs(marked);
  if (gold.empty()) return undefined;
  const auto matches = [&](const Run& a, const Run& b) {
    const double inter = std::max(0, std::min(a.second, b.second) - std::max(a.first, b.first));
    const double both = (a.second - a.first) + (b.second - b.first) - inter;
    return inter / both >= from;
  };
  const auto hit = static_cast<double>(std::count_if(predicted.begin(), predicted.end(), [&](const Run& p) { return std::any_of(gold.begin(), gold.end(), [&](const Run& g) { return matches(p, g); }); }));
  const double precision = predicted.empty() ? 0 : hit / static_cast<double>(predicted.size()), recall = hit / static_cast<double>(gold.size());
  return precision + recall > 0 ? 2 * precision * std::min(1.0, recall) / (precision + std::min(1.0, recall)) : 0;
}

double area_under(std::span<const double> values) {
  if (values.size() < 2) return undefined;
  double sum = 0.5 * (values.front() + values.back());
  for (std::size_t i = 1; i + 1 < values.size(); ++i) sum += values[i];
  return sum / static_cast<double>(values.size() - 1);
}

std::vector<double> random_scores(std::size_t parts, std::uint64_t seed, std::uint64_t key) {
  Rng rng(mix_seed(seed, key, random_stream));
  std::vector<double> scores(parts);
  for (double& s : scores) s = rng.normal();
  return scores;
}

}  // namespace telltale
