// The engine for the CPU: forward and backward written out, every step between two matrix products one fused kernel. For core only.
#pragma once
#include <memory>

#include "model/engine.hpp"

namespace telltale {

/// products: kFloat or kBFloat16. Needs float weights on the CPU and a GELU activation.
std::unique_ptr<Engine> make_fused_engine(const ModelConfig& config, const BertWeights& weights, at::ScalarType products);

}  // namespace telltale
