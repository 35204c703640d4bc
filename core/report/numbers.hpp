// Numbers as people read them here: minus is U+2212, thousands have commas, unknown is an en dash.
#pragma once
#include <cstdint>
#include <string>

namespace telltale {

std::string fixed(double value, int decimals = 3);          ///< "0.914", "−0.014"; "–" for NaN, "∞" for infinity
std::string with_sign(double value, int decimals = 3);      ///< "+0.604", "−0.014"; what rounds to zero has no sign
std::string interval(double low, double high, int decimals = 3);         ///< "0.890 to 0.938"
std::string signed_interval(double low, double high, int decimals = 3);  ///< "−0.014 to +0.008"
std::string thousands(std::int64_t value);                  ///< "1,170"
std::string share(double value, int decimals = 1);          ///< 0.063 is "6.3 %"
std::string duration(double seconds);                       ///< "1.90 s", "8 min 29 s", "1 h 37 min"
/// Decimals for scores of this size: three, more only where three would leave fewer than two digits (up to 7).
int score_decimals(double domain);
/// Neither end beyond zero: there is no clear difference. False when an end is NaN.
bool holds_zero(double low, double high);

}  // namespace telltale
