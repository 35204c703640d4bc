#include "widgets/session/work_runner.hpp"

#include <algorithm>
#include <list>
#include <system_error>

#include "training/trainer.hpp"

namespace telltale::ui {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t models_kept = 2;
constexpr int busy_worker_ms = 15 * 60'000;  // another thread may be importing

class Models final : public ModelCache {
 public:
  explicit Models(ComputeChoice& compute) : compute_(compute) {}

  std::shared_ptr<Classifier> of_run(Store& store, std::int64_t run) override {
    const RunRecord record = store.run(run);
    auto model = of_folder(weights_folder(store, record));
    check_weights_of(record, *model);
    return model;
  }

  std::shared_ptr<Classifier> of_folder(const fs::path& folder) override {
    const ComputeOptions options = compute_.get();
    Kept wanted{fs::absolute(folder).lexically_normal(), stamp(folder), options.device, options.precision, nullptr};
    const auto known = std::find_if(kept_.begin(), kept_.end(), [&](const Kept& k) { return k.same(wanted); });
    if (known != kept_.end()) {
      kept_.splice(kept_.begin(), kept_, known);
      return kept_.front().model;
    }
    while (kept_.size() >= models_kept) kept_.pop_back();  // before the new one takes its memory
    wanted.model = Classifier::load(folder, options);
    kept_.push_front(wanted);
    return wanted.model;
  }

 private:
  struct Kept {
    fs::path folder;
    std::pair<fs::file_time_type, std::uintmax_t> stamp;
    std::string device;
    Precision precision;
    std::shared_ptr<Classifier> model;
    bool same(const Kept& o) const { return folder == o.folder && stamp == o.stamp && device == o.device && precision == o.precision; }
  };
  static std::pair<fs::file_time_type, std::uintmax_t> stamp(const fs::path& folder) {
    std::error_code error;
    for (const char* name : {"model.safetensors", "pytorch_model.bin", "model.safetensors.index.json"})
      if (const auto time = fs::last_write_time(folder / name, error); !error) return {time, fs::file_size(folder / name, error)};
    return {};
  }

  ComputeChoice& compute_;
  std::list<Kept> kept_;  ///< the last used one first
};

}  // namespace

WorkRunner::WorkRunner(ComputeChoice& compute, fs::path file, bool read_only) : compute_(compute), file_(std::move(file)), read_only_(read_only), results_are_there_([this] { deliver(); }), threads_ended_([this] { Q_EMIT ended(); }), pulse_([this] { Q_EMIT changed(); }) {
  for (const bool background : {false, true}) {
    Lane& lane = lanes_[background];
    lane.thread = std::jthread([this, &lane, background](std::stop_token quit) { loop(std::move(quit), lane, background); });
  }
}

WorkRunner::~WorkRunner() {
  end();
  for (Lane& lane : lanes_) lane.thread.join();
}

void WorkRunner::end() {
  for (auto& [id, receiver] : receivers_) disconnect(receiver.gone);
  receivers_.clear();
  std::vector<std::shared_ptr<Item>> dropped;  // what their work holds on to goes outside the lock
  const std::lock_guard lock(mutex_);
  for (Lane& lane : lanes_) lane.thread.request_stop();
  for (const auto& item : items_) item->stop.request_stop();
  std::copy_if(items_.begin(), items_.end(), std::back_inserter(dropped), [](const auto& i) { return !i->running; });
  std::erase_if(items_, [](const auto& i) { return !i->running; });
}

bool WorkRunner::has_ended() const {
  const std::lock_guard lock(mutex_);
  return lanes_ended_ == lanes_.size();
}

WorkQueue::JobId WorkRunner::submit(QObject* receiver, Priority priority, const QString& what, Work work, Failed failed) {
  auto item = std::make_shared<Item>();
  item->id = ++last_;
  item->priority = priority;
  item->what = what;
  item->work = std::move(work);
  Receiver r{receiver, receiver == nullptr, std::move(failed), {}};
  if (receiver) r.gone = connect(receiver, &QObject::destroyed, this, [this, id = item->id] { cancel(id); });
  receivers_.emplace(item->id, std::move(r));
  {
    const std::lock_guard lock(mutex_);
    items_.push_back(item);
  }
  more_.notify_all();
  pulse_.ask();
  return item->id;
}

void WorkRunner::cancel(JobId job) {
  const auto receiver = receivers_.find(job);
  if (receiver == receivers_.end()) return;
  disconnect(receiver->second.gone);
  receivers_.erase(receiver);
  std::shared_ptr<Item> dropped;  // what its work holds on to goes outside the lock
  {
    const std::lock_guard lock(mutex_);
    const auto it = std::find_if(items_.begin(), items_.end(), [&](const auto& i) { return i->id == job; });
    if (it != items_.end()) {
      (*it)->stop.request_stop();
      if (!(*it)->running) {
        dropped = *it;
        items_.erase(it);
      }
    }
  }
  pulse_.ask();
}

void WorkRunner::stop(JobId job) {
  const auto it = receivers_.find(job);
  if (it == receivers_.end()) return;
  const Receiver receiver = it->second;
  cancel(job);
  if (receiver.failed && (receiver.anyone || receiver.object)) receiver.failed(tr("stopped"));
}

std::vector<WorkQueue::Job> WorkRunner::jobs() const {
  std::vector<Job> out;
  const std::lock_guard lock(mutex_);
  for (const bool running : {true, false})
    for (const auto& i : items_)
      if (i->running == running) out.push_back({i->id, i->what, running, i->done, i->total, running ? std::chrono::duration<double>(Clock::now() - i->begun).count() : 0});
  return out;
}

std::vector<QObject*> WorkRunner::receivers() const {
  std::vector<QObject*> out;
  for (const auto& [id, r] : receivers_)
    if (r.object) out.push_back(r.object);
  return out;
}

std::shared_ptr<WorkRunner::Item> WorkRunner::next(bool background) {
  std::shared_ptr<Item> best;
  for (const auto& i : items_)
    if (!i->running && (i->priority == Priority::background) == background && (!best || i->priority < best->priority || (i->priority == best->priority && i->id > best->id))) best = i;
  return best;
}

void WorkRunner::loop(std::stop_token quit, Lane& lane, bool background) {
  for (;;) {
    std::shared_ptr<Item> item;
    {
      std::unique_lock lock(mutex_);
      more_.wait(lock, quit, [&] { return (item = next(background)) != nullptr; });
      if (quit.stop_requested()) break;
      item->running = true;
      item->begun = Clock::now();
    }
    pulse_.ask();
    work_on(lane, item);
  }
  lane.models.reset();  // hundreds of megabytes: given back here, not by the thread that joins this one
  lane.store.reset();
  bool last = false;
  {
    const std::lock_guard lock(mutex_);
    last = ++lanes_ended_ == lanes_.size();
  }
  if (last) threads_ended_.ask();
}

void WorkRunner::work_on(Lane& lane, const std::shared_ptr<Item>& item) {
  Result result{item->id, {}, {}};
  try {
    if (!lane.store) {
      lane.store = Store::open(file_, read_only_ ? Store::Mode::read : Store::Mode::write);
      lane.store->set_busy_timeout(busy_worker_ms);
      lane.models = std::make_unique<Models>(compute_);
    }
    const ComputeUse compute(compute_.get());
    Context context{item->stop.get_token(),
                    [this, item](const Progress& p) {
                      {
                        const std::lock_guard lock(mutex_);
                        item->done = p.done;
                        item->total = p.total;
                      }
                      pulse_.ask();
                    },
                    *lane.store, *lane.models};
    if (!context.stop.stop_requested()) result.show = item->work(context);
  } catch (const Cancelled&) {
  } catch (...) {
    result.error = error_line();
  }
  item->work = nullptr;  // with what it holds, on this thread
  {
    const std::lock_guard lock(mutex_);
    std::erase(items_, item);
    results_.push_back(std::move(result));
  }
  results_are_there_.ask();
  pulse_.ask();
}

void WorkRunner::deliver() {
  std::vector<Result> results;
  {
    const std::lock_guard lock(mutex_);
    results.swap(results_);
  }
  for (Result& r : results) {
    const auto it = receivers_.find(r.id);
    if (it == receivers_.end()) continue;  // cancelled
    Receiver receiver = std::move(it->second);
    disconnect(receiver.gone);
    receivers_.erase(it);
    if (!receiver.anyone && !receiver.object) continue;
    std::string error = r.error;
    if (error.empty() && r.show) {
      try {
        r.show();
      } catch (...) {
        error = error_line();
      }
    }
    if (!error.empty() && receiver.failed && (receiver.anyone || receiver.object)) receiver.failed(QString::fromStdString(error));
  }
}

}  // namespace telltale::ui
