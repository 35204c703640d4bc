// What is known of one word: its pieces with their scores, rank, share, which class it tells for.
#pragma once
#include <QWidget>

#include "widgets/inspect/telling.hpp"
#include "widgets/post_content.hpp"
#include "widgets/theme.hpp"

namespace telltale::ui {

/// Lies over the view it belongs to and lets the mouse through.
class HoverCard : public QWidget {
  Q_OBJECT
 public:
  explicit HoverCard(Theme& theme, QWidget* over);
  /// `anchor`: the word's box in the coordinates of the parent.
  void show_word(const PostContent& post, int word, const Telling& telling, const QRect& anchor);

 protected:
  void paintEvent(QPaintEvent*) override;

 private:
  struct Line {
    QString left, right;
    bool mono = false;
  };
  Theme& theme_;
  QString word_, score_;
  std::vector<Line> pieces_;
  QStringList notes_;
};

}  // namespace telltale::ui
