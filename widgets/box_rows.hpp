// Combo boxes of many entries.
#pragma once
#include <QComboBox>
#include <QIcon>
#include <QVariant>
#include <vector>

namespace telltale::ui {

struct BoxRow {
  QString text;
  QVariant data;  ///< as QComboBox::itemData(i)
  QIcon icon{};
};

/// In place of what the box held, all at once: addItem() tells the box of each, and a thousand runs take 20 ms and more.
/// The first entry becomes the current one.
void set_box_rows(QComboBox& box, const std::vector<BoxRow>& rows);

}  // namespace telltale::ui
