// Inspect while words are marked: the bar, its button, and what is hidden from a blind annotator.
#include <QBoxLayout>
#include <QLabel>
#include <QScrollArea>
#include <QSlider>
#include <QSplitter>
#include <QStackedWidget>
#include <QToolButton>

#include "widgets/icons.hpp"
#include "widgets/inspect/attention_panel.hpp"
#include "widgets/inspect/explain_bar.hpp"
#include "widgets/inspect/hover_card.hpp"
#include "widgets/inspect/inspect_view.hpp"
#include "widgets/inspect/mark_bar.hpp"
#include "widgets/inspect/posts_panel.hpp"
#include "widgets/panel.hpp"
#include "widgets/post_parts.hpp"

namespace telltale::ui {

void InspectView::build_marks(QBoxLayout* column) {
  mark_button_ = new QToolButton(post_panel_);
  mark_button_->setIcon(icon(theme_, "mark"));
  mark_button_->setIconSize({16, 16});
  mark_button_->setFixedSize(24, 22);
  mark_button_->setCheckable(true);
  mark_button_->setToolTip(tr("Mark words as telling or shared"));
  mark_button_->setAccessibleName(mark_button_->toolTip());
  post_panel_->add_tool(mark_button_);
  marks_ = new MarkBar(theme_, painted_, post_panel_);
  column->addWidget(marks_);
  connect(mark_button_, &QToolButton::toggled, this, [this](bool on) {
    mark_button_->setIcon(icon(theme_, "mark", on ? "accent" : "text2"));
    marks_->set_on(on);
  });
  connect(marks_, &MarkBar::switched, this, &InspectView::show_marking);
  connect(marks_, &MarkBar::failed, this, &InspectView::failed);
  connect(marks_, &MarkBar::marked, this, [this](qint64 document, bool any) { posts_->marks_changed(document, any); });
}

void InspectView::set_marking(bool on) {
  mark_button_->setChecked(on);
  if (on) painted_->setFocus();
}

bool InspectView::blind() const { return marks_ && marks_->blind(); }

void InspectView::show_marking() {
  if (shape_ == Shape::none) return;
  const bool hidden = blind(), wide = shape_ == Shape::wide;
  painted_->set_blind(hidden);
  posts_->set_blind(hidden);
  right_->setVisible(!hidden);
  bottom_->setVisible(!hidden && wide && bottom_->count() > 0);
  explain_->setVisible(!hidden);
  strip_->setVisible(!hidden && post_stack_->currentWidget() == post_scroll_);
  legend_->setVisible(!hidden && explained_);
  sums_->setVisible(!hidden);
  if (hidden) card_->hide();
  fit_strip();
}

}  // namespace telltale::ui
