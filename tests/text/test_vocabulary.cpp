// Reading a tokeniser: what is honoured, and what is refused with one line that names the file and the reason.
#include "shared_data.hpp"
#include "small_vocabulary.hpp"
#include "text/tokenizer.hpp"

using namespace telltale;

namespace {

Pieces without(const std::string& gone) {
  Pieces out = small_pieces;
  std::replace(out.begin(), out.end(), gone, std::string("gone"));
  return out;
}

/// small_document() with one place changed, by JSON pointer.
Json changed(const char* pointer, Json value) {
  Json d = small_document();
  d[Json::json_pointer(pointer)] = std::move(value);
  return d;
}
Json lacking(const char* parent, const char* key) {
  Json d = small_document();
  d[Json::json_pointer(parent)].erase(key);
  return d;
}

std::vector<std::int32_t> ids(const Folder& f, const std::string& text) {
  return Tokenizer::load(f.path())->encode(text).ids;
}

}  // namespace

class TestVocabulary : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void both_forms_agree() {
    Folder lines, document;
    lines.vocab();
    document.document(small_document());
    for (const char* text : {"The goalies!", "[MASK] zebra", "Caf\xC3\xA9 \xE4\xBD\xA0"})
      QVERIFY(ids(lines, text) == ids(document, text));
    // What tokenizer.json stores of truncation (4) and padding (9) is ignored.
    QCOMPARE(ids(document, "puck").size(), std::size_t{3});
    QCOMPARE(ids(document, "the goalies!").size(), std::size_t{7});
  }

  void document_goes_before_lines() {
    Folder f;
    f.write("vocab.txt", "nonsense\n").document(small_document());
    QCOMPARE(Tokenizer::load(f.path())->source().filename().string(), std::string("tokenizer.json"));
  }

  void windows_line_ends_and_blank_lines() {
    Folder f;
    std::string lines;
    for (const std::string& p : small_pieces) lines += p + "\r\n";
    f.write("vocab.txt", lines + "\r\nlast\r\n\r\n\r\n");
    const auto t = Tokenizer::load(f.path());
    QCOMPARE(t->id("puck"), 9);
    QCOMPARE(t->id("last"), static_cast<std::int32_t>(small_pieces.size()) + 1);  // the blank line keeps its id
    QCOMPARE(t->size(), static_cast<std::int32_t>(small_pieces.size()) + 2);
  }

  void settings() {
    const std::int32_t goal = 6, Goal = 21, acute = 20, caf = 14, e = 15, unk = 1, chinese = 17;
    Folder f;
    f.vocab();
    QVERIFY(ids(f, "Goal") == (std::vector<std::int32_t>{2, goal, 3}));
    f.write("tokenizer_config.json", R"({"do_lower_case": false})");
    QVERIFY(ids(f, "Goal") == (std::vector<std::int32_t>{2, Goal, 3}));
    QVERIFY(ids(f, "caf\xC3\xA9") == (std::vector<std::int32_t>{2, caf, acute, 3}));  // accents stay with the case
    f.write("tokenizer_config.json", R"({"do_lower_case": false, "strip_accents": true})");
    QVERIFY(ids(f, "caf\xC3\xA9") == (std::vector<std::int32_t>{2, caf, e, 3}));
    f.write("tokenizer_config.json", R"({"strip_accents": false})");
    QVERIFY(ids(f, "CAF\xC3\x89") == (std::vector<std::int32_t>{2, caf, acute, 3}));
    f.write("tokenizer_config.json", R"({"tokenize_chinese_chars": false})");
    QVERIFY(ids(f, "\xE4\xBD\xA0\xE4\xBD\xA0") == (std::vector<std::int32_t>{2, unk, 3}));
    f.write("tokenizer_config.json", R"({"tokenize_chinese_chars": null})");
    QVERIFY(ids(f, "\xE4\xBD\xA0\xE4\xBD\xA0") == (std::vector<std::int32_t>{2, chinese, chinese, 3}));

    Folder d;
    d.document(changed("/normalizer/lowercase", false));
    QVERIFY(ids(d, "Goal") == (std::vector<std::int32_t>{2, Goal, 3}));
    d.write("tokenizer_config.json", R"({"do_lower_case": true, "tokenizer_class": "BertTokenizer"})");
    QVERIFY(ids(d, "Goal") == (std::vector<std::int32_t>{2, goal, 3}));
    d.write("tokenizer_config.json", R"({"do_lower_case": true, "tokenizer_class": "PreTrainedTokenizerFast"})");
    QVERIFY(ids(d, "Goal") == (std::vector<std::int32_t>{2, Goal, 3}));
    // A class of BERT's has settings of its own, whatever tokenizer.json says; so it is in transformers 4.57 and 5.24.
    d.write("tokenizer_config.json", R"({"tokenizer_class": "DistilBertTokenizer"})");
    QVERIFY(ids(d, "Goal") == (std::vector<std::int32_t>{2, goal, 3}));
    d.write("tokenizer_config.json", R"({"tokenizer_class": null})").write("config.json", R"({"model_type": "bert"})");
    QVERIFY(ids(d, "Goal") == (std::vector<std::int32_t>{2, goal, 3}));
    d.write("tokenizer_config.json", R"({"do_lower_case": false})");
    QVERIFY(ids(d, "Goal") == (std::vector<std::int32_t>{2, Goal, 3}));
    d.write("config.json", R"({"model_type": "electric"})").write("tokenizer_config.json", R"({"do_lower_case": true})");
    QVERIFY(ids(d, "Goal") == (std::vector<std::int32_t>{2, Goal, 3}));
    d.document(changed("/normalizer/handle_chinese_chars", false)).write("config.json", R"({"model_type": "distilbert"})");
    QVERIFY(ids(d, "\xE4\xBD\xA0\xE4\xBD\xA0") == (std::vector<std::int32_t>{2, chinese, chinese, 3}));
    d.document(changed("/normalizer/strip_accents", false));
    QVERIFY(ids(d, "caf\xC3\xA9") == (std::vector<std::int32_t>{2, caf, e, 3}));
    d.document(changed("/model/max_input_chars_per_word", 3));
    QVERIFY(ids(d, "goal the") == (std::vector<std::int32_t>{2, unk, 5, 3}));
    // Specials under other names.
    Folder named;
    Pieces pieces = small_pieces;
    pieces[2] = "<s>";
    named.vocab(pieces).write("tokenizer_config.json", R"({"cls_token": {"content": "<s>"}})");
    QVERIFY(ids(named, "<s>goal") == (std::vector<std::int32_t>{2, 2, goal, 3}));
  }

  void tokens_added_to_a_document() {
    Folder f;
    Json d = small_document();
    d["added_tokens"].push_back({{"id", 40}, {"content", "goal-line"}, {"normalized", false}, {"special", false}});
    const auto t = Tokenizer::load(f.document(d).path());
    QCOMPARE(t->size(), 41);
    QVERIFY(t->encode("a goal-line goal-lin Goal-line").ids ==
            (std::vector<std::int32_t>{2, 12, 40, 6, 1, 1, 6, 1, 1, 3}));
    QCOMPARE(t->encode("agoal-line").ids.size(), std::size_t{4});  // found inside a word too
    const Encoding after_accent = t->encode("\xC3\xA0goal-line");
    QVERIFY(after_accent.ids == (std::vector<std::int32_t>{2, 12, 40, 3}));
  }

  void refused_lines_data() {
    QTest::addColumn<QByteArray>("content");
    QTest::addColumn<int>("rows");
    QTest::addColumn<QString>("reason");
    const auto join = [](const Pieces& pieces) {
      std::string out;
      for (const std::string& p : pieces) out += p + "\n";
      return QByteArray::fromStdString(out);
    };
    QTest::newRow("empty") << QByteArray() << 0 << "is empty";
    QTest::newRow("blank") << QByteArray("\n\n\n") << 0 << "is empty";
    for (const char* special : {"[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"})
      QTest::newRow(special) << join(without(special)) << 0 << QString(special) + " is missing";
    Pieces twice = small_pieces;
    twice.push_back("puck");
    QTest::newRow("twice") << join(twice) << 0 << "line 29: 'puck' is there already, in line 10";
    QTest::newRow("more than rows") << join(small_pieces) << 20
                                    << "has 28 pieces, the embedding has 20 rows (8 too many)";
    QTest::newRow("not UTF-8") << join(small_pieces) + QByteArray("caf\xE9\n") << 0
                               << "line 29: a piece that is not UTF-8";
    QTest::newRow("long piece") << join(small_pieces) + QByteArray(5000, 'x') << 0 << "line 29: a piece of 5000 bytes";
    QTest::newRow("binary") << QByteArray(1000, '\0') << 0 << "missing";
  }
  void refused_lines() {
    QFETCH(QByteArray, content);
    QFETCH(int, rows);
    QFETCH(QString, reason);
    Folder f;
    f.write("vocab.txt", content.toStdString());
    const QString message = QString::fromStdString(error_of([&] { Tokenizer::load(f.path(), rows); }));
    QVERIFY2(message.startsWith(f.dir.path() + "/vocab.txt: ") && message.contains(reason) && !message.contains('\n'),
             qPrintable(message));
  }

  void refused_documents_data() {
    QTest::addColumn<QByteArray>("content");
    QTest::addColumn<QString>("reason");
    const auto row = [](const char* name, const Json& document, const char* reason) {
      QTest::newRow(name) << QByteArray::fromStdString(document.dump()) << reason;
    };
    QTest::newRow("not JSON") << QByteArray("{\"model\":") << "not valid JSON";
    QTest::newRow("deep") << QByteArray(10000, '[') << "nested deeper";
    QTest::newRow("array") << QByteArray("[]") << "expected a JSON object";
    row("no model", Json::object(), "no object \"model\"");
    row("BPE", changed("/model/type", "BPE"), "the model is 'BPE', expected WordPiece");
    row("no type", lacking("/model", "type"), "the model is 'none'");
    row("type no string", changed("/model/type", 7), "the model is 'none'");
    row("no vocab", lacking("/model", "vocab"), "no object \"vocab\"");
    row("empty vocab", changed("/model/vocab", Json::object()), "model.vocab is empty");
    row("vocab an array", changed("/model/vocab", Json::array({"a"})), "no object \"vocab\"");
    row("id no number", changed("/model/vocab/puck", "9"), "the id of 'puck' is no integer");
    row("id a fraction", changed("/model/vocab/puck", 9.5), "the id of 'puck' is no integer");
    row("id negative", changed("/model/vocab/puck", -1), "id -1 of 'puck' is out of range");
    row("id past the embedding", changed("/model/vocab/puck", 1000000),
        "'puck' has id 1000000, past the 28 rows of the embedding");
    row("id huge", changed("/model/vocab/puck", 9007199254740993), "out of range");
    row("id past 64 bits", changed("/model/vocab/puck", std::numeric_limits<std::uint64_t>::max()), "out of range");
    row("id twice", changed("/model/vocab/puck", 5), "have id 5");
    Json no_unk = lacking("/model/vocab", "[UNK]");
    no_unk["added_tokens"].erase(1);
    row("no UNK", no_unk, "[UNK] is missing");
    row("unk_token", changed("/model/unk_token", "<unk>"), "model.unk_token: expected \"[UNK]\", got \"<unk>\"");
    row("prefix", changed("/model/continuing_subword_prefix", 2), "continuing_subword_prefix");
    row("longest word", changed("/model/max_input_chars_per_word", -100), "max_input_chars_per_word");
    row("no normalizer", changed("/normalizer", nullptr), "no object \"normalizer\"");
    row("other normalizer", changed("/normalizer/type", "NFKC"), "the normalizer is 'NFKC', expected BertNormalizer");
    row("flag", changed("/normalizer/lowercase", "yes"), "lowercase: expected true or false, got string");
    row("other pre-tokenizer", changed("/pre_tokenizer/type", "Whitespace"), "the pre_tokenizer is 'Whitespace'");
    row("no template", changed("/post_processor", nullptr), "no object \"post_processor\"");
    row("other template", changed("/post_processor/single/0/SpecialToken/id", "[SEP]"),
        "does not give [CLS] text [SEP]");
    row("short template", changed("/post_processor/single", Json::array()), "does not give [CLS] text [SEP]");
    row("odd template", changed("/post_processor/single/0", 3), "does not give [CLS] text [SEP]");
    row("added no array", changed("/added_tokens", 3), "added_tokens: expected an array");
    row("added no object", changed("/added_tokens/0", 3), "added_tokens[0]: expected");
    row("added empty", changed("/added_tokens/0/content", ""), "added_tokens[0]");
    row("added normalised", changed("/added_tokens/4/normalized", true),
        "added_tokens[4] ('[MASK]'): \"normalized\": true is not supported");
    row("added with another id", changed("/added_tokens/4/id", 3), "both have id 3");
    row("added past the embedding", changed("/added_tokens/4/id", 28), "past the 28 rows");
    row("added twice", changed("/added_tokens/4", small_document()["added_tokens"][3]), "is there twice");
  }
  void refused_documents() {
    QFETCH(QByteArray, content);
    QFETCH(QString, reason);
    Folder f;
    f.write("tokenizer.json", content.toStdString());
    const QString message = QString::fromStdString(error_of([&] { Tokenizer::load(f.path(), 28); }));
    QVERIFY2(
        message.startsWith(f.dir.path() + "/tokenizer.json: ") && message.contains(reason) && !message.contains('\n'),
        qPrintable(message));
  }

  void ids_need_a_bound_without_rows_too() {
    Folder f;
    f.document(changed("/model/vocab/puck", 2000000000));
    QVERIFY(QString::fromStdString(error_of([&] { Tokenizer::load(f.path()); })).contains("out of range"));
  }

  void refused_folders() {
    Folder f;
    QVERIFY(QString::fromStdString(error_of([&] {
              Tokenizer::load(f.path());
            })).contains("no tokenizer.json and no vocab.txt"));
    QVERIFY(QString::fromStdString(error_of([&] { Tokenizer::load(f.path() / "none"); })).contains("no such folder"));
    f.vocab().write("tokenizer_config.json", "[1]");
    QVERIFY(QString::fromStdString(error_of([&] {
              Tokenizer::load(f.path());
            })).contains("tokenizer_config.json: expected a JSON object"));
    f.write("tokenizer_config.json", R"({"do_lower_case": "no"})");
    QVERIFY(QString::fromStdString(error_of([&] {
              Tokenizer::load(f.path());
            })).contains("tokenizer_config.json: do_lower_case"));
    f.write("tokenizer_config.json", R"({"cls_token": "<s>"})");
    QVERIFY(QString::fromStdString(error_of([&] { Tokenizer::load(f.path()); })).contains("vocab.txt: <s> is missing"));
    f.write("tokenizer_config.json", "{}").write("added_tokens.json", R"({"hockey": 28})");
    QVERIFY(QString::fromStdString(error_of([&] {
              Tokenizer::load(f.path());
            })).contains("added_tokens.json: 'hockey' is not in vocab.txt"));
    f.write("added_tokens.json", R"({"puck": 9})");
    QCOMPARE(error_of([&] { Tokenizer::load(f.path()); }), std::string());
  }

  void golden_broken_folders() {
    TELLTALE_NEEDS_SHARED(shared);
    const auto broken = shared / "golden/broken";
    const std::int64_t rows = Tokenizer::load(shared / "golden/models/tiny-bert/fp32")->size();
    QVERIFY(QString::fromStdString(error_of([&] {
              Tokenizer::load(broken / "vocab-without-unk", rows);
            })).endsWith("vocab-without-unk/vocab.txt: [UNK] is missing"));
    QVERIFY(QString::fromStdString(error_of([&] {
              Tokenizer::load(broken / "vocab-larger-than-embedding", rows);
            })).contains("vocab.txt: has 300 pieces, the embedding has 293 rows (7 too many)"));
  }
};

QTEST_GUILESS_MAIN(TestVocabulary)
#include "test_vocabulary.moc"
