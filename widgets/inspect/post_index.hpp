// Every post of a data set as a row of numbers, and the order in which a list shows them. 10⁵ posts: filtering and sorting take milliseconds.
#pragma once
#include <cstdint>
#include <limits>
#include <string>
#include <unordered_map>
#include <vector>

#include "store/store.hpp"

namespace telltale::ui {

struct PostIndex {
  PostTable table;
  std::vector<bool> explained;
  std::vector<bool> marked, imported;   ///< people marked words here; the post came with marked words
  std::vector<std::int16_t> predicted;  ///< −1 = not known yet
  std::vector<float> confidence;        ///< probability of the predicted class, NaN = not known
  std::vector<float> gold;              ///< probability of the gold class
  std::unordered_map<std::int64_t, int> row_of;  ///< document → row
  int known = 0;                        ///< rows with a prediction

  PostIndex() = default;
  explicit PostIndex(PostTable posts);
  int rows() const { return static_cast<int>(table.rows.size()); }
  int find(std::int64_t document) const;  ///< −1 = not there
  void set_marked(const std::vector<std::int64_t>& documents, bool marked = true);
  void set_imported(const std::vector<std::int64_t>& documents);
  void set_explained(const std::vector<std::int64_t>& documents);
  void set_predictions(const std::vector<PostPrediction>& predictions);  ///< adds to what is known
};

enum class PostSort { confidence, error, length, id };
enum class Verdict { all, right, wrong };
enum class Marks { all, marked, unmarked, imported };

struct PostFilter {
  int label = -1;                   ///< gold class, −1 = any
  int split = -1;                   ///< index into PostTable::splits, −1 = any
  Verdict verdict = Verdict::all;   ///< right, wrong: only posts whose prediction is known
  Marks marks = Marks::all;         ///< marked: drawn here by anyone; imported: came with the post
  double least = 0, most = 1;       ///< confidence; 0 … 1 passes also what is not known
  PostSort sort = PostSort::confidence;
  bool descending = true;
};

/// Rows that pass, in order. `found`: documents that a search gave, rising; nullptr = no search. Unknown values stand last, ties by id.
std::vector<int> arranged(const PostIndex& index, const PostFilter& filter, const std::vector<std::int64_t>* found);

}  // namespace telltale::ui
