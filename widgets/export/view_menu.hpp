// The last tool of a panel's header: "⋯" with copy, export and settings of that view.
#pragma once
#include <QMenu>
#include <QToolButton>

#include "widgets/export/export.hpp"
#include "widgets/theme.hpp"

namespace telltale::ui {

/// Copy picture, Copy as CSV (where there is a table), Export…. More is added through actions(): settings stand above. A right click anywhere on
/// the view opens the same menu there, unless what is under the pointer has one of its own.
class ViewMenu : public QToolButton {
  Q_OBJECT
 public:
  /// `view` is what is drawn, usually the panel itself; `name` names the file and the button ("Loss terms").
  ViewMenu(Theme& theme, QWidget* view, const QString& name, CsvSource csv = {});
  /// An entry above copy and export.
  QAction* add_setting(const QString& text);
  void add_setting_menu(QMenu* menu);
  void export_view();  ///< what Export… does

 Q_SIGNALS:
  void failed(const QString& message);
  void exported(const QString& file);

 protected:
  void paintEvent(QPaintEvent*) override;
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  Theme& theme_;
  QWidget* view_;
  QString name_;
  CsvSource csv_;
  QMenu* menu_;
  QAction* first_own_ = nullptr;  ///< the separator above copy and export, once there are settings
};

}  // namespace telltale::ui
