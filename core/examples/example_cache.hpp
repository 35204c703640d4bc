// What was computed of all training posts, in memory and bounded; shared by threads.
#pragma once
#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <string>

namespace telltale {

/// Values by key, the last used first; the oldest go when the sum of their sizes passes the limit. A value larger than the limit is not kept.
/// Safe to call from any thread. Keys name everything that a value depends on: model fingerprint, data set, length, precision, …
class ExampleCache {
 public:
  explicit ExampleCache(std::size_t limit_bytes = std::size_t{512} << 20) : limit_(limit_bytes) {}

  std::shared_ptr<const void> find(const std::string& key);
  bool holds(const std::string& key) const;
  void put(const std::string& key, std::shared_ptr<const void> value, std::size_t bytes);
  std::size_t limit() const { return limit_; }
  std::size_t bytes() const;
  void clear();

 private:
  struct Kept {
    std::string key;
    std::shared_ptr<const void> value;
    std::size_t bytes;
  };
  const std::size_t limit_;
  mutable std::mutex mutex_;
  std::list<Kept> kept_;
  std::size_t sum_ = 0;
};

}  // namespace telltale
