// The options of the gradient, path and attention methods: what is refused, and what of them goes into the protocol. No
// torch.
#pragma once
#include "attribution/explain.hpp"

namespace telltale {

constexpr int noise_draws = 8;  ///< of Baseline::noise where no number is given

/// Throws std::invalid_argument for what the method uses and cannot take.
void check_gradient_options(const ExplainOptions& options, const MethodInfo& method, const Classifier& model);

/// Adds layer, head, aggregation, draws and seed, noise, neighbours, references, … as far as the method uses them;
/// nothing to methods that use none.
void add_gradient_protocol(const ExplainOptions& options, const MethodInfo& method, Json& protocol);
/// The other way; keys that are not there leave `options` as they are. Values that no option can have are passed over.
void read_gradient_protocol(const Json& protocol, ExplainOptions& options);

int draws_of(const ExplainOptions& options,
             const MethodInfo& method);  ///< as asked, else the method's own, else noise_draws
int neighbours_of(const ExplainOptions& options, const MethodInfo& method);  ///< as asked, else the paper's: 500, udig 50
int steps_of(const ExplainOptions& options, const MethodInfo& method);  ///< as asked, else MethodInfo::own_steps

}  // namespace telltale
