// Words in clauses in sentences, from punctuation alone: the tree that partition SHAP hands its credit down. No torch.
#pragma once
#include <vector>

namespace telltale {

/// How strongly a boundary behind a word parts the text.
enum class Break { none = 0, comma = 1, colon = 2, sentence = 3 };
/// By the word itself: . ! ? … = sentence; ; : – — = colon; , ( ) [ ] { } " = comma; else none.
Break break_after(const char* word);

struct TreeNode {
  std::size_t first = 0, last = 0;  ///< players [first, last)
  int left = -1, right = -1;        ///< numbers of the halves; −1 = a single player
};

/// A binary tree over n ≥ 1 players, the root first. A node is parted at its strongest inner boundary, of equals at the one nearest its middle, of those
/// at the first. after[p]: the break behind player p.
std::vector<TreeNode> clause_tree(const std::vector<Break>& after);

}  // namespace telltale
