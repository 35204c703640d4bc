// The protocol of an evaluation as JSON: what is stored, shown, compared, and found again by.
#pragma once
#include "evaluation/evaluation.hpp"

namespace telltale {

/// All that decides figures but methods and metrics; every number is there. max_length must be resolved (not 0).
/// `dataset` is its name.
Json settings_json(const EvaluationOptions& options, const std::string& dataset, Precision judged_in);
/// The inverse; methods and metrics are empty. Throws std::runtime_error naming the key that is missing or wrong.
EvaluationOptions settings_from(const Json& settings);

/// How a method explains under these options: occlusion hides words by the rule of the measures.
ExplainOptions explain_options(const EvaluationOptions& options, const std::string& method);
/// Its protocol; that of the control holds the seed.
Json method_protocol(const EvaluationOptions& options, const std::string& method);
/// What a metric draws, counts or takes beside the options that all share; null where nothing. `rationale_k`: 0 = not
/// known yet.
Json metric_protocol(const EvaluationOptions& options, const std::string& metric, std::size_t rationale_k = 0);

/// What a value is stored under, beside the model: two values with equal protocols are the same measurement. A metric
/// of posts does not depend on the sample (but token-f1 and iou-f1 by an average k); one of pairs of classes does.
Json measure_protocol(const Json& settings, const EvaluationOptions& options, const std::string& method,
                      const std::string& metric);

/// The number of words of overlap@k and telling-share@k: that of the id, else a count given as k, else 10. Throws
/// std::invalid_argument for a share.
int words_compared(const EvaluationOptions& options, const std::string& metric);

/// Keys in which two settings differ, in order; "dataset" among them.
std::vector<std::string> differing_settings(const Json& a, const Json& b);

}  // namespace telltale
