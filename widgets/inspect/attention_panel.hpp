// Attention of the post that is shown: computed when the panel is looked at, over whole words.
#pragma once
#include "widgets/inspect/attention_view.hpp"
#include "widgets/inspect/explainer.hpp"
#include "widgets/panel.hpp"

class QCheckBox;
class QComboBox;
class QStackedWidget;

namespace telltale::ui {

class Segmented;

class AttentionPanel : public Panel {
  Q_OBJECT
 public:
  explicit AttentionPanel(Theme& theme, QWidget* parent = nullptr);
  void set_session(Session* session);
  void set_post(PostPtr post, const RunRecord& run);  ///< nullptr: none
  void set_word(int word);                            ///< the ringed word; −1: [CLS]
  bool busy() const { return job_ != 0; }
  AttentionPtr attention() const { return attention_; }
  AttentionArcs& arcs() { return *arcs_; }
  HeadGrid& grid() { return *grid_; }
  QString csv() const;                                ///< the shown head, word by word

 Q_SIGNALS:
  void hovered(int word);

 protected:
  void showEvent(QShowEvent*) override;
  void resizeEvent(QResizeEvent*) override;

 private:
  void compute();
  void draw();
  int unit() const;
  Theme& theme_;
  Session* session_ = nullptr;
  PostPtr post_;
  RunRecord run_;
  AttentionPtr attention_;
  WorkQueue::JobId job_ = 0;
  bool needed_ = false;
  int layer_ = -1, head_ = 0, word_ = -1;
  QStackedWidget *stack_, *views_;
  EmptyNote* note_;
  HeadGrid* grid_;
  AttentionArcs* arcs_;
  AttentionMap* map_;
  QComboBox* heads_;
  Segmented* look_;
  QCheckBox* rollout_;
  ElidedLabel* sentence_;
};

}  // namespace telltale::ui
