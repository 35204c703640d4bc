#include "data/encoding.hpp"

#include "text/unicode.hpp"

namespace telltale {

std::string from_latin1(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() + bytes.size() / 16);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      out += c;
    } else {
      out += static_cast<char>(0xC0 | byte >> 6);
      out += static_cast<char>(0x80 | (byte & 0x3F));
    }
  }
  return out;
}

std::string to_utf8(std::string bytes, bool& valid) {
  valid = unicode::find_invalid_utf8(bytes) == std::string::npos;
  return valid ? std::move(bytes) : from_latin1(bytes);
}

std::string readable_name(std::string_view name, std::size_t limit) {
  bool valid = true;
  std::string out = to_utf8(std::string(name), valid);
  if (out.size() > limit) {
    while (limit > 0 && (static_cast<unsigned char>(out[limit]) & 0xC0) == 0x80) --limit;
    out.resize(limit);
    out += "…";
  }
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  return out;
}

}  // namespace telltale
