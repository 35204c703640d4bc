// The engine for the CPU: forward and backward written out, every step between two matrix products one fused kernel. For core only.
#pragma once
#include <memory>

#include "model/engine.hpp"
#include "model/packed_weight.hpp"

namespace telltale {

/// Needs float weights on the CPU and a GELU activation. With Carried::bf16 all that lies between the products is bfloat16 too, else float.
std::unique_ptr<Engine> make_fused_engine(const ModelConfig& config, const BertWeights& weights, Carried carried);

}  // namespace telltale
