// What is asked of an explanation and what comes back. Value types: no torch.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/classifier.hpp"
#include "model/path.hpp"
#include "model/prediction.hpp"
#include "text/tokenizer.hpp"

namespace telltale {

/// The explained output F of class c (METHOD.md): p_c; z_c; z_c − logsumexp of the others; z_c − z_foil.
enum class Output { probability, logit, log_odds, difference };
enum class Quadrature { gauss_legendre, midpoint, trapezoid };
enum class Baseline { pad, mask, unk, zero };
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
Output parse_output(const std::string&);
Path parse_path(const std::string&);
Quadrature parse_quadrature(const std::string&);
Baseline parse_baseline(const std::string&);
Unit parse_unit(const std::string&);
Removal parse_removal(const std::string&);

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
  std::optional<Removal> removal;  ///< nothing: the method's own default (occlusion: pad)
  int samples = 512;
  std::uint64_t seed = 0;
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
  double delta = 0;                   ///< |Σ scores − (F(x) − F(b))|; NaN for methods that promise no completeness
  double relative_delta = 0;          ///< delta / max(1e-3, |F(x) − F(b)|)
  int steps = 0;                      ///< nodes used, or forward passes of a perturbation method
  bool converged = true;              ///< false: the cap was met before the tolerance
  double seconds = 0;                 ///< its share of the batch's wall time
  Prediction prediction;
};

}  // namespace telltale
