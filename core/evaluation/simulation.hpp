// Simulatability: can a person tell what the model answers, and better so with the explanation (Doshi-Velez & Kim 2017, "forward simulation"; Hase & Bansal 2020)?
// Each post is shown once, with its explanation or without, by lot within each class and right or wrong answer of the model, so that neither condition has the easier posts.
#pragma once
#include <memory>
#include <stop_token>

#include "attribution/explanation.hpp"
#include "base/progress.hpp"
#include "evaluation/proportions.hpp"
#include "model/classifier.hpp"
#include "store/simulations.hpp"

namespace telltale {

struct SimulationOptions {
  std::int64_t run = 0;         ///< a finished one
  ExplainOptions explain;       ///< of the predicted class
  std::string split = "test";
  std::int64_t posts = 40;      ///< 2 … 1,000; as many as there are, if fewer
  std::uint64_t seed = 0;
  bool confidence = false;      ///< ask how sure the person is, 1 to 5
  std::string participant;      ///< as check_annotator() takes it
};

/// A post that may be shown.
struct SimulationCandidate {
  std::int64_t document = 0;
  int label = -1, predicted = -1, foil = -1;
};

/// Half of the posts where the model is right, half where it is wrong, as far as there are such (else more of the others): who only knows the gold class gets half of them.
/// In each half the classes take turns. In each class and half the conditions alternate by lot, so that their numbers differ by one at most, in all too. In the order shown.
std::vector<SimulationItem> lay_out_simulation(const std::vector<SimulationCandidate>& candidates, std::int64_t posts, std::uint64_t seed);

/// Draws the posts, asks the model, explains those that are shown with their explanation, and stores the session. Predictions and explanations are kept in the file
/// as they come, so that what was done before a stop is not lost; the session is written last. `model`: the run's weights. Returns it with its id.
/// std::invalid_argument (no such run or split, not finished, under two posts, options), std::runtime_error, Cancelled.
SimulationRecord plan_simulation(Store& store, const Classifier& model, const SimulationOptions& options, std::stop_token stop = {}, const ProgressFn& progress = {});

/// Explains the items that are shown with their explanation and have none in the file. `session` needs no id, but a run, whose weights `model` has. Kept as they come.
/// Throws as explain(); std::invalid_argument where the run is gone.
void explain_simulation(Store& store, const Classifier& model, const SimulationRecord& session, const ExplainOptions& options, std::stop_token stop = {}, const ProgressFn& progress = {});

/// The stored explanation of an item that is shown with one; nothing where the file holds it no more.
std::optional<ExplanationRecord> simulation_explanation(Store& store, const SimulationRecord& session, const SimulationItem& item);

struct SimulationSide {
  std::int64_t posts = 0;       ///< planned
  Proportion right;             ///< of the answered ones: the person's answer is the model's
  double median_seconds = undefined;
  double mean_confidence = undefined;
};
struct SimulationReport {
  std::size_t posts = 0, answered = 0;
  SimulationSide with, without;
  ProportionDifference accuracy;   ///< with − without
  double p = 1;                    ///< Fisher's exact test, two-sided
  Interval seconds;                ///< median with − median without, BCa bootstrap within each condition
  /// The same for the posts that the model gets right, and wrong: [0] right, [1] wrong.
  SimulationSide with_of[2], without_of[2];
  ProportionDifference accuracy_of[2];
};
SimulationReport simulation_report(const SimulationRecord& session, const BootstrapOptions& options = {});
/// "better with the explanation", "worse with the explanation"; "no clear difference" where the interval holds zero, or Fisher's test has p ≥ 0.05: of a few posts
/// (3 of 3 against 0 of 3) the interval alone says more than it can. Likewise faster, slower, by the interval.
std::string accuracy_verdict(const SimulationReport& report);
std::string time_verdict(const SimulationReport& report);

/// {"session", "run", "model", "dataset", "participant", "created", "protocol", "posts", "answered", "with": {"posts", "answered", "right", "accuracy", "low", "high", "median_seconds",
/// "mean_confidence"}, "without": {…}, "difference": {"accuracy", "low", "high", "interval", "p", "test", "verdict"}, "seconds": {"difference", "low", "high", "interval", "verdict"},
/// "of": [{"model": "right" | "wrong", "with", "without", "accuracy", "low", "high"}]}; what is not known is null.
Json simulation_json(const SimulationRecord& session, const DatasetInfo& dataset, const SimulationReport& report);
/// A row a post, in the order shown: place, post, condition, predicted, gold, answer, right, confidence, milliseconds, answered.
std::string simulation_csv(const SimulationRecord& session, const DatasetInfo& dataset);

}  // namespace telltale
