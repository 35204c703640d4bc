// Columns of posts: what a person knows of a post beside its class (author, year, source …), to slice figures by. Kept as values of the file, by data set.
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "base/json.hpp"

namespace telltale {

class Store;

/// By the post's id in its data set (Document::external_id), then by name: strings, numbers, true, false, null.
using PostColumns = std::map<std::string, std::map<std::string, Json>>;

/// What an object holds beside the keys that have a meaning of their own (text, id, spans); lists and objects are no columns.
std::map<std::string, Json> columns_of(const Json& object);

/// JSONL of {"id", …}. Throws std::runtime_error (file, line, what was expected), Cancelled.
PostColumns read_columns(const std::filesystem::path& file, std::stop_token stop = {});

/// Into the file, over what it kept of these posts under these names. Throws std::invalid_argument when no id is one of a post of the data set. Returns the
/// number of posts that were found.
std::size_t keep_columns(Store& store, std::int64_t dataset, const PostColumns& columns);
PostColumns kept_columns(Store& store, std::int64_t dataset);
std::vector<std::string> kept_column_names(Store& store, std::int64_t dataset);  ///< sorted; quick

}  // namespace telltale
