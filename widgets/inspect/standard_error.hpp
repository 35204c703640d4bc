// Standard errors of sampled scores, as a stored explanation keeps them.
#pragma once
#include <cmath>

#include "report/html.hpp"
#include "widgets/post_content.hpp"

namespace telltale::ui {

/// Of a word's score; NaN: the method draws nothing, or drew for pieces (then only theirs are known).
inline double error_of_word(const ExplanationRecord& r, std::size_t word) {
  if (!r.prediction.is_object() || text_of(r.protocol, "unit") == "piece") return std::nan("");
  const auto errors = r.prediction.find("standard_error");
  return errors != r.prediction.end() && errors->is_array() && errors->size() == r.word_scores.size() && word < errors->size() ? number_of((*errors)[word]) : std::nan("");
}
/// Of an id's score, where pieces were drawn for.
inline double error_of_piece(const ExplanationRecord& r, std::size_t piece) {
  if (!r.prediction.is_object() || text_of(r.protocol, "unit") != "piece") return std::nan("");
  const auto errors = r.prediction.find("standard_error");
  return errors != r.prediction.end() && errors->is_array() && errors->size() == r.scores.size() && piece < errors->size() ? number_of((*errors)[piece]) : std::nan("");
}
inline bool has_errors(const ExplanationRecord& r) { return !r.word_scores.empty() && !std::isnan(error_of_word(r, 0)); }

}  // namespace telltale::ui
