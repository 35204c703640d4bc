// A linear probe for every layer of a model, on the posts of a data set: how far down the class can be read off.
#pragma once
#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "attribution/hidden_states.hpp"
#include "base/json.hpp"
#include "evaluation/linear_probe.hpp"
#include "store/store.hpp"

namespace telltale {

struct LayerProbeOptions {
  Pool pool = Pool::cls;
  ProbeOptions probe;
  std::int64_t train_limit = 2000, test_limit = 1000;  ///< at most so many posts, the same share of every class, by the seed; 0 = all
  std::string train_split = "train", test_split = "test";  ///< of a data set
  int max_length = 0;                                      ///< ids of a post; 0 = the model's
  int threads = 1;                                         ///< layers fitted at a time
};

struct ProbePosts {
  struct Post {
    std::string text;
    int label = 0;  ///< index into `classes`
  };
  std::vector<std::string> classes;
  std::vector<Post> train, test;
};

/// The document:
/// {"protocol": {"pool", "l2": number | null, "controls", "seed", "resamples", "max_length", "precision", "train_limit",
/// "test_limit", …}, "classes": […], "train": posts, "test": posts, "majority": accuracy of always answering the most
/// frequent class of the training posts,
///  "layers": [{"layer": 0 … L, "accuracy", "low", "high", "kind", "train_accuracy", "control", "control_low",
///  "control_high", "control_train_accuracy", "selectivity", "l2", "converged", "constant": dimensions that do not vary,
///  "lens": accuracy of the logit lens, "lens_low", "lens_high"}, …]}
/// Layer 0 is the output of the embedding block; under Pool::cls it is the same for every post, so its probe can only
/// answer the most frequent class. Figures that are not there (no controls, an encoder without a head for these classes)
/// are null. The lens of the last layer is the model's own accuracy. Throws std::invalid_argument (fewer than two
/// classes, a class with fewer than least_of_class training posts, no test posts), std::runtime_error, Cancelled.
Json probe_layers(const Classifier& model, const ProbePosts& posts, const LayerProbeOptions& options,
                  std::stop_token stop = {}, const ProgressFn& progress = {});

/// The same on the splits of a data set; the document also has "stored": true where the figures were in the file. They are
/// kept there by model fingerprint and protocol, unless `keep` is false (a file that can only be read). Throws
/// std::runtime_error also for a data set without training posts.
Json probe_dataset(Store& store, const DatasetInfo& data, const Classifier& model, const LayerProbeOptions& options,
                   bool keep = true, std::stop_token stop = {}, const ProgressFn& progress = {});
/// What the file holds of it, without the model; null: nothing. `max_length` must be resolved (not 0).
Json stored_probe(Store& store, const DatasetInfo& data, const std::string& fingerprint, Precision precision,
                  const LayerProbeOptions& options);

}  // namespace telltale
