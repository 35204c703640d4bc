#include "report/comparison_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>

#include "report/numbers.hpp"

namespace telltale {
namespace {

std::string letter_of(std::size_t i) { return i < 26 ? std::string(1, static_cast<char>('A' + i)) : fmt::format("R{}", i + 1); }

int index_in(const Json& object, std::string_view key, std::size_t count) {
  const auto i = integer_of(object, key);
  return i >= 0 && i < static_cast<std::int64_t>(count) ? static_cast<int>(i) : -1;
}

const Json none;

}  // namespace

Difference difference_of(const Json& object) {
  Difference d{number_of(object, "difference"), number_of(object, "low"), number_of(object, "high"), flag_of(object, "clear"), text_of(object, "verdict")};
  if (!std::isfinite(d.low) || !std::isfinite(d.high) || holds_zero(d.low, d.high)) d.clear = false;
  return d;
}

std::string headline_of(const Difference& d, int decimals) {
  if (d.clear || !std::isfinite(d.low) || !std::isfinite(d.high)) return with_sign(d.value, decimals);
  return "no clear difference";
}

ComparisonView::ComparisonView(const Json& document) : json(document) {
  const Json& list = get(json, "runs");
  const std::size_t n = list.is_array() ? list.size() : 0;
  for (std::size_t i = 0; i < n; ++i) {
    std::string name = text_of(list[i], "name");
    if (name.empty()) name = fmt::format("run {}", integer_of(list[i], "run", 0));
    runs.push_back({letter_of(i), name, static_cast<int>(i % 6)});
  }
  if (const Json& names = get(json, "classes"); names.is_array())
    for (const auto& c : names) classes.push_back(text_of(c));
  judge = text_of(get(json, "protocol"), "judge");
  const Json& contrasts = get(json, "contrasts");
  const std::size_t count = contrasts.is_array() ? contrasts.size() : 0;
  contrast = index_in(json, "judged", count);
  if (contrast < 0 && count) contrast = 0;
  if (contrast >= 0) {
    a = index_in(contrasts[static_cast<std::size_t>(contrast)], "a", n);
    b = index_in(contrasts[static_cast<std::size_t>(contrast)], "b", n);
    if (a < 0 || b < 0) a = 0, b = contrast = -1;
  }
}

std::string ComparisonView::method_name(const std::string& id) const {
  if (const Json& methods = get(get(json, "protocol"), "methods"); methods.is_array())
    for (const auto& m : methods)
      if (text_of(m, "method") == id && !text_of(m, "name").empty()) return text_of(m, "name");
  return id;
}

bool ComparisonView::in_loss(const std::string& method) const {
  if (const Json& methods = get(get(json, "protocol"), "methods"); methods.is_array())
    for (const auto& m : methods)
      if (text_of(m, "method") == method)
        if (const Json& flags = get(m, "in_loss"); flags.is_array())
          return std::any_of(flags.begin(), flags.end(), [](const Json& f) { return f.is_boolean() && f.get<bool>(); });
  return false;
}

std::string ComparisonView::loss_mark(const std::string& method) const {
  if (const Json& methods = get(get(json, "protocol"), "methods"); methods.is_array())
    for (const auto& m : methods) {
      const Json& flags = get(m, "in_loss");
      if (text_of(m, "method") != method || !flags.is_array()) continue;
      std::string of;
      std::size_t in = 0;
      for (std::size_t i = 0; i < flags.size() && i < runs.size(); ++i)
        if (flags[i].is_boolean() && flags[i].get<bool>()) of += (in++ ? ", " : "") + runs[i].letter;
      return in == 0 ? "not in any loss" : in == runs.size() ? "in the loss" : "in the loss of " + of;
    }
  return {};
}

const Json& ComparisonView::mean(const std::string& method, std::string_view metric) const {
  if (const Json& means = get(json, "means"); means.is_array())
    for (const auto& m : means)
      if (text_of(m, "method") == method && text_of(m, "metric").substr(0, metric.size()) == metric) return m;
  return none;
}

std::string ComparisonView::label(int run) const {
  if (run < 0 || run >= static_cast<int>(runs.size())) return "\u2013";
  const auto& r = runs[static_cast<std::size_t>(run)];
  return r.letter + " " + r.name;
}

std::vector<std::string> ComparisonView::list(const std::string& method, int run, const std::string& class_name) const {
  std::vector<std::string> out;
  if (const Json& lists = get(json, "lists"); lists.is_array())
    for (const auto& l : lists)
      if (integer_of(l, "run") == run && text_of(l, "method") == method && text_of(l, "class") == class_name)
        if (const Json& words = get(l, "words"); words.is_array())
          for (const auto& w : words) out.push_back(text_of(w, "word"));
  return out;
}

std::string ComparisonView::headline() const {
  if (runs.empty()) return "A comparison without runs";
  if (contrast < 0) return runs.size() == 1 ? fmt::format("The words that {} leans on", runs[0].name) : "Runs side by side";
  const std::string from = runs[static_cast<std::size_t>(a)].name, to = runs[static_cast<std::size_t>(b)].name;
  const Json& row = mean(judge, "overlap@");
  if (row.is_null()) return fmt::format("{} and {}, compared", from, to);
  const Difference d = difference_of(get(get(row, "differences"), static_cast<std::size_t>(contrast)));
  if (!d.clear) return fmt::format("No clear difference in the words that classes share: {} and {}", from, to);
  return d.value < 0 ? fmt::format("Classes share fewer of their words with {} than with {}", to, from)
                     : fmt::format("Classes share more of their words with {} than with {}", to, from);
}

std::vector<std::string> short_names(const std::vector<std::string>& names) {
  const auto is_end_of = [](const std::string& end, const std::string& name) {
    return name.size() > end.size() + 1 && name[name.size() - end.size() - 1] == '.' && name.compare(name.size() - end.size(), end.size(), end) == 0;
  };
  std::vector<std::string> out;
  for (const auto& name : names) {
    for (std::size_t i = 0; i <= name.size(); ++i)  // "v1.2" is no hierarchy
      if ((i == 0 || name[i - 1] == '.') && (i == name.size() || !std::isalpha(static_cast<unsigned char>(name[i])))) return names;
    std::string best = name;
    for (auto dot = name.find('.'); dot != name.npos; dot = name.find('.', dot + 1)) {
      const std::string end = name.substr(dot + 1);
      if (std::any_of(names.begin(), names.end(), [&](const auto& other) { return &other != &name && (other == end || is_end_of(end, other)); })) break;
      best = end;
    }
    out.push_back(best);
  }
  return out;
}

}  // namespace telltale
