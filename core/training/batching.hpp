// Which posts go together, in which order. Depends on seed and epoch alone, so that runs of a pair see the same batches.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace telltale {

struct TrainingPost {
  std::int64_t document = 0;
  int label = 0;
  std::vector<std::int32_t> ids;
  std::vector<float> marked;  ///< [T] weight of the prior for posts with marked words; empty = none
};

/// Batches of an epoch, as indices into the posts: shuffled, cut into blocks of 32 batches, each block sorted by length and cut into
/// batches of like length (little padding), batches shuffled. Every post is in exactly one batch.
std::vector<std::vector<std::size_t>> epoch_batches(const std::vector<TrainingPost>& posts, int batch, std::uint64_t seed, std::int64_t epoch);

/// The batches of one optimiser step: [first, last) of the epoch's batches. The last step of an epoch may have fewer.
struct StepRange {
  std::size_t first = 0, last = 0;
};
std::int64_t steps_of_epoch(std::size_t posts, int batch, int accumulate);
StepRange step_range(std::size_t batches, int accumulate, std::int64_t step_in_epoch);

/// Indices of `share` of each class's posts, at least one of a class that has two, drawn by seed; sorted.
std::vector<std::size_t> stratified_share(const std::vector<int>& labels, double share, std::uint64_t seed);

}  // namespace telltale
