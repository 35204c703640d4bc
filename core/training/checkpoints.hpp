// A training state on disk: a folder that is there in full or not at all, and that transformers loads as a model too. For core only.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>

#include "model/config.hpp"
#include "model/weights.hpp"
#include "objective/objective.hpp"
#include "training/adamw.hpp"

namespace telltale {

/// Everything of a state that is no tensor. All randomness follows from (seed, step), so no generator is kept.
struct TrainingPosition {
  std::int64_t step = 0;       ///< optimiser steps done
  double seconds = 0;          ///< of training, over all sessions
  std::int64_t best_step = 0;  ///< 0 = not validated yet
  double best_accuracy = 0, best_nll = 0;
  std::string best_folder;     ///< name within the run's folder
  std::int64_t validated_step = 0;
};

/// Writes `run_folder`/`name`: model.safetensors (weights in their own type), optimizer.safetensors (both moments, moving averages of the
/// objective), config.json, tokeniser files of `run_folder`, state.json. A temporary folder, every file synced, then renamed. A folder of
/// that name is replaced. Throws std::runtime_error (disk full, read-only); nothing is left behind then.
void write_checkpoint(const std::filesystem::path& run_folder, const std::string& name, const ModelConfig& config, const Parameters& parameters, const AdamW& optimiser,
                      const ObjectiveState& objective, const TrainingPosition& position);

/// Reads it back, into parameters of the same shapes. Throws std::runtime_error naming file and reason: another version, other sizes, or
/// contents that are not what was written.
TrainingPosition read_checkpoint(const std::filesystem::path& folder, Parameters& parameters, AdamW& optimiser, ObjectiveState& objective);

/// The weights alone.
void read_checkpoint_weights(const std::filesystem::path& folder, Parameters& parameters);

/// Step of a complete checkpoint folder, −1 for anything else.
std::int64_t checkpoint_step(const std::filesystem::path& folder);
/// What keeps a folder from being the complete checkpoint of that step; empty: nothing.
std::string checkpoint_fault(const std::filesystem::path& folder, std::int64_t step);

/// A checkpoint whose weights are whole; those of a finished run may have lost what only a resume needs.
struct KeptCheckpoint {
  std::int64_t step = 0;
  std::string name;  ///< of the folder, within the run's
};
/// By step. Empty where the run's folder is not there.
std::vector<KeptCheckpoint> kept_checkpoints(const std::filesystem::path& run_folder);

/// Removes checkpoint folders that are not in `keep` (names), and what interrupted writing left.
void remove_other_checkpoints(const std::filesystem::path& run_folder, const std::vector<std::string>& keep);

}  // namespace telltale
