// The text that scikit-learn gives, byte for byte, on every post of 20 Newsgroups; and its small rules one by one.
#include <zlib.h>

#include <QTemporaryDir>
#include <QtTest>
#include <charconv>
#include <map>

#include "data/import.hpp"
#include "shared_data.hpp"

using namespace telltale;

namespace {

struct Reference {
  std::int64_t bytes = 0, stripped_bytes = 0;
  std::uint32_t stripped_crc = 0;
};

/// corpus-ids.tsv.gz: path, bytes, …, stripped_bytes, …, stripped_crc32 (of the stripped text's UTF-8).
std::map<std::string, Reference> read_references(const std::filesystem::path& file) {
  std::map<std::string, Reference> all;
  gzFile in = gzopen(file.c_str(), "rb");
  if (!in) return all;
  char line[4096];
  std::vector<std::string> head;
  while (gzgets(in, line, sizeof line)) {
    std::vector<std::string> fields;
    for (const QByteArray& field : QByteArray(line).trimmed().split('\t')) fields.push_back(field.toStdString());
    if (head.empty()) {
      head = fields;
      continue;
    }
    const auto number = [&](const char* name) {
      const auto at = static_cast<std::size_t>(std::find(head.begin(), head.end(), name) - head.begin());
      return std::stoll(fields.at(at));
    };
    all[fields[0]] = {number("bytes"), number("stripped_bytes"), static_cast<std::uint32_t>(number("stripped_crc32"))};
  }
  gzclose(in);
  return all;
}

std::uint32_t crc(const std::string& text) { return static_cast<std::uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(text.data()), static_cast<uInt>(text.size()))); }

}  // namespace

class StripTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void rules_data() {
    QTest::addColumn<QString>("what");
    QTest::addColumn<QString>("in");
    QTest::addColumn<QString>("out");
    QTest::newRow("nothing") << "" << "a: b\n\nbody" << "a: b\n\nbody";
    QTest::newRow("header") << "headers" << "From: x\nTo: y\n\nbody\n\nmore" << "body\n\nmore";
    QTest::newRow("no blank line") << "headers" << "From: x\nTo: y" << "";
    QTest::newRow("header, CRLF is no blank line") << "headers" << "From: x\r\n\r\nbody" << "";
    QTest::newRow("footer") << "footers" << "  body\nmore\n -- \nme\nmy firm\n" << "body\nmore";
    QTest::newRow("the last such line") << "footers" << "a\n--\nb\n--\nc" << "a\n--\nb";
    QTest::newRow("a blank line counts") << "footers" << "a\n\nb" << "a";
    QTest::newRow("first line only") << "footers" << "--\nbody" << "--\nbody";
    QTest::newRow("none: not even trimmed") << "footers" << "  body\nmore \n" << "  body\nmore \n";
    QTest::newRow("hyphens apart") << "footers" << "a\n- -\nb" << "a\n- -\nb";
    QTest::newRow("no-break space") << "footers" << QString::fromUtf8("\u00a0a\n\u00a0--\u0085\nb\u001f") << "a";
    QTest::newRow("empty") << "headers,footers,quotes" << "" << "";
    QTest::newRow("quotes") << "quotes" << "In article <1> x\n> cited\n|too\nkept\nJoe wrote:\nshe says: no\nQuoted from me\n in article\n" << "kept\n in article\n";
    QTest::newRow("quotes at the end") << "quotes" << "kept\n>" << "kept";
    QTest::newRow("all quotes") << "quotes" << ">a\n>b" << "";
    QTest::newRow("order") << "quotes,footers,headers" << "h: x\n\n> c\nkept\n---\nsig" << "kept";
  }

  void rules() {
    QFETCH(QString, what);
    QFETCH(QString, in);
    QFETCH(QString, out);
    QCOMPARE(QString::fromStdString(strip(in.toStdString(), parse_strip(what.toStdString()))), out);
  }

  void names() {
    QVERIFY(!parse_strip("").any());
    QVERIFY(parse_strip("quotes,headers").quotes && parse_strip("quotes,headers").headers && !parse_strip("quotes,headers").footers);
    QVERIFY_THROWS_EXCEPTION(std::invalid_argument, parse_strip("header"));
    QVERIFY_THROWS_EXCEPTION(std::invalid_argument, parse_strip("headers,,quotes"));
  }

  void everyPostOfTwentyNewsgroups() {
    TELLTALE_NEEDS_SHARED(shared);
    const auto references = read_references(shared / "golden/corpus-ids.tsv.gz");
    QCOMPARE(references.size(), std::size_t{18'846});
    const auto archive = shared / "data/20news-bydate.tar.gz";
    QTemporaryDir dir;
    auto store = Store::open(dir.filePath("a.telltale").toStdString(), Store::Mode::create);
    for (const bool stripped : {false, true}) {
      QElapsedTimer timer;
      timer.start();
      ImportOptions options{.name = stripped ? "stripped" : "whole"};
      if (stripped) options.strip = parse_strip("headers,footers,quotes");
      const DatasetInfo info = import_dataset(*store, archive, options);
      qInfo("%s: imported in %lld ms", info.name.c_str(), static_cast<long long>(timer.elapsed()));
      QCOMPARE(info.documents, 18'846);
      QCOMPARE(info.classes.size(), std::size_t{20});
      QCOMPARE(store->count_documents({.dataset = info.id, .split = "train"}), 11'314);
      QCOMPARE(store->count_documents({.dataset = info.id, .split = "test"}), 7'532);
      int wrong = 0, seen = 0;
      store->each_document({.dataset = info.id}, [&](Document&& d) {
        ++seen;
        const Reference& expected = references.at(d.external_id);
        const bool same = stripped ? static_cast<std::int64_t>(d.text.size()) == expected.stripped_bytes && crc(d.text) == expected.stripped_crc
                                   : static_cast<std::int64_t>(d.text.size()) == expected.bytes;
        const std::string split = d.external_id.starts_with("20news-bydate-test/") ? "test" : "train";
        if (!same || d.split != split || d.external_id.find("/" + info.classes[static_cast<std::size_t>(d.label)] + "/") == std::string::npos) {
          if (++wrong < 5) qWarning("%s differs", d.external_id.c_str());
        }
      });
      QCOMPARE(seen, 18'846);
      QCOMPARE(wrong, 0);
      QVERIFY(info.report.at("skipped").empty());
      std::int64_t empty = 0;
      for (const Json& note : info.report.at("noted"))
        if (note.at("reason") == "empty") empty = note.at("count").get<std::int64_t>();
      QVERIFY(stripped ? empty >= 400 && empty <= 515 : empty == 0);  // 515 have no token left; some of them have characters
    }
  }
};

QTEST_GUILESS_MAIN(StripTest)
#include "strip_test.moc"
