// One batch from a file through the whole objective, without a step: what `telltale objective` prints. No torch type shows here.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "model/classifier.hpp"
#include "objective/options.hpp"

namespace telltale {

struct ObjectiveReport {
  std::vector<std::pair<std::string, double>> terms;  ///< those of weight ≠ 0, then "total"
  double gradient_norm = 0;                           ///< of the total, before clipping
  double attribution_gradient_norm = 0;               ///< of the attribution triplet alone, unweighted; NaN when it was not measured
  double unit = 0, epsilon = 0, epsilon2 = 0;         ///< length unit of this embedding table; absolute radii
  double seconds = 0, peak_mib = 0;                   ///< of the evaluation; largest resident size of the process so far, or most memory that tensors held on the graphics card
  std::vector<int> predicted_negative;
};

/// `batch`: safetensors with ids [B,T], mask [B,T], labels [B] (integers) and, if wanted, noise_positive, noise_negative [B,T,d] and marked [B,T].
/// `gradients`: where to write the gradient of the total in every parameter, under its Hugging Face name. Throws std::runtime_error naming file and
/// tensor for what does not fit, std::invalid_argument for options.
ObjectiveReport evaluate_batch_file(const std::filesystem::path& model, const std::filesystem::path& batch, const ObjectiveOptions& options, const ComputeOptions& compute,
                                    std::uint64_t seed, const std::optional<std::filesystem::path>& gradients);

}  // namespace telltale
