// A post of a comparison: A, B and Δ = B − A word under word, on one scale.
#pragma once
#include "report/comparison_view.hpp"
#include "report/post_text.hpp"
#include "widgets/painted_view.hpp"

namespace telltale::ui {

/// Lives in a QScrollArea with widgetResizable. Item keys are indices into the post's "words".
class ComparedPost : public PaintedView {
  Q_OBJECT
 public:
  explicit ComparedPost(Theme& theme, QWidget* parent = nullptr);
  /// `view` and `post` must outlive what is shown; nullptr shows nothing.
  void set_post(const ComparisonView* view, const Json* post, double domain);
  QString scores_of(int word) const;  ///< "innings  A +0.155  B +0.604  Δ +0.449"

 protected:
  void paintEvent(QPaintEvent*) override;
  void lay_out() override;

 private:
  struct Piece {
    qreal x = 0, width = 0;
    int line = 0, word = -1;
    QString text;
    bool dim = false, unread = false;
    qreal before = 2, after = 2;  ///< how far its cells reach past the text
  };
  struct Line {
    qreal top = 0;
  };
  const ComparisonView* view_ = nullptr;
  const Json* post_ = nullptr;
  double domain_ = 1;
  std::string text_;
  std::vector<Span> spans_;
  std::vector<std::vector<double>> scores_;  ///< [word][row]
  int rows_ = 0;
  std::vector<Piece> pieces_;
  std::vector<Line> lines_;
};

}  // namespace telltale::ui
