// A view as a picture (PNG, SVG, PDF) or a table (CSV), in a file or on the clipboard.
#pragma once
#include <QImage>
#include <QString>
#include <functional>

class QWidget;

namespace telltale::ui {

/// Gives the table of what a view shows, made when it is asked for. Empty function: the view has no table.
using CsvSource = std::function<QString()>;

/// True while a view is drawn into a picture: buttons that mean nothing on paper leave themselves out.
bool exporting();

QImage picture_of(QWidget& view, double scale = 2);
QByteArray svg_of(QWidget& view, const QString& title);  ///< texts stay texts, lines stay lines
QByteArray pdf_of(QWidget& view, const QString& title);  ///< one page of the view's size at 96 px an inch

/// Writes by the ending of the name: .png (scale 2), .svg, .pdf, .csv. A file that is there is replaced as a whole or not at all.
/// Throws std::runtime_error with one line that says what to do.
void write_view(QWidget& view, const QString& file, const CsvSource& csv = {});

/// Asks for a file (the name without ending is `name`) and writes it. What went wrong is handed to `failed`, the file written to `done`.
void export_widget(QWidget* view, const QString& name, const CsvSource& csv = {}, const std::function<void(const QString&)>& failed = {},
                   const std::function<void(const QString&)>& done = {});

void copy_picture(QWidget& view);
void copy_text(const QString& text);

/// One cell of CSV: quoted where it must be; a text that a spreadsheet would run as a formula gets an apostrophe before it.
QString csv_cell(const QString& text);

}  // namespace telltale::ui
