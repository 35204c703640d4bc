// The grid on screen: bars with whiskers, numbers, or ranks; heads that sort; a frame around the chosen cell.
#pragma once
#include <QHeaderView>
#include <QStyledItemDelegate>
#include <QTableView>

#include "widgets/evaluate/grid_model.hpp"
#include "widgets/theme.hpp"

namespace telltale::ui {

class GridTable : public QTableView {
  Q_OBJECT
 public:
  enum class Mode { bars, numbers, ranks };
  GridTable(Theme& theme, GridModel* model, QWidget* parent = nullptr);
  void set_mode(Mode mode);
  Mode mode() const { return mode_; }
  void set_series(std::vector<int> series);  ///< [run] number of its colour
  void fit();                                ///< widths and heights of what the model holds now
  void choose(const std::string& method, const std::string& metric);  ///< does not signal when it is there already
  QSize natural_size() const;                                         ///< of the whole grid, heads included

 Q_SIGNALS:
  void chosen(const QString& method, const QString& metric);
  void opened(const QString& method, const QString& metric);  ///< Enter, double click
  void mode_asked(int mode);                                  ///< M

 protected:
  void currentChanged(const QModelIndex& now, const QModelIndex& before) override;
  void keyPressEvent(QKeyEvent*) override;
  void resizeEvent(QResizeEvent*) override;
  bool eventFilter(QObject* corner, QEvent* e) override;

 private:
  friend class GridDelegate;
  Theme& theme_;
  GridModel* model_;
  Mode mode_ = Mode::bars;
  std::vector<int> series_;
  bool quiet_ = false;
};

class GridDelegate : public QStyledItemDelegate {
  Q_OBJECT
 public:
  GridDelegate(Theme& theme, GridTable* table);
  void paint(QPainter*, const QStyleOptionViewItem&, const QModelIndex&) const override;
  QSize sizeHint(const QStyleOptionViewItem&, const QModelIndex&) const override;
  int line() const { return static_cast<int>(theme_.px(17)); }

 private:
  void paint_entry(QPainter& p, const QRectF& box, const GridEntry& e, std::size_t run, const QModelIndex& index) const;
  Theme& theme_;
  GridTable* table_;
};

/// Heads of two lines: name over "high is better", method over "not in any loss".
class GridHead : public QHeaderView {
  Q_OBJECT
 public:
  GridHead(Theme& theme, GridModel* model, Qt::Orientation orientation, QWidget* parent);
  int needed(int section) const;  ///< width that keeps the name whole
  QSize sizeHint() const override;

 protected:
  void paintSection(QPainter* painter, const QRect& rect, int section) const override;
  void paintEvent(QPaintEvent*) override;

 private:
  Theme& theme_;
  GridModel* model_;
};

}  // namespace telltale::ui
