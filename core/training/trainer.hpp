// Runs: made (queue_run), trained and resumed (train_run), warm-started with their control, paired. No torch type shows here.
//
// A run is a row of the store and a folder FILE.d/run-N: config and tokeniser from the start, checkpoint-K folders while it trains, and
// model.safetensors when it is finished, so that transformers loads it. The same code trains and resumes; all randomness follows from
// (seed, step), so that a run that was killed and resumed ends in the weights of an unbroken one, bit for bit on the same machine and
// number of threads.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/progress.hpp"
#include "model/classifier.hpp"
#include "store/store.hpp"
#include "training/control.hpp"
#include "training/presets.hpp"
#include "training/settings.hpp"

namespace telltale {

struct TrainRequest {
  std::int64_t dataset = 0;
  std::string model;                 ///< Hugging Face folder; with `from` it is taken from that run
  std::string preset = "contrastive";
  TrainingSettings settings;         ///< as settings_for() gives them, changed by apply()
  std::optional<std::int64_t> from;  ///< starts from this run's final weights
  std::optional<std::int64_t> pair;
  std::string name;                  ///< empty: the preset's id
};

/// Settings a run of this preset starts with: the preset's own, or, from a finished run, its batches, seed and half its learning rate.
TrainingSettings settings_for(Store& store, const std::string& preset, std::optional<std::int64_t> from);

/// The settings that queue_run gives the run: checked against the data set and the model, the length cut to the model's where nobody set one.
/// Throws as queue_run does.
TrainingSettings settings_of_run(Store& store, const TrainRequest& request);

/// Checks everything that can be checked without training and adds a row with status `queued`. A length that the person did not give is
/// cut to the model's positions. Throws std::invalid_argument (unknown preset or data set, settings, `from` unfinished, rival no class),
/// std::runtime_error (model folder).
std::int64_t queue_run(Store& store, const TrainRequest& request);

/// The control of a warm-started run: the same start, seed, batches and steps, class term alone. The id of an equal finished or queued
/// one, else of a new row; nothing for a run that is its own control (class term alone) or was not warm-started.
std::optional<std::int64_t> queue_control(Store& store, std::int64_t run);

/// A baseline and `request` with the same seed, batches and schedule, queued as a pair: {baseline, run}.
std::pair<std::int64_t, std::int64_t> queue_pair(Store& store, const TrainRequest& request);

struct TrainCallbacks {
  std::function<void(const OrderedJson&)> event;  ///< start, step, validation, checkpoint, film, geometry (while someone looks), warning, finish (CONTRACT.md, --events)
  ProgressFn progress;                            ///< steps done of all
};

struct TrainOptions {
  ComputeOptions compute;    ///< a resumed run keeps the precision it began with
  bool predict_cost = true;  ///< a short probe before the first step; its figure is stored beside the actual one
};

/// Trains a queued run, or goes on with one that was paused, stopped, interrupted or failed, from its last checkpoint. A finished run is
/// returned as it is. Calls back on this thread. Status of the record that is returned: finished; stopped (asked to); failed (NaN or
/// infinity: `error` names step, posts and last good checkpoint). Other failures are stored in the run and thrown (std::runtime_error).
RunRecord train_run(Store& store, std::int64_t run, const TrainOptions& options, std::stop_token stop = {}, const TrainCallbacks& callbacks = {}, TrainControl* control = nullptr);

/// queue_run, then train_run.
RunRecord train(Store& store, const TrainRequest& request, const TrainOptions& options, std::stop_token stop = {}, const TrainCallbacks& callbacks = {}, TrainControl* control = nullptr);

struct CostEstimate {
  double seconds = 0, peak_mib = 0;  ///< memory of the graphics card where one is used, else of the process
  std::int64_t steps = 0;
  Json details;  ///< posts, steps, seconds of steps, validation and checkpoints, measured lengths
};
/// What train() would cost, measured on a few real batches. Nothing is written to the store.
CostEstimate predict_cost(Store& store, const TrainRequest& request, const TrainOptions& options, std::stop_token stop = {}, const TrainCallbacks& callbacks = {});

/// The settings that a run was made with. Throws std::runtime_error naming the run where the file holds others than there can be.
TrainingSettings settings_of(const RunRecord& run);

/// Folder of a run's final weights, or of its best or last checkpoint while it has none. Throws std::runtime_error when there is nothing.
std::filesystem::path weights_folder(Store& store, const RunRecord& run);
/// Throws std::runtime_error where a finished run's folder holds another model than the run ended with: what it says would stand under the wrong name.
void check_weights_of(const RunRecord& run, const Classifier& model);
/// The classifier of a run that has its final weights, checked.
std::shared_ptr<Classifier> load_run(Store& store, const RunRecord& run, const ComputeOptions& compute);

}  // namespace telltale
