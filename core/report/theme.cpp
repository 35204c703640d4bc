#include "report/theme.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "report/resources.hpp"

namespace telltale {
namespace {

std::vector<Rgb> colours(const Json& list) {
  std::vector<Rgb> out;
  for (const auto& c : list) out.push_back(parse_rgb(c.get<std::string>()));
  return out;
}

Palette parse_palette(const Json& half, bool dark) {
  Palette p;
  p.dark = dark;
  for (const auto& [key, value] : half.items())
    if (value.is_string()) p.colours.emplace(key, parse_rgb(value.get<std::string>()));
  const Rgb text = p["text"];
  p.series = colours(half.at("series"));
  if (p.series.empty()) throw std::runtime_error("series is empty");
  const Json& diverging = half.at("diverging");
  p.for_target = ColourRamp(colours(diverging.at("for")), text);
  p.against_target = ColourRamp(colours(diverging.at("against")), text);
  p.for_stroke = parse_rgb(diverging.at("forStroke").get<std::string>());
  p.against_stroke = parse_rgb(diverging.at("againstStroke").get<std::string>());
  p.amount = ColourRamp(colours(half.at("sequential")), text);
  return p;
}

}  // namespace

Rgb Palette::series_colour(std::size_t i) const {
  const Rgb pure = series[i % series.size()];
  return i / series.size() % 2 == 0 ? pure : mix(pure, (*this)["text"], 0.45);
}

Rgb Palette::operator[](std::string_view name) const {
  const auto it = colours.find(name);
  if (it == colours.end()) throw std::out_of_range(fmt::format("no colour '{}'", name));
  return it->second;
}

Cell Palette::heat(double score, double domain, double gamma) const {
  return (score < 0 ? against_target : for_target).cell(heat_position(score, domain, gamma));
}

ThemeData parse_theme(std::string_view text, std::string_view where) {
  const Json json = parse_json(text, where);
  try {
    return {json.at("fonts"), json.at("spacing"), json.at("strokes"), parse_palette(json.at("light"), false),
            parse_palette(json.at("dark"), true)};
  } catch (const std::exception& e) {
    throw std::runtime_error(fmt::format("{}: {}", where, e.what()));
  }
}

const ThemeData& theme() {
  static const ThemeData data = parse_theme(resource::theme_json, "theme.json");
  return data;
}

}  // namespace telltale
