// Paints groups and runs of the run list; the box is ticked with the mouse, the name is edited in its place.
#pragma once
#include <QStyledItemDelegate>

#include "widgets/theme.hpp"

class QAbstractItemView;

namespace telltale::ui {

struct RunRow;

/// Ring for what runs, tick, clock, bars, square, triangle: shape tells the state, colour repeats it.
void draw_status(QPainter& painter, const QRectF& box, const Theme& theme, const RunRow& row);
void draw_ring(QPainter& painter, const QRectF& box, const Theme& theme, double share);

class RunDelegate : public QStyledItemDelegate {
  Q_OBJECT
 public:
  RunDelegate(Theme& theme, QAbstractItemView* view);
  void paint(QPainter*, const QStyleOptionViewItem&, const QModelIndex&) const override;
  QSize sizeHint(const QStyleOptionViewItem&, const QModelIndex&) const override;
  bool editorEvent(QEvent*, QAbstractItemModel*, const QStyleOptionViewItem&, const QModelIndex&) override;
  QWidget* createEditor(QWidget*, const QStyleOptionViewItem&, const QModelIndex&) const override;
  void updateEditorGeometry(QWidget*, const QStyleOptionViewItem&, const QModelIndex&) const override;

 Q_SIGNALS:
  void swatch_clicked(std::int64_t run, const QPoint& global);

 private:
  void paint_group(QPainter&, const QStyleOptionViewItem&, const QModelIndex&) const;
  void paint_run(QPainter&, const QStyleOptionViewItem&, const RunRow&) const;
  Theme& theme_;
  QAbstractItemView* view_;
};

}  // namespace telltale::ui
