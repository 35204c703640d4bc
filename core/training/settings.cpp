#include "training/settings.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace telltale {

const char* name_of(SettingType t) {
  switch (t) {
    case SettingType::number: return "number";
    case SettingType::integer: return "integer";
    case SettingType::choice: return "choice";
    case SettingType::text: return "text";
  }
  return "";
}

std::string SettingInfo::range() const {
  if (type == SettingType::choice) return fmt::format("{}", fmt::join(choices, " | "));
  if (type == SettingType::text) return "text";
  const std::string top = id == "seed" ? "2^64 - 1" : fmt::format("{}", high);
  std::string out = low_open ? fmt::format("above {}, at most {}", low, top) : fmt::format("{} … {}", low, top);
  for (const std::string& c : choices) out += " or " + c;
  return out;
}

namespace {

[[noreturn]] void refuse(const SettingInfo& s, std::string_view got) {
  throw std::invalid_argument(fmt::format("{}: expected {} ({}), got '{}'", s.id, s.type == SettingType::text ? "a name" : s.type == SettingType::choice ? "one of its choices" : s.type == SettingType::integer ? "a whole number" : "a number", s.range(), got.substr(0, 80)));
}

bool is_choice(const SettingInfo& s, std::string_view value) {
  for (const std::string& c : s.choices)
    if (c == value) return true;
  return false;
}

bool in_range(const SettingInfo& s, double x) { return std::isfinite(x) && x <= s.high && (s.low_open ? x > s.low : x >= s.low); }

/// The value as the table stores it, or a refusal.
Json checked(const SettingInfo& s, const Json& value) {
  const auto shown = [&] { return value.is_string() ? value.get<std::string>() : value.dump(-1, ' ', false, Json::error_handler_t::replace); };
  if (value.is_string() && s.type != SettingType::integer && is_choice(s, value.get_ref<const std::string&>())) return value;
  switch (s.type) {
    case SettingType::choice: break;
    case SettingType::text:
      if (value.is_string() && !value.get_ref<const std::string&>().empty() && value.get_ref<const std::string&>().size() <= 1000) return value;
      break;
    case SettingType::integer:
      if (s.id == "seed" && value.is_number_unsigned()) return value;
      if (value.is_number_integer() && in_range(s, value.get<double>())) return value;
      break;
    case SettingType::number:
      if (value.is_number() && in_range(s, value.get<double>())) return value.get<double>();
      break;
  }
  refuse(s, shown());
}

template <class T>
bool whole(std::string_view text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

Json parsed(const SettingInfo& s, std::string_view text) {
  switch (s.type) {
    case SettingType::integer: {
      std::uint64_t natural = 0;
      std::int64_t integer = 0;
      if (whole(text, natural)) return natural;
      if (whole(text, integer)) return integer;
      break;
    }
    case SettingType::number: {
      if (is_choice(s, text)) return std::string(text);
      double number = 0;
      if (whole(text, number) && std::isfinite(number)) return number;  // JSON has no NaN: the refusal quotes the text
      break;
    }
    default: return std::string(text);
  }
  refuse(s, text);
}

}  // namespace

const SettingInfo& setting_info(std::string_view id) {
  for (const SettingInfo& s : settings_table())
    if (s.id == id) return s;
  std::string names;
  for (const SettingInfo& s : settings_table()) names += (names.empty() ? "" : ", ") + s.id;
  throw std::invalid_argument(fmt::format("no setting '{}'; there are: {}", id.substr(0, 80), names));
}

void apply(TrainingSettings& settings, std::string_view key, std::string_view value) {
  const SettingInfo& s = setting_info(key);
  s.set(settings, checked(s, parsed(s, value)));
  settings.given.insert(s.id);
  if (s.id == "attribution.steps" && !settings.given.contains("attribution.gradient_steps")) settings.objective.gradient_steps = settings.objective.steps;
}

void assign(TrainingSettings& settings, std::string_view assignment) {
  const auto equals = assignment.find('=');
  if (equals == assignment.npos || equals == 0) throw std::invalid_argument(fmt::format("expected KEY=VALUE, got '{}'", assignment.substr(0, 80)));
  apply(settings, assignment.substr(0, equals), assignment.substr(equals + 1));
}

void check(const TrainingSettings& t) {
  const ObjectiveOptions& o = t.objective;
  if (o.epsilon > o.epsilon2) throw std::invalid_argument(fmt::format("epsilon ({}) must be at most epsilon2 ({})", o.epsilon, o.epsilon2));
  if (o.weight_class + o.weight_attribution + o.weight_cls + o.weight_positive + o.weight_negative + o.weight_overlap + o.weight_prior <= 0)
    throw std::invalid_argument("every weight is 0: nothing would be trained");
  if (o.quadrature == Quadrature::trapezoid)
    for (const auto& [key, steps] : {std::pair{"attribution.steps", o.steps}, {"attribution.gradient_steps", o.gradient_steps}})
      if (steps < 2) throw std::invalid_argument(fmt::format("{}: {}, but the trapezoid rule (attribution.quadrature) needs at least 2", key, steps));
}

OrderedJson to_json(const TrainingSettings& settings) {
  OrderedJson out = OrderedJson::object();
  for (const SettingInfo& s : settings_table()) out[s.id] = s.get(settings);
  return out;
}

TrainingSettings settings_from_json(const Json& json) {
  if (!json.is_object()) throw std::invalid_argument("settings: expected a JSON object");
  TrainingSettings out;
  for (const auto& [key, value] : json.items()) {
    if (key == "derived") continue;
    const SettingInfo& s = setting_info(key);
    s.set(out, checked(s, value));
  }
  return out;
}

}  // namespace telltale
