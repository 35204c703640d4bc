// The posts of one step: what stood behind a spike.
#pragma once
#include <QListView>

#include "widgets/escape.hpp"
#include "widgets/export/view_menu.hpp"
#include "widgets/panel.hpp"
#include "widgets/row_list.hpp"
#include "widgets/runs/run_data.hpp"

namespace telltale::ui {

class BatchList : public Panel, public Escapes {
  Q_OBJECT
 public:
  BatchList(Theme& theme, RunData& data);
  void show_step(std::int64_t run, std::int64_t step);
  std::int64_t run() const { return run_; }
  std::int64_t step() const { return step_; }
  const RowList& list() const { return *list_; }
  bool escape() override;  ///< closes

 Q_SIGNALS:
  void document_asked(qint64 run, qint64 document);
  void step_asked(qint64 run, qint64 step);  ///< the one before, the one after
  void closed();
  void failed(const QString& message);

 protected:
  void keyPressEvent(QKeyEvent*) override;

 private:
  QString csv() const;
  Theme& theme_;
  RunData& data_;
  RowList* list_;
  QLabel* values_;
  EmptyNote* note_;
  std::int64_t run_ = 0, step_ = 0;
  WorkQueue::JobId job_ = 0;
};

}  // namespace telltale::ui
