// The commands that work on runs: settings out of range, names that are not there, places that cannot be written, readers that go away.
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include <QFile>
#include <QFileInfo>

#include "base/files.hpp"
#include "program.hpp"
#include "shared_data.hpp"
#include "training/synthetic.hpp"

using telltale::Json;

class TestCliRuns : public QObject {
  Q_OBJECT
  QTemporaryDir dir_;
  QString db_, model_;
  std::filesystem::path shared_;

  QString path(const QString& name) const { return dir_.filePath(name); }
  QStringList train(const QStringList& more) const {
    return QStringList{"train", "--db", db_, "--data", "made", "--model", model_, "--preset", "baseline", "--threads", "1", "--set", "epochs=1"} + more;
  }
  /// One line on standard error with all of `says`, nothing on standard output, and that exit status.
  static QString complaint(const QStringList& call, int status, const QStringList& says, const QByteArray& input = {}) {
    const Run r = telltale_program(call, input);
    QString wrong;
    if (r.status != status) wrong += QString(" exit %1, expected %2;").arg(r.status).arg(status);
    if (!r.one_line_of_complaint()) wrong += " not one line;";
    if (!r.out.isEmpty()) wrong += " something on standard output;";
    for (const QString& s : says)
      if (!QString(r.err).contains(s)) wrong += " without '" + s + "';";
    return wrong.isEmpty() ? QString() : call.join(' ').left(300) + ":" + wrong + " said: " + r.err;
  }
  void no_new_run() const { QCOMPARE(telltale_program({"runs", "--db", db_, "--json"}).json().size(), std::size_t{1}); }

 private Q_SLOTS:
  void initTestCase() {
    shared_ = shared_data();
    if (shared_.empty()) QSKIP("reference data not found: set TELLTALE_SHARED or put it at ../shared");
    model_ = QString::fromStdString((shared_ / "golden/models/tiny-bert/fp32").string());
    db_ = path("a.telltale");
    {
      const auto store = telltale::Store::open(db_.toStdString(), telltale::Store::Mode::create);
      synthetic_posts(*store, 40, 12);
    }
    const Run first = telltale_program(train({"--json", "--name", "first"}));
    QVERIFY2(first.status == 0, first.err);
    QCOMPARE(first.json()["run"], Json(1));
    QCOMPARE(first.json()["status"], Json("finished"));
  }

  /// Every number of the table from outside its range, a kind of badness for each in turn: exit 2, one line, the key and its range.
  void hostile_settings() {
    const Json table = telltale_program({"settings", "--json"}).json();
    const QStringList bad = {"nan", "inf", "-1e300", "1e300", "1e999", "ten", "99999999999999999999999999", ""};
    int k = 0;
    for (const Json& s : table) {
      if (s["type"] != "number" && s["type"] != "integer") continue;
      const QString key = QString::fromStdString(s["id"]), range = "(" + QString::fromStdString(s["range"]) + ")";
      const QString wrong = complaint(train({"--set", key + "=" + bad[k++ % bad.size()]}), 2, {"telltale: " + key + ": expected", range});
      QVERIFY2(wrong.isEmpty(), qPrintable(wrong));
    }
    QVERIFY(k > 30);
    for (const QString call : {"epsilon=3", "weight.class=0", "distance=euclid", "nothing=1", "nothing", "=1", "rival=zebra", "validation_split=none"}) {
      const QString wrong = complaint(train({"--set", call}), 2, {call.section('=', 0, 0) == "weight.class" ? "weight" : call.section('=', 0, 0)});
      QVERIFY2(wrong.isEmpty(), qPrintable(wrong));
    }
    no_new_run();
  }

  /// Heads that answer no class are not taken for classifiers; what lies under them can be finetuned.
  void heads_of_another_kind() {
    namespace fs = std::filesystem;
    for (const QString kind : {"multi_label_classification", "regression"}) {
      const fs::path folder = path(kind).toStdString();
      fs::copy(model_.toStdString(), folder, fs::copy_options::recursive);
      Json config = Json::parse(telltale::read_file(folder / "config.json", 1 << 20));
      config["problem_type"] = kind.toStdString();
      std::ofstream(folder / "config.json", std::ios::trunc) << config.dump();
      const QString wrong = complaint({"predict", "--model", path(kind), "--text", "a"}, 1, {"config.json", "problem_type", kind, "single_label_classification"});
      QVERIFY2(wrong.isEmpty(), qPrintable(wrong));
      const Run trained = telltale_program({"train", "--db", db_, "--data", "made", "--model", path(kind), "--preset", "baseline", "--threads", "1", "--set", "epochs=1", "--dry-run", "--json"});
      QVERIFY2(trained.status == 0, trained.err);
    }
    no_new_run();
  }

  /// What is a setting of runs alone is said to do nothing on one batch.
  void objective_names_what_it_leaves_out() {
    const Run r = telltale_program({"objective", "--model", model_, "--batch", "/none", "--set", "dropout.hidden=0.1", "--set", "margin=0.5", "--set", "epochs=3"});
    QCOMPARE(r.status, 1);
    QVERIFY2(r.err.contains("dropout.hidden: a setting of runs") && r.err.contains("epochs: a setting of runs") && !r.err.contains("margin"), r.err);
  }

  void bad_ids_and_paths_data() {
    QTest::addColumn<QStringList>("call");
    QTest::addColumn<int>("status");
    QTest::addColumn<QStringList>("says");
    const auto row = [](const char* what, const QStringList& call, int status, const QStringList& says) { QTest::newRow(what) << call << status << says; };
    row("train: no data set", {"train", "--db", "DB", "--data", "none", "--model", "MODEL"}, 2, {"none", "made"});
    row("train: no model folder", {"train", "--db", "DB", "--data", "made", "--model", "/none"}, 1, {"/none"});
    row("train: no model", {"train", "--db", "DB", "--data", "made"}, 2, {"--model"});
    row("train: no file", {"train", "--db", "/none/a.telltale", "--data", "made", "--model", "MODEL"}, 1, {"/none/a.telltale"});
    row("train: a file of another kind", {"train", "--db", "TEXT", "--data", "made", "--model", "MODEL"}, 1, {"not a Telltale file"});
    row("train: no preset", {"train", "--db", "DB", "--data", "made", "--model", "MODEL", "--preset", "good"}, 2, {"good", "word-dropout"});
    row("train: no run", {"train", "--db", "DB", "--data", "made", "--from", "9"}, 2, {"no run 9", "1"});
    row("train: one node of the trapezoid rule", {"train", "--db", "DB", "--data", "made", "--model", "MODEL", "--set", "attribution.quadrature=trapezoid", "attribution.steps=1"}, 2, {"attribution.steps", "trapezoid"});
    row("train: lines in the name", {"train", "--db", "DB", "--data", "made", "--model", "MODEL", "--name", "two\nlines"}, 2, {"--name"});
    row("train: dry run of a rival that is none", {"train", "--db", "DB", "--data", "made", "--model", "MODEL", "--set", "rival=xx", "--dry-run"}, 2, {"rival"});
    row("train: longer than the model", {"train", "--db", "DB", "--data", "made", "--model", "MODEL", "--max-length", "9999"}, 2, {"max_length", "64"});
    row("train: too short", {"train", "--db", "DB", "--data", "made", "--model", "MODEL", "--max-length", "2"}, 2, {"max_length"});
    row("train: threads", {"train", "--db", "DB", "--data", "made", "--model", "MODEL", "--threads", "-5"}, 2, {"--threads"});
    row("train: seed", {"train", "--db", "DB", "--data", "made", "--model", "MODEL", "--seed", "-1"}, 2, {"--seed"});
    row("resume: no run", {"resume", "--db", "DB", "--run", "9"}, 2, {"no run 9"});
    row("resume: no number", {"resume", "--db", "DB", "--run", "first"}, 2, {"--run", "first"});
    row("runs: no run", {"runs", "--db", "DB", "--run", "-3"}, 2, {"-3"});
    row("predict: no weights", {"predict", "--model", "/none", "--text", "a"}, 1, {"/none"});
    row("predict: longer than the model", {"predict", "--model", "MODEL", "--text", "a", "--max-length", "1000000"}, 2, {"1000000", "64"});
    row("explain: no run", {"explain", "--db", "DB", "--run", "9", "--text", "a"}, 2, {"no run 9"});
    row("explain: no post", {"explain", "--db", "DB", "--run", "1", "--doc", "99999"}, 2, {"99999"});
    row("explain: no class", {"explain", "--db", "DB", "--run", "1", "--text", "a", "--target", "up"}, 2, {"up", "north"});
    row("explain: foil is target", {"explain", "--db", "DB", "--run", "1", "--text", "a", "--target", "west", "--foil", "west"}, 2, {"west"});
    row("explain: no method", {"explain", "--db", "DB", "--run", "1", "--text", "a", "--method", "guess"}, 2, {"guess", "occlusion"});
    row("explain: tolerance", {"explain", "--db", "DB", "--run", "1", "--text", "a", "--tolerance", "nan"}, 2, {"tolerance"});
    row("explain: steps", {"explain", "--db", "DB", "--run", "1", "--text", "a", "--steps", "99999999"}, 2, {"steps"});
    const auto explain = [&](const char* what, const char* method, const QStringList& options, const QStringList& says) {
      row(qPrintable(QString("explain: %1, %2").arg(method, what)), QStringList{"explain", "--db", "DB", "--run", "1", "--text", "a game", "--method", method} + options, 2, says);
    };
    for (const char* noise : {"nan", "0", "-1", "1e300"}) explain(noise, "smoothgrad", {"--noise", noise}, {"noise"});
    for (const char* n : {"0", "-3", "many", "all", "99999999999"}) explain(n, "expected-gradients", {"--samples", n}, {"samples"});
    explain("layer", "attention", {"--layer", "99"}, {"layer 99"});
    explain("layer", "conductance", {"--layer", "99"}, {"layer 99"});
    row("layers: no run", {"layers", "--db", "DB", "--run", "9", "--text", "a"}, 2, {"no run 9"});
    row("layers: no post", {"layers", "--db", "DB", "--run", "1", "--doc", "99999"}, 2, {"99999"});
    row("probe: no run", {"probe", "--db", "DB", "--run", "9"}, 2, {"no run 9"});
    row("probe: no data set", {"probe", "--db", "DB", "--model", "MODEL", "--data", "none"}, 2, {"none", "made"});
    row("probe: no split", {"probe", "--db", "DB", "--run", "1", "--test-split", "later"}, 1, {"later"});
    row("probe: too few", {"probe", "--db", "DB", "--run", "1", "--train-limit", "5"}, 2, {"training posts taken", "at least 5"});
    explain("head", "attention", {"--head", "-1"}, {"--head"});
    explain("aggregation", "attention-rollout", {"--aggregation", "product"}, {"product", "mean"});
    explain("neighbours", "udig", {"--neighbours", "0"}, {"neighbours"});
    explain("baseline of no word", "dig-greedy", {"--baseline", "zero"}, {"zero", "mask"});
    explain("no baseline", "integrated-gradients", {"--baseline", "white"}, {"white", "rival"});
    explain("no text", "integrated-gradients", {"--baseline", "text"}, {"text"});
    explain("no layer", "lrp", {"--layer", "1"}, {"lrp", "layer"});
    row("explain: rival of a folder", {"explain", "--model", "MODEL", "--text", "a", "--baseline", "rival"}, 2, {"rival", "run"});
    row("explain: references of a folder", {"explain", "--model", "MODEL", "--text", "a", "--method", "expected-gradients", "--references", "posts"}, 2, {"posts", "run"});
    row("explain: nothing to explain", {"explain", "--db", "DB", "--run", "1"}, 2, {"--text"});
    row("objective: no batch", {"objective", "--model", "MODEL", "--batch", "/none"}, 1, {"/none"});
    row("objective: no safetensors", {"objective", "--model", "MODEL", "--batch", "TEXT"}, 1, {"text.txt"});
    row("objective: setting", {"objective", "--model", "MODEL", "--batch", "TEXT", "--set", "margin=nan"}, 2, {"margin", "0 … 2"});
    row("compare: no run", {"compare", "--db", "DB", "--runs", "1,9"}, 2, {"no run 9"});
    row("compare: no number", {"compare", "--db", "DB", "--runs", "1,two"}, 2, {"--runs"});
    row("compare: twice", {"compare", "--db", "DB", "--runs", "1,1"}, 2, {"run 1"});
    row("compare: no split", {"compare", "--db", "DB", "--runs", "1", "--split", "none"}, 2, {"none"});
    row("compare: no method", {"compare", "--db", "DB", "--runs", "1", "--method", "guess"}, 2, {"guess"});
    row("compare: top", {"compare", "--db", "DB", "--runs", "1", "--top", "0"}, 2, {"--top"});
    row("evaluate: no run", {"evaluate", "--db", "DB", "--run", "9", "--methods", "occlusion", "--metrics", "comprehensiveness"}, 2, {"no run 9"});
    row("evaluate: no method", {"evaluate", "--db", "DB", "--run", "1", "--methods", "guess", "--metrics", "comprehensiveness"}, 2, {"guess"});
    row("evaluate: no metric", {"evaluate", "--db", "DB", "--run", "1", "--methods", "occlusion", "--metrics", "beauty"}, 2, {"beauty"});
    row("evaluate: k", {"evaluate", "--db", "DB", "--run", "1", "--methods", "occlusion", "--metrics", "comprehensiveness", "--k", "nan"}, 2, {"k", "nan"});
    row("evaluate: no input", {"evaluate", "--model", "MODEL", "--input", "/none", "--methods", "occlusion", "--metrics", "comprehensiveness"}, 1, {"/none"});
    row("evaluate: retraining", {"evaluate", "--db", "DB", "--run", "1", "--methods", "occlusion", "--metrics", "roar"}, 2, {"telltale roar"});
    row("evaluate: no column", {"evaluate", "--db", "DB", "--run", "1", "--methods", "occlusion", "--metrics", "gini", "--slices", "class,colour"}, 2, {"'colour'", "class, right, length"});
    row("evaluate: no columns", {"evaluate", "--db", "DB", "--run", "1", "--methods", "occlusion", "--metrics", "gini", "--columns", "/none"}, 1, {"/none"});
    row("evaluate: columns", {"evaluate", "--db", "DB", "--run", "1", "--methods", "occlusion", "--metrics", "gini", "--columns", "TEXT"}, 1, {"text.txt line 1"});
    row("roar: no run", {"roar", "--db", "DB", "--run", "9", "--methods", "occlusion"}, 2, {"no run 9"});
    row("roar: no method", {"roar", "--db", "DB", "--run", "1", "--methods", "guess"}, 2, {"guess"});
    row("roar: a count", {"roar", "--db", "DB", "--run", "1", "--methods", "occlusion", "--k", "10"}, 2, {"k", "10"});
    row("roar: seeds", {"roar", "--db", "DB", "--run", "1", "--methods", "occlusion", "--seeds", "0"}, 2, {"--seeds"});
    row("export: no run", {"export", "--db", "DB", "--run", "9", "--format", "hf", "--out", "OUT"}, 2, {"no run 9"});
    row("export: no format", {"export", "--db", "DB", "--run", "1", "--format", "word", "--out", "OUT"}, 2, {"word", "tensorboard"});
    for (const char* format : {"hf", "csv", "tensorboard", "json", "html"}) row(qPrintable(QString("export: no place, ") + format), {"export", "--db", "DB", "--run", "1", "--format", format, "--out", "/proc/none/at/all"}, 1, {"/proc/none"});
    row("data show: no file", {"data", "show", "--db", "/none.telltale"}, 1, {"/none.telltale"});
  }
  void bad_ids_and_paths() {
    QFETCH(QStringList, call);
    QFETCH(int, status);
    QFETCH(QStringList, says);
    QFile text(path("text.txt"));
    QVERIFY(text.open(QIODevice::WriteOnly) && text.write("This is a text and no safetensors file, nor one of Telltale.\n") > 0);
    text.close();
    for (QString& a : call) a = a == "DB" ? db_ : a == "MODEL" ? model_ : a == "TEXT" ? path("text.txt") : a == "OUT" ? path("out") : a;
    const QString wrong = complaint(call, status, says);
    QVERIFY2(wrong.isEmpty(), qPrintable(wrong));
    no_new_run();
  }

  /// As CONTRACT.md and packaging/quickstart have it: a model beside --from is no mistake.
  void a_model_beside_a_run() {
    const Run run = telltale_program({"train", "--db", db_, "--data", "made", "--model", model_, "--from", "1", "--preset", "contrastive", "--set", "epochs=1", "--set", "attribution.steps=2", "--threads", "1", "--dry-run", "--json"});
    QVERIFY2(run.status == 0, run.err);
    QVERIFY2(run.err.contains("--model is not read"), run.err);
    QVERIFY(run.json().contains("settings"));
  }

  /// Who moves or sends the file alone leaves the weights behind: that is what every command says.
  void weights_that_were_left_behind() {
    const QString alone = path("alone.telltale");
    QVERIFY(QFile::copy(db_, alone));
    for (const QStringList& call : {QStringList{"explain", "--db", alone, "--run", "1", "--text", "a post"}, {"predict", "--db", alone, "--run", "1", "--text", "a post"}, {"train", "--db", alone, "--data", "made", "--preset", "baseline", "--from", "1"}}) {
      const QString wrong = complaint(call, 1, {"run 1: its weights are missing", "alone.telltale.d/run-1", "beside the file"});
      QVERIFY2(wrong.isEmpty(), qPrintable(wrong));
    }
  }

  /// The folder of a run with another run's weights: what they say would stand under the wrong name.
  void weights_of_another_run() {
    namespace fs = std::filesystem;
    const fs::path file = path("swapped.telltale").toStdString(), folder = file.string() + ".d/run-1";
    fs::copy(db_.toStdString(), file);
    fs::copy(db_.toStdString() + ".d", file.string() + ".d", fs::copy_options::recursive);
    std::string weights = telltale::read_file(folder / "model.safetensors", 1 << 28);
    weights[weights.size() - 2] ^= 0x10;
    std::ofstream(folder / "model.safetensors", std::ios::binary | std::ios::trunc) << weights;
    const QString db = path("swapped.telltale");
    for (const QStringList& call : {QStringList{"explain", "--db", db, "--run", "1", "--text", "a post"}, {"predict", "--db", db, "--run", "1", "--text", "a post"}, {"compare", "--db", db, "--runs", "1"}, {"evaluate", "--db", db, "--run", "1", "--methods", "occlusion", "--metrics", "sufficiency"}}) {
      const QString wrong = complaint(call, 1, {"swapped.telltale.d/run-1", "not the weights that run 1 ended with"});
      QVERIFY2(wrong.isEmpty(), qPrintable(wrong));
    }
  }

  /// A link stays one, and a pipe or device gets the data: neither is replaced by a file.
  void outputs_that_are_no_files() {
    namespace fs = std::filesystem;
    const QStringList call{"export", "--db", db_, "--run", "1", "--format", "json", "--out"};
    const fs::path link = path("link.json").toStdString(), there = path("there.json").toStdString(), pipe = path("pipe").toStdString();
    fs::create_symlink("there.json", link);
    QCOMPARE(telltale_program(call + QStringList{path("link.json")}).status, 0);
    QVERIFY(fs::is_symlink(link) && fs::is_regular_file(there));
    QCOMPARE(::mkfifo(pipe.c_str(), 0600), 0);
    const QString nobody = complaint(call + QStringList{path("pipe")}, 1, {"pipe: cannot write"});
    QVERIFY2(nobody.isEmpty(), qPrintable(nobody));
    QProcess reader;
    reader.start("/bin/cat", {path("pipe")});
    QVERIFY(reader.waitForStarted());
    Run written;
    for (int k = 0; k < 100 && (k == 0 || written.status != 0); ++k) written = telltale_program(call + QStringList{path("pipe")});  // cat may not have opened it yet
    QVERIFY2(written.status == 0, written.err);
    QVERIFY(reader.waitForFinished(30000));
    QCOMPARE(reader.readAllStandardOutput(), QByteArray::fromStdString(telltale::read_file(there, 1 << 28)));
    QVERIFY(fs::is_fifo(pipe));
    const QString full = complaint(call + QStringList{"/dev/full"}, 1, {"/dev/full", "No space left"});
    QVERIFY2(full.isEmpty(), qPrintable(full));
    QVERIFY(fs::is_character_file("/dev/full"));
    const QString empty = complaint(call + QStringList{""}, 2, {"--out", "no name given"});
    QVERIFY2(empty.isEmpty(), qPrintable(empty));
  }

  void read_only_places() {
    QDir().mkdir(path("locked"));
    QVERIFY(QFile::copy(db_, path("locked/a.telltale")));
    QFile::setPermissions(path("locked"), QFile::ReadOwner | QFile::ExeOwner);
    QStringList call = train({});
    call[2] = path("locked/a.telltale");
    const QString trained = complaint(call, 1, {"read-only"});
    const QString exported = complaint({"export", "--db", db_, "--run", "1", "--format", "json", "--out", path("locked/x.json")}, 1, {"locked/x.json"});
    QFile::setPermissions(path("locked"), QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner);
    QVERIFY2(trained.isEmpty() && exported.isEmpty(), qPrintable(trained + exported));
  }

  /// More threads than cores would only get in each other's way: said, and not done.
  void threads() {
    const Run r = telltale_program({"predict", "--model", model_, "--text", "the game", "--threads", "100000", "--json"});
    QCOMPARE(r.status, 0);
    QVERIFY2(r.err.contains("--threads 100000") && r.err.count('\n') == 1, r.err);
    QVERIFY(r.json().contains("logits"));
  }

  /// A run in bf16 is stored as one, beside that in fp32.
  void the_precision_is_in_the_protocol() {
    const auto explain = [&](const QString& precision) {
      return telltale_program({"explain", "--db", db_, "--run", "1", "--doc", "41", "--steps", "4", "--threads", "1", "--json", "--precision", precision}).json();
    };
    const Json fp32 = explain("fp32"), bf16 = explain("bf16");
    QCOMPARE(fp32["protocol"]["precision"], Json("fp32"));
    const std::string kept = bf16["protocol"]["precision"];
    QVERIFY2(kept == "mixed" || kept == "bf16", kept.c_str());  // mixed where the processor multiplies bf16
    QVERIFY(fp32["words"] != bf16["words"]);
    explain("fp32");
    const auto store = telltale::Store::open(db_.toStdString(), telltale::Store::Mode::read);
    QCOMPARE(store->explanations(1, "integrated-gradients", 41).size(), std::size_t{2});
  }

  /// Baselines and references of the run's training posts, visited words, standard errors: as --json prints them, and as the file keeps them.
  void what_gradient_methods_tell() {
    const auto explain = [&](const QStringList& options) {
      const Run r = telltale_program(QStringList{"explain", "--db", db_, "--run", "1", "--doc", "41", "--threads", "1", "--json", "--steps", "4"} + options);
      return r.status == 0 ? r.json() : Json{{"error", r.err.toStdString()}};
    };
    const Json udig = explain({"--method", "udig", "--baseline", "mask", "--neighbours", "9"});
    QVERIFY2(udig.contains("details"), udig.dump().c_str());
    const auto words = udig["details"]["visited"][0]["words"].get<std::vector<std::string>>();
    QCOMPARE(words.size(), std::size_t{6});  // itself, four visited, the baseline
    QCOMPARE(words.back(), std::string("[MASK]"));
    QCOMPARE(udig["protocol"]["neighbours"], Json(9));
    const Json rival = explain({"--baseline", "rival"});
    QVERIFY2(rival.contains("protocol") && rival["protocol"]["posts"].get<std::string>().find("training posts of made") == 0, rival.dump().c_str());
    QVERIFY(rival["baseline_value"] != explain({})["baseline_value"]);
    const QStringList posts{"explain", "--db", db_, "--run", "1", "--doc", "41", "--threads", "1", "--json", "--method", "expected-gradients", "--references", "posts", "--samples", "20"};
    const Json expected = telltale_program(posts).json();
    QVERIFY(expected["words"][0]["standard_error"].get<double>() >= 0);
    QCOMPARE(expected["protocol"]["draws"], Json(20));
    QCOMPARE(telltale_program(posts).json()["words"], expected["words"]);
    QVERIFY(telltale_program(posts + QStringList{"--seed", "3"}).json()["words"] != expected["words"]);
  }

  /// What it would cost is said before anything is trained.
  void the_cost_of_a_roar() {
    const QStringList call{"roar", "--db", db_, "--run", "1", "--methods", "occlusion,gradient-x-input", "--k", "10%,50%", "--seeds", "2", "--threads", "1", "--dry-run"};
    const Json doc = telltale_program(call + QStringList{"--json"}).json();
    QCOMPARE(doc["runs"].size(), std::size_t{12});  // two methods and random, two shares, two seeds
    QCOMPARE(doc["runs"][0]["name"], Json("roar of run 1: random 10%, seed 0"));
    QCOMPARE(doc["predicted"]["runs"]["finished"], Json(0));
    QVERIFY(doc["predicted"]["seconds"].get<double>() > 0);
    const Run text = telltale_program(call);
    QVERIFY2(text.out.contains("0 of 12 runs are finished"), text.out);
    no_new_run();
  }
  void slices_of_a_run() {
    QFile columns(path("columns.jsonl"));
    QVERIFY(columns.open(QIODevice::WriteOnly));
    for (int k = 40; k < 52; ++k) columns.write(QString("{\"id\": \"%1\", \"place\": \"%2\"}\n").arg(k).arg(k % 3 ? "north" : "south").toUtf8());
    columns.close();
    const QStringList call{"evaluate", "--db", db_, "--run", "1", "--methods", "gradient-x-input", "--metrics", "gini,comprehensiveness", "--slices", "class,place,length", "--columns", path("columns.jsonl"), "--threads", "1"};
    const Json doc = telltale_program(call + QStringList{"--json", "--per-post"}).json();
    QCOMPARE(doc["slices"].size(), std::size_t{6});
    const Json& place = doc["slices"][2];
    QCOMPARE(place["by"], Json("place"));
    QCOMPARE(place["metric"], Json("gini"));
    QCOMPARE(place["slices"][0]["name"], Json("north"));
    QCOMPARE(place["slices"][0]["n"], Json(8));
    QCOMPARE(place["slices"][1]["n"], Json(4));
    double south = 0;
    const auto store = telltale::Store::open(db_.toStdString(), telltale::Store::Mode::read);
    for (const Json& p : doc["posts"])
      if (p["metric"] == "gini" && std::stoi(store->document(p["id"].get<std::int64_t>()).external_id) % 3 == 0) south += p["value"].get<double>() / 4;
    QVERIFY(std::abs(place["slices"][1]["mean"].get<double>() - south) < 1e-9);
    QVERIFY(place["gap"]["p"].get<double>() > 0);
    const Run text = telltale_program(call);
    QVERIFY2(text.out.contains("largest gap: "), text.out);
  }
  void layers_and_probes_of_a_run() {
    const QStringList of_run{"--db", db_, "--run", "1", "--json"};
    const Json one = telltale_program(QStringList{"layers", "--doc", "1"} + of_run).json();
    QCOMPARE(one["layers"].back()["predicted"], one["predicted"]);
    const Run first = telltale_program(QStringList{"probe", "--controls", "1"} + of_run), second = telltale_program(QStringList{"probe", "--controls", "1"} + of_run);
    QVERIFY2(first.status == 0 && second.status == 0, first.err + second.err);
    QCOMPARE(first.json()["stored"], Json(false));
    QCOMPARE(second.json()["stored"], Json(true));
    QCOMPARE(second.json()["layers"], first.json()["layers"]);
    QCOMPARE(second.json()["protocol"], first.json()["protocol"]);
    // The same weights by folder and data set.
    const auto store = telltale::Store::open(db_.toStdString(), telltale::Store::Mode::read);
    const QString weights = QString::fromStdString((store->folder() / store->run(1).folder).string()), length = QString::number(store->run(1).settings["max_length"].get<int>());
    const Run folder = telltale_program({"probe", "--controls", "1", "--db", db_, "--model", weights, "--data", "made", "--max-length", length, "--json"});
    QVERIFY2(folder.status == 0, folder.err);
    QCOMPARE(folder.json()["stored"], Json(true));  // found by fingerprint
    QCOMPARE(folder.json()["layers"], first.json()["layers"]);
  }

  void streams_that_are_closed() {
    const auto shell = [](const QString& line) {
      QProcess p;
      p.start("/bin/bash", {"-c", QString(line).replace("PROGRAM", TELLTALE_PROGRAM)});
      p.waitForFinished(120000);
      return std::pair<int, QByteArray>(p.exitStatus() == QProcess::NormalExit ? p.exitCode() : -1, p.readAllStandardError() + p.readAllStandardOutput());
    };
    auto [status, said] = shell("PROGRAM predict --model " + model_ + " --input - <&-");
    QVERIFY2(status == 1 && said.startsWith("telltale: standard input: ") && said.count('\n') == 1, said);
    std::tie(status, said) = shell("PROGRAM methods >&-");
    QVERIFY2(status == 1 && said.startsWith("telltale: standard output: ") && said.count('\n') == 1, said);
    // What is written to the file must not be what was meant for standard output.
    std::tie(status, said) = shell("PROGRAM export --db " + db_ + " --run 1 --format json --out " + path("closed.json") + " >&-");
    QCOMPARE(status, 1);
    QCOMPARE(telltale::read_json(path("closed.json").toStdString())["run"], Json(1));
    std::tie(status, said) = shell("PROGRAM methods --nonsense 2>&-");
    QVERIFY(status == 2 && said.isEmpty());

    // A reader that goes away: quietly, without a core dump.
    std::tie(status, said) = shell("for i in 1 2 3 4 5 6; do printf '{\"text\":\"the game\"}\\n'; done | PROGRAM predict --threads 1 --model " + model_ + " --input - | true; exit ${PIPESTATUS[1]}");
    QVERIFY2(status == 128 + SIGPIPE && said.isEmpty(), qPrintable(QString("%1 %2").arg(status).arg(QString(said))));
    std::tie(status, said) = shell("(sleep 1; PROGRAM settings --json) | true; exit ${PIPESTATUS[0]}");
    QVERIFY2(status == 128 + SIGPIPE && said.isEmpty(), qPrintable(QString("%1 %2").arg(status).arg(QString(said))));
  }

  /// Training whose events nobody reads any more stops saved, and goes on.
  void a_run_whose_reader_goes_away() {
    QProcess p;
    p.start("/bin/bash", {"-c", QString(TELLTALE_PROGRAM) + " " + train({"--events", "--set", "epochs=20", "--set", "batch=1", "--name", "unread"}).join(' ') + " | head -n 3 >/dev/null; exit ${PIPESTATUS[0]}"});
    QVERIFY(p.waitForFinished(120000));
    QCOMPARE(p.exitStatus(), QProcess::NormalExit);
    QCOMPARE(p.exitCode(), 128 + SIGPIPE);
    const Json run = telltale_program({"runs", "--db", db_, "--run", "2", "--json"}).json();
    const Json& r = run.is_array() ? run[0] : run;
    QCOMPARE(r["status"], Json("stopped"));
    QVERIFY(r["step"].get<int>() >= 1 && r["step"].get<int>() < r["steps"].get<int>());
    const Run resumed = telltale_program({"resume", "--db", db_, "--run", "2", "--threads", "1", "--json"});
    QVERIFY2(resumed.status == 0, resumed.err);
    QCOMPARE(resumed.json()["status"], Json("finished"));
  }

  /// No file may grow: checkpoint, weights and export say so; the run goes on when there is room.
  void full_disk() {
    const auto limited = [](const QStringList& call, rlim_t bytes) {
      QProcess process;
      process.setChildProcessModifier([bytes] {
        const rlimit small{bytes, bytes};
        ::setrlimit(RLIMIT_FSIZE, &small);
        ::signal(SIGXFSZ, SIG_IGN);
      });
      process.start(TELLTALE_PROGRAM, call);
      Run run;
      if (!process.waitForFinished(120000)) return run;
      run.status = process.exitStatus() == QProcess::CrashExit ? 128 + process.exitCode() : process.exitCode();
      run.out = process.readAllStandardOutput();
      run.err = process.readAllStandardError();
      return run;
    };
    const auto last_line = [](const QByteArray& err) { return err.trimmed().split('\n').last(); };
    const auto weights = static_cast<rlim_t>(QFileInfo(db_ + ".d/run-1/model.safetensors").size());
    const Run trained = limited(train({"--set", "checkpoint_steps=2", "--name", "full", "--json"}), weights / 2);
    QVERIFY2(trained.status == 1 && last_line(trained.err).startsWith("telltale: ") && !last_line(trained.err).contains("terminate"), trained.err);
    const int id = static_cast<int>(telltale_program({"runs", "--db", db_, "--json"}).json().size());
    const Run resumed = telltale_program({"resume", "--db", db_, "--run", QString::number(id), "--threads", "1", "--json"});
    QVERIFY2(resumed.status == 0, resumed.err);
    QCOMPARE(telltale::read_file(db_.toStdString() + ".d/run-" + std::to_string(id) + "/model.safetensors"), telltale::read_file(db_.toStdString() + ".d/run-1/model.safetensors"));

    for (const QString format : {"hf"}) {
      const QString out = path("full." + format);
      const Run r = limited({"export", "--db", db_, "--run", "1", "--format", format, "--out", out}, 50000);  // room for the index of SQLite's log (32 KiB), not for the weights
      QVERIFY2(r.status == 1 && r.one_line_of_complaint() && r.err.contains("full." + format.toUtf8()), r.err);
      QVERIFY2(!QFileInfo::exists(out), qPrintable(out));
    }
    QCOMPARE(QDir(dir_.path()).entryList({"full*"}, QDir::AllEntries | QDir::Hidden | QDir::NoDotAndDotDot), QStringList());
  }
};

QTEST_GUILESS_MAIN(TestCliRuns)
#include "test_cli_runs.moc"
