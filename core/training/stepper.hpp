// One optimiser step of a run: batches, objective, clipping, AdamW. What is done at step k depends on the state and (seed, k) alone.
// For core only.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "model/classifier_impl.hpp"
#include "objective/objective.hpp"
#include "training/adamw.hpp"
#include "training/batching.hpp"
#include "training/schedule.hpp"
#include "training/settings.hpp"

namespace telltale {

struct StepResult {
  TermValues values;                    ///< means over the posts of the step; shares NaN where a term has weight 0
  double gradient_norm = 0;             ///< before clipping
  double learning_rate = 0;
  std::int64_t tokens = 0;              ///< ids that are no padding
  std::vector<std::int64_t> documents;
  std::string fault;                    ///< not empty: NaN or infinity; the parameters are as they were before the step
};

class Stepper {
 public:
  /// The first three must outlive it. `products`: see product_type().
  Stepper(Classifier& model, const std::vector<TrainingPost>& posts, const TrainingSettings& settings, at::ScalarType products);

  std::int64_t steps_an_epoch() const { return per_epoch_; }
  std::int64_t steps() const { return schedule_.steps; }
  /// Step k, counted from 0.
  StepResult step(std::int64_t k, bool shares);
  /// The batches of step k, as indices into the posts.
  std::vector<std::vector<std::size_t>> batches_of(std::int64_t k);

  /// Gradient of a mean over all posts of the batches, added up in the parameters; what step() does before it clips.
  StepResult accumulate(const std::vector<std::vector<std::size_t>>& batches, std::int64_t k, bool shares);
  /// Every term, those of weight 0 too, on one fixed batch, without dropout. The state is left as it was.
  TermValues probe();

  Objective& objective() { return *objective_; }
  AdamW& optimiser() { return *optimiser_; }
  Classifier& model() { return model_; }
  const TrainingSettings& settings() const { return settings_; }

 private:
  Classifier& model_;
  const std::vector<TrainingPost>& posts_;
  const TrainingSettings& settings_;
  SpecialIds specials_;
  std::unique_ptr<Objective> objective_;
  std::unique_ptr<AdamW> optimiser_;
  Schedule schedule_;
  std::int64_t per_epoch_ = 0, epoch_ = -1;
  std::vector<std::vector<std::size_t>> batches_;  ///< of epoch_
  int rival_ = -1;                                 ///< the named one
  at::Tensor counts_;
  Dropout dropout_;
};

}  // namespace telltale
