// Bytes of unknown origin as UTF-8.
#pragma once
#include <string>
#include <string_view>

namespace telltale {

/// Every byte its own character U+0000 … U+00FF.
std::string from_latin1(std::string_view bytes);

/// The bytes themselves when they are valid UTF-8, else read as latin-1; `valid` says which.
std::string to_utf8(std::string bytes, bool& valid);

/// A name from outside for a one-line message: UTF-8, control characters as '?', at most `limit` bytes.
std::string readable_name(std::string_view name, std::size_t limit = 200);

}  // namespace telltale
