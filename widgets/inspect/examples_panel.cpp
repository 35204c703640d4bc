#include "widgets/inspect/examples_panel.hpp"

#include <QComboBox>
#include <QKeyEvent>
#include <QPainter>
#include <QPushButton>
#include <QStackedWidget>
#include <QToolButton>
#include <algorithm>
#include <cmath>

#include "report/comparison_view.hpp"
#include "report/numbers.hpp"
#include "report/post_text.hpp"
#include "widgets/export/export.hpp"
#include "widgets/icons.hpp"
#include "widgets/inspect/busy_ring.hpp"
#include "widgets/inspect/example_card.hpp"
#include "widgets/row_list.hpp"

namespace telltale::ui {
namespace {

constexpr std::size_t answers_kept = 200;
constexpr int listed = 20;  // posts in each list

/// A square in the colour of what speaks for the target, or against it.
class Swatch : public QWidget {
 public:
  Swatch(Theme& theme, bool for_target, QWidget* parent) : QWidget(parent), theme_(theme), for_(for_target) {
    setFixedSize(9, 9);
    connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
  }

 protected:
  void paintEvent(QPaintEvent*) override {
    QPainter p(this);
    p.setRenderHint(QPainter::Antialiasing);
    p.setPen(Qt::NoPen);
    p.setBrush(colour(for_ ? theme_.colours().for_stroke : theme_.colours().against_stroke));
    p.drawRoundedRect(rect(), 2, 2);
  }

 private:
  Theme& theme_;
  bool for_;
};

/// Scores of all sizes: three digits that count.
QString score_text(double x, bool sign) {
  const auto minus = [](std::string s) {
    for (std::size_t at = 0; (at = s.find('-', at)) != s.npos;) s.replace(at, 1, "\u2212");
    return s;
  };
  const double size = std::abs(x);
  if (size == 0 || (size >= 0.001 && size < 1000)) return text(sign ? with_sign(x, size >= 10 ? 1 : size >= 1 ? 2 : size >= 0.1 ? 3 : 4) : fixed(x, 3));
  return text(minus(QString::asprintf(sign ? "%+.1e" : "%.1e", x).toStdString()));
}

/// For a tool tip: lines of some 80 characters.
QString wrapped(const QString& line, int most) {
  QString out;
  int column = 0, all = 0;
  for (const QString& word : line.simplified().split(QLatin1Char(' '))) {
    if ((all += static_cast<int>(word.size()) + 1) > most) return out + QStringLiteral(" …");
    if (column > 0 && column + word.size() > 80) out += QLatin1Char('\n'), column = 0;
    if (column > 0) out += QLatin1Char(' ');
    out += word.left(200);
    column += static_cast<int>(word.size()) + 1;
  }
  return out;
}

}  // namespace

ExamplesPanel::ExamplesPanel(Theme& theme, QWidget* parent) : Panel(theme, tr("Examples"), parent), theme_(theme), cache_(std::make_shared<ExampleCache>()) {
  back_ = new QToolButton(this);
  back_->setIcon(icon(theme, "undo"));
  back_->setFixedSize(24, 22);
  back_->setAccessibleName(tr("Back to the post before"));
  back_->hide();
  method_ = new QComboBox(this);
  method_->setAccessibleName(tr("How examples are found"));
  method_->setFont(theme.font("caption"));
  method_->setStyleSheet(QStringLiteral("QComboBox { min-height: 16px; padding: 0 6px; }"));
  method_->setFixedHeight(22);
  for (const ExampleMethodInfo& m : example_methods()) {
    method_->addItem(text(m.name), text(m.id));
    method_->setItemData(method_->count() - 1, tr("%1\nScore: %2\nCost: %3\nNeeds %4").arg(text(m.source), text(m.score), text(m.cost), text(m.needs)), Qt::ToolTipRole);
  }
  options_button_ = new QToolButton(this);
  options_button_->setIcon(icon(theme, "gear"));
  options_button_->setFixedSize(24, 22);
  options_button_->setAccessibleName(tr("Options of the method of examples"));
  card_ = new ExampleCard(theme, this);
  add_tool(back_);
  add_tool(method_);
  add_tool(options_button_);

  progress_ = new QWidget(this);
  auto* row = new QHBoxLayout(progress_);
  row->setContentsMargins(10, 3, 8, 3);
  row->setSpacing(8);
  ring_ = new BusyRing(theme, progress_);
  progress_text_ = new QLabel(progress_);
  progress_text_->setObjectName(QStringLiteral("quiet"));
  progress_text_->setFont(theme.font("caption"));
  progress_text_->setTextFormat(Qt::PlainText);
  progress_text_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
  cancel_ = new QPushButton(tr("Cancel"), progress_);
  cancel_->setFont(theme.font("caption"));
  cancel_->setToolTip(tr("Stop looking for examples (Esc)"));
  row->addWidget(ring_);
  row->addWidget(progress_text_, 1);
  row->addWidget(cancel_);
  body()->addWidget(progress_);
  progress_->hide();

  stack_ = new QStackedWidget(this);
  body()->addWidget(stack_, 1);
  auto* empty = new QWidget(stack_);
  auto* column = new QVBoxLayout(empty);
  column->setContentsMargins(8, 8, 8, 8);
  column->setSpacing(6);
  column->addStretch(1);
  note_ = new EmptyNote(theme, QString(), empty);
  note_->setMargin(2);
  column->addWidget(note_);
  find_ = new QPushButton(tr("Find examples"), empty);
  find_->setFont(theme.font("table"));
  column->addWidget(find_, 0, Qt::AlignHCenter);
  column->addStretch(1);
  stack_->addWidget(empty);

  auto* page = new QWidget(stack_);
  auto* all = new QVBoxLayout(page);
  all->setContentsMargins(0, 0, 0, 0);
  all->setSpacing(0);
  warning_ = new ElidedLabel(theme, page);
  warning_->set_style(theme.font("caption"), "warn");
  warning_->setContentsMargins(0, 0, 0, 0);
  warning_->hide();
  auto* line = new QHBoxLayout;
  line->setContentsMargins(10, 2, 10, 0);
  line->addWidget(warning_);
  all->addLayout(line);
  pair_ = new QBoxLayout(QBoxLayout::LeftToRight);
  pair_->setSpacing(0);
  for (int side = 0; side < 2; ++side) {
    auto* one = new QWidget(page);
    auto* rows = new QVBoxLayout(one);
    rows->setContentsMargins(0, 0, 0, 0);
    rows->setSpacing(0);
    auto* head = new QHBoxLayout;
    head->setContentsMargins(12, 4, 8, 3);
    head->setSpacing(6);
    head->addWidget(new Swatch(theme, side == 0, one));
    heads_[side] = new ElidedLabel(theme, one);
    heads_[side]->set_style(theme.font("caption", Theme::Weight::semibold), "text");
    head->addWidget(heads_[side], 1);
    rows->addLayout(head);
    lists_[side] = new RowList(theme, side == 0 ? tr("Training posts for the target") : tr("Training posts against the target"), true, one);
    lists_[side]->setToolTip(tr("Enter or a click opens the training post"));
    lists_[side]->setMinimumWidth(90);
    lists_[side]->set_value_below(220);
    rows->addWidget(lists_[side], 1);
    pair_->addWidget(one, 1);
    // After the click: opening a post may change the rows under it.
    const auto opens = [this, side](const QModelIndex& i) {
      const qint64 id = lists_[side]->rows().row(i.row()).id;
      QMetaObject::invokeMethod(this, [this, id] { open(id); }, Qt::QueuedConnection);
    };
    connect(lists_[side], &QListView::clicked, this, opens);
    connect(lists_[side], &QListView::activated, this, opens);
  }
  all->addLayout(pair_, 1);
  auto* hairline = new QFrame(page);
  hairline->setObjectName(QStringLiteral("hairline"));
  hairline->setFixedHeight(1);
  all->addWidget(hairline);
  foot_ = new ElidedLabel(theme, page);
  foot_->set_style(theme.font("axis"), "text3");
  foot_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
  auto* under = new QHBoxLayout;
  under->setContentsMargins(12, 2, 8, 2);
  under->addWidget(foot_, 1);
  all->addLayout(under);
  stack_->addWidget(page);

  connect(find_, &QPushButton::clicked, this, &ExamplesPanel::find);
  connect(cancel_, &QPushButton::clicked, this, [this] {
    cancel();
    cancelled_ = true;
    draw();
  });
  connect(method_, &QComboBox::activated, this, [this] {
    card_->set_method(method());
    begin();
  });
  connect(options_button_, &QToolButton::clicked, this, [this] { card_->open_under(options_button_); });
  connect(card_, &ExampleCard::changed, this, [this] { begin(); });
  connect(back_, &QToolButton::clicked, this, [this] {
    if (way_back_.empty()) return;
    const qint64 to = way_back_.back();
    way_back_.pop_back();
    Q_EMIT post_asked(to);
    draw();
  });
  timer_.setInterval(150);
  connect(&timer_, &QTimer::timeout, this, &ExamplesPanel::show_progress);
  draw();
}

std::string ExamplesPanel::method() const { return method_->currentData().toString().toStdString(); }
ExamplesPanel::Key ExamplesPanel::key() const { return {run_.id, post_ ? post_->record.document : 0, post_ ? post_->record.target : -1, example_protocol(card_->options())}; }
ExamplesPanel::Way ExamplesPanel::way() const { return {run_.id, example_protocol(card_->options())}; }
/// States of posts serve every distance and every damping; a projection has its dimensions.
ExamplesPanel::Way ExamplesPanel::kept_way(std::int64_t run, const ExampleOptions& o) { return {run, o.method + (example_method_info(o.method).uses_dimensions ? "|" + std::to_string(o.dimensions) : std::string())}; }

void ExamplesPanel::set_method(const QString& id) {
  if (const int at = method_->findData(id); at >= 0) method_->setCurrentIndex(at), card_->set_method(method()), begin();
}

void ExamplesPanel::set_session(Session* session) {
  cancel();
  session_ = session;
  cache_ = std::make_shared<ExampleCache>();
  answers_.clear();
  costs_.clear();
  broken_.clear();
  kept_.clear();
  way_back_.clear();
  set_post(nullptr, {});
}

void ExamplesPanel::set_post(PostPtr post, const RunRecord& run) {
  const bool same = post && post_ && post->record.document == post_->record.document && post->record.target == post_->record.target && run.id == run_.id;
  post_ = std::move(post);
  run_ = run;
  if (same) return;  // explained another way: the same examples
  begin();
}

void ExamplesPanel::showEvent(QShowEvent* e) {
  Panel::showEvent(e);
  if (!job_ && !answer_) begin();
}

void ExamplesPanel::resizeEvent(QResizeEvent* e) {
  Panel::resizeEvent(e);
  pair_->setDirection(height() > width() ? QBoxLayout::TopToBottom : QBoxLayout::LeftToRight);
}

void ExamplesPanel::keyPressEvent(QKeyEvent* e) {
  if (e->key() != Qt::Key_Escape || !escape()) Panel::keyPressEvent(e);
}

bool ExamplesPanel::escape() {
  if (!job_) return false;
  cancel_->click();
  return true;
}

bool ExamplesPanel::quick() const {
  const auto at = kept_.find(kept_way(run_.id, card_->options()));
  return at != kept_.end() && !at->second.empty() && std::all_of(at->second.begin(), at->second.end(), [&](const std::string& k) { return cache_->holds(k); });
}

void ExamplesPanel::cancel() {
  for (WorkQueue::JobId* job : {&job_, &cost_job_}) {
    if (session_ && *job) session_->work().cancel(*job);
    *job = 0;
  }
  timer_.stop();
}

void ExamplesPanel::begin() {
  cancel();
  failed_.clear();
  cancelled_ = false;
  const auto known = answers_.find(key());
  answer_ = post_ && known != answers_.end() ? known->second : nullptr;
  if (post_ && session_ && !answer_ && !run_.folder.empty() && isVisible()) {
    if (quick()) return find();
    measure();
  }
  draw();
}

void ExamplesPanel::measure() {
  const Way way = this->way();
  if (costs_.count(way) || broken_.count(way)) return;
  cost_job_ = session_->work().submit(this, WorkQueue::Priority::soon, tr("Cost of examples"), [this, way, options = card_->options()](WorkQueue::Context& c) {
    const ExampleCost cost = example_cost({c.store, c.store.run(way.first), [&](const std::filesystem::path& folder) { return c.models.of_folder(folder); }}, options, c.stop);
    return [this, way, cost] {
      cost_job_ = 0;
      costs_[way] = cost;
      draw();
    };
  }, [this, way](const QString& message) {
    cost_job_ = 0;
    broken_[way] = message;
    draw();
  });
}

void ExamplesPanel::find() {
  if (!session_ || !post_ || run_.folder.empty() || job_) return;
  if (find_->hasFocus()) setFocus(Qt::OtherFocusReason);  // it goes: the keyboard is not to fall to what lies before
  failed_.clear();
  broken_.erase(way());
  cancelled_ = false;
  ExampleOptions options = card_->options();
  options.top = listed;
  const ExampleQuery query{post_->text, post_->record.document, post_->record.target};
  // What takes its time goes behind, so that explanations do not wait for it.
  const auto priority = quick() ? WorkQueue::Priority::soon : WorkQueue::Priority::background;
  since_.start();
  job_ = session_->work().submit(this, priority, tr("Examples for post %1").arg(query.document), [this, query, options, run = run_.id, key = key(), cache = cache_](WorkQueue::Context& c) {
    const ExampleSource source{c.store, c.store.run(run), [&](const std::filesystem::path& folder) { return c.models.of_folder(folder); }};
    const auto found = std::make_shared<const ExampleAnswer>(find_examples(source, query, options, *cache, c.stop, c.progress));
    return [this, key, found] {
      job_ = 0;
      timer_.stop();
      if (answers_.size() >= answers_kept) answers_.clear();
      answers_[key] = found;
      kept_[kept_way(std::get<0>(key), found->options)] = found->kept;
      if (key == this->key()) answer_ = found;
      draw();
    };
  }, [this](const QString& message) {
    job_ = 0;
    timer_.stop();
    failed_ = message;
    draw();
  });
  timer_.start();
  draw();
}

void ExamplesPanel::show_progress() {
  // What is there within 300 ms needs no sign of being on its way.
  const bool shown = job_ && since_.elapsed() > 300;
  progress_->setVisible(shown);
  if (!shown || !session_) return;
  cancel_->setVisible(since_.elapsed() > 1000);
  for (const auto& job : session_->work().jobs()) {
    if (job.id != job_) continue;
    ring_->set_progress(job.done, job.total);
    QString words = job.running ? tr("Reading training posts") : tr("Waiting for other work");
    if (job.running && job.total > 0) {
      words = tr("%1 of %2").arg(text(thousands(static_cast<std::int64_t>(job.done))), text(thousands(static_cast<std::int64_t>(job.total))));
      if (job.done > 0 && job.seconds > 1) words += tr(" · %1 left").arg(text(duration(job.seconds / job.done * (job.total - job.done))));
    }
    progress_text_->setText(words);
  }
}

void ExamplesPanel::open(qint64 document) {
  if (!post_ || document == post_->record.document) return;
  way_back_.push_back(post_->record.document);
  Q_EMIT post_asked(document);
}

void ExamplesPanel::draw() {
  show_progress();
  const ExampleMethodInfo& info = example_method_info(method());
  method_->setToolTip(method_->currentData(Qt::ToolTipRole).toString());
  options_button_->setEnabled(!card_->shown().empty());
  options_button_->setToolTip(card_->shown().empty() ? tr("%1 takes no options").arg(text(info.name)) : tr("Options of %1").arg(text(info.name)));
  back_->setVisible(!way_back_.empty());
  if (!way_back_.empty()) back_->setToolTip(tr("Back to post %1").arg(way_back_.back()));
  stack_->setCurrentIndex(answer_ ? 1 : 0);
  find_->setVisible(false);
  if (!answer_) {
    set_caption(QString());
    for (RowList* list : lists_) list->set_rows({});
    if (!post_) return note_->setText(tr("Here you see the training posts that speak for the run's answer to an explained post, and those against it."));
    if (run_.folder.empty()) return note_->setText(tr("The run has no weights to ask."));
    if (job_) return note_->setText(tr("Looking for training posts for and against …"));
    const auto broken = broken_.find(way());
    if (const QString why = !failed_.isEmpty() ? failed_ : broken != broken_.end() ? broken->second : QString(); !why.isEmpty()) {
      note_->setText(why);
      find_->setText(tr("Try again"));
      find_->setToolTip(tr("Look for examples again"));
      return find_->setVisible(true);
    }
    QString cost = tr("Which training posts speak for this answer, and which against it?");
    if (const auto at = costs_.find(way()); at != costs_.end()) {
      const ExampleCost& c = at->second;
      cost = c.checkpoints > 1 ? tr("Reads %1 training posts at %2 checkpoints, about %3.").arg(text(thousands(c.posts))).arg(c.checkpoints).arg(text(duration(std::max(0.1, c.seconds))))
                               : tr("Reads %1 training posts, about %2.").arg(text(thousands(c.posts)), text(duration(std::max(0.1, c.seconds))));
      cost += tr(" Later posts are quick.");
    }
    note_->setText((cancelled_ ? tr("Cancelled. ") : QString()) + cost);
    find_->setText(tr("Find examples"));
    find_->setToolTip(tr("%1: %2").arg(text(info.name), text(info.cost)));
    return find_->setVisible(true);
  }
  const ExampleAnswer& a = *answer_;
  std::vector<QString> names;
  for (const auto& n : short_names(post_->classes)) names.push_back(text(clean_utf8(n)));
  const auto name = [&](int c) { return c >= 0 && static_cast<std::size_t>(c) < names.size() ? names[static_cast<std::size_t>(c)] : QString::number(c); };
  set_caption(a.target == a.prediction.predicted ? tr("why %1").arg(name(a.target)) : tr("why %1 · predicted %2").arg(name(a.target), name(a.prediction.predicted)));
  for (int side = 0; side < 2; ++side) {
    const auto& examples = side == 0 ? a.supporting : a.opposing;
    QString title = info.uses_distance ? (side == 0 ? tr("Nearest of %1").arg(name(a.target)) : tr("Nearest of other classes")) : side == 0 ? tr("For %1").arg(name(a.target)) : tr("Against %1").arg(name(a.target));
    if (examples.empty()) title += tr(": none");
    heads_[side]->set_text(title);
    std::vector<ListRow> rows;
    for (const Example& e : examples) {
      ListRow r;
      r.id = e.document;
      r.title = text(title_of(e.start, 120));
      if (r.title.isEmpty()) r.title = text(clean_utf8(e.external_id));
      r.note = e.predicted == e.label ? name(e.label) : tr("%1 › %2").arg(name(e.label), name(e.predicted));
      r.value = score_text(e.score, !info.uses_distance);
      r.mark = e.predicted == e.label ? ListRow::Mark::right : ListRow::Mark::wrong;
      QString tip = tr("Post %1 · class %2, the run answers %3\nScore %4, rank %5 of %6").arg(e.document).arg(name(e.label), name(e.predicted), score_text(e.score, true), text(thousands(e.rank)), text(thousands(a.posts)));
      if (std::isfinite(e.standard_error)) tip += tr(", standard error %1").arg(score_text(e.standard_error, false));
      if (std::isfinite(e.distance)) tip += tr(", distance %1").arg(score_text(e.distance, false));
      r.tip = tip + QStringLiteral("\n\n") + wrapped(text(clean_utf8(e.start)), 480);
      rows.push_back(std::move(r));
    }
    lists_[side]->set_rows(std::move(rows));
  }
  QStringList facts{tr("%1 training posts").arg(text(thousands(a.posts)))};
  if (a.self) facts << tr("one of them itself, score %1").arg(score_text(a.self->score, true));
  if (info.uses_checkpoints) {
    QStringList steps;
    for (const UsedWeights& w : a.weights) steps << text(thousands(w.step));
    facts << (steps.size() == 1 ? tr("1 checkpoint, step %1").arg(steps[0]) : tr("checkpoints of steps %1").arg(steps.join(QStringLiteral(", "))));
  }
  if (info.uses_damping) facts << tr("λ %1").arg(a.options.damping) << tr("%1 iterations, residual %2").arg(a.iterations).arg(score_text(a.residual, false));
  if (info.uses_dimensions) facts << (a.options.dimensions > 0 ? tr("gradients projected to %1").arg(text(thousands(a.options.dimensions))) : tr("exact products of gradients"));
  if (info.uses_distance && a.options.distance != ExampleOptions{}.distance) facts << tr("Euclidean distance");
  facts << tr("score: %1").arg(text(info.score));
  foot_->set_text(facts.join(QStringLiteral(" · ")));
  QString warning;
  if (!a.converged) warning = tr("Conjugate gradient did not converge: residual %1 after %2 iterations").arg(score_text(a.residual, false)).arg(a.iterations);
  else if (!a.missing.empty()) warning = tr("%n checkpoint(s) are gone from disk and left out", nullptr, static_cast<int>(a.missing.size()));
  else if (a.options.method == "tracin" || a.options.method == "tracin-full") warning = a.weights.size() == 1 ? tr("One checkpoint alone: set checkpoint_keep for a run to keep more") : QString();
  warning_->set_text(warning);
  warning_->setVisible(!warning.isEmpty());
}

QString ExamplesPanel::csv() const {
  QString out = QStringLiteral("side,document,id,label,predicted,score,standard_error,distance,rank,text\n");
  if (!answer_ || !post_) return out;
  const auto name = [&](int c) { return c >= 0 && static_cast<std::size_t>(c) < post_->classes.size() ? csv_cell(text(clean_utf8(post_->classes[static_cast<std::size_t>(c)]))) : QString(); };
  const auto number = [](double x) { return std::isfinite(x) ? QString::number(x, 'g', 9) : QString(); };
  for (const auto* list : {&answer_->supporting, &answer_->opposing})
    for (const Example& e : *list)
      out += QStringList{list == &answer_->supporting ? QStringLiteral("for") : QStringLiteral("against"), QString::number(e.document), csv_cell(text(clean_utf8(e.external_id))), name(e.label), name(e.predicted), number(e.score),
                         number(e.standard_error), number(e.distance), QString::number(e.rank), csv_cell(text(clean_utf8(e.start)).simplified())}.join(QLatin1Char(',')) + QLatin1Char('\n');
  return out;
}

}  // namespace telltale::ui
