// A run as files for other programs: CSV, TensorBoard, a Hugging Face folder.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "store/store.hpp"

namespace telltale {

/// RFC 4180 (but "\n" ends a line): one row a step. Columns: step, epoch, seconds, term.NAME…, gradient_norm, share.NAME…,
/// learning_rate, tokens_per_second, memory_mib, documents (ids, separated by spaces). Unknown values are empty.
std::string steps_csv(const std::vector<StepRecord>& steps);
/// Columns: step, split, then every metric that is a number.
std::string validations_csv(const std::vector<ValidationRecord>& validations);

/// An event file: terms/NAME, gradient_share/NAME, optimiser/…, validation/SPLIT/METRIC. Wall times are the run's start (else
/// its creation) plus the step's seconds; a validation takes the time of the last step before it.
std::string tensorboard_events(const RunRecord& run, const std::vector<StepRecord>& steps, const std::vector<ValidationRecord>& validations);

/// Copies the run's final weights (config.json, vocabulary, model.safetensors) from the store's folder into `out`, which must
/// not exist or be an empty folder. It appears complete or not at all. Throws std::runtime_error: no weights yet, a path that
/// leaves the store's folder, a full disk. Returns the files written.
std::vector<std::filesystem::path> export_weights(Store& store, const RunRecord& run, const std::filesystem::path& out);

/// Seconds since 1970 of an ISO 8601 time in UTC ("2024-05-09T14:02:00Z"); 0 when it is none.
double unix_time(const std::string& iso);

}  // namespace telltale
