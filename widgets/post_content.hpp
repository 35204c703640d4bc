// One explained post, as every view of it reads it. Made once, shared, never changed.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "report/explanation_view.hpp"
#include "report/post_text.hpp"

namespace telltale::ui {

struct PostContent {
  PostContent(ExplanationRecord r, std::string t, std::string external_id, int gold, std::vector<std::string> class_names);
  ExplanationRecord record;
  std::string text, id;
  int label = -1;                    ///< gold class, −1 = none
  std::vector<std::string> classes;  ///< full names
  ExplanationView view;
  std::vector<Segment> segments;     ///< of text
  std::vector<Span> quoted;
  std::int64_t cut = -1;             ///< byte where the model stopped reading though text went on; −1 = it read all
  const RankedWord* ranked(int word) const;  ///< nullptr for words that are not shown
};
using PostPtr = std::shared_ptr<const PostContent>;

}  // namespace telltale::ui
