// The attribution film: a few pinned posts explained anew every film_steps, so that a person can watch what the words gain and lose.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "model/classifier.hpp"
#include "store/store.hpp"
#include "training/settings.hpp"

namespace telltale {

/// The pinned posts are the array of document ids under the store's value "film.pinned". Frames lie under "film.run-N": an array, in order of
/// steps, of {"step", "posts": [{"document", "target", "predicted", "probability", "value", "delta", "precision", "words": [[begin, end, score], …]}, …]};
/// bytes into the post's text; Integrated Gradients of the gold class with 32 Gauss–Legendre nodes, on the path of the loss.
class Film {
 public:
  /// Posts of other data sets are passed over.
  Film(Store& store, std::int64_t run, std::int64_t dataset, const Tokenizer& tokenizer, const TrainingSettings& settings);
  bool empty() const { return posts_.empty(); }
  /// Frames after `step` go: the run is resumed from there.
  void rewind(std::int64_t step);
  /// Explains the posts with the model as it is now (its engines must be fresh) and appends the frame.
  void shoot(const Classifier& model, std::int64_t step);
  std::vector<std::int64_t> documents() const;

 private:
  struct Post {
    std::int64_t document;
    int label;
    Encoding encoding;
  };
  Store& store_;
  std::string key_;
  Path path_;
  std::vector<Post> posts_;
};

}  // namespace telltale
