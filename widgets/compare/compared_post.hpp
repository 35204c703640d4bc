// A post in two explanations: A, B and Δ = B − A word under word, on one scale.
#pragma once
#include <memory>

#include "report/comparison_view.hpp"
#include "report/post_text.hpp"
#include "widgets/painted_view.hpp"

namespace telltale::ui {

/// What a pair of explanations says of a post. Made once, never changed.
struct PairedPost {
  struct Row {
    QString label, name;
    int series = -1;                       ///< −1: no swatch
  };
  std::int64_t document = 0, cut = -1;     ///< cut: byte where the models stopped reading, −1 = they read all
  std::string text, id;
  std::vector<Span> words;
  std::vector<std::vector<double>> scores; ///< [word][row]
  std::vector<Row> rows;                   ///< A, B, Δ; or A alone
  double domain = 1;
  QString note;                            ///< what a reader has to know of the scores; often empty
  QString word(int i) const;               ///< fit to be shown; empty where it is none of the text's
};
using PairedPtr = std::shared_ptr<const PairedPost>;

/// One of the posts that a comparison's document paints.
PairedPtr painted_of(const ComparisonView& view, const Json& post);

/// Lives in a QScrollArea with widgetResizable. Item keys are indices into the post's "words".
class ComparedPost : public PaintedView {
  Q_OBJECT
 public:
  explicit ComparedPost(Theme& theme, QWidget* parent = nullptr);
  void set_post(PairedPtr post);      ///< nullptr shows nothing
  void set_stale(bool stale);         ///< something newer is on its way: paler
  const PairedPtr& post() const { return post_; }
  QRectF box_of(int word) const;
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
  PairedPtr post_;
  bool stale_ = false;
  int rows_ = 0;
  std::vector<Piece> pieces_;
  std::vector<Line> lines_;
};

}  // namespace telltale::ui
