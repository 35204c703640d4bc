// L = Σ weight · term: each term with its weight as a field; the parts of the focused setting light up.
#pragma once
#include <QLabel>
#include <QString>
#include <vector>

#include "widgets/new_run/setting_field.hpp"

namespace telltale::ui {

/// Text with subscripts: "w_{neg} JSD(p″ ‖ U_{y})". Returns the width; draws when `painter` is given.
qreal formula_text(QPainter* painter, const QPointF& baseline, const QString& text, const QFont& font);

class FormulaView : public QWidget {
  Q_OBJECT
 public:
  explicit FormulaView(Theme& theme, QWidget* parent = nullptr);
  std::vector<SettingField*> fields() const;   ///< the weights
  /// `terms`: ids as in SettingInfo::term ("attribution, cls").
  void light(const QString& terms);
  QStringList lit() const;
  void show_settings(const TrainingSettings& settings);

 protected:
  void resizeEvent(QResizeEvent*) override;

 private:
  class Block;
  void arrange(int columns);
  Theme& theme_;
  std::vector<Block*> blocks_;
  int columns_ = 0;
};

}  // namespace telltale::ui
