#include "model/messages.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace telltale {

std::size_t utf8_length(std::string_view s, std::size_t at) {
  const auto byte = [&](std::size_t k) { return static_cast<unsigned char>(s[at + k]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t n = first >= 0xC2 && first <= 0xDF   ? 2
                        : first >= 0xE0 && first <= 0xEF ? 3
                        : first >= 0xF0 && first <= 0xF4 ? 4
                                                         : 0;
  if (n == 0 || s.size() - at < n) return 0;
  for (std::size_t k = 1; k < n; ++k)
    if ((byte(k) & 0xC0) != 0x80) return 0;
  // Overlong forms, surrogates, past U+10FFFF.
  if ((first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) > 0x9F) || (first == 0xF0 && byte(1) < 0x90) ||
      (first == 0xF4 && byte(1) > 0x8F))
    return 0;
  return n;
}

bool is_utf8(std::string_view s) {
  for (std::size_t at = 0; at < s.size();) {
    const std::size_t n = utf8_length(s, at);
    if (n == 0) return false;
    at += n;
  }
  return true;
}

std::string printable(std::string_view s, std::size_t limit) {
  std::string out;
  for (std::size_t at = 0; at < s.size();) {
    if (out.size() >= limit) return out + "…";
    const std::size_t n = utf8_length(s, at);
    const auto c = static_cast<unsigned char>(s[at]);
    const bool c1 = n == 2 && c == 0xC2 && static_cast<unsigned char>(s[at + 1]) < 0xA0;  // U+0080 … U+009F: a terminal obeys them too
    if (n == 0 || c < 0x20 || c == 0x7F || c1) {
      for (const std::size_t end = at + (c1 ? 2 : 1); at < end; ++at) out += fmt::format("\\x{:02x}", static_cast<unsigned char>(s[at]));
    } else {
      out.append(s, at, n);
      at += n;
    }
  }
  return out;
}

std::string shape_text(std::span<const std::int64_t> shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

}  // namespace telltale
