// A post cut into what a painter draws: whole words and the text between them, on the original bytes.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizer.hpp"

namespace telltale {

/// A run of bytes [begin, end) of the post.
struct Segment {
  std::size_t begin = 0, end = 0;
  std::ptrdiff_t word = -1;  ///< index into the words given, −1 = between words
};

/// Covers the whole text, in order, without gaps. Words that are empty, reach outside the text or overlap an earlier one are
/// left out; ends inside a UTF-8 character move out to its border. Never throws: a stored explanation may be damaged.
std::vector<Segment> segments(std::string_view text, const std::vector<Span>& words);

/// Lines that somebody else wrote or a program added: quotes ("> …", "| …") and a head of "Name: value" lines that is ended by
/// an empty line. Sorted, without overlap; dimmed by painters.
std::vector<Span> quoted_parts(std::string_view text);

/// What to call a post: its "Subject:" if it has one in the head, else its first words; one line, at most `limit` characters, with … where cut.
std::string title_of(std::string_view text, std::size_t limit = 80);

/// `text` as valid UTF-8 (bytes that are not become U+FFFD) without control characters other than tab and line feed.
std::string clean_utf8(std::string_view text);

/// The first `characters` code points of valid UTF-8, with "…" where something was cut.
std::string elide(std::string_view text, std::size_t characters);

}  // namespace telltale
