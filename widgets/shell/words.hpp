// Text of files made fit for labels, lists and tool tips.
#pragma once
#include <QString>
#include <exception>

#include "report/post_text.hpp"
#include "widgets/theme.hpp"

namespace telltale::ui {

/// Valid, without control characters and direction marks, in one line.
inline QString one_line(const std::string& s) {
  QString out = text(clean_utf8(s)).simplified();
  out.removeIf([](QChar c) { return (c.unicode() >= 0x202A && c.unicode() <= 0x202E) || (c.unicode() >= 0x2066 && c.unicode() <= 0x2069); });
  return out;
}

/// What went wrong, as a label says it.
inline QString first_line(const std::exception& e) { return one_line(QString::fromUtf8(e.what()).section(QLatin1Char('\n'), 0, 0).toStdString()); }

inline QString elided(const QString& s, int characters) { return s.size() <= characters ? s : s.left(characters - 1) + QChar(0x2026); }

/// Tool tips are rich text when they look like it: names of files and runs must not.
inline QString plain_tip(const QString& s) { return s.isEmpty() ? s : QStringLiteral("<p style='white-space:pre-wrap'>%1</p>").arg(s.toHtmlEscaped()); }

}  // namespace telltale::ui
