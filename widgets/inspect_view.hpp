// Inspect: one run, one post, its stored explanation painted.
#pragma once
#include <QWidget>
#include <map>

#include "store/store.hpp"
#include "widgets/post_content.hpp"
#include "widgets/theme.hpp"

class QBoxLayout;
class QComboBox;
class QLabel;
class QLineEdit;
class QSlider;
class QStackedWidget;
class QToolButton;

namespace telltale::ui {

class ClassBars;
class HeatLegend;
class OrderStrip;
class PaintedPost;
class PaintedView;
class Panel;
class ElidedLabel;
class EmptyNote;
class RowList;
class WordsTable;

/// Reads a store and never writes. `store` belongs to the window and to its thread.
class InspectView : public QWidget {
  Q_OBJECT
 public:
  explicit InspectView(Theme& theme, QWidget* parent = nullptr);
  ~InspectView() override;
  /// Shows the runs of the file, choosing the last run that has explanations; nullptr: nothing.
  void set_store(Store* store);
  /// std::invalid_argument: no such run, or it has no explanation of that post (0: of any).
  void show_run(std::int64_t run, std::int64_t document = 0);
  bool shows_post() const { return post_ != nullptr; }
  void step_post(int by);
  std::int64_t run() const { return run_; }

 Q_SIGNALS:
  void failed(const QString& message);  ///< reading went wrong; one line

 protected:
  void resizeEvent(QResizeEvent*) override;

 private:
  void build_left();
  void build_post();
  void build_right();
  void choose_run(std::int64_t run);
  void list_posts();
  void choose_post(std::int64_t document);
  void load_explanation();
  void show_post(PostPtr post);
  void show_empty(const QString& sentence);
  void fit_strip();
  void ring(int word, PaintedView* from);
  void guard(const std::function<void()>& work);

  Theme& theme_;
  Store* store_ = nullptr;
  std::int64_t run_ = 0, document_ = 0;
  std::vector<RunRecord> runs_;
  DatasetInfo dataset_;
  std::vector<ExplanationSummary> summaries_;
  PostPtr post_;

  QWidget *left_ = nullptr, *right_ = nullptr, *narrow_ = nullptr;
  Panel *post_panel_ = nullptr, *posts_panel_ = nullptr, *classes_panel_ = nullptr, *words_panel_ = nullptr, *runs_panel_ = nullptr;
  RowList *run_list_ = nullptr, *post_list_ = nullptr;
  QComboBox *run_combo_ = nullptr, *class_combo_ = nullptr, *method_combo_ = nullptr;
  QLineEdit* search_ = nullptr;
  QLabel *count_ = nullptr, *badge_ = nullptr, *nodes_ = nullptr, *sums_ = nullptr, *place_ = nullptr, *gamma_label_ = nullptr, *gamma_name_ = nullptr, *no_posts_ = nullptr;
  QBoxLayout* foot_ = nullptr;
  QSlider* gamma_ = nullptr;
  QToolButton *previous_ = nullptr, *next_ = nullptr;
  QStackedWidget* stack_ = nullptr;
  EmptyNote* empty_ = nullptr;
  ElidedLabel* protocol_ = nullptr;
  PaintedPost* painted_ = nullptr;
  OrderStrip* strip_ = nullptr;
  HeatLegend* legend_ = nullptr;
  ClassBars* bars_ = nullptr;
  WordsTable* words_ = nullptr;
};

/// "integrated-gradients" → "Integrated gradients"
QString method_title(const std::string& id);

}  // namespace telltale::ui
