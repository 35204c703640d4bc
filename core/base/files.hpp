// Files: read-only maps, whole reads with a limit, writes that are there in full or not at all.
#pragma once
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace telltale {

/// A file mapped read-only for as long as the object lives. Throws std::runtime_error naming the file.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  std::span<const std::byte> bytes() const { return {data_, size_}; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

/// The whole file as bytes. Throws std::runtime_error when it cannot be read, is no regular file or is larger than `limit` bytes.
std::string read_file(const std::filesystem::path& path, std::size_t limit = std::size_t{1} << 30);

/// Whether a regular file begins as every SQLite database does; false where it cannot be read.
bool is_database(const std::filesystem::path& path);

/// Writes a temporary file beside `path`, syncs it, renames it over `path` and syncs the folder.
/// Throws std::runtime_error (disk full, read-only folder, a database stands there); `path` is then as it was.
void write_file_atomically(const std::filesystem::path& path, std::string_view data);
/// The same for a file whose parts lie apart in memory; they are written one after the other, never joined.
void write_file_atomically(const std::filesystem::path& path, std::span<const std::string_view> parts);

/// fsync of a file or folder that is already written. Throws std::runtime_error.
void sync_path(const std::filesystem::path& path);

}  // namespace telltale
