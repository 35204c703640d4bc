// Slices of the posts behind a cell: what they can be made by, and the figures of each.
#pragma once
#include "widgets/evaluate/cell_views.hpp"

namespace telltale::ui {

inline constexpr const char* from_a_file = "\n";  ///< the choice that reads columns; no name of a column

/// Of a run's cell of posts. by: "class", "right", "length", the name of a kept column; empty: the first three. Computes intervals and permutations. Throws
/// std::invalid_argument as slicing() does, Cancelled.
std::vector<SliceTable::Row> slice_rows(Store& store, const EvaluationReading& reading, const EvaluatedCell& cell, const std::string& by, std::stop_token stop = {});

/// "By class", "By year"
QString slice_title(const std::string& by);

}  // namespace telltale::ui
