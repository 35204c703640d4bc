// telltale examples: which training posts speak for an answer and which against it.
#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <stdexcept>

#include "commands.hpp"
#include "compute.hpp"
#include "examples/examples.hpp"
#include "input.hpp"
#include "report/post_text.hpp"
#include "training/trainer.hpp"

namespace telltale::cli {
namespace {

struct ExamplesSettings {
  std::string db;
  std::int64_t run = 0, document = 0;
  TextSource source;
  std::string target = "predicted", distance = "cosine";
  bool list = false;
  ExampleOptions options;
};

OrderedJson to_json(const Example& e, const std::vector<std::string>& classes) {
  OrderedJson out = {{"document", e.document}, {"id", e.external_id}, {"label", classes[static_cast<std::size_t>(e.label)]}, {"predicted", classes[static_cast<std::size_t>(e.predicted)]}, {"score", e.score}};
  if (std::isfinite(e.distance)) out["distance"] = e.distance;
  if (std::isfinite(e.standard_error)) out["standard_error"] = e.standard_error;
  if (e.rank > 0) out["rank"] = e.rank;
  out["snippet"] = one_line(elide(title_of(e.start, 160), 160));
  return out;
}

OrderedJson to_json(const ExampleAnswer& a, const std::vector<std::string>& classes, std::int64_t document) {
  const ExampleMethodInfo& info = example_method_info(a.options.method);
  const auto list = [&](const std::vector<Example>& examples) {
    OrderedJson out = OrderedJson::array();
    for (const Example& e : examples) out.push_back(to_json(e, classes));
    return out;
  };
  OrderedJson out = OrderedJson::object();
  if (document != 0) out["document"] = document;
  out["method"] = info.id;
  out["target"] = classes[static_cast<std::size_t>(a.target)];
  out["predicted"] = classes[static_cast<std::size_t>(a.prediction.predicted)];
  out["probability"] = a.prediction.probabilities[static_cast<std::size_t>(a.target)];
  out["loss"] = finite_or_null<OrderedJson>(a.loss);
  out["for"] = list(a.supporting);
  out["against"] = list(a.opposing);
  if (a.self) out["self"] = to_json(*a.self, classes);
  out["posts"] = a.posts;
  OrderedJson protocol = {{"method", info.id}, {"top", a.options.top}, {"max_length", a.max_length}};
  if (info.uses_distance) protocol["distance"] = name_of(a.options.distance);
  if (info.uses_dimensions) protocol["dimensions"] = a.options.dimensions, protocol["seed"] = a.options.seed;
  if (info.uses_damping) protocol["damping"] = a.options.damping, protocol["tolerance"] = a.options.tolerance, protocol["iterations"] = a.options.iterations;
  out["protocol"] = protocol;
  if (info.uses_checkpoints) {
    OrderedJson weights = OrderedJson::array();
    for (const UsedWeights& w : a.weights) weights.push_back({{"step", w.step}, {"learning_rate", w.learning_rate}, {"folder", w.folder}});
    out["checkpoints"] = weights;
    if (!a.missing.empty()) out["missing"] = a.missing;
  }
  if (info.uses_damping) out["convergence"] = {{"iterations", a.iterations}, {"residual", a.residual}, {"converged", a.converged}, {"head_gradient", a.head_gradient}};
  if (a.cut >= 0) out["cut"] = {{"byte", a.cut}};
  out["seconds"] = a.seconds;
  return out;
}

std::string in_text(const ExampleAnswer& a, const std::vector<std::string>& classes) {
  const ExampleMethodInfo& info = example_method_info(a.options.method);
  const auto name = [&](int c) { return classes[static_cast<std::size_t>(c)]; };
  std::string out = fmt::format("{} ({:.3f}), predicted {}; {} by {}, {} training posts\n", name(a.target), a.prediction.probabilities[static_cast<std::size_t>(a.target)], name(a.prediction.predicted), info.score, info.name, a.posts);
  const auto list = [&](const std::string& title, const std::vector<Example>& examples) {
    out += fmt::format("\n{}\n", title);
    if (examples.empty()) out += "  none\n";
    for (const Example& e : examples) {
      const std::string error = std::isfinite(e.standard_error) ? fmt::format(" ± {:.2g}", e.standard_error) : "";
      out += fmt::format("  {:>+11.4g}{}  #{:<5} {}{}  post {}: {}\n", e.score, error, e.rank, name(e.label), e.predicted == e.label ? "" : fmt::format(" (answered {})", name(e.predicted)), e.document, one_line(title_of(e.start, 80)));
    }
  };
  list(info.uses_distance ? fmt::format("Nearest of class {}", name(a.target)) : fmt::format("For {}", name(a.target)), a.supporting);
  list(info.uses_distance ? "Nearest of other classes" : fmt::format("Against {}", name(a.target)), a.opposing);
  out += "\n";
  if (a.self) out += fmt::format("this post is a training post itself: {:+.4g}\n", a.self->score);
  for (const UsedWeights& w : a.weights) out += fmt::format("checkpoint of step {}, learning rate {:.3g}: {}\n", w.step, w.learning_rate, w.folder);
  for (const std::string& m : a.missing) out += fmt::format("checkpoint {} is gone and was left out\n", m);
  if (info.uses_damping) {
    out += a.converged ? fmt::format("conjugate gradient: {} iterations, relative residual {:.2g}\n", a.iterations, a.residual)
                       : fmt::format("conjugate gradient did NOT converge: relative residual {:.2g} after {} iterations, asked {:.2g}; a larger --damping or more --iterations may help\n", a.residual, a.iterations, a.options.tolerance);
    out += fmt::format("the head is {:.3g} from its optimum (norm of its gradient); the approximation is meant for 0\n", a.head_gradient);
  }
  if (a.cut >= 0) out += fmt::format("the length limit cut the text at byte {}\n", a.cut);
  return out;
}

int print_list(const Context& context) {
  OrderedJson all = OrderedJson::array();
  std::string text;
  for (const ExampleMethodInfo& m : example_methods()) {
    all.push_back({{"id", m.id}, {"name", m.name}, {"source", m.source}, {"needs", m.needs}, {"cost", m.cost}, {"score", m.score}, {"distance", m.uses_distance}, {"checkpoints", m.uses_checkpoints},
                   {"dimensions", m.uses_dimensions}, {"damping", m.uses_damping}});
    text += fmt::format("{:<12} {:<24} {}; {}; needs {}\n", m.id, m.name, m.source, m.cost, m.needs);
  }
  if (context.json) print_json(all);
  else print_text(text);
  return exit_success;
}

int find_examples(ExamplesSettings s, Context& context) {
  if (s.list) return print_list(context);
  if (s.db.empty() || s.run == 0) throw std::invalid_argument("--db FILE and --run ID are needed: examples are training posts of a run");
  if ((s.source.text ? 1 : 0) + (s.source.input.empty() ? 0 : 1) + (s.document != 0 ? 1 : 0) != 1) throw std::invalid_argument("one of --doc, --text and --input is needed");
  s.options.distance = parse_state_distance(s.distance);
  if (context.seed) s.options.seed = *context.seed;
  if (context.max_length) s.options.max_length = *context.max_length;
  example_method_info(s.options.method);  // an unknown one is told before anything is loaded
  const ComputeOptions compute = compute_options(context);
  const auto store = Store::open(s.db, Store::Mode::read);
  std::shared_ptr<Classifier> own;  // the run's weights stay; checkpoints come and go
  const RunRecord record = store->run(s.run);
  const std::filesystem::path folder = weights_folder(*store, record);
  const ExampleSource source{*store, record, [&](const std::filesystem::path& f) {
                               if (f != folder) return Classifier::load(f, compute);
                               if (!own) own = Classifier::load(f, compute);
                               return own;
                             }};
  const std::vector<std::string> classes = record.dataset != 0 ? store->dataset(record.dataset).classes : std::vector<std::string>();
  const auto target = [&](int gold) {
    if (s.target == "predicted") return -1;
    if (s.target != "gold") {
      for (std::size_t c = 0; c < classes.size(); ++c)
        if (classes[c] == s.target || std::to_string(c) == s.target) return static_cast<int>(c);
      throw std::invalid_argument(fmt::format("no class '{}': predicted, gold, or one of {}", s.target.substr(0, 80), fmt::join(classes, ", ")));
    }
    if (gold < 0) throw std::invalid_argument("--class gold: this text has no gold class (--doc has one, and lines of --input with a \"label\")");
    return gold;
  };
  ExampleCache cache;
  if (!s.source.input.empty()) {
    if (s.target != "gold") target(-1);  // an unknown class is bad usage, not a line's error
    return answer_lines(context, s.source.input, 1, [&](std::span<const InputLine> lines) {
      std::vector<OrderedJson> out;
      for (const InputLine& line : lines) {
        int gold = -1;
        if (const auto label = line.object.find("label"); label != line.object.end() && label->is_string())
          for (std::size_t c = 0; c < classes.size(); ++c)
            if (classes[c] == label->get_ref<const std::string&>()) gold = static_cast<int>(c);
        out.push_back(to_json(find_examples(source, {line.text, 0, target(gold)}, s.options, cache, context.stop, context.progress), classes, 0));
      }
      return out;
    });
  }
  ExampleQuery query;
  int gold = -1;
  if (s.document != 0) {
    Document d = store->document(s.document);
    if (d.dataset != record.dataset) throw std::invalid_argument(fmt::format("post {} is not of the data set that run {} was trained on", s.document, s.run));
    gold = d.label;
    query.document = d.id;
    query.text = std::move(d.text);
  } else {
    query.text = *s.source.text;
  }
  query.target = target(gold);
  const ExampleAnswer found = find_examples(source, query, s.options, cache, context.stop, context.progress);
  if (context.json) print_json(to_json(found, classes, s.document));
  else print_text(in_text(found, classes));
  return exit_success;
}

std::string method_help() {
  std::string out;
  for (const ExampleMethodInfo& m : example_methods()) out += fmt::format("{}{} ({}; {})", out.empty() ? "" : "; ", m.id, m.source, m.cost);
  return out;
}

}  // namespace

void add_examples(CLI::App& app, Context& context) {
  const auto s = std::make_shared<ExamplesSettings>();
  auto* command = add_command(app, context, "examples", "Which training posts of a run speak for its answer to a text, and which against it", [s, &context] { return find_examples(*s, context); });
  command->add_option("--db", s->db, "Telltale file with the run");
  command->add_option("--run", s->run, "run of that file")->check(whole(1));
  command->add_option("--doc", s->document, "post of the file, by its id; a training post is not among its own examples, its score stands apart")->check(whole(1));
  add_text_source(*command, s->source, false);
  command->add_option("--method", s->options.method, method_help())->capture_default_str();
  command->add_flag("--list", s->list, "print the table of methods and nothing else");
  command->add_option("--top", s->options.top, "posts in each of the two lists")->check(whole(1, 10000))->capture_default_str();
  command->add_option("--class", s->target, "class whose loss is explained: predicted, gold, or a class by label or index")->capture_default_str();
  command->add_option("--distance", s->distance, "nearest: cosine or euclidean")->capture_default_str();
  command->add_option("--dimensions", s->options.dimensions, "tracin-full: of the projected gradients, 16 to 1048576; the relative error of a product of two gradients is about 1/sqrt of it; 0 = the exact product, no projection")->check(whole(0, 1 << 20))->capture_default_str();
  command->add_option("--damping", s->options.damping, "influence: lambda of the L2 penalty, above 0")->check(number())->capture_default_str();
  command->add_option("--tolerance", s->options.tolerance, "influence: relative residual of the conjugate gradient")->check(number())->capture_default_str();
  command->add_option("--iterations", s->options.iterations, "influence: at most so many")->check(whole(1, 1 << 30))->capture_default_str();
}

}  // namespace telltale::cli
