// The posts of a run, as ids. For core only.
#pragma once
#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "objective/objective.hpp"
#include "store/store.hpp"
#include "training/batching.hpp"
#include "training/settings.hpp"

namespace telltale {

struct TrainingData {
  DatasetInfo dataset;
  std::vector<TrainingPost> train, validation, test;  ///< test is empty when it is the validation split
  std::string validation_split;                       ///< "validation", "test", "held-out", …
};

/// Reads and encodes the splits that the settings name. Throws std::invalid_argument for a split without posts, Cancelled.
TrainingData load_training_data(Store& store, std::int64_t dataset, const Tokenizer& tokenizer, const TrainingSettings& settings, std::stop_token stop);

/// The posts that a run of these settings trains on, alone: the split `train`, without what is held out. Throws as load_training_data.
std::vector<TrainingPost> load_training_posts(Store& store, std::int64_t dataset, const Tokenizer& tokenizer, const TrainingSettings& settings, std::stop_token stop);

/// Padded to the longest, on the device. `marked` in `dtype` when any post has it.
Batch make_batch(const std::vector<TrainingPost>& posts, std::int32_t pad, at::Device device, at::ScalarType dtype);

std::vector<int> labels_of(const std::vector<TrainingPost>& posts);

}  // namespace telltale
