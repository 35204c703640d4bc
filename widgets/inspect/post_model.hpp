// The post list's model: rows of the index in an order, titles and snippets read from the file a page at a time, when they are looked at.
#pragma once
#include <QAbstractListModel>
#include <QString>
#include <map>
#include <vector>

#include "widgets/inspect/post_index.hpp"

namespace telltale::ui {

struct PostLine {
  qint64 id = 0;
  QString title, snippet;           ///< snippet: hits stand between U+0002 and U+0003
  QString gold, predicted;          ///< class names, short; predicted empty = not known yet
  double confidence = 0;            ///< NaN = not known
  bool explained = false;
};

class PostModel : public QAbstractListModel {
  Q_OBJECT
 public:
  enum Role { LineRole = Qt::UserRole, IdRole };
  using QAbstractListModel::QAbstractListModel;

  /// `store`, `index` must outlive their use here; nullptr: no rows.
  void set_source(Store* store, const PostIndex* index, std::vector<QString> classes);
  /// Rows of the index, and what was searched (for the snippets).
  void set_order(std::vector<int> rows, const std::string& search);
  void refresh();  ///< predictions or explained marks changed: draws anew, keeps the order
  void set_blind(bool blind);  ///< what is predicted is not told
  int place_of(qint64 document) const;  ///< −1 = not in the list
  qint64 id(int place) const;

  int rowCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : static_cast<int>(rows_.size()); }
  QVariant data(const QModelIndex& index, int role) const override;

 private:
  const PostStart& start_of(int place) const;
  Store* store_ = nullptr;
  const PostIndex* index_ = nullptr;
  std::vector<QString> classes_;
  std::vector<int> rows_;
  std::string search_;
  bool blind_ = false;
  mutable std::map<int, std::vector<PostStart>> pages_;  ///< by number of the page
};

}  // namespace telltale::ui
Q_DECLARE_METATYPE(telltale::ui::PostLine)
