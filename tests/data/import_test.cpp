// Every source, and everything that can be wrong with one.
#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <QTemporaryDir>
#include <QtTest>
#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

#include "data/import.hpp"

using namespace telltale;
using namespace std::string_literals;
namespace fs = std::filesystem;

namespace {

struct Place {
  QTemporaryDir dir;
  std::unique_ptr<Store> store = Store::open(path("posts.telltale"), Store::Mode::create);
  int sets = 0;

  ~Place() {  // QTemporaryDir cannot remove names that are not UTF-8
    store.reset();
    std::error_code ignored;
    fs::remove_all(dir.path().toStdString(), ignored);
  }
  fs::path path(const std::string& name) const { return fs::path(dir.path().toStdString()) / name; }
  fs::path write(const std::string& name, std::string_view bytes) const {
    fs::create_directories(path(name).parent_path());
    std::ofstream(path(name), std::ios::binary) << bytes;
    return path(name);
  }
  DatasetInfo import(const fs::path& source, ImportOptions options = {}) {
    if (options.name.empty()) options.name = "set " + std::to_string(++sets);
    return import_dataset(*store, source, options);
  }
  DatasetInfo import_text(const std::string& name, std::string_view bytes, ImportOptions options = {}) { return import(write(name, bytes), std::move(options)); }
  std::vector<Document> documents(const DatasetInfo& info) { return store->documents({.dataset = info.id}); }
  /// The one line that an import fails with; nothing may be left of it.
  std::string error(const fs::path& source, ImportOptions options = {}) {
    const auto before = store->count_documents({});
    const auto sets_before = store->datasets().size();
    std::string said;
    try {
      import(source, std::move(options));
    } catch (const std::exception& e) {
      said = e.what();
    }
    if (store->count_documents({}) != before || store->datasets().size() != sets_before) said += " [something was left]";
    if (said.find('\n') != said.npos) said += " [more than a line]";
    return said;
  }
  std::string error_text(const std::string& name, std::string_view bytes, ImportOptions options = {}) { return error(write(name, bytes), std::move(options)); }
};

bool has(const std::string& text, const std::string& part) {
  const bool found = text.find(part) != text.npos && text.find("[something was left]") == text.npos && text.find("[more than a line]") == text.npos;
  if (!found) qWarning("got: %s", text.c_str());
  return found;
}

/// "reason=count@first; …"
std::string listed(const DatasetInfo& info, const char* which) {
  std::string out;
  for (const Json& t : info.report.at(which)) {
    if (!out.empty()) out += "; ";
    out += t.at("reason").get<std::string>() + "=" + std::to_string(t.at("count").get<int>()) + "@" + t.at("first").get<std::string>();
  }
  return out;
}

struct Entry {
  std::string name, data;
  unsigned type = AE_IFREG;
  std::string link{};
  bool hard = false;
};

void write_archive(const fs::path& file, const std::vector<Entry>& entries, bool zip = false) {
  struct archive* a = archive_write_new();
  if (zip) {
    archive_write_set_format_zip(a);
  } else {
    archive_write_add_filter_gzip(a);
    archive_write_set_format_gnutar(a);
  }
  archive_write_open_filename(a, file.c_str());
  for (const Entry& e : entries) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, e.name.c_str());
    archive_entry_set_filetype(entry, e.type);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_size(entry, static_cast<la_int64_t>(e.data.size()));
    if (!e.link.empty()) e.hard ? archive_entry_set_hardlink(entry, e.link.c_str()) : archive_entry_set_symlink(entry, e.link.c_str());
    if (archive_write_header(a, entry) == ARCHIVE_OK) archive_write_data(a, e.data.data(), e.data.size());
    archive_entry_free(entry);
  }
  archive_write_close(a);
  archive_write_free(a);
}

}  // namespace

class ImportTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  // ---- CSV and TSV
  void csv() {
    Place p;
    const DatasetInfo info = p.import_text("a.csv",
                                           "\xEF\xBB\xBFid,text,label,split\r\n"
                                           "one,\"a \"\"quoted\"\" text, with\r\nline ends\",b,train\r\n"
                                           "two,plain \"text\" é,a,Test\r\n"
                                           "\r\n"
                                           ",\"\",a,train\r\n"
                                           "four,last one,a,train");
    QCOMPARE(info.classes, (std::vector<std::string>{"a", "b"}));
    const auto d = p.documents(info);
    QCOMPARE(d.size(), std::size_t{3});
    QCOMPARE(d[0].text, "a \"quoted\" text, with\r\nline ends"s);
    QCOMPARE(d[0].external_id, "one"s);
    QCOMPARE(d[0].label, 1);
    QCOMPARE(d[1].text, "plain \"text\" é"s);
    QCOMPARE(d[1].split, "test"s);
    QCOMPARE(d[2].text, "last one"s);
    QCOMPARE(listed(info, "skipped"), "empty=1@line 6"s);
    QCOMPARE(info.report.at("split"), Json("given"));
    QCOMPARE(info.report.at("format"), Json("csv"));
  }

  void tsvWithOtherColumns() {
    Place p;
    const DatasetInfo info = p.import_text("a.tsv", "n\tsentence\tclass\n1\tfirst, with comma\tpos\n2\tsecond\tneg\n",
                                           {.text_column = "sentence", .label_column = "class", .id_column = "n"});
    QCOMPARE(p.documents(info).at(0).text, "first, with comma"s);
    QCOMPARE(p.documents(info).at(1).external_id, "2"s);
    QVERIFY(has(p.error(p.path("a.tsv")), "no column 'text' in its header; there are: n, sentence, class (name it with --text-column)"));
    QVERIFY(has(p.error(p.path("a.tsv"), {.text_column = "sentence", .label_column = "clas"}), "no column 'clas' in its header; there are: n, sentence, class"));
  }

  void csvLineEndsAndNul() {
    Place p;
    QCOMPARE(p.documents(p.import_text("cr.csv", "text,label\rone,a\rtwo,b\r")).size(), std::size_t{2});
    QCOMPARE(p.documents(p.import_text("nul.csv", "text,label\none\0two,a\n"s)).at(0).text, "one\0two"s);
    QCOMPARE(p.documents(p.import_text("nul.csv", "text,label\none\0two,a\n"s)).at(0).external_id, "2"s);  // the line
  }

  void brokenCsv_data() {
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QString>("line");
    QTest::newRow("empty") << QByteArray() << "empty; expected a header";
    QTest::newRow("header only") << QByteArray("text,label\n") << "no post found";
    QTest::newRow("open quote") << QByteArray("text,label\nx,a\n\"never\nclosed,a\n") << "line 3: a quotation mark is opened here and never closed";
    QTest::newRow("after a quote") << QByteArray("text,label\n\"a\nb\"c,a\n") << "line 3: 'c' follows a closing quotation mark";
    QTest::newRow("a field too many") << QByteArray("text,label\nx,a\n\"y\n\",b\nx,y,a\n") << "line 5: 3 fields, expected 2 as in the header";
    QTest::newRow("a field too few") << QByteArray("text,label\nx\n") << "line 2: 1 fields, expected 2";
    QTest::newRow("twice") << QByteArray("text,text,label\nx,y,z\n") << "two columns are called 'text'";
    QTest::newRow("utf-16") << QByteArray("\xFF\xFEt\0e\0", 6) << "in UTF-16 or UTF-32; convert it to UTF-8";
    QTest::newRow("endless record") << QByteArray("text,label\n\"" + QByteArray(33 << 20, 'x')) << "line 2: record longer than 32 MiB";
    QTest::newRow("endless header") << QByteArray(33 << 20, 'x') << "line 1: record longer than 32 MiB";
    QTest::newRow("commas") << QByteArray(200'000, ',') << "line 1: more than 100000 fields";
    QTest::newRow("control characters in the header") << QByteArray("a\nb,label\n") << "no column 'text'";
  }

  void brokenCsv() {
    QFETCH(QByteArray, bytes);
    QFETCH(QString, line);
    Place p;
    const std::string said = p.error_text("a.csv", bytes.toStdString());
    QVERIFY(has(said, line.toStdString()));
    QVERIFY(said.starts_with(p.path("a.csv").string()));
  }

  // ---- JSONL
  void jsonl() {
    Place p;
    const DatasetInfo info = p.import_text(
        "a.jsonl",
        "{\"text\":\"r\\u00e9sum\\u00e9 \\u0000 \xF0\x9F\x98\x80\",\"label\":3,\"id\":7,\"spans\":[{\"begin\":0,\"end\":8,\"kind\":\"shared\"},{\"begin\":11,\"end\":15}]}\r\n"
        "\n"
        "{\"text\":\"two\",\"label\":\"x\",\"split\":\"test\",\"id\":\"second\",\"other\":[[]]}\n"
        "not json\n"
        "[1,2]\n"
        "{\"text\":5,\"label\":\"x\"}\n"
        "{\"text\":\"no label\"}\n"
        "{\"text\":\"label of a kind\",\"label\":1.5}\n"
        "{\"text\":\"lone \\ud800\",\"label\":\"x\"}\n"
        "{\"text\":\"  \",\"label\":\"x\"}\n" +
            std::string(10'000, '[') + std::string(10'000, ']') + "\n{\"a\":" + std::string(10'000, '[') + "\n" +
            "{\"text\":\"last\",\"label\":\"x\",\"split\":\"train\"}");
    const auto d = p.documents(info);
    QCOMPARE(d.size(), std::size_t{3});
    QCOMPARE(d[0].text, "r\xC3\xA9sum\xC3\xA9 \0 \xF0\x9F\x98\x80"s);
    QCOMPARE(d[0].external_id, "7"s);
    QCOMPARE(d[0].spans.size(), std::size_t{2});
    QCOMPARE(d[0].spans[0].kind, "shared"s);
    QCOMPARE(d[0].spans[1].kind, "telling"s);
    QCOMPARE(d[0].spans[1].begin, 11);
    QCOMPARE(d[1].external_id, "second"s);
    QCOMPARE(d[2].external_id, "13"s);
    QCOMPARE(info.classes, (std::vector<std::string>{"3", "x"}));
    QCOMPARE(info.report.at("split"), Json("given, drawn where missing"));
    const std::string skipped = listed(info, "skipped");
    QVERIFY2(skipped.starts_with("not valid JSON=4@line 4: not valid JSON: parse error") || skipped.starts_with("not valid JSON=4@line 4: "), skipped.c_str());
    for (const char* part : {"no JSON object=1@line 5: expected {\"text\": …, \"label\": …}, got array", "no \"text\"=1@line 6", "no label=1@line 7",
                             "label is neither a string nor an integer=1@line 8", "empty=1@line 10"})
      QVERIFY2(skipped.find(part) != std::string::npos, skipped.c_str());
  }

  void spansMustFit_data() {
    QTest::addColumn<QString>("spans");
    QTest::addColumn<QString>("why");
    QTest::newRow("past the end") << "[{\"begin\":0,\"end\":99}]" << "ends past the text of 6 bytes";
    QTest::newRow("turned round") << "[{\"begin\":3,\"end\":1}]" << "is empty or turned round";
    QTest::newRow("empty") << "[{\"begin\":1,\"end\":1}]" << "is empty or turned round";
    QTest::newRow("negative") << "[{\"begin\":-1,\"end\":1}]" << "is empty or turned round";
    QTest::newRow("inside a character") << "[{\"begin\":0,\"end\":2}]" << "cuts a UTF-8 character";
    QTest::newRow("huge") << "[{\"begin\":0,\"end\":18446744073709551615}]" << "\"end\" is out of range";
    QTest::newRow("fraction") << "[{\"begin\":0.5,\"end\":1}]" << "expected an integer \"begin\"";
    QTest::newRow("missing") << "[{\"begin\":0}]" << "expected an integer \"end\"";
    QTest::newRow("no list") << "{\"begin\":0}" << "expected a list";
    QTest::newRow("no object") << "[[0,1]]" << "expected an integer";
    QTest::newRow("kind") << "[{\"begin\":0,\"end\":1,\"kind\":\"odd\"}]" << "kind 'odd' is unknown; there are: telling, shared";
  }

  void spansMustFit() {
    QFETCH(QString, spans);
    QFETCH(QString, why);
    Place p;
    const std::string line = "{\"text\":\"h\xC3\xA9llo\",\"label\":\"x\",\"spans\":";
    const DatasetInfo info = p.import_text("a.jsonl", line + "[{\"begin\":1,\"end\":3}]}\n" + line + spans.toStdString() + "}\n");
    QCOMPARE(info.documents, 1);
    QVERIFY(has(listed(info, "skipped"), "bad spans=1@line 2: "));
    QVERIFY(has(listed(info, "skipped"), why.toStdString()));
  }

  void spansAndStrip() {
    Place p;
    const std::string line = "{\"text\":\"hello\",\"label\":\"x\",\"spans\":[{\"begin\":0,\"end\":1}]}";
    QVERIFY(has(p.error_text("a.jsonl", line, {.strip = parse_strip("quotes")}), "line 1: has marked spans, whose places --strip would change"));
  }

  void brokenJsonl() {
    Place p;
    QVERIFY(has(p.error_text("a.jsonl", ""), "no post found"));
    QVERIFY(has(p.error_text("a.jsonl", "[\n{\"text\":\"a\",\"label\":\"b\"},\n]"), "no post found; 3 not valid JSON (first: line 1: "));
    QVERIFY(has(p.error_text("a.jsonl", "{\"t\":\"a\",\"label\":\"b\"}\n", {.text_column = "body"}), "no key 'body' in its first object; there are: label, t"));
    const std::string good = "{\"text\":\"good\",\"label\":\"x\"}\n";
    const DatasetInfo info = p.import_text("b.jsonl", good + "{\"text\":\"" + std::string(33 << 20, 'x') + "\",\"label\":\"x\"}\n{\"text\":\"" + std::string(9 << 20, 'y') +
                                                          "\",\"label\":\"x\"}\n" + good);
    QCOMPARE(listed(info, "skipped"), "line longer than 32 MiB=1@line 2; longer than 8 MiB=1@line 3"s);
    QCOMPARE(listed(info, "noted"), "duplicate text=1@4"s);
    QCOMPARE(info.documents, 2);
  }

  void manyClassesAreAMistake() {
    Place p;
    std::string lines;
    for (int i = 0; i < 10'010; ++i) lines += "{\"text\":\"x\",\"label\":" + std::to_string(i) + "}\n";
    QVERIFY(has(p.error_text("a.jsonl", lines), "line 10001: more than 10000 classes"));
    QCOMPARE(listed(p.import_text("b.jsonl", "{\"text\":\"x\",\"label\":\"" + std::string(300, 'l') + "\"}\n{\"text\":\"x\",\"label\":\"y\"}"), "skipped"),
             "label longer than 256 bytes=1@line 1"s);
  }

  void badEncodings() {
    Place p;
    const DatasetInfo csv = p.import_text("a.csv", "text,label\ncaf\xE9,a\ncaf\xC3\xA9,a\n");
    QCOMPARE(p.documents(csv).at(0).text, "caf\xC3\xA9"s);
    QCOMPARE(listed(csv, "noted"), "not valid UTF-8, read as latin-1=1@line 2; duplicate text=1@3"s);
    const DatasetInfo jsonl = p.import_text("a.jsonl", "{\"text\":\"caf\xE9\",\"label\":\"a\"}\n{\"text\":\"\xE9\",\"label\":\"a\",\"spans\":[{\"begin\":0,\"end\":1}]}\n");
    QCOMPARE(p.documents(jsonl).at(0).text, "caf\xC3\xA9"s);
    QCOMPARE(listed(jsonl, "noted"), "not valid UTF-8, read as latin-1=1@line 1"s);
    QCOMPARE(listed(jsonl, "skipped"), "spans in a text that is not UTF-8=1@line 2"s);
  }

  // ---- folders
  void folderPerClass() {
    Place p;
    p.write("src/train/cats/1.txt", "miau");
    p.write("src/train/dogs/1.txt", "wau \xE9");
    p.write("src/test/cats/2.txt", "miau miau");
    p.write("src/test/dogs/\xFF\n.txt", "odd name");
    p.write("src/README", "no post");
    p.write("src/train/.DS_Store", "hidden");
    p.write("src/train/cats/empty", "");
    p.write("src/train/cats/long", std::string(9 << 20, 'x'));
    fs::create_symlink("/etc/passwd", p.path("src/train/cats/link"));
    fs::create_directory_symlink("..", p.path("src/train/loop"));
    QCOMPARE(mkfifo(p.path("src/train/cats/pipe").c_str(), 0600), 0);
    const DatasetInfo info = p.import(p.path("src"));
    QCOMPARE(info.documents, 4);
    QCOMPARE(info.classes, (std::vector<std::string>{"cats", "dogs"}));
    QCOMPARE(p.store->count_documents({.dataset = info.id, .split = "test"}), 2);
    const auto d = p.documents(info);
    QCOMPARE(d[0].external_id, "test/cats/2.txt"s);  // in the order of paths
    QCOMPARE(d[1].external_id, "test/dogs/\xC3\xBF\n.txt"s);
    QCOMPARE(d[3].text, "wau \xC3\xA9"s);
    QCOMPARE(listed(info, "noted"), "not valid UTF-8, read as latin-1=1@train/dogs/1.txt"s);
    std::string skipped = listed(info, "skipped");
    for (const char* part : {"symbolic link=2@", "hidden file or folder=1@train/.DS_Store", "neither file nor folder=1@train/cats/pipe", "in no class folder=1@README",
                             "empty=1@train/cats/empty", "longer than 8 MiB=1@train/cats/long"})
      QVERIFY2(skipped.find(part) != std::string::npos, skipped.c_str());

    const DatasetInfo train = p.import(p.path("src/train/"));
    QCOMPARE(train.report.at("split"), Json("given"));
    QVERIFY(has(p.error(p.path("nowhere")), "no such file or folder"));
    fs::create_directory(p.path("void"));
    QVERIFY(has(p.error(p.path("void")), "no post found"));
    QVERIFY(has(p.error(p.path("src"), {.format = SourceFormat::csv}), "a folder cannot be read as csv"));
  }

  void newsgroupsFolder() {
    Place p;
    p.write("20news-bydate-train/sci.med/1", "Subject: x\n\ncaf\xE9 \x85 end\n");
    p.write("20news-bydate-test/sci.med/2", "Subject: y\n\n");
    ImportOptions options{.strip = parse_strip("headers")};
    fs::create_directory(p.path("corpus"));
    fs::rename(p.path("20news-bydate-train"), p.path("corpus/20news-bydate-train"));
    fs::rename(p.path("20news-bydate-test"), p.path("corpus/20news-bydate-test"));
    const DatasetInfo info = p.import(p.path("corpus"), options);
    QCOMPARE(info.report.at("format"), Json("20news"));
    const auto d = p.documents(info);
    QCOMPARE(d.at(0).text, ""s);  // kept
    QCOMPARE(d.at(1).text, "caf\xC3\xA9 \xC2\x85 end\n"s);
    QCOMPARE(d[1].external_id, "20news-bydate-train/sci.med/1"s);
    QCOMPARE(d[1].split, "train"s);
    QCOMPARE(listed(info, "noted"), "empty=1@20news-bydate-test/sci.med/2"s);
  }

  // ---- archives
  void archives() {
    Place p;
    const std::vector<Entry> entries{{"./top/", "", AE_IFDIR}, {"./top/train/cats/1", "miau"}, {"top/test/dogs/1", "wau \xE9"}, {"top/train/dogs/\xE9\x01", "odd name"}, {"top/train/dogs/\xC3\xA9", "accent"}, {"top/._x", "resource fork"}};
    for (const bool zip : {false, true}) {
      const fs::path file = p.path(zip ? "a.zip" : "a.tgz");
      write_archive(file, entries, zip);
      const DatasetInfo info = p.import(file);
      QCOMPARE(info.documents, zip ? 3 : 4);
      QCOMPARE(info.report.at("format"), Json("folder"));
      const auto d = p.documents(info);
      QCOMPARE(d[0].external_id, "top/train/cats/1"s);
      QCOMPARE(d[0].text, "miau"s);
      QCOMPARE(d[1].split, "test"s);
      QCOMPARE(d[1].text, "wau \xC3\xA9"s);
      if (!zip) QCOMPARE(d[2].external_id, "top/train/dogs/\xC3\xA9\x01"s);
      QCOMPARE(d.back().external_id, "top/train/dogs/\xC3\xA9"s);
      // This zip says of the odd name that it is UTF-8.
      QCOMPARE(listed(info, "skipped"), (zip ? "name that cannot be read=1@entry 4; "s : ""s) + "hidden file or folder=1@top/._x");
    }
    fs::rename(p.path("a.tgz"), p.path("no ending"));
    QCOMPARE(p.import(p.path("no ending")).documents, 4);
    write_archive(p.path("n.tar.gz"), {{"20news-bydate-train/sci.med/1", "caf\xE9"}, {"20news-bydate-train/sci.med/2", ""}});
    const DatasetInfo news = p.import(p.path("n.tar.gz"));
    QCOMPARE(news.report.at("format"), Json("20news"));
    QCOMPARE(news.documents, 2);
  }

  void hostileArchives_data() {
    QTest::addColumn<QString>("kind");
    QTest::addColumn<QString>("line");
    QTest::newRow("up") << "up" << "entry 'a/../../../escaped' leads out of the archive";
    QTest::newRow("absolute") << "absolute" << "entry '/tmp/x/escaped' has an absolute path";
    QTest::newRow("symbolic link") << "symlink" << "entry 'a/link' is a link";
    QTest::newRow("hard link") << "hardlink" << "entry 'a/link' is a link";
    QTest::newRow("device") << "device" << "entry 'a/device' is a device or pipe";
    QTest::newRow("pipe") << "pipe" << "entry 'a/pipe' is a device or pipe";
    QTest::newRow("bomb") << "bomb" << "unpacks to more than 200 times its size";
    QTest::newRow("bomb in a zip") << "bomb-zip" << "unpacks to more than 200 times its size";
    QTest::newRow("truncated") << "truncated" << "cut off";
    QTest::newRow("garbage inside") << "garbage" << "a.tar.gz: ";
    QTest::newRow("no archive") << "text" << "a.tar.gz: ";
    QTest::newRow("gzip of text") << "gzip" << "a.tar.gz: ";
    QTest::newRow("empty") << "empty" << "a.tar.gz: ";
    QTest::newRow("nothing in it") << "nothing" << "no post found";
    QTest::newRow("no folders") << "flat" << "no post found; 1 in no class folder (first: post)";
  }

  void hostileArchives() {
    QFETCH(QString, kind);
    QFETCH(QString, line);
    Place p;
    const fs::path file = p.path("a.tar.gz");
    std::vector<Entry> entries{{"a/1", "a post that stays inside"}};
    if (kind == "up") entries.push_back({"a/../../../escaped", "x"});
    if (kind == "absolute") entries.push_back({"/tmp/x/escaped", "x"});
    if (kind == "symlink") entries.push_back({"a/link", "", AE_IFLNK, "/etc/passwd"});
    if (kind == "hardlink") entries.push_back({"a/link", "", AE_IFREG, "/etc/passwd", true});
    if (kind == "device") entries.push_back({"a/device", "", AE_IFCHR});
    if (kind == "pipe") entries.push_back({"a/pipe", "", AE_IFIFO});
    if (kind.startsWith("bomb")) entries.push_back({"a/bomb", std::string(160u << 20, '\0')});
    if (kind == "nothing") entries.clear();
    if (kind == "flat") entries = {{"post", "x"}};
    if (kind == "truncated" || kind == "garbage") {
      std::string noise;
      for (std::uint32_t x = 1, i = 0; i < 300'000; ++i) noise += static_cast<char>('a' + (x = x * 1664525 + 1013904223) % 26);
      for (int i = 2; i < 6; ++i) entries.push_back({"a/" + std::to_string(i), noise});
    }
    write_archive(file, entries, kind == "bomb-zip");
    if (kind == "truncated") fs::resize_file(file, fs::file_size(file) / 2);
    if (kind == "garbage") {
      std::fstream f(file, std::ios::in | std::ios::out | std::ios::binary);
      f.seekp(20'000).write("garbage garbage garbage", 23);
    }
    if (kind == "text") p.write("a.tar.gz", "this is not an archive at all");
    if (kind == "gzip") p.write("a.tar.gz", "\x1F\x8B\x08\x00\x00\x00\x00\x00\x00\x03\xCBH\xCD\xC9\xC9\x07\x00\x86\xA6\x10\x36\x05\x00\x00\x00"s);
    if (kind == "empty") p.write("a.tar.gz", "");
    QVERIFY(has(p.error(file), line.toStdString()));
    QVERIFY(!fs::exists(p.path("escaped")) && !fs::exists(p.path("../escaped")) && !fs::exists("/tmp/x/escaped"));
  }

  // ---- options
  void classesAndFormats() {
    Place p;
    const std::string csv = "text,label\none,a\ntwo,b\nthree,c\n";
    const DatasetInfo info = p.import_text("a.csv", csv, {.classes = {"a", "c"}});
    QCOMPARE(info.classes, (std::vector<std::string>{"a", "c"}));
    QCOMPARE(listed(info, "skipped"), "another class=1@line 3 (b)"s);
    QVERIFY(has(p.error_text("a.csv", csv, {.classes = {"a", "d"}}), "no class 'd'; there are: a, b, c"));
    QVERIFY(has(p.error_text("a.txt", "hello"), "cannot tell its format"));
    QCOMPARE(p.import_text("a.txt", csv, {.format = SourceFormat::csv}).documents, 3);
    QVERIFY(has(p.error_text("a.csv", csv, {.test_share = 1}), "test share 1: expected"));
    QVERIFY(has(p.error_text("a.csv", csv, {.test_share = std::nan("")}), "test share nan: expected"));
    QVERIFY(has(p.error_text("a.csv", csv, {.name = info.name}), "is there already"));
    QCOMPARE(parse_source_format("20news"), SourceFormat::newsgroups);
    QVERIFY_THROWS_EXCEPTION(std::invalid_argument, parse_source_format("xml"));
    QCOMPARE(mkfifo(p.path("pipe.csv").c_str(), 0600), 0);
    QVERIFY(has(p.error(p.path("pipe.csv")), "neither a regular file nor a folder"));
  }

  void drawnSplit() {
    Place p;
    std::string csv = "text,label\n", reversed;
    for (int i = 0; i < 50; ++i) csv += "post " + std::to_string(i) + "," + (i < 40 ? "many" : "few") + "\n";
    for (int i = 49; i >= 0; --i) reversed += "post " + std::to_string(i) + "," + (i < 40 ? "many" : "few") + "\n";
    const auto test_posts = [&](const DatasetInfo& info) {
      std::vector<std::string> texts;
      for (const Document& d : p.store->documents({.dataset = info.id, .split = "test"})) texts.push_back(d.text);
      std::sort(texts.begin(), texts.end());
      return texts;
    };
    const DatasetInfo info = p.import_text("a.csv", csv);
    QCOMPARE(p.store->count_documents({.dataset = info.id, .split = "test", .label = 0}), 2);
    QCOMPARE(p.store->count_documents({.dataset = info.id, .split = "test", .label = 1}), 8);
    QCOMPARE(info.report.at("split"), Json("drawn"));
    QCOMPARE(test_posts(p.import_text("b.csv", "text,label\n" + reversed)), test_posts(info));
    QVERIFY(test_posts(p.import_text("c.csv", csv, {.seed = 1})) != test_posts(info));
    QCOMPARE(test_posts(p.import_text("d.csv", csv, {.test_share = 0.5})).size(), std::size_t{25});
    QCOMPARE(test_posts(p.import_text("e.csv", csv, {.test_share = 0})).size(), std::size_t{0});
  }

  void duplicatesAreSaid() {
    Place p;
    const DatasetInfo info = p.import_text("a.csv", "text,label,split,id\nsame,a,train,1\nsame,a,test,2\nsame,b,test,3\nother,a,test,4\nother,a,test,5\n");
    QCOMPARE(info.documents, 5);
    QCOMPARE(listed(info, "noted"), "duplicate text=3@2; same text in two splits=1@1; same text in two classes=1@1"s);
    const DatasetInfo ids = p.import_text("b.csv", "text,label,split,id\none,a,train,1\ntwo,b,train,q\nthree,a,test,q\nfour,b,dev,q\nfive,b,Valid,\nsix,a,rest,\n");
    QCOMPARE(listed(ids, "noted"), "id of another post too=2@q"s);
    QCOMPARE(p.store->count_documents({.dataset = ids.id, .split = "validation"}), 2);  // dev and Valid, as folders of these names
    QCOMPARE(p.store->count_documents({.dataset = ids.id, .split = "rest"}), 1);
  }

  // ---- ended early
  void stopped() {
    Place p;
    std::string lines;
    for (int i = 0; i < 5000; ++i) lines += "{\"text\":\"post\",\"label\":\"x\"}\n";
    const fs::path file = p.write("a.jsonl", lines);
    std::stop_source source;
    int calls = 0;
    double last = 0;
    QVERIFY_THROWS_EXCEPTION(Cancelled, import_dataset(*p.store, file, {.name = "x"}, source.get_token(), [&](const Progress& progress) {
      last = progress.total;
      if (++calls == 3) source.request_stop();
    }));
    QCOMPARE(last, static_cast<double>(fs::file_size(file)));
    QCOMPARE(p.store->count_documents({}), 0);
    QCOMPARE(import_dataset(*p.store, file, {.name = "x"}).documents, 5000);
  }

  void killed() {
    Place p;
    std::string lines;
    for (int i = 0; i < 200'000; ++i) lines += "{\"text\":\"post number " + std::to_string(i) + " of very many\",\"label\":\"x\"}\n";
    const fs::path file = p.write("a.jsonl", lines), db = p.path("posts.telltale");
    p.store.reset();
    for (int round = 0; round < 3; ++round) {
      const pid_t child = fork();
      if (child == 0) {
        try {
          import_dataset(*Store::open(db, Store::Mode::write), file, {.name = "killed"});
        } catch (...) {
        }
        _exit(1);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(100 + 100 * round));
      kill(child, SIGKILL);
      int status = 0;
      waitpid(child, &status, 0);
      QVERIFY(WIFSIGNALED(status));
      p.store = Store::open(db, Store::Mode::write);
      QCOMPARE(p.store->datasets().size(), std::size_t{0});
      QCOMPARE(p.store->count_documents({}), 0);
      p.store.reset();
    }
    p.store = Store::open(db, Store::Mode::write);
    QCOMPARE(p.import_text("b.csv", "text,label\nafter,x\n").documents, 1);
  }
};

QTEST_GUILESS_MAIN(ImportTest)
#include "import_test.moc"
