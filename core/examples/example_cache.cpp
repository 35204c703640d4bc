#include "examples/example_cache.hpp"

#include <algorithm>

namespace telltale {

std::shared_ptr<const void> ExampleCache::find(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto it = std::find_if(kept_.begin(), kept_.end(), [&](const Kept& k) { return k.key == key; });
  if (it == kept_.end()) return nullptr;
  kept_.splice(kept_.begin(), kept_, it);
  return it->value;
}

bool ExampleCache::holds(const std::string& key) const {
  const std::lock_guard lock(mutex_);
  return std::any_of(kept_.begin(), kept_.end(), [&](const Kept& k) { return k.key == key; });
}

void ExampleCache::put(const std::string& key, std::shared_ptr<const void> value, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  for (auto it = kept_.begin(); it != kept_.end();) {
    if (it->key != key) {
      ++it;
      continue;
    }
    sum_ -= it->bytes;
    it = kept_.erase(it);
  }
  if (bytes > limit_) return;
  while (sum_ + bytes > limit_) {
    sum_ -= kept_.back().bytes;
    kept_.pop_back();
  }
  kept_.push_front({key, std::move(value), bytes});
  sum_ += bytes;
}

std::size_t ExampleCache::bytes() const {
  const std::lock_guard lock(mutex_);
  return sum_;
}

void ExampleCache::clear() {
  const std::lock_guard lock(mutex_);
  kept_.clear();
  sum_ = 0;
}

}  // namespace telltale
