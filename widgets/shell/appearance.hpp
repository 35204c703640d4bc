// Light or dark, as the desktop says, now and when it changes its mind.
#pragma once
#include <QDBusVariant>
#include <QObject>

#include "widgets/theme.hpp"

namespace telltale::ui {

class Appearance : public QObject {
  Q_OBJECT
 public:
  /// Make it before the theme's palette is applied: without a desktop portal the first palette tells.
  explicit Appearance(QObject* parent = nullptr);
  Theme::Mode system() const { return mode_; }

 Q_SIGNALS:
  void changed();

 private Q_SLOTS:
  void portal_changed(const QString& space, const QString& key, const QDBusVariant& value);

 private:
  void take(uint scheme);
  void ask_portal();
  Theme::Mode mode_;
};

}  // namespace telltale::ui
