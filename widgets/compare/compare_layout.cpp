// What Compare is built of, and how it fits small windows.
#include <QComboBox>
#include <QLabel>
#include <QPushButton>
#include <QScrollArea>
#include <QShortcut>
#include <QSplitter>
#include <QStackedWidget>
#include <QToolButton>

#include "widgets/compare/compare_view.hpp"
#include "widgets/compare/comparison_parts.hpp"
#include "widgets/compare/confusion_table.hpp"
#include "widgets/compare/rank_slopes.hpp"
#include "widgets/compare/start_page.hpp"
#include "widgets/export/view_menu.hpp"
#include "widgets/icons.hpp"
#include "widgets/inspect/busy_ring.hpp"
#include "widgets/inspect/segmented.hpp"
#include "widgets/panel.hpp"
#include "widgets/post_parts.hpp"
#include "widgets/row_list.hpp"

namespace telltale::ui {
namespace {

constexpr int narrow_width = 1180;

QScrollArea* scrolled(QWidget* widget, QWidget* parent) {
  auto* area = new QScrollArea(parent);
  area->setWidgetResizable(true);
  area->setFrameShape(QFrame::NoFrame);
  area->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  area->setWidget(widget);
  return area;
}

QComboBox* box(QWidget* parent, const QString& name, const QString& tip, int least) {
  auto* b = new QComboBox(parent);
  b->setAccessibleName(name);
  b->setToolTip(tip);
  b->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
  b->setMinimumWidth(least);
  return b;
}

}  // namespace

void CompareView::build() {
  const int gap = theme_.spacing("panelGap");
  auto* all = new QVBoxLayout(this);
  all->setContentsMargins(gap, gap, gap, gap);
  all->setSpacing(gap);
  all->addWidget(build_bar());
  stack_ = new QStackedWidget(this);
  all->addWidget(stack_, 1);
  start_ = new StartPage(theme_, stack_);
  stack_->addWidget(start_);
  halves_ = new QSplitter(Qt::Vertical, stack_);
  halves_->setHandleWidth(gap);
  halves_->setChildrenCollapsible(false);
  stack_->addWidget(halves_);
  build_top(halves_);
  build_bottom(halves_);
  halves_->setStretchFactor(0, 1);
  halves_->setStretchFactor(1, 0);
  halves_->setSizes({440, 330});
}

QWidget* CompareView::build_bar() {
  auto* bar = new QWidget(this);
  auto* row = new QHBoxLayout(bar);
  row->setContentsMargins(0, 0, 0, 0);
  row->setSpacing(8);
  modes_ = new Segmented(theme_, tr("Compare"), {{tr("Two runs"), tr("A and B are runs")}, {tr("Two classes"), tr("One run: why A against why B")}, {tr("Two methods"), tr("One run: two attributors on the same posts")}}, bar);
  const auto label = [&](const QString& t) {
    auto* l = new QLabel(t, bar);
    l->setObjectName(QStringLiteral("quiet"));
    l->setFont(theme_.font("table"));
    return l;
  };
  const auto letter = [&](const QString& t) {
    auto* l = new QLabel(t, bar);
    l->setFont(theme_.font("ui", Theme::Weight::semibold));
    return l;
  };
  run_label_ = label(tr("Run"));
  run_box_ = box(bar, tr("Run"), tr("The run whose explanations are compared"), 90);
  a_box_ = box(bar, tr("What stands as A"), tr("What stands as A; X swaps A and B"), 90);
  b_box_ = box(bar, tr("What stands as B"), tr("What stands as B; Δ = B − A"), 90);
  swap_ = new QToolButton(bar);
  swap_->setIcon(icon(theme_, "swap", "text2"));
  swap_->setAutoRaise(true);
  swap_->setAccessibleName(tr("Swap A and B"));
  swap_->setToolTip(tr("Swap A and B (X)"));
  method_label_ = label(tr("Method"));
  method_box_ = box(bar, tr("Method"), tr("Attributor behind everything shown; “in the loss” marks one that training rewarded, which is no independent judge"), 90);
  which_ = box(bar, tr("Comparison"), tr("Stored comparisons of these runs, the newest last"), 90);
  state_ = new QLabel(bar);
  state_->setFont(theme_.font("caption", Theme::Weight::medium));
  state_->setTextFormat(Qt::PlainText);
  control_ = new QPushButton(tr("Against its control"), bar);
  control_->setObjectName(QStringLiteral("small"));
  control_->setAccessibleName(tr("Compare with the control run"));
  page_ = new QToolButton(bar);
  page_->setIcon(icon(theme_, "export", "text2"));
  page_->setAutoRaise(true);
  page_->setAccessibleName(tr("Export page…"));
  page_->setToolTip(tr("Export page… (one HTML file with this comparison)"));
  row->addWidget(modes_);
  for (QWidget* w : {static_cast<QWidget*>(run_label_), static_cast<QWidget*>(run_box_)}) row->addWidget(w);
  row->addWidget(letter(QStringLiteral("A")));
  row->addWidget(a_box_, 2);
  row->addWidget(swap_);
  row->addWidget(letter(QStringLiteral("B")));
  row->addWidget(b_box_, 2);
  row->addWidget(control_);
  row->addWidget(method_label_);
  row->addWidget(method_box_, 2);
  row->addWidget(which_, 1);
  row->addWidget(state_);
  row->addWidget(page_);
  auto* x = new QShortcut(QKeySequence(Qt::Key_X), this);
  x->setContext(Qt::WidgetWithChildrenShortcut);
  connect(x, &QShortcut::activated, this, &CompareView::swap);
  return bar;
}

void CompareView::build_top(QSplitter* rows) {
  const int gap = theme_.spacing("panelGap");
  top_ = new QSplitter(Qt::Horizontal, rows);
  top_->setHandleWidth(gap);
  top_->setChildrenCollapsible(false);
  posts_panel_ = new Panel(theme_, tr("Posts"), top_);
  posts_panel_->setMinimumWidth(180);
  auto* filters = new QHBoxLayout;
  filters->setContentsMargins(6, 5, 6, 5);
  filters->setSpacing(4);
  class_box_ = box(posts_panel_, tr("Class"), tr("Posts of this class alone"), 60);
  agreement_box_ = box(posts_panel_, tr("Agreement"), tr("Posts by what A and B predict"), 60);
  agreement_box_->addItems({tr("All posts"), tr("A, B agree"), tr("A, B disagree"), tr("only A right"), tr("only B right"), tr("both wrong")});
  filters->addWidget(class_box_, 1);
  filters->addWidget(agreement_box_, 1);
  posts_panel_->body()->addLayout(filters);
  behind_chip_ = new QPushButton(posts_panel_);
  behind_chip_->setObjectName(QStringLiteral("small"));
  behind_chip_->setToolTip(tr("Show all posts again"));
  behind_chip_->hide();
  posts_panel_->body()->addWidget(behind_chip_);
  posts_ = new RowList(theme_, tr("Posts"), true, posts_panel_);
  posts_panel_->body()->addWidget(posts_, 1);

  post_panel_ = new Panel(theme_, tr("Post"), top_);
  post_panel_->setMinimumWidth(320);
  ring_ = new BusyRing(theme_, post_panel_);
  ring_->hide();
  post_panel_->add_tool(ring_);
  drawer_ = new QToolButton(post_panel_);
  drawer_->setCheckable(true);
  drawer_->setAccessibleName(tr("List of posts"));
  drawer_->setToolTip(tr("Show or hide the list of posts"));
  post_panel_->add_tool(drawer_);
  previous_ = new QToolButton(post_panel_);
  next_ = new QToolButton(post_panel_);
  for (const auto& [button, sign, name] : {std::tuple{previous_, "left", tr("Previous post (Alt Up)")}, {next_, "right", tr("Next post (Alt Down)")}}) {
    button->setIcon(icon(theme_, sign, "text2"));
    button->setAutoRaise(true);
    button->setToolTip(name);
    button->setAccessibleName(name);
    button->setFixedSize(24, 22);
    post_panel_->add_tool(button);
  }
  post_ = new ComparedPost(theme_, post_panel_);
  auto* post_menu = new ViewMenu(theme_, post_panel_, tr("Compared post"), [this] {
    QString out = QStringLiteral("word,begin,end,a,b,b_minus_a\n");
    if (const auto& p = post_->post())
      for (std::size_t w = 0; w < p->words.size(); ++w) {
        out += QStringLiteral("%1,%2,%3").arg(csv_cell(p->word(static_cast<int>(w)))).arg(p->words[w].begin).arg(p->words[w].end);
        for (const double s : p->scores[w]) out += QStringLiteral(",%1").arg(s, 0, 'g', 9);
        out += QLatin1Char('\n');
      }
    return out;
  });
  post_panel_->add_tool(post_menu);
  post_area_ = scrolled(post_, post_panel_);
  note_ = new QLabel(post_panel_);
  note_->setTextFormat(Qt::PlainText);
  note_->setFont(theme_.font("caption", Theme::Weight::medium));
  note_->setWordWrap(true);
  note_->setContentsMargins(12, 5, 12, 5);
  note_->hide();
  post_panel_->body()->addWidget(note_);
  post_panel_->body()->addWidget(post_area_, 1);
  post_panel_->add_hairline();
  auto* foot = new QHBoxLayout;
  foot->setContentsMargins(4, 2, 12, 2);
  foot->setSpacing(10);
  legend_ = new HeatLegend(theme_, post_panel_);
  scale_ = new QLabel(post_panel_);
  scale_->setObjectName(QStringLiteral("quiet"));
  scale_->setFont(theme_.font("caption"));
  scores_ = new QLabel(post_panel_);
  scores_->setTextFormat(Qt::PlainText);
  scores_->setFont(theme_.font("caption", Theme::Weight::medium));
  scores_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
  scores_->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
  foot->addWidget(legend_);
  foot->addWidget(scale_);
  foot->addWidget(scores_, 1);
  post_panel_->body()->addLayout(foot);

  ranks_panel_ = new Panel(theme_, tr("Ranks"), top_);
  ranks_panel_->set_caption(tr("↑ orange  ↓ blue"));
  ranks_panel_->setMinimumWidth(240);
  top_box_ = box(ranks_panel_, tr("Ranks shown"), tr("How many ranks are drawn; words below stand at the foot"), 72);
  top_box_->setObjectName(QStringLiteral("small"));
  for (const int k : {8, 12, 20, 40}) top_box_->addItem(tr("Top %1").arg(k), k);
  top_box_->setCurrentIndex(1);
  top_box_->setSizeAdjustPolicy(QComboBox::AdjustToContents);  // whole at every size of text: "Top 1" is another number than "Top 12"
  ranks_panel_->add_tool(top_box_);
  slopes_ = new RankSlopes(theme_, ranks_panel_);
  ranks_panel_->add_tool(new ViewMenu(theme_, ranks_panel_, tr("Ranks"), [this] { return slopes_->csv(); }));
  ranks_panel_->body()->addWidget(slopes_, 1);
  top_->addWidget(posts_panel_);
  top_->addWidget(post_panel_);
  top_->addWidget(ranks_panel_);
  top_->setStretchFactor(1, 1);
  top_->setSizes({240, 780, 340});
  rows->addWidget(top_);
}

void CompareView::build_bottom(QSplitter* rows) {
  bottom_box_ = new QWidget(rows);
  auto* column = new QVBoxLayout(bottom_box_);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(4);
  tabs_ = new Segmented(theme_, tr("Part"), {{tr("Ranks"), tr("Ranks of the words in A and B")}, {tr("Class overlap"), tr("Words that classes share")}, {tr("Words"), tr("Words gained and lost")}, {tr("Whole split"), tr("Figures over all posts")}}, bottom_box_);
  column->addWidget(tabs_, 0, Qt::AlignLeft);
  bottom_ = new QSplitter(Qt::Horizontal, bottom_box_);
  bottom_->setHandleWidth(theme_.spacing("panelGap"));
  bottom_->setChildrenCollapsible(false);
  column->addWidget(bottom_, 1);

  overlap_panel_ = new Panel(theme_, tr("Class overlap"), bottom_);
  metric_box_ = box(overlap_panel_, tr("Overlap"), tr("overlap@k counts shared words of the two lists; weighted overlap weighs them by their share of score"), 94);
  metric_box_->setObjectName(QStringLiteral("small"));
  metric_box_->addItems({tr("overlap@k"), tr("weighted")});
  overlap_panel_->add_tool(metric_box_);
  overlap_ = new OverlapMatrices(theme_, overlap_panel_);
  overlap_panel_->add_tool(new ViewMenu(theme_, overlap_panel_, tr("Class overlap"), [this] { return overlap_->csv(); }));
  overlap_panel_->body()->addWidget(overlap_, 1);
  overlap_panel_->add_hairline();
  pair_ = new QLabel(overlap_panel_);
  pair_->setFont(theme_.font("caption"));
  pair_->setTextFormat(Qt::RichText);
  pair_->setTextInteractionFlags(Qt::LinksAccessibleByMouse | Qt::LinksAccessibleByKeyboard);
  pair_->setWordWrap(true);
  pair_->setContentsMargins(12, 6, 12, 8);
  pair_->setObjectName(QStringLiteral("quiet"));
  pair_->setAccessibleName(tr("Words shared by the two classes"));
  pair_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
  overlap_panel_->body()->addWidget(pair_);

  words_panel_ = new Panel(theme_, tr("Words gained and lost"), bottom_);
  words_ = new WordsChanged(theme_, words_panel_);
  words_->setToolTip(tr("Click a word for the posts that hold it"));
  words_panel_->add_tool(new ViewMenu(theme_, words_panel_, tr("Words gained and lost"), [this] { return words_->csv(); }));
  words_panel_->body()->addWidget(words_, 1);

  split_panel_ = new Panel(theme_, tr("Whole split"), bottom_);
  pages_ = new Segmented(theme_, tr("Figures"), {{tr("Figures"), tr("Accuracy and contrastivity with 95 % intervals")}, {tr("A × B"), tr("What A predicts against what B predicts")}, {tr("References"), tr("Against a bag of words and uniform scores")}, {tr("Hide test"), tr("Accuracy when shared or telling words are hidden")}}, split_panel_);
  split_panel_->add_tool(pages_);
  split_table_ = new SplitTable(theme_, split_panel_);
  confusion_ = new ConfusionTable(theme_, split_panel_);
  split_panel_->add_tool(new ViewMenu(theme_, split_panel_, tr("Whole split"), [this] { return pages_->current() == 1 ? confusion_->csv() : split_table_->csv(); }));
  headline_ = new QLabel(split_panel_);
  headline_->setTextFormat(Qt::PlainText);
  headline_->setFont(theme_.font("table", Theme::Weight::semibold));
  headline_->setWordWrap(true);
  headline_->setContentsMargins(12, 5, 12, 5);
  headline_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
  split_panel_->body()->addWidget(headline_);
  split_stack_ = new QStackedWidget(split_panel_);
  split_stack_->addWidget(scrolled(split_table_, split_stack_));
  split_stack_->addWidget(scrolled(confusion_, split_stack_));
  split_panel_->body()->addWidget(split_stack_, 1);
  split_panel_->add_hairline();
  mcnemar_ = new QLabel(split_panel_);
  mcnemar_->setFont(theme_.font("caption"));
  mcnemar_->setObjectName(QStringLiteral("quiet"));
  mcnemar_->setTextFormat(Qt::PlainText);
  mcnemar_->setContentsMargins(12, 4, 12, 5);
  mcnemar_->setWordWrap(true);
  mcnemar_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
  split_panel_->body()->addWidget(mcnemar_);
  overlap_panel_->setMinimumWidth(320);
  words_panel_->setMinimumWidth(220);
  split_panel_->setMinimumWidth(400);
  bottom_->addWidget(overlap_panel_);
  bottom_->addWidget(words_panel_);
  bottom_->addWidget(split_panel_);
  bottom_->setSizes({480, 290, 600});
  rows->addWidget(bottom_box_);
}

/// Wide: all panels. Narrow: ranks join the lower panels, which become tabs of one, and the list of posts a drawer.
void CompareView::arrange() {
  const bool narrow = width() < narrow_width;
  if (narrow != narrow_) {
    narrow_ = narrow;
    const KeptFonts kept(*this);
    if (narrow) bottom_->insertWidget(0, ranks_panel_);
    else top_->addWidget(ranks_panel_);
    if (!narrow) top_->setSizes({240, std::max(320, width() - 600), 340});
    // A small window is low too: the painted post, for which one comes here, has its share of it.
    halves_->setStretchFactor(1, narrow ? 1 : 0);
    halves_->setSizes(narrow ? QList<int>{height() / 2, height() / 2} : QList<int>{440, 330});
  }
  const bool whole = mode_ == Mode::runs;
  tabs_->setVisible(narrow && whole);
  bottom_box_->setVisible(narrow || whole);
  const int tab = whole ? tabs_->current() : 0;
  ranks_panel_->setVisible(!narrow || tab == 0);
  overlap_panel_->setVisible(whole && (!narrow || tab == 1));
  words_panel_->setVisible(whole && (!narrow || tab == 2));
  split_panel_->setVisible(whole && (!narrow || tab == 3));
  drawer_->setVisible(narrow);
  posts_panel_->setVisible(!narrow || drawer_->isChecked());
  scale_->setVisible(width() >= 900);
  state_->setVisible(!narrow && !state_->text().isEmpty());
  method_label_->setVisible(!narrow && !method_box_->isHidden());
  run_label_->setVisible(!narrow && mode_ != Mode::runs);
}

void CompareView::resizeEvent(QResizeEvent* e) {
  QWidget::resizeEvent(e);
  arrange();
}

}  // namespace telltale::ui
