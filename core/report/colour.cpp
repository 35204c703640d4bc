#include "report/colour.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

namespace telltale {
namespace {

double to_linear(std::uint8_t channel) {
  const double c = channel / 255.0;
  return c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
}

std::uint8_t from_linear(double c) {
  c = std::clamp(c, 0.0, 1.0);
  const double s = c <= 0.0031308 ? 12.92 * c : 1.055 * std::pow(c, 1 / 2.4) - 0.055;
  return static_cast<std::uint8_t>(std::lround(255 * s));
}

double unit(double t) { return t > 0 ? std::min(t, 1.0) : 0.0; }  // NaN falls to 0

}  // namespace

Rgb parse_rgb(std::string_view hex) {
  std::array<std::uint8_t, 3> c{};
  bool good = hex.size() == 7 && hex[0] == '#';
  for (std::size_t i = 1; good && i < 7; ++i) {
    const char x = hex[i];
    const int digit = x >= '0' && x <= '9' ? x - '0' : x >= 'a' && x <= 'f' ? x - 'a' + 10 : x >= 'A' && x <= 'F' ? x - 'A' + 10 : -1;
    good = digit >= 0;
    if (good) c[(i - 1) / 2] = static_cast<std::uint8_t>(c[(i - 1) / 2] * 16 + digit);
  }
  if (!good) throw std::runtime_error(fmt::format("colour '{}': expected #RRGGBB", hex.substr(0, 40)));
  return {c[0], c[1], c[2]};
}

std::string hex(Rgb c) { return fmt::format("#{:02X}{:02X}{:02X}", c.r, c.g, c.b); }

double luminance(Rgb c) { return 0.2126 * to_linear(c.r) + 0.7152 * to_linear(c.g) + 0.0722 * to_linear(c.b); }

double contrast(Rgb a, Rgb b) {
  const double x = luminance(a), y = luminance(b);
  return (std::max(x, y) + 0.05) / (std::min(x, y) + 0.05);
}

// Björn Ottosson, "A perceptual color space for image processing" (2020), matrices of the 2021-01-25 revision.
OkLab to_oklab(Rgb c) {
  const double r = to_linear(c.r), g = to_linear(c.g), b = to_linear(c.b);
  const double l = std::cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const double m = std::cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const double s = std::cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return {0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s, 1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s,
          0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s};
}

Rgb from_oklab(const OkLab& v) {
  const double l = std::pow(v.L + 0.3963377774 * v.a + 0.2158037573 * v.b, 3);
  const double m = std::pow(v.L - 0.1055613458 * v.a - 0.0638541728 * v.b, 3);
  const double s = std::pow(v.L - 0.0894841775 * v.a - 1.2914855480 * v.b, 3);
  return {from_linear(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
          from_linear(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
          from_linear(-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s)};
}

Rgb mix(Rgb a, Rgb b, double t) {
  t = unit(t);
  if (t == 0) return a;
  if (t == 1) return b;
  const OkLab x = to_oklab(a), y = to_oklab(b);
  return from_oklab({x.L + (y.L - x.L) * t, x.a + (y.a - x.a) * t, x.b + (y.b - x.b) * t});
}

Rgb ink_on(Rgb ground, Rgb text) {
  if (contrast(ground, text) >= 4.5) return text;
  const Rgb black{0, 0, 0}, white{255, 255, 255};
  return contrast(ground, black) >= contrast(ground, white) ? black : white;
}

ColourRamp::ColourRamp(std::vector<Rgb> stops, Rgb text) : stops_(std::move(stops)), text_(text) {
  if (stops_.size() < 2) throw std::invalid_argument(fmt::format("a colour ramp needs at least 2 stops, got {}", stops_.size()));
  for (const Rgb c : stops_) lab_.push_back(to_oklab(c));
}

Rgb ColourRamp::colour(double t) const {
  if (stops_.empty()) return text_;
  const double x = unit(t) * static_cast<double>(stops_.size() - 1);
  const auto i = std::min(static_cast<std::size_t>(x), stops_.size() - 2);
  const double f = x - static_cast<double>(i);
  if (f == 0) return stops_[i];
  if (f == 1) return stops_[i + 1];
  const OkLab &a = lab_[i], &b = lab_[i + 1];
  return from_oklab({a.L + (b.L - a.L) * f, a.a + (b.a - a.a) * f, a.b + (b.b - a.b) * f});
}

Cell ColourRamp::cell(double t) const {
  const Rgb ground = colour(t);
  return {ground, ink_on(ground, text_)};
}

double heat_position(double score, double domain, double gamma) {
  if (!(domain > 0) || std::isnan(score)) return 0;
  return std::pow(std::min(1.0, std::abs(score) / domain), gamma);
}

double score_domain(std::vector<double> v) {
  std::erase_if(v, [](double s) { return !std::isfinite(s); });
  for (double& s : v) s = std::abs(s);
  if (v.empty()) return 1;
  std::sort(v.begin(), v.end());
  const double x = 0.99 * static_cast<double>(v.size() - 1);
  const auto i = static_cast<std::size_t>(x);
  const double q = i + 1 < v.size() ? v[i] + (v[i + 1] - v[i]) * (x - static_cast<double>(i)) : v[i];
  return q > 0 ? q : v.back() > 0 ? v.back() : 1;
}

}  // namespace telltale
