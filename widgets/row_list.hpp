// Lists of runs and posts: one or two lines a row.
#pragma once
#include <QAbstractListModel>
#include <QListView>
#include <QStyledItemDelegate>
#include <vector>

#include "widgets/theme.hpp"

namespace telltale::ui {

struct ListRow {
  qint64 id = 0;
  QString title, note, value;   ///< value stands at the right; note on the second line
  int series = -1;              ///< swatch; −1 = none
  enum class Mark : char { none, right, wrong } mark = Mark::none;  ///< before the note
  QString tip{};                ///< of the row; empty: title and note
};

class RowsModel : public QAbstractListModel {
  Q_OBJECT
 public:
  using QAbstractListModel::QAbstractListModel;
  void set_rows(std::vector<ListRow> rows);
  const ListRow& row(int i) const { return rows_[static_cast<std::size_t>(i)]; }
  int find(qint64 id) const;  ///< −1 = not there
  int rowCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : static_cast<int>(rows_.size()); }
  QVariant data(const QModelIndex& index, int role) const override;

 private:
  std::vector<ListRow> rows_;
};

class RowsDelegate : public QStyledItemDelegate {
  Q_OBJECT
 public:
  RowsDelegate(Theme& theme, bool two_lines, QObject* parent);
  void paint(QPainter*, const QStyleOptionViewItem&, const QModelIndex&) const override;
  QSize sizeHint(const QStyleOptionViewItem&, const QModelIndex&) const override;
  /// Rows of two lines that are narrower than this have the value beside the note, so that the title keeps the whole line; 0 = never.
  void set_value_below(int width) { below_ = width; }

 private:
  Theme& theme_;
  bool two_lines_;
  int below_ = 0;
};

class RowList : public QListView {
  Q_OBJECT
 public:
  RowList(Theme& theme, const QString& name, bool two_lines, QWidget* parent = nullptr);
  void set_rows(std::vector<ListRow> rows);  ///< keeps the chosen id if it is still there; does not signal
  void choose(qint64 id);                    ///< does not signal
  qint64 chosen_id() const;                  ///< 0 = none
  void step(int by);                         ///< signals
  void set_value_below(int width) { delegate_->set_value_below(width); }
  int count() const { return model_->rowCount(); }
  int position() const { return currentIndex().row(); }
  const RowsModel& rows() const { return *model_; }

 Q_SIGNALS:
  void chosen(qint64 id);

 protected:
  void currentChanged(const QModelIndex& now, const QModelIndex& before) override;

 private:
  RowsModel* model_;
  RowsDelegate* delegate_;
  bool quiet_ = false;
};

}  // namespace telltale::ui
