#include "data/layout.hpp"

#include <algorithm>
#include <array>

namespace telltale {

std::vector<std::string> components(std::string_view path) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view part = path.substr(begin, end - begin);
    if (!part.empty() && part != ".") parts.emplace_back(part);
    begin = end + 1;
  }
  return parts;
}

namespace {

constexpr std::array<std::pair<const char*, const char*>, 6> split_names{
    {{"train", "train"}, {"training", "train"}, {"test", "test"}, {"validation", "validation"}, {"valid", "validation"}, {"dev", "validation"}}};

std::string lower_case(std::string_view name) {
  std::string lower(name);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

}  // namespace

std::string split_of_value(std::string_view value) {
  std::string lower = lower_case(value);
  for (const auto& [word, split] : split_names)
    if (lower == word) return split;
  return lower;
}

std::optional<std::string> split_of_folder(std::string_view name) {
  const std::string lower = lower_case(name);
  for (const auto& [word, split] : split_names) {
    const std::string_view w = word;
    if (lower == w) return split;
    if (lower.size() > w.size() && lower.ends_with(w)) {
      const char before = lower[lower.size() - w.size() - 1];
      if (before == '-' || before == '_') return split;
    }
  }
  return std::nullopt;
}

bool is_newsgroups_folder(std::string_view name) {
  constexpr std::array<std::string_view, 20> groups{
      "alt.atheism",       "comp.graphics",         "comp.os.ms-windows.misc", "comp.sys.ibm.pc.hardware", "comp.sys.mac.hardware", "comp.windows.x",     "misc.forsale",
      "rec.autos",         "rec.motorcycles",       "rec.sport.baseball",      "rec.sport.hockey",         "sci.crypt",             "sci.electronics",    "sci.med",
      "sci.space",         "soc.religion.christian", "talk.politics.guns",     "talk.politics.mideast",    "talk.politics.misc",    "talk.religion.misc"};
  return name.starts_with("20news") || name.starts_with("20_newsgroups") || std::find(groups.begin(), groups.end(), name) != groups.end();
}

std::optional<Place> place_of(const std::vector<std::string>& parts) {
  if (parts.size() < 2) return std::nullopt;
  Place place{parts[parts.size() - 2], {}};
  if (split_of_folder(place.label)) return std::nullopt;  // train/FILE: no class folder between
  for (std::size_t i = parts.size() - 2; i-- > 0;) {
    if (const auto split = split_of_folder(parts[i])) {
      place.split = *split;
      break;
    }
  }
  return place;
}

}  // namespace telltale
