// The frozen Unicode tables that make_tables.py writes. Sorted, ranges inclusive, none overlap.
#pragma once
#include <cstdint>
#include <span>

namespace telltale::unicode {

struct Range {
  char32_t first, last;
};
struct ClassRange {
  char32_t first, last;
  std::uint8_t combining_class;  ///< canonical combining class, 1 … 240
};
struct LowerRange {
  char32_t first, last;
  std::int32_t stride, add;  ///< every stride-th character from first on becomes itself + add
};
struct Decomposition {
  char32_t from;
  char32_t to[4];  ///< full canonical decomposition, 0 after its end; Hangul is decomposed by rule
};

extern const std::span<const Range> control_ranges, space_ranges, mark_ranges, punctuation_ranges, cjk_ranges;
extern const std::span<const ClassRange> combining_ranges;
extern const std::span<const LowerRange> lower_ranges;
extern const std::span<const Decomposition> decompositions;

}  // namespace telltale::unicode
