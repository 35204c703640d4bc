// Explanations of many posts: from the file where an equal one is stored, else computed, stored and returned.
#pragma once
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "attribution/explain.hpp"
#include "store/store.hpp"

namespace telltale {

struct ExplainRequest {
  std::int64_t document = 0;           ///< id in the store; not used without one
  const Encoding* encoding = nullptr;
  int target = 0;                      ///< a class, not −1: equal explanations are found by it
  int foil = -1;                       ///< used by Output::difference only, then a class
};

/// What judging needs of an explanation.
struct Scored {
  int target = 0, foil = -1;
  std::vector<double> scores;       ///< [T] one per id
  std::vector<double> word_scores;  ///< one per Encoding::words
  double value = 0, baseline_value = 0;
  double relative_delta = 0;        ///< |Σ − (F(x) − F(b))| / max(1e-3, |F(x) − F(b)|); NaN where completeness is not promised
};

struct ScoredPosts {
  std::vector<Scored> posts;        ///< one per request, in order
  std::int64_t stored = 0, computed = 0;
};

/// What the store keeps of an explanation; document 0 = a typed text, the caller sets `text` then.
ExplanationRecord explanation_record(const Explanation& e, const Encoding& encoding, const Classifier& model, std::optional<std::int64_t> run, std::int64_t document);

/// The equal explanation that the file holds, if any: same weights, post (0: `text`), protocol, target and foil (looked at with Output::difference
/// only), and the precision of the model. A model of automatic precision takes one in fp32, else, of a method that is not complete, one in bf16.
std::optional<ExplanationRecord> stored_explanation(Store& store, const Classifier& model, std::int64_t document, ExplainOptions options, int target, int foil,
                                                    const std::string& text = {});

/// `store` may be null: nothing is looked up or kept. A stored explanation counts as equal when model fingerprint, document, protocol,
/// target, foil and the very ids are. Work is stored batch by batch, so what was done before a stop is not lost. Throws as explain().
ScoredPosts explained(Store* store, std::optional<std::int64_t> run, const Classifier& model, const std::vector<ExplainRequest>& requests,
                      const ExplainOptions& options, std::stop_token stop = {}, const ProgressFn& progress = {}, const std::string& what = "explaining");

}  // namespace telltale
