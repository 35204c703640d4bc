// The page of a comparison: one self-contained HTML file a person can send.
#pragma once
#include <string>

#include "base/json.hpp"

namespace telltale {

/// Draws the document of compare_runs() (its keys: evaluation/comparison.hpp). Every text in it is escaped; the page has no
/// script and refers to nothing outside itself, works in light, dark and print. What the document lacks is left out, with a
/// sentence where a section would be; numbers that are no numbers read "–". Never throws for any JSON value.
std::string comparison_html(const Json& comparison);

}  // namespace telltale
