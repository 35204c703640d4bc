// The engine for processors with AVX-512: each thread works through blocks of texts whose rows stay in its cache. For core only.
#pragma once
#include <memory>

#include "model/engine.hpp"

namespace telltale {

/// How the products of a block engine are carried. With `pairs` and `tiles` values keep their bits (24, or 16), gradients are rounded to bfloat16 and summed in float, and so
/// is what is kept for the way back: a softmax makes much of little in the values; in gradients roundings average out.
enum class BlockProducts {
  floats,  ///< AVX-512
  pairs,   ///< AVX512_BF16: float forth, bfloat16 back
  /// AMX: forth two bfloat16 a number, x = h + l, 16 bits, x·w as h·h + l·h + h·l summed in float (what is left out, l·l, is under 2⁻¹⁶ of the product)
  tiles,
};

/// Needs float weights on the CPU and a GELU activation. Null where the processor cannot.
/// Calls whose rows · d · i are under `least_work` stay on one thread: waiting for one another would take longer.
std::unique_ptr<Engine> make_block_engine(const ModelConfig& config, const BertWeights& weights, BlockProducts products, std::int64_t least_work = 4'000'000);

}  // namespace telltale
