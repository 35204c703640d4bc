// telltale predict, explain, methods: what a model answers, which words decided, and by which methods that can be asked.
#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <stdexcept>

#include "attribution/explain.hpp"
#include "commands.hpp"
#include "compute.hpp"
#include "evaluation/explained.hpp"
#include "evaluation/reference_posts.hpp"
#include "input.hpp"
#include "method_options.hpp"
#include "model_source.hpp"
#include "report/explanation_view.hpp"
#include "store/store.hpp"

namespace telltale::cli {
namespace {

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
  std::string method = "integrated-gradients", target, foil, output, unit = "word", removal, references, baseline_text;
  MethodOptions methods;
};

ExplainOptions options_of(const ExplainSettings& s, const Context& context) {
  ExplainOptions o;
  o.method = s.method;
  const MethodInfo& info = method_info(s.method);
  // Asking for a foil is asking for the difference of two logits.
  o.output = !s.output.empty() ? parse_output(s.output) : s.foil.empty() ? Output::probability : Output::difference;
  if (!s.foil.empty() && o.output != Output::difference) throw std::invalid_argument(fmt::format("--foil goes with --output difference, not {}", name_of(o.output)));
  o.unit = parse_unit(s.unit);
  s.methods.apply({s.method}, o);
  note_unused(!s.removal.empty(), info.uses_removal, "--removal", {s.method});
  if (!s.removal.empty()) o.removal = parse_removal(s.removal);
  const bool baseline = info.uses_baseline || (info.uses_removal && o.removal.value_or(info.removal) == Removal::baseline);
  note_unused(o.baseline != Baseline::pad, baseline, "--baseline", {s.method});
  refuse_unused(!s.references.empty(), info.uses_references, "--references", {s.method});
  if (!s.references.empty()) o.reference = parse_reference(s.references);
  refuse_unused(!s.baseline_text.empty(), info.uses_baseline, "--baseline-text", {s.method});
  if (!s.baseline_text.empty()) {
    if (o.baseline != Baseline::pad && o.baseline != Baseline::text) throw std::invalid_argument(fmt::format("--baseline-text goes with --baseline text, not {}", name_of(o.baseline)));
    o.baseline = Baseline::text;
    o.baseline_text = s.baseline_text;
  }
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
    const std::string error = e.options.unit == Unit::word && order[k] < e.standard_error.size() ? std::isfinite(e.standard_error[order[k]]) ? fmt::format(" ± {:.4f}", e.standard_error[order[k]]) : std::string(" ± ?") : std::string();
    out += fmt::format("{:>+10.4f}{}  {}\n", e.word_scores[order[k]], error, one_line(text.substr(static_cast<std::size_t>(span.begin), static_cast<std::size_t>(span.end - span.begin))));
  }
  if (order.empty()) out += "the text has no words to explain\n";
  if (order.size() > 20) out += fmt::format("{:>10}  and {} words with smaller scores\n", "", order.size() - 20);
  out += fmt::format("F(x) {:.4f}", e.value);
  if (std::isfinite(e.baseline_value)) out += fmt::format(", F(b) {:.4f}, relative delta {:.2g}{}", e.baseline_value, e.relative_delta, e.converged || !(e.relative_delta > e.options.tolerance) ? std::string() : fmt::format(" (over the tolerance of {:.2g})", e.options.tolerance));
  out += fmt::format(", {} {}\n", e.steps, method_info(e.options.method).uses_steps ? "nodes" : "passes");
  if (!e.converged && !(e.relative_delta > e.options.tolerance)) out += "not converged: more samples or nodes are needed\n";
  if (encoding.cut >= 0) out += fmt::format("the length limit cut {} pieces from byte {} on\n", encoding.full_length - encoding.ids.size(), encoding.cut);
  return out;
}

int explain_command(const ExplainSettings& s, Context& context) {
  ExplainOptions options = options_of(s, context);
  if ((s.source.text ? 1 : 0) + (s.source.input.empty() ? 0 : 1) + (s.document != 0 ? 1 : 0) != 1) throw std::invalid_argument("just one of --text, --input and --doc is needed");
  if (s.document != 0 && s.model.db.empty()) throw std::invalid_argument("--doc names a post of a Telltale file: --db and --run are needed");
  const Loaded m = load(s.model, context, Store::Mode::write);
  if (needs_reference_posts(options) && m.store && m.run) options.posts = reference_posts(*m.store, *m.run, *m.model, m.max_length, options.seed);
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
                   {"steps", m.uses_steps}, {"removal", m.uses_removal}, {"samples", m.uses_samples}, {"unit", m.has_unit}, {"window", m.uses_window}, {"kernel", m.uses_kernel},
                   {"dummy", m.dummy}, {"symmetric", m.symmetric}, {"baseline", m.uses_baseline}, {"layer", m.uses_layer},
                   {"head", m.uses_head}, {"noise", m.uses_noise}, {"neighbours", m.uses_neighbours}, {"references", m.uses_references}, {"draws", m.draws}, {"default_steps", m.own_steps}});
    if (m.uses_removal) all.back()["default_removal"] = name_of(m.removal);
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
  command->add_option("--doc", s->document, "post of the file, by its id")->check(whole(1));
  command->add_option("--method", s->method, "see telltale methods")->capture_default_str();
  command->add_option("--target", s->target, "class to explain, label or index; default the predicted one");
  command->add_option("--foil", s->foil, "class to explain against: asks for the difference of the two logits");
  command->add_option("--output", s->output, "probability (default), logit, log-odds, difference");
  command->add_option("--unit", s->unit, "word or piece: what a perturbation method removes")->capture_default_str();
  command->add_option("--removal", s->removal, "delete, pad (default of occlusion), pad-masked, mask, baseline (default of the sampling methods)");
  command->add_option("--baseline-text", s->baseline_text, "words of --baseline text, repeated over the post");
  command->add_option("--references", s->references, "expected-gradients: noise (default) or posts, the run's training posts");
  s->methods.bind(*command, "where a path begins: pad, mask, unk, zero, mean (of the table), noise (several draws), rival (mean of the competing class's training posts), text; what --removal baseline puts in: the first four");
}

void add_methods(CLI::App& app, Context& context) {
  add_command(app, context, "methods", "The methods of explaining: id, name, cost, source", [&context] { return print_methods(context); });
}

}  // namespace telltale::cli
