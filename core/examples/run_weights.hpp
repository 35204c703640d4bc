// The weights that a run left: its own and the checkpoints that are still there, with the learning rate of each. For core only.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "store/store.hpp"

namespace telltale {

struct RunWeights {
  std::int64_t step = 0;       ///< optimiser steps that they saw
  double learning_rate = 0;    ///< mean of the run's schedule over the steps since the weights before (for the first: since the beginning)
  std::filesystem::path folder;
  std::string name;            ///< within FILE.d/
};
struct RunWeightsList {
  std::vector<RunWeights> there;     ///< by step; at least one
  std::vector<std::string> missing;  ///< named in the file, but gone
};

/// The folder that explanations of the run come from. Throws std::runtime_error with a line for a person when it holds no weights.
std::filesystem::path final_weights(Store& store, const RunRecord& run);

/// Of a finished run: the checkpoints that it kept, and its final weights; else what it saved so far. Throws as final_weights().
RunWeightsList run_weights(Store& store, const RunRecord& run);

}  // namespace telltale
