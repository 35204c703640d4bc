// The posts that come with the program are what their README says.
#include <QTemporaryDir>
#include <QtTest>
#include <cctype>
#include <map>
#include <set>

#include "data/import.hpp"

using namespace telltale;

namespace {

/// Lower-cased runs of letters, digits, "_" and "'" (bytes past ASCII count as letters).
std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words(1);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80 || std::isalnum(byte) || c == '_' || c == '\'') words.back() += static_cast<char>(byte < 0x80 ? std::tolower(byte) : byte);
    else if (!words.back().empty()) words.emplace_back();
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

}  // namespace

class BundledPostsTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void posts() {
    QTemporaryDir dir;
    auto store = Store::open(dir.filePath("a.telltale").toStdString(), Store::Mode::create);
    const DatasetInfo info = import_dataset(*store, std::filesystem::path(TELLTALE_SOURCE_DIR) / "datasets/newsgroups-mini/posts.jsonl", {.name = "mini"});
    QCOMPARE(info.documents, 600);
    QCOMPARE(info.classes, (std::vector<std::string>{"comp.sys.ibm.pc.hardware", "comp.sys.mac.hardware", "rec.autos", "rec.motorcycles", "rec.sport.baseball",
                                                     "rec.sport.hockey"}));
    QVERIFY2(info.report.at("skipped").empty() && info.report.at("noted").empty(), info.report.dump().c_str());
    const auto counts = store->class_counts(info.id);
    QCOMPARE(counts.size(), std::size_t{12});
    for (const auto& c : counts) QCOMPARE(c.documents, c.split == "test" ? 20 : 80);

    std::set<std::string> ids;
    std::map<std::string, std::string> runs;  // eight words → the post they stand in
    int annotated = 0;
    store->each_document({.dataset = info.id}, [&](Document&& d) {
      QVERIFY2(ids.insert(d.external_id).second, d.external_id.c_str());
      const auto length = QString::fromStdString(d.text).split(QRegularExpression("\\s+"), Qt::SkipEmptyParts).size();
      QVERIFY2(length >= 40 && length <= 160, d.external_id.c_str());
      const auto words = words_of(d.text);
      for (std::size_t i = 0; i + 8 <= words.size(); ++i) {
        std::string run;
        for (std::size_t k = i; k < i + 8; ++k) run += words[k] + " ";
        const auto [at, fresh] = runs.emplace(run, d.external_id);
        QVERIFY2(fresh || at->second == d.external_id, (d.external_id + " shares with " + at->second + ": " + run).c_str());
      }
      QCOMPARE(!d.spans.empty(), d.split == "test");
      annotated += !d.spans.empty();
      int telling = 0;
      std::int64_t end = 0;
      for (const MarkedSpan& span : d.spans) {  // that they fit the text was checked by the import
        QVERIFY2(span.begin >= end, d.external_id.c_str());  // in order, apart
        end = span.end;
        telling += span.kind == "telling";
        const std::string marked = d.text.substr(static_cast<std::size_t>(span.begin), static_cast<std::size_t>(span.end - span.begin));
        QVERIFY2(!std::isspace(static_cast<unsigned char>(marked.front())) && !std::isspace(static_cast<unsigned char>(marked.back())), marked.c_str());
      }
      QVERIFY2(d.spans.empty() || telling >= 1, d.external_id.c_str());
    });
    QCOMPARE(annotated, 120);
  }
};

QTEST_GUILESS_MAIN(BundledPostsTest)
#include "bundled_posts_test.moc"
