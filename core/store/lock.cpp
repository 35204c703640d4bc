// Who trains a run: a lock file FILE.d/run-N.lock, locked with flock. The kernel frees it when the process ends, however that is.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <stdexcept>
#include <thread>

#include "store/connection.hpp"

namespace telltale {
namespace {

std::filesystem::path lock_path(const std::filesystem::path& folder, std::int64_t run) { return folder / fmt::format("run-{}.lock", run); }

}  // namespace

class Store::RunLock {
 public:
  RunLock(int fd, std::filesystem::path path) : fd_(fd), path_(std::move(path)) {}
  ~RunLock() {
    ::unlink(path_.c_str());  // still locked: whoever waits for this file sees that it is gone and makes a new one
    ::close(fd_);
  }
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;

 private:
  int fd_;
  std::filesystem::path path_;
};

std::shared_ptr<Store::RunLock> Store::claim_run(std::int64_t id) {
  run(id);  // throws when there is none
  std::error_code error;
  std::filesystem::create_directories(folder(), error);
  if (error) throw std::runtime_error(fmt::format("{}: cannot be made: {}", folder().string(), error.message()));
  const std::filesystem::path path = lock_path(folder(), id);
  for (int attempt = 0; attempt < 20; ++attempt) {
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0) throw std::runtime_error(fmt::format("{}: cannot be made: {}", path.string(), std::strerror(errno)));
    if (::flock(fd, LOCK_EX | LOCK_NB) == 0) {
      struct stat mine {}, there {};
      if (::fstat(fd, &mine) == 0 && ::stat(path.c_str(), &there) == 0 && mine.st_ino == there.st_ino && mine.st_dev == there.st_dev) {
        const std::string pid = fmt::format("{}\n", ::getpid());
        if (::ftruncate(fd, 0) != 0 || ::write(fd, pid.data(), pid.size()) < 0) {  // only for the eye of a person
        }
        return std::make_shared<RunLock>(fd, path);
      }
    } else if (errno != EWOULDBLOCK && errno != EINTR) {
      const int e = errno;
      ::close(fd);
      throw std::runtime_error(fmt::format("{}: cannot be locked: {}", path.string(), std::strerror(e)));
    }
    ::close(fd);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));  // mark_interrupted_runs holds it for a moment
  }
  throw std::runtime_error(fmt::format("{}: run {} is being trained by another process", file().string(), id));
}

bool run_is_ownerless(const std::filesystem::path& folder, std::int64_t run) {
  const int fd = ::open(lock_path(folder, run).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0) return errno == ENOENT || errno == ENOTDIR;  // cannot tell: leave it as it is
  const bool free = ::flock(fd, LOCK_SH | LOCK_NB) == 0;
  ::close(fd);
  return free;
}

}  // namespace telltale
