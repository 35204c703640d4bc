// Words that people marked as telling, from the benchmarks: ERASER (DeYoung et al. 2020) and 20 Newsgroups (Mohseni et al. 2018).
#pragma once
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "data/collector.hpp"

namespace telltale {

/// Marked words of posts, CLASS/NUMBER.json with {"article": "NUMBER", "words": [[word, share], …]}: lower-cased words that stand for all their occurrences.
class WordRationales {
 public:
  /// `folder` holds class folders. Words with a share under `least` are left out (the benchmark's shares are 1 and 0.5).
  /// Throws std::runtime_error naming the file: not there, none found, not of this form.
  static WordRationales load(const std::filesystem::path& folder, double least = 0);
  /// For a post by its id in the source, ".../CLASS/NUMBER". Null when no one marked it.
  const std::set<std::string>* words_of(std::string_view external_id) const;
  std::size_t posts() const { return posts_.size(); }

 private:
  std::map<std::string, std::set<std::string>> posts_;  ///< by CLASS/NUMBER
};

/// Every whole word of the text (a run of letters and digits; ASCII is compared without case) that is one of `words`, kind "telling".
std::vector<MarkedSpan> spans_of_words(std::string_view text, const std::set<std::string>& words);

/// ERASER: docs/DOCID (or docs.jsonl with "docid" and "document"), and train.jsonl, val.jsonl, test.jsonl of annotations: "annotation_id", "classification", "evidences": lists of
/// {"docid", "start_token", "end_token"}, end excluded, tokens being set apart by line ends and single spaces (as the benchmark's own reader does). One post an annotation: its only document; evidence becomes a span
/// of kind "telling" from its first token's first byte to its last token's last. What is wrong with an annotation (a document that is not there, several
/// documents, a token outside the text) is skipped and counted, with its place.
void read_eraser(const std::filesystem::path& source, Collector& posts);
bool is_eraser_folder(const std::filesystem::path& source);

}  // namespace telltale
