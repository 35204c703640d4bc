// Examples: the training posts that speak for the run's answer to the shown post, and those against it. Computed when asked for, then kept.
#pragma once
#include <QElapsedTimer>
#include <QTimer>
#include <map>
#include <tuple>

#include "examples/examples.hpp"
#include "widgets/escape.hpp"
#include "widgets/inspect/explainer.hpp"
#include "widgets/panel.hpp"

class QBoxLayout;
class QComboBox;
class QPushButton;
class QStackedWidget;
class QToolButton;

namespace telltale::ui {

class BusyRing;
class ExampleCard;
class RowList;

class ExamplesPanel : public Panel, public Escapes {
  Q_OBJECT
 public:
  explicit ExamplesPanel(Theme& theme, QWidget* parent = nullptr);
  void set_session(Session* session);
  void set_post(PostPtr post, const RunRecord& run);  ///< an explained one: its target is the class whose loss is explained; nullptr: none
  void set_method(const QString& id);
  bool busy() const { return job_ != 0; }             ///< with what a person waits for; not while a cost is measured
  std::shared_ptr<const ExampleAnswer> answer() const { return answer_; }  ///< what is shown; nullptr: nothing yet
  bool escape() override;                             ///< cancels
  void find();                                        ///< what the button does
  ExampleCard& card() { return *card_; }
  RowList& supporting() { return *lists_[0]; }
  RowList& opposing() { return *lists_[1]; }
  QString csv() const;                                ///< one row a post

 Q_SIGNALS:
  void post_asked(qint64 document);                   ///< a training post is to be opened

 protected:
  void showEvent(QShowEvent*) override;
  void resizeEvent(QResizeEvent*) override;
  void keyPressEvent(QKeyEvent*) override;

 private:
  using Key = std::tuple<std::int64_t, std::int64_t, int, std::string>;  ///< run, post, target, method with its options
  using Way = std::pair<std::int64_t, std::string>;                      ///< run, method with its options
  Key key() const;
  Way way() const;
  static Way kept_way(std::int64_t run, const ExampleOptions& options);  ///< with what decides what is kept of the training posts
  std::string method() const;
  bool quick() const;      ///< what it needs of the training posts is in memory
  void begin();            ///< shows what is kept; else starts what is quick, or tells the cost
  void measure();
  void cancel();
  void draw();
  void show_progress();
  void open(qint64 document);

  Theme& theme_;
  Session* session_ = nullptr;
  PostPtr post_;
  RunRecord run_;
  std::shared_ptr<ExampleCache> cache_;
  std::map<Key, std::shared_ptr<const ExampleAnswer>> answers_;
  std::map<Way, ExampleCost> costs_;
  std::map<Way, QString> broken_;                 ///< why a cost could not be told
  std::map<Way, std::vector<std::string>> kept_;  ///< keys in the cache
  std::shared_ptr<const ExampleAnswer> answer_;
  QString failed_;
  bool cancelled_ = false;
  WorkQueue::JobId job_ = 0, cost_job_ = 0;
  QElapsedTimer since_;
  QTimer timer_;
  std::vector<qint64> way_back_;

  QComboBox* method_;
  QToolButton *back_, *options_button_;
  ExampleCard* card_;
  QWidget* progress_;
  BusyRing* ring_;
  QLabel* progress_text_;
  QPushButton *cancel_, *find_;
  QStackedWidget* stack_;
  EmptyNote* note_;
  QBoxLayout* pair_;
  ElidedLabel* heads_[2];
  RowList* lists_[2];
  ElidedLabel *foot_, *warning_;
};

}  // namespace telltale::ui
