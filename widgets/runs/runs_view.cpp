#include "widgets/runs/runs_view.hpp"

#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QPushButton>
#include <QSplitter>
#include <QStackedWidget>
#include <QToolButton>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>

#include "report/numbers.hpp"
#include "widgets/icons.hpp"
#include "widgets/panel.hpp"
#include "widgets/runs/batch_list.hpp"
#include "widgets/runs/film_panel.hpp"
#include "widgets/runs/loss_panel.hpp"
#include "widgets/runs/measure_panels.hpp"

namespace telltale::ui {
namespace {

/// Name of a run that is shown, with its colour; the cross takes it out of the charts.
class Chip : public QWidget {
 public:
  Chip(Theme& theme, const WatchedRun& run, QWidget* parent) : QWidget(parent), theme_(theme), series_(run.series) {
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(24, 0, 2, 0);
    row->setSpacing(2);
    label_ = new ElidedLabel(theme, this);
    label_->set_style(theme.font("table"), "text");
    label_->set_text(text(run.record.name));
    label_->setMaximumWidth(150);
    row->addWidget(label_);
    close = new QToolButton(this);
    close->setIcon(icon(theme, "x"));
    close->setIconSize({10, 10});
    close->setFixedSize(18, 18);
    close->setAccessibleName(QObject::tr("Take %1 out of the charts").arg(text(run.record.name)));
    close->setToolTip(QObject::tr("Take out of the charts"));
    row->addWidget(close);
    setFixedHeight(24);
    QObject::connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
  }
  QToolButton* close;

 protected:
  void paintEvent(QPaintEvent*) override {
    QPainter p(this);
    p.setRenderHint(QPainter::Antialiasing);
    p.setPen(QPen(theme_["border"], 1));
    p.setBrush(theme_["panel"]);
    p.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 3, 3);
    p.setPen(Qt::NoPen);
    p.setBrush(theme_.series(static_cast<std::size_t>(series_)));
    p.drawRoundedRect(QRectF(8, height() / 2.0 - 5, 10, 10), 2, 2);
  }

 private:
  Theme& theme_;
  int series_;
  ElidedLabel* label_;
};

constexpr int low_height = 620, narrow_width = 520, side_width = 340;

}  // namespace

RunsView::RunsView(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme), data_(this), scope_(this) {
  setAccessibleName(tr("Runs"));
  auto* all = new QVBoxLayout(this);
  all->setContentsMargins(0, 0, 0, 0);
  all->setSizeConstraint(QLayout::SetNoConstraint);
  pages_ = new QStackedWidget(this);
  all->addWidget(pages_);

  auto* watching = new QWidget(pages_);
  auto* column = new QVBoxLayout(watching);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(6);
  main_ = new QSplitter(Qt::Horizontal, watching);
  main_->setHandleWidth(6);
  main_->setChildrenCollapsible(false);
  column->addWidget(main_);
  auto* left = new QWidget(main_);
  auto* stack = new QVBoxLayout(left);
  stack->setContentsMargins(0, 0, 0, 0);
  stack->setSpacing(6);

  auto* head = new QHBoxLayout;
  head->setContentsMargins(4, 2, 2, 0);
  head->setSpacing(8);
  title_ = new ElidedLabel(theme, left);
  title_->set_style(theme.font("title", Theme::Weight::semibold), "text");
  about_ = new ElidedLabel(theme, left);
  about_->set_style(theme.font("table"), "text2");
  about_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
  chips_ = new QWidget(left);
  chip_row_ = new QHBoxLayout(chips_);
  chip_row_->setContentsMargins(0, 0, 0, 0);
  chip_row_->setSpacing(6);
  auto* add = new QPushButton(icon(theme, "plus"), tr("Add"), left);
  add->setFlat(true);
  add->setToolTip(tr("Lay another run over these: tick it in the run list"));
  add->setAccessibleName(tr("Add a run to the charts"));
  head->addWidget(title_);
  head->addWidget(about_, 1);
  head->addWidget(chips_);
  head->addWidget(add);
  stack->addLayout(head);

  error_bar_ = new QWidget(left);
  error_bar_->setObjectName(QStringLiteral("runsError"));
  error_bar_->setAttribute(Qt::WA_StyledBackground);
  auto* error_row = new QHBoxLayout(error_bar_);
  error_row->setContentsMargins(10, 4, 4, 4);
  error_ = new QLabel(error_bar_);
  error_->setTextFormat(Qt::PlainText);
  error_->setWordWrap(true);
  auto* dismiss = new QToolButton(error_bar_);
  dismiss->setIcon(icon(theme, "x"));
  dismiss->setAccessibleName(tr("Dismiss the message"));
  error_row->addWidget(error_, 1);
  error_row->addWidget(dismiss);
  error_bar_->hide();
  stack->addWidget(error_bar_);

  column_ = new QSplitter(Qt::Vertical, left);
  column_->setHandleWidth(6);
  column_->setChildrenCollapsible(false);
  losses_and_batch_ = new QSplitter(Qt::Horizontal, column_);
  losses_and_batch_->setHandleWidth(6);
  losses_and_batch_->setChildrenCollapsible(false);
  losses_ = new LossPanel(theme, data_, scope_);
  batch_ = new BatchList(theme, data_);
  batch_->hide();
  losses_and_batch_->addWidget(losses_);
  losses_and_batch_->addWidget(batch_);
  losses_and_batch_->setStretchFactor(0, 1);
  column_->addWidget(losses_and_batch_);
  auto* lower = new QWidget(column_);
  auto* lower_column = new QVBoxLayout(lower);
  lower_column->setContentsMargins(0, 0, 0, 0);
  lower_column->setSpacing(6);
  which_ = new Segments(theme, tr("Lower panel"), {tr("Film"), tr("Validation"), tr("Gradient share"), tr("Optimiser"), tr("Geometry")}, lower);
  lower_column->addWidget(which_, 0, Qt::AlignLeft);
  auto* lower_split = new QSplitter(Qt::Vertical, lower);
  lower_split->setHandleWidth(6);
  lower_split->setChildrenCollapsible(false);
  film_ = new FilmPanel(theme, data_);
  bottom_ = new QSplitter(Qt::Horizontal, lower_split);
  bottom_->setHandleWidth(6);
  bottom_->setChildrenCollapsible(false);
  validation_ = new ValidationPanel(theme, data_, scope_);
  shares_ = new SharePanel(theme, data_, scope_);
  optimiser_ = new OptimiserPanel(theme, data_, scope_);
  side_page_ = new QWidget(lower);
  auto* side_layout = new QVBoxLayout(side_page_);
  side_layout->setContentsMargins(0, 0, 0, 0);
  for (QWidget* w : std::initializer_list<QWidget*>{validation_, shares_, optimiser_}) bottom_->addWidget(w);
  bottom_->setSizes({100, 100, 100});
  lower_split->addWidget(film_);
  lower_split->addWidget(bottom_);
  lower_split->setSizes({200, 180});
  lower_split->addWidget(side_page_);
  lower_column->addWidget(lower_split, 1);
  column_->addWidget(lower);
  column_->setStretchFactor(0, 1);
  column_->setStretchFactor(1, 1);
  column_->setSizes({360, 390});
  stack->addWidget(column_, 1);
  main_->addWidget(left);
  main_->setStretchFactor(0, 1);

  auto* nothing = new QWidget(pages_);
  auto* middle = new QVBoxLayout(nothing);
  middle->addStretch();
  empty_ = new EmptyNote(theme, tr("No run is shown. Start one and watch it learn, or choose one in the run list."), nothing);
  empty_button_ = new QPushButton(tr("New run"), nothing);
  empty_button_->setObjectName(QStringLiteral("primary"));
  middle->addWidget(empty_);
  middle->addWidget(empty_button_, 0, Qt::AlignHCenter);
  explore_ = new QPushButton(tr("Perturbation geometry"), nothing);
  explore_->setToolTip(tr("What ε and ε₂ do to the words of any model, without a run"));
  middle->addWidget(explore_, 0, Qt::AlignHCenter);
  middle->addStretch();
  alone_ = new QWidget(pages_);
  auto* alone = new QVBoxLayout(alone_);
  alone->setContentsMargins(0, 0, 0, 0);
  alone->setSpacing(6);
  auto* back = new QPushButton(tr("Back to runs"), alone_);
  alone->addWidget(back, 0, Qt::AlignLeft);
  pages_->addWidget(watching);
  pages_->addWidget(nothing);
  pages_->addWidget(alone_);
  pages_->setCurrentIndex(1);

  connect(add, &QPushButton::clicked, this, &RunsView::add_asked);
  connect(empty_button_, &QPushButton::clicked, this, &RunsView::new_run_asked);
  connect(explore_, &QPushButton::clicked, this, [this] { explore(true); });
  connect(back, &QPushButton::clicked, this, [this] { explore(false); });
  connect(dismiss, &QToolButton::clicked, error_bar_, &QWidget::hide);
  connect(&data_, &RunData::shown, this, &RunsView::write_head);
  connect(&data_, &RunData::failed, this, &RunsView::complain);
  connect(losses_, &LossPanel::clicked, this, &RunsView::open_batch);
  connect(batch_, &BatchList::document_asked, this, &RunsView::document_asked);
  connect(film_, &FilmPanel::document_asked, this, &RunsView::document_asked);
  connect(batch_, &BatchList::closed, batch_, &QWidget::hide);
  connect(batch_, &BatchList::step_asked, this, [this](qint64 run, qint64 step) {
    const WatchedRun* r = data_.find(run);
    if (!r || r->curves.rows() == 0) return;
    const auto to = std::clamp<std::int64_t>(step, static_cast<std::int64_t>(r->curves.steps().front()), r->curves.last_step());
    batch_->show_step(run, to);
    scope_.set_cursor(r->axis_at_step(static_cast<double>(to), scope_.axis()));
  });
  for (ChartPanel* p : std::initializer_list<ChartPanel*>{losses_, validation_, shares_, optimiser_}) connect(p, &ChartPanel::failed, this, &RunsView::complain);
  connect(film_, &FilmPanel::failed, this, &RunsView::complain);
  connect(batch_, &BatchList::failed, this, &RunsView::complain);
  connect(film_, &FilmPanel::frame_shown, this, [this](double step) {
    if (!film_->isVisible() || (!film_->playing() && !film_->hasFocus() && !film_->isAncestorOf(focusWidget()))) return;
    if (const auto runs = data_.runs(); !runs.empty()) scope_.set_cursor(runs.front()->axis_at_step(step, scope_.axis()));
  });
  connect(which_, &Segments::chosen, this, [this] { arrange(); });
  const auto paint_error = [this] { error_bar_->setStyleSheet(QStringLiteral("QWidget#runsError { background: %1; border: 1px solid %2; border-radius: 3px; } QLabel { color: %3; }").arg(theme_["errorSoft"].name(), theme_["error"].name(), theme_["text"].name())); };
  connect(&theme, &Theme::changed, this, paint_error);
  paint_error();
  arrange();
}

void RunsView::set_session(Session* session) {
  batch_->hide();
  error_bar_->hide();
  told_.clear();
  scope_.set_zoom(std::nullopt);
  scope_.set_cursor(std::nullopt);
  data_.set_session(session);
}

void RunsView::show_runs(const std::vector<std::int64_t>& ids) {
  const auto before = shown_runs();
  data_.show(ids);
  if (shown_runs() == before) return;
  if (before.empty() || shown_runs().empty() || before.front() != shown_runs().front()) {
    scope_.set_zoom(std::nullopt);
    batch_->hide();
  }
}

std::vector<std::int64_t> RunsView::shown_runs() const {
  std::vector<std::int64_t> out;
  for (const WatchedRun* r : data_.runs()) out.push_back(r->record.id);
  return out;
}

void RunsView::set_run_colours(const std::map<std::int64_t, int>& series) { data_.set_series(series); }

void RunsView::tell_failure(const QString& message) {
  if (message == told_) return;
  if (error_->text() == told_) error_bar_->hide();
  told_ = message;
  if (!message.isEmpty()) {
    error_->setText(message);
    error_bar_->show();
  }
  write_head();
}

void RunsView::set_side_panel(QWidget* geometry) {
  if (side_) side_->deleteLater();
  side_ = geometry;
  shape_ = -1;
  arrange();
}

void RunsView::complain(const QString& message) {
  error_->setText(message);
  error_bar_->show();
  Q_EMIT failed(message);
}

void RunsView::write_head() {
  const auto runs = data_.runs();
  if (!runs.empty() || !data_.session()) exploring_ = false;
  pages_->setCurrentIndex(!runs.empty() ? 0 : exploring_ ? 2 : 1);
  explore_->setVisible(data_.session() && side_);
  arrange();
  empty_->setText(!told_.isEmpty() ? told_ : data_.session() ? tr("No run is shown. Start one and watch it learn, or choose one in the run list.") : tr("No file is open."));
  empty_button_->setVisible(data_.session() && !data_.session()->read_only());
  while (QLayoutItem* item = chip_row_->takeAt(0)) {
    if (item->widget()) item->widget()->deleteLater();
    delete item;
  }
  if (runs.empty()) return;
  const WatchedRun& front = *runs.front();
  title_->set_text(text(front.record.name));
  QString model = text(front.record.model);
  model = model.mid(model.lastIndexOf(QLatin1Char('/'), model.size() - 2) + 1);
  QString about = model;
  try {
    about += QStringLiteral(" · ") + text(data_.session()->store().dataset(front.record.dataset).name);
  } catch (const std::exception&) {  // a data set that is gone
  }
  if (const double length = front.setting("max_length", 0); length > 0) about += tr(" · length %1").arg(text(thousands(std::llround(length))));
  if (front.record.status == RunStatus::failed || front.record.status == RunStatus::interrupted) about += QStringLiteral(" · ") + QString::fromLatin1(name_of(front.record.status));
  about_->set_text(about);
  std::vector<const WatchedRun*> order = runs;
  std::stable_sort(order.begin(), order.end(), [](const auto* a, const auto* b) { return a->series < b->series; });
  const std::size_t most = width() < 900 ? 2 : 4;
  for (std::size_t i = 0; i < std::min(order.size(), most); ++i) {
    auto* chip = new Chip(theme_, *order[i], chips_);
    chip_row_->addWidget(chip);
    connect(chip->close, &QToolButton::clicked, this, [this, id = order[i]->record.id] {
      auto rest = shown_runs();
      std::erase(rest, id);
      QMetaObject::invokeMethod(this, [this, rest, id] {  // the chip that was pressed goes with this
        show_runs(rest);
        Q_EMIT run_hidden(id);
      }, Qt::QueuedConnection);
    });
  }
  if (order.size() > most) {
    auto* more = new QLabel(tr("and %1 more").arg(order.size() - most), chips_);
    more->setFont(theme_.font("table"));
    chip_row_->addWidget(more);
  }
  if (front.record.status == RunStatus::failed && !front.record.error.empty() && front.loaded) {
    error_->setText(tr("%1 failed: %2").arg(text(front.record.name), text(front.record.error)));
    error_bar_->show();
  }
}

/// The largest total near the place that was clicked, of the run whose chart is highest there: its batch.
void RunsView::open_batch(int chart, double x, double tolerance) {
  if (chart < 0 || static_cast<std::size_t>(chart) >= losses_->terms().size()) return;
  const std::string name = "term." + losses_->terms()[static_cast<std::size_t>(chart)];
  const WatchedRun* best = nullptr;
  std::size_t row = 0;
  float high = -INFINITY;
  for (const WatchedRun* r : data_.runs()) {
    const CurveColumn* c = r->curves.column(name);
    if (!c) continue;
    const auto& axis = r->axis(scope_.axis());
    const auto [begin, end] = rows_between(axis, x - tolerance, std::nextafter(x + tolerance, INFINITY));
    // A value that was no number is what a person wants to see most.
    for (const std::uint32_t f : c->faults)
      if (f >= begin && f < end) best = r, row = f, high = INFINITY;
    std::size_t at = c->values.place_of(begin, end);
    if (at >= end && best == nullptr) {  // nothing so near: the nearest step
      const auto nearest = nearest_row(axis, x);
      if (nearest) best = r, row = *nearest;
      continue;
    }
    if (at < end && c->values[at] > high) best = r, row = at, high = c->values[at];
  }
  if (!best) return;
  const auto step = static_cast<std::int64_t>(best->curves.steps()[row]);
  if (!batch_->isVisible()) {
    batch_->show();
    losses_and_batch_->setSizes({std::max(300, losses_and_batch_->width() - 280), 274});
  }
  batch_->show_step(best->record.id, step);
  scope_.set_cursor(best->axis_at_step(static_cast<double>(step), scope_.axis()));
}

/// Wide: all at once. Low or narrow: one of the lower panels, and the side panel as one of them.
void RunsView::arrange() {
  const bool small = height() < low_height || width() < narrow_width + (side_ ? side_width : 0);
  const int shape = exploring_ ? 2 : small ? 1 : 0;
  if (shape != shape_) {
    shape_ = shape;
    which_->setVisible(small);
    if (side_) {
      const KeptFonts kept(*side_);
      if (exploring_) alone_->layout()->addWidget(side_);
      else if (small) side_page_->layout()->addWidget(side_);
      else {
        main_->addWidget(side_);
        main_->setStretchFactor(main_->indexOf(side_), 0);
        main_->setSizes({std::max(narrow_width, width() - side_width - 6), side_width});
      }
      side_->show();
    }
    which_->button(4)->setVisible(side_ != nullptr);
  }
  const int which = which_->current();
  film_->setVisible(!small || which == 0);
  bottom_->setVisible(!small || (which >= 1 && which <= 3));
  validation_->setVisible(!small || which == 1);
  shares_->setVisible(!small || which == 2);
  optimiser_->setVisible(!small || which == 3);
  side_page_->setVisible(small && which == 4 && side_);
}

void RunsView::resizeEvent(QResizeEvent* e) {
  QWidget::resizeEvent(e);
  arrange();
}

/// The geometry alone, of any weights: there need be no run.
void RunsView::explore(bool on) {
  exploring_ = on;
  write_head();
  (on ? side_ : static_cast<QWidget*>(explore_))->setFocus();
}

QString RunsView::csv() const { return losses_->csv(); }

void RunsView::keyPressEvent(QKeyEvent* e) {
  if (e->key() != Qt::Key_Escape || !escape()) QWidget::keyPressEvent(e);
}

bool RunsView::escape() {
  if (exploring_) return explore(false), true;
  if (batch_->isVisible()) return batch_->hide(), true;
  if (error_bar_->isVisible()) return error_bar_->hide(), true;
  if (!scope_.zoom()) return false;
  scope_.set_zoom(std::nullopt);
  return true;
}

}  // namespace telltale::ui
