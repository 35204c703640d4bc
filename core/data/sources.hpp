// The readers of import_dataset, one a format. Each hands all posts of `source` to the collector.
#pragma once
#include <filesystem>

#include "data/collector.hpp"

namespace telltale {

/// RFC 4180 with a header: quoted fields with delimiters, line ends and doubled quotes; LF, CRLF or CR; a BOM; NUL.
void read_delimited(const std::filesystem::path& source, char delimiter, const ImportOptions& options, Collector& posts);

/// One JSON object a line; bad lines are skipped and counted.
void read_jsonl(const std::filesystem::path& source, const ImportOptions& options, Collector& posts);

/// A folder a class, or train/CLASS and test/CLASS; files in the order of their paths. Links are not followed.
void read_folder(const std::filesystem::path& source, Collector& posts);

/// A tar (plain or compressed) or zip with such folders, streamed: nothing is unpacked to disk. Sets posts.latin1 and
/// posts.keep_empty when it turns out to be 20 Newsgroups and the format is automatic; returns the format.
SourceFormat read_archive(const std::filesystem::path& source, SourceFormat format, Collector& posts);

}  // namespace telltale
