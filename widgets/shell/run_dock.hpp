// The run list at the left: choose, tick for the charts, rename, delete with undo, start, duplicate, note.
#pragma once
#include <QPointer>
#include <QTimer>
#include <QWidget>
#include <functional>

#include "widgets/session/session.hpp"
#include "widgets/shell/run_model.hpp"

class QAction;
class QLabel;
class QLineEdit;
class QMenu;
class QSortFilterProxyModel;
class QToolButton;
class QTreeView;

namespace telltale::ui {

class RunDock : public QWidget {
  Q_OBJECT
 public:
  explicit RunDock(Theme& theme, QWidget* parent = nullptr);
  ~RunDock() override;
  void set_session(Session* session);  ///< nullptr: nothing is open; carries out deletions

  std::int64_t current() const;        ///< 0: none
  void select(std::int64_t run);
  std::vector<std::int64_t> shown() const { return model_->shown(); }
  std::map<std::int64_t, int> colours() const;  ///< series of every run
  void show_only(const std::vector<std::int64_t>& runs);
  RunModel& model() { return *model_; }
  const RunModel& model() const { return *model_; }
  QTreeView& tree() { return *tree_; }

  /// For menus; enabled by what is selected.
  struct Actions {
    QAction *start, *unqueue, *open, *rename, *duplicate, *note, *copy_id, *remove, *undo, *redo, *filter;
  };
  const Actions& actions() const { return actions_; }
  void carry_out_deletions();          ///< now, on this thread

 Q_SIGNALS:
  void current_changed(std::int64_t run);
  void shown_changed();
  void opened(std::int64_t run);       ///< Enter, double click
  void new_run_asked();
  void failed(const QString& message);

 protected:
  bool eventFilter(QObject*, QEvent*) override;

 private:
  struct Edit {
    QString what;
    std::function<void()> undo, redo;
    std::int64_t deletes = 0;
  };
  void build();
  void build_actions();
  void refresh();
  void take(std::vector<RunRow> rows);
  void load_curves();
  void hear(qint64 run, const std::vector<OrderedJson>& events);
  void update_actions();
  void update_footer();
  void describe(std::int64_t run, const QString& name, const QString& note);
  void did(Edit edit);
  void undo();
  void redo();
  void rename(std::int64_t run, const QString& name);
  void remove_current();
  void carry_out(std::int64_t run);
  void start_current();
  void duplicate_current();
  void edit_note();
  void choose_colour(std::int64_t run, const QPoint& global);
  void show_menu(const QPoint& global);

  Theme& theme_;
  QPointer<Session> session_;
  RunModel* model_ = nullptr;
  QSortFilterProxyModel* proxy_ = nullptr;
  QTreeView* tree_ = nullptr;
  QLineEdit* filter_ = nullptr;
  QLabel *footer_ = nullptr, *empty_ = nullptr, *undo_text_ = nullptr;
  QWidget* undo_bar_ = nullptr;
  QTimer undo_timer_, curves_timer_;
  Actions actions_{};
  std::vector<Edit> done_, undone_;
  std::vector<std::int64_t> deleted_;              ///< hidden, still in the file
  std::map<std::int64_t, std::int64_t> curves_at_; ///< step for which a curve was asked
  std::int64_t live_ = 0;                          ///< whose curve grows
  std::vector<float> live_curve_;
  int live_every_ = 1, live_count_ = 0;
  double live_sum_ = 0;
  double last_read_ms_ = 0;
  std::optional<std::vector<std::int64_t>> wanted_shown_;  ///< asked for before the list knew of all of them
  std::int64_t current_ = 0, wanted_current_ = 0;
  bool reading_ = false, read_again_ = false, first_ = true;
};

}  // namespace telltale::ui
