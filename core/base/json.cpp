#include "base/json.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "base/files.hpp"

namespace telltale {

Json parse_json(std::string_view text, std::string_view where, int depth) {
  const auto limit = [&](int at, Json::parse_event_t event, Json&) {
    if (at > depth && (event == Json::parse_event_t::object_start || event == Json::parse_event_t::array_start))
      throw std::runtime_error(fmt::format("{}: JSON nested deeper than {} levels", where, depth));
    return true;
  };
  try {
    return Json::parse(text.begin(), text.end(), limit);
  } catch (const Json::exception& e) {
    std::string what = e.what();  // "[json.exception.parse_error.101] parse error at line 1, column 2: …"
    if (const auto cut = what.find("] "); cut != std::string::npos) what.erase(0, cut + 2);
    throw std::runtime_error(fmt::format("{}: not valid JSON: {}", where, what));
  }
}

Json read_json(const std::filesystem::path& path, std::size_t limit) {
  return parse_json(read_file(path, limit), path.string());
}

}  // namespace telltale
