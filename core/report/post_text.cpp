#include "report/post_text.hpp"

#include <unicode/utf8.h>

#include <algorithm>
#include <cctype>
#include <numeric>

namespace telltale {
namespace {

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

bool is_quote(std::string_view line) {
  const auto start = line.find_first_not_of(" \t");
  return start != line.npos && (line[start] == '>' || line[start] == '|');
}

/// "Subject: …", "X-Mailer: …"
bool is_header(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == line.npos || colon == 0 || colon > 40 || colon + 1 >= line.size() || line[colon + 1] != ' ') return false;
  return std::isalpha(static_cast<unsigned char>(line[0])) && std::all_of(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(colon), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '-';
  });
}

struct Line {
  std::size_t begin, end;  ///< without the line feed
};

Line line_at(std::string_view text, std::size_t begin) {
  const auto end = text.find('\n', begin);
  return {begin, end == text.npos ? text.size() : end};
}

/// Where the head ends (the empty line after it), 0 = there is none.
std::size_t head_end(std::string_view text) {
  std::size_t at = 0, lines = 0;
  while (at < text.size()) {
    const Line line = line_at(text, at);
    const auto content = text.substr(line.begin, line.end - line.begin);
    if (content.empty() || content == "\r") return lines ? line.begin : 0;
    if (!is_header(content) && !(lines && (content[0] == ' ' || content[0] == '\t'))) return 0;
    ++lines;
    at = line.end + 1;
  }
  return 0;
}

}  // namespace

std::vector<Segment> segments(std::string_view text, const std::vector<Span>& words) {
  std::vector<std::size_t> order(words.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return words[a].begin < words[b].begin; });
  std::vector<Segment> out;
  std::size_t at = 0;
  for (const std::size_t i : order) {
    const Span w = words[i];
    if (w.begin < 0 || w.end <= w.begin || static_cast<std::uint64_t>(w.end) > text.size()) continue;
    auto begin = static_cast<std::size_t>(w.begin), end = static_cast<std::size_t>(w.end);
    while (begin > 0 && continues(text[begin])) --begin;
    while (end < text.size() && continues(text[end])) ++end;
    if (begin < at) continue;
    if (begin > at) out.push_back({at, begin, -1});
    out.push_back({begin, end, static_cast<std::ptrdiff_t>(i)});
    at = end;
  }
  if (at < text.size()) out.push_back({at, text.size(), -1});
  return out;
}

std::vector<Span> quoted_parts(std::string_view text) {
  std::vector<Span> out;
  std::size_t at = head_end(text);
  if (at) out.push_back({0, static_cast<std::int64_t>(at)});
  while (at < text.size()) {
    const Line line = line_at(text, at);
    if (is_quote(text.substr(line.begin, line.end - line.begin))) {
      if (!out.empty() && out.back().end == static_cast<std::int64_t>(line.begin)) out.back().end = static_cast<std::int64_t>(std::min(line.end + 1, text.size()));
      else out.push_back({static_cast<std::int64_t>(line.begin), static_cast<std::int64_t>(std::min(line.end + 1, text.size()))});
    }
    at = line.end + 1;
  }
  return out;
}

std::string title_of(std::string_view text, std::size_t limit) {
  std::string_view source = text;
  const std::size_t head = head_end(text);
  for (std::size_t at = 0; at < head;) {
    const Line line = line_at(text, at);
    const auto content = text.substr(line.begin, line.end - line.begin);
    if (content.substr(0, 9) == "Subject: ") source = content.substr(9);
    at = line.end + 1;
  }
  std::string line;
  bool space = false;
  for (const char c : clean_utf8(source.substr(0, 8 * limit))) {
    const bool blank = c == ' ' || c == '\n' || c == '\t';
    if (!blank && space && !line.empty()) line += ' ';
    space = blank;
    if (!blank) line += c;
  }
  return line.empty() ? "(empty post)" : elide(line, limit);
}

std::string clean_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  const auto* s = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto n = static_cast<std::int64_t>(text.size());
  for (std::int64_t i = 0; i < n;) {
    const std::int64_t start = i;
    UChar32 c;
    U8_NEXT(s, i, n, c);
    const bool control = c >= 0 && ((c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7f && c < 0xa0));
    if (c == '\r') continue;
    if (c < 0 || control) out += "\uFFFD";
    else out.append(text.substr(static_cast<std::size_t>(start), static_cast<std::size_t>(i - start)));
  }
  return out;
}

std::string elide(std::string_view text, std::size_t characters) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (continues(text[i])) continue;
    if (count++ == characters) {
      while (i > 0 && text[i - 1] == ' ') --i;
      return std::string(text.substr(0, i)) + "\u2026";
    }
  }
  return std::string(text);
}

}  // namespace telltale
