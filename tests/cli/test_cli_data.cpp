// `telltale data import|list|show`: every kind of source, the shapes of CONTRACT.md, and sources that mean harm.
#include <sys/resource.h>

#include <csignal>

#include <QDir>
#include <QFile>
#include <QFileInfo>

#include "program.hpp"
#include "text/small_vocabulary.hpp"

using telltale::Json;

namespace {

/// A folder with sources, and a file they are imported into.
struct Place : Folder {
  Place& write(const QString& name, const QByteArray& bytes) {
    QDir().mkpath(QFileInfo(path(name)).path());
    Folder::write(name.toStdString(), bytes.toStdString());
    return *this;
  }
  QString path(const QString& name) const { return dir.filePath(name); }
  QString db() const { return path("posts.telltale"); }
  Run import(const QString& source, const QString& name, const QStringList& more = {}) const {
    return telltale_program(QStringList{"data", "import", path(source), "--db", db(), "--name", name} + more);
  }
  Json imported(const QString& source, const QString& name, const QStringList& more = {}) const {
    const Run r = import(source, name, more + QStringList{"--json"});
    if (r.status != 0 || !r.err.isEmpty()) qWarning("exit %d: %s", r.status, r.err.constData());
    return r.status == 0 ? r.json() : Json();
  }
  Json list() const { return telltale_program({"data", "list", "--db", db(), "--json"}).json(); }
  Json show(const QStringList& more) const { return telltale_program(QStringList{"data", "show", "--db", db(), "--json"} + more).json(); }
  bool shell(const QString& line) const {
    QProcess p;
    p.setWorkingDirectory(dir.path());
    p.start("/bin/sh", {"-ec", line});
    return p.waitForFinished() && p.exitStatus() == QProcess::NormalExit && p.exitCode() == 0;
  }
};

const char* const some_posts =
    "{\"text\":\"The goalie stood on his head.\",\"label\":\"hockey\",\"split\":\"train\",\"id\":\"h1\"}\n"
    "{\"text\":\"Two outs in the ninth.\",\"label\":\"baseball\",\"split\":\"train\",\"id\":\"b1\"}\n"
    "{\"text\":\"Power play again\",\"label\":\"hockey\",\"split\":\"test\",\"id\":\"h2\",\"spans\":[{\"begin\":0,\"end\":10,\"kind\":\"telling\"}]}\n"
    "{\"text\":\"A curve ball\",\"label\":\"baseball\",\"split\":\"test\",\"id\":\"b2\"}\n";

}  // namespace

class TestCliData : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void shapes() {
    Place p;
    p.write("posts.jsonl", some_posts);
    const Json made = p.imported("posts.jsonl", "one");
    QCOMPARE(made["dataset"], Json("one"));
    QCOMPARE(made["documents"], Json(4));
    QCOMPARE(made["classes"], Json::parse(R"({"baseball":{"train":1,"test":1},"hockey":{"train":1,"test":1}})"));
    QCOMPARE(made["first"], Json::parse(R"({"train":1,"test":3})"));
    QCOMPARE(made["skipped"], Json::array());
    QCOMPARE(p.show({}), made);
    QCOMPARE(p.list(), Json::array({made}));
    const Json post = p.show({"--doc", "h2"});
    QCOMPARE(post, Json::parse(R"({"doc":3,"id":"h2","dataset":"one","split":"test","label":"hockey","text":"Power play again","spans":[{"begin":0,"end":10,"kind":"telling"}]})"));
    QCOMPARE(p.show({"--doc", "3"}), post);
    const Json found = p.show({"--search", "GOALIE stood"});
    QCOMPARE(found["found"], Json(1));
    QCOMPARE(found["posts"], Json::parse(R"([{"doc":1,"id":"h1","split":"train","label":"hockey"}])"));
    const Run people = telltale_program({"data", "show", "--db", p.db()});
    QVERIFY(people.status == 0 && people.out.startsWith("one: 4 posts, 2 classes\n") && people.out.contains("hockey"));
    QVERIFY(telltale_program({"data", "list", "--db", p.db()}).out.startsWith("one: 4 posts, 2 classes, from "));
  }

  /// The same four posts from every kind of source.
  void sources_data() {
    QTest::addColumn<QString>("source");
    QTest::addColumn<QStringList>("more");
    QTest::addColumn<bool>("split");
    QTest::newRow("jsonl") << "posts.jsonl" << QStringList() << true;
    QTest::newRow("csv") << "posts.csv" << QStringList() << true;
    QTest::newRow("csv, other columns") << "other.csv" << QStringList{"--text-column", "body", "--label-column", "kind", "--split-column", "part", "--id-column", "key"} << true;
    QTest::newRow("tsv") << "posts.tsv" << QStringList() << true;
    QTest::newRow("jsonl under another name") << "posts.txt" << QStringList{"--format", "jsonl"} << true;
    QTest::newRow("folder") << "tree" << QStringList{"--test-share", "0.5"} << false;
    QTest::newRow("archive of folders") << "tree.tar.gz" << QStringList{"--test-share", "0.5"} << false;
    QTest::newRow("20 Newsgroups folder") << "20news" << QStringList() << true;
    QTest::newRow("20 Newsgroups archive") << "20news.tar.gz" << QStringList() << true;
  }
  void sources() {
    QFETCH(QString, source);
    QFETCH(QStringList, more);
    QFETCH(bool, split);
    Place p;
    p.write("posts.jsonl", some_posts).write("posts.txt", some_posts);
    const QByteArray rows =
        "\"The goalie stood on his head.\",hockey,train,h1\r\nTwo outs in the ninth.,baseball,train,b1\r\nPower play again,hockey,test,h2\r\nA curve ball,baseball,test,b2\r\n";
    p.write("posts.csv", "text,label,split,id\r\n" + rows).write("other.csv", "body,kind,part,key\r\n" + rows);
    p.write("posts.tsv", "text\tlabel\tsplit\tid\n" + QByteArray(rows).replace("\"", "").replace(",", "\t").replace("\r", ""));
    QVERIFY(p.shell("mkdir -p tree/hockey tree/baseball; echo 'The goalie stood on his head.' > tree/hockey/h1; echo 'Power play again' > tree/hockey/h2;"
                    "echo 'Two outs in the ninth.' > tree/baseball/b1; echo 'A curve ball' > tree/baseball/b2; tar czf tree.tar.gz tree;"
                    "for c in hockey baseball; do for s in train test; do mkdir -p 20news/20news-bydate-$s/$c; done; done;"
                    "for k in hockey/h1:train hockey/h2:test baseball/b1:train baseball/b2:test; do f=${k%:*}; cp tree/$f 20news/20news-bydate-${k#*:}/$f; done; (cd 20news; tar czf ../20news.tar.gz *)"));
    const Json made = p.imported(source, "posts", more);
    QCOMPARE(made["documents"], Json(4));
    QCOMPARE(made["classes"], Json::parse(R"({"baseball":{"train":1,"test":1},"hockey":{"train":1,"test":1}})"));
    QCOMPARE(made["split"] == Json("given"), split);
    QCOMPARE(p.show({"--search", "goalie"})["posts"][0]["label"], Json("hockey"));
    // Only some of the classes; one that is not there is bad usage.
    QCOMPARE(p.imported(source, "some", more + QStringList{"--classes", "hockey"})["classes"].size(), std::size_t{1});
    const Run none = p.import(source, "none", more + QStringList{"--classes", "hockey,curling"});
    QVERIFY2(none.status == 2 && none.one_line_of_complaint() && none.err.contains("curling"), none.err);
    QCOMPARE(p.list().size(), std::size_t{2});
  }

  void strip() {
    Place p;
    p.write("g/a/1", "From: me\nSubject: it\n\nI say so.\n> you said so\nIn article <1@x> someone writes:\n\n--\nmy signature\n").write("g/a/2", "x: y\n\nall here\n").write("g/b/3", "x: y\n\nother\n");
    QVERIFY(p.imported("g", "stripped", {"--strip", "headers,footers,quotes"}).is_object());
    const std::string text = p.show({"--name", "stripped", "--doc", "1"})["text"];
    QVERIFY2(text.find("I say so.") != text.npos && text.find("From:") == text.npos && text.find("you said") == text.npos && text.find("signature") == text.npos, text.c_str());
    const Run bad = p.import("g", "other", {"--strip", "headers,hats"});
    QVERIFY2(bad.status == 2 && bad.one_line_of_complaint() && bad.err.contains("hats") && bad.err.contains("footers"), bad.err);
  }

  void refused_data() {
    QTest::addColumn<QString>("name");
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QStringList>("more");
    QTest::addColumn<int>("status");
    QTest::addColumn<QString>("says");
    const auto row = [](const char* what, const char* name, QByteArray bytes, QStringList more, int status, const char* says) { QTest::newRow(what) << name << bytes << more << status << says; };
    row("no such file", "", "", {}, 1, "no such file");
    row("empty csv", "a.csv", "", {}, 1, "a.csv");
    row("empty jsonl", "a.jsonl", "", {}, 1, "no post found");
    row("header only", "a.csv", "text,label\n", {}, 1, "no post found");
    row("no text column", "a.csv", "body,label\nx,y\n", {}, 2, "no column 'text'");
    row("no label column", "a.tsv", "text\tkind\nx\ty\n", {}, 2, "no column 'label'");
    row("named column not there", "a.csv", "text,label\nx,y\n", {"--split-column", "part"}, 2, "part");
    row("a column twice", "a.csv", "text,text,label\nx,y,z\n", {}, 1, "text");
    row("open quote", "a.csv", "text,label\n\"x,y\n", {}, 1, "a.csv");
    row("short record", "a.csv", "text,label\nx\n", {}, 1, "line 2");
    row("no JSON", "a.jsonl", "text\n", {}, 1, "line 1");
    row("JSON without a text", "a.jsonl", "{\"label\":\"a\"}\n", {}, 1, "text");
    row("JSON 10 000 deep", "a.jsonl", "{\"text\":" + QByteArray(10000, '[') + QByteArray(10000, ']') + ",\"label\":\"a\"}\n", {}, 1, "deep");
    row("share of 1", "a.jsonl", some_posts, {"--test-share", "1"}, 2, "share");
    row("share not a number", "a.jsonl", some_posts, {"--test-share", "nan"}, 2, "share");
    row("share negative", "a.jsonl", some_posts, {"--test-share", "-0.1"}, 2, "share");
    row("format", "a.jsonl", some_posts, {"--format", "xml"}, 2, "20news");
    row("wrong format", "a.jsonl", some_posts, {"--format", "csv"}, 1, "line 1");
    row("empty name", "a.jsonl", some_posts, {"--name", ""}, 2, "name");
    row("binary", "a.bin", QByteArray(1000, '\xff'), {}, 2, "a.bin");
  }
  void refused() {
    QFETCH(QString, name);
    QFETCH(QByteArray, bytes);
    QFETCH(QStringList, more);
    QFETCH(int, status);
    QFETCH(QString, says);
    Place p;
    if (!name.isEmpty()) p.write(name, bytes);
    QStringList call{"data", "import", p.path(name.isEmpty() ? "none" : name), "--db", p.db()};
    if (!more.contains("--name")) call += {"--name", "set"};
    const Run r = telltale_program(call + more);
    QVERIFY2(r.status == status, qPrintable(QString("exit %1: %2").arg(r.status).arg(QString(r.err))));
    QVERIFY2(r.one_line_of_complaint() && r.out.isEmpty(), r.err);
    QVERIFY2(QString(r.err).contains(says), r.err);
    QVERIFY2(!QFile::exists(p.db()), "a file was left behind");
  }

  void a_name_that_is_taken() {
    Place p;
    p.write("posts.jsonl", some_posts);
    const Json before = p.imported("posts.jsonl", "one");
    const Run again = p.import("posts.jsonl", "one");
    QCOMPARE(again.status, 2);
    QVERIFY2(again.one_line_of_complaint() && again.err.contains("'one'"), again.err);
    QCOMPARE(p.list(), Json::array({before}));
    const Run missing = telltale_program({"data", "show", "--db", p.db(), "--name", "two"});
    QVERIFY2(missing.status == 2 && missing.one_line_of_complaint() && missing.err.contains("one"), missing.err);
    const Run post = telltale_program({"data", "show", "--db", p.db(), "--doc", "99"});
    QVERIFY2(post.status == 2 && post.one_line_of_complaint() && post.err.contains("99"), post.err);
  }

  /// Bytes that are no UTF-8 are read as latin-1, and that is said.
  void other_encodings() {
    Place p;
    p.write("posts.csv", "text,label\ncaf\xe9,a\n\xc3\xa9t\xc3\xa9,b\n,a\nplain,a\nplain,b\n");
    const Json made = p.imported("posts.csv", "posts");
    QCOMPARE(p.show({"--doc", "1"})["text"], Json("café"));
    QCOMPARE(p.show({"--doc", "2"})["text"], Json("été"));
    QVERIFY2(made["skipped"].size() == 1 && made["skipped"][0]["count"] == 1, made.dump().c_str());  // the empty post
    QVERIFY2(made["noted"].dump().find("UTF-8") != std::string::npos && made["noted"].dump().find("duplicate") != std::string::npos, made.dump().c_str());
    for (const Json& t : made["noted"]) QVERIFY(t.contains("reason") && t.contains("count") && t.contains("first"));
  }

  void hostile_archives_data() {
    QTest::addColumn<QString>("make");
    QTest::addColumn<QString>("says");
    QTest::newRow("up") << "cd x; tar czPf ../a.tar.gz ../a/1 ../escape" << "leads out of the archive";
    QTest::newRow("absolute") << "tar czPf a.tar.gz a/1 $PWD/escape" << "absolute path";
    QTest::newRow("symbolic link") << "ln -s /etc/passwd a/2; tar czf a.tar.gz a" << "is a link";
    QTest::newRow("hard link") << "ln a/1 a/2; tar czf a.tar.gz a" << "is a link";
    QTest::newRow("pipe") << "mkfifo a/2; tar czf a.tar.gz a" << "device or pipe";
    QTest::newRow("bomb") << "truncate -s 200M a/2; tar czf a.tar.gz a" << "more than 200 times";
    QTest::newRow("cut off") << "head -c 300000 /dev/urandom > a/2; tar czf b.tar.gz a; head -c 100000 b.tar.gz > a.tar.gz" << "a.tar.gz";
  }
  void hostile_archives() {
    QFETCH(QString, make);
    QFETCH(QString, says);
    Place p;
    p.write("a/1", "a post").write("escape", "out").write("x/1", "");
    QVERIFY(p.shell(make));
    const Run r = p.import("a.tar.gz", "set");
    QCOMPARE(r.status, 1);
    QVERIFY2(r.one_line_of_complaint() && QString(r.err).contains(says), r.err);
    QVERIFY(!QFile::exists(p.db()));
  }

  /// A limit on the size of files is a full disk that a test may have: the write fails, the file stays as it was.
  void full_disk() {
    Place p;
    p.write("posts.jsonl", some_posts);
    const Json before = p.imported("posts.jsonl", "one");
    QByteArray many;
    for (int k = 0; k < 20000; ++k) many += "{\"text\":\"post " + QByteArray::number(k) + " about " + QByteArray::number(k * 7919) + " things\",\"label\":\"" + (k % 2 ? "a" : "b") + "\"}\n";
    p.write("many.jsonl", many);
    for (const QString& db : {p.db(), p.path("new.telltale")}) {
      QProcess process;
      process.setChildProcessModifier([] {
        const rlimit small{1 << 20, 1 << 20};
        ::setrlimit(RLIMIT_FSIZE, &small);
        ::signal(SIGXFSZ, SIG_IGN);
      });
      process.start(TELLTALE_PROGRAM, {"data", "import", p.path("many.jsonl"), "--db", db, "--name", "many"});
      QVERIFY(process.waitForFinished(120000));
      const QByteArray said = process.readAllStandardError();
      QCOMPARE(process.exitStatus(), QProcess::NormalExit);
      QCOMPARE(process.exitCode(), 1);
      QVERIFY2(said.startsWith("telltale: " + db.toUtf8()) && said.count('\n') == 1 && said.contains("disk"), said);
    }
    QCOMPARE(p.list(), Json::array({before}));
    QVERIFY(!QFile::exists(p.path("new.telltale")));
    QCOMPARE(p.imported("many.jsonl", "many")["documents"], Json(20000));  // there is room again
  }
};

QTEST_GUILESS_MAIN(TestCliData)
#include "test_cli_data.moc"
