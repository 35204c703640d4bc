// Fused CPU kernels of the engine. Compiled three times (baseline, AVX2, AVX-512) and chosen once at run time; no torch in here.
// Storage type T is float or Bf16; arithmetic is always float. Matrices are row-major and dense; M = N·T rows of N texts of T ids.
#pragma once
#include <bit>
#include <cstdint>

namespace telltale {

struct Bf16 {
  std::uint16_t bits;
};
// Internal linkage: the three compilations must not share (and the linker not mix) code for different processors.
[[maybe_unused]] static inline float to_float(float x) { return x; }
[[maybe_unused]] static inline float to_float(Bf16 x) { return std::bit_cast<float>(static_cast<std::uint32_t>(x.bits) << 16); }
[[maybe_unused]] static inline void store(float& to, float x) { to = x; }
[[maybe_unused]] static inline void store(Bf16& to, float x) {  // round to nearest even
  const std::uint32_t u = std::bit_cast<std::uint32_t>(x);
  to.bits = static_cast<std::uint16_t>((u + 0x7fffu + ((u >> 16) & 1u)) >> 16);
}

struct AttentionShape {
  std::int64_t texts = 0, ids = 0, heads = 0, size = 0;  ///< size: of one head; heads · size = d
};

template <class T>
struct Kernels {
  /// y = LayerNorm(in + bias + residual)·γ + β. bias [d] and residual may be null; residual has `period` rows that repeat (0: one a row).
  /// Keeps x̂ [M,d] and 1/σ [M] for the way back (null: not kept).
  void (*norm)(std::int64_t rows, std::int64_t d, const T* in, const float* bias, const T* residual, std::int64_t period, const float* gamma,
               const float* beta, float eps, T* out, T* hat, float* rstd);
  /// dx of LayerNorm from dy, x̂ and 1/σ; `dx` may be `dy`.
  void (*norm_backward)(std::int64_t rows, std::int64_t d, const T* dy, const T* hat, const float* rstd, const float* gamma, T* dx);
  /// out = gelu(x + bias), x becomes gelu'(x + bias). Exact (erf) or tanh form.
  void (*gelu)(std::int64_t rows, std::int64_t d, T* x, const float* bias, bool tanh_form, T* out);
  void (*multiply)(std::int64_t n, T* a, const T* b);  ///< a ∘= b
  /// Each number `value` where a draw of 32 bits is under `below`, else 0. The draws are those of SplitMix64 (Steele, Lea & Flood 2014) from `key`: the same on
  /// every processor and with any number of threads.
  void (*draw)(std::int64_t n, std::uint64_t key, std::uint32_t below, float value, float* out);
  /// qkv [M,3d] without its bias; mask [N,T] 0 or a large negative number, null = none. probabilities [N,H,T,T], context [M,d].
  void (*attention)(AttentionShape s, const T* qkv, const float* bias, const float* mask, T* probabilities, T* context);
  void (*attention_backward)(AttentionShape s, const T* qkv, const float* bias, const T* probabilities, const T* dcontext, T* dqkv);
  /// The [CLS] row alone: q [N,d], kv [M,2d] without their bias; probabilities [N,H,T], context [N,d].
  void (*cls_attention)(AttentionShape s, const T* q, const T* kv, const float* bias, const float* mask, T* probabilities, T* context);
  void (*cls_attention_backward)(AttentionShape s, const T* q, const T* kv, const float* bias, const T* probabilities, const T* dcontext, T* dq, T* dkv);
};

/// For this processor. T = float or Bf16.
template <class T>
const Kernels<T>& kernels();
const char* kernel_name();  ///< "avx512", "avx2" or "generic"

}  // namespace telltale
