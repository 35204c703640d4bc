// Runs the built `telltale` and gives back what it printed.
#pragma once
#include <QProcess>
#include <QtTest>
#include <vector>

#include "base/json.hpp"
#include "without_rights.hpp"

struct Run {
  int status = -1;  ///< exit status; 128 + n would be a crash by signal n
  QByteArray out, err;
  telltale::Json json() const { return telltale::parse_json(out.toStdString(), "standard output"); }
  std::vector<telltale::Json> lines() const {
    std::vector<telltale::Json> all;
    for (const QByteArray& line : out.split('\n'))
      if (!line.isEmpty()) all.push_back(telltale::parse_json(line.toStdString(), "standard output"));
    return all;
  }
  bool one_line_of_complaint() const {
    return err.startsWith("telltale: ") && err.endsWith('\n') && err.count('\n') == 1;
  }
};

inline Run telltale_program(const QStringList& arguments, const QByteArray& input = {}) {
  QProcess process;
  process.setChildProcessModifier(obey_permissions);
  process.start(TELLTALE_PROGRAM, arguments);
  Run run;
  if (!process.waitForStarted()) return run;
  process.write(input);
  process.closeWriteChannel();
  if (!process.waitForFinished(120000)) {
    process.kill();
    process.waitForFinished();
    return run;
  }
  run.status = process.exitStatus() == QProcess::CrashExit ? 128 + process.exitCode() : process.exitCode();
  run.out = process.readAllStandardOutput();
  run.err = process.readAllStandardError();
  return run;
}
