// Inspect: one run, one post: which words decided, for which class, and what happens without them.
#pragma once
#include <QElapsedTimer>
#include <QTimer>
#include <QWidget>
#include <functional>
#include <map>

#include "widgets/escape.hpp"
#include "widgets/inspect/explainer.hpp"
#include "widgets/inspect/telling.hpp"
#include "widgets/post_content.hpp"
#include "widgets/session/session.hpp"
#include "widgets/theme.hpp"

class QBoxLayout;
class QComboBox;
class QLabel;
class QPushButton;
class QScrollArea;
class QSlider;
class QSplitter;
class QStackedWidget;
class QToolButton;

namespace telltale::ui {

class AttentionPanel;
class ClassTable;
class EditPage;
class EmptyNote;
class ExamplesPanel;
class ExplainBar;
class HeatLegend;
class HoverCard;
class MarkBar;
class MarkedPost;
class LayersPanel;
class MethodsPanel;
class OrderStrip;
class PaintedPost;
class PaintedView;
class Panel;
class PostsPanel;
class RowList;
class Segmented;
class TabColumn;
class WhatIfPanel;
class WordsTable;

class InspectView : public QWidget, public Escapes {
  Q_OBJECT
 public:
  explicit InspectView(Theme& theme, QWidget* parent = nullptr);
  ~InspectView() override;
  /// Shows the last finished run with its first explained post; nullptr: nothing is open.
  void set_session(Session* session);
  /// Explains the post if the file does not hold an explanation (0: the post shown, else the first explained one, else the first).
  /// std::invalid_argument: no such run or post, or a post of another data set.
  void show_run(std::int64_t run, std::int64_t document = 0);
  bool shows_post() const { return post_ != nullptr; }
  void step_post(int by);
  bool escape() override;                     ///< cancels the explanation, or closes the drawer of posts
  std::int64_t run() const { return run_.id; }
  std::int64_t document() const { return document_; }
  QString csv() const;                        ///< the words with their scores
  bool settled() const;                       ///< nothing that is on screen is still being read or computed
  QSize minimumSizeHint() const override { return {600, 420}; }  ///< what it is made of moves when it gets narrow
  void set_run_list_elsewhere(bool elsewhere);///< the window shows a run list of its own: none in here where there is room
  void set_run_colours(const std::map<std::int64_t, int>& series);  ///< as in the run list
  PostPtr post() const { return post_; }
  const ExplainOptions& options() const;
  void set_options(const ExplainOptions& options);  ///< explains anew
  void set_target(int label);                 ///< −1: the predicted class
  void set_foil(int label);                   ///< −1: none
  /// The explanation that is shown, by the ending of the name: .html, a self-contained page; else JSON. Throws std::runtime_error.
  void write_explanation(const QString& file) const;
  void set_marking(bool on);                  ///< the bar under the post's head, in which words are marked

 Q_SIGNALS:
  void failed(const QString& message);        ///< reading went wrong; one line
  void written(const QString& file);          ///< an explanation was saved
  void shown(qint64 run, qint64 document);    ///< an explanation is painted
  void run_chosen(qint64 run);                ///< in the combo
  void simulation_asked(qint64 run);          ///< a person wants to guess what the run answers

 protected:
  void resizeEvent(QResizeEvent*) override;
  void keyPressEvent(QKeyEvent*) override;
  void showEvent(QShowEvent*) override;
  bool eventFilter(QObject*, QEvent*) override;

 private:
  enum class Shape { none, wide, narrow, slim };
  void build_bar();
  void build_post();
  void build_right();
  void build_tools();
  void arrange(Shape shape);
  void read_runs();
  void choose_first_run();
  void catch_up();
  void show_run_list();     ///< or not
  void choose_run(std::int64_t run, std::int64_t document);
  void choose_post(std::int64_t document);
  void explain_again();
  void show_plain(Document document);
  void show_explained(PostPtr post);
  void show_empty(const QString& sentence);
  void show_place();
  void show_progress();
  void fit_strip();
  void ring(int word, PaintedView* from);
  void count_words();
  void guard(const std::function<void()>& work);
  void save_explanation(bool html);
  void toggle_pin();
  void show_pin();
  void edit(bool edit);
  void show_scale();
  void build_marks(QBoxLayout* column);  ///< inspect_marks.cpp
  void show_marking();      ///< what may be seen while words are marked blind
  bool blind() const;
  QString as_text() const;
  std::vector<PaintedView*> linked() const;

  Theme& theme_;
  Session* session_ = nullptr;
  RunRecord run_;
  DatasetInfo dataset_;
  std::int64_t document_ = 0;
  PostPtr post_;            ///< nullptr: none; without scores while it is being explained
  bool explained_ = false;
  bool asked_ = false;      ///< a person chose options: what is stored under others is not good enough
  int target_ = -1, foil_ = -1;
  Output output_before_foil_ = Output::probability;
  MeterPtr meter_;          ///< what explanations took, for what the next will
  Explainer* explainer_;
  QElapsedTimer since_asked_;
  QTimer progress_timer_;
  std::map<std::int64_t, CountsPtr> counts_;  ///< by data set
  WorkQueue::JobId count_job_ = 0;
  Shape shape_ = Shape::none;
  bool elsewhere_ = false;
  std::map<std::int64_t, int> run_series_;

  QWidget *bar_ = nullptr, *left_ = nullptr, *right_ = nullptr;
  QBoxLayout *bar_row_ = nullptr, *left_column_ = nullptr, *right_column_ = nullptr, *foot_ = nullptr, *post_column_ = nullptr;
  QSplitter *columns_ = nullptr, *rows_ = nullptr, *top_ = nullptr, *bottom_ = nullptr, *right_split_ = nullptr;
  QComboBox* run_combo_ = nullptr;
  Panel* runs_panel_ = nullptr;
  RowList* run_list_ = nullptr;
  QPushButton *posts_button_ = nullptr, *no_foil_ = nullptr;
  QToolButton *previous_ = nullptr, *next_ = nullptr, *bar_previous_ = nullptr, *bar_next_ = nullptr, *pin_ = nullptr, *swap_ = nullptr;
  QLabel *place_ = nullptr, *sums_ = nullptr, *gamma_label_ = nullptr, *gamma_name_ = nullptr;
  Panel *post_panel_ = nullptr, *classes_panel_ = nullptr, *words_panel_ = nullptr;
  PostsPanel* posts_ = nullptr;
  QStackedWidget *stack_ = nullptr, *post_stack_ = nullptr;
  EmptyNote* empty_ = nullptr;
  ExplainBar* explain_ = nullptr;
  QScrollArea* post_scroll_ = nullptr;
  MarkedPost* painted_ = nullptr;
  MarkBar* marks_ = nullptr;
  QToolButton* mark_button_ = nullptr;
  OrderStrip* strip_ = nullptr;
  HeatLegend* legend_ = nullptr;
  QSlider* gamma_ = nullptr;
  ClassTable* classes_ = nullptr;
  WordsTable* words_ = nullptr;
  Segmented* show_ = nullptr;
  QComboBox* top_combo_ = nullptr;
  HoverCard* card_ = nullptr;
  TabColumn* tabs_ = nullptr;
  MethodsPanel* methods_ = nullptr;
  AttentionPanel* attention_ = nullptr;
  LayersPanel* layers_ = nullptr;
  TabColumn* inside_ = nullptr;  ///< wide windows: attention and layers
  WhatIfPanel* what_if_ = nullptr;
  EditPage* edit_ = nullptr;
  ExamplesPanel* examples_ = nullptr;
  TabColumn* what_if_tabs_ = nullptr;  ///< What if and Examples, in wide windows
};

}  // namespace telltale::ui
