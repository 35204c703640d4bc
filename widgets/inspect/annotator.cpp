#include "widgets/inspect/annotator.hpp"

#include <pwd.h>
#include <unistd.h>

#include <exception>

#include "store/marks.hpp"
#include "widgets/shell/preferences.hpp"

namespace telltale::ui {
namespace {

constexpr auto key = "annotator";

}  // namespace

QString annotator_error(const QString& name) {
  try {
    check_annotator(name.toStdString());
  } catch (const std::exception& e) {
    return QString::fromUtf8(e.what());
  }
  return {};
}

QString annotator_name() {
  const QString kept = preferences().value(QLatin1String(key)).toString();
  if (!kept.isEmpty() && annotator_error(kept).isEmpty()) return kept;
  for (const QString& name : {qEnvironmentVariable("USER").trimmed(), [] {
         const passwd* me = ::getpwuid(::getuid());
         return me && me->pw_name ? QString::fromLocal8Bit(me->pw_name) : QString();
       }()})
    if (annotator_error(name).isEmpty()) return name;
  return QStringLiteral("annotator");
}

void remember_annotator(const QString& name) {
  if (annotator_error(name).isEmpty()) preferences().setValue(QLatin1String(key), name);
}

}  // namespace telltale::ui
