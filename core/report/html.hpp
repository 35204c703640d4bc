// Building blocks of the report pages: escaping, the page frame with its theme, and small drawings.
//
// Pages are one file without any script: the theme switch and the choosing of cells are radio buttons and sibling selectors. Their
// content security policy allows nothing but the style sheet inside.
#pragma once
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "report/colour.hpp"

namespace telltale::html {

/// Text as HTML text or attribute value: & < > " ' escaped, bytes that are not UTF-8 and control characters become U+FFFD.
std::string escape(std::string_view text);

/// Levels of a colour ramp in the style sheet: classes f0…f50 (for), a0…a50 (against), q0…q50 (amount).
inline constexpr int levels = 50;
/// " class=…" content for a score on the diverging scale ("f12", "a50"); empty at level 0, which is the panel itself.
std::string heat_class(double score, double domain);
std::string amount_class(double amount);  ///< "q17"; 0..1

/// A whole document. `body` is trusted HTML; `title` is escaped; `extra_css` is trusted.
std::string page(std::string_view title, std::string_view body, std::string_view extra_css = {});

/// <section class=panel> with a header strip; caption may be empty. `body` and `caption` are trusted.
std::string panel(std::string_view id, std::string_view title, std::string_view caption, std::string_view body);

/// A section that has no data: the panel with one sentence.
std::string missing(std::string_view id, std::string_view title, std::string_view sentence);

/// The legend of the diverging scale with numbers.
std::string heat_legend(double domain, std::string_view label);

struct Whisker {
  double value = 0, low = 0, high = 0;  ///< low, high NaN: no interval
  int series = 0;                       ///< colour
  std::string name;                     ///< for the spoken label
};
/// Dots with their intervals on the axis from..to, one row each.
std::string whiskers(const std::vector<Whisker>& rows, double from, double to, int width = 160);

/// A bar from zero with its interval, on the axis from..to. for_target chooses the colour.
std::string bar(double value, double low, double high, double from, double to, bool for_target, int width = 180);

}  // namespace telltale::html

namespace telltale {

// Reading documents that may lack anything: a missing or wrong value is null, NaN or empty.
const Json& get(const Json& object, std::string_view key);
const Json& get(const Json& array, std::size_t index);
double number_of(const Json& value);  ///< NaN where it is no number
double number_of(const Json& object, std::string_view key);
std::string text_of(const Json& value);  ///< "" where it is no string
std::string text_of(const Json& object, std::string_view key);
bool flag_of(const Json& object, std::string_view key);
std::int64_t integer_of(const Json& object, std::string_view key, std::int64_t otherwise = -1);

}  // namespace telltale
