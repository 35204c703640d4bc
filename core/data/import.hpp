// Posts from outside into a store: 20 Newsgroups, CSV, TSV, JSONL, a folder a class. Streams; one transaction.
#pragma once
#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "base/progress.hpp"
#include "data/strip.hpp"
#include "store/store.hpp"

namespace telltale {

enum class SourceFormat { automatic, newsgroups, csv, tsv, jsonl, folder, eraser };
const char* name_of(SourceFormat);                     ///< "auto", "20news", "csv", "tsv", "jsonl", "folder", "eraser"
SourceFormat parse_source_format(const std::string&);  ///< throws std::invalid_argument listing the names

struct ImportOptions {
  std::string name{};                      ///< of the data set, new in the file
  Strip strip{};                           ///< what is taken off every post
  std::vector<std::string> classes{};      ///< only these; empty = all
  std::string text_column{}, label_column{}, split_column{}, id_column{};  ///< empty: "text", "label" and, if there, "split", "id"
  double test_share = 0.2;                 ///< of each class, for posts that come without a split; 0 ≤ share < 1
  std::uint64_t seed = 0;                  ///< of that draw
  SourceFormat format = SourceFormat::automatic;
  std::filesystem::path rationales{};      ///< folder of marked words (data/rationales.hpp) that joins posts by CLASS/NUMBER; empty = none
  double rationale_share = 0;              ///< words with a smaller share are left out
};

/// Limits that keep hostile input harmless; real corpora are far below them.
struct ImportLimits {
  static constexpr std::size_t post_bytes = std::size_t{8} << 20;     ///< a longer post is skipped and counted
  static constexpr std::size_t line_bytes = std::size_t{32} << 20;    ///< of JSONL: a longer line is skipped; of CSV: a longer record is an error
  static constexpr std::size_t label_bytes = 256;
  static constexpr std::size_t classes = 10'000;
  static constexpr std::uint64_t archive_entries = 5'000'000;
  static constexpr std::uint64_t archive_bytes = std::uint64_t{64} << 30;  ///< unpacked
  static constexpr std::uint64_t ratio = 200, ratio_from = std::uint64_t{100} << 20;  ///< unpacked over packed, once that much is unpacked
};

/// Reads `source` into a new data set of the store.
///
/// Encoding: 20 Newsgroups is latin-1, everything else UTF-8; a post that is not valid UTF-8 is read as latin-1 and counted.
/// Duplicates and (of 20 Newsgroups) empty posts stay and are counted; empty posts of other sources are skipped.
/// DatasetInfo::report holds {"format", "split", "skipped": [{"reason", "count", "first"}…], "noted": [the same, of posts that were
/// kept], "words": {"mean", "median", "p95", "max"}}.
/// Throws std::invalid_argument (unknown column, class, format; share out of range; name taken), std::runtime_error naming file and
/// place (unreadable, damaged, hostile archive, broken quoting, no post at all), Cancelled when `stop` was requested. Nothing is
/// left in the store then.
DatasetInfo import_dataset(Store& store, const std::filesystem::path& source, const ImportOptions& options, std::stop_token stop = {},
                           const ProgressFn& progress = {});

}  // namespace telltale
