// The post list as it looks: title and confidence, a line of text with the hits marked, right or wrong.
#pragma once
#include <QListView>
#include <QStyledItemDelegate>

#include "widgets/inspect/post_model.hpp"
#include "widgets/theme.hpp"

namespace telltale::ui {

class PostDelegate : public QStyledItemDelegate {
  Q_OBJECT
 public:
  PostDelegate(Theme& theme, QObject* parent);
  void paint(QPainter*, const QStyleOptionViewItem&, const QModelIndex&) const override;
  QSize sizeHint(const QStyleOptionViewItem&, const QModelIndex&) const override { return {200, static_cast<int>(theme_.px(55))}; }

 private:
  Theme& theme_;
};

class PostList : public QListView {
  Q_OBJECT
 public:
  explicit PostList(Theme& theme, QWidget* parent = nullptr);
  PostModel& posts() { return *model_; }
  void choose(qint64 document);   ///< does not signal; 0 = none
  qint64 chosen_id() const;       ///< 0 = none
  int count() const { return model_->rowCount(); }
  int position() const { return currentIndex().row(); }
  void step(int by);              ///< signals

 Q_SIGNALS:
  void chosen(qint64 document);

 protected:
  void currentChanged(const QModelIndex& now, const QModelIndex& before) override;

 private:
  PostModel* model_;
  bool quiet_ = false;
};

}  // namespace telltale::ui
