#include "store/columns.hpp"

#include <fmt/format.h>

#include <fstream>
#include <set>
#include <stdexcept>

#include "base/progress.hpp"
#include "store/store.hpp"

namespace telltale {
namespace {

std::string columns_key(std::int64_t dataset) { return fmt::format("columns.{}", dataset); }
std::string column_names_key(std::int64_t dataset) { return fmt::format("columns.{}.names", dataset); }

}  // namespace

std::map<std::string, Json> columns_of(const Json& object) {
  std::map<std::string, Json> out;
  for (const auto& [key, value] : object.items())
    if (key != "text" && key != "id" && key != "spans" && !value.is_structured()) out[key] = value;
  return out;
}

PostColumns read_columns(const std::filesystem::path& file, std::stop_token stop) {
  std::error_code unknown;
  if (std::filesystem::exists(file, unknown) && !std::filesystem::is_regular_file(file, unknown)) throw std::runtime_error(fmt::format("{}: not a regular file", file.string()));
  std::ifstream in(file);
  if (!in) throw std::runtime_error(fmt::format("{}: cannot be read", file.string()));
  PostColumns out;
  std::string line;
  for (int n = 1; std::getline(in, line); ++n) {
    if (stop.stop_requested()) throw Cancelled{};
    if (line.find_first_not_of(" \t\r") == line.npos) continue;
    const std::string where = fmt::format("{} line {}", file.string(), n);
    const Json object = parse_json(line, where);
    if (!object.is_object()) throw std::runtime_error(where + ": expected a JSON object");
    const auto id = object.find("id");
    if (id == object.end() || !(id->is_string() || id->is_number_integer())) throw std::runtime_error(where + ": expected \"id\": the post's id in the data set");
    out[id->is_string() ? id->get<std::string>() : id->dump()] = columns_of(object);
  }
  return out;
}

std::size_t keep_columns(Store& store, std::int64_t dataset, const PostColumns& columns) {
  PostColumns all = kept_columns(store, dataset);
  std::size_t found = 0;
  for (const auto& [id, values] : columns) {
    if (!store.find_document(dataset, id)) continue;
    ++found;
    for (const auto& [name, value] : values) all[id][name] = value;
  }
  if (found == 0)
    throw std::invalid_argument(fmt::format("none of the {} ids is one of a post of data set '{}': expected \"id\" to be the post's id in the data set", columns.size(), store.dataset(dataset).name));
  std::set<std::string> names;
  for (const auto& [id, values] : all)
    for (const auto& [name, value] : values) names.insert(name);
  store.transaction([&] {
    store.set_value(columns_key(dataset), Json(all));
    store.set_value(column_names_key(dataset), Json(names));
  });
  return found;
}

PostColumns kept_columns(Store& store, std::int64_t dataset) {
  PostColumns out;
  const auto kept = store.value(columns_key(dataset));
  if (!kept || !kept->is_object()) return out;
  for (const auto& [id, values] : kept->items())
    if (values.is_object()) out[id] = columns_of(values);
  return out;
}

std::vector<std::string> kept_column_names(Store& store, std::int64_t dataset) {
  std::vector<std::string> out;
  const auto kept = store.value(column_names_key(dataset));
  if (kept && kept->is_array())
    for (const Json& name : *kept)
      if (name.is_string()) out.push_back(name.get<std::string>());
  return out;
}

}  // namespace telltale
