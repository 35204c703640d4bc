// The table of methods that explain by training posts: the command line, the window and the tests read it.
#include <fmt/format.h>

#include <stdexcept>

#include "examples/example_method.hpp"

namespace telltale {

const std::vector<std::unique_ptr<const ExampleMethod>>& example_method_table() {
  static const std::vector<std::unique_ptr<const ExampleMethod>> table = [] {
    std::vector<std::unique_ptr<const ExampleMethod>> t;
    t.push_back(make_nearest());
    for (const bool full_gradient : {false, true}) t.push_back(make_tracin(full_gradient));
    t.push_back(make_influence());
    return t;
  }();
  return table;
}

const std::vector<ExampleMethodInfo>& example_methods() {
  static const std::vector<ExampleMethodInfo> infos = [] {
    std::vector<ExampleMethodInfo> out;
    for (const auto& m : example_method_table()) out.push_back(m->info());
    return out;
  }();
  return infos;
}

const ExampleMethod& example_method(const std::string& id) {
  std::string valid;
  for (std::size_t k = 0; k < example_methods().size(); ++k) {
    const std::string& known = example_methods()[k].id;
    if (known == id) return *example_method_table()[k];
    valid += (valid.empty() ? "" : ", ") + known;
  }
  throw std::invalid_argument(fmt::format("unknown example method '{}': one of {}", id.substr(0, 80), valid));
}

const ExampleMethodInfo& example_method_info(const std::string& id) {
  example_method(id);  // throws
  for (const ExampleMethodInfo& m : example_methods())
    if (m.id == id) return m;
  throw std::logic_error("a method without a row");
}

}  // namespace telltale
