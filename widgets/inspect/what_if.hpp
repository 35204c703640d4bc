// What if: the post without its highest-scored words, with them alone, or with another text.
#pragma once

#include "evaluation/deletion.hpp"
#include "widgets/inspect/explainer.hpp"
#include "widgets/panel.hpp"

class QSlider;
class QSpinBox;
class QStackedWidget;
class QToolButton;

namespace telltale::ui {

class CounterfactualPage;
class DeletionPlot;
class Segmented;

class WhatIfPanel : public Panel {
  Q_OBJECT
 public:
  explicit WhatIfPanel(Theme& theme, QWidget* parent = nullptr);
  void set_session(Session* session);
  void set_post(PostPtr post, std::int64_t run);   ///< an explained one; nullptr: none
  void set_edited(PostPtr edited);                 ///< the explanation of the edited text; nullptr: not there yet
  void make_way();                                 ///< a new explanation is on its way: nothing is asked about the old one any more
  void go_on();                                    ///< it did not come
  bool busy() const;
  bool editing() const;
  int k() const;
  std::shared_ptr<const DeletionCurve> curve() const { return curve_; }
  CounterfactualPage& swaps() { return *swaps_; }
  void show_swaps();
  void leave_edit();                                  ///< back to deleting words; what was typed stays
  QString csv() const;                             ///< one row a k; of swaps, a row a swap

 Q_SIGNALS:
  void edit_asked(bool edit);
  void text_offered(const QString& text);          ///< for the editor, after edit_asked(true)

 protected:
  void showEvent(QShowEvent*) override;

 private:
  void compute();
  void show_k(int k);
  void show_mode();
  void draw_classes();
  Theme& theme_;
  Session* session_ = nullptr;
  PostPtr post_, edited_;
  std::int64_t run_ = 0;
  std::shared_ptr<const DeletionCurve> curve_;
  WorkQueue::JobId job_ = 0;
  bool needed_ = false;
  Segmented* mode_;
  QToolButton* undo_;
  QSlider* slider_;
  QSpinBox* number_;
  QLabel *name_, *of_, *classes_;
  QLabel *comprehensiveness_, *sufficiency_, *log_odds_;
  DeletionPlot* plot_;
  CounterfactualPage* swaps_;
  QStackedWidget* stack_;
  EmptyNote* note_;
  QPushButton* again_;
  QWidget* row_;
};

}  // namespace telltale::ui
