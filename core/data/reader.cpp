#include "data/reader.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace telltale {

BlockReader::BlockReader(const std::filesystem::path& file) : file_(file), buffer_(1 << 20) {
  fd_ = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd_ < 0) throw std::runtime_error(fmt::format("{}: cannot be opened: {}", file.string(), std::strerror(errno)));
  struct stat s {};
  if (::fstat(fd_, &s) != 0 || !S_ISREG(s.st_mode)) {
    ::close(fd_);
    throw std::runtime_error(fmt::format("{}: not a regular file", file.string()));
  }
  size_ = static_cast<std::uint64_t>(s.st_size);
}

BlockReader::~BlockReader() { ::close(fd_); }

std::string_view BlockReader::next() {
  std::size_t filled = 0;
  while (filled < buffer_.size()) {
    const ssize_t n = ::read(fd_, buffer_.data() + filled, buffer_.size() - filled);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw std::runtime_error(fmt::format("{}: cannot be read: {}", file_.string(), std::strerror(errno)));
    if (n == 0) break;
    filled += static_cast<std::size_t>(n);
  }
  std::string_view block(buffer_.data(), filled);
  if (done_ == 0) {
    if (block.starts_with("\xFF\xFE") || block.starts_with("\xFE\xFF") || block.starts_with(std::string_view("\0\0\xFE\xFF", 4)))
      throw std::runtime_error(fmt::format("{}: in UTF-16 or UTF-32; convert it to UTF-8, for instance with iconv", file_.string()));
    if (block.starts_with("\xEF\xBB\xBF")) block.remove_prefix(3);
  }
  done_ += filled;
  return block;
}

bool LineReader::next(std::string& line, bool& too_long) {
  line.clear();
  too_long = false;
  bool any = false;
  for (;;) {
    if (rest_.empty()) {
      rest_ = blocks_.next();
      if (rest_.empty()) break;
    }
    any = true;
    const std::size_t end = rest_.find('\n');
    const std::string_view piece = rest_.substr(0, end);
    if (line.size() + piece.size() > limit_) too_long = true;
    if (too_long) std::string().swap(line);
    else line += piece;
    rest_.remove_prefix(end == rest_.npos ? rest_.size() : end + 1);
    if (end != std::string_view::npos) break;
  }
  if (!any) return false;
  ++number_;
  if (line.ends_with('\r')) line.pop_back();
  return true;
}

}  // namespace telltale
