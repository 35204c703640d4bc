// What BERT's normaliser asks of Unicode, from frozen tables (make_tables.py says which and why), and UTF-8.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace telltale::unicode {

/// Bits of Properties::of().
enum Property : std::uint8_t {
  control = 1,      ///< removed by clean_text: Cc, Cf, Co but TAB, LF, CR; U+FFFD
  space = 2,        ///< separates words: TAB, LF, CR, Zs, Zl, Zp
  mark = 4,         ///< nonspacing mark (Mn)
  punctuation = 8,  ///< a word of its own
  cjk = 16,         ///< gets a space on both sides
  decomposes = 32,  ///< has a canonical decomposition, Hangul included
  lowers = 64,      ///< lower() changes it
  combines = 128,   ///< canonical combining class is not 0
};

/// Property bits of every code point, one lookup in two steps. Built from the ranges at first use, about 40 KiB.
class Properties {
 public:
  static const Properties& instance();
  std::uint8_t of(char32_t c) const { return blocks_[block_of_[c >> 7]][c & 127]; }  ///< c < 0x110000

 private:
  Properties();
  void set(char32_t first, char32_t last, std::uint8_t bit);
  using Block = std::array<std::uint8_t, 128>;
  std::array<std::uint16_t, 0x110000 / 128> block_of_{};
  std::vector<Block> blocks_;
};

std::uint8_t combining_class(char32_t c);

/// Full canonical decomposition without reordering; returns the number of characters, 1 to 4.
std::size_t decompose(char32_t c, std::array<char32_t, 4>& out);

/// Lower case of one character (Σ is always σ). İ alone becomes two, i and U+0307: 'i' is returned here.
char32_t lower(char32_t c);

/// Rust's char::is_whitespace, for text that was not cleaned: `space` and U+000B, U+000C, U+0085.
inline bool is_whitespace(char32_t c, std::uint8_t properties) {
  return (properties & space) || c == 0x0B || c == 0x0C || c == 0x85;
}

/// Byte position of the first sequence that is not UTF-8 (overlong, surrogate, past U+10FFFF, cut short), npos if all
/// is well.
std::size_t find_invalid_utf8(std::string_view text);

/// The character at `at`, which is moved past it. `text` must be valid UTF-8.
char32_t next(std::string_view text, std::size_t& at);

void append(std::string& out, char32_t c);

}  // namespace telltale::unicode
