// What the runs of the form will cost, and what ε does to words of the data: measured beside everything else.
#include <QComboBox>
#include <algorithm>
#include <cmath>

#include "widgets/geometry/scale.hpp"
#include "widgets/new_run/machine_row.hpp"
#include "widgets/new_run/new_run_view.hpp"
#include "widgets/new_run/side_panels.hpp"
#include "widgets/shell/words.hpp"

namespace telltale::ui {
namespace {

CostHistory read_history(Store& store) {
  CostHistory out;
  double sum = 0;
  auto runs = store.runs();
  for (auto it = runs.rbegin(); it != runs.rend() && out.checked < 5; ++it) {
    if (!it->cost.is_object() || !it->cost.contains("error")) continue;
    const Json& e = it->cost["error"];
    const double time = e.value("seconds", 0.0);
    if (out.checked++ == 0) out.run = one_line(it->name), out.time_error = time, out.memory_error = e.value("peak_mib", 0.0);
    sum += std::abs(time);
  }
  if (out.checked > 0) out.typical = sum / out.checked;
  return out;
}

}  // namespace

QString NewRunView::cost_key() const {
  const RunPlan p = plan();
  TrainingSettings s = draft_.fitting();
  s.seed = 0;
  return QString::fromStdString(to_json(s).dump()) + QStringLiteral("|%1|%2|%3|%4|%5|%6|%7").arg(p.dataset).arg(text(model_folder())).arg(from_.value_or(0)).arg(p.has_baseline(draft_) + 2 * p.has_control(draft_)).arg(text(p.compute.device), QLatin1String(name_of(p.compute.precision))).arg(p.compute.threads);
}

void NewRunView::ask_unasked() {
  if (!session_ || !isVisible() || pages_->currentIndex() != 1) return;
  ask_scale();
  pause_.start();
}

void NewRunView::measure_cost() {
  if (!session_) return;
  if (QWidget* wrong = first_wrong()) {
    wrong->setFocus(Qt::OtherFocusReason);
    return;
  }
  if (cost_job_) session_->work().cancel(cost_job_);
  struct One {
    TrainRequest request;
    CostPart part;
  };
  std::vector<One> wanted;
  const RunPlan p = plan();
  const int n = static_cast<int>(p.seeds.size());
  try {
    const TrainRequest r = p.request(draft_, p.seeds.front());
    TrainRequest other = r;
    if (p.has_baseline(draft_)) {
      other.preset = "baseline";
      other.settings.objective = preset_settings("baseline").objective;
      other.settings.dropout_shared = 0;
      wanted.push_back({other, {tr("baseline"), 0, n, {}}});
    }
    wanted.push_back({r, {text(draft_.preset()), draft_.preset() == "baseline" ? 0 : draft_.preset() == "control" ? 2 : 1, n, {}}});
    if (p.has_control(draft_)) {
      other.preset = "control";
      other.settings = control_settings(r.settings);
      wanted.push_back({other, {tr("control"), 2, n, {}}});
    }
  } catch (const std::exception& e) {
    return cost_->set_failed(first_line(e));
  }
  const QString key = cost_key();
  cost_unasked_ = false;
  cost_->set_measuring(session_->training().running() ? tr("timing a few batches; training makes it slower and less exact") : tr("timing a few real batches"));
  cost_job_ = session_->work().submit(
      this, WorkQueue::Priority::background, tr("Measuring the cost of a run"),
      [this, wanted, key, compute = machine_->chosen()](WorkQueue::Context& c) mutable -> std::function<void()> {
        for (std::size_t k = 0; k < wanted.size(); ++k) {
          if (c.stop.stop_requested()) throw Cancelled{};
          c.progress({static_cast<double>(k), static_cast<double>(wanted.size()), wanted[k].part.name.toStdString()});
          wanted[k].part.estimate = predict_cost(c.store, wanted[k].request, {compute, true}, c.stop);
        }
        const CostHistory history = read_history(c.store);
        std::vector<CostPart> parts;
        for (const One& w : wanted) parts.push_back(w.part);
        return [this, parts = std::move(parts), history, key] {
          cost_job_ = 0;
          cost_measured_ = key;
          const TrainingQueue& q = session_->training();
          cost_->set_cost(parts, history, q.running() ? q.state().seconds_left : 0, static_cast<int>(q.waiting().size()) + (q.running() ? 1 : 0));
          if (key != cost_key()) cost_->set_stale(true);
        };
      },
      [this](const QString& message) {
        cost_job_ = 0;
        cost_->set_failed(message);
      });
}

/// What ε and ε₂ do to words of the data, while one of them has the focus.
void NewRunView::ask_shares() {
  constexpr std::int64_t posts = 8;
  if (!session_ || !model_error_.isEmpty() || (focused_ != QStringLiteral("epsilon") && focused_ != QStringLiteral("epsilon2"))) return;
  const QString folder = text(model_folder());
  const auto scale = scales_.find(folder);
  const ObjectiveOptions o = draft_.fitting().objective;
  if (scale == scales_.end() || o.epsilon > o.epsilon2) return;
  const qint64 data = data_->currentData().toLongLong();
  const QString key = QStringLiteral("%1|%2|%3|%4|%5|%6").arg(folder).arg(data).arg(o.epsilon).arg(o.epsilon2).arg(static_cast<int>(o.radius)).arg(static_cast<int>(o.sampler));
  if (key == shares_of_) return;
  shares_of_ = key;
  help_->set_shares({});
  if (shares_job_) session_->work().cancel(shares_job_);
  shares_job_ = session_->work().submit(
      this, WorkQueue::Priority::soon, tr("Drawing perturbed copies"),
      [this, folder, data, o, scale = scale->second, length = draft_.fitting().max_length](WorkQueue::Context& c) -> std::function<void()> {
        const auto model = c.models.of_folder(folder.toStdString());
        OwnWordShares all;
        Store::DocumentFilter filter;
        filter.dataset = data;
        filter.limit = posts;
        for (const Document& d : c.store.documents(filter)) {
          if (c.stop.stop_requested()) throw Cancelled{};
          GeometryRequest q;
          q.ids = model->tokenizer().encode(d.text, std::min({length, 128, model->max_length(0)})).ids;
          q.options = o;
          q.scale = scale;
          q.cloud = q.draws = q.samples = 1;
          q.copies = 1;
          q.attributions = false;
          if (q.ids.size() < 3) continue;
          const PerturbationGeometry g = examine_perturbation(*model, q);
          all.near += g.near_own * g.counted;
          all.far += g.far_own * g.counted;
          all.tokens += g.counted;
        }
        if (all.tokens > 0) all.near /= all.tokens, all.far /= all.tokens;
        return [this, all] {
          shares_job_ = 0;
          help_->set_shares(all.tokens > 0 ? std::optional(all) : std::nullopt);
        };
      },
      [this](const QString&) {  // the folder's error stands at the model
        shares_job_ = 0;
        shares_of_.clear();
        help_->set_shares({});
      });
}

/// ε in absolute length needs the model's embedding table: measured once, and not behind the cost, which takes its time.
void NewRunView::ask_scale() {
  const QString folder = text(model_folder());
  if (!session_ || !model_error_.isEmpty() || folder.isEmpty() || scales_.contains(folder) || scale_asked_ == folder) return;
  if (scale_job_) session_->work().cancel(scale_job_);
  scale_asked_ = folder;
  scale_job_ = session_->work().submit(
      this, WorkQueue::Priority::soon, tr("Measuring the embedding table"),
      [this, folder](WorkQueue::Context& c) -> std::function<void()> {
        const EmbeddingScale scale = known_scale(c.store, *c.models.of_folder(folder.toStdString()), c.stop);
        return [this, folder, scale] {
          scale_job_ = 0;
          scales_[folder] = scale;
          refresh_fields();
          ask_shares();
        };
      },
      [this, folder](const QString& message) {
        scale_job_ = 0;
        scale_asked_.clear();
        if (folder != text(model_folder())) return;
        model_error_ = message;
        model_line_->set_style(theme_.font("caption"), "error");
        model_line_->set_text(message);
        refresh_bar();
      });
}

}  // namespace telltale::ui
