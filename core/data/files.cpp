#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "base/files.hpp"
#include "data/encoding.hpp"
#include "data/layout.hpp"
#include "data/sources.hpp"

namespace telltale {
namespace fs = std::filesystem;

void read_folder(const fs::path& source, Collector& posts) {
  std::vector<std::string> paths;  // relative; sorted, since the order of a folder is the file system's own
  std::error_code error;
  fs::recursive_directory_iterator it(source, error), end;
  for (; !error && it != end; it.increment(error)) {
    const fs::file_status status = it->symlink_status(error);
    if (error) break;
    const std::string path = it->path().lexically_relative(source).string();
    if (it->path().filename().string().starts_with('.')) {
      posts.skip("hidden file or folder", readable_name(path));
      if (fs::is_directory(status)) it.disable_recursion_pending();
    } else if (fs::is_symlink(status)) {
      posts.skip("symbolic link", readable_name(path));
    } else if (fs::is_regular_file(status)) {
      paths.push_back(path);
    } else if (!fs::is_directory(status)) {
      posts.skip("neither file nor folder", readable_name(path));
    }
    posts.tick(0, 0);
  }
  if (error) throw std::runtime_error(fmt::format("{}: cannot be read: {}", source.string(), error.message()));
  std::sort(paths.begin(), paths.end());

  const std::string own_name = fs::weakly_canonical(source).filename().string();
  const auto own_split = split_of_folder(own_name);  // the folder given is itself "train" or "20news-bydate-test"
  std::size_t done = 0;
  for (const std::string& path : paths) {
    posts.tick(static_cast<double>(done++), static_cast<double>(paths.size()));
    auto place = place_of(components(path));
    if (!place) {
      posts.skip("in no class folder", readable_name(path));
      continue;
    }
    if (place->split.empty() && own_split) place->split = *own_split;
    if (fs::file_size(source / path, error) > ImportLimits::post_bytes && !error) {
      posts.skip(fmt::format("longer than {} MiB", ImportLimits::post_bytes >> 20), readable_name(path));
      continue;
    }
    posts.add({readable_name(path), path, place->split, place->label, read_file(source / path, ImportLimits::post_bytes)});
  }
}

}  // namespace telltale
