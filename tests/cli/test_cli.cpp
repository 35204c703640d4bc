// The frame of the command line: exit statuses, one line of complaint, many texts at once, Ctrl-C; and `tokenize`.
#include <signal.h>

#include "program.hpp"
#include "shared_data.hpp"
#include "text/small_vocabulary.hpp"

using telltale::Json;

class TestCli : public QObject {
  Q_OBJECT

  Folder model_;
  QString model() const { return model_.dir.path(); }
  QStringList tokenize(const QStringList& more) const { return QStringList{"tokenize", "--model", model()} + more; }

 private Q_SLOTS:
  void initTestCase() { model_.document(small_document()); }

  void help_and_version() {
    const Run version = telltale_program({"--version"});
    QCOMPARE(version.status, 0);
    QVERIFY(version.out.startsWith("telltale 0.") && version.out.count('\n') == 1);
    for (const QStringList& call : {QStringList{"--help"}, {"tokenize", "--help"}}) {
      const Run help = telltale_program(call);
      QCOMPARE(help.status, 0);
      QVERIFY(help.err.isEmpty() && help.out.contains("--help"));
      if (call.size() == 2)
        for (const char* option :
             {"--device", "--threads", "--precision", "--seed", "--max-length", "--log-level", "--json"})
          QVERIFY2(help.out.contains(option), option);
    }
  }

  void bad_usage_data() {
    QTest::addColumn<QStringList>("arguments");
    QTest::addColumn<QString>("says");
    const QStringList good = tokenize({"--text", "a"});
    QTest::newRow("nothing") << QStringList() << "subcommand";
    QTest::newRow("unknown command") << QStringList{"tokenise"} << "no subcommand 'tokenise': one of ";
    QTest::newRow("no model") << QStringList{"tokenize", "--text", "a"} << "--model";
    QTest::newRow("no value") << QStringList{"tokenize", "--model"} << "--model";
    QTest::newRow("unknown option") << good + QStringList{"--modle"} << "--modle";
    QTest::newRow("stray word") << good + QStringList{"stray"} << "stray";
    QTest::newRow("device") << good + QStringList{"--device", "gpu"} << "cpu, cuda, cuda:N or auto";
    QTest::newRow("device number") << good + QStringList{"--device", "cuda:x"} << "cuda:x";
    QTest::newRow("precision") << good + QStringList{"--precision", "fp8"} << "fp32";
    QTest::newRow("threads") << good + QStringList{"--threads", "0"} << "--threads";
    QTest::newRow("seed") << good + QStringList{"--seed", "-1"} << "--seed";
    QTest::newRow("seed word") << good + QStringList{"--seed", "one"} << "--seed";
    QTest::newRow("seed past 64 bits") << good + QStringList{"--seed", "18446744073709551616"} << "--seed";
    QTest::newRow("length") << good + QStringList{"--max-length", "1"} << "--max-length";
    QTest::newRow("length past int") << good + QStringList{"--max-length", "99999999999999"} << "--max-length";
    QTest::newRow("log level") << good + QStringList{"--log-level", "loud"} << "--log-level";
    QTest::newRow("text twice") << good + QStringList{"--text", "b"} << "--text";
    QTest::newRow("text and input") << good + QStringList{"--input", "-"} << "--input";
    QTest::newRow("input of no name") << tokenize({"--input", ""}) << "--input";
  }
  void bad_usage() {
    QFETCH(QStringList, arguments);
    QFETCH(QString, says);
    const Run run = telltale_program(arguments);
    QCOMPARE(run.status, 2);
    QVERIFY2(run.one_line_of_complaint() && run.out.isEmpty(), run.err);
    QVERIFY2(QString(run.err).contains(says), run.err);
  }

  void failures_data() {
    QTest::addColumn<QStringList>("arguments");
    QTest::addColumn<QString>("says");
    QTest::newRow("no folder") << QStringList{"tokenize", "--model", "/no/such", "--text", "a"}
                               << "/no/such: no such folder";
    QTest::newRow("no input file") << tokenize({"--input", "/no/such.jsonl"}) << "/no/such.jsonl: No such file";
    QTest::newRow("input a folder") << tokenize({"--input", model()}) << "Is a directory";
  }
  void failures() {
    QFETCH(QStringList, arguments);
    QFETCH(QString, says);
    const Run run = telltale_program(arguments);
    QCOMPARE(run.status, 1);
    QVERIFY2(run.one_line_of_complaint() && run.out.isEmpty(), run.err);
    QVERIFY2(QString(run.err).contains(says), run.err);
  }

  void tokenizes() {
    const Run run = telltale_program(tokenize({"--text", "The goalies!", "--json"}));
    QCOMPARE(run.status, 0);
    QVERIFY(run.err.isEmpty());
    QCOMPARE(run.out, QByteArray(R"({"ids":[2,5,6,7,8,10,3],"tokens":["[CLS]","the","goal","##ie","##s","!","[SEP]"],)"
                                 R"("offsets":[null,[0,3],[4,8],[8,10],[10,11],[11,12],null]})"
                                 "\n"));
    const Run cut = telltale_program(tokenize({"--text", "The goalies!", "--json", "--max-length", "4"}));
    QVERIFY(cut.json()["ids"] == Json({2, 5, 6, 3}));
    const Run people = telltale_program(tokenize({"--text", "The goalies!", "--max-length", "4"}));
    QCOMPARE(people.status, 0);
    QVERIFY2(
        people.out.contains("goal") && people.out.contains("4–8") && people.out.contains("3 left out from byte 8 on"),
        people.out);
    QVERIFY(telltale_program(tokenize({"--json"}), "the puck\n").json()["ids"] ==
            Json({2, 5, 9, 3}));  // standard input is one text
  }

  /// Texts that a parser of arguments might take for something else.
  void odd_texts_data() {
    QTest::addColumn<QString>("text");
    QTest::addColumn<int>("pieces");
    QTest::newRow("empty") << "" << 2;
    QTest::newRow("an option") << "--model" << 5;
    QTest::newRow("a hyphen") << "-" << 3;
    QTest::newRow("a list") << "[a,puck]" << 7;
    QTest::newRow("a special") << "[MASK]" << 3;
    QTest::newRow("quotes") << "\"a\"" << 5;
    QTest::newRow("spaces") << "  a  " << 3;
    QTest::newRow("equals") << "a=a" << 5;
    QTest::newRow("braces") << "{}" << 4;
  }
  void odd_texts() {
    QFETCH(QString, text);
    QFETCH(int, pieces);
    const Run run = telltale_program(tokenize({"--text", text, "--json"}));
    QCOMPARE(run.status, 0);
    QCOMPARE(static_cast<int>(run.json()["ids"].size()), pieces);
  }

  void text_that_is_not_utf8() {
    QProcess shell;
    shell.start(
        "/bin/sh",
        {"-c", QString("%1 tokenize --model %2 --text \"$(printf 'caf\\351')\"").arg(TELLTALE_PROGRAM, model())});
    QVERIFY(shell.waitForFinished());
    QCOMPARE(shell.exitCode(), 1);
    QCOMPARE(shell.readAllStandardError(), QByteArray("telltale: text: not UTF-8 at byte 3\n"));
  }

  void many_texts() {
    const QByteArray input =
        "\xEF\xBB\xBF{\"text\":\"puck\",\"id\":\"first\"}\r\n"
        "{\"text\":\"the\"}\n"
        "\n"
        "not JSON\n"
        "{\"text\":7,\"id\":\"seven\"}\n"
        "{\"id\":12}\n"
        "[1]\n"
        "{\"text\":\"a\",\"id\":[1]}\n"
        "{\"text\":\"bad \\ud800\"}\n"
        "{\"text\":\"raw \xFF\"}\n"
        "{\"text\":\"a\\u0000\",\"id\":-3}\n"
        "{\"text\":\"!\",\"id\":null}";
    const Run run = telltale_program(tokenize({"--input", "-"}), input);
    QCOMPARE(run.status, 1);
    QCOMPARE(run.err, QByteArray("telltale: standard input: 7 lines could not be answered; its \"error\" says why\n"));
    const std::vector<Json> lines = run.lines();
    QCOMPARE(lines.size(), std::size_t{11});
    const Json ids = {"first", 2, 4, "seven", 12, 7, 8, 9, 10, -3, 12};
    for (std::size_t i = 0; i < lines.size(); ++i) {
      QVERIFY2(lines[i]["id"] == ids[i], lines[i].dump().c_str());
      const bool bad = i >= 2 && i <= 8;
      QCOMPARE(lines[i].contains("error"), bad);
      if (bad)
        QVERIFY2(lines[i].size() == 2 && lines[i]["error"].get<std::string>().find("standard input line ") == 0,
                 lines[i].dump().c_str());
    }
    QVERIFY(lines[0]["ids"] == Json({2, 9, 3}) && lines[9]["ids"] == Json({2, 12, 3}));
    QVERIFY(run.out.startsWith("{\"id\":\"first\",\"ids\":"));

    Folder f;
    f.write("good.jsonl", "{\"text\":\"puck\"}\n{\"text\":\"\"}\n").write("empty.jsonl", "");
    const Run good = telltale_program(tokenize({"--json", "--input", f.dir.filePath("good.jsonl")}));
    QCOMPARE(good.status, 0);
    QCOMPARE(good.lines().size(), std::size_t{2});
    const Run empty = telltale_program(tokenize({"--input", f.dir.filePath("empty.jsonl")}));
    QVERIFY(empty.status == 0 && empty.out.isEmpty());
  }

  void hostile_lines() {
    QByteArray deep = "{\"text\":";
    deep += QByteArray(100000, '[') + QByteArray(100000, ']') + "}\n";
    const QByteArray input =
        deep + QByteArray(65 << 20, 'x') + "\n{\"text\":\"" + QByteArray(5 << 20, 'a') + "\"}\n{\"text\":\"puck\"}\n";
    const Run run = telltale_program(tokenize({"--input", "-"}), input);
    QCOMPARE(run.status, 1);
    const std::vector<Json> lines = run.lines();
    QCOMPARE(lines.size(), std::size_t{4});
    QVERIFY(lines[0]["error"].get<std::string>().find("deep") != std::string::npos);
    QVERIFY(lines[1]["error"].get<std::string>().find("longer than 67108864 bytes") != std::string::npos);
    QVERIFY(lines[2]["ids"] == Json({2, 1, 3}));
    QVERIFY(lines[3]["ids"] == Json({2, 9, 3}));

    const Run quoted =
        telltale_program(tokenize({"--input", "-"}), "{\"text\":\"" + QByteArray(3 << 20, 'a') + "\x01\"}\n");
    QCOMPARE(quoted.status, 1);
    QVERIFY(quoted.out.size() < 1100 && quoted.lines()[0].contains("error"));
  }

  /// A program can ask, wait for the answer, and ask again.
  void answers_at_once() {
    QProcess process;
    process.start(TELLTALE_PROGRAM, tokenize({"--input", "-"}));
    for (const char* id : {"1", "2", "3"}) {
      process.write(QByteArray("{\"text\":\"puck\",\"id\":") + id + "}\n");
      for (int i = 0; i < 100 && !process.canReadLine(); ++i) process.waitForReadyRead(200);
      QVERIFY(process.readLine().startsWith(QByteArray("{\"id\":") + id + ","));
    }
    process.closeWriteChannel();
    QVERIFY(process.waitForFinished());
    QCOMPARE(process.exitCode(), 0);
  }

  void interrupted() {
    for (const int signal : {SIGINT, SIGTERM}) {
      QProcess process;
      process.start(TELLTALE_PROGRAM, tokenize({"--input", "-"}));
      process.write("{\"text\":\"puck\"}\n");
      for (int i = 0; i < 100 && !process.canReadLine(); ++i) process.waitForReadyRead(200);
      QVERIFY(process.canReadLine());
      ::kill(static_cast<pid_t>(process.processId()), signal);
      QVERIFY(process.waitForFinished(120000));
      QCOMPARE(process.exitStatus(), QProcess::NormalExit);
      QCOMPARE(process.exitCode(), 128 + signal);
      QCOMPARE(process.readAllStandardError(), QByteArray("telltale: stopped\n"));
    }
  }

  void output_that_does_not_arrive() {
    for (const QString& input : {QString("--text a --json"), QString("--input many.jsonl")}) {
      Folder f;
      f.write("many.jsonl", "{\"text\":\"puck\"}\n{\"text\":\"the\"}\n");
      QProcess shell;
      shell.setWorkingDirectory(f.dir.path());
      shell.start("/bin/sh",
                  {"-c", QString("%1 tokenize --model %2 %3 > /dev/full").arg(TELLTALE_PROGRAM, model(), input)});
      QVERIFY(shell.waitForFinished());
      QCOMPARE(shell.exitCode(), 1);
      const QByteArray said = shell.readAllStandardError();
      QVERIFY2(said.startsWith("telltale: standard output: ") && said.count('\n') == 1, said);
    }
  }

  void broken_folders() {
    TELLTALE_NEEDS_SHARED(shared);
    for (const char* name : {"vocab-without-unk", "vocab-larger-than-embedding"}) {
      const Run run = telltale_program(
          {"tokenize", "--model", QString::fromStdString((shared / "golden/broken" / name).string()), "--text", "a"});
      QCOMPARE(run.status, 1);
      QVERIFY2(run.one_line_of_complaint() && run.err.contains("vocab.txt: "), run.err);
    }
  }
};

QTEST_GUILESS_MAIN(TestCli)
#include "test_cli.moc"
