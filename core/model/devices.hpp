// What there is to compute on.
#pragma once
#include <string>
#include <vector>

namespace telltale {

/// "cpu", then "cuda:0", "cuda:1", … A first call may wake a graphics card, which takes a while.
std::vector<std::string> compute_devices();

}  // namespace telltale
