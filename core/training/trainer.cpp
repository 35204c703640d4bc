#include "training/trainer.hpp"

#include <ATen/Parallel.h>
#include <c10/util/Exception.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <new>
#include <stdexcept>
#include <string_view>

#include "base/random.hpp"
#include "model/classifier_impl.hpp"
#include "training/checkpoints.hpp"
#include "training/cost.hpp"
#include "training/film.hpp"
#include "training/geometry_watch.hpp"
#include "training/memory.hpp"
#include "training/metrics.hpp"
#include "training/model_folder.hpp"
#include "training/process.hpp"
#include "training/stepper.hpp"
#include "training/training_data.hpp"

namespace telltale {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
constexpr std::uint64_t head_stream = 0x68656164;  // "head"
constexpr double flush_seconds = 0.5;               // how often steps go to the store
constexpr double checkpoint_seconds = 600;          // the longest that is ever lost when checkpoints are left to the epochs

double since(Clock::time_point t) { return std::chrono::duration<double>(Clock::now() - t).count(); }

Json by_term(const std::vector<double>& values) {
  Json out = Json::object();
  for (std::size_t k = 0; k < values.size() && k < terms().size(); ++k)
    if (!std::isnan(values[k])) out[terms()[k].id] = finite_or_null(values[k]);
  return out;
}

/// A model about to be trained, and where it came from.
struct Start {
  std::shared_ptr<Classifier> model;
  std::unique_ptr<TrainingData> data;  // the stepper refers to it
  std::unique_ptr<Stepper> stepper;
};

Start prepare(Store& store, const fs::path& folder, std::int64_t dataset, const TrainingSettings& settings, const ComputeOptions& compute, std::stop_token stop) {
  Start out;
  out.model = load_training_model(folder, store.dataset(dataset).classes, compute, mix_seed(settings.seed, head_stream));
  out.model->max_length(settings.max_length);
  out.data = std::make_unique<TrainingData>(load_training_data(store, dataset, out.model->tokenizer(), settings, stop));
  out.stepper = std::make_unique<Stepper>(*out.model, out.data->train, settings, product_type(compute.precision, out.model->impl().device));
  return out;
}

fs::path start_folder(Store& store, const std::optional<std::int64_t>& from, const std::string& model) {
  return from ? store.weights(*from, store.run(*from).folder) : fs::path(model);
}

/// What earlier sessions of a run wrote beside its settings. Throws where the file holds something else.
Json derived_of(const Store& store, const RunRecord& run) {
  Json derived = run.settings.value("derived", Json::object());
  const auto bad = [&](const std::string& what) { throw std::runtime_error(fmt::format("{}: table runs, row {}, column settings: derived{}", store.file().string(), run.id, what)); };
  if (!derived.is_object()) bad(": expected an object");
  const auto check = [&](const char* key, const char* expected, auto&& fine) {
    if (const auto it = derived.find(key); it != derived.end() && !fine(*it)) bad(fmt::format(".{}: expected {}", key, expected));
  };
  check("precision", "fp32, bf16 or fp64", [](const Json& v) {
    return v.is_string() && (v == "fp32" || v == "bf16" || v == "fp64");
  });
  const auto positive = [](const Json& v) { return v.is_number() && std::isfinite(v.get<double>()) && v.get<double>() > 0; };
  check("unit", "a number over 0", positive);
  check("mean_norm", "a number over 0", positive);
  if (derived.contains("unit") != derived.contains("mean_norm")) bad(": unit and mean_norm go together");
  check("threads", "a whole number", [](const Json& v) { return v.is_number_integer(); });
  return derived;
}

class Session {
 public:
  Session(Store& store, RunRecord run, const TrainOptions& options, std::stop_token stop, const TrainCallbacks& callbacks, TrainControl* control)
      : store_(store), run_(std::move(run)), options_(options), stop_(std::move(stop)), callbacks_(callbacks), control_(control), settings_(settings_of(run_)),
        folder_(store.folder() / name()) {}

  RunRecord train() {
    try {
      begin();
      loop();
    } catch (const Cancelled&) {  // before the first step: nothing to keep
      if (run_.status != RunStatus::stopped) end(RunStatus::stopped, "");
    } catch (const std::invalid_argument& e) {
      fail(e.what());
      throw;
    } catch (const std::exception& e) {
      const std::string message = reason(e);
      fail(message);
      throw std::runtime_error(message);
    }
    return run_;
  }

 private:
  /// One line; LibTorch's own words, which name neither the run nor a way on, behind a sentence that does.
  std::string reason(const std::exception& e) const {
    const std::string_view words = e.what();
    const auto* torch = dynamic_cast<const c10::Error*>(&e);
    const auto says = [&](const char* part) { return words.find(part) != std::string_view::npos; };
    const bool full = dynamic_cast<const std::bad_alloc*>(&e) || (torch && (says("out of memory") || says("not enough memory")));
    const auto first_line = [](std::string text) { return text.substr(0, text.find('\n')); };  // LibTorch adds a backtrace
    if (!torch && !full) return first_line(e.what());
    std::string out = fmt::format("run {}: {} {}", run_.id, full ? "memory ran out" : "LibTorch could not go on", run_.step > 0 ? fmt::format("after step {}", run_.step) : "before the first step was done");
    if (full) out += "; a smaller batch or max_length needs less";
    if (!last_good_.empty()) out += fmt::format("; last good checkpoint: {}", last_good_);
    return out + fmt::format(" ({})", first_line(torch ? torch->what_without_backtrace() : e.what()));
  }

  void fail(const std::string& message) {
    try {
      end(RunStatus::failed, message);
    } catch (const std::exception&) {  // the store cannot be written either: the first reason is the one to tell
    }
  }

  std::string name() const { return fmt::format("run-{}", run_.id); }
  std::string start_key() const { return fmt::format("run.{}.start", run_.id); }
  double seconds() const { return position_.seconds + since(session_start_) - paused_seconds_; }

  void event(const char* kind, OrderedJson more) {
    if (!callbacks_.event) return;
    OrderedJson e = {{"event", kind}, {"run", run_.id}, {"step", run_.step}, {"seconds", seconds()}};
    e.update(more);
    callbacks_.event(e);
  }
  void warn(const std::string& message) { event("warning", {{"message", message}}); }

  /// The last complete checkpoint: the recorded one (std::runtime_error where it is not whole: nothing is begun anew over it), else (after a power cut that lost the record) the newest in the folder.
  std::string last_checkpoint() {
    if (fs::is_symlink(fs::symlink_status(folder_))) throw std::runtime_error(fmt::format("{}: a link, not the folder of run {}: a run that goes on removes checkpoints in it", folder_.string(), run_.id));
    for (const CheckpointRecord& c : store_.checkpoints(run_.id)) {
      if (c.kind != "last") continue;
      const std::string fault = checkpoint_fault(store_.folder() / c.folder, c.step);
      if (!fault.empty()) throw std::runtime_error(fmt::format("run {} cannot go on from its checkpoint of step {}: {}; put it back, or train a new run", run_.id, c.step, fault));
      return fs::path(c.folder).filename().string();
    }
    std::string best;
    std::int64_t step = 0;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder_, error)) {
      const std::string file = entry.path().filename().string();
      if (file.rfind("checkpoint-", 0) != 0 || file.find('.') != file.npos) continue;
      if (const std::int64_t s = checkpoint_step(entry.path()); s > step) {
        step = s;
        best = file;
      }
    }
    return best;
  }

  void begin() {
    session_start_ = Clock::now();
    const Json derived = derived_of(store_, run_);
    if (derived.contains("precision")) options_.compute.precision = parse_precision(derived["precision"].get<std::string>());
    const std::string checkpoint = last_checkpoint();
    std::error_code error;
    fs::create_directories(folder_, error);
    if (error) throw std::runtime_error(fmt::format("{}: cannot be made: {}", folder_.string(), error.message()));

    const fs::path source = checkpoint.empty() ? start_folder(store_, run_.from, run_.model) : folder_ / checkpoint;
    start_ = prepare(store_, source, run_.dataset, settings_, options_.compute, stop_);
    Classifier::Impl& m = start_.model->impl();
    if (checkpoint.empty()) {
      write_model_folder_config(folder_, m.config, source);
      const std::string hash = tensor_hash(m.parameters->flat);
      const auto known = store_.value(start_key());
      if (known && *known != hash) throw std::runtime_error(fmt::format("{}: its weights are not those that run {} began with", source.string(), run_.id));
      if (!known) store_.set_value(start_key(), hash);
    }
    run_.steps = start_.stepper->steps();
    if (settings_.objective.needs_perturbation()) {
      if (derived.contains("unit")) start_.stepper->objective().set_unit(derived["unit"].get<double>(), derived["mean_norm"].get<double>());
      unit_ = start_.stepper->objective().unit();
      mean_norm_ = start_.stepper->objective().mean_norm();
    }
    if (!checkpoint.empty()) {
      position_ = read_checkpoint(folder_ / checkpoint, *m.parameters, start_.stepper->optimiser(), start_.stepper->objective().state());
      last_good_ = fmt::format("{}/{} (step {})", name(), checkpoint, position_.step);
    }
    store_.rewind_run(run_.id, position_.step);
    film_ = std::make_unique<Film>(store_, run_.id, run_.dataset, start_.model->tokenizer(), settings_);
    film_->rewind(position_.step);
    geometry_ = std::make_unique<GeometryWatch>(*start_.stepper, start_.data->train);
    run_.step = position_.step;
    run_.status = RunStatus::running;
    run_.error.clear();
    run_.finished.clear();
    if (run_.started.empty()) run_.started = utc_now();
    describe(derived);
    if (options_.predict_cost && position_.step == 0) {
      const CostEstimate cost = measure_cost(*start_.stepper, *start_.data, folder_, stop_);
      run_.cost["predicted"] = {{"seconds", cost.seconds}, {"peak_mib", cost.peak_mib}, {"details", cost.details}};
      reset_peak(start_.model->impl().device);
    }
    save_run();
    remove_other_checkpoints(folder_, stay({checkpoint, position_.best_folder}));
    session_start_ = Clock::now();  // loading and the probe are no part of the run's own time
    OrderedJson e = {{"steps", run_.steps}, {"name", run_.name}, {"preset", run_.preset}, {"posts", start_.data->train.size()}, {"validation_split", start_.data->validation_split}};
    if (unit_ > 0) e["epsilon"] = {{"unit", unit_}, {"epsilon", settings_.objective.epsilon * unit_}, {"epsilon2", settings_.objective.epsilon2 * unit_}, {"in_mean_norms", settings_.objective.epsilon * unit_ / mean_norm_}};
    event("start", e);
    for (const std::string& w : warnings_) warn(w);
  }

  /// What the settings came to on this data, model and machine; stored with the run.
  void describe(const Json& before) {
    Json d = before;
    d["precision"] = product_name();
    d["device"] = start_.model->impl().device.str();
    d["validation_split"] = start_.data->validation_split;
    d["train_posts"] = start_.data->train.size();
    if (!d.contains("new_head")) d["new_head"] = start_.model->new_head();
    const int threads = at::get_num_threads();
    if (d.contains("threads") && d["threads"] != threads)
      warnings_.push_back(fmt::format("begun with {} threads, goes on with {}: the weights will differ in the last bits from an unbroken run", d["threads"].get<int>(), threads));
    d["threads"] = threads;
    d["compute"] = compute_description();
    if (start_.model->new_head() && position_.step == 0) warnings_.push_back(fmt::format("{} has no head for these classes: a new one was drawn from the seed", start_.model->folder().string()));
    if (unit_ > 0) {
      d["unit"] = unit_;
      d["mean_norm"] = mean_norm_;
      const double norms = settings_.objective.epsilon * unit_ / mean_norm_;
      d["epsilon_in_mean_norms"] = norms;
      if (norms > 2) warnings_.push_back(fmt::format("epsilon is {:.3g} mean embedding norms (over 2): copies that far hold almost no text", norms));
    }
    if (settings_.keep == KeptWeights::best && start_.data->validation_split == "test") warnings_.push_back("the best weights are chosen on the test split: its accuracy will flatter them");
    if (preset_info(run_.preset).warm_started && !run_.from) warnings_.push_back(fmt::format("preset {} is meant to start from a baseline run (--from); it starts from the model itself", run_.preset));
    run_.settings["derived"] = d;
  }

  std::string product_name() const {
    switch (product_type(options_.compute.precision, start_.model->impl().device)) {
      case at::kDouble: return "fp64";
      case at::kBFloat16: return "bf16";
      default: return "fp32";
    }
  }

  void loop() {
    Stepper& stepper = *start_.stepper;
    const Classifier::Impl& m = start_.model->impl();
    const std::int64_t per_epoch = stepper.steps_an_epoch();
    auto flushed = Clock::now(), saved = Clock::now();
    if (due_validation()) validate();  // stopped between a step and its validation
    while (run_.step < run_.steps) {
      if (stopped()) return stop_here();
      if (control_ && control_->paused()) pause();
      if (stopped()) return stop_here();
      const auto start = Clock::now();
      const std::int64_t k = run_.step;
      const StepResult r = stepper.step(k, settings_.share_steps > 0 && k % settings_.share_steps == 0);
      if (!r.fault.empty()) {
        flush();
        return end(RunStatus::failed, fmt::format("step {}: {}; posts {}; last good checkpoint: {}", k + 1, r.fault, fmt::join(r.documents, ", "), last_good_.empty() ? "none" : last_good_));
      }
      ++run_.step;
      record(r, since(start), per_epoch);
      show_geometry(k, r.documents);
      const bool validates = due_validation(), probes = settings_.probe_steps > 0 && run_.step % settings_.probe_steps == 0;
      if (probes) probe();
      if (settings_.film_steps > 0 && run_.step % settings_.film_steps == 0 && !film_->empty()) {
        m.engine->refresh();
        if (m.exact) m.exact->refresh();
        film_->shoot(*start_.model, run_.step);
        event("film", {{"documents", film_->documents()}});
      }
      const bool better = validates && validate();
      const bool last = run_.step == run_.steps;
      const bool due = settings_.checkpoint_steps > 0 ? run_.step % settings_.checkpoint_steps == 0 : run_.step % per_epoch == 0 || since(saved) > checkpoint_seconds;
      // The last step goes straight to the final weights, unless its checkpoint is the best one.
      if ((due || better) && !last) {
        checkpoint(better);
        saved = flushed = Clock::now();
      } else if (since(flushed) > flush_seconds) {
        flush();
        flushed = Clock::now();
      }
      if (callbacks_.progress) callbacks_.progress({static_cast<double>(run_.step), static_cast<double>(run_.steps), "training " + run_.name});
      if (control_ && control_->stopping_after_epoch() && run_.step % per_epoch == 0 && !last) return stop_here();
    }
    finish();
  }

  void show_geometry(std::int64_t k, const std::vector<std::int64_t>& documents) {
    const auto wish = control_ && callbacks_.event ? control_->geometry() : std::nullopt;
    if (!wish) return;
    if (const auto seen = geometry_->look(*wish, k, documents, since(session_start_) - paused_seconds_)) event("geometry", *seen);
  }

  bool stopped() const { return stop_.stop_requested() || (control_ && control_->stopping()); }

  bool due_validation() const {
    if (start_.data->validation.empty() || run_.step == 0 || position_.validated_step >= run_.step) return false;
    if (run_.step == run_.steps) return true;
    return run_.step % (settings_.validate_steps > 0 ? settings_.validate_steps : start_.stepper->steps_an_epoch()) == 0;
  }

  void record(const StepResult& r, double step_seconds, std::int64_t per_epoch) {
    StepRecord s;
    s.step = run_.step;
    s.epoch = static_cast<double>(run_.step) / static_cast<double>(per_epoch);
    s.seconds = seconds();
    s.gradient_norm = r.gradient_norm;
    s.learning_rate = r.learning_rate;
    s.tokens_per_second = static_cast<double>(r.tokens) / std::max(1e-9, step_seconds);
    s.memory_mib = used_mib(start_.model->impl().device);
    most_mib_ = std::max(most_mib_, s.memory_mib);
    s.terms = by_term(r.values.values);
    s.terms["total"] = finite_or_null(r.values.total);
    s.shares = by_term(r.values.shares);
    s.documents = r.documents;
    event("step", {{"epoch", s.epoch}, {"terms", s.terms}, {"gradient_norm", s.gradient_norm}, {"gradient_shares", s.shares}, {"learning_rate", s.learning_rate},
                   {"tokens_per_second", s.tokens_per_second}, {"memory_mib", s.memory_mib}, {"documents", s.documents}});
    buffer_.push_back(std::move(s));
  }

  /// True when it is the best so far (accuracy, then NLL).
  bool validate() {
    const Json metrics = measure(start_.data->validation);
    position_.validated_step = run_.step;
    validations_.push_back({run_.step, start_.data->validation_split, metrics});
    run_.metrics = metrics;
    run_.metrics["split"] = start_.data->validation_split;
    event("validation", {{"split", start_.data->validation_split}, {"metrics", metrics}});
    const double accuracy = metrics.value("accuracy", 0.0), nll = metrics.value("nll", 0.0);
    if (position_.best_step > 0 && (accuracy < position_.best_accuracy || (accuracy == position_.best_accuracy && nll >= position_.best_nll))) return false;
    position_.best_step = run_.step;
    position_.best_accuracy = accuracy;
    position_.best_nll = nll;
    return true;
  }

  Json measure(const std::vector<TrainingPost>& posts) {
    start_.model->impl().engine->refresh();
    std::vector<ModelInput> inputs;
    for (const TrainingPost& p : posts) inputs.push_back({p.ids, {}, {}});
    // Not stopped half-way: a stop comes between steps, so that a resumed run validates at the same places.
    return classification_metrics(start_.model->predict(inputs), labels_of(posts), static_cast<int>(start_.data->dataset.classes.size()));
  }

  void probe() {
    const TermValues v = start_.stepper->probe();
    Json terms = by_term(v.values);
    validations_.push_back({run_.step, "probe", terms});
    event("validation", {{"split", "probe"}, {"metrics", terms}});
  }

  /// Steps, validations and the run itself, in one transaction.
  void flush() {
    store_.transaction([&] { write_buffers(); });
    buffer_.clear();
    validations_.clear();
  }
  void write_buffers() {
    if (!buffer_.empty()) store_.add_steps(run_.id, buffer_);
    for (const ValidationRecord& v : validations_) store_.add_validation(run_.id, v);
    save_run();
  }
  /// Name, note and pair are other people's: they may have changed since.
  void save_run() {
    store_.transaction([&] {
      RunRecord there = store_.run(run_.id);
      run_.name = std::move(there.name);
      run_.note = std::move(there.note);
      run_.pair = there.pair;
      store_.update_run(run_);
    });
  }

  void checkpoint(bool best) {
    const std::string file = fmt::format("checkpoint-{}", run_.step);
    TrainingPosition position = position_;
    position.step = run_.step;
    position.seconds = seconds();
    if (best) position.best_folder = file;
    const Classifier::Impl& m = start_.model->impl();
    write_checkpoint(folder_, file, m.config, *m.parameters, start_.stepper->optimiser(), start_.stepper->objective().state(), position);
    position_.best_folder = position.best_folder;
    store_.transaction([&] {
      write_buffers();
      store_.set_checkpoint(run_.id, {run_.step, "last", name() + "/" + file});
      if (best) store_.set_checkpoint(run_.id, {run_.step, "best", name() + "/" + file});
    });
    buffer_.clear();
    validations_.clear();
    last_good_ = fmt::format("{}/{} (step {})", name(), file, run_.step);
    event("checkpoint", {{"folder", (folder_ / file).string()}, {"best", best}});
    remove_other_checkpoints(folder_, stay({file, position_.best_folder}));
  }

  /// `names` and the newest checkpoints up to this step that the settings keep besides.
  std::vector<std::string> stay(std::vector<std::string> names) const {
    if (settings_.checkpoint_keep == 0) return names;
    std::vector<KeptCheckpoint> all = kept_checkpoints(folder_);
    std::erase_if(all, [&](const KeptCheckpoint& c) { return c.step > run_.step || std::find(names.begin(), names.end(), c.name) != names.end(); });
    const auto n = std::min(all.size(), static_cast<std::size_t>(settings_.checkpoint_keep));
    for (std::size_t k = all.size() - n; k < all.size(); ++k) names.push_back(all[k].name);
    return names;
  }

  void pause() {
    checkpoint(false);
    run_.status = RunStatus::paused;
    save_run();
    event("warning", {{"message", "paused"}});
    const auto start = Clock::now();
    control_->wait_while_paused(stop_);
    paused_seconds_ += since(start);
    run_.status = RunStatus::running;
    save_run();
  }

  void stop_here() {
    if (run_.step > 0) checkpoint(position_.best_step == run_.step);
    end(RunStatus::stopped, "");
  }

  void finish() {
    Classifier::Impl& m = start_.model->impl();
    const bool other = settings_.keep == KeptWeights::best && position_.best_step > 0 && position_.best_step != run_.step;
    if (other) read_checkpoint_weights(folder_ / position_.best_folder, *m.parameters);
    write_weights(folder_ / "model.safetensors", *m.parameters, false);
    const std::vector<TrainingPost>& judged = start_.data->test.empty() ? start_.data->validation : start_.data->test;
    if (!judged.empty() && (other || !start_.data->test.empty() || run_.metrics.is_null())) {
      run_.metrics = measure(judged);
      run_.metrics["split"] = start_.data->test.empty() ? start_.data->validation_split : "test";
      validations_.push_back({run_.step, "final", run_.metrics});
    }
    run_.folder = name();
    run_.fingerprint = weights_fingerprint(*m.parameters, m.config, m.labels, *m.tokenizer);  // in float32, as the folder is written
    run_.cost["actual"] = {{"seconds", seconds()}, {"peak_mib", std::max(most_mib_, peak_mib(start_.model->impl().device))}};
    if (run_.cost.contains("predicted"))
      for (const char* key : {"seconds", "peak_mib"}) run_.cost["error"][key] = run_.cost["predicted"][key].get<double>() / run_.cost["actual"][key].get<double>() - 1;
    const bool best_here = position_.best_step == run_.step || position_.best_folder.empty() || other;
    event("checkpoint", {{"folder", folder_.string()}, {"best", best_here}});
    end(RunStatus::finished, "", [&] {
      store_.set_checkpoint(run_.id, {run_.step, "last", name()});
      if (best_here) store_.set_checkpoint(run_.id, {position_.best_step > 0 ? position_.best_step : run_.step, "best", name()});
    });
    const bool best_elsewhere = !other && position_.best_step != run_.step && !position_.best_folder.empty();
    const std::string best = best_elsewhere ? position_.best_folder : "";
    const std::vector<std::string> names = stay({best});
    remove_other_checkpoints(folder_, names);
    std::error_code ignored;
    for (const std::string& kept : names)  // two thirds of a checkpoint; only a resume would need them
      if (!kept.empty() && kept != best) fs::remove(folder_ / kept / "optimizer.safetensors", ignored);
  }

  void end(RunStatus status, const std::string& error, const std::function<void()>& more = {}) {
    run_.status = status;
    run_.error = error;
    run_.finished = utc_now();
    store_.transaction([&] {
      write_buffers();
      if (more) more();
    });
    buffer_.clear();
    validations_.clear();
    OrderedJson e = {{"status", name_of(status)}, {"steps", run_.steps}, {"metrics", run_.metrics}};
    if (!run_.cost.is_null()) e["cost"] = run_.cost;
    if (!error.empty()) e["error"] = error;
    event("finish", e);
  }

  Store& store_;
  RunRecord run_;
  TrainOptions options_;
  std::stop_token stop_;
  const TrainCallbacks& callbacks_;
  TrainControl* control_;
  TrainingSettings settings_;
  fs::path folder_;

  Start start_;
  std::unique_ptr<Film> film_;
  std::unique_ptr<GeometryWatch> geometry_;
  TrainingPosition position_;
  double unit_ = 0, mean_norm_ = 0, most_mib_ = 0, paused_seconds_ = 0;
  Clock::time_point session_start_;
  std::string last_good_;
  std::vector<StepRecord> buffer_;
  std::vector<ValidationRecord> validations_;
  std::vector<std::string> warnings_;
};

}  // namespace

RunRecord train_run(Store& store, std::int64_t run, const TrainOptions& options, std::stop_token stop, const TrainCallbacks& callbacks, TrainControl* control) {
  const auto lock = store.claim_run(run);
  RunRecord record = store.run(run);
  if (record.status == RunStatus::finished) return record;
  return Session(store, std::move(record), options, std::move(stop), callbacks, control).train();
}

CostEstimate predict_cost(Store& store, const TrainRequest& request, const TrainOptions& options, std::stop_token stop, const TrainCallbacks&) {
  const TrainingSettings settings = settings_of_run(store, request);
  const fs::path folder = start_folder(store, request.from, request.model);
  Start start = prepare(store, folder, request.dataset, settings, options.compute, stop);
  return measure_cost(*start.stepper, *start.data, store.folder(), stop);
}

}  // namespace telltale
