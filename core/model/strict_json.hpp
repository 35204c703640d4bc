// JSON that must be unambiguous: what names tensors and shards.
#pragma once
#include <string_view>

#include "base/json.hpp"

namespace telltale {

/// As parse_json, and a key that occurs twice in one object is refused; the message is one short line of valid UTF-8.
/// Throws std::runtime_error opened by `where`.
Json parse_strict_json(std::string_view text, std::string_view where, int depth = 32);

}  // namespace telltale
