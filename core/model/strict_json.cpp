#include "model/strict_json.hpp"

#include <fmt/format.h>

#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "model/messages.hpp"

namespace telltale {

Json parse_strict_json(std::string_view text, std::string_view where, int depth) {
  std::vector<std::set<std::string>> keys;  // one set for every object that is open
  const auto check = [&](int at, Json::parse_event_t event, Json& value) {
    using Event = Json::parse_event_t;
    if (at > depth && (event == Event::object_start || event == Event::array_start))
      throw std::runtime_error(fmt::format("{}: JSON nested deeper than {} levels", where, depth));
    if (event == Event::object_start) keys.emplace_back();
    if (event == Event::object_end) keys.pop_back();
    if (event == Event::key && !keys.back().insert(value.get<std::string>()).second)
      throw std::runtime_error(
          fmt::format("{}: the key \"{}\" occurs twice", where, printable(value.get<std::string>())));
    return true;
  };
  try {
    return Json::parse(text.begin(), text.end(), check);
  } catch (const Json::exception& e) {
    std::string_view what = e.what();  // "[json.exception.parse_error.101] parse error at line 1, column 2: …"
    if (const auto cut = what.find("] "); cut != std::string_view::npos) what.remove_prefix(cut + 2);
    throw std::runtime_error(fmt::format("{}: not valid JSON: {}", where, printable(what, 240)));
  }
}

}  // namespace telltale
