// Text that came from a file, made fit for a one-line message.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace telltale {

/// Length of the valid UTF-8 sequence that starts at s[at] (1 to 4), 0 when there is none. at < s.size().
std::size_t utf8_length(std::string_view s, std::size_t at);
bool is_utf8(std::string_view s);

/// Control characters and bytes that are no UTF-8 as \xNN; cut after `limit` bytes with "…".
std::string printable(std::string_view s, std::size_t limit = 160);

/// "[32, 16]"
std::string shape_text(std::span<const std::int64_t> shape);

}  // namespace telltale
