// Body of the fused kernels; included once by each kernels_*.cpp with TELLTALE_KERNELS naming the namespace. See kernels.hpp.
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "model/kernels.hpp"

namespace telltale::TELLTALE_KERNELS {
namespace {

using Vec = float __attribute__((vector_size(64)));
constexpr std::int64_t W = 16;  // floats in a Vec
constexpr std::int64_t up(std::int64_t n) { return (n + W - 1) / W * W; }

inline float least(float a, float b) { return a < b ? a : b; }
inline float most(float a, float b) { return a > b ? a : b; }
inline std::int64_t least(std::int64_t a, std::int64_t b) { return a < b ? a : b; }

/// Scratch memory of one thread. No standard container: its code would be shared with files compiled for other processors.
struct Scratch {
  float* data;
  explicit Scratch(std::int64_t n) : data(static_cast<float*>(std::aligned_alloc(64, static_cast<std::size_t>((n + W) / W * W) * sizeof(float)))) {
    if (!data) std::abort();
    std::memset(data, 0, static_cast<std::size_t>(n) * sizeof(float));
  }
  ~Scratch() { std::free(data); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
};

inline Vec load(const float* p) {
  Vec v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
inline void put(float* p, Vec v) { std::memcpy(p, &v, sizeof v); }

/// exp(x) for x in about [−87, 88], 0 below: Cephes' polynomial on the reduced argument, 2 ulp.
inline float exp_fast(float x) {
  x = least(most(x, -87.3f), 88.0f);
  const float n = std::floor(x * 1.44269504088896341f + 0.5f);
  float r = x - n * 0.693359375f;
  r = r + n * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  return p * std::bit_cast<float>((static_cast<std::int32_t>(n) + 127) << 23);
}

/// erf by the rational approximation on [−4, 4] (as in Eigen, after Cody), a few ulp.
inline float erf_fast(float x) {
  x = least(most(x, -4.0f), 4.0f);
  const float s = x * x;
  float p = -2.72614225801306e-10f;
  p = p * s + 2.77068142495902e-08f;
  p = p * s - 2.10102402082508e-06f;
  p = p * s - 5.69250639462346e-05f;
  p = p * s - 7.34990630326855e-04f;
  p = p * s - 2.95459980854025e-03f;
  p = p * s - 1.60960333262415e-02f;
  float q = -1.45660718464996e-05f;
  q = q * s - 2.13374055278905e-04f;
  q = q * s - 1.68282697438203e-03f;
  q = q * s - 7.37332916720468e-03f;
  q = q * s - 1.42647390514189e-02f;
  return x * p / q;
}

/// C[M,n] (+)= A·B: A(i,k) at a[i·ras + k·cas]; B rows of ldb floats; n a multiple of 16 (callers pad with zeros).
template <int R, int V>
inline void tile(std::int64_t K, const float* a, std::int64_t ras, std::int64_t cas, const float* b, std::int64_t ldb, float* c, std::int64_t ldc) {
  Vec acc[R][V] = {};
  for (std::int64_t k = 0; k < K; ++k) {
    Vec row[V];
    for (int v = 0; v < V; ++v) row[v] = load(b + k * ldb + v * W);
    for (int r = 0; r < R; ++r) {
      const float s = a[r * ras + k * cas];
      for (int v = 0; v < V; ++v) acc[r][v] += s * row[v];
    }
  }
  for (int r = 0; r < R; ++r)
    for (int v = 0; v < V; ++v) put(c + r * ldc + v * W, acc[r][v]);
}

template <int V>
inline void tile_column(std::int64_t M, std::int64_t K, const float* a, std::int64_t ras, std::int64_t cas, const float* b, std::int64_t ldb, float* c,
                        std::int64_t ldc) {
  std::int64_t i = 0;
  for (; i + 6 <= M; i += 6) tile<6, V>(K, a + i * ras, ras, cas, b, ldb, c + i * ldc, ldc);
  for (; i + 2 <= M; i += 2) tile<2, V>(K, a + i * ras, ras, cas, b, ldb, c + i * ldc, ldc);
  for (; i < M; ++i) tile<1, V>(K, a + i * ras, ras, cas, b, ldb, c + i * ldc, ldc);
}

void product(std::int64_t M, std::int64_t n, std::int64_t K, const float* a, std::int64_t ras, std::int64_t cas, const float* b, std::int64_t ldb, float* c,
             std::int64_t ldc) {
  std::int64_t j = 0;
  for (; j + 2 * W <= n; j += 2 * W) tile_column<2>(M, K, a, ras, cas, b + j, ldb, c + j, ldc);
  for (; j < n; j += W) tile_column<1>(M, K, a, ras, cas, b + j, ldb, c + j, ldc);
}

template <class T>
void norm(std::int64_t rows, std::int64_t d, const T* in, const float* bias, const T* residual, std::int64_t period, const float* gamma, const float* beta,
          float eps, T* out, T* hat, float* rstd) {
#pragma omp parallel
  {
    const Scratch buffer(d);
    float* v = buffer.data;
#pragma omp for
    for (std::int64_t r = 0; r < rows; ++r) {
      const T* x = in + r * d;
      const T* y = residual ? residual + (period ? r % period : r) * d : nullptr;
      float sum = 0;
      if (bias && y)
        for (std::int64_t j = 0; j < d; ++j) sum += v[j] = to_float(x[j]) + bias[j] + to_float(y[j]);
      else if (y)
        for (std::int64_t j = 0; j < d; ++j) sum += v[j] = to_float(x[j]) + to_float(y[j]);
      else
        for (std::int64_t j = 0; j < d; ++j) sum += v[j] = to_float(x[j]);
      const float mean = sum / static_cast<float>(d);
      float squares = 0;
      for (std::int64_t j = 0; j < d; ++j) {
        v[j] -= mean;
        squares += v[j] * v[j];
      }
      const float s = 1 / std::sqrt(squares / static_cast<float>(d) + eps);
      T* o = out + r * d;
      if (hat) {
        T* h = hat + r * d;
        rstd[r] = s;
        for (std::int64_t j = 0; j < d; ++j) {
          const float z = v[j] * s;
          store(h[j], z);
          store(o[j], z * gamma[j] + beta[j]);
        }
      } else {
        for (std::int64_t j = 0; j < d; ++j) store(o[j], v[j] * s * gamma[j] + beta[j]);
      }
    }
  }
}

template <class T>
void norm_backward(std::int64_t rows, std::int64_t d, const T* dy, const T* hat, const float* rstd, const float* gamma, T* dx) {
#pragma omp parallel for
  for (std::int64_t r = 0; r < rows; ++r) {
    const T *g = dy + r * d, *h = hat + r * d;
    T* o = dx + r * d;
    float sum = 0, dot = 0;
    for (std::int64_t j = 0; j < d; ++j) {
      const float t = to_float(g[j]) * gamma[j];
      sum += t;
      dot += t * to_float(h[j]);
    }
    sum /= static_cast<float>(d);
    dot /= static_cast<float>(d);
    const float s = rstd[r];
    for (std::int64_t j = 0; j < d; ++j) store(o[j], s * (to_float(g[j]) * gamma[j] - sum - to_float(h[j]) * dot));
  }
}

/// One row of gelu: x becomes the slope, o the result.
template <class T>
inline void gelu_row(std::int64_t d, T* f, const float* bias, bool tanh_form, T* o) {
  if (tanh_form) {
    for (std::int64_t j = 0; j < d; ++j) {
      const float u = to_float(f[j]) + bias[j], u2 = u * u;
      const float a = 0.79788456080286535588f * (u + 0.044715f * u2 * u);
      const float e = exp_fast(least(2 * a, 80.0f)), t = 1 - 2 / (e + 1);
      store(o[j], 0.5f * u * (1 + t));
      store(f[j], 0.5f * (1 + t) + 0.5f * u * (1 - t * t) * (0.79788456080286535588f * (1 + 3 * 0.044715f * u2)));
    }
  } else {
    for (std::int64_t j = 0; j < d; ++j) {
      const float u = to_float(f[j]) + bias[j];
      const float phi = 0.5f + 0.5f * erf_fast(u * 0.70710678118654752440f);
      store(o[j], u * phi);
      store(f[j], phi + u * 0.39894228040143267794f * exp_fast(-0.5f * u * u));
    }
  }
}

template <class T>
void gelu(std::int64_t rows, std::int64_t d, T* x, const float* bias, bool tanh_form, T* out) {
#pragma omp parallel for
  for (std::int64_t r = 0; r < rows; ++r) gelu_row(d, x + r * d, bias, tanh_form, out + r * d);
}

template <class T>
void multiply(std::int64_t n, T* a, const T* b) {
  constexpr std::int64_t block = 1 << 14;
#pragma omp parallel for
  for (std::int64_t k = 0; k < n; k += block) {
    const std::int64_t end = k + block < n ? k + block : n;
    for (std::int64_t j = k; j < end; ++j) store(a[j], to_float(a[j]) * to_float(b[j]));
  }
}

void draw(std::int64_t n, std::uint64_t key, std::uint32_t below, float value, float* out) {
  constexpr std::int64_t block = 1 << 13, together = 8;  // numbers of 64 bits, each two draws
#pragma omp parallel for
  for (std::int64_t first = 0; first < n; first += block)
    for (std::int64_t k = first; k < least(first + block, n); k += 2 * together) {
      std::uint64_t pairs[together];
      std::uint32_t draws[2 * together];
      for (std::int64_t j = 0; j < together; ++j) {
        std::uint64_t z = key + static_cast<std::uint64_t>(k / 2 + j + 1) * 0x9e3779b97f4a7c15ULL;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
        pairs[j] = z ^ (z >> 31);
      }
      std::memcpy(draws, pairs, sizeof draws);
      if (k + 2 * together <= n)
        for (std::int64_t j = 0; j < 2 * together; ++j) out[k + j] = draws[j] < below ? value : 0.0f;
      else
        for (std::int64_t j = 0; k + j < n; ++j) out[k + j] = draws[j] < below ? value : 0.0f;
    }
}

/// Rows of one head with their bias, scaled, as floats padded to a multiple of 16: to[t·ld + c]; and transposed: to_t[c·ldt + t].
template <class T>
void gather(const T* from, std::int64_t stride, const float* bias, float scale, std::int64_t ids, std::int64_t size, float* to, std::int64_t ld, float* to_t,
            std::int64_t ldt) {
  for (std::int64_t t = 0; t < ids; ++t) {
    const T* x = from + t * stride;
    if (to)
      for (std::int64_t c = 0; c < size; ++c) to[t * ld + c] = (to_float(x[c]) + bias[c]) * scale;
    if (to_t)
      for (std::int64_t c = 0; c < size; ++c) to_t[c * ldt + t] = (to_float(x[c]) + bias[c]) * scale;
  }
}

inline void softmax_row(float* s, std::int64_t ids, std::int64_t padded) {
  float top = s[0];
  for (std::int64_t j = 1; j < ids; ++j) top = most(top, s[j]);
  float sum = 0;
  for (std::int64_t j = 0; j < ids; ++j) sum += s[j] = exp_fast(s[j] - top);
  const float inverse = 1 / sum;
  for (std::int64_t j = 0; j < ids; ++j) s[j] *= inverse;
  for (std::int64_t j = ids; j < padded; ++j) s[j] = 0;
}

template <class T>
void attention(AttentionShape s, const T* qkv, const float* bias, const float* mask, T* probabilities, T* context) {
  const std::int64_t d = s.heads * s.size, n = s.ids, tp = up(n), dp = up(s.size);
  const float scale = 1 / std::sqrt(static_cast<float>(s.size));
#pragma omp parallel
  {
    const Scratch buffer(3 * n * dp + dp * tp + n * tp);
    float *q = buffer.data, *v = q + n * dp, *o = v + n * dp, *kt = o + n * dp, *p = kt + dp * tp;
#pragma omp for
    for (std::int64_t x = 0; x < s.texts * s.heads; ++x) {
      const std::int64_t text = x / s.heads, head = x % s.heads;
      const T* base = qkv + text * n * 3 * d + head * s.size;
      const float* b = bias + head * s.size;
      gather(base, 3 * d, b, scale, n, s.size, q, dp, nullptr, 0);
      gather(base + d, 3 * d, b + d, 1.0f, n, s.size, nullptr, 0, kt, tp);
      gather(base + 2 * d, 3 * d, b + 2 * d, 1.0f, n, s.size, v, dp, nullptr, 0);
      product(n, tp, s.size, q, dp, 1, kt, tp, p, tp);
      T* out = probabilities ? probabilities + x * n * n : nullptr;
      for (std::int64_t i = 0; i < n; ++i) {
        if (mask)
          for (std::int64_t j = 0; j < n; ++j) p[i * tp + j] += mask[text * n + j];
        softmax_row(p + i * tp, n, tp);
        if (out)
          for (std::int64_t j = 0; j < n; ++j) store(out[i * n + j], p[i * tp + j]);
      }
      product(n, dp, n, p, tp, 1, v, dp, o, dp);
      T* c = context + text * n * d + head * s.size;
      for (std::int64_t t = 0; t < n; ++t)
        for (std::int64_t k = 0; k < s.size; ++k) store(c[t * d + k], o[t * dp + k]);
    }
  }
}

template <class T>
void attention_backward(AttentionShape s, const T* qkv, const float* bias, const T* probabilities, const T* dcontext, T* dqkv) {
  const std::int64_t d = s.heads * s.size, n = s.ids, tp = up(n), dp = up(s.size);
  const float scale = 1 / std::sqrt(static_cast<float>(s.size));
#pragma omp parallel
  {
    const Scratch buffer(4 * n * dp + dp * tp + 2 * n * tp);
    float *q = buffer.data, *k = q + n * dp, *g = k + n * dp, *o = g + n * dp, *vt = o + n * dp, *p = vt + dp * tp, *ds = p + n * tp;
    const Scratch none(s.size);
#pragma omp for
    for (std::int64_t x = 0; x < s.texts * s.heads; ++x) {
      const std::int64_t text = x / s.heads, head = x % s.heads;
      const T* base = qkv + text * n * 3 * d + head * s.size;
      T* to = dqkv + text * n * 3 * d + head * s.size;
      const float* b = bias + head * s.size;
      gather(base, 3 * d, b, scale, n, s.size, q, dp, nullptr, 0);
      gather(base + d, 3 * d, b + d, scale, n, s.size, k, dp, nullptr, 0);
      gather(base + 2 * d, 3 * d, b + 2 * d, 1.0f, n, s.size, nullptr, 0, vt, tp);
      gather(dcontext + text * n * d + head * s.size, d, none.data, 1.0f, n, s.size, g, dp, nullptr, 0);
      const T* from = probabilities + x * n * n;
      for (std::int64_t i = 0; i < n; ++i) {
        for (std::int64_t j = 0; j < n; ++j) p[i * tp + j] = to_float(from[i * n + j]);
        for (std::int64_t j = n; j < tp; ++j) p[i * tp + j] = 0;
      }
      product(n, tp, s.size, g, dp, 1, vt, tp, ds, tp);  // dP = dC·Vᵀ
      for (std::int64_t i = 0; i < n; ++i) {             // dS = P∘(dP − Σ P∘dP)
        float* row = ds + i * tp;
        const float* pr = p + i * tp;
        float dot = 0;
        for (std::int64_t j = 0; j < n; ++j) dot += row[j] * pr[j];
        for (std::int64_t j = 0; j < n; ++j) row[j] = pr[j] * (row[j] - dot);
      }
      const auto write = [&](std::int64_t part) {
        for (std::int64_t t = 0; t < n; ++t)
          for (std::int64_t c = 0; c < s.size; ++c) store(to[t * 3 * d + part * d + c], o[t * dp + c]);
      };
      product(n, dp, n, ds, tp, 1, k, dp, o, dp);  // dQ = dS·K/√D
      write(0);
      product(n, dp, n, ds, 1, tp, q, dp, o, dp);  // dK = dSᵀ·Q/√D
      write(1);
      product(n, dp, n, p, 1, tp, g, dp, o, dp);  // dV = Pᵀ·dC
      write(2);
    }
  }
}

template <class T>
void cls_attention(AttentionShape s, const T* q, const T* kv, const float* bias, const float* mask, T* probabilities, T* context) {
  const std::int64_t d = s.heads * s.size, n = s.ids;
  const float scale = 1 / std::sqrt(static_cast<float>(s.size));
#pragma omp parallel
  {
    const Scratch buffer(n + 2 * s.size);
    float *p = buffer.data, *query = p + n, *o = query + s.size;
#pragma omp for
    for (std::int64_t x = 0; x < s.texts * s.heads; ++x) {
      const std::int64_t text = x / s.heads, head = x % s.heads, at = head * s.size;
      const T* k = kv + text * n * 2 * d + at;
      for (std::int64_t c = 0; c < s.size; ++c) query[c] = (to_float(q[text * d + at + c]) + bias[at + c]) * scale;
      for (std::int64_t t = 0; t < n; ++t) {
        float sum = 0;
        for (std::int64_t c = 0; c < s.size; ++c) sum += query[c] * (to_float(k[t * 2 * d + c]) + bias[d + at + c]);
        p[t] = mask ? sum + mask[text * n + t] : sum;
      }
      softmax_row(p, n, n);
      if (probabilities)
        for (std::int64_t t = 0; t < n; ++t) store(probabilities[x * n + t], p[t]);
      for (std::int64_t c = 0; c < s.size; ++c) o[c] = 0;
      for (std::int64_t t = 0; t < n; ++t)
        for (std::int64_t c = 0; c < s.size; ++c) o[c] += p[t] * (to_float(k[t * 2 * d + d + c]) + bias[2 * d + at + c]);
      for (std::int64_t c = 0; c < s.size; ++c) store(context[text * d + at + c], o[c]);
    }
  }
}

template <class T>
void cls_attention_backward(AttentionShape s, const T* q, const T* kv, const float* bias, const T* probabilities, const T* dcontext, T* dq, T* dkv) {
  const std::int64_t d = s.heads * s.size, n = s.ids;
  const float scale = 1 / std::sqrt(static_cast<float>(s.size));
#pragma omp parallel
  {
    const Scratch buffer(n + 3 * s.size);
    float *ds = buffer.data, *query = ds + n, *g = query + s.size, *o = g + s.size;
#pragma omp for
    for (std::int64_t x = 0; x < s.texts * s.heads; ++x) {
      const std::int64_t text = x / s.heads, head = x % s.heads, at = head * s.size;
      const T* k = kv + text * n * 2 * d + at;
      T* to = dkv + text * n * 2 * d + at;
      const T* p = probabilities + x * n;
      for (std::int64_t c = 0; c < s.size; ++c) {
        query[c] = (to_float(q[text * d + at + c]) + bias[at + c]) * scale;
        g[c] = to_float(dcontext[text * d + at + c]);
        o[c] = 0;
      }
      float dot = 0;
      for (std::int64_t t = 0; t < n; ++t) {
        float sum = 0;
        for (std::int64_t c = 0; c < s.size; ++c) sum += g[c] * (to_float(k[t * 2 * d + d + c]) + bias[2 * d + at + c]);
        ds[t] = sum;
        dot += sum * to_float(p[t]);
      }
      for (std::int64_t t = 0; t < n; ++t) {
        const float weight = to_float(p[t]), change = weight * (ds[t] - dot);
        for (std::int64_t c = 0; c < s.size; ++c) {
          o[c] += change * (to_float(k[t * 2 * d + c]) + bias[d + at + c]);
          store(to[t * 2 * d + c], change * query[c]);
          store(to[t * 2 * d + d + c], weight * g[c]);
        }
      }
      for (std::int64_t c = 0; c < s.size; ++c) store(dq[text * d + at + c], o[c] * scale);
    }
  }
}

template <class T>
constexpr Kernels<T> table = {&norm<T>,      &norm_backward<T>,      &gelu<T>,          &multiply<T>,              &draw,
                              &attention<T>, &attention_backward<T>, &cls_attention<T>, &cls_attention_backward<T>};

}  // namespace

const Kernels<float>& float_table() { return table<float>; }
const Kernels<Bf16>& bf16_table() { return table<Bf16>; }

}  // namespace telltale::TELLTALE_KERNELS
