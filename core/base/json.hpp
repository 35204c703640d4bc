// JSON from outside: parsed with a depth limit and an error that names the place.
#pragma once
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string_view>

namespace telltale {

using Json = nlohmann::json;                  ///< for reading: keys sorted
using OrderedJson = nlohmann::ordered_json;   ///< for writing: keys in the order given

/// Parses one document. `where` ("file.json", "posts.jsonl line 3") opens the message of the std::runtime_error that bad
/// input gets: not JSON, not UTF-8, or nested deeper than `depth` levels.
Json parse_json(std::string_view text, std::string_view where, int depth = 100);

/// JSON knows neither NaN nor infinity: they become null.
template <class J = Json>
J finite_or_null(double v) {
  return std::isfinite(v) ? J(v) : J(nullptr);
}

/// Reads and parses a whole file of at most `limit` bytes.
Json read_json(const std::filesystem::path& path, std::size_t limit = std::size_t{256} << 20);

}  // namespace telltale
