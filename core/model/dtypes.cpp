// Element types: sizes, names, conversion, the search for NaN and infinity. Data may lie at any address, so every load
// is a memcpy.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>

#include "model/checkpoint.hpp"
#include "model/checkpoint_parts.hpp"
#include "model/messages.hpp"

namespace telltale {
namespace {

struct Row {
  DType dtype;
  const char* name;
  std::size_t size;
};
constexpr Row rows[] = {{DType::f64, "F64", 8},     {DType::f32, "F32", 4}, {DType::f16, "F16", 2},
                        {DType::bf16, "BF16", 2},   {DType::i64, "I64", 8}, {DType::i32, "I32", 4},
                        {DType::i16, "I16", 2},     {DType::i8, "I8", 1},   {DType::u8, "U8", 1},
                        {DType::boolean, "BOOL", 1}};

template <class T>
T load(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

float from_bf16(std::uint16_t h) { return std::bit_cast<float>(static_cast<std::uint32_t>(h) << 16); }

// IEEE 754 binary16. Subnormals go through an integer, so that a CPU set to flush them reads them all the same.
float from_f16(std::uint16_t h) {
  const std::uint32_t magnitude = h & 0x7FFFu, sign = static_cast<std::uint32_t>(h & 0x8000u) << 16;
  const std::uint32_t normal = (magnitude << 13) + (112u << 23) + (magnitude >= 0x7C00u ? 112u << 23 : 0u);
  const std::uint32_t subnormal =
      std::bit_cast<std::uint32_t>(static_cast<float>(static_cast<std::int32_t>(magnitude)) * 0x1p-24f);
  return std::bit_cast<float>((magnitude < 0x400u ? subnormal : normal) | sign);
}

[[noreturn]] void fail(const StoredTensor& t, std::string_view what) {
  throw std::runtime_error(fmt::format("{}: {} {}", t.file.string(), printable(t.name), what));
}

template <class Out, class In, class Convert>
std::vector<Out> convert(const StoredTensor& t, Convert f) {
  std::vector<Out> out(t.data.size() / sizeof(In));
  const std::byte* p = t.data.data();
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = f(load<In>(p + i * sizeof(In)));
  return out;
}

template <class T>
std::vector<T> copy(const StoredTensor& t) {
  std::vector<T> out(t.data.size() / sizeof(T));
  if (!out.empty()) std::memcpy(out.data(), t.data.data(), out.size() * sizeof(T));
  return out;
}

// The first element whose exponent bits are all set: NaN or infinity. Blocks without a branch inside, so that they
// vectorise.
template <class Word>
void find_not_finite(const StoredTensor& t, Word exponent, Word mantissa) {
  constexpr std::size_t block = 4096;
  const std::size_t n = t.data.size() / sizeof(Word);
  const std::byte* p = t.data.data();
  for (std::size_t from = 0; from < n; from += block) {
    const std::size_t to = std::min(n, from + block);
    Word found = 0;
    for (std::size_t i = from; i < to; ++i)
      found |= static_cast<Word>((load<Word>(p + i * sizeof(Word)) & exponent) == exponent);
    if (!found) continue;
    for (std::size_t i = from; i < to; ++i) {
      const Word w = load<Word>(p + i * sizeof(Word));
      if ((w & exponent) == exponent)
        fail(t, fmt::format("holds {} at index {}", w & mantissa ? "NaN" : "infinity", i));
    }
  }
}

}  // namespace

std::size_t size_of(DType d) {
  for (const Row& r : rows)
    if (r.dtype == d) return r.size;
  throw std::invalid_argument("no such dtype");
}

const char* name_of(DType d) {
  for (const Row& r : rows)
    if (r.dtype == d) return r.name;
  throw std::invalid_argument("no such dtype");
}

bool is_floating(DType d) { return d == DType::f64 || d == DType::f32 || d == DType::f16 || d == DType::bf16; }

std::optional<DType> dtype_named(std::string_view name) {
  for (const Row& r : rows)
    if (name == r.name) return r.dtype;
  return std::nullopt;
}

std::string known_dtypes() {
  std::string all;
  for (const Row& r : rows) all += (all.empty() ? "" : ", ") + std::string(r.name);
  return all;
}

std::optional<std::uint64_t> checked_elements(std::span<const std::int64_t> shape) {
  std::uint64_t n = 1;
  bool empty = false;
  for (const std::int64_t s : shape) {
    if (s < 0) return std::nullopt;
    if (s == 0) {
      empty = true;
    } else if (__builtin_mul_overflow(n, static_cast<std::uint64_t>(s), &n) || n > std::uint64_t{1} << 60) {
      return std::nullopt;
    }
  }
  return empty ? 0 : n;
}

std::vector<float> to_float(const StoredTensor& t) {
  switch (t.dtype) {
    case DType::f32:
      return copy<float>(t);
    case DType::f16:
      return convert<float, std::uint16_t>(t, from_f16);
    case DType::bf16:
      return convert<float, std::uint16_t>(t, from_bf16);
    case DType::f64: {
      auto out = convert<float, double>(t, [](double x) { return static_cast<float>(x); });
      for (std::size_t i = 0; i < out.size(); ++i)
        if (std::isinf(out[i]) && std::isfinite(load<double>(t.data.data() + i * sizeof(double))))
          fail(t, fmt::format("holds {} at index {}, more than fits float32",
                              load<double>(t.data.data() + i * sizeof(double)), i));
      return out;
    }
    default:
      fail(t, fmt::format("is {}, expected floating point (F64, F32, F16, BF16)", name_of(t.dtype)));
  }
}

std::vector<double> to_double(const StoredTensor& t) {
  switch (t.dtype) {
    case DType::f64:
      return copy<double>(t);
    case DType::f32:
      return convert<double, float>(t, [](float x) { return static_cast<double>(x); });
    case DType::f16:
      return convert<double, std::uint16_t>(t, from_f16);
    case DType::bf16:
      return convert<double, std::uint16_t>(t, from_bf16);
    default:
      fail(t, fmt::format("is {}, expected floating point (F64, F32, F16, BF16)", name_of(t.dtype)));
  }
}

std::vector<std::int64_t> to_int64(const StoredTensor& t) {
  const auto widen = [](auto x) { return static_cast<std::int64_t>(x); };
  switch (t.dtype) {
    case DType::i64:
      return copy<std::int64_t>(t);
    case DType::i32:
      return convert<std::int64_t, std::int32_t>(t, widen);
    case DType::i16:
      return convert<std::int64_t, std::int16_t>(t, widen);
    case DType::i8:
      return convert<std::int64_t, std::int8_t>(t, widen);
    case DType::u8:
      return convert<std::int64_t, std::uint8_t>(t, widen);
    case DType::boolean:
      return convert<std::int64_t, std::uint8_t>(t, [](std::uint8_t x) { return std::int64_t{x != 0}; });
    default:
      fail(t, fmt::format("is {}, expected whole numbers (I64, I32, I16, I8, U8, BOOL)", name_of(t.dtype)));
  }
}

void check_finite(const StoredTensor& t) {
  switch (t.dtype) {
    case DType::f64:
      return find_not_finite<std::uint64_t>(t, 0x7FF0000000000000u, 0x000FFFFFFFFFFFFFu);
    case DType::f32:
      return find_not_finite<std::uint32_t>(t, 0x7F800000u, 0x007FFFFFu);
    case DType::f16:
      return find_not_finite<std::uint16_t>(t, 0x7C00u, 0x03FFu);
    case DType::bf16:
      return find_not_finite<std::uint16_t>(t, 0x7F80u, 0x007Fu);
    default:
      return;
  }
}

}  // namespace telltale
