// The parts of a comparison that speak of the whole split: overlap matrices, words gained and lost, the table with intervals.
#pragma once
#include <cmath>
#include <optional>

#include "report/comparison_view.hpp"
#include "widgets/painted_view.hpp"

namespace telltale::ui {

QString safe(const std::string& s);                                  ///< text of the file, fit to be shown
QString by_line(const ComparisonView& v, const std::string& method);  ///< the method's words, with a mark where it took part in a loss

/// One matrix a run, side by side (the runs of the leading contrast); item key = i · C + j, i > j.
class OverlapMatrices : public PaintedView {
  Q_OBJECT
 public:
  explicit OverlapMatrices(Theme& theme, QWidget* parent = nullptr);
  void set_comparison(const ComparisonView* view);  ///< must outlive what is shown; nullptr shows nothing
  QString pair_text(int key) const;                 ///< rich text: the pair, its overlap, the words shared in each run
  void set_weighted(bool weighted);                 ///< weighted overlap in place of overlap@k
  struct Pair {
    std::string a, b;                               ///< classes
    std::vector<std::string> words;                 ///< in both lists, in A or in B
  };
  std::optional<Pair> pair(int key) const;
  QString csv() const;
  int first_key() const;                            ///< the pair that shares most in A, −1 = none
  QString caption() const;                          ///< "overlap@10 by Occlusion, not in any loss"

 protected:
  void paintEvent(QPaintEvent*) override;
  void lay_out() override;

 private:
  double value(int run, std::size_t i, std::size_t j) const;
  const ComparisonView* view_ = nullptr;
  const Json* matrix_ = nullptr;
  bool weighted_ = false;
  std::vector<int> runs_;
  std::vector<std::string> names_;
  std::vector<QString> heads_;   ///< of the columns: names set upright, or their first letters where there is no room
  bool upright_ = true;
  qreal cell_ = 30, names_width_ = 0;
  std::vector<qreal> lefts_;
};

/// Bars from zero with their intervals: gained above, lost below.
class WordsChanged : public PaintedView {
  Q_OBJECT
 public:
  explicit WordsChanged(Theme& theme, QWidget* parent = nullptr);
  void set_comparison(const ComparisonView* view);
  QString caption() const;
  std::string word(int key) const;  ///< lower-cased, as comparisons count it
  QString csv() const;

 protected:
  void paintEvent(QPaintEvent*) override;
  void lay_out() override;

 private:
  struct Row {
    std::string key;
    QString word;
    Difference difference;
  };
  QString empty_sentence() const;
  const ComparisonView* view_ = nullptr;
  std::vector<Row> gained_, lost_;
  std::size_t shown_gained_ = 0, shown_lost_ = 0;
  double reach_ = 1;
  qreal row_height_ = 20;
};

/// Figures with the intervals of A and B (and B's control) and the difference of A and B in words.
class SplitTable : public PaintedView {
  Q_OBJECT
 public:
  enum class Page { figures, references, hide };
  explicit SplitTable(Theme& theme, QWidget* parent = nullptr);
  void set_comparison(const ComparisonView* view);
  void set_page(Page page);
  QString csv() const;
  int rows() const { return static_cast<int>(rows_.size()); }

 protected:
  void paintEvent(QPaintEvent*) override;
  void lay_out() override;

 private:
  struct Row {
    bool group = false, alone = false;  ///< alone: one value, of `run` (−1: of no run)
    int run = -1;
    QString name, note, by, method;     ///< by: the method with its mark; method: alone
    bool marked = false;                ///< in a loss: the mark is never left out
    double values[3] = {NAN, NAN, NAN}, low[3] = {NAN, NAN, NAN}, high[3] = {NAN, NAN, NAN};
    Difference difference;
    double from = 0, to = 1;
  };
  std::size_t add_group(const QString& name, double from = 0, double to = 1);
  void fit_axis(std::size_t head);
  void add_figures();
  void add_references();
  void add_hide();
  const ComparisonView* view_ = nullptr;
  Page page_ = Page::figures;
  std::vector<int> runs_;               ///< indices: A, B, the control
  std::vector<Row> rows_;
};

}  // namespace telltale::ui
