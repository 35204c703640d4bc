// telltale layers: what each layer would answer (logit lens). telltale probe: what a linear probe reads off each layer.
#include <fmt/format.h>

#include <map>
#include <memory>
#include <stdexcept>

#include "attribution/logit_lens.hpp"
#include "base/random.hpp"
#include "commands.hpp"
#include "compute.hpp"
#include "evaluation/comparison_data.hpp"
#include "evaluation/layer_probe.hpp"
#include "input.hpp"
#include "model_source.hpp"

namespace telltale::cli {
namespace {

// ---------------------------------------------------------------- layers

struct LayersSettings {
  ModelSource model;
  TextSource source;
  std::int64_t document = 0;
  bool positions = false;
};

const std::string& label(const Classifier& model, int c) { return model.labels()[static_cast<std::size_t>(c)]; }

OrderedJson to_json(const Classifier& model, const Encoding& encoding, const LogitLens& lens) {
  OrderedJson layers = OrderedJson::array();
  for (std::size_t l = 0; l < lens.layers.size(); ++l) {
    const Prediction& p = lens.layers[l];
    layers.push_back({{"layer", l}, {"logits", p.logits}, {"probabilities", p.probabilities}, {"predicted", label(model, p.predicted)}});
    if (lens.positions.empty()) continue;
    OrderedJson positions = OrderedJson::array();
    for (const Prediction& one : lens.positions[l]) positions.push_back({{"probabilities", one.probabilities}, {"predicted", label(model, one.predicted)}});
    layers.back()["positions"] = std::move(positions);
  }
  OrderedJson out = {{"labels", model.labels()}, {"predicted", label(model, lens.layers.back().predicted)}, {"settled", lens.settled}, {"layers", std::move(layers)}};
  if (!lens.positions.empty()) {
    out["tokens"] = OrderedJson::array();
    for (const std::int32_t id : encoding.ids) out["tokens"].push_back(model.tokenizer().token(id));
  }
  if (encoding.cut >= 0) out["cut"] = {{"byte", encoding.cut}, {"ids", encoding.full_length - static_cast<int>(encoding.ids.size())}};
  return out;
}

std::string name_of_layer(std::size_t l) { return l == 0 ? "embedding" : std::to_string(l); }

std::string in_text(const Classifier& model, const Encoding& encoding, const LogitLens& lens, bool positions) {
  const auto last = static_cast<std::size_t>(lens.layers.back().predicted);
  std::size_t wide = 6;
  for (const std::string& l : model.labels()) wide = std::max(wide, l.size());
  std::string out = fmt::format("{:>9}  {:<{}}  {:>6}  {:>{}}\n", "layer", "answer", wide, "p", "p of " + label(model, lens.layers.back().predicted), wide + 5);
  for (std::size_t l = 0; l < lens.layers.size(); ++l) {
    const Prediction& p = lens.layers[l];
    out += fmt::format("{:>9}  {:<{}}  {:>6.3f}  {:>{}.3f}\n", name_of_layer(l), label(model, p.predicted), wide, p.probabilities[static_cast<std::size_t>(p.predicted)], p.probabilities[last], wide + 5);
  }
  out += fmt::format("settled from {} on\n", lens.settled == 0 ? std::string("the embedding") : fmt::format("layer {}", lens.settled));
  if (positions) {
    out += "\nanswer at every position, by layer\n";
    for (std::size_t t = 0; t < encoding.ids.size(); ++t) {
      out += fmt::format("{:>16} ", one_line(model.tokenizer().token(encoding.ids[t])));
      for (const auto& layer : lens.positions) out += fmt::format(" {:<{}}", label(model, layer[t].predicted), wide);
      while (out.back() == ' ') out.pop_back();
      out += '\n';
    }
  }
  if (encoding.cut >= 0) out += fmt::format("the length limit cut {} pieces from byte {} on\n", encoding.full_length - encoding.ids.size(), encoding.cut);
  return out;
}

int layers(const LayersSettings& s, Context& context) {
  if ((s.source.text ? 1 : 0) + (s.source.input.empty() ? 0 : 1) + (s.document != 0 ? 1 : 0) != 1) throw std::invalid_argument("just one of --text, --input and --doc is needed");
  if (s.document != 0 && s.model.db.empty()) throw std::invalid_argument("--doc names a post of a Telltale file: --db and --run are needed");
  const Loaded m = load(s.model, context, Store::Mode::read);
  if (!s.source.input.empty())
    return answer_lines(context, s.source.input, 64, [&](std::span<const InputLine> lines) {
      std::vector<Encoding> texts;
      for (const InputLine& line : lines) texts.push_back(m.model->tokenizer().encode(line.text, m.max_length));
      const std::vector<LogitLens> found = logit_lens(*m.model, texts, s.positions, context.stop);
      std::vector<OrderedJson> out;
      for (std::size_t k = 0; k < found.size(); ++k) out.push_back(to_json(*m.model, texts[k], found[k]));
      return out;
    });
  const std::string text = s.document != 0 ? m.store->document(s.document).text : *s.source.text;
  const Encoding encoding = m.model->tokenizer().encode(text, m.max_length);
  const LogitLens found = logit_lens(*m.model, {encoding}, s.positions, context.stop)[0];
  if (context.json)
    print_json(to_json(*m.model, encoding, found));
  else
    print_text(in_text(*m.model, encoding, found, s.positions));
  return exit_success;
}

// ---------------------------------------------------------------- probe

struct ProbeSettings {
  std::string folder, db, data, input, pool = "cls";
  std::int64_t run = 0;
  LayerProbeOptions options;
};

/// Labelled posts of a JSONL file: "text", "label", and "split" (train or test) if the file tells it, else a fifth of each class, drawn by the seed, is for testing.
ProbePosts read_posts(const ProbeSettings& s, const Context& context, OrderedJson& errors) {
  struct Line {
    std::string text, label, split;
  };
  std::vector<Line> all;
  std::map<std::string, std::vector<std::size_t>> of_class;
  bool split = false;
  InputReader reader(s.input);
  while (auto line = reader.next()) {
    if (context.stop.stop_requested()) throw Cancelled{};
    const std::string where = fmt::format("{} line {}", s.input, line->line);
    try {
      if (!line->error.empty()) throw std::runtime_error(line->error);
      const auto text_at = [&](const char* key) {
        const auto it = line->object.find(key);
        if (it == line->object.end() || it->is_null()) return std::string();
        if (!it->is_string() && !it->is_number_integer()) throw std::runtime_error(fmt::format("{}: \"{}\": expected a text", where, key));
        return it->is_string() ? it->get<std::string>() : it->dump();
      };
      Line one{line->text, text_at("label"), text_at("split")};
      if (one.label.empty()) throw std::runtime_error(where + ": no \"label\"");
      if (!one.split.empty() && one.split != s.options.train_split && one.split != s.options.test_split) continue;
      split = split || !one.split.empty();
      of_class[one.label].push_back(all.size());
      all.push_back(std::move(one));
    } catch (const std::exception& e) {
      errors.push_back({{"id", line->id}, {"error", one_line(e.what())}});
      complain(e.what());
    }
  }
  if (all.empty()) throw std::runtime_error(fmt::format("{}: no labelled post could be read", s.input));
  ProbePosts out;
  std::vector<std::vector<ProbePosts::Post>> parts(2);
  for (auto& [name, members] : of_class) {
    const int c = static_cast<int>(out.classes.size());
    out.classes.push_back(name);
    if (!split) {
      Rng rng(s.options.probe.seed, mix_seed(7, static_cast<std::uint64_t>(c)));
      rng.shuffle(members);
    }
    for (std::size_t k = 0; k < members.size(); ++k) {
      Line& line = all[members[k]];
      const bool test = split ? line.split == s.options.test_split : k < members.size() / 5;
      parts[test].push_back({std::move(line.text), c});
    }
  }
  for (const bool test : {false, true}) {
    std::vector<int> labels;
    for (const auto& p : parts[test]) labels.push_back(p.label);
    for (const std::size_t i : stratified_sample(labels, test ? s.options.test_limit : s.options.train_limit, s.options.probe.seed)) (test ? out.test : out.train).push_back(std::move(parts[test][i]));
  }
  return out;
}

std::string probe_text(const Json& doc) {
  const Json& p = doc["protocol"];
  std::string out = fmt::format("linear probes of {}: {} training and {} test posts, {} classes, at most {} ids\n", p["pool"] == "cls" ? "the [CLS] state" : "the mean state of all ids", doc["train"].get<std::size_t>(),
                                doc["test"].get<std::size_t>(), doc["classes"].size(), p["max_length"].get<int>());
  out += fmt::format("always the most frequent class: {:.3f}\n\n", doc["majority"].get<double>());
  out += fmt::format("{:>9}  {:>8}  {:<16}  {:>8}  {:>11}  {:>6}  {:>8}\n", "layer", "accuracy", "95 % interval", "control", "selectivity", "lens", "l2");
  const auto value = [](const Json& row, const char* key) { return row[key].is_number() ? fmt::format("{:.3f}", row[key].get<double>()) : std::string("–"); };
  for (const Json& row : doc["layers"])
    out += fmt::format("{:>9}  {:>8}  {:<16}  {:>8}  {:>11}  {:>6}  {:>8g}{}\n", name_of_layer(row["layer"].get<std::size_t>()), value(row, "accuracy"), value(row, "low") + " to " + value(row, "high"), value(row, "control"), value(row, "selectivity"),
                       value(row, "lens"), row["l2"].get<double>(), row["converged"].get<bool>() ? "" : "  not converged");
  out += "\ncontrol: the same probe after the training labels were permuted; selectivity: accuracy − control; lens: the model's own pooler and head on that layer\n";
  if (doc.value("stored", false)) out += "These figures were in the file.\n";
  return out;
}

int probe(ProbeSettings s, Context& context) {
  const bool of_run = s.run != 0;
  if (of_run == !s.folder.empty()) throw std::invalid_argument("either --db F --run ID, or --model DIR with --input F or --db F --data N");
  if (of_run && s.db.empty()) throw std::invalid_argument("--run needs --db F");
  if (of_run && (!s.input.empty() || !s.data.empty())) throw std::invalid_argument("--input and --data go with --model; a run is probed on its own data set");
  if (!of_run && s.input.empty() == s.data.empty()) throw std::invalid_argument("--model needs --input F, or --db F with --data N");
  if (s.data.empty() != s.db.empty() && !of_run) throw std::invalid_argument("--data names a data set of a Telltale file: --db and --data go together");
  LayerProbeOptions& o = s.options;
  o.pool = parse_pool(s.pool);
  if (context.seed) o.probe.seed = *context.seed;
  o.max_length = context.max_length.value_or(0);
  o.threads = context.threads;
  OrderedJson errors = OrderedJson::array();
  Json document;
  if (of_run) {
    const Loaded m = load({{}, s.db, s.run}, context, Store::Mode::write);
    o.max_length = m.max_length;
    if (m.run->dataset == 0) throw std::runtime_error(fmt::format("the data set of run {} is no longer in the file", s.run));
    document = probe_dataset(*m.store, m.store->dataset(m.run->dataset), *m.model, o, true, context.stop, context.progress);
  } else {
    const auto model = Classifier::load(s.folder, compute_options(context));
    o.max_length = model->max_length(o.max_length);
    if (!s.data.empty()) {
      const auto store = Store::open(s.db, Store::Mode::write);
      document = probe_dataset(*store, store->dataset(s.data), *model, o, true, context.stop, context.progress);
    } else {
      document = probe_layers(*model, read_posts(s, context, errors), o, context.stop, context.progress);
      document["protocol"]["input"] = s.input;
    }
  }
  if (context.json) {
    OrderedJson out{{"protocol", document["protocol"]}, {"classes", document["classes"]}, {"train", document["train"]}, {"test", document["test"]}, {"majority", document["majority"]}, {"layers", document["layers"]}};
    if (document.contains("stored")) out["stored"] = document["stored"];
    if (!errors.empty()) out["errors"] = errors;
    print_json(out);
  } else {
    print_text(probe_text(document));
  }
  return errors.empty() ? exit_success : exit_failure;
}

}  // namespace

void add_layers(CLI::App& app, Context& context) {
  const auto s = std::make_shared<LayersSettings>();
  auto* command = add_command(app, context, "layers", "What each layer would answer: its [CLS] state through pooler and head (logit lens). Both were trained on the last layer alone", [s, &context] { return layers(*s, context); });
  s->model.bind(*command);
  add_text_source(*command, s->source, false);
  command->add_option("--doc", s->document, "post of the file, by its id")->check(whole(1));
  command->add_flag("--positions", s->positions, "the same for every position, where pooler and head were never trained");
}

void add_probe(CLI::App& app, Context& context) {
  const auto s = std::make_shared<ProbeSettings>();
  auto* command = add_command(app, context, "probe", "How well a linear probe reads the class off each layer: accuracy with interval, and a control of permuted labels", [s, &context] { return probe(*s, context); });
  command->add_option("--db", s->db, "Telltale file; figures are kept in it");
  command->add_option("--run", s->run, "run of that file, probed on its data set")->check(whole(1));
  command->add_option("--model", s->folder, "Hugging Face folder of a BERT model instead, with or without a head");
  command->add_option("--data", s->data, "with --model and --db: a data set of the file");
  command->add_option("--input", s->input, "with --model: JSONL with text, label, and split (without one a fifth of each class is for testing); - = standard input");
  command->add_option("--pool", s->pool, "cls: the state of [CLS]; mean: the mean over all ids, specials included")->capture_default_str();
  command->add_option("--l2", s->options.probe.l2, "penalty; default the one of 0.001, 0.01, 0.1, 1 that does best on a fifth of the training posts")->check(number(0.0, 1e6));
  command->add_option("--controls", s->options.probe.controls, "fits to permuted labels (0 = none)")->check(whole(0, 1000))->capture_default_str();
  command->add_option("--train-limit", s->options.train_limit, "at most so many training posts, the same share of every class (0 = all)")->check(whole(0, std::int64_t{1} << 40))->capture_default_str();
  command->add_option("--test-limit", s->options.test_limit, "at most so many test posts (0 = all)")->check(whole(0, std::int64_t{1} << 40))->capture_default_str();
  command->add_option("--train-split", s->options.train_split, "split that is fitted")->capture_default_str();
  command->add_option("--test-split", s->options.test_split, "split that is judged")->capture_default_str();
  command->add_option("--resamples", s->options.probe.resamples, "bootstrap resamples")->check(whole(100, 1000000))->capture_default_str();
}

}  // namespace telltale::cli
