// Base of what is painted by hand: items with boxes, found by the mouse and the keyboard, told to assistive programs.
#pragma once
#include <QPainter>
#include <QWidget>
#include <vector>

#include "widgets/theme.hpp"

namespace telltale::ui {

/// Digits all of the width of "0" (Qt before 6.7 cannot ask a font for tabular figures).
qreal tabular_width(const QFontMetricsF& metrics, const QString& text);
/// Draws text with such digits; `flags` knows AlignLeft, AlignRight, AlignHCenter; always centred vertically.
void draw_tabular(QPainter& painter, const QRectF& box, int flags, const QString& text);

/// How many of the first characters fit into `room` px: at least one, never half of a pair; cost does not grow with the text.
int fitting(const QFontMetricsF& metrics, const QString& text, qreal room);

/// A bar of the diverging scale from −1 to +1, left to right.
void draw_heat_bar(QPainter& painter, const QRectF& box, const Palette& palette, qreal gamma = 1);

class PaintedView : public QWidget {
  Q_OBJECT
 public:
  explicit PaintedView(Theme& theme, QWidget* parent = nullptr);
  /// The item with this key is ringed here too; −1 = none. Does not signal.
  void set_ring(int key);
  int ring() const { return ring_; }
  void move_to(int key);  ///< as the keyboard does: rings it, speaks it, signals; nothing where the key is not shown

 Q_SIGNALS:
  void hovered(int key);  ///< −1 when the mouse leaves
  void chosen(int key);   ///< click, Enter

 protected:
  struct Item {
    QRectF box;
    int key = -1;          ///< what views link by: the index of a word
    QString tip, spoken;   ///< tool tip; "word, score, rank"
  };
  void set_items(std::vector<Item> items);
  const std::vector<Item>& items() const { return items_; }
  bool event(QEvent*) override;
  void mouseMoveEvent(QMouseEvent*) override;
  void mousePressEvent(QMouseEvent*) override;
  void leaveEvent(QEvent*) override;
  void keyPressEvent(QKeyEvent*) override;
  void focusOutEvent(QFocusEvent*) override;
  void changeEvent(QEvent*) override;
  virtual void lay_out() {}            ///< called when size or theme change
  void resizeEvent(QResizeEvent*) override;
  void draw_focus(QPainter& painter) const;
  Theme& theme_;

 private:
  int item_at(QPointF p) const;
  void move_ring(int item);
  std::vector<Item> items_;
  int ring_ = -1;
  bool held_ = false;
};

}  // namespace telltale::ui
