#include "base/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace telltale {
namespace {

struct Descriptor {
  int fd = -1;
  explicit Descriptor(int f) : fd(f) {}
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
};

[[noreturn]] void fail(const std::filesystem::path& path, std::string_view what) {
  throw std::runtime_error(fmt::format("{}: {}: {}", path.string(), what, std::strerror(errno)));
}

std::size_t regular_size(int fd, const std::filesystem::path& path) {
  struct stat s {};
  if (::fstat(fd, &s) != 0) fail(path, "cannot read");
  if (!S_ISREG(s.st_mode)) throw std::runtime_error(fmt::format("{}: not a regular file", path.string()));
  return static_cast<std::size_t>(s.st_size);
}

}  // namespace

MappedFile::MappedFile(const std::filesystem::path& path) : path_(path) {
  Descriptor d(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (d.fd < 0) fail(path, "cannot open");
  size_ = regular_size(d.fd, path);
  if (size_ == 0) return;
  void* p = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, d.fd, 0);
  if (p == MAP_FAILED) fail(path, "cannot map");
  data_ = static_cast<const std::byte*>(p);
}

MappedFile::~MappedFile() {
  if (data_) ::munmap(const_cast<std::byte*>(data_), size_);
}

std::string read_file(const std::filesystem::path& path, std::size_t limit) {
  Descriptor d(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (d.fd < 0) fail(path, "cannot open");
  const std::size_t size = regular_size(d.fd, path);
  if (size > limit) throw std::runtime_error(fmt::format("{}: {} bytes, more than the {} allowed", path.string(), size, limit));
  std::string data(size, '\0');
  std::size_t done = 0;
  while (done < size) {
    const ssize_t n = ::read(d.fd, data.data() + done, size - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(path, "cannot read");
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  data.resize(done);
  return data;
}

bool is_database(const std::filesystem::path& path) {
  constexpr std::string_view magic("SQLite format 3\0", 16);
  struct stat s {};
  if (::stat(path.c_str(), &s) != 0 || !S_ISREG(s.st_mode)) return false;
  const Descriptor d(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  char head[16] = {};
  return d.fd >= 0 && ::pread(d.fd, head, sizeof head, 0) == 16 && std::string_view(head, 16) == magic;
}

void sync_path(const std::filesystem::path& path) {
  Descriptor d(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (d.fd < 0) fail(path, "cannot open");
  if (::fsync(d.fd) != 0 && errno != EINVAL) fail(path, "cannot sync");
}

void write_file_atomically(const std::filesystem::path& path, std::string_view data) {
  write_file_atomically(path, std::span<const std::string_view>(&data, 1));
}

namespace {

/// errno of what failed, 0 otherwise.
int write_all(int fd, std::span<const std::string_view> parts) {
  for (const std::string_view data : parts)
    for (std::size_t done = 0; done < data.size();) {
      const ssize_t n = ::write(fd, data.data() + done, data.size() - done);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return errno;
      done += static_cast<std::size_t>(n);
    }
  return 0;
}

}  // namespace

void write_file_atomically(const std::filesystem::path& given, std::span<const std::string_view> parts) {
  if (given.empty()) throw std::runtime_error("a file to write to: no name given");
  if (is_database(given)) throw std::runtime_error(fmt::format("{}: a database, not overwritten: choose another name", given.string()));
  // A link stays: what it leads to is written anew. A device or a pipe has no contents to replace: it gets the data.
  std::filesystem::path path = given;
  std::error_code none;
  for (int links = 0; std::filesystem::is_symlink(path, none); ++links) {
    if (links == 40) throw std::runtime_error(fmt::format("{}: cannot write: links that go round", given.string()));
    path = path.parent_path() / std::filesystem::read_symlink(path);  // an absolute one stands alone
  }
  struct stat there {};
  if (::stat(path.c_str(), &there) == 0 && !S_ISREG(there.st_mode) && !S_ISDIR(there.st_mode)) {
    const Descriptor d(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (d.fd < 0) fail(path, "cannot write");
    ::fcntl(d.fd, F_SETFL, 0);
    if ((errno = write_all(d.fd, parts)) != 0) fail(path, "cannot write");
    return;
  }
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  std::string temporary = path.string() + ".XXXXXX";
  const auto give_up = [&](int error, std::string_view what) {
    ::unlink(temporary.c_str());
    errno = error;
    fail(path, what);
  };
  {
    Descriptor d(::mkstemp(temporary.data()));
    if (d.fd < 0) fail(path, "cannot write");
    ::fchmod(d.fd, 0644);
    if (const int error = write_all(d.fd, parts)) give_up(error, "cannot write");
    if (::fsync(d.fd) != 0) give_up(errno, "cannot sync");
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) give_up(errno, "cannot rename into place");
  sync_path(folder);
}

}  // namespace telltale
