// Words and spans that people marked: the ERASER format, and the marked words of 20 Newsgroups.
#include <QTemporaryDir>
#include <QtTest>
#include <fstream>

#include "../shared_data.hpp"
#include "data/import.hpp"
#include "data/rationales.hpp"

using namespace telltale;
namespace fs = std::filesystem;

namespace {

struct Place {
  QTemporaryDir dir;
  std::unique_ptr<Store> store = Store::open(path("posts.telltale"), Store::Mode::create);
  fs::path path(const std::string& name) const { return fs::path(dir.path().toStdString()) / name; }
  void write(const std::string& name, std::string_view bytes) const {
    fs::create_directories(path(name).parent_path());
    std::ofstream(path(name), std::ios::binary) << bytes;
  }
  DatasetInfo import(const std::string& source, ImportOptions options = {}) {
    if (options.name.empty()) options.name = source;
    return import_dataset(*store, path(source), options);
  }
  std::string marked(const Document& d) const {
    std::string out;
    for (const MarkedSpan& s : d.spans) out += (out.empty() ? "" : "|") + d.text.substr(static_cast<std::size_t>(s.begin), static_cast<std::size_t>(s.end - s.begin));
    return out;
  }
};

std::int64_t skipped(const DatasetInfo& info, const std::string& reason, std::string* first = nullptr) {
  for (const Json& s : info.report["skipped"])
    if (s["reason"] == reason) {
      if (first) *first = s["first"].get<std::string>();
      return s["count"].get<std::int64_t>();
    }
  return 0;
}

}  // namespace

class RationalesTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void eraser() {
    Place at;
    at.write("movies/docs/neg_1.txt", "plot :  two teens\ngo to a party , d\xc3\xa9j\xc3\xa0 vu .\n");
    at.write("movies/docs/pos_2.txt", "a fine film");
    at.write("movies/train.jsonl",
             R"({"annotation_id": "neg_1.txt", "classification": "NEG", "query": "", "evidences": [[{"docid": "neg_1.txt", "start_token": 2, "end_token": 4, "text": "two teens"}], [{"docid": "neg_1.txt", "start_token": 9, "end_token": 11}, {"docid": "neg_1.txt", "start_token": 3, "end_token": 5}]]})"
             "\n"
             R"({"annotation_id": "far", "classification": "NEG", "evidences": [[{"docid": "pos_2.txt", "start_token": 2, "end_token": 4}]]})"
             "\n"
             R"({"annotation_id": "x", "classification": "NEG", "evidences": [[{"docid": "../train.jsonl", "start_token": 0, "end_token": 1}]]})"
             "\nnot json\n"
             R"({"annotation_id": "y", "classification": "NEG", "evidences": [[{"docid": "pos_2.txt", "start_token": 0, "end_token": 1}, {"docid": "neg_1.txt", "start_token": 0, "end_token": 1}]]})"
             "\n");
    at.write("movies/val.jsonl", R"({"annotation_id": "pos_2.txt", "classification": "POS", "evidences": []})" "\n");
    const DatasetInfo info = at.import("movies");
    const auto posts = at.store->documents({.dataset = info.id});
    QCOMPARE(posts.size(), 2u);
    QCOMPARE(at.marked(posts[0]), std::string("two teens\ngo|d\xc3\xa9j\xc3\xa0 vu"));  // overlapping evidence is one span
    QCOMPARE(posts[0].split, std::string("train"));
    QCOMPARE(posts[1].split, std::string("validation"));
    QVERIFY(posts[1].spans.empty());
    QCOMPARE(info.classes, (std::vector<std::string>{"NEG", "POS"}));
    std::string first;
    QCOMPARE(skipped(info, "bad spans", &first), 1);
    QVERIFY2(first.find("train.jsonl line 2") == 0 && first.find("tokens 2 to 4") != first.npos && first.find("3 tokens") != first.npos, first.c_str());
    QCOMPARE(skipped(info, "no such document"), 1);
    QCOMPARE(skipped(info, "not valid JSON"), 1);
    QCOMPARE(skipped(info, "several documents"), 1);
  }
  void eraser_of_one_file_of_documents() {
    Place at;
    at.write("docs.jsonl/docs.jsonl", R"({"docid": "7", "document": "one two three"})" "\n");
    at.write("docs.jsonl/test.jsonl", R"({"annotation_id": "q:7", "docids": ["7"], "classification": "a", "evidences": [[{"docid": "7", "start_token": 1, "end_token": 2}]]})" "\n");
    const DatasetInfo info = at.import("docs.jsonl");
    const auto posts = at.store->documents({.dataset = info.id});
    QCOMPARE(posts.size(), 1u);
    QCOMPARE(at.marked(posts[0]), std::string("two"));
    QCOMPARE(posts[0].split, std::string("test"));
  }
  /// The benchmark's own reader cuts lines at single spaces: a tab is part of a token, white space at a line's ends (a form feed, U+00A0) is none.
  void eraser_counts_tokens_as_its_authors_do() {
    Place at;
    at.write("e/docs/1", "\xc2\xa0" "a\tb  c\r\n \x0c\nd\v\ne f\n");
    at.write("e/train.jsonl", R"({"annotation_id": "1", "classification": "x", "evidences": [[{"docid": "1", "start_token": 0, "end_token": 1}], [{"docid": "1", "start_token": 2, "end_token": 4}]]})" "\n");
    const DatasetInfo info = at.import("e");
    const auto posts = at.store->documents({.dataset = info.id});
    QCOMPARE(posts.size(), 1u);
    QCOMPARE(at.marked(posts[0]), std::string("a\tb|d\v\ne"));
    // In docs.jsonl empty tokens count: a; (empty); b; (empty line); c.
    at.write("j/docs.jsonl", R"({"docid": "1", "document": "a  b\n\nc"})" "\n");
    at.write("j/test.jsonl", R"({"annotation_id": "1", "classification": "x", "evidences": [[{"docid": "1", "start_token": 2, "end_token": 3}, {"docid": "1", "start_token": 4, "end_token": 5}]]})" "\n"
                             R"({"annotation_id": "2", "classification": "x", "evidences": [[{"docid": "1", "start_token": 1, "end_token": 2}]]})" "\n");
    const DatasetInfo lines = at.import("j");
    const auto of_lines = at.store->documents({.dataset = lines.id});
    QCOMPARE(of_lines.size(), 1u);
    QCOMPARE(at.marked(of_lines[0]), std::string("b|c"));
    QCOMPARE(skipped(lines, "bad spans"), 1);
  }
  void marked_words_stand_for_all_their_occurrences() {
    const auto spans = spans_of_words("The VCR's vcr, vcrs; x-VCR \xc3\xa9vcr", {"vcr"});
    QCOMPARE(spans.size(), 3u);
    QCOMPARE(spans[0].begin, 4);
    QCOMPARE(spans[0].end, 7);
    QCOMPARE(spans[1].begin, 10);
    QCOMPARE(spans[2].begin, 23);
    QVERIFY(spans_of_words("", {"vcr"}).empty());
  }
  void rationales_of_newsgroups() {
    TELLTALE_NEEDS_SHARED(shared);
    const WordRationales all = WordRationales::load(shared / "data/20news-rationales"), agreed = WordRationales::load(shared / "data/20news-rationales", 1.0);
    QCOMPARE(all.posts(), 100u);
    QVERIFY(all.words_of("20news-bydate-test/sci.electronics/53968")->contains("vcrs"));
    QVERIFY(!agreed.words_of("sci.electronics/53968")->contains("vcrs"));
    QVERIFY(all.words_of("sci.electronics/1") == nullptr && all.words_of("53968") == nullptr);
    Place at;
    ImportOptions o;
    o.name = "electronics";
    o.classes = {"sci.electronics", "sci.med"};
    o.strip = parse_strip("headers,footers,quotes");
    o.rationales = shared / "data/20news-rationales";
    const DatasetInfo info = import_dataset(*at.store, shared / "data/20news-bydate.tar.gz", o);
    int marked = 0;
    for (const Document& d : at.store->documents({.dataset = info.id})) {
      if (d.spans.empty()) continue;
      ++marked;
      const auto* words = all.words_of(d.external_id);
      QVERIFY(words && d.external_id.find("20news-bydate-test/sci.electronics/") != std::string::npos);
      for (const MarkedSpan& s : d.spans) QVERIFY(words->contains(QString::fromStdString(d.text.substr(static_cast<std::size_t>(s.begin), static_cast<std::size_t>(s.end - s.begin))).toLower().toStdString()));
    }
    QVERIFY2(marked > 80 && marked <= 100, qPrintable(QString::number(marked)));
    // Only what all annotators agree on: fewer spans, in every post at most as many.
    o.name = "agreed";
    o.rationale_share = 1;
    const DatasetInfo fewer = import_dataset(*at.store, shared / "data/20news-bydate.tar.gz", o);
    QCOMPARE(fewer.options["rationale_share"], Json(1.0));
    const auto spans = [&](std::int64_t dataset) {
      std::size_t n = 0;
      for (const Document& d : at.store->documents({.dataset = dataset})) n += d.spans.size();
      return n;
    };
    QVERIFY(spans(fewer.id) > 0 && spans(fewer.id) < spans(info.id));
  }
  void refusals() {
    Place at;
    at.write("bad/sci.x/1.json", R"({"article": "1", "words": [["a"]]})");
    at.write("none/readme.txt", "x");
    const auto said = [&](auto&& call) {
      try {
        call();
      } catch (const std::runtime_error& e) {
        return std::string(e.what());
      }
      return std::string();
    };
    QVERIFY(said([&] { WordRationales::load(at.path("bad")); }).find("1.json: words: expected [word, share]") != std::string::npos);
    QVERIFY(!said([&] { WordRationales::load(at.path("none")); }).empty());
    QVERIFY(!said([&] { WordRationales::load(at.path("nowhere")); }).empty());
    ImportOptions o;
    o.format = SourceFormat::eraser;
    QVERIFY(said([&] { at.import("none", o); }).find("docs/") != std::string::npos);
    QCOMPARE(at.store->datasets().size(), 0u);
  }
};

QTEST_GUILESS_MAIN(RationalesTest)
#include "rationales_test.moc"
