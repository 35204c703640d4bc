// How the post is explained: method, output, path, nodes; the badge says how well the scores add up, its card has the figures.
#pragma once
#include <QFrame>
#include <QPushButton>
#include <QWidget>

#include "widgets/inspect/explainer.hpp"
#include "widgets/inspect/method_options.hpp"
#include "widgets/theme.hpp"

class QComboBox;
class QLabel;
class QToolButton;

namespace telltale::ui {

class MethodCombo;
class OptionsCard;

/// A button that shows the badge in its colours: check, nothing, triangle.
class BadgeButton : public QPushButton {
  Q_OBJECT
 public:
  BadgeButton(Theme& theme, QWidget* parent);
  /// `made`: method and nodes, for the tool tip and what is spoken.
  void set_badge(Badge badge, const QString& text, const QString& made = {});
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override;
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
  void set_place(std::int64_t run, const Place& place, MeterPtr meter);  ///< what options are asked for; the post's size comes with set_post()
  const Place& place() const { return place_; }
  void show_card(QWidget* under = nullptr);         ///< nullptr: the badge
  MethodCombo* method_combo() { return method_; }
  OptionsCard& options_card() { return *form_; }
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
  void read();
  void take(const std::string& method);
  void show_cost();
  void show_options();
  void fill_card(const PostContent* post);
  Theme& theme_;
  ExplainOptions options_;
  double seconds_ = 0;
  bool compact_ = false;
  std::int64_t run_ = 0;
  Place place_;
  MeterPtr meter_;
  MethodCombo* method_;
  QComboBox *output_, *path_, *nodes_combo_;
  QToolButton* options_button_;
  OptionsCard* form_;
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
