// The fewest word swaps that turn the answer: asked, searched, shown as a diff on the post's text, with how far the text moved.
#pragma once
#include <QWidget>
#include <memory>

#include "attribution/counterfactual.hpp"
#include "widgets/inspect/explainer.hpp"

class QComboBox;
class QLabel;
class QPushButton;
class QStackedWidget;
class QTextEdit;

namespace telltale::ui {

class BusyRing;
class EmptyNote;
class UnitEdit;

class CounterfactualPage : public QWidget {
  Q_OBJECT
 public:
  explicit CounterfactualPage(Theme& theme, QWidget* parent = nullptr);
  void set_session(Session* session);
  void set_post(PostPtr post, std::int64_t run);
  bool busy() const { return job_ != 0; }
  void search();
  void cancel();
  std::shared_ptr<const Counterfactual> found() const { return found_; }
  QString as_text() const;  ///< as `telltale counterfactual` prints it: [-removed-]{+added+}
  QString csv() const;      ///< a row a swap
  QComboBox& turn_to() { return *to_; }
  QComboBox& candidates() { return *from_; }
  QTextEdit& diff() { return *diff_; }

 Q_SIGNALS:
  void text_offered(const QString& text);  ///< for the editor

 protected:
  void resizeEvent(QResizeEvent*) override;

 private:
  void keep_lines();  ///< what wraps is as high as its lines
  void show_found();
  void show_state(const QString& note, bool error);
  void progress();
  QString class_name(int label) const;
  Theme& theme_;
  Session* session_ = nullptr;
  PostPtr post_;
  std::int64_t run_ = 0;
  std::shared_ptr<const Counterfactual> found_;
  WorkQueue::JobId job_ = 0;
  QComboBox *to_, *from_;
  UnitEdit* most_;
  QPushButton *search_, *cancel_, *copy_, *edit_;
  BusyRing* ring_;
  QLabel *state_, *answer_, *moved_;
  QStackedWidget* stack_;
  EmptyNote* note_;
  QTextEdit* diff_;
};

}  // namespace telltale::ui
