// Compare: two runs, two classes or two methods side by side, word by word and over the whole test split.
#pragma once
#include <QWidget>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "report/comparison_view.hpp"
#include "widgets/compare/compare_work.hpp"
#include "widgets/compare/turned.hpp"
#include "widgets/session/session.hpp"
#include "widgets/theme.hpp"

class QComboBox;
class QLabel;
class QPushButton;
class QScrollArea;
class QSplitter;
class QStackedWidget;
class QToolButton;

namespace telltale::ui {

class BusyRing;
class ConfusionTable;
class HeatLegend;
class OverlapMatrices;
class Panel;
class RankSlopes;
class RowList;
class Segmented;
class SplitTable;
class StartPage;
class WordsChanged;

class CompareView : public QWidget {
  Q_OBJECT
 public:
  enum class Mode { runs, classes, methods };
  explicit CompareView(Theme& theme, QWidget* parent = nullptr);
  ~CompareView() override;
  void set_session(Session* session);  ///< shows the newest comparison; nullptr: nothing is open
  /// The newest comparison of exactly these runs (empty: the newest), else of these and more, and this post (0: the first). Two runs are A and B.
  /// std::invalid_argument: there is none, or the post is neither painted in it nor explained by both runs.
  void show_runs(const std::vector<std::int64_t>& runs, std::int64_t document = 0);
  void show_stored(std::int64_t comparison);  ///< throws as Store::comparison()
  bool shows_comparison() const { return view_ != nullptr; }
  void step_post(int by);
  void set_mode(Mode mode);
  void set_run_colours(const std::map<std::int64_t, int>& series);  ///< as in the run list
  void swap();                                ///< A and B change places
  void choose_method(const std::string& id);
  void write_page(const QString& file);       ///< comparison.html, by the worker; page_written() or failed() follows
  void export_page();                         ///< asks for the file first
  QString csv() const;                        ///< the figures of the whole split
  const ComparisonView* comparison() const { return view_.get(); }
  std::int64_t document() const { return document_; }
  bool settled() const { return doc_job_ == 0 && rows_job_ == 0 && pair_job_ == 0 && behind_job_ == 0; }

 Q_SIGNALS:
  void failed(const QString& message);
  void page_written(const QString& file);
  void new_run_asked();                       ///< of the empty state

 protected:
  void resizeEvent(QResizeEvent*) override;
  void showEvent(QShowEvent*) override;

 private:
  void build();
  QWidget* build_bar();
  void build_top(QSplitter* rows);
  void build_bottom(QSplitter* rows);
  void connect_parts();
  void arrange();

  void know_file();
  void catch_up();
  void read_file();                                        ///< runs and heads of comparisons, and the boxes that list them
  void fill_boxes();
  void choose_pair();                                      ///< after A, B, the run or the mode changed
  void load(const ComparisonHead& head, std::int64_t a, std::int64_t b, bool now);
  void adopt(const ComparisonHead& head, std::shared_ptr<const Json> document, std::int64_t a, std::int64_t b);
  void show_turned();
  bool colour_view();                                      ///< whether a colour changed
  void clear_parts();
  void read_rows();
  void list_rows();
  void set_rows(std::vector<ComparedRow> rows);
  void count_confusion();
  void choose_post(std::int64_t document);
  void show_pair(PairedPtr post);
  void ring(int word);
  void look_behind(const std::vector<std::string>& words, const std::vector<int>& labels, const QString& what);
  void show_behind(std::set<std::int64_t> documents, const QString& what);
  void clear_behind();
  void stop_jobs();
  void tell_state();
  std::optional<PairWish> wish_of(std::int64_t document) const;
  ExplainOptions options_for(const std::string& method) const;
  const RunHead* run(std::int64_t id) const;
  const Json* painted(std::int64_t document) const;
  QString class_name(int label) const;

  Theme& theme_;
  Session* session_ = nullptr;
  Mode mode_ = Mode::runs;
  std::vector<RunHead> runs_;                            ///< finished ones
  std::vector<ComparisonHead> heads_;
  std::map<std::int64_t, int> run_series_;
  std::int64_t a_run_ = 0, b_run_ = 0, run_id_ = 0, shown_id_ = 0, document_ = 0;
  std::int64_t wanted_ = 0;  ///< the post that was open when two runs became two classes or methods: chosen again in each list that holds it, until a person chooses another
  int class_filter_ = 0;     ///< row of class_box_ that a person chose
  int class_a_ = 0, class_b_ = 1;
  std::string method_, method_a_ = "integrated-gradients", method_b_ = "occlusion";
  std::shared_ptr<const Json> stored_;
  std::vector<std::int64_t> stored_runs_;
  Turned turned_;
  std::unique_ptr<ComparisonView> view_;
  std::vector<std::string> classes_;
  std::vector<ComparedRow> rows_;
  std::optional<std::set<std::int64_t>> behind_;
  std::string split_ = "test";
  WorkQueue::JobId doc_job_ = 0, rows_job_ = 0, pair_job_ = 0, behind_job_ = 0;
  int agreement_ = 0;
  bool narrow_ = false, quiet_ = false;
  bool known_ = false, stale_ = false, comparisons_stale_ = false;  ///< known: the file was read; stale: it changed since

  QStackedWidget* stack_ = nullptr;
  StartPage* start_ = nullptr;
  Segmented *modes_ = nullptr, *tabs_ = nullptr, *pages_ = nullptr;
  QComboBox *run_box_ = nullptr, *a_box_ = nullptr, *b_box_ = nullptr, *method_box_ = nullptr, *which_ = nullptr, *class_box_ = nullptr, *agreement_box_ = nullptr, *top_box_ = nullptr, *metric_box_ = nullptr;
  QLabel *run_label_ = nullptr, *method_label_ = nullptr, *state_ = nullptr, *headline_ = nullptr, *scores_ = nullptr, *scale_ = nullptr, *pair_ = nullptr, *mcnemar_ = nullptr, *note_ = nullptr;
  QToolButton *swap_ = nullptr, *previous_ = nullptr, *next_ = nullptr, *page_ = nullptr, *drawer_ = nullptr;
  QPushButton *control_ = nullptr, *behind_chip_ = nullptr;
  Panel *posts_panel_ = nullptr, *post_panel_ = nullptr, *ranks_panel_ = nullptr, *overlap_panel_ = nullptr, *words_panel_ = nullptr, *split_panel_ = nullptr;
  RowList* posts_ = nullptr;
  ComparedPost* post_ = nullptr;
  QScrollArea* post_area_ = nullptr;
  BusyRing* ring_ = nullptr;
  RankSlopes* slopes_ = nullptr;
  HeatLegend* legend_ = nullptr;
  OverlapMatrices* overlap_ = nullptr;
  WordsChanged* words_ = nullptr;
  SplitTable* split_table_ = nullptr;
  ConfusionTable* confusion_ = nullptr;
  QStackedWidget* split_stack_ = nullptr;
  QSplitter *halves_ = nullptr, *top_ = nullptr, *bottom_ = nullptr;
  QWidget* bottom_box_ = nullptr;
};

}  // namespace telltale::ui
