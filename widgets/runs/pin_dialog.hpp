// Which posts the film follows: those pinned, and a search over the data set for more.
#pragma once
#include <QDialog>
#include <QLineEdit>
#include <QPushButton>
#include <QTimer>

#include "widgets/row_list.hpp"
#include "widgets/session/session.hpp"

class QLabel;

namespace telltale::ui {

class PinDialog : public QDialog {
  Q_OBJECT
 public:
  PinDialog(Theme& theme, Session* session, std::int64_t dataset, QWidget* parent = nullptr);
  static constexpr int most_found = 200, most_pinned = 64;  ///< the film takes no more

 Q_SIGNALS:
  void pins_changed();
  void failed(const QString& message);

 private:
  void search();
  void read_pinned();
  void set_pinned(std::vector<std::int64_t> ids);
  Theme& theme_;
  Session* session_;
  std::int64_t dataset_;
  QLineEdit* search_;
  RowList *found_, *pinned_;
  QLabel* state_;
  QPushButton *pin_, *unpin_;
  QTimer wait_;
  WorkQueue::JobId job_ = 0;
};

}  // namespace telltale::ui
