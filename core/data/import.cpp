#include "data/import.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "data/collector.hpp"
#include "data/encoding.hpp"
#include "data/layout.hpp"
#include "data/reader.hpp"
#include "data/rationales.hpp"
#include "data/sources.hpp"

namespace telltale {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::pair<SourceFormat, const char*>, 7> format_names{{{SourceFormat::automatic, "auto"},
                                                                            {SourceFormat::newsgroups, "20news"},
                                                                            {SourceFormat::csv, "csv"},
                                                                            {SourceFormat::tsv, "tsv"},
                                                                            {SourceFormat::jsonl, "jsonl"},
                                                                            {SourceFormat::folder, "folder"},
                                                                            {SourceFormat::eraser, "eraser"}}};

/// What reads the source: `archive` for files of the formats folder and 20news.
struct Reading {
  SourceFormat format;
  bool archive = false;
};

bool folder_is_newsgroups(const fs::path& source) {
  if (is_newsgroups_folder(fs::weakly_canonical(source).filename().string())) return true;
  std::error_code error;
  for (fs::directory_iterator it(source, error), end; !error && it != end; it.increment(error))
    if (is_newsgroups_folder(it->path().filename().string()) && it->is_directory(error)) return true;
  return false;
}

/// By the name's ending, else by the first bytes.
Reading guess(const fs::path& source) {
  std::string name = source.filename().string();
  for (char& c : name)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  const auto ends = [&](std::initializer_list<const char*> endings) {
    for (const char* e : endings)
      if (name.ends_with(e)) return true;
    return false;
  };
  if (ends({".csv"})) return {SourceFormat::csv};
  if (ends({".tsv", ".tab"})) return {SourceFormat::tsv};
  if (ends({".jsonl", ".ndjson", ".json"})) return {SourceFormat::jsonl};
  if (ends({".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.zst", ".zip"})) return {SourceFormat::automatic, true};
  BlockReader reader(source);
  const std::string_view head = reader.next();
  using namespace std::string_view_literals;
  for (const std::string_view magic : {"\x1F\x8B"sv, "PK\x03\x04"sv, "BZh"sv, "\xFD""7zXZ\0"sv, "\x28\xB5\x2F\xFD"sv})
    if (head.starts_with(magic)) return {SourceFormat::automatic, true};
  if (head.size() > 262 && head.substr(257, 5) == "ustar") return {SourceFormat::automatic, true};
  const std::size_t first = head.find_first_not_of(" \t\r\n");
  if (first != head.npos && head[first] == '{') return {SourceFormat::jsonl};
  throw std::invalid_argument(fmt::format("{}: cannot tell its format by name or content; say --format 20news, csv, tsv, jsonl, folder or eraser", source.string()));
}

Reading choose(const fs::path& source, SourceFormat wanted) {
  std::error_code error;
  const fs::file_status status = fs::status(source, error);
  if (!fs::exists(status)) throw std::runtime_error(fmt::format("{}: no such file or folder", source.string()));
  const bool of_files = wanted == SourceFormat::newsgroups || wanted == SourceFormat::folder || wanted == SourceFormat::eraser;
  if (fs::is_directory(status)) {
    if (wanted == SourceFormat::automatic && is_eraser_folder(source)) return {SourceFormat::eraser};
    if (wanted == SourceFormat::automatic) return {folder_is_newsgroups(source) ? SourceFormat::newsgroups : SourceFormat::folder};
    if (!of_files) throw std::invalid_argument(fmt::format("{}: a folder cannot be read as {}", source.string(), name_of(wanted)));
    return {wanted};
  }
  if (!fs::is_regular_file(status)) throw std::runtime_error(fmt::format("{}: neither a regular file nor a folder", source.string()));
  if (wanted == SourceFormat::eraser) throw std::invalid_argument(fmt::format("{}: the ERASER format is a folder", source.string()));
  if (wanted == SourceFormat::automatic) return guess(source);
  return {wanted, of_files};
}

Json to_json(const ImportOptions& o, const Reading& reading) {
  Json strip = Json::array();
  if (o.strip.headers) strip.push_back("headers");
  if (o.strip.footers) strip.push_back("footers");
  if (o.strip.quotes) strip.push_back("quotes");
  const auto column = [](const std::string& given, const char* standard) { return given.empty() ? standard : given; };
  Json out = {{"strip", strip}, {"classes", o.classes}, {"test_share", o.test_share}, {"seed", o.seed}};
  if (!o.rationales.empty()) out["rationales"] = o.rationales.string(), out["rationale_share"] = o.rationale_share;
  if (reading.format == SourceFormat::csv || reading.format == SourceFormat::tsv || reading.format == SourceFormat::jsonl) {
    out["columns"] = {{"text", column(o.text_column, "text")}, {"label", column(o.label_column, "label")}, {"split", column(o.split_column, "split")},
                      {"id", column(o.id_column, "id")}};
  }
  return out;
}

}  // namespace

const char* name_of(SourceFormat format) {
  for (const auto& [value, name] : format_names)
    if (value == format) return name;
  return "auto";
}

SourceFormat parse_source_format(const std::string& name) {
  std::vector<const char*> names;
  for (const auto& [value, known] : format_names) {
    if (name == known) return value;
    names.push_back(known);
  }
  throw std::invalid_argument(fmt::format("format '{}' is unknown; there are: {}", name, fmt::join(names, ", ")));
}

DatasetInfo import_dataset(Store& store, const fs::path& source, const ImportOptions& options, std::stop_token stop, const ProgressFn& progress) {
  if (!(options.test_share >= 0 && options.test_share < 1))
    throw std::invalid_argument(fmt::format("test share {}: expected a number from 0 up to, but not including, 1", options.test_share));
  if (readable_name(options.name, options.name.size()) != options.name) throw std::invalid_argument("name of the data set: control characters, or no UTF-8");
  const Reading reading = choose(source, options.format);
  const auto import = store.begin_import(options.name, source.string(), to_json(options, reading));
  Collector posts(*import, options, source.string(), std::move(stop), progress);
  std::optional<WordRationales> rationales;
  if (!options.rationales.empty()) posts.rationales = &rationales.emplace(WordRationales::load(options.rationales, options.rationale_share));
  SourceFormat format = reading.format;
  if (reading.archive) {
    format = read_archive(source, format, posts);
  } else {
    posts.latin1 = posts.keep_empty = format == SourceFormat::newsgroups;
    switch (format) {
      case SourceFormat::csv: read_delimited(source, ',', options, posts); break;
      case SourceFormat::tsv: read_delimited(source, '\t', options, posts); break;
      case SourceFormat::jsonl: read_jsonl(source, options, posts); break;
      case SourceFormat::eraser: read_eraser(source, posts); break;
      default: read_folder(source, posts);
    }
  }
  return posts.commit(format);
}

}  // namespace telltale
