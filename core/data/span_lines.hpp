// Marked spans of a data set as lines, in the form of the bundled posts: out of a file, and back into one.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "store/store.hpp"

namespace telltale {

/// Calls `line` for every post with spans, in id order: {"id", "label", "split", "text", "spans": [{"begin", "end", "kind", "annotator", "created"}]}; annotator and
/// created are null for spans that came with the posts. `annotator`: a name, "imported", or empty for all. `data import` reads such a file as posts, read_span_lines()
/// as marks of posts that are there. Returns the number of posts. std::invalid_argument: an annotator who marked nothing.
std::int64_t write_span_lines(Store& store, const DatasetInfo& dataset, const std::string& annotator, const std::function<void(const OrderedJson&)>& line, std::stop_token stop = {});

struct SpanLinesRead {
  std::int64_t posts = 0, spans = 0;  ///< posts whose marks changed, spans that stand in them now
  std::int64_t imported = 0;          ///< spans without an annotator, left out where no `annotator` was given
  std::vector<std::string> errors;    ///< one a bad line, with its place; the other lines are read
};
/// Marks of the posts named by "id" (as in the source) become those of the file, for each annotator that a line names; `annotator` (may be empty) stands for all of them.
/// A line is bad: no JSON, no such post, a text that is not the post's, spans outside the text, empty, through a character, on blanks, overlapping.
/// Each line is one transaction. std::runtime_error where the file cannot be read; Cancelled.
SpanLinesRead read_span_lines(Store& store, const DatasetInfo& dataset, const std::filesystem::path& file, const std::string& annotator, std::stop_token stop = {});

}  // namespace telltale
