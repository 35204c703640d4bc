// telltale simulate: can a person tell what the model answers, and better so with the explanation? Plans sessions for the window, lists and reports them.
#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <stdexcept>

#include "base/files.hpp"
#include "commands.hpp"
#include "evaluation/simulation.hpp"
#include "store/marks.hpp"
#include "training/trainer.hpp"

namespace telltale::cli {
namespace {

struct SimulateSettings {
  std::string db, csv, output = "probability";
  std::int64_t session = 0;
  bool plan = false;
  SimulationOptions options;
};

std::string shown(double v, const char* unit = "") { return std::isfinite(v) ? fmt::format("{:.3f}{}", v, unit) : std::string("–"); }

std::string in_text(const SimulationRecord& s, const DatasetInfo& dataset, const SimulationReport& r) {
  std::string out = fmt::format("session {}: {}, {}, method {}, {} of {} posts answered\n\n", s.id, one_line(s.participant), one_line(dataset.name), s.protocol.value("method", ""), r.answered, r.posts);
  const auto side = [&](const char* name, const SimulationSide& x) {
    out += fmt::format("  {:<8} accuracy {} ({} to {}), {} of {}; median {}{}\n", name, shown(x.right.value), shown(x.right.low), shown(x.right.high), x.right.right, x.right.n, shown(x.median_seconds, " s"),
                       std::isfinite(x.mean_confidence) ? fmt::format("; sure {:.1f} of 5", x.mean_confidence) : std::string());
  };
  side("with", r.with);
  side("without", r.without);
  out += fmt::format("\n  accuracy: {}: {} ({} to {}), Fisher's exact test p = {:.3f}\n", accuracy_verdict(r), shown(r.accuracy.value), shown(r.accuracy.low), shown(r.accuracy.high), r.p);
  out += fmt::format("  time:     {}: {} ({} to {})\n", time_verdict(r), shown(r.seconds.value, " s"), shown(r.seconds.low), shown(r.seconds.high));
  return out;
}

int plan(Context& context, SimulateSettings& s) {
  if (s.options.run == 0) throw std::invalid_argument("--plan needs --run ID");
  if (s.options.participant.empty()) throw std::invalid_argument("--plan needs --participant NAME: who answers");
  try {
    check_annotator(s.options.participant);
  } catch (const std::invalid_argument& e) {
    throw std::invalid_argument(fmt::format("--participant: {}", std::string(e.what()).substr(std::string("annotator: ").size())));
  }
  s.options.explain.output = parse_output(s.output);
  if (context.seed) s.options.seed = *context.seed;
  ComputeOptions compute{context.device, context.threads, parse_precision(context.precision)};
  compute.device = configure_compute(compute);
  const auto store = Store::open(s.db, Store::Mode::write);
  const RunRecord run = store->run(s.options.run);
  if (run.folder.empty()) throw std::runtime_error(fmt::format("run {} ({}) is {}: it has no weights yet", run.id, run.name, name_of(run.status)));
  const auto model = load_run(*store, run, compute);
  const SimulationRecord made = plan_simulation(*store, *model, s.options, context.stop, context.progress);
  if (context.json) print_json({{"session", made.id}, {"posts", made.items.size()}, {"protocol", made.protocol}});
  else print_text(fmt::format("session {}: {} posts are waiting for {}; answer them in the window: Run, Simulate the model\n", made.id, made.items.size(), one_line(made.participant)));
  return exit_success;
}

int list(const Context& context, Store& store) {
  OrderedJson all = OrderedJson::array();
  std::string text;
  for (const SimulationRecord& s : simulations(store)) {
    const std::string method = s.protocol.is_object() ? s.protocol.value("method", "") : "";
    all.push_back({{"session", s.id}, {"run", s.run ? OrderedJson(*s.run) : OrderedJson()}, {"dataset", store.dataset(s.dataset).name}, {"method", method}, {"participant", s.participant}, {"posts", s.items.size()},
                   {"answered", s.answered()}, {"finished", s.finished()}, {"created", s.created}});
    text += fmt::format("{:>4}  run {:<4} {:<22} {:<20} {:>4} of {:>4} answered  {}\n", s.id, s.run ? std::to_string(*s.run) : "–", method, one_line(s.participant), s.answered(), s.items.size(), s.created);
  }
  if (context.json) print_json(all);
  else print_text(text.empty() ? "no session yet\n" : text);
  return exit_success;
}

int simulate(Context& context, SimulateSettings& s) {
  if (s.plan && s.session != 0) throw std::invalid_argument("--plan makes a session, --session reports one: one at a time");
  if (s.plan) return plan(context, s);
  const auto store = Store::open(s.db, Store::Mode::read);
  if (s.session == 0) {
    if (!s.csv.empty()) throw std::invalid_argument("--csv needs --session S");
    return list(context, *store);
  }
  const SimulationRecord session = simulation(*store, s.session);
  const DatasetInfo dataset = store->dataset(session.dataset);
  BootstrapOptions bootstrap;
  if (context.seed) bootstrap.seed = *context.seed;
  const SimulationReport report = simulation_report(session, bootstrap);
  if (!s.csv.empty()) write_file_atomically(s.csv, simulation_csv(session, dataset));
  if (context.json) print_json(simulation_json(session, dataset, report));
  else print_text(in_text(session, dataset, report));
  return exit_success;
}

}  // namespace

void add_simulate(CLI::App& app, Context& context) {
  const auto s = std::make_shared<SimulateSettings>();
  CLI::App* command = add_command(app, context, "simulate", "Simulatability: can a person tell what the model answers, with and without the explanation? Lists, reports and plans sessions", [&context, s] { return simulate(context, *s); });
  command->add_option("--db", s->db, "The .telltale file")->required();
  command->add_option("--session", s->session, "Report this one (default: list them)")->check(whole(1));
  command->add_option("--csv", s->csv, "Write its answers to this file too, a row a post");
  command->add_flag("--plan", s->plan, "Make a session that is answered in the window: draws the posts, explains those that are shown with an explanation");
  auto& o = s->options;
  command->add_option("--run", o.run, "With --plan, which needs it: a finished run")->check(whole(1));
  command->add_option("--method", o.explain.method, "With --plan: see telltale methods")->capture_default_str();
  command->add_option("--output", s->output, "With --plan: probability, logit, log-odds or difference")->capture_default_str();
  command->add_option("--posts", o.posts, "With --plan: how many")->check(whole(2, 1000))->capture_default_str();
  command->add_option("--split", o.split, "With --plan: of the run's data set")->capture_default_str();
  command->add_option("--participant", o.participant, "With --plan, which needs it: the name of the person who answers");
  command->add_flag("--confidence", o.confidence, "With --plan: also ask how sure the person is, 1 to 5");
}

}  // namespace telltale::cli
