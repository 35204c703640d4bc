// Remove and retrain (ROAR: Hooker, Erhan, Kindermans & Kim 2019): accuracy after retraining with the top-k share of each post's words removed, training and
// other posts alike, against random removal. What a method calls important is needed: the model that never saw it does worse.
//
// For each method and share there is a derived data set in the file, and on it one run a seed with the settings of the run that is judged, from the model folder that
// it came from. Both keep their names; what is there is not made or trained again, and what was stopped goes on from its checkpoint.
#pragma once
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "attribution/explanation.hpp"
#include "base/json.hpp"
#include "base/progress.hpp"
#include "evaluation/metrics.hpp"
#include "store/store.hpp"

namespace telltale {

struct RoarOptions {
  std::vector<std::string> methods;  ///< ids of methods(); the control "random" is always there
  std::vector<TopK> shares = {{0.1, true}, {0.3, true}, {0.5, true}};  ///< of each post's words, rounded up
  int seeds = 1;                     ///< runs of each: the run's own seed, the next, …
  std::uint64_t seed = 0;            ///< of the random removal and the resamples
  ExplainOptions explain;            ///< output, steps, samples … for all methods
  int resamples = 2000;
  ComputeOptions compute;
};

/// The text up to where the model stops reading, the bytes of the given words (indices into `encoding.words`) blanked: neighbours stay apart, and nothing that was
/// cut off comes into view.
std::string without_words(const std::string& text, const Encoding& encoding, const std::vector<int>& words);

/// One run that is wanted.
struct RoarRun {
  std::string method;  ///< or "random"
  TopK share;
  std::uint64_t seed = 0;
  std::string name, dataset;          ///< of the run, and of the derived data set
  std::optional<std::int64_t> run{};  ///< the one that is there
  RunStatus status = RunStatus::queued;
};

/// Every run that roar() needs, by share, method and seed. Throws std::invalid_argument (no method, unknown or repeated ones, shares that are counts, seeds outside
/// 1..100, a run that is not finished or itself of a roar).
std::vector<RoarRun> roar_plan(Store& store, std::int64_t run, const RoarOptions& options);

/// What is still to be done and for how long: {"runs": {"wanted", "finished"}, "explanations": {"wanted", "seconds"}, "seconds": all together}. Explanations are timed on a few posts,
/// training is taken from what the run itself took, or measured. Nothing is written.
Json roar_cost(Store& store, std::int64_t run, const RoarOptions& options, std::stop_token stop = {});

/// Does all of it. {"protocol": {"run", "model", "dataset", "split", "class": "predicted", "seeds", "seed", "posts", "interval", "methods": [{"method", "protocol"}]},
///  "whole": {"accuracy"}: of the judged run itself, nothing removed,
///  "rows": [{"method", "metric": "roar", "k", "accuracy", "low", "high", "kind", "by_seed": […], "runs": […], "difference": {"value", "low", "high", "kind", "clear"} (to random removal; not of random),
///            "better": "low"}, …]}
/// Accuracy is on the posts of the split `test` with the same words removed; intervals are Student's over seeds from two seeds on, else bootstrap over posts; differences are paired by seed, else by post.
/// Throws as roar_plan(); std::runtime_error where a run fails; Cancelled: what is finished stays.
Json roar(Store& store, std::int64_t run, const RoarOptions& options, std::stop_token stop = {}, const ProgressFn& progress = {});

}  // namespace telltale
