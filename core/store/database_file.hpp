// What keeps other programs' hands off a database that this process has open. Only core/store includes this.
#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace telltale {

/// The one descriptor, besides SQLite's own, of a database file in this process, shared by all its connections.
///
/// POSIX drops every fcntl lock that a process holds on a file as soon as any of its descriptors of that file is closed, whoever opened it: a look at the head, a file dialog that
/// sniffs types (sqlite.org/howtocorrupt.html, 2.2). Another program would then take itself for the last connection, fold the log into the file and delete it under our hands, and
/// what is written here afterwards is lost. So the descriptor stays open until the last connection is closed, and holds a lock of its own (an open file description's, which no
/// close() drops) on the bytes that SQLite shares: nobody else gets the exclusive lock that the deletion needs.
class DatabaseFile {
 public:
  class Use;

  /// The file, opened, or as it is open here already; null where there is none and it is not to be made. Throws std::runtime_error naming the file.
  static Use find(const std::filesystem::path& file, bool create);

  ~DatabaseFile();
  DatabaseFile(const DatabaseFile&) = delete;
  DatabaseFile& operator=(const DatabaseFile&) = delete;

 private:
  explicit DatabaseFile(int fd) : fd_(fd) {}
  int fd_;
  std::mutex mutex_;     ///< while a connection is opened or closed
  int connections_ = 0;  ///< of this process
};

/// One connection's part in it.
class DatabaseFile::Use {
 public:
  Use() = default;
  ~Use();
  Use(Use&& other) noexcept = default;
  Use& operator=(Use&& other) noexcept;

  explicit operator bool() const { return file_ != nullptr; }
  bool regular() const;
  bool folder() const;
  /// The first bytes, at most 100. Throws std::runtime_error.
  std::string head(const std::filesystem::path& name) const;

  /// Held while a connection is being opened.
  std::unique_lock<std::mutex> hold() const { return std::unique_lock(file_->mutex_); }
  /// A connection is about to be there. Call under hold().
  void join();
  /// Holds the lock from now on: only where the file has a log, as every Telltale file has. Call under hold().
  void guard() const;
  /// Closes a connection, the last one without the lock, so that SQLite may fold the log in and take it away.
  void leave(const std::function<void()>& close);

 private:
  friend class DatabaseFile;
  std::shared_ptr<DatabaseFile> file_;
  bool joined_ = false;
};

}  // namespace telltale
