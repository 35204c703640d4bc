// resources/theme.json as values: every colour, size and stroke of reports and windows, light and dark.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "report/colour.hpp"

namespace telltale {

/// One half of the theme.
struct Palette {
  bool dark = false;
  std::map<std::string, Rgb, std::less<>> colours;  ///< "window", "panel", "text", "accent", "ok", …
  std::vector<Rgb> series;
  ColourRamp for_target, against_target;            ///< the diverging scale's arms; stop 0 of both is the panel
  ColourRamp amount;                                ///< sequential, for amounts without sign
  Rgb for_stroke, against_stroke;                   ///< bars, lines and marks of the same meaning

  Rgb operator[](std::string_view name) const;      ///< std::out_of_range naming the colour
  /// The theme's series, then each of them a second time, nearer to the text; after twice as many they repeat.
  Rgb series_colour(std::size_t i) const;

  /// Ground and text of a score: orange speaks for the target, blue against it; t = heat_position().
  Cell heat(double score, double domain, double gamma = 1) const;
};

struct ThemeData {
  Json fonts, spacing, strokes;
  Palette light, dark;
};

/// Throws std::runtime_error naming `where` and the key that is missing or wrong.
ThemeData parse_theme(std::string_view text, std::string_view where);

/// The project's theme, built into the program.
const ThemeData& theme();

}  // namespace telltale
