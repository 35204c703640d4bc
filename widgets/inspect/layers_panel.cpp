#include "widgets/inspect/layers_panel.hpp"

#include <QPushButton>
#include <QScrollArea>
#include <QStackedWidget>
#include <algorithm>
#include <chrono>
#include <cmath>

#include "report/comparison_view.hpp"
#include "report/html.hpp"
#include "report/numbers.hpp"
#include "widgets/export/export.hpp"
#include "widgets/inspect/busy_ring.hpp"

namespace telltale::ui {
namespace {

constexpr std::size_t timed_ids = 64, timed_texts = 4;
constexpr double fit_seconds = 1.6e-7;  ///< of a training post, dimension, class and layer, all fits together (2.6 GHz)

/// About how long probes of every layer take on this machine: the network's speed is measured, the fits are reckoned.
double probe_cost(Store& store, const DatasetInfo& data, const Classifier& model, const LayerProbeOptions& o, const Encoding& like, std::size_t bytes) {
  if (like.ids.size() < 2) return 0;
  Encoding some = like;
  some.ids.resize(std::min(some.ids.size(), timed_ids));
  const std::vector<Encoding> texts(timed_texts, some);
  const auto begin = std::chrono::steady_clock::now();
  logit_lens(model, texts);
  const double of_an_id = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() / static_cast<double>(timed_texts * some.ids.size());
  const double ids_of_a_byte = bytes > 40 && like.cut < 0 ? static_cast<double>(like.ids.size()) / static_cast<double>(bytes) : 0.25;
  const PostTable table = store.post_table(data.id);
  double ids = 0, fitted = 0;
  for (const bool test : {false, true}) {
    double of_split = 0, n = 0;
    for (const auto& row : table.rows)
      if (table.splits.at(static_cast<std::size_t>(row.split)) == (test ? o.test_split : o.train_split)) n += 1, of_split += std::min<double>(o.max_length, 2 + ids_of_a_byte * static_cast<double>(row.bytes));
    if (n == 0) continue;
    const auto limit = static_cast<double>(test ? o.test_limit : o.train_limit);
    const double taken = limit > 0 ? std::min(n, limit) : n;
    ids += of_split * taken / n;
    if (!test) fitted = taken;
  }
  const double layers = static_cast<double>(model.config().layers + 1);
  return ids * of_an_id + fit_seconds * fitted * static_cast<double>(model.config().hidden_size) * static_cast<double>(data.classes.size()) * layers;
}

/// "40 s", "3 min": as exactly as it is known.
QString about(double seconds) {
  if (seconds >= 60) return QObject::tr("%1 min").arg(static_cast<int>(std::ceil(seconds / 60)));
  return QObject::tr("%1 s").arg(static_cast<int>(seconds < 10 ? std::max(1.0, std::ceil(seconds)) : 5 * std::ceil(seconds / 5)));
}

}  // namespace

LayersPanel::LayersPanel(Theme& theme, QWidget* parent) : Panel(theme, tr("Layers"), parent), theme_(theme) {
  stack_ = new QStackedWidget(this);
  body()->addWidget(stack_, 1);
  note_ = new EmptyNote(theme, QString(), stack_);
  stack_->addWidget(note_);
  auto* scroll = new QScrollArea(stack_);
  scroll->setWidgetResizable(true);
  scroll->setFrameShape(QFrame::NoFrame);
  scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  table_ = new LayersTable(theme, scroll);
  scroll->setWidget(table_);
  stack_->addWidget(scroll);
  add_hairline();
  foot_ = new QWidget(this);
  auto* row = new QHBoxLayout(foot_);
  row->setContentsMargins(10, 4, 8, 4);
  row->setSpacing(8);
  ring_ = new BusyRing(theme, foot_);
  foot_text_ = new ElidedLabel(theme, foot_);
  foot_text_->set_style(theme.font("caption"), "text2");
  foot_text_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
  probe_button_ = new QPushButton(foot_);
  probe_button_->setFont(theme.font("caption"));
  probe_button_->setAccessibleName(tr("Probe every layer"));
  probe_button_->setToolTip(tr("Fits a linear classifier to the hidden states of every layer on the run's training posts and judges it on its test posts:\nhow well the class can be read off each layer. With a control: the same after the labels are permuted. The figures are kept in the file."));
  cancel_ = new QPushButton(tr("Cancel"), foot_);
  cancel_->setFont(theme.font("caption"));
  cancel_->setToolTip(tr("Stop probing; nothing is kept"));
  row->addWidget(ring_);
  row->addWidget(foot_text_, 1);
  row->addWidget(probe_button_);
  row->addWidget(cancel_);
  body()->addWidget(foot_);
  connect(probe_button_, &QPushButton::clicked, this, &LayersPanel::probe);
  connect(cancel_, &QPushButton::clicked, this, &LayersPanel::cancel_probe);
  connect(table_, &LayersTable::explain_asked, this, &LayersPanel::explain_asked);
  draw();
}

void LayersPanel::set_session(Session* session) {
  if (session_) {
    for (const WorkQueue::JobId job : {job_, probe_job_})
      if (job) session_->work().cancel(job);
    disconnect(&session_->work(), nullptr, this, nullptr);
  }
  job_ = probe_job_ = 0;
  session_ = session;
  lens_.reset();
  probes_ = nullptr;
  run_ = {};
  if (session_) connect(&session_->work(), &WorkQueue::changed, this, [this] {
    if (probe_job_) show_foot();
  });
  set_post(nullptr, {});
}

void LayersPanel::set_post(PostPtr post, const RunRecord& run) {
  const bool same_run = run.id == run_.id, same = post && lens_ && same_run && lens_->run == run.id && lens_->document == post->record.document;
  post_ = std::move(post);
  if (!same_run) probes_ = nullptr, cost_ = 0, probe_error_.clear();
  run_ = run;
  if (same) return draw();
  if (session_ && job_) session_->work().cancel(job_);
  job_ = 0;
  needed_ = post_ != nullptr && !run_.folder.empty();
  if (!needed_ || !same_run) lens_.reset();  // else the last post's stays, pale
  note_->setText(!post_ ? tr("Here you see what each layer would answer to an explained post.") : run_.folder.empty() ? tr("The run has no weights to ask.") : tr("Reading the layers …"));
  draw();
  if (isVisible()) compute();
}

void LayersPanel::set_pool(Pool pool) {
  if (pool == options_.pool) return;
  options_.pool = pool;
  probes_ = nullptr;
  if (probe_job_) cancel_probe();
  needed_ = post_ != nullptr && !run_.folder.empty();  // the file may hold them
  draw();
  if (isVisible()) compute();
}

void LayersPanel::showEvent(QShowEvent* e) {
  Panel::showEvent(e);
  compute();
}

void LayersPanel::compute() {
  if (!needed_ || !session_ || !post_) return;
  needed_ = false;
  if (job_) session_->work().cancel(job_);
  const bool ask_cost = cost_ == 0;
  job_ = session_->work().submit(this, WorkQueue::Priority::soon, tr("Layers of post %1").arg(post_->record.document), [this, post = post_, run = run_, options = options_, ask_cost](WorkQueue::Context& c) {
    const auto model = c.models.of_run(c.store, run.id);
    LayerProbeOptions o = options;
    o.max_length = model->max_length(max_length_of(run));
    const Encoding encoding = model->tokenizer().encode(post->text, o.max_length);
    auto lens = std::make_shared<PostLens>();
    lens->lens = logit_lens(*model, {encoding}, false, c.stop)[0];
    lens->run = run.id;
    lens->document = post->record.document;
    for (const std::string& n : short_names(model->labels())) lens->classes.push_back(text(clean_utf8(n)));
    for (const std::string& n : model->labels()) lens->full.push_back(text(clean_utf8(n)));
    Found found{lens, nullptr, 0};
    if (run.dataset) {
      const DatasetInfo data = c.store.dataset(run.dataset);
      found.probes = stored_probe(c.store, data, model->fingerprint(), model->prediction_precision(), o);
      if (found.probes.is_null() && ask_cost) found.cost = probe_cost(c.store, data, *model, o, encoding, post->text.size());
    }
    return [this, found] {
      job_ = 0;
      lens_ = found.lens;
      if (!found.probes.is_null()) probes_ = found.probes;
      if (found.cost > 0) cost_ = found.cost;
      draw();
    };
  }, [this](const QString& message) {
    job_ = 0;
    lens_.reset();
    note_->setText(message);
    draw();
  });
}

void LayersPanel::probe() {
  if (!session_ || probe_job_ || run_.folder.empty() || run_.dataset == 0) return;
  probe_error_.clear();
  probed_run_ = run_.id;
  probe_job_ = session_->work().submit(this, WorkQueue::Priority::background, tr("Probing every layer of %1").arg(text(clean_utf8(run_.name))), [this, run = run_, options = options_, keep = !session_->read_only()](WorkQueue::Context& c) {
    const auto model = c.models.of_run(c.store, run.id);
    LayerProbeOptions o = options;
    o.max_length = model->max_length(max_length_of(run));
    Json found = probe_dataset(c.store, c.store.dataset(run.dataset), *model, o, keep, c.stop, c.progress);
    return [this, found = std::move(found), id = run.id] {
      probe_job_ = 0;
      if (id == run_.id) probes_ = found;
      draw();
    };
  }, [this, id = run_.id](const QString& message) {
    probe_job_ = 0;
    if (id == run_.id) probe_error_ = message;
    show_foot();
  });
  show_foot();
}

void LayersPanel::cancel_probe() {
  if (session_ && probe_job_) session_->work().cancel(probe_job_);
  probe_job_ = 0;
  show_foot();
}

void LayersPanel::draw() {
  const bool fresh = lens_ && post_ && lens_->document == post_->record.document;
  stack_->setCurrentIndex(lens_ ? 1 : 0);
  int target = -1, foil = -1;
  if (lens_) {
    // While the post is being explained there is no target yet: the answer of the last layer is.
    target = fresh && post_->record.target >= 0 ? post_->record.target : lens_->lens.layers.back().predicted;
    foil = fresh ? post_->record.foil : -1;
  }
  table_->set_probes(probes_);
  table_->set_lens(lens_, target, foil, !fresh);
  QString caption;
  if (fresh) {
    const int L = static_cast<int>(lens_->lens.layers.size()) - 1, settled = lens_->lens.settled;
    const QString answer = lens_->classes[static_cast<std::size_t>(lens_->lens.layers.back().predicted)];
    caption = settled == L ? tr("%1, settled by the last layer only").arg(answer) : settled == 0 ? tr("%1 from the embedding on").arg(answer) : tr("%1, settled from layer %2 of %3").arg(answer).arg(settled).arg(L);
  }
  set_caption(caption);
  show_foot();
}

void LayersPanel::show_foot() {
  foot_->setVisible(lens_ != nullptr && run_.dataset != 0);
  const bool here = probe_job_ != 0 && probed_run_ == run_.id, elsewhere = probe_job_ != 0 && !here, there = probes_.is_object();
  ring_->setVisible(here);
  cancel_->setVisible(here);
  probe_button_->setVisible(!here && !there);
  probe_button_->setEnabled(!elsewhere);
  probe_button_->setText(!probe_error_.isEmpty() ? tr("Try again") : cost_ > 0 ? tr("Probe every layer, about %1").arg(about(cost_)) : tr("Probe every layer"));
  if (here) {
    double done = 0, total = 0, seconds = 0;
    for (const auto& job : session_->work().jobs())
      if (job.id == probe_job_) done = job.done, total = job.total, seconds = job.seconds;
    ring_->set_progress(done, total);
    const double part = total > 0 ? done / total : 0;
    foot_text_->set_text(part > 0.02 ? tr("Probing, %1 %, %2 left").arg(static_cast<int>(100 * part)).arg(about(seconds * (1 - part) / part)) : tr("Probing …"));
  } else if (there) {
    const auto n = [&](const char* key) { return text(thousands(probes_.value(key, std::int64_t{0}))); };
    foot_text_->set_text(tr("Probe of %1: accuracy on %3 test posts, fitted to %2 · ● with its 95 % interval, ○ control of permuted labels").arg(options_.pool == Pool::cls ? tr("[CLS]") : tr("the mean state"), n("train"), n("test")));
  } else {
    foot_text_->set_text(!probe_error_.isEmpty() ? probe_error_ : elsewhere ? tr("Another run is being probed") : QString());
  }
}

QString LayersPanel::csv() const {
  QString out = QStringLiteral("layer,answer,settled");
  if (!lens_) return out + QLatin1Char('\n');
  for (const QString& n : lens_->full) out += QLatin1Char(',') + csv_cell(tr("p %1").arg(n));
  const char* keys[] = {"accuracy", "low", "high", "control", "selectivity", "lens"};
  const bool probes = probes_.is_object() && probes_["layers"].size() == lens_->lens.layers.size();
  if (probes)
    for (const char* k : keys) out += QStringLiteral(",probe %1").arg(QLatin1String(k));
  out += QLatin1Char('\n');
  for (std::size_t l = 0; l < lens_->lens.layers.size(); ++l) {
    const Prediction& p = lens_->lens.layers[l];
    out += QStringLiteral("%1,%2,%3").arg(l).arg(csv_cell(lens_->full[static_cast<std::size_t>(p.predicted)])).arg(static_cast<int>(l) >= lens_->lens.settled ? 1 : 0);
    for (const double v : p.probabilities) out += QStringLiteral(",%1").arg(v, 0, 'g', 6);
    if (probes)
      for (const char* k : keys) out += probes_["layers"][l][k].is_number() ? QStringLiteral(",%1").arg(probes_["layers"][l][k].get<double>(), 0, 'g', 6) : QStringLiteral(",");
    out += QLatin1Char('\n');
  }
  return out;
}

}  // namespace telltale::ui
