// What scikit-learn's fetch_20newsgroups(remove=…) takes off a post, to the letter.
#pragma once
#include <string>
#include <string_view>

namespace telltale {

struct Strip {
  bool headers = false, footers = false, quotes = false;
  bool any() const { return headers || footers || quotes; }
};

/// "headers,footers,quotes" in any order, or "". Throws std::invalid_argument listing the names.
Strip parse_strip(const std::string& names);

/// Takes off, in this order:
/// headers – everything up to and including the first "\n\n"; a text without one becomes empty;
/// footers – white space at both ends goes, then the last line of nothing but hyphens (white space around them) and all after it;
///           where there is no such line, or it is the first, the text stays as it was, white space included;
/// quotes  – lines that hold "writes in", "writes:", "wrote:", "says:" or "said:", or begin with "In article", "Quoted from", "|" or ">".
/// `text` is valid UTF-8; white space is Python's (str.isspace).
std::string strip(std::string_view text, const Strip& what);

}  // namespace telltale
