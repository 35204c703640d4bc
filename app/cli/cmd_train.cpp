// telltale train, resume, runs.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <memory>

#include "commands.hpp"
#include "data/encoding.hpp"
#include "report/numbers.hpp"
#include "training/trainer.hpp"

namespace telltale::cli {
namespace {

struct TrainArguments {
  std::string db, data, model, preset = "contrastive", name;
  std::vector<std::string> assignments;
  std::optional<std::int64_t> from, run;
  bool dry_run = false, events = false, geometry = false;
};

ComputeOptions compute_options(const Context& c) {
  ComputeOptions out{c.device, c.threads, parse_precision(c.precision)};
  out.device = configure_compute(out);
  return out;
}

OrderedJson to_json(const RunRecord& r) {
  OrderedJson out = {{"run", r.id}, {"name", r.name}, {"preset", r.preset}, {"status", name_of(r.status)}, {"step", r.step}, {"steps", r.steps}, {"metrics", r.metrics},
                     {"settings", r.settings}, {"cost", r.cost}, {"dataset", r.dataset}, {"model", r.model}};
  out["from"] = r.from ? OrderedJson(*r.from) : OrderedJson();
  out["pair"] = r.pair ? OrderedJson(*r.pair) : OrderedJson();
  out["fingerprint"] = r.fingerprint;
  out["folder"] = r.folder;
  out["error"] = r.error.empty() ? OrderedJson() : OrderedJson(r.error);
  out["created"] = r.created;
  out["started"] = r.started;
  out["finished"] = r.finished;
  return out;
}

std::string figure(const Json& metrics, const char* key, const char* format) {
  const auto it = metrics.is_object() ? metrics.find(key) : metrics.end();
  return metrics.is_object() && it != metrics.end() && it->is_number() ? fmt::format(fmt::runtime(format), it->get<double>()) : "–";
}

std::string summary(const RunRecord& r) {
  std::string out = fmt::format("run {} ({}): {}, step {} of {}", r.id, readable_name(r.name), name_of(r.status), r.step, r.steps);
  if (r.metrics.is_object())
    out += fmt::format("\n  {}: accuracy {}, macro-F1 {}, NLL {}, ECE {}", r.metrics.value("split", ""), figure(r.metrics, "accuracy", "{:.4f}"), figure(r.metrics, "macro_f1", "{:.4f}"), figure(r.metrics, "nll", "{:.4f}"), figure(r.metrics, "ece", "{:.4f}"));
  if (r.cost.is_object() && r.cost.contains("actual")) {
    const Json &actual = r.cost["actual"];
    out += fmt::format("\n  took {}, {:.0f} MiB", duration(actual["seconds"].get<double>()), actual["peak_mib"].get<double>());
    if (r.cost.contains("error")) out += fmt::format(" (predicted {}, {:.0f} MiB: off by {:+.0f} % and {:+.0f} %)", duration(r.cost["predicted"]["seconds"].get<double>()), r.cost["predicted"]["peak_mib"].get<double>(), 100 * r.cost["error"]["seconds"].get<double>(), 100 * r.cost["error"]["peak_mib"].get<double>());
  }
  if (!r.error.empty()) out += "\n  " + r.error;
  return out + "\n";
}

TrainCallbacks callbacks(const Context& context, bool events) {
  TrainCallbacks out;
  out.progress = context.progress;
  out.event = [events](const OrderedJson& e) {
    if (e["event"] == "warning") complain("warning: " + e["message"].get<std::string>());
    if (!events) return;
    print_json(e);
    std::fflush(stdout);
  };
  return out;
}

int status_of(const RunRecord& r) {
  if (r.status == RunStatus::failed) {
    complain(fmt::format("run {}: {}", r.id, r.error));
    return exit_failure;
  }
  return r.status == RunStatus::finished ? exit_success : exit_interrupted;
}

/// What a run answers at its end; `control` may be null.
int report(const Context& context, const TrainArguments& a, const RunRecord& r, const RunRecord* control) {
  if (context.json) {  // with --events it is the last line
    OrderedJson document = to_json(r);
    if (control) document["control"] = to_json(*control);
    print_json(document);
  } else if (!a.events) {
    print_text(summary(r));
    if (control) print_text(summary(*control));
  }
  if (r.status == RunStatus::stopped) complain(fmt::format("stopped; go on with: telltale resume --db {} --run {}", a.db, r.id));
  const int status = status_of(r);
  return status == exit_success && control ? status_of(*control) : status;
}

/// The run, and after it the control that a warm-started run is compared with.
int run_with_control(Context& context, const TrainArguments& a, Store& store, std::int64_t id, const TrainOptions& options) {
  const TrainCallbacks back = callbacks(context, a.events);
  TrainControl control_of_run;
  if (a.geometry) control_of_run.watch_geometry(GeometryWish{});
  const RunRecord run = train_run(store, id, options, context.stop, back, &control_of_run);
  std::optional<RunRecord> control;
  if (run.status == RunStatus::finished)
    if (const auto wanted = queue_control(store, id)) control = train_run(store, *wanted, options, context.stop, back);
  return report(context, a, run, control ? &*control : nullptr);
}

TrainRequest request_of(const Context& context, const TrainArguments& a, Store& store) {
  TrainRequest r;
  r.dataset = store.dataset(a.data).id;
  if (!a.from) r.model = a.model;
  r.preset = a.preset;
  r.from = a.from;
  r.name = a.name;
  if (readable_name(a.name, a.name.size()) != a.name) throw std::invalid_argument("--name: control characters, or no UTF-8");
  if (a.from && !a.model.empty()) spdlog::warn("--model is not read: the run starts from the weights of run {}", *a.from);
  if (a.model.empty() && !a.from) throw std::invalid_argument("--model DIR is needed, or --from RUN");
  r.settings = settings_for(store, a.preset, a.from);
  if (context.seed) apply(r.settings, "seed", fmt::format("{}", *context.seed));
  if (context.max_length) apply(r.settings, "max_length", fmt::format("{}", *context.max_length));
  for (const std::string& s : a.assignments) assign(r.settings, s);
  check(r.settings);
  return r;
}

int dry_run(const Context& context, const TrainRequest& request, Store& store, const TrainOptions& options) {
  const CostEstimate cost = predict_cost(store, request, options, context.stop);
  const OrderedJson settings = telltale::to_json(settings_of_run(store, request));
  if (context.json) {
    print_json(OrderedJson{{"settings", settings}, {"predicted", {{"seconds", cost.seconds}, {"peak_mib", cost.peak_mib}, {"steps", cost.steps}, {"details", cost.details}}}});
    return exit_success;
  }
  std::string out;
  for (const auto& [key, value] : settings.items()) out += fmt::format("{}={}\n", key, value.is_string() ? value.get<std::string>() : value.dump());
  print_text(out + fmt::format("{} steps, about {}, {:.0f} MiB at most\n", cost.steps, duration(cost.seconds), cost.peak_mib));
  return exit_success;
}

int train(Context& context, const TrainArguments& a) {
  preset_info(a.preset);
  const auto store = Store::open(a.db, a.dry_run ? Store::Mode::read : Store::Mode::write);
  store->mark_interrupted_runs();
  const TrainRequest request = request_of(context, a, *store);
  const TrainOptions options{compute_options(context), true};
  if (a.dry_run) return dry_run(context, request, *store, options);
  return run_with_control(context, a, *store, queue_run(*store, request), options);
}

int resume(Context& context, const TrainArguments& a) {
  const auto store = Store::open(a.db, Store::Mode::write);
  store->mark_interrupted_runs();
  const RunRecord run = store->run(*a.run);
  if (run.status == RunStatus::finished) {
    if (context.json)
      print_json(to_json(run));
    else
      print_text(fmt::format("run {} is finished already\n", run.id));
    return exit_success;
  }
  return run_with_control(context, a, *store, run.id, {compute_options(context), true});
}

OrderedJson last_values(Store& store, const RunRecord& run) {
  OrderedJson out = to_json(run);
  const auto steps = store.steps(run.id, std::max<std::int64_t>(-1, run.step - 1), -1);
  if (!steps.empty()) {
    const StepRecord& s = steps.back();
    out["last"] = {{"step", s.step}, {"epoch", s.epoch}, {"seconds", s.seconds}, {"terms", s.terms}, {"gradient_norm", s.gradient_norm}, {"gradient_shares", s.shares},
                   {"learning_rate", s.learning_rate}, {"tokens_per_second", s.tokens_per_second}, {"memory_mib", s.memory_mib}, {"documents", s.documents}};
  }
  out["validations"] = OrderedJson::array();
  for (const ValidationRecord& v : store.validations(run.id)) out["validations"].push_back({{"step", v.step}, {"split", v.split}, {"metrics", v.metrics}});
  out["checkpoints"] = OrderedJson::array();
  for (const CheckpointRecord& c : store.checkpoints(run.id)) out["checkpoints"].push_back({{"step", c.step}, {"kind", c.kind}, {"folder", (store.folder() / c.folder).string()}});
  return out;
}

int runs(const Context& context, const TrainArguments& a) {
  const auto store = Store::open(a.db, Store::Mode::read);
  store->mark_interrupted_runs();
  if (a.run) {
    const RunRecord run = store->run(*a.run);
    const OrderedJson document = last_values(*store, run);
    if (context.json) {
      print_json(document);
      return exit_success;
    }
    std::string out = summary(run);
    if (document.contains("last"))
      for (const auto& [key, value] : document["last"]["terms"].items()) out += fmt::format("  {:<12} {}\n", key, value.dump());
    for (const auto& [key, value] : run.settings.items())
      if (!value.is_object()) out += fmt::format("  {}={}\n", key, value.is_string() ? value.get<std::string>() : value.dump());
    print_text(out);
    return exit_success;
  }
  OrderedJson all = OrderedJson::array();
  std::string table = fmt::format("{:>5}  {:<24} {:<13} {:<12} {:>13}  {:>8}  {:>8}\n", "run", "name", "preset", "status", "step", "accuracy", "macro-F1");
  for (const RunRecord& r : store->runs()) {
    all.push_back(to_json(r));
    table += fmt::format("{:>5}  {:<24} {:<13} {:<12} {:>13}  {:>8}  {:>8}\n", r.id, readable_name(r.name), readable_name(r.preset), name_of(r.status), fmt::format("{}/{}", r.step, r.steps), figure(r.metrics, "accuracy", "{:.4f}"), figure(r.metrics, "macro_f1", "{:.4f}"));
  }
  if (context.json)
    print_json(all);
  else
    print_text(all.empty() ? "no runs yet\n" : table);
  return exit_success;
}

std::string preset_names() {
  std::string out;
  for (const PresetInfo& p : presets()) out += (out.empty() ? "" : ", ") + p.id;
  return out;
}

}  // namespace

void add_train(CLI::App& app, Context& context) {
  const auto a = std::make_shared<TrainArguments>();
  auto* command = add_command(app, context, "train", "Finetune a classifier", [a, &context] { return train(context, *a); });
  command->add_option("--db", a->db, "FILE.telltale with the posts")->required();
  command->add_option("--data", a->data, "Name of the data set")->required();
  command->add_option("--model", a->model, "Hugging Face folder to start from (not read with --from)");
  command->add_option("--preset", a->preset, preset_names())->capture_default_str();
  command->add_option("--from", a->from, "Start from this run's final weights; its control is trained too");
  command->add_option("--set", a->assignments, "KEY=VALUE, any number of them; see telltale settings");
  command->add_option("--name", a->name, "Name of the run (default: the preset)");
  command->add_flag("--dry-run", a->dry_run, "Print settings and predicted cost, train nothing");
  auto* events = command->add_flag("--events", a->events, "Print one JSON event a line while it trains");
  command->add_flag("--geometry", a->geometry, "With --events: what the perturbation does to a word of the batch, about every 2 s, in at most 2 % of the time")->needs(events);
}

void add_resume(CLI::App& app, Context& context) {
  const auto a = std::make_shared<TrainArguments>();
  auto* command = add_command(app, context, "resume", "Go on with a run that was stopped or interrupted, from its last checkpoint", [a, &context] { return resume(context, *a); });
  command->add_option("--db", a->db, "FILE.telltale")->required();
  command->add_option("--run", a->run, "Id of the run")->required();
  command->add_flag("--events", a->events, "Print one JSON event a line while it trains");
}

void add_runs(CLI::App& app, Context& context) {
  const auto a = std::make_shared<TrainArguments>();
  auto* command = add_command(app, context, "runs", "Runs with status, metrics and settings", [a, &context] { return runs(context, *a); });
  command->add_option("--db", a->db, "FILE.telltale")->required();
  command->add_option("--run", a->run, "One run, with its curves' last values");
}

}  // namespace telltale::cli
