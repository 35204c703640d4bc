// telltale predict, explain, methods: what a model answers, which words decided, and by which methods that can be asked.
#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <stdexcept>

#include "attribution/explain.hpp"
#include "commands.hpp"
#include "compute.hpp"
#include "evaluation/explained.hpp"
#include "input.hpp"
#include "report/explanation_view.hpp"
#include "store/store.hpp"

namespace telltale::cli {
namespace {

/// Where the model comes from: a folder, or a run of a file.
struct ModelSource {
  std::string folder, db;
  std::int64_t run = 0;

  void bind(CLI::App& command) {
    auto* model = command.add_option("--model", folder, "Hugging Face folder of a BERT classifier");
    auto* file = command.add_option("--db", db, "Telltale file with the run");
    auto* id = command.add_option("--run", run, "run of that file")->check(CLI::PositiveNumber);
    file->excludes(model);
    id->needs(file);
    file->needs(id);
  }
};

struct Loaded {
  std::unique_ptr<Store> store;
  std::optional<RunRecord> run;
  std::shared_ptr<Classifier> model;
  int max_length = 0;
};

Loaded load(const ModelSource& source, const Context& context, Store::Mode mode) {
  Loaded out;
  const ComputeOptions compute = compute_options(context);
  std::filesystem::path folder = source.folder;
  int asked = context.max_length.value_or(0);
  if (!source.db.empty()) {
    out.store = Store::open(source.db, mode);
    out.run = out.store->run(source.run);
    if (out.run->folder.empty()) throw std::runtime_error(fmt::format("run {} has no weights yet (status {}); finish it with telltale resume", source.run, name_of(out.run->status)));
    folder = out.store->folder() / out.run->folder;
    if (asked == 0 && out.run->settings.contains("max_length") && out.run->settings["max_length"].is_number_integer()) asked = out.run->settings["max_length"].get<int>();
  } else if (folder.empty()) {
    throw std::invalid_argument("--model DIR, or --db FILE with --run ID, is needed");
  }
  out.model = Classifier::load(folder, compute);
  if (out.model->labels().empty()) throw std::runtime_error(fmt::format("{}: an encoder without a classification head: finetune it first (telltale train)", folder.string()));
  out.max_length = out.model->max_length(asked);
  return out;
}

// ---------------------------------------------------------------- predict

OrderedJson to_json(const Classifier& model, const Encoding& encoding, const Prediction& p) {
  OrderedJson out = {{"logits", p.logits}, {"probabilities", p.probabilities}, {"labels", model.labels()}, {"predicted", model.labels()[static_cast<std::size_t>(p.predicted)]}};
  if (encoding.cut >= 0) out["cut"] = {{"byte", encoding.cut}, {"ids", encoding.full_length - static_cast<int>(encoding.ids.size())}};
  return out;
}

struct PredictSettings {
  ModelSource model;
  TextSource source;
};

int predict(const PredictSettings& s, Context& context) {
  const Loaded m = load(s.model, context, Store::Mode::read);
  if (!s.source.input.empty())
    return answer_lines(context, s.source.input, 256, [&](std::span<const InputLine> lines) {
      std::vector<Encoding> encodings;
      for (const InputLine& line : lines) encodings.push_back(m.model->tokenizer().encode(line.text, m.max_length));
      const std::vector<Prediction> found = m.model->predict(encodings, context.stop);
      std::vector<OrderedJson> out;
      for (std::size_t k = 0; k < found.size(); ++k) out.push_back(to_json(*m.model, encodings[k], found[k]));
      return out;
    });
  const Encoding encoding = m.model->tokenizer().encode(*s.source.text, m.max_length);
  const Prediction p = m.model->predict(std::vector<Encoding>{encoding}, context.stop)[0];
  if (context.json) {
    print_json(to_json(*m.model, encoding, p));
    return exit_success;
  }
  std::vector<std::size_t> order(p.probabilities.size());
  for (std::size_t k = 0; k < order.size(); ++k) order[k] = k;
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p.probabilities[a] > p.probabilities[b]; });
  std::string text;
  for (const std::size_t c : order) text += fmt::format("{:>8.3f}  {}\n", p.probabilities[c], m.model->labels()[c]);
  if (encoding.cut >= 0) text += fmt::format("the length limit cut {} pieces from byte {} on\n", encoding.full_length - encoding.ids.size(), encoding.cut);
  print_text(text);
  return exit_success;
}

// ---------------------------------------------------------------- explain

struct ExplainSettings {
  ModelSource model;
  TextSource source;
  std::int64_t document = 0;
  std::string method = "integrated-gradients", target, foil, output, path = "word", quadrature = "gauss-legendre", unit = "word", removal, baseline = "pad", samples;
  std::optional<int> steps;
  std::optional<double> tolerance;
};

ExplainOptions options_of(const ExplainSettings& s, const Context& context) {
  ExplainOptions o;
  o.method = s.method;
  const MethodInfo& info = method_info(s.method);
  // Asking for a foil is asking for the difference of two logits, unless another output is named.
  o.output = !s.output.empty() ? parse_output(s.output) : s.foil.empty() ? Output::probability : Output::difference;
  o.path = parse_path(s.path);
  o.quadrature = parse_quadrature(s.quadrature);
  o.unit = parse_unit(s.unit);
  o.baseline = parse_baseline(s.baseline);
  if (!s.removal.empty()) o.removal = parse_removal(s.removal);
  if (s.steps) {
    if (*s.steps < 1) throw std::invalid_argument(fmt::format("--steps {}: expected 1 to 100000", *s.steps));
    o.steps = *s.steps;
  }
  if (s.tolerance) o.tolerance = *s.tolerance;
  if (!s.samples.empty() && !info.uses_samples) throw std::invalid_argument(fmt::format("method {} draws no samples", s.method));
  if (context.seed) o.seed = *context.seed;
  return o;
}

ExplanationRecord record(const Loaded& m, const Encoding& encoding, const Explanation& e, std::int64_t document, const std::string& text) {
  ExplanationRecord r = explanation_record(e, encoding, *m.model, m.run ? std::optional(m.run->id) : std::nullopt, document);
  if (document == 0) r.text = text;
  return r;
}

OrderedJson to_json(const Loaded& m, const Encoding& encoding, const ExplanationRecord& r, const std::string& text, bool converged) {
  OrderedJson out = explanation_json(r, text, m.model->labels(), [&](std::int32_t id) { return m.model->tokenizer().token(id); });
  out["converged"] = converged;
  if (encoding.cut >= 0) out["cut"] = {{"byte", encoding.cut}, {"ids", encoding.full_length - static_cast<int>(encoding.ids.size())}};
  return out;
}

std::string in_text(const Classifier& model, const Encoding& encoding, const Explanation& e, const std::string& text) {
  std::string out = fmt::format("{}: {} {}\n", model.labels()[static_cast<std::size_t>(e.target)], name_of(e.options.output), e.foil >= 0 ? "against " + model.labels()[static_cast<std::size_t>(e.foil)] : std::string());
  std::vector<std::size_t> order(encoding.words.size());
  for (std::size_t k = 0; k < order.size(); ++k) order[k] = k;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return std::abs(e.word_scores[a]) > std::abs(e.word_scores[b]); });
  for (std::size_t k = 0; k < std::min<std::size_t>(order.size(), 20); ++k) {
    const Span span = encoding.words[order[k]].span;
    out += fmt::format("{:>+10.4f}  {}\n", e.word_scores[order[k]], one_line(text.substr(static_cast<std::size_t>(span.begin), static_cast<std::size_t>(span.end - span.begin))));
  }
  if (order.size() > 20) out += fmt::format("{:>10}  and {} words with smaller scores\n", "", order.size() - 20);
  out += fmt::format("F(x) {:.4f}", e.value);
  if (std::isfinite(e.baseline_value)) out += fmt::format(", F(b) {:.4f}, relative delta {:.2g}{}", e.baseline_value, e.relative_delta, e.converged ? "" : " (cap met before the tolerance)");
  out += fmt::format(", {} {}\n", e.steps, method_info(e.options.method).uses_steps ? "nodes" : "passes");
  if (encoding.cut >= 0) out += fmt::format("the length limit cut {} pieces from byte {} on\n", encoding.full_length - encoding.ids.size(), encoding.cut);
  return out;
}

int explain_command(const ExplainSettings& s, Context& context) {
  const ExplainOptions options = options_of(s, context);
  if ((s.source.text ? 1 : 0) + (s.source.input.empty() ? 0 : 1) + (s.document != 0 ? 1 : 0) != 1) throw std::invalid_argument("one of --text, --input and --doc is needed");
  if (s.document != 0 && s.model.db.empty()) throw std::invalid_argument("--doc names a post of a Telltale file: --db and --run are needed");
  const Loaded m = load(s.model, context, Store::Mode::write);
  const int target = s.target.empty() ? -1 : m.model->class_index(s.target), foil = s.foil.empty() ? -1 : m.model->class_index(s.foil);
  if (target >= 0 && target == foil) throw std::invalid_argument(fmt::format("the foil is the target itself ({})", s.target));
  const auto item = [&](const std::string& text) {
    ExplainItem one;
    one.encoding = m.model->tokenizer().encode(text, m.max_length);
    one.target = target;
    one.foil = foil;
    return one;
  };
  if (!s.source.input.empty())
    return answer_lines(context, s.source.input, 32, [&](std::span<const InputLine> lines) {
      std::vector<ExplainItem> items;
      for (const InputLine& line : lines) items.push_back(item(line.text));
      const std::vector<Explanation> found = explain(*m.model, items, options, context.stop);
      std::vector<OrderedJson> out;
      std::vector<ExplanationRecord> records;
      for (std::size_t k = 0; k < found.size(); ++k) {
        records.push_back(record(m, items[k].encoding, found[k], 0, lines[k].text));
        out.push_back(to_json(m, items[k].encoding, records.back(), lines[k].text, found[k].converged));
      }
      if (m.store) m.store->add_explanations(records);
      return out;
    });
  const std::string text = s.document != 0 ? m.store->document(s.document).text : *s.source.text;
  const ExplainItem one = item(text);
  const Explanation found = explain(*m.model, {one}, options, context.stop, context.progress)[0];
  const ExplanationRecord r = record(m, one.encoding, found, s.document, text);
  if (m.store) m.store->add_explanation(r);
  if (context.json)
    print_json(to_json(m, one.encoding, r, text, found.converged));
  else
    print_text(in_text(*m.model, one.encoding, found, text));
  return exit_success;
}

// ---------------------------------------------------------------- methods

int print_methods(const Context& context) {
  OrderedJson all = OrderedJson::array();
  std::string text;
  for (const MethodInfo& m : methods()) {
    all.push_back({{"id", m.id}, {"name", m.name}, {"source", m.source}, {"needs", m.needs}, {"cost", m.cost}, {"complete", m.complete}, {"deterministic", m.deterministic},
                   {"steps", m.uses_steps}, {"removal", m.uses_removal}, {"samples", m.uses_samples}, {"unit", m.has_unit}});
    text += fmt::format("{:<22} {:<24} {:<28} {}{}\n", m.id, m.name, m.cost, m.source, m.complete ? "; complete" : "");
  }
  if (context.json)
    print_json(all);
  else
    print_text(text);
  return exit_success;
}

}  // namespace

void add_predict(CLI::App& app, Context& context) {
  const auto s = std::make_shared<PredictSettings>();
  auto* command = add_command(app, context, "predict", "What a model answers: logits and probabilities of every class", [s, &context] { return predict(*s, context); });
  s->model.bind(*command);
  add_text_source(*command, s->source, true);
}

void add_explain(CLI::App& app, Context& context) {
  const auto s = std::make_shared<ExplainSettings>();
  auto* command = add_command(app, context, "explain", "Which words decided; explanations by a run are kept in its file", [s, &context] { return explain_command(*s, context); });
  s->model.bind(*command);
  add_text_source(*command, s->source, false);
  command->add_option("--doc", s->document, "post of the file, by its id")->check(CLI::PositiveNumber);
  command->add_option("--method", s->method, "see telltale methods")->capture_default_str();
  command->add_option("--target", s->target, "class to explain, label or index; default the predicted one");
  command->add_option("--foil", s->foil, "class to explain against; without --output this asks for the difference of logits");
  command->add_option("--output", s->output, "probability (default), logit, log-odds, difference");
  command->add_option("--path", s->path, "word: between word embeddings; embeddings: at the output of the embedding block")->capture_default_str();
  command->add_option("--quadrature", s->quadrature, "gauss-legendre, midpoint, trapezoid")->capture_default_str();
  auto* steps = command->add_option("--steps", s->steps, "fixed number of nodes");
  command->add_option("--tolerance", s->tolerance, "grow the nodes until the relative delta is under it (default 0.01, at most 512 nodes)")->excludes(steps);
  command->add_option("--unit", s->unit, "word or piece: what a perturbation method removes")->capture_default_str();
  command->add_option("--removal", s->removal, "delete, pad (default of occlusion), pad-masked, mask, baseline");
  command->add_option("--baseline", s->baseline, "pad, mask, unk, zero")->capture_default_str();
  command->add_option("--samples", s->samples, "draws of a sampling method, or all");
}

void add_methods(CLI::App& app, Context& context) {
  add_command(app, context, "methods", "The methods of explaining: id, name, cost, source", [&context] { return print_methods(context); });
}

}  // namespace telltale::cli
