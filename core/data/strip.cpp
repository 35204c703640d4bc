#include "data/strip.hpp"

#include <fmt/format.h>

#include <array>
#include <stdexcept>

#include "text/unicode.hpp"

namespace telltale {
namespace {

bool is_space(char32_t c) {  // Python's str.isspace
  return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) ||
         c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

std::string_view trim(std::string_view text) {
  std::size_t begin = 0;
  while (begin < text.size()) {
    std::size_t next = begin;
    if (!is_space(unicode::next(text, next))) break;
    begin = next;
  }
  std::size_t end = text.size();
  while (end > begin) {
    std::size_t start = end - 1;
    while (start > begin && (static_cast<unsigned char>(text[start]) & 0xC0) == 0x80) --start;
    std::size_t at = start;
    if (!is_space(unicode::next(text, at))) break;
    end = start;
  }
  return text.substr(begin, end - begin);
}

std::string_view without_header(std::string_view text) {
  const std::size_t blank = text.find("\n\n");
  return blank == text.npos ? std::string_view() : text.substr(blank + 2);
}

std::string_view without_footer(std::string_view text) {
  const std::string_view body = trim(text);
  for (std::size_t end = body.size();;) {  // [begin, end) is a line, from the last one up
    const std::size_t newline = end == 0 ? body.npos : body.rfind('\n', end - 1);
    const bool first = newline == body.npos;
    const std::size_t begin = first ? 0 : newline + 1;
    if (first) return text;  // even when it is all hyphens
    if (trim(body.substr(begin, end - begin)).find_first_not_of('-') == body.npos) return body.substr(0, newline);
    end = newline;
  }
}

bool is_quote(std::string_view line) {
  constexpr std::array<std::string_view, 5> inside{"writes in", "writes:", "wrote:", "says:", "said:"};
  constexpr std::array<std::string_view, 4> ahead{"In article", "Quoted from", "|", ">"};
  for (const std::string_view s : ahead)
    if (line.starts_with(s)) return true;
  for (const std::string_view s : inside)
    if (line.find(s) != line.npos) return true;
  return false;
}

std::string without_quotes(std::string_view text) {
  std::string out;
  bool any = false;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    if (!is_quote(line)) {
      if (any) out += '\n';
      out += line;
      any = true;
    }
    begin = end + 1;
  }
  return out;
}

}  // namespace

Strip parse_strip(const std::string& names) {
  Strip strip;
  for (std::size_t begin = 0; begin < names.size();) {
    const std::size_t end = std::min(names.find(',', begin), names.size());
    const std::string name = names.substr(begin, end - begin);
    if (name == "headers") strip.headers = true;
    else if (name == "footers") strip.footers = true;
    else if (name == "quotes") strip.quotes = true;
    else throw std::invalid_argument(fmt::format("strip: '{}' is unknown; there are: headers, footers, quotes", name));
    begin = end + 1;
  }
  return strip;
}

std::string strip(std::string_view text, const Strip& what) {
  if (what.headers) text = without_header(text);
  if (what.footers) text = without_footer(text);
  return what.quotes ? without_quotes(text) : std::string(text);
}

}  // namespace telltale
