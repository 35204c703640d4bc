// What is asked of an explanation and what comes back. Value types: no torch.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "model/classifier.hpp"
#include "model/path.hpp"
#include "model/prediction.hpp"
#include "text/tokenizer.hpp"

namespace telltale {

/// The explained output F of class c (METHOD.md): p_c; z_c; z_c − logsumexp of the others; z_c − z_foil.
enum class Output { probability, logit, log_odds, difference };
enum class Quadrature { gauss_legendre, midpoint, trapezoid };
/// Where a path begins, and what removal rule `baseline` puts in (the first four): one of the embeddings of [PAD], [MASK], [UNK]; zero; the mean of the
/// table; uniform noise with the table's mean and variance in each dimension, several draws averaged; the mean embedding of the training posts of the class
/// that competes (the foil, else the runner-up); the pieces of a chosen text, repeated.
enum class Baseline { pad, mask, unk, zero, mean, noise, rival, text };
/// How pieces make a word's score.
enum class Aggregation { sum, mean };
/// Where expected-gradients draws its references: the noise of Baseline::noise, or training posts.
enum class Reference { noise, posts };
enum class Unit { word, piece };
/// METRICS.md, "Removal rules". `remove` is the rule called "delete".
enum class Removal { remove, pad, pad_masked, mask, baseline };

// Names as in CONTRACT.md ("log-odds", "gauss-legendre", "delete", …). parse_* throw std::invalid_argument listing the valid names.
const char* name_of(Output);
const char* name_of(Path);
const char* name_of(Quadrature);
const char* name_of(Baseline);
const char* name_of(Unit);
const char* name_of(Removal);
const char* name_of(Aggregation);
const char* name_of(Reference);
Output parse_output(const std::string&);
Path parse_path(const std::string&);
Quadrature parse_quadrature(const std::string&);
Baseline parse_baseline(const std::string&);
Unit parse_unit(const std::string&);
Removal parse_removal(const std::string&);
Aggregation parse_aggregation(const std::string&);
Reference parse_reference(const std::string&);

/// Training posts that a baseline or the references are drawn from.
struct ReferencePosts {
  std::string name;                            ///< goes into the protocol: equal names must mean equal posts
  std::vector<std::vector<std::int32_t>> ids;  ///< specials included
  std::vector<int> labels;                     ///< class of each, −1 = none
};

/// The protocol of an explanation: everything but the model, the text and the classes. Two explanations are comparable when these are equal.
struct ExplainOptions {
  std::string method = "integrated-gradients";
  Output output = Output::probability;
  Path path = Path::word;
  Quadrature quadrature = Quadrature::gauss_legendre;
  int steps = 0;            ///< nodes; 0 = grow until the relative delta is at most `tolerance`
  double tolerance = 0.01;  ///< |ΣA − (F(x) − F(b))| / max(1e-3, |F(x) − F(b)|)
  int max_steps = 512;      ///< cap of a search by tolerance
  Baseline baseline = Baseline::pad;
  Unit unit = Unit::word;
  std::optional<Removal> removal;  ///< nothing: the method's own default (MethodInfo::removal)
  int samples = 512;        ///< draws of a sampling method; 0 = all coalitions
  int window = 1;           ///< occlusion: neighbouring words (pieces) hidden together
  double kernel_width = 0.25;  ///< LIME: width of the kernel, in units of the cosine distance (the authors' 25, their distance being times 100)
  double ridge = 1;         ///< LIME: penalty on the squared coefficients
  std::uint64_t seed = 0;
  int layer = -1;           ///< attention methods: from 0; −1 = the last
  int head = -1;            ///< from 0; −1 = the mean over the heads
  Aggregation aggregation = Aggregation::sum;
  int draws = 0;            ///< noise or references drawn by a gradient method; 0 = the method's own default
  double noise = 1;         ///< root mean square length of a token's noise, in units of the table's median nearest distance
  int neighbours = 0;       ///< words looked at for the next one of a path through words; 0 = the paper's number
  Reference reference = Reference::noise;
  std::string baseline_text;  ///< of Baseline::text
  std::shared_ptr<const ReferencePosts> posts;  ///< for Baseline::rival and Reference::posts
  Precision precision = Precision::fp32;  ///< not asked of explain(), which computes as the model does and writes here what that was (never automatic)
};

/// One text to explain. target −1 = the predicted class; foil −1 = the highest-scored other class (used by Output::difference).
struct ExplainItem {
  Encoding encoding;
  int target = -1;
  int foil = -1;
};

struct Explanation {
  ExplainOptions options;
  int target = 0, foil = -1;          ///< foil −1 where no output or method used one
  std::vector<double> scores;         ///< [T], one per id, specials included
  std::vector<double> word_scores;    ///< one per Encoding::words: sums of the pieces, or the word's own score (unit word, perturbation methods)
  double value = 0;                   ///< F(x)
  double baseline_value = 0;          ///< F(b); NaN for methods without a baseline
  std::vector<double> standard_error; ///< of word_scores (unit piece: of scores); empty for methods that do not draw
  Json details;                       ///< what a method tells besides: visited words, the chosen baseline; null = nothing
  double delta = 0;                   ///< |Σ scores − (F(x) − F(b))|, also where it is not promised to be small; NaN for methods without a baseline
  double relative_delta = 0;          ///< delta / max(1e-3, |F(x) − F(b)|)
  int steps = 0;                      ///< nodes used, or forward passes of a perturbation method
  bool converged = true;              ///< false: a complete method's relative_delta is above `tolerance`, a search met its cap, or there were too few draws for the scores or their errors
  double seconds = 0;                 ///< its share of the batch's wall time
  Prediction prediction;
};

}  // namespace telltale
