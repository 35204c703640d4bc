// Marking words of the post that is shown: kinds, undo, whose marks, agreement with the explanation. Every change is stored by the worker, one after the other.
#pragma once
#include <QPointer>
#include <QWidget>
#include <deque>
#include <map>

#include "widgets/inspect/marked_post.hpp"
#include "widgets/session/session.hpp"

class QBoxLayout;
class QCheckBox;
class QLineEdit;
class QToolButton;

namespace telltale::ui {

class ElidedLabel;
class Segmented;

/// The two kinds of line with their names, and the thin one.
class MarkLegend : public QWidget {
  Q_OBJECT
 public:
  explicit MarkLegend(Theme& theme, QWidget* parent = nullptr);
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override { return sizeHint(); }

 protected:
  void paintEvent(QPaintEvent*) override;

 private:
  Theme& theme_;
};

class MarkBar : public QWidget {
  Q_OBJECT
 public:
  MarkBar(Theme& theme, MarkedPost* post, QWidget* parent = nullptr);
  ~MarkBar() override;
  void set_session(Session* session);                       ///< what waits to be stored is stored first
  void set_post(PostPtr post, std::int64_t dataset);        ///< nullptr: none
  void set_on(bool on);
  bool on() const { return on_; }
  bool blind() const;                                       ///< scores are to be hidden
  bool busy() const { return load_job_ != 0 || save_job_ != 0 || !waiting_.empty(); }
  const std::vector<MarkedSpan>& spans() const { return spans_; }  ///< of the annotator, on this post
  QString annotator() const;
  QString status() const;
  QLineEdit* name_field() { return name_; }
  QCheckBox* hide_box() { return hide_; }
  QCheckBox* others_box() { return others_box_; }
  QToolButton* undo_button() { return undo_; }

 Q_SIGNALS:
  void switched(bool on);                                   ///< also when the way scores are hidden changed
  void marked(qint64 document, bool any);                   ///< stored: whether the annotator marks anything on it now
  void failed(const QString& message);

 private:
  using Spans = std::vector<MarkedSpan>;
  using Key = std::pair<std::string, std::int64_t>;         ///< annotator, document
  struct History {
    Spans now;
    std::vector<Spans> undo, redo;
  };
  struct Save {
    Key key;
    std::int64_t dataset;
    Spans spans;
  };
  void load();
  void change(Spans spans);
  void step(bool back);
  void mark(qint64 begin, qint64 end, const QString& kind);
  void unmark(qint64 begin, qint64 end);
  void store(const Spans& spans);
  void store_next();
  void store_now();                                         ///< on this thread, when nothing may be left waiting
  void show();
  void choose_name();
  bool writable() const { return session_ && !session_->read_only(); }

  Theme& theme_;
  MarkedPost* painted_;
  QPointer<Session> session_;
  PostPtr post_;
  std::int64_t dataset_ = 0, document_ = 0;
  bool on_ = false, loaded_ = false;
  std::string annotator_;
  Spans spans_;
  std::vector<MarkedPost::Line> others_, lines_;            ///< lines_: as painted
  std::int64_t marked_posts_ = -1;
  QString error_;
  std::map<Key, History> histories_;
  std::deque<Save> waiting_;
  WorkQueue::JobId load_job_ = 0, save_job_ = 0;

  QBoxLayout* rows_;
  Segmented* kind_;
  QToolButton *mark_, *remove_, *undo_, *redo_;
  QLineEdit* name_;
  QCheckBox *hide_, *others_box_;
  ElidedLabel* status_;
};

}  // namespace telltale::ui
