// The very ids and offsets of Hugging Face, on strings made to be hard and on every post of 20 Newsgroups.
#include <QtTest>
#include <boost/crc.hpp>
#include <sstream>
#include <unordered_map>

#include "base/files.hpp"
#include "base/json.hpp"
#include "data/strip.hpp"
#include "shared_data.hpp"
#include "text/tokenizer.hpp"
#include "twenty_news.hpp"

using namespace telltale;

namespace {

std::uint32_t crc32(const void* data, std::size_t bytes) {
  boost::crc_32_type crc;
  crc.process_bytes(data, bytes);
  return crc.checksum();
}
std::uint32_t crc32(const std::string& text) { return crc32(text.data(), text.size()); }
std::uint32_t crc32(const std::vector<std::int32_t>& ids) { return crc32(ids.data(), ids.size() * sizeof ids[0]); }

Json offsets_json(const Encoding& e) {
  Json out = Json::array();
  for (const Span s : e.offsets) out.push_back(s.none() ? Json() : Json({s.begin, s.end}));
  return out;
}

std::vector<Json> read_lines(const std::filesystem::path& file) {
  std::istringstream in(read_file(file));
  std::vector<Json> out;
  for (std::string line; std::getline(in, line);) out.push_back(parse_json(line, file.string()));
  return out;
}

/// Empty if all is as `golden` says, else what is not.
std::string difference(const Tokenizer& tokenizer, const std::string& text, const Json& golden) {
  const Encoding e = tokenizer.encode(text);
  if (Json(e.ids) != golden["ids"]) return "ids: " + Json(e.ids).dump() + ", expected " + golden["ids"].dump();
  if (offsets_json(e) != golden["offsets"])
    return "offsets: " + offsets_json(e).dump() + ", expected " + golden["offsets"].dump();
  const Encoding cut = tokenizer.encode(text, 128);
  if (Json(cut.ids) != golden["ids_128"]) return "ids_128: " + Json(cut.ids).dump();
  if (cut.full_length != static_cast<std::int32_t>(e.ids.size())) return "full_length";
  return {};
}

}  // namespace

class TestTokenizerGolden : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void strings() {
    TELLTALE_NEEDS_SHARED(shared);
    const auto tokenizer = Tokenizer::load(shared / "data/models/minilm-news6", 30522);
    const std::vector<Json> lines = read_lines(shared / "golden/tokenizer.jsonl");
    QVERIFY(lines.size() > 600);
    for (const Json& line : lines) {
      const std::string wrong = difference(*tokenizer, line["text"], line);
      QVERIFY2(wrong.empty(), (line["text"].dump() + ": " + wrong).c_str());
    }
  }

  /// vocab.txt alone says the same as tokenizer.json.
  void vocab_file_alone() {
    TELLTALE_NEEDS_SHARED(shared);
    const auto tokenizer = Tokenizer::load(shared / "data/bert-uncased-vocab", 30522);
    QCOMPARE(tokenizer->source().filename().string(), std::string("vocab.txt"));
    for (const Json& line : read_lines(shared / "golden/tokenizer.jsonl")) {
      const std::string wrong = difference(*tokenizer, line["text"], line);
      QVERIFY2(wrong.empty(), wrong.c_str());
    }
  }

  /// A word never ends inside one of its pieces, and holds all of them, in order.
  void words_hold_their_pieces() {
    TELLTALE_NEEDS_SHARED(shared);
    const auto tokenizer = Tokenizer::load(shared / "data/models/minilm-news6");
    for (const Json& line : read_lines(shared / "golden/tokenizer.jsonl"))
      for (const int most : {0, 2, 3, 7, 128}) {
        const Encoding e = tokenizer->encode(line["text"].get<std::string>(), most);
        const Encoding full = tokenizer->encode(line["text"].get<std::string>());
        std::size_t at = 0;
        for (std::size_t w = 0; w < e.words.size(); ++w) {
          const Word& word = e.words[w];
          QVERIFY(word.first < word.last);
          QVERIFY(word.span == full.words[w].span);
          for (; at < static_cast<std::size_t>(word.first); ++at) QCOMPARE(e.word_of[at], -1);
          for (; at < static_cast<std::size_t>(word.last); ++at) {
            QCOMPARE(e.word_of[at], static_cast<std::int32_t>(w));
            QVERIFY(e.offsets[at].begin >= word.span.begin && e.offsets[at].end <= word.span.end);
            QVERIFY(!tokenizer->specials().special(e.ids[at]));
          }
        }
        for (; at < e.ids.size(); ++at) QVERIFY(e.word_of[at] == -1 && tokenizer->specials().special(e.ids[at]));
      }
  }

  void posts() {
    TELLTALE_NEEDS_SHARED(shared);
    const auto tokenizer = Tokenizer::load(shared / "data/models/minilm-news6");
    std::unordered_map<std::string, std::string> texts;
    for (RawPost& p : read_twenty_news(shared / "data/20news-bydate.tar.gz"))
      texts.emplace(std::move(p.path), std::move(p.text));
    QCOMPARE(texts.size(), std::size_t{18846});

    const std::vector<Json> whole = read_lines(shared / "golden/tokenizer-posts.jsonl");
    QCOMPARE(whole.size(), std::size_t{200});
    for (const Json& line : whole) {
      const std::string& text = texts.at(line["path"]);
      QCOMPARE(crc32(text), line["crc32"].get<std::uint32_t>());
      const std::string wrong = difference(*tokenizer, text, line);
      QVERIFY2(wrong.empty(), (line["path"].get<std::string>() + ": " + wrong).c_str());
    }

    std::istringstream corpus(read_gzip(shared / "golden/corpus-ids.tsv.gz"));
    std::string row;
    std::getline(corpus, row);
    QCOMPARE(row, std::string(
                      "path\tbytes\tids\tids_crc32\tstripped_bytes\tstripped_ids\tstripped_ids_crc32\tstripped_crc32"));
    std::size_t rows = 0;
    while (std::getline(corpus, row)) {
      std::istringstream in(row);
      std::string path;
      std::size_t bytes, ids, stripped_bytes, stripped_ids;
      std::uint32_t crc, stripped_crc, stripped_text_crc;
      in >> path >> bytes >> ids >> crc >> stripped_bytes >> stripped_ids >> stripped_crc >> stripped_text_crc;
      QVERIFY2(in, row.c_str());
      const std::string& text = texts.at(path);
      QCOMPARE(text.size(), bytes);
      const Encoding e = tokenizer->encode(text);
      QVERIFY2(e.ids.size() == ids && crc32(e.ids) == crc, path.c_str());
      const std::string stripped = strip(text, {true, true, true});
      QVERIFY2(stripped.size() == stripped_bytes && crc32(stripped) == stripped_text_crc, path.c_str());
      const Encoding s = tokenizer->encode(stripped);
      QVERIFY2(s.ids.size() == stripped_ids && crc32(s.ids) == stripped_crc, path.c_str());
      ++rows;
    }
    QCOMPARE(rows, texts.size());
  }
};

QTEST_GUILESS_MAIN(TestTokenizerGolden)
#include "test_tokenizer_golden.moc"
