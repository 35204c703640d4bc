// What encode() promises, on a vocabulary small enough to see through: words, specials, places, cutting, hostile text.
#include <thread>

#include "small_vocabulary.hpp"
#include "text/tokenizer.hpp"

using namespace telltale;

namespace {

/// "goal ##ie@0-6 …": pieces with their places; specials of the template bare.
std::string shown(const Tokenizer& t, const Encoding& e) {
  std::string out;
  for (std::size_t i = 0; i < e.ids.size(); ++i) {
    out += (i ? " " : "") + t.token(e.ids[i]);
    if (!e.offsets[i].none()) out += "@" + std::to_string(e.offsets[i].begin) + "-" + std::to_string(e.offsets[i].end);
  }
  return out;
}

/// "0-7:1-3 …": the words, their bytes and ids.
std::string words(const Encoding& e) {
  std::string out;
  for (const Word& w : e.words) {
    if (!out.empty()) out += ' ';
    out += std::to_string(w.span.begin) + "-" + std::to_string(w.span.end) + ":" + std::to_string(w.first) + "-" +
           std::to_string(w.last);
  }
  return out;
}

}  // namespace

class TestTokenizer : public QObject {
  Q_OBJECT

  Folder folder_;
  std::shared_ptr<const Tokenizer> tokenizer_;

 private Q_SLOTS:
  void initTestCase() { tokenizer_ = Tokenizer::load(folder_.document(small_document()).path()); }

  void encodes_data() {
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QByteArray>("pieces");
    QTest::addColumn<QByteArray>("words");
    const auto row = [](const char* name, const QByteArray& text, const char* pieces, const char* words) {
      QTest::newRow(name) << text << QByteArray(pieces) << QByteArray(words);
    };
    row("nothing", "", "[CLS] [SEP]", "");
    row("words", "The goalies!", "[CLS] the@0-3 goal@4-8 ##ie@8-10 ##s@10-11 !@11-12 [SEP]",
        "0-3:1-2 4-11:2-5 11-12:5-6");
    row("unknown", "zebra puck", "[CLS] [UNK]@0-5 puck@6-10 [SEP]", "0-5:1-2 6-10:2-3");
    row("unknown at its end", "goalz", "[CLS] [UNK]@0-5 [SEP]", "0-5:1-2");
    row("typed CLS and SEP", "[CLS]puck[SEP]", "[CLS] [CLS]@0-5 puck@5-9 [SEP]@9-14 [SEP]", "5-9:2-3");
    row("typed PAD", "a [PAD]", "[CLS] a@0-1 [PAD]@2-7 [SEP]", "0-1:1-2");
    row("typed MASK and UNK are words", "a[MASK]a [UNK]", "[CLS] a@0-1 [MASK]@1-7 a@7-8 [UNK]@9-14 [SEP]",
        "0-1:1-2 1-7:2-3 7-8:3-4 9-14:4-5");
    row("small letters are no special", "[mask]", "[CLS] [@0-1 mask@1-5 ]@5-6 [SEP]", "0-1:1-2 1-5:2-3 5-6:3-4");
    row("accents", "Caf\xC3\xA9", "[CLS] caf@0-3 ##e@3-5 [SEP]", "0-5:1-3");
    row("accents decomposed", "cafe\xCC\x81", "[CLS] caf@0-3 ##e@3-4 [SEP]", "0-4:1-3");
    row("not equal", "\xE2\x89\xA0", "[CLS] =@0-3 [SEP]", "0-3:1-2");
    row("Chinese",
        "a\xE4\xBD\xA0"
        "a",
        "[CLS] a@0-1 \xE4\xBD\xA0@1-4 a@4-5 [SEP]", "0-1:1-2 1-4:2-3 4-5:3-4");
    row("jamo share a place", "\xEA\xB0\x81", "[CLS] \xE1\x84\x80@0-3 ##\xE1\x85\xA1@0-3 ##\xE1\x86\xA8@0-3 [SEP]",
        "0-3:1-4");
    row("NUL goes", QByteArray("go\0al\0", 6), "[CLS] goal@0-5 [SEP]", "0-5:1-2");
    row("zero width space",
        "pu\xE2\x80\x8B"
        "ck",
        "[CLS] puck@0-7 [SEP]", "0-7:1-2");
    row("no-break space",
        "a\xC2\xA0"
        "a",
        "[CLS] a@0-1 a@3-4 [SEP]", "0-1:1-2 3-4:2-3");
    row("only control characters", QByteArray("\0\x01\x7F\xEF\xBB\xBF", 6), "[CLS] [SEP]", "");
    row("only marks", "\xCC\x81\xCC\x82", "[CLS] [SEP]", "");
  }
  void encodes() {
    QFETCH(QByteArray, text);
    QFETCH(QByteArray, pieces);
    QFETCH(QByteArray, words);
    const Encoding e = tokenizer_->encode(text.toStdString());
    QCOMPARE(QByteArray::fromStdString(shown(*tokenizer_, e)), pieces);
    QCOMPARE(QByteArray::fromStdString(::words(e)), words);
    QCOMPARE(e.cut, std::int64_t{-1});
    QCOMPARE(e.offsets.size(), e.ids.size());
    QCOMPARE(e.word_of.size(), e.ids.size());
    QCOMPARE(e.full_length, static_cast<std::int32_t>(e.ids.size()));
  }

  /// The order of marks is the canonical one; places follow the reference, which deals them out after the ordering.
  void marks_in_canonical_order() {
    Folder f;
    Pieces pieces = small_pieces;
    pieces.insert(pieces.end(),
                  {"##\u302E", "##\U0001D165"});  // spacing marks of class 224 and 216: ordered, not removed
    const auto t = Tokenizer::load(f.vocab(pieces).path());
    // U+0301 has class 230 and goes; U+302E moves before it and takes its place in the text.
    QCOMPARE(shown(*t, t->encode("a\u0301\u302E")), std::string("[CLS] a@0-1 ##\u302E@1-3 [SEP]"));
    QCOMPARE(shown(*t, t->encode("a\u302E\U0001D165")), std::string("[CLS] a@0-1 ##\U0001D165@1-4 ##\u302E@4-8 [SEP]"));
  }

  void cuts() {
    const std::string text = "the goalies! puck";  // 1 + 6 + 1 ids
    const Encoding full = tokenizer_->encode(text);
    QCOMPARE(full.ids.size(), std::size_t{8});
    for (const int most : {8, 9, 1 << 30}) {
      const Encoding e = tokenizer_->encode(text, most);
      QVERIFY(e.ids == full.ids && e.offsets == full.offsets && e.cut == -1);
    }
    const Encoding e = tokenizer_->encode(text, 4);
    QCOMPARE(shown(*tokenizer_, e), std::string("[CLS] the@0-3 goal@4-8 [SEP]"));
    QCOMPARE(words(e), std::string("0-3:1-2 4-11:2-3"));  // the whole word, of which one piece was kept
    QCOMPARE(e.cut, std::int64_t{8});
    QCOMPARE(e.full_length, 8);
    QVERIFY(e.word_of == (std::vector<std::int32_t>{-1, 0, 1, -1}));

    const Encoding least = tokenizer_->encode(text, 2);
    QCOMPARE(shown(*tokenizer_, least), std::string("[CLS] [SEP]"));
    QVERIFY(least.words.empty());
    QCOMPARE(least.cut, std::int64_t{0});
    for (const int bad : {1, -1, -2147483647})
      QVERIFY_THROWS_EXCEPTION(std::invalid_argument, tokenizer_->encode(text, bad));
  }

  void words_of_a_hundred_characters() {
    const std::string unknown = "[UNK]";
    const auto pieces = [&](const std::string& text) { return shown(*tokenizer_, tokenizer_->encode(text)); };
    QCOMPARE(tokenizer_->encode(std::string(100, 'a')).ids.size(), std::size_t{102});
    QCOMPARE(pieces(std::string(101, 'a')), std::string("[CLS] [UNK]@0-101 [SEP]"));
    std::string syllables;  // 34 × 3 jamo = 102 characters after normalisation
    for (int i = 0; i < 34; ++i) syllables += "각";
    QCOMPARE(pieces(syllables), std::string("[CLS] [UNK]@0-102 [SEP]"));
    std::string removed;  // control characters do not count
    for (int i = 0; i < 100; ++i) removed += "a\u200B";
    QCOMPARE(tokenizer_->encode(removed).ids.size(), std::size_t{102});
  }

  void long_texts() {
    const std::size_t mib5 = std::size_t{5} << 20;
    const Encoding word = tokenizer_->encode(std::string(mib5, 'a'));
    QCOMPARE(shown(*tokenizer_, word), std::string("[CLS] [UNK]@0-5242880 [SEP]"));
    std::string accents;
    while (accents.size() < mib5) accents += "é";
    QCOMPARE(tokenizer_->encode(accents).ids.size(), std::size_t{3});
    QCOMPARE(tokenizer_->encode(std::string(mib5, '!')).ids.size(), mib5 + 2);
    std::string marks = "a";  // one combining sequence of 2.6 million marks, in an order that has to be changed
    while (marks.size() < mib5) marks += "\u0301\u0323";
    QCOMPARE(shown(*tokenizer_, tokenizer_->encode(marks)), std::string("[CLS] a@0-1 [SEP]"));
    QCOMPARE(tokenizer_->encode(std::string(mib5, '[')).ids.size(), mib5 + 2);
    QCOMPARE(tokenizer_->encode(std::string(mib5, '\0')).ids.size(), std::size_t{2});
  }

  void not_utf8() {
    QCOMPARE(error_of([&] { tokenizer_->encode("caf\xE9 au lait"); }), std::string("text: not UTF-8 at byte 3"));
    QCOMPARE(error_of([&] { tokenizer_->encode("the puck \xED\xA0\x80"); }), std::string("text: not UTF-8 at byte 9"));
    QCOMPARE(error_of([&] { tokenizer_->encode("the puck \xE2\x82"); }), std::string("text: not UTF-8 at byte 9"));
  }

  void looks_up() {
    QCOMPARE(tokenizer_->id("puck"), 9);
    QCOMPARE(tokenizer_->id("##ie"), 7);
    QCOMPARE(tokenizer_->id("pu"), -1);
    QCOMPARE(tokenizer_->id(""), -1);
    QCOMPARE(tokenizer_->token(9), std::string("puck"));
    QCOMPARE(tokenizer_->size(), static_cast<std::int32_t>(small_pieces.size()));
    QVERIFY_THROWS_EXCEPTION(std::out_of_range, tokenizer_->token(-1));
    QVERIFY_THROWS_EXCEPTION(std::out_of_range, tokenizer_->token(tokenizer_->size()));
    const SpecialIds s = tokenizer_->specials();
    QVERIFY(s.pad == 0 && s.unk == 1 && s.cls == 2 && s.sep == 3 && s.mask == 4);
    QVERIFY(s.special(0) && s.special(2) && s.special(3) && !s.special(1) && !s.special(4));
  }

  void many_threads() {
    const std::string text = "The goalies! caf\xC3\xA9 [MASK] zebra ";
    const Encoding once = tokenizer_->encode(text);
    std::vector<std::thread> threads;
    std::atomic<int> wrong{0};
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&] {
        for (int i = 0; i < 2000; ++i)
          if (tokenizer_->encode(text).ids != once.ids) ++wrong;
      });
    for (std::thread& t : threads) t.join();
    QCOMPARE(wrong.load(), 0);
  }
};

QTEST_GUILESS_MAIN(TestTokenizer)
#include "test_tokenizer.moc"
