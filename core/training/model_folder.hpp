// A model as training needs it: parameters that change in place, and a classifier around them that answers with what they are now. For core only.
#pragma once
#include <ATen/ATen.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "model/classifier_impl.hpp"

namespace telltale {

/// Reads a Hugging Face folder; a head is drawn from `head_seed` where the folder has none for these classes in this order. The labels of
/// its configuration are `classes` then, and its parameters have gradients. Throws std::runtime_error naming file and reason.
std::shared_ptr<Classifier> load_training_model(const std::filesystem::path& folder, const std::vector<std::string>& classes, const ComputeOptions& compute, std::uint64_t head_seed);

/// One safetensors file with Hugging Face's names, atomically; `exact`: in the parameters' own type, else as float32.
void write_weights(const std::filesystem::path& file, const Parameters& parameters, bool exact);

/// XXH3 of the very bytes: tells whether a folder still holds the weights that a run began with.
std::string tensor_hash(const at::Tensor& tensor);

/// Generator of the device, seeded: the source of every dropout mask. Made once, then seeded anew for each batch: on a GPU, LibTorch 1.13 never frees it.
at::Generator seeded_generator(at::Device device, std::uint64_t seed);

}  // namespace telltale
