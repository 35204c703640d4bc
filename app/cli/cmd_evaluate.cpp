// telltale evaluate: methods × metrics of one model; telltale metrics: the table.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "commands.hpp"
#include "evaluation/agreement.hpp"
#include "evaluation/evaluation.hpp"
#include "input.hpp"
#include "method_options.hpp"
#include "store/columns.hpp"
#include "store/marks.hpp"

namespace telltale::cli {
namespace {

struct EvaluateArguments {
  std::string db, model, input, removal = "delete", k = "20%", unit = "word", rule = "predicted", sign = "signed", output = "probability", columns;
  std::vector<std::string> metrics;
  MethodOptions methods;
  const CLI::App* command = nullptr;
  std::optional<std::int64_t> run;
  EvaluationOptions options;
};

std::string known_agreements() {
  std::string ids;
  for (const auto& m : agreements()) ids += (ids.empty() ? "" : ", ") + m.id;
  return ids;
}

std::string known_metrics() {
  std::string ids;
  for (const auto& m : metrics())
    if (m.level != "retraining") ids += (ids.empty() ? "" : ", ") + m.id;
  return ids + "; agreement of every two methods: " + known_agreements();
}

/// An option of some metrics that was given where none of them is asked for: it would be passed over.
void note_unused_options(const EvaluateArguments& a) {
  const auto asked = [&](std::initializer_list<const char*> ids) {
    return std::any_of(a.options.metrics.begin(), a.options.metrics.end(), [&](const std::string& m) { return std::find(ids.begin(), ids.end(), metric_info(m).id) != ids.end(); });
  };
  const auto check = [&](const char* option, std::initializer_list<const char*> ids) {
    if (a.command->count(option) > 0 && !asked(ids)) complain(fmt::format("warning: {} goes with {}: no such metric is asked for", option, fmt::join(std::vector<std::string>(ids.begin(), ids.end()), ", ")));
  };
  check("--bins", {"aopc-comprehensiveness", "aopc-sufficiency"});
  check("--seeds", {"consistency", "consistency-jaccard@k"});
  check("--resamplings", {"monotonicity", "non-sensitivity", "effective-complexity"});
  check("--tau", {"non-sensitivity"});
  check("--complexity", {"effective-complexity"});
  check("--near", {"local-lipschitz", "max-sensitivity"});
  check("--radius", {"local-lipschitz", "max-sensitivity"});
  check("--subsets", {"infidelity"});
  check("--alpha1", {"robust-fidelity"});
  check("--alpha2", {"robust-fidelity"});
  check("--draws", {"robust-fidelity"});
  check("--rationale-k", {"token-f1", "iou-f1"});
}

int label_of(const Json& object, const Classifier& model, const std::string& where) {
  const auto it = object.find("label");
  if (it == object.end() || it->is_null()) return -1;
  if (!it->is_string() && !it->is_number_integer()) throw std::runtime_error(where + ": label: expected a class name or its number");
  try {
    return model.class_index(it->is_string() ? it->get<std::string>() : it->dump());
  } catch (const std::invalid_argument& e) {
    throw std::runtime_error(fmt::format("{}: label: {}", where, e.what()));
  }
}

std::vector<MarkedSpan> spans_of(const Json& object, const std::string& text, const std::string& where) {
  std::vector<MarkedSpan> spans;
  const auto it = object.find("spans");
  if (it == object.end() || it->is_null()) return spans;
  const auto bad = [&](const std::string& what) { return std::runtime_error(fmt::format("{}: spans: {}", where, what)); };
  if (!it->is_array()) throw bad("expected an array of {\"begin\", \"end\", \"kind\"}");
  for (const Json& s : *it) {
    if (!s.is_object() || !s.contains("begin") || !s.contains("end") || !s["begin"].is_number_integer() || !s["end"].is_number_integer()) throw bad("expected \"begin\" and \"end\" as byte offsets");
    MarkedSpan span{s["begin"].get<std::int64_t>(), s["end"].get<std::int64_t>(), s.contains("kind") && s["kind"].is_string() ? s["kind"].get<std::string>() : "telling"};
    if (const std::string why = span_error(span, text); !why.empty()) throw bad(why);
    spans.push_back(std::move(span));
  }
  return spans;
}

/// Posts of a JSONL file; what is wrong with a line goes into `errors`, the others are still done.
std::vector<EvaluationPost> read_posts(const EvaluateArguments& a, const Classifier& model, const Context& context, OrderedJson& errors) {
  std::vector<EvaluationPost> posts;
  InputReader reader(a.input);
  while (auto line = reader.next()) {
    if (context.stop.stop_requested()) throw Cancelled{};
    try {
      if (!line->error.empty()) throw std::runtime_error(line->error);
      const std::string where = fmt::format("{} line {}", a.input == "-" ? "standard input" : a.input, line->line);
      try {
        model.tokenizer().encode(line->text, 2);
      } catch (const std::exception& e) {  // not UTF-8: said here, with the line
        throw std::runtime_error(fmt::format("{}: {}", where, e.what()));
      }
      posts.push_back({Json(line->id), 0, line->text, label_of(line->object, model, where), spans_of(line->object, line->text, where), columns_of(line->object)});
    } catch (const std::exception& e) {
      errors.push_back({{"id", line->id}, {"error", one_line(e.what())}});
      complain(e.what());  // the place is in it
    }
  }
  // Samples of --limit are drawn from runs by class; here the first posts are taken.
  if (a.options.limit > 0 && posts.size() > static_cast<std::size_t>(a.options.limit)) posts.resize(static_cast<std::size_t>(a.options.limit));
  return posts;
}

std::string evaluation_text(const Json& doc) {
  const Json& p = doc["protocol"];
  std::string out = fmt::format("{} posts, class {}, output {}, removal {}, k {}, unit {}\n", p["posts"].get<std::size_t>(), p["class"].get<std::string>(), p["output"].get<std::string>(), p["removal"].get<std::string>(),
                                p["k"].get<std::string>(), p["unit"].get<std::string>());
  std::string method;
  for (const Json& r : doc["rows"]) {
    if (r["method"] != method) out += "\n" + (method = r["method"].get<std::string>()) + "\n";
    const auto value = [&](const char* key) { return r[key].is_number() ? fmt::format("{:.4f}", r[key].get<double>()) : std::string("–"); };
    const std::string better = r["better"].get<std::string>();
    out += fmt::format("  {:<24} {:>9}   {} to {}   n = {}{}\n", r["metric"].get<std::string>(), value("mean"), value("low"), value("high"), r["n"].get<std::int64_t>(), better.empty() ? "" : "   " + better + " is better");
  }
  if (doc.contains("slices")) {
    const auto figure = [](const Json& v, const char* format) { return v.is_number() ? fmt::format(fmt::runtime(format), v.get<double>()) : std::string("–"); };
    for (const Json& s : doc["slices"]) {
      out += fmt::format("\n{}, {}, by {}\n", s["method"].get<std::string>(), s["metric"].get<std::string>(), s["by"].get<std::string>());
      for (const Json& one : s["slices"]) out += fmt::format("  {:<24} {:>9}   {} to {}   n = {}\n", one["name"].get<std::string>(), figure(one["mean"], "{:.4f}"), figure(one["low"], "{:.4f}"), figure(one["high"], "{:.4f}"), one["n"].get<std::int64_t>());
      if (s.contains("gap")) {
        const Json& g = s["gap"];
        out += fmt::format("  largest gap: {} over {} by {}   {} to {}, p = {}{}\n", g["high"].get<std::string>(), g["low"].get<std::string>(), figure(g["value"], "{:.4f}"), figure(g["low_end"], "{:.4f}"), figure(g["high_end"], "{:.4f}"), figure(g["p"], "{:.4f}"),
                           g["clear"] == true ? "" : ": no clear difference");
      }
    }
  }
  const auto figure = [](const Json& v) { return v.is_number() ? fmt::format("{:.4f}", v.get<double>()) : std::string("–"); };
  if (doc.contains("agreement")) {
    out += "\nAgreement of two methods, mean over the posts\n";
    for (const Json& g : doc["agreement"])
      out += fmt::format("  {:<24} {:>9}   {} to {}   n = {}   {} and {}\n", g["metric"].get<std::string>(), figure(g["mean"]), figure(g["low"]), figure(g["high"]), g["n"].get<std::int64_t>(), g["a"].get<std::string>(), g["b"].get<std::string>());
  }
  if (doc.contains("order") && !doc["order"].empty()) {
    out += fmt::format("\nOrder of two methods: share of {} resamples of the posts that keep it\n", p["intervals"]["resamples"].get<int>());
    for (const Json& r : doc["order"])
      out += fmt::format("  {:<24} {:>8.1f}%   {} is better than {}   n = {}\n", r["metric"].get<std::string>(), 100 * r["share"].get<double>(), r["better"].get<std::string>(), r["worse"].get<std::string>(), r["n"].get<std::int64_t>());
  }
  const Json& values = doc["work"]["values"];
  if (p["run"].is_number() && values["stored"] != 0) out += fmt::format("\n{} values were stored, {} were computed.\n", values["stored"].get<std::int64_t>(), values["computed"].get<std::int64_t>());
  for (const Json& note : p["notes"]) out += "\nNote: " + note.get<std::string>() + "\n";
  return out;
}

int evaluate(Context& context, EvaluateArguments& a) {
  auto& o = a.options;
  if (a.run.has_value() == !a.model.empty()) throw std::invalid_argument("either --db F --run ID or --model DIR --input F");
  if (a.run && a.db.empty()) throw std::invalid_argument("--run needs --db F");
  if (!a.model.empty() && a.input.empty()) throw std::invalid_argument("--model needs --input F");
  if (a.run && !a.input.empty()) throw std::invalid_argument("--input goes with --model; a run is evaluated on its own data set");
  if (!a.columns.empty() && !a.run) throw std::invalid_argument("--columns goes with --run; the posts of --input hold their own");
  if (!a.columns.empty()) o.columns = read_columns(a.columns, context.stop);
  o.metrics.clear(), o.agreement.clear();
  for (const auto& id : a.metrics) {
    if (is_agreement(id)) {
      o.agreement.push_back(id);
      continue;
    }
    k_in(id);  // what stands after the @ is told apart from a name that is not known
    try {
      metric_info(id);
    } catch (const std::invalid_argument& e) {
      throw std::invalid_argument(fmt::format("{}; or, of two methods, {}", e.what(), known_agreements()));
    }
    o.metrics.push_back(id);
  }
  note_unused_options(a);
  o.order = o.methods.size() > 1;
  o.judge.removal = parse_removal(a.removal);
  o.judge.k = parse_top_k(a.k);
  o.judge.absolute = a.sign == "absolute";
  o.unit = parse_unit(a.unit);
  o.gold = a.rule == "gold";
  if (!a.run && o.annotator != "imported") throw std::invalid_argument("--annotator names marks in a file: it goes with --run; --input has its spans in it");
  o.explain.output = parse_output(a.output);
  a.methods.apply(o.methods, o.explain);
  if (context.seed) o.judge.seed = o.explain.seed = *context.seed;
  o.compute = {context.device, context.threads, parse_precision(context.precision)};
  o.compute.device = configure_compute(o.compute);
  o.max_length = context.max_length.value_or(0);
  OrderedJson errors = OrderedJson::array();
  Json document;
  if (a.run) {
    const auto store = Store::open(a.db, Store::Mode::write);
    document = evaluate_run(*store, *a.run, o, context.stop, context.progress);
  } else {
    const auto model = Classifier::load(a.model, o.compute);
    const auto posts = read_posts(a, *model, context, errors);
    if (posts.empty()) throw std::runtime_error(fmt::format("{}: no post could be read", a.input));
    document = evaluate_posts(*model, posts, o, context.stop, context.progress);
    document["protocol"]["input"] = a.input;
  }
  if (context.json) {
    OrderedJson out{{"protocol", document["protocol"]}, {"rows", document["rows"]}};
    if (a.run) out["work"] = document["work"];
    if (o.per_post) out["posts"] = document["posts"];
    if (!o.agreement.empty()) out["agreement"] = document["agreement"];
    if (o.order) out["order"] = document["order"];
    if (!o.slices.empty()) out["slices"] = document["slices"];
    if (!errors.empty()) out["errors"] = errors;
    print_json(out);
  } else {
    print_text(evaluation_text(document));
  }
  return errors.empty() ? exit_success : exit_failure;
}

int print_metrics(const Context& context) {
  if (context.json) {
    OrderedJson all = OrderedJson::array();
    for (const auto& m : metrics())
      all.push_back({{"id", m.id}, {"name", m.name}, {"group", m.group}, {"better", m.better.empty() ? OrderedJson() : OrderedJson(m.better)}, {"definition", m.definition}, {"source", m.source.empty() ? OrderedJson() : OrderedJson(m.source)},
                     {"level", m.level}, {"needs", m.needs.empty() ? OrderedJson() : OrderedJson(m.needs)}, {"uses_k", m.uses_k}, {"uses_removal", m.uses_removal}});
    for (const auto& m : agreements())
      all.push_back({{"id", m.id}, {"name", m.name}, {"group", "agreement"}, {"better", nullptr}, {"definition", m.definition}, {"source", m.source.empty() ? OrderedJson() : OrderedJson(m.source)}, {"level", "method-pair"}, {"needs", "two methods"},
                     {"uses_k", m.uses_k}, {"uses_removal", false}, {"low", m.low}, {"high", 1}});
    print_json(all);
    return exit_success;
  }
  std::string out, group;
  for (const auto& m : metrics()) {
    if (m.group != group) out += fmt::format("{}{}\n", group.empty() ? "" : "\n", group = m.group);
    out += fmt::format("  {:<24} {}{}\n{:27}{}\n", m.id, m.better.empty() ? "neither high nor low is better" : m.better + " is better", m.needs.empty() ? "" : "; needs " + m.needs, "", m.definition);
    if (!m.source.empty()) out += fmt::format("{:27}{}\n", "", m.source);
  }
  out += "\nagreement\n";
  for (const auto& m : agreements()) {
    out += fmt::format("  {:<24} of every two methods; {} to 1, 1 = they agree\n{:27}{}\n", m.id, m.low, "", m.definition);
    if (!m.source.empty()) out += fmt::format("{:27}{}\n", "", m.source);
  }
  print_text(out);
  return exit_success;
}

}  // namespace

void add_evaluate(CLI::App& app, Context& context) {
  const auto a = std::make_shared<EvaluateArguments>();
  auto* c = add_command(app, context, "evaluate", "Judge explanation methods by metrics, with intervals", [&context, a] { return evaluate(context, *a); });
  auto& o = a->options;
  a->command = c;
  c->add_option("--db", a->db, "The .telltale file");
  c->add_option("--run", a->run, "Id of a finished run; its values are kept in the file, and only those that are missing are computed");
  c->add_option("--model", a->model, "Model folder, instead of a run");
  c->add_option("--input", a->input, "Posts for --model: JSONL with text, id, label, spans; - = standard input");
  c->add_option("--methods", o.methods, "Methods (telltale methods), and random: the control")->required()->delimiter(',');
  c->add_option("--metrics", a->metrics, "Metrics: " + known_metrics())->required()->delimiter(',');
  c->add_option("--split", o.split, "Split of the run's data set")->capture_default_str();
  c->add_option("--limit", o.limit, "At most so many posts (0 = all); of a run the same share of every class")->check(whole(0, std::int64_t{1} << 40))->capture_default_str();
  c->add_option("--removal", a->removal, "How words are hidden: delete, pad, pad-masked, mask or baseline; for occlusion too")->capture_default_str();
  c->add_option("--k", a->k, "The words that count as the explanation: a share (20%) or a number (10)")->capture_default_str();
  c->add_option("--unit", a->unit, "word or piece")->capture_default_str();
  c->add_option("--class", a->rule, "Explain the predicted or the gold class")->check(CLI::IsMember({"predicted", "gold"}))->capture_default_str();
  c->add_option("--sign", a->sign, "signed: words are ordered by their score; absolute: by its size")->check(CLI::IsMember({"signed", "absolute"}))->capture_default_str();
  c->add_option("--output", a->output, "probability, logit, log-odds or difference")->capture_default_str();
  c->add_option("--foil", o.foil, "With --output difference: the class that it compares with (default: the highest-scored other class)");
  a->methods.bind(*c, "where paths begin, and what --removal baseline puts in: pad, mask, unk or zero");
  c->get_option("--baseline")->check(CLI::IsMember({"pad", "mask", "unk", "zero"}));
  c->add_option("--bins", o.judge.bins, "Shares of the aopc metrics (default: 0.1, 0.2, …, 1)")->check(number(1e-6, 1.0))->delimiter(',');
  c->add_option("--annotator", o.annotator, "Whose marks the plausibility metrics take: a name (telltale data spans --list), imported (those that came with the posts), any, or majority")->capture_default_str();
  c->add_option("--rationale-k", o.judge.rationale_k, "token-f1 and iou-f1: so many words count as the explanation (default: the average number of marked words, rounded up)")->check(whole(1, 1000000));
  c->add_option("--seeds", o.peers, "Runs of other seeds, by id: for consistency")->delimiter(',')->check(whole(1));
  c->add_option("--resamplings", o.judge.resamplings, "Draws of words: monotonicity, non-sensitivity, effective-complexity")->check(whole(1, 100000))->capture_default_str();
  c->add_option("--near", o.judge.stability_samples, "Draws near by: local-lipschitz, max-sensitivity")->check(whole(1, 10000))->capture_default_str();
  c->add_option("--radius", o.judge.stability_radius, "Their radius, in units of the table's median nearest distance")->check(number(1e-6, 1e6))->capture_default_str();
  c->add_option("--tau", o.judge.tau, "non-sensitivity: share of the largest score and of the largest change that counts as nothing")->check(number(0.0, 1.0))->capture_default_str();
  c->add_option("--complexity", o.judge.complexity, "effective-complexity: allowed squared change, as a share of F(x)²")->check(number(1e-12, 1e6))->capture_default_str();
  c->add_option("--subsets", o.judge.infidelity_samples, "infidelity: random subsets of the words")->check(whole(1, 100000))->capture_default_str();
  c->add_option("--alpha1", o.judge.alpha1, "robust-fidelity: share of K that goes")->check(number(0, 1))->capture_default_str();
  c->add_option("--alpha2", o.judge.alpha2, "robust-fidelity: share of the other words that stay with K")->check(number(0, 1))->capture_default_str();
  c->add_option("--draws", o.judge.fidelity_samples, "robust-fidelity: draws of each")->check(whole(1, 100000))->capture_default_str();
  c->add_option("--resamples", o.resamples, "Bootstrap resamples")->check(whole(100, 1000000))->capture_default_str();
  c->add_option("--slices", o.slices, "Figures of slices of the posts too, and whether they differ: class, right, length, or columns of the posts")->delimiter(',');
  c->add_option("--columns", a->columns, "JSONL of {\"id\", …}: columns of a run's posts, by their id in the data set (default: those that the window keeps in the file)");
  c->add_flag("--per-post", o.per_post, "Every post's value too");
}

void add_metrics(CLI::App& app, Context& context) {
  add_command(app, context, "metrics", "Every metric: what it measures, which way is better, its source", [&context] { return print_metrics(context); });
}

}  // namespace telltale::cli
