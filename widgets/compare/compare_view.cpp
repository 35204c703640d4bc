#include "widgets/compare/compare_view.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <QComboBox>
#include <QFileDialog>
#include <QLabel>
#include <QPushButton>
#include <QScrollArea>
#include <QScrollBar>
#include <QToolButton>
#include <algorithm>
#include <utility>

#include "base/files.hpp"
#include "report/comparison_html.hpp"
#include "report/numbers.hpp"
#include "widgets/compare/comparison_parts.hpp"
#include "widgets/compare/confusion_table.hpp"
#include "widgets/compare/rank_slopes.hpp"
#include "widgets/compare/start_page.hpp"
#include "widgets/export/view_menu.hpp"
#include "widgets/inspect/busy_ring.hpp"
#include "widgets/inspect/explainer.hpp"
#include "widgets/inspect/segmented.hpp"
#include "widgets/panel.hpp"
#include "widgets/row_list.hpp"
#include "widgets/shell/words.hpp"

namespace telltale::ui {

CompareView::CompareView(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
  build();
  connect_parts();
  set_session(nullptr);
}

CompareView::~CompareView() { set_session(nullptr); }

void CompareView::connect_parts() {
  connect(modes_, &Segmented::chosen, this, [this](int i) {
    if (document_) wanted_ = document_;
    set_mode(static_cast<Mode>(i));
  });
  connect(swap_, &QToolButton::clicked, this, &CompareView::swap);
  connect(page_, &QToolButton::clicked, this, &CompareView::export_page);
  connect(run_box_, &QComboBox::activated, this, [this] { run_id_ = run_box_->currentData().toLongLong(), choose_pair(); });
  for (const auto& [box, first] : {std::pair{a_box_, true}, {b_box_, false}})
    connect(box, &QComboBox::activated, this, [this, box = box, first = first] {
      const QVariant v = box->currentData();
      if (mode_ == Mode::runs) {
        auto &mine = first ? a_run_ : b_run_, &other = first ? b_run_ : a_run_;
        if (const auto was = mine; (mine = v.toLongLong()) == other) other = was;  // one run is not compared with itself
      } else if (mode_ == Mode::classes) {
        auto &mine = first ? class_a_ : class_b_, &other = first ? class_b_ : class_a_;
        if (const auto was = mine; (mine = v.toInt()) == other) other = was;
      } else {
        auto &mine = first ? method_a_ : method_b_, &other = first ? method_b_ : method_a_;
        if (const auto was = mine; (mine = v.toString().toStdString()) == other) other = was;
      }
      choose_pair();
    });
  connect(method_box_, &QComboBox::activated, this, [this] { choose_method(method_box_->currentData().toString().toStdString()); });
  connect(which_, &QComboBox::activated, this, [this] {
    for (const auto& h : heads_)
      if (h.id == which_->currentData().toLongLong()) return load(h, a_run_, b_run_, false);
  });
  connect(control_, &QPushButton::clicked, this, [this] { a_run_ = control_->property("run").toLongLong(), choose_pair(); });
  connect(class_box_, &QComboBox::activated, this, [this](int i) { class_filter_ = i, list_rows(); });
  connect(agreement_box_, &QComboBox::activated, this, [this](int i) { agreement_ = i, list_rows(); });
  connect(behind_chip_, &QPushButton::clicked, this, &CompareView::clear_behind);
  connect(posts_, &RowList::chosen, this, [this](std::int64_t document) { wanted_ = 0, choose_post(document); });
  connect(previous_, &QToolButton::clicked, this, [this] { step_post(-1); });
  connect(next_, &QToolButton::clicked, this, [this] { step_post(1); });
  connect(drawer_, &QToolButton::toggled, this, &CompareView::arrange);
  connect(tabs_, &Segmented::chosen, this, &CompareView::arrange);
  connect(post_, &ComparedPost::hovered, this, &CompareView::ring);
  connect(slopes_, &RankSlopes::hovered, this, [this](int word) {
    ring(word);
    if (const QRectF box = post_->box_of(word); !box.isEmpty()) post_area_->ensureVisible(static_cast<int>(box.center().x()), static_cast<int>(box.center().y()), 40, 60);
  });
  connect(top_box_, &QComboBox::currentIndexChanged, this, [this] { slopes_->set_top(top_box_->currentData().toInt()); });
  connect(metric_box_, &QComboBox::activated, this, [this](int i) {
    overlap_->set_weighted(i == 1);
    overlap_panel_->set_caption(overlap_->caption());
    pair_->setText(overlap_->pair_text(overlap_->ring()));
  });
  connect(overlap_, &OverlapMatrices::hovered, this, [this](int key) {
    if (key < 0) overlap_->set_ring(key = overlap_->first_key());
    pair_->setText(overlap_->pair_text(key));
  });
  connect(overlap_, &OverlapMatrices::chosen, this, [this](int key) {
    const auto pair = overlap_->pair(key);
    if (!pair || !view_) return;
    std::vector<int> labels;
    for (std::size_t i = 0; i < classes_.size(); ++i)
      if (classes_[i] == pair->a || classes_[i] == pair->b) labels.push_back(static_cast<int>(i));
    const auto names = short_names({pair->a, pair->b});
    look_behind(pair->words, labels, tr("%1, %2: words they share").arg(one_line(names[0]), one_line(names[1])));
  });
  connect(pair_, &QLabel::linkActivated, this, [this](const QString& link) {
    if (!link.startsWith(QLatin1String("word:"))) return;
    const std::string word = QByteArray::fromHex(link.mid(5).toLatin1()).toStdString();
    look_behind({word}, {}, tr("“%1”").arg(elided(one_line(word), 24)));
  });
  connect(words_, &WordsChanged::chosen, this, [this](int key) {
    if (const std::string word = words_->word(key); !word.empty()) look_behind({word}, {}, tr("“%1”").arg(elided(one_line(word), 24)));
  });
  connect(pages_, &Segmented::chosen, this, [this](int i) {
    split_stack_->setCurrentIndex(i == 1 ? 1 : 0);
    if (i != 1) split_table_->set_page(i == 2 ? SplitTable::Page::references : i == 3 ? SplitTable::Page::hide : SplitTable::Page::figures);
    for (QWidget* w = split_table_->parentWidget(); w; w = w->parentWidget())
      if (auto* area = qobject_cast<QScrollArea*>(w)) {
        area->verticalScrollBar()->setValue(0);  // another page begins at its top
        break;
      }
    tell_state();
  });
  connect(confusion_, &ConfusionTable::chosen, this, [this](int key) {
    const int n = static_cast<int>(classes_.size());
    std::set<std::int64_t> found;
    for (const auto& r : rows_)
      if (r.a == key / n && r.b == key % n) found.insert(r.document);
    show_behind(std::move(found), tr("A says %1, B says %2").arg(class_name(key / n), class_name(key % n)));
  });
  connect(start_, &StartPage::failed, this, &CompareView::failed);
  connect(&theme_, &Theme::changed, this, [this] {  // swatches are pictures, and links keep the colour that they were made with
    fill_boxes();
    if (!view_) return;
    const QString pair = overlap_->pair_text(overlap_->ring());
    pair_->clear();
    pair_->setText(pair);
  });
  connect(start_, &StartPage::new_run_asked, this, &CompareView::new_run_asked);
  for (auto* menu : findChildren<ViewMenu*>()) connect(menu, &ViewMenu::failed, this, &CompareView::failed);
}

void CompareView::set_session(Session* session) {
  stop_jobs();
  if (session_) disconnect(session_, nullptr, this, nullptr);
  session_ = session;
  start_->set_session(session);
  clear_parts();
  runs_.clear();
  heads_.clear();
  rows_.clear();
  posts_->set_rows({});
  a_run_ = b_run_ = run_id_ = document_ = wanted_ = 0;
  class_filter_ = 0;
  known_ = stale_ = comparisons_stale_ = false;
  mode_ = Mode::runs;
  modes_->set_current(0);
  stack_->setCurrentIndex(0);
  if (!session) {
    fill_boxes();
    start_->set_runs({}, QString());
    return tell_state();
  }
  connect(session, &Session::comparisons_changed, this, [this] {
    if (!known_ || !isVisible()) return static_cast<void>(stale_ = comparisons_stale_ = true);
    read_file();
    if (mode_ == Mode::runs) choose_pair();
  });
  connect(session, &Session::runs_changed, this, [this] {
    stale_ = true;
    if (isVisible()) catch_up();
  });
  if (isVisible()) know_file();
}

void CompareView::showEvent(QShowEvent* e) {
  QWidget::showEvent(e);
  try {
    catch_up();
  } catch (const std::exception& error) {
    Q_EMIT failed(one_line(error.what()));
  }
}

void CompareView::stop_jobs() {
  for (auto* job : {&doc_job_, &rows_job_, &pair_job_, &behind_job_}) {
    if (session_ && *job) session_->work().cancel(*job);
    *job = 0;
  }
  ring_->hide();
}

const RunHead* CompareView::run(std::int64_t id) const {
  for (const auto& r : runs_)
    if (r.id == id) return &r;
  return nullptr;
}

QString CompareView::class_name(int label) const {
  if (label < 0 || static_cast<std::size_t>(label) >= classes_.size()) return QStringLiteral("–");
  return one_line(short_names(classes_)[static_cast<std::size_t>(label)]);
}

void CompareView::set_run_colours(const std::map<std::int64_t, int>& series) {
  if (series == run_series_) return;
  run_series_ = series;
  if (!session_) return;
  if (mode_ != Mode::runs || !view_ || !colour_view()) return fill_boxes();
  stop_jobs();
  show_turned();
}

void CompareView::set_mode(Mode mode) {
  if (mode == mode_ || !session_) return;
  if (mode_ == Mode::runs) run_id_ = b_run_ ? b_run_ : run_id_;
  mode_ = mode;
  modes_->set_current(static_cast<int>(mode));
  if (method_.empty()) method_ = "integrated-gradients";
  clear_behind();
  choose_pair();
}

void CompareView::show_runs(const std::vector<std::int64_t>& runs, std::int64_t document) {
  wanted_ = 0;
  know_file();
  const ComparisonHead* found = nullptr;
  for (const auto& h : heads_)
    if (runs.empty() || h.runs == runs) found = &h;
  // A comparison may hold controls that were not asked for: what was asked for stands first.
  for (const auto& h : heads_)
    if ((!found || found->runs.size() != runs.size()) && !runs.empty() && h.runs.size() > runs.size() && std::equal(runs.begin(), runs.end(), h.runs.begin())) found = &h;
  // A and B of the newest that holds both, in whichever order and among whichever others, as when they are chosen by hand.
  if (!found && runs.size() == 2)
    for (const auto& h : heads_)
      if (std::all_of(runs.begin(), runs.end(), [&](std::int64_t id) { return std::find(h.runs.begin(), h.runs.end(), id) != h.runs.end(); })) found = &h;
  if (!found) {
    if (runs.empty()) {
      if (document) throw std::invalid_argument(fmt::format("post {} is in no comparison: this file holds none yet", document));
      return;  // the page that makes one
    }
    for (const auto id : runs) (void)session_->store().run(id);  // throws, with the runs there are
    const bool two = runs.size() == 2 && run(runs[0]) && run(runs[1]);
    if (two) {
      a_run_ = runs[0], b_run_ = runs[1];
      if (mode_ != Mode::runs) set_mode(Mode::runs);
      else choose_pair();
    }
    throw std::invalid_argument(fmt::format("no comparison of runs {} is stored: {}", fmt::join(runs, ","), two ? "the button in Compare makes it" : "choose two finished runs in Compare, its button makes one"));
  }
  const ComparisonHead head = *found;
  const bool two = runs.size() == 2 && run(runs[0]) && run(runs[1]);  // else the two that the comparison is about
  load(head, two ? runs[0] : 0, two ? runs[1] : 0, true);
  if (document == 0) return;
  const auto wish = wish_of(document);
  bool known = painted(document) != nullptr;
  if (!known && wish) {
    try {
      known = stored_pair(session_->store(), *wish).has_value();
    } catch (const std::invalid_argument&) {  // no such post
    }
  }
  if (!known) throw std::invalid_argument(fmt::format("post {} is neither painted in this comparison nor explained by both runs", document));
  posts_->choose(document);
  choose_post(document);
}

void CompareView::show_stored(std::int64_t comparison) {
  know_file();
  for (const auto& h : heads_)
    if (h.id == comparison) return load(ComparisonHead(h), 0, 0, true);
  (void)session_->store().comparison(comparison);
}

void CompareView::swap() {
  if (!session_) return;
  if (mode_ == Mode::runs && b_run_) {
    // The comparison that is shown, and the pair of classes that was chosen in it, stay.
    for (const ComparisonHead& shown : heads_)
      if (shown.id == shown_id_ && view_) {
        const int ring = overlap_->ring();
        load(ComparisonHead(shown), b_run_, a_run_, false);
        if (!view_ || ring < 0) return;
        overlap_->set_ring(ring);
        return pair_->setText(overlap_->pair_text(ring));
      }
    std::swap(a_run_, b_run_);
  }
  if (mode_ == Mode::classes) std::swap(class_a_, class_b_);
  if (mode_ == Mode::methods) std::swap(method_a_, method_b_);
  choose_pair();
}

void CompareView::choose_method(const std::string& id) {
  if (id == method_) return;
  method_ = id;
  if (mode_ != Mode::runs) return choose_pair();
  if (!view_) return;
  stop_jobs();
  show_turned();
}

// ---- the list of posts
void CompareView::tell_state() {
  QString state;
  control_->hide();
  page_->setEnabled(view_ != nullptr);
  mcnemar_->setVisible(false);
  if (view_ && mode_ == Mode::runs) {
    const auto& v = *view_;
    state = v.in_loss(v.judge) ? tr("! in the loss: no independent judge") : tr("✓ same protocol");
    if (v.b >= 0) {
      const RunHead* b = run(b_run_);
      const auto control = integer_of(get(get(v.json, "runs"), static_cast<std::size_t>(v.b)), "control");
      if (control >= 0 && static_cast<std::size_t>(control) < turned_.order.size()) {
        const auto old = static_cast<std::size_t>(turned_.order[static_cast<std::size_t>(control)]);
        const std::int64_t id = old < stored_runs_.size() ? stored_runs_[old] : 0;
        if (id == a_run_) state = tr("✓ against its control");
        else if (b && run(id)) {
          control_->setProperty("run", static_cast<qlonglong>(id));
          control_->setToolTip(tr("B was warm-started. Only the difference to its control, “%1” (same steps without the terms), is owed to its loss.").arg(one_line(run(id)->name)).toHtmlEscaped());
          control_->show();
        }
      }
    }
    if (pages_->current() == 3) {
      // Of A and B alone: the document's own sentence names all its runs.
      QStringList parted;
      for (const int r : {v.a, v.b})
        if (const Json& kinds = get(get(get(v.json, "hide"), "parted"), static_cast<std::size_t>(std::max(0, r))); r >= 0 && kinds.is_array())
          if (std::any_of(kinds.begin(), kinds.end(), [](const Json& k) { return get(k, "parted") == true; })) parted << QStringLiteral("“%1”").arg(one_line(text_of(get(get(v.json, "runs"), static_cast<std::size_t>(r)), "name")));
      const QString message = one_line(text_of(get(v.json, "hide"), "message"));
      mcnemar_->setText(!get(get(v.json, "hide"), "parted").is_array() && !message.isEmpty() ? message  // of a version that did not tell the runs apart
                        : parted.isEmpty() ? tr("Deleting words and putting [PAD] in their place cost the same within their intervals.")
                                         : tr("Deleting words and putting [PAD] in their place do not cost the same accuracy in %1: [PAD] is no absent word to it, occlusion by [PAD] no independent judge of it.").arg(parted.join(tr(" and "))));
      mcnemar_->setVisible(get(v.json, "hide").is_object());
    } else if (const Json& m = v.contrast < 0 ? get(v.json, "none") : get(get(get(get(v.json, "accuracy"), "contrasts"), static_cast<std::size_t>(v.contrast)), "mcnemar"); m.is_object()) {
      mcnemar_->setText(tr("both right %1   ·   only A %2   ·   only B %3   ·   both wrong %4   ·   McNemar p %5")
                            .arg(text(thousands(integer_of(m, "both", 0))), text(thousands(integer_of(m, "only_a", 0))), text(thousands(integer_of(m, "only_b", 0))), text(thousands(integer_of(m, "neither", 0))), text(fixed(number_of(m, "p"), 2))));
      mcnemar_->setVisible(true);
    }
  } else if (mode_ == Mode::classes) {
    state = tr("why A against why B");
  } else if (mode_ == Mode::methods) {
    state = tr("as shares of Σ|score|");
  }
  state_->setText(state);
  arrange();
}

// ---- the page

void CompareView::write_page(const QString& file) {
  if (!session_ || !view_) return;
  session_->work().submit(
      this, WorkQueue::Priority::soon, tr("Export the comparison"),
      [this, file, document = turned_.document](WorkQueue::Context&) -> std::function<void()> {
        write_file_atomically(std::filesystem::path(file.toStdString()), comparison_html(document));
        return [this, file] { Q_EMIT page_written(file); };
      },
      [this](const QString& message) { Q_EMIT failed(tr("The page was not written: %1").arg(message)); });
}

QString CompareView::csv() const { return split_table_->csv(); }

void CompareView::export_page() {
  if (!view_) return;
  const QString file = QFileDialog::getSaveFileName(this, tr("Export page"), QStringLiteral("comparison.html"), tr("HTML pages (*.html)"));
  if (!file.isEmpty()) write_page(file);
}

}  // namespace telltale::ui
