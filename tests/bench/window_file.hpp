// Files for the window's benchmark.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>

#include "base/json.hpp"

namespace telltale::bench {

struct LargeFile {
  std::int64_t run = 0;                       ///< the newest: it has weights, and all explanations are of it
  std::int64_t first_post = 0, posts = 0;     ///< ids in order
  std::int64_t explained = 0;                 ///< the first so many of them
};

/// `runs` runs of `steps` steps, a data set of `posts` posts, of which all but the last 500 are explained and all are predicted. One run, one
/// explanation and one prediction are made by the program itself, from `model` (a BERT folder); the others are copied from them in SQL.
LargeFile make_large_file(const std::filesystem::path& file, const std::filesystem::path& model, int runs, int steps, int posts);
LargeFile describe_large_file(const std::filesystem::path& file);

/// A data set "posts" of `train` + 32 posts of `words` words, and nothing else.
void make_small_file(const std::filesystem::path& file, int train, int words);

}  // namespace telltale::bench
