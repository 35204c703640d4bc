// Who marks and who answers: the name is the login name until another one is typed, which is remembered.
#pragma once
#include <QString>

namespace telltale::ui {

QString annotator_name();                       ///< always one that check_annotator() takes
void remember_annotator(const QString& name);   ///< one that it takes
QString annotator_error(const QString& name);   ///< why it is none; empty = it is one

}  // namespace telltale::ui
