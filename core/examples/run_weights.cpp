#include "examples/run_weights.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "training/checkpoints.hpp"
#include "training/schedule.hpp"
#include "training/settings.hpp"
#include "training/trainer.hpp"

namespace telltale {
namespace {

namespace fs = std::filesystem;

bool has_weights(const fs::path& folder) {
  for (const char* name : {"model.safetensors", "model.safetensors.index.json", "pytorch_model.bin"})
    if (fs::exists(folder / name)) return true;
  return false;
}

/// Step of the final weights: the last one, unless the run kept its best.
std::int64_t final_step(Store& store, const RunRecord& run, const TrainingSettings& settings) {
  if (settings.keep == KeptWeights::best)
    for (const CheckpointRecord& c : store.checkpoints(run.id))
      if (c.kind == "best" && c.folder == run.folder) return c.step;
  return run.step;
}

}  // namespace

fs::path final_weights(Store& store, const RunRecord& run) {
  const fs::path folder = weights_folder(store, run);
  if (!has_weights(folder)) throw std::runtime_error(fmt::format("run {}: {} holds no weights: the folder was moved or deleted", run.id, folder.string()));
  return folder;
}

RunWeightsList run_weights(Store& store, const RunRecord& run) {
  final_weights(store, run);
  const TrainingSettings settings = settings_from_json(run.settings);
  RunWeightsList out;
  const std::string home = fmt::format("run-{}", run.id);
  for (const KeptCheckpoint& c : kept_checkpoints(store.folder() / home)) out.there.push_back({c.step, 0, store.folder() / home / c.name, home + "/" + c.name});
  if (!run.folder.empty()) {
    const std::int64_t step = final_step(store, run, settings);
    std::erase_if(out.there, [&](const RunWeights& w) { return w.step == step; });  // the same weights
    out.there.push_back({step, 0, store.folder() / run.folder, run.folder});
  }
  std::sort(out.there.begin(), out.there.end(), [](const RunWeights& a, const RunWeights& b) { return a.step < b.step; });
  for (const CheckpointRecord& c : store.checkpoints(run.id))
    if (!has_weights(store.folder() / c.folder) && std::find(out.missing.begin(), out.missing.end(), c.folder) == out.missing.end()) out.missing.push_back(c.folder);
  // η of a checkpoint stands for all the steps that it sums up.
  const Schedule schedule = Schedule::of(run.steps, settings.warmup, settings.learning_rate);
  std::int64_t before = 0;
  bool any = false;
  for (RunWeights& w : out.there) {
    double sum = 0;
    for (std::int64_t k = before; k < w.step; ++k) sum += schedule.rate(k);
    if (w.step > before) w.learning_rate = sum / static_cast<double>(w.step - before);
    before = std::max(before, w.step);
    any = any || w.learning_rate > 0;
  }
  if (!any)  // a run of one step at rate 0, or one that was not trained here: all alike
    for (RunWeights& w : out.there) w.learning_rate = settings.learning_rate;
  return out;
}

}  // namespace telltale
