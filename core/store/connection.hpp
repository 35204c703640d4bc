// One SQLite connection with its cached statements, transactions and error lines. Only core/store includes this.
#pragma once
#include <SQLiteCpp/SQLiteCpp.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/database_file.hpp"
#include "store/store.hpp"

namespace telltale {

/// The one-line std::runtime_error for what SQLite said: disk full, locked, damaged, read-only, …
[[noreturn]] void rethrow(const std::filesystem::path& file, const SQLite::Exception& e);

struct Store::Impl {
  ~Impl();

  std::filesystem::path file;
  Mode mode = Mode::read;
  DatabaseFile::Use use;
  std::unique_ptr<SQLite::Database> db;
  std::map<std::string, std::vector<std::unique_ptr<SQLite::Statement>>, std::less<>> idle;  ///< prepared, by their SQL
  int depth = 0;                         ///< open transactions, one inside the other
  std::set<std::int64_t> ownerless;      ///< read mode: runs to be shown as interrupted

  /// Runs `work`; SQLite's exceptions become one line.
  template <class F>
  auto guard(F&& work) -> decltype(work()) {
    try {
      return work();
    } catch (const SQLite::Exception& e) {
      rethrow(file, e);
    }
  }

  /// The error of a JSON column, blob or enumeration that does not hold what it should.
  [[noreturn]] void bad_value(std::string_view table, std::string_view row, std::string_view column, std::string_view what) const;
  /// A folder that the file names: one in FILE.d, or none. Throws where it would lead out of it.
  std::string inner_folder(std::string folder, std::string_view table, std::string_view row) const;
  /// Parses a JSON column; empty or NULL is null.
  Json json(const SQLite::Column& c, std::string_view table, std::string_view row, std::string_view column) const;
};

/// A cached statement, given back (reset, bindings cleared) at the end of its life. The same SQL may be in use twice.
class Query {
 public:
  Query(Store::Impl& impl, std::string_view sql);
  ~Query();
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  /// Binds the next parameters, in order. Texts go with their length: NUL is a byte like any other. NaN is NULL.
  template <class... T>
  Query& bind(const T&... values) {
    (bind_one(values), ...);
    return *this;
  }
  bool step() { return statement_->executeStep(); }
  void run() { while (step()) {} }
  SQLite::Column column(int i) { return statement_->getColumn(i); }
  // Numbers; std::runtime_error naming the column where the file has a text or a blob in its place.
  std::int64_t integer(int i) { return number(i).getInt64(); }
  int small(int i);                                  ///< and where it does not fit an int
  double real(int i);                                ///< NULL reads as NaN
  std::string text(int i) { return column(i).getString(); }
  std::optional<std::int64_t> optional_integer(int i);

 private:
  SQLite::Column number(int i);
  void bind_one(std::int64_t v) { statement_->bind(++bound_, v); }
  void bind_one(int v) { statement_->bind(++bound_, v); }
  void bind_one(double v);
  void bind_one(std::string_view v);
  void bind_one(const std::string& v) { bind_one(std::string_view(v)); }
  void bind_one(const char* v) { bind_one(std::string_view(v)); }
  void bind_one(const std::optional<std::int64_t>& v) { v ? statement_->bind(++bound_, *v) : statement_->bind(++bound_); }
  void bind_one(const Json& v);
  void bind_one(const std::vector<unsigned char>& blob);

  Store::Impl& impl_;
  std::string sql_;
  std::unique_ptr<SQLite::Statement> statement_;
  int bound_ = 0;
};

/// A transaction (BEGIN IMMEDIATE), or a savepoint inside another one; rolled back unless commit() is called.
class Write {
 public:
  explicit Write(Store::Impl& impl);
  ~Write();
  Write(const Write&) = delete;
  Write& operator=(const Write&) = delete;
  void commit();

 private:
  Store::Impl& impl_;
  bool outer_, open_ = true;
  std::string name_;
};

std::string dump(const Json& value);  ///< canonical: sorted keys, no spaces; bytes that are not UTF-8 become U+FFFD
std::string now();                    ///< ISO 8601, UTC, to the second

/// 64 bits of a text, the same on every machine: for finding duplicates and drawing splits, not for security.
std::uint64_t hash_text(std::string_view text);

/// What a person typed as an FTS5 expression that has no syntax: every word a quoted string, all must occur. A word ending in * is a prefix.
std::string search_expression(std::string_view typed);

/// True when no process holds the lock of the run (see Store::claim_run).
bool run_is_ownerless(const std::filesystem::path& folder, std::int64_t run);

}  // namespace telltale
