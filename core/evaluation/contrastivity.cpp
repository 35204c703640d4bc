#include "evaluation/contrastivity.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <stdexcept>

namespace telltale {
namespace {

constexpr std::size_t metric_count = all_contrastivity_metrics.size();
constexpr double telling_threshold = 0.8;
// 4/5 computed as a ratio of counts is the nearest double to 0.8; the slack keeps "at least" from depending on that.
constexpr double slack = 1e-12;

struct Mass {
  int word;
  double share;
};
using Masses = std::vector<std::vector<Mass>>;  // [post], each summing to 1 or empty

void check(bool fine, const std::string& what) {
  if (!fine) throw std::invalid_argument(what);
}

void check_input(const ContrastivityInput& in) {
  check(in.classes >= 1, "classes: expected at least 1, got " + std::to_string(in.classes));
  check(in.top >= 1, "top: expected at least 1, got " + std::to_string(in.top));
  check(in.words.size() == in.labels.size(), "words of posts: expected " + std::to_string(in.labels.size()) + ", got " + std::to_string(in.words.size()));
  check(in.train.classes() == in.classes, "document counts: expected " + std::to_string(in.classes) + " classes, got " + std::to_string(in.train.classes()));
  for (std::size_t i = 0; i < in.labels.size(); ++i) {
    check(in.labels[i] >= 0 && in.labels[i] < in.classes, "label of post " + std::to_string(i) + ": expected 0 to " + std::to_string(in.classes - 1) + ", got " + std::to_string(in.labels[i]));
    for (const int w : in.words[i]) check(w < in.vocabulary, "word of post " + std::to_string(i) + ": expected a number below " + std::to_string(in.vocabulary) + ", got " + std::to_string(w));
  }
  for (const auto& a : in.attributors) {
    check(a.gold.size() == in.labels.size(), "explained posts: expected " + std::to_string(in.labels.size()) + ", got " + std::to_string(a.gold.size()));
    check(a.by_class.empty() || a.by_class.size() == in.labels.size(), "posts explained for every class: expected " + std::to_string(in.labels.size()) + ", got " + std::to_string(a.by_class.size()));
    for (std::size_t i = 0; i < in.labels.size(); ++i) {
      check(a.gold[i].size() == in.words[i].size(), "scores of post " + std::to_string(i) + ": expected one per word, " + std::to_string(in.words[i].size()) + ", got " + std::to_string(a.gold[i].size()));
      if (a.by_class.empty()) continue;
      check(a.by_class[i].size() == static_cast<std::size_t>(in.classes), "classes explained of post " + std::to_string(i) + ": expected " + std::to_string(in.classes));
      for (const auto& s : a.by_class[i]) check(s.size() == in.words[i].size(), "scores of post " + std::to_string(i) + " for a class: expected one per word");
    }
  }
  for (const auto& [a, b] : in.contrasts)
    for (const int x : {a, b}) check(x >= 0 && static_cast<std::size_t>(x) < in.attributors.size(), "contrast: expected attributors 0 to " + std::to_string(in.attributors.size()) + ", got " + std::to_string(x));
}

double positive(double score) { return score > 0 ? score : 0; }

Masses masses_of(const ContrastivityInput& in, const AttributorScores& a) {
  Masses masses(in.labels.size());
  std::map<int, double> of_post;
  for (std::size_t i = 0; i < masses.size(); ++i) {
    of_post.clear();
    double total = 0;
    for (std::size_t t = 0; t < in.words[i].size(); ++t)
      if (in.words[i][t] >= 0 && a.gold[i][t] > 0) {
        of_post[in.words[i][t]] += a.gold[i][t];
        total += a.gold[i][t];
      }
    if (!(total > 0)) continue;
    for (const auto& [word, sum] : of_post) masses[i].push_back({word, sum / total});
  }
  return masses;
}

std::vector<std::vector<int>> posts_with_word(const ContrastivityInput& in) {
  std::vector<std::vector<int>> holding(static_cast<std::size_t>(in.classes), std::vector<int>(static_cast<std::size_t>(in.vocabulary), 0));
  for (std::size_t i = 0; i < in.words.size(); ++i) {
    auto words = in.words[i];
    std::sort(words.begin(), words.end());
    words.erase(std::unique(words.begin(), words.end()), words.end());
    for (const int w : words)
      if (w >= 0) ++holding[static_cast<std::size_t>(in.labels[i])][static_cast<std::size_t>(w)];
  }
  return holding;
}

/// Everything of one attributor that does not change from resample to resample.
struct Prepared {
  Masses masses;
  std::vector<std::vector<int>> candidates;           // [class] words that may stand in its list
  std::vector<std::vector<int>> common;               // [pair] words with mass in both classes
  std::vector<std::vector<std::array<double, 3>>> of_post;  // [post][class] specificity, telling share, cosine against that class
};

double specificity_of_post(const ContrastivityInput& in, const std::vector<double>& scores, std::size_t post, int a, int b) {
  double sum = 0, total = 0;
  for (std::size_t t = 0; t < scores.size(); ++t)
    if (in.words[post][t] >= 0 && scores[t] > 0) {
      sum += scores[t] * in.train.specificity(a, b, in.words[post][t]);
      total += scores[t];
    }
  return total > 0 ? sum / total : undefined;
}

/// Words of a post that count, with their scores: stop words taken out.
std::pair<std::vector<int>, std::vector<double>> counted(const ContrastivityInput& in, const std::vector<double>& scores, std::size_t post) {
  std::pair<std::vector<int>, std::vector<double>> kept;
  for (std::size_t t = 0; t < scores.size(); ++t)
    if (in.words[post][t] >= 0) {
      kept.first.push_back(in.words[post][t]);
      kept.second.push_back(scores[t]);
    }
  return kept;
}

double positive_cosine(const ContrastivityInput& in, const AttributorScores& scores, std::size_t post, int a, int b) {
  if (scores.by_class.empty()) return undefined;
  std::vector<double> x, y;
  for (std::size_t t = 0; t < in.words[post].size(); ++t)
    if (in.words[post][t] >= 0) {
      x.push_back(positive(scores.by_class[post][static_cast<std::size_t>(a)][t]));
      y.push_back(positive(scores.by_class[post][static_cast<std::size_t>(b)][t]));
    }
  return cosine(x, y);
}

Prepared prepare(const ContrastivityInput& in, const AttributorScores& a, const std::vector<std::vector<int>>& holding, const std::vector<std::pair<int, int>>& pairs) {
  Prepared p;
  p.masses = masses_of(in, a);
  std::vector<std::vector<bool>> has(static_cast<std::size_t>(in.classes), std::vector<bool>(static_cast<std::size_t>(in.vocabulary), false));
  for (std::size_t i = 0; i < p.masses.size(); ++i)
    for (const auto& m : p.masses[i]) has[static_cast<std::size_t>(in.labels[i])][static_cast<std::size_t>(m.word)] = true;
  p.candidates.resize(static_cast<std::size_t>(in.classes));
  for (std::size_t c = 0; c < p.candidates.size(); ++c)
    for (int w = 0; w < in.vocabulary; ++w)
      if (has[c][static_cast<std::size_t>(w)] && holding[c][static_cast<std::size_t>(w)] >= 2) p.candidates[c].push_back(w);
  for (const auto& [x, y] : pairs) {
    auto& both = p.common.emplace_back();
    for (int w = 0; w < in.vocabulary; ++w)
      if (has[static_cast<std::size_t>(x)][static_cast<std::size_t>(w)] && has[static_cast<std::size_t>(y)][static_cast<std::size_t>(w)]) both.push_back(w);
  }
  p.of_post.assign(in.labels.size(), std::vector<std::array<double, 3>>(static_cast<std::size_t>(in.classes), {undefined, undefined, undefined}));
  for (std::size_t i = 0; i < in.labels.size(); ++i) {
    const auto [words, scores] = counted(in, a.gold[i], i);
    const auto top = top_positions(scores, static_cast<std::size_t>(in.top));
    for (int other = 0; other < in.classes; ++other) {
      const int label = in.labels[i];
      if (other == label) continue;
      auto& values = p.of_post[i][static_cast<std::size_t>(other)];
      values[0] = specificity_of_post(in, a.gold[i], i, label, other);
      if (!top.empty()) {
        const auto telling = std::count_if(top.begin(), top.end(), [&](int t) { return in.train.specificity(label, other, words[static_cast<std::size_t>(t)]) >= telling_threshold - slack; });
        values[1] = static_cast<double>(telling) / static_cast<double>(top.size());
      }
      values[2] = positive_cosine(in, a, i, label, other);
    }
  }
  return p;
}

/// Total mass of each word and class in a resample; buffers are kept from one resample to the next.
struct ClassMasses {
  std::vector<double> mass;   // [class · vocabulary]
  std::vector<double> total;  // [class]
  void sum(const ContrastivityInput& in, const Masses& masses, Weights weights) {
    const auto v = static_cast<std::size_t>(in.vocabulary);
    mass.assign(static_cast<std::size_t>(in.classes) * v, 0);
    total.assign(static_cast<std::size_t>(in.classes), 0);
    for (std::size_t i = 0; i < masses.size(); ++i) {
      if (weights[i] == 0 || masses[i].empty()) continue;
      const auto c = static_cast<std::size_t>(in.labels[i]);
      double* row = mass.data() + c * v;
      const double w = weights[i];
      total[c] += w;
      for (const auto& m : masses[i]) row[m.word] += w * m.share;
    }
  }
  const double* of(const ContrastivityInput& in, std::size_t c) const { return mass.data() + c * static_cast<std::size_t>(in.vocabulary); }
};

/// The k candidates of largest mass, largest first, ties to the lower number. `candidates` is in rising order of number.
void best_words(const double* mass, const std::vector<int>& candidates, std::size_t k, std::vector<int>& best) {
  best.clear();
  for (const int w : candidates) {
    if (!(mass[w] > 0) || (best.size() == k && !(mass[w] > mass[best.back()]))) continue;
    if (best.size() == k) best.pop_back();
    auto at = best.end();
    while (at != best.begin() && mass[*(at - 1)] < mass[w]) --at;
    best.insert(at, w);
  }
}

std::size_t common_words(const std::vector<int>& a, const std::vector<int>& b) {
  return static_cast<std::size_t>(std::count_if(a.begin(), a.end(), [&](int w) { return std::find(b.begin(), b.end(), w) != b.end(); }));
}

/// Writes the figures [metric][pair + 1] of one attributor.
void figures_of(const ContrastivityInput& in, const Prepared& p, const std::vector<std::pair<int, int>>& pairs, const std::vector<std::vector<std::size_t>>& pair_of,
                Weights weights, std::span<double> out) {
  static thread_local ClassMasses masses;
  static thread_local std::vector<std::vector<int>> best;
  static thread_local std::vector<double> sums, counts;
  const std::size_t width = pairs.size() + 1;
  masses.sum(in, p.masses, weights);
  best.resize(static_cast<std::size_t>(in.classes));
  for (std::size_t c = 0; c < best.size(); ++c) best_words(masses.of(in, c), p.candidates[c], static_cast<std::size_t>(in.top), best[c]);
  for (std::size_t q = 0; q < pairs.size(); ++q) {
    const auto a = static_cast<std::size_t>(pairs[q].first), b = static_cast<std::size_t>(pairs[q].second);
    out[q] = out[width + q] = undefined;
    if (!(masses.total[a] > 0) || !(masses.total[b] > 0)) continue;
    out[q] = static_cast<double>(common_words(best[a], best[b])) / in.top;
    const double *row_a = masses.of(in, a), *row_b = masses.of(in, b);
    const double scale_a = 1 / masses.total[a], scale_b = 1 / masses.total[b];
    double shared = 0;
    for (const int w : p.common[q]) shared += std::min(row_a[w] * scale_a, row_b[w] * scale_b);
    out[width + q] = std::min(1.0, shared);
  }
  sums.assign(3 * pairs.size(), 0);
  counts.assign(3 * pairs.size(), 0);
  for (std::size_t i = 0; i < in.labels.size(); ++i) {
    if (weights[i] == 0) continue;
    const double w = weights[i];
    for (std::size_t other = 0; other < static_cast<std::size_t>(in.classes); ++other) {
      if (other == static_cast<std::size_t>(in.labels[i])) continue;
      const std::size_t q = pair_of[static_cast<std::size_t>(in.labels[i])][other];
      for (std::size_t m = 0; m < 3; ++m) {
        const double value = p.of_post[i][other][m];
        if (std::isnan(value)) continue;
        sums[m * pairs.size() + q] += w * value;
        counts[m * pairs.size() + q] += w;
      }
    }
  }
  for (std::size_t m = 0; m < 3; ++m)
    for (std::size_t q = 0; q < pairs.size(); ++q) {
      const double n = counts[m * pairs.size() + q];
      out[(m + 2) * width + q] = n > 0 ? sums[m * pairs.size() + q] / n : undefined;
    }
  for (std::size_t m = 0; m < metric_count; ++m) {
    double sum = 0, n = 0;
    for (std::size_t q = 0; q < pairs.size(); ++q)
      if (!std::isnan(out[m * width + q])) {
        sum += out[m * width + q];
        ++n;
      }
    out[m * width + pairs.size()] = n > 0 ? sum / n : undefined;
  }
}

}  // namespace

std::string id_of(ContrastivityMetric metric, int top) {
  switch (metric) {
    case ContrastivityMetric::overlap: return "overlap@" + std::to_string(top);
    case ContrastivityMetric::weighted_overlap: return "weighted-overlap";
    case ContrastivityMetric::specificity: return "specificity";
    case ContrastivityMetric::telling_share: return "telling-share@" + std::to_string(top);
    case ContrastivityMetric::class_cosine: break;
  }
  return "class-cosine";
}

bool low_is_better(ContrastivityMetric metric) {
  return metric != ContrastivityMetric::specificity && metric != ContrastivityMetric::telling_share;
}

const Interval& ContrastivityResult::value(std::size_t attributor, ContrastivityMetric metric, std::size_t pair) const {
  return values.at((attributor * metric_count + static_cast<std::size_t>(metric)) * (pairs.size() + 1) + pair);
}

const Interval& ContrastivityResult::difference(std::size_t contrast, ContrastivityMetric metric, std::size_t pair) const {
  return differences.at((contrast * metric_count + static_cast<std::size_t>(metric)) * (pairs.size() + 1) + pair);
}

std::vector<int> top_positions(std::span<const double> scores, std::size_t k) {
  std::vector<int> order(scores.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return scores[static_cast<std::size_t>(a)] > scores[static_cast<std::size_t>(b)]; });
  order.resize(std::min(k, order.size()));
  return order;
}

ContrastivityResult contrastivity(const ContrastivityInput& in, const BootstrapOptions& options, int threads, const std::function<bool()>& stopped) {
  check_input(in);
  ContrastivityResult result;
  std::vector<std::vector<std::size_t>> pair_of(static_cast<std::size_t>(in.classes), std::vector<std::size_t>(static_cast<std::size_t>(in.classes), 0));
  for (int a = 0; a < in.classes; ++a)
    for (int b = a + 1; b < in.classes; ++b) {
      pair_of[static_cast<std::size_t>(a)][static_cast<std::size_t>(b)] = pair_of[static_cast<std::size_t>(b)][static_cast<std::size_t>(a)] = result.pairs.size();
      result.pairs.emplace_back(a, b);
    }
  result.attributors = in.attributors.size();
  result.contrasts = in.contrasts.size();
  const auto holding = posts_with_word(in);
  std::vector<Prepared> prepared;
  for (const auto& a : in.attributors) prepared.push_back(prepare(in, a, holding, result.pairs));

  const std::size_t block = metric_count * (result.pairs.size() + 1);
  const Figures figures = [&](Weights weights, std::span<double> out) {
    for (std::size_t a = 0; a < prepared.size(); ++a) figures_of(in, prepared[a], result.pairs, pair_of, weights, out.subspan(a * block, block));
    for (std::size_t c = 0; c < in.contrasts.size(); ++c)
      for (std::size_t f = 0; f < block; ++f)
        out[(prepared.size() + c) * block + f] = out[static_cast<std::size_t>(in.contrasts[c].second) * block + f] - out[static_cast<std::size_t>(in.contrasts[c].first) * block + f];
  };
  auto intervals = bootstrap(in.labels.size(), in.labels, (prepared.size() + in.contrasts.size()) * block, figures, options, threads, stopped);
  result.values.assign(intervals.begin(), intervals.begin() + static_cast<std::ptrdiff_t>(prepared.size() * block));
  result.differences.assign(intervals.begin() + static_cast<std::ptrdiff_t>(prepared.size() * block), intervals.end());

  result.posts.assign(result.pairs.size() + 1, {});
  for (std::size_t i = 0; i < in.labels.size(); ++i) {
    const bool with_mass = std::all_of(prepared.begin(), prepared.end(), [&](const Prepared& p) { return !p.masses[i].empty(); });
    std::array<bool, 5> anywhere{};
    for (std::size_t other = 0; other < static_cast<std::size_t>(in.classes); ++other) {
      if (other == static_cast<std::size_t>(in.labels[i])) continue;
      auto& counts = result.posts[pair_of[static_cast<std::size_t>(in.labels[i])][other]];
      for (std::size_t m = 0; m < metric_count; ++m) {
        const bool there = m < 2 ? with_mass : std::all_of(prepared.begin(), prepared.end(), [&](const Prepared& p) { return !std::isnan(p.of_post[i][other][m - 2]); });
        counts[m] += there;
        anywhere[m] = anywhere[m] || there;
      }
    }
    for (std::size_t m = 0; m < metric_count; ++m) result.posts.back()[m] += anywhere[m];
  }

  const std::vector<std::uint32_t> once(in.labels.size(), 1);
  ClassMasses masses;
  std::vector<int> best;
  for (const auto& p : prepared) {
    masses.sum(in, p.masses, once);
    auto& lists = result.lists.emplace_back(static_cast<std::size_t>(in.classes));
    for (std::size_t c = 0; c < lists.size(); ++c) {
      best_words(masses.of(in, c), p.candidates[c], static_cast<std::size_t>(in.top), best);
      for (const int w : best) lists[c].push_back({w, masses.of(in, c)[w] / masses.total[c], holding[c][static_cast<std::size_t>(w)]});
    }
  }
  return result;
}

WordChanges word_changes(const ContrastivityInput& in, std::pair<int, int> contrast, std::size_t most, const BootstrapOptions& options, int threads) {
  check_input(in);
  const auto v = static_cast<std::size_t>(in.vocabulary);
  std::vector<Masses> masses;
  std::vector<std::vector<double>> shares;
  std::vector<double> totals;
  for (const auto& a : in.attributors) {
    const auto& m = masses.emplace_back(masses_of(in, a));
    auto& s = shares.emplace_back(v, 0.0);
    double total = 0;
    for (const auto& post : m) {
      total += !post.empty();
      for (const auto& x : post) s[static_cast<std::size_t>(x.word)] += x.share;
    }
    if (total > 0)
      for (double& x : s) x /= total;
    totals.push_back(total);
  }
  const auto a = static_cast<std::size_t>(contrast.first), b = static_cast<std::size_t>(contrast.second);
  check(a < masses.size() && b < masses.size(), "contrast: expected attributors below " + std::to_string(masses.size()));
  std::vector<int> holding(v, 0);
  for (const auto& of_class : posts_with_word(in))
    for (std::size_t w = 0; w < v; ++w) holding[w] += of_class[w];

  WordChanges changes;
  if (!(totals[a] > 0) || !(totals[b] > 0)) return changes;
  std::vector<int> order;
  for (int w = 0; w < in.vocabulary; ++w)
    if (holding[static_cast<std::size_t>(w)] >= 2) order.push_back(w);
  const auto change = [&](int w) { return shares[b][static_cast<std::size_t>(w)] - shares[a][static_cast<std::size_t>(w)]; };
  std::stable_sort(order.begin(), order.end(), [&](int x, int y) { return change(x) > change(y); });
  std::vector<int> chosen;
  const auto take = [&](std::vector<WordChange>& list, int w) {
    WordChange c{w, holding[static_cast<std::size_t>(w)], {}, {}};
    for (const auto& s : shares) c.shares.push_back(s[static_cast<std::size_t>(w)]);
    list.push_back(std::move(c));
    chosen.push_back(w);
  };
  for (std::size_t i = 0; i < order.size() && i < most && change(order[i]) > 0; ++i) take(changes.gained, order[i]);
  for (std::size_t i = 0; i < order.size() && i < most && change(order[order.size() - 1 - i]) < 0; ++i) take(changes.lost, order[order.size() - 1 - i]);

  // Only the chosen words are followed through the resamples: [side][post] (index among the chosen, share).
  std::vector<int> index(v, -1);
  for (std::size_t i = 0; i < chosen.size(); ++i) index[static_cast<std::size_t>(chosen[i])] = static_cast<int>(i);
  const Figures figures = [&](Weights weights, std::span<double> out) {
    std::array<std::vector<double>, 2> sums{std::vector<double>(chosen.size(), 0), std::vector<double>(chosen.size(), 0)};
    std::array<double, 2> total{0, 0};
    for (const std::size_t side : {std::size_t{0}, std::size_t{1}}) {
      const auto& m = masses[side == 0 ? a : b];
      for (std::size_t i = 0; i < m.size(); ++i) {
        if (weights[i] == 0 || m[i].empty()) continue;
        total[side] += weights[i];
        for (const auto& x : m[i])
          if (const int k = index[static_cast<std::size_t>(x.word)]; k >= 0) sums[side][static_cast<std::size_t>(k)] += weights[i] * x.share;
      }
    }
    for (std::size_t k = 0; k < chosen.size(); ++k) out[k] = total[0] > 0 && total[1] > 0 ? sums[1][k] / total[1] - sums[0][k] / total[0] : undefined;
  };
  const auto intervals = bootstrap(in.labels.size(), in.labels, chosen.size(), figures, options, threads);
  for (std::size_t i = 0; i < changes.gained.size(); ++i) changes.gained[i].difference = intervals[i];
  for (std::size_t i = 0; i < changes.lost.size(); ++i) changes.lost[i].difference = intervals[changes.gained.size() + i];
  return changes;
}

AttributorScores uniform_reference(const ContrastivityInput& in) {
  AttributorScores scores;
  for (const auto& words : in.words) {
    scores.gold.emplace_back(words.size(), 1.0);
    scores.by_class.emplace_back(static_cast<std::size_t>(in.classes), std::vector<double>(words.size(), 1.0));
  }
  return scores;
}

AttributorScores bag_of_words_reference(const ContrastivityInput& in) {
  AttributorScores scores;
  for (std::size_t i = 0; i < in.words.size(); ++i) {
    auto& by_class = scores.by_class.emplace_back();
    for (int c = 0; c < in.classes; ++c) {
      auto& of_class = by_class.emplace_back();
      for (const int w : in.words[i]) of_class.push_back(w >= 0 ? in.train.log_odds(c, w) : 0);
    }
    scores.gold.push_back(by_class[static_cast<std::size_t>(in.labels[i])]);
  }
  return scores;
}

}  // namespace telltale
