// Colours of scores: interpolation in OKLab, WCAG contrast, and the rule for text on a coloured cell.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace telltale {

/// sRGB, 8 bits a channel.
struct Rgb {
  std::uint8_t r = 0, g = 0, b = 0;
  friend bool operator==(const Rgb&, const Rgb&) = default;
};

Rgb parse_rgb(std::string_view hex);  ///< "#RRGGBB"; std::runtime_error for anything else
std::string hex(Rgb colour);          ///< "#RRGGBB", upper case

/// Relative luminance, 0..1 (WCAG 2.1).
double luminance(Rgb colour);
/// Contrast ratio, 1..21 (WCAG 2.1).
double contrast(Rgb a, Rgb b);

struct OkLab {
  double L = 0, a = 0, b = 0;  ///< L 0..1
};
OkLab to_oklab(Rgb colour);       ///< Ottosson 2020
Rgb from_oklab(const OkLab& lab); ///< clipped to sRGB, rounded
/// Linear in OKLab, t clamped to 0..1 (NaN counts as 0); mix(a, b, 0) is a and mix(a, b, 1) is b, exactly.
Rgb mix(Rgb a, Rgb b, double t);

/// Text on a ground: `text` where it keeps 4.5:1, else black or white, whichever is stronger.
Rgb ink_on(Rgb ground, Rgb text);

/// What a scored cell looks like.
struct Cell {
  Rgb ground, ink;
};

/// Evenly spaced stops, linear in OKLab between neighbours.
class ColourRamp {
 public:
  ColourRamp() = default;
  ColourRamp(std::vector<Rgb> stops, Rgb text);  ///< at least two stops; std::invalid_argument
  Rgb colour(double t) const;                    ///< t clamped to 0..1
  Cell cell(double t) const;
  const std::vector<Rgb>& stops() const { return stops_; }

 private:
  std::vector<Rgb> stops_;
  std::vector<OkLab> lab_;
  Rgb text_;
};

/// Where a score lies on an arm of the diverging scale: min(1, |score| / domain)^gamma, 0 for NaN or a domain that is not positive.
double heat_position(double score, double domain, double gamma = 1);

/// The domain of a set of scores: the 99th percentile of |score| over the finite ones (linear interpolation between
/// order statistics), the largest where that is 0, and 1 where all are 0 or there are none: always > 0 and finite.
double score_domain(std::vector<double> scores);

}  // namespace telltale
