// Attention of the block kernels: one text and head after the other, in the second cache, by the tiles of block_products.hpp.
#pragma once
#include "model/block_products.hpp"

namespace telltale::TELLTALE_BLOCKS {
namespace {

/// Rows of one head [n,D] at `from` as a packed right side [n,D]: panels of 32 columns.
template <class T>
inline void gather(const T* from, Int ld, Int n, Int D, float* to) {
  for (Int j = 0; j < D; j += panel) {
    const Int width = least(panel, up(D - j, W));
    for (Int t = 0; t < n; ++t)
      for (Int c = 0; c < width; c += W) put(to + j * n + t * width + c, get(from + t * ld + j + c, lanes(D - j - c)));
  }
}

/// Sixteen rows become sixteen columns.
inline void transpose(V (&r)[16]) {
  V a[16];
  for (int k = 0; k < 16; k += 2) {
    a[k] = _mm512_unpacklo_ps(r[k], r[k + 1]);
    a[k + 1] = _mm512_unpackhi_ps(r[k], r[k + 1]);
  }
  for (int k = 0; k < 16; k += 4)
    for (int h = 0; h < 2; ++h) {
      r[k + 2 * h] = _mm512_shuffle_ps(a[k + h], a[k + 2 + h], 0x44);
      r[k + 2 * h + 1] = _mm512_shuffle_ps(a[k + h], a[k + 2 + h], 0xee);
    }
  for (int k = 0; k < 4; ++k) {  // r[4q + k]: column k of each group of four lanes, rows 4q … 4q + 3
    const V low = _mm512_shuffle_f32x4(r[k], r[4 + k], 0x88), high = _mm512_shuffle_f32x4(r[8 + k], r[12 + k], 0x88);
    const V low2 = _mm512_shuffle_f32x4(r[k], r[4 + k], 0xdd), high2 = _mm512_shuffle_f32x4(r[8 + k], r[12 + k], 0xdd);
    a[k] = _mm512_shuffle_f32x4(low, high, 0x88);
    a[8 + k] = _mm512_shuffle_f32x4(low, high, 0xdd);
    a[4 + k] = _mm512_shuffle_f32x4(low2, high2, 0x88);
    a[12 + k] = _mm512_shuffle_f32x4(low2, high2, 0xdd);
  }
  for (int k = 0; k < 16; ++k) r[k] = a[k];
}

/// The same rows, transposed, as a packed right side [D,n].
template <class T>
inline void gather_across(const T* from, Int ld, Int n, Int D, float* to) {
  for (Int j = 0; j < n; j += panel) {
    const Int width = least(panel, up(n - j, W));
    for (Int v = 0; v < width; v += W)
      for (Int c = 0; c < D; c += W) {
        V r[16];
        for (Int k = 0; k < 16; ++k) r[k] = j + v + k < n ? get(from + (j + v + k) * ld + c, lanes(D - c)) : _mm512_setzero_ps();
        transpose(r);
        for (Int k = 0; k < least(16, D - c); ++k) put(to + j * D + (c + k) * width + v, r[k]);
      }
  }
}

/// to [rows,n] of `ld` numbers = A·B for a packed B [K,n]; A as in any_tile.
template <bool across>
inline void small_product(Int rows, Int n, Int K, const float* a, Int lda, const float* b, float* to, Int ld) {
  alignas(64) float c[tallest * panel];
  for (Int j = 0; j < n; j += panel) {
    any_tile<float, across>(rows, n - j, K, a, lda, b + j * K, c, reinterpret_cast<const char*>(b));
    for (Int v = 0; v < least(panel, n - j); v += W)
      for (Int r = 0; r < rows; ++r) put(to + r * ld + j + v, get(c + r * panel + v));
  }
}

inline void softmax(float* s, Int n) {
  V top = all(-3e38f);
  for (Int j = 0; j < n; j += W) top = _mm512_mask_max_ps(top, lanes(n - j), top, get(s + j));
  const V most = all(_mm512_reduce_max_ps(top));
  V total = _mm512_setzero_ps();
  for (Int j = 0; j < n; j += W) {
    const V e = _mm512_maskz_mov_ps(lanes(n - j), exponential(get(s + j) - most));
    put(s + j, e);
    total += e;
  }
  const V share = all(1 / sum(total));
  for (Int j = 0; j < n; j += W) put(s + j, get(s + j) * share);
}

/// One head of `parts` (query, key, value) of n rows, for the way back.
template <class K>
inline void keep_head(K* kept, const float* from, Int n, Int parts, Int d, Int D) {
  for (Int t = 0; t < n; ++t)
    for (Int part = 0; part < parts; ++part)
      for (Int c = 0; c < D; c += W) {
        const Int at = (t * parts + part) * d + c;
        put_far(kept + at, get(from + at, lanes(D - c)), lanes(D - c));
      }
}

template <class N, class K>
void attention(BlockShape s, const float* qkv, const float* mask, K* kept, K* probabilities, Left<N> context, Share share) {
  const Int d = s.heads * s.size, n = s.ids, D = s.size, np = s.padded(), Dp = up(D, W);
  const Scratch scratch(D * np + n * Dp + tallest * (np + Dp + panel));
  float *keys = scratch.data, *values = keys + D * np, *p = values + n * Dp, *o = p + tallest * np;
  const Range mine(share, s.texts * s.heads);
  for (Int x = mine.first; x < mine.last; ++x) {
    const Int text = x / s.heads, head = x % s.heads;
    const float* q = qkv + text * n * 3 * d + head * D;
    gather_across(q + d, 3 * d, n, D, keys);
    gather(q + 2 * d, 3 * d, n, D, values);
    if (kept) keep_head(kept + text * n * 3 * d + head * D, q, n, 3, d, D);
    in_tiles(n, [&](Int first, Int rows) {
      small_product<false>(rows, n, D, q + first * 3 * d, 3 * d, keys, p, np);
      for (Int r = 0; r < rows; ++r) {
        float* row = p + r * np;
        if (mask)
          for (Int j = 0; j < n; j += W) put(row + j, get(row + j) + get(mask + text * n + j, lanes(n - j)));
        softmax(row, n);
        if (probabilities)
          for (Int j = 0; j < np; j += W) put_far(probabilities + (x * n + first + r) * np + j, get(row + j), 0xffff);
      }
      small_product<false>(rows, D, n, p, np, values, o, Dp);
      for (Int r = 0; r < rows; ++r) {
        const Int row = text * n + first + r;
        for (Int c = 0; c < D; c += W) put_left(context, row * context.ld + head * D + c, get(o + r * Dp + c), lanes(D - c));
        if (head + 1 == s.heads) zero_tail(context, row, d);
      }
    });
  }
  written();
}

template <class N, class K>
void attention_backward(BlockShape s, const K* qkv, const K* probabilities, const float* dcontext, Left<N> dqkv, Share share) {
  const Int d = s.heads * s.size, n = s.ids, D = s.size, np = s.padded(), Dp = up(D, W);
  const Scratch scratch(D * np + 3 * n * Dp + 2 * n * np + tallest * (Dp + panel));
  float *values = scratch.data, *queries = values + D * np, *keys = queries + n * Dp, *g = keys + n * Dp, *ds = g + n * Dp, *p = ds + n * np, *o = p + n * np;
  const Range mine(share, s.texts * s.heads);
  for (Int x = mine.first; x < mine.last; ++x) {
    const Int text = x / s.heads, head = x % s.heads;
    const K* q = qkv + text * n * 3 * d + head * D;
    gather(q, 3 * d, n, D, queries);
    gather(q + d, 3 * d, n, D, keys);
    gather_across(q + 2 * d, 3 * d, n, D, values);
    const float* dc = dcontext + text * n * d + head * D;
    gather(dc, d, n, D, g);
    const auto write = [&](Int part, Int first, Int rows) {
      for (Int r = 0; r < rows; ++r) {
        const Int row = text * n + first + r;
        for (Int c = 0; c < D; c += W) put_left(dqkv, row * dqkv.ld + part * d + head * D + c, get(o + r * Dp + c), lanes(D - c));
        if (part == 2 && head + 1 == s.heads) zero_tail(dqkv, row, 3 * d);
      }
    };
    const float* P = p;
    if constexpr (sizeof(K) == 4)
      P = probabilities + x * n * np;
    else
      for (Int j = 0; j < n * np; j += W) put(p + j, get(probabilities + x * n * np + j));
    in_tiles(n, [&](Int first, Int rows) {
      small_product<false>(rows, n, D, dc + first * d, d, values, ds + first * np, np);  // dP = dC·Vᵀ
      for (Int r = first; r < first + rows; ++r) {                                      // dS = P∘(dP − Σ P∘dP); past n P is zero
        float* row = ds + r * np;
        V dot = _mm512_setzero_ps();
        for (Int j = 0; j < n; j += W) dot = _mm512_fmadd_ps(get(row + j), get(P + r * np + j), dot);
        const V all_of_it = all(sum(dot));
        for (Int j = 0; j < n; j += W) put(row + j, get(P + r * np + j) * (get(row + j) - all_of_it));
      }
      small_product<false>(rows, D, n, ds + first * np, np, keys, o, Dp);  // dQ = dS·K
      write(0, first, rows);
    });
    in_tiles(n, [&](Int first, Int rows) {
      small_product<true>(rows, D, n, ds + first, np, queries, o, Dp);  // dK = dSᵀ·Q
      write(1, first, rows);
      small_product<true>(rows, D, n, P + first, np, g, o, Dp);  // dV = Pᵀ·dC
      write(2, first, rows);
    });
  }
}

template <class T>
inline float dot(const float* a, const T* b, Int n) {
  V total = _mm512_setzero_ps();
  for (Int c = 0; c < n; c += W) total = _mm512_fmadd_ps(get(a + c, lanes(n - c)), get(b + c, lanes(n - c)), total);
  return sum(total);
}

/// to[r] = x·w_r for `rows` rows of d numbers.
template <class T>
inline void dots(const float* x, const T* w, Int rows, Int d, float* to) {
  constexpr int together = 8;
  Int r = 0;
  for (; r + together <= rows; r += together) {
    V a[together];
    for (V& one : a) one = _mm512_setzero_ps();
    for (Int c = 0; c < d; c += W) {
      const __mmask16 m = lanes(d - c);
      const V v = get(x + c, m);
      for (int k = 0; k < together; ++k) a[k] = _mm512_fmadd_ps(v, get(w + (r + k) * d + c, m), a[k]);
    }
    for (int k = 0; k < together; ++k) to[r + k] = sum(a[k]);
  }
  for (; r < rows; ++r) to[r] = dot(x, w + r * d, d);
}

/// to = Σ_r x_r·w_r, or to += that, of `rows` rows of d numbers.
template <class T>
inline void weighted_sum(const float* x, const T* w, Int rows, Int d, float* to, bool add = false) {
  constexpr int together = 8;
  for (Int c = 0; c < d; c += together * W) {
    V a[together];
    __mmask16 m[together];
    for (int k = 0; k < together; ++k) {
      m[k] = lanes(d - c - k * W);
      a[k] = add ? get(to + c + k * W, m[k]) : _mm512_setzero_ps();
    }
    for (Int r = 0; r < rows; ++r) {
      const V v = all(x[r]);
      for (int k = 0; k < together; ++k) a[k] = _mm512_fmadd_ps(v, get(w + r * d + c + k * W, m[k]), a[k]);
    }
    for (int k = 0; k < together; ++k) put(to + c + k * W, a[k], m[k]);
  }
}

// One query a text: qᵀ(W_k h_t + b_k) is (W_kᵀq)ᵀh_t and a number that softmax does not see, Σ p_t (W_v h_t + b_v) is W_v(Σ p_t h_t) + b_v, so that no row but
// [CLS] meets the two matrices. Heads outermost: their rows of the matrices stay in the first cache for all texts.

template <class N>
void cls_attention(BlockShape s, const float* q, const float* states, KeyValue w, const float* mask, float* absorbed, float* probabilities, Left<N> context, Share share) {
  const Int d = s.heads * s.size, n = s.ids, D = s.size, np = s.padded();
  const Scratch scratch(np + 2 * up(d, W) + up(D, W));
  float *own_p = scratch.data, *own_u = own_p + np, *mean = own_u + up(d, W), *o = mean + up(d, W);
  const Range mine(share, s.texts * s.heads);
  for (Int x = mine.first; x < mine.last; ++x) {
    const Int head = x / s.texts, text = x % s.texts, place = text * s.heads + head, first = head * D;
    const float* h = states + text * n * d;
    float *p = probabilities ? probabilities + place * np : own_p, *u = absorbed ? absorbed + place * d : own_u;
    weighted_sum(q + text * d + first, w.key + first * d, D, d, u);
    dots(u, h, n, d, p);
    for (Int t = n; t < np; ++t) p[t] = 0;
    if (mask)
      for (Int j = 0; j < n; j += W) put(p + j, get(p + j) + get(mask + text * n + j, lanes(n - j)));
    softmax(p, n);
    weighted_sum(p, h, n, d, mean);
    dots(mean, w.value + first * d, D, d, o);
    for (Int c = 0; c < D; c += W) put_left(context, text * context.ld + first + c, get(o + c, lanes(D - c)) + get(w.value_bias + first + c, lanes(D - c)), lanes(D - c));
    if (head + 1 == s.heads) zero_tail(context, text, d);
  }
}

template <class N, class K>
void cls_attention_backward(BlockShape s, const K* states, KeyValue w, const float* probabilities, const float* dcontext, Left<N> dq, float* dscores, float* gathered, Share share) {
  const Int d = s.heads * s.size, n = s.ids, D = s.size, np = s.padded();
  const Scratch scratch(up(d, W) + up(D, W));
  float *z = scratch.data, *o = z + up(d, W);
  const Range mine(share, s.texts * s.heads);
  for (Int x = mine.first; x < mine.last; ++x) {
    const Int head = x / s.texts, text = x % s.texts, place = text * s.heads + head, first = head * D;
    const K* h = states + text * n * d;
    const float* p = probabilities + place * np;
    float *ds = dscores + place * np, *g = gathered + place * d;
    weighted_sum(dcontext + text * d + first, w.value + first * d, D, d, g);
    dots(g, h, n, d, ds);
    const float mean = dot(p, ds, n);  // in vectors: where a loop's last numbers are summed hangs on how long it is
    for (Int t = 0; t < n; ++t) ds[t] = p[t] * (ds[t] - mean);
    weighted_sum(ds, h, n, d, z);
    dots(z, w.key + first * d, D, d, o);
    for (Int c = 0; c < D; c += W) put_left(dq, text * dq.ld + first + c, get(o + c, lanes(D - c)), lanes(D - c));
    if (head + 1 == s.heads) zero_tail(dq, text, d);
  }
}

inline void cls_spread(BlockShape s, const float* absorbed, const float* probabilities, const float* dscores, const float* gathered, float* dstates, Share share) {
  const Int d = s.heads * s.size, n = s.ids, np = s.padded();
  const Scratch scratch(2 * up(s.heads, W));
  float *p = scratch.data, *ds = p + up(s.heads, W);
  const Range mine(share, s.rows());
  for (Int r = mine.first; r < mine.last; ++r) {
    const Int text = r / n, t = r % n, place = text * s.heads;
    for (Int head = 0; head < s.heads; ++head) {
      p[head] = probabilities[(place + head) * np + t];
      ds[head] = dscores[(place + head) * np + t];
    }
    weighted_sum(p, gathered + place * d, s.heads, d, dstates + r * d);
    weighted_sum(ds, absorbed + place * d, s.heads, d, dstates + r * d, true);
  }
}

}  // namespace
}  // namespace telltale::TELLTALE_BLOCKS
