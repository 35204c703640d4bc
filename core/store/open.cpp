// Opening a file: what it is is found out before SQLite may touch it, so that a file that is refused stays as it was.
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cctype>
#include <cstring>
#include <stdexcept>

#include "store/connection.hpp"
#include "store/schema.hpp"

namespace telltale {
namespace {

namespace fs = std::filesystem;
constexpr int opening_busy_ms = 5'000, busy_ms = 10'000;

[[noreturn]] void refuse(const fs::path& file, std::string_view why) {
  throw std::runtime_error(fmt::format("{}: {}", file.string(), why));
}

std::uint32_t big_endian(const std::string& bytes, std::size_t at) {
  std::uint32_t out = 0;
  for (std::size_t k = 0; k < 4; ++k) out = out << 8 | static_cast<unsigned char>(bytes[at + k]);
  return out;
}

std::string newer(int version) {
  return fmt::format("made by a newer version of Telltale (schema {}, this program knows {}): install the newer version", version, schema_version());
}

enum class Found { nothing, empty, ours };

/// Reads the file's head with plain file calls: SQLite is not asked, so nothing is locked, recovered or written.
Found look(const fs::path& file, const DatabaseFile::Use& use) {
  if (!use) return Found::nothing;
  if (!use.regular()) refuse(file, use.folder() ? "is a folder, not a Telltale file" : "not a regular file");
  const std::string head = use.head(file);
  if (head.empty()) return Found::empty;
  if (!head.starts_with("SQLite format 3") || head.size() < 16 || head[15] != '\0') refuse(file, "not a Telltale file (no SQLite database)");
  if (head.size() < 100) refuse(file, "damaged: cut off within its first 100 bytes");
  if (big_endian(head, 68) != static_cast<std::uint32_t>(store_application_id))
    refuse(file, "a SQLite database of another program, not a Telltale file; nothing in it was changed");
  if (const auto version = static_cast<std::int32_t>(big_endian(head, 60)); version > schema_version()) refuse(file, newer(version));
  return Found::ours;
}

bool writable(const fs::path& path) { return ::access(path.c_str(), W_OK) == 0; }

/// SQLite's URI of a file that nothing may change while it is read: no lock, no shared memory, no log.
std::string immutable_uri(const fs::path& file) {
  std::string uri = "file:";
  for (const unsigned char c : file.string()) {
    if (std::isalnum(c) || c == '/' || c == '.' || c == '_' || c == '-') uri += static_cast<char>(c);
    else uri += fmt::format("%{:02X}", c);
  }
  return uri + "?immutable=1";
}

fs::path log_of(const fs::path& file) { return file.string() + "-wal"; }

bool has_log(const fs::path& file) {
  std::error_code error;
  const auto size = fs::file_size(log_of(file), error);
  return !error && size > 0;
}

std::unique_ptr<SQLite::Database> connect(const fs::path& file, int flags) {
  auto db = std::make_unique<SQLite::Database>(file.string(), flags, opening_busy_ms);
  // Until the file is accepted, closing must not fold its log into it. (Without a log, closing tidies up what SQLite made.)
  sqlite3_db_config(db->getHandle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, has_log(file), nullptr);
  sqlite3_db_config(db->getHandle(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  return db;
}

int pragma(SQLite::Database& db, const char* name) { return db.execAndGet(fmt::format("PRAGMA {}", name)).getInt(); }

/// Brings the file to the schema of this program, or refuses it. To create: a database without tables is made one of ours.
void accept(SQLite::Database& db, const fs::path& file, Store::Mode mode, bool may_write) {
  int version = pragma(db, "user_version");
  const int id = pragma(db, "application_id");
  const bool bare = db.execAndGet("SELECT count(*) FROM sqlite_master").getInt() == 0;
  if (version > schema_version()) refuse(file, newer(version));
  if (id != store_application_id && !(mode == Store::Mode::create && bare && id == 0)) refuse(file, "not a Telltale file");
  if (db.execAndGet("PRAGMA encoding").getString() != "UTF-8") refuse(file, "its texts are not in UTF-8: not written by Telltale");
  if (const std::string trigger = mode != Store::Mode::read || version < schema_version() ? foreign_trigger(db) : std::string(); !trigger.empty()) refuse(file, fmt::format("its trigger '{}' is not Telltale's: it would change what is written; drop it (DROP TRIGGER) to open the file", trigger));
  if (version < schema_version()) {
    if (!may_write) refuse(file, fmt::format("of an older schema ({}, this program reads {}) and read-only: make it writable, it is then brought up to date", version, schema_version()));
    if (version < 0) refuse(file, fmt::format("schema version {} does not exist", version));
    SQLite::Transaction transaction(db, SQLite::TransactionBehavior::IMMEDIATE);
    version = pragma(db, "user_version");  // another program may have been faster
    if (version > schema_version()) refuse(file, newer(version));
    migrate(db, version, schema_version());
    transaction.commit();
  }
  if (const std::string difference = schema_difference(db); !difference.empty()) refuse(file, fmt::format("damaged: {}", difference));
}

/// A connection for reading where nothing can be written: as it is, or as an immutable file if there is no log to heed.
std::unique_ptr<SQLite::Database> connect_read_only(const fs::path& file) {
  try {
    auto db = connect(file, SQLite::OPEN_READONLY);
    pragma(*db, "user_version");  // the first read is what fails
    return db;
  } catch (const SQLite::Exception& e) {
    const int code = e.getErrorCode() & 0xff;
    if (code != SQLITE_CANTOPEN && code != SQLITE_READONLY) throw;
  }
  if (has_log(file)) {
    refuse(file, fmt::format("the newest changes are still in {}, and the folder is read-only: copy both to a folder that can be written",
                             log_of(file).filename().string()));
  }
  return connect(immutable_uri(file), SQLite::OPEN_READONLY | SQLITE_OPEN_URI);
}

}  // namespace

std::unique_ptr<Store> Store::open(const fs::path& given, Mode mode) {
  if (given.empty()) throw std::invalid_argument("no file given");
  const fs::path file = fs::absolute(given).lexically_normal();  // never ":memory:" or "file:…", whatever it is called
  const fs::path folder = file.parent_path();
  DatabaseFile::Use use = DatabaseFile::find(file, false);
  const Found found = look(file, use);
  if (found != Found::ours && mode != Mode::create) {
    refuse(file, found == Found::nothing ? "no such file; make one with: telltale data import SOURCE --db FILE --name NAME"
                                         : "an empty file, not a Telltale file; fill it with: telltale data import SOURCE --db FILE --name NAME");
  }
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) refuse(file, "its folder does not exist");
  const bool can_write = writable(folder) && (found == Found::nothing || writable(file));
  if (mode != Mode::read && !can_write) {
    refuse(file, writable(folder) ? "the file is read-only"
                                  : "its folder is read-only; SQLite writes a log beside the file: use a copy in a folder that can be written");
  }

  if (!use) use = DatabaseFile::find(file, true);
  auto impl = std::make_unique<Impl>();
  impl->file = file;
  impl->mode = mode;
  impl->use = std::move(use);
  const auto held = impl->use.hold();
  impl->use.join();
  impl->guard([&] {
    auto& db = impl->db;
    // In a folder that can be written a reader connects like a writer, with query_only: the log is then tidied up at the end.
    if (can_write) db = connect(file, SQLite::OPEN_READWRITE | (mode == Mode::create ? SQLite::OPEN_CREATE : 0));
    else db = connect_read_only(file);
    db->exec("PRAGMA foreign_keys = ON; PRAGMA cache_size = -16000; PRAGMA synchronous = FULL");
    accept(*db, file, mode, can_write);
    if (mode != Mode::read) db->exec("PRAGMA journal_mode = WAL; PRAGMA journal_size_limit = 67108864");
    else db->exec("PRAGMA query_only = ON");
    sqlite3_db_config(db->getHandle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
    db->setBusyTimeout(busy_ms);
    if (can_write && db->execAndGet("PRAGMA journal_mode").getString() == "wal") impl->use.guard();
  });
  return std::make_unique<Store>(std::move(impl));
}

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Store::~Store() = default;

Store::Impl::~Impl() {
  idle.clear();  // statements go before their database
  use.leave([this] { db.reset(); });
}

const fs::path& Store::file() const { return impl_->file; }

fs::path Store::folder() const { return impl_->file.string() + ".d"; }

fs::path Store::weights(std::int64_t run, const std::string& name) const {
  const fs::path found = folder() / name;
  std::error_code ignored;
  if (fs::is_directory(found, ignored)) return found;
  throw std::runtime_error(fmt::format("run {}: its weights are missing: there is no folder {}. Put {} back beside the file, where it was when the run was trained", run, found.string(), folder().filename().string()));
}

void Store::set_busy_timeout(int milliseconds) {
  impl_->guard([&] { impl_->db->setBusyTimeout(milliseconds); });
}

void Store::transaction(const std::function<void()>& work) {
  impl_->guard([&] {
    Write write(*impl_);
    work();
    write.commit();
  });
}

}  // namespace telltale
