#include "widgets/export/export.hpp"

#include <QApplication>
#include <QBuffer>
#include <QClipboard>
#include <QDir>
#include <QFileDialog>
#include <QFileInfo>
#include <QPageSize>
#include <QPainter>
#include <QPdfWriter>
#include <QSaveFile>
#include <QStandardPaths>
#include <QSvgGenerator>
#include <QWidget>
#include <cmath>
#include <stdexcept>

#include "base/files.hpp"
namespace telltale::ui {
namespace {

int drawing = 0;
struct Drawing {
  Drawing() { ++drawing; }
  ~Drawing() { --drawing; }
};

QString& kept_folder() {
  static QString folder;
  return folder;
}

QString last_folder() {
  QString& folder = kept_folder();
  if (folder.isEmpty()) folder = QStandardPaths::writableLocation(QStandardPaths::DocumentsLocation);
  if (folder.isEmpty() || !QFileInfo(folder).isDir()) folder = QDir::homePath();
  return folder;
}

/// A name that every file system takes.
QString plain_name(QString name) {
  for (QChar& c : name)
    if (!c.isLetterOrNumber() && c != QLatin1Char('-') && c != QLatin1Char('.') && c != QLatin1Char('_')) c = QLatin1Char('-');
  name = name.left(80);
  while (name.startsWith(QLatin1Char('.')) || name.startsWith(QLatin1Char('-'))) name.remove(0, 1);
  return name.isEmpty() ? QStringLiteral("telltale") : name;
}

void render(QWidget& view, QPainter& painter) {
  const Drawing now;
  painter.setRenderHints(QPainter::Antialiasing | QPainter::TextAntialiasing | QPainter::SmoothPixmapTransform);
  view.render(&painter, {}, {}, QWidget::DrawWindowBackground | QWidget::DrawChildren);
}

}  // namespace

bool exporting() { return drawing > 0; }

QImage picture_of(QWidget& view, double scale) {
  QImage image((QSizeF(view.size()) * scale).toSize(), QImage::Format_ARGB32_Premultiplied);
  image.setDevicePixelRatio(scale);
  image.fill(view.palette().color(QPalette::Window));
  QPainter painter(&image);
  render(view, painter);
  return image;
}

QByteArray svg_of(QWidget& view, const QString& title) {
  QBuffer buffer;
  QSvgGenerator svg;
  svg.setOutputDevice(&buffer);
  svg.setSize(view.size());
  svg.setViewBox(QRect(QPoint(0, 0), view.size()));
  svg.setResolution(96);
  svg.setTitle(title);
  svg.setDescription(QStringLiteral("Telltale"));
  QPainter painter(&svg);
  render(view, painter);
  painter.end();
  return buffer.data();
}

QByteArray pdf_of(QWidget& view, const QString& title) {
  QBuffer buffer;
  buffer.open(QIODevice::WriteOnly);
  QPdfWriter pdf(&buffer);
  pdf.setTitle(title);
  pdf.setCreator(QStringLiteral("Telltale"));
  pdf.setResolution(96);
  pdf.setPageSize(QPageSize(QSizeF(view.size()) * 72 / 96, QPageSize::Point, title, QPageSize::ExactMatch));
  pdf.setPageMargins({});
  QPainter painter(&pdf);
  render(view, painter);
  painter.end();
  return buffer.data();
}

void write_view(QWidget& view, const QString& file, const CsvSource& csv) {
  const QFileInfo info(file);
  const QString ending = info.suffix().toLower(), title = info.completeBaseName();
  QByteArray bytes;
  if (ending == QStringLiteral("png")) {
    QBuffer buffer(&bytes);
    buffer.open(QIODevice::WriteOnly);
    picture_of(view).save(&buffer, "PNG");
  } else if (ending == QStringLiteral("svg")) {
    bytes = svg_of(view, title);
  } else if (ending == QStringLiteral("pdf")) {
    bytes = pdf_of(view, title);
  } else if (ending == QStringLiteral("csv")) {
    if (!csv) throw std::runtime_error("this view has no table: export it as .png, .svg or .pdf");
    bytes = csv().toUtf8();
  } else {
    throw std::runtime_error("the name must end in .png, .svg, .pdf" + std::string(csv ? " or .csv" : "") + ", got '" + info.fileName().toStdString() + "'");
  }
  if (is_database(file.toStdString())) throw std::runtime_error(file.toStdString() + ": a database, not overwritten: choose another name");
  QSaveFile out(file);
  if (!out.open(QIODevice::WriteOnly) || out.write(bytes) != bytes.size() || !out.commit())
    throw std::runtime_error(file.toStdString() + ": cannot be written (" + out.errorString().toStdString() + "): choose another folder");
}

void export_widget(QWidget* view, const QString& name, const CsvSource& csv, const std::function<void(const QString&)>& failed, const std::function<void(const QString&)>& done) {
  QStringList filters{QObject::tr("PNG picture (*.png)"), QObject::tr("SVG drawing (*.svg)"), QObject::tr("PDF page (*.pdf)")};
  if (csv) filters << QObject::tr("CSV table (*.csv)");
  QString filter = filters.front();
  QString file = QFileDialog::getSaveFileName(view->window(), QObject::tr("Export %1").arg(name), QDir(last_folder()).filePath(plain_name(name) + QStringLiteral(".png")),
                                              filters.join(QStringLiteral(";;")), &filter);
  if (file.isEmpty()) return;
  if (QFileInfo(file).suffix().isEmpty()) file += QLatin1Char('.') + filter.section(QStringLiteral("*."), 1).chopped(1);
  try {
    write_view(*view, file, csv);
    kept_folder() = QFileInfo(file).absolutePath();
    if (done) done(file);
  } catch (const std::exception& e) {
    if (failed) failed(QString::fromUtf8(e.what()));
  }
}

void copy_picture(QWidget& view) { QApplication::clipboard()->setImage(picture_of(view)); }
void copy_text(const QString& text) { QApplication::clipboard()->setText(text); }

QString csv_cell(const QString& text) {
  QString cell = text;
  bool number = false;
  cell.toDouble(&number);
  if (!number && !cell.isEmpty() && QStringLiteral("=+-@\t\r").contains(cell[0])) cell.prepend(QLatin1Char('\''));
  if (!cell.contains(QLatin1Char(',')) && !cell.contains(QLatin1Char('"')) && !cell.contains(QLatin1Char('\n')) && !cell.contains(QLatin1Char('\r'))) return cell;
  cell.replace(QLatin1Char('"'), QStringLiteral("\"\""));
  return QLatin1Char('"') + cell + QLatin1Char('"');
}

}  // namespace telltale::ui
