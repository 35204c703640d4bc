// Predictions of one model that are kept while a scope lasts, so that whoever asks an equal input again, for whatever reason, gets the answer that is there:
// measures, occlusion and sampling methods hide the same words of the same posts.
#pragma once
#include <array>
#include <cstdint>
#include <map>

#include "model/classifier.hpp"

namespace telltale {

/// Of the thread that makes it; scopes may be nested, the innermost of a model counts. Its weights must not change meanwhile.
class PredictionMemo {
 public:
  explicit PredictionMemo(const Classifier& model);
  ~PredictionMemo();
  PredictionMemo(const PredictionMemo&) = delete;
  PredictionMemo& operator=(const PredictionMemo&) = delete;

  /// The one that serves this model on this thread, or null.
  static PredictionMemo* of(const Classifier::Impl& model);

  using Key = std::array<std::uint64_t, 3>;  ///< engine, and 128 bits of what is asked
  /// `engine`: whose answer it is; those of two precisions are two answers.
  static Key key_of(const void* engine, const ModelInput& input);
  bool find(const Key& key);  ///< is it known? Counted as served where it is
  const Prediction& known(const Key& key) const { return known_.at(key); }
  void keep(const Key& key, const Prediction& prediction) { known_.emplace(key, prediction); }
  std::int64_t served() const { return served_; }  ///< answers that were there

 private:
  const Classifier::Impl* model_;
  PredictionMemo* outer_;
  std::map<Key, Prediction> known_;
  std::int64_t served_ = 0;
};

}  // namespace telltale
