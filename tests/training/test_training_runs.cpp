// Whole runs on tiny-bert: trained, killed and resumed, stopped, failed, warm-started, paired.
// With the arguments --train FILE RUN this program is the child that is killed: it trains that run and prints its events.
// TELLTALE_KILLS=100 kills a hundred times instead of eight.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <QProcess>
#include <QtTest>
#include <cmath>
#include <cstdio>
#include <limits>
#include <thread>

#include "base/files.hpp"
#include "base/random.hpp"
#include "shared_data.hpp"
#include "synthetic.hpp"
#include "training/checkpoints.hpp"
#include "training/model_folder.hpp"
#include "training/stepper.hpp"
#include "training/trainer.hpp"
#include "test_device.hpp"

using namespace telltale;
namespace fs = std::filesystem;

namespace {

/// What it throws says; empty where it throws nothing.
template <class F>
std::string error_of(const F& f) {
  try {
    f();
  } catch (const std::exception& e) {
    return e.what();
  }
  return {};
}


const TrainOptions plain{{test_device(), 1, Precision::fp32}, false};  // so small a model is fastest on one thread

/// Everything that a resume must bring back: dropout, noise, moments, moving averages, the best validation.
TrainRequest everything(Store& store, const fs::path& shared, const std::string& dataset = "made") {
  TrainRequest r;
  r.dataset = store.dataset(dataset).id;
  r.model = (shared / "golden/models/tiny-bert/fp32").string();
  r.preset = "contrastive";
  r.settings = settings_for(store, r.preset, {});
  for (const char* s : {"batch=4", "accumulate=2", "epochs=2", "learning_rate=0.002", "max_length=32", "checkpoint_steps=4", "validate_steps=7", "attribution.steps=2", "weight.overlap=1", "dropout.shared=0.5",
                        "dropout.hidden=0.1", "dropout.attention=0.1", "dropout.replace=delete", "probe_steps=6", "share_steps=5", "seed=3"})
    assign(r.settings, s);
  return r;
}

TrainRequest quick(Store& store, const fs::path& shared, const std::string& preset = "baseline") {
  TrainRequest r = everything(store, shared);
  r.preset = preset;
  r.settings = settings_for(store, preset, {});
  for (const char* s : {"batch=8", "epochs=2", "learning_rate=0.005", "max_length=48"}) assign(r.settings, s);
  return r;
}

std::string weights_of(Store& store, const RunRecord& run) { return read_file(store.folder() / run.folder / "model.safetensors"); }

int child(const char* file, const char* run) {
  configure_compute(plain.compute);
  const auto store = Store::open(file, Store::Mode::write);
  TrainCallbacks callbacks;
  callbacks.event = [](const OrderedJson& e) {
    std::puts(e["event"].get<std::string>().c_str());
    std::fflush(stdout);
  };
  return train_run(*store, std::atoll(run), plain, {}, callbacks).status == RunStatus::finished ? 0 : 1;
}

struct Kept {
  std::vector<OrderedJson> events;
  TrainCallbacks callbacks() {
    TrainCallbacks c;
    c.event = [this](const OrderedJson& e) { events.push_back(e); };
    return c;
  }
  int count(const std::string& kind) const {
    return static_cast<int>(std::count_if(events.begin(), events.end(), [&](const OrderedJson& e) { return e["event"] == kind; }));
  }
};

/// A checkpoint after every third step of four posts.
TrainRequest six_steps(Store& store, const fs::path& shared) {
  TrainRequest request = quick(store, shared);
  assign(request.settings, "checkpoint_steps=3");
  assign(request.settings, "batch=4");
  return request;
}

RunRecord stopped_at_six(Store& store, const TrainRequest& request) {
  std::stop_source stop;
  TrainCallbacks callbacks;
  callbacks.event = [&](const OrderedJson& e) {
    if (e["event"] == "step" && e["step"] == 6) stop.request_stop();
  };
  return train(store, request, plain, stop.get_token(), callbacks);
}

}  // namespace

class TestTrainingRuns : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void initTestCase() { configure_compute(plain.compute); }

  void a_run_learns_and_leaves_a_model() {
    TELLTALE_NEEDS_SHARED(shared);
    Temporary t;
    const auto store = Store::open(t / "a.telltale", Store::Mode::create);
    synthetic_posts(*store, 240, 80);
    TrainRequest request = quick(*store, shared);
    assign(request.settings, "epochs=12");
    Kept kept;
    const RunRecord run = train(*store, request, {plain.compute, true}, {}, kept.callbacks());
    QCOMPARE(run.status, RunStatus::finished);
    QCOMPARE(run.step, 360);
    QVERIFY2(run.metrics["accuracy"].get<double>() > 0.9, run.metrics.dump().c_str());
    QCOMPARE(run.metrics["split"].get<std::string>(), std::string("test"));
    QCOMPARE(run.metrics["n"].get<int>(), 80);
    const auto steps = store->steps(run.id);
    QCOMPARE(steps.size(), std::size_t{360});
    std::multiset<std::int64_t> first_epoch;
    for (std::size_t k = 0; k < 30; ++k) first_epoch.insert(steps[k].documents.begin(), steps[k].documents.end());
    QCOMPARE(first_epoch.size(), std::size_t{240});
    QCOMPARE(std::set<std::int64_t>(first_epoch.begin(), first_epoch.end()).size(), std::size_t{240});
    QVERIFY(steps.back().terms["total"].get<double>() < steps.front().terms["total"].get<double>());
    QCOMPARE(steps[0].shares.dump(), std::string(R"({"class":1.0})"));
    QVERIFY(steps[1].shares.empty());
    QCOMPARE(steps[0].learning_rate, 0.0);
    QVERIFY(steps[5].tokens_per_second > 0 && steps[5].memory_mib > 0);

    // The very accuracy, from the folder.
    const auto model = Classifier::load(store->folder() / run.folder, plain.compute);
    QCOMPARE(model->labels(), (std::vector<std::string>{"east", "north", "south", "west"}));
    QCOMPARE(model->fingerprint(), run.fingerprint);
    int right = 0;
    for (const Document& d : store->documents({run.dataset, "test", {}, "", -1, 0})) right += model->predict(std::vector<Encoding>{model->tokenizer().encode(d.text, 48)})[0].predicted == d.label;
    QCOMPARE(right / 80.0, run.metrics["accuracy"].get<double>());

    // Cost: predicted before, compared after.
    QVERIFY(run.cost["predicted"]["seconds"].get<double>() > 0);
    QVERIFY(run.cost["actual"]["seconds"].get<double>() > 0);
    QVERIFY(run.cost["error"]["seconds"].is_number());

    QCOMPARE(kept.events.front()["event"].get<std::string>(), std::string("start"));
    QCOMPARE(kept.events.back()["event"].get<std::string>(), std::string("finish"));
    QCOMPARE(kept.count("step"), 360);
    QCOMPARE(kept.count("validation"), 12);
    QVERIFY(kept.count("checkpoint") >= 10);
    // The last one is the run's folder itself.
    QCOMPARE(kept.events[kept.events.size() - 2]["event"].get<std::string>(), std::string("checkpoint"));
    QCOMPARE(std::filesystem::path(kept.events[kept.events.size() - 2]["folder"].get<std::string>()).filename().string(), run.folder);
    for (const char* key : {"run", "step", "seconds", "terms", "gradient_norm", "gradient_shares", "learning_rate", "tokens_per_second", "memory_mib", "documents"})
      for (const OrderedJson& e : kept.events)
        if (e["event"] == "step") QVERIFY2(e.contains(key), key);
    // A finished run has nothing to resume.
    QCOMPARE(train_run(*store, run.id, plain).finished, run.finished);
  }

  void the_probe_of_the_cost_changes_nothing() {
    TELLTALE_NEEDS_SHARED(shared);
    Temporary t;
    const auto store = Store::open(t / "a.telltale", Store::Mode::create);
    synthetic_posts(*store, 60, 12);
    const RunRecord a = train(*store, everything(*store, shared), plain), b = train(*store, everything(*store, shared), {plain.compute, true});
    QCOMPARE(a.fingerprint, b.fingerprint);
    QVERIFY(weights_of(*store, a) == weights_of(*store, b));
    const CostEstimate cost = predict_cost(*store, everything(*store, shared), plain);
    QVERIFY(cost.seconds > 0 && cost.peak_mib > 0);
    QCOMPARE(cost.steps, a.steps);
    QCOMPARE(store->runs().size(), std::size_t{2});
  }

  void killed_at_any_moment_and_resumed() {
    TELLTALE_NEEDS_SHARED(shared);
    Temporary t;
    const fs::path file = t / "a.telltale";
    std::int64_t id = 0;
    RunRecord unbroken;
    {
      const auto store = Store::open(file, Store::Mode::create);
      synthetic_posts(*store, 120, 24);
      unbroken = train(*store, everything(*store, shared), plain);
      QCOMPARE(unbroken.status, RunStatus::finished);
      id = queue_run(*store, everything(*store, shared));
    }
    const int kills = qEnvironmentVariableIntValue("TELLTALE_KILLS") > 0 ? qEnvironmentVariableIntValue("TELLTALE_KILLS") : 8;
    Rng rng(static_cast<std::uint64_t>(kills));
    int killed = 0, done = 0;
    for (int k = 0; k < kills; ++k) {
      QProcess process;
      process.setProcessChannelMode(QProcess::ForwardedErrorChannel);
      process.start(QCoreApplication::applicationFilePath(), {"--train", QString::fromStdString(file.string()), QString::number(id)});
      QVERIFY(process.waitForStarted());
      auto events = rng.below(12);
      QByteArray seen;
      while (events > 0 && process.waitForReadyRead(30000)) {
        const auto lines = static_cast<std::uint64_t>(process.readAllStandardOutput().count('\n'));
        events -= std::min(events, lines);
      }
      if (process.state() == QProcess::NotRunning) {  // it came to its end: a new run to kill
        ++done;
        const auto store = Store::open(file, Store::Mode::write);
        QVERIFY(weights_of(*store, store->run(id)) == weights_of(*store, unbroken));
        id = queue_run(*store, everything(*store, shared));
        continue;
      }
      std::this_thread::sleep_for(std::chrono::microseconds(rng.below(30000)));
      ::kill(static_cast<pid_t>(process.processId()), SIGKILL);
      process.waitForFinished();
      killed += process.exitStatus() == QProcess::CrashExit;
      const auto store = Store::open(file, Store::Mode::write);
      store->mark_interrupted_runs();
      const RunStatus status = store->run(id).status;
      QVERIFY2(status == RunStatus::interrupted || status == RunStatus::queued || status == RunStatus::finished, name_of(status));
      if (status == RunStatus::finished) {
        QVERIFY(weights_of(*store, store->run(id)) == weights_of(*store, unbroken));
        id = queue_run(*store, everything(*store, shared));
      }
    }
    QVERIFY(killed > 0);
    const auto store = Store::open(file, Store::Mode::write);
    Kept kept;
    const RunRecord run = train_run(*store, id, plain, {}, kept.callbacks());
    QCOMPARE(run.status, RunStatus::finished);
    QVERIFY(weights_of(*store, run) == weights_of(*store, unbroken));
    QCOMPARE(run.fingerprint, unbroken.fingerprint);
    // The curve is that of the unbroken run too, step for step; nothing of it is missing or there twice.
    const auto a = store->steps(unbroken.id), b = store->steps(run.id);
    QCOMPARE(a.size(), static_cast<std::size_t>(unbroken.steps));
    QCOMPARE(b.size(), a.size());
    for (std::size_t k = 0; k < a.size(); ++k) {
      QCOMPARE(b[k].terms.dump(), a[k].terms.dump());
      QCOMPARE(b[k].shares.dump(), a[k].shares.dump());
      QCOMPARE(b[k].gradient_norm, a[k].gradient_norm);
      QVERIFY(b[k].documents == a[k].documents);
    }
    const auto va = store->validations(unbroken.id), vb = store->validations(run.id);
    QCOMPARE(vb.size(), va.size());
    for (std::size_t k = 0; k < va.size(); ++k) QCOMPARE(vb[k].metrics.dump(), va[k].metrics.dump());
    QCOMPARE(run.metrics.dump(), unbroken.metrics.dump());
    qInfo("killed %d times, %d runs finished in between", killed, done);
  }

  void stopped_and_resumed() {
    TELLTALE_NEEDS_SHARED(shared);
    Temporary t;
    const auto store = Store::open(t / "a.telltale", Store::Mode::create);
    synthetic_posts(*store, 60, 12);
    const RunRecord unbroken = train(*store, everything(*store, shared), plain);
    std::stop_source stop;
    TrainCallbacks callbacks;
    callbacks.event = [&](const OrderedJson& e) {
      if (e["event"] == "step" && e["step"] == 5) stop.request_stop();
    };
    const RunRecord stopped = train(*store, everything(*store, shared), plain, stop.get_token(), callbacks);
    QCOMPARE(stopped.status, RunStatus::stopped);
    QCOMPARE(stopped.step, 5);
    QVERIFY_THROWS_EXCEPTION(std::invalid_argument, settings_for(*store, "overlap", stopped.id));
    QCOMPARE(store->steps(stopped.id).size(), std::size_t{5});
    QVERIFY(fs::exists(weights_folder(*store, stopped) / "model.safetensors"));

    // After this epoch; then paused and let go from another thread.
    TrainControl after;
    after.stop_after_epoch();
    const RunRecord epoch = train_run(*store, stopped.id, plain, {}, {}, &after);
    QCOMPARE(epoch.status, RunStatus::stopped);
    QCOMPARE(epoch.step, epoch.steps / 2);
    TrainControl control;
    control.pause();
    std::jthread other([&] {
      const auto mine = Store::open(t / "a.telltale", Store::Mode::read);
      while (mine->run(stopped.id).status != RunStatus::paused) std::this_thread::sleep_for(std::chrono::milliseconds(5));
      control.resume();
    });
    const RunRecord finished = train_run(*store, stopped.id, plain, {}, {}, &control);
    QCOMPARE(finished.status, RunStatus::finished);
    QVERIFY(weights_of(*store, finished) == weights_of(*store, unbroken));
  }

  void earlier_checkpoints_stay_when_asked() {
    TELLTALE_NEEDS_SHARED(shared);
    Temporary t;
    const auto store = Store::open(t / "keep.telltale", Store::Mode::create);
    synthetic_posts(*store, 40, 8);
    TrainRequest request = quick(*store, shared);
    assign(request.settings, "epochs=6");  // 5 steps each
    const RunRecord usual = train(*store, request, plain);
    assign(request.settings, "checkpoint_keep=2");
    const std::int64_t id = queue_run(*store, request);
    const fs::path folder = store->folder() / ("run-" + std::to_string(id));
    const auto steps = [&](bool whole) {
      std::set<std::int64_t> out;
      for (const KeptCheckpoint& c : kept_checkpoints(folder))
        if (!whole || checkpoint_step(folder / c.name) == c.step) out.insert(c.step);
      return out;
    };
    const auto best = [&] {
      for (const CheckpointRecord& c : store->checkpoints(id))
        if (c.kind == "best") return c.step;
      return std::int64_t{0};
    };
    // Stopped after epoch 4, with what a resume needs; then brought to its end.
    TrainControl control;
    TrainCallbacks callbacks;
    callbacks.event = [&](const OrderedJson& e) {
      if (e["event"] == "checkpoint" && e["step"] == 20) control.stop_now();
    };
    QCOMPARE(train_run(*store, id, plain, {}, callbacks, &control).status, RunStatus::stopped);
    std::set<std::int64_t> expected = {20, best()};
    for (std::int64_t s = 15, n = 0; s > 0 && n < 2; s -= 5) n += expected.insert(s).second;
    QCOMPARE(steps(true), expected);
    const RunRecord run = train_run(*store, id, plain);
    QCOMPARE(run.status, RunStatus::finished);
    expected.clear();
    if (best() != 30) expected.insert(best());
    for (std::int64_t s = 25, n = 0; s > 0 && n < 2; s -= 5) n += expected.insert(s).second;
    QCOMPARE(steps(false), expected);
    for (const std::int64_t s : steps(true)) QCOMPARE(s, best());  // of the others the optimiser is gone
    QCOMPARE(weights_of(*store, run), weights_of(*store, usual));
    // Without the setting: the best alone, where it is not the last.
    for (const KeptCheckpoint& c : kept_checkpoints(store->folder() / usual.folder)) QCOMPARE(c.step, best());
  }

  /// A run whose recorded checkpoint is not whole says so and leaves everything as it is; it does not begin anew over it.
  void a_damaged_checkpoint_is_not_begun_anew() {
    TELLTALE_NEEDS_SHARED(shared);
    Temporary t;
    const auto store = Store::open(t / "a.telltale", Store::Mode::create);
    synthetic_posts(*store, 60, 12);
    const TrainRequest request = six_steps(*store, shared);
    const RunRecord stopped = stopped_at_six(*store, request);
    QCOMPARE(stopped.step, 6);
    const fs::path folder = store->folder() / ("run-" + std::to_string(stopped.id)), checkpoint = folder / "checkpoint-6";
    const std::string state = read_file(checkpoint / "state.json", 1 << 20), optimiser = read_file(checkpoint / "optimizer.safetensors", 1 << 28);
    const auto with = [&](const char* key, const Json& value) {
      Json j = Json::parse(state);
      j[key] = value;
      return j.dump();
    };
    const std::vector<std::pair<std::string, std::string>> damages = {{"", "state.json"}, {"[]", "state.json"}, {std::string(10000, '['), "state.json"}, {with("step", 3), "state.json: step 3, expected 6"}, {with("step", "six"), "state.json"},
                                                                     {with("adam_steps", -1), "do not go with step 6"}, {with("best_step", 7), "do not go with step 6"}, {with("best_folder", "../../x"), "do not go with step 6"}, {with("best_accuracy", 7), "do not go with step 6"}};
    for (const auto& [bytes, says] : damages) {
      write_file_atomically(checkpoint / "state.json", bytes);
      const std::string said = error_of([&] { train_run(*store, stopped.id, plain); });
      QVERIFY2(said.find(says) != said.npos, (says + ": " + said).c_str());
      QVERIFY(fs::exists(checkpoint / "model.safetensors"));
      QCOMPARE(store->steps(stopped.id).size(), std::size_t{6});
    }
    write_file_atomically(checkpoint / "state.json", state);
    fs::remove(checkpoint / "optimizer.safetensors");
    const std::string said = error_of([&] { train_run(*store, stopped.id, plain); });
    QVERIFY2(said.find("optimizer.safetensors: missing") != said.npos, said.c_str());
    write_file_atomically(checkpoint / "optimizer.safetensors", optimiser);
    // A run that goes on removes checkpoints: not where a link leads.
    fs::rename(folder, t / "elsewhere");
    fs::create_directory_symlink(t / "elsewhere", folder);
    const std::string linked = error_of([&] { train_run(*store, stopped.id, plain); });
    QVERIFY2(linked.find("a link, not the folder of run") != linked.npos, linked.c_str());
    fs::remove(folder);
    fs::rename(t / "elsewhere", folder);
    QCOMPARE(train_run(*store, stopped.id, plain).status, RunStatus::finished);
  }

  void nan_stops_the_run_and_names_step_posts_and_checkpoint() {
    TELLTALE_NEEDS_SHARED(shared);
    Temporary t;
    const auto store = Store::open(t / "a.telltale", Store::Mode::create);
    synthetic_posts(*store, 60, 12);
    const TrainRequest request = six_steps(*store, shared);
    const RunRecord stopped = stopped_at_six(*store, request);
    QCOMPARE(stopped.step, 6);
    // The state goes wrong: a LayerNorm that overflows.
    const fs::path folder = store->folder() / ("run-" + std::to_string(stopped.id)), checkpoint = folder / "checkpoint-6";
    const auto model = load_training_model(checkpoint, store->dataset("made").classes, plain.compute, 0);
    const std::vector<TrainingPost> one = {{1, 0, {2, 10, 3}, {}}};
    const TrainingSettings settings = request.settings;
    Stepper stepper(*model, one, settings, at::kFloat);
    Classifier::Impl& m = model->impl();
    const TrainingPosition position = read_checkpoint(checkpoint, *m.parameters, stepper.optimiser(), stepper.objective().state());
    {
      at::NoGradGuard no_grad;
      m.parameters->weights.norm_weight.fill_(3e38);
    }
    write_checkpoint(folder, "checkpoint-6", m.config, *m.parameters, stepper.optimiser(), stepper.objective().state(), position);
    const RunRecord failed = train_run(*store, stopped.id, plain);
    QCOMPARE(failed.status, RunStatus::failed);
    QCOMPARE(failed.step, 6);
    const QString error = QString::fromStdString(failed.error);
    QVERIFY2(error.contains("step 7") && error.contains("checkpoint-6") && error.contains("class") && !error.contains('\n'), qPrintable(error));
    const auto range = store->steps(stopped.id);
    QCOMPARE(range.size(), std::size_t{6});
    // The batch is named: the posts of the seventh step of an unbroken run.
    const RunRecord whole = train(*store, request, plain);
    const StepRecord seventh = store->steps(whole.id).at(6);
    for (const std::int64_t d : seventh.documents) QVERIFY2(error.contains(QString::number(d)), qPrintable(error));
    QCOMPARE(store->run(stopped.id).error, failed.error);
  }

  /// What LibTorch says names neither the run nor a way on.
  void a_failure_inside_libtorch_is_told_in_our_words() {
    TELLTALE_NEEDS_SHARED(shared);
    Temporary t;
    const auto store = Store::open(t / "a.telltale", Store::Mode::create);
    synthetic_posts(*store, 80, 16);
    for (const auto& [words, ours] : {std::pair{"Expected all tensors to be on one device", "LibTorch could not go on"}, {"CUDA out of memory. Tried to allocate 2 GiB", "memory ran out"}}) {
      TrainRequest request = quick(*store, shared);
      assign(request.settings, "checkpoint_steps=3");
      const std::int64_t id = queue_run(*store, request);
      TrainCallbacks callbacks;
      callbacks.event = [&, words = words](const OrderedJson& e) { TORCH_CHECK(e["event"] != "step" || e["step"] != 5, words, "\nException raised from nowhere"); };
      std::string said;
      try {
        train_run(*store, id, plain, {}, callbacks);
      } catch (const std::runtime_error& e) {
        said = e.what();
      }
      const RunRecord run = store->run(id);
      QCOMPARE(run.status, RunStatus::failed);
      QCOMPARE(run.error, said);
      const std::string start = fmt::format("run {}: {} after step ", id, ours);
      QVERIFY2(said.rfind(start, 0) == 0 && said.find(words) != std::string::npos && said.find('\n') == std::string::npos, said.c_str());
      QVERIFY2(said.find(fmt::format("run-{}/", id)) != std::string::npos, said.c_str());  // where to go on
      QCOMPARE(train_run(*store, id, plain).status, RunStatus::finished);
    }
  }

  void warm_start_runs_its_control_once() {
    TELLTALE_NEEDS_SHARED(shared);
    Temporary t;
    const auto store = Store::open(t / "a.telltale", Store::Mode::create);
    synthetic_posts(*store, 60, 12);
    const RunRecord baseline = train(*store, quick(*store, shared), plain);
    QVERIFY(!queue_control(*store, baseline.id));
    TrainRequest warm;
    warm.dataset = baseline.dataset;
    warm.preset = "overlap";
    warm.from = baseline.id;
    warm.settings = settings_for(*store, "overlap", baseline.id);
    QCOMPARE(warm.settings.batch, 8);
    QCOMPARE(warm.settings.learning_rate, 0.0025);
    QCOMPARE(warm.settings.epochs, 1);
    const RunRecord overlap = train(*store, warm, plain);
    QCOMPARE(overlap.status, RunStatus::finished);
    QCOMPARE(overlap.from, std::optional<std::int64_t>(baseline.id));
    QCOMPARE(overlap.model, baseline.model);
    QVERIFY(!overlap.settings["derived"]["new_head"].get<bool>());
    const auto control = queue_control(*store, overlap.id);
    QVERIFY(control);
    const RunRecord done = train_run(*store, *control, plain);
    QCOMPARE(done.preset, std::string("control"));
    QCOMPARE(done.pair, store->run(overlap.id).pair);
    QCOMPARE(done.steps, overlap.steps);
    const auto a = store->steps(overlap.id), b = store->steps(done.id);
    for (std::size_t k = 0; k < a.size(); ++k) QVERIFY(a[k].documents == b[k].documents);
    QVERIFY(done.fingerprint != overlap.fingerprint);
    // An equal finished control is found again, by a run with another objective too.
    QCOMPARE(queue_control(*store, overlap.id), control);
    warm.preset = "word-dropout";
    warm.settings = settings_for(*store, "word-dropout", baseline.id);
    const RunRecord dropout = train(*store, warm, plain);
    QCOMPARE(queue_control(*store, dropout.id), control);
    QVERIFY(!queue_control(*store, done.id));
  }

  void a_pair_shares_seed_batches_and_start() {
    TELLTALE_NEEDS_SHARED(shared);
    Temporary t;
    const auto store = Store::open(t / "a.telltale", Store::Mode::create);
    synthetic_posts(*store, 40, 8);
    const auto [first, second] = queue_pair(*store, everything(*store, shared));
    const RunRecord a = train_run(*store, first, plain), b = train_run(*store, second, plain);
    QCOMPARE(a.preset, std::string("baseline"));
    QCOMPARE(a.pair, b.pair);
    QCOMPARE(a.steps, b.steps);
    const auto sa = store->steps(first), sb = store->steps(second);
    for (std::size_t k = 0; k < sa.size(); ++k) {
      QVERIFY(sa[k].documents == sb[k].documents);
      QCOMPARE(sa[k].learning_rate, sb[k].learning_rate);
    }
    QVERIFY(a.fingerprint != b.fingerprint);
  }

  /// A head for just these classes is kept, in whatever order they come; for others a new one is drawn.
  void heads_follow_the_order_of_the_classes() {
    TELLTALE_NEEDS_SHARED(shared);
    const auto folder = shared / "golden/models/tiny-bert/fp32";
    const auto own = Classifier::load(folder, plain.compute);
    std::vector<std::string> sorted = own->labels();
    std::sort(sorted.begin(), sorted.end());
    QVERIFY(sorted != own->labels());
    const auto other = Classifier::load(folder, plain.compute, sorted);
    QVERIFY(!other->new_head());
    const Encoding text = own->tokenizer().encode("north wind", 0);
    const auto a = own->predict({text}).at(0), b = other->predict({text}).at(0);
    for (std::size_t k = 0; k < sorted.size(); ++k) {
      const auto at = std::find(own->labels().begin(), own->labels().end(), sorted[k]) - own->labels().begin();
      QCOMPARE(b.logits[k], a.logits[static_cast<std::size_t>(at)]);
    }
    sorted.back() = "up";
    QVERIFY(Classifier::load(folder, plain.compute, sorted)->new_head());
  }

  void what_earlier_sessions_wrote_is_checked() {
    TELLTALE_NEEDS_SHARED(shared);
    Temporary t;
    const auto store = Store::open(t / "a.telltale", Store::Mode::create);
    synthetic_posts(*store, 12, 4, "made", {"cats", "dogs"});
    TrainRequest request = everything(*store, shared, "made");
    for (const auto& [derived, says] : std::vector<std::pair<Json, std::string>>{{{{"precision", 7}}, "derived.precision"}, {{{"precision", "fp8"}}, "derived.precision"}, {{{"unit", "x"}, {"mean_norm", 1}}, "derived.unit"}, {{{"unit", 1.0}}, "mean_norm"}, {{{"threads", "two"}}, "derived.threads"}, {Json::array({1}), "derived"}}) {
      RunRecord run = store->run(queue_run(*store, request));
      run.settings["derived"] = derived;
      store->update_run(run);
      std::string told;
      try {
        train_run(*store, run.id, plain);
      } catch (const std::runtime_error& e) {
        told = e.what();
      }
      QVERIFY2(told.find("table runs, row " + std::to_string(run.id)) != std::string::npos && told.find(says) != std::string::npos, told.c_str());
    }
    // And a folder that leads out of the file's own.
    RunRecord run = store->run(queue_run(*store, request));
    for (const char* folder : {"../made", "/etc", "a/../../b"}) {
      run.folder = folder;
      store->update_run(run);
      QVERIFY_EXCEPTION_THROWN(store->run(run.id), std::runtime_error);
    }
  }

  void new_heads_and_splits() {
    TELLTALE_NEEDS_SHARED(shared);
    Temporary t;
    const auto store = Store::open(t / "a.telltale", Store::Mode::create);
    synthetic_posts(*store, 40, 0, "untested", {"cats", "dogs"});
    TrainRequest request = everything(*store, shared, "untested");
    request.preset = "baseline";
    request.settings = preset_settings("baseline");
    assign(request.settings, "epochs=1");
    request.model = (shared / "golden/models/tiny-bert/no-head").string();
    const RunRecord run = train(*store, request, plain);
    QCOMPARE(run.status, RunStatus::finished);
    QVERIFY(run.settings["derived"]["new_head"].get<bool>());
    QCOMPARE(run.settings["derived"]["validation_split"].get<std::string>(), std::string("held-out"));
    QCOMPARE(run.settings["derived"]["train_posts"].get<int>(), 36);
    QCOMPARE(run.settings["max_length"].get<int>(), 64);  // 128 was not asked for: the model has 64
    QCOMPARE(run.metrics["n"].get<int>(), 4);
    QCOMPARE(Classifier::load(store->folder() / run.folder, plain.compute)->labels(), (std::vector<std::string>{"cats", "dogs"}));
    request.settings.seed = 1;
    QVERIFY(train(*store, request, plain).fingerprint != run.fingerprint);
  }

  void the_best_weights() {
    TELLTALE_NEEDS_SHARED(shared);
    Temporary t;
    const auto store = Store::open(t / "a.telltale", Store::Mode::create);
    synthetic_posts(*store, 60, 40);
    TrainRequest request = quick(*store, shared);
    for (const char* s : {"keep=best", "validate_steps=2", "epochs=4", "learning_rate=0.02"}) assign(request.settings, s);
    Kept kept;
    const RunRecord run = train(*store, request, plain, {}, kept.callbacks());
    double best = -1, nll = 0;
    for (const ValidationRecord& v : store->validations(run.id)) {
      if (v.split != "test") continue;
      const double accuracy = v.metrics["accuracy"], now = v.metrics["nll"];
      if (accuracy > best || (accuracy == best && now < nll)) {
        best = accuracy;
        nll = now;
      }
    }
    QCOMPARE(run.metrics["accuracy"].get<double>(), best);
    QVERIFY(std::abs(run.metrics["nll"].get<double>() - nll) < 1e-9);
    QCOMPARE(kept.count("warning"), 1);  // chosen on the test split (the head is the model's own, whose classes come in another order)
  }

  void the_film_of_pinned_posts() {
    TELLTALE_NEEDS_SHARED(shared);
    Temporary t;
    const auto store = Store::open(t / "a.telltale", Store::Mode::create);
    const DatasetInfo dataset = synthetic_posts(*store, 40, 8);
    const auto ids = store->document_ids({dataset.id, "test", {}, "", 2, 0});
    store->set_value("film.pinned", ids);
    TrainRequest request = quick(*store, shared);
    assign(request.settings, "film_steps=4");
    const RunRecord unwatched = train(*store, quick(*store, shared), plain);
    std::stop_source stop;
    Kept kept;
    TrainCallbacks callbacks;
    callbacks.event = [&](const OrderedJson& e) {
      kept.events.push_back(e);
      if (e["event"] == "step" && e["step"] == 9) stop.request_stop();
    };
    const RunRecord stopped = train(*store, request, plain, stop.get_token(), callbacks);
    QCOMPARE(stopped.step, 9);
    QCOMPARE(kept.count("film"), 2);
    const RunRecord run = train_run(*store, stopped.id, plain);
    QVERIFY(weights_of(*store, run) == weights_of(*store, unwatched));  // watching changes nothing
    const auto frames = store->value("film.run-" + std::to_string(run.id));
    QVERIFY(frames);
    QCOMPARE(frames->size(), static_cast<std::size_t>(run.steps / 4));
    for (std::size_t k = 0; k < frames->size(); ++k) {
      const Json& frame = frames->at(k);
      QCOMPARE(frame["step"].get<int>(), static_cast<int>(4 * (k + 1)));
      QCOMPARE(frame["posts"].size(), std::size_t{2});
      QCOMPARE(frame["posts"][0]["document"].get<std::int64_t>(), ids[0]);
      QVERIFY(!frame["posts"][0]["words"].empty());
    }
    QVERIFY(frames->front()["posts"][0]["words"] != frames->back()["posts"][0]["words"]);
  }

  void refused_before_training() {
    TELLTALE_NEEDS_SHARED(shared);
    Temporary t;
    const auto store = Store::open(t / "a.telltale", Store::Mode::create);
    synthetic_posts(*store, 8, 4);
    const TrainRequest good = quick(*store, shared);
    TrainRequest r = good;
    assign(r.settings, "max_length=65");
    QVERIFY_THROWS_EXCEPTION(std::invalid_argument, queue_run(*store, r));
    r = good;
    r.preset = "contrast";
    QVERIFY_THROWS_EXCEPTION(std::invalid_argument, queue_run(*store, r));
    r = good;
    assign(r.settings, "rival=nobody");
    QVERIFY_THROWS_EXCEPTION(std::invalid_argument, queue_run(*store, r));
    r = good;
    r.dataset = 99;
    QVERIFY_THROWS_EXCEPTION(std::invalid_argument, queue_run(*store, r));
    r = good;
    r.model = (t / "nothing").string();
    QVERIFY_THROWS_EXCEPTION(std::runtime_error, queue_run(*store, r));
    QVERIFY(store->runs().empty());
    r = good;
    assign(r.settings, "validation_split=nowhere");
    QVERIFY_THROWS_EXCEPTION(std::invalid_argument, train(*store, r, plain));
    QVERIFY(store->runs().empty());
    // One process a run.
    const std::int64_t id = queue_run(*store, good);
    const auto other = Store::open(t / "a.telltale", Store::Mode::write);
    const auto lock = other->claim_run(id);
    QVERIFY_THROWS_EXCEPTION(std::runtime_error, train_run(*store, id, plain));
    QCOMPARE(store->run(id).status, RunStatus::queued);
  }

  void weights_that_changed_since_the_start_are_noticed() {
    TELLTALE_NEEDS_SHARED(shared);
    Temporary t;
    const auto store = Store::open(t / "a.telltale", Store::Mode::create);
    synthetic_posts(*store, 16, 4);
    fs::copy(shared / "golden/models/tiny-bert/fp32", t / "model", fs::copy_options::recursive);
    TrainRequest r = quick(*store, shared);
    r.model = (t / "model").string();
    std::stop_source stop;
    TrainCallbacks callbacks;
    callbacks.event = [&](const OrderedJson& e) {
      if (e["event"] == "start") stop.request_stop();
    };
    const RunRecord stopped = train(*store, r, plain, stop.get_token(), callbacks);
    QCOMPARE(stopped.status, RunStatus::stopped);
    QCOMPARE(stopped.step, 0);
    fs::remove(t / "model/model.safetensors");
    fs::copy_file(shared / "golden/models/tiny-bert/fp16/model.safetensors", t / "model/model.safetensors");
    QVERIFY_THROWS_EXCEPTION(std::runtime_error, train_run(*store, stopped.id, plain));
    fs::remove(t / "model/model.safetensors");
    fs::copy_file(shared / "golden/models/tiny-bert/fp32/model.safetensors", t / "model/model.safetensors");
    QCOMPARE(train_run(*store, stopped.id, plain).status, RunStatus::finished);
  }

  void a_full_disk_fails_the_run_and_it_goes_on_when_there_is_room() {
    TELLTALE_NEEDS_SHARED(shared);
    Temporary t;
    const auto store = Store::open(t / "a.telltale", Store::Mode::create);
    synthetic_posts(*store, 60, 12);
    TrainRequest request = quick(*store, shared);
    assign(request.settings, "checkpoint_steps=4");
    const RunRecord unbroken = train(*store, request, plain);
    rlimit old{};
    getrlimit(RLIMIT_FSIZE, &old);
    const auto before = ::signal(SIGXFSZ, SIG_IGN);
    TrainCallbacks callbacks;
    callbacks.event = [&](const OrderedJson& e) {
      if (e["event"] != "step" || e["step"] != 6) return;
      const rlimit small{30000, old.rlim_max};  // neither weights nor the write-ahead log fit any more
      setrlimit(RLIMIT_FSIZE, &small);
    };
    const std::int64_t id = queue_run(*store, request);
    QString message;
    try {
      train_run(*store, id, plain, {}, callbacks);
    } catch (const std::runtime_error& e) {
      message = e.what();
    }
    setrlimit(RLIMIT_FSIZE, &old);
    ::signal(SIGXFSZ, before);
    QVERIFY(!message.isEmpty());
    QVERIFY(!message.contains('\n'));
    const auto again = Store::open(t / "a.telltale", Store::Mode::write);
    again->mark_interrupted_runs();
    const RunRecord run = train_run(*again, id, plain);
    QCOMPARE(run.status, RunStatus::finished);
    QVERIFY(weights_of(*again, run) == weights_of(*again, unbroken));
  }
};

int main(int argc, char** argv) {
  if (argc == 4 && std::string(argv[1]) == "--train") return child(argv[2], argv[3]);
  QCoreApplication app(argc, argv);
  TestTrainingRuns test;
  return QTest::qExec(&test, argc, argv);
}
#include "test_training_runs.moc"
