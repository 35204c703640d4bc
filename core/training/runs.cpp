// Making runs: what can be checked before training.
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "model/config.hpp"
#include "training/trainer.hpp"

namespace telltale {
namespace {

namespace fs = std::filesystem;

RunRecord finished_run(Store& store, std::int64_t id) {
  RunRecord run = store.run(id);
  if (run.status != RunStatus::finished || run.folder.empty())
    throw std::invalid_argument(fmt::format("run {} is {}: only a finished run can be started from", id, name_of(run.status)));
  return run;
}

bool class_term_alone(const TrainingSettings& s) {
  const ObjectiveOptions& o = s.objective;
  return !o.needs_perturbation() && !o.needs_attribution() && s.dropout_shared == 0;
}

}  // namespace

TrainingSettings settings_for(Store& store, const std::string& preset, std::optional<std::int64_t> from) {
  if (!from) return preset_settings(preset);
  preset_info(preset);
  return warm_started_settings(preset, settings_of(finished_run(store, *from)));
}

TrainingSettings settings_of_run(Store& store, const TrainRequest& request) {
  const DatasetInfo dataset = store.dataset(request.dataset);
  if (dataset.classes.size() < 2) throw std::invalid_argument(fmt::format("data set '{}' has {} class(es): training needs at least two", dataset.name, dataset.classes.size()));
  fs::path folder = request.model;
  if (request.from) folder = store.weights(*request.from, finished_run(store, *request.from).folder);
  else if (request.model.empty()) throw std::invalid_argument("no model folder was given");
  TrainingSettings settings = request.settings;
  check(settings);
  const ModelConfig config = read_model_config(folder);
  if (settings.max_length > config.max_positions) {
    if (settings.given.contains("max_length"))
      throw std::invalid_argument(fmt::format("max_length: {}, but {} has {} positions", settings.max_length, folder.string(), config.max_positions));
    settings.max_length = static_cast<int>(config.max_positions);
  }
  if (settings.objective.rival != "auto" && std::find(dataset.classes.begin(), dataset.classes.end(), settings.objective.rival) == dataset.classes.end())
    throw std::invalid_argument(fmt::format("rival: expected auto or one of {}, got '{}'", fmt::join(dataset.classes, ", "), settings.objective.rival));
  if (const std::string& split = settings.validation_split; split != "auto" && split != "held-out" && store.count_documents({.dataset = dataset.id, .split = split}) == 0)
    throw std::invalid_argument(fmt::format("validation_split: data set '{}' has no post in the split '{}'", dataset.name, split));
  return settings;
}

std::int64_t queue_run(Store& store, const TrainRequest& request) {
  preset_info(request.preset);
  const TrainingSettings settings = settings_of_run(store, request);
  RunRecord run;
  run.name = request.name.empty() ? request.preset : request.name;
  run.preset = request.preset;
  run.dataset = request.dataset;
  run.from = request.from;
  run.pair = request.pair;
  run.model = request.from ? finished_run(store, *request.from).model : fs::absolute(request.model).lexically_normal().string();
  run.settings = to_json(settings);
  run.status = RunStatus::queued;
  return store.add_run(run);
}

std::optional<std::int64_t> queue_control(Store& store, std::int64_t id) {
  const RunRecord run = store.run(id);
  const TrainingSettings settings = settings_of(run);
  if (!run.from || class_term_alone(settings)) return std::nullopt;
  TrainRequest request;
  request.dataset = run.dataset;
  request.preset = "control";
  request.settings = control_settings(settings);
  request.from = run.from;
  request.pair = run.pair ? run.pair : run.id;
  request.name = run.name + " control";
  const Json wanted = to_json(request.settings);
  for (const RunRecord& other : store.runs()) {
    if (other.from != run.from || other.dataset != run.dataset || other.id == run.id) continue;
    if (other.status != RunStatus::finished && other.status != RunStatus::queued) continue;
    Json theirs = to_json(control_settings(settings_of(other)));
    if (theirs == wanted && class_term_alone(settings_of(other))) return other.id;
  }
  if (!run.pair) {
    RunRecord changed = run;
    changed.pair = run.id;
    store.update_run(changed);
  }
  return queue_run(store, request);
}

std::pair<std::int64_t, std::int64_t> queue_pair(Store& store, const TrainRequest& request) {
  TrainRequest baseline = request;
  baseline.preset = "baseline";
  baseline.settings.objective = preset_settings("baseline").objective;
  baseline.settings.dropout_shared = 0;
  baseline.name = request.name.empty() ? "baseline" : request.name + " baseline";
  std::pair<std::int64_t, std::int64_t> ids;
  store.transaction([&] {
    ids = {queue_run(store, baseline), queue_run(store, request)};
    for (const std::int64_t id : {ids.first, ids.second}) {
      RunRecord run = store.run(id);
      run.pair = ids.first;
      store.update_run(run);
    }
  });
  return ids;
}

RunRecord train(Store& store, const TrainRequest& request, const TrainOptions& options, std::stop_token stop, const TrainCallbacks& callbacks, TrainControl* control) {
  return train_run(store, queue_run(store, request), options, stop, callbacks, control);
}

TrainingSettings settings_of(const RunRecord& run) {
  try {
    return settings_from_json(run.settings);
  } catch (const std::invalid_argument& e) {
    throw std::runtime_error(fmt::format("run {}: its settings in the file (table runs, column settings): {}", run.id, e.what()));
  }
}

void check_weights_of(const RunRecord& run, const Classifier& model) {
  if (run.folder.empty() || run.fingerprint.empty() || run.fingerprint == model.fingerprint()) return;
  throw std::runtime_error(fmt::format("{}: not the weights that run {} ended with (their fingerprint is {}, the run's {}): put the right folder back", model.folder().string(), run.id, model.fingerprint(), run.fingerprint));
}

std::shared_ptr<Classifier> load_run(Store& store, const RunRecord& run, const ComputeOptions& compute) {
  auto model = Classifier::load(store.weights(run.id, run.folder), compute);
  check_weights_of(run, *model);
  return model;
}

fs::path weights_folder(Store& store, const RunRecord& run) {
  if (!run.folder.empty()) return store.weights(run.id, run.folder);
  const auto checkpoints = store.checkpoints(run.id);
  for (const char* kind : {"best", "last"})
    for (const CheckpointRecord& c : checkpoints)
      if (c.kind == kind) return store.weights(run.id, c.folder);
  throw std::runtime_error(fmt::format("run {} is {} and has no weights yet: resume it first (in the window from its menu in the run list, else telltale resume --run {})", run.id, name_of(run.status), run.id));
}

}  // namespace telltale
