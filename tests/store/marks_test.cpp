// What people mark, and sessions of simulatability: kept, put away and brought back, refused where they fit no text.
#include "store/marks.hpp"
#include "store/schema.hpp"
#include "store/simulations.hpp"
#include "store/temporary.hpp"

using namespace telltale;

namespace {

std::string told(const std::vector<MarkedSpan>& spans) {
  std::string out;
  for (const MarkedSpan& s : spans) out += (out.empty() ? "" : " ") + std::to_string(s.begin) + "-" + std::to_string(s.end) + (s.kind == "telling" ? "t" : s.kind == "shared" ? "s" : "?");
  return out;
}

std::string told(const std::vector<Mark>& marks) {
  std::vector<MarkedSpan> spans;
  for (const Mark& m : marks) spans.push_back(m.span);
  return told(spans);
}

struct Place {
  Temporary tmp;
  std::unique_ptr<Store> store = Store::open(tmp / "a.telltale", Store::Mode::create);
  DatasetInfo data = small_dataset(*store);
};

SimulationRecord session_of(std::int64_t dataset) {
  SimulationRecord s;
  s.fingerprint = "f";
  s.dataset = dataset;
  s.participant = "Ann";
  s.protocol = {{"kind", "simulatability"}, {"seed", 7}};
  s.items = {{3, true, 1, 0}, {1, false, 0, -1}, {4, true, 0, -1}};
  return s;
}

}  // namespace

class MarksTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void spans_join_and_cut() {
    QCOMPARE(told(with_span({}, {3, 5, "telling"})), std::string("3-5t"));
    QCOMPARE(told(with_span({{0, 4, "telling"}, {6, 9, "telling"}, {12, 14, "telling"}}, {3, 7, "telling"})), std::string("0-9t 12-14t"));
    QCOMPARE(told(with_span({{0, 10, "telling"}}, {3, 5, "shared"})), std::string("0-3t 3-5s 5-10t"));
    QCOMPARE(told(with_span({{0, 4, "shared"}}, {4, 6, "shared"})), std::string("0-4s 4-6s"));  // side by side is no overlap
    QCOMPARE(told(without_spans({{0, 4, "telling"}, {4, 6, "shared"}, {8, 9, "telling"}}, 3, 5)), std::string("8-9t"));
  }

  /// Three annotators, counted by hand: bytes 0-4 by two, 4-6 by three, 6-8 by one.
  void several_annotators() {
    const std::vector<std::vector<MarkedSpan>> three{{{0, 6, "telling"}}, {{4, 8, "telling"}}, {{0, 3, "telling"}, {2, 6, "telling"}, {9, 10, "shared"}}};
    QCOMPARE(told(combined(three, false)), std::string("0-8t 9-10s"));
    QCOMPARE(told(combined(three, true)), std::string("0-6t"));
    QCOMPARE(told(combined({{{0, 2, "telling"}}, {{1, 3, "telling"}}}, true)), std::string("1-2t"));  // of two, both
    QCOMPARE(told(combined({}, true)), std::string());
  }

  void what_is_marked_is_kept() {
    Place at;
    QVERIFY(set_marks(*at.store, 1, "Ann", {{4, 10, "telling"}, {0, 3, "shared"}}));
    QVERIFY(!set_marks(*at.store, 1, "Ann", {{0, 3, "shared"}, {4, 10, "telling"}}));  // as it was
    QVERIFY(set_marks(*at.store, 1, "Bob", {{4, 10, "telling"}}));
    QVERIFY(set_marks(*at.store, 3, "Ann", {{0, 6, "telling"}}));  // "Naïve" has six bytes
    QCOMPARE(told(marks_of(*at.store, 1, "Ann")), std::string("0-3s 4-10t"));
    QCOMPARE(marks_of(*at.store, 1).size(), 3u);
    const Mark first = marks_of(*at.store, 1, "Ann")[1];
    QCOMPARE(first.annotator, std::string("Ann"));
    QVERIFY(first.created.size() == 20 && first.created.back() == 'Z');
    QCOMPARE(marked_documents(*at.store, at.data.id), (std::vector<std::int64_t>{1, 3}));
    QCOMPARE(marked_documents(*at.store, at.data.id, "Bob"), (std::vector<std::int64_t>{1}));
    const auto who = annotators(*at.store, at.data.id);
    QCOMPARE(who.size(), 2u);
    QVERIFY(who[0].annotator == "Ann" && who[0].posts == 2 && who[0].marks == 3 && who[1].annotator == "Bob" && who[1].posts == 1);
    // Taken away and brought back: the same mark, of the same time.
    sql(at.tmp / "a.telltale", "UPDATE marks SET created = '2020-01-01T00:00:00Z' WHERE id = " + std::to_string(first.id));
    QVERIFY(set_marks(*at.store, 1, "Ann", {{0, 3, "shared"}}));
    QCOMPARE(told(marks_of(*at.store, 1, "Ann")), std::string("0-3s"));
    QVERIFY(set_marks(*at.store, 1, "Ann", {{0, 3, "shared"}, {4, 10, "telling"}}));
    const Mark back = marks_of(*at.store, 1, "Ann")[1];
    QCOMPARE(back.id, first.id);
    QCOMPARE(back.created, std::string("2020-01-01T00:00:00Z"));
    QCOMPARE(told(marks_of(*at.store, 1, "Bob")), std::string("4-10t"));  // nobody else's changed
    at.store.reset();
    at.store = Store::open(at.tmp / "a.telltale", Store::Mode::read);
    QCOMPARE(told(marks_of(*at.store, 1, "Ann")), std::string("0-3s 4-10t"));
    QVERIFY(error_of([&] { set_marks(*at.store, 1, "Ann", {}); }).find("opened for reading only") != std::string::npos);
  }

  void refused_data() {
    QTest::addColumn<qint64>("document");
    QTest::addColumn<QString>("annotator");
    QTest::addColumn<qint64>("begin");
    QTest::addColumn<qint64>("end");
    QTest::addColumn<QString>("kind");
    QTest::addColumn<QString>("says");
    const auto row = [](const char* name, qint64 d, const char* who, qint64 b, qint64 e, const char* kind, const char* says) { QTest::newRow(name) << d << who << b << e << kind << says; };
    row("past the end", 1, "Ann", 20, 28, "telling", "span [20, 28] ends past the text of 27 bytes");
    row("before the start", 1, "Ann", -1, 3, "telling", "empty or turned round");
    row("no character", 1, "Ann", 4, 4, "telling", "empty or turned round");
    row("turned round", 1, "Ann", 5, 4, "telling", "empty or turned round");
    row("a blank alone", 1, "Ann", 3, 4, "telling", "holds no character but blanks");
    row("through a character", 3, "Ann", 0, 3, "telling", "cuts a UTF-8 character");
    row("another kind", 1, "Ann", 4, 10, "loud", "there are: telling, shared");
    row("over another", 1, "Ann", 8, 13, "shared", "spans [8, 13] and [11, 18] of one annotator overlap");
    row("no name", 1, "", 4, 10, "telling", "expected a name");
    row("a name that is a choice", 1, "majority", 4, 10, "telling", "is no name");
    row("a name of two lines", 1, "a\nb", 4, 10, "telling", "control characters");
    row("no such post", 99, "Ann", 4, 10, "telling", "99");
  }
  void refused() {
    QFETCH(qint64, document);
    QFETCH(QString, annotator);
    QFETCH(qint64, begin);
    QFETCH(qint64, end);
    QFETCH(QString, kind);
    QFETCH(QString, says);
    Place at;
    set_marks(*at.store, 1, "Ann", {{0, 3, "shared"}});
    std::string said;
    try {
      set_marks(*at.store, document, annotator.toStdString(), {{11, 18, "telling"}, {begin, end, kind.toStdString()}});
    } catch (const std::invalid_argument& e) {
      said = e.what();
    }
    QVERIFY2(said.find(says.toStdString()) != std::string::npos && said.find('\n') == std::string::npos, said.c_str());
    QCOMPARE(told(marks_of(*at.store, 1)), std::string("0-3s"));  // nothing of it was kept
  }

  void whose_marks_count() {
    Place at;
    auto import = at.store->begin_import("spans", "made up", {});
    Document d;
    d.external_id = "x", d.split = "test", d.text = "0123456789", d.spans = {{0, 5, "telling"}};
    import->add(d, "c");
    const DatasetInfo data = import->commit({});
    const Document post = at.store->documents({.dataset = data.id})[0];
    QCOMPARE(imported_documents(*at.store, data.id), (std::vector<std::int64_t>{post.id}));
    QVERIFY(marked_documents(*at.store, data.id).empty());  // what came with the posts is not drawn here
    const std::string nobody = error_of([&] { ChosenMarks(*at.store, data.id, "Ann"); });
    QVERIFY2(nobody.find("annotator 'Ann' marked nothing") != std::string::npos && nobody.find("imported, any, majority") != std::string::npos, nobody.c_str());
    const std::string before = ChosenMarks(*at.store, data.id, "any").digest();
    set_marks(*at.store, post.id, "Ann", {{3, 8, "telling"}});
    set_marks(*at.store, post.id, "Bob", {{3, 4, "telling"}, {7, 9, "telling"}});
    const auto chosen = [&](const char* whose) { return told(ChosenMarks(*at.store, data.id, whose).of(post)); };
    QCOMPARE(chosen("imported"), std::string("0-5t"));
    QCOMPARE(chosen("Ann"), std::string("3-8t"));
    QCOMPARE(chosen("Bob"), std::string("3-4t 7-9t"));
    QCOMPARE(chosen("any"), std::string("0-9t"));
    QCOMPARE(chosen("majority"), std::string("3-5t 7-8t"));
    // Figures of other marks are other figures.
    const std::string after = ChosenMarks(*at.store, data.id, "any").digest(), ann = ChosenMarks(*at.store, data.id, "Ann").digest();
    QVERIFY(before.size() == 16 && before != after && after != ann);
    QCOMPARE(ChosenMarks(*at.store, data.id, "Ann").digest(), ann);
    set_marks(*at.store, post.id, "Bob", {});
    QCOMPARE(ChosenMarks(*at.store, data.id, "Ann").digest(), ann);  // Bob is not Ann
    QVERIFY(ChosenMarks(*at.store, data.id, "any").digest() != after);
    QVERIFY(ChosenMarks(*at.store, data.id, "imported").digest().empty());
  }

  void sessions_are_kept() {
    Place at;
    const std::int64_t id = add_simulation(*at.store, session_of(at.data.id));
    SimulationRecord s = simulation(*at.store, id);
    QCOMPARE(s.items.size(), 3u);
    QVERIFY(!s.run && s.participant == "Ann" && s.protocol["seed"] == 7 && s.created.size() == 20 && s.answered() == 0 && !s.finished());
    QVERIFY(s.items[0].document == 3 && s.items[0].explained && s.items[0].predicted == 1 && s.items[0].foil == 0 && !s.items[1].explained);
    QCOMPARE(s.items[0].label, at.store->document(3).label);
    answer_simulation(*at.store, id, 0, 1, 4, 2500);
    at.store.reset();  // aborted: what was answered is there
    at.store = Store::open(at.tmp / "a.telltale", Store::Mode::write);
    s = simulation(*at.store, id);
    QCOMPARE(s.answered(), 1u);
    QVERIFY(s.items[0].answer == 1 && s.items[0].confidence == 4 && s.items[0].milliseconds == 2500 && s.items[0].answered.size() == 20 && !s.items[1].answer);
    const auto refused = [&](auto&& call, const char* says) {
      const std::string said = error_of(call);
      QVERIFY2(said.find(says) != std::string::npos, said.c_str());
    };
    refused([&] { answer_simulation(*at.store, id, 0, 0, {}, 1); }, "answered already");
    refused([&] { answer_simulation(*at.store, id, 3, 0, {}, 1); }, "no post 4, it has 3");
    refused([&] { answer_simulation(*at.store, id, 1, 2, {}, 1); }, "expected a class, 0 to 1");
    refused([&] { answer_simulation(*at.store, id, 1, 0, 6, 1); }, "expected 1 to 5");
    refused([&] { answer_simulation(*at.store, id, 1, 0, {}, -1); }, "-1 ms");
    refused([&] { simulation(*at.store, 9); }, "no session 9; there are: 1");
    QCOMPARE(simulation(*at.store, id).answered(), 1u);
    answer_simulation(*at.store, id, 1, 0, {}, 1);
    answer_simulation(*at.store, id, 2, 0, {}, 1);
    QVERIFY(simulation(*at.store, id).finished());
    remove_simulation(*at.store, id);
    QVERIFY(simulations(*at.store).empty());
    at.store->remove_dataset(at.data.id);  // with everything of it
  }

  /// A file of schema 9 with data: marks and sessions can be added, nothing else changed.
  void from_the_schema_before() {
    Temporary tmp;
    const auto file = tmp / "a.telltale";
    {
      SQLite::Database db(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
      migrate(db, 0, 9);
      db.exec("INSERT INTO datasets(name, source, created) VALUES('old', 'x', ''); INSERT INTO classes VALUES(1, 1, 0, 'c'); INSERT INTO documents VALUES(1, 1, 1, 'train', 'a', 6, 0, '[{\"begin\":0,\"end\":3,\"kind\":\"shared\"}]');"
              "INSERT INTO texts VALUES(1, 'goalie'); INSERT INTO protocols VALUES(1, '{\"measure\":\"auprc\"}'); INSERT INTO measures VALUES(1, 'f', 1, NULL); INSERT INTO measure_values VALUES(1, 1, 0, -1, 0, 0.5, NULL)");
      QVERIFY(db.execAndGet("SELECT count(*) FROM sqlite_master WHERE name = 'marks'").getInt() == 0);
    }
    auto store = Store::open(file, Store::Mode::write);
    QCOMPARE(SQLite::Database(file.string()).execAndGet("PRAGMA user_version").getInt(), schema_version());
    QVERIFY(schema_version() >= 10);
    QCOMPARE(told(store->document(1).spans), std::string("0-3s"));
    QVERIFY(marks_of(*store, 1).empty() && simulations(*store).empty());
    QCOMPARE(store->measure_values(1)[0].value, 0.5);
    QVERIFY(set_marks(*store, 1, "Ann", {{0, 6, "telling"}}));
    SimulationRecord s = session_of(1);
    s.items = {{1, false, 0, -1}};
    QCOMPARE(add_simulation(*store, s), 1);
    store.reset();
    // A program that knows less refuses it by its number.
    sql(file, "PRAGMA user_version = " + std::to_string(schema_version() + 1));
    const std::string said = error_of([&] { Store::open(file, Store::Mode::read); });
    QVERIFY2(said.find("newer version of Telltale (schema " + std::to_string(schema_version() + 1)) != std::string::npos, said.c_str());
  }
};

QTEST_GUILESS_MAIN(MarksTest)
#include "marks_test.moc"
