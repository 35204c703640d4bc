#include "widgets/box_rows.hpp"

#include <QStandardItemModel>

namespace telltale::ui {

void set_box_rows(QComboBox& box, const std::vector<BoxRow>& rows) {
  QList<QStandardItem*> items;
  items.reserve(static_cast<qsizetype>(rows.size()));
  for (const BoxRow& r : rows) {
    auto* item = new QStandardItem(r.text);
    item->setData(r.data, Qt::UserRole);
    if (!r.icon.isNull()) item->setIcon(r.icon);
    items << item;
  }
  auto* model = new QStandardItemModel(&box);
  model->appendColumn(items);
  box.setModel(model);  // the one before was the box's own, and goes
}

}  // namespace telltale::ui
