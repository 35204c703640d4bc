// A painted post whose words people mark: spans stand as lines under the words, so that the colours of the scores stay as they are.
#pragma once
#include "store/store.hpp"
#include "widgets/painted_post.hpp"

namespace telltale::ui {

/// The line under a marked span: telling is straight with ends turned up, shared is a wave; thin for what others marked.
void draw_mark(QPainter& painter, qreal from, qreal to, qreal y, const QString& kind, bool own, const QColor& ink);

class MarkedPost : public PaintedPost {
  Q_OBJECT
 public:
  struct Line {
    MarkedSpan span;
    bool own = true;  ///< of the annotator at work; else thin
  };
  explicit MarkedPost(Theme& theme, QWidget* parent = nullptr) : PaintedPost(theme, parent) {}
  void set_lines(std::vector<Line> lines);
  /// Words are selected by drag or Shift and arrows; Enter or M asks for a telling mark, S for a shared one, Delete takes one away.
  void set_marking(bool marking);
  bool marking() const { return marking_; }
  bool has_words() const;
  /// Bytes from the first selected word to the last: the dragged or extended ones, else the ringed one; {-1, -1} without any.
  Span selection() const;
  void clear_selection();

 Q_SIGNALS:
  void mark_asked(qint64 begin, qint64 end, const QString& kind);  ///< kind empty: the one chosen for the mouse
  void unmark_asked(qint64 begin, qint64 end);
  void undo_asked();
  void redo_asked();
  void selection_changed();

 protected:
  bool event(QEvent*) override;
  void paintEvent(QPaintEvent*) override;
  void keyPressEvent(QKeyEvent*) override;
  void mousePressEvent(QMouseEvent*) override;
  void mouseMoveEvent(QMouseEvent*) override;
  void mouseReleaseEvent(QMouseEvent*) override;
  void mouseDoubleClickEvent(QMouseEvent*) override;
  QString note_of(int word) const override;

 private:
  int word_at(QPointF p) const;  ///< −1 = none
  bool inside(int word, const MarkedSpan& span) const;
  void select_to(int word);
  std::vector<Line> lines_;
  bool marking_ = false, dragging_ = false;
  int anchor_ = -1;
};

}  // namespace telltale::ui
