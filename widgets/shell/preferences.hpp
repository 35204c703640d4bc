// Where the window keeps what it remembers: an ini file of the user.
#pragma once
#include <QSettings>

namespace telltale::ui {

inline QSettings preferences() { return QSettings(QSettings::IniFormat, QSettings::UserScope, QStringLiteral("telltale"), QStringLiteral("workbench")); }

}  // namespace telltale::ui
