#include "widgets/runs/film_panel.hpp"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QPushButton>
#include <QScrollArea>
#include <QSplitter>
#include <QStackedWidget>
#include <QStyle>
#include <QStyleOptionSlider>
#include <algorithm>
#include <cmath>

#include "report/numbers.hpp"
#include "widgets/icons.hpp"
#include "widgets/runs/pin_dialog.hpp"

namespace telltale::ui {
namespace {

/// A click on the groove goes to that frame; Qt's own slider would turn a page.
class FrameSlider : public QSlider {
 public:
  using QSlider::QSlider;

 protected:
  void mousePressEvent(QMouseEvent* e) override {
    QStyleOptionSlider o;
    initStyleOption(&o);
    const QRect groove = style()->subControlRect(QStyle::CC_Slider, &o, QStyle::SC_SliderGroove, this), handle = style()->subControlRect(QStyle::CC_Slider, &o, QStyle::SC_SliderHandle, this);
    if (e->button() == Qt::LeftButton && !handle.contains(e->pos()))
      setValue(QStyle::sliderValueFromPosition(minimum(), maximum(), e->pos().x() - groove.x() - handle.width() / 2, groove.width() - handle.width(), o.upsideDown));
    QSlider::mousePressEvent(e);  // the handle is under the pointer now, and can be dragged on
  }
};
constexpr int frame_ms = 350;
}

FilmLegend::FilmLegend(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
  setFixedSize(136, 20);
  setAccessibleName(tr("Scale of the scores"));
  connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
}

void FilmLegend::set_domain(double domain) {
  domain_ = domain;
  const QString d = text(fixed(domain_, score_decimals(domain_)));
  setToolTip(tr("Scores from −%1 (blue, against the class) to +%1 (orange, for it): the 99th percentile over all frames, power 0.8").arg(d));
  setAccessibleDescription(toolTip());
  update();
}

void FilmLegend::paintEvent(QPaintEvent*) {
  QPainter p(this);
  draw_heat_bar(p, QRectF(1, 5, 84, 10), theme_.colours(), 0.8);
  p.setFont(theme_.font("caption"));
  p.setPen(theme_["text2"]);
  draw_tabular(p, QRectF(91, 0, 46, 20), Qt::AlignLeft, QStringLiteral("±") + text(fixed(domain_, std::min(3, score_decimals(domain_)))));
}

FilmPanel::FilmPanel(Theme& theme, RunData& data) : Panel(theme, tr("Attribution film")), theme_(theme), data_(data) {
  legend_ = new FilmLegend(theme, this);
  look_ = new Segments(theme, tr("Posts as"), {tr("Lines"), tr("Whole post")}, this);
  const auto tool = [&](const char* name, const QString& tip, int size = 24) {
    auto* b = new QToolButton(this);
    b->setIcon(icon(theme, name));
    b->setToolTip(tip);
    b->setAccessibleName(tip);
    b->setFixedSize(size, 22);
    return b;
  };
  pin_ = tool("pin", tr("Pin and unpin posts"));
  auto* menu = new ViewMenu(theme, this, tr("Attribution film"), [this] { return csv(); });
  connect(menu, &ViewMenu::failed, this, &FilmPanel::failed);
  for (QWidget* w : std::initializer_list<QWidget*>{legend_, look_, pin_, menu}) add_tool(w);

  auto* film = new QWidget(this);
  auto* column = new QVBoxLayout(film);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  auto* bar = new QHBoxLayout;
  bar->setContentsMargins(8, 5, 10, 5);
  bar->setSpacing(6);
  back_ = tool("left", tr("The frame before (←)"));
  play_ = tool("play", tr("Play (Space)"), 30);
  on_ = tool("right", tr("The frame after (→)"));
  from_ = new QLabel(film);
  at_ = new QLabel(film);
  at_->setFont(theme.font("table", Theme::Weight::semibold));
  from_->setFont(theme.font("table"));
  slider_ = new FrameSlider(Qt::Horizontal, film);
  slider_->setAccessibleName(tr("Frame of the film"));
  slider_->setTickPosition(QSlider::TicksBelow);
  for (QWidget* w : std::initializer_list<QWidget*>{back_, play_, on_, from_}) bar->addWidget(w);
  bar->addWidget(slider_, 1);
  bar->addWidget(at_);
  column->addLayout(bar);
  auto* line = new QFrame(film);
  line->setObjectName(QStringLiteral("hairline"));
  line->setFixedHeight(1);
  column->addWidget(line);
  auto* split = new QSplitter(Qt::Horizontal, film);
  split->setChildrenCollapsible(true);
  split->setHandleWidth(5);
  auto* looks = new QStackedWidget(split);
  const auto scrolled = [&](QWidget* w) {
    auto* area = new QScrollArea(looks);
    area->setWidgetResizable(true);
    area->setFrameShape(QFrame::NoFrame);
    area->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    area->setWidget(w);
    looks->addWidget(area);
    return area;
  };
  strip_ = new FilmStrip(theme);
  post_ = new PaintedPost(theme);
  strip_area_ = scrolled(strip_);
  post_area_ = scrolled(post_);
  bump_ = new BumpChart(theme);
  split->addWidget(looks);
  split->addWidget(bump_);
  split->setStretchFactor(0, 3);
  split->setStretchFactor(1, 1);
  split->setSizes({600, 210});
  column->addWidget(split, 1);

  auto* nothing = new QWidget(this);
  auto* middle = new QVBoxLayout(nothing);
  middle->addStretch();
  empty_ = new EmptyNote(theme, {}, nothing);
  fill_ = new QPushButton(tr("Pin posts…"), nothing);
  fill_->setAccessibleName(tr("Pin posts for the film"));
  middle->addWidget(empty_);
  middle->addWidget(fill_, 0, Qt::AlignHCenter);
  middle->addStretch();
  pages_ = new QStackedWidget(this);
  pages_->addWidget(film);
  pages_->addWidget(nothing);
  body()->addWidget(pages_, 1);

  timer_.setInterval(frame_ms);
  connect(&timer_, &QTimer::timeout, this, [this] {
    if (frame() + 1 >= frames()) return play(false);
    set_frame(frame() + 1);
  });
  connect(slider_, &QSlider::valueChanged, this, [this] { show_frame(); });
  connect(back_, &QToolButton::clicked, this, [this] { set_frame(frame() - 1); });
  connect(on_, &QToolButton::clicked, this, [this] { set_frame(frame() + 1); });
  connect(play_, &QToolButton::clicked, this, [this] { play(!playing()); });
  connect(pin_, &QToolButton::clicked, this, &FilmPanel::pin_posts);
  connect(fill_, &QPushButton::clicked, this, &FilmPanel::pin_posts);
  connect(look_, &Segments::chosen, looks, &QStackedWidget::setCurrentIndex);
  connect(strip_, &FilmStrip::document_chosen, this, [this](qint64 d) {
    chosen_ = d;
    show_post();
  });
  connect(strip_, &FilmStrip::document_asked, this, &FilmPanel::document_asked);
  connect(bump_, &BumpChart::frame_asked, this, [this](int f) {
    std::shared_ptr<const RunFilm> of;
    if (!chosen_post(of)) return;
    const auto it = std::find(steps_.begin(), steps_.end(), of->steps[static_cast<std::size_t>(f)]);
    if (it != steps_.end()) set_frame(static_cast<int>(it - steps_.begin()));
  });
  connect(&data, &RunData::shown, this, &FilmPanel::read_films);
  connect(&data, &RunData::filmed, this, &FilmPanel::read_film_of);
  connect(&theme, &Theme::changed, this, [this] { show_frame(); });
  arrange();
}

void FilmPanel::read_films() {
  if (!data_.session()) {
    films_.clear();
    jobs_.clear();
    play(false);
    return arrange();
  }
  std::erase_if(films_, [&](const auto& f) { return !data_.find(f.first); });
  for (const WatchedRun* r : data_.runs())
    if (!films_.contains(r->record.id) && !jobs_.contains(r->record.id)) read_film_of(r->record.id);
  arrange();
}

void FilmPanel::read_film_of(std::int64_t run) {
  if (!data_.session() || jobs_.contains(run)) return;
  jobs_[run] = data_.session()->work().submit(this, WorkQueue::Priority::soon, tr("Reading the film"), [this, run](WorkQueue::Context& c) -> std::function<void()> {
    auto film = std::make_shared<const RunFilm>(read_film(c.store, run));
    return [this, run, film] {
      jobs_.erase(run);
      if (data_.find(run)) films_[run] = film;
      arrange();
    };
  }, [this, run](const QString& message) {
    jobs_.erase(run);
    films_[run] = std::make_shared<const RunFilm>();
    Q_EMIT failed(message);
    arrange();
  });
}

void FilmPanel::arrange() {
  const bool at_end = steps_.empty() || frame() + 1 >= frames();
  const std::int64_t step = steps_.empty() ? 0 : steps_[static_cast<std::size_t>(std::min(frame(), frames() - 1))];
  std::vector<ShownFilm> shown;
  steps_.clear();
  for (const WatchedRun* r : data_.runs()) {
    const auto it = films_.find(r->record.id);
    if (it == films_.end() || it->second->posts.empty()) continue;
    shown.push_back({it->second, r->series, text(r->record.name)});
    steps_.insert(steps_.end(), it->second->steps.begin(), it->second->steps.end());
  }
  std::sort(steps_.begin(), steps_.end());
  steps_.erase(std::unique(steps_.begin(), steps_.end()), steps_.end());
  strip_->set_films(shown);
  const auto& documents = strip_->documents();
  if (std::find(documents.begin(), documents.end(), chosen_) == documents.end()) chosen_ = documents.empty() ? 0 : documents.front();
  strip_->set_chosen(chosen_);
  legend_->set_domain(strip_->domain());
  for (QWidget* w : std::initializer_list<QWidget*>{legend_, look_}) w->setVisible(!steps_.empty());
  pages_->setCurrentIndex(steps_.empty() ? 1 : 0);
  if (steps_.empty()) {
    play(false);
    return say_empty();
  }
  {
    const QSignalBlocker quiet(slider_);
    slider_->setRange(0, frames() - 1);
    slider_->setTickInterval(std::max(1, frames() / 40));
    // A film that is being shot is followed at its end; else the frame stays.
    slider_->setValue(at_end ? frames() - 1 : static_cast<int>(std::lower_bound(steps_.begin(), steps_.end(), step) - steps_.begin()));
  }
  from_->setText(tr("step %1").arg(text(thousands(steps_.front()))));
  const auto n = documents.size();
  QString every;
  if (steps_.size() > 2) every = tr(", explained every %1 steps").arg(text(thousands(steps_[1] - steps_[0])));
  set_caption((n == 1 ? tr("1 pinned post") : tr("%1 pinned posts").arg(n)) + every + tr(" · integrated gradients, 32 nodes"));
  show_post();
}

void FilmPanel::say_empty() {
  set_caption({});
  Session* session = data_.session();
  const auto runs = data_.runs();
  fill_->setVisible(session && !runs.empty() && !session->read_only());
  fill_->setEnabled(session != nullptr);
  pin_->setEnabled(session != nullptr && !runs.empty());
  if (!session || runs.empty()) return empty_->setText(tr("The film of a run's explanations appears here."));
  if (!jobs_.empty()) return empty_->setText(tr("Reading …"));
  bool pinned = false;
  try {
    pinned = !pinned_posts(session->store()).empty();
  } catch (const std::exception&) {  // said when the dialog is opened
  }
  const double every = runs.front()->setting("film_steps", 0);
  fill_->setText(pinned ? tr("Pinned posts…") : tr("Pin posts…"));
  if (every <= 0)
    empty_->setText(pinned ? tr("This run takes no film: its setting film_steps is 0. A new run with film_steps above 0 explains the pinned posts as it learns.")
                           : tr("No film. Pin a few posts and set film_steps in a new run: they are explained anew as it learns."));
  else
    empty_->setText(pinned ? tr("No frame yet: the pinned posts are explained every %1 steps.").arg(text(thousands(std::llround(every)))) : tr("No posts are pinned. Pin a few before a run starts: they are explained every %1 steps.").arg(text(thousands(std::llround(every)))));
}

const FilmPost* FilmPanel::chosen_post(std::shared_ptr<const RunFilm>& film) const {
  for (const WatchedRun* r : data_.runs()) {
    const auto it = films_.find(r->record.id);
    if (it == films_.end()) continue;
    for (const FilmPost& p : it->second->posts)
      if (p.document == chosen_) {
        film = it->second;
        return &p;
      }
  }
  return nullptr;
}

void FilmPanel::show_post() {
  std::shared_ptr<const RunFilm> film;
  if (const FilmPost* post = chosen_post(film)) bump_->set_post(film, static_cast<std::size_t>(post - film->posts.data()));
  else bump_->clear();
  show_frame();
}

void FilmPanel::show_frame() {
  if (steps_.empty()) return;
  const auto i = static_cast<std::size_t>(std::clamp(frame(), 0, frames() - 1));
  const double step = static_cast<double>(steps_[i]);
  at_->setText(tr("step %1 · %2 of %3").arg(text(thousands(steps_[i]))).arg(i + 1).arg(steps_.size()));
  slider_->setAccessibleDescription(at_->text());
  back_->setEnabled(i > 0);
  on_->setEnabled(i + 1 < steps_.size());
  strip_->set_step(step);
  std::shared_ptr<const RunFilm> film;
  if (const FilmPost* post = chosen_post(film)) {
    const std::size_t f = frame_at(*film, step);
    bump_->set_frame(f);
    ExplanationRecord record;
    record.run = film->run;
    record.document = post->document;
    record.method = "integrated-gradients";
    record.target = post->target;
    record.value = post->value[f];
    record.delta = post->delta[f];
    for (const FilmWord& w : post->words)
      if (!std::isnan(w.scores[f])) record.words.push_back(w.span), record.word_scores.push_back(w.scores[f]);
    auto content = std::make_shared<PostContent>(record, post->text, post->external_id, post->target, film->classes);
    content->view.domain = strip_->domain();  // one scale over all frames
    post_->set_post(std::move(content));
  }
  Q_EMIT frame_shown(step);
}

void FilmPanel::set_frame(int frame) { slider_->setValue(std::clamp(frame, 0, std::max(0, frames() - 1))); }

void FilmPanel::play(bool on) {
  if (on && frames() < 2) return;
  if (on && frame() + 1 >= frames()) set_frame(0);
  if (on) timer_.start();
  else timer_.stop();
  play_->setIcon(icon(theme_, on ? "pause" : "play"));
  play_->setToolTip(on ? tr("Stop (Space)") : tr("Play (Space)"));
  play_->setAccessibleName(play_->toolTip());
}

void FilmPanel::pin_posts() {
  Session* session = data_.session();
  if (!session || data_.runs().empty()) return;
  auto* dialog = new PinDialog(theme_, session, data_.runs().front()->record.dataset, this);
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  connect(session, &QObject::destroyed, dialog, &QDialog::reject);
  connect(dialog, &PinDialog::failed, this, &FilmPanel::failed);
  connect(dialog, &PinDialog::pins_changed, this, [this] {
    if (steps_.empty()) say_empty();
  });
  dialog->open();
}

QString FilmPanel::csv() const {
  QString out = QStringLiteral("run,step,document,class,probability,delta,begin,end,word,score\n");
  const auto number = [](double v) { return std::isnan(v) ? QString() : QString::number(v, 'g', 9); };
  for (const auto& [run, film] : films_)
    for (const FilmPost& p : film->posts)
      for (std::size_t f = 0; f < film->steps.size(); ++f)
        for (const FilmWord& w : p.words)
          if (!std::isnan(w.scores[f]))
            out += QStringLiteral("%1,%2,%3,%4,%5,%6,").arg(run).arg(film->steps[f]).arg(p.document).arg(csv_cell(text(p.label)), number(p.probability[f]), number(p.delta[f])) +
                   QStringLiteral("%1,%2,%3,%4\n").arg(w.span.begin).arg(w.span.end).arg(csv_cell(text(w.text)), number(w.scores[f]));
  return out;
}

void FilmPanel::keyPressEvent(QKeyEvent* e) {
  switch (e->key()) {
    case Qt::Key_Space: play(!playing()); break;
    case Qt::Key_Left: set_frame(frame() - 1); break;
    case Qt::Key_Right: set_frame(frame() + 1); break;
    default: Panel::keyPressEvent(e);
  }
}

}  // namespace telltale::ui
