#include "app/workbench/main_window.hpp"

#include <QApplication>
#include <QFileDialog>
#include <QFileInfo>
#include <QLabel>
#include <QPainter>
#include <QPushButton>
#include <QSplitter>
#include <QStackedWidget>
#include <QTimer>
#include <QToolButton>
#include <QVBoxLayout>
#include <algorithm>

#include "app/workbench/example_strip.hpp"
#include "app/workbench/parts.hpp"
#include "app/workbench/welcome_view.hpp"
#include "widgets/export/view_menu.hpp"
#include "widgets/icons.hpp"
#include "widgets/shell/appearance.hpp"
#include "widgets/shell/import_dialog.hpp"
#include "widgets/shell/job_bar.hpp"
#include "widgets/shell/notice_bar.hpp"
#include "widgets/shell/preferences.hpp"
#include "widgets/shell/recent_files.hpp"
#include "widgets/shell/run_dock.hpp"
#include "widgets/shell/settings_dialog.hpp"
#include "widgets/shell/warm_up.hpp"
#include "widgets/shell/words.hpp"

namespace telltale::ui {
namespace {

/// Width from which a workspace has room for the run list beside it.
int room_for_list(Workspace w) { return w == Workspace::inspect || w == Workspace::compare || w == Workspace::evaluate ? 1280 : 900; }

constexpr char moved[] = "moved";  // of a divider: by a person

/// The workspaces. Each lays itself out in the room there is: were their heights asked for by width, every change of a label anywhere would
/// measure the texts of all six again.
class Pages : public QStackedWidget {
 public:
  using QStackedWidget::QStackedWidget;
  bool hasHeightForWidth() const override { return false; }
};

/// The run list folded away: a strip that opens it.
class Rail : public QToolButton {
 public:
  Rail(Theme& theme, QWidget* parent) : QToolButton(parent), theme_(theme) {
    setFixedWidth(36);
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Expanding);
    setAccessibleName(tr("Show the run list"));
    setToolTip(tr("Show the run list (Ctrl B)"));
    connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
  }

 protected:
  void paintEvent(QPaintEvent*) override {
    QPainter p(this);
    p.fillRect(rect(), theme_[underMouse() ? "hover" : "panel"]);
    p.setPen(theme_[hasFocus() ? "focus" : "border"]);
    p.drawRect(rect().adjusted(0, 0, -1, -1));
    draw_icon(p, QRectF(10, 10, 16, 16), "right", theme_["text2"]);
    draw_icon(p, QRectF(10, 46, 16, 16), "runs", theme_["text2"]);
    p.setFont(theme_.font("table"));
    p.setPen(theme_["text2"]);
    p.translate(width() / 2.0, 72);
    p.rotate(90);
    p.drawText(QRectF(0, -10, 120, 20), Qt::AlignLeft | Qt::AlignVCenter, tr("Runs"));
  }

 private:
  Theme& theme_;
};

}  // namespace

MainWindow::MainWindow(Theme& theme, bool remember, Appearance* appearance) : theme_(theme), remember_(remember), appearance_(appearance) {
  setAcceptDrops(true);
  setMinimumSize(800, 560);
  resize(1440, 900);
  setWindowIcon(QIcon(QStringLiteral(":/icons/telltale.svg")));
  ask_open_file = [this](const QString& title, const QString& start, const QString& filter) { return QFileDialog::getOpenFileName(this, title, start, filter); };
  ask_new_file = [this](const QString& title, const QString& start) {
    QString file = QFileDialog::getSaveFileName(this, title, start, tr("Telltale files (*.telltale)"));
    if (!file.isEmpty() && QFileInfo(file).suffix().isEmpty()) file += QStringLiteral(".telltale");
    return file;
  };
  auto* page = new QWidget(this);
  auto* column = new QVBoxLayout(page);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  build_bars(column);
  splitter_ = new QSplitter(page);
  splitter_->setHandleWidth(theme.spacing("panelGap"));
  splitter_->setChildrenCollapsible(false);
  rail_ = new Rail(theme, page);
  dock_ = new RunDock(theme, splitter_);
  dock_->setMinimumWidth(220);
  dock_->setMaximumWidth(520);
  stack_ = new Pages(splitter_);
  splitter_->addWidget(dock_);
  splitter_->addWidget(stack_);
  splitter_->setStretchFactor(1, 1);
  splitter_->setSizes({276, 1158});
  auto* middle = new QHBoxLayout;
  middle->setContentsMargins(0, 0, 0, 0);
  middle->setSpacing(0);
  auto* rail_box = new QVBoxLayout;
  rail_box->setContentsMargins(6, 6, 0, 6);
  rail_box->addWidget(rail_);
  middle->addLayout(rail_box);
  middle->addWidget(splitter_, 1);
  column->addLayout(middle, 1);
  build_views();
  job_bar_ = new JobBar(theme, page);
  column->addWidget(job_bar_);
  setCentralWidget(page);
  dock_open_ = {{Workspace::runs, true}, {Workspace::new_run, true}, {Workspace::inspect, false}, {Workspace::compare, false}, {Workspace::evaluate, false}};
  build_menus();
  connect_views();
  choose_compute(remember_ ? stored_compute() : ComputeOptions{});
  if (remember_) restore_layout();
  list_recent();
  show_workspace(Workspace::welcome);
  std::vector<QWidget*> later;
  for (QWidget* w : {static_cast<QWidget*>(inspect_), as_widget(runs_), static_cast<QWidget*>(compare_), as_widget(evaluate_), as_widget(new_run_)})
    if (w) later.push_back(w);
  warm_up_ = new WarmUp(std::move(later), this);
}

void MainWindow::showEvent(QShowEvent* e) {
  QMainWindow::showEvent(e);
  warm_up_->start();
}

MainWindow::~MainWindow() {
  hide();  // a field that has the focus gives its value while all that it speaks to is there
  set_views(nullptr);
}

void MainWindow::build_bars(QVBoxLayout* column) {
  auto* bar = new QWidget(this);
  bar->setFixedHeight(theme_.spacing("toolbar"));
  auto* row = new QHBoxLayout(bar);
  row->setContentsMargins(6, 0, 8, 0);
  row->setSpacing(2);
  const auto tab = [&](Workspace workspace, const char* picture, const QString& name, const QString& tip) {
    auto* b = new QPushButton(icon(theme_, picture), QLatin1Char(' ') + name, bar);
    b->setAccessibleName(name);
    b->setObjectName(QStringLiteral("tab"));
    b->setCheckable(true);
    b->setFont(theme_.font("ui", Theme::Weight::medium));
    b->setToolTip(tip);
    row->addWidget(b);
    tabs_.push_back({workspace, b});
    connect(b, &QPushButton::clicked, this, [this, workspace] { show_workspace(workspace); });
  };
  if (has_runs_view) tab(Workspace::runs, "runs", tr("Runs"), tr("Start and watch runs (Ctrl 1)"));
  tab(Workspace::inspect, "inspect", tr("Inspect"), tr("One post, painted (Ctrl 2)"));
  tab(Workspace::compare, "compare", tr("Compare"), tr("Two runs side by side (Ctrl 3)"));
  if (has_evaluate_view) tab(Workspace::evaluate, "evaluate", tr("Evaluate"), tr("Methods by metrics, with intervals (Ctrl 4)"));
  row->addStretch(1);
  find_button_ = new QPushButton(icon(theme_, "search", "text3"), tr("Find a post, run, setting or command    Ctrl K"), bar);
  find_button_->setObjectName(QStringLiteral("find"));
  find_button_->setFont(theme_.font("table"));
  find_button_->setAccessibleName(tr("Find anything"));
  find_button_->setToolTip(tr("Find a post, run, setting or command (Ctrl K)"));
  export_button_ = new QToolButton(bar);
  export_button_->setIcon(icon(theme_, "export"));
  export_button_->setText(tr("Export"));
  export_button_->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
  export_button_->setFont(theme_.font("table", Theme::Weight::medium));
  export_button_->setToolTip(tr("This view as PNG, SVG or PDF, its table as CSV (Ctrl E)"));
  theme_button_ = new QToolButton(bar);
  theme_button_->setIcon(icon(theme_, "sun"));
  theme_button_->setAccessibleName(tr("Light or dark"));
  theme_button_->setToolTip(tr("Light or dark (Ctrl Shift D)"));
  row->addWidget(find_button_);
  row->addSpacing(6);
  row->addWidget(export_button_);
  row->addWidget(theme_button_);
  column->addWidget(bar);
  auto* line = new QFrame(this);
  line->setObjectName(QStringLiteral("hairline"));
  line->setFixedHeight(1);
  column->addWidget(line);
  error_bar_ = new NoticeBar(theme_, this);
  notice_bar_ = new NoticeBar(theme_, this);
  column->addWidget(error_bar_);
  column->addWidget(notice_bar_);
  file_label_ = new QLabel(this);
  file_label_->setObjectName(QStringLiteral("quiet"));
  file_label_->setTextFormat(Qt::PlainText);
  file_label_->setFont(theme_.font("table"));
  file_label_->setContentsMargins(0, 4, 12, 0);
  menuBar()->setCornerWidget(file_label_);
  connect(find_button_, &QPushButton::clicked, this, &MainWindow::find_anything);
  connect(export_button_, &QToolButton::clicked, this, &MainWindow::export_view);
  connect(theme_button_, &QToolButton::clicked, this, [this] { choose_theme(theme_.mode() == Theme::Mode::dark ? QStringLiteral("light") : QStringLiteral("dark")); });
}

void MainWindow::build_views() {
  welcome_ = new WelcomeView(theme_, stack_);
  inspect_ = new InspectView(theme_, stack_);
  compare_ = new CompareView(theme_, stack_);
  runs_ = make_runs_view(theme_, stack_);
  new_run_ = make_new_run_view(theme_, stack_);
  evaluate_ = make_evaluate_view(theme_, stack_);
  for (QWidget* w : {static_cast<QWidget*>(welcome_), static_cast<QWidget*>(inspect_), static_cast<QWidget*>(compare_), as_widget(runs_), as_widget(new_run_), as_widget(evaluate_)})
    if (w) stack_->addWidget(w);
}

void MainWindow::connect_views() {
  for (const auto& [name, divider] : dividers()) connect(divider, &QSplitter::splitterMoved, divider, [divider = divider] { divider->setProperty(moved, true); });
  connect(splitter_, &QSplitter::splitterMoved, this, [this] { dock_width_ = dock_->width(); });
  connect(rail_, SIGNAL(clicked()), dock_action_, SLOT(trigger()));
  connect(welcome_, &WelcomeView::open_asked, this, &MainWindow::ask_file);
  connect(welcome_, &WelcomeView::example_asked, this, &MainWindow::open_example);
  connect(welcome_, &WelcomeView::new_run_asked, this, &MainWindow::show_new_run);
  connect(welcome_, &WelcomeView::import_asked, this, [this] { import_data(); });
  connect(welcome_, &WelcomeView::settings_asked, this, &MainWindow::show_settings);
  connect(welcome_, &WelcomeView::keys_asked, this, &MainWindow::show_keys);
  connect(welcome_, &WelcomeView::find_asked, this, &MainWindow::find_anything);
  connect(welcome_, &WelcomeView::file_chosen, this, [this](const QString& f) { try_open(f); });
  connect(welcome_, &WelcomeView::file_forgotten, this, [this](const QString& f) {
    forget_recent(f);
    list_recent();
  });
  connect(inspect_, &InspectView::failed, this, [this](const QString& m) { complain(m); });
  connect(compare_, &CompareView::failed, this, [this](const QString& m) { complain(m); });
  connect(dock_, &RunDock::failed, this, [this](const QString& m) { complain(m); });
  connect(dock_, &RunDock::new_run_asked, this, &MainWindow::show_new_run);
  connect(dock_, &RunDock::shown_changed, this, [this] {
    show_in_charts(runs_, *dock_);
    if (evaluate_) colour_runs(evaluate_, *dock_);
  });
  const auto colour_runs = [this] {
    const auto colours = dock_->colours();
    inspect_->set_run_colours(colours);
    compare_->set_run_colours(colours);
  };
  connect(&dock_->model(), &QAbstractItemModel::modelReset, this, colour_runs);
  connect(&dock_->model(), &QAbstractItemModel::dataChanged, this, colour_runs);
  connect(dock_, &RunDock::opened, this, [this](std::int64_t run) { show_post(run, 0); });
  connect(dock_, &RunDock::current_changed, this, [this](std::int64_t run) {
    if (session_) show_in_charts(runs_, *dock_);
    picked_ = dock_->tree().hasFocus() ? run : 0;  // by a person, not by what the file did
    if (run && session_ && workspace() == Workspace::evaluate) evaluate_run_of_list(evaluate_, *dock_);
    if (run && session_ && workspace() == Workspace::inspect && inspect_->run() != run) {
      try {
        inspect_->show_run(run);
      } catch (const std::exception& e) {
        complain(one_line(e.what()));
      }
    }
  });
  // What a view wrote, from whichever menu.
  const auto tell = [this](const QString& file) { notice_bar_->show_notice(NoticeBar::Kind::info, tr("Written: %1").arg(file)); };
  for (auto* menu : findChildren<ViewMenu*>()) connect(menu, &ViewMenu::exported, this, tell);
  connect(inspect_, &InspectView::written, this, tell);
  connect(compare_, &CompareView::page_written, this, tell);
  connect(compare_, &CompareView::new_run_asked, this, &MainWindow::show_new_run);
  connect_parts(*this, inspect_, compare_, runs_, new_run_, evaluate_);
  connect(&theme_, &Theme::changed, this, [this] { themes_->actions().value(theme_choice_ == QLatin1String("system") ? 0 : theme_choice_ == QLatin1String("light") ? 1 : 2)->setChecked(true); });
  if (appearance_)
    connect(appearance_, &Appearance::changed, this, [this] {
      if (theme_choice_ == QLatin1String("system")) theme_.set_mode(appearance_->system());
    });
}

Workspace MainWindow::workspace() const {
  QWidget* w = stack_->currentWidget();
  if (w == inspect_) return Workspace::inspect;
  if (w == compare_) return Workspace::compare;
  if (w == as_widget(runs_)) return Workspace::runs;
  if (w == as_widget(new_run_)) return Workspace::new_run;
  if (evaluate_ && w == as_widget(evaluate_)) return Workspace::evaluate;
  return Workspace::welcome;
}

void MainWindow::show_workspace(Workspace w) {
  first_view_waits_ = false;
  if (!session_) w = Workspace::welcome;
  QWidget* view = welcome_;
  if (w == Workspace::inspect) {
    view = inspect_;
    show_picked();
  }
  if (w == Workspace::compare) view = compare_;
  if (w == Workspace::runs && runs_) view = as_widget(runs_);
  if (w == Workspace::new_run && new_run_) view = as_widget(new_run_);
  if (w == Workspace::evaluate && evaluate_) {
    colour_runs(evaluate_, *dock_);
    view = as_widget(evaluate_);
  }
  QWidget* const before = stack_->currentWidget();
  QWidget* const focus = QApplication::focusWidget();
  if (before != view && focus && before->isAncestorOf(focus)) last_focus_[before] = focus;
  // The room first, then the view: shown beside a list that goes at once, it would lay itself out twice.
  if (before != view && session_) {
    const bool list = w != Workspace::welcome && dock_open_[w] && width() >= room_for_list(w);
    if (dock_->isVisible() != list) {
      dock_->setVisible(list);
      for (QWidget* laid : {static_cast<QWidget*>(splitter_), splitter_->parentWidget()}) QCoreApplication::sendPostedEvents(laid, QEvent::LayoutRequest);
    }
  }
  stack_->setCurrentWidget(view);
  if (session_ && isVisible() && !restored_.contains(view)) QTimer::singleShot(0, view, [this, view] { restore_dividers(view); });
  update_state();
  // The keyboard goes where it was in this view, or where one begins.
  if (before == view || !session_) return;
  const auto usable = [](const QWidget* w) { return w && w->isVisible() && w->isEnabled(); };
  QWidget* to = last_focus_[view];
  if (!usable(to)) to = view == as_widget(runs_) && dock_->isVisible() ? static_cast<QWidget*>(&dock_->tree()) : first_control(view);
  if (usable(to)) to->setFocus(Qt::OtherFocusReason);
}

/// Who chose a run in the list and then turns to Inspect wants to see that one, if it has something to say.
void MainWindow::show_picked() {
  const std::int64_t run = std::exchange(picked_, 0);
  const RunRow* row = session_ && run ? dock_->model().find(run) : nullptr;
  if (!row || row->status != RunStatus::finished || inspect_->run() == run) return;
  try {
    inspect_->show_run(run);
  } catch (const std::exception& e) {
    complain(one_line(e.what()));
  }
}

/// Whether something that can be seen in `part` is being read or computed.
bool MainWindow::is_due_in(const QWidget* part) const {
  for (const QObject* receiver : session_->work().receivers())
    for (const QObject* o = receiver; o; o = o->parent())
      if (const auto* w = qobject_cast<const QWidget*>(o)) {
        if (w->isVisible() && (w == part || part->isAncestorOf(w))) return true;
        break;
      }
  return false;
}

bool MainWindow::settled() const {
  if (first_view_waits_) return false;
  if (!session_) return !welcome_->example().reading();
  switch (workspace()) {
    case Workspace::inspect: return inspect_->settled();
    case Workspace::welcome: return true;
    case Workspace::compare: return compare_->settled();
    case Workspace::evaluate: return part_settled(as_widget(evaluate_));
    case Workspace::new_run: return !is_due_in(dock_) && part_settled(as_widget(new_run_));
    case Workspace::runs: return !is_due_in(dock_) && !is_due_in(as_widget(runs_)) && part_settled(as_widget(runs_));
  }
  return true;
}

void MainWindow::update_state() {
  const bool open = session_ != nullptr, writes = open && !session_->read_only(), runs = open && session_->training().running().has_value();
  const Workspace now = workspace();
  for (const Tab& t : tabs_) {
    t.button->setEnabled(open);
    const bool active = t.workspace == now || (t.workspace == Workspace::runs && now == Workspace::new_run);
    t.button->setChecked(active);
    t.button->setIcon(icon(theme_, t.workspace == Workspace::runs ? "runs" : t.workspace == Workspace::inspect ? "inspect" : t.workspace == Workspace::evaluate ? "evaluate" : "compare", active ? "accent" : "text3"));
  }
  for (QAction* a : need_file_) a->setEnabled(open);
  for (QAction* a : need_writing_) a->setEnabled(writes);
  for (QAction* a : need_running_) a->setEnabled(runs);
  if (pause_action_) pause_action_->setText(runs && session_->training().paused() ? tr("&Resume") : tr("&Pause"));
  export_button_->setEnabled(open);
  QString name = open ? one_line(session_->store().file().filename().string()) : tr("no file open");
  if (open && !writes) name += tr(" (read only)");
  const QString place = open ? one_line(session_->store().file().string()) : QString();
  if (file_label_->text() != elided(name, 80)) {
    file_label_->setText(elided(name, 80));
    file_label_->adjustSize();
    menuBar()->setCornerWidget(file_label_);  // makes room for another length
    file_label_->show();
  }
  file_label_->setToolTip(plain_tip(place));
  setWindowTitle(open ? tr("%1 – Telltale").arg(name) : tr("Telltale"));
  update_dock();
}

void MainWindow::update_dock() {
  const Workspace w = workspace();
  const bool has = session_ && w != Workspace::welcome, wanted = has && dock_open_[w];
  // Where there is little room the list is a rail, whatever was wanted.
  const bool fits = width() >= room_for_list(w);
  dock_->setVisible(wanted && fits);
  rail_->setVisible(has && w != Workspace::inspect && !(wanted && fits));  // Inspect has a list or a box of its own
  const int gap = theme_.spacing("panelGap");
  dock_->layout()->setContentsMargins(0, gap, 0, gap);
  const bool bare = w == Workspace::runs || w == Workspace::new_run;  // the others have margins of their own
  stack_->setContentsMargins(0, bare ? gap : 0, bare ? gap : 0, bare ? gap : 0);
  if (dock_action_) {
    dock_action_->setChecked(wanted && fits);
    dock_action_->setEnabled(has);
  }
  inspect_->set_run_list_elsewhere(w == Workspace::inspect && wanted && fits);
}

void MainWindow::set_dock_open(bool open) {
  dock_open_[workspace()] = open;
  const int needed = room_for_list(workspace());
  if (open && width() < needed && !isMaximized()) resize(needed, height());
  update_dock();
  if (open && dock_->isVisible()) dock_->tree().setFocus();
}

void MainWindow::resizeEvent(QResizeEvent* e) {
  QMainWindow::resizeEvent(e);
  find_button_->setText(width() >= 1180 ? tr("Find a post, run, setting or command    Ctrl K") : tr("Find…    Ctrl K"));
  export_button_->setToolButtonStyle(width() >= 1000 ? Qt::ToolButtonTextBesideIcon : Qt::ToolButtonIconOnly);
  update_dock();
}

void MainWindow::complain(const QString& message, const QString& details) {
  const QString line = elided(message.simplified(), 600);
  error_bar_->show_notice(NoticeBar::Kind::error, line, details.isEmpty() && message.size() > 600 ? message : details);
}

void MainWindow::show_new_run() {
  need_file(QStringLiteral("runs"), [this] { show_workspace(Workspace::new_run); });
}

void MainWindow::show_post(std::int64_t run, std::int64_t document) {
  try {
    inspect_->show_run(run, document);
    picked_ = 0;
    show_workspace(Workspace::inspect);
  } catch (const std::exception& e) {
    complain(one_line(e.what()));
  }
}

void MainWindow::find_runs() {
  if (!dock_->isVisible()) set_dock_open(true);
  dock_->tree().setFocus();
}

void MainWindow::choose_compute(const ComputeOptions& options) {
  compute_ = options;
  if (session_) session_->training().set_compute(options);
  job_bar_->set_machine(machine_text(options), tr("What runs and explanations are computed on (Settings, Ctrl ,)"));
  welcome_->set_machine(options);
}

void MainWindow::choose_theme(const QString& which) {
  theme_choice_ = which;
  if (which == QLatin1String("system")) {
    if (appearance_) theme_.set_mode(appearance_->system());
  } else {
    theme_.set_mode(which == QLatin1String("dark") ? Theme::Mode::dark : Theme::Mode::light);
  }
  themes_->actions().value(which == QLatin1String("system") ? 0 : which == QLatin1String("light") ? 1 : 2)->setChecked(true);
  if (remember_) preferences().setValue(QStringLiteral("window/theme"), which);
}

void MainWindow::step_text_size(int by) {
  const auto& sizes = Theme::scales();
  auto at = std::find(sizes.begin(), sizes.end(), theme_.scale());
  if (by > 0 && at + 1 < sizes.end()) ++at;
  if (by < 0 && at > sizes.begin()) --at;
  theme_.set_scale(by == 0 || at == sizes.end() ? 1 : *at);
  update_dock();
  if (remember_) preferences().setValue(QStringLiteral("window/text_size"), theme_.scale());
}

void MainWindow::remember_layout() {
  if (!remember_) return;
  remember_workspace();
  QSettings s = preferences();
  s.setValue(QStringLiteral("window/geometry"), saveGeometry());
  if (dock_width_ > 0) s.setValue(QStringLiteral("window/dock_width"), dock_width_);
  for (const auto& [name, divider] : dividers()) {
    if (!divider->property(moved).toBool()) continue;
    QVariantList sizes{static_cast<int>(divider->orientation())};
    for (const int size : divider->sizes()) sizes << size;
    s.setValue(name, sizes);
  }
  for (const auto& [workspace, open] : dock_open_) s.setValue(QStringLiteral("window/run_list_%1").arg(static_cast<int>(workspace)), open);
}

/// The dividers within the views, each under the name that it is remembered by.
std::vector<std::pair<QString, QSplitter*>> MainWindow::dividers() const {
  std::vector<std::pair<QString, QSplitter*>> out;
  for (int k = 0; k < stack_->count(); ++k) {
    int i = 0;
    for (QSplitter* s : stack_->widget(k)->findChildren<QSplitter*>())
      out.emplace_back(QStringLiteral("layout/%1/%2").arg(QLatin1String(stack_->widget(k)->metaObject()->className()).mid(14), QString::number(i++)), s);
  }
  return out;
}

/// As a person left them, once the view stands in the window: before, it has sizes of its own.
void MainWindow::restore_dividers(const QWidget* view) {
  if (!remember_ || !restored_.insert(view).second) return;
  const QSettings s = preferences();
  for (const auto& [name, divider] : dividers()) {
    if (!view->isAncestorOf(divider)) continue;
    const QVariantList kept = s.value(name).toList();
    if (kept.size() != divider->count() + 1 || kept[0].toInt() != static_cast<int>(divider->orientation())) continue;
    QList<int> sizes;
    for (int i = 1; i < kept.size(); ++i) sizes << std::clamp(kept[i].toInt(), 0, 10'000);
    for (int i = 0; i < divider->count(); ++i)
      if (divider->widget(i)->isVisible() && sizes[i] == 0) sizes[i] = divider->sizes()[i];  // it was folded away then
    divider->setSizes(sizes);
    divider->setProperty(moved, true);
  }
}

void MainWindow::restore_layout() {
  QSettings s = preferences();
  restoreGeometry(s.value(QStringLiteral("window/geometry")).toByteArray());
  const int width = std::clamp(s.value(QStringLiteral("window/dock_width"), 276).toInt(), 220, 520);
  splitter_->setSizes({width, std::max(400, this->width() - width)});
  for (auto& [workspace, open] : dock_open_) open = s.value(QStringLiteral("window/run_list_%1").arg(static_cast<int>(workspace)), open).toBool();
  theme_.set_scale(s.value(QStringLiteral("window/text_size"), 1).toDouble());
  const QString theme = s.value(QStringLiteral("window/theme"), QStringLiteral("system")).toString();
  choose_theme(theme == QLatin1String("dark") || theme == QLatin1String("light") ? theme : QStringLiteral("system"));
}

}  // namespace telltale::ui
