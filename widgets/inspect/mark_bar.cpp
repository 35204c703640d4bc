#include "widgets/inspect/mark_bar.hpp"

#include <QCheckBox>
#include <QLineEdit>
#include <QToolButton>
#include <QVBoxLayout>
#include <algorithm>
#include <set>

#include "evaluation/contrastivity.hpp"
#include "evaluation/faithfulness.hpp"
#include "report/numbers.hpp"
#include "store/marks.hpp"
#include "widgets/icons.hpp"
#include "widgets/inspect/annotator.hpp"
#include "widgets/inspect/segmented.hpp"
#include "widgets/panel.hpp"

namespace telltale::ui {
namespace {

constexpr const char* kinds[] = {"telling", "shared"};
constexpr std::size_t most_undo = 200;

/// Words of the post that a span marks as telling.
std::vector<bool> telling_words(const ExplanationRecord& record, const std::vector<MarkedSpan>& spans) {
  std::vector<bool> marked;
  for (const Span& w : record.words)
    marked.push_back(std::any_of(spans.begin(), spans.end(), [&](const MarkedSpan& s) { return s.kind == "telling" && s.begin < w.end && w.begin < s.end; }));
  return marked;
}

}  // namespace

// ---- legend

MarkLegend::MarkLegend(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
  setAccessibleName(tr("Marks: telling is a straight line with ends turned up, shared is a wave, thin lines are others' marks"));
  setToolTip(accessibleName());
  setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
  connect(&theme, &Theme::changed, this, [this] { updateGeometry(), update(); });
}

QSize MarkLegend::sizeHint() const {
  const QFontMetricsF m(theme_.font("caption"));
  return {static_cast<int>(m.horizontalAdvance(tr("telling") + tr("shared") + tr("others'"))) + 3 * 34, static_cast<int>(theme_.px(20))};
}

void MarkLegend::paintEvent(QPaintEvent*) {
  QPainter p(this);
  p.setFont(theme_.font("caption"));
  const QFontMetricsF m(p.font(), this);
  qreal x = 1;
  const auto put = [&](const char* kind, bool own, const QString& name) {
    draw_mark(p, x, x + 22, height() / 2.0 + 3, QLatin1String(kind), own, theme_[own ? "text" : "text2"]);
    p.setPen(theme_["text2"]);
    p.drawText(QRectF(x + 26, 0, m.horizontalAdvance(name) + 2, height()), Qt::AlignVCenter, name);
    x += 34 + m.horizontalAdvance(name);
  };
  put("telling", true, tr("telling"));
  put("shared", true, tr("shared"));
  put("telling", false, tr("others'"));
}

// ---- bar

MarkBar::MarkBar(Theme& theme, MarkedPost* post, QWidget* parent) : QWidget(parent), theme_(theme), painted_(post), annotator_(annotator_name().toStdString()) {
  auto* column = new QVBoxLayout(this);
  rows_ = column;
  column->setContentsMargins(10, 5, 10, 5);
  column->setSpacing(4);
  kind_ = new Segmented(theme, tr("Kind of mark"), {{tr("Telling"), tr("Words that tell the class: what dragging marks (Enter or M marks the selected words)")}, {tr("Shared"), tr("Words that any class might have: what dragging marks (S marks the selected words)")}}, this);
  const auto button = [&](const char* picture, const QString& name) {
    auto* b = new QToolButton(this);
    b->setIcon(icon(theme_, picture));
    b->setIconSize({16, 16});
    b->setFixedSize(24, 22);
    b->setToolTip(name);
    b->setAccessibleName(name);
    return b;
  };
  mark_ = button("mark", tr("Mark the selected words (Enter or M telling, S shared)"));
  remove_ = button("x", tr("Take away the mark under the cursor (Delete)"));
  undo_ = button("undo", tr("Undo (Ctrl Z)"));
  redo_ = button("redo", tr("Redo (Ctrl Shift Z)"));
  auto* by = new QLabel(tr("by"), this);
  by->setObjectName(QStringLiteral("quiet"));
  by->setFont(theme.font("caption"));
  name_ = new QLineEdit(QString::fromStdString(annotator_), this);
  name_->setAccessibleName(tr("Annotator"));
  name_->setToolTip(tr("Whose marks these are: kept with every mark"));
  name_->setFont(theme.font("caption"));
  name_->setMinimumWidth(70);
  name_->setMaximumWidth(150);
  hide_ = new QCheckBox(tr("Hide scores"), this);
  hide_->setFont(theme.font("caption"));
  hide_->setToolTip(tr("Marks without seeing what the model thinks: scores, prediction and the panels about them are hidden"));
  others_box_ = new QCheckBox(tr("Others' marks"), this);
  others_box_->setFont(theme.font("caption"));
  others_box_->setToolTip(tr("Also what other people marked, and what came with the posts, as thin lines"));
  status_ = new ElidedLabel(theme, this);
  status_->set_style(theme.font("caption"), "text2");
  auto* first = new QHBoxLayout;
  first->setSpacing(6);
  first->addWidget(kind_);
  for (QWidget* w : std::initializer_list<QWidget*>{mark_, remove_, undo_, redo_}) first->addWidget(w);
  first->addStretch(1);
  first->addWidget(by);
  first->addWidget(name_);
  auto* second = new QHBoxLayout;
  second->setSpacing(12);
  second->addWidget(new MarkLegend(theme, this));
  second->addStretch(1);
  second->addWidget(hide_);
  second->addWidget(others_box_);
  column->addLayout(first);
  column->addLayout(second);
  column->addWidget(status_);
  setVisible(false);

  connect(painted_, &MarkedPost::mark_asked, this, &MarkBar::mark);
  connect(painted_, &MarkedPost::unmark_asked, this, &MarkBar::unmark);
  connect(painted_, &MarkedPost::undo_asked, this, [this] { step(true); });
  connect(painted_, &MarkedPost::redo_asked, this, [this] { step(false); });
  connect(painted_, &MarkedPost::selection_changed, this, &MarkBar::show);
  connect(painted_, &PaintedView::hovered, this, &MarkBar::show);
  connect(mark_, &QToolButton::clicked, this, [this] {
    const Span s = painted_->selection();
    painted_->clear_selection();
    if (s.begin >= 0) mark(s.begin, s.end, {});
  });
  connect(remove_, &QToolButton::clicked, this, [this] {
    const Span s = painted_->selection();
    painted_->clear_selection();
    if (s.begin >= 0) unmark(s.begin, s.end);
  });
  connect(undo_, &QToolButton::clicked, this, [this] { step(true); });
  connect(redo_, &QToolButton::clicked, this, [this] { step(false); });
  connect(name_, &QLineEdit::editingFinished, this, &MarkBar::choose_name);
  connect(hide_, &QCheckBox::toggled, this, [this] { show(), Q_EMIT switched(on_); });
  connect(others_box_, &QCheckBox::toggled, this, &MarkBar::show);
  show();
}

MarkBar::~MarkBar() { store_now(); }

QString MarkBar::annotator() const { return QString::fromStdString(annotator_); }
QString MarkBar::status() const { return status_->label(); }
bool MarkBar::blind() const { return on_ && hide_->isChecked(); }

void MarkBar::set_session(Session* session) {
  if (session == session_) return;
  store_now();
  if (session_ && load_job_) session_->work().cancel(load_job_);
  load_job_ = 0;
  session_ = session;
  histories_.clear();
  set_post(nullptr, 0);
}

void MarkBar::set_post(PostPtr post, std::int64_t dataset) {
  const std::int64_t document = post ? post->record.document : 0;
  const bool same = document == document_ && dataset == dataset_ && loaded_;
  post_ = std::move(post);
  if (same) return show();  // explained anew: the marks are as they were
  document_ = document;
  dataset_ = dataset;
  loaded_ = false;
  spans_.clear();
  others_.clear();
  error_.clear();
  show();
  if (on_) load();
}

void MarkBar::set_on(bool on) {
  if (on == on_) return;
  on_ = on;
  setVisible(on);
  painted_->set_marking(on && writable());
  if (on && !loaded_) load();
  show();
  Q_EMIT switched(on);
}

void MarkBar::load() {
  if (!session_ || document_ == 0) return;
  if (load_job_) session_->work().cancel(load_job_);
  struct Loaded {
    Spans own;
    std::vector<MarkedPost::Line> others;
    std::int64_t posts = 0;
  };
  load_job_ = session_->work().submit(this, WorkQueue::Priority::visible, tr("Reading marks"), [this, document = document_, dataset = dataset_, annotator = annotator_](WorkQueue::Context& c) {
    auto found = std::make_shared<Loaded>();
    for (Mark& m : marks_of(c.store, document)) {
      if (m.annotator == annotator) found->own.push_back(std::move(m.span));
      else found->others.push_back({std::move(m.span), false});
    }
    for (MarkedSpan& s : c.store.document(document).spans) found->others.push_back({std::move(s), false});
    found->posts = static_cast<std::int64_t>(marked_documents(c.store, dataset, annotator).size());
    return [this, found, document, annotator] {
      load_job_ = 0;
      if (document != document_ || annotator != annotator_) return;
      const auto kept = histories_.find({annotator, document});
      spans_ = kept != histories_.end() ? kept->second.now : std::move(found->own);  // what waits to be stored is newer
      others_ = std::move(found->others);
      marked_posts_ = found->posts;
      loaded_ = true;
      show();
    };
  }, [this](const QString& message) {
    load_job_ = 0;
    error_ = message;
    show();
    Q_EMIT failed(message);
  });
}

void MarkBar::mark(qint64 begin, qint64 end, const QString& kind) {
  if (!loaded_ || !writable()) return;
  const std::string which = kind.isEmpty() ? kinds[std::clamp(kind_->current(), 0, 1)] : kind.toStdString();
  change(with_span(spans_, {begin, end, which}));
}

void MarkBar::unmark(qint64 begin, qint64 end) {
  if (!loaded_ || !writable()) return;
  change(without_spans(spans_, begin, end));
}

void MarkBar::change(Spans spans) {
  const auto same = [](const MarkedSpan& a, const MarkedSpan& b) { return a.begin == b.begin && a.end == b.end && a.kind == b.kind; };
  if (std::equal(spans.begin(), spans.end(), spans_.begin(), spans_.end(), same)) return;
  History& h = histories_[{annotator_, document_}];
  h.undo.push_back(spans_);
  if (h.undo.size() > most_undo) h.undo.erase(h.undo.begin());
  h.redo.clear();
  store(spans);
}

void MarkBar::step(bool back) {
  const auto at = histories_.find({annotator_, document_});
  if (!loaded_ || !writable() || at == histories_.end()) return;
  auto& from = back ? at->second.undo : at->second.redo;
  auto& to = back ? at->second.redo : at->second.undo;
  if (from.empty()) return;
  to.push_back(spans_);
  const Spans spans = std::move(from.back());
  from.pop_back();
  store(spans);
}

/// Shown at once; the file has it a moment later.
void MarkBar::store(const Spans& spans) {
  spans_ = spans;
  error_.clear();
  const Key key{annotator_, document_};
  histories_[key].now = spans;
  // The newest state is all that counts; the one that is being written is first.
  std::erase_if(waiting_, [&](const Save& s) { return s.key == key && (save_job_ == 0 || &s != &waiting_.front()); });
  waiting_.push_back({key, dataset_, spans});
  store_next();
  show();
}

void MarkBar::store_next() {
  if (save_job_ || waiting_.empty() || !session_) return;
  save_job_ = session_->work().submit(this, WorkQueue::Priority::visible, tr("Storing marks"), [this, save = waiting_.front()](WorkQueue::Context& c) {
    set_marks(c.store, save.key.second, save.key.first, save.spans);
    const auto posts = static_cast<std::int64_t>(marked_documents(c.store, save.dataset, save.key.first).size());
    return [this, posts, save] {
      save_job_ = 0;
      if (!waiting_.empty()) waiting_.pop_front();
      if (save.key.first == annotator_ && save.dataset == dataset_) marked_posts_ = posts;
      Q_EMIT marked(save.key.second, !save.spans.empty());
      store_next();
      show();
    };
  }, [this](const QString& message) {
    save_job_ = 0;
    const Key key = waiting_.empty() ? Key() : waiting_.front().key;
    if (!waiting_.empty()) waiting_.pop_front();
    histories_.erase(key);  // what is shown is what the file has
    if (key == Key{annotator_, document_}) loaded_ = false, load();
    error_ = tr("Not stored: %1").arg(message);
    show();
    Q_EMIT failed(error_);
    store_next();
  });
}

void MarkBar::store_now() {
  if (session_ && save_job_) session_->work().cancel(save_job_);
  save_job_ = 0;
  for (const Save& s : waiting_) {
    if (!session_) break;
    try {
      set_marks(session_->store(), s.key.second, s.key.first, s.spans);
    } catch (const std::exception& e) {
      Q_EMIT failed(tr("Marks are not stored: %1").arg(QString::fromUtf8(e.what())));
    }
  }
  waiting_.clear();
}

void MarkBar::choose_name() {
  const QString wanted = name_->text().trimmed();
  if (wanted == annotator()) return;
  if (const QString error = annotator_error(wanted); !error.isEmpty()) {
    name_->setText(annotator());
    error_ = error;
    return show();
  }
  annotator_ = wanted.toStdString();
  name_->setText(wanted);
  remember_annotator(wanted);
  error_.clear();
  loaded_ = false;
  spans_.clear();
  others_.clear();
  marked_posts_ = -1;
  show();
  if (on_) load();
}

void MarkBar::show() {
  std::vector<MarkedPost::Line> lines;
  const auto same = [](const MarkedPost::Line& a, const MarkedPost::Line& b) { return a.own == b.own && a.span.begin == b.span.begin && a.span.end == b.span.end && a.span.kind == b.span.kind; };
  if (on_ && others_box_->isChecked()) lines = others_;
  if (on_)
    for (const MarkedSpan& s : spans_) lines.push_back({s, true});
  if (!std::equal(lines.begin(), lines.end(), lines_.begin(), lines_.end(), same)) painted_->set_lines(lines_ = std::move(lines));  // lays out anew: not for every move of the mouse
  if (!on_) return painted_->set_marking(false);
  const auto at = histories_.find({annotator_, document_});
  const bool ready = loaded_ && writable() && painted_->has_words();
  const Span selected = painted_->selection();
  const bool over = selected.begin >= 0 && std::any_of(spans_.begin(), spans_.end(), [&](const MarkedSpan& s) { return s.begin < selected.end && selected.begin < s.end; });
  painted_->set_marking(on_ && writable());
  kind_->setEnabled(ready);
  mark_->setEnabled(ready && selected.begin >= 0);
  remove_->setEnabled(ready && over);
  undo_->setEnabled(ready && at != histories_.end() && !at->second.undo.empty());
  redo_->setEnabled(ready && at != histories_.end() && !at->second.redo.empty());
  name_->setEnabled(writable());
  QString say;
  if (!error_.isEmpty()) {
    say = error_;
  } else if (session_ && !writable()) {
    say = tr("This file can only be read: nothing can be marked in it.");
  } else if (post_ && !painted_->has_words()) {
    say = tr("The words of this post can be marked once it is explained.");
  } else if (loaded_) {
    say = spans_.empty() ? tr("Nothing marked here: drag over words, or Shift and arrows, then Enter") : tr("%n mark(s) here", nullptr, static_cast<int>(spans_.size())).replace(QStringLiteral("(s)"), spans_.size() == 1 ? QString() : QStringLiteral("s"));
    if (marked_posts_ >= 0) say += tr(" · %1 posts marked").arg(ui::text(thousands(marked_posts_)));
    if (post_ && post_->label >= 0 && static_cast<std::size_t>(post_->label) < post_->classes.size() && blind()) say += tr(" · class %1").arg(ui::text(clean_utf8(post_->classes[static_cast<std::size_t>(post_->label)])));
    const auto& scores = post_ ? post_->record.word_scores : std::vector<double>();
    if (!blind() && !scores.empty() && scores.size() == post_->record.words.size()) {
      const std::vector<bool> marked = telling_words(post_->record, spans_);
      if (const auto k = static_cast<std::size_t>(std::count(marked.begin(), marked.end(), true)); k > 0)
        say += tr(" · agreement with the explanation: AUPRC %1, token F1 %2 (k = %3)").arg(ui::text(fixed(average_precision(scores, marked))), ui::text(fixed(token_f1(top_positions(scores, k), marked)))).arg(k);
    }
  }
  status_->set_style(theme_.font("caption"), error_.isEmpty() ? "text2" : "error");
  status_->set_text(say);
  status_->setAccessibleName(say);
}

}  // namespace telltale::ui
