// Maximum flow through the layers of attention (Abnar & Zuidema 2020, "attention flow"), exact up to rounding. No
// torch.
#pragma once
#include <functional>
#include <vector>

namespace telltale {

/// maps: from the last layer to the first, each [T × T] row by row, maps[l][i·T + j] = capacity from node i above to
/// node j below, ≥ 0. Returns for each of the T nodes at the bottom the largest flow that node `source` at the top can
/// send there, each as if it were alone (Dinic 1970). `between` is called before each of the T problems; it may throw.
std::vector<double> attention_flow(const std::vector<std::vector<double>>& maps, int size, int source,
                                   const std::function<void()>& between = {});

}  // namespace telltale
