// How the post is explained: method, output, path, nodes; the badge says how well the scores add up, its card has the figures.
#pragma once
#include <QFrame>
#include <QPushButton>
#include <QWidget>

#include "widgets/inspect/explainer.hpp"
#include "widgets/theme.hpp"

class QComboBox;
class QFormLayout;
class QLabel;

namespace telltale::ui {

/// A button that shows the badge in its colours: check, nothing, triangle.
class BadgeButton : public QPushButton {
  Q_OBJECT
 public:
  BadgeButton(Theme& theme, QWidget* parent);
  void set_badge(Badge badge, const QString& text);
  QSize sizeHint() const override;
  Badge badge() const { return badge_; }

 protected:
  void paintEvent(QPaintEvent*) override;

 private:
  Theme& theme_;
  Badge badge_ = Badge::none;
};

class ExplainBar : public QWidget {
  Q_OBJECT
 public:
  explicit ExplainBar(Theme& theme, QWidget* parent = nullptr);
  const ExplainOptions& options() const { return options_; }
  void set_options(const ExplainOptions& options);  ///< does not signal
  void set_post(const PostContent* post);           ///< nullptr: nothing is explained
  void set_seconds(double seconds) { seconds_ = seconds; }  ///< of what is shown next; 0 = it was stored
  void set_busy(bool busy, double done = 0, double total = 0);
  void set_message(const QString& message, bool error = true);  ///< with a button to explain; empty: none
  QWidget* message_row() { return message_; }       ///< for a layout to take
  void set_compact(bool compact);                   ///< method and badge alone; the rest is in the badge's card
  void show_card();
  QComboBox* method_combo() { return method_; }
  BadgeButton* badge_button() { return badge_; }
  QWidget* card() { return card_; }

 Q_SIGNALS:
  void options_changed();
  void more_nodes();
  void cancelled();
  void again();

 protected:
  void resizeEvent(QResizeEvent*) override;

 private:
  void read(bool from_card);
  void show_options();
  void fill_card(const PostContent* post);
  Theme& theme_;
  ExplainOptions options_;
  double seconds_ = 0;
  bool compact_ = false;
  QComboBox *method_, *output_, *path_, *nodes_combo_, *card_output_, *card_path_, *card_nodes_, *card_quadrature_;
  QLabel *nodes_, *error_, *figures_;
  BadgeButton* badge_;
  QPushButton *more_, *cancel_, *again_;
  class BusyRing* ring_;
  QFrame* card_;
  QWidget* message_;
};

/// "integrated-gradients" → "Integrated gradients"
QString method_title(const std::string& id);
QString output_title(Output output);

}  // namespace telltale::ui
