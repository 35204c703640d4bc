#include "evaluation/simulation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <stdexcept>

#include "attribution/explain.hpp"
#include "base/random.hpp"
#include "evaluation/comparison_data.hpp"
#include "evaluation/evaluation.hpp"
#include "evaluation/explained.hpp"
#include "evaluation/reference_posts.hpp"
#include "store/marks.hpp"

namespace telltale {
namespace {

constexpr std::int64_t most_posts = 1000;
constexpr std::int64_t least_candidates = 200, candidates_a_post = 15;  // enough to find wrong answers among
constexpr std::uint64_t posts_stream = 0x73696d, order_stream = 0x6f7264;

int top(const std::vector<float>& logits, int but = -1) {
  int best = -1;
  for (int c = 0; c < static_cast<int>(logits.size()); ++c)
    if (c != but && (best < 0 || logits[static_cast<std::size_t>(c)] > logits[static_cast<std::size_t>(best)])) best = c;
  return best;
}

SimulationSide side_of(const std::vector<const SimulationItem*>& items) {
  SimulationSide out;
  std::int64_t right = 0, n = 0;
  std::vector<double> seconds, confidence;
  for (const SimulationItem* i : items) {
    ++out.posts;
    if (!i->answer) continue;
    ++n;
    right += *i->answer == i->predicted;
    if (i->milliseconds) seconds.push_back(static_cast<double>(*i->milliseconds) / 1000);
    if (i->confidence) confidence.push_back(*i->confidence);
  }
  out.right = proportion(right, n);
  out.median_seconds = median(seconds);
  if (!confidence.empty()) {
    out.mean_confidence = 0;
    for (const double c : confidence) out.mean_confidence += c / static_cast<double>(confidence.size());
  }
  return out;
}

std::vector<double> seconds_of(const SimulationRecord& session, bool explained) {
  std::vector<double> out;
  for (const SimulationItem& i : session.items)
    if (i.explained == explained && i.answer && i.milliseconds) out.push_back(static_cast<double>(*i.milliseconds) / 1000);
  return out;
}

Json to_json(const SimulationSide& s) {
  return {{"posts", s.posts}, {"answered", s.right.n}, {"right", s.right.right}, {"accuracy", finite_or_null(s.right.value)}, {"low", finite_or_null(s.right.low)}, {"high", finite_or_null(s.right.high)},
          {"median_seconds", finite_or_null(s.median_seconds)}, {"mean_confidence", finite_or_null(s.mean_confidence)}};
}

/// What the model answers to these posts: stored, else asked and kept. Posts without a word are left out.
std::vector<SimulationCandidate> ask(Store& store, const Classifier& model, const RunRecord& run, const std::vector<std::pair<std::int64_t, int>>& posts, std::map<std::int64_t, Encoding>& encodings,
                                     const std::stop_token& stop, const ProgressFn& progress) {
  const std::string precision = name_of(model.prediction_precision());
  std::map<std::int64_t, std::vector<float>> known;
  for (PostPrediction& p : store.predictions(run.fingerprint, trained_length(run), precision, run.dataset)) known[p.document] = std::move(p.logits);
  std::vector<std::int64_t> missing;
  std::vector<Encoding> texts;
  for (const auto& [id, label] : posts) {
    if (stop.stop_requested()) throw Cancelled{};
    const Encoding& e = encodings[id] = model.tokenizer().encode(store.document(id).text, model.max_length(trained_length(run)));
    if (!e.words.empty() && !known.contains(id)) missing.push_back(id), texts.push_back(e);
  }
  const auto answers = model.predict(texts, stop, [&](const Progress& p) {
    if (progress) progress({p.done, p.total, "asking the model"});
  });
  std::vector<PostPrediction> fresh;
  for (std::size_t k = 0; k < missing.size(); ++k) {
    known[missing[k]] = {answers[k].logits.begin(), answers[k].logits.end()};
    fresh.push_back({missing[k], known[missing[k]]});
  }
  if (!fresh.empty()) store.add_predictions(run.fingerprint, trained_length(run), precision, fresh);
  std::vector<SimulationCandidate> out;
  for (const auto& [id, label] : posts)
    if (!encodings[id].words.empty()) {
      const auto& logits = known.at(id);
      out.push_back({id, label, top(logits), top(logits, top(logits))});
    }
  return out;
}

}  // namespace

std::vector<SimulationItem> lay_out_simulation(const std::vector<SimulationCandidate>& candidates, std::int64_t posts, std::uint64_t seed) {
  Rng rng(seed, posts_stream);
  std::map<std::pair<bool, int>, std::vector<const SimulationCandidate*>> strata;  // by wrong, class
  std::int64_t there[2] = {0, 0};
  for (const SimulationCandidate& c : candidates) strata[{c.predicted != c.label, c.label}].push_back(&c), ++there[c.predicted != c.label];
  std::int64_t wanted[2];
  wanted[1] = std::min(there[1], posts / 2);
  wanted[0] = std::min(there[0], posts - wanted[1]);
  wanted[1] = std::min(there[1], posts - wanted[0]);
  for (auto& [key, list] : strata) rng.shuffle(list);
  std::vector<SimulationItem> items;
  bool explained = rng.below(2) == 1;
  for (const bool wrong : {false, true}) {
    std::vector<int> classes;
    for (const auto& [key, list] : strata)
      if (key.first == wrong) classes.push_back(key.second);
    rng.shuffle(classes);
    std::map<int, std::int64_t> take;  // of each class, in turns
    for (std::int64_t left = wanted[wrong]; left > 0;)
      for (const int c : classes)
        if (left > 0 && take[c] < static_cast<std::int64_t>(strata[{wrong, c}].size())) ++take[c], --left;
    for (const int c : classes)
      for (std::int64_t k = 0; k < take[c]; ++k) {
        const SimulationCandidate& from = *strata[{wrong, c}][static_cast<std::size_t>(k)];
        items.push_back({from.document, explained, from.predicted, from.foil, from.label});
        explained = !explained;
      }
  }
  Rng order(seed, order_stream);
  order.shuffle(items);
  return items;
}

SimulationRecord plan_simulation(Store& store, const Classifier& model, const SimulationOptions& o, std::stop_token stop, const ProgressFn& progress) {
  check_annotator(o.participant);
  if (o.posts < 2 || o.posts > most_posts) throw std::invalid_argument(fmt::format("posts: expected 2 to {}, got {}", most_posts, o.posts));
  const RunRecord run = store.run(o.run);
  if (run.status != RunStatus::finished || run.folder.empty()) throw std::invalid_argument(fmt::format("run {} ({}) is {}: only a finished run can be simulated", run.id, run.name, name_of(run.status)));
  if (model.fingerprint() != run.fingerprint) throw std::runtime_error(fmt::format("run {}: the weights in its folder are not those it was trained to; train it again", run.id));
  const DatasetInfo dataset = store.dataset(run.dataset);
  if (dataset.classes.size() < 2) throw std::invalid_argument(fmt::format("data set '{}' has one class: there is nothing to tell apart", dataset.name));
  const PostTable table = store.post_table(run.dataset);
  std::vector<std::int64_t> ids;
  std::vector<int> labels;
  for (const auto& row : table.rows)
    if (table.splits.at(static_cast<std::size_t>(row.split)) == o.split) ids.push_back(row.id), labels.push_back(row.label);
  if (ids.empty()) throw std::invalid_argument(fmt::format("split '{}': data set '{}' has no post in it", o.split, dataset.name));
  std::vector<std::pair<std::int64_t, int>> drawn;
  for (const std::size_t i : stratified_sample(labels, std::max(least_candidates, candidates_a_post * o.posts), o.seed)) drawn.emplace_back(ids[i], labels[i]);

  std::map<std::int64_t, Encoding> encodings;
  const auto candidates = ask(store, model, run, drawn, encodings, stop, progress);
  SimulationRecord session;
  session.items = lay_out_simulation(candidates, o.posts, o.seed);
  if (session.items.size() < 2) throw std::invalid_argument(fmt::format("split '{}': expected at least two posts with words in them, got {}", o.split, session.items.size()));

  ExplainOptions explain = o.explain;
  explain.precision = model.explanation_precision();
  if (needs_reference_posts(explain)) explain.posts = reference_posts(store, run, model, model.max_length(trained_length(run)), explain.seed);  // the protocol names them
  std::int64_t wrong = 0;
  for (SimulationItem& i : session.items) {
    if (explain.output != Output::difference) i.foil = -1;
    wrong += i.predicted != i.label;
  }
  session.run = run.id;
  session.fingerprint = run.fingerprint;
  explain_simulation(store, model, session, explain, stop, progress);

  session.dataset = run.dataset;
  session.participant = o.participant;
  session.protocol = {{"kind", "simulatability"},
                      {"design", "each post once; with or without the explanation by lot, within class and right or wrong"},
                      {"method", explain.method},
                      {"explanation", protocol_of(explain)},
                      {"target", "predicted"},
                      {"split", o.split},
                      {"posts", session.items.size()},
                      {"model_right", static_cast<std::int64_t>(session.items.size()) - wrong},
                      {"model_wrong", wrong},
                      {"seed", o.seed},
                      {"max_length", trained_length(run)},
                      {"confidence", o.confidence}};
  return simulation(store, add_simulation(store, session));
}

void explain_simulation(Store& store, const Classifier& model, const SimulationRecord& session, const ExplainOptions& options, std::stop_token stop, const ProgressFn& progress) {
  if (!session.run) throw std::invalid_argument(fmt::format("session {}: its run was removed, nothing can be explained any more", session.id));
  const RunRecord run = store.run(*session.run);
  ExplainOptions explain = options;
  explain.precision = model.explanation_precision();
  if (needs_reference_posts(explain) && !explain.posts) explain.posts = reference_posts(store, run, model, model.max_length(trained_length(run)), explain.seed);
  std::map<std::int64_t, Encoding> encodings;
  std::vector<ExplainRequest> requests;
  for (const SimulationItem& i : session.items)
    if (i.explained) {
      if (stop.stop_requested()) throw Cancelled{};
      const Encoding& e = encodings[i.document] = model.tokenizer().encode(store.document(i.document).text, model.max_length(trained_length(run)));
      requests.push_back({i.document, &e, i.predicted, i.foil});
    }
  explained(&store, run.id, model, requests, explain, stop, progress, "explaining");
}

std::optional<ExplanationRecord> simulation_explanation(Store& store, const SimulationRecord& session, const SimulationItem& item) {
  Json protocol = session.protocol.is_object() && session.protocol.contains("explanation") ? session.protocol["explanation"] : Json();
  if (!protocol.is_object()) return std::nullopt;
  auto found = store.find_explanation(session.fingerprint, item.document, protocol, item.predicted, item.foil);
  if (found) return found;
  protocol["precision"] = name_of(Precision::fp32);  // what was at hand when another precision was asked for
  return store.find_explanation(session.fingerprint, item.document, protocol, item.predicted, item.foil);
}

SimulationReport simulation_report(const SimulationRecord& session, const BootstrapOptions& options) {
  SimulationReport out;
  out.posts = session.items.size();
  out.answered = session.answered();
  const auto side = [&](bool explained, int wrong) {
    std::vector<const SimulationItem*> items;
    for (const SimulationItem& i : session.items)
      if (i.explained == explained && (wrong < 0 || (i.predicted != i.label) == (wrong == 1))) items.push_back(&i);
    return side_of(items);
  };
  out.with = side(true, -1);
  out.without = side(false, -1);
  out.accuracy = difference_of(out.with.right, out.without.right);
  const Proportion &a = out.with.right, &b = out.without.right;
  out.p = fisher_exact(a.right, a.n - a.right, b.right, b.n - b.right);
  out.seconds = median_difference(seconds_of(session, true), seconds_of(session, false), options);
  for (const int wrong : {0, 1}) {
    out.with_of[wrong] = side(true, wrong);
    out.without_of[wrong] = side(false, wrong);
    out.accuracy_of[wrong] = difference_of(out.with_of[wrong].right, out.without_of[wrong].right);
  }
  return out;
}

std::string accuracy_verdict(const SimulationReport& r) {
  if (!r.accuracy.clear() || r.p >= 0.05) return "no clear difference";
  return r.accuracy.value > 0 ? "better with the explanation" : "worse with the explanation";
}

std::string time_verdict(const SimulationReport& r) {
  if (!clear_difference(r.seconds)) return "no clear difference";
  return r.seconds.value < 0 ? "faster with the explanation" : "slower with the explanation";
}

Json simulation_json(const SimulationRecord& s, const DatasetInfo& dataset, const SimulationReport& r) {
  Json of = Json::array();
  for (const int wrong : {0, 1})
    of.push_back({{"model", wrong ? "wrong" : "right"}, {"with", to_json(r.with_of[wrong])}, {"without", to_json(r.without_of[wrong])}, {"accuracy", finite_or_null(r.accuracy_of[wrong].value)},
                  {"low", finite_or_null(r.accuracy_of[wrong].low)}, {"high", finite_or_null(r.accuracy_of[wrong].high)}});
  return {{"session", s.id},
          {"run", s.run ? Json(*s.run) : Json(nullptr)},
          {"model", s.fingerprint},
          {"dataset", dataset.name},
          {"participant", s.participant},
          {"created", s.created},
          {"protocol", s.protocol},
          {"posts", r.posts},
          {"answered", r.answered},
          {"with", to_json(r.with)},
          {"without", to_json(r.without)},
          {"difference", {{"accuracy", finite_or_null(r.accuracy.value)}, {"low", finite_or_null(r.accuracy.low)}, {"high", finite_or_null(r.accuracy.high)}, {"interval", "Newcombe 1998, method 10"}, {"p", r.p}, {"test", "Fisher's exact, two-sided"}, {"verdict", accuracy_verdict(r)}}},
          {"seconds", {{"difference", finite_or_null(r.seconds.value)}, {"low", finite_or_null(r.seconds.low)}, {"high", finite_or_null(r.seconds.high)}, {"interval", name_of(r.seconds.kind)}, {"verdict", time_verdict(r)}}},
          {"of", of}};
}

std::string simulation_csv(const SimulationRecord& s, const DatasetInfo& dataset) {
  const auto name = [&](std::optional<int> c) {
    if (!c || *c < 0 || static_cast<std::size_t>(*c) >= dataset.classes.size()) return std::string();
    std::string quoted = "\"";
    for (const char ch : dataset.classes[static_cast<std::size_t>(*c)]) quoted += ch == '"' ? "\"\"" : std::string(1, ch);
    return quoted + "\"";
  };
  const auto optional = [](const auto& v) { return v ? std::to_string(*v) : std::string(); };
  std::string out = "place,post,condition,predicted,gold,answer,right,confidence,milliseconds,answered\n";
  for (std::size_t k = 0; k < s.items.size(); ++k) {
    const SimulationItem& i = s.items[k];
    out += fmt::format("{},{},{},{},{},{},{},{},{},{}\n", k + 1, i.document, i.explained ? "with" : "without", name(i.predicted), name(i.label), name(i.answer), i.answer ? (*i.answer == i.predicted ? "1" : "0") : "",
                       optional(i.confidence), optional(i.milliseconds), i.answered);
  }
  return out;
}

}  // namespace telltale
