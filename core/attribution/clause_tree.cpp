#include "attribution/clause_tree.hpp"

#include <cstdlib>
#include <initializer_list>
#include <string_view>

namespace telltale {
namespace {

bool one_of(std::string_view word, std::initializer_list<std::string_view> list) {
  for (const auto s : list)
    if (word == s) return true;
  return false;
}

}  // namespace

Break break_after(const char* text) {
  const std::string_view word(text);
  if (one_of(word, {".", "!", "?", "…", "。", "！", "？"})) return Break::sentence;
  if (one_of(word, {";", ":", "–", "—", "；", "："})) return Break::colon;
  if (one_of(word, {",", "(", ")", "[", "]", "{", "}", "\"", "“", "”", "，", "、"})) return Break::comma;
  return Break::none;
}

std::vector<TreeNode> clause_tree(const std::vector<Break>& after) {
  std::vector<TreeNode> tree{{0, after.size(), -1, -1}};
  for (std::size_t at = 0; at < tree.size(); ++at) {
    const auto [first, last, unused_left, unused_right] = tree[at];
    (void)unused_left, (void)unused_right;
    if (last - first < 2) continue;
    std::size_t cut = 0;
    int strongest = -1;
    long nearest = 0;
    for (std::size_t p = first; p + 1 < last; ++p) {
      const int strength = static_cast<int>(after[p]);
      const long distance = std::labs(2 * static_cast<long>(p + 1) - static_cast<long>(first + last));
      if (strength > strongest || (strength == strongest && distance < nearest)) strongest = strength, nearest = distance, cut = p + 1;
    }
    tree[at].left = static_cast<int>(tree.size());
    tree[at].right = tree[at].left + 1;
    tree.push_back({first, cut, -1, -1});
    tree.push_back({cut, last, -1, -1});
  }
  return tree;
}

}  // namespace telltale
