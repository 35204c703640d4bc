#include "text/unicode.hpp"

#include <algorithm>
#include <cstring>

#include "text/unicode_tables.hpp"

namespace telltale::unicode {
namespace {

constexpr char32_t kHangulFirst = 0xAC00, kHangulLast = 0xD7A3;

/// The element of sorted, disjoint ranges that holds c, or null.
template <class T>
const T* find_range(std::span<const T> ranges, char32_t c) {
  auto it = std::upper_bound(ranges.begin(), ranges.end(), c, [](char32_t x, const T& r) { return x < r.first; });
  return it != ranges.begin() && c <= (--it)->last ? &*it : nullptr;
}

const Decomposition* find_decomposition(char32_t c) {
  const auto it = std::lower_bound(decompositions.begin(), decompositions.end(), c,
                                   [](const Decomposition& d, char32_t x) { return d.from < x; });
  return it != decompositions.end() && it->from == c ? &*it : nullptr;
}

}  // namespace

const Properties& Properties::instance() {
  static const Properties table;
  return table;
}

Properties::Properties() {
  blocks_.emplace_back();  // block 0: no property at all
  for (const Range& r : control_ranges) set(r.first, r.last, control);
  for (const Range& r : space_ranges) set(r.first, r.last, space);
  for (const Range& r : mark_ranges) set(r.first, r.last, mark);
  for (const Range& r : punctuation_ranges) set(r.first, r.last, punctuation);
  for (const Range& r : cjk_ranges) set(r.first, r.last, cjk);
  for (const ClassRange& r : combining_ranges) set(r.first, r.last, combines);
  for (const Decomposition& d : decompositions) set(d.from, d.from, decomposes);
  set(kHangulFirst, kHangulLast, decomposes);
  for (const LowerRange& r : lower_ranges)
    for (char32_t c = r.first; c <= r.last; c += static_cast<char32_t>(r.stride)) set(c, c, lowers);
}

void Properties::set(char32_t first, char32_t last, std::uint8_t bit) {
  std::uint16_t whole = 0;  // one block serves all that a long range covers in full
  for (char32_t c = first; c <= last;) {
    const char32_t b = c >> 7, end = std::min<char32_t>(last, c | 127);
    std::uint16_t& block = block_of_[b];
    if (block == 0 && (c & 127) == 0 && end == (c | 127)) {
      if (whole == 0) {
        whole = static_cast<std::uint16_t>(blocks_.size());
        blocks_.emplace_back().fill(bit);
      }
      block = whole;
    } else {
      // A block may be shared: write to a copy. Few blocks are written to, so copies left over do not matter.
      const bool shared = block == 0 || std::count(block_of_.begin(), block_of_.end(), block) > 1;
      if (shared) {
        const Block copy = blocks_[block];
        blocks_.push_back(copy);
        block = static_cast<std::uint16_t>(blocks_.size() - 1);
      }
      for (char32_t x = c; x <= end; ++x) blocks_[block][x & 127] |= bit;
    }
    c = end + 1;
  }
}

std::uint8_t combining_class(char32_t c) {
  const ClassRange* r = find_range(combining_ranges, c);
  return r ? r->combining_class : 0;
}

std::size_t decompose(char32_t c, std::array<char32_t, 4>& out) {
  if (c >= kHangulFirst && c <= kHangulLast) {  // The Unicode Standard, section 3.12
    constexpr char32_t vowels = 21, trailing = 28;
    const char32_t s = c - kHangulFirst;
    out[0] = 0x1100 + s / (vowels * trailing);
    out[1] = 0x1161 + s % (vowels * trailing) / trailing;
    if (s % trailing == 0) return 2;
    out[2] = 0x11A7 + s % trailing;
    return 3;
  }
  const Decomposition* d = find_decomposition(c);
  if (!d) {
    out[0] = c;
    return 1;
  }
  std::size_t n = 0;
  while (n < 4 && d->to[n]) {
    out[n] = d->to[n];
    ++n;
  }
  return n;
}

char32_t lower(char32_t c) {
  const LowerRange* r = find_range(lower_ranges, c);
  if (!r || (c - r->first) % static_cast<char32_t>(r->stride) != 0) return c;
  return static_cast<char32_t>(static_cast<std::int64_t>(c) + r->add);
}

std::size_t find_invalid_utf8(std::string_view text) {
  const auto* const s = reinterpret_cast<const unsigned char*>(text.data());
  const std::size_t n = text.size();
  const auto follows = [&](std::size_t i) { return i < n && (s[i] & 0xC0) == 0x80; };
  for (std::size_t i = 0; i < n;) {
    if (i + 8 <= n) {
      std::uint64_t eight;
      std::memcpy(&eight, s + i, 8);
      if ((eight & 0x8080808080808080u) == 0) {
        i += 8;
        continue;
      }
    }
    const unsigned char a = s[i];
    if (a < 0x80) {
      ++i;
    } else if (a >= 0xC2 && a <= 0xDF && follows(i + 1)) {
      i += 2;
    } else if ((a & 0xF0) == 0xE0 && follows(i + 1) && follows(i + 2) && !(a == 0xE0 && s[i + 1] < 0xA0) &&
               !(a == 0xED && s[i + 1] > 0x9F)) {
      i += 3;
    } else if (a >= 0xF0 && a <= 0xF4 && follows(i + 1) && follows(i + 2) && follows(i + 3) &&
               !(a == 0xF0 && s[i + 1] < 0x90) && !(a == 0xF4 && s[i + 1] > 0x8F)) {
      i += 4;
    } else {
      return i;
    }
  }
  return std::string_view::npos;
}

char32_t next(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char a = byte(at);
  if (a < 0x80) return ++at, a;
  const auto low = [&](std::size_t i) { return static_cast<char32_t>(byte(i) & 0x3F); };
  if (a < 0xE0) return at += 2, (static_cast<char32_t>(a & 0x1F) << 6) | low(at - 1);
  if (a < 0xF0) return at += 3, (static_cast<char32_t>(a & 0x0F) << 12) | (low(at - 2) << 6) | low(at - 1);
  at += 4;
  return (static_cast<char32_t>(a & 0x07) << 18) | (low(at - 3) << 12) | (low(at - 2) << 6) | low(at - 1);
}

void append(std::string& out, char32_t c) {
  const auto put = [&](char32_t x) { out.push_back(static_cast<char>(x)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | (c >> 6)), put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | (c >> 12)), put(0x80 | ((c >> 6) & 0x3F)), put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | (c >> 18)), put(0x80 | ((c >> 12) & 0x3F)), put(0x80 | ((c >> 6) & 0x3F)), put(0x80 | (c & 0x3F));
  }
}

}  // namespace telltale::unicode
