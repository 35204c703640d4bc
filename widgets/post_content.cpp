#include "widgets/post_content.hpp"

#include <algorithm>
#include <cctype>

namespace telltale::ui {

PostContent::PostContent(ExplanationRecord r, std::string t, std::string external_id, int gold, std::vector<std::string> class_names)
    : record(std::move(r)), text(std::move(t)), id(std::move(external_id)), label(gold), classes(std::move(class_names)), view(record, text, classes),
      segments(telltale::segments(text, record.words)), quoted(quoted_parts(text)) {
  std::int64_t last = 0;
  for (const Span& s : record.offsets) last = std::max(last, s.end);
  if (last > 0 && static_cast<std::uint64_t>(last) < text.size() && std::any_of(text.begin() + static_cast<std::ptrdiff_t>(last), text.end(), [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || (c & 0x80); }))
    cut = last;  // marks and blanks alone may be what the normaliser took away
}

const RankedWord* PostContent::ranked(int word) const {
  for (const auto& r : view.ranked)
    if (static_cast<int>(r.word) == word) return &r;
  return nullptr;
}

}  // namespace telltale::ui
