// Evaluate: methods × metrics of chosen runs with intervals, the curves, posts and slices behind a cell, and what
// protocol all of it stands on.
#pragma once
#include <QElapsedTimer>
#include <QTimer>
#include <QWidget>
#include <memory>

#include "widgets/evaluate/evaluate_work.hpp"
#include "widgets/theme.hpp"

class QComboBox;
class QHBoxLayout;
class QLabel;
class QPushButton;
class QScrollArea;
class QSpinBox;
class QSplitter;
class QStackedWidget;
class QToolButton;
class QVBoxLayout;

namespace telltale::ui {

class BusyRing;
class CurvePlot;
class GridLegend;
class GridModel;
class GridTable;
class MethodMatrix;
class Panel;
class PickMenu;
class ProtocolCard;
class RowList;
class Segmented;
class SliceTable;
class ValueHistogram;

class EvaluateView : public QWidget {
  Q_OBJECT
 public:
  enum class Detail { values, posts, slices, order, agreement };
  static constexpr std::size_t most_runs = 4;
  explicit EvaluateView(Theme& theme, QWidget* parent = nullptr);
  ~EvaluateView() override;
  void set_session(Session* session);  ///< shows what was evaluated last; nullptr: nothing is open
  /// These runs side by side; empty: those of the last evaluation. std::invalid_argument: unknown, not finished, of
  /// unlike data, too many.
  void show_runs(const std::vector<std::int64_t>& runs);
  void choose_run(std::int64_t run);  ///< as the run list does: alone, unless it is shown already; one that cannot be
                                      ///< evaluated is passed over
  void set_run_colours(const std::map<std::int64_t, int>& series);
  void choose_cell(const std::string& method, const std::string& metric);
  void show_detail(Detail detail);
  void show_protocol(int number);  ///< one of the stored ones
  /// "class", "right", "length" or a column of the posts; empty: the three that every post has. Nothing of what is not offered.
  void slice_by(const std::string& by);
  void add_columns(const QString& file);  ///< JSONL of {"id", …}: kept in the file; the first new one is sliced by
  void set_wish(const EvaluateWish& wish);
  const EvaluateWish& wish() const { return wish_; }
  const EvaluatePtr& evaluation() const { return data_; }  ///< null until something was read
  void compute();  ///< what is missing; nothing while the cost is not known to be wanted: no question asked
  void cancel();   ///< what is done stays
  bool computing() const { return job_ != 0; }
  QString csv() const;  ///< the grid
  bool settled() const { return file_job_ == 0 && read_job_ == 0 && columns_job_ == 0 && detail_job_ == 0 && cost_job_ == 0 && ending_ == 0 && !later_.isActive(); }
  const std::optional<EvaluateCost>& cost() const { return cost_; }

 Q_SIGNALS:
  void failed(const QString& message);
  void post_asked(qint64 run, qint64 document);
  void new_run_asked();

 protected:
  void resizeEvent(QResizeEvent*) override;
  void showEvent(QShowEvent*) override;
  void hideEvent(QHideEvent*) override;

 private:
  void build();
  QWidget* build_bar();
  QWidget* build_start();
  void build_grid(QSplitter* rows);
  void build_bottom(QSplitter* rows);
  QWidget* build_side();
  void connect_parts();
  void arrange();

  void read_file();
  void take_file(EvaluateFile file);
  void know_file();
  void choose_defaults();
  void wish_changed();  ///< reads a little later
  void read(const std::optional<std::pair<std::vector<std::int64_t>, Json>>& choices_of = {});
  void adopt(EvaluatePtr data);
  void show_data();
  void show_chips();
  bool can_add_run() const;
  void fill_add_menu();
  void show_side();
  void show_cell();
  void show_curves();
  void show_detail_page();
  void fill_slice_choices();
  void ask_columns();
  void ask_detail(const QString& what, WorkQueue::Work work);
  void measure_cost();
  void tell_state();
  void follow();
  void stop_jobs();
  const RunRecord* run(std::int64_t id) const;
  int series_of(std::int64_t run) const;
  QString grid_csv() const;
  std::vector<std::string> whole_methods(
      const std::string& metric) const;  ///< with a value of every post, of the last run

  Theme& theme_;
  Session* session_ = nullptr;
  EvaluateFile file_;
  EvaluateWish wish_;
  EvaluatePtr data_;
  std::map<std::int64_t, int> series_;
  std::optional<EvaluateCost> cost_;
  std::string method_, metric_;  ///< of the chosen cell
  Detail detail_ = Detail::values;
  std::string slice_wish_;        ///< what slices are by; empty: class, right and length
  QString sliced_;                ///< what the shown slices are of
  WorkQueue::JobId columns_job_ = 0;
  bool file_known_ = false, file_stale_ = false;
  WorkQueue::JobId file_job_ = 0, read_job_ = 0, detail_job_ = 0, cost_job_ = 0, job_ = 0,
                   ending_ = 0;  // ending_: cancelled, but still at its last step
  double job_share_ = 0, job_seconds_ = 0;
  bool job_runs_ = false, cancelled_ = false, narrow_ = false, all_methods_ = false;
  QTimer later_;
  QElapsedTimer since_read_;

  QHBoxLayout* chips_ = nullptr;
  QToolButton *add_run_ = nullptr, *side_button_ = nullptr;
  PickMenu *methods_ = nullptr, *metrics_ = nullptr;
  QSpinBox* posts_ = nullptr;
  QLabel *posts_of_ = nullptr, *runs_label_ = nullptr, *posts_label_ = nullptr, *state_ = nullptr, *sentence_ = nullptr,
         *cost_line_ = nullptr, *others_ = nullptr, *accuracy_ = nullptr, *formula_ = nullptr, *meaning_ = nullptr,
         *detail_note_ = nullptr;
  BusyRing* ring_ = nullptr;
  QPushButton *compute_ = nullptr, *cancel_ = nullptr, *start_ = nullptr, *show_other_ = nullptr;
  QStackedWidget *stack_ = nullptr, *details_ = nullptr;
  QSplitter *rows_ = nullptr, *bottom_ = nullptr;
  QScrollArea* side_ = nullptr;
  Panel *grid_panel_ = nullptr, *deletion_panel_ = nullptr, *insertion_panel_ = nullptr, *detail_panel_ = nullptr,
        *protocol_panel_ = nullptr, *others_panel_ = nullptr, *accuracy_panel_ = nullptr, *metric_panel_ = nullptr;
  Segmented *modes_ = nullptr, *tabs_ = nullptr, *pages_ = nullptr, *which_curves_ = nullptr;
  GridModel* model_ = nullptr;
  GridTable* grid_ = nullptr;
  GridLegend* legend_ = nullptr;
  CurvePlot *deletion_ = nullptr, *insertion_ = nullptr;
  ValueHistogram* histogram_ = nullptr;
  SliceTable* slices_ = nullptr;
  RowList* post_list_ = nullptr;
  MethodMatrix *order_ = nullptr, *agreement_ = nullptr;
  QComboBox *measure_ = nullptr, *slice_by_ = nullptr;
  ProtocolCard* card_ = nullptr;
  QWidget* bottom_box_ = nullptr;
};

}  // namespace telltale::ui
