// What a run will cost, measured on a few of its own batches. For core only.
#pragma once
#include <stop_token>

#include "training/stepper.hpp"
#include "training/trainer.hpp"
#include "training/training_data.hpp"

namespace telltale {

/// Times steps on batches of short, median and greatest length (fewer posts where a batch would take long), one validation batch and a
/// write of the checkpoint's size, and adds up over the very batches of the run. Parameters, moments and moving averages are
/// afterwards as they were. `run_folder`: where checkpoints will lie (its nearest parent that exists is tried).
CostEstimate measure_cost(Stepper& stepper, const TrainingData& data, const std::filesystem::path& run_folder, std::stop_token stop);

}  // namespace telltale
