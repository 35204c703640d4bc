// Steps of the block engine on one block of rows, for processors with AVX-512, with its products of bfloat16, and with tiles of bfloat16 (AMX): matrix
// products with packed right sides whose results are finished (bias, GELU, residual) while they are in the first cache, and what lies between them. No torch in here.
// Each step is done by `share.parts` threads together, each calling it with its own `share.part`; what a number is made of, and in which order it is
// summed, depends on neither that nor the other rows: a row has the same bits in every block.
#pragma once
#include <cstdint>

#include "model/kernels.hpp"

namespace telltale {

struct Share {
  std::int64_t part = 0, parts = 1;
};

/// Left side of a product, rows of `ld` numbers: float; or bfloat16, with the rest in `low` where 16 bits are carried. Of bfloat16, columns up to the next
/// multiple of 32 are there and zero, rows up to the next multiple of 16 are there.
template <class Number>
struct Left {
  Number *high = nullptr, *low = nullptr;
  std::int64_t ld = 0;
};

/// A matrix [K,N] packed by a Packing.
struct Right {
  const void *high = nullptr, *low = nullptr;
  std::int64_t k = 0, n = 0;
};

enum class Finish { plain, gelu, times };

/// What becomes of x = left·right, row by row. Null: not wanted. Number: of left sides; Kept: of what is kept for the way back.
template <class Number, class Kept>
struct Result {
  Finish finish = Finish::plain;
  bool tanh_form = false;             ///< of gelu
  const float* bias = nullptr;        ///< [N], added first
  const float* residual = nullptr;    ///< added too; may be `out`
  std::int64_t residual_ld = 0;
  Kept* slope = nullptr;              ///< gelu: becomes gelu'(x), x becomes gelu(x); times: x is multiplied with it
  std::int64_t slope_ld = 0;
  float* out = nullptr;
  std::int64_t out_ld = 0;
  Left<Number> left;                  ///< the left side of the next product, rounded where it is bfloat16
};

/// N texts of T ids, H heads of D numbers; d = H·D. Rows of probabilities have room for a multiple of 16 ids.
struct BlockShape {
  std::int64_t texts = 0, ids = 0, heads = 0, size = 0;
  std::int64_t rows() const { return texts * ids; }
  std::int64_t padded() const { return (ids + 15) / 16 * 16; }
};

/// Of one layer, as they are: matrices [d,d], a row an output, and [d].
struct KeyValue {
  const float *key = nullptr, *value = nullptr, *value_bias = nullptr;
};

struct Packing {
  /// Bytes of one packed side (high or low) of a matrix [K,N].
  std::int64_t (*bytes)(std::int64_t k, std::int64_t n);
  /// w(i,j) at w[i·row + j·column]. `low`: the rest, where 16 bits are carried; else null.
  void (*pack)(const float* w, std::int64_t k, std::int64_t n, std::int64_t row, std::int64_t column, void* high, void* low, Share share);
};

/// Number: of left sides on the way forth, Back: on the way back, Kept: of what is kept between them; all float, or all Bf16 (tiles), or float forth and Bf16 back
/// (pairs). Queries come scaled by 1/√D, and biases are in them.
template <class N, class K, class B>
struct BlockKernels {
  using Number = N;
  using Kept = K;
  using Back = B;
  Packing forth, back;
  void (*product)(Left<Number> x, Right w, std::int64_t rows, const Result<Number, Kept>& to, Share share);
  void (*product_back)(Left<Back> x, Right w, std::int64_t rows, const Result<Back, Kept>& to, Share share);
  /// y = LayerNorm(in)·γ + β, to `out` (float, may be `in`) and `left`; x̂ and 1/σ are kept (null: not). `added` has `period` rows that repeat, null: none.
  void (*norm)(std::int64_t rows, std::int64_t d, const float* in, const float* added, std::int64_t period, const float* gamma, const float* beta, float eps, float* out,
               Left<Number> left, Kept* hat, float* rstd, Share share);
  void (*norm_backward)(std::int64_t rows, std::int64_t d, const float* dy, const Kept* hat, const float* rstd, const float* gamma, float* dx, Left<Back> left, Share share);
  void (*copy)(std::int64_t rows, std::int64_t d, const float* in, std::int64_t ld, float* out, Left<Number> left, Share share);  ///< [rows,d] of rows of `ld`
  void (*keep)(std::int64_t rows, std::int64_t d, const float* in, Kept* out, Share share);                                          ///< [rows,d]
  /// qkv [M,3d]; mask [N,T] 0 or a large negative number, null: none. Kept (null: not): qkv, probabilities [N,H,T,padded]. context [M,d].
  void (*attention)(BlockShape s, const float* qkv, const float* mask, Kept* kept, Kept* probabilities, Left<Number> context, Share share);
  void (*attention_backward)(BlockShape s, const Kept* qkv, const Kept* probabilities, const float* dcontext, Left<Back> dqkv, Share share);
  /// The [CLS] row alone: q [N,d], states [M,d]; context [N,d]. For the way back (null: not): absorbed [N,H,d], W_kᵀq; probabilities [N,H,padded].
  void (*cls_attention)(BlockShape s, const float* q, const float* states, KeyValue w, const float* mask, float* absorbed, float* probabilities, Left<Number> context, Share share);
  /// dq [N,d]; dscores [N,H,padded] and gathered [N,H,d], W_vᵀdcontext, from which cls_spread makes dstates [M,d].
  void (*cls_attention_backward)(BlockShape s, const Kept* states, KeyValue w, const float* probabilities, const float* dcontext, Left<Back> dq, float* dscores, float* gathered, Share share);
  void (*cls_spread)(BlockShape s, const float* absorbed, const float* probabilities, const float* dscores, const float* gathered, float* dstates, Share share);
  void (*begin)();  ///< in each thread before its first product, and `end` after its last
  void (*end)();
};

using FloatBlocks = BlockKernels<float, float, float>;
using PairBlocks = BlockKernels<float, Bf16, Bf16>;
using TileBlocks = BlockKernels<Bf16, Bf16, Bf16>;
const FloatBlocks* float_blocks();  ///< null where the processor has no AVX-512
const PairBlocks* pair_blocks();    ///< null where it does not multiply pairs of bfloat16 (AVX512_BF16)
const TileBlocks* tile_blocks();    ///< null where it has no tiles of bfloat16, or the system does not let this process use them

}  // namespace telltale
