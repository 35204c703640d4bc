#include "training/checkpoints.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>

#include <algorithm>
#include <stdexcept>

#include "base/files.hpp"
#include "base/json.hpp"
#include "model/checkpoint.hpp"
#include "training/model_folder.hpp"

namespace telltale {
namespace fs = std::filesystem;
namespace {

constexpr int format_version = 1;
constexpr const char* temporary_suffix = ".writing";

StoredTensor stored(const std::string& name, const at::Tensor& t) {
  StoredTensor out;
  out.name = name;
  out.dtype = t.scalar_type() == at::kDouble ? DType::f64 : DType::f32;
  out.shape = t.sizes().vec();
  out.data = {static_cast<const std::byte*>(t.data_ptr()), static_cast<std::size_t>(t.nbytes())};
  return out;
}

void read_into(const Checkpoint& file, const std::string& name, at::Tensor& target) {
  const StoredTensor* t = file.find(name);
  const DType expected = target.scalar_type() == at::kDouble ? DType::f64 : DType::f32;
  if (!t) throw std::runtime_error(fmt::format("{}: no tensor '{}'", file.source().string(), name));
  if (t->dtype != expected || t->shape != target.sizes().vec())
    throw std::runtime_error(fmt::format("{}: tensor '{}' is {} [{}], expected {} [{}]", file.source().string(), name, name_of(t->dtype), fmt::join(t->shape, ","), name_of(expected), fmt::join(target.sizes().vec(), ",")));
  at::Tensor host = at::empty(target.sizes(), target.options().device(at::kCPU));
  std::copy(t->data.begin(), t->data.end(), static_cast<std::byte*>(host.data_ptr()));  // the file may be unaligned
  target.copy_(host);
}

/// One hash for each thing that is written.
OrderedJson hashes_of(const Parameters& parameters, const AdamW& optimiser, const ObjectiveState& objective) {
  OrderedJson out = {{"weights", tensor_hash(parameters.flat)}, {"first", tensor_hash(optimiser.first)}, {"second", tensor_hash(optimiser.second)}};
  if (objective.mass.defined()) out["mass"] = tensor_hash(objective.mass);
  if (objective.confusion.defined()) out["confusion"] = tensor_hash(objective.confusion);
  return out;
}

Json read_state(const fs::path& folder) {
  const fs::path file = folder / "state.json";
  Json state = read_json(file, 1 << 20);
  const auto version = state.is_object() ? state.find("format") : state.end();
  if (!state.is_object() || version == state.end() || !version->is_number_integer()) throw std::runtime_error(fmt::format("{}: not the state of a checkpoint", file.string()));
  if (version->get<int>() != format_version) throw std::runtime_error(fmt::format("{}: format {}, this program knows {}", file.string(), version->get<int>(), format_version));
  return state;
}

}  // namespace

void write_checkpoint(const fs::path& run_folder, const std::string& name, const ModelConfig& config, const Parameters& parameters, const AdamW& optimiser, const ObjectiveState& objective,
                      const TrainingPosition& position) {
  at::NoGradGuard no_grad;
  const fs::path target = run_folder / name, temporary = run_folder / (name + temporary_suffix);
  try {
    fs::remove_all(temporary);
    fs::create_directories(temporary);
    write_weights(temporary / "model.safetensors", parameters, true);
    std::vector<at::Tensor> keep = {optimiser.first.to(at::kCPU), optimiser.second.to(at::kCPU)};
    std::vector<StoredTensor> tensors = {stored("first", keep[0]), stored("second", keep[1])};
    const auto add = [&](const char* key, const at::Tensor& t) {
      if (!t.defined()) return;
      keep.push_back(t.to(at::kCPU).contiguous());
      tensors.push_back(stored(key, keep.back()));
    };
    add("objective.mass", objective.mass);
    add("objective.confusion", objective.confusion);
    write_safetensors(temporary / "optimizer.safetensors", tensors);
    write_model_folder_config(temporary, config, run_folder);
    const OrderedJson state = {{"format", format_version},
                               {"step", position.step},
                               {"seconds", position.seconds},
                               {"best_step", position.best_step},
                               {"best_accuracy", position.best_accuracy},
                               {"best_nll", position.best_nll},
                               {"best_folder", position.best_folder},
                               {"validated_step", position.validated_step},
                               {"adam_steps", optimiser.steps},
                               {"objective_steps", objective.steps},
                               {"elements", parameters.flat.numel()},
                               {"hash", hashes_of(parameters, optimiser, objective)}};
    write_file_atomically(temporary / "state.json", state.dump(1) + "\n");
    sync_path(temporary);
    // One that is there already is exchanged at once: whenever this ends, the recorded checkpoint is whole.
    if (::renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, target.c_str(), RENAME_EXCHANGE) == 0) {
      std::error_code ignored;  // the old one; whoever writes next removes what is left of it
      fs::remove_all(temporary, ignored);
    } else {
      fs::remove_all(target);
      fs::rename(temporary, target);
    }
    sync_path(run_folder);
  } catch (const fs::filesystem_error& e) {
    std::error_code ignored;
    fs::remove_all(temporary, ignored);
    throw std::runtime_error(fmt::format("{}: checkpoint not written: {}", target.string(), e.code().message()));
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(temporary, ignored);
    throw;
  }
}

void read_checkpoint_weights(const fs::path& folder, Parameters& parameters) {
  at::NoGradGuard no_grad;
  const auto file = Checkpoint::open_safetensors(folder / "model.safetensors");
  for (const WeightSlice& s : parameters.slices) {
    at::Tensor target = parameters.slice(s).detach();
    read_into(*file, s.name, target);
  }
}

TrainingPosition read_checkpoint(const fs::path& folder, Parameters& parameters, AdamW& optimiser, ObjectiveState& objective) {
  at::NoGradGuard no_grad;
  const Json state = read_state(folder);
  TrainingPosition out;
  Json hashes;
  try {
    if (state.at("elements").get<std::int64_t>() != parameters.flat.numel())
      throw std::runtime_error(fmt::format("{}: {} parameters, the model has {}", (folder / "state.json").string(), state.at("elements").get<std::int64_t>(), parameters.flat.numel()));
    state.at("step").get_to(out.step);
    state.at("seconds").get_to(out.seconds);
    state.at("best_step").get_to(out.best_step);
    state.at("best_accuracy").get_to(out.best_accuracy);
    state.at("best_nll").get_to(out.best_nll);
    state.at("best_folder").get_to(out.best_folder);
    state.at("validated_step").get_to(out.validated_step);
    state.at("adam_steps").get_to(optimiser.steps);
    state.at("objective_steps").get_to(objective.steps);
    hashes = state.at("hash");
    const auto within = [&](std::int64_t k) { return k >= 0 && k <= out.step; };
    if (!within(out.best_step) || !within(out.validated_step) || optimiser.steps != out.step || !(out.seconds >= 0) || !(out.best_accuracy >= 0 && out.best_accuracy <= 1) ||
        fs::path(out.best_folder).filename() != out.best_folder || out.best_folder == "." || out.best_folder == "..")
      throw std::runtime_error(fmt::format("{}: damaged: its numbers do not go with step {}", (folder / "state.json").string(), out.step));
  } catch (const Json::exception&) {
    throw std::runtime_error(fmt::format("{}: not the state of a checkpoint", (folder / "state.json").string()));
  }
  read_checkpoint_weights(folder, parameters);
  const auto file = Checkpoint::open_safetensors(folder / "optimizer.safetensors");
  read_into(*file, "first", optimiser.first);
  read_into(*file, "second", optimiser.second);
  if (objective.mass.defined()) read_into(*file, "objective.mass", objective.mass);
  if (objective.confusion.defined()) read_into(*file, "objective.confusion", objective.confusion);
  if (Json(hashes_of(parameters, optimiser, objective)) != hashes)
    throw std::runtime_error(fmt::format("{}: damaged: its tensors are not the ones that were written", folder.string()));
  return out;
}

namespace {

/// Throws what is wrong with it.
std::int64_t step_of(const fs::path& folder) {
  const Json state = read_state(folder);
  for (const char* file : {"model.safetensors", "optimizer.safetensors"})
    if (!fs::exists(folder / file)) throw std::runtime_error(fmt::format("{}: missing", (folder / file).string()));
  const auto step = state.find("step");
  if (step == state.end() || !step->is_number_integer() || *step < 0) throw std::runtime_error(fmt::format("{}: not the state of a checkpoint", (folder / "state.json").string()));
  return step->get<std::int64_t>();
}

}  // namespace

std::int64_t checkpoint_step(const fs::path& folder) {
  try {
    return step_of(folder);
  } catch (const std::exception&) {
    return -1;
  }
}

std::string checkpoint_fault(const fs::path& folder, std::int64_t step) {
  try {
    if (const std::int64_t found = step_of(folder); found != step) return fmt::format("{}: step {}, expected {}", (folder / "state.json").string(), found, step);
    return {};
  } catch (const std::exception& e) {
    return e.what();
  }
}

std::vector<KeptCheckpoint> kept_checkpoints(const fs::path& run_folder) {
  std::vector<KeptCheckpoint> out;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(run_folder, error)) {
    const std::string name = entry.path().filename().string();
    if (name.rfind("checkpoint-", 0) != 0 || name.find('.') != name.npos || !fs::exists(entry.path() / "model.safetensors")) continue;
    try {
      if (const std::int64_t step = read_state(entry.path()).value("step", std::int64_t{-1}); step >= 0) out.push_back({step, name});
    } catch (const std::exception&) {  // not whole: not one
    }
  }
  std::sort(out.begin(), out.end(), [](const KeptCheckpoint& a, const KeptCheckpoint& b) { return a.step < b.step; });
  return out;
}

void remove_other_checkpoints(const fs::path& run_folder, const std::vector<std::string>& keep) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(run_folder, error)) {
    const std::string name = entry.path().filename().string();
    if (name.rfind("checkpoint-", 0) != 0 || std::find(keep.begin(), keep.end(), name) != keep.end()) continue;
    std::error_code ignored;
    fs::remove_all(entry.path(), ignored);
  }
}

}  // namespace telltale
