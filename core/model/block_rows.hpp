// What the block kernels do row by row, and their table.
#pragma once
#include "model/block_attention.hpp"

namespace telltale::TELLTALE_BLOCKS {
namespace {

template <class N, class K>
void norm(Int rows, Int d, const float* in, const float* added, Int period, const float* gamma, const float* beta, float eps, float* out, Left<N> left, K* hat, float* rstd, Share share) {
  const Scratch scratch(up(d, W));
  float* v = scratch.data;
  const V n = all(1 / static_cast<float>(d));
  const Range mine(share, rows);
  for (Int r = mine.first; r < mine.last; ++r) {
    const float *x = in + r * d, *y = added ? added + r % period * d : nullptr;
    V total = _mm512_setzero_ps();
    for (Int j = 0; j < d; j += W) {
      const __mmask16 m = lanes(d - j);
      const V z = y ? get(x + j, m) + get(y + j, m) : get(x + j, m);
      put(v + j, z);
      total += z;
    }
    const V mean = all(sum(total)) * n;
    V squares = _mm512_setzero_ps();
    for (Int j = 0; j < d; j += W) {
      const V z = _mm512_maskz_sub_ps(lanes(d - j), get(v + j), mean);
      put(v + j, z);
      squares = _mm512_fmadd_ps(z, z, squares);
    }
    const float s = 1 / __builtin_sqrtf(sum(squares) / static_cast<float>(d) + eps);
    if (hat) rstd[r] = s;
    for (Int j = 0; j < d; j += W) {
      const __mmask16 m = lanes(d - j);
      const V z = get(v + j) * all(s), o = _mm512_fmadd_ps(z, get(gamma + j, m), get(beta + j, m));
      if (hat) put_far(hat + r * d + j, z, m);
      put(out + r * d + j, o, m);
      if (left.high) put_left(left, r * left.ld + j, o, m);
    }
    if (left.high) zero_tail(left, r, d);
  }
  if (hat) written();
}

template <class N, class K>
void norm_backward(Int rows, Int d, const float* dy, const K* hat, const float* rstd, const float* gamma, float* dx, Left<N> left, Share share) {
  const float n = 1 / static_cast<float>(d);
  const Range mine(share, rows);
  for (Int r = mine.first; r < mine.last; ++r) {
    const float* g = dy + r * d;
    const K* h = hat + r * d;
    V total = _mm512_setzero_ps(), dot = total;
    for (Int j = 0; j < d; j += W) {
      const __mmask16 m = lanes(d - j);
      const V t = get(g + j, m) * get(gamma + j, m);
      total += t;
      dot = _mm512_fmadd_ps(t, get(h + j, m), dot);
    }
    const V mean = all(sum(total) * n), slope = all(sum(dot) * n), s = all(rstd[r]);
    for (Int j = 0; j < d; j += W) {
      const __mmask16 m = lanes(d - j);
      const V x = s * (get(g + j, m) * get(gamma + j, m) - mean - get(h + j, m) * slope);
      put(dx + r * d + j, x, m);
      if (left.high) put_left(left, r * left.ld + j, x, m);
    }
    if (left.high) zero_tail(left, r, d);
  }
}

template <class N>
void copy(Int rows, Int d, const float* in, Int ld, float* out, Left<N> left, Share share) {
  const Range mine(share, rows);
  for (Int r = mine.first; r < mine.last; ++r) {
    for (Int j = 0; j < d; j += W) {
      const __mmask16 m = lanes(d - j);
      const V x = get(in + r * ld + j, m);
      if (out) put(out + r * d + j, x, m);
      if (left.high) put_left(left, r * left.ld + j, x, m);
    }
    if (left.high) zero_tail(left, r, d);
  }
}

template <class K>
void keep(Int rows, Int d, const float* in, K* out, Share share) {
  const Range mine(share, rows);
  for (Int r = mine.first; r < mine.last; ++r)
    for (Int j = 0; j < d; j += W) put(out + r * d + j, get(in + r * d + j, lanes(d - j)), lanes(d - j));
}

template <template <Finish> class P, class N, class K>
void product(Left<N> x, Right w, Int rows, const Result<N, K>& to, Share share) {
  if (to.finish == Finish::gelu)
    P<Finish::gelu>::call(x, w, rows, to, share);
  else if (to.finish == Finish::times)
    P<Finish::times>::call(x, w, rows, to, share);
  else
    P<Finish::plain>::call(x, w, rows, to, share);
}

inline void nothing() {}

/// The table of a set of kernels: P and PBack hold the products, forth and back, for each Finish.
template <template <Finish> class P, template <Finish> class PBack, class N, class K, class B>
constexpr BlockKernels<N, K, B> table_of(Packing forth, Packing back, void (*begin)() = &nothing, void (*end)() = &nothing) {
  return {forth, back, &product<P, N, K>, &product<PBack, B, K>, &norm<N, K>, &norm_backward<B, K>, &copy<N>, &keep<K>, &attention<N, K>, &attention_backward<B, K>, &cls_attention<N>, &cls_attention_backward<B, K>, &cls_spread, begin, end};
}

}  // namespace
}  // namespace telltale::TELLTALE_BLOCKS
