// CompareView: the runs and comparisons of a file, and the pair that is chosen among them.
#include "widgets/compare/compare_view.hpp"

#include <fmt/format.h>

#include <QApplication>
#include <QComboBox>
#include <QPainter>
#include <QSignalBlocker>
#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/files.hpp"
#include "report/numbers.hpp"
#include "widgets/compare/comparison_parts.hpp"
#include "widgets/compare/confusion_table.hpp"
#include "widgets/compare/rank_slopes.hpp"
#include "widgets/compare/start_page.hpp"
#include "widgets/export/view_menu.hpp"
#include "widgets/inspect/busy_ring.hpp"
#include "widgets/inspect/explainer.hpp"
#include "widgets/box_rows.hpp"
#include "widgets/inspect/segmented.hpp"
#include "widgets/panel.hpp"
#include "widgets/post_parts.hpp"
#include "widgets/row_list.hpp"
#include "widgets/shell/words.hpp"

namespace telltale::ui {
namespace {

constexpr std::int64_t most_at_once = 1 << 20;  // bytes of a document that the window's thread reads itself

int index_of(const std::vector<std::int64_t>& list, std::int64_t x) {
  const auto it = std::find(list.begin(), list.end(), x);
  return x == 0 || it == list.end() ? -1 : static_cast<int>(it - list.begin());
}

QIcon swatch(const Theme& theme, int series) {
  QPixmap square(16, 16);
  square.fill(Qt::transparent);
  QPainter p(&square);
  p.setRenderHint(QPainter::Antialiasing);
  p.setPen(Qt::NoPen);
  p.setBrush(theme.series(static_cast<std::size_t>(series)));
  p.drawRoundedRect(QRectF(3, 3, 10, 10), 2, 2);
  p.end();
  return QIcon(square);
}

void choose_data(QComboBox* box, const QVariant& data) {
  if (const int i = box->findData(data); i >= 0) box->setCurrentIndex(i);
}

}  // namespace

/// The runs and comparisons of the file are read when somebody looks, or asks for one of them.
void CompareView::know_file() {
  if (!session_ || std::exchange(known_, true)) return;
  stale_ = comparisons_stale_ = false;
  read_file();
  if (!heads_.empty()) return load(heads_.back(), 0, 0, false);
  choose_pair();
}

/// What changed while nobody looked.
void CompareView::catch_up() {
  if (!session_) return;
  if (!known_) return know_file();
  if (!std::exchange(stale_, false)) return;
  const std::size_t before = runs_.size();
  read_file();
  const bool other = std::exchange(comparisons_stale_, false);
  if ((other && mode_ == Mode::runs) || (runs_.size() != before && !view_)) choose_pair();
}

void CompareView::read_file() {
  if (!session_) return;
  runs_ = session_->store().run_heads();
  std::erase_if(runs_, [](const RunHead& r) { return r.status != RunStatus::finished; });
  heads_ = session_->store().comparison_heads();
  if (!run(a_run_) || !run(b_run_)) {
    a_run_ = b_run_ = 0;
    if (runs_.size() >= 2) a_run_ = runs_[runs_.size() - 2].id, b_run_ = runs_.back().id;
  }
  if (!run(run_id_)) run_id_ = runs_.empty() ? 0 : runs_.back().id;
  fill_boxes();
}

void CompareView::fill_boxes() {
  const QSignalBlocker q1(a_box_), q2(b_box_), q3(run_box_), q4(method_box_), q5(which_), q6(class_box_);
  std::vector<BoxRow> rows;
  for (const auto& r : runs_) rows.push_back({elided(one_line(r.name.empty() ? fmt::format("run {}", r.id) : r.name), 60), static_cast<qlonglong>(r.id)});
  set_box_rows(*run_box_, rows);
  std::map<int, QIcon> swatches;
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (const auto series = run_series_.find(runs_[i].id); series != run_series_.end()) {
      auto known = swatches.find(series->second);
      if (known == swatches.end()) known = swatches.emplace(series->second, swatch(theme_, series->second)).first;
      rows[i].icon = known->second;
    }
  if (mode_ != Mode::runs) rows.clear();
  for (auto* box : {a_box_, b_box_}) {
    std::vector<BoxRow> own = rows;
    // Where two runs have one colour in the run list, those that are compared still differ.
    const int shown = view_ ? (box == a_box_ ? view_->a : view_->b) : -1;
    const auto at = std::find_if(runs_.begin(), runs_.end(), [&](const RunHead& r) { return r.id == (box == a_box_ ? a_run_ : b_run_); });
    if (shown >= 0 && static_cast<std::size_t>(shown) < view_->runs.size() && at != runs_.end() && !own.empty()) own[static_cast<std::size_t>(at - runs_.begin())].icon = swatch(theme_, view_->runs[static_cast<std::size_t>(shown)].series);
    set_box_rows(*box, own);
  }
  if (mode_ == Mode::classes) {
    const auto names = short_names(classes_);
    for (std::size_t i = 0; i < names.size(); ++i)
      for (auto* box : {a_box_, b_box_}) box->addItem(one_line(names[i]), static_cast<int>(i));
  }
  const std::string judge = view_ && mode_ == Mode::runs ? view_->judge : method_;
  method_box_->clear();
  if (mode_ == Mode::runs) {
    if (view_)
      if (const Json& list = get(get(view_->json, "protocol"), "methods"); list.is_array())
        for (const auto& m : list) {
          const std::string id = text_of(m, "method"), mark = view_->loss_mark(id);
          method_box_->addItem(one_line(view_->method_name(id)) + (view_->in_loss(id) ? QStringLiteral(" · ") + text(mark) : QString()), text(id));
        }
  } else {
    for (const auto& m : methods()) {
      if (mode_ == Mode::methods)
        for (auto* box : {a_box_, b_box_}) box->addItem(text(m.name), text(m.id));
      method_box_->addItem(text(m.name), text(m.id));
    }
  }
  choose_data(run_box_, static_cast<qlonglong>(run_id_));
  choose_data(method_box_, text(judge));
  if (mode_ == Mode::runs) choose_data(a_box_, static_cast<qlonglong>(a_run_)), choose_data(b_box_, static_cast<qlonglong>(b_run_));
  if (mode_ == Mode::classes) choose_data(a_box_, class_a_), choose_data(b_box_, class_b_);
  if (mode_ == Mode::methods) choose_data(a_box_, text(method_a_)), choose_data(b_box_, text(method_b_));
  which_->clear();
  for (const auto& h : heads_) {
    if (index_of(h.runs, a_run_) < 0 || (b_run_ && index_of(h.runs, b_run_) < 0)) continue;
    which_->addItem(tr("%1 · %2 runs").arg(h.created.empty() ? tr("stored") : one_line(h.created.substr(0, 16)).replace(QLatin1Char('T'), QLatin1Char(' '))).arg(h.runs.size()), static_cast<qlonglong>(h.id));
  }
  choose_data(which_, static_cast<qlonglong>(shown_id_));
  class_box_->clear();
  class_box_->addItem(tr("All classes"), -1);
  const auto names = short_names(classes_);
  for (std::size_t i = 0; i < names.size(); ++i) class_box_->addItem(one_line(names[i]), static_cast<int>(i));
  class_box_->setCurrentIndex(class_filter_ < class_box_->count() ? class_filter_ : 0);
  run_box_->setVisible(mode_ != Mode::runs);
  method_box_->setVisible(mode_ != Mode::methods && method_box_->count() > 0);
  method_box_->setEnabled(method_box_->count() > 0);
  which_->setVisible(mode_ == Mode::runs && which_->count() > 1);
  for (QWidget* w : {static_cast<QWidget*>(a_box_), static_cast<QWidget*>(b_box_), static_cast<QWidget*>(swap_)}) w->setEnabled(a_box_->count() > 1);
  modes_->setEnabled(!runs_.empty());
}

void CompareView::choose_pair() {
  stop_jobs();
  if (!session_) return;
  if (mode_ == Mode::runs) {
    const ComparisonHead* found = nullptr;
    for (const auto& h : heads_)
      if (a_run_ && b_run_ && index_of(h.runs, a_run_) >= 0 && index_of(h.runs, b_run_) >= 0) found = &h;
    if (found) return load(*found, a_run_, b_run_, false);
    clear_parts();
    fill_boxes();
    stack_->setCurrentIndex(0);
    const RunHead *a = run(a_run_), *b = run(b_run_);
    if (!a || !b) start_->set_runs({}, runs_.empty() ? tr("No run has finished yet. Two finished runs stand side by side here.") : tr("Two finished runs stand side by side here, and this file has one: it needs another. Two classes or two methods of the one run can be compared already (above)."), true);
    else if (a->dataset != b->dataset) start_->set_runs({}, tr("These runs were trained on different data and cannot be compared. Choose two of one data set."));
    else {
      QString sentence = tr("No comparison of %1 and %2 is stored yet.").arg(one_line(a->name), one_line(b->name));
      const int of_a = max_length_of(session_->store().run(a->id)), of_b = max_length_of(session_->store().run(b->id));
      if (of_a != of_b) sentence += QLatin1Char('\n') + tr("They read posts to different lengths (%1 and %2 tokens): words that not both read are left out, and accuracies are of different readings.").arg(of_a).arg(of_b);
      start_->set_runs({a_run_, b_run_}, sentence);
    }
    return tell_state();
  }
  const RunHead* r = run(run_id_);
  clear_parts();
  if (!r) {
    fill_boxes();
    stack_->setCurrentIndex(0);
    start_->set_runs({}, tr("No run has finished yet. Its explanations stand side by side here."), true);
    return tell_state();
  }
  classes_ = session_->store().dataset(r->dataset).classes;
  const int n = static_cast<int>(classes_.size());
  class_a_ = std::clamp(class_a_, 0, std::max(0, n - 1)), class_b_ = std::clamp(class_b_, 0, std::max(0, n - 1));
  if (class_a_ == class_b_ && n > 1) class_b_ = (class_a_ + 1) % n;
  fill_boxes();
  stack_->setCurrentIndex(1);
  split_ = "test";
  read_rows();
  list_rows();
  tell_state();
}

void CompareView::load(const ComparisonHead& head, std::int64_t a, std::int64_t b, bool now) {
  stop_jobs();
  if (head.id == shown_id_ && stored_) return adopt(head, stored_, a, b);
  if (now || head.bytes <= most_at_once) return adopt(head, std::make_shared<const Json>(session_->store().comparison(head.id).result), a, b);
  ring_->show();
  post_->set_stale(true);
  doc_job_ = session_->work().submit(
      this, WorkQueue::Priority::visible, tr("Read a comparison"),
      [this, head, a, b](WorkQueue::Context& c) -> std::function<void()> {
        auto document = std::make_shared<const Json>(c.store.comparison(head.id).result);
        return [this, head, a, b, document] {
          doc_job_ = 0;
          ring_->hide();
          adopt(head, document, a, b);
        };
      },
      [this](const QString& message) {
        doc_job_ = 0;
        ring_->hide();
        Q_EMIT failed(message);
      });
}

void CompareView::adopt(const ComparisonHead& head, std::shared_ptr<const Json> document, std::int64_t a, std::int64_t b) {
  clear_parts();
  stored_ = std::move(document);
  stored_runs_ = head.runs;
  shown_id_ = head.id;
  mode_ = Mode::runs;
  modes_->set_current(0);
  const ComparisonView whole(*stored_);
  const auto id_of = [&](int i) { return i >= 0 && static_cast<std::size_t>(i) < stored_runs_.size() ? stored_runs_[static_cast<std::size_t>(i)] : 0; };
  if (!a && !b && !whole.runs.empty()) a = id_of(whole.a), b = id_of(whole.b);
  if (run(a)) a_run_ = a;
  if (b == 0 || run(b)) b_run_ = b;
  if (b_run_) run_id_ = b_run_;
  const Json& list = get(get(*stored_, "protocol"), "methods");
  const bool known = list.is_array() && std::any_of(list.begin(), list.end(), [&](const Json& m) { return text_of(m, "method") == method_; });
  if (!known) method_ = whole.judge;
  show_turned();
}

/// The compared runs in the colours of the run list, where these differ; else in the order of the stored document.
bool CompareView::colour_view() {
  std::vector<int> colours;
  for (std::size_t i = 0; i < view_->runs.size() && i < turned_.order.size(); ++i) {
    const auto stored = static_cast<std::size_t>(turned_.order[i]);
    const auto known = run_series_.find(stored < stored_runs_.size() ? stored_runs_[stored] : 0);
    if (known != run_series_.end()) colours.push_back(known->second);
  }
  const bool apart = colours.size() == view_->runs.size() && std::set<int>(colours.begin(), colours.end()).size() == colours.size();
  bool changed = false;
  for (std::size_t i = 0; i < view_->runs.size() && i < turned_.order.size(); ++i) {
    const int colour = apart ? colours[i] : turned_.order[i] % 6;
    if (std::exchange(view_->runs[i].series, colour) != colour) changed = true;
  }
  return changed;
}

void CompareView::show_turned() {
  const std::int64_t kept = document_;
  post_->set_post(nullptr);
  slopes_->set_post(nullptr);
  overlap_->set_comparison(nullptr), words_->set_comparison(nullptr), split_table_->set_comparison(nullptr);
  view_.reset();
  turned_ = turned(*stored_, index_of(stored_runs_, a_run_), index_of(stored_runs_, b_run_), method_);
  view_ = std::make_unique<ComparisonView>(turned_.document);
  const auto& v = *view_;
  colour_view();
  split_ = text_of(get(v.json, "protocol"), "split");
  classes_ = v.classes;
  if (const RunHead* r = run(a_run_)) {
    try {
      classes_ = session_->store().dataset(r->dataset).classes;
    } catch (const std::exception&) {  // classes of the document do
    }
  }
  const bool waited = start_->hasFocus() || start_->isAncestorOf(QApplication::focusWidget());
  stack_->setCurrentIndex(1);
  if (waited) posts_->setFocus(Qt::OtherFocusReason);
  fill_boxes();
  overlap_->set_comparison(view_.get());
  overlap_panel_->set_caption(overlap_->caption());
  pair_->setText(overlap_->pair_text(overlap_->ring()));
  words_->set_comparison(view_.get());
  words_panel_->set_caption(words_->caption());
  split_table_->set_comparison(view_.get());
  const auto count = integer_of(get(v.json, "protocol"), "posts");
  split_panel_->set_caption(tr("%1 %2 posts").arg(count >= 0 ? text(thousands(count)) : QStringLiteral("–"), one_line(split_)));
  const Json& row = v.mean(v.judge, "overlap@");
  headline_->setText(row.is_null() ? one_line(v.headline()) : tr("%1 · %2 by %3").arg(one_line(v.headline()), one_line(text_of(row, "metric")), one_line(v.method_name(v.judge))));
  tell_state();
  // What the document paints is there at once; the other posts follow.
  std::vector<ComparedRow> rows;
  const auto label_of = [&](const std::string& name) {
    const auto it = std::find(classes_.begin(), classes_.end(), name);
    return it == classes_.end() ? -1 : static_cast<int>(it - classes_.begin());
  };
  if (const Json& posts = get(v.json, "posts"); posts.is_array() && !v.runs.empty())
    for (const auto& p : posts) {
      if (rows.size() >= 200) break;
      const auto of = [&](const char* key, int run) -> const Json& { return get(get(p, key), static_cast<std::size_t>(std::max(0, run))); };
      ComparedRow r{integer_of(p, "doc", 0), label_of(text_of(p, "class")), label_of(text_of(of("predicted", v.a))), v.b < 0 ? -1 : label_of(text_of(of("predicted", v.b))), number_of(of("probability", v.a)), v.b < 0 ? NAN : number_of(of("probability", v.b)), text(title_of(text_of(p, "text")))};
      rows.push_back(std::move(r));
    }
  document_ = kept;
  set_rows(std::move(rows));
  read_rows();
}

void CompareView::clear_parts() {
  // What is shown points into the document: take it away first.
  post_->set_post(nullptr);
  slopes_->set_post(nullptr);
  overlap_->set_comparison(nullptr), words_->set_comparison(nullptr), split_table_->set_comparison(nullptr);
  confusion_->set_counts({}, {}, {}, {});
  scores_->clear();
  note_->hide();
  behind_.reset();
  behind_chip_->hide();
  view_.reset();
  stored_.reset();
  stored_runs_.clear();
  turned_ = {};
  shown_id_ = 0;
  rows_.clear();
}

}  // namespace telltale::ui
