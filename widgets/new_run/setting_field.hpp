// One setting of the form: the dot that resets it, its name, its field with the unit inside, and a note beside it.
#pragma once
#include <QComboBox>
#include <QLineEdit>
#include <QToolButton>

#include "training/settings.hpp"
#include "widgets/panel.hpp"
#include "widgets/unit_edit.hpp"

namespace telltale::ui {

/// A combo box that leaves the wheel to the page unless it has the focus.
class QuietCombo : public QComboBox {
  Q_OBJECT
 public:
  using QComboBox::QComboBox;

 protected:
  void wheelEvent(QWheelEvent*) override;
};

/// A path to type. While nobody types, the middle of a long one gives way to …, never the last folder's name.
class PathEdit : public QLineEdit {
  Q_OBJECT
 public:
  using QLineEdit::QLineEdit;
  QString shown() const;  ///< as drawn when it has no focus

 protected:
  void paintEvent(QPaintEvent*) override;

 private:
  QRect contents() const;
};

/// Filled when the value differs from the preset's; a click resets it.
class DiffersDot : public QToolButton {
  Q_OBJECT
 public:
  explicit DiffersDot(Theme& theme, const QString& name, QWidget* parent = nullptr);
  void set_differs(bool differs, const QString& preset_value);
  bool differs() const { return differs_; }

 protected:
  void paintEvent(QPaintEvent*) override;

 private:
  Theme& theme_;
  QString name_;
  bool differs_ = false;
};

/// Widgets of one row; who makes it puts them into a grid.
class SettingField : public QObject {
  Q_OBJECT
 public:
  SettingField(Theme& theme, const SettingInfo& info, QWidget* parent);
  const SettingInfo& info() const { return info_; }
  DiffersDot* dot() { return dot_; }
  QLabel* label() { return label_; }
  QWidget* editor();
  ElidedLabel* note() { return note_; }

  void show_value(const QString& value);  ///< does not signal; leaves what is being typed alone
  void show_state(bool differs, const QString& preset_value, const QString& error, const QString& note, bool warn);
  QString typed() const;

  static QString choice_name(const SettingInfo& info, const std::string& id);
  static QString tool_tip(const SettingInfo& info);
  static QString meaning(const SettingInfo& info);  ///< ids that it names stand in “ ”
  static QString range_note(const SettingInfo& info);

 Q_SIGNALS:
  void edited(const QString& value);
  void reset_wanted();
  void focused();

 private:
  bool eventFilter(QObject* watched, QEvent* event) override;
  const SettingInfo& info_;
  DiffersDot* dot_;
  QLabel* label_;
  UnitEdit* edit_ = nullptr;
  QuietCombo* combo_ = nullptr;
  ElidedLabel* note_;
  Theme& theme_;
};

}  // namespace telltale::ui
