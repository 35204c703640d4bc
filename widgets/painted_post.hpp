// A post painted on its original characters, words whole.
#pragma once
#include "widgets/painted_view.hpp"
#include "widgets/post_content.hpp"

namespace telltale::ui {

/// Lives in a QScrollArea with widgetResizable; asks for the height its text needs. Item keys are indices of words.
class PaintedPost : public PaintedView {
  Q_OBJECT
 public:
  explicit PaintedPost(Theme& theme, QWidget* parent = nullptr);
  void set_post(PostPtr post);
  void set_gamma(double gamma);  ///< 0.3 … 2
  void set_domain(double domain);  ///< the score of full colour, where posts stand side by side; 0: the post's own largest
  void set_stale(bool stale);    ///< something newer is on its way: paler
  void set_blind(bool blind);    ///< no scores: neither painted nor spoken, and no order by score
  QRectF box_of(int word) const; ///< of its first piece; empty: not shown

 Q_SIGNALS:
  void laid_out();  ///< minimumHeight() is what the text needs at this width
  void target_wanted();  ///< T
  void foil_wanted();    ///< F

 protected:
  void paintEvent(QPaintEvent*) override;
  void keyPressEvent(QKeyEvent*) override;
  void lay_out() override;
  virtual QString note_of(int) const { return {}; }  ///< what is said of a word besides its score

  /// A piece of one line.
  struct Piece {
    QRectF box;       ///< of the cell for words, of the text otherwise
    QPointF at;       ///< where its base line starts
    QString text;
    int word = -1;
    enum class Look : char { normal, dim, head, unread, limit } look = Look::normal;
  };
  const std::vector<Piece>& pieces() const { return pieces_; }
  const PostPtr& post() const { return post_; }

 private:
  PostPtr post_;
  double gamma_ = 0.8, domain_ = 0;
  bool stale_ = false, blind_ = false;
  std::vector<Piece> pieces_;
  std::vector<QRectF> quote_bars_;
};

}  // namespace telltale::ui
