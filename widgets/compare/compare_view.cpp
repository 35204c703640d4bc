#include "widgets/compare/compare_view.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <QComboBox>
#include <QFileDialog>
#include <QLabel>
#include <QPainter>
#include <QPushButton>
#include <QScrollArea>
#include <QScrollBar>
#include <QSignalBlocker>
#include <QSplitter>
#include <QStackedWidget>
#include <QToolButton>
#include <algorithm>
#include <cmath>
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

CompareView::CompareView(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
  build();
  connect_parts();
  set_session(nullptr);
}

CompareView::~CompareView() { set_session(nullptr); }

void CompareView::connect_parts() {
  connect(modes_, &Segmented::chosen, this, [this](int i) { set_mode(static_cast<Mode>(i)); });
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
  connect(class_box_, &QComboBox::activated, this, &CompareView::list_rows);
  connect(agreement_box_, &QComboBox::activated, this, [this](int i) { agreement_ = i, list_rows(); });
  connect(behind_chip_, &QPushButton::clicked, this, &CompareView::clear_behind);
  connect(posts_, &RowList::chosen, this, &CompareView::choose_post);
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
  a_run_ = b_run_ = run_id_ = document_ = 0;
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

void CompareView::set_run_colours(const std::map<std::int64_t, int>& series) {
  if (series == run_series_) return;
  run_series_ = series;
  if (session_) fill_boxes();
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
  for (auto* box : {a_box_, b_box_}) set_box_rows(*box, rows);
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
  const int of_class = class_box_->currentIndex();
  class_box_->clear();
  class_box_->addItem(tr("All classes"), -1);
  const auto names = short_names(classes_);
  for (std::size_t i = 0; i < names.size(); ++i) class_box_->addItem(one_line(names[i]), static_cast<int>(i));
  class_box_->setCurrentIndex(of_class >= 0 && of_class < class_box_->count() ? of_class : 0);
  run_box_->setVisible(mode_ != Mode::runs);
  method_box_->setVisible(mode_ != Mode::methods && method_box_->count() > 0);
  method_box_->setEnabled(method_box_->count() > 0);
  which_->setVisible(mode_ == Mode::runs && which_->count() > 1);
  for (QWidget* w : {static_cast<QWidget*>(a_box_), static_cast<QWidget*>(b_box_), static_cast<QWidget*>(swap_)}) w->setEnabled(a_box_->count() > 1);
  modes_->setEnabled(!runs_.empty());
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
    else start_->set_runs({a_run_, b_run_}, tr("No comparison of %1 and %2 is stored yet.").arg(one_line(a->name), one_line(b->name)));
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

void CompareView::show_turned() {
  const std::int64_t kept = document_;
  post_->set_post(nullptr);
  slopes_->set_post(nullptr);
  overlap_->set_comparison(nullptr), words_->set_comparison(nullptr), split_table_->set_comparison(nullptr);
  view_.reset();
  turned_ = turned(*stored_, index_of(stored_runs_, a_run_), index_of(stored_runs_, b_run_), method_);
  view_ = std::make_unique<ComparisonView>(turned_.document);
  const auto& v = *view_;
  for (std::size_t i = 0; i < v.runs.size() && i < turned_.order.size(); ++i) view_->runs[i].series = turned_.order[i] % 6;  // a run keeps its colour
  split_ = text_of(get(v.json, "protocol"), "split");
  classes_ = v.classes;
  if (const RunHead* r = run(a_run_)) {
    try {
      classes_ = session_->store().dataset(r->dataset).classes;
    } catch (const std::exception&) {  // classes of the document do
    }
  }
  stack_->setCurrentIndex(1);
  fill_boxes();
  overlap_->set_comparison(view_.get());
  overlap_panel_->set_caption(overlap_->caption());
  pair_->setText(overlap_->pair_text(overlap_->ring()));
  words_->set_comparison(view_.get());
  words_panel_->set_caption(words_->caption());
  split_table_->set_comparison(view_.get());
  const auto count = integer_of(get(v.json, "protocol"), "posts");
  split_panel_->set_caption(tr("%1 %2 posts").arg(count >= 0 ? text(thousands(count)) : QStringLiteral("–"), one_line(split_)));
  headline_->setText(one_line(v.headline()));
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

void CompareView::show_runs(const std::vector<std::int64_t>& runs, std::int64_t document) {
  know_file();
  const ComparisonHead* found = nullptr;
  for (const auto& h : heads_)
    if (runs.empty() || h.runs == runs) found = &h;
  // A comparison may hold controls that were not asked for: what was asked for stands first.
  for (const auto& h : heads_)
    if ((!found || found->runs.size() != runs.size()) && !runs.empty() && h.runs.size() > runs.size() && std::equal(runs.begin(), runs.end(), h.runs.begin())) found = &h;
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
  load(head, 0, 0, true);
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
  if (mode_ == Mode::runs && b_run_) std::swap(a_run_, b_run_);
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
  const bool kept = std::any_of(shown.begin(), shown.end(), [&](const auto& r) { return r.id == document_; });
  const bool none = shown.empty();
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
      const QString message = one_line(text_of(get(v.json, "hide"), "message"));
      mcnemar_->setText(message.isEmpty() ? tr("Deleting words and putting [PAD] in their place cost the same within their intervals.") : message);
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

void CompareView::export_page() {
  if (!view_) return;
  const QString file = QFileDialog::getSaveFileName(this, tr("Export page"), QStringLiteral("comparison.html"), tr("HTML pages (*.html)"));
  if (!file.isEmpty()) write_page(file);
}

}  // namespace telltale::ui
