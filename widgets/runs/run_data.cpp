#include "widgets/runs/run_data.hpp"

#include <QTimer>
#include <algorithm>
#include <cmath>

#include "report/numbers.hpp"
#include "widgets/theme.hpp"

namespace telltale::ui {
namespace {

double number_in(const Json& object, const std::string& key, double otherwise) {
  if (!object.is_object()) return otherwise;
  const auto it = object.find(key);
  return it != object.end() && it->is_number() ? it->get<double>() : otherwise;
}

struct Loaded {
  RunRecord record;
  RunCurves curves, ghost;
  std::vector<ValidationRecord> validations;
};

constexpr int flush_wait_ms = 800;  // training writes its steps every half second

}  // namespace

const std::vector<double>& WatchedRun::axis_of(const RunCurves& curves, ChartAxis a) {
  return a == ChartAxis::step ? curves.steps() : a == ChartAxis::epoch ? curves.epochs() : curves.seconds();
}

double WatchedRun::weight(const std::string& term) const { return number_in(record.settings, "weight." + term, NAN); }
double WatchedRun::setting(const char* key, double otherwise) const { return number_in(record.settings, key, otherwise); }

bool WatchedRun::same_but_seed(const WatchedRun& other) const {
  if (record.dataset != other.record.dataset || record.model != other.record.model || record.preset != other.record.preset) return false;
  Json a = record.settings, b = other.record.settings;
  for (Json* s : {&a, &b})
    if (s->is_object())
      for (const char* key : {"seed", "derived"}) s->erase(key);
  return a == b;
}

double WatchedRun::axis_at_step(double step, ChartAxis a) const {
  if (a == ChartAxis::step) return step;
  const auto& steps = curves.steps();
  if (steps.empty()) return 0;
  const auto it = std::lower_bound(steps.begin(), steps.end(), step);
  const auto row = std::min(static_cast<std::size_t>(it - steps.begin()), steps.size() - 1);
  return axis(a)[row];
}

double WatchedRun::expected_end(ChartAxis a) const {
  const double last = curves.rows() == 0 ? 0 : axis(a).back();
  if (a == ChartAxis::step) return std::max(last, static_cast<double>(record.steps));
  return a == ChartAxis::epoch ? std::max(last, setting("epochs", 0)) : last;
}

RunData::RunData(QObject* parent) : QObject(parent) {}

void RunData::set_session(Session* session) {
  if (session_) {
    disconnect(session_, nullptr, this, nullptr);
    disconnect(&session_->training(), nullptr, this, nullptr);
    for (const auto& [_, job] : jobs_) session_->work().cancel(job);
  }
  session_ = session;
  runs_.clear();
  waiting_.clear();
  jobs_.clear();
  if (session_) {
    connect(session_, &Session::runs_changed, this, &RunData::read_records);
    connect(&session_->training(), &TrainingQueue::events, this, [this](qint64 run, const std::vector<OrderedJson>& events) { heard(run, events); });
  }
  Q_EMIT shown();
}

std::vector<const WatchedRun*> RunData::runs() const {
  std::vector<const WatchedRun*> out;
  for (const auto& r : runs_) out.push_back(r.get());
  return out;
}

WatchedRun* RunData::find(std::int64_t id) {
  for (auto& r : runs_)
    if (r->record.id == id) return r.get();
  return nullptr;
}

bool RunData::loading() const { return std::any_of(runs_.begin(), runs_.end(), [](const auto& r) { return !r->loaded && r->error.isEmpty(); }); }

void RunData::show(const std::vector<std::int64_t>& ids) {
  if (!session_) return;
  std::vector<std::unique_ptr<WatchedRun>> next;
  std::vector<std::int64_t> fresh;
  for (const std::int64_t id : ids) {
    if (std::any_of(next.begin(), next.end(), [&](const auto& r) { return r->record.id == id; })) continue;
    const auto old = std::find_if(runs_.begin(), runs_.end(), [&](const auto& r) { return r && r->record.id == id; });
    if (old != runs_.end()) {
      next.push_back(std::move(*old));
      continue;
    }
    auto run = std::make_unique<WatchedRun>();
    try {
      run->record = session_->store().run(id);
    } catch (const std::exception& e) {
      Q_EMIT failed(QString::fromUtf8(e.what()));
      continue;
    }
    next.push_back(std::move(run));
    fresh.push_back(id);
  }
  runs_ = std::move(next);
  for (auto it = jobs_.begin(); it != jobs_.end();) {
    if (find(it->first)) ++it;
    else session_->work().cancel(it->second), waiting_.erase(it->first), it = jobs_.erase(it);
  }
  give_colours();
  for (const std::int64_t id : fresh) load(id);
  Q_EMIT shown();
}

void RunData::load(std::int64_t id) {
  const QString name = text(find(id)->record.name);
  jobs_[id] = session_->work().submit(this, WorkQueue::Priority::visible, tr("Reading the steps of %1").arg(name), [this, id](WorkQueue::Context& c) -> std::function<void()> {
    auto loaded = std::make_shared<Loaded>();
    loaded->record = c.store.run(id);
    loaded->curves = load_curves(c.store, loaded->record, c.stop);
    for (const StepRecord& s : c.store.ghost_steps(id)) loaded->ghost.append(s);
    loaded->validations = c.store.validations(id);
    return [this, id, loaded] {
      jobs_.erase(id);
      WatchedRun* run = find(id);
      if (!run) return;
      run->record = std::move(loaded->record);
      run->curves = std::move(loaded->curves);
      run->ghost = std::move(loaded->ghost);
      run->averages.clear();
      run->ghost_averages.clear();
      run->validations = std::move(loaded->validations);
      run->loaded = true;
      run->error.clear();
      take_live(*run);
      Q_EMIT shown();
    };
  }, [this, id](const QString& message) {
    jobs_.erase(id);
    if (WatchedRun* run = find(id)) run->error = message;
    Q_EMIT failed(message);
    Q_EMIT shown();
  });
}

/// Steps between what the file held and the first live event: the file has them soon.
void RunData::refill(std::int64_t id) {
  if (jobs_.contains(id) || !session_) return;
  const std::int64_t after = find(id)->curves.rows() == 0 ? -1 : find(id)->curves.last_step();
  jobs_[id] = session_->work().submit(this, WorkQueue::Priority::visible, tr("Reading new steps"), [this, id, after](WorkQueue::Context& c) -> std::function<void()> {
    auto steps = std::make_shared<std::vector<StepRecord>>(c.store.steps(id, after));
    auto validations = std::make_shared<std::vector<ValidationRecord>>(c.store.validations(id));
    auto ghost = std::make_shared<RunCurves>();
    for (const StepRecord& s : c.store.ghost_steps(id)) ghost->append(s);
    return [this, id, steps, validations, ghost] {
      jobs_.erase(id);
      WatchedRun* run = find(id);
      if (!run) return;
      for (const StepRecord& s : *steps)
        if (s.step > run->curves.last_step() || run->curves.rows() == 0) run->curves.append(s);
      run->validations = std::move(*validations);
      run->ghost = std::move(*ghost);
      run->ghost_averages.clear();
      take_live(*run);
      Q_EMIT grew();
    };
  }, [this, id](const QString& message) {
    jobs_.erase(id);
    Q_EMIT failed(message);
  });
}

void RunData::heard(std::int64_t id, const std::vector<OrderedJson>& events) {
  WatchedRun* run = find(id);
  if (!run) return;
  auto& waiting = waiting_[id];
  waiting.insert(waiting.end(), events.begin(), events.end());
  for (const OrderedJson& e : events)
    if (const auto kind = e.find("event"); kind != e.end() && *kind == "film") Q_EMIT filmed(id);
  if (!run->loaded) return;
  take_live(*run);
  Q_EMIT grew();
}

void RunData::take_live(WatchedRun& run) {
  auto& waiting = waiting_[run.record.id];
  std::size_t taken = 0;
  for (; taken < waiting.size(); ++taken) {
    const OrderedJson& e = waiting[taken];
    const std::string kind = e.value("event", "");
    const std::int64_t step = e.value("step", std::int64_t{0});
    if (kind == "start") {  // resumed: what came after its checkpoint is a ghost now
      if (step < run.curves.last_step()) {
        run.curves.truncate_after(step);
        run.averages.clear();
        QTimer::singleShot(0, this, [this, id = run.record.id] {
          if (find(id) && find(id)->loaded) refill(id);
        });
        std::erase_if(run.validations, [&](const ValidationRecord& v) { return v.step > step; });
      }
      if (const auto it = e.find("steps"); it != e.end() && it->is_number_integer()) run.record.steps = it->get<std::int64_t>();
    } else if (kind == "step") {
      if (step > run.curves.last_step() + 1) {
        QTimer::singleShot(flush_wait_ms, this, [this, id = run.record.id] {
          if (find(id) && find(id)->loaded) refill(id);
        });
        break;
      }
      if (step == run.curves.last_step() + 1) run.curves.append(step_of_event(e));
      run.record.step = std::max(run.record.step, step);
    } else if (kind == "validation") {
      const auto metrics = e.find("metrics");
      ValidationRecord v{step, e.value("split", ""), metrics == e.end() ? Json() : Json::parse(metrics->dump())};
      if (std::none_of(run.validations.begin(), run.validations.end(), [&](const ValidationRecord& o) { return o.step == v.step && o.split == v.split; })) run.validations.push_back(std::move(v));
    }
  }
  waiting.erase(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(taken));
}

void RunData::read_records() {
  if (!session_) return;
  bool changed = false;
  for (std::size_t i = runs_.size(); i-- > 0;) {
    WatchedRun& run = *runs_[i];
    try {
      RunRecord now = session_->store().run(run.record.id);
      changed = changed || now.name != run.record.name || now.status != run.record.status || now.steps != run.record.steps || now.error != run.record.error;
      const bool ended = run.record.status == RunStatus::running && now.status != RunStatus::running;
      run.record = std::move(now);
      if (ended && run.loaded) refill(run.record.id);  // the final measurement has no event of its own
    } catch (const std::exception&) {  // deleted
      runs_.erase(runs_.begin() + static_cast<std::ptrdiff_t>(i));
      changed = true;
    }
  }
  if (changed) Q_EMIT shown();
}

void RunData::set_series(const std::map<std::int64_t, int>& series) {
  for (const auto& [run, s] : series) chosen_series_[run] = s;
  give_colours();
  Q_EMIT shown();
}

/// 0 for the class term alone, 1 for the first other, then by creation; runs that differ in their seed alone share a colour.
void RunData::give_colours() {
  std::vector<WatchedRun*> by_id;
  for (auto& r : runs_) by_id.push_back(r.get());
  std::sort(by_id.begin(), by_id.end(), [](const auto* a, const auto* b) { return a->record.id < b->record.id; });
  const auto class_alone = [](const WatchedRun& r) {
    if (!r.record.settings.is_object()) return r.record.preset == "baseline";
    for (const auto& [key, v] : r.record.settings.items())
      if (key.starts_with("weight.") && key != "weight.class" && v.is_number() && v.get<double>() != 0) return false;
    return !r.record.from && r.setting("dropout.shared", 0) == 0;
  };
  int next = 2;
  bool reference = false, contrastive = false;
  std::vector<const WatchedRun*> done;
  for (WatchedRun* r : by_id) {
    if (const auto it = chosen_series_.find(r->record.id); it != chosen_series_.end()) {
      r->series = it->second;
      continue;
    }
    const auto twin = std::find_if(done.begin(), done.end(), [&](const WatchedRun* o) { return o->same_but_seed(*r); });
    if (twin != done.end()) r->series = (*twin)->series;
    else if (!reference && class_alone(*r)) r->series = 0, reference = true;
    else if (!contrastive && !class_alone(*r)) r->series = 1, contrastive = true;
    else r->series = next++;
    done.push_back(r);
  }
}

}  // namespace telltale::ui
