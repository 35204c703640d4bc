// The files that were open last, with what was in them.
#pragma once
#include <QDateTime>
#include <QString>
#include <cstdint>
#include <vector>

namespace telltale::ui {

struct RecentFile {
  QString path;
  int runs = 0;
  qint64 posts = 0;
  QDateTime opened;
  bool there = true;
};

std::vector<RecentFile> recent_files();  ///< the newest first, at most ten
void add_recent(const QString& path, int runs, qint64 posts);
void forget_recent(const QString& path);  ///< empty: all
QString when_text(const QDateTime& time); ///< "today 14:02", "yesterday 18:40", "9 May"

/// The demo that packaging/quickstart makes, installed or in the build folder; empty when it is not there.
QString example_file();
/// The bundled posts; empty when they are not there.
QString example_posts();

}  // namespace telltale::ui
