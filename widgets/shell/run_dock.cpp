#include "widgets/shell/run_dock.hpp"

#include <QAction>
#include <QApplication>
#include <QElapsedTimer>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QScrollBar>
#include <QSortFilterProxyModel>
#include <QToolButton>
#include <QTreeView>

#include "widgets/icons.hpp"
#include "widgets/panel.hpp"
#include "widgets/shell/run_delegate.hpp"
#include "widgets/shell/words.hpp"

namespace telltale::ui {
namespace {

constexpr int undo_ms = 20'000;
constexpr std::size_t curve_points = 24;
constexpr int most_shown = 6;
constexpr std::size_t many_runs = 100;
constexpr double slow_ms = 12;

std::vector<RunRow> rows_of(const std::vector<RunRecord>& runs) {
  std::vector<RunRow> rows;
  for (const RunRecord& r : runs)
    if (r.id > 0) rows.push_back(row_of(r));
  return rows;
}

std::vector<float> read_curve(Store& store, std::int64_t run, std::int64_t steps) {
  std::vector<float> out;
  const std::int64_t n = std::min<std::int64_t>(steps, static_cast<std::int64_t>(curve_points));
  for (std::int64_t i = 0; i < n; ++i) {
    double sum = 0;
    int count = 0;
    for (const StepRecord& s : store.steps(run, steps * i / n, std::max<std::int64_t>(1, std::min<std::int64_t>(8, steps / n)))) {
      const auto it = s.terms.is_object() ? s.terms.find("total") : s.terms.end();
      if (s.terms.is_object() && it != s.terms.end() && it->is_number()) sum += it->get<double>(), ++count;
    }
    if (count > 0) out.push_back(static_cast<float>(sum / count));
  }
  return out;
}

}  // namespace

RunDock::RunDock(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
  model_ = new RunModel(theme, this);
  proxy_ = new QSortFilterProxyModel(this);
  proxy_->setSourceModel(model_);
  proxy_->setRecursiveFilteringEnabled(true);
  proxy_->setFilterRole(RunModel::TextRole);
  proxy_->setFilterCaseSensitivity(Qt::CaseInsensitive);
  build();
  build_actions();
  undo_timer_.setSingleShot(true);
  undo_timer_.setInterval(undo_ms);
  curves_timer_.setSingleShot(true);
  curves_timer_.setInterval(60);
  connect(&undo_timer_, &QTimer::timeout, this, [this] {
    undo_bar_->hide();
    const auto due = deleted_;
    for (const auto run : due) carry_out(run);
  });
  connect(&curves_timer_, &QTimer::timeout, this, &RunDock::load_curves);
  connect(model_, &RunModel::shown_changed, this, [this] {
    update_footer();
    Q_EMIT shown_changed();
  });
  connect(model_, &RunModel::renamed, this, &RunDock::rename);
  connect(proxy_, &QAbstractItemModel::modelReset, this, [this] {
    tree_->expandAll();
    select(current_);
  });
  connect(tree_->selectionModel(), &QItemSelectionModel::currentChanged, this, [this](const QModelIndex& index) {
    if (const std::int64_t id = index.data(RunModel::IdRole).toLongLong(); id != 0 && id != current_) {
      current_ = id;
      Q_EMIT current_changed(id);
    }
    update_actions();
  });
  connect(&theme, &Theme::changed, this, [this] { tree_->viewport()->update(); });
  update_actions();
  update_footer();
}

RunDock::~RunDock() { set_session(nullptr); }

void RunDock::build() {
  auto* all = new QVBoxLayout(this);
  all->setContentsMargins(0, 0, 0, 0);
  auto* panel = new Panel(theme_, tr("Runs"), this);
  auto* add = new QPushButton(icon(theme_, "plus", "text"), tr("New run"), panel);
  add->setObjectName(QStringLiteral("small"));
  add->setToolTip(tr("Choose data, model and preset, see the cost, start (Ctrl N)"));
  auto* more = new QToolButton(panel);
  more->setIcon(icon(theme_, "more"));
  more->setAccessibleName(tr("More about runs"));
  more->setToolTip(tr("What can be done with the chosen run"));
  panel->add_tool(add);
  panel->add_tool(more);
  auto* line = new QHBoxLayout;
  line->setContentsMargins(8, 6, 8, 6);
  filter_ = new QLineEdit(panel);
  filter_->setPlaceholderText(tr("Filter runs"));
  filter_->setAccessibleName(tr("Filter runs"));
  filter_->setToolTip(tr("Part of a name, preset, state or note"));
  filter_->setClearButtonEnabled(true);
  filter_->addAction(icon(theme_, "search", "text3"), QLineEdit::LeadingPosition);
  filter_->setFont(theme_.font("table"));
  line->addWidget(filter_);
  panel->body()->addLayout(line);
  panel->add_hairline();
  tree_ = new QTreeView(panel);
  tree_->setModel(proxy_);
  auto* delegate = new RunDelegate(theme_, tree_);
  tree_->setItemDelegate(delegate);
  tree_->setHeaderHidden(true);
  tree_->setRootIsDecorated(false);
  tree_->setIndentation(0);
  tree_->setMouseTracking(true);
  tree_->setFrameShape(QFrame::NoFrame);
  tree_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  tree_->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
  tree_->setEditTriggers(QAbstractItemView::NoEditTriggers);
  tree_->setExpandsOnDoubleClick(false);
  tree_->setContextMenuPolicy(Qt::CustomContextMenu);
  tree_->setAccessibleName(tr("Runs"));
  tree_->installEventFilter(this);
  panel->body()->addWidget(tree_, 1);
  empty_ = new EmptyNote(theme_, QString(), panel);
  panel->body()->addWidget(empty_, 1);
  undo_bar_ = new QWidget(panel);
  undo_bar_->setObjectName(QStringLiteral("undoBar"));
  undo_bar_->setAttribute(Qt::WA_StyledBackground);
  auto* bar = new QHBoxLayout(undo_bar_);
  bar->setContentsMargins(12, 4, 8, 4);
  undo_text_ = new QLabel(undo_bar_);
  undo_text_->setTextFormat(Qt::PlainText);
  undo_text_->setWordWrap(true);
  undo_text_->setFont(theme_.font("table"));
  auto* back = new QPushButton(icon(theme_, "undo", "text"), tr("Undo"), undo_bar_);
  back->setObjectName(QStringLiteral("small"));
  back->setToolTip(tr("Brings the run back (Ctrl Z)"));
  bar->addWidget(undo_text_, 1);
  bar->addWidget(back);
  undo_bar_->hide();
  panel->body()->addWidget(undo_bar_);
  panel->add_hairline();
  footer_ = new QLabel(panel);
  footer_->setObjectName(QStringLiteral("caption"));
  footer_->setFont(theme_.font("caption"));
  footer_->setContentsMargins(12, 7, 12, 7);
  panel->body()->addWidget(footer_);
  all->addWidget(panel);
  connect(add, &QPushButton::clicked, this, &RunDock::new_run_asked);
  connect(more, &QToolButton::clicked, this, [this, more] { show_menu(more->mapToGlobal(QPoint(0, more->height()))); });
  connect(back, &QPushButton::clicked, this, &RunDock::undo);
  connect(filter_, &QLineEdit::textChanged, this, [this](const QString& s) {
    proxy_->setFilterFixedString(s);
    tree_->expandAll();
    select(current_);
    update_footer();
    curves_timer_.start();
  });
  connect(delegate, &RunDelegate::swatch_clicked, this, &RunDock::choose_colour);
  connect(tree_, &QTreeView::clicked, this, [this](const QModelIndex& i) {
    if (!i.parent().isValid()) tree_->setExpanded(i, !tree_->isExpanded(i));
  });
  connect(tree_, &QTreeView::doubleClicked, this, [this](const QModelIndex& i) {
    if (i.parent().isValid()) Q_EMIT opened(i.data(RunModel::IdRole).toLongLong());
  });
  connect(tree_, &QWidget::customContextMenuRequested, this, [this](const QPoint& p) {
    if (tree_->indexAt(p).parent().isValid()) show_menu(tree_->viewport()->mapToGlobal(p));
  });
  connect(tree_->verticalScrollBar(), &QScrollBar::valueChanged, this, [this] { curves_timer_.start(); });
}

void RunDock::build_actions() {
  const auto action = [&](const QString& name, const QKeySequence& key, const QString& tip, auto&& what) {
    auto* a = new QAction(name, this);
    a->setShortcut(key);
    a->setShortcutContext(Qt::WidgetWithChildrenShortcut);
    a->setToolTip(tip);
    a->setStatusTip(tip);
    connect(a, &QAction::triggered, this, what);
    addAction(a);
    return a;
  };
  actions_.open = action(tr("&Inspect"), {}, tr("Shows a post as this run sees it"), [this] { if (current()) Q_EMIT opened(current()); });
  actions_.start = action(tr("&Start"), QKeySequence(Qt::CTRL | Qt::Key_Return), tr("Queues the run; one that was stopped goes on from its last checkpoint"), [this] { start_current(); });
  actions_.unqueue = action(tr("Take &out of the queue"), {}, tr("It stays in the list and can be started later"), [this] { if (session_) session_->training().remove(current()); });
  actions_.rename = action(tr("&Rename"), QKeySequence(Qt::Key_F2), tr("Another name for this run"), [this] { tree_->edit(tree_->currentIndex()); });
  actions_.duplicate = action(tr("D&uplicate"), QKeySequence(Qt::CTRL | Qt::Key_D), tr("A new run with the same settings, not started"), [this] { duplicate_current(); });
  actions_.note = action(tr("&Note…"), QKeySequence(Qt::CTRL | Qt::Key_J), tr("Remarks kept with the run"), [this] { edit_note(); });
  actions_.copy_id = action(tr("&Copy number"), QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_C), tr("The run's number, as the command line wants it"), [this] { QApplication::clipboard()->setText(QString::number(current())); });
  actions_.remove = action(tr("&Delete"), QKeySequence(Qt::Key_Delete), tr("Takes the run, its curves, explanations and weights out of the file; can be undone for a while"), [this] { remove_current(); });
  actions_.undo = action(tr("&Undo"), QKeySequence::Undo, tr("Takes back the last change of the run list"), [this] { undo(); });
  actions_.redo = action(tr("&Redo"), QKeySequence::Redo, tr("Does it again"), [this] { redo(); });
  actions_.redo->setShortcuts({QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_Z), QKeySequence(Qt::CTRL | Qt::Key_Y)});
  actions_.filter = action(tr("&Filter runs"), QKeySequence(Qt::CTRL | Qt::Key_F), tr("By name, preset, state or note"), [this] { filter_->setFocus(); filter_->selectAll(); });
}

void RunDock::set_session(Session* session) {
  if (session_) {
    carry_out_deletions();
    disconnect(session_, nullptr, this, nullptr);
    disconnect(&session_->training(), nullptr, this, nullptr);
  }
  session_ = session;
  done_.clear();
  undone_.clear();
  curves_at_.clear();
  live_ = 0;
  live_curve_.clear();
  current_ = 0;
  first_ = true;
  reading_ = read_again_ = false;
  last_read_ms_ = 0;
  wanted_shown_.reset();
  wanted_current_ = 0;
  undo_bar_->hide();
  filter_->clear();
  if (session_) {
    connect(session_, &Session::runs_changed, this, &RunDock::refresh);
    connect(&session_->training(), &TrainingQueue::events, this, &RunDock::hear);
    connect(&session_->training(), &TrainingQueue::changed, this, [this] {
      model_->set_queue(session_->training().waiting());
      const auto state = session_->training().state();
      if (state.run) model_->set_state(state.run, state.step, state.steps, session_->training().paused());
      update_actions();
    });
  }
  refresh();
}

void RunDock::refresh() {
  if (!session_) {
    take({});
    return;
  }
  // A file with very many runs is read beside the window's thread.
  if (first_ && last_read_ms_ == 0) {
    try {
      if (session_->store().run_heads().size() > many_runs) last_read_ms_ = slow_ms + 1;
    } catch (const std::exception&) {  // told below
    }
  }
  if (last_read_ms_ > slow_ms) {
    if (reading_) {
      read_again_ = true;
      return;
    }
    reading_ = true;
    session_->work().submit(
        this, WorkQueue::Priority::visible, tr("Reading the runs"),
        [this](WorkQueue::Context& c) -> std::function<void()> {
          return [this, rows = rows_of(c.store.runs())]() mutable {
            reading_ = false;
            take(std::move(rows));
            if (std::exchange(read_again_, false)) refresh();
          };
        },
        [this](const QString& e) {
          reading_ = false;
          Q_EMIT failed(e);
        });
    return;
  }
  QElapsedTimer clock;
  clock.start();
  try {
    take(rows_of(session_->store().runs()));
  } catch (const std::exception& e) {
    Q_EMIT failed(one_line(e.what()));
  }
  last_read_ms_ = static_cast<double>(clock.elapsed());
}

void RunDock::take(std::vector<RunRow> rows) {
  if (first_ && !rows.empty()) {  // the newest run with its pair
    first_ = false;
    const RunRow& last = rows.back();
    for (RunRow& r : rows) r.shown = r.id == last.id || (r.pair && r.pair == last.pair);
    if (std::count_if(rows.begin(), rows.end(), [](const RunRow& r) { return r.shown; }) > most_shown)
      for (RunRow& r : rows) r.shown = r.id == last.id;
  }
  model_->set_runs(std::move(rows));
  // What was asked for before the list knew of it.
  if (const auto wanted = wanted_shown_) show_only(*wanted);
  if (!read_again_) wanted_shown_.reset();
  if (session_) model_->set_queue(session_->training().waiting());
  const bool gone = current_ && !model_->find(current_);
  if (gone) current_ = 0;
  if (const auto wanted = wanted_current_) select(wanted);
  if (!read_again_) wanted_current_ = 0;
  if (!current_ && model_->count() > 0) {
    const auto shown = model_->shown();
    select(shown.empty() ? model_->ids().back() : shown.back());
  }
  if (gone && !current_) Q_EMIT current_changed(0);
  update_footer();
  update_actions();
  curves_timer_.start();
}

/// Of the rows that can be seen.
void RunDock::load_curves() {
  if (!session_) return;
  std::vector<std::pair<std::int64_t, std::int64_t>> wanted;
  const QRect view = tree_->viewport()->rect();
  for (QModelIndex i = tree_->indexAt(view.topLeft()); i.isValid() && tree_->visualRect(i).top() <= view.bottom(); i = tree_->indexBelow(i)) {
    const RunRow* r = i.data(RunModel::RowRole).value<const RunRow*>();
    if (!r || r->step < 2 || r->id == live_) continue;
    const auto known = curves_at_.find(r->id);
    if (known != curves_at_.end() && known->second == r->step) continue;
    curves_at_[r->id] = r->step;
    wanted.emplace_back(r->id, r->step);
  }
  if (wanted.empty()) return;
  session_->work().submit(this, WorkQueue::Priority::soon, tr("Reading curves"), [this, wanted](WorkQueue::Context& c) -> std::function<void()> {
    std::vector<std::pair<std::int64_t, std::vector<float>>> curves;
    for (const auto& [run, steps] : wanted) {
      if (c.stop.stop_requested()) throw Cancelled{};
      curves.emplace_back(run, read_curve(c.store, run, steps));
    }
    return [this, curves] {
      for (const auto& [run, curve] : curves)
        if (run != live_) model_->set_curve(run, curve);
    };
  });
}

void RunDock::hear(qint64 run, const std::vector<OrderedJson>& events) {
  for (const OrderedJson& e : events) {
    const std::string kind = e.value("event", "");
    if (kind == "start") {
      const RunRow* r = model_->find(run);
      live_ = run;
      live_curve_ = r ? r->curve : std::vector<float>();
      const auto steps = e.value("steps", std::int64_t{0});
      live_every_ = static_cast<int>(std::max<std::int64_t>(1, steps / static_cast<std::int64_t>(curve_points)));
      live_count_ = 0;
      live_sum_ = 0;
      if (e.value("step", std::int64_t{0}) == 0) live_curve_.clear();
      if (r && !r->shown && static_cast<int>(model_->shown().size()) < most_shown) model_->set_shown(run, true);
    } else if (kind == "step" && e.contains("terms") && e["terms"].contains("total") && e["terms"]["total"].is_number()) {
      live_sum_ += e["terms"]["total"].get<double>();
      if (++live_count_ < live_every_) continue;
      live_curve_.push_back(static_cast<float>(live_sum_ / live_count_));
      live_count_ = 0;
      live_sum_ = 0;
    } else if (kind == "finish") {
      // A curve of few points is read anew from the file.
      if (live_curve_.size() >= 8) {
        curves_at_[run] = e.value("step", std::int64_t{0});
        model_->set_curve(run, live_curve_);
      }
      live_ = 0;
    }
  }
  if (live_ == run && live_curve_.size() > 1) model_->set_curve(run, live_curve_);
}

std::int64_t RunDock::current() const { return current_; }

void RunDock::select(std::int64_t run) {
  wanted_current_ = run && !model_->find(run) ? run : 0;
  const QModelIndex index = proxy_->mapFromSource(model_->index_of(run));
  if (!index.isValid()) return;
  tree_->expand(index.parent());
  tree_->setCurrentIndex(index);
  tree_->scrollTo(index);
}

std::map<std::int64_t, int> RunDock::colours() const {
  std::map<std::int64_t, int> out;
  for (const std::int64_t id : model_->ids()) out[id] = model_->find(id)->series;
  return out;
}

void RunDock::show_only(const std::vector<std::int64_t>& runs) {
  const bool known = std::all_of(runs.begin(), runs.end(), [this](std::int64_t id) { return model_->find(id); });
  wanted_shown_ = known ? std::nullopt : std::optional(runs);
  for (const std::int64_t id : model_->ids()) model_->set_shown(id, std::find(runs.begin(), runs.end(), id) != runs.end());
}

void RunDock::update_actions() {
  const RunRow* r = model_->find(current_);
  const bool writes = session_ && !session_->read_only(), running = r && session_ && session_->training().running() == r->id, waits = r && r->queued > 0;
  const bool alive = running || (r && r->status == RunStatus::running);  // here or in another program
  actions_.open->setEnabled(r);
  actions_.start->setEnabled(writes && r && !alive && !waits && r->status != RunStatus::finished);
  actions_.start->setText(!r || r->status == RunStatus::queued ? tr("&Start") : r->status == RunStatus::failed ? tr("&Try again from the last checkpoint") : tr("&Continue from the last checkpoint"));
  actions_.unqueue->setEnabled(waits);
  actions_.rename->setEnabled(writes && r);
  actions_.duplicate->setEnabled(writes && r);
  actions_.note->setEnabled(writes && r);
  actions_.copy_id->setEnabled(r);
  actions_.remove->setEnabled(writes && r && !alive);
  actions_.undo->setEnabled(!done_.empty());
  actions_.undo->setText(done_.empty() ? tr("&Undo") : tr("&Undo: %1").arg(elided(done_.back().what, 50)));
  actions_.redo->setEnabled(!undone_.empty());
  actions_.redo->setText(undone_.empty() ? tr("&Redo") : tr("&Redo: %1").arg(elided(undone_.back().what, 50)));
  actions_.filter->setEnabled(session_);
}

void RunDock::update_footer() {
  const int n = model_->count(), shown = static_cast<int>(model_->shown().size());
  footer_->setText(n == 0 ? tr("no runs") : tr("%1 · %2 shown in the charts\nSpace shows or hides, Enter opens").arg(n == 1 ? tr("1 run") : tr("%1 runs").arg(n)).arg(shown));
  int matching = 0;
  for (int g = 0; g < proxy_->rowCount(); ++g) matching += proxy_->rowCount(proxy_->index(g, 0));
  const bool none = matching == 0;
  empty_->setVisible(none);
  tree_->setVisible(!none);
  empty_->setText(n > 0 ? tr("No runs match. Clear the filter to see all %1.").arg(n) : session_ ? tr("No runs yet. “New run” makes the first.") : tr("Runs of the open file stand here."));
}

bool RunDock::eventFilter(QObject* o, QEvent* e) {
  if (o == tree_ && e->type() == QEvent::KeyPress) {
    const auto* key = static_cast<QKeyEvent*>(e);
    // What the field of a rename passes on is no wish to open the run.
    if (const QWidget* focus = QApplication::focusWidget(); focus && focus != tree_ && tree_->isAncestorOf(focus)) return true;
    const QModelIndex index = tree_->currentIndex();
    if (index.isValid() && !index.parent().isValid() && (key->key() == Qt::Key_Space || key->key() == Qt::Key_Return)) {
      tree_->setExpanded(index, !tree_->isExpanded(index));
      return true;
    }
    if (index.isValid() && key->key() == Qt::Key_Space && key->modifiers() == Qt::NoModifier) {
      const RunRow* r = model_->find(current_);
      if (r) model_->set_shown(current_, !r->shown);
      return true;
    }
    if (index.parent().isValid() && (key->key() == Qt::Key_Return || key->key() == Qt::Key_Enter) && key->modifiers() == Qt::NoModifier) {
      Q_EMIT opened(current_);
      return true;
    }
  }
  return QWidget::eventFilter(o, e);
}

}  // namespace telltale::ui
