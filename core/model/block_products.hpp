// Products of the block kernels: a small tile of results held in registers, over panels of 32 columns packed one after the other.
#pragma once
#include "model/block_vectors.hpp"

namespace telltale::TELLTALE_BLOCKS {
namespace {

constexpr Int tallest = 14;     // rows of a tile of floats: 14 × 2 vectors, and two of the right side, are 30 of 32 registers
constexpr Int rows_at_a_time = 256;  // of the left side, which stay in the second cache while the panels pass
constexpr Int rows_of_a_share = 112; // where threads work on one product together

constexpr Int line = 64;           // bytes
constexpr Int steps_early = 8;       // that a row of the right side is fetched to the first cache before it is used
constexpr Int steps_a_line = 8;    // of a tile, for each line that it fetches ahead

/// Four bytes of a left or right side: a float, or two bfloat16 that lie side by side.
using Cell = float __attribute__((may_alias));
template <class N>
constexpr Int numbers = static_cast<Int>(sizeof(Cell) / sizeof(N));  ///< of a cell
template <class N>
constexpr Int cells(Int k) { return up(k, numbers<N>) / numbers<N>; }

/// p[n·step], n < 3, in every lane. In assembler: a compiler makes a pointer of each row, and thirteen of them do not fit the registers beside the rest, so that
/// every step reads some back from memory (4 % of a product).
__attribute__((always_inline)) inline V broadcast(const Cell* p, Int step, int n) {
  V out;
  const auto& memory = *reinterpret_cast<const Cell(*)[1 << 20]>(p);  // what is read, for the compiler; never that much
  if (n == 0)
    asm("vbroadcastss (%1), %0" : "=v"(out) : "r"(p), "m"(memory));
  else if (n == 1)
    asm("vbroadcastss (%1,%2,4), %0" : "=v"(out) : "r"(p), "r"(step), "m"(memory));
  else
    asm("vbroadcastss (%1,%2,8), %0" : "=v"(out) : "r"(p), "r"(step), "m"(memory));
  return out;
}

/// sums + a·b, number by number; a cell of two bfloat16 counts with both of its products.
template <class N>
__attribute__((always_inline)) inline V gain(V a, V b, V sums) {
#ifdef __AVX512BF16__
  if constexpr (sizeof(N) == 2) return _mm512_dpbf16_ps(sums, reinterpret_cast<__m512bh>(a), reinterpret_cast<__m512bh>(b));
#endif
  return _mm512_fmadd_ps(a, b, sums);
}

/// c [R,32] = A·B, K cells of N; B rows of 16·C cells. A(r,k) at a[r·ld + k], or with `across` at a[k·ld + r]. Meanwhile K/8 lines from `ahead` are fetched to the
/// second cache: weights come from further away, and the first tile of a panel would wait for each of its lines.
template <class N, int R, int C, bool across>
void tile(Int K, const Cell* a, Int ld, const Cell* b, float* c, const char* ahead) {
  V sums[R][C];
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 2
    for (int v = 0; v < C; ++v) sums[r][v] = _mm512_setzero_ps();
  constexpr int rows_of_one = 3, pointers = (R + rows_of_one - 1) / rows_of_one;
  const Int row_step = across ? 1 : ld, step = across ? ld : 1;
  const Cell* left[pointers];
#pragma GCC unroll 16
  for (int p = 0; p < pointers; ++p) left[p] = a + p * rows_of_one * row_step;
  for (Int k = 0; k < K;) {
    _mm_prefetch(ahead, _MM_HINT_T1);
    ahead += line;
    for (const Int end = least(K, k + steps_a_line); k < end; ++k) {
      V row[C];
#pragma GCC unroll 2
      for (int v = 0; v < C; ++v) {
        row[v] = get(reinterpret_cast<const float*>(b + v * W));
        _mm_prefetch(reinterpret_cast<const char*>(b + steps_early * W * C + v * W), _MM_HINT_T0);
      }
      b += W * C;
#pragma GCC unroll 16
      for (int r = 0; r < R; ++r) {
        const V s = broadcast(left[r / rows_of_one], row_step, r % rows_of_one);
#pragma GCC unroll 2
        for (int v = 0; v < C; ++v) sums[r][v] = gain<N>(s, row[v], sums[r][v]);
      }
#pragma GCC unroll 16
      for (int p = 0; p < pointers; ++p) left[p] += step;
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 2
    for (int v = 0; v < C; ++v) put(c + r * panel + v * W, sums[r][v]);
}

using Tile = void (*)(Int K, const Cell* a, Int ld, const Cell* b, float* c, const char* ahead);
template <class N, int C, bool across>
constexpr Tile tiles[tallest + 1] = {nullptr,
                                     &tile<N, 1, C, across>, &tile<N, 2, C, across>, &tile<N, 3, C, across>, &tile<N, 4, C, across>, &tile<N, 5, C, across>, &tile<N, 6, C, across>, &tile<N, 7, C, across>,
                                     &tile<N, 8, C, across>, &tile<N, 9, C, across>, &tile<N, 10, C, across>, &tile<N, 11, C, across>, &tile<N, 12, C, across>, &tile<N, 13, C, across>, &tile<N, 14, C, across>};

template <class N, bool across>
inline void any_tile(Int R, Int columns, Int K, const Cell* a, Int ld, const Cell* b, float* c, const char* ahead) {
  (columns > W ? tiles<N, 2, across> : tiles<N, 1, across>)[R](K, a, ld, b, c, ahead);
}

/// Rows in tiles of nearly one height: work(first row, rows).
template <class Work>
inline void in_tiles(Int rows, const Work& work) {
  const Int n = (rows + tallest - 1) / tallest;
  for (Int t = 0; t < n; ++t) work(rows * t / n, rows * (t + 1) / n - rows * t / n);
}

// ---- what becomes of a tile of results

template <Finish finish, class N, class K>
inline void finish_tile(const Result<N, K>& to, const float* c, Int row, Int rows, Int column, Int columns) {
  for (Int v = 0; v < columns; v += W) {
    const __mmask16 m = lanes(columns - v);
    const Int j = column + v;
    const V bias = to.bias ? get(to.bias + j, m) : _mm512_setzero_ps();
    for (Int r = 0; r < rows; ++r) {
      const Int i = row + r;
      V x = get(c + r * panel + v) + bias;
      if (to.residual) x += get(to.residual + i * to.residual_ld + j, m);
      if constexpr (finish == Finish::gelu) {
        V slope;
        x = gelu(x, to.tanh_form, slope);
        if (to.slope) put_far(to.slope + i * to.slope_ld + j, slope, m);
      } else if constexpr (finish == Finish::times) {
        x *= get(to.slope + i * to.slope_ld + j, m);
      }
      if (to.out) put(to.out + i * to.out_ld + j, x, m);
      if (to.left.high) put_left(to.left, i * to.left.ld + j, x, m);
    }
  }
  if (to.left.high && column + columns > to.left.ld - panel)
    for (Int r = 0; r < rows; ++r) zero_tail(to.left, row + r, column + columns);
}

/// What a tile will need, on its way to the first cache while the product is computed; slopes come from far away: those of the next tile, up to row `last`, too.
template <Finish finish, class N, class K>
inline void prefetch_tile(const Result<N, K>& to, Int row, Int rows, Int last, Int column) {
  if constexpr (finish == Finish::times)
    for (Int r = row; r < least(row + 2 * rows, last); ++r)
      for (Int v = 0; v < panel; v += line / static_cast<Int>(sizeof(K))) {
        const char* slope = reinterpret_cast<const char*>(to.slope + r * to.slope_ld + column + v);
        if (r < row + rows)
          _mm_prefetch(slope, _MM_HINT_T0);
        else
          _mm_prefetch(slope, _MM_HINT_T1);
      }
  for (Int r = row; r < row + rows; ++r) {
    if (to.residual) {
      _mm_prefetch(reinterpret_cast<const char*>(to.residual + r * to.residual_ld + column), _MM_HINT_T0);
      _mm_prefetch(reinterpret_cast<const char*>(to.residual + r * to.residual_ld + column + W), _MM_HINT_T0);
    }
  }
}

/// work(first row, rows, column) for this part's share of the tiles of results.
template <class Work>
inline void over_panels(Int rows, Int n, Share share, const Work& work) {
  const Int height = share.parts > 1 ? rows_of_a_share : rows_at_a_time, blocks = (rows + height - 1) / height, panels = (n + panel - 1) / panel;
  const Range mine(share, blocks * panels);
  for (Int unit = mine.first; unit < mine.last; ++unit) {
    const Int block = unit / panels;
    work(rows * block / blocks, rows * (block + 1) / blocks - rows * block / blocks, unit % panels * panel);
  }
}

// ---- vectors of cells

#ifndef __AMX_BF16__
/// Of panels one after the other, the last 16 wide where that is enough.
template <class N>
Int packed_bytes(Int k, Int n) { return cells<N>(k) * up(n, W) * static_cast<Int>(sizeof(Cell)); }

template <class N>
void vector_pack(const float* w, Int k, Int n, Int row, Int column, void* high, void*, Share share) {
  N* to = static_cast<N*>(high);
  const Int padded = up(k, numbers<N>);
  const Range mine(share, (n + panel - 1) / panel);
  for (Int p = mine.first; p < mine.last; ++p) {
    const Int j = p * panel, width = least(panel, up(n - j, W));
    for (Int i = 0; i < padded; ++i)
      for (Int c = 0; c < width; ++c) store(to[j * padded + (i / numbers<N> * width + c) * numbers<N> + i % numbers<N>], i < k && j + c < n ? w[i * row + (j + c) * column] : 0);
  }
}

template <Finish finish, class N, class K>
void vector_product(Left<N> x, Right w, Int rows, const Result<N, K>& to, Share share) {
  const Cell *left = reinterpret_cast<const Cell*>(x.high), *right = static_cast<const Cell*>(w.high);
  const Int deep = cells<N>(w.k), ld = x.ld / numbers<N>;
  alignas(64) float c[tallest * panel];
  over_panels(rows, w.n, share, [&](Int first, Int height, Int j) {
    const Int columns = least(panel, w.n - j);
    const char* ahead = reinterpret_cast<const char*>(right + least(j + panel, w.n - columns) * deep);  // the next panel
    in_tiles(height, [&](Int at, Int R) {
      const Int row = first + at;
      prefetch_tile<finish>(to, row, R, first + height, j);
      any_tile<N, false>(R, columns, deep, left + row * ld, ld, right + j * deep, c, ahead);
      ahead += deep / steps_a_line * line;
      finish_tile<finish>(to, c, row, R, j, columns);
    });
  });
  if constexpr (finish == Finish::gelu) written();
}

#else
// ---- tiles of bfloat16

constexpr Int tile_numbers = 512;  // 16 rows of 32: numbers k and k+1 of a column lie side by side

void tile_pack(const float* w, Int k, Int n, Int row, Int column, void* high, void* low, Share share) {
  const Int steps = up(k, panel) / panel;
  const Range mine(share, (n + panel - 1) / panel);
  for (Int p = mine.first; p < mine.last; ++p)
    for (Int i = 0; i < steps * panel; ++i)
      for (Int c = 0; c < panel; ++c) {
        const float x = i < k && p * panel + c < n ? w[i * row + (p * panel + c) * column] : 0;
        const Int at = ((p * steps + i / panel) * 2 + c / W) * tile_numbers + i % panel / 2 * panel + c % W * 2 + i % 2;
        Bf16& h = static_cast<Bf16*>(high)[at];
        store(h, x);
        if (low) store(static_cast<Bf16*>(low)[at], x - to_float(h));
      }
}

struct alignas(64) TileShapes {
  std::uint8_t palette = 1, start = 0, reserved[14] = {};
  std::uint16_t bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
constexpr TileShapes tile_shapes;  // in memory for good: GCC believes that only its first bytes are read

void begin_tiles() { _tile_loadconfig(&tile_shapes); }
void end_tiles() { _tile_release(); }

/// Tiles 0 to 3 gain (rows of 4 and 5)·(columns of 6 and 7).
template <bool both>
inline void tile_step() {
  _tile_dpbf16ps(0, 4, 6);
  _tile_dpbf16ps(1, 4, 7);
  if constexpr (both) {
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
}

/// c [32,32] (both) or [16,32] = x·w: high·high, and with `with_low` low·high + high·low. w: tiles of one panel.
template <bool both, bool with_low>
inline void tiles_of_results(Int steps, const Bf16* x, const Bf16* low, Int ld, const Bf16* w, const Bf16* w_low, float* c) {
  const auto bytes = static_cast<std::size_t>(ld) * sizeof(Bf16);
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  for (Int s = 0; s < steps; ++s) {
    const Bf16* right = w + s * 2 * tile_numbers;
    _tile_loadd(6, right, 64);
    _tile_loadd(7, right + tile_numbers, 64);
    if constexpr (with_low) {
      _tile_loadd(4, low + s * panel, bytes);
      if constexpr (both) _tile_loadd(5, low + 16 * ld + s * panel, bytes);
      tile_step<both>();
    }
    _tile_loadd(4, x + s * panel, bytes);
    if constexpr (both) _tile_loadd(5, x + 16 * ld + s * panel, bytes);
    tile_step<both>();
    if constexpr (with_low) {
      _tile_loadd(6, w_low + s * 2 * tile_numbers, 64);
      _tile_loadd(7, w_low + s * 2 * tile_numbers + tile_numbers, 64);
      tile_step<both>();
    }
  }
  _tile_stored(0, c, panel * sizeof(float));
  _tile_stored(1, c + W, panel * sizeof(float));
  if constexpr (both) {
    _tile_stored(2, c + 16 * panel, panel * sizeof(float));
    _tile_stored(3, c + 16 * panel + W, panel * sizeof(float));
  }
}

template <Finish finish, bool with_low>
void tile_panels(Left<Bf16> x, Right w, Int rows, const Result<Bf16, Bf16>& to, Share share) {
  const Int steps = up(w.k, panel) / panel, size = steps * 2 * tile_numbers;
  const Bf16 *high = static_cast<const Bf16*>(w.high), *low = static_cast<const Bf16*>(w.low);
  alignas(64) float c[32 * panel];
  const Int height = share.parts > 1 ? rows_of_a_share : rows_at_a_time, blocks = (rows + height - 1) / height, panels = (w.n + panel - 1) / panel;
  const Range mine(share, blocks * panels);
  for (Int unit = mine.first; unit < mine.last; ++unit) {
    const Int first = unit / panels * height, last = least(first + height, rows), p = unit % panels, columns = least(panel, w.n - p * panel);
    for (Int row = first; row < last; row += 32) {
      const Int R = least(32, last - row);
      const Bf16 *left = x.high + row * x.ld, *rest = with_low ? x.low + row * x.ld : nullptr, *w_low = with_low ? low + p * size : nullptr;
      prefetch_tile<finish>(to, row, R, last, p * panel);
      if (R > 16)
        tiles_of_results<true, with_low>(steps, left, rest, x.ld, high + p * size, w_low, c);
      else
        tiles_of_results<false, with_low>(steps, left, rest, x.ld, high + p * size, w_low, c);
      finish_tile<finish>(to, c, row, R, p * panel, columns);
    }
  }
  if constexpr (finish == Finish::gelu) written();
}

template <Finish finish>
void tile_product(Left<Bf16> x, Right w, Int rows, const Result<Bf16, Bf16>& to, Share share) {
  if (w.low)
    tile_panels<finish, true>(x, w, rows, to, share);
  else
    tile_panels<finish, false>(x, w, rows, to, share);
}
#endif

}  // namespace
}  // namespace telltale::TELLTALE_BLOCKS
