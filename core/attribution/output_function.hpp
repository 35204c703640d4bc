// F of the logits and its gradient (METHOD.md, "Attribution"), in double on the host. No torch.
#pragma once
#include <vector>

#include "attribution/explanation.hpp"

namespace telltale {

/// Throws std::invalid_argument where a model of so many classes has no such output: difference and log-odds compare with another class.
void check_output(Output output, int classes);
/// F for class c (and foil): p_c; z_c; z_c − logsumexp of the other classes; z_c − z_foil. z [C].
double output_value(Output output, const double* z, int classes, int target, int foil);
/// dF/dz into `gradient` [C].
void output_gradient(Output output, const double* z, int classes, int target, int foil, double* gradient);

}  // namespace telltale
