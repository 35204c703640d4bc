#include "widgets/geometry/geometry_panel.hpp"

#include <QComboBox>
#include <QFileDialog>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QScrollArea>
#include <QSlider>
#include <QStackedWidget>
#include <QToolButton>
#include <algorithm>
#include <cmath>

#include "training/settings.hpp"
#include "training/trainer.hpp"
#include "widgets/export/view_menu.hpp"
#include "widgets/geometry/plane_view.hpp"
#include "widgets/geometry/token_table.hpp"
#include "widgets/icons.hpp"
#include "widgets/shell/words.hpp"
#include "widgets/unit_edit.hpp"

namespace telltale::ui {
namespace {

constexpr int slider_top = 1000;
constexpr double most_units = 20;
// Fine where text is, coarse where it is not.
double units_of(int at) { return most_units * at * at / (slider_top * slider_top); }
int slider_of(double units) { return static_cast<int>(std::lround(slider_top * std::sqrt(std::clamp(units / most_units, 0.0, 1.0)))); }
QString units_text(double units) { return QString::number(units, 'g', 4); }

enum SourceRole { RunRole = Qt::UserRole, FolderRole, LiveRole, BrowseRole };

class LegendView : public QWidget {
 public:
  LegendView(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
    setFixedHeight(20);
    setAccessibleName(QObject::tr("Legend"));
    QObject::connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
  }

 protected:
  void paintEvent(QPaintEvent*) override {
    QPainter p(this);
    p.setRenderHint(QPainter::Antialiasing);
    p.setFont(theme_.font("caption"));
    const QString names[] = {QObject::tr("vocabulary"), QStringLiteral("x'"), QStringLiteral("x''"), QObject::tr("large: the draw below")};
    qreal w = 0;
    const QFontMetricsF m(p.font());
    int count = 4;
    for (int k = 0; k < 4; ++k) w += m.horizontalAdvance(names[k]) + (k == 3 ? 14 : 26);
    if (w > width()) w -= m.horizontalAdvance(names[3]) + 14, count = 3;
    qreal x = (width() - w) / 2;
    for (int k = 0; k < count; ++k) {
      p.setPen(Qt::NoPen);
      p.setBrush(k == 0 ? theme_["borderStrong"] : theme_.series(k == 1 ? 2 : 4));
      const QPointF c(x + 5, 10);
      if (k < 2) p.drawEllipse(c, k == 0 ? 2 : 4, k == 0 ? 2 : 4);
      if (k == 2) {
        const QPointF points[] = {c + QPointF(0, -4), c + QPointF(4, 3.5), c + QPointF(-4, 3.5)};
        p.drawPolygon(points, 3);
      }
      p.setPen(theme_[k == 3 ? "text3" : "text2"]);
      p.drawText(QPointF(x + (k == 3 ? 0 : 13), 14), names[k]);
      x += m.horizontalAdvance(names[k]) + (k == 3 ? 14 : 26);
    }
  }

 private:
  Theme& theme_;
};

}  // namespace

GeometryPanel::GeometryPanel(Theme& theme, QWidget* parent) : Panel(theme, tr("Perturbation geometry"), parent), theme_(theme) {
  for (const bool back : {true, false}) {
    auto* b = new QToolButton(this);
    b->setIcon(icon(theme, back ? "left" : "right"));
    b->setAccessibleName(back ? tr("Previous post") : tr("Next post"));
    b->setToolTip(b->accessibleName() + (back ? QStringLiteral(" (←)") : QStringLiteral(" (→)")));
    connect(b, &QToolButton::clicked, this, [this, back] { step_post(back ? -1 : 1); });
    add_tool(b);
    (back ? back_ : next_) = b;
  }
  auto* menu = new ViewMenu(theme, this, tr("Perturbation geometry"), [this] { return csv(); });
  connect(menu, &ViewMenu::failed, this, &GeometryPanel::failed);
  add_tool(menu);

  auto* top = new QWidget(this);
  auto* top_line = new QVBoxLayout(top);
  top_line->setContentsMargins(8, 6, 8, 4);
  top_line->setSpacing(4);
  sources_ = new QComboBox(top);
  sources_->setObjectName(QStringLiteral("source"));
  sources_->setAccessibleName(tr("Weights"));
  sources_->setToolTip(tr("Whose weights are looked at: the run that trains, a run, or a model folder"));
  sources_->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
  sources_->setMinimumContentsLength(8);
  connect(sources_, &QComboBox::activated, this, &GeometryPanel::choose_source);
  top_line->addWidget(sources_);
  note_ = new ElidedLabel(theme, top);
  note_->set_style(theme.font("caption"), "text3");
  note_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
  note_->hide();
  top_line->addWidget(note_);
  body()->addWidget(top);

  pages_ = new QStackedWidget(this);
  empty_ = new EmptyNote(theme, {}, this);
  empty_->setTextFormat(Qt::PlainText);
  pages_->addWidget(empty_);
  scroll_ = new QScrollArea(this);
  scroll_->setWidgetResizable(true);
  scroll_->setFrameShape(QFrame::NoFrame);
  scroll_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  auto* content = new QWidget;
  auto* box = new QVBoxLayout(content);
  box->setContentsMargins(0, 0, 0, 6);
  box->setSpacing(0);
  plane_ = new PlaneView(theme, content);
  histogram_ = new RadiusHistogram(theme, content);
  table_ = new TokenTable(theme, content);
  facts_ = new FactsView(theme, content);
  legend_x_ = new ElidedLabel(theme, content);
  legend_x_->set_style(theme.font("table", Theme::Weight::medium), "text");
  auto* x_line = new QHBoxLayout;
  x_line->setContentsMargins(10, 0, 10, 0);
  x_line->addStretch(1);
  x_line->addWidget(legend_x_);
  x_line->addStretch(1);
  make_sliders();
  box->addWidget(plane_);
  box->addLayout(x_line);
  box->addWidget(new LegendView(theme, content));
  box->addWidget(controls_);
  box->addWidget(histogram_);
  box->addWidget(table_);
  box->addWidget(facts_);
  box->addStretch(1);
  table_->setFixedHeight(22 + 5 * theme.spacing("row") + 2);
  scroll_->setWidget(content);
  content->setAutoFillBackground(false);
  scroll_->viewport()->setAutoFillBackground(false);
  pages_->addWidget(scroll_);
  body()->addWidget(pages_, 1);

  connect(plane_, &PlaneView::post_step, this, &GeometryPanel::step_post);
  connect(table_, &TokenTable::centred, this, &GeometryPanel::centre);
  pause_.setSingleShot(true);
  pause_.setInterval(350);
  connect(&pause_, &QTimer::timeout, this, [this] { submit(true); });
  stale_.setSingleShot(true);
  stale_.setInterval(300);
  connect(&stale_, &QTimer::timeout, this, [this] {
    plane_->set_stale(true);
    set_note(scale_.unit > 0 ? tr("drawing …") : tr("measuring the embedding table, once for a model …"), "text3");
  });
  set_session(nullptr);
}

GeometryPanel::~GeometryPanel() {
  if (session_) session_->training().watch_geometry({});
}

void GeometryPanel::make_sliders() {
  controls_ = new QWidget;
  auto* grid = new QGridLayout(controls_);
  grid->setContentsMargins(10, 4, 10, 4);
  grid->setHorizontalSpacing(8);
  grid->setVerticalSpacing(4);
  for (int k = 0; k < 2; ++k) {
    const QString name = k == 0 ? QStringLiteral("ε") : QStringLiteral("ε₂");
    auto* label = new QLabel(name, controls_);
    slider_[k] = new QSlider(Qt::Horizontal, controls_);
    slider_[k]->setRange(0, slider_top);
    slider_[k]->setPageStep(50);
    slider_[k]->setObjectName(k == 0 ? QStringLiteral("epsilon") : QStringLiteral("epsilon2"));
    slider_[k]->setAccessibleName(name);
    slider_[k]->setToolTip(text(setting_info(k == 0 ? "epsilon" : "epsilon2").meaning));
    edit_[k] = new UnitEdit(theme_, controls_);
    edit_[k]->set_unit(QStringLiteral("× nearest"));
    edit_[k]->setFixedWidth(116);
    edit_[k]->setAccessibleName(name);
    edit_[k]->setObjectName(slider_[k]->objectName() + QStringLiteral("-value"));
    label->setBuddy(edit_[k]);
    grid->addWidget(label, k, 0);
    grid->addWidget(slider_[k], k, 1);
    grid->addWidget(edit_[k], k, 2);
    connect(slider_[k], &QSlider::valueChanged, this, [this, k](int at) {
      const double v = units_of(at);
      set_radii(k == 0 ? v : std::min(options_.epsilon, v), k == 1 ? v : std::max(options_.epsilon2, v));
    });
    connect(edit_[k], &QLineEdit::textEdited, this, [this, k](const QString& t) {
      bool fine = false;
      const double v = QString(t).replace(QLatin1Char(','), QLatin1Char('.')).toDouble(&fine);
      fine = fine && std::isfinite(v) && v >= 0 && v <= 1000;
      edit_[k]->set_wrong(!fine);
      edit_[k]->setToolTip(fine ? QString() : tr("A number from 0 to 1000"));
      if (fine) set_radii(k == 0 ? v : std::min(options_.epsilon, v), k == 1 ? v : std::max(options_.epsilon2, v));
    });
  }
  law_ = new QComboBox(controls_);
  law_->setAccessibleName(tr("Radius law"));
  law_->setToolTip(text(setting_info("perturbation.radius").meaning));
  law_->setObjectName(QStringLiteral("law"));
  law_->addItems({tr("uniform in volume"), tr("exponential"), tr("fixed")});
  sampler_ = new QComboBox(controls_);
  sampler_->setAccessibleName(tr("Sampler"));
  sampler_->setToolTip(text(setting_info("perturbation.sampler").meaning));
  sampler_->setObjectName(QStringLiteral("sampler"));
  sampler_->addItems({tr("noise ball"), tr("nearest word"), tr("adversarial")});
  auto* line = new QHBoxLayout;
  line->setSpacing(6);
  line->addWidget(sampler_, 1);
  line->addWidget(law_, 1);
  grid->addLayout(line, 2, 0, 1, 3);
  connect(law_, &QComboBox::activated, this, [this](int at) {
    options_.radius = static_cast<RadiusLaw>(at);
    ask();
  });
  connect(sampler_, &QComboBox::activated, this, [this](int at) {
    options_.sampler = static_cast<Sampler>(at);
    ask();
  });
}

void GeometryPanel::set_session(Session* session) {
  if (session_) {
    session_->training().watch_geometry({});
    if (job_) session_->work().cancel(job_);
    session_->disconnect(this);
    session_->training().disconnect(this);
  }
  pause_.stop();
  stale_.stop();
  session_ = session;
  job_ = 0;
  run_ = document_ = 0;
  live_ = exploring_ = false;
  source_ = {};
  geometry_.reset();
  documents_.reset();
  if (session) {
    connect(&session->training(), &TrainingQueue::events, this, &GeometryPanel::heard);
    connect(session, &Session::runs_changed, this, &GeometryPanel::fill_sources);
    connect(&session->training(), &TrainingQueue::finished, this, [this](qint64 run) {
      if (live_ && run == source_.run) set_note(tr("training has ended; this was step %1").arg(step_), "text3");
    });
  }
  fill_sources();
  explain_nothing(session ? tr("Start a run to watch what the perturbation does to its words, or choose weights above.") : tr("No file is open."));
  show_state();
}

void GeometryPanel::fill_sources() {
  if (!session_) {
    sources_->clear();
    sources_->setEnabled(false);
    return;
  }
  session_->work().submit(
      this, WorkQueue::Priority::visible, tr("Reading the runs"),
      [this](WorkQueue::Context& c) -> std::function<void()> {
        struct Row {
          qint64 id;
          QString name, model;
          bool weights, running;
        };
        std::vector<Row> rows;
        for (const RunRecord& r : c.store.runs())
          rows.push_back({r.id, one_line(r.name), text(r.model), r.status == RunStatus::finished || !c.store.checkpoints(r.id).empty(), r.status == RunStatus::running || r.status == RunStatus::paused});
        return [this, rows = std::move(rows)] {
          if (!session_) return;
          sources_->clear();
          QStringList folders;
          for (auto it = rows.rbegin(); it != rows.rend(); ++it) {
            const QString name = QStringLiteral("%1 · %2").arg(it->id).arg(elided(it->name, 50));
            if (it->running) {
              sources_->addItem(tr("live: %1").arg(name), it->id);
              sources_->setItemData(sources_->count() - 1, true, LiveRole);
            }
            if (it->weights) sources_->addItem(name, it->id);
            if (!folders.contains(it->model) && !it->model.isEmpty()) folders << it->model;
          }
          if (!source_.folder.isEmpty() && !folders.contains(source_.folder)) folders.prepend(source_.folder);
          for (const QString& f : folders) {
            sources_->addItem(tr("model %1").arg(QFileInfo(f).fileName()));
            sources_->setItemData(sources_->count() - 1, f, FolderRole);
            sources_->setItemData(sources_->count() - 1, plain_tip(f), Qt::ToolTipRole);
          }
          sources_->addItem(tr("Model folder …"));
          sources_->setItemData(sources_->count() - 1, true, BrowseRole);
          sources_->setEnabled(true);
          if (!exploring_ && run_ > 0) show_run(run_);
          show_state();
        };
      },
      [this](const QString& message) { Q_EMIT failed(message); });
}

void GeometryPanel::choose_source(int at) {
  if (at < 0) return;
  if (sources_->itemData(at, BrowseRole).toBool()) {
    show_state();  // the combo goes back to what is shown
    auto* dialog = new QFileDialog(this, tr("Model folder"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::Directory);
    dialog->setOption(QFileDialog::ShowDirsOnly);
    connect(dialog, &QFileDialog::fileSelected, this, &GeometryPanel::show_model);
    dialog->open();
    return;
  }
  const qint64 run = sources_->itemData(at, RunRole).toLongLong();
  if (sources_->itemData(at, LiveRole).toBool()) {
    exploring_ = false;
    show_run(run);
    return;
  }
  exploring_ = true;
  go_free(run > 0 ? Source{run, {}} : Source{0, sources_->itemData(at, FolderRole).toString()});
}

void GeometryPanel::show_run(qint64 run) {
  if (run != run_) exploring_ = false;  // another one was chosen in the list
  run_ = run;
  if (!session_ || exploring_) return;
  if (run == 0) {
    live_ = false;
    source_ = {};
    explain_nothing(tr("Choose a run, or weights above."));
    show_state();
    return watch();
  }
  if (session_->training().running() == run) {
    if (live_ && source_.run == run) return watch();
    if (job_) session_->work().cancel(job_), job_ = 0;
    pause_.stop();
    stale_.stop();
    live_ = true;
    source_ = {run, {}};
    wish_ = {};
    geometry_.reset();
    explain_nothing(tr("Waiting for the next look at the run: it takes a few seconds."));
    show_state();
    return watch();
  }
  if (live_ && source_.run == run && geometry_) return;  // it has just ended: the last picture stays
  if (!live_ && source_.run == run) return;
  RunStatus status = RunStatus::queued;
  bool weights = false;
  try {
    const RunRecord r = session_->store().run(run);
    status = r.status;
    weights = !r.folder.empty() || !session_->store().checkpoints(run).empty();
  } catch (const std::exception&) {  // it is gone
  }
  live_ = false;
  if (weights) return go_free({run, {}});
  source_ = {};
  explain_nothing(status == RunStatus::queued ? tr("This run waits for its turn. Its words can be watched while it trains; other weights are above.") : tr("This run has no weights to look at. Others are above."));
  show_state();
  watch();
}

void GeometryPanel::show_model(const QString& folder) {
  exploring_ = true;
  go_free({0, folder});
  fill_sources();
}

void GeometryPanel::go_free(const Source& source) {
  live_ = false;
  const bool other = !(source == source_);
  source_ = source;
  if (other) {
    scale_ = {};
    documents_.reset();
    document_ = 0;
    position_ = -1;
    options_ = {};
    if (source.run > 0 && session_) {
      try {
        const RunRecord r = session_->store().run(source.run);
        options_ = settings_from_json(r.settings).objective;
        dataset_ = r.dataset;
        const Json derived = r.settings.value("derived", Json::object());
        if (derived.value("unit", 0.0) > 0 && derived.value("mean_norm", 0.0) > 0) scale_ = {derived["unit"].get<double>(), derived["mean_norm"].get<double>()};
      } catch (const std::exception& e) {
        return explain_nothing(QString::fromUtf8(e.what()));
      }
    } else if (session_) {
      try {
        const auto all = session_->store().datasets();
        if (all.empty()) return explain_nothing(tr("This file has no posts yet: import some to look at their words."));
        dataset_ = all.back().id;
      } catch (const std::exception& e) {
        return explain_nothing(QString::fromUtf8(e.what()));
      }
    }
    if (!geometry_) explain_nothing(tr("Loading the weights …"));
  }
  watch();
  set_radii(options_.epsilon, options_.epsilon2);
}

void GeometryPanel::show_post(qint64 document, int position) {
  if (live_) {
    wish_.document = document;
    wish_.position = position;
    return watch();
  }
  document_ = document;
  position_ = position;
  ask();
}

void GeometryPanel::set_radii(double epsilon, double epsilon2) {
  options_.epsilon = std::max(0.0, epsilon);
  options_.epsilon2 = std::max(options_.epsilon, epsilon2);
  const double both[] = {options_.epsilon, options_.epsilon2};
  for (int k = 0; k < 2; ++k) {
    const QSignalBlocker quiet(slider_[k]);
    if (units_text(units_of(slider_[k]->value())) != units_text(both[k])) slider_[k]->setValue(slider_of(both[k]));
    if (!edit_[k]->hasFocus() || !edit_[k]->isModified() || edit_[k]->text().toDouble() != both[k]) {
      if (!edit_[k]->hasFocus()) edit_[k]->setText(units_text(both[k])), edit_[k]->set_wrong(false);
    }
  }
  law_->setCurrentIndex(static_cast<int>(options_.radius));
  sampler_->setCurrentIndex(static_cast<int>(options_.sampler));
  show_state();
  ask();
}

void GeometryPanel::show_state() {
  controls_->setVisible(!live_ && !source_.none());
  QString caption;
  if (live_) caption = geometry_ && step_ > 0 ? tr("step %1, post %2").arg(step_).arg(document_) : tr("live");
  else if (geometry_ && document_ > 0 && documents_) {
    const auto it = std::find(documents_->begin(), documents_->end(), document_);
    caption = it == documents_->end() ? tr("post %1").arg(document_) : tr("post %1 of %2").arg(it - documents_->begin() + 1).arg(documents_->size());
  }
  set_caption(caption);
  const bool steps = live_ || (documents_ && documents_->size() > 1);
  back_->setEnabled(session_ && steps);
  next_->setEnabled(session_ && steps);
  const QSignalBlocker quiet(sources_);
  int at = -1;
  for (int k = 0; k < sources_->count(); ++k) {
    const bool same = source_.run > 0 ? sources_->itemData(k, RunRole).toLongLong() == source_.run && sources_->itemData(k, LiveRole).toBool() == live_ : !source_.folder.isEmpty() && sources_->itemData(k, FolderRole).toString() == source_.folder;
    if (same) at = k;
  }
  sources_->setCurrentIndex(at);
  if (at < 0) sources_->setPlaceholderText(source_.none() ? tr("Weights …") : live_ ? tr("live: run %1").arg(source_.run) : tr("run %1").arg(source_.run));
}

void GeometryPanel::step_post(int by) {
  if (live_) {
    wish_.document = 0;
    wish_.position = -1;
    wish_.post += by;
    watch();
    set_note(tr("from the next look on"), "text3");
    return;
  }
  if (!documents_ || documents_->empty()) return;
  const auto n = static_cast<std::int64_t>(documents_->size());
  const auto it = std::find(documents_->begin(), documents_->end(), document_);
  const std::int64_t now = it == documents_->end() ? 0 : it - documents_->begin();
  document_ = (*documents_)[static_cast<std::size_t>(((now + by) % n + n) % n)];
  position_ = -1;
  ask();
}

void GeometryPanel::centre(int position) {
  if (live_) {
    wish_.document = document_;
    wish_.position = position;
    watch();
    set_note(tr("this word from the next look on"), "text3");
    return;
  }
  position_ = position;
  ask();
}

void GeometryPanel::watch() {
  if (!session_) return;
  session_->training().watch_geometry(live_ && isVisible() ? std::optional(wish_) : std::nullopt);
}

void GeometryPanel::showEvent(QShowEvent* e) {
  Panel::showEvent(e);
  watch();
  if (!live_ && !source_.none()) ask();
}

void GeometryPanel::hideEvent(QHideEvent* e) {
  Panel::hideEvent(e);
  watch();
  // The view that is on screen now does not wait for it: seconds, where the table has not been measured yet. Shown again, it is asked again.
  pause_.stop();
  if (e->spontaneous() || !session_ || !job_) return;
  session_->work().cancel(job_);
  job_ = 0;
  stale_.stop();
}

void GeometryPanel::explain_nothing(const QString& sentence) {
  geometry_.reset();
  empty_->setText(sentence);
  pages_->setCurrentIndex(0);
}

void GeometryPanel::set_note(const QString& what, const char* colour) {
  note_->set_style(theme_.font("caption"), colour);
  note_->set_text(what);
  note_->setVisible(!what.isEmpty());
}

QString GeometryPanel::csv() const { return table_->tokens().csv(); }

}  // namespace telltale::ui
