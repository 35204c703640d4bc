// Shows the perturbation to whoever looks at a run while it trains, at a bounded share of its time. For core only.
#pragma once
#include <optional>

#include "objective/geometry.hpp"
#include "training/control.hpp"
#include "training/stepper.hpp"

namespace telltale {

/// Draws from streams of its own and changes nothing that training reads: the weights are the same whether someone looks or not.
class GeometryWatch {
 public:
  /// The stepper and the posts must outlive it.
  GeometryWatch(Stepper& stepper, const std::vector<TrainingPost>& posts) : stepper_(stepper), posts_(posts) {}

  /// The event of step k (counted from 0) whose posts were `documents`, when one is due. `elapsed`: seconds of training in this session.
  std::optional<OrderedJson> look(const GeometryWish& wish, std::int64_t k, const std::vector<std::int64_t>& documents, double elapsed);
  double spent() const { return spent_; }

 private:
  const TrainingPost* find(std::int64_t document) const;
  Stepper& stepper_;
  const std::vector<TrainingPost>& posts_;
  double last_ = -1e9, spent_ = 0, cost_[2] = {0, 0};  ///< seconds; of a quick look, and of one with the distances between attributions
  std::int64_t looks_ = 0;
};

}  // namespace telltale
