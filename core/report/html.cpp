#include "report/html.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/numbers.hpp"
#include "report/post_text.hpp"
#include "report/resources.hpp"
#include "report/theme.hpp"

namespace telltale::html {
namespace {

int level(double t) { return static_cast<int>(std::lround(std::clamp(t, 0.0, 1.0) * levels)); }

/// "lineThin", "borderStrong" → "border-strong"
std::string css_name(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c >= 'A' && c <= 'Z') (out += '-') += static_cast<char>(c - 'A' + 'a');
    else out += c;
  }
  return out;
}

/// All colours of one half of the theme as custom properties.
std::string properties(const Palette& p) {
  std::string out = p.dark ? "color-scheme:dark;" : "color-scheme:light;";
  for (const auto& [name, colour] : p.colours) out += fmt::format("--{}:{};", css_name(name), hex(colour));
  for (std::size_t i = 0; i < p.series.size(); ++i) out += fmt::format("--s{}:{};", i, hex(p.series[i]));
  out += fmt::format("--for:{};--against:{};", hex(p.for_stroke), hex(p.against_stroke));
  for (int i = 0; i <= levels; ++i) {
    const double t = static_cast<double>(i) / levels;
    for (const auto& [letter, ramp] : {std::pair{'f', &p.for_target}, {'a', &p.against_target}, {'q', &p.amount}}) {
      const Cell cell = ramp->cell(t);
      out += fmt::format("--{0}{1}:{2};--{0}{1}i:{3};", letter, i, hex(cell.ground), hex(cell.ink));
    }
  }
  return out;
}

std::string theme_css() {
  const std::string light = properties(theme().light), dark = properties(theme().dark);
  std::string out = ".page{" + light + "}\n@media (prefers-color-scheme:dark){#t-auto:checked~.page{" + dark + "}}\n#t-dark:checked~.page{" + dark +
                    "}\n@media print{#t-auto:checked~.page,#t-light:checked~.page,#t-dark:checked~.page{" + light + "}}\n";
  for (int i = 0; i <= levels; ++i)
    for (const char letter : {'f', 'a', 'q'}) out += fmt::format(".{0}{1}{{background:var(--{0}{1});color:var(--{0}{1}i)}}", letter, i);
  for (std::size_t i = 0; i < theme().light.series.size(); ++i) out += fmt::format(".s{0}{{--c:var(--s{0})}}", i);
  return out;
}

std::string gradient() {
  std::string stops;
  for (int i = levels; i > 0; i -= 5) stops += fmt::format("var(--a{}),", i);
  for (int i = 0; i <= levels; i += 5) stops += fmt::format("var(--f{}){}", i, i < levels ? "," : "");
  return ".gradient{background:linear-gradient(90deg," + stops + ")}\n";
}

}  // namespace

std::string escape(std::string_view text) {
  std::string out;
  for (const char c : clean_utf8(text)) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
  return out;
}

std::string heat_class(double score, double domain) {
  const int l = level(heat_position(score, domain));
  return l == 0 ? "" : fmt::format("{}{}", score < 0 ? 'a' : 'f', l);
}

std::string amount_class(double amount) { return fmt::format("q{}", std::isnan(amount) ? 0 : level(amount)); }

std::string page(std::string_view title, std::string_view body, std::string_view extra_css) {
  // No script, image, font, frame, form or connection of any kind: only the style sheet in this file.
  std::string out =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"referrer\" content=\"no-referrer\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n<title>";
  out += escape(title);
  out += "</title>\n<style>\n";
  out += theme_css();
  out += gradient();
  out += resource::report_css;
  out += extra_css;
  out +=
      "</style>\n</head>\n<body>\n"
      "<input type=\"radio\" class=\"hidden\" name=\"theme\" id=\"t-auto\" aria-label=\"Colours of the system\" checked>"
      "<input type=\"radio\" class=\"hidden\" name=\"theme\" id=\"t-light\" aria-label=\"Light colours\">"
      "<input type=\"radio\" class=\"hidden\" name=\"theme\" id=\"t-dark\" aria-label=\"Dark colours\">\n"
      "<div class=\"page\">\n<div class=\"bar\"><svg class=\"mark\" viewBox=\"0 0 34 42\" aria-hidden=\"true\"><path class=\"pole\" d=\"M3 2h3v38H3z\"/>"
      "<path class=\"for\" d=\"M8 5c6-4 10 4 25 0l-4 6 4 6c-13 4-18-4-25 0z\"/><path class=\"against\" d=\"M8 20c5-3 8 3 19 0l-3 4 3 5c-10 3-13-3-19 0z\"/></svg>"
      "<b>Telltale</b><span class=\"switch\"><label for=\"t-auto\">Auto</label><label for=\"t-light\">Light</label><label for=\"t-dark\">Dark</label></span></div>\n<main>\n";
  out += body;
  out += "</main>\n</div>\n</body>\n</html>\n";
  return out;
}

std::string panel(std::string_view id, std::string_view title, std::string_view caption, std::string_view body) {
  return fmt::format("<section class=\"panel\" id=\"{}\" aria-labelledby=\"{}-h\"><header><h2 id=\"{}-h\">{}</h2><span class=\"caption\">{}</span></header>\n{}</section>\n", id,
                     id, id, escape(title), caption, body);
}

std::string missing(std::string_view id, std::string_view title, std::string_view sentence) {
  return panel(id, title, "", fmt::format("<p class=\"pad quiet\">{}</p>\n", escape(sentence)));
}

std::string heat_legend(double domain, std::string_view label) {
  return fmt::format(
      "<div class=\"legend\"><span class=\"scale\"><i class=\"gradient\"></i><span class=\"ticks\"><span>{}</span><span>{}</span><span>0</span><span>{}</span><span>{}</span></span></span>"
      "<span>{}</span></div>\n",
      with_sign(-domain, score_decimals(domain)), with_sign(-domain / 2, score_decimals(domain)), with_sign(domain / 2, score_decimals(domain)), with_sign(domain, score_decimals(domain)), label);
}

std::string whiskers(const std::vector<Whisker>& rows, double from, double to, int width) {
  const int step = 12, height = static_cast<int>(rows.size()) * step + 2;
  const double inner = width - 12, span = to > from ? to - from : 1;
  const auto x = [&](double v) { return 6 + inner * std::clamp((v - from) / span, 0.0, 1.0); };
  std::string label, marks;
  int y = step / 2 + 1;
  for (const auto& r : rows) {
    if (!label.empty()) label += "; ";
    label += r.name + " " + fixed(r.value);
    if (std::isfinite(r.low) && std::isfinite(r.high)) {
      label += ", 95 % " + interval(r.low, r.high);
      marks += fmt::format("<path class=\"whisker s{}\" d=\"M{:.1f} {}H{:.1f}\"/>", r.series, x(r.low), y, x(r.high));
    }
    if (std::isfinite(r.value)) marks += fmt::format("<circle class=\"dot s{}\" cx=\"{:.1f}\" cy=\"{}\" r=\"3.5\"/>", r.series, x(r.value), y);
    y += step;
  }
  return fmt::format("<svg class=\"whiskers\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" role=\"img\" aria-label=\"{2}\"><path class=\"gridline\" d=\"M6 0V{1}M{3:.1f} 0V{1}M{4:.1f} 0V{1}\"/>{5}</svg>",
                     width, height, escape(label), 6 + inner / 2, 6 + inner, marks);
}

std::string bar(double value, double low, double high, double from, double to, bool for_target, int width) {
  const double inner = width - 4, span = to > from ? to - from : 1;
  const auto x = [&](double v) { return 2 + inner * std::clamp((v - from) / span, 0.0, 1.0); };
  const double zero = x(0), end = x(value);
  std::string mark;
  if (std::isfinite(low) && std::isfinite(high))
    mark = fmt::format("<path class=\"range\" d=\"M{0:.1f} 9H{1:.1f}M{0:.1f} 6V12M{1:.1f} 6V12\"/>", x(low), x(high));
  const std::string rect = std::isfinite(value) ? fmt::format("<rect class=\"{}\" x=\"{:.1f}\" y=\"3\" width=\"{:.1f}\" height=\"12\"/>", for_target ? "for" : "against",
                                                              std::min(zero, end), std::abs(end - zero))
                                                : "";
  return fmt::format("<svg class=\"bar\" width=\"{0}\" height=\"18\" viewBox=\"0 0 {0} 18\" role=\"img\" aria-label=\"{1}\">{2}<path class=\"axis\" d=\"M{3:.1f} 0V18\"/>{4}</svg>", width,
                     escape(with_sign(value) + (mark.empty() ? "" : ", 95 % " + signed_interval(low, high))), rect, zero, mark);
}

}  // namespace telltale::html

namespace telltale {
namespace {
const Json nothing;
}

const Json& get(const Json& object, std::string_view key) {
  if (!object.is_object()) return nothing;
  const auto it = object.find(key);
  return it == object.end() ? nothing : *it;
}
const Json& get(const Json& array, std::size_t index) { return array.is_array() && index < array.size() ? array[index] : nothing; }
double number_of(const Json& value) { return value.is_number() ? value.get<double>() : std::numeric_limits<double>::quiet_NaN(); }
double number_of(const Json& object, std::string_view key) { return number_of(get(object, key)); }
std::string text_of(const Json& value) { return value.is_string() ? value.get<std::string>() : std::string(); }
std::string text_of(const Json& object, std::string_view key) { return text_of(get(object, key)); }
bool flag_of(const Json& object, std::string_view key) {
  const Json& value = get(object, key);
  return value.is_boolean() && value.get<bool>();
}
std::int64_t integer_of(const Json& object, std::string_view key, std::int64_t otherwise) {
  const Json& value = get(object, key);
  return value.is_number_unsigned() ? static_cast<std::int64_t>(std::min<std::uint64_t>(value.get<std::uint64_t>(), INT64_MAX))
         : value.is_number_integer() ? value.get<std::int64_t>()
                                     : otherwise;
}

}  // namespace telltale
