#include "widgets/compare_view.hpp"

#include <fmt/format.h>

#include <QComboBox>
#include <QLabel>
#include <QScrollArea>
#include <QSplitter>
#include <QStackedWidget>
#include <QToolButton>
#include <cmath>

#include "report/comparison_posts.hpp"
#include "report/numbers.hpp"
#include "report/post_text.hpp"
#include "widgets/compared_post.hpp"
#include "widgets/comparison_parts.hpp"
#include "widgets/panel.hpp"
#include "widgets/post_parts.hpp"
#include "widgets/row_list.hpp"

namespace telltale::ui {
namespace {

QScrollArea* scrolled(QWidget* widget, QWidget* parent) {
  auto* area = new QScrollArea(parent);
  area->setWidgetResizable(true);
  area->setFrameShape(QFrame::NoFrame);
  area->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  area->setWidget(widget);
  return area;
}

std::vector<const Json*> posts_of(const ComparisonView& v) {
  std::vector<const Json*> out;
  if (const Json& posts = get(v.json, "posts"); posts.is_array() && !v.runs.empty())
    for (const auto& p : posts)
      if (out.size() < 200) out.push_back(&p);
  return out;
}

}  // namespace

CompareView::CompareView(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
  const int gap = theme.spacing("panelGap");
  auto* all = new QVBoxLayout(this);
  all->setContentsMargins(gap, gap, gap, gap);
  stack_ = new QStackedWidget(this);
  all->addWidget(stack_);
  empty_ = new EmptyNote(theme, QString(), stack_);
  empty_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  stack_->addWidget(empty_);
  auto* page = new QWidget(stack_);
  stack_->addWidget(page);
  auto* column = new QVBoxLayout(page);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(gap);

  auto* bar = new QHBoxLayout;
  bar->setSpacing(12);
  which_ = new QComboBox(page);
  which_->setAccessibleName(tr("Comparison"));
  which_->setSizeAdjustPolicy(QComboBox::AdjustToContents);
  headline_ = new QLabel(page);
  headline_->setFont(theme.font("ui", Theme::Weight::semibold));
  headline_->setWordWrap(true);
  bar->addWidget(which_);
  bar->addWidget(headline_, 1);
  column->addLayout(bar);

  auto* rows = new QSplitter(Qt::Vertical, page);
  rows->setHandleWidth(gap);
  rows->setChildrenCollapsible(false);
  column->addWidget(rows, 1);

  auto* top = new QSplitter(Qt::Horizontal, rows);
  top->setHandleWidth(gap);
  top->setChildrenCollapsible(false);
  posts_panel_ = new Panel(theme, tr("Posts"), top);
  posts_panel_->setMinimumWidth(180);
  posts_ = new RowList(theme, tr("Posts"), true, posts_panel_);
  posts_panel_->body()->addWidget(posts_, 1);
  post_panel_ = new Panel(theme, tr("Post"), top);
  post_panel_->setMinimumWidth(320);
  previous_ = new QToolButton(post_panel_);
  next_ = new QToolButton(post_panel_);
  for (const auto& [button, sign, name] : {std::tuple{previous_, "‹", tr("Previous post (Alt Up)")}, {next_, "›", tr("Next post (Alt Down)")}}) {
    button->setText(QString::fromUtf8(sign));
    button->setToolTip(name);
    button->setAccessibleName(name);
    button->setFixedSize(24, 22);
    post_panel_->add_tool(button);
  }
  post_ = new ComparedPost(theme, post_panel_);
  post_panel_->body()->addWidget(scrolled(post_, post_panel_), 1);
  post_panel_->add_hairline();
  auto* foot = new QHBoxLayout;
  foot->setContentsMargins(4, 2, 12, 2);
  foot->setSpacing(10);
  legend_ = new HeatLegend(theme, post_panel_);
  scale_ = new QLabel(post_panel_);
  scale_->setObjectName(QStringLiteral("quiet"));
  scale_->setFont(theme.font("caption"));
  scores_ = new QLabel(post_panel_);
  scores_->setFont(theme.font("caption", Theme::Weight::medium));
  foot->addWidget(legend_);
  foot->addWidget(scale_);
  foot->addStretch(1);
  foot->addWidget(scores_);
  post_panel_->body()->addLayout(foot);
  top->addWidget(posts_panel_);
  top->addWidget(post_panel_);
  top->setStretchFactor(1, 1);
  top->setSizes({280, 1100});

  auto* bottom = new QSplitter(Qt::Horizontal);
  auto* wide = new QScrollArea(rows);  // in the smallest windows the three parts scroll sideways
  wide->setWidgetResizable(true);
  wide->setFrameShape(QFrame::NoFrame);
  wide->setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  bottom->setHandleWidth(gap);
  bottom->setChildrenCollapsible(false);
  overlap_panel_ = new Panel(theme, tr("Class overlap"), bottom);
  overlap_ = new OverlapMatrices(theme, overlap_panel_);
  overlap_panel_->body()->addWidget(overlap_, 1);
  overlap_panel_->add_hairline();
  pair_ = new QLabel(overlap_panel_);
  pair_->setFont(theme.font("caption"));
  pair_->setTextFormat(Qt::RichText);
  pair_->setWordWrap(true);
  pair_->setContentsMargins(12, 6, 12, 8);
  pair_->setObjectName(QStringLiteral("quiet"));
  pair_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
  overlap_panel_->body()->addWidget(pair_);
  words_panel_ = new Panel(theme, tr("Words gained and lost"), bottom);
  words_ = new WordsChanged(theme, words_panel_);
  words_panel_->body()->addWidget(words_, 1);
  split_panel_ = new Panel(theme, tr("Whole split"), bottom);
  split_ = new SplitTable(theme, split_panel_);
  split_panel_->body()->addWidget(scrolled(split_, split_panel_), 1);
  split_panel_->add_hairline();
  mcnemar_ = new QLabel(split_panel_);
  mcnemar_->setFont(theme.font("caption"));
  mcnemar_->setObjectName(QStringLiteral("quiet"));
  mcnemar_->setContentsMargins(12, 5, 12, 6);
  mcnemar_->setWordWrap(true);
  split_panel_->body()->addWidget(mcnemar_);
  overlap_panel_->setMinimumWidth(340);
  words_panel_->setMinimumWidth(225);
  split_panel_->setMinimumWidth(380);
  bottom->addWidget(overlap_panel_);
  bottom->addWidget(words_panel_);
  bottom->addWidget(split_panel_);
  bottom->setSizes({520, 330, 550});
  rows->addWidget(top);
  wide->setWidget(bottom);
  rows->addWidget(wide);
  rows->setStretchFactor(0, 1);
  rows->setStretchFactor(1, 1);
  rows->setSizes({350, 430});

  connect(which_, &QComboBox::activated, this, [this](int i) { show_comparison(i); });
  connect(posts_, &RowList::chosen, this, &CompareView::choose_post);
  connect(previous_, &QToolButton::clicked, this, [this] { step_post(-1); });
  connect(next_, &QToolButton::clicked, this, [this] { step_post(1); });
  connect(post_, &ComparedPost::hovered, this, &CompareView::show_scores);
  connect(overlap_, &OverlapMatrices::hovered, this, [this](int key) {
    if (key < 0) overlap_->set_ring(key = overlap_->first_key());
    pair_->setText(overlap_->pair_text(key));
  });
  set_store(nullptr);
}

CompareView::~CompareView() = default;

void CompareView::resizeEvent(QResizeEvent* e) {
  QWidget::resizeEvent(e);
  posts_panel_->setVisible(width() >= 1180);
  scale_->setVisible(width() >= 900);
}

void CompareView::set_store(Store* store) {
  show_comparison(-1);
  records_ = store ? store->comparisons() : std::vector<ComparisonRecord>{};
  which_->clear();
  for (const auto& r : records_) {
    const ComparisonView v(r.result);
    QStringList names;
    for (const auto& run : v.runs) names << text(clean_utf8(run.letter + " " + run.name));
    QString label = names.join(QStringLiteral(", "));
    if (!r.created.empty()) label += QStringLiteral(" · ") + text(clean_utf8(r.created.substr(0, 10)));
    which_->addItem(label, static_cast<qlonglong>(r.id));
  }
  if (!records_.empty()) show_comparison(static_cast<int>(records_.size()) - 1);
  else empty_->setText(store ? tr("No comparison is stored in this file. Make one:\n\ntelltale compare --db FILE --runs 1,2") : QString());
}

void CompareView::show_runs(const std::vector<std::int64_t>& runs, std::int64_t document) {
  int found = -1;
  for (std::size_t i = 0; i < records_.size(); ++i)
    if (runs.empty() || records_[i].runs == runs) found = static_cast<int>(i);
  // A comparison may hold controls that were not asked for: what was asked for stands first.
  for (std::size_t i = 0; found < 0 && i < records_.size(); ++i)
    if (records_[i].runs.size() >= runs.size() && std::equal(runs.begin(), runs.end(), records_[i].runs.begin())) found = static_cast<int>(i);
  if (found < 0) {
    const std::string names = fmt::format("{}", fmt::join(runs, ","));
    throw std::invalid_argument(runs.empty() ? std::string("no comparison is stored in this file: make one with telltale compare --db FILE --runs 1,2")
                                             : fmt::format("no comparison of runs {} is stored: make one with telltale compare --db FILE --runs {}", names, names));
  }
  show_comparison(found);
  if (document == 0) return;
  const auto posts = posts_of(*view_);
  for (std::size_t i = 0; i < posts.size(); ++i)
    if (integer_of(*posts[i], "doc") == document) {
      posts_->choose(static_cast<qint64>(i) + 1);
      return choose_post(static_cast<qint64>(i) + 1);
    }
  throw std::invalid_argument(fmt::format("post {} is not one of the {} posts painted in this comparison", document, posts.size()));
}

void CompareView::show_comparison(int index) {
  // What is shown points into the document: take it away first.
  post_->set_post(nullptr, nullptr, 1);
  overlap_->set_comparison(nullptr);
  words_->set_comparison(nullptr);
  split_->set_comparison(nullptr);
  view_.reset();
  if (index < 0 || static_cast<std::size_t>(index) >= records_.size()) {
    posts_->set_rows({});
    stack_->setCurrentIndex(0);
    return;
  }
  which_->setCurrentIndex(index);
  view_ = std::make_unique<ComparisonView>(records_[static_cast<std::size_t>(index)].result);
  const auto& v = *view_;
  stack_->setCurrentIndex(1);
  headline_->setText(text(clean_utf8(v.headline())));
  const auto posts = posts_of(v);
  domain_ = posts_domain(v, posts);
  const auto names = short_names(v.classes);
  const auto short_of = [&](const std::string& name) {
    for (std::size_t i = 0; i < v.classes.size(); ++i)
      if (v.classes[i] == name) return text(clean_utf8(names[i]));
    return text(clean_utf8(name));
  };
  std::vector<ListRow> rows;
  for (std::size_t i = 0; i < posts.size(); ++i) {
    const Json& p = *posts[i];
    const std::string gold = text_of(p, "class");
    QString note = short_of(gold);
    bool right = true;
    for (const int run : {std::max(0, v.a), v.b}) {
      if (run < 0) continue;
      const std::string predicted = text_of(get(get(p, "predicted"), static_cast<std::size_t>(run)));
      right = right && predicted == gold;
      if (predicted != gold && !predicted.empty()) note += QStringLiteral("  ·  %1 says %2").arg(text(v.runs[static_cast<std::size_t>(run)].letter), short_of(predicted));
    }
    rows.push_back({static_cast<qint64>(i) + 1, text(title_of(text_of(p, "text"))), note, QString(), -1, right ? ListRow::Mark::right : ListRow::Mark::wrong});
  }
  const std::size_t n = rows.size();
  posts_panel_->set_caption(tr("%1 painted").arg(n));
  posts_->set_rows(std::move(rows));
  overlap_->set_comparison(view_.get());
  overlap_panel_->set_caption(overlap_->caption());
  pair_->setText(overlap_->pair_text(overlap_->ring()));
  words_->set_comparison(view_.get());
  words_panel_->set_caption(words_->caption());
  split_->set_comparison(view_.get());
  const auto count = integer_of(get(v.json, "protocol"), "posts");
  split_panel_->set_caption(tr("%1 %2 posts").arg(count >= 0 ? text(thousands(count)) : QStringLiteral("–"), text(clean_utf8(text_of(get(v.json, "protocol"), "split")))));
  const Json& m = v.contrast < 0 ? get(v.json, "none") : get(get(get(get(v.json, "accuracy"), "contrasts"), static_cast<std::size_t>(v.contrast)), "mcnemar");
  mcnemar_->setVisible(m.is_object());
  if (m.is_object()) {
    const QString a = text(v.runs[static_cast<std::size_t>(v.a)].letter), b = text(v.runs[static_cast<std::size_t>(v.b)].letter);
    mcnemar_->setText(tr("both right %1   ·   only %2 %3   ·   only %4 %5   ·   both wrong %6   ·   McNemar p %7")
                          .arg(text(thousands(integer_of(m, "both", 0))), a, text(thousands(integer_of(m, "only_a", 0))), b, text(thousands(integer_of(m, "only_b", 0))), text(thousands(integer_of(m, "neither", 0))), text(fixed(number_of(m, "p"), 2))));
  }
  legend_->set_scale(domain_, 1);
  scale_->setText(v.b >= 0 ? tr("one scale for %1, %2 and Δ").arg(text(v.runs[static_cast<std::size_t>(v.a)].letter), text(v.runs[static_cast<std::size_t>(v.b)].letter)) : tr("one scale"));
  if (n > 0) {
    posts_->choose(1);
    choose_post(1);
  } else {
    post_panel_->set_title(tr("Post"));
    post_panel_->set_caption(tr("this comparison painted none"));
  }
}

void CompareView::choose_post(qint64 row) {
  if (!view_) return;
  const auto posts = posts_of(*view_);
  if (row < 1 || static_cast<std::size_t>(row) > posts.size()) return;
  const Json& p = *posts[static_cast<std::size_t>(row) - 1];
  post_panel_->set_title(text(title_of(text_of(p, "text"), 48)));
  QString caption = text(clean_utf8(text_of(p, "id")));
  const auto names = short_names(view_->classes);
  for (std::size_t i = 0; i < view_->classes.size(); ++i)
    if (view_->classes[i] == text_of(p, "class")) caption += tr(" · gold %1").arg(text(clean_utf8(names[i])));
  for (const int run : {std::max(0, view_->a), view_->b})
    if (run >= 0) caption += tr(" · p by %1 %2").arg(text(view_->runs[static_cast<std::size_t>(run)].letter), text(fixed(number_of(get(get(p, "probability"), static_cast<std::size_t>(run))))));
  caption += QStringLiteral(" · ") + text(clean_utf8(view_->method_name(text_of(p, "method"))));
  post_panel_->set_caption(caption);
  post_->set_post(view_.get(), &p, domain_);
  previous_->setEnabled(row > 1);
  next_->setEnabled(static_cast<std::size_t>(row) < posts.size());
  show_scores(-1);
}

void CompareView::show_scores(int word) { scores_->setText(post_->scores_of(word)); }

void CompareView::step_post(int by) { posts_->step(by); }

}  // namespace telltale::ui
