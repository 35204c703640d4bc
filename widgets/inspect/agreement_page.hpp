// How much the shown methods agree on this post: a figure for every two, by a measure that is chosen.
#pragma once
#include "evaluation/agreement.hpp"
#include "widgets/evaluate/method_matrix.hpp"
#include "widgets/post_content.hpp"

class QComboBox;
class QLabel;

namespace telltale::ui {

class UnitEdit;

class AgreementPage : public QWidget {
  Q_OBJECT
 public:
  struct Scores {
    std::string id;
    QString title;
    PostPtr post;       ///< nullptr: not explained
    QString why_not;    ///< then
  };
  explicit AgreementPage(Theme& theme, QWidget* parent = nullptr);
  void set_methods(std::vector<Scores> methods);
  MethodMatrix& matrix() { return *matrix_; }
  QComboBox& measure() { return *measure_; }
  UnitEdit& k() { return *k_; }
  /// NaN: not defined, and `why` says why.
  double value(std::size_t a, std::size_t b, QString* why = nullptr) const;
  QString figure(std::size_t a, std::size_t b) const;  ///< "Kendall τ 0.61", "–, not explained yet"
  QString csv() const { return matrix_->csv(); }

 Q_SIGNALS:
  void pair_asked(const QString& a, const QString& b);

 private:
  void draw();
  Theme& theme_;
  std::vector<Scores> methods_;
  TopK top_;
  QComboBox* measure_;
  QLabel *k_name_, *note_;
  UnitEdit* k_;
  MethodMatrix* matrix_;
};

}  // namespace telltale::ui
