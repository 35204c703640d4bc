#include "app/workbench/welcome_view.hpp"

#include <QDir>
#include <QFileInfo>
#include <QLabel>
#include <QPainter>
#include <QPainterPath>
#include <QPushButton>
#include <QScrollArea>
#include <QStandardPaths>
#include <QStorageInfo>
#include <QThread>
#include <QToolButton>
#include <QVBoxLayout>

#include "app/workbench/example_strip.hpp"
#include "report/numbers.hpp"
#include "widgets/icons.hpp"
#include "widgets/panel.hpp"
#include "widgets/shell/settings_dialog.hpp"
#include "widgets/shell/words.hpp"

namespace telltale::ui {
namespace {

/// The pennant: two telltales on a shroud.
class Mark : public QWidget {
 public:
  Mark(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) { setFixedSize(38, 44); }

 protected:
  void paintEvent(QPaintEvent*) override {
    QPainter p(this);
    p.setRenderHint(QPainter::Antialiasing);
    p.fillRect(QRectF(3, 2, 3.5, 40), theme_["text2"]);
    const auto flag = [&](qreal y, qreal w, const Rgb& c) {
      QPainterPath path(QPointF(9, y + 3));
      path.cubicTo(15, y - 1, 19, y + 7, 9 + w, y + 3);
      path.lineTo(5 + w, y + 9);
      path.lineTo(9 + w, y + 15);
      path.cubicTo(19, y + 19, 15, y + 11, 9, y + 15);
      path.closeSubpath();
      p.fillPath(path, colour(c));
    };
    flag(3, 25, theme_.colours().for_target.stops().back());
    flag(19, 20, theme_.colours().against_target.stops().back());
  }

 private:
  Theme& theme_;
};

/// A large button: picture, title, what it does, its key.
class Card : public QPushButton {
 public:
  Card(Theme& theme, const char* picture, const QString& title, const QString& what, const QString& key, bool first, QWidget* parent)
      : QPushButton(parent), theme_(theme), picture_(picture), title_(title), what_(what), key_(key), first_(first) {
    setObjectName(QStringLiteral("card"));
    setAccessibleName(title);
    setAccessibleDescription(what);
    setToolTip(QStringLiteral("%1 (%2)").arg(what, key));
    setAutoDefault(true);
    setDefault(first);
    connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
  }

 protected:
  void paintEvent(QPaintEvent*) override {
    QPainter p(this);
    p.setRenderHint(QPainter::Antialiasing);
    const bool focus = hasFocus();
    const qreal w = first_ || focus ? 2 : 1;
    p.setPen(QPen(theme_[first_ || focus ? "accent" : "border"], w));
    p.setBrush(theme_[first_ ? "accentSoft" : underMouse() ? "hover" : "panel"]);
    p.drawRoundedRect(QRectF(rect()).adjusted(w / 2, w / 2, -w / 2, -w / 2), 3, 3);
    if (focus && first_) {  // its frame is the accent's anyway: a second one inside
      p.setPen(QPen(theme_["focus"], 1));
      p.drawRoundedRect(QRectF(rect()).adjusted(4.5, 4.5, -4.5, -4.5), 2, 2);
    }
    draw_icon(p, QRectF(16, 25, 24, 24), picture_, theme_[first_ ? "accent" : "text2"]);
    p.setFont(theme_.font("caption"));
    const int key = QFontMetrics(p.font()).horizontalAdvance(key_) + 12;
    const QRect cap(width() - 16 - key, 28, key, 18);
    p.setPen(theme_["border"]);
    p.setBrush(theme_["panel"]);
    p.drawRoundedRect(QRectF(cap).adjusted(0.5, 0.5, -0.5, -0.5), 3, 3);
    p.setPen(theme_["text3"]);
    p.drawText(cap, Qt::AlignCenter, key_);
    const int room = cap.left() - 56 - 12;
    p.setFont(theme_.font("post", Theme::Weight::semibold));
    p.setPen(theme_["text"]);
    p.drawText(QRect(56, 17, room, 20), Qt::AlignVCenter, title_);
    p.setFont(theme_.font("table"));
    p.setPen(theme_["text2"]);
    p.drawText(QRect(56, 37, room, 18), Qt::AlignVCenter, QFontMetrics(p.font()).elidedText(what_, Qt::ElideRight, room));
  }

 private:
  Theme& theme_;
  const char* picture_;
  QString title_, what_, key_;
  bool first_;
};

/// Where something may be dropped.
class Drop : public QWidget {
 public:
  Drop(Theme& theme, const QString& text, QWidget* parent) : QWidget(parent), theme_(theme), text_(text) {
    setFixedHeight(76);
    setAccessibleName(text);
  }

 protected:
  void paintEvent(QPaintEvent*) override {
    QPainter p(this);
    p.setRenderHint(QPainter::Antialiasing);
    p.setPen(QPen(theme_["borderStrong"], 1, Qt::DashLine));
    p.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 3, 3);
    p.setFont(theme_.font("table"));
    p.setPen(theme_["text2"]);
    const QString shown = QFontMetrics(p.font()).elidedText(text_, Qt::ElideRight, width() - 60);
    const int w = QFontMetrics(p.font()).horizontalAdvance(shown), left = (width() - w - 30) / 2;
    p.drawText(QRect(left + 30, 0, w + 4, height()), Qt::AlignVCenter, shown);
    p.translate(left + 9, height() / 2.0);
    p.rotate(180);
    draw_icon(p, QRectF(-9, -9, 18, 18), "export", theme_["text3"]);
  }

 private:
  Theme& theme_;
  QString text_;
};

/// One file of the list.
class RecentRow : public QPushButton {
 public:
  RecentRow(Theme& theme, const RecentFile& file, QWidget* parent) : QPushButton(parent), theme_(theme), file_(file) {
    setObjectName(QStringLiteral("recent"));
    setEnabled(file.there);
    name_ = one_line(QFileInfo(file.path).fileName().toStdString());
    QString folder = QFileInfo(file.path).absolutePath();
    if (folder.startsWith(QDir::homePath())) folder = QStringLiteral("~") + folder.mid(QDir::homePath().size());
    folder_ = one_line(folder.toStdString());
    what_ = file.there ? tr("%1 · %2 posts").arg(file.runs == 1 ? tr("1 run") : tr("%1 runs").arg(file.runs), ui::text(thousands(file.posts))) : QString();
    setAccessibleName(name_);
    setAccessibleDescription(folder_);
    setToolTip(plain_tip(file.path));
  }

 protected:
  void paintEvent(QPaintEvent*) override {
    QPainter p(this);
    if (isEnabled() && (underMouse() || hasFocus())) p.fillRect(rect(), theme_["hover"]);
    if (hasFocus()) p.fillRect(QRect(0, 0, 3, height()), theme_["accent"]);
    p.fillRect(QRect(0, height() - 1, width(), 1), theme_["grid"]);
    draw_icon(p, QRectF(14, 17, 16, 16), "file", theme_["text2"]);
    p.setFont(theme_.font("caption"));
    p.setPen(theme_["text3"]);
    const QString when = when_text(file_.opened);
    const int right = std::max(QFontMetrics(p.font()).horizontalAdvance(what_), QFontMetrics(p.font()).horizontalAdvance(when)) + 4;
    if (file_.there) {
      p.drawText(QRect(width() - 14 - right, 7, right, 18), Qt::AlignRight | Qt::AlignVCenter, what_);
      p.drawText(QRect(width() - 14 - right, 25, right, 18), Qt::AlignRight | Qt::AlignVCenter, when);
    }
    const int room = width() - 44 - 24 - right;
    const QFontMetrics small(p.font());
    const QString folder = small.elidedText(folder_, Qt::ElideMiddle, file_.there ? room : room - 90);
    p.drawText(QRect(44, 25, room, 18), Qt::AlignVCenter, folder);
    if (!file_.there) {
      const int x = 44 + small.horizontalAdvance(folder) + 10;
      draw_icon(p, QRectF(x, 28, 12, 12), "warn", theme_["warn"]);
      p.setPen(theme_["warn"]);
      p.drawText(QRect(x + 16, 25, 80, 18), Qt::AlignVCenter, tr("not found"));
    }
    p.setFont(theme_.font("ui", Theme::Weight::medium));
    p.setPen(theme_[file_.there ? "text" : "text3"]);
    p.drawText(QRect(44, 6, room, 19), Qt::AlignVCenter, QFontMetrics(p.font()).elidedText(name_, Qt::ElideRight, room));
  }

 private:
  Theme& theme_;
  RecentFile file_;
  QString name_, folder_, what_;
};

}  // namespace

WelcomeView::WelcomeView(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
  auto* all = new QVBoxLayout(this);
  all->setContentsMargins(0, 0, 0, 0);
  auto* scroll = new QScrollArea(this);
  scroll->setWidgetResizable(true);
  scroll->setFrameShape(QFrame::NoFrame);
  scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  scroll->setFocusPolicy(Qt::NoFocus);
  auto* page = new QWidget(scroll);
  scroll->setWidget(page);
  scroll->viewport()->setAutoFillBackground(false);
  page->setAutoFillBackground(false);
  all->addWidget(scroll);
  auto* outer = new QVBoxLayout(page);
  outer->setContentsMargins(24, 12, 24, 12);
  outer->addStretch(2);
  middle_ = new QWidget(page);
  middle_->setMaximumWidth(1120);
  auto* column = new QVBoxLayout(middle_);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(18);
  auto* head = new QHBoxLayout;
  head->setSpacing(16);
  head->addWidget(new Mark(theme, middle_));
  auto* words = new QVBoxLayout;
  words->setSpacing(0);
  auto* name = new QLabel(QStringLiteral("Telltale"), middle_);
  name->setFont(theme.font("hero", Theme::Weight::semibold));
  auto* what = new QLabel(tr("Finetune a classifier, and see which words told the classes apart."), middle_);
  what->setObjectName(QStringLiteral("quiet"));
  words->addWidget(name);
  words->addWidget(what);
  head->addLayout(words, 1);
  column->addLayout(head);
  auto* halves = new QHBoxLayout;
  halves_ = halves;
  halves->setSpacing(16);
  auto* cards = new QVBoxLayout;
  cards->setSpacing(8);
  const auto card = [&](const char* picture, const QString& title, const QString& text, const QString& key, void (WelcomeView::*signal)(), bool first = false) {
    auto* c = new Card(theme, picture, title, text, key, first, middle_);
    connect(c, &QPushButton::clicked, this, signal);
    cards->addWidget(c);
    if (first) first_ = c;
  };
  card("play", tr("Open the example"), tr("bundled posts, a baseline and a contrastive run"), tr("Enter"), &WelcomeView::example_asked, true);
  card("plus", tr("New run"), tr("choose data and an encoder, see the cost, start"), tr("Ctrl N"), &WelcomeView::new_run_asked);
  card("folder", tr("Open file"), tr("a .telltale file with runs and explanations"), tr("Ctrl O"), &WelcomeView::open_asked);
  card("data", tr("Import data"), tr("20 Newsgroups archive, CSV, TSV, JSONL, or a folder per class"), tr("Ctrl I"), &WelcomeView::import_asked);
  drop_ = new Drop(theme, tr("Drop a .telltale file, a model folder or a data file anywhere in this window"), middle_);
  cards->addWidget(drop_);
  cards->addStretch(1);
  halves->addLayout(cards, 14);
  right_ = new QWidget(middle_);
  auto* side = new QVBoxLayout(right_);
  side->setContentsMargins(0, 0, 0, 0);
  side->setSpacing(16);
  recent_ = new Panel(theme, tr("Recent files"), right_);
  auto* clear = new QPushButton(tr("Clear"), recent_);
  clear->setObjectName(QStringLiteral("flat"));
  clear->setToolTip(tr("Forgets the list; the files stay"));
  connect(clear, &QPushButton::clicked, this, [this] { Q_EMIT file_forgotten(QString()); });
  clear_ = clear;
  recent_->add_tool(clear);
  side->addWidget(recent_);
  machine_ = new Panel(theme, tr("This machine"), right_);
  auto* gear = new QToolButton(machine_);
  gear->setIcon(icon(theme, "gear"));
  gear->setAccessibleName(tr("Settings"));
  gear->setToolTip(tr("Device, threads, precision (Ctrl ,)"));
  connect(gear, &QToolButton::clicked, this, &WelcomeView::settings_asked);
  machine_->add_tool(gear);
  side->addWidget(machine_);
  side->addStretch(1);
  halves->addWidget(right_, 13);
  column->addLayout(halves);
  example_ = new ExampleStrip(theme, middle_);
  connect(example_, &ExampleStrip::changed, this, &WelcomeView::arrange);
  column->addWidget(example_);
  auto* links = new QHBoxLayout;
  links->setSpacing(8);
  links->addStretch(1);
  const auto link = [&](const char* picture, const QString& text, void (WelcomeView::*signal)()) {
    auto* b = new QPushButton(icon(theme, picture), text, middle_);
    b->setObjectName(QStringLiteral("flat"));
    b->setFont(theme.font("caption"));
    connect(b, &QPushButton::clicked, this, signal);
    links->addWidget(b);
  };
  link("key", tr("Keyboard   Ctrl /"), &WelcomeView::keys_asked);
  link("search", tr("Find anything   Ctrl K"), &WelcomeView::find_asked);
  links->addStretch(1);
  column->addLayout(links);
  auto* centre = new QHBoxLayout;
  centre->addStretch(1);
  centre->addWidget(middle_, 100);
  centre->addStretch(1);
  outer->addLayout(centre);
  outer->addStretch(3);
  set_recent({});
  connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
}

void WelcomeView::set_recent(const std::vector<RecentFile>& files) {
  delete recent_body_;
  recent_body_ = new QWidget(recent_);
  auto* rows = new QVBoxLayout(recent_body_);
  rows->setContentsMargins(0, 0, 0, 0);
  rows->setSpacing(0);
  clear_->setVisible(!files.empty());
  int shown = 0;
  for (const RecentFile& f : files) {
    if (++shown > 4) break;
    auto* line = new QHBoxLayout;
    line->setSpacing(0);
    auto* row = new RecentRow(theme_, f, recent_body_);
    connect(row, &QPushButton::clicked, this, [this, path = f.path] { Q_EMIT file_chosen(path); });
    line->addWidget(row, 1);
    if (!f.there) {
      auto* forget = new QToolButton(recent_body_);
      forget->setIcon(icon(theme_, "x"));
      forget->setAccessibleName(tr("Forget %1").arg(QFileInfo(f.path).fileName()));
      forget->setToolTip(tr("Takes it off the list"));
      connect(forget, &QToolButton::clicked, this, [this, path = f.path] { Q_EMIT file_forgotten(path); }, Qt::QueuedConnection);
      line->addWidget(forget);
      line->addSpacing(10);
    }
    rows->addLayout(line);
  }
  if (files.empty()) rows->addWidget(new EmptyNote(theme_, tr("Files that you open stand here the next time."), recent_body_));
  recent_->body()->addWidget(recent_body_);
}

void WelcomeView::set_machine(const ComputeOptions& options) {
  delete machine_body_;
  machine_body_ = new QWidget(machine_);
  auto* rows = new QVBoxLayout(machine_body_);
  rows->setContentsMargins(0, 2, 0, 2);
  rows->setSpacing(0);
  const auto row = [&](const QString& name, const QString& value, bool good, const QString& tip) {
    auto* line = new QHBoxLayout;
    line->setContentsMargins(12, 3, 12, 3);
    line->setSpacing(12);
    auto* mark = new QLabel(machine_body_);
    mark->setPixmap(icon(theme_, good ? "check" : "warn", good ? "ok" : "warn").pixmap(QSize(14, 14), devicePixelRatioF()));
    auto* n = new QLabel(name, machine_body_);
    n->setObjectName(QStringLiteral("quiet"));
    n->setFont(theme_.font("table"));
    n->setFixedWidth(72);
    auto* v = new ElidedLabel(theme_, machine_body_);
    v->set_style(theme_.font("table"), "text");
    v->set_text(value);
    v->setToolTip(tip);
    line->addWidget(mark);
    line->addWidget(n);
    line->addWidget(v, 1);
    rows->addLayout(line);
  };
  const int cores = QThread::idealThreadCount();
  row(tr("Device"), text(options.device), true, tr("Where runs and explanations are computed"));
  row(tr("Processor"), tr("%1 of %2 threads, %3").arg(options.threads > 0 ? options.threads : cores).arg(cores).arg(QLatin1String(name_of(options.precision))), true, tr("Threads and precision of what starts from now on"));
  const QStorageInfo disk(QDir::homePath());
  const double gib = static_cast<double>(disk.bytesAvailable()) / (1 << 30);
  row(tr("Disk"), tr("%1 GiB free").arg(text(gib < 10 ? fixed(gib, 1) : thousands(static_cast<std::int64_t>(gib)))), gib >= 2, tr("In the home folder; a run of a small encoder keeps about 0.3 GiB while it trains"));
  machine_->body()->addWidget(machine_body_);
}

void WelcomeView::arrange() {
  const bool narrow = width() < 900;
  halves_->setDirection(narrow ? QBoxLayout::TopToBottom : QBoxLayout::LeftToRight);
  drop_->setVisible(height() >= 620 && !narrow);
  example_->setVisible(example_->filled() && !narrow);
}

void WelcomeView::resizeEvent(QResizeEvent*) { arrange(); }

void WelcomeView::showEvent(QShowEvent*) {
  if (first_) first_->setFocus();
  example_->read(example_file());
}

void WelcomeView::paintEvent(QPaintEvent*) {
  QPainter p(this);
  p.fillRect(rect(), theme_["window"]);
}

}  // namespace telltale::ui
