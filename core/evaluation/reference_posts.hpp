// Training posts of a run that baselines and references of explanations are drawn from.
#pragma once
#include <memory>

#include "attribution/explain.hpp"
#include "store/store.hpp"

namespace telltale {

/// At most `per_class` posts of the training split of the run's data set for each class of the model, drawn by `seed`,
/// cut at `max_length` ids. Its name tells all of that. Posts of classes that the model does not have are left out.
/// Throws std::runtime_error where no post is left.
std::shared_ptr<const ReferencePosts> reference_posts(Store& store, const RunRecord& run, const Classifier& model,
                                                      int max_length, std::uint64_t seed = 0, int per_class = 50);

/// Do these options ask for training posts?
bool needs_reference_posts(const ExplainOptions& options);

}  // namespace telltale
