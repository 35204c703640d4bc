// telltale settings: every `--set` key with type, unit, default, range and meaning; and the presets.
#include <fmt/format.h>

#include "commands.hpp"
#include "training/presets.hpp"

namespace telltale::cli {
namespace {

std::string plain(const Json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

OrderedJson to_json(const SettingInfo& s) {
  OrderedJson out = {{"id", s.id}, {"name", s.name}, {"type", name_of(s.type)}, {"unit", s.unit}, {"default", s.initial}, {"range", s.range()}};
  if (s.type == SettingType::number || s.type == SettingType::integer) {
    out["minimum"] = s.low;
    out["maximum"] = s.high;
    if (s.low_open) out["exclusive_minimum"] = true;
  }
  if (!s.choices.empty()) out["choices"] = s.choices;
  OrderedJson in = OrderedJson::object();
  for (const PresetInfo& p : presets())
    if (const Json value = s.get(preset_settings(p.id)); value != s.initial) in[p.id] = value;
  if (!in.empty()) out["presets"] = in;
  out["group"] = s.group;
  out["term"] = s.term;
  out["meaning"] = s.meaning;
  out["source"] = "METHOD.md";
  return out;
}

int print(const Context& context) {
  if (context.json) {
    OrderedJson all = OrderedJson::array();
    for (const SettingInfo& s : settings_table()) all.push_back(to_json(s));
    print_json(all);
    return exit_success;
  }
  std::string out, group;
  for (const SettingInfo& s : settings_table()) {
    if (s.group != group) out += fmt::format("{}{}\n", group.empty() ? "" : "\n", group = s.group);
    out += fmt::format("  {:<27} {:<8} default {:<14} {}{}\n{:31}{}\n", s.id, name_of(s.type), plain(s.initial), s.range(), s.unit.empty() ? "" : " (" + s.unit + ")", "", s.meaning);
  }
  out += "\npresets\n";
  for (const PresetInfo& p : presets()) {
    out += fmt::format("  {:<13} {}\n", p.id, p.purpose);
    for (const auto& [key, value] : p.overrides) out += fmt::format("{:17}{}={}\n", "", key, value);
  }
  print_text(out);
  return exit_success;
}

}  // namespace

void add_settings(CLI::App& app, Context& context) {
  add_command(app, context, "settings", "Every --set key with type, unit, default, range and meaning", [&context] { return print(context); });
}

}  // namespace telltale::cli
