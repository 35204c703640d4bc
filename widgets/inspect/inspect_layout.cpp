// What Inspect is made of, and where it stands in wide, narrow and slim windows.
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QScrollArea>
#include <QSlider>
#include <QSplitter>
#include <QStackedWidget>
#include <QToolButton>

#include "report/numbers.hpp"
#include "widgets/export/view_menu.hpp"
#include "widgets/icons.hpp"
#include "widgets/inspect/attention_panel.hpp"
#include "widgets/inspect/class_table.hpp"
#include "widgets/inspect/edit_page.hpp"
#include "widgets/inspect/examples_panel.hpp"
#include "widgets/inspect/explain_bar.hpp"
#include "widgets/inspect/hover_card.hpp"
#include "widgets/inspect/inspect_view.hpp"
#include "widgets/inspect/mark_bar.hpp"
#include "widgets/inspect/layers_panel.hpp"
#include "widgets/inspect/methods_panel.hpp"
#include "widgets/inspect/posts_panel.hpp"
#include "widgets/inspect/segmented.hpp"
#include "widgets/inspect/tab_column.hpp"
#include "widgets/inspect/what_if.hpp"
#include "widgets/inspect/words_table.hpp"
#include "widgets/painted_post.hpp"
#include "widgets/panel.hpp"
#include "widgets/post_parts.hpp"
#include "widgets/row_list.hpp"

namespace telltale::ui {
namespace {

QToolButton* tool(const Theme& theme, const char* picture, const QString& name, QWidget* parent) {
  auto* b = new QToolButton(parent);
  b->setIcon(icon(theme, picture));
  b->setIconSize({16, 16});
  b->setToolTip(name);
  b->setAccessibleName(name);
  b->setFixedSize(24, 22);
  return b;
}

}  // namespace

InspectView::InspectView(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme), meter_(std::make_shared<CostMeter>()), explainer_(new Explainer(this)) {
  explainer_->set_meter(meter_);
  const int gap = theme.spacing("panelGap");
  auto* all = new QVBoxLayout(this);
  all->setContentsMargins(gap, gap, gap, gap);
  all->setSpacing(gap);
  all->setSizeConstraint(QLayout::SetNoConstraint);
  build_bar();
  all->addWidget(bar_);
  columns_ = new QSplitter(Qt::Horizontal, this);
  rows_ = new QSplitter(Qt::Vertical, columns_);
  top_ = new QSplitter(Qt::Horizontal, rows_);
  bottom_ = new QSplitter(Qt::Horizontal, rows_);
  for (QSplitter* s : {columns_, rows_, top_, bottom_}) {
    s->setHandleWidth(gap);
    s->setChildrenCollapsible(false);
  }
  all->addWidget(columns_, 1);
  left_ = new QWidget(this);
  left_->setAttribute(Qt::WA_StyledBackground);
  left_column_ = new QVBoxLayout(left_);
  left_column_->setContentsMargins(0, 0, 0, 0);
  left_column_->setSpacing(gap);
  runs_panel_ = new Panel(theme, tr("Runs"), left_);
  runs_panel_->set_caption(tr("accuracy"));
  run_list_ = new RowList(theme, tr("Runs"), false, runs_panel_);
  runs_panel_->body()->addWidget(run_list_);
  left_column_->addWidget(runs_panel_);
  posts_ = new PostsPanel(theme, left_);
  left_column_->addWidget(posts_, 1);
  left_->setMinimumWidth(240);
  build_post();
  build_right();
  build_tools();
  columns_->addWidget(left_);
  columns_->addWidget(rows_);
  top_->addWidget(post_panel_);
  top_->addWidget(right_);
  rows_->addWidget(top_);
  rows_->addWidget(bottom_);
  card_ = new HoverCard(theme, this);

  connect(run_combo_, &QComboBox::activated, this, [this](int i) {
    const qint64 run = run_combo_->itemData(i).toLongLong();
    guard([&] { choose_run(run, document_); });
    Q_EMIT run_chosen(run);
  });
  connect(run_list_, &RowList::chosen, this, [this](qint64 run) {
    guard([&] { choose_run(run, document_); });
    Q_EMIT run_chosen(run);
  });
  connect(posts_, &PostsPanel::chosen, this, [this](qint64 id) {
    guard([&] { choose_post(id); });
    if (shape_ != Shape::wide && shape_ != Shape::none) left_->hide();
  });
  connect(posts_, &PostsPanel::listed, this, &InspectView::show_place);
  connect(posts_, &PostsPanel::failed, this, &InspectView::failed);
  for (QToolButton* b : {previous_, bar_previous_}) connect(b, &QToolButton::clicked, this, [this] { step_post(-1); });
  for (QToolButton* b : {next_, bar_next_}) connect(b, &QToolButton::clicked, this, [this] { step_post(1); });
  connect(posts_button_, &QPushButton::clicked, this, [this] {
    left_->setVisible(!left_->isVisible());
    if (!left_->isVisible()) return;
    left_->setGeometry(theme_.spacing("panelGap"), bar_->geometry().bottom() + 4, 330, height() - bar_->geometry().bottom() - 10);
    left_->raise();
    posts_->search_field()->setFocus();
  });
  connect(explain_, &ExplainBar::options_changed, this, [this] {
    asked_ = true;
    foil_ = explain_->options().output == Output::difference ? foil_ : -1;
    explain_again();
  });
  connect(explain_, &ExplainBar::again, this, &InspectView::explain_again);
  connect(explain_, &ExplainBar::more_nodes, this, [this] {
    ExplainOptions o = explain_->options();
    o.steps = std::min(4096, 2 * std::max(32, post_ ? post_->record.steps : 0));
    set_options(o);
  });
  connect(explain_, &ExplainBar::cancelled, this, [this] {
    explainer_->cancel();
    show_progress();
    painted_->set_stale(false);
    explain_->set_message(tr("Cancelled. The post is not explained this way yet."), false);
  });
  connect(explainer_, &Explainer::started, this, [this] {
    since_asked_.restart();
    show_progress();
    progress_timer_.start();
    explain_->set_message({});
    painted_->set_stale(explained_);
  });
  connect(explainer_, &Explainer::ready, this, &InspectView::show_explained);
  connect(explainer_, &Explainer::stored_new, this, [this](qint64 run, qint64 document) {
    posts_->explanation_added(document);
    if (session_) Q_EMIT session_->explanations_changed(run);
  });
  connect(explainer_, &Explainer::failed, this, [this](const QString& message) {
    show_progress();
    painted_->set_stale(false);
    classes_->set_wanted(-1);
    what_if_->go_on();
    explain_->set_message(message);
  });
  progress_timer_.setInterval(100);
  connect(&progress_timer_, &QTimer::timeout, this, &InspectView::show_progress);
  connect(classes_, &ClassTable::target_asked, this, &InspectView::set_target);
  connect(classes_, &ClassTable::foil_asked, this, [this](int label) { set_foil(label == foil_ ? -1 : label); });
  connect(no_foil_, &QPushButton::clicked, this, [this] { set_foil(-1); });
  connect(swap_, &QToolButton::clicked, this, [this] {
    if (!explained_ || post_->record.foil < 0) return;
    target_ = post_->record.foil;
    foil_ = post_->record.target;
    explain_again();
  });
  const auto to_classes = [this] { classes_->setFocus(), classes_->move_to(post_ ? post_->record.target : 0); };
  connect(painted_, &PaintedPost::target_wanted, this, to_classes);
  connect(painted_, &PaintedPost::foil_wanted, this, to_classes);
  connect(show_, &Segmented::chosen, this, [this](int i) { words_->set_show(static_cast<WordsTable::Show>(i)); });
  connect(top_combo_, &QComboBox::activated, this, [this] { words_->set_top(top_combo_->currentData().toInt()); });
  // Later, not inside the layout that is going on.
  connect(painted_, &PaintedPost::laid_out, this, &InspectView::fit_strip, Qt::QueuedConnection);
  for (PaintedView* v : std::initializer_list<PaintedView*>{painted_, strip_, words_}) connect(v, &PaintedView::hovered, this, [this, v](int word) { ring(word, v); });
  connect(&theme, &Theme::changed, this, [this] {
    show_run_list();
    show_scale();
  });
  set_session(nullptr);
}

void InspectView::build_bar() {
  bar_ = new QWidget(this);
  auto* row = new QHBoxLayout(bar_);
  bar_row_ = row;
  row->setContentsMargins(0, 0, 0, 0);
  row->setSpacing(8);
  run_combo_ = new QComboBox(bar_);
  run_combo_->setAccessibleName(tr("Run"));
  run_combo_->setToolTip(tr("The run that explains"));
  run_combo_->setMinimumWidth(150);
  run_combo_->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
  run_combo_->setMinimumContentsLength(16);
  posts_button_ = new QPushButton(tr("Posts"), bar_);
  posts_button_->setIcon(icon(theme_, "list"));
  posts_button_->setToolTip(tr("Find a post"));
  bar_previous_ = tool(theme_, "left", tr("Previous post (Alt Up)"), bar_);
  bar_next_ = tool(theme_, "right", tr("Next post (Alt Down)"), bar_);
  place_ = new QLabel(bar_);
  place_->setObjectName(QStringLiteral("quiet"));
  place_->setFont(theme_.font("table"));
  row->addWidget(run_combo_);
  row->addWidget(posts_button_);
  row->addWidget(bar_previous_);
  row->addWidget(place_);
  row->addWidget(bar_next_);
  row->addStretch(1);
}

void InspectView::build_post() {
  post_panel_ = new Panel(theme_, tr("Post"), this);
  post_panel_->setMinimumWidth(360);
  previous_ = tool(theme_, "left", tr("Previous post (Alt Up)"), post_panel_);
  next_ = tool(theme_, "right", tr("Next post (Alt Down)"), post_panel_);
  pin_ = tool(theme_, "pin", tr("Pin to the film: runs that start from now on explain this post every few steps"), post_panel_);
  pin_->setCheckable(true);
  connect(pin_, &QToolButton::clicked, this, &InspectView::toggle_pin);
  for (QToolButton* b : {previous_, next_, pin_}) post_panel_->add_tool(b);
  stack_ = new QStackedWidget(post_panel_);
  post_panel_->body()->addWidget(stack_, 1);
  empty_ = new EmptyNote(theme_, QString(), stack_);
  empty_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  stack_->addWidget(empty_);
  auto* page = new QWidget(stack_);
  auto* column = new QVBoxLayout(page);
  post_column_ = column;
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  const auto hairline = [&] {
    auto* line = new QFrame(page);
    line->setObjectName(QStringLiteral("hairline"));
    line->setFixedHeight(1);
    column->addWidget(line);
  };
  explain_ = new ExplainBar(theme_, page);
  column->addWidget(explain_);
  hairline();
  column->addWidget(explain_->message_row());
  post_stack_ = new QStackedWidget(page);
  edit_ = new EditPage(theme_, post_stack_);
  post_stack_->addWidget(edit_);
  post_scroll_ = new QScrollArea(post_stack_);
  post_scroll_->setWidgetResizable(true);
  post_scroll_->setFrameShape(QFrame::NoFrame);
  post_scroll_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  painted_ = new MarkedPost(theme_, post_scroll_);
  post_scroll_->setWidget(painted_);
  post_stack_->addWidget(post_scroll_);
  post_stack_->setCurrentWidget(post_scroll_);
  build_marks(column);
  column->addWidget(post_stack_, 1);
  hairline();
  strip_ = new OrderStrip(theme_, page);
  column->addWidget(strip_);
  hairline();
  foot_ = new QBoxLayout(QBoxLayout::LeftToRight);
  foot_->setContentsMargins(4, 4, 12, 4);
  foot_->setSpacing(10);
  legend_ = new HeatLegend(theme_, page);
  const auto quiet = [&](const QString& words) {
    auto* l = new QLabel(words, page);
    l->setObjectName(QStringLiteral("quiet"));
    l->setFont(theme_.font("caption"));
    return l;
  };
  gamma_name_ = quiet(tr("gamma"));
  gamma_ = new QSlider(Qt::Horizontal, page);
  gamma_->setRange(30, 150);
  gamma_->setValue(80);
  gamma_->setFixedWidth(80);
  gamma_->setAccessibleName(tr("Gamma of the colours"));
  gamma_->setToolTip(tr("Colour = (|score| / domain) ^ gamma: below 1 lifts small scores"));
  gamma_label_ = quiet(QStringLiteral("0.80"));
  sums_ = quiet({});
  sums_->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
  sums_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  sums_->setTextFormat(Qt::PlainText);
  sums_->setToolTip(tr("Scores of words and of the special tokens add up to F(x) − F(b) when the method is complete"));
  foot_->addWidget(legend_);
  foot_->addWidget(gamma_name_);
  foot_->addWidget(gamma_);
  foot_->addWidget(gamma_label_);
  foot_->addStretch(1);
  foot_->addWidget(sums_);
  column->addLayout(foot_);
  stack_->addWidget(page);
  connect(gamma_, &QSlider::valueChanged, this, [this](int v) {
    gamma_label_->setText(text(fixed(v / 100.0, 2)));
    painted_->set_gamma(v / 100.0);
    edit_->set_gamma(v / 100.0);
    show_scale();
  });
  painted_->installEventFilter(this);
}

void InspectView::build_right() {
  right_ = new QWidget(this);
  right_->setMinimumWidth(300);
  right_column_ = new QVBoxLayout(right_);
  right_column_->setContentsMargins(0, 0, 0, 0);
  right_column_->setSpacing(theme_.spacing("panelGap"));
  classes_panel_ = new Panel(theme_, tr("Classes"), right_);
  no_foil_ = new QPushButton(tr("No foil"), classes_panel_);
  no_foil_->setFlat(true);
  no_foil_->setFont(theme_.font("caption"));
  no_foil_->setStyleSheet(QStringLiteral("QPushButton { border: 0; padding: 1px 6px; min-height: 16px; }"));
  no_foil_->setToolTip(tr("Explain the target alone"));
  swap_ = tool(theme_, "swap", tr("Swap target and foil"), classes_panel_);
  classes_panel_->add_tool(no_foil_);
  classes_panel_->add_tool(swap_);
  classes_ = new ClassTable(theme_, classes_panel_);
  auto* scroll = new QScrollArea(classes_panel_);
  scroll->setWidgetResizable(true);
  scroll->setFrameShape(QFrame::NoFrame);
  scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  scroll->setWidget(classes_);
  classes_panel_->body()->addWidget(scroll);
  right_column_->addWidget(classes_panel_);
  words_panel_ = new Panel(theme_, tr("Words"), right_);
  show_ = new Segmented(theme_, tr("Words shown"), {{tr("Both"), tr("Words for and against the target")}, {tr("For"), tr("Words that speak for the target")}, {tr("Against"), tr("Words that speak against it, or for the foil")}}, words_panel_);
  top_combo_ = new QComboBox(words_panel_);
  top_combo_->setFont(theme_.font("caption"));
  top_combo_->setStyleSheet(QStringLiteral("QComboBox { min-height: 16px; padding: 0 6px; }"));
  top_combo_->setFixedHeight(22);
  top_combo_->setAccessibleName(tr("How many words"));
  top_combo_->setToolTip(tr("How many words the table holds"));
  for (const auto& [name, n] : {std::pair{tr("Fit"), 0}, {tr("Top 10"), 10}, {tr("Top 20"), 20}, {tr("Top 50"), 50}, {tr("All"), -1}}) top_combo_->addItem(name, n);
  words_panel_->add_tool(show_);
  words_panel_->add_tool(top_combo_);
  auto* rows = new QScrollArea(words_panel_);
  rows->setWidgetResizable(true);
  rows->setFrameShape(QFrame::NoFrame);
  rows->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  words_ = new WordsTable(theme_, rows);
  rows->setWidget(words_);
  words_panel_->body()->addWidget(rows, 1);
  tabs_ = new TabColumn(theme_, right_);
  tabs_->hide();
  right_column_->addWidget(words_panel_, 1);
  right_column_->addWidget(tabs_, 1);
}

void InspectView::build_tools() {
  methods_ = new MethodsPanel(theme_, this);
  attention_ = new AttentionPanel(theme_, this);
  layers_ = new LayersPanel(theme_, this);
  inside_ = new TabColumn(theme_, this);
  what_if_ = new WhatIfPanel(theme_, this);
  for (QWidget* w : std::initializer_list<QWidget*>{methods_, attention_, layers_, what_if_}) w->setMinimumWidth(230);
  examples_ = new ExamplesPanel(theme_, this);
  what_if_tabs_ = new TabColumn(theme_, this);
  examples_->setMinimumWidth(230);
  connect(examples_, &ExamplesPanel::post_asked, this, [this](qint64 id) { guard([&] { choose_post(id); }); });
  connect(methods_, &MethodsPanel::method_asked, this, [this](const QString& id) {
    set_options(options_for(explain_->options(), id.toStdString(), explain_->place()));
  });
  connect(methods_, &MethodsPanel::failed, this, &InspectView::failed);
  connect(explainer_, &Explainer::started, methods_, &MethodsPanel::make_way);
  connect(explainer_, &Explainer::failed, methods_, &MethodsPanel::go_on);
  connect(explain_, &ExplainBar::cancelled, methods_, &MethodsPanel::go_on);
  connect(&methods_->maps(), &PaintedView::hovered, this, [this](int word) { ring(word, &methods_->maps()); });
  connect(attention_, &AttentionPanel::hovered, this, [this](int word) { ring(word, nullptr); });
  connect(layers_, &LayersPanel::explain_asked, this, [this](int layer) {
    ExplainOptions o = explain_->options();
    o.method = "conductance";
    o.layer = layer;
    set_options(o);
  });
  connect(what_if_, &WhatIfPanel::edit_asked, this, &InspectView::edit);
  connect(edit_, &EditPage::explained, what_if_, &WhatIfPanel::set_edited);
  connect(edit_, &EditPage::left, this, [this] {
    what_if_->leave_edit();
    painted_->setFocus();
  });
  connect(edit_, &EditPage::explained, this, &InspectView::show_scale);
  connect(what_if_, &WhatIfPanel::text_offered, &edit_->editor(), &QPlainTextEdit::setPlainText);
  // "⋯": copy, export, and for the post what another program reads.
  const auto menu = [&](Panel* panel, const QString& name, CsvSource csv) {
    auto* m = new ViewMenu(theme_, panel, name, std::move(csv));
    panel->add_tool(m);
    connect(m, &ViewMenu::failed, this, &InspectView::failed);
    return m;
  };
  ViewMenu* post = menu(post_panel_, tr("Post"), [this] { return words_->csv(); });
  connect(post->add_setting(tr("Copy as text")), &QAction::triggered, this, [this] { copy_text(as_text()); });
  connect(post->add_setting(tr("Save explanation as JSON…")), &QAction::triggered, this, [this] { save_explanation(false); });
  connect(post->add_setting(tr("Save explanation as a page (HTML)…")), &QAction::triggered, this, [this] { save_explanation(true); });
  connect(post->add_setting(tr("Simulate the model…")), &QAction::triggered, this, [this] { Q_EMIT simulation_asked(run_.id); });
  menu(words_panel_, tr("Words"), [this] { return words_->csv(); });
  menu(methods_, tr("Methods"), [this] { return methods_->csv(); });
  menu(attention_, tr("Attention"), [this] { return attention_->csv(); });
  QAction* mean = menu(layers_, tr("Layers"), [this] { return layers_->csv(); })->add_setting(tr("Probe the mean state instead of [CLS]"));
  mean->setCheckable(true);
  connect(mean, &QAction::toggled, this, [this](bool on) { layers_->set_pool(on ? Pool::mean : Pool::cls); });
  menu(what_if_, tr("What if"), [this] { return what_if_->csv(); });
  menu(examples_, tr("Examples"), [this] { return examples_->csv(); });
}

std::vector<PaintedView*> InspectView::linked() const { return {painted_, strip_, words_, methods_ ? &methods_->maps() : nullptr}; }

void InspectView::resizeEvent(QResizeEvent* e) {
  QWidget::resizeEvent(e);
  arrange(width() < 900 ? Shape::slim : width() < 1180 ? Shape::narrow : Shape::wide);
  fit_strip();
}

void InspectView::arrange(Shape shape) {
  if (shape == shape_) return;
  shape_ = shape;
  const KeptFonts kept(*this);
  const bool wide = shape == Shape::wide;
  tabs_->clear();
  for (TabColumn* column : {inside_, what_if_tabs_}) column->clear(), column->setVisible(wide);
  if (wide) {
    inside_->add(attention_, tr("Attention")), inside_->add(layers_, tr("Layers"));
    what_if_tabs_->add(what_if_, tr("What if")), what_if_tabs_->add(examples_, tr("Examples"));
  }
  const std::vector<std::pair<QWidget*, QString>> tools = wide ? std::vector<std::pair<QWidget*, QString>>{{methods_, tr("Methods")}, {inside_, tr("Inside")}, {what_if_tabs_, tr("What if")}}
                                                               : std::vector<std::pair<QWidget*, QString>>{{what_if_, tr("What if")}, {methods_, tr("Methods")}, {attention_, tr("Attention")}, {layers_, tr("Layers")}, {examples_, tr("Examples")}};
  if (wide) {
    columns_->insertWidget(0, left_);
    left_->show();
    post_column_->insertWidget(0, explain_);
    right_column_->insertWidget(1, words_panel_, 1);
    words_panel_->show();
    for (const auto& [panel, name] : tools) bottom_->addWidget(panel), panel->show();
    const int room = width() - 290;
    bottom_->setSizes({35 * room / 100, 35 * room / 100, 30 * room / 100});
    columns_->setSizes({296, width() - 296});
    columns_->setStretchFactor(0, 0);
    columns_->setStretchFactor(1, 1);
    top_->setSizes({7 * (width() - 290) / 11, 4 * (width() - 290) / 11});
    rows_->setSizes({2 * height() / 3, height() / 3});
  } else {
    left_->setParent(this);  // a drawer over the rest
    left_->hide();
    bar_row_->addWidget(explain_);
    tabs_->add(words_panel_, tr("Words"));
    for (const auto& [panel, name] : tools) tabs_->add(panel, name);
  }
  show_run_list();
  explain_->setVisible(true);
  explain_->set_compact(!wide);
  tabs_->setVisible(!wide);
  bottom_->setVisible(wide && bottom_->count() > 0);
  bar_->setVisible(!wide);
  previous_->setVisible(wide);  // the bar has its own
  next_->setVisible(wide);
  top_->setOrientation(shape == Shape::slim ? Qt::Vertical : Qt::Horizontal);
  if (shape == Shape::narrow) top_->setSizes({7 * width() / 11, 4 * width() / 11});
  if (shape == Shape::slim) top_->setSizes({6 * height() / 10, 4 * height() / 10});
  classes_->set_compact(!wide);
  if (post_) show_place();
  show_marking();
  classes_panel_->setFixedHeight(theme_.spacing("panelHeader") + 6 + std::min(classes_->minimumHeight(), 9 * theme_.spacing("row")));
}

/// In wide windows: as many rows as there are runs, up to six.
void InspectView::show_run_list() {
  constexpr int most_rows = 6;
  runs_panel_->setVisible(shape_ == Shape::wide && !elsewhere_ && run_list_->count() > 0);
  runs_panel_->setFixedHeight(theme_.spacing("panelHeader") + 8 + std::clamp(run_list_->count(), 1, most_rows) * (theme_.spacing("row") + 2));
}

/// What a short post leaves free helps the strip: taller bars, more names.
void InspectView::fit_strip() {
  const int wide = post_panel_->width();
  foot_->setDirection(wide < theme_.px(500) ? QBoxLayout::TopToBottom : QBoxLayout::LeftToRight);
  for (QWidget* w : std::initializer_list<QWidget*>{gamma_name_, gamma_, gamma_label_}) w->setVisible(wide >= theme_.px(640) && !blind());
  const int room = post_panel_->height() - 180 - (shape_ == Shape::wide ? 36 : 0), text_height = painted_->minimumHeight();
  strip_->setFixedHeight(std::clamp(room - text_height, OrderStrip::least_height, OrderStrip::most_height));
}

}  // namespace telltale::ui
