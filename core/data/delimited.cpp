#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>

#include "data/encoding.hpp"
#include "data/reader.hpp"
#include "data/sources.hpp"

namespace telltale {
namespace {

/// Records of a CSV file, one at a time. The places in its messages are lines of the file.
class RecordReader {
 public:
  RecordReader(const std::filesystem::path& file, char delimiter) : file_(file.string()), delimiter_(delimiter), blocks_(file) {}

  /// False at the end. Blank lines are passed over.
  bool next(std::vector<std::string>& fields) {
    do {
      if (!record(fields)) return false;
    } while (fields.size() == 1 && fields[0].empty() && !quoted_);
    return true;
  }

  std::int64_t line() const { return first_line_; }  ///< where the record begins, from 1
  const BlockReader& blocks() const { return blocks_; }

  [[noreturn]] void fail(std::int64_t line, std::string_view what) const { throw std::runtime_error(fmt::format("{}: line {}: {}", file_, line, what)); }

 private:
  int peek() {
    if (rest_.empty()) rest_ = blocks_.next();
    return rest_.empty() ? -1 : static_cast<unsigned char>(rest_.front());
  }

  void grow(std::string& field, std::string_view bytes) {
    size_ += bytes.size();
    if (size_ > ImportLimits::line_bytes) {
      fail(first_line_, fmt::format("record longer than {} MiB; is a quotation mark not closed?", ImportLimits::line_bytes >> 20));
    }
    field += bytes;
  }

  /// Takes bytes up to (not including) the first of `stops`, or to the end of the file.
  void take_until(std::string& field, std::string_view stops) {
    while (peek() >= 0) {
      const std::size_t end = std::min(rest_.find_first_of(stops), rest_.size());
      grow(field, rest_.substr(0, end));
      rest_.remove_prefix(end);
      if (!rest_.empty()) return;
    }
  }

  void quoted_field(std::string& field) {
    const std::int64_t opened = line_;
    rest_.remove_prefix(1);
    for (;;) {
      const std::size_t before = field.size();
      take_until(field, "\"");
      line_ += std::count(field.begin() + static_cast<std::ptrdiff_t>(before), field.end(), '\n');
      if (peek() < 0) fail(opened, "a quotation mark is opened here and never closed");
      rest_.remove_prefix(1);
      if (peek() != '"') break;
      grow(field, "\"");  // doubled: one of the text
      rest_.remove_prefix(1);
    }
    const int c = peek();
    if (c >= 0 && c != static_cast<unsigned char>(delimiter_) && c != '\n' && c != '\r')
      fail(line_, fmt::format("{} follows a closing quotation mark; expected the end of the field (a quotation mark inside is doubled)",
                              c < 0x20 || c > 0x7E ? fmt::format("byte 0x{:02X}", c) : fmt::format("'{}'", static_cast<char>(c))));
  }

  bool record(std::vector<std::string>& fields) {
    if (peek() < 0) return false;
    first_line_ = ++line_;
    size_ = 0;
    quoted_ = false;
    const char stops[] = {delimiter_, '\n', '\r', '\0'};
    for (std::size_t n = 0;; ++n) {
      if (n == 100'000) fail(first_line_, "more than 100000 fields");
      if (fields.size() == n) fields.emplace_back();
      fields[n].clear();
      if (peek() == '"') {
        quoted_ = true;
        quoted_field(fields[n]);
      } else {
        take_until(fields[n], std::string_view(stops, 3));
      }
      const int end = peek();
      if (end >= 0) rest_.remove_prefix(1);
      if (end == static_cast<unsigned char>(delimiter_)) continue;
      if (end == '\r' && peek() == '\n') rest_.remove_prefix(1);
      fields.resize(n + 1);
      return true;
    }
  }

  std::string file_;
  char delimiter_;
  BlockReader blocks_;
  std::string_view rest_;
  std::int64_t line_ = 0, first_line_ = 0;
  std::size_t size_ = 0;
  bool quoted_ = false;
};

constexpr std::size_t none = static_cast<std::size_t>(-1);

/// Place of a column in the header: `given` by the person, else `standard`, which may be missing if it is not `needed`.
std::size_t column(const std::string& file, const std::vector<std::string>& header, const std::string& given, const char* standard, const char* option, bool needed) {
  const std::string& name = given.empty() ? standard : given;
  const auto found = std::find(header.begin(), header.end(), name);
  if (found == header.end()) {
    if (given.empty() && !needed) return none;
    std::vector<std::string> names;
    for (const std::string& h : header) names.push_back(readable_name(h, 60));
    if (names.size() > 30) names.resize(30);
    throw std::invalid_argument(fmt::format("{}: no column '{}' in its header; there are: {}{}", file, name, fmt::join(names, ", "),
                                            given.empty() ? fmt::format(" (name it with {})", option) : ""));
  }
  if (std::find(found + 1, header.end(), name) != header.end()) throw std::runtime_error(fmt::format("{}: two columns are called '{}'", file, name));
  return static_cast<std::size_t>(found - header.begin());
}

}  // namespace

void read_delimited(const std::filesystem::path& source, char delimiter, const ImportOptions& options, Collector& posts) {
  RecordReader records(source, delimiter);
  const std::string file = source.string();
  std::vector<std::string> header, fields;
  if (!records.next(header)) throw std::runtime_error(fmt::format("{}: empty; expected a header with the names of the columns", file));
  const std::size_t text = column(file, header, options.text_column, "text", "--text-column", true);
  const std::size_t label = column(file, header, options.label_column, "label", "--label-column", true);
  const std::size_t split = column(file, header, options.split_column, "split", "--split-column", false);
  const std::size_t id = column(file, header, options.id_column, "id", "--id-column", false);
  while (records.next(fields)) {
    if (fields.size() != header.size())
      records.fail(records.line(), fmt::format("{} fields, expected {} as in the header", fields.size(), header.size()));
    RawPost post{fmt::format("line {}", records.line()), {}, {}, std::move(fields[label]), std::move(fields[text])};
    if (split != none) post.split = fields[split];
    post.external_id = id != none && !fields[id].empty() ? fields[id] : std::to_string(records.line());
    posts.add(std::move(post));
    posts.tick(static_cast<double>(records.blocks().done()), static_cast<double>(records.blocks().size()));
  }
}

}  // namespace telltale
