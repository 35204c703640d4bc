#include "store/database_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <stdexcept>
#include <utility>

namespace telltale {
namespace {

using Key = std::pair<dev_t, ino_t>;

struct Registry {
  std::mutex mutex;
  std::map<Key, std::weak_ptr<DatabaseFile>> files;
};

/// Never destroyed: stores may outlive statics.
Registry& registry() {
  static auto* r = new Registry;
  return *r;
}

/// Lock or unlock the bytes that SQLite's readers share (os.h: PENDING_BYTE + 2, 510 bytes).
void set_lock(int fd, short type) {
#ifdef F_OFD_SETLK
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = 0x40000000 + 2;
  lock.l_len = 510;
  ::fcntl(fd, F_OFD_SETLK, &lock);  // where it cannot be had (some network file systems), SQLite's own lock is all there is
#else
  static_cast<void>(fd), static_cast<void>(type);
#endif
}

struct stat status_of(int fd) {
  struct stat s {};
  ::fstat(fd, &s);
  return s;
}

}  // namespace

DatabaseFile::~DatabaseFile() { ::close(fd_); }

DatabaseFile::Use DatabaseFile::find(const std::filesystem::path& path, bool create) {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  const auto known = [&](const struct stat& s) {
    const auto it = all.files.find({s.st_dev, s.st_ino});
    return it == all.files.end() ? nullptr : it->second.lock();
  };
  Use out;
  struct stat s {};
  if (::stat(path.c_str(), &s) == 0 && (out.file_ = known(s))) return out;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | (create ? O_CREAT : 0), 0644);
  if (fd < 0) {
    if (errno == ENOENT && !create) return out;
    throw std::runtime_error(fmt::format("{}: cannot be {}: {}", path.string(), errno == ENOENT || create ? "made" : "opened", std::strerror(errno)));
  }
  s = status_of(fd);
  out.file_ = std::shared_ptr<DatabaseFile>(new DatabaseFile(fd));
  all.files[{s.st_dev, s.st_ino}] = out.file_;
  return out;
}

DatabaseFile::Use::~Use() {
  if (!file_) return;
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);  // nobody may find it while its descriptor is being closed
  if (file_.use_count() == 1) {
    const struct stat s = status_of(file_->fd_);
    all.files.erase({s.st_dev, s.st_ino});
  }
  file_.reset();
}

DatabaseFile::Use& DatabaseFile::Use::operator=(Use&& other) noexcept {
  std::swap(file_, other.file_);
  std::swap(joined_, other.joined_);
  return *this;
}

bool DatabaseFile::Use::regular() const { return S_ISREG(status_of(file_->fd_).st_mode); }
bool DatabaseFile::Use::folder() const { return S_ISDIR(status_of(file_->fd_).st_mode); }

std::string DatabaseFile::Use::head(const std::filesystem::path& name) const {
  std::string bytes(100, '\0');
  const ssize_t n = ::pread(file_->fd_, bytes.data(), bytes.size(), 0);
  if (n < 0) throw std::runtime_error(fmt::format("{}: cannot be read: {}", name.string(), std::strerror(errno)));
  bytes.resize(static_cast<std::size_t>(n));
  return bytes;
}

void DatabaseFile::Use::join() {
  ++file_->connections_;
  joined_ = true;
}

void DatabaseFile::Use::guard() const { set_lock(file_->fd_, F_RDLCK); }

void DatabaseFile::Use::leave(const std::function<void()>& close) {
  if (!std::exchange(joined_, false)) return close();
  const auto held = hold();
  if (--file_->connections_ == 0) set_lock(file_->fd_, F_UNLCK);
  close();
}

}  // namespace telltale
