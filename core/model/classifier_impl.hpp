// Inside of Classifier, for core only.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "model/classifier.hpp"
#include "model/engine.hpp"
#include "model/weights.hpp"

namespace telltale {

struct Classifier::Impl {
  std::filesystem::path folder;
  ModelConfig config;
  std::shared_ptr<const Tokenizer> tokenizer;
  std::vector<std::string> labels;
  bool new_head = false;
  std::unique_ptr<Parameters> parameters;
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Engine> exact;  ///< for explanations, where `engine` is too coarse for them; null where it is not, or where nothing else is fast
  Precision precision = Precision::fp32, exact_precision = Precision::fp32;  ///< of `engine` and of `exact`
  std::string fingerprint;
  at::Device device = at::kCPU;

  /// Word embeddings of the input's ids, [T,d], in the engine's dtype; `zeroed` rows are 0.
  at::Tensor words(const ModelInput& input) const;
};

/// Classifier::predict with a given engine of the model.
std::vector<Prediction> predict_with(Engine& engine, const Classifier::Impl& model, const std::vector<ModelInput>& inputs, std::stop_token stop = {},
                                     const ProgressFn& progress = {});

/// The type of the matrix products for a precision; Precision::automatic becomes bf16 where the processor multiplies it fast, else fp32.
at::ScalarType product_type(Precision precision, const at::Device& device);
Precision precision_of(at::ScalarType products);  ///< the other way: fp32, bf16 or fp64
at::Device parse_device(const std::string& name);  ///< std::invalid_argument for one that is not there

/// Writes the parameters as a folder that transformers loads: float32 safetensors, config with the labels, tokeniser files of `source`.
void save_model_folder(const std::filesystem::path& folder, const Parameters& parameters, const ModelConfig& config, const std::vector<std::string>& labels,
                       const std::filesystem::path& source);
/// 32 hex digits: XXH3-128 over sizes, labels, vocabulary and every weight as float32, in Hugging Face's order.
std::string weights_fingerprint(const Parameters& parameters, const ModelConfig& config, const std::vector<std::string>& labels, const Tokenizer& tokenizer);

}  // namespace telltale
