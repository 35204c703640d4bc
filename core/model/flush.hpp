#pragma once

namespace telltale {

/// Numbers under 1.2e-38 count as zero from here on, in this thread and in its OpenMP threads. Gradients of a class that the model is sure of sink that
/// low, and a product with one such number takes Intel's processors a hundred cycles: Integrated Gradients ran at two thirds of its speed.
void flush_denormals();

}  // namespace telltale
