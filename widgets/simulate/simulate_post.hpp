// One post of a simulation: the text, painted or not, and a button and a key for every class. Nothing here knows what the model answered.
#pragma once
#include <QElapsedTimer>
#include <QWidget>
#include <optional>

#include "widgets/post_content.hpp"
#include "widgets/theme.hpp"

class QGridLayout;
class QLabel;
class QProgressBar;
class QPushButton;
class QScrollArea;

namespace telltale::ui {

class HeatLegend;
class PaintedPost;

class SimulatePost : public QWidget {
  Q_OBJECT
 public:
  explicit SimulatePost(Theme& theme, QWidget* parent = nullptr);
  void set_classes(const std::vector<std::string>& classes, bool confidence);
  /// Time begins when it is painted. `explained`: the scores are painted; else the record holds none.
  void show_post(PostPtr post, bool explained, std::size_t place, std::size_t of);
  void set_waiting(const QString& what);          ///< nothing can be answered; empty: it can
  QPushButton* class_button(int c) { return buttons_.at(static_cast<std::size_t>(c)); }
  QPushButton* sure_button(int sure) { return sure_.at(static_cast<std::size_t>(sure - 1)); }
  PaintedPost& painted() { return *painted_; }
  bool asks_confidence() const { return chosen_.has_value(); }
  static QChar key_of(int c);                     ///< 1 … 9, 0, a, b, …; null past z

 Q_SIGNALS:
  void answered(int answer, int confidence, qint64 milliseconds);  ///< confidence 0 = not asked
  void stop_asked();

 protected:
  void keyPressEvent(QKeyEvent*) override;
  bool eventFilter(QObject*, QEvent*) override;

 private:
  void choose(int c);
  void be_sure(int sure);
  void show_question();
  Theme& theme_;
  bool confidence_ = false, ready_ = false, timed_ = false;
  std::optional<int> chosen_;
  qint64 milliseconds_ = 0;
  QElapsedTimer timer_;
  QLabel *place_, *condition_, *question_;
  QProgressBar* bar_;
  QScrollArea* scroll_;
  PaintedPost* painted_;
  HeatLegend* legend_;
  QWidget *legend_row_, *classes_box_, *sure_box_;
  QGridLayout* grid_;
  std::vector<QPushButton*> buttons_, sure_;
};

}  // namespace telltale::ui
