#include "widgets/inspect/inspect_view.hpp"

#include <fmt/format.h>

#include <QComboBox>
#include <QFileDialog>
#include <QKeyEvent>
#include <QLabel>
#include <QPushButton>
#include <QScrollArea>
#include <QSlider>
#include <QStackedWidget>
#include <QToolButton>
#include <algorithm>
#include <cmath>

#include "base/files.hpp"
#include "report/comparison_view.hpp"
#include "report/html.hpp"
#include "report/numbers.hpp"
#include "report/post_text.hpp"
#include "widgets/box_rows.hpp"
#include "widgets/inspect/attention_panel.hpp"
#include "widgets/inspect/class_table.hpp"
#include "widgets/inspect/edit_page.hpp"
#include "widgets/inspect/examples_panel.hpp"
#include "widgets/inspect/explain_bar.hpp"
#include "widgets/inspect/hover_card.hpp"
#include "widgets/inspect/mark_bar.hpp"
#include "widgets/inspect/layers_panel.hpp"
#include "widgets/inspect/methods_panel.hpp"
#include "widgets/inspect/posts_panel.hpp"
#include "widgets/inspect/what_if.hpp"
#include "widgets/inspect/words_table.hpp"
#include "widgets/painted_post.hpp"
#include "widgets/panel.hpp"
#include "widgets/post_parts.hpp"
#include "widgets/row_list.hpp"

namespace telltale::ui {
namespace {

constexpr int runs_looked_at = 8;  // for one that has explanations; a file may hold a thousand

}  // namespace

InspectView::~InspectView() = default;

void InspectView::guard(const std::function<void()>& work) {
  try {
    work();
  } catch (const std::exception& e) {
    Q_EMIT failed(text(clean_utf8(e.what())));
  }
}

void InspectView::set_session(Session* session) {
  if (session_) {
    disconnect(session_, nullptr, this, nullptr);
    if (count_job_) session_->work().cancel(count_job_);
  }
  count_job_ = 0;
  counts_.clear();
  explainer_->set_session(session);
  progress_timer_.stop();
  session_ = session;
  posts_->set_session(session);
  methods_->set_session(session);
  attention_->set_session(session);
  layers_->set_session(session);
  what_if_->set_session(session);
  edit_->set_session(session);
  marks_->set_session(session);
  examples_->set_session(session);
  run_ = {};
  dataset_ = {};
  document_ = 0;
  read_runs();
  if (session_) {
    connect(session_, &Session::runs_changed, this, [this] { guard([&] { read_runs(), catch_up(); }); });
    return choose_first_run();
  }
  show_empty(QString());
}

/// The newest finished run that has explanations, else the newest finished one, else the newest.
void InspectView::choose_first_run() {
  const auto runs = session_->store().run_heads();
  std::int64_t best = 0;
  int looked = 0;
  for (auto r = runs.rbegin(); r != runs.rend() && looked < runs_looked_at; ++r) {
    if (r->status != RunStatus::finished) continue;
    if (best == 0) best = r->id;
    ++looked;
    if (!session_->store().explained_documents(r->id, 1).empty()) {
      best = r->id;
      break;
    }
  }
  if (best == 0 && !runs.empty()) best = runs.back().id;
  if (best) return choose_run(best, 0);
  posts_->set_run(0);
  show_empty(tr("This file holds no runs. Start one with New run (Ctrl N): its posts are painted here by what it leans on."));
}

/// What became of the runs while they were not looked at: the first one came, the shown one was deleted or has other weights now.
/// Hidden, the view leaves the processor to what trains, and does this when it is shown.
void InspectView::catch_up() {
  if (!session_ || !isVisible()) return;
  if (run_.id == 0) return choose_first_run();
  if (run_.dataset == 0 || !posts_->set_run(run_.id)) return;
  if (!explained_ && document_) explain_again();
  count_words();
}

void InspectView::showEvent(QShowEvent* e) {
  QWidget::showEvent(e);
  guard([&] { catch_up(); });
}

void InspectView::read_runs() {
  std::vector<BoxRow> names;
  std::vector<ListRow> rows;
  bool there = false;
  if (!session_) {
    run_combo_->clear();
    run_list_->set_rows({});
    return show_run_list();
  }
  for (const RunHead& r : session_->store().run_heads()) {
    const QString name = text(clean_utf8(r.name.empty() ? fmt::format("run {}", r.id) : r.name)).simplified();
    const double accuracy = r.accuracy;
    names.push_back({std::isfinite(accuracy) ? QStringLiteral("%1 · %2").arg(name, text(fixed(accuracy))) : QStringLiteral("%1 · %2").arg(name, QLatin1String(name_of(r.status))), static_cast<qlonglong>(r.id)});
    const auto series = run_series_.find(r.id);
    rows.push_back({r.id, name, text(name_of(r.status)), std::isfinite(accuracy) ? text(fixed(accuracy)) : text(name_of(r.status)), series == run_series_.end() ? -1 : series->second});
    if (r.id == run_.id) run_ = session_->store().run(r.id), there = true;
  }
  if (!there) run_ = {};
  set_box_rows(*run_combo_, names);
  run_combo_->setCurrentIndex(run_combo_->findData(static_cast<qlonglong>(run_.id)));
  run_list_->set_rows(std::move(rows));
  run_list_->choose(run_.id);
  show_run_list();
}

void InspectView::set_run_colours(const std::map<std::int64_t, int>& series) {
  if (series == run_series_) return;
  run_series_ = series;
  guard([&] { read_runs(); });
}

void InspectView::show_run(std::int64_t run, std::int64_t document) {
  if (!session_) throw std::invalid_argument("no file is open");
  const RunRecord record = session_->store().run(run);  // throws with the list of ids
  if (document) {
    const Document d = session_->store().document(document);
    if (d.dataset != record.dataset) throw std::invalid_argument(fmt::format("post {} is not of the data set that run {} was trained on", document, run));
  }
  posts_->clear_filters();
  choose_run(run, document ? document : document_);
}

void InspectView::choose_run(std::int64_t run, std::int64_t document) {
  const bool other = run != run_.id;
  run_ = session_->store().run(run);
  run_combo_->setCurrentIndex(run_combo_->findData(static_cast<qlonglong>(run)));
  run_list_->choose(run);
  const Place place = place_of(session_->store(), run_);
  explain_->set_place(run, place, meter_);
  methods_->set_place(place, meter_);
  if (run_.dataset == 0) {
    document_ = 0;
    posts_->set_run(0);
    return show_empty(tr("The data set of this run is no longer in the file."));
  }
  if (run_.dataset != dataset_.id) dataset_ = session_->store().dataset(run_.dataset), document = document_ != document ? document : 0;
  posts_->set_run(run);
  if (document == 0) {
    const auto explained = session_->store().explained_documents(run, 1);
    if (!explained.empty()) {
      document = explained.front();
    } else {
      Store::DocumentFilter filter;
      filter.dataset = dataset_.id;
      filter.limit = 1;
      filter.split = "test";
      auto ids = session_->store().document_ids(filter);
      if (ids.empty()) filter.split.clear(), ids = session_->store().document_ids(filter);
      if (ids.empty()) return show_empty(tr("The data set of this run holds no posts."));
      document = ids.front();
    }
  }
  if (other || document != document_ || !explained_) choose_post(document);
  count_words();
}

void InspectView::choose_post(std::int64_t document) {
  document_ = document;
  posts_->choose(document);
  target_ = foil_ = -1;
  Wish wish{run_.id, document, {}, explain_->options(), -1, -1};
  explain_->set_message({});
  // Explained before, under whatever options: shown at once, unless a person asked for other ones.
  if (auto record = explainer_->stored(wish, !asked_)) {
    explainer_->cancel();
    const bool adopted = !same_protocol(record->protocol, protocol_of(wish.options));
    Document d = session_->store().document(document);
    if (adopted) explain_->set_options(options_of(record->protocol, explain_->options()));
    if (record->target != static_cast<int>(integer_of(record->prediction, "predicted"))) target_ = record->target;
    explain_->set_seconds(0);
    return show_explained(std::make_shared<const PostContent>(std::move(*record), std::move(d.text), std::move(d.external_id), d.label, dataset_.classes));
  }
  show_plain(session_->store().document(document));
  explain_again();
}

void InspectView::explain_again() {
  if (!session_ || document_ == 0) return;
  explain_->set_message({});
  since_asked_.invalidate();
  what_if_->make_way();  // its answers would be about the explanation that goes
  Wish wish{run_.id, document_, {}, explain_->options(), target_, foil_};
  guard([&] { explainer_->ask(wish, dataset_); });
}

const ExplainOptions& InspectView::options() const { return explain_->options(); }

void InspectView::set_options(const ExplainOptions& options) {
  explain_->set_options(options);
  asked_ = true;
  explain_again();
}

void InspectView::set_target(int label) {
  if (!post_) return;
  target_ = label;
  if (foil_ == label) foil_ = -1;
  classes_->set_wanted(label);
  explain_again();
}

void InspectView::set_foil(int label) {
  if (!post_ || (label >= 0 && label == post_->record.target)) return;
  if (target_ < 0) target_ = explained_ ? post_->record.target : -1;
  ExplainOptions o = explain_->options();
  if (label >= 0 && o.output != Output::difference) {
    output_before_foil_ = o.output;
    o.output = Output::difference;  // asking for a foil is asking for the difference of two logits
  } else if (label < 0 && o.output == Output::difference) {
    o.output = output_before_foil_;
  }
  foil_ = label;
  explain_->set_options(o);
  explain_again();
}

void InspectView::show_plain(Document d) {
  ExplanationRecord record;
  record.document = d.id;
  record.target = -1;
  post_ = std::make_shared<const PostContent>(std::move(record), std::move(d.text), std::move(d.external_id), d.label, dataset_.classes);
  explained_ = false;
  stack_->setCurrentIndex(1);
  post_panel_->set_title(text(title_of(post_->text, 48)));
  post_panel_->set_caption(tr("%1 · post %2").arg(text(clean_utf8(post_->id))).arg(document_));
  explain_->set_post(nullptr);
  legend_->hide();
  sums_->clear();
  painted_->set_post(post_);
  painted_->set_stale(false);
  marks_->set_post(post_, dataset_.id);
  strip_->set_post(post_);
  classes_->set_post(post_);
  words_->set_post(post_);
  methods_->set_post(nullptr, {}, {});
  attention_->set_post(post_, run_);
  layers_->set_post(post_, run_);
  what_if_->set_post(nullptr, 0);
  examples_->set_post(nullptr, {});
  classes_panel_->set_caption(QString());
  words_panel_->set_caption(QString());
  no_foil_->setVisible(false);
  swap_->setVisible(false);
  card_->hide();
  show_place();
  show_pin();
}

void InspectView::show_empty(const QString& sentence) {
  post_ = nullptr;
  explained_ = false;
  document_ = 0;
  empty_->setText(sentence);
  stack_->setCurrentIndex(0);
  post_panel_->set_title(tr("Post"));
  for (Panel* p : {post_panel_, classes_panel_, words_panel_}) p->set_caption(QString());
  explain_->set_post(nullptr);
  explain_->set_busy(false);
  explain_->set_message({});
  painted_->set_post(nullptr);
  marks_->set_post(nullptr, 0);
  strip_->set_post(nullptr);
  classes_->set_post(nullptr);
  words_->set_post(nullptr);
  methods_->set_post(nullptr, {}, {});
  attention_->set_post(nullptr, {});
  layers_->set_post(nullptr, {});
  what_if_->set_post(nullptr, 0);
  examples_->set_post(nullptr, {});
  no_foil_->setVisible(false);
  swap_->setVisible(false);
  pin_->setVisible(false);
  card_->hide();
  show_place();
}

void InspectView::show_explained(PostPtr post) {
  if (post->record.document != document_) return;  // of a post that is no longer shown
  explain_->set_seconds(since_asked_.isValid() ? static_cast<double>(since_asked_.elapsed()) / 1000 : 0);
  since_asked_.invalidate();
  const int kept = painted_->ring();
  const bool same = post_ && post_->record.document == post->record.document;
  post_ = std::move(post);
  explained_ = true;
  show_progress();
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
  words_panel_->set_caption(c.record.foil >= 0 ? tr("%1 against %2").arg(target, name(c.record.foil)) : tr("by score for %1").arg(target));
  explain_->set_post(post_.get());
  const int decimals = score_decimals(v.domain);
  QString sums = tr("words %1 · [CLS] %2 · [SEP] %3").arg(text(with_sign(v.words_sum, decimals)), text(with_sign(v.cls, decimals)), text(with_sign(v.sep, decimals)));
  if (v.other != 0) sums += tr(" · other %1").arg(text(with_sign(v.other, decimals)));
  sums += tr("\nsum %1").arg(text(fixed(v.sum, decimals)));
  if (std::isfinite(v.change)) sums += tr(" · F(x) − F(b) %1").arg(text(fixed(v.change, decimals)));
  sums_->setText(sums);
  painted_->set_post(post_);
  painted_->set_stale(false);
  painted_->set_gamma(gamma_->value() / 100.0);
  marks_->set_post(post_, dataset_.id);
  strip_->set_post(post_);
  show_scale();
  legend_->setVisible(!blind());
  classes_->set_post(post_);
  words_->set_post(post_);
  methods_->set_post(post_, run_, explain_->options());
  attention_->set_post(post_, run_);
  layers_->set_post(post_, run_);
  what_if_->set_post(run_.folder.empty() ? nullptr : post_, run_.id);
  edit_->set_post(post_, run_, explain_->options());
  examples_->set_post(post_, run_);
  classes_panel_->setFixedHeight(theme_.spacing("panelHeader") + 6 + std::min(classes_->minimumHeight(), 9 * theme_.spacing("row")));
  no_foil_->setVisible(c.record.foil >= 0);
  swap_->setVisible(c.record.foil >= 0);
  if (c.record.foil >= 0) foil_ = c.record.foil;
  if (!same && post_scroll_) post_scroll_->ensureVisible(0, 0);
  fit_strip();
  if (same && kept >= 0) ring(kept, nullptr);
  show_place();
  show_pin();
  Q_EMIT shown(run_.id, document_);
}

void InspectView::show_place() {
  const int at = posts_->list().position(), n = posts_->list().count();
  place_->setText(at >= 0 ? tr("%1 of %2").arg(text(thousands(at + 1)), text(thousands(n))) : n > 0 ? tr("%1 posts").arg(text(thousands(n))) : QString());
  posts_button_->setText(tr("Posts, %1").arg(text(thousands(n))));
  for (QToolButton* b : {previous_, bar_previous_}) b->setEnabled(at > 0);
  for (QToolButton* b : {next_, bar_next_}) b->setEnabled(n > 0 && at + 1 < n);
}

void InspectView::show_progress() {
  const bool busy = explainer_->busy();
  if (!busy) progress_timer_.stop();
  double done = 0, total = 0;
  if (busy && session_)
    for (const auto& job : session_->work().jobs())
      if (job.running && job.what.startsWith(tr("Explaining post %1").arg(document_))) done = job.done, total = job.total;
  // What is there within 300 ms needs no sign of being on its way.
  explain_->set_busy(busy && since_asked_.isValid() && since_asked_.elapsed() > 300, done, total);
}

void InspectView::step_post(int by) { posts_->step(by); }

bool InspectView::settled() const { return !explainer_->busy() && !posts_->loading() && !methods_->busy() && !attention_->busy() && !what_if_->busy() && !edit_->busy() && !marks_->busy() && !layers_->busy() && !examples_->busy(); }

void InspectView::set_run_list_elsewhere(bool elsewhere) {
  elsewhere_ = elsewhere;
  show_run_list();
}

void InspectView::ring(int word, PaintedView* from) {
  for (PaintedView* v : linked())
    if (v != from) v->set_ring(word);
  attention_->set_word(word);
  if (!explained_ || marks_->on() || word < 0 || !painted_->isVisible()) return card_->hide();
  const QRectF box = painted_->box_of(word);
  if (from == painted_ && painted_->hasFocus()) post_scroll_->ensureVisible(static_cast<int>(box.center().x()), static_cast<int>(box.center().y()), 20, 40);
  const QRect visible = post_scroll_->viewport()->rect();
  const QPoint corner = painted_->mapTo(post_scroll_->viewport(), box.topLeft().toPoint());
  const QRect there(corner, box.size().toSize());
  if (from == painted_ && visible.intersects(there)) card_->show_word(*post_, word, words_->telling(word), QRect(post_scroll_->viewport()->mapTo(this, corner), box.size().toSize()));
  else card_->hide();
}

bool InspectView::eventFilter(QObject* watched, QEvent* e) {
  if (watched == painted_ && (e->type() == QEvent::Leave || e->type() == QEvent::FocusOut || e->type() == QEvent::Hide)) card_->hide();
  return QWidget::eventFilter(watched, e);
}

void InspectView::keyPressEvent(QKeyEvent* e) {
  if (e->key() != Qt::Key_Escape || !escape()) QWidget::keyPressEvent(e);
}

bool InspectView::escape() {
  if (explainer_->busy()) return Q_EMIT explain_->cancelled(), true;
  if (shape_ == Shape::wide || !left_->isVisible()) return false;
  left_->hide();
  return true;
}

/// Counts of words in the training posts, once a data set, behind everything else.
void InspectView::count_words() {
  const std::int64_t dataset = dataset_.id;
  if (const auto known = counts_.find(dataset); known != counts_.end()) return words_->set_counts(known->second);
  words_->set_counts(nullptr, tr("words of the training posts are being counted"));
  if (count_job_) session_->work().cancel(count_job_), count_job_ = 0;
  if (run_.folder.empty()) return words_->set_counts(nullptr, tr("needs the run's tokeniser: it has no weights yet"));
  count_job_ = session_->work().submit(this, WorkQueue::Priority::background, tr("Counting words of %1").arg(text(clean_utf8(dataset_.name))), [this, info = dataset_, run = run_](WorkQueue::Context& c) {
    const auto tokenizer = Tokenizer::load(c.store.weights(run.id, run.folder));
    CountsPtr counts = telltale::ui::count_words(c.store, info, *tokenizer, c.stop, c.progress);
    return [this, counts, id = info.id] {
      count_job_ = 0;
      counts_[id] = counts;
      if (dataset_.id == id) words_->set_counts(counts);
    };
  }, [this](const QString& message) {
    count_job_ = 0;
    words_->set_counts(nullptr, message);
  });
}

// ---- the edited text

void InspectView::edit(bool edit) {
  post_stack_->setCurrentWidget(edit ? static_cast<QWidget*>(edit_) : post_scroll_);
  strip_->setVisible(!edit && !blind());
  card_->hide();
  if (edit) edit_->begin();
  show_scale();
}

/// The legend is that of what is painted: one post, or the post before and after an edit on their one scale.
void InspectView::show_scale() {
  if (!post_) return;
  const bool both = post_stack_->currentWidget() == edit_ && edit_->domain() > 0;
  legend_->set_scale(both ? edit_->domain() : post_->view.domain, gamma_->value() / 100.0);
}

// ---- out

QString InspectView::csv() const { return words_->csv(); }

QString InspectView::as_text() const {
  if (!post_) return {};
  QString out = text(clean_utf8(post_->text)) + QStringLiteral("\n\n");
  if (!explained_) return out;
  out += QStringLiteral("%1 · %2 · %3\n").arg(method_title(post_->record.method), text(clean_utf8(post_->view.target)), text(post_->view.badge_text()));
  for (const auto& r : post_->view.ranked) out += QStringLiteral("%1\t%2\t%3\n").arg(r.rank).arg(text(with_sign(r.score, score_decimals(post_->view.domain))), text(r.text));
  return out;
}

void InspectView::save_explanation(bool html) {
  if (!explained_) return Q_EMIT failed(tr("This post is not explained yet: nothing to save."));
  const QString name = QStringLiteral("post-%1.%2").arg(document_).arg(html ? QStringLiteral("html") : QStringLiteral("json"));
  const QString file = QFileDialog::getSaveFileName(this, tr("Save explanation"), name, html ? tr("Pages (*.html)") : tr("JSON (*.json)"));
  if (file.isEmpty()) return;
  guard([&] {
    write_explanation(file);
    Q_EMIT written(file);
  });
}

void InspectView::write_explanation(const QString& file) const {
  if (!explained_) throw std::runtime_error("no explanation is shown");
  const std::string out = file.endsWith(QStringLiteral(".html"), Qt::CaseInsensitive)
                              ? explanations_html(title_of(post_->text), fmt::format("{} · post {}", run_.name, document_), {{post_->record, post_->text, post_->id, post_->label}}, post_->classes)
                              : explanation_json(post_->record, post_->text, post_->classes).dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
  write_file_atomically(std::filesystem::path(file.toStdString()), out);
}

// ---- pinned posts of the film: the value "film.pinned", an array of ids

void InspectView::show_pin() {
  bool pinned = false;
  guard([&] {
    if (const auto list = session_->store().value("film.pinned"); list && list->is_array()) pinned = std::find(list->begin(), list->end(), Json(document_)) != list->end();
  });
  pin_->setVisible(!session_->read_only());
  pin_->setChecked(pinned);
}

void InspectView::toggle_pin() {
  if (!session_ || document_ == 0) return;
  guard([&] {
    Json list = session_->store().value("film.pinned").value_or(Json::array());
    if (!list.is_array()) list = Json::array();
    const auto at = std::find(list.begin(), list.end(), Json(document_));
    if (at != list.end()) list.erase(at);
    else list.push_back(document_);
    session_->store().set_value("film.pinned", list);
  });
  show_pin();
}

}  // namespace telltale::ui
