// The training posts of a run, and the final [CLS] state of each under some weights. For core only.
#pragma once
#include <ATen/ATen.h>

#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "examples/examples.hpp"
#include "training/batching.hpp"

namespace telltale {

/// Which posts there are: by document id. Labels are indices into the model's classes.
struct TrainingSet {
  struct Post {
    std::int64_t document = 0;
    int label = 0;
  };
  std::vector<Post> posts;
};

at::Tensor labels_of(const TrainingSet& set);  ///< [N] long

/// [CLS] states of all training posts: the input of nearest, of TracIn in the last layer and of influence.
struct TrainingStates {
  std::shared_ptr<const TrainingSet> set;
  at::Tensor states;  ///< [N,d] float, CPU, final [CLS]
};

/// Reads the run's training posts once, when they are needed, and checks that they are those it was trained on.
class TrainingReader {
 public:
  /// All must outlive it. `length`: ids of a post.
  TrainingReader(const ExampleSource& source, const Classifier& model, int length, ExampleCache& cache, std::stop_token stop);

  int length() const { return length_; }
  /// Throws std::runtime_error where the data set is gone, holds no training posts, or not as many as the run was trained on.
  const std::vector<TrainingPost>& posts();
  std::shared_ptr<const TrainingSet> set();  ///< from the cache, else of posts()
  /// Names the posts within cache keys: data set, how many, what is held out, length.
  std::string key();

 private:
  const ExampleSource& source_;
  const Classifier& model_;
  int length_;
  ExampleCache& cache_;
  std::stop_token stop_;
  std::string key_;
  std::optional<std::vector<TrainingPost>> posts_;
};

/// From the cache, else by one forward pass a post; `key` receives the cache's key. Progress in posts. Throws Cancelled.
std::shared_ptr<const TrainingStates> training_states(const Classifier& model, TrainingReader& training, ExampleCache& cache, std::string& key, std::stop_token stop, const ProgressFn& progress);
std::string states_key(const Classifier& model, TrainingReader& training);

/// Final [CLS] state of one text, [d] float.
at::Tensor cls_state(const Classifier& model, const Encoding& encoding, std::stop_token stop);

}  // namespace telltale
