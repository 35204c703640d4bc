// One card for each preset: what it is, what it is for.
#pragma once
#include <QAbstractButton>
#include <vector>

#include "training/presets.hpp"
#include "widgets/theme.hpp"

class QButtonGroup;

namespace telltale::ui {

class PresetCard : public QAbstractButton {
  Q_OBJECT
 public:
  PresetCard(Theme& theme, const QString& name, const QString& what, bool radio, QWidget* parent);
  void set_mark(const QString& mark);  ///< "4 changed"
  QSize sizeHint() const override { return {170, 50}; }
  QSize minimumSizeHint() const override { return {140, 50}; }

 protected:
  void paintEvent(QPaintEvent*) override;

 private:
  Theme& theme_;
  QString what_, mark_;
  bool radio_;
};

class PresetCards : public QWidget {
  Q_OBJECT
 public:
  explicit PresetCards(Theme& theme, QWidget* parent = nullptr);
  void choose(const std::string& preset, int changed);  ///< does not signal
  PresetCard* card(const std::string& preset) const;
  PresetCard* copy_card() const { return copy_; }

 Q_SIGNALS:
  void chosen(const QString& preset);
  void copy_wanted();

 protected:
  void resizeEvent(QResizeEvent*) override;

 private:
  void arrange(int columns);
  std::vector<PresetCard*> cards_;
  PresetCard* copy_;
  QButtonGroup* group_;
  int columns_ = 0;
};

}  // namespace telltale::ui
