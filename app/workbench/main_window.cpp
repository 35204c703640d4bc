#include "app/workbench/main_window.hpp"

#include <QAction>
#include <QApplication>
#include <QDragEnterEvent>
#include <QFileDialog>
#include <QFileInfo>
#include <QLabel>
#include <QMenuBar>
#include <QMimeData>
#include <QPushButton>
#include <QStackedWidget>
#include <QToolButton>
#include <QUrl>
#include <QVBoxLayout>

#include "app/workbench/welcome_view.hpp"
#include "report/post_text.hpp"
#include "widgets/compare_view.hpp"
#include "widgets/inspect_view.hpp"

namespace telltale::ui {
namespace {

QString dropped_file(const QMimeData* data) {
  const auto urls = data ? data->urls() : QList<QUrl>();
  return urls.size() == 1 && urls[0].isLocalFile() ? urls[0].toLocalFile() : QString();
}

}  // namespace

MainWindow::MainWindow(Theme& theme) : theme_(theme) {
  setAcceptDrops(true);
  setMinimumSize(800, 560);
  resize(1440, 900);
  auto* page = new QWidget(this);
  auto* column = new QVBoxLayout(page);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  auto* bar = new QWidget(page);
  bar->setFixedHeight(theme.spacing("toolbar"));
  auto* tabs = new QHBoxLayout(bar);
  tabs->setContentsMargins(6, 0, 10, 0);
  tabs->setSpacing(2);
  const auto tab = [&](const QString& name, const QString& tip) {
    auto* b = new QPushButton(name, bar);
    b->setObjectName(QStringLiteral("tab"));
    b->setCheckable(true);
    b->setFont(theme_.font("ui", Theme::Weight::medium));
    b->setToolTip(tip);
    tabs->addWidget(b);
    return b;
  };
  inspect_tab_ = tab(tr("Inspect"), tr("One post, painted (Ctrl 2)"));
  compare_tab_ = tab(tr("Compare"), tr("Two runs side by side (Ctrl 3)"));
  tabs->addStretch(1);
  file_label_ = new QLabel(bar);
  file_label_->setObjectName(QStringLiteral("quiet"));
  file_label_->setFont(theme.font("table"));
  tabs->addWidget(file_label_);
  column->addWidget(bar);
  auto* line = new QFrame(page);
  line->setObjectName(QStringLiteral("hairline"));
  line->setFixedHeight(1);
  column->addWidget(line);
  error_bar_ = new QWidget(page);
  error_bar_->setAttribute(Qt::WA_StyledBackground);
  auto* inside = new QHBoxLayout(error_bar_);
  inside->setContentsMargins(12, 5, 8, 5);
  error_ = new QLabel(error_bar_);
  error_->setWordWrap(true);
  error_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  auto* dismiss = new QToolButton(error_bar_);
  dismiss->setText(QStringLiteral("✕"));
  dismiss->setAccessibleName(tr("Dismiss"));
  dismiss->setToolTip(tr("Dismiss (Esc)"));
  inside->addWidget(error_, 1);
  inside->addWidget(dismiss);
  error_bar_->hide();
  column->addWidget(error_bar_);
  stack_ = new QStackedWidget(page);
  welcome_ = new WelcomeView(theme, stack_);
  inspect_ = new InspectView(theme, stack_);
  compare_ = new CompareView(theme, stack_);
  stack_->addWidget(welcome_);
  stack_->addWidget(inspect_);
  stack_->addWidget(compare_);
  column->addWidget(stack_, 1);
  setCentralWidget(page);
  connect(inspect_tab_, &QPushButton::clicked, this, [this] { show_workspace(Workspace::inspect); });
  connect(compare_tab_, &QPushButton::clicked, this, [this] { show_workspace(Workspace::compare); });
  connect(dismiss, &QToolButton::clicked, error_bar_, &QWidget::hide);
  connect(welcome_, &WelcomeView::open_asked, this, &MainWindow::ask_file);
  connect(inspect_, &InspectView::failed, this, &MainWindow::complain);
  connect(compare_, &CompareView::failed, this, &MainWindow::complain);
  connect(&theme, &Theme::changed, this, [this] {
    if (error_bar_->isVisible()) complain(error_->text());
  });
  build_menus();
  show_workspace(Workspace::welcome);
}

MainWindow::~MainWindow() {
  inspect_->set_store(nullptr);
  compare_->set_store(nullptr);
}

void MainWindow::build_menus() {
  const auto action = [&](QMenu* menu, const QString& name, const QKeySequence& key, auto&& what) {
    QAction* a = menu->addAction(name);
    a->setShortcut(key);
    connect(a, &QAction::triggered, this, what);
    return a;
  };
  QMenu* file = menuBar()->addMenu(tr("&File"));
  action(file, tr("&Open…"), QKeySequence(Qt::CTRL | Qt::Key_O), [this] { ask_file(); });
  need_file_ << action(file, tr("&Close"), QKeySequence(Qt::CTRL | Qt::Key_W), [this] { close_file(); });
  need_file_ << action(file, tr("&Read again"), QKeySequence(Qt::Key_F5), [this] { try_open(QString::fromStdString(store_->file().string())); });
  file->addSeparator();
  action(file, tr("&Quit"), QKeySequence(Qt::CTRL | Qt::Key_Q), [] { QCoreApplication::exit(0); });
  QMenu* view = menuBar()->addMenu(tr("&View"));
  need_file_ << action(view, tr("&Inspect"), QKeySequence(Qt::CTRL | Qt::Key_2), [this] { show_workspace(Workspace::inspect); });
  need_file_ << action(view, tr("&Compare"), QKeySequence(Qt::CTRL | Qt::Key_3), [this] { show_workspace(Workspace::compare); });
  view->addSeparator();
  const auto step = [this](int by) { stack_->currentWidget() == compare_ ? compare_->step_post(by) : inspect_->step_post(by); };
  need_file_ << action(view, tr("&Previous post"), QKeySequence(Qt::ALT | Qt::Key_Up), [step] { step(-1); });
  need_file_ << action(view, tr("&Next post"), QKeySequence(Qt::ALT | Qt::Key_Down), [step] { step(1); });
  view->addSeparator();
  dark_ = action(view, tr("&Dark"), QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_D), [this] { theme_.set_mode(theme_.mode() == Theme::Mode::dark ? Theme::Mode::light : Theme::Mode::dark); });
  dark_->setCheckable(true);
  dark_->setChecked(theme_.mode() == Theme::Mode::dark);
}

void MainWindow::open(const std::filesystem::path& file) {
  auto store = Store::open(file, Store::Mode::read);
  store->mark_interrupted_runs();  // in read mode only how they are shown
  inspect_->set_store(nullptr);
  compare_->set_store(nullptr);
  store_ = std::move(store);
  try {
    inspect_->set_store(store_.get());
    compare_->set_store(store_.get());
  } catch (...) {
    close_file();
    throw;
  }
  error_bar_->hide();
  show_workspace(!inspect_->shows_post() && compare_->shows_comparison() ? Workspace::compare : Workspace::inspect);
}

void MainWindow::close_file() {
  inspect_->set_store(nullptr);
  compare_->set_store(nullptr);
  store_.reset();
  show_workspace(Workspace::welcome);
}

void MainWindow::show_workspace(Workspace w) {
  if (!store_) w = Workspace::welcome;
  stack_->setCurrentWidget(w == Workspace::inspect ? static_cast<QWidget*>(inspect_) : w == Workspace::compare ? static_cast<QWidget*>(compare_) : welcome_);
  update_state();
}

void MainWindow::update_state() {
  const bool open = store_ != nullptr;
  inspect_tab_->setEnabled(open);
  compare_tab_->setEnabled(open);
  inspect_tab_->setChecked(stack_->currentWidget() == inspect_);
  compare_tab_->setChecked(stack_->currentWidget() == compare_);
  for (QAction* a : need_file_) a->setEnabled(open);
  const QString name = open ? text(clean_utf8(store_->file().filename().string())) : tr("no file open");
  file_label_->setText(name);
  file_label_->setToolTip(open ? text(clean_utf8(store_->file().string())) : QString());
  setWindowTitle(open ? tr("%1 – Telltale").arg(name) : tr("Telltale"));
}

void MainWindow::complain(const QString& message) {
  error_bar_->setStyleSheet(QStringLiteral("QWidget{background:%1;} QLabel{color:%2;} QToolButton{color:%2;}").arg(theme_["errorSoft"].name(), theme_["error"].name()));
  error_->setText(message);
  error_bar_->show();
}

void MainWindow::ask_file() {
  const QString start = store_ ? QFileInfo(QString::fromStdString(store_->file().string())).absolutePath() : QString();
  const QString file = QFileDialog::getOpenFileName(this, tr("Open file"), start, tr("Telltale files (*.telltale);;All files (*)"));
  if (!file.isEmpty()) try_open(file);
}

void MainWindow::try_open(const QString& file) {
  try {
    open(std::filesystem::path(file.toStdString()));
  } catch (const std::exception& e) {
    complain(text(clean_utf8(e.what())));
  }
}

void MainWindow::dragEnterEvent(QDragEnterEvent* e) {
  if (!dropped_file(e->mimeData()).isEmpty()) e->acceptProposedAction();
}

void MainWindow::dropEvent(QDropEvent* e) {
  const QString file = dropped_file(e->mimeData());
  if (file.isEmpty()) return;
  e->acceptProposedAction();
  try_open(file);
}

}  // namespace telltale::ui
