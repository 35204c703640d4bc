// A text classifier: tokeniser, configuration and weights, ready to answer. No torch type shows here.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/progress.hpp"
#include "model/config.hpp"
#include "model/prediction.hpp"
#include "text/tokenizer.hpp"

namespace telltale {

/// `mixed` is never asked for: it is what explanations are computed in where bf16 or automatic was asked for (values exact, gradients in bf16: Engine::make_mixed).
enum class Precision { fp32, bf16, fp64, automatic, mixed };
const char* name_of(Precision);
Precision parse_precision(const std::string&);  ///< std::invalid_argument listing the names that can be asked for

struct ComputeOptions {
  std::string device = "cpu";  ///< cpu, cuda, cuda:N, auto
  int threads = 0;             ///< 0 = as many as the machine has cores
  Precision precision = Precision::fp32;
};

/// Sets thread counts of LibTorch, OpenMP and the BLAS, and the allocator's trim limits; returns the device that `options.device` means.
/// Throws std::invalid_argument for a device that is not there. Call once at start-up, before heavy work.
std::string configure_compute(const ComputeOptions& options);

/// What a program that computes in threads of its own does first in main(), while no other thread reads the environment: OpenBLAS is told its processor
/// (configure_compute would else, later), and all threads share one heap. glibc gives each new one a heap made of pieces of 64 MiB, which come and go with the
/// large temporaries of every step.
void prepare_process();

/// Ends the threads that OpenMP keeps for the calling one until its next product. Where several threads of a program keep some, OpenMP counts more
/// than there are cores, and lets all of them sleep at each barrier instead of waiting for microseconds.
void release_threads();
/// What Classifier::prediction_precision() will say of a model loaded with these options. Throws std::invalid_argument for a device that is not there.
Precision prediction_precision(const ComputeOptions& options);
/// "LibTorch 1.13.1, 2 threads, cpu" for --version, About and protocols.
std::string compute_description();

/// One input of the network: ids with [CLS] … [SEP], and what a removal rule did to it. Empty vectors mean "as usual".
struct ModelInput {
  std::vector<std::int32_t> ids;
  std::vector<std::uint8_t> attend;  ///< [T] 0 = masked out of attention
  std::vector<std::uint8_t> zeroed;  ///< [T] 1 = word embedding replaced by the zero vector
};

class Classifier {
 public:
  /// Loads config, tokeniser and weights of a Hugging Face folder. `labels`: class names for a new, seeded head where the folder
  /// has none (or other classes than asked for); empty = the folder's own head is needed for predict and explain.
  /// Throws std::runtime_error with one line naming file and reason.
  static std::shared_ptr<Classifier> load(const std::filesystem::path& folder, const ComputeOptions& options,
                                          const std::vector<std::string>& labels = {}, std::uint64_t head_seed = 0);
  ~Classifier();

  const ModelConfig& config() const;
  const Tokenizer& tokenizer() const;
  const std::vector<std::string>& labels() const;
  const std::filesystem::path& folder() const;
  bool new_head() const;  ///< the head was made, not read
  /// What explain() multiplies in. Rounded to bf16, weights and states move single scores by up to 2 % of the largest; mixed products by 0.4 %. Asked for bf16
  /// or automatic, explanations take mixed ones where the processor multiplies bf16 (x86-64 on Linux), else bf16 (as asked) or fp32 (automatic).
  Precision explanation_precision() const;
  /// What predict() multiplies in: fp32, bf16 or fp64.
  Precision prediction_precision() const;
  /// Hex, 32 digits: hash of every weight, the vocabulary and the sizes; equal for equal models whatever the file format.
  const std::string& fingerprint() const;
  /// Index of a class given as label or as number. Throws std::invalid_argument listing the labels.
  int class_index(const std::string& label_or_index) const;
  /// The lesser of 512 and the model's positions when `asked` is 0; a value above the model's limit or below 3: std::invalid_argument.
  int max_length(int asked) const;

  /// Logits of each input, in order; batches are packed by length, padding changes nothing. Throws Cancelled.
  std::vector<Prediction> predict(const std::vector<ModelInput>& inputs, std::stop_token stop = {}, const ProgressFn& progress = {}) const;
  std::vector<Prediction> predict(const std::vector<Encoding>& encodings, std::stop_token stop = {}, const ProgressFn& progress = {}) const;
  /// Final hidden state of [CLS], [d] each.
  std::vector<std::vector<float>> cls_states(const std::vector<Encoding>& encodings, std::stop_token stop = {}) const;

  /// Writes a folder that transformers loads to the same logits (float32 safetensors). Atomic: a temporary folder, synced, renamed.
  void save(const std::filesystem::path& folder) const;

  struct Impl;  ///< model/classifier_impl.hpp, for core only
  Impl& impl() const { return *impl_; }
  explicit Classifier(std::unique_ptr<Impl> impl);

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace telltale
