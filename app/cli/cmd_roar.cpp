// telltale roar: words that a method calls important are removed, and the model is trained again without them.
#include <fmt/format.h>

#include "commands.hpp"
#include "evaluation/roar.hpp"
#include "method_options.hpp"
#include "report/numbers.hpp"

namespace telltale::cli {
namespace {

struct RoarArguments {
  std::string db, output = "probability";
  std::int64_t run = 0;
  std::vector<std::string> k = {"10%", "30%", "50%"};
  bool dry_run = false;
  MethodOptions of_methods;
  RoarOptions options;
};

std::string roar_text(const Json& doc) {
  const Json& p = doc["protocol"];
  const auto value = [](const Json& v, const char* format = "{:.4f}") { return v.is_number() ? fmt::format(fmt::runtime(format), v.get<double>()) : std::string("–"); };
  std::string out = fmt::format("run {} on {}: accuracy {} with all words; retrained without the top words of each post, {} seed{}, intervals by {}\n", p["run"].get<std::int64_t>(), p["dataset"].get<std::string>(),
                                value(doc["whole"]["accuracy"]), p["seeds"].get<int>(), p["seeds"] == 1 ? "" : "s", p["interval"].get<std::string>());
  std::string k;
  for (const Json& r : doc["rows"]) {
    if (r["k"] != k) out += fmt::format("\nwithout {}\n", k = r["k"].get<std::string>());
    out += fmt::format("  {:<24} {:>9}   {} to {}", r["method"].get<std::string>(), value(r["accuracy"]), value(r["low"]), value(r["high"]));
    if (r.contains("difference")) {
      const Json& d = r["difference"];
      out += fmt::format("   {} against random ({} to {}){}", value(d["value"], "{:+.4f}"), value(d["low"], "{:+.4f}"), value(d["high"], "{:+.4f}"), d["clear"] == true ? "" : ": no clear difference");
    }
    out += "\n";
  }
  return out + "\nLower is better: what the method calls important was needed.\n";
}

int roar(Context& context, RoarArguments& a) {
  auto& o = a.options;
  o.shares.clear();
  for (const auto& k : a.k) o.shares.push_back(parse_top_k(k));
  o.explain.output = parse_output(a.output);
  a.of_methods.apply(o.methods, o.explain);
  if (context.seed) o.seed = o.explain.seed = *context.seed;
  o.compute = {context.device, context.threads, parse_precision(context.precision)};
  o.compute.device = configure_compute(o.compute);
  const auto store = Store::open(a.db, a.dry_run ? Store::Mode::read : Store::Mode::write);
  store->mark_interrupted_runs();
  if (a.dry_run) {
    const Json cost = roar_cost(*store, a.run, o, context.stop);
    OrderedJson runs = OrderedJson::array();
    std::string text;
    for (const RoarRun& r : roar_plan(*store, a.run, o)) {
      runs.push_back({{"name", r.name}, {"dataset", r.dataset}, {"method", r.method}, {"k", to_string(r.share)}, {"seed", r.seed}, {"run", r.run ? OrderedJson(*r.run) : OrderedJson()}, {"status", r.run ? name_of(r.status) : "not there"}});
      text += fmt::format("{:<60} {}\n", r.name, r.run ? name_of(r.status) : "not there");
    }
    if (context.json)
      print_json(OrderedJson{{"runs", runs}, {"predicted", cost}});
    else
      print_text(text + fmt::format("{} of {} runs are finished; about {} of explaining and {} of training\n", cost["runs"]["finished"].get<int>(), cost["runs"]["wanted"].get<int>(), duration(cost["explanations"]["seconds"].get<double>()), duration(cost["runs"]["seconds"].get<double>())));
    return exit_success;
  }
  const Json document = telltale::roar(*store, a.run, o, context.stop, context.progress);
  if (context.json)
    print_json(OrderedJson{{"protocol", document["protocol"]}, {"whole", document["whole"]}, {"rows", document["rows"]}});
  else
    print_text(roar_text(document));
  return exit_success;
}

}  // namespace

void add_roar(CLI::App& app, Context& context) {
  const auto a = std::make_shared<RoarArguments>();
  auto* c = add_command(app, context, "roar", "Remove and retrain: accuracy of runs that never saw a method's top words, against random removal", [&context, a] { return roar(context, *a); });
  c->add_option("--db", a->db, "The .telltale file; derived data sets and runs are kept in it by name, and what is there is not made again")->required();
  c->add_option("--run", a->run, "Id of a finished run; the others are trained with its settings, from the model folder that it came from")->required();
  c->add_option("--methods", a->options.methods, "Methods (telltale methods); random is always there")->required()->delimiter(',');
  c->add_option("--k", a->k, "Shares of each post's words that go (default: 10%,30%,50%)")->delimiter(',');
  c->add_option("--seeds", a->options.seeds, "Runs of each, with the run's seed, the next, …")->check(whole(1, 100))->capture_default_str();
  c->add_option("--output", a->output, "probability, logit, log-odds or difference")->capture_default_str();
  auto* steps = c->add_option("--steps", a->of_methods.steps, "Nodes of path methods (default: by tolerance)")->check(whole(1, 100000));
  c->add_option("--tolerance", a->of_methods.tolerance, "Relative delta that path methods aim at (default 0.01)")->check(number(1e-9, 1.0))->excludes(steps);
  c->add_option("--samples", a->of_methods.samples, "Coalitions that a sampling method asks (default 512), or all; draws of noise or references of a gradient method");
  c->add_option("--resamples", a->options.resamples, "Bootstrap resamples")->check(whole(100, 1000000))->capture_default_str();
  c->add_flag("--dry-run", a->dry_run, "What would be trained and for how long; nothing is written");
}

}  // namespace telltale::cli
