// `telltale data spans` and `telltale simulate`: out, back in, what is refused; reports.
#include "program.hpp"
#include "store/marks.hpp"
#include "store/simulations.hpp"

using namespace telltale;

namespace {

struct Place {
  QTemporaryDir dir;
  QString path(const QString& name) const { return dir.filePath(name); }
  QString db() const { return path("a.telltale"); }
  void write(const QString& name, const QByteArray& bytes) const {
    QFile f(path(name));
    QVERIFY(f.open(QIODevice::WriteOnly));
    f.write(bytes);
  }
  Place() {
    write("posts.jsonl",
          "{\"text\":\"The goalie stood\",\"label\":\"hockey\",\"split\":\"train\",\"id\":\"h1\"}\n"
          "{\"text\":\"Na\xc3\xafve play\",\"label\":\"hockey\",\"split\":\"test\",\"id\":\"h2\",\"spans\":[{\"begin\":0,\"end\":6,\"kind\":\"shared\"}]}\n"
          "{\"text\":\"A curve ball\",\"label\":\"baseball\",\"split\":\"test\",\"id\":\"b1\"}\n");
    telltale_program({"data", "import", path("posts.jsonl"), "--db", db(), "--name", "one"});
  }
  Run spans(const QStringList& more) const { return telltale_program(QStringList{"data", "spans", "--db", db(), "--name", "one"} + more); }
  std::unique_ptr<Store> open() const { return Store::open(db().toStdString(), Store::Mode::write); }
};

}  // namespace

class TestCliSpans : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void out_and_back() {
    Place p;
    {
      auto store = p.open();
      set_marks(*store, 1, "Ann", {{4, 10, "telling"}, {11, 16, "shared"}});
      set_marks(*store, 1, "Bob", {{4, 10, "telling"}});
      set_marks(*store, 2, "Ann", {{7, 11, "telling"}});
    }
    const auto lines = p.spans({}).lines();
    QCOMPARE(lines.size(), 2u);  // nobody marked b1
    QCOMPARE(lines[0]["id"], Json("h1"));
    QCOMPARE(lines[0]["label"], Json("hockey"));
    QCOMPARE(lines[0]["text"], Json("The goalie stood"));
    QCOMPARE(lines[0]["spans"].size(), 3u);
    QCOMPARE(lines[1]["spans"].size(), 2u);
    QVERIFY(lines[1]["spans"][0]["annotator"].is_null() && lines[1]["spans"][0]["kind"] == "shared");  // came with the post
    QVERIFY(lines[1]["spans"][1]["annotator"] == "Ann" && lines[1]["spans"][1]["begin"] == 7 && lines[1]["spans"][1]["created"].get<std::string>().size() == 20);
    QCOMPARE(p.spans({"--annotator", "Bob"}).lines().size(), 1u);
    QCOMPARE(p.spans({"--annotator", "imported"}).lines()[0]["id"], Json("h2"));
    const Run to_file = p.spans({"--out", p.path("out.jsonl"), "--json"});
    QVERIFY2(to_file.status == 0 && to_file.json()["posts"] == 2, to_file.err);
    const Json listed = p.spans({"--list", "--json"}).json();
    QCOMPARE(listed["annotators"], Json::parse(R"([{"annotator":null,"posts":1},{"annotator":"Ann","posts":2,"spans":3},{"annotator":"Bob","posts":1,"spans":1}])"));
    // Into a fresh file with the same posts: the same marks; the imported ones are there already and are said to be left out.
    Place q;
    const Run in = q.spans({"--import", p.path("out.jsonl"), "--json"});
    QVERIFY2(in.status == 0, in.err);
    QCOMPARE(in.json(), Json::parse(R"({"dataset":"one","posts":2,"spans":4,"imported":1,"errors":[]})"));
    const auto strip = [](std::vector<Json> all) {
      for (Json& l : all)
        for (Json& s : l["spans"]) s.erase("created");
      return Json(all);
    };
    QCOMPARE(strip(q.spans({}).lines()), strip(lines));
    QCOMPARE(q.spans({"--import", p.path("out.jsonl"), "--json"}).json()["posts"], Json(0));  // again: nothing changes
    // As posts: whoever marked, the spans come with them.
    const Run posts = telltale_program({"data", "import", p.path("out.jsonl"), "--db", q.db(), "--name", "two", "--json"});
    QVERIFY2(posts.status == 0 && posts.json()["documents"] == 2, posts.err);
    // Everything in one person's name.
    const Run cat = q.spans({"--import", p.path("out.jsonl"), "--annotator", "Cat"});
    QCOMPARE(cat.status, 1);  // Ann's and Bob's goalie overlap when both are Cat's
    QVERIFY2(cat.err.contains("line 1") && cat.err.contains("overlap"), cat.err);
    QVERIFY(!q.spans({"--annotator", "Cat"}).lines().empty());  // the other line was read
  }

  void bad_lines_are_named_and_the_others_read() {
    Place p;
    p.write("in.jsonl",
            "{\"id\":\"h1\",\"spans\":[{\"begin\":4,\"end\":99,\"annotator\":\"Ann\"}]}\n"
            "not json\n"
            "{\"id\":\"zz\",\"spans\":[]}\n"
            "{\"id\":\"b1\",\"text\":\"another text\",\"spans\":[]}\n"
            "{\"id\":\"b1\",\"spans\":[{\"begin\":1,\"end\":2,\"annotator\":\"Ann\"}]}\n"
            "{\"id\":\"h2\",\"spans\":[{\"begin\":0,\"end\":3,\"annotator\":\"Ann\"}]}\n"
            "{\"id\":\"h2\",\"spans\":[{\"begin\":\"0\",\"end\":3,\"annotator\":\"Ann\"}]}\n"
            "\n"
            "{\"id\":\"b1\",\"spans\":[{\"begin\":2,\"end\":7,\"annotator\":\"Ann\"}]}\n");
    const Run r = p.spans({"--import", p.path("in.jsonl"), "--json"});
    QCOMPARE(r.status, 1);
    const Json errors = r.json()["errors"];
    const char* says[] = {"line 1: span [4, 99] ends past the text of 16 bytes", "line 2", "line 3: no post 'zz'", "line 4: post 'b1' has another text", "line 5: span [1, 2] holds no character but blanks",
                          "line 6: span [0, 3] cuts a UTF-8 character", "line 7: spans: expected a byte offset \"begin\""};
    QCOMPARE(errors.size(), std::size(says));
    for (std::size_t k = 0; k < std::size(says); ++k) QVERIFY2(errors[k].get<std::string>().find(says[k]) != std::string::npos, errors[k].dump().c_str());
    QCOMPARE(p.spans({}).lines().size(), 2u);
    QCOMPARE(marks_of(*p.open(), 3, "Ann").size(), 1u);
  }

  void bad_usage() {
    Place p;
    const auto refused = [](const Run& r, int status, const char* says) {
      QVERIFY2(r.status == status && r.one_line_of_complaint() && r.err.contains(says), r.err);
    };
    refused(p.spans({"--annotator", "Ann"}), 2, "marked nothing");
    refused(p.spans({"--import", p.path("none.jsonl")}), 1, "none.jsonl");
    refused(p.spans({"--import", p.path("posts.jsonl"), "--annotator", "any"}), 2, "is no name");
    refused(p.spans({"--import", p.path("posts.jsonl"), "--list"}), 2, "one at a time");
    refused(telltale_program({"data", "spans", "--db", p.db(), "--name", "two"}), 2, "one");
    refused(telltale_program({"simulate", "--db", p.db(), "--session", "1"}), 2, "no session 1");
    refused(telltale_program({"simulate", "--db", p.db(), "--plan"}), 2, "--run");
    refused(telltale_program({"simulate", "--db", p.db(), "--plan", "--run", "7", "--participant", "Ann"}), 2, "7");
    refused(telltale_program({"simulate", "--db", p.db(), "--csv", "x"}), 2, "--session");
    refused(telltale_program({"evaluate", "--model", p.path("m"), "--input", p.path("posts.jsonl"), "--methods", "random", "--metrics", "auprc", "--annotator", "Ann"}), 2, "--annotator");
    QCOMPARE(telltale_program({"simulate", "--db", p.db()}).out, QByteArray("no session yet\n"));
    QCOMPARE(telltale_program({"simulate", "--db", p.db(), "--json"}).json(), Json::array());
  }

  void a_session_is_listed_and_reported() {
    Place p;
    {
      auto store = p.open();
      SimulationRecord s;
      s.fingerprint = "f", s.dataset = 1, s.participant = "Ann";
      s.protocol = {{"method", "occlusion"}};
      s.items = {{1, true, 1, -1}, {2, false, 0, -1}, {3, true, 0, -1}};
      add_simulation(*store, s);
      answer_simulation(*store, 1, 0, 1, 5, 2000);
      answer_simulation(*store, 1, 1, 1, 2, 3000);
    }
    const Json list = telltale_program({"simulate", "--db", p.db(), "--json"}).json();
    QCOMPARE(list.size(), 1u);
    QVERIFY(list[0]["answered"] == 2 && list[0]["posts"] == 3 && list[0]["finished"] == false && list[0]["method"] == "occlusion" && list[0]["run"].is_null());
    const Json r = telltale_program({"simulate", "--db", p.db(), "--session", "1", "--csv", p.path("s.csv"), "--json"}).json();
    QVERIFY(r["with"]["right"] == 1 && r["with"]["answered"] == 1 && r["without"]["right"] == 0 && r["difference"]["accuracy"] == 1.0 && r["difference"]["p"] == 1.0);
    QCOMPARE(r["difference"]["verdict"], Json("no clear difference"));
    QFile csv(p.path("s.csv"));
    QVERIFY(csv.open(QIODevice::ReadOnly));
    QVERIFY(csv.readAll().startsWith("place,post,condition,predicted,gold,answer,right,confidence,milliseconds,answered\n1,1,with,\"hockey\",\"hockey\",\"hockey\",1,5,2000,20"));
    const Run people = telltale_program({"simulate", "--db", p.db(), "--session", "1"});
    QVERIFY2(people.status == 0 && people.out.contains("2 of 3 posts answered") && people.out.contains("no clear difference") && people.out.contains("Fisher"), people.out);
  }
};

QTEST_GUILESS_MAIN(TestCliSpans)
#include "test_cli_spans.moc"
