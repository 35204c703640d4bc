// Words and passages that people mark in this program as telling or shared, beside those that came with the posts (Document::spans).
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "store/store.hpp"

namespace telltale {

/// Whose marks count. An annotator's name, or one of these three, which no annotator may be called:
inline constexpr const char* imported_marks = "imported";  ///< the spans that came with the posts
inline constexpr const char* any_marks = "any";            ///< marked by anyone, imported spans included
inline constexpr const char* majority_marks = "majority";  ///< marked by more than half of those who marked the post, imported spans counting as one of them

struct Mark {
  std::int64_t id = 0, document = 0;
  MarkedSpan span;
  std::string annotator, created;  ///< created: UTC, of when it was drawn
};

/// Why a span cannot be one of `text`, or nothing: outside of it, empty, or through the middle of a character.
std::string span_error(const MarkedSpan& span, std::string_view text);
/// The same, and also what a person cannot have meant: blanks alone, a kind that does not exist. Throws std::invalid_argument.
void check_mark(const MarkedSpan& span, std::string_view text);
/// std::invalid_argument: empty, over 100 bytes, with control characters or blanks at an end, or one of the reserved names.
void check_annotator(const std::string& name);

/// `spans` with one more: what it overlaps of its own kind becomes one with it, what it overlaps of the other kind is cut back. In order.
std::vector<MarkedSpan> with_span(std::vector<MarkedSpan> spans, MarkedSpan added);
/// Without those that overlap [begin, end).
std::vector<MarkedSpan> without_spans(std::vector<MarkedSpan> spans, std::int64_t begin, std::int64_t end);
/// What several annotators marked of one post, kind by kind: bytes that one of them marked, or (`majority`) more than half of them. In order.
std::vector<MarkedSpan> combined(const std::vector<std::vector<MarkedSpan>>& of_annotators, bool majority);

/// Standing marks of a post, of one annotator or (empty) of all; by annotator, then place.
std::vector<Mark> marks_of(Store& store, std::int64_t document, const std::string& annotator = {});
/// Every standing mark of a data set's posts, by document, annotator, place.
std::vector<Mark> marks_of_dataset(Store& store, std::int64_t dataset, const std::string& annotator = {});

/// The annotator's marks of a post become `spans`: those that stand keep their time, those not among them are put away (not lost), one that was put away
/// before comes back with the time of its first drawing, the others are new. One transaction. Returns whether anything changed. std::invalid_argument: a span
/// that is no mark of this text, two that overlap, a name that is none, no such post.
bool set_marks(Store& store, std::int64_t document, const std::string& annotator, const std::vector<MarkedSpan>& spans);

/// Posts of a data set with standing marks, of one annotator or (empty) of anyone, rising; imported spans do not count.
std::vector<std::int64_t> marked_documents(Store& store, std::int64_t dataset, const std::string& annotator = {});
/// Posts that came with spans, rising.
std::vector<std::int64_t> imported_documents(Store& store, std::int64_t dataset);

struct AnnotatorCount {
  std::string annotator;
  std::int64_t posts = 0, marks = 0;
};
std::vector<AnnotatorCount> annotators(Store& store, std::int64_t dataset);  ///< by name; imported spans are not among them

/// The spans that count under a choice (an annotator, "imported", "any", "majority"), for all posts of a data set, as they are now.
class ChosenMarks {
 public:
  /// std::invalid_argument: an annotator who marked nothing here, listing those who did.
  ChosenMarks(Store& store, std::int64_t dataset, std::string choice);
  std::vector<MarkedSpan> of(const Document& document) const;
  /// 16 hexadecimal digits: equal when every post's spans are, so that a figure never mixes two states of the marks. Empty for "imported", which never change.
  const std::string& digest() const { return digest_; }

 private:
  std::string choice_, digest_;
  std::map<std::int64_t, std::map<std::string, std::vector<MarkedSpan>>> marks_;  ///< by document, annotator
};

}  // namespace telltale
