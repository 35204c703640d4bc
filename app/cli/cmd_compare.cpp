// telltale compare: two or more runs side by side.
#include <fmt/format.h>

#include <fstream>

#include "base/files.hpp"
#include "commands.hpp"
#include "evaluation/comparison.hpp"
#include "report/comparison_html.hpp"

namespace telltale::cli {
namespace {

struct CompareArguments {
  std::string db, html, stop_words, output = "probability", path = "word", quadrature = "gauss-legendre", baseline = "pad";
  bool no_controls = false;
  ComparisonOptions options;
};

std::string shown(const Json& value, const char* format = "{:.3f}") { return value.is_number() ? fmt::format(fmt::runtime(format), value.get<double>()) : "–"; }

std::string shown_interval(const Json& row) {
  if (!row["low"].is_number() || !row["high"].is_number()) return "no interval";
  return fmt::format("{:+.3f} to {:+.3f}", row["low"].get<double>(), row["high"].get<double>());
}

std::string shown_difference(const Json& d) {
  if (!d["clear"].get<bool>()) return fmt::format("no clear difference ({})", shown_interval(d));
  return fmt::format("{} ({}), {}", shown(d["difference"], "{:+.3f}"), shown_interval(d), d["verdict"].get<std::string>());
}

std::string comparison_text(const Json& doc) {
  const Json &runs = doc["runs"], &contrasts = doc["contrasts"];
  std::string out = fmt::format("{} posts of split {}\n", doc["protocol"]["posts"].get<std::size_t>(), doc["protocol"]["split"].get<std::string>());
  for (std::size_t r = 0; r < runs.size(); ++r)
    out += fmt::format("  [{}] run {}: {}{}\n", r + 1, runs[r]["run"].get<std::int64_t>(), runs[r]["name"].get<std::string>(), runs[r]["added"].get<bool>() ? " (control, added)" : "");
  std::string heads;
  for (const Json& c : contrasts) heads += fmt::format("{}[{}] − [{}]", heads.empty() ? "" : " · ", c["b"].get<int>() + 1, c["a"].get<int>() + 1);
  const auto line = [&](const std::string& name, const Json& values, const Json& differences) {
    std::string text = fmt::format("  {:<44}", name);
    for (const Json& v : values) text += fmt::format(" {:>7}", shown(v));
    std::string between;
    for (const Json& d : differences) between += (between.empty() ? "   " : " · ") + shown_difference(d);
    return text + between + "\n";
  };
  out += fmt::format("\nAccuracy{}\n", heads.empty() ? "" : "   (differences: " + heads + ", 95 % intervals)");
  Json accuracy = Json::array(), f1 = Json::array(), accuracy_d = Json::array(), f1_d = Json::array();
  for (const Json& r : doc["accuracy"]["runs"]) accuracy.push_back(r["accuracy"]), f1.push_back(r["macro_f1"]);
  for (const Json& c : doc["accuracy"]["contrasts"]) accuracy_d.push_back(c["accuracy"]), f1_d.push_back(c["macro_f1"]);
  out += line("accuracy, high is better", accuracy, accuracy_d) + line("macro-F1, high is better", f1, f1_d);
  Json nll = Json::array(), ece = Json::array();
  for (const Json& r : doc["calibration"]["runs"]) nll.push_back(r["nll"]), ece.push_back(r["ece"]);
  out += line("negative log-likelihood, low is better", nll, Json::array()) + line("expected calibration error, low is better", ece, Json::array());
  for (std::size_t c = 0; c < contrasts.size(); ++c) {
    const Json& m = doc["accuracy"]["contrasts"][c]["mcnemar"];
    out += fmt::format("  McNemar [{}] − [{}]: both right {}, only one {} and {}, both wrong {}, p = {:.3g}\n", contrasts[c]["b"].get<int>() + 1, contrasts[c]["a"].get<int>() + 1, m["both"].get<std::int64_t>(),
                       m["only_b"].get<std::int64_t>(), m["only_a"].get<std::int64_t>(), m["neither"].get<std::int64_t>(), m["p"].get<double>());
  }
  out += "\nContrastivity, mean over the pairs of classes\n";
  for (const Json& m : doc["means"])
    out += line(fmt::format("{}, {} is better: {}{}", m["metric"].get<std::string>(), m["better"].get<std::string>(), m["method"].get<std::string>(), m["in_loss"].get<bool>() ? " (in the loss)" : ""), m["values"], m["differences"]);
  for (const auto& [id, reference] : doc["references"].items()) {
    out += fmt::format("  {}:", reference["name"].get<std::string>());
    for (const Json& m : reference["means"]) out += fmt::format(" {} {}", m["metric"].get<std::string>(), shown(m["value"]));
    out += "\n";
  }
  out += "\nHide test: accuracy\n";
  for (const Json& r : doc["hide"]["rows"])
    out += line(r["words"] == "none" ? "nothing hidden" : fmt::format("{} words hidden by {} ({:.0f} % of words)", r["words"].get<std::string>(), r["removal"].get<std::string>(), 100 * r["hidden_share"].get<double>()), r["accuracy"], r["differences"]);
  if (doc["hide"]["message"].is_string()) out += "  " + doc["hide"]["message"].get<std::string>() + "\n";
  if (doc["judged"].is_number()) {
    out += fmt::format("\nWords, share of positive score, by {}\n", doc["words"]["method"].get<std::string>());
    for (const char* list : {"gained", "lost"})
      for (const Json& w : doc["words"][list]) out += fmt::format("  {:<6} {:<20} {}{}\n", list, w["word"].get<std::string>(), shown(w["difference"], "{:+.4f}"), w["clear"].get<bool>() ? "" : "  no clear difference");
  }
  for (const Json& note : doc["protocol"]["notes"]) out += "\nNote: " + note.get<std::string>() + "\n";
  return out;
}

std::vector<std::string> read_stop_words(const std::string& file) {
  std::vector<std::string> words;
  if (file.empty()) return words;
  std::string word;
  for (const char c : read_file(file, std::size_t{16} << 20) + "\n") {
    if (c != '\n' && c != '\r' && c != ' ' && c != '\t') word += c;
    else if (!word.empty()) words.push_back(std::exchange(word, {}));
  }
  return words;
}

int compare(Context& context, CompareArguments& a) {
  a.options.compute = {context.device, context.threads, parse_precision(context.precision)};
  a.options.compute.device = configure_compute(a.options.compute);
  if (context.seed) a.options.seed = a.options.explain.seed = *context.seed;
  if (context.max_length) throw std::invalid_argument("--max-length: a comparison reads posts as far as each run did in training");
  a.options.explain.output = parse_output(a.output);
  a.options.explain.path = parse_path(a.path);
  a.options.explain.quadrature = parse_quadrature(a.quadrature);
  a.options.explain.baseline = parse_baseline(a.baseline);
  a.options.add_controls = !a.no_controls;
  a.options.stop_words = read_stop_words(a.stop_words);
  const auto store = Store::open(a.db, Store::Mode::write);
  const Json document = compare_runs(*store, a.options, context.stop, context.progress);
  if (!a.html.empty()) write_file_atomically(a.html, comparison_html(document));
  if (context.json)
    print_json(OrderedJson(document));
  else
    print_text(comparison_text(document) + (a.html.empty() ? "" : "\nPage written: " + a.html + "\n"));
  return exit_success;
}

}  // namespace

void add_compare(CLI::App& app, Context& context) {
  const auto a = std::make_shared<CompareArguments>();
  auto* c = add_command(app, context, "compare", "Do the explanations of runs tell classes apart? Two or more runs on the same posts", [&context, a] { return compare(context, *a); });
  auto& o = a->options;
  c->add_option("--db", a->db, "The .telltale file")->required();
  c->add_option("--runs", o.runs, "Ids of runs, A,B[,C…]: differences are B − A; of one run alone, how its own classes are told apart; a warm-started run is compared with its control too")->required()->delimiter(',');
  c->add_option("--split", o.split, "Split of the posts")->capture_default_str();
  c->add_option("--top", o.top, "k of overlap@k and telling-share@k")->check(whole(1, 1000))->capture_default_str();
  c->add_option("--method", o.methods, "Attributors (default: integrated-gradients, occlusion by delete, gradient-x-input)")->delimiter(',');
  c->add_option("--cosine", o.cosine, "Attributors that get class-cosine: they explain every post for every class (default: occlusion, gradient-x-input; none)")->delimiter(',');
  c->add_option("--limit", o.limit, "At most so many posts, the same share of every class (0 = all)")->check(whole(0, std::int64_t{1} << 40))->capture_default_str();
  c->add_option("--output", a->output, "probability, logit or log-odds")->capture_default_str();
  c->add_option("--path", a->path, "word or embeddings")->capture_default_str();
  c->add_option("--quadrature", a->quadrature, "gauss-legendre, midpoint or trapezoid")->capture_default_str();
  c->add_option("--baseline", a->baseline, "pad, mask, unk or zero")->check(CLI::IsMember({"pad", "mask", "unk", "zero"}))->capture_default_str();
  auto* steps = c->add_option("--steps", o.explain.steps, "Nodes of path methods (default: by tolerance)")->check(whole(1, 100000));
  c->add_option("--tolerance", o.explain.tolerance, "Relative delta that path methods aim at")->check(number(1e-9, 1.0))->capture_default_str()->excludes(steps);
  c->add_option("--resamples", o.resamples, "Bootstrap resamples")->check(whole(100, 1000000))->capture_default_str();
  c->add_option("--stop-words", a->stop_words, "File of words to leave out, one a line, lower case")->check(CLI::ExistingFile);
  c->add_flag("--no-controls", a->no_controls, "Do not add the control of a warm-started run");
  c->add_option("--html", a->html, "Write the page of the comparison here")->check(named());
}

}  // namespace telltale::cli
