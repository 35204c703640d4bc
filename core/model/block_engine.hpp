// The engine for processors with AVX-512: each thread works through blocks of texts whose rows stay in its cache. For core only.
#pragma once
#include <memory>

#include "model/engine.hpp"

namespace telltale {

/// Needs float weights on the CPU and a GELU activation. Float products, or `mixed` ones (Carried::mixed, see packed_weight.hpp): then what is kept for the way
/// back is bfloat16 too. Null where the processor cannot (AVX-512; for mixed products tiles of bfloat16).
/// Calls whose rows · d · i are under `least_work` stay on one thread: waiting for one another would take longer.
std::unique_ptr<Engine> make_block_engine(const ModelConfig& config, const BertWeights& weights, bool mixed, std::int64_t least_work = 4'000'000);

}  // namespace telltale
