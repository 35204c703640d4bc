// Files that are refused, files that are damaged, disks that are full, processes that die.
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <QProcess>
#include <QtTest>
#include <chrono>
#include <csignal>
#include <fstream>
#include <random>
#include <sstream>
#include <thread>

#include "base/files.hpp"
#include "store/schema.hpp"
#include "store/temporary.hpp"

using namespace telltale;
namespace fs = std::filesystem;

namespace {

void write(const fs::path& file, std::string_view bytes) { std::ofstream(file, std::ios::binary) << bytes; }

/// Names and bytes of everything in a folder: what "nothing was changed" means.
std::map<std::string, std::string> everything(const fs::path& folder) {
  std::map<std::string, std::string> all;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.is_regular_file()) all[entry.path().filename()] = read_file(entry.path());
  return all;
}

/// Runs `f` in a child process, as a user without rights if we are root; returns what it says.
template <class F>
std::string in_child(F&& f, bool drop_rights = true) {
  int ends[2];
  if (pipe(ends) != 0) qFatal("pipe");
  const pid_t child = fork();
  if (child == 0) {
    if (drop_rights && geteuid() == 0 && setuid(65534) != 0) _exit(9);
    std::string said;
    try {
      said = f();
    } catch (const std::exception& e) {
      said = e.what();
    }
    const ssize_t n = ::write(ends[1], said.data(), std::min<std::size_t>(said.size(), 60'000));
    _exit(n < 0);
  }
  close(ends[1]);
  std::string said;
  char buffer[4096];
  for (ssize_t n; (n = read(ends[0], buffer, sizeof buffer)) > 0;) said.append(buffer, static_cast<std::size_t>(n));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) said += " [child ended with status " + std::to_string(status) + "]";
  return said;
}

bool is_line(const std::string& message, const std::string& with) {
  const bool good = message.find(with) != std::string::npos && message.find('\n') == std::string::npos;
  if (!good) qWarning("got: %s", message.c_str());
  return good;
}

/// Calls everything that reads. Damage may make any of it throw; nothing else may happen.
void read_all(Store& store) {
  const auto attempt = [](auto&& f) { error_of(f); };
  attempt([&] { store.datasets(); });
  attempt([&] { store.documents({}); });
  attempt([&] { store.document_ids({.search = "goalie puck"}); });
  attempt([&] { store.class_counts(1); });
  attempt([&] { store.runs(); });
  attempt([&] { store.steps(1); });
  attempt([&] { store.explanations(std::nullopt); });
  attempt([&] { store.value("pins"); });
  attempt([&] { store.comparisons(); });
}

void fill(Store& store) {
  small_dataset(store);
  const std::int64_t run = store.add_run({.name = "r", .preset = "baseline", .dataset = 1, .settings = {{"epochs", 3}}});
  std::vector<StepRecord> steps(200);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    steps[i].step = static_cast<std::int64_t>(i) + 1;
    steps[i].terms = {{"total", 0.5}};
  }
  store.add_steps(run, steps);
  ExplanationRecord e;
  e.fingerprint = "f";
  e.document = 1;
  e.run = run;
  e.ids = {1, 2};
  e.offsets = {{0, 1}, {1, 2}};
  e.scores = {0.5, 0.25};
  store.add_explanation(e);
  store.set_value("pins", {1, 2});
}

}  // namespace

class StoreOpenTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  /// A trigger would run with what we write: refused by its name, also one of ours that says something else; read-only it does no harm.
  void triggersOfOthersDoNotRun() {
    for (const char* planted : {"CREATE TRIGGER evil AFTER INSERT ON explanations BEGIN DELETE FROM texts; END", "DROP TRIGGER texts_removed; CREATE TRIGGER texts_removed AFTER DELETE ON texts BEGIN UPDATE runs SET name = 'owned'; END"}) {
      Temporary tmp;
      const fs::path file = tmp / "a.telltale";
      fill(*Store::open(file, Store::Mode::create));
      sql(file, planted);
      const std::string said = error_of([&] { Store::open(file, Store::Mode::write); });
      QVERIFY(is_line(said, std::string("its trigger '") + (std::string_view(planted).find("evil") != std::string_view::npos ? "evil" : "texts_removed") + "' is not Telltale's"));
      QCOMPARE(Store::open(file, Store::Mode::read)->runs().size(), std::size_t{1});
    }
  }

  /// SQLite keeps a text in a column of numbers; it must not count as 0.
  void numbersThatAreNone() {
    Temporary tmp;
    const fs::path file = tmp / "a.telltale";
    fill(*Store::open(file, Store::Mode::create));
    sql(file, "UPDATE explanations SET value = 'x'");
    QVERIFY(is_line(error_of([&] { Store::open(file, Store::Mode::read)->explanations(std::nullopt); }), "column value: a number expected, found a text"));
    sql(file, "UPDATE explanations SET value = 1, target = 99999999999");
    QVERIFY(is_line(error_of([&] { Store::open(file, Store::Mode::read)->explanations(std::nullopt); }), "column target: 99999999999 is out of range"));
  }

  void refusedFilesStayAsTheyWere_data() {
    QTest::addColumn<QString>("kind");
    QTest::addColumn<QString>("line");
    QTest::newRow("foreign") << "foreign" << "a SQLite database of another program";
    QTest::newRow("foreign with a log") << "foreign-wal" << "a SQLite database of another program";
    QTest::newRow("text") << "text" << "not a Telltale file";
    QTest::newRow("zeros") << "zeros" << "not a Telltale file";
    QTest::newRow("short") << "short" << "cut off";
    QTest::newRow("newer") << "newer" << "made by a newer version of Telltale (schema 99, this program knows";
    QTest::newRow("newer in its log") << "newer-wal" << "made by a newer version of Telltale (schema 99, this program knows";
    QTest::newRow("folder") << "folder" << "is a folder";
    QTest::newRow("pipe") << "pipe" << "not a regular file";
    QTest::newRow("truncated") << "truncated" << "damaged";
    QTest::newRow("a table is missing") << "no-table" << "damaged: table steps is missing";
    QTest::newRow("a column is missing") << "no-column" << "damaged: table runs has no column note";
    QTest::newRow("a view in place of a table") << "view" << "damaged: table steps is missing";
    QTest::newRow("page size") << "page-size" << "not a Telltale file, or damaged";
    QTest::newRow("no folder") << "no-folder" << "its folder does not exist";
  }

  void refusedFilesStayAsTheyWere() {
    QFETCH(QString, kind);
    QFETCH(QString, line);
    Temporary tmp;
    fs::path file = tmp / "a.telltale";
    std::unique_ptr<SQLite::Database> open;  // keeps a log from being folded in
    if (kind == "foreign") sql(file, "CREATE TABLE mine(x); INSERT INTO mine VALUES(1)");
    if (kind == "foreign-wal") {
      open = std::make_unique<SQLite::Database>(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
      open->exec("PRAGMA journal_mode = WAL; CREATE TABLE mine(x); INSERT INTO mine VALUES(1)");
    }
    if (kind == "text") write(file, "Dear diary, this is no database at all, but it is long enough to be one, more than a hundred bytes of it, you see.");
    if (kind == "zeros") write(file, std::string(5000, '\0'));
    if (kind == "folder") fs::create_directory(file);
    if (kind == "pipe") QCOMPARE(mkfifo(file.c_str(), 0600), 0);
    if (kind == "no-folder") file = tmp / "nowhere" / "a.telltale";
    if (QStringList{"short", "newer", "newer-wal", "truncated", "no-table", "no-column", "view", "page-size"}.contains(kind)) {
      fill(*Store::open(file, Store::Mode::create));
      if (kind == "short") fs::resize_file(file, 60);
      if (kind == "newer") sql(file, "PRAGMA journal_mode = DELETE; PRAGMA user_version = 99");
      if (kind == "newer-wal") {
        open = std::make_unique<SQLite::Database>(file.string(), SQLite::OPEN_READWRITE);
        open->exec("PRAGMA user_version = 99");
      }
      if (kind == "truncated") fs::resize_file(file, fs::file_size(file) / 2 / 4096 * 4096);
      if (kind == "no-table") sql(file, "DROP TABLE steps");
      if (kind == "no-column") sql(file, "ALTER TABLE runs DROP COLUMN note");
      if (kind == "view") sql(file, "DROP TABLE steps; CREATE VIEW steps AS SELECT 1 AS run");
      if (kind == "page-size") {
        std::fstream f(file, std::ios::in | std::ios::out | std::ios::binary);
        f.seekp(16).write("\x03\x03", 2);
      }
    }
    const auto before = everything(fs::path(tmp.dir.path().toStdString()));
    for (const Store::Mode mode : {Store::Mode::read, Store::Mode::write, Store::Mode::create}) {
      const std::string error = error_of([&] { Store::open(file, mode); });
      QVERIFY(kind == "no-folder" ? !error.empty() : is_line(error, line.toStdString()));
      if (kind == "no-folder" && mode == Store::Mode::create) QVERIFY(is_line(error, line.toStdString()));
      QVERIFY(error.starts_with(file.string()));
    }
    auto after = everything(fs::path(tmp.dir.path().toStdString()));
    if (kind == "newer-wal") after["a.telltale-shm"] = before.at("a.telltale-shm");  // read marks of whoever looked
    QCOMPARE(after.size(), before.size());
    QVERIFY(after == before);
  }

  void missingAndEmptyFiles() {
    Temporary tmp;
    QVERIFY(is_line(error_of([&] { Store::open(tmp / "a.telltale", Store::Mode::write); }), "no such file; make one with: telltale data import"));
    QVERIFY(!fs::exists(tmp / "a.telltale"));
    write(tmp / "a.telltale", "");
    for (const Store::Mode mode : {Store::Mode::read, Store::Mode::write}) {
      QVERIFY(is_line(error_of([&] { Store::open(tmp / "a.telltale", mode); }), "an empty file"));
      QCOMPARE(fs::file_size(tmp / "a.telltale"), std::uintmax_t{0});
    }
    fill(*Store::open(tmp / "a.telltale", Store::Mode::create));  // mktemp and the like
    QCOMPARE(Store::open(tmp / "a.telltale", Store::Mode::read)->datasets().size(), std::size_t{1});
    QVERIFY_THROWS_EXCEPTION(std::invalid_argument, Store::open("", Store::Mode::create));
  }

  void namesAreNoUris() {
    Temporary tmp;
    const fs::path before = fs::current_path();
    fs::current_path(tmp / "");
    for (const char* name : {":memory:", "file:x?mode=memory", "a b%20ä#?.telltale"}) {
      small_dataset(*Store::open(name, Store::Mode::create));
      QVERIFY(fs::exists(tmp / name));
      QCOMPARE(Store::open(name, Store::Mode::read)->datasets().size(), std::size_t{1});
    }
    fs::current_path(before);
  }

  void whatTheFileIs() {
    Temporary tmp;
    fill(*Store::open(tmp / "a.telltale", Store::Mode::create));
    QVERIFY(!fs::exists(tmp / "a.telltale-wal"));  // folded in when the last one left
    SQLite::Database db((tmp / "a.telltale").string());
    QCOMPARE(db.execAndGet("PRAGMA application_id").getInt(), store_application_id);
    QCOMPARE(db.execAndGet("PRAGMA user_version").getInt(), schema_version());
    QCOMPARE(db.execAndGet("PRAGMA journal_mode").getString(), std::string("wal"));
    QCOMPARE(db.execAndGet("SELECT json_extract(terms, '$.total') FROM steps WHERE step = 3").getDouble(), 0.5);  // any SQLite tool
    QCOMPARE(db.execAndGet("SELECT hex(scores) FROM explanations").getString(), std::string("000000000000E03F000000000000D03F"));
    QCOMPARE(db.execAndGet("SELECT label FROM posts WHERE id = 1").getString(), std::string("hockey"));
  }

  void migrations_data() {
    QTest::addColumn<int>("version");
    for (int v = 0; v < schema_version(); ++v) QTest::newRow(qPrintable(QString("from %1").arg(v))) << v;
  }

  void migrations() {
    QFETCH(int, version);
    Temporary tmp;
    const fs::path file = tmp / "a.telltale";
    {
      SQLite::Database db(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
      SQLite::Transaction t(db);
      migrate(db, 0, version);
      if (version >= 1) {
        db.exec("INSERT INTO datasets(name, source, created) VALUES('old', 'x', ''); INSERT INTO classes VALUES(1, 1, 0, 'c');"
                "INSERT INTO documents VALUES(1, 1, 1, 'train', 'a', 4, 0, NULL); INSERT INTO texts VALUES(1, 'goalie'); INSERT INTO search(search) VALUES('rebuild')");
      }
      if (version == 3 || version == 4 || version == 5) {  // explanations without a precision: they count as fp32
        db.exec(R"(INSERT INTO protocols(protocol) VALUES
          ('{"baseline":"pad","method":"integrated-gradients","output":"probability","path":"word","quadrature":"gauss-legendre","steps":8}'),
          ('{"method":"occlusion","output":"logit","removal":"pad","unit":"word"}'), ('{"method":"gradient-x-input","output":"logit","path":"word"}'))");
        for (int k = 1; k <= 3; ++k)
          db.exec("INSERT INTO explanations(fingerprint, document, method, protocol, target, foil, steps, prediction, ids, offsets, scores, words, word_scores, created) "
                              "VALUES('f', 1, 'm', " + std::to_string(k) + ", 0, -1, 1, '{}', x'', x'', x'', x'', x'', '')");
      }
      if (version >= 5 && version <= 7)  // predictions without a precision: they count as fp32
        db.exec("INSERT INTO predictions(fingerprint, max_length, document, logits) VALUES('f', 128, 1, x'0000803F00000040')");
      t.commit();
    }
    // A reader that may not write says what to do, and leaves the file alone.
    fs::permissions(tmp.dir.path().toStdString(), fs::perms(0755));
    fs::permissions(file, fs::perms(0444));
    if (geteuid() == 0) QVERIFY(is_line(in_child([&] { return error_of([&] { Store::open(file, Store::Mode::read); }); }), "of an older schema"));
    fs::permissions(file, fs::perms(0644));
    auto store = Store::open(file, version % 2 ? Store::Mode::read : Store::Mode::write);
    QCOMPARE(store->datasets().size(), std::size_t(version >= 1));
    QCOMPARE(store->count_documents({.search = "goalie"}), version >= 1);
    QCOMPARE(store->runs().size(), std::size_t{0});
    if (version >= 3 && version <= 5) {
      for (const Json& protocol : {Json{{"method", "integrated-gradients"}, {"output", "probability"}, {"path", "word"}, {"quadrature", "gauss-legendre"}, {"baseline", "pad"}, {"steps", 8}, {"precision", "fp32"}},
                                   Json{{"method", "occlusion"}, {"output", "logit"}, {"unit", "word"}, {"removal", "pad"}, {"precision", "fp32"}},
                                   Json{{"method", "gradient-x-input"}, {"output", "logit"}, {"path", "word"}, {"precision", "fp32"}}}) {
        QVERIFY2(store->find_explanation("f", 1, protocol, 0, -1), protocol.dump().c_str());
        Json other = protocol;
        other["precision"] = "bf16";
        QVERIFY(!store->find_explanation("f", 1, other, 0, -1));
      }
    }
    if (version >= 5 && version <= 7) {
      QCOMPARE(store->predictions("f", 128, "fp32", 1).at(0).logits, (std::vector<float>{1, 2}));
      QVERIFY(store->predictions("f", 128, "bf16", 1).empty());
    }
    store.reset();
    fill(*Store::open(file, Store::Mode::write));
    QCOMPARE(SQLite::Database(file.string()).execAndGet("PRAGMA user_version").getInt(), schema_version());
  }

  void readOnlyPlaces() {
    if (geteuid() != 0) QSKIP("needs root, to become somebody without rights");
    Temporary tmp;
    const fs::path folder = tmp / "folder", file = folder / "a.telltale";
    fs::create_directory(folder);
    fill(*Store::open(file, Store::Mode::create));
    fs::permissions(tmp.dir.path().toStdString(), fs::perms(0755));
    fs::permissions(folder, fs::perms(0755));
    fs::permissions(file, fs::perms(0644));
    const auto open = [&](Store::Mode mode) {
      return in_child([&] { return std::to_string(Store::open(file, mode)->count_documents({.search = "goalie"})); });
    };
    const auto before = everything(folder);
    QCOMPARE(open(Store::Mode::read), std::string("2"));
    QVERIFY(is_line(open(Store::Mode::write), "its folder is read-only"));
    QVERIFY(is_line(open(Store::Mode::create), "its folder is read-only"));
    QVERIFY(is_line(in_child([&] { return error_of([&] { Store::open(folder / "new.telltale", Store::Mode::create); }); }), "its folder is read-only"));
    QVERIFY(everything(folder) == before);
    fs::permissions(folder, fs::perms(0777));
    QVERIFY(is_line(open(Store::Mode::write), "the file is read-only"));
    QCOMPARE(open(Store::Mode::read), std::string("2"));
    fs::permissions(file, fs::perms(0600));
    QVERIFY(is_line(open(Store::Mode::read), "Permission denied"));
    // Changes that are still in the log must not be passed over in silence.
    fs::permissions(file, fs::perms(0644));
    fs::permissions(folder, fs::perms(0755));
    {
      SQLite::Database writer(file.string(), SQLite::OPEN_READWRITE);
      writer.exec("UPDATE datasets SET name = 'renamed'");
      fs::copy(file, folder / "copy.telltale");
      fs::copy(file.string() + "-wal", folder / "copy.telltale-wal");
    }
    fs::permissions(folder / "copy.telltale", fs::perms(0644));
    QVERIFY(is_line(in_child([&] { return error_of([&] { Store::open(folder / "copy.telltale", Store::Mode::read); }); }), "the newest changes are still in copy.telltale-wal"));
  }

  void fullDisk() {
    Temporary tmp;
    const fs::path file = tmp / "a.telltale";
    fill(*Store::open(file, Store::Mode::create));
    const std::string said = in_child(
        [&] {
          std::signal(SIGXFSZ, SIG_IGN);  // then a write past the limit fails, as on a full disk
          auto store = Store::open(file, Store::Mode::write);
          const rlimit limit{300'000, 300'000};
          setrlimit(RLIMIT_FSIZE, &limit);
          return error_of([&] {
            auto import = store->begin_import("large", "", {});
            Document d;
            for (int i = 0; i < 3000; ++i) {
              d.text = std::string(1000, static_cast<char>('a' + i % 26)) + std::to_string(i);
              import->add(d, "x");
            }
            import->commit({});
          });
        },
        false);
    QVERIFY(is_line(said, "not written"));
    auto store = Store::open(file, Store::Mode::write);
    QCOMPARE(store->datasets().size(), std::size_t{1});
    QCOMPARE(store->documents({}).size(), std::size_t{4});
    small_dataset(*store, "after");
    QCOMPARE(SQLite::Database(file.string()).execAndGet("PRAGMA integrity_check").getString(), std::string("ok"));
  }

  void lockedFile() {
    Temporary tmp;
    const fs::path file = tmp / "a.telltale";
    auto store = Store::open(file, Store::Mode::create);
    fill(*store);
    {
      SQLite::Database other(file.string(), SQLite::OPEN_READWRITE);
      other.exec("BEGIN IMMEDIATE");
      store->set_busy_timeout(50);
      QVERIFY(is_line(error_of([&] { store->set_value("a", 1); }), "locked by another program"));
      QCOMPARE(store->datasets().size(), std::size_t{1});  // reading goes on
      QCOMPARE(Store::open(file, Store::Mode::read)->datasets().size(), std::size_t{1});
      other.exec("ROLLBACK");
      store->set_value("a", 1);
    }
    store.reset();
    SQLite::Database alone(file.string(), SQLite::OPEN_READWRITE);
    alone.exec("PRAGMA locking_mode = EXCLUSIVE; UPDATE datasets SET source = 'y'");
    QVERIFY(is_line(error_of([&] { Store::open(file, Store::Mode::read); }), "locked by another program"));
  }

  /// While a file is open here, another program that opens and closes it must leave the log where it is: what is written afterwards would be lost with it. Closing any descriptor of a
  /// file drops POSIX locks, so neither a second connection of this process nor a plain look at the file (a file dialog's) may matter.
  void anotherProgramLeavesTheLog_data() {
    QTest::addColumn<int>("what");
    QTest::newRow("nothing else") << 0;
    QTest::newRow("a second connection") << 1;
    QTest::newRow("a look at the file") << 2;
    QTest::newRow("a connection opened after the first was closed") << 3;
  }
  void anotherProgramLeavesTheLog() {
    QFETCH(int, what);
    Temporary t;
    const fs::path file = t / "a.telltale", log = t / "a.telltale-wal";
    const auto other = [&] {
      QProcess child;
      child.start(QCoreApplication::applicationFilePath(), {"--datasets", QString::fromStdString(file.string())});
      return child.waitForFinished(60'000) ? child.readAllStandardOutput().trimmed() : QByteArray("hangs");
    };
    auto store = Store::open(file, Store::Mode::create);
    small_dataset(*store, "first");
    if (what == 1) std::thread([&] { Store::open(file, Store::Mode::read)->datasets(); }).join();
    if (what == 2) read_file(file);
    if (what == 3) {
      auto next = Store::open(file, Store::Mode::write);
      store = std::move(next);
    }
    QCOMPARE(other(), QByteArray("1"));
    QVERIFY(fs::exists(log));
    small_dataset(*store, "second");
    QCOMPARE(other(), QByteArray("2"));
    QVERIFY(fs::exists(log));
    store.reset();
    QVERIFY(!fs::exists(log));  // the last one folds it in
    QCOMPARE(other(), QByteArray("2"));
  }

  void noExportOverADatabase() {
    Temporary t;
    const auto store = Store::open(t / "a.telltale", Store::Mode::create);
    small_dataset(*store);
    QVERIFY(is_line(error_of([&] { write_file_atomically(t / "a.telltale", "step,loss"); }), "a.telltale: a database, not overwritten"));
    write_file_atomically(t / "a.csv", "step,loss");
    write_file_atomically(t / "a.csv", "step");
    QCOMPARE(store->datasets().size(), std::size_t{1});
  }

  void brokenValuesNameTheirPlace_data() {
    QTest::addColumn<QString>("damage");
    QTest::addColumn<QString>("place");
    QTest::newRow("settings") << "UPDATE runs SET settings = '{\"epochs\":'" << "table runs, row 1, column settings: not valid JSON";
    QTest::newRow("deep") << QString("UPDATE runs SET metrics = '%1'").arg(QString(10'000, '[')) << "table runs, row 1, column metrics: JSON nested deeper";
    QTest::newRow("status") << "UPDATE runs SET status = 'flying'" << "table runs, row 1, column status: 'flying' is no status";
    QTest::newRow("terms") << "UPDATE steps SET terms = 'x' WHERE step = 7" << "table steps, row run 1 step 7, column terms";
    QTest::newRow("documents") << "UPDATE steps SET documents = '{\"a\":1}' WHERE step = 7" << "table steps, row run 1 step 7, column documents";
    QTest::newRow("report") << "UPDATE datasets SET report = x'fffe'" << "table datasets, row 1, column report";
    QTest::newRow("spans") << "UPDATE documents SET spans = '[{\"begin\":1}]' WHERE id = 2" << "table documents, row 2, column spans";
    QTest::newRow("spans of a kind") << "UPDATE documents SET spans = '3' WHERE id = 2" << "table documents, row 2, column spans";
    QTest::newRow("text") << "DELETE FROM texts WHERE document = 2" << "table texts, row 2, column text";
    QTest::newRow("class") << "UPDATE documents SET class = 99 WHERE id = 2" << "table documents, row 2, column class";
    QTest::newRow("label") << "UPDATE classes SET label = 7 WHERE label = 1" << "table classes, row of data set 1, column label";
    QTest::newRow("scores") << "UPDATE explanations SET scores = x'0011'" << "table explanations, row 1, column scores: 2 bytes";
    QTest::newRow("too few scores") << "UPDATE explanations SET scores = x'0000000000000000'" << "table explanations, row 1, column scores: 1 entries, expected 2";
    QTest::newRow("offsets") << "UPDATE explanations SET offsets = zeroblob(8)" << "table explanations, row 1, column offsets";
    QTest::newRow("range") << "UPDATE explanations SET offsets = x'0500000000000000' || zeroblob(24)" << "table explanations, row 1, column offsets: [5, 0]";
    QTest::newRow("value") << "UPDATE file_values SET value = '['" << "table file_values, row pins, column value";
    QTest::newRow("prediction") << "UPDATE explanations SET prediction = '{'" << "table explanations, row 1, column prediction";
  }

  void brokenValuesNameTheirPlace() {
    QFETCH(QString, damage);
    QFETCH(QString, place);
    Temporary tmp;
    fill(*Store::open(tmp / "a.telltale", Store::Mode::create));
    sql(tmp / "a.telltale", "PRAGMA foreign_keys = OFF; " + damage.toStdString());
    auto store = Store::open(tmp / "a.telltale", Store::Mode::read);
    std::string all;
    for (const std::string& error :
         {error_of([&] { store->datasets(); }), error_of([&] { store->documents({}); }), error_of([&] { store->runs(); }), error_of([&] { store->steps(1); }),
          error_of([&] { store->explanations(std::nullopt); }), error_of([&] { store->value("pins"); })}) {
      QVERIFY2(error.find('\n') == std::string::npos, error.c_str());
      if (!error.empty()) all += error + " | ";
    }
    QVERIFY2(all.find(place.toStdString()) != std::string::npos, all.c_str());
  }

  void damagedBytesNeverCrash() {
    Temporary tmp;
    const fs::path file = tmp / "a.telltale";
    fill(*Store::open(file, Store::Mode::create));
    const std::string good = read_file(file);
    std::mt19937 random(1);
    int refused = 0;
    for (int round = 0; round < 150; ++round) {
      std::string bad = good;
      for (int k = 0; k < 1 + round % 20; ++k) bad[random() % bad.size()] = static_cast<char>(random());
      if (round % 10 == 9) bad.resize(random() % bad.size());
      write(file, bad);
      for (const char* beside : {"-wal", "-shm", "-journal"}) fs::remove(file.string() + beside);
      const std::string error = error_of([&] { read_all(*Store::open(file, round % 3 ? Store::Mode::read : Store::Mode::write)); });
      QVERIFY2(error.find('\n') == std::string::npos, error.c_str());
      refused += !error.empty();
    }
    qInfo("%d of 150 refused at opening", refused);
  }

  void killedWhileImporting() {
    Temporary tmp;
    const fs::path file = tmp / "a.telltale";
    fill(*Store::open(file, Store::Mode::create));
    for (int round = 0; round < 4; ++round) {
      const pid_t child = fork();
      if (child == 0) {
        try {
          auto store = Store::open(file, Store::Mode::write);
          auto import = store->begin_import("half", "", {});
          Document d;
          for (int i = 0;; ++i) {
            d.text = "post " + std::to_string(i) + std::string(2000, 'x');
            import->add(d, i % 2 ? "a" : "b");
          }
        } catch (...) {
        }
        _exit(1);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(100 + 60 * round));
      kill(child, SIGKILL);
      int status = 0;
      waitpid(child, &status, 0);
      QVERIFY(WIFSIGNALED(status));  // it was still at it
      auto store = Store::open(file, Store::Mode::write);
      QCOMPARE(store->datasets().size(), std::size_t{1});
      QCOMPARE(store->count_documents({}), 4);
      QCOMPARE(store->count_documents({.search = "post"}), 0);
    }
    QCOMPARE(small_dataset(*Store::open(file, Store::Mode::write), "after").id, 2);
    QCOMPARE(SQLite::Database(file.string()).execAndGet("PRAGMA integrity_check").getString(), std::string("ok"));
  }

  void killedWhileAddingSteps() {
    Temporary tmp;
    const fs::path file = tmp / "a.telltale";
    std::int64_t run = Store::open(file, Store::Mode::create)->add_run({.name = "r", .preset = "baseline"});
    std::int64_t before = 0;
    for (int round = 0; round < 5; ++round) {
      int ends[2];
      QCOMPARE(pipe(ends), 0);
      const pid_t child = fork();
      if (child == 0) {
        try {
          auto store = Store::open(file, Store::Mode::write);
          for (std::int64_t n = before;; n += 7) {
            std::vector<StepRecord> steps(7);
            for (int i = 0; i < 7; ++i) steps[static_cast<std::size_t>(i)].step = n + i + 1;
            store->add_steps(run, steps);
            const std::int64_t done = n + 7;
            if (::write(ends[1], &done, sizeof done) != sizeof done) break;
          }
        } catch (...) {
        }
        _exit(1);
      }
      close(ends[1]);
      std::int64_t told = before, next = 0;
      const int wait_for = 3 + 5 * round;
      for (int i = 0; i < wait_for && read(ends[0], &next, sizeof next) == sizeof next; ++i) told = next;
      kill(child, SIGKILL);
      while (read(ends[0], &next, sizeof next) == sizeof next) told = next;
      close(ends[0]);
      waitpid(child, nullptr, 0);
      const auto steps = Store::open(file, Store::Mode::write)->steps(run);
      QVERIFY(static_cast<std::int64_t>(steps.size()) >= told);  // what was said to be written is there
      QCOMPARE(steps.size() % 7, std::size_t{0});                // and nothing by halves
      QCOMPARE(steps.back().step, static_cast<std::int64_t>(steps.size()));
      before = steps.back().step;
    }
  }
};

int main(int argc, char** argv) {
  if (argc == 3 && std::string_view(argv[1]) == "--datasets") {
    std::printf("%zu\n", Store::open(argv[2], Store::Mode::read)->datasets().size());
    return 0;
  }
  QCoreApplication app(argc, argv);
  StoreOpenTest test;
  return QTest::qExec(&test, argc, argv);
}
#include "store_open_test.moc"
