// Files of resources/ that are built into the program (see CMakeLists.txt).
#pragma once
#include <string_view>

namespace telltale::resource {

extern const std::string_view theme_json;
extern const std::string_view report_css;

}  // namespace telltale::resource
