// What Evaluate is built of, and how it fits small windows.
#include <QComboBox>
#include <QLabel>
#include <QPushButton>
#include <QScrollArea>
#include <QShortcut>
#include <QSpinBox>
#include <QSplitter>
#include <QStackedWidget>
#include <QToolButton>

#include "evaluation/agreement.hpp"
#include "widgets/evaluate/cell_views.hpp"
#include "widgets/evaluate/curve_plot.hpp"
#include "widgets/evaluate/evaluate_view.hpp"
#include "widgets/evaluate/grid_legend.hpp"
#include "widgets/evaluate/grid_table.hpp"
#include "widgets/evaluate/method_matrix.hpp"
#include "widgets/evaluate/pick_menu.hpp"
#include "widgets/evaluate/protocol_card.hpp"
#include "widgets/export/view_menu.hpp"
#include "widgets/icons.hpp"
#include "widgets/inspect/busy_ring.hpp"
#include "widgets/inspect/segmented.hpp"
#include "widgets/panel.hpp"
#include "widgets/row_list.hpp"

namespace telltale::ui {
namespace {

constexpr int narrow_width = 1150, side_width = 284;

QScrollArea* scrolled(QWidget* widget, QWidget* parent) {
  auto* area = new QScrollArea(parent);
  area->setWidgetResizable(true);
  area->setFrameShape(QFrame::NoFrame);
  area->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  area->setWidget(widget);
  return area;
}

}  // namespace

void EvaluateView::build() {
  const int gap = theme_.spacing("panelGap");
  auto* all = new QVBoxLayout(this);
  all->setContentsMargins(gap, gap, gap, gap);
  all->setSpacing(gap);
  all->addWidget(build_bar());
  auto* row = new QHBoxLayout;
  row->setContentsMargins(0, 0, 0, 0);
  row->setSpacing(gap);
  stack_ = new QStackedWidget(this);
  stack_->addWidget(build_start());
  rows_ = new QSplitter(Qt::Vertical, stack_);
  rows_->setHandleWidth(gap);
  rows_->setChildrenCollapsible(false);
  build_grid(rows_);
  build_bottom(rows_);
  rows_->setStretchFactor(0, 1);
  rows_->setSizes({500, 240});
  stack_->addWidget(rows_);
  row->addWidget(stack_, 1);
  row->addWidget(build_side());
  all->addLayout(row, 1);
}

QWidget* EvaluateView::build_bar() {
  auto* bar = new QWidget(this);
  auto* row = new QHBoxLayout(bar);
  row->setContentsMargins(0, 0, 0, 0);
  row->setSpacing(8);
  const auto label = [&](const QString& t) {
    auto* l = new QLabel(t, bar);
    l->setObjectName(QStringLiteral("quiet"));
    l->setFont(theme_.font("table"));
    return l;
  };
  runs_label_ = label(tr("Runs"));
  row->addWidget(runs_label_);
  chips_ = new QHBoxLayout;
  chips_->setSpacing(4);
  row->addLayout(chips_);
  add_run_ = new QToolButton(bar);
  add_run_->setIcon(icon(theme_, "plus", "text2"));
  add_run_->setAutoRaise(true);
  add_run_->setPopupMode(QToolButton::InstantPopup);
  add_run_->setAccessibleName(tr("Add a run"));
  add_run_->setToolTip(tr("Add a finished run of the same data, up to %1").arg(most_runs));
  row->addWidget(add_run_);
  methods_ = new PickMenu(theme_, tr("methods"), bar);
  methods_->setToolTip(tr("Methods of the table, and the control that draws scores at random"));
  metrics_ = new PickMenu(theme_, tr("metrics"), bar);
  metrics_->setToolTip(tr("Metrics of posts and of pairs of classes"));
  row->addWidget(methods_);
  row->addWidget(metrics_);
  posts_label_ = label(tr("Posts"));
  row->addWidget(posts_label_);
  posts_ = new QSpinBox(bar);
  posts_->setObjectName(QStringLiteral("stepped"));
  posts_->setRange(0, 1'000'000);
  posts_->setSingleStep(50);
  posts_->setSpecialValueText(tr("all"));
  posts_->setKeyboardTracking(false);
  posts_->setAccessibleName(tr("Posts to judge on"));
  posts_->setToolTip(tr(
      "Posts of the split, the same share of every class, drawn by the seed; 0: all. More posts: narrower intervals."));
  posts_->setMinimumWidth(66);
  row->addWidget(posts_);
  posts_of_ = label(QString());
  row->addWidget(posts_of_);
  row->addStretch(1);
  ring_ = new BusyRing(theme_, bar);
  ring_->hide();
  row->addWidget(ring_);
  state_ = label(QString());
  state_->setTextFormat(Qt::PlainText);
  row->addWidget(state_);
  cancel_ = new QPushButton(icon(theme_, "x", "text2"), tr("Cancel"), bar);
  cancel_->setAccessibleName(tr("Cancel the evaluation"));
  cancel_->setToolTip(tr("Values computed so far stay in the file; computing again goes on from there"));
  cancel_->hide();
  row->addWidget(cancel_);
  compute_ = new QPushButton(icon(theme_, "play", "accentText"), tr("Compute missing"), bar);
  compute_->setObjectName(QStringLiteral("primary"));
  compute_->setAccessibleName(tr("Compute missing values"));
  row->addWidget(compute_);
  side_button_ = new QToolButton(bar);
  side_button_->setText(tr("Protocol"));
  side_button_->setCheckable(true);
  side_button_->setAccessibleName(tr("Protocol"));
  side_button_->setToolTip(tr("Show or hide the protocol"));
  row->addWidget(side_button_);
  return bar;
}

QWidget* EvaluateView::build_start() {
  auto* page = new QWidget(stack_);
  auto* column = new QVBoxLayout(page);
  column->addStretch(2);
  const auto label = [&](const char* name, const QFont& font) {
    auto* l = new QLabel(page);
    l->setObjectName(QLatin1String(name));
    l->setFont(font);
    l->setTextFormat(Qt::PlainText);
    l->setAlignment(Qt::AlignCenter);
    l->setWordWrap(true);
    l->setTextInteractionFlags(Qt::TextSelectableByMouse);
    return l;
  };
  sentence_ = label("", theme_.font("ui"));
  column->addWidget(sentence_);
  column->addSpacing(10);
  start_ = new QPushButton(page);
  start_->setObjectName(QStringLiteral("primary"));
  column->addWidget(start_, 0, Qt::AlignCenter);
  column->addSpacing(6);
  cost_line_ = label("quiet", theme_.font("caption"));
  column->addWidget(cost_line_);
  column->addStretch(3);
  return page;
}

void EvaluateView::build_grid(QSplitter* rows) {
  grid_panel_ = new Panel(theme_, tr("Methods and metrics"), rows);
  grid_panel_->setMinimumHeight(160);
  modes_ = new Segmented(theme_, tr("Show"),
                         {{tr("Bars"), tr("Bars with 95 % intervals (M: next)")},
                          {tr("Numbers"), tr("Numbers with 95 % intervals (M: next)")},
                          {tr("Ranks"), tr("Rank of a method in its column, 1 = best (M: next)")}},
                         grid_panel_);
  grid_panel_->add_tool(modes_);
  model_ = new GridModel(this);
  grid_ = new GridTable(theme_, model_, grid_panel_);
  grid_panel_->add_tool(new ViewMenu(theme_, grid_panel_, tr("Methods and metrics"), [this] { return model_->csv(); }));
  grid_panel_->body()->addWidget(grid_, 1);
  grid_panel_->add_hairline();
  legend_ = new GridLegend(theme_, grid_panel_);
  grid_panel_->body()->addWidget(legend_);
  rows->addWidget(grid_panel_);
}

void EvaluateView::build_bottom(QSplitter* rows) {
  bottom_box_ = new QWidget(rows);
  auto* column = new QVBoxLayout(bottom_box_);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(4);
  tabs_ = new Segmented(theme_, tr("Part"),
                        {{tr("Deletion"), tr("Deletion curves")},
                         {tr("Insertion"), tr("Insertion curves")},
                         {tr("Chosen cell"), tr("Posts, slices, order and agreement")}},
                        bottom_box_);
  column->addWidget(tabs_, 0, Qt::AlignLeft);
  bottom_ = new QSplitter(Qt::Horizontal, bottom_box_);
  bottom_->setHandleWidth(theme_.spacing("panelGap"));
  bottom_->setChildrenCollapsible(false);
  column->addWidget(bottom_, 1);
  deletion_panel_ = new Panel(theme_, tr("Deletion"), bottom_);
  which_curves_ = new Segmented(theme_, tr("Curves"),
                                {{tr("Method"), tr("The chosen method on every run, and the control")},
                                 {tr("All"), tr("The first methods of the grid on the last run, and the control")}},
                                deletion_panel_);
  deletion_panel_->add_tool(which_curves_);
  deletion_ = new CurvePlot(theme_, true, deletion_panel_);
  deletion_panel_->add_tool(new ViewMenu(theme_, deletion_panel_, tr("Deletion"), [this] { return deletion_->csv(); }));
  deletion_panel_->body()->addWidget(deletion_, 1);
  insertion_panel_ = new Panel(theme_, tr("Insertion"), bottom_);
  insertion_ = new CurvePlot(theme_, false, insertion_panel_);
  insertion_panel_->add_tool(
      new ViewMenu(theme_, insertion_panel_, tr("Insertion"), [this] { return insertion_->csv(); }));
  insertion_panel_->body()->addWidget(insertion_, 1);

  detail_panel_ = new Panel(theme_, tr("Chosen cell"), bottom_);
  auto* pages = new QHBoxLayout;
  pages->setContentsMargins(6, 4, 6, 2);
  pages_ = new Segmented(theme_, tr("Chosen cell"),
                         {{tr("Values"), tr("How the values of the posts spread; with two runs, their difference")},
                          {tr("Posts"), tr("The posts behind the cell; Enter opens one in Inspect")},
                          {tr("Slices"), tr("By class, by right and wrong, by length, by a column of the posts, with the largest gap and its test")},
                          {tr("Order"), tr("In how many bootstrap resamples the order of two methods stays")},
                          {tr("Agreement"), tr("How much two methods agree about the words of a post")}},
                         detail_panel_);
  pages->addWidget(pages_);
  pages->addStretch(1);
  detail_panel_->body()->addLayout(pages);
  measure_ = new QComboBox(detail_panel_);
  measure_->setAccessibleName(tr("Measure of agreement"));
  measure_->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
  measure_->setMinimumWidth(186);
  for (const auto& a : agreements()) {
    measure_->addItem(text(a.name), text(a.id));
    measure_->setItemData(
        measure_->count() - 1,
        QStringLiteral("<p>%1<br>%2</p>").arg(text(a.definition).toHtmlEscaped(), text(a.source).toHtmlEscaped()),
        Qt::ToolTipRole);
  }
  detail_panel_->add_tool(measure_);
  slice_by_ = new QComboBox(detail_panel_);
  slice_by_->setAccessibleName(tr("Slice by"));
  slice_by_->setToolTip(tr("What the posts are sliced by: their class, whether the answer is right, their length, or a column of theirs"));
  slice_by_->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
  slice_by_->setMinimumWidth(186);
  for (QComboBox* c : {measure_, slice_by_}) c->setObjectName(QStringLiteral("small"));
  detail_panel_->add_tool(slice_by_);
  details_ = new QStackedWidget(detail_panel_);
  histogram_ = new ValueHistogram(theme_, details_);
  post_list_ = new RowList(theme_, tr("Posts behind the cell"), true, details_);
  slices_ = new SliceTable(theme_, details_);
  order_ = new MethodMatrix(theme_, tr("Order of methods in resamples"), details_);
  agreement_ = new MethodMatrix(theme_, tr("Agreement of methods"), details_);
  details_->addWidget(histogram_);
  details_->addWidget(post_list_);
  details_->addWidget(scrolled(slices_, details_));
  details_->addWidget(order_);
  details_->addWidget(agreement_);
  detail_panel_->add_tool(new ViewMenu(theme_, detail_panel_, tr("Chosen cell"), [this]() -> QString {
    switch (detail_) {
      case Detail::values:
        return details_->currentIndex() == 2 ? slices_->csv() : histogram_->csv();
      case Detail::posts: {
        QString out = QStringLiteral("post,value\n");
        for (int i = 0; i < post_list_->count(); ++i)
          out += QStringLiteral("%1,%2\n")
                     .arg(post_list_->rows().row(i).id)
                     .arg(csv_cell(post_list_->rows().row(i).value));
        return out;
      }
      case Detail::slices:
        return slices_->csv();
      case Detail::order:
        return order_->csv();
      case Detail::agreement:
        return agreement_->csv();
    }
    return {};
  }));
  detail_panel_->body()->addWidget(details_, 1);
  detail_note_ = new QLabel(detail_panel_);
  detail_note_->setObjectName(QStringLiteral("quiet"));
  detail_note_->setFont(theme_.font("caption"));
  detail_note_->setTextFormat(Qt::PlainText);
  detail_note_->setWordWrap(true);
  detail_note_->setContentsMargins(12, 2, 12, 6);
  detail_note_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
  detail_panel_->body()->addWidget(detail_note_);
  deletion_panel_->setMinimumWidth(220);
  insertion_panel_->setMinimumWidth(220);
  detail_panel_->setMinimumWidth(330);
  for (auto* p : {deletion_panel_, insertion_panel_, detail_panel_}) bottom_->addWidget(p);
  bottom_->setSizes({340, 340, 380});
  bottom_box_->setMinimumHeight(170);
  rows->addWidget(bottom_box_);
}

QWidget* EvaluateView::build_side() {
  auto* column_widget = new QWidget(this);
  auto* column = new QVBoxLayout(column_widget);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(theme_.spacing("panelGap"));
  protocol_panel_ = new Panel(theme_, tr("Protocol"), column_widget);
  card_ = new ProtocolCard(theme_, protocol_panel_);
  protocol_panel_->add_tool(new ViewMenu(theme_, protocol_panel_, tr("Protocol"), [this] {
    QString out = QStringLiteral("run,setting,value\n");
    if (data_)
      for (const auto& r : data_->runs)
        for (const auto& [key, value] : r.reading.settings.items())
          out += csv_cell(r.name) + QLatin1Char(',') + csv_cell(text(key)) + QLatin1Char(',') +
                 csv_cell(setting_text(r.reading.settings, key)) + QLatin1Char('\n');
    return out;
  }));
  protocol_panel_->body()->addWidget(card_);
  const auto note = [&](Panel* panel) {
    auto* l = new QLabel(panel);
    l->setFont(theme_.font("table"));
    l->setWordWrap(true);
    l->setContentsMargins(12, 7, 12, 8);
    l->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    panel->body()->addWidget(l);
    return l;
  };
  others_panel_ = new Panel(theme_, tr("Other protocols"), column_widget);
  others_ = note(others_panel_);
  others_->setTextFormat(Qt::PlainText);
  show_other_ = new QPushButton(others_panel_);
  show_other_->setObjectName(QStringLiteral("small"));
  auto* other_row = new QHBoxLayout;
  other_row->setContentsMargins(12, 0, 12, 8);
  other_row->addWidget(show_other_);
  other_row->addStretch(1);
  others_panel_->body()->addLayout(other_row);
  accuracy_panel_ = new Panel(theme_, tr("At what accuracy"), column_widget);
  accuracy_ = note(accuracy_panel_);
  accuracy_->setTextFormat(Qt::RichText);
  metric_panel_ = new Panel(theme_, tr("Metric"), column_widget);
  formula_ = note(metric_panel_);
  formula_->setFont(theme_.mono("caption"));
  formula_->setTextFormat(Qt::PlainText);
  formula_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  meaning_ = note(metric_panel_);
  meaning_->setObjectName(QStringLiteral("quiet"));
  meaning_->setFont(theme_.font("caption"));
  meaning_->setTextFormat(Qt::PlainText);
  for (auto* p : {protocol_panel_, others_panel_, accuracy_panel_, metric_panel_}) column->addWidget(p);
  column->addStretch(1);
  side_ = scrolled(column_widget, this);
  side_->setFixedWidth(side_width);
  side_->setAccessibleName(tr("Protocol, accuracy and definition"));
  return side_;
}

/// Wide: all panels. Narrow: the lower panels become tabs of one, the right column is behind a button.
void EvaluateView::arrange() {
  if (const bool was = narrow_; (narrow_ = width() < narrow_width) != was) {
    const int bottom = narrow_ ? 190 : 245;  // what is more goes to the grid
    rows_->setSizes({std::max(160, height() - 60 - bottom), bottom});
  }
  const bool shows = stack_->currentIndex() == 1;
  tabs_->setVisible(narrow_);
  const int tab = tabs_->current();
  deletion_panel_->setVisible(!narrow_ || tab == 0);
  insertion_panel_->setVisible(!narrow_ || tab == 1);
  detail_panel_->setVisible(!narrow_ || tab == 2);
  side_button_->setVisible(narrow_);
  side_->setVisible(session_ && (!narrow_ || side_button_->isChecked() || !shows) && !file_.runs.empty());
  runs_label_->setVisible(!narrow_);
  posts_label_->setVisible(!narrow_);
  compute_->setText(narrow_ ? tr("Compute") : tr("Compute missing"));
  legend_->setVisible(height() > 420);
}

void EvaluateView::resizeEvent(QResizeEvent* e) {
  QWidget::resizeEvent(e);
  arrange();
}

}  // namespace telltale::ui
