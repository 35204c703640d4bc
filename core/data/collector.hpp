// Where every source hands its posts: filters, strips, checks and counts them, and passes them to the store.
#pragma once
#include <cstdint>
#include <map>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "data/import.hpp"

namespace telltale {

/// One post as a source found it.
struct RawPost {
  std::string place;        ///< for messages: "line 7", a path
  std::string external_id;
  std::string split;        ///< empty: to be drawn
  std::string label;
  std::string text;         ///< bytes; latin-1 if the source says so
  std::vector<MarkedSpan> spans{};
};

class WordRationales;

class Collector {
 public:
  Collector(Store::Import& import, const ImportOptions& options, std::string source, std::stop_token stop, const ProgressFn& progress);

  bool latin1 = false;      ///< texts and labels are latin-1 (20 Newsgroups), not UTF-8
  bool keep_empty = false;
  const WordRationales* rationales = nullptr;  ///< marks words of posts that have no spans of their own

  void add(RawPost&& post);
  /// Counts something that was left out (`first`: where, and what exactly), or kept though it is remarkable.
  void skip(const std::string& reason, const std::string& first);
  void note(const std::string& reason, const std::string& first, std::int64_t count = 1);
  /// Throws Cancelled when a stop was requested; reports progress. Call for every post and every block.
  void tick(double done, double total);

  std::int64_t posts() const { return posts_; }
  /// Draws the splits, counts duplicates, commits. Throws when there is no post, or a class that was asked for is missing.
  DatasetInfo commit(SourceFormat format);

 private:
  struct Tally {
    std::string reason, first;
    std::int64_t count = 0;
  };
  static void count(std::vector<Tally>& list, const std::string& reason, const std::string& first, std::int64_t n);
  static Json to_json(const std::vector<Tally>& list);
  Json word_counts() const;

  Store::Import& import_;
  const ImportOptions& options_;
  std::string source_;
  std::stop_token stop_;
  const ProgressFn& progress_;
  std::vector<Tally> skipped_, noted_;
  std::set<std::string> wanted_, seen_;   ///< classes
  std::int64_t posts_ = 0, drawn_ = 0, ticks_ = 0;
  std::vector<std::int64_t> words_;       ///< posts by their number of words, the last bin open
  std::int64_t most_words_ = 0, all_words_ = 0;
};

}  // namespace telltale
