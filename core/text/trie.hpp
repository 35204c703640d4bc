// Longest-match lookup of pieces: a double-array trie over bytes (Aoe, 1989), one cache line for most steps.
#pragma once
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace telltale {

class Trie {
 public:
  static constexpr std::uint32_t root = 0, none = 0xFFFFFFFF;

  Trie() = default;
  /// Keys may be in any order; each key once, none empty. Values ≥ 0.
  explicit Trie(std::vector<std::pair<std::string_view, std::int32_t>> keys);

  std::uint32_t step(std::uint32_t node, unsigned char byte) const {
    const std::uint32_t child = nodes_[node].base + byte;
    return child < nodes_.size() && nodes_[child].parent == node ? child : none;
  }
  std::int32_t value(std::uint32_t node) const { return nodes_[node].value; }  ///< −1: no key ends here

  std::uint32_t walk(std::uint32_t node, std::string_view bytes) const {
    for (const char c : bytes)
      if ((node = step(node, static_cast<unsigned char>(c))) == none) break;
    return node;
  }
  std::int32_t find(std::string_view key) const {
    const std::uint32_t node = walk(root, key);
    return node == none || key.empty() ? -1 : value(node);
  }

  struct Match {
    std::int32_t value = -1;
    std::size_t length = 0;
  };
  /// The longest key, less the path to `from`, that `text` begins with.
  Match longest(std::uint32_t from, std::string_view text) const {
    Match best;
    std::uint32_t node = from;
    for (std::size_t i = 0; i < text.size(); ++i) {
      node = step(node, static_cast<unsigned char>(text[i]));
      if (node == none) break;
      if (nodes_[node].value >= 0) best = {nodes_[node].value, i + 1};
    }
    return best;
  }

 private:
  struct Node {
    std::uint32_t base = 0, parent = none;
    std::int32_t value = -1;
  };
  std::vector<Node> nodes_ = std::vector<Node>(1);
};

}  // namespace telltale
