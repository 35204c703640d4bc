// CompareView: the list of posts, and the one that is painted.
#include "widgets/compare/compare_view.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "report/numbers.hpp"
#include "widgets/compare/comparison_parts.hpp"
#include "widgets/compare/confusion_table.hpp"
#include "widgets/compare/rank_slopes.hpp"
#include "widgets/compare/start_page.hpp"
#include "widgets/export/view_menu.hpp"
#include "widgets/inspect/busy_ring.hpp"
#include "widgets/inspect/explainer.hpp"
#include "widgets/panel.hpp"
#include "widgets/post_parts.hpp"
#include "widgets/row_list.hpp"
#include "widgets/shell/words.hpp"

namespace telltale::ui {

void CompareView::read_rows() {
  if (rows_job_) session_->work().cancel(rows_job_);
  rows_job_ = 0;
  const bool two = mode_ == Mode::runs;
  const RunHead *a = run(two ? a_run_ : run_id_), *b = run(two ? b_run_ : run_id_);
  if (!a || !b || (two && !view_)) return;
  rows_job_ = session_->work().submit(
      this, WorkQueue::Priority::soon, tr("List of compared posts"),
      [this, a = a->id, b = b->id, two, method = two ? view_->judge : std::string(), split = split_](WorkQueue::Context& c) -> std::function<void()> {
        auto rows = posts_of_pair(c.store, c.store.run(a), c.store.run(b), method, split, !two, c.stop);
        return [this, rows = std::move(rows)]() mutable {
          rows_job_ = 0;
          // Posts that only the document knows stay.
          for (const auto& r : rows_)
            if (std::none_of(rows.begin(), rows.end(), [&](const auto& x) { return x.document == r.document; })) rows.push_back(r);
          set_rows(std::move(rows));
        };
      },
      [this](const QString& message) {
        rows_job_ = 0;
        Q_EMIT failed(message);
      });
}

void CompareView::set_rows(std::vector<ComparedRow> rows) {
  rows_ = std::move(rows);
  count_confusion();
  list_rows();
}

void CompareView::count_confusion() {
  const std::size_t n = classes_.size();
  std::vector<std::vector<int>> counts(n, std::vector<int>(n, 0));
  std::vector<QString> names;
  for (const auto& c : short_names(classes_)) names.push_back(one_line(c));
  bool any = false;
  for (const auto& r : rows_)
    if (r.a >= 0 && r.b >= 0 && static_cast<std::size_t>(r.a) < n && static_cast<std::size_t>(r.b) < n) ++counts[static_cast<std::size_t>(r.a)][static_cast<std::size_t>(r.b)], any = true;
  if (!any || mode_ != Mode::runs || !view_) return confusion_->set_counts({}, {}, {}, {});
  confusion_->set_counts(std::move(names), std::move(counts), one_line(view_->label(view_->a)), one_line(view_->label(view_->b)));
}

void CompareView::list_rows() {
  const int label = class_box_->currentIndex() > 0 ? class_box_->currentData().toInt() : -1;
  const bool two = mode_ == Mode::runs;
  agreement_box_->setVisible(two);
  std::vector<ListRow> shown;
  for (const auto& r : rows_) {
    if (label >= 0 && r.gold != label) continue;
    if (behind_ && !behind_->contains(r.document)) continue;
    const bool a = r.a == r.gold, b = r.b == r.gold;
    if (two && ((agreement_ == 1 && r.a != r.b) || (agreement_ == 2 && r.a == r.b) || (agreement_ == 3 && !(a && !b)) || (agreement_ == 4 && !(b && !a)) || (agreement_ == 5 && (a || b)))) continue;
    QString note = class_name(r.gold);
    if (r.a >= 0 && !a) note += tr("  ·  %1 says %2").arg(two ? QStringLiteral("A") : tr("it"), class_name(r.a));
    if (two && r.b >= 0 && !b) note += tr("  ·  B says %1").arg(class_name(r.b));
    shown.push_back({r.document, r.title, note, QString(), -1, r.a < 0 ? ListRow::Mark::none : a && (!two || r.b < 0 || b) ? ListRow::Mark::right : ListRow::Mark::wrong});
  }
  posts_panel_->set_caption(shown.size() == rows_.size() ? text(thousands(static_cast<std::int64_t>(rows_.size()))) : tr("%1 of %2").arg(text(thousands(static_cast<std::int64_t>(shown.size()))), text(thousands(static_cast<std::int64_t>(rows_.size())))));
  drawer_->setText(tr("Posts, %1").arg(text(thousands(static_cast<std::int64_t>(shown.size())))));
  const std::int64_t first = shown.empty() ? 0 : shown.front().id;
  const auto holds = [&](std::int64_t id) { return std::any_of(shown.begin(), shown.end(), [&](const auto& r) { return r.id == id; }); };
  if (wanted_ && holds(wanted_)) document_ = wanted_;
  const bool kept = holds(document_), none = shown.empty();
  posts_->set_rows(std::move(shown));
  if (none) {
    document_ = 0;
    show_pair(nullptr);
    post_panel_->set_title(tr("Post"));
    post_panel_->set_caption(rows_job_ || behind_job_ ? tr("reading …") : rows_.empty() ? tr("this comparison painted none") : tr("no post fits the filters"));
    return;
  }
  posts_->choose(kept ? document_ : first);
  if (!kept || !post_->post() || post_->post()->document != document_) choose_post(kept ? document_ : first);
  previous_->setEnabled(posts_->position() > 0);
  next_->setEnabled(posts_->position() + 1 < posts_->count());
}

void CompareView::look_behind(const std::vector<std::string>& words, const std::vector<int>& labels, const QString& what) {
  const RunHead* r = run(a_run_);
  if (!session_ || !r) return;
  if (behind_job_) session_->work().cancel(behind_job_);
  behind_job_ = session_->work().submit(
      this, WorkQueue::Priority::visible, tr("Posts behind %1").arg(what),
      [this, words, labels, what, dataset = r->dataset](WorkQueue::Context& c) -> std::function<void()> {
        const auto found = posts_with(c.store, dataset, words, labels, c.stop);
        return [this, what, found = std::set<std::int64_t>(found.begin(), found.end())] {
          behind_job_ = 0;
          show_behind(found, what);
        };
      },
      [this](const QString& message) {
        behind_job_ = 0;
        Q_EMIT failed(message);
      });
}

void CompareView::show_behind(std::set<std::int64_t> documents, const QString& what) {
  behind_ = std::move(documents);
  behind_chip_->setText(what + QStringLiteral("  ✕"));
  behind_chip_->setAccessibleName(tr("Posts behind %1: show all again").arg(what));
  behind_chip_->show();
  if (narrow_) drawer_->setChecked(true);
  list_rows();
}

void CompareView::clear_behind() {
  behind_.reset();
  behind_chip_->hide();
  list_rows();
}

void CompareView::step_post(int by) { posts_->step(by); }

// ---- one post

const Json* CompareView::painted(std::int64_t document) const {
  if (!view_ || mode_ != Mode::runs || view_->runs.empty()) return nullptr;
  if (const Json& posts = get(view_->json, "posts"); posts.is_array())
    for (const auto& p : posts)
      if (integer_of(p, "doc", 0) == document && (text_of(p, "method") == view_->judge || text_of(p, "method").empty())) return &p;
  return nullptr;
}

ExplainOptions CompareView::options_for(const std::string& method) const {
  ExplainOptions base;
  base.method = method;
  if (method == "occlusion") base.removal = Removal::remove;  // as comparisons use it
  if (view_)
    if (const Json& list = get(get(view_->json, "protocol"), "methods"); list.is_array())
      for (const auto& m : list)
        if (text_of(m, "method") == method) return options_of(get(m, "protocol"), base);
  return base;
}

std::optional<PairWish> CompareView::wish_of(std::int64_t document) const {
  PairWish w;
  w.document = document;
  const auto name_of = [&](std::int64_t id) { return run(id) ? one_line(run(id)->name) : QString(); };
  if (mode_ == Mode::runs) {
    if (!view_ || view_->b < 0 || !run(a_run_) || !run(b_run_)) return std::nullopt;
    const auto series = [&](int i) { return view_->runs[static_cast<std::size_t>(i)].series; };
    const ExplainOptions options = options_for(view_->judge);
    w.a = {a_run_, options, -1, {QStringLiteral("A"), name_of(a_run_), series(view_->a)}};
    w.b = {b_run_, options, -1, {QStringLiteral("B"), name_of(b_run_), series(view_->b)}};
    w.other_settings = true;
  } else if (mode_ == Mode::classes) {
    const ExplainOptions options = options_for(method_);
    w.a = {run_id_, options, class_a_, {QStringLiteral("A"), class_name(class_a_), 0}};
    w.b = {run_id_, options, class_b_, {QStringLiteral("B"), class_name(class_b_), 1}};
  } else {
    const auto method_name = [](const std::string& id) { return text(method_info(id).name); };
    w.a = {run_id_, options_for(method_a_), -1, {QStringLiteral("A"), method_name(method_a_), 0}};
    w.b = {run_id_, options_for(method_b_), -1, {QStringLiteral("B"), method_name(method_b_), 1}};
    w.shares = true;
  }
  return w;
}

void CompareView::choose_post(std::int64_t document) {
  if (!session_) return;
  if (pair_job_) session_->work().cancel(pair_job_);
  pair_job_ = 0;
  ring_->hide();
  note_->hide();
  document_ = document;
  previous_->setEnabled(posts_->position() > 0);
  next_->setEnabled(posts_->position() + 1 < posts_->count());
  if (const auto it = std::find_if(rows_.begin(), rows_.end(), [&](const auto& r) { return r.document == document; }); it != rows_.end()) {
    post_panel_->set_title(it->title);
    QString caption = tr("post %1 · gold %2").arg(document).arg(class_name(it->gold));
    const bool two = mode_ == Mode::runs;
    if (std::isfinite(it->p_a)) caption += two ? tr(" · p by A %1").arg(text(fixed(it->p_a))) : tr(" · p %1").arg(text(fixed(it->p_a)));
    if (two && std::isfinite(it->p_b)) caption += tr(" · by B %1").arg(text(fixed(it->p_b)));
    if (mode_ != Mode::methods) caption += QStringLiteral(" · ") + (view_ ? one_line(view_->method_name(view_->judge)) : method_box_->currentText());
    post_panel_->set_caption(caption);
  }
  if (const Json* p = painted(document)) return show_pair(painted_of(*view_, *p));
  const auto wish = wish_of(document);
  if (!wish) return show_pair(nullptr);
  try {
    if (auto found = stored_pair(session_->store(), *wish)) return show_pair(*found);
  } catch (const std::exception& e) {
    Q_EMIT failed(one_line(e.what()));
    return show_pair(nullptr);
  }
  ring_->show();
  post_->set_stale(true);
  pair_job_ = session_->work().submit(
      this, WorkQueue::Priority::visible, tr("Explain post %1 twice").arg(document),
      [this, wish = *wish, keep = !session_->read_only()](WorkQueue::Context& c) -> std::function<void()> {
        PairedPtr made = made_pair(c, wish, keep);
        return [this, made, wish, keep] {
          pair_job_ = 0;
          ring_->hide();
          show_pair(made);
          if (keep) Q_EMIT session_->explanations_changed(wish.a.run);
        };
      },
      [this](const QString& message) {
        pair_job_ = 0;
        ring_->hide();
        show_pair(nullptr);
        note_->setText(tr("This post could not be explained: %1").arg(message));
        note_->show();
      });
}

void CompareView::show_pair(PairedPtr post) {
  post_->set_post(post);
  slopes_->set_post(post);
  legend_->set_scale(post ? post->domain : 1, 1);
  legend_->setVisible(post != nullptr);
  if (post && post->rows.size() == 3) scale_->setText(post->note.isEmpty() ? tr("one scale for A, B and Δ = B − A") : post->note);
  else scale_->setText(post ? tr("one scale") : QString());
  if (post_area_->verticalScrollBar()) post_area_->verticalScrollBar()->setValue(0);
  ring(-1);
}

void CompareView::ring(int word) {
  post_->set_ring(word);
  slopes_->set_ring(word);
  scores_->setText(post_->scores_of(word));
}

}  // namespace telltale::ui
