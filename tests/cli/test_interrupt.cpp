// Ctrl-C in the middle of long work, at any moment: it stops in order, says so, and leaves a file that goes on working.
//   TELLTALE_INTERRUPTS=50 QTEST_FUNCTION_TIMEOUT=7200000 test_interrupt     as many of each, under a sanitizer for instance; 3 without
#include <signal.h>

#include <QElapsedTimer>
#include <QFile>
#include <QThread>

#include "base/random.hpp"
#include "program.hpp"
#include "widgets/tiny_model.hpp"

using namespace telltale;

class TestInterrupt : public QObject {
  Q_OBJECT
  QTemporaryDir dir_;
  QString db_, model_;
  Rng rng_{5};

  QString path(const QString& name) const { return dir_.filePath(name); }

  /// Waits until the process catches SIGINT: before, the loader is at work, and a signal ends it as it would end anything.
  static bool catches_interrupts(qint64 process) {
    QElapsedTimer waited;
    for (waited.start(); waited.elapsed() < 120'000; QThread::msleep(2)) {
      QFile status(QString("/proc/%1/status").arg(process));
      if (!status.open(QIODevice::ReadOnly)) return false;
      const QByteArray all = status.readAll();
      const auto at = all.indexOf("SigCgt:");
      if (at >= 0 && (all.mid(at + 7, 17).trimmed().toULongLong(nullptr, 16) >> (SIGINT - 1) & 1)) return true;
    }
    return false;
  }

 private Q_SLOTS:
  void initTestCase() {
    db_ = path("a.telltale");
    model_ = QString::fromStdString(test::make_tiny_model(dir_.path().toStdString() + "/tiny").string());
    test::add_tiny_posts(*Store::open(db_.toStdString(), Store::Mode::create));
    const Run first = telltale_program({"train", "--db", db_, "--data", "posts", "--model", model_, "--preset", "baseline", "--threads", "1", "--set", "epochs=1", "--json"});
    QVERIFY2(first.status == 0, first.err);
    QFile posts(path("posts.jsonl"));
    QVERIFY(posts.open(QIODevice::WriteOnly));
    for (int k = 0; k < 20'000; ++k) posts.write(QByteArray("{\"text\": \"the goalie was out of it again and away from us ") + QByteArray::number(k % 97) + "\", \"label\": \"hockey\", \"id\": \"" + QByteArray::number(k) + "\"}\n");
  }

  void interrupted_data() {
    QTest::addColumn<QStringList>("call");
    const auto row = [](const char* name, const QStringList& call) { QTest::newRow(name) << call; };
    const QStringList run{"--db", "DB", "--run", "1"};
    row("train", {"train", "--db", "DB", "--data", "posts", "--model", "MODEL", "--preset", "baseline", "--set", "epochs=1000"});
    row("train, contrastive", {"train", "--db", "DB", "--data", "posts", "--model", "MODEL", "--preset", "contrastive", "--set", "epochs=1000", "--threads", "1"});
    row("evaluate", QStringList{"evaluate"} + run + QStringList{"--methods", "shapley-sampling,lime,integrated-gradients,udig,random", "--metrics", "deletion-auc,infidelity,monotonicity,local-lipschitz,max-sensitivity", "--near", "500", "--resamplings", "300"});
    row("evaluate, intervals", QStringList{"evaluate"} + run + QStringList{"--methods", "saliency-l1", "--metrics", "gini,overlap@k", "--resamples", "1000000"});
    row("explain", QStringList{"explain"} + run + QStringList{"--method", "kernel-shap", "--samples", "2000", "--input", "POSTS"});
    row("counterfactual", QStringList{"counterfactual"} + run + QStringList{"--input", "POSTS"});
    row("compare", {"compare", "--db", "DB", "--runs", "1", "--method", "integrated-gradients,lime", "--resamples", "1000000"});
    row("predict", QStringList{"predict"} + run + QStringList{"--input", "POSTS", "--json"});
    row("import", {"data", "import", "POSTS", "--db", "DB", "--name", "NAME"});
  }
  void interrupted() {
    QFETCH(QStringList, call);
    for (QString& a : call) a = a == "DB" ? db_ : a == "MODEL" ? model_ : a == "POSTS" ? path("posts.jsonl") : a;
    const int wanted = qEnvironmentVariableIntValue("TELLTALE_INTERRUPTS"), tries = wanted > 0 ? wanted : 3;
    int stopped = 0;
    std::size_t imported = 0;
    const auto name = call.indexOf("NAME");
    for (int k = 0; k < tries; ++k) {
      QProcess process;
      if (name >= 0) call[name] = QString("more %1").arg(k);
      process.setStandardOutputFile(QProcess::nullDevice());
      process.start(TELLTALE_PROGRAM, call);
      QVERIFY(process.waitForStarted());
      QVERIFY(catches_interrupts(process.processId()));
      QThread::msleep(rng_.below(k % 3 ? 400 : 40));
      ::kill(static_cast<pid_t>(process.processId()), SIGINT);
      if (k % 2) {  // twice, as timeout(1) sends it: that is one request
        QThread::msleep(5);
        ::kill(static_cast<pid_t>(process.processId()), SIGINT);
      }
      QVERIFY(process.waitForFinished(120'000));
      const QByteArray said = process.readAllStandardError();
      QVERIFY2(process.exitStatus() == QProcess::NormalExit, said);
      if (process.exitCode() == 0) {  // it was done
        if (name >= 0) ++imported;
        continue;
      }
      QVERIFY2(process.exitCode() == 128 + SIGINT, qPrintable(QString("exit %1: ").arg(process.exitCode()) + said));
      QVERIFY2(said.trimmed().split('\n').last().startsWith("telltale: stopped"), said);
      QVERIFY2(!said.contains("Sanitizer"), said);
      ++stopped;
    }
    QVERIFY2(stopped > 0, "every one was done before the signal came: nothing is tested");
    const auto store = Store::open(db_.toStdString(), Store::Mode::read);
    QCOMPARE(store->run(1).status, RunStatus::finished);
    QCOMPARE(store->datasets().size(), 1 + imported);  // no half an import
  }
};

QTEST_GUILESS_MAIN(TestInterrupt)
#include "test_interrupt.moc"
