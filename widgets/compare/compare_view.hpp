// Compare: two runs side by side, drawn from a comparison stored in the file.
#pragma once
#include <QWidget>
#include <memory>

#include "report/comparison_view.hpp"
#include "store/store.hpp"
#include "widgets/theme.hpp"

class QComboBox;
class QLabel;
class QStackedWidget;
class QToolButton;

namespace telltale::ui {

class ComparedPost;
class EmptyNote;
class HeatLegend;
class OverlapMatrices;
class Panel;
class RowList;
class SplitTable;
class WordsChanged;

class CompareView : public QWidget {
  Q_OBJECT
 public:
  explicit CompareView(Theme& theme, QWidget* parent = nullptr);
  ~CompareView() override;
  void set_store(Store* store);  ///< shows the newest comparison; nullptr: nothing
  /// The newest comparison of exactly these runs (empty: the newest), and this post (0: the first).
  /// std::invalid_argument: there is none, or the post is not one of its painted ones.
  void show_runs(const std::vector<std::int64_t>& runs, std::int64_t document = 0);
  bool shows_comparison() const { return view_ != nullptr; }
  void step_post(int by);

 Q_SIGNALS:
  void failed(const QString& message);

 protected:
  void resizeEvent(QResizeEvent*) override;

 private:
  void show_comparison(int index);
  void choose_post(qint64 row);
  void show_scores(int word);

  Theme& theme_;
  std::vector<ComparisonRecord> records_;
  std::unique_ptr<ComparisonView> view_;
  double domain_ = 1;
  QStackedWidget* stack_ = nullptr;
  EmptyNote* empty_ = nullptr;
  QComboBox* which_ = nullptr;
  QLabel *headline_ = nullptr, *scores_ = nullptr, *scale_ = nullptr, *pair_ = nullptr, *mcnemar_ = nullptr;
  Panel *posts_panel_ = nullptr, *post_panel_ = nullptr, *overlap_panel_ = nullptr, *words_panel_ = nullptr, *split_panel_ = nullptr;
  RowList* posts_ = nullptr;
  ComparedPost* post_ = nullptr;
  HeatLegend* legend_ = nullptr;
  OverlapMatrices* overlap_ = nullptr;
  WordsChanged* words_ = nullptr;
  SplitTable* split_ = nullptr;
  QToolButton *previous_ = nullptr, *next_ = nullptr;
};

}  // namespace telltale::ui
