// What a path says about a post: its class is the folder it lies in, its split a folder above called train or test.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace telltale {

/// Path components; "." and empty ones left out. Throws nothing: ".." stays in.
std::vector<std::string> components(std::string_view path);

/// The split that a value of a split column names, in lower case; training, valid and dev as the folders of those names.
std::string split_of_value(std::string_view value);

/// "train", "test", "validation" for a folder called so or ending in -train, _train, … ("20news-bydate-test"); else nothing.
std::optional<std::string> split_of_folder(std::string_view name);

/// True for the folders and groups of the 20 Newsgroups collections.
bool is_newsgroups_folder(std::string_view name);

struct Place {
  std::string label, split;  ///< split empty: none given
};
/// `parts` end with the file's own name. Nothing when it lies in no class folder.
std::optional<Place> place_of(const std::vector<std::string>& parts);

}  // namespace telltale
