// Where the words of a post stand in A and in B: lines between their ranks.
#pragma once
#include "widgets/compare/compared_post.hpp"

namespace telltale::ui {

/// Item keys are indices of the post's words.
class RankSlopes : public PaintedView {
  Q_OBJECT
 public:
  explicit RankSlopes(Theme& theme, QWidget* parent = nullptr);
  void set_post(PairedPtr post);
  void set_top(int k);
  int shown() const { return static_cast<int>(lines_.size()); }
  QString csv() const;

 protected:
  void paintEvent(QPaintEvent*) override;
  void lay_out() override;

 private:
  struct Line {
    int word = 0, a = 0, b = 0;  ///< ranks from 1
  };
  qreal y_of(int rank) const;
  PairedPtr post_;
  std::vector<int> a_, b_;       ///< [word] rank
  std::vector<Line> lines_;
  int top_ = 12, fits_ = 12;
  qreal row_ = 20, left_ = 0, right_ = 0;
};

}  // namespace telltale::ui
