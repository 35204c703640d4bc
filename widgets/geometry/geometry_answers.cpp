// What the geometry panel asks of the worker, and what comes back: from there, or live from the training run.
#include <QStackedWidget>
#include <algorithm>
#include <cmath>

#include "widgets/geometry/geometry_panel.hpp"
#include "widgets/geometry/plane_view.hpp"
#include "widgets/geometry/scale.hpp"
#include "widgets/geometry/token_table.hpp"
#include "widgets/shell/words.hpp"

namespace telltale::ui {
namespace {

struct Answer {
  PerturbationGeometry geometry;
  std::shared_ptr<const std::vector<std::int64_t>> documents;
  std::int64_t document = 0, dataset = 0;
  EmbeddingScale scale;
};

}  // namespace

void GeometryPanel::ask() {
  if (live_ || !session_ || source_.none()) return;
  submit(false);
  pause_.start();
}

/// What is asked for last is what is shown: answers to older questions are dropped.
void GeometryPanel::submit(bool full) {
  if (live_ || !session_ || source_.none() || !isVisible()) return;
  if (job_) session_->work().cancel(job_);
  const quint64 question = ++asked_;
  if (!stale_.isActive()) stale_.start();
  job_ = session_->work().submit(
      // What reads a post or a curve goes first: this measures the embedding table, a second or two on a large one.
      this, WorkQueue::Priority::soon, tr("Drawing perturbed copies"),
      [this, full, question, source = source_, options = options_, scale = scale_, documents = documents_, document = document_, position = position_, dataset = dataset_](WorkQueue::Context& c) -> std::function<void()> {
        Answer a;
        const auto model = source.run > 0 ? c.models.of_run(c.store, source.run) : c.models.of_folder(source.folder.toStdString());
        a.documents = documents;
        if (!a.documents) {
          Store::DocumentFilter filter;
          filter.dataset = dataset;
          filter.split = "test";
          auto ids = c.store.document_ids(filter);
          if (ids.empty()) filter.split.clear(), ids = c.store.document_ids(filter);
          a.documents = std::make_shared<const std::vector<std::int64_t>>(std::move(ids));
        }
        if (a.documents->empty()) throw std::invalid_argument("the data set has no posts");
        a.document = document > 0 ? document : a.documents->front();
        const Document post = c.store.document(a.document);
        a.scale = scale.unit > 0 ? scale : known_scale(c.store, *model, c.stop);
        if (c.stop.stop_requested()) throw Cancelled{};
        GeometryRequest q;
        q.ids = model->tokenizer().encode(post.text, model->max_length(0) < 128 ? model->max_length(0) : 128).ids;
        const auto& labels = model->labels();
        const std::string name = post.label >= 0 ? c.store.dataset(post.dataset).classes.at(static_cast<std::size_t>(post.label)) : std::string();
        const auto label = std::find(labels.begin(), labels.end(), name);
        q.label = label != labels.end() ? static_cast<int>(label - labels.begin()) : -1;
        q.position = position >= 0 && position < static_cast<int>(q.ids.size()) && !model->tokenizer().specials().special(q.ids[static_cast<std::size_t>(position)]) ? position : -1;
        q.options = options;
        q.scale = a.scale;
        q.attributions = full;
        q.copies = full ? 8 : 2;
        q.tokens = full ? 1024 : 64;
        a.geometry = examine_perturbation(*model, q);
        return [this, full, question, a = std::move(a)]() mutable {
          job_ = 0;
          if (question != asked_) return;
          stale_.stop();
          documents_ = a.documents;
          document_ = a.document;
          scale_ = a.scale;
          step_ = 0;
          if (position_ < 0) position_ = a.geometry.position;
          take(std::move(a.geometry), false);
          set_note(full ? QString() : tr("distances follow"), "text3");
          const double norms = options_.epsilon * scale_.unit / scale_.mean_norm;
          if (norms > 2) set_note(tr("ε is %1 mean embedding norms: copies that far hold almost no text").arg(norms, 0, 'f', 1), "warn");
        };
      },
      [this, question](const QString& message) {
        job_ = 0;
        if (question != asked_) return;
        stale_.stop();
        plane_->set_stale(false);
        set_note(message, "error");
        if (!geometry_) explain_nothing(message);
      });
}

void GeometryPanel::heard(qint64 run, const std::vector<OrderedJson>& events) {
  if (!live_ && !exploring_ && run == run_) show_run(run);  // it began while its row was in front
  if (live_ && !exploring_ && run != source_.run && session_->training().running() == run) show_run(run);  // the next of the queue
  if (!live_ || run != source_.run) return;
  const OrderedJson* last = nullptr;
  const OrderedJson* full = nullptr;
  for (const OrderedJson& e : events) {
    if (e.value("event", "") != "geometry") continue;
    last = &e;
    if (!e["distances"]["attribution"]["near"].is_null()) full = &e;
  }
  if (!last) return;
  try {
    const Json document = Json::parse(last->dump());
    PerturbationGeometry g = geometry_from_json(document);
    step_ = document.value("step", std::int64_t{0});
    document_ = document.value("document", std::int64_t{0});
    if (full) {
      distances_step_ = full->value("step", std::int64_t{0});
      if (full != last) g.attribution = geometry_from_json(Json::parse(full->dump())).attribution;
    }
    scale_ = g.scale;
    take(std::move(g), !full);
    set_note({}, "text3");
  } catch (const std::exception& e) {
    set_note(QString::fromUtf8(e.what()), "error");
  }
}

void GeometryPanel::take(PerturbationGeometry geometry, bool keep_distances) {
  if (keep_distances && geometry_) geometry.attribution = geometry_->attribution;
  geometry_ = std::make_shared<const PerturbationGeometry>(std::move(geometry));
  pages_->setCurrentIndex(1);
  plane_->show_geometry(geometry_);
  histogram_->show_geometry(geometry_);
  table_->show_tokens(*geometry_);
  facts_->show_geometry(geometry_, live_ && distances_step_ > 0 && distances_step_ != step_ ? tr("A of step %1").arg(distances_step_) : QString());
  legend_x_->set_text(tr("+ x “%1”%2").arg(piece_text(geometry_->piece), geometry_->label_name.empty() ? QString() : tr(" in a post of %1").arg(elided(one_line(geometry_->label_name), 30))));
  show_state();
}

}  // namespace telltale::ui
