#include "widgets/shell/recent_files.hpp"

#include <QCoreApplication>
#include <QFileInfo>
#include <QLocale>
#include <QStandardPaths>
#include <QTime>
#include <algorithm>

#include "widgets/shell/preferences.hpp"

namespace telltale::ui {
namespace {

constexpr std::size_t most = 10;
const QString list_name = QStringLiteral("recent");

void keep(const std::vector<RecentFile>& files) {
  QSettings s = preferences();
  s.remove(list_name);
  s.beginWriteArray(list_name);
  int i = 0;
  for (const RecentFile& f : files) {
    s.setArrayIndex(i++);
    s.setValue(QStringLiteral("path"), f.path);
    s.setValue(QStringLiteral("runs"), f.runs);
    s.setValue(QStringLiteral("posts"), f.posts);
    s.setValue(QStringLiteral("opened"), f.opened.toString(Qt::ISODate));
  }
  s.endArray();
}

QString first_there(const QStringList& places) {
  for (const QString& p : places)
    if (QFileInfo(p).isReadable()) return QFileInfo(p).canonicalFilePath();
  return {};
}

}  // namespace

std::vector<RecentFile> recent_files() {
  std::vector<RecentFile> out;
  QSettings s = preferences();
  const int n = std::min(s.beginReadArray(list_name), static_cast<int>(most));
  for (int i = 0; i < n; ++i) {
    s.setArrayIndex(i);
    RecentFile f;
    f.path = s.value(QStringLiteral("path")).toString();
    f.runs = s.value(QStringLiteral("runs")).toInt();
    f.posts = s.value(QStringLiteral("posts")).toLongLong();
    f.opened = QDateTime::fromString(s.value(QStringLiteral("opened")).toString(), Qt::ISODate);
    f.there = QFileInfo(f.path).isFile();
    if (!f.path.isEmpty()) out.push_back(f);
  }
  return out;
}

void add_recent(const QString& path, int runs, qint64 posts) {
  auto files = recent_files();
  std::erase_if(files, [&](const RecentFile& f) { return f.path == path; });
  files.insert(files.begin(), {path, runs, posts, QDateTime::currentDateTime(), true});
  if (files.size() > most) files.resize(most);
  keep(files);
}

void forget_recent(const QString& path) {
  auto files = recent_files();
  std::erase_if(files, [&](const RecentFile& f) { return path.isEmpty() || f.path == path; });
  keep(files);
}

QString when_text(const QDateTime& time) {
  if (!time.isValid()) return {};
  const qint64 days = time.date().daysTo(QDate::currentDate());
  const QString clock = time.time().toString(QStringLiteral("HH:mm"));
  if (days == 0) return QCoreApplication::translate("RecentFiles", "today %1").arg(clock);
  if (days == 1) return QCoreApplication::translate("RecentFiles", "yesterday %1").arg(clock);
  return QLocale(QLocale::English).toString(time.date(), days < 300 ? QStringLiteral("d MMM") : QStringLiteral("d MMM yyyy"));
}

QString example_file() {
  const QString program = QCoreApplication::applicationDirPath();
  return first_there({program + QStringLiteral("/../demo/demo.telltale"), QStandardPaths::writableLocation(QStandardPaths::GenericDataLocation) + QStringLiteral("/telltale/demo.telltale"), program + QStringLiteral("/../share/telltale/demo.telltale")});
}

QString example_posts() {
  const QString program = QCoreApplication::applicationDirPath();
  return first_there({program + QStringLiteral("/../share/telltale/newsgroups-mini/posts.jsonl"), program + QStringLiteral("/../../../datasets/newsgroups-mini/posts.jsonl")});
}

}  // namespace telltale::ui
