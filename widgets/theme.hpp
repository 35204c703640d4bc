// resources/theme.json for windows: QPalette, style sheet, fonts, and colours for what is painted by hand.
#pragma once
#include <QColor>
#include <QFont>
#include <QObject>
#include <QPalette>
#include <QPointer>
#include <QString>
#include <QWidget>
#include <vector>

#include "report/theme.hpp"

class QApplication;

namespace telltale::ui {

inline QColor colour(Rgb c) { return QColor(c.r, c.g, c.b); }
inline QString text(const std::string& s) { return QString::fromStdString(s); }

/// Fonts that widgets were given, set again when this goes. A style sheet gives a widget that it leaves, or that moves to another parent, the font
/// that the widget had when the sheet first saw it: of another size, where the size of text was changed since.
class KeptFonts {
 public:
  explicit KeptFonts(const QWidgetList& of);
  explicit KeptFonts(const QWidget& root);  ///< of all in it
  ~KeptFonts();
  KeptFonts(const KeptFonts&) = delete;
  KeptFonts& operator=(const KeptFonts&) = delete;

 private:
  std::vector<std::pair<QPointer<QWidget>, QFont>> own_;
};

/// One object for the whole program, owned by main(). Widgets ask it when they paint, and repaint on changed().
class Theme : public QObject {
  Q_OBJECT
 public:
  enum class Mode { light, dark };
  explicit Theme(Mode mode, QObject* parent = nullptr);

  Mode mode() const { return mode_; }
  void set_mode(Mode mode);                 ///< applies to the application, then changed()
  /// Text and rows are larger or smaller by this factor, one of scales() (the nearest is taken); fonts and fixed heights of the program's
  /// widgets follow at once, then changed().
  void set_scale(double factor);
  double scale() const { return scale_; }
  static const std::vector<double>& scales();
  void apply(QApplication& app) const;      ///< Fusion, palette, style sheet, font

  const Palette& colours() const;
  QColor operator[](const char* name) const { return colour(colours()[name]); }
  QColor series(std::size_t i) const { return colour(colours().series_colour(i)); }
  int spacing(const char* name) const;      ///< px, "panelGap", "row", …, by scale()
  qreal px(qreal at_scale_1) const { return at_scale_1 * scale_; }  ///< of what is painted by hand
  int size(const char* name) const;         ///< font size in px: "axis", "caption", "table", "ui", "post", "title", "hero", by scale()

  enum class Weight { regular, medium, semibold };
  QFont font(const char* size = "ui", Weight weight = Weight::regular) const;
  QFont mono(const char* size = "table") const;

 Q_SIGNALS:
  void changed();

 private:
  QPalette palette() const;
  QString style_sheet() const;
  QFont family(const char* which) const;
  Mode mode_;
  double scale_ = 1;
};

}  // namespace telltale::ui
