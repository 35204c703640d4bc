// The words by score: bar, score, share, and which class of the pair each one tells for.
#pragma once
#include "widgets/inspect/telling.hpp"
#include "widgets/painted_view.hpp"
#include "widgets/post_content.hpp"

namespace telltale::ui {

/// Lives in a QScrollArea with widgetResizable. Item keys are indices of words.
class WordsTable : public PaintedView {
  Q_OBJECT
 public:
  enum class Show { both, with, against };
  explicit WordsTable(Theme& theme, QWidget* parent = nullptr);
  void set_post(PostPtr post);
  void set_counts(CountsPtr counts, const QString& why_not = {});  ///< why_not: the tool tip while there are none
  void set_show(Show show);
  void set_top(int words);               ///< 0: as many as the view holds; −1: all
  Telling telling(int word) const;       ///< for target against foil, or against the likeliest other class
  QString csv() const;                   ///< every word: rank, word, begin, end, score, share, tells for, P, posts
  QSize minimumSizeHint() const override { return {260, 100}; }

 protected:
  void paintEvent(QPaintEvent*) override;
  void lay_out() override;

 private:
  int rival() const;
  QString chip_text(const Telling& t) const;
  PostPtr post_;
  CountsPtr counts_;
  QString why_not_;
  std::vector<QString> names_;
  std::vector<int> rows_;  ///< index into ranked; −1 = the words between
  int between_ = 0;
  Show show_ = Show::both;
  int top_ = 0;
};

}  // namespace telltale::ui
