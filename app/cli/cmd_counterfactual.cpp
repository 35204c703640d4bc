// telltale counterfactual: the fewest words to swap so that the model answers another class.
#include <fmt/format.h>

#include <memory>
#include <stdexcept>

#include "attribution/counterfactual.hpp"
#include "commands.hpp"
#include "evaluation/typical_words.hpp"
#include "input.hpp"
#include "model_source.hpp"

namespace telltale::cli {
namespace {

struct CounterfactualSettings {
  ModelSource model;
  TextSource source;
  std::int64_t document = 0;
  std::string foil, candidates = "vocabulary";
  int typical = 100;
  CounterfactualOptions options;
};

OrderedJson answer_of(const Classifier& model, const Prediction& p) {
  return {{"predicted", model.labels()[static_cast<std::size_t>(p.predicted)]}, {"logits", p.logits}, {"probabilities", p.probabilities}};
}

OrderedJson to_json(const Classifier& model, const CounterfactualSettings& s, const std::string& text, const Counterfactual& c) {
  OrderedJson swaps = OrderedJson::array();
  for (const WordSwap& w : c.swaps) swaps.push_back({{"begin", w.span.begin}, {"end", w.span.end}, {"from", w.from}, {"to", w.to}});
  OrderedJson out = {{"text", text}, {"edited", c.edited}, {"turned", c.turned}, {"swaps", swaps}, {"before", answer_of(model, c.before)}, {"after", answer_of(model, c.after)}};
  out["moved"] = {{"words", c.swaps.size()}, {"share", c.words > 0 ? static_cast<double>(c.swaps.size()) / c.words : 0}, {"embedding", c.embedding_distance},
                  {"embedding_norm", c.embedding_norm}, {"cls_cosine", c.cls_cosine}};
  out["protocol"] = {{"foil", s.options.foil >= 0 ? OrderedJson(model.labels()[static_cast<std::size_t>(s.options.foil)]) : OrderedJson()}, {"candidates", s.candidates}, {"swaps", s.options.swaps},
                     {"beam", s.options.beam}, {"tries", s.options.tries}, {"precision", name_of(model.explanation_precision())}};
  if (s.candidates == "class-words") out["protocol"]["typical"] = s.typical;
  out["passes"] = c.passes;
  if (c.cut >= 0) out["cut"] = {{"byte", c.cut}};
  return out;
}

std::string in_text(const Classifier& model, const std::string& text, const Counterfactual& c) {
  const auto answer = [&](const Prediction& p) { return fmt::format("{} ({:.3f})", model.labels()[static_cast<std::size_t>(p.predicted)], p.probabilities[static_cast<std::size_t>(p.predicted)]); };
  std::string out;
  std::size_t from = 0;
  for (const WordSwap& w : c.swaps) {
    out += text.substr(from, static_cast<std::size_t>(w.span.begin) - from) + fmt::format("[-{}-]{{+{}+}}", w.from, w.to);
    from = static_cast<std::size_t>(w.span.end);
  }
  out += text.substr(from);
  if (out.empty() || out.back() != '\n') out += '\n';
  out += fmt::format("\n{} → {}{}\n", answer(c.before), answer(c.after), c.turned ? "" : ": not turned; these swaps came nearest");
  out += fmt::format("moved: {} of {} words; {:.2f} in the word embeddings (mean norm of a word {:.2f}); cosine of the [CLS] states {:.3f}; {} passes\n", c.swaps.size(), c.words, c.embedding_distance, c.embedding_norm,
                     c.cls_cosine, c.passes);
  if (c.cut >= 0) out += fmt::format("the length limit cut the text at byte {}\n", c.cut);
  return out;
}

int explain_by_swaps(CounterfactualSettings s, Context& context) {
  if ((s.source.text ? 1 : 0) + (s.source.input.empty() ? 0 : 1) + (s.document != 0 ? 1 : 0) != 1) throw std::invalid_argument("just one of --text, --input and --doc is needed");
  if (s.document != 0 && s.model.db.empty()) throw std::invalid_argument("--doc names a post of a Telltale file: --db and --run are needed");
  if (s.candidates == "class-words" && s.model.db.empty()) throw std::invalid_argument("class-words are counted in training posts: they need --db and --run");
  const Loaded m = load(s.model, context, Store::Mode::read);
  s.options.max_length = m.max_length;
  s.options.foil = s.foil.empty() ? -1 : m.model->class_index(s.foil);
  if (s.candidates == "class-words") {
    std::vector<int> classes;
    for (int c = 0; c < static_cast<int>(m.model->labels().size()); ++c)
      if (s.options.foil < 0 || c == s.options.foil) classes.push_back(c);
    s.options.candidates = typical_words(*m.store, m.run->dataset, m.model->tokenizer(), classes, static_cast<std::size_t>(s.typical), context.stop);
    if (s.options.candidates.empty()) throw std::runtime_error("the training posts hold no word that is typical of the class");
  }
  if (!s.source.input.empty())
    return answer_lines(context, s.source.input, 1, [&](std::span<const InputLine> lines) {
      std::vector<OrderedJson> out;
      for (const InputLine& line : lines) out.push_back(to_json(*m.model, s, line.text, counterfactual(*m.model, line.text, s.options, context.stop)));
      return out;
    });
  const std::string text = s.document != 0 ? m.store->document(s.document).text : *s.source.text;
  const Counterfactual found = counterfactual(*m.model, text, s.options, context.stop, context.progress);
  if (context.json)
    print_json(to_json(*m.model, s, text, found));
  else
    print_text(in_text(*m.model, text, found));
  return exit_success;
}

}  // namespace

void add_counterfactual(CLI::App& app, Context& context) {
  const auto s = std::make_shared<CounterfactualSettings>();
  auto* command = add_command(app, context, "counterfactual", "The fewest words to swap so that the model answers another class", [s, &context] { return explain_by_swaps(*s, context); });
  s->model.bind(*command);
  add_text_source(*command, s->source, false);
  command->add_option("--doc", s->document, "post of the file, by its id")->check(whole(1));
  command->add_option("--foil", s->foil, "class to turn to, label or index; default any other than the predicted one");
  command->add_option("--candidates", s->candidates, "vocabulary: every whole word of letters, by the gradient; class-words: words typical of the class to turn to, from the run's training posts")
      ->check(CLI::IsMember({"vocabulary", "class-words"}))
      ->capture_default_str();
  command->add_option("--typical", s->typical, "class-words: so many of each class")->check(whole(1, 100000))->capture_default_str();
  command->add_option("--swaps", s->options.swaps, "at most so many words")->check(whole(1, 1000))->capture_default_str();
  command->add_option("--beam", s->options.beam, "texts kept after each swap")->check(whole(1, 64))->capture_default_str();
  command->add_option("--tries", s->options.tries, "swaps tried by a forward pass for each text kept")->check(whole(1, 10000))->capture_default_str();
}

}  // namespace telltale::cli
