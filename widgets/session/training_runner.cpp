#include "widgets/session/training_runner.hpp"

#include <algorithm>
#include <utility>

namespace telltale::ui {
namespace {

constexpr int busy_ms = 15 * 60'000;  // an import holds the file for as long as it takes: a run waits for it

double number(const OrderedJson& e, const char* key) {
  const auto it = e.find(key);
  return it != e.end() && it->is_number() ? it->get<double>() : 0;
}

}  // namespace

TrainingRunner::TrainingRunner(ComputeChoice& compute, std::filesystem::path file, bool read_only, std::function<void()> runs_changed)
    : compute_(compute), file_(std::move(file)), read_only_(read_only), runs_changed_(std::move(runs_changed)), pulse_([this] { deliver(); }) {
  worker_ = std::jthread([this](std::stop_token quit) { loop(std::move(quit)); });
}

TrainingRunner::~TrainingRunner() {
  {
    const std::lock_guard lock(mutex_);
    waiting_.clear();
    worker_.request_stop();
    if (control_) control_->stop_now();
    stop_.request_stop();
  }
  worker_.join();
}

void TrainingRunner::enqueue(std::int64_t run, const std::optional<ComputeOptions>& on) {
  {
    const std::lock_guard lock(mutex_);
    if (running_ == run || std::find(waiting_.begin(), waiting_.end(), run) != waiting_.end()) return;
    if (on) on_[run] = *on;
    if (read_only_)
      done_.push_back({run, file_.string() + ": opened for reading only: copy the file to a folder where you may write, and open the copy"});
    else
      waiting_.push_back(run);
  }
  more_.notify_all();
  pulse_.ask();
}

void TrainingRunner::remove(std::int64_t run) {
  {
    const std::lock_guard lock(mutex_);
    std::erase(waiting_, run);
  }
  pulse_.ask();
}

std::vector<std::int64_t> TrainingRunner::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_;
}

std::optional<std::int64_t> TrainingRunner::running() const {
  const std::lock_guard lock(mutex_);
  return running_;
}

void TrainingRunner::set_compute(const ComputeOptions& compute) { compute_.set(compute); }

void TrainingRunner::pause() {
  {
    const std::lock_guard lock(mutex_);
    if (control_) control_->pause();
  }
  pulse_.ask();
}

void TrainingRunner::resume() {
  {
    const std::lock_guard lock(mutex_);
    if (control_) control_->resume();
    pace_from_.reset();
  }
  pulse_.ask();
}

void TrainingRunner::stop_after_epoch() {
  {
    const std::lock_guard lock(mutex_);
    if (control_) {
      control_->stop_after_epoch();
      control_->resume();  // a paused one would never get there
    }
  }
  pulse_.ask();
}

void TrainingRunner::stop_now() {
  {
    const std::lock_guard lock(mutex_);
    if (control_) control_->stop_now();
    stop_.request_stop();  // while it loads or measures its cost, too
  }
  pulse_.ask();
}

void TrainingRunner::watch_geometry(std::optional<GeometryWish> wish) {
  const std::lock_guard lock(mutex_);
  geometry_ = wish;
  if (control_) control_->watch_geometry(wish);
}

bool TrainingRunner::paused() const {
  const std::lock_guard lock(mutex_);
  return control_ && control_->paused();
}

TrainingQueue::State TrainingRunner::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

void TrainingRunner::loop(std::stop_token quit) {
  for (;;) {
    std::int64_t run = 0;
    std::shared_ptr<TrainControl> control;
    std::stop_token stop;
    {
      std::unique_lock lock(mutex_);
      more_.wait(lock, quit, [&] { return !waiting_.empty(); });
      if (quit.stop_requested()) return;
      run = waiting_.front();
      waiting_.erase(waiting_.begin());
      running_ = run;
      control = control_ = std::make_shared<TrainControl>();
      control->watch_geometry(geometry_);
      stop_ = std::stop_source();
      stop = stop_.get_token();
      state_ = {};
      state_.run = run;
      pace_from_.reset();
      rows_changed_ = true;
    }
    pulse_.ask();
    const std::string error = train(run, stop, *control);
    {
      const std::lock_guard lock(mutex_);
      done_.push_back({run, error});
      rows_changed_ = true;
    }
    pulse_.ask();
    // The end is told before the next one begins: events of two runs never stand in one list.
    std::unique_lock lock(mutex_);
    more_.wait(lock, quit, [&] { return !running_; });
    if (quit.stop_requested()) return;
  }
}

std::string TrainingRunner::train(std::int64_t run, const std::stop_token& stop, TrainControl& control) {
  try {
    if (!store_) {
      store_ = Store::open(file_, Store::Mode::write);
      store_->set_busy_timeout(busy_ms);
    }
    ComputeOptions wanted = compute_.get();
    {
      const std::lock_guard lock(mutex_);
      if (const auto own = on_.find(run); own != on_.end()) wanted = own->second;
    }
    const ComputeUse compute(wanted);
    TrainCallbacks callbacks;
    callbacks.event = [this, run](const OrderedJson& e) { heard(run, e); };
    const RunRecord record = train_run(*store_, run, {compute.options(), true}, stop, callbacks, &control);
    return record.status == RunStatus::failed ? record.error : std::string();
  } catch (const Cancelled&) {
    return {};
  } catch (...) {
    return error_line();
  }
}

void TrainingRunner::heard(std::int64_t run, const OrderedJson& e) {
  const std::string kind = e.value("event", "");
  {
    const std::lock_guard lock(mutex_);
    events_.push_back(e);
    events_of_ = run;
    state_.step = static_cast<std::int64_t>(number(e, "step"));
    state_.seconds = number(e, "seconds");
    if (e.contains("steps")) state_.steps = static_cast<std::int64_t>(number(e, "steps"));
    if (kind == "step") {
      state_.tokens_per_second = number(e, "tokens_per_second");
      state_.memory_mib = number(e, "memory_mib");
      if (!pace_from_) pace_from_ = {state_.step, state_.seconds};  // the first step warms up
      if (const auto n = state_.step - pace_from_->first; n > 0)
        state_.seconds_left = (state_.seconds - pace_from_->second) / static_cast<double>(n) * static_cast<double>(state_.steps - state_.step);
    } else if (kind != "film" && kind != "geometry") {
      rows_changed_ = true;
    }
  }
  if (kind == "step") pulse_.ask_sparingly();
  else pulse_.ask();
}

void TrainingRunner::deliver() {
  std::vector<OrderedJson> events_now;
  std::vector<Done> done;
  std::int64_t of = 0;
  bool rows = false;
  {
    const std::lock_guard lock(mutex_);
    events_now.swap(events_);
    done.swap(done_);
    of = events_of_;
    rows = std::exchange(rows_changed_, false);
    for (const Done& d : done)
      if (running_ == d.run) {
        running_.reset();
        control_.reset();
        state_ = {};
      }
  }
  more_.notify_all();
  if (!events_now.empty()) Q_EMIT events(of, events_now);
  if (rows) runs_changed_();
  for (const Done& d : done) Q_EMIT finished(d.run, QString::fromStdString(d.error));
  Q_EMIT changed();
}

}  // namespace telltale::ui
