// METRICS.md, "Faithfulness", "Plausibility" and "Shape": what judges the explanation of one post. Torch-free; the model is a Probe.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/progress.hpp"
#include "evaluation/metrics.hpp"
#include "evaluation/probe.hpp"
#include "evaluation/resampling.hpp"
#include "evaluation/stability.hpp"
#include "evaluation/statistics.hpp"

namespace telltale {

/// What a score stands on: a word with all its pieces, or one piece. Specials are no parts.
struct Part {
  std::vector<int> positions;  ///< of ids, rising
  Span span;                   ///< bytes of the text
};
std::vector<Part> parts_of(const Encoding& encoding, const SpecialIds& specials, Unit unit);

/// A post to judge on. `key` seeds what is drawn at random for it (its id in the file).
struct JudgedPost {
  Encoding encoding;
  std::vector<Part> parts;
  std::vector<bool> marked;  ///< one per part: marked by people as telling; empty = the post has no marks at all
  std::uint64_t key = 0;
};

/// One explanation of it.
struct JudgedScores {
  int target = 0, foil = -1;
  std::vector<double> scores;             ///< one per part
  double completeness_delta = undefined;  ///< relative; NaN for methods that promise none
  std::vector<NearScores> near{};           ///< by the same method, of texts near by in the embedding space; for local-lipschitz and max-sensitivity
  std::vector<std::vector<double>> peers{}; ///< by the same method on models of other seeds, for the same class; for consistency
};

struct JudgeOptions {
  Output output = Output::probability;
  Removal removal = Removal::remove;
  TopK k;                                 ///< of metrics that name no k of their own
  std::vector<double> bins = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0};  ///< shares of the aopc-* metrics
  std::size_t rationale_k = 0;            ///< k of token-f1 and iou-f1; 0 = the average number of marked parts, rounded up
  int infidelity_samples = 64;
  int fidelity_samples = 16;
  int resamplings = 16;                   ///< of a word, or of several: monotonicity, non-sensitivity, effective-complexity
  double tau = 0.01;                      ///< non-sensitivity: share of the largest |A|, and of the largest change
  double complexity = 0.01;               ///< effective-complexity: ε as a share of F(x)²
  std::shared_ptr<const Unigrams> unigrams;  ///< what words are resampled from; needed by these three
  int stability_samples = 10;             ///< texts near by
  double stability_radius = 0.5;          ///< of the ball around each token, in units of the table's median nearest distance
  double alpha1 = 0.1, alpha2 = 0.9;      ///< robust-fidelity
  bool absolute = false;                  ///< sign rule: order by |A| instead of A
  std::uint64_t seed = 0;
};

/// Throws std::invalid_argument, saying which option and what was expected, for what is out of its range (NaN always is).
void check_judge_options(const JudgeOptions& options);

/// values[explanation set][metric][post]; NaN where the metric is not defined for the post (no words, no marks, all scores zero …).
using JudgedValues = std::vector<std::vector<std::vector<double>>>;

/// What else judge() may be asked: less, or more.
struct JudgeExtras {
  /// Empty = every value is computed; else those for which this is true, the others are NaN.
  std::function<bool(std::size_t set, std::size_t metric, std::size_t post)> wanted;
  /// Is given the points behind deletion-auc and insertion-auc: p_c at 0, 1/n, …, 1 of the words.
  std::function<void(std::size_t set, std::size_t metric, std::size_t post, const std::vector<double>& points)> curve;
};

/// Judges sets of explanations (one a method) of the same posts. Equal inputs of a post are asked once, whatever metrics and methods ask;
/// predictions go in batches over many posts. `metric_ids` of level "post". Throws std::invalid_argument, Cancelled.
JudgedValues judge(const Probe& probe, const std::vector<JudgedPost>& posts, const std::vector<std::vector<JudgedScores>>& sets,
                   const std::vector<std::string>& metric_ids, const JudgeOptions& options, std::stop_token stop = {}, const ProgressFn& progress = {},
                   const JudgeExtras& extras = {});

/// Average number of marked parts over the posts that have any, rounded up, at least 1 (METRICS.md, token-f1).
std::size_t average_marked(const std::vector<JudgedPost>& posts);

// ---- measures of the scores alone
double normalised_entropy(std::span<const double> scores);                        ///< of |A|; one word or all zero: NaN
double gini_index(std::span<const double> scores);                                ///< of |A|; all zero: NaN
double mass_of(std::span<const double> scores, const std::vector<int>& top);      ///< share of |A| on `top`; all zero: NaN
double average_precision(std::span<const double> scores, const std::vector<bool>& marked);
double token_f1(const std::vector<int>& top, const std::vector<bool>& marked);
double iou_f1(const std::vector<int>& top, const std::vector<bool>& marked, double from = 0.5);
double gold_recall(const std::vector<int>& top, const std::vector<bool>& marked);
/// Trapezoid over n+1 values at 0, 1/n, …, 1; NaN for fewer than two.
double area_under(std::span<const double> values);

/// Scores of the control "random": standard normal, by seed and post.
std::vector<double> random_scores(std::size_t parts, std::uint64_t seed, std::uint64_t key);

}  // namespace telltale
