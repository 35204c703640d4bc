// A field for a number with its unit.
#pragma once
#include <QLineEdit>

#include "widgets/theme.hpp"

namespace telltale::ui {

/// A line with its unit inside at the right; the frame is red while the value does not fit.
class UnitEdit : public QLineEdit {
  Q_OBJECT
 public:
  explicit UnitEdit(Theme& theme, QWidget* parent = nullptr);
  void set_unit(const QString& unit);
  void set_wrong(bool wrong);
  bool wrong() const { return wrong_; }

 protected:
  void paintEvent(QPaintEvent*) override;

 private:
  Theme& theme_;
  QString unit_;
  bool wrong_ = false;
};

}  // namespace telltale::ui
