// A file from its beginning to its end in blocks, and its lines. Memory holds one block and one line.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace telltale {

class BlockReader {
 public:
  /// Throws std::runtime_error when it cannot be opened or is no regular file. A UTF-8 byte order mark is passed over;
  /// UTF-16 and UTF-32 (by their marks) are refused.
  explicit BlockReader(const std::filesystem::path& file);
  ~BlockReader();
  BlockReader(const BlockReader&) = delete;
  BlockReader& operator=(const BlockReader&) = delete;

  std::string_view next();  ///< the next bytes, empty at the end; valid until the next call
  std::uint64_t done() const { return done_; }
  std::uint64_t size() const { return size_; }

 private:
  std::filesystem::path file_;
  int fd_ = -1;
  std::uint64_t done_ = 0, size_ = 0;
  std::vector<char> buffer_;
};

class LineReader {
 public:
  LineReader(const std::filesystem::path& file, std::size_t limit) : blocks_(file), limit_(limit) {}
  /// The next line without its end ("\n" or "\r\n"); `too_long`: it was longer than the limit, and `line` is empty.
  bool next(std::string& line, bool& too_long);
  std::int64_t number() const { return number_; }  ///< of the last line, from 1
  const BlockReader& blocks() const { return blocks_; }

 private:
  BlockReader blocks_;
  std::size_t limit_;
  std::string_view rest_;
  std::int64_t number_ = 0;
};

}  // namespace telltale
