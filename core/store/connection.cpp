#include "store/connection.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <ctime>
#include <limits>
#include <stdexcept>

#include "base/random.hpp"

namespace telltale {

namespace {

std::string explain(const SQLite::Exception& e) {
  switch (e.getErrorCode() & 0xff) {
    case SQLITE_FULL: return "the disk is full; this change was not written, what was there is kept: make room and try again";
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return "locked by another program that is writing to it; try again when it is done";
    case SQLITE_READONLY: return "cannot be written: the file or its folder is read-only";
    case SQLITE_CANTOPEN: return "cannot be opened: no permission, or its folder is read-only or missing";
    case SQLITE_NOTADB: return "not a Telltale file, or damaged at its start";
    case SQLITE_CORRUPT:
      return fmt::format("damaged ({}); take a copy from a backup, or save what can be read with: sqlite3 FILE .recover", e.what());
    case SQLITE_IOERR: return fmt::format("reading or writing failed ({}); is the disk full or gone? This change was not written", e.what());
    case SQLITE_TOOBIG: return "a value is larger than SQLite can keep (1 GB)";
    case SQLITE_NOMEM: return "out of memory";
    default: return e.what();
  }
}

}  // namespace

namespace {
/// What stands in a damaged file may hold line feeds; an error is one line.
std::string one_line(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  return text;
}
}  // namespace

void rethrow(const std::filesystem::path& file, const SQLite::Exception& e) {
  throw std::runtime_error(one_line(fmt::format("{}: {}", file.string(), explain(e))));
}

void Store::Impl::bad_value(std::string_view table, std::string_view row, std::string_view column, std::string_view what) const {
  throw std::runtime_error(one_line(fmt::format("{}: table {}, row {}, column {}: {}", file.string(), table, row, column, what)));
}

std::string Store::Impl::inner_folder(std::string folder, std::string_view table, std::string_view row) const {
  const std::filesystem::path path(folder);
  if (path.is_absolute() || std::any_of(path.begin(), path.end(), [](const auto& part) { return part == ".."; }))
    bad_value(table, row, "folder", fmt::format("'{}' leads out of {}.d", folder, file.filename().string()));
  return folder;
}

Json Store::Impl::json(const SQLite::Column& c, std::string_view table, std::string_view row, std::string_view column) const {
  if (c.isNull() || c.getBytes() == 0) return nullptr;
  return parse_json(c.getString(), fmt::format("{}: table {}, row {}, column {}", file.string(), table, row, column));
}

Query::Query(Store::Impl& impl, std::string_view sql) : impl_(impl), sql_(sql) {
  const auto at = impl.idle.find(sql);
  if (at != impl.idle.end() && !at->second.empty()) {
    statement_ = std::move(at->second.back());
    at->second.pop_back();
  } else {
    statement_ = std::make_unique<SQLite::Statement>(*impl.db, sql_);
  }
}

Query::~Query() {
  statement_->tryReset();
  try {
    statement_->clearBindings();
    impl_.idle[sql_].push_back(std::move(statement_));
  } catch (...) {  // not kept, that is all
  }
}

SQLite::Column Query::number(int i) {
  SQLite::Column c = column(i);
  if (c.isText() || c.isBlob()) throw std::runtime_error(one_line(fmt::format("{}: column {}: a number expected, found a {}", impl_.file.string(), c.getName(), c.isText() ? "text" : "blob")));
  return c;
}

int Query::small(int i) {
  const std::int64_t v = integer(i);
  if (v < std::numeric_limits<int>::min() || v > std::numeric_limits<int>::max()) throw std::runtime_error(one_line(fmt::format("{}: column {}: {} is out of range", impl_.file.string(), column(i).getName(), v)));
  return static_cast<int>(v);
}

double Query::real(int i) {
  const SQLite::Column c = number(i);
  return c.isNull() ? std::numeric_limits<double>::quiet_NaN() : c.getDouble();
}

std::optional<std::int64_t> Query::optional_integer(int i) {
  const SQLite::Column c = number(i);
  if (c.isNull()) return std::nullopt;
  return c.getInt64();
}

void Query::bind_one(double v) {
  if (std::isnan(v)) statement_->bind(++bound_);
  else statement_->bind(++bound_, v);
}

// std::string keeps its length in bind(); the copy is SQLite's own (SQLITE_TRANSIENT).
void Query::bind_one(std::string_view v) { statement_->bind(++bound_, std::string(v)); }

void Query::bind_one(const Json& v) { statement_->bind(++bound_, dump(v)); }

void Query::bind_one(const std::vector<unsigned char>& blob) {
  static const unsigned char none = 0;  // a null pointer would bind NULL
  statement_->bind(++bound_, blob.empty() ? &none : blob.data(), static_cast<int>(blob.size()));
}

Write::Write(Store::Impl& impl) : impl_(impl), outer_(impl.depth == 0), name_(fmt::format("level{}", impl.depth)) {
  if (impl.mode == Store::Mode::read) throw std::runtime_error(fmt::format("{}: opened for reading only", impl.file.string()));
  impl.db->exec(outer_ ? "BEGIN IMMEDIATE" : "SAVEPOINT " + name_);
  ++impl.depth;
}

void Write::commit() {
  impl_.db->exec(outer_ ? "COMMIT" : "RELEASE " + name_);
  open_ = false;
  --impl_.depth;
}

Write::~Write() {
  if (!open_) return;
  --impl_.depth;
  try {
    // A full disk or an I/O error makes SQLite roll back by itself; then there is nothing left to end.
    if (sqlite3_get_autocommit(impl_.db->getHandle()) == 0) impl_.db->exec(outer_ ? "ROLLBACK" : fmt::format("ROLLBACK TO {0}; RELEASE {0}", name_));
  } catch (...) {
  }
}

std::string dump(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string now() {
  const std::time_t t = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm utc{};
  gmtime_r(&t, &utc);
  char out[32];
  std::strftime(out, sizeof out, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return out;
}

std::uint64_t hash_text(std::string_view text) {
  std::uint64_t h = text.size();
  for (std::size_t i = 0; i < text.size(); i += 24) {
    unsigned char block[24] = {};
    std::memcpy(block, text.data() + i, std::min<std::size_t>(24, text.size() - i));
    std::uint64_t words[3];
    for (int w = 0; w < 3; ++w) {
      words[w] = 0;
      for (int b = 0; b < 8; ++b) words[w] |= std::uint64_t{block[w * 8 + b]} << (8 * b);
    }
    h = mix_seed(h, words[0], words[1], words[2]);
  }
  return h;
}

}  // namespace telltale
