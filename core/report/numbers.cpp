#include "report/numbers.hpp"

#include <fmt/format.h>

#include <cmath>

namespace telltale {
namespace {

const char* const minus = "\u2212";

std::string number(double value, int decimals, bool plus) {
  if (std::isnan(value)) return "\u2013";
  const std::string sign = value < 0 ? minus : plus ? "+" : "";
  if (std::isinf(value)) return sign + "\u221e";
  const double size = std::abs(value);
  // Beyond this a fixed number of decimals says nothing and would be hundreds of digits long.
  std::string digits = size < 1e9 ? fmt::format("{:.{}f}", size, decimals) : fmt::format("{:.{}e}", size, decimals);
  if (digits.find_first_not_of("0.") == digits.npos) return digits;  // no "−0.000"
  return sign + digits;
}

}  // namespace

std::string fixed(double value, int decimals) { return number(value, decimals, false); }
std::string with_sign(double value, int decimals) { return number(value, decimals, true); }
std::string interval(double low, double high, int decimals) {
  return fixed(low, decimals) + " to " + fixed(high, decimals);
}
std::string signed_interval(double low, double high, int decimals) {
  return with_sign(low, decimals) + " to " + with_sign(high, decimals);
}

std::string thousands(std::int64_t value) {
  std::string digits = fmt::format("{}", value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value));
  for (auto i = static_cast<std::ptrdiff_t>(digits.size()) - 3; i > 0; i -= 3) digits.insert(static_cast<std::size_t>(i), ",");
  return (value < 0 ? minus : "") + digits;
}

std::string share(double value, int decimals) { return fixed(100 * value, decimals) + " %"; }

std::string duration(double seconds) {
  if (!(seconds >= 0) || seconds > 1e12) return "\u2013";
  if (seconds < 59.995) return fmt::format("{:.2f} s", seconds);
  const auto s = static_cast<std::int64_t>(std::llround(seconds));
  if (s < 3600) return fmt::format("{} min {} s", s / 60, s % 60);
  return fmt::format("{} h {} min", s / 3600, s % 3600 / 60);
}

int score_decimals(double domain) {
  int decimals = 3;
  for (double limit = 0.0095; domain < limit && decimals < 7; limit /= 10) ++decimals;
  return decimals;
}

bool holds_zero(double low, double high) { return low <= 0 && high >= 0; }

}  // namespace telltale
