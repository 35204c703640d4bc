#include "widgets/simulate/simulate_post.hpp"

#include <QGridLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QProgressBar>
#include <QPushButton>
#include <QScrollArea>
#include <QScrollBar>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>

#include "report/comparison_view.hpp"
#include "widgets/painted_post.hpp"
#include "widgets/post_parts.hpp"

namespace telltale::ui {
namespace {

constexpr char keys[] = "1234567890abcdefghijklmnopqrstuvwxyz";
constexpr double gamma = 0.8;

}  // namespace

QChar SimulatePost::key_of(int c) { return c >= 0 && c < static_cast<int>(sizeof keys) - 1 ? QChar(QLatin1Char(keys[c])) : QChar(); }

SimulatePost::SimulatePost(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
  setFocusPolicy(Qt::StrongFocus);
  setAccessibleName(tr("Post of the simulation"));
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(16, 12, 16, 12);
  column->setSpacing(8);
  auto* head = new QHBoxLayout;
  head->setSpacing(10);
  place_ = new QLabel(this);
  place_->setFont(theme.font("ui", Theme::Weight::semibold));
  bar_ = new QProgressBar(this);
  bar_->setTextVisible(false);
  bar_->setMaximumHeight(6);
  bar_->setAccessibleName(tr("Posts answered"));
  auto* stop = new QPushButton(tr("Stop for now"), this);
  stop->setAutoDefault(false);
  stop->setToolTip(tr("What is answered is kept; go on whenever you like (Esc)"));
  head->addWidget(place_);
  head->addWidget(bar_, 1);
  head->addWidget(stop);
  column->addLayout(head);
  legend_row_ = new QWidget(this);
  auto* line = new QHBoxLayout(legend_row_);
  line->setContentsMargins(0, 0, 0, 0);
  condition_ = new QLabel(legend_row_);
  condition_->setObjectName(QStringLiteral("quiet"));
  condition_->setFont(theme.font("caption"));
  condition_->setWordWrap(true);
  legend_ = new HeatLegend(theme, legend_row_);
  line->addWidget(condition_, 1);
  line->addWidget(legend_);
  legend_row_->setMinimumHeight(44);  // the same with and without: the text does not jump
  column->addWidget(legend_row_);
  scroll_ = new QScrollArea(this);
  scroll_->setWidgetResizable(true);
  scroll_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  scroll_->setAccessibleName(tr("Text"));
  scroll_->setFocusPolicy(Qt::NoFocus);
  painted_ = new PaintedPost(theme, scroll_);
  painted_->setAccessibleName(tr("Post"));
  scroll_->setWidget(painted_);
  column->addWidget(scroll_, 1);
  question_ = new QLabel(this);
  question_->setFont(theme.font("ui", Theme::Weight::semibold));
  column->addWidget(question_);
  classes_box_ = new QWidget(this);
  grid_ = new QGridLayout(classes_box_);
  grid_->setContentsMargins(0, 0, 0, 0);
  grid_->setSpacing(6);
  column->addWidget(classes_box_);
  sure_box_ = new QWidget(this);
  auto* row = new QHBoxLayout(sure_box_);
  row->setContentsMargins(0, 0, 0, 0);
  row->setSpacing(6);
  for (int s = 1; s <= 5; ++s) {
    auto* b = new QPushButton(s == 1 ? tr("1  guessing") : s == 5 ? tr("5  certain") : QString::number(s), sure_box_);
    b->setAccessibleName(tr("Sure: %1 of 5").arg(s));
    b->setToolTip(tr("Key %1; Backspace chooses the class again").arg(s));
    b->setAutoDefault(false);
    b->installEventFilter(this);
    row->addWidget(b);
    sure_.push_back(b);
    connect(b, &QPushButton::clicked, this, [this, s] { be_sure(s); });
  }
  row->addStretch(1);
  column->addWidget(sure_box_);
  connect(stop, &QPushButton::clicked, this, &SimulatePost::stop_asked);
  for (QWidget* w : std::initializer_list<QWidget*>{painted_, stop}) w->installEventFilter(this);
  show_question();
}

void SimulatePost::set_classes(const std::vector<std::string>& classes, bool confidence) {
  confidence_ = confidence;
  for (QPushButton* b : buttons_) delete b;
  buttons_.clear();
  const auto names = short_names(classes);
  const int columns = classes.size() <= 3 ? static_cast<int>(std::max<std::size_t>(1, classes.size())) : classes.size() <= 8 ? 4 : 5;
  for (std::size_t c = 0; c < classes.size(); ++c) {
    const QChar key = key_of(static_cast<int>(c));
    const QString full = text(clean_utf8(classes[c])).simplified(), name = text(clean_utf8(c < names.size() ? names[c] : classes[c])).simplified();
    auto* b = new QPushButton(key.isNull() ? name : QStringLiteral("%1  %2").arg(key).arg(QString(name).replace(QLatin1Char('&'), QStringLiteral("&&"))), classes_box_);
    b->setToolTip(key.isNull() ? full : tr("%1: key %2").arg(full).arg(key));
    b->setAccessibleName(tr("The model answers %1").arg(full));
    b->setAutoDefault(false);
    b->setMinimumWidth(60);
    b->installEventFilter(this);
    grid_->addWidget(b, static_cast<int>(c) / columns, static_cast<int>(c) % columns);
    buttons_.push_back(b);
    connect(b, &QPushButton::clicked, this, [this, c] { choose(static_cast<int>(c)); });
  }
}

void SimulatePost::show_post(PostPtr post, bool explained, std::size_t place, std::size_t of) {
  chosen_.reset();
  timed_ = false;
  place_->setText(tr("Post %1 of %2").arg(place + 1).arg(of));
  bar_->setRange(0, static_cast<int>(of));
  bar_->setValue(static_cast<int>(place));
  legend_->setVisible(explained);
  condition_->setText(explained ? tr("With the explanation: orange words spoke for the model's answer, blue ones against it.") : tr("Without the explanation."));
  if (explained) legend_->set_scale(post->view.domain, gamma);
  painted_->set_blind(!explained);
  painted_->set_gamma(gamma);
  painted_->set_post(std::move(post));
  scroll_->verticalScrollBar()->setValue(0);
  set_waiting({});
  setFocus();
  painted_->update();
}

void SimulatePost::set_waiting(const QString& what) {
  ready_ = what.isEmpty();
  if (!ready_) question_->setText(what);
  for (QPushButton* b : buttons_) b->setEnabled(ready_);
  for (QPushButton* b : sure_) b->setEnabled(ready_);
  if (ready_) show_question();
}

void SimulatePost::show_question() {
  question_->setText(chosen_ ? tr("How sure are you?") : tr("What does the model answer?"));
  classes_box_->setVisible(!chosen_);
  sure_box_->setVisible(chosen_.has_value());
}

void SimulatePost::choose(int c) {
  if (!ready_ || chosen_ || c < 0 || c >= static_cast<int>(buttons_.size())) return;
  milliseconds_ = timed_ ? timer_.elapsed() : 0;
  if (!confidence_) {
    set_waiting(tr("…"));
    return Q_EMIT answered(c, 0, milliseconds_);
  }
  chosen_ = c;
  show_question();
  setFocus();
}

void SimulatePost::be_sure(int sure) {
  if (!ready_ || !chosen_) return;
  const int answer = *chosen_;
  set_waiting(tr("…"));
  Q_EMIT answered(answer, sure, milliseconds_);
}

/// Keys answer wherever the keyboard is on this page; the time runs from the first moment that the text can be seen.
bool SimulatePost::eventFilter(QObject* watched, QEvent* e) {
  if (watched == painted_ && e->type() == QEvent::Paint && ready_ && !timed_) timed_ = true, timer_.start();
  if (e->type() == QEvent::KeyPress && watched != this) {
    const auto* key = static_cast<QKeyEvent*>(e);
    if (!key->text().isEmpty() && key->text().at(0).isLetterOrNumber() && !(key->modifiers() & (Qt::ControlModifier | Qt::AltModifier))) {
      keyPressEvent(static_cast<QKeyEvent*>(e));
      return true;
    }
  }
  return QWidget::eventFilter(watched, e);
}

void SimulatePost::keyPressEvent(QKeyEvent* e) {
  if (e->isAutoRepeat()) return;  // a key that is held is one answer, not one for every post
  if (e->key() == Qt::Key_Backspace && chosen_) {
    chosen_.reset();
    return show_question();
  }
  if (e->key() == Qt::Key_PageDown || e->key() == Qt::Key_PageUp || e->key() == Qt::Key_Down || e->key() == Qt::Key_Up) {
    QScrollBar* bar = scroll_->verticalScrollBar();
    const bool page = e->key() == Qt::Key_PageDown || e->key() == Qt::Key_PageUp, down = e->key() == Qt::Key_PageDown || e->key() == Qt::Key_Down;
    return bar->setValue(bar->value() + (down ? 1 : -1) * (page ? bar->pageStep() : 3 * bar->singleStep()));
  }
  if (!e->text().isEmpty() && !(e->modifiers() & (Qt::ControlModifier | Qt::AltModifier))) {
    const QChar typed = e->text().at(0).toLower();
    if (chosen_) {
      if (typed >= QLatin1Char('1') && typed <= QLatin1Char('5')) return be_sure(typed.digitValue());
    } else {
      for (int c = 0; c < static_cast<int>(buttons_.size()); ++c)
        if (!key_of(c).isNull() && key_of(c) == typed) return choose(c);
    }
  }
  QWidget::keyPressEvent(e);
}

}  // namespace telltale::ui
