// Vectors of sixteen floats for the block kernels; included only by files compiled for AVX-512.
#pragma once
#include <immintrin.h>

#include <cstdint>
#include <cstdlib>

#include "model/block_kernels.hpp"

namespace telltale::TELLTALE_BLOCKS {
namespace {

using Int = std::int64_t;
using V = __m512;
constexpr Int W = 16;       // floats in a vector
constexpr Int panel = 32;   // columns of a packed panel, and of the tile of results
constexpr Int up(Int n, Int to) { return (n + to - 1) / to * to; }
inline Int least(Int a, Int b) { return a < b ? a : b; }

inline __mmask16 lanes(Int n) { return n >= W ? static_cast<__mmask16>(0xffff) : n <= 0 ? static_cast<__mmask16>(0) : static_cast<__mmask16>((1u << n) - 1); }

inline V all(float x) { return _mm512_set1_ps(x); }
inline V get(const float* p) { return _mm512_loadu_ps(p); }
inline V get(const float* p, __mmask16 m) { return _mm512_maskz_loadu_ps(m, p); }
inline V widened(__m256i h) { return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(h), 16)); }
inline V get(const Bf16* p) { return widened(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))); }
inline V get(const Bf16* p, __mmask16 m) { return widened(_mm256_maskz_loadu_epi16(m, p)); }

inline __m256i rounded(V x) {  // to nearest even
#ifdef __AVX512BF16__
  return reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(x));
#else
  const __m512i u = _mm512_castps_si512(x), odd = _mm512_and_si512(_mm512_srli_epi32(u, 16), _mm512_set1_epi32(1));
  return _mm512_cvtepi32_epi16(_mm512_srli_epi32(_mm512_add_epi32(_mm512_add_epi32(u, _mm512_set1_epi32(0x7fff)), odd), 16));
#endif
}

inline void put(float* p, V x) { _mm512_storeu_ps(p, x); }
inline void put(float* p, V x, __mmask16 m) { _mm512_mask_storeu_ps(p, m, x); }
inline void put(Bf16* p, V x) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), rounded(x)); }
inline void put(Bf16* p, V x, __mmask16 m) { _mm256_mask_storeu_epi16(p, m, rounded(x)); }
/// For what is read again only after it has left the caches: past them, so that it pushes nothing out and no line is fetched to be overwritten. Whole lines at a
/// time pay; `to` off its own size's boundary, or lanes left out: an ordinary write. Others see it after `written()`.
inline void put_far(float* to, V x, __mmask16 m) {
  if (m == 0xffff && reinterpret_cast<std::uintptr_t>(to) % 64 == 0)
    _mm512_stream_ps(to, x);
  else
    put(to, x, m);
}
inline void put_far(Bf16* to, V x, __mmask16 m) {
  if (m == 0xffff && reinterpret_cast<std::uintptr_t>(to) % 32 == 0)
    _mm256_stream_si256(reinterpret_cast<__m256i*>(to), rounded(x));
  else
    put(to, x, m);
}
inline void written() { _mm_sfence(); }
inline float sum(V x) { return _mm512_reduce_add_ps(x); }

/// A left side: float as it is; bfloat16 rounded, with the rest in `low` where there is one. Lanes m.
inline void put_left(const Left<float>& to, Int at, V x, __mmask16 m) { put(to.high + at, x, m); }
inline void put_left(const Left<Bf16>& to, Int at, V x, __mmask16 m) {
  const __m256i high = rounded(x);
  _mm256_mask_storeu_epi16(to.high + at, m, high);
  if (to.low) put(to.low + at, x - widened(high), m);
}
/// What lies past the d numbers of a row of bfloat16 counts in its products.
template <class N>
inline void zero_tail(const Left<N>& to, Int row, Int d) {
  if constexpr (sizeof(N) == 2)
    for (Int c = d; c < to.ld; ++c) {
      store(to.high[row * to.ld + c], 0);
      if (to.low) store(to.low[row * to.ld + c], 0);
    }
}

inline V exponential(V x) {  // Cephes' polynomial on the reduced argument, 2 ulp; x clamped to [−87.3, 88]
  x = _mm512_min_ps(_mm512_max_ps(x, all(-87.3f)), all(88.0f));
  const V n = _mm512_roundscale_ps(x * all(1.44269504088896341f), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  V r = _mm512_fnmadd_ps(n, all(0.693359375f), x);
  r = _mm512_fmadd_ps(n, all(2.12194440e-4f), r);
  V p = all(1.9875691500e-4f);
  p = _mm512_fmadd_ps(p, r, all(1.3981999507e-3f));
  p = _mm512_fmadd_ps(p, r, all(8.3334519073e-3f));
  p = _mm512_fmadd_ps(p, r, all(4.1665795894e-2f));
  p = _mm512_fmadd_ps(p, r, all(1.6666665459e-1f));
  p = _mm512_fmadd_ps(p, r, all(5.0000001201e-1f));
  p = _mm512_fmadd_ps(p, r * r, r + all(1.0f));
  return _mm512_scalef_ps(p, n);
}

inline V inverse(V x) {  // one step of Newton's on 14 bits
  const V y = _mm512_rcp14_ps(x);
  return y * _mm512_fnmadd_ps(x, y, all(2.0f));
}

inline V error_function(V x) {  // the rational approximation on [−4, 4] of kernels_body.hpp
  x = _mm512_min_ps(_mm512_max_ps(x, all(-4.0f)), all(4.0f));
  const V s = x * x;
  V p = all(-2.72614225801306e-10f);
  p = _mm512_fmadd_ps(p, s, all(2.77068142495902e-08f));
  p = _mm512_fmadd_ps(p, s, all(-2.10102402082508e-06f));
  p = _mm512_fmadd_ps(p, s, all(-5.69250639462346e-05f));
  p = _mm512_fmadd_ps(p, s, all(-7.34990630326855e-04f));
  p = _mm512_fmadd_ps(p, s, all(-2.95459980854025e-03f));
  p = _mm512_fmadd_ps(p, s, all(-1.60960333262415e-02f));
  V q = all(-1.45660718464996e-05f);
  q = _mm512_fmadd_ps(q, s, all(-2.13374055278905e-04f));
  q = _mm512_fmadd_ps(q, s, all(-1.68282697438203e-03f));
  q = _mm512_fmadd_ps(q, s, all(-7.37332916720468e-03f));
  q = _mm512_fmadd_ps(q, s, all(-1.42647390514189e-02f));
  return x * p * inverse(q);
}

/// gelu(u); `slope` becomes gelu'(u).
inline V gelu(V u, bool tanh_form, V& slope) {
  const V half = all(0.5f), one = all(1.0f);
  if (tanh_form) {
    const V u2 = u * u, c = all(0.79788456080286535588f);
    const V a = c * _mm512_fmadd_ps(all(0.044715f) * u2, u, u);
    const V t = one - all(2.0f) * inverse(exponential(_mm512_min_ps(a + a, all(80.0f))) + one);
    slope = half * (one + t) + half * u * (one - t * t) * c * _mm512_fmadd_ps(all(3 * 0.044715f), u2, one);
    return half * u * (one + t);
  }
  const V phi = _mm512_fmadd_ps(half, error_function(u * all(0.70710678118654752440f)), half);
  slope = _mm512_fmadd_ps(u * all(0.39894228040143267794f), exponential(all(-0.5f) * u * u), phi);
  return u * phi;
}

/// Scratch memory of one call. No standard container: its code would be shared with files compiled for other processors.
struct Scratch {
  float* data;
  explicit Scratch(Int floats) : data(static_cast<float*>(std::aligned_alloc(64, static_cast<std::size_t>(up(floats + W, W)) * sizeof(float)))) {
    if (!data) std::abort();
  }
  ~Scratch() { std::free(data); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
};

/// [first, last) of n for this part.
struct Range {
  Int first, last;
  Range(Share s, Int n) : first(n * s.part / s.parts), last(n * (s.part + 1) / s.parts) {}
};

}  // namespace
}  // namespace telltale::TELLTALE_BLOCKS
