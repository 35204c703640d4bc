#include "widgets/inspect_view.hpp"

#include <fmt/format.h>

#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QScrollArea>
#include <QSlider>
#include <QSplitter>
#include <QStackedWidget>
#include <QToolButton>
#include <algorithm>
#include <cmath>
#include <set>

#include "report/comparison_view.hpp"
#include "report/html.hpp"
#include "report/numbers.hpp"
#include "report/post_text.hpp"
#include "widgets/painted_post.hpp"
#include "widgets/panel.hpp"
#include "widgets/post_parts.hpp"
#include "widgets/row_list.hpp"

namespace telltale::ui {
namespace {

QToolButton* arrow(Qt::ArrowType type, const QString& name, QWidget* parent) {
  auto* b = new QToolButton(parent);
  b->setText(type == Qt::LeftArrow ? QStringLiteral("‹") : QStringLiteral("›"));
  b->setToolTip(name);
  b->setAccessibleName(name);
  b->setFixedSize(24, 22);
  return b;
}

}  // namespace

QString method_title(const std::string& id) {
  QString out = text(clean_utf8(id)).replace(QLatin1Char('-'), QLatin1Char(' '));
  if (id == "gradient-x-input") return QStringLiteral("Gradient × input");
  if (id == "kernel-shap") return QStringLiteral("KernelSHAP");
  if (id == "lime") return QStringLiteral("LIME");
  if (!out.isEmpty()) out[0] = out[0].toUpper();
  return out;
}

InspectView::InspectView(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
  const int gap = theme.spacing("panelGap");
  auto* all = new QVBoxLayout(this);
  all->setContentsMargins(gap, gap, gap, gap);
  all->setSpacing(gap);
  narrow_ = new QWidget(this);
  auto* bar = new QHBoxLayout(narrow_);
  bar->setContentsMargins(0, 0, 0, 0);
  bar->setSpacing(8);
  run_combo_ = new QComboBox(narrow_);
  run_combo_->setAccessibleName(tr("Run"));
  run_combo_->setMinimumWidth(200);
  auto* back = arrow(Qt::LeftArrow, tr("Previous post (Alt Up)"), narrow_);
  auto* forth = arrow(Qt::RightArrow, tr("Next post (Alt Down)"), narrow_);
  place_ = new QLabel(narrow_);
  place_->setObjectName(QStringLiteral("quiet"));
  bar->addWidget(run_combo_);
  bar->addWidget(back);
  bar->addWidget(place_);
  bar->addWidget(forth);
  bar->addStretch(1);
  all->addWidget(narrow_);
  auto* columns = new QSplitter(Qt::Horizontal, this);
  columns->setHandleWidth(gap);
  columns->setChildrenCollapsible(false);
  all->addWidget(columns, 1);
  build_left();
  build_post();
  build_right();
  columns->addWidget(left_);
  columns->addWidget(post_panel_);
  columns->addWidget(right_);
  columns->setStretchFactor(1, 1);
  columns->setSizes({296, 700, 420});
  connect(back, &QToolButton::clicked, this, [this] { step_post(-1); });
  connect(forth, &QToolButton::clicked, this, [this] { step_post(1); });
  connect(run_combo_, &QComboBox::activated, this, [this](int i) { guard([&] { choose_run(run_combo_->itemData(i).toLongLong()); }); });
  // Later, not inside the layout that is going on.
  connect(painted_, &PaintedPost::laid_out, this, &InspectView::fit_strip, Qt::QueuedConnection);
  for (PaintedView* v : std::initializer_list<PaintedView*>{painted_, strip_, words_}) connect(v, &PaintedView::hovered, this, [this, v](int word) { ring(word, v); });
  connect(&theme, &Theme::changed, this, [this] {
    if (post_) show_post(post_);
  });
  set_store(nullptr);
}

InspectView::~InspectView() = default;

void InspectView::build_left() {
  left_ = new QWidget(this);
  left_->setMinimumWidth(220);
  auto* column = new QVBoxLayout(left_);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(theme_.spacing("panelGap"));
  runs_panel_ = new Panel(theme_, tr("Runs"), left_);
  run_list_ = new RowList(theme_, tr("Runs"), false, runs_panel_);
  runs_panel_->body()->addWidget(run_list_);
  column->addWidget(runs_panel_);
  posts_panel_ = new Panel(theme_, tr("Posts"), left_);
  auto* filters = new QVBoxLayout;
  filters->setContentsMargins(8, 8, 8, 8);
  filters->setSpacing(6);
  search_ = new QLineEdit(posts_panel_);
  search_->setPlaceholderText(tr("Find words"));
  search_->setAccessibleName(tr("Find posts by words"));
  search_->setClearButtonEnabled(true);
  class_combo_ = new QComboBox(posts_panel_);
  class_combo_->setAccessibleName(tr("Class of the posts"));
  filters->addWidget(search_);
  filters->addWidget(class_combo_);
  posts_panel_->body()->addLayout(filters);
  posts_panel_->add_hairline();
  count_ = new QLabel(posts_panel_);
  count_->setObjectName(QStringLiteral("caption"));
  count_->setFont(theme_.font("caption"));
  count_->setContentsMargins(12, 4, 12, 4);
  posts_panel_->body()->addWidget(count_);
  posts_panel_->add_hairline();
  post_list_ = new RowList(theme_, tr("Posts"), true, posts_panel_);
  posts_panel_->body()->addWidget(post_list_, 1);
  no_posts_ = new EmptyNote(theme_, QString(), posts_panel_);
  posts_panel_->body()->addWidget(no_posts_, 1);
  column->addWidget(posts_panel_, 1);
  connect(run_list_, &RowList::chosen, this, [this](qint64 id) { guard([&] { choose_run(id); }); });
  connect(post_list_, &RowList::chosen, this, [this](qint64 id) { guard([&] { choose_post(id); }); });
  connect(search_, &QLineEdit::textChanged, this, [this] { guard([&] { list_posts(); }); });
  connect(class_combo_, &QComboBox::activated, this, [this] { guard([&] { list_posts(); }); });
}

void InspectView::build_post() {
  post_panel_ = new Panel(theme_, tr("Post"), this);
  post_panel_->setMinimumWidth(360);
  previous_ = arrow(Qt::LeftArrow, tr("Previous post (Alt Up)"), post_panel_);
  next_ = arrow(Qt::RightArrow, tr("Next post (Alt Down)"), post_panel_);
  post_panel_->add_tool(previous_);
  post_panel_->add_tool(next_);
  connect(previous_, &QToolButton::clicked, this, [this] { step_post(-1); });
  connect(next_, &QToolButton::clicked, this, [this] { step_post(1); });
  stack_ = new QStackedWidget(post_panel_);
  post_panel_->body()->addWidget(stack_, 1);
  empty_ = new EmptyNote(theme_, QString(), stack_);
  empty_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  stack_->addWidget(empty_);
  auto* page = new QWidget(stack_);
  auto* column = new QVBoxLayout(page);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  const auto hairline = [&] {
    auto* line = new QFrame(page);
    line->setObjectName(QStringLiteral("hairline"));
    line->setFixedHeight(1);
    column->addWidget(line);
  };
  auto* head = new QHBoxLayout;
  head->setContentsMargins(10, 5, 10, 5);
  head->setSpacing(10);
  method_combo_ = new QComboBox(page);
  method_combo_->setAccessibleName(tr("Method of the explanation"));
  protocol_ = new ElidedLabel(theme_, page);
  protocol_->set_style(theme_.font("caption"), "text3");
  protocol_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
  badge_ = new QLabel(page);
  badge_->setFont(theme_.font("table", Theme::Weight::medium));
  nodes_ = new QLabel(page);
  nodes_->setObjectName(QStringLiteral("quiet"));
  nodes_->setFont(theme_.font("table"));
  head->addWidget(method_combo_);
  head->addWidget(protocol_, 1);
  head->addWidget(badge_);
  head->addWidget(nodes_);
  column->addLayout(head);
  hairline();
  auto* scroll = new QScrollArea(page);
  scroll->setWidgetResizable(true);
  scroll->setFrameShape(QFrame::NoFrame);
  scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  painted_ = new PaintedPost(theme_, scroll);
  scroll->setWidget(painted_);
  column->addWidget(scroll, 1);
  hairline();
  strip_ = new OrderStrip(theme_, page);
  column->addWidget(strip_);
  hairline();
  auto* foot = foot_ = new QBoxLayout(QBoxLayout::LeftToRight);
  foot->setContentsMargins(4, 4, 12, 4);
  foot->setSpacing(10);
  legend_ = new HeatLegend(theme_, page);
  gamma_name_ = new QLabel(tr("gamma"), page);
  gamma_name_->setObjectName(QStringLiteral("quiet"));
  gamma_name_->setFont(theme_.font("caption"));
  gamma_ = new QSlider(Qt::Horizontal, page);
  gamma_->setRange(30, 150);
  gamma_->setValue(80);
  gamma_->setFixedWidth(90);
  gamma_->setAccessibleName(tr("Gamma of the colours"));
  gamma_->setToolTip(tr("Colour = (|score| / domain) ^ gamma: below 1 lifts small scores"));
  gamma_label_ = new QLabel(QStringLiteral("0.80"), page);
  gamma_label_->setObjectName(QStringLiteral("quiet"));
  gamma_label_->setFont(theme_.font("caption"));
  sums_ = new QLabel(page);
  sums_->setObjectName(QStringLiteral("quiet"));
  sums_->setFont(theme_.font("caption"));
  sums_->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
  sums_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  foot->addWidget(legend_);
  foot->addWidget(gamma_name_);
  foot->addWidget(gamma_);
  foot->addWidget(gamma_label_);
  foot->addStretch(1);
  foot->addWidget(sums_);
  column->addLayout(foot);
  stack_->addWidget(page);
  connect(gamma_, &QSlider::valueChanged, this, [this](int v) {
    gamma_label_->setText(text(fixed(v / 100.0, 2)));
    painted_->set_gamma(v / 100.0);
    if (post_) legend_->set_scale(post_->view.domain, v / 100.0);
  });
  connect(method_combo_, &QComboBox::activated, this, [this] { guard([&] { load_explanation(); }); });
}

void InspectView::build_right() {
  right_ = new QWidget(this);
  right_->setMinimumWidth(300);
  auto* column = new QVBoxLayout(right_);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(theme_.spacing("panelGap"));
  classes_panel_ = new Panel(theme_, tr("Classes"), right_);
  bars_ = new ClassBars(theme_, classes_panel_);
  auto* scroll = new QScrollArea(classes_panel_);
  scroll->setWidgetResizable(true);
  scroll->setFrameShape(QFrame::NoFrame);
  scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  scroll->setWidget(bars_);
  classes_panel_->body()->addWidget(scroll);
  column->addWidget(classes_panel_);
  words_panel_ = new Panel(theme_, tr("Words"), right_);
  words_panel_->set_caption(tr("by score"));
  words_ = new WordsTable(theme_, words_panel_);
  words_panel_->body()->addWidget(words_, 1);
  column->addWidget(words_panel_, 1);
}

void InspectView::resizeEvent(QResizeEvent* e) {
  QWidget::resizeEvent(e);
  const bool small = width() < 1180;
  left_->setVisible(!small);
  narrow_->setVisible(small);
  previous_->setVisible(!small);  // the narrow bar has its own
  next_->setVisible(!small);
  fit_strip();
}

void InspectView::guard(const std::function<void()>& work) {
  try {
    work();
  } catch (const std::exception& e) {
    Q_EMIT failed(text(clean_utf8(e.what())));
  }
}

void InspectView::set_store(Store* store) {
  store_ = store;
  run_ = document_ = 0;
  runs_.clear();
  summaries_.clear();
  std::vector<ListRow> rows;
  run_combo_->clear();
  if (store_) runs_ = store_->runs();
  std::int64_t best = 0;
  for (std::size_t i = 0; i < runs_.size(); ++i) {
    const auto& r = runs_[i];
    const QString name = text(clean_utf8(r.name.empty() ? fmt::format("run {}", r.id) : r.name));
    const double accuracy = number_of(r.metrics, "accuracy");
    rows.push_back({r.id, name, QString(), std::isfinite(accuracy) ? text(fixed(accuracy)) : r.status == RunStatus::finished ? QString() : QLatin1String(name_of(r.status)), static_cast<int>(i % 6), ListRow::Mark::none});
    run_combo_->addItem(name, static_cast<qlonglong>(r.id));
    if (!store_->explanation_summaries(r.id).empty()) best = r.id;
  }
  const int row = theme_.spacing("row") + 2;
  runs_panel_->setFixedHeight(theme_.spacing("panelHeader") + 4 + row * static_cast<int>(std::clamp<std::size_t>(rows.size(), 1, 7)));
  runs_panel_->set_caption(rows.empty() ? tr("none in this file") : tr("accuracy at the right"));
  run_list_->set_rows(std::move(rows));
  if (best == 0 && !runs_.empty()) best = runs_.back().id;
  if (best) choose_run(best);
  else {
    list_posts();
    show_empty(store_ ? tr("This file holds no runs. Train one:\n\ntelltale train --db FILE --data NAME --model FOLDER --preset contrastive") : QString());
  }
}

void InspectView::show_run(std::int64_t run, std::int64_t document) {
  if (!store_) throw std::invalid_argument("no file is open");
  (void)store_->run(run);  // throws with the list of ids
  search_->clear();
  class_combo_->setCurrentIndex(0);
  choose_run(run);
  if (document == 0) {
    if (!post_) throw std::invalid_argument(fmt::format("run {} has no stored explanation: make some with telltale explain --db FILE --run {} --doc N --method integrated-gradients", run, run));
    return;
  }
  if (std::none_of(summaries_.begin(), summaries_.end(), [&](const auto& s) { return s.document == document; }))
    throw std::invalid_argument(fmt::format("run {} has no stored explanation of post {}: make one with telltale explain --db FILE --run {} --doc {} --method integrated-gradients", run, document, run, document));
  choose_post(document);
}

void InspectView::choose_run(std::int64_t run) {
  run_ = run;
  run_list_->choose(run);
  run_combo_->setCurrentIndex(run_combo_->findData(static_cast<qlonglong>(run)));
  const auto it = std::find_if(runs_.begin(), runs_.end(), [&](const auto& r) { return r.id == run; });
  const std::int64_t dataset = it == runs_.end() ? 0 : it->dataset;
  if (dataset && dataset != dataset_.id) dataset_ = store_->dataset(dataset);
  summaries_ = store_->explanation_summaries(run);
  const int chosen = class_combo_->currentIndex();
  class_combo_->clear();
  class_combo_->addItem(tr("Any class"), -1);
  const auto names = short_names(dataset_.classes);
  for (std::size_t i = 0; i < names.size(); ++i) class_combo_->addItem(text(clean_utf8(names[i])), static_cast<int>(i));
  class_combo_->setCurrentIndex(chosen > 0 && chosen < class_combo_->count() ? chosen : 0);
  list_posts();
  const std::int64_t wanted = document_;
  const bool there = std::any_of(summaries_.begin(), summaries_.end(), [&](const auto& s) { return s.document == wanted; });
  if (there) choose_post(wanted);
  else if (post_list_->count() > 0) choose_post(post_list_->rows().row(0).id);
  else show_empty(tr("No explanation is stored for this run. Make one:\n\ntelltale explain --db FILE --run %1 --doc 1 --method integrated-gradients").arg(run));
}

void InspectView::list_posts() {
  std::vector<ListRow> rows;
  std::set<std::int64_t> found, seen;
  const bool search = store_ && !search_->text().trimmed().isEmpty();
  if (search) {
    Store::DocumentFilter filter;
    filter.dataset = dataset_.id;
    filter.search = search_->text().toStdString();
    const auto ids = store_->document_ids(filter);
    found.insert(ids.begin(), ids.end());
  }
  const int label = class_combo_->currentData().isValid() ? class_combo_->currentData().toInt() : -1;
  const auto names = short_names(dataset_.classes);
  const auto name = [&](int i) { return i >= 0 && static_cast<std::size_t>(i) < names.size() ? text(clean_utf8(names[static_cast<std::size_t>(i)])) : QStringLiteral("–"); };
  for (const auto& s : summaries_) {
    if (!seen.insert(s.document).second || (search && !found.count(s.document)) || (label >= 0 && s.label != label)) continue;
    const int predicted = static_cast<int>(integer_of(s.prediction, "predicted"));
    double top = -INFINITY, total = 0;
    const Json& logits = get(s.prediction, "logits");
    if (logits.is_array() && !logits.empty()) {
      for (const auto& z : logits) top = std::max(top, number_of(z));
      for (const auto& z : logits) total += std::exp(number_of(z) - top);
    }
    const bool right = predicted == s.label;
    rows.push_back({s.document, text(title_of(s.start)), right ? name(s.label) : name(s.label) + QStringLiteral("  ›  ") + name(predicted), total > 0 ? text(fixed(1 / total, 2)) : QString(), -1,
                    predicted < 0 ? ListRow::Mark::none : right ? ListRow::Mark::right : ListRow::Mark::wrong});
  }
  const std::size_t shown = rows.size(), all = std::set<std::int64_t>([&] {
                                           std::set<std::int64_t> ids;
                                           for (const auto& s : summaries_) ids.insert(s.document);
                                           return ids;
                                         }()).size();
  posts_panel_->set_caption(tr("explained by this run"));
  count_->setText(tr("%1 of %2 posts · probability of the predicted class").arg(text(thousands(static_cast<std::int64_t>(shown))), text(thousands(static_cast<std::int64_t>(all)))));
  no_posts_->setText(all == 0 ? tr("No post of this run is explained yet.") : tr("No posts match. Clear the search or choose “Any class”."));
  no_posts_->setVisible(shown == 0);
  post_list_->setVisible(shown > 0);
  post_list_->set_rows(std::move(rows));
  post_list_->choose(document_);
}

void InspectView::choose_post(std::int64_t document) {
  document_ = document;
  post_list_->choose(document);
  const std::string before = method_combo_->currentData(Qt::UserRole + 1).toString().toStdString();
  method_combo_->clear();
  std::map<std::string, int> count;
  for (const auto& s : summaries_)
    if (s.document == document) ++count[s.method];
  const auto names = short_names(dataset_.classes);
  int choice = 0, best = -1;
  for (const auto& s : summaries_) {
    if (s.document != document) continue;
    QString label = method_title(s.method);
    if (count[s.method] > 1 && s.target >= 0 && static_cast<std::size_t>(s.target) < names.size()) label += QStringLiteral(" · ") + text(clean_utf8(names[static_cast<std::size_t>(s.target)]));
    // The method that was shown, else integrated gradients; of several targets the gold class.
    const int fits = (s.method == before ? 4 : 0) + (s.method == "integrated-gradients" ? 2 : 0) + (s.target == s.label ? 1 : 0);
    if (fits > best) best = fits, choice = method_combo_->count();
    method_combo_->addItem(label, static_cast<qlonglong>(s.id));
    method_combo_->setItemData(method_combo_->count() - 1, text(clean_utf8(s.method)), Qt::UserRole + 1);
  }
  method_combo_->setCurrentIndex(method_combo_->count() ? choice : -1);
  load_explanation();
}

void InspectView::load_explanation() {
  if (method_combo_->currentIndex() < 0) return show_empty(tr("This post is not explained by this run."));
  const auto id = method_combo_->currentData().toLongLong();
  const auto s = std::find_if(summaries_.begin(), summaries_.end(), [&](const auto& x) { return x.id == id; });
  if (s == summaries_.end()) return;
  for (auto& record : store_->explanations(run_, s->method, s->document)) {
    if (record.id != id) continue;
    Document d = store_->document(s->document);
    return show_post(std::make_shared<const PostContent>(std::move(record), std::move(d.text), std::move(d.external_id), d.label, dataset_.classes));
  }
}

void InspectView::show_empty(const QString& sentence) {
  post_ = nullptr;
  empty_->setText(sentence);
  stack_->setCurrentIndex(0);
  post_panel_->set_title(tr("Post"));
  post_panel_->set_caption(QString());
  classes_panel_->set_caption(QString());
  words_panel_->set_caption(QString());
  painted_->set_post(nullptr);
  strip_->set_post(nullptr);
  bars_->set_post(nullptr);
  words_->set_post(nullptr);
  place_->clear();
  previous_->setEnabled(false);
  next_->setEnabled(false);
  classes_panel_->setFixedHeight(theme_.spacing("panelHeader") + 30);
}

void InspectView::show_post(PostPtr post) {
  post_ = std::move(post);
  const auto& c = *post_;
  const auto& v = c.view;
  stack_->setCurrentIndex(1);
  post_panel_->set_title(text(title_of(c.text, 48)));
  QString caption = text(clean_utf8(c.id)) + tr(" · post %1 · %2 words · %3 pieces read").arg(c.record.document).arg(v.ranked.size()).arg(c.record.ids.size());
  if (c.cut >= 0) caption += tr(", the rest cut");
  post_panel_->set_caption(caption);
  const auto names = short_names(c.classes);
  const auto name = [&](int i) { return i >= 0 && static_cast<std::size_t>(i) < names.size() ? text(clean_utf8(names[static_cast<std::size_t>(i)])) : text(clean_utf8(v.target)); };
  const QString target = name(c.record.target);
  QString why = c.record.foil >= 0 ? tr("why %1, not %2").arg(target, name(c.record.foil)) : tr("why %1").arg(target);
  if (v.predicted >= 0 && v.predicted != c.record.target) why += tr(" · predicted %1").arg(name(v.predicted));
  classes_panel_->set_caption(why);
  words_panel_->set_caption(tr("by score for %1").arg(target));
  QStringList protocol;
  for (const char* key : {"output", "path", "quadrature", "removal", "unit"})
    if (const auto value = text_of(c.record.protocol, key); !value.empty()) protocol << QStringLiteral("%1 %2").arg(QLatin1String(key), text(clean_utf8(value)));
  protocol_->set_text(protocol.join(QStringLiteral(" · ")));
  static const char* const grounds[] = {"okSoft", "warnSoft", "errorSoft", "infoSoft"};
  static const char* const inks[] = {"ok", "warn", "error", "info"};
  static const char* const marks[] = {"✓ ", "", "▲ ", ""};
  const auto b = static_cast<std::size_t>(v.badge);
  badge_->setText(QString::fromUtf8(marks[b]) + text(v.badge_text()));
  badge_->setStyleSheet(QStringLiteral("background:%1;color:%2;border-radius:3px;padding:2px 8px;").arg(theme_[grounds[b]].name(), theme_[inks[b]].name()));
  badge_->setToolTip(tr("%1, output %2\nF(x) %3, F(b) %4, delta %5").arg(method_title(c.record.method), text(clean_utf8(v.output)), text(fixed(c.record.value, 4)), text(fixed(c.record.baseline_value, 4)), text(fixed(c.record.delta, 5))));
  // Path methods count nodes, the others forward passes.
  nodes_->setText(c.record.protocol.is_object() && c.record.protocol.contains("quadrature") ? tr("%1 nodes").arg(c.record.steps) : tr("%1 passes").arg(c.record.steps));
  nodes_->setVisible(c.record.steps > 0);
  QString sums = tr("words %1 · [CLS] %2 · [SEP] %3").arg(text(with_sign(v.words_sum)), text(with_sign(v.cls)), text(with_sign(v.sep)));
  if (v.other != 0) sums += tr(" · other %1").arg(text(with_sign(v.other)));
  sums += tr("\nsum %1").arg(text(fixed(v.sum)));
  if (std::isfinite(v.change)) sums += tr(" · F(x) − F(b) %1").arg(text(fixed(v.change)));
  sums_->setText(sums);
  painted_->set_post(post_);
  painted_->set_gamma(gamma_->value() / 100.0);
  strip_->set_post(post_);
  fit_strip();
  legend_->set_scale(v.domain, gamma_->value() / 100.0);
  bars_->set_post(post_);
  words_->set_post(post_);
  const int classes = static_cast<int>(std::clamp<std::size_t>(v.probabilities.size(), 1, 12));
  classes_panel_->setFixedHeight(theme_.spacing("panelHeader") + 2 + classes * theme_.spacing("row") + 8);
  const int at = post_list_->position(), n = post_list_->count();
  place_->setText(at >= 0 ? tr("%1 of %2").arg(at + 1).arg(n) : QString());
  previous_->setEnabled(at > 0);
  next_->setEnabled(at >= 0 && at + 1 < n);
}

/// What a short post leaves free helps the strip: taller bars, more names.
void InspectView::fit_strip() {
  const bool narrow = post_panel_->width() < 690;
  foot_->setDirection(post_panel_->width() < 500 ? QBoxLayout::TopToBottom : QBoxLayout::LeftToRight);
  for (QWidget* w : std::initializer_list<QWidget*>{gamma_name_, gamma_, gamma_label_}) w->setVisible(!narrow);
  const int room = height() - 260 - (narrow_->isHidden() ? 0 : 34), text_height = painted_->minimumHeight();
  strip_->setFixedHeight(std::clamp(room - text_height, OrderStrip::least_height, OrderStrip::most_height));
}

void InspectView::step_post(int by) { post_list_->step(by); }

void InspectView::ring(int word, PaintedView* from) {
  for (PaintedView* v : std::initializer_list<PaintedView*>{painted_, strip_, words_})
    if (v != from) v->set_ring(word);
}

}  // namespace telltale::ui
