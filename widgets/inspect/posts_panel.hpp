// Find a post: search as you type, filters, order, over every post of the run's data set; what the run predicts of them is computed in the
// background and kept in the file.
#pragma once
#include <QTimer>
#include <optional>

#include "widgets/inspect/post_list.hpp"
#include "widgets/panel.hpp"
#include "widgets/session/session.hpp"

class QComboBox;
class QLineEdit;
class QPushButton;
class QStackedWidget;
class QToolButton;

namespace telltale::ui {

class RangeSlider;
class Segmented;

class PostsPanel : public Panel {
  Q_OBJECT
 public:
  explicit PostsPanel(Theme& theme, QWidget* parent = nullptr);
  void set_session(Session* session);
  bool set_run(std::int64_t run);          ///< 0 = none. Reads what there is of another run, or of one with other weights than before: then true
  void choose(qint64 document);            ///< shows it as chosen, if it is in the list; does not signal
  void step(int by) { list_->step(by); }
  void clear_filters();
  void explanation_added(qint64 document);
  void marks_changed(qint64 document, bool marked);
  void set_blind(bool blind);              ///< what the run says of the posts is not shown
  PostList& list() { return *list_; }
  const PostIndex& index() const { return index_; }
  bool loading() const { return load_job_ != 0 || search_job_ != 0; }
  QLineEdit* search_field() { return search_; }
  /// The stored or computed logits are kept as probabilities of the index only; NaN = not known.
  double confidence_of(qint64 document) const;

 Q_SIGNALS:
  void chosen(qint64 document);
  void listed();                           ///< another list, or another place in it
  void failed(const QString& message);

 protected:
  void keyPressEvent(QKeyEvent*) override;  ///< ↓ in the search field: to the list

 private:
  void build();
  void load();
  std::string precision_now() const;
  void search();
  void arrange();
  void read_filters();
  void show_state();
  std::vector<std::int64_t> missing() const;
  void predict_more();
  void stop_predicting();
  void ask_again() { load(); }

  Theme& theme_;
  Session* session_ = nullptr;
  RunRecord run_;
  DatasetInfo dataset_;
  PostIndex index_;
  PostFilter filter_;
  std::string searched_, precision_;
  std::optional<std::vector<std::int64_t>> found_;
  qint64 wanted_ = 0;
  WorkQueue::JobId load_job_ = 0, search_job_ = 0, predict_job_ = 0;
  bool predicting_ = false, held_ = false;  ///< held: a person stopped it
  QString predict_error_;
  double posts_per_second_ = 0;
  QTimer search_timer_, arrange_timer_;

  QLineEdit* search_;
  QComboBox *class_, *split_, *sort_, *marks_;
  QToolButton* direction_;
  Segmented* verdict_;
  RangeSlider* confidence_;
  QLabel *confidence_name_, *range_, *count_, *state_;
  QPushButton *state_button_, *empty_button_;
  QWidget *state_row_, *empty_;
  QStackedWidget* stack_;
  EmptyNote* note_;
  PostList* list_;
};

}  // namespace telltale::ui
