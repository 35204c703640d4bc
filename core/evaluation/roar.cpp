#include "evaluation/roar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <set>
#include <stdexcept>

#include "base/random.hpp"
#include "evaluation/contrastivity.hpp"
#include "evaluation/evaluation.hpp"
#include "evaluation/explained.hpp"
#include "evaluation/protocol.hpp"
#include "model/best_class.hpp"
#include "training/trainer.hpp"

namespace telltale {
namespace {

constexpr int most_seeds = 100;
constexpr std::size_t timed_posts = 8;
constexpr std::uint64_t roar_stream = 0x726f6172;  // "roar"

struct Judged {
  RunRecord run;
  DatasetInfo dataset;
  TrainingSettings settings;
};

Judged judged(Store& store, std::int64_t id) {
  Judged out{store.run(id), {}, {}};
  if (out.run.status != RunStatus::finished || out.run.folder.empty())
    throw std::invalid_argument(fmt::format("run {} ({}) is {}: only a finished run can be judged", id, out.run.name, name_of(out.run.status)));
  out.dataset = store.dataset(out.run.dataset);
  if (out.dataset.options.is_object() && out.dataset.options.contains("roar"))
    throw std::invalid_argument(fmt::format("run {} ({}) was itself trained on posts with words removed", id, out.run.name));
  out.settings = settings_of(out.run);
  out.settings.max_length = trained_length(out.run);
  return out;
}

EvaluationOptions as_evaluation(const RoarOptions& o) {
  EvaluationOptions e;
  e.explain = o.explain;
  e.compute = o.compute;
  e.judge.seed = o.seed;
  return e;
}

/// What decides the words that go: kept with the derived data set, and compared when it is found again.
Json removal_protocol(const Judged& j, const RoarOptions& o, const std::string& method, const TopK& share) {
  Json of = method_protocol(as_evaluation(o), method);
  Json roar = {{"model", j.run.fingerprint}, {"dataset", j.dataset.name}, {"of", std::move(of)}, {"class", "predicted"}, {"k", to_string(share)}, {"max_length", j.settings.max_length}};
  if (o.explain.output == Output::difference && method != random_method) roar["foil"] = "the highest-scored other class";  // earlier versions took another
  return {{"roar", std::move(roar)}};
}

std::optional<DatasetInfo> derived(Store& store, const std::string& name, const Json& protocol) {
  for (DatasetInfo& d : store.datasets()) {
    if (d.name != name) continue;
    if (d.options != protocol)
      throw std::invalid_argument(fmt::format("data set '{}' is there, but was made with other settings: remove it, or take the settings it was made with", name));
    return std::move(d);
  }
  return std::nullopt;
}

TrainRequest request_of(const Judged& j, const RoarRun& wanted, std::int64_t dataset) {
  TrainRequest r;
  r.dataset = dataset;
  r.model = j.run.model;
  r.preset = j.run.preset;
  r.settings = j.settings;
  r.settings.seed = wanted.seed;
  r.name = wanted.name;
  return r;
}

/// Posts of all splits, what the model reads of them, and the class it answers.
struct Posts {
  std::vector<Document> documents;
  std::vector<Encoding> encodings;
  std::vector<int> predicted, runner_up;
};

Posts read_posts(Store& store, const Judged& j, const Classifier& model, std::stop_token stop) {
  Posts out;
  Store::DocumentFilter filter;
  filter.dataset = j.dataset.id;
  store.each_document(filter, [&](Document&& d) {
    if (stop.stop_requested()) throw Cancelled{};
    out.encodings.push_back(model.tokenizer().encode(d.text, j.settings.max_length));
    out.documents.push_back(std::move(d));
  });
  for (const Prediction& p : model.predict(out.encodings, stop)) out.predicted.push_back(p.predicted), out.runner_up.push_back(best_other_class(p.logits, p.predicted));
  return out;
}

/// One score a word; of a method: [post][word].
std::vector<std::vector<double>> scores_of(Store& store, const Judged& j, const RoarOptions& o, const Classifier& model, const Posts& posts, const std::string& method, std::stop_token stop, const ProgressFn& progress) {
  std::vector<std::vector<double>> out;
  if (method == random_method) {
    for (std::size_t i = 0; i < posts.documents.size(); ++i)
      out.push_back(random_scores(posts.encodings[i].words.size(), mix_seed(o.seed, roar_stream), static_cast<std::uint64_t>(posts.documents[i].id)));
    return out;
  }
  std::vector<ExplainRequest> requests;
  for (std::size_t i = 0; i < posts.documents.size(); ++i) {
    const int foil = o.explain.output == Output::difference ? posts.runner_up[i] : -1;
    requests.push_back({posts.documents[i].id, &posts.encodings[i], posts.predicted[i], foil});
  }
  for (Scored& s : explained(&store, j.run.id, model, requests, explain_options(as_evaluation(o), method), stop, progress, "explaining: " + method_info(method).name).posts)
    out.push_back(std::move(s.word_scores));
  return out;
}

std::int64_t derive(Store& store, const Judged& j, const RoarRun& wanted, const Json& protocol, const Posts& posts, const std::vector<std::vector<double>>& scores, std::stop_token stop) {
  auto import = store.begin_import(wanted.dataset, fmt::format("{}, {} of the words of each post removed", j.dataset.name, to_string(wanted.share)), protocol);
  for (std::size_t i = 0; i < posts.documents.size(); ++i) {
    if (stop.stop_requested()) throw Cancelled{};
    Document d = posts.documents[i];
    const auto top = top_positions(scores[i], wanted.share.of(scores[i].size()));
    d.text = without_words(d.text, posts.encodings[i], top);
    d.spans.clear();
    import->add(d, j.dataset.classes[static_cast<std::size_t>(d.label)]);
  }
  return import->commit({{"skipped", Json::array()}}).id;
}

/// 1 or 0 for every test post of a derived data set, in the order of the data set it was made of.
std::vector<double> right_of(Store& store, const Judged& j, const RunRecord& run, const RoarOptions& o, std::stop_token stop) {
  const auto documents = store.documents({.dataset = run.dataset, .split = "test"});
  const std::string precision = name_of(prediction_precision(o.compute));
  std::map<std::int64_t, int> known;
  for (const PostPrediction& p : store.predictions(run.fingerprint, j.settings.max_length, precision, run.dataset))
    known[p.document] = static_cast<int>(std::max_element(p.logits.begin(), p.logits.end()) - p.logits.begin());
  if (std::any_of(documents.begin(), documents.end(), [&](const Document& d) { return !known.contains(d.id); })) {
    const auto model = load_run(store, run, o.compute);
    std::vector<Encoding> texts;
    for (const Document& d : documents) texts.push_back(model->tokenizer().encode(d.text, j.settings.max_length));
    std::vector<PostPrediction> kept;
    const auto answers = model->predict(texts, stop);
    for (std::size_t i = 0; i < documents.size(); ++i) {
      known[documents[i].id] = answers[i].predicted;
      kept.push_back({documents[i].id, {answers[i].logits.begin(), answers[i].logits.end()}});
    }
    store.add_predictions(run.fingerprint, j.settings.max_length, precision, kept);
  }
  std::vector<double> right;
  for (const Document& d : documents) right.push_back(known.at(d.id) == d.label);
  return right;
}

double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double v : values) sum += v;
  return values.empty() ? undefined : sum / static_cast<double>(values.size());
}

/// right[seed][post].
using Right = std::vector<std::vector<double>>;

Interval accuracy_of(const Right& right, const BootstrapOptions& bootstrap) {
  if (right.size() == 1) return mean_interval(right[0], bootstrap);
  std::vector<double> by_seed;
  for (const auto& r : right) by_seed.push_back(mean_of(r));
  return student_interval(by_seed, bootstrap.level);
}

Interval difference_of(const Right& random, const Right& method, const BootstrapOptions& bootstrap) {
  if (method.size() == 1) return paired_difference(random[0], method[0], bootstrap);
  std::vector<double> by_seed;
  for (std::size_t s = 0; s < method.size(); ++s) by_seed.push_back(mean_of(method[s]) - mean_of(random[s]));
  return student_interval(by_seed, bootstrap.level);
}

}  // namespace

std::string without_words(const std::string& text, const Encoding& encoding, const std::vector<int>& words) {
  std::string out = text;
  for (const int w : words) {
    const Span& s = encoding.words.at(static_cast<std::size_t>(w)).span;
    for (std::int64_t b = s.begin; b < s.end; ++b) out[static_cast<std::size_t>(b)] = ' ';
  }
  if (encoding.cut >= 0) out.resize(static_cast<std::size_t>(encoding.cut));
  return out;
}

std::vector<RoarRun> roar_plan(Store& store, std::int64_t id, const RoarOptions& o) {
  if (o.methods.empty()) throw std::invalid_argument("methods: expected at least one");
  std::set<std::string> seen;
  for (const auto& m : o.methods) {
    if (m != random_method) method_info(m);
    if (!seen.insert(m).second) throw std::invalid_argument(fmt::format("method '{}' is given twice", m));
  }
  if (o.shares.empty()) throw std::invalid_argument("k: expected at least one share of the words (30%)");
  for (const TopK& k : o.shares)
    if (!k.share) throw std::invalid_argument(fmt::format("k: expected a share of the words (30%), got {}", to_string(k)));
  if (o.seeds < 1 || o.seeds > most_seeds) throw std::invalid_argument(fmt::format("seeds: expected 1 to {}, got {}", most_seeds, o.seeds));
  const Judged j = judged(store, id);
  if (store.count_documents({.dataset = j.dataset.id, .split = "test"}) == 0)
    throw std::invalid_argument(fmt::format("data set '{}' has no post in the split 'test'", j.dataset.name));
  std::vector<std::string> methods = {random_method};
  for (const auto& m : o.methods)
    if (m != random_method) methods.push_back(m);
  const std::vector<RunRecord> runs = store.runs();
  std::vector<RoarRun> out;
  for (const TopK& k : o.shares)
    for (const auto& m : methods)
      for (int s = 0; s < o.seeds; ++s) {
        RoarRun r{m, k, j.settings.seed + static_cast<std::uint64_t>(s), {}, {}};
        r.dataset = fmt::format("{}, run {}: without {} by {}", j.dataset.name, id, to_string(k), m);
        r.name = fmt::format("roar of run {}: {} {}, seed {}", id, m, to_string(k), r.seed);
        if (const auto data = derived(store, r.dataset, removal_protocol(j, o, m, k)))
          for (const RunRecord& known : runs)
            if (known.dataset == data->id && known.name == r.name) r.run = known.id, r.status = known.status;
        out.push_back(std::move(r));
      }
  return out;
}

Json roar_cost(Store& store, std::int64_t id, const RoarOptions& o, std::stop_token stop) {
  const auto plan = roar_plan(store, id, o);
  const Judged j = judged(store, id);
  const auto finished = std::count_if(plan.begin(), plan.end(), [](const RoarRun& r) { return r.status == RunStatus::finished; });
  const Json& cost = j.run.cost;
  double each = 0;
  if (cost.is_object() && cost.contains("actual") && cost["actual"].contains("seconds"))
    each = cost["actual"]["seconds"].get<double>();
  else if (finished < static_cast<std::ptrdiff_t>(plan.size()))
    each = predict_cost(store, request_of(j, plan[0], j.dataset.id), {o.compute, true}, stop).seconds;
  // Explanations: the methods that lack a data set, timed on a few posts.
  std::set<std::string> missing;
  for (const RoarRun& r : plan)
    if (r.method != random_method && !derived(store, r.dataset, removal_protocol(j, o, r.method, r.share))) missing.insert(r.method);
  double explaining = 0, wanted = 0;
  if (!missing.empty()) {
    const auto model = load_run(store, j.run, o.compute);
    const auto documents = store.documents({.dataset = j.dataset.id, .limit = static_cast<std::int64_t>(timed_posts)});
    std::vector<ExplainItem> items;
    for (const Document& d : documents) items.push_back({model->tokenizer().encode(d.text, j.settings.max_length), -1, -1});
    for (const auto& m : missing) {
      const auto begin = std::chrono::steady_clock::now();
      explain(*model, items, explain_options(as_evaluation(o), m), stop);
      const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
      explaining += seconds / static_cast<double>(std::max<std::size_t>(1, items.size())) * static_cast<double>(j.dataset.documents);
      wanted += static_cast<double>(j.dataset.documents);
    }
  }
  const double training = each * static_cast<double>(static_cast<std::ptrdiff_t>(plan.size()) - finished);
  return {{"runs", {{"wanted", plan.size()}, {"finished", finished}, {"seconds", training}}}, {"explanations", {{"wanted", wanted}, {"seconds", explaining}}}, {"seconds", training + explaining}};
}

Json roar(Store& store, std::int64_t id, const RoarOptions& o, std::stop_token stop, const ProgressFn& progress) {
  auto plan = roar_plan(store, id, o);
  const Judged j = judged(store, id);
  std::shared_ptr<const Classifier> model;
  Posts posts;
  std::map<std::string, std::vector<std::vector<double>>> scores;
  std::map<std::pair<std::string, std::string>, Right> right;  // by share and method
  std::map<std::pair<std::string, std::string>, Json> runs;
  double done = 0;
  const auto total = static_cast<double>(plan.size());
  // Of each run a part for what goes before, and one for the training.
  const auto inside = [&](double from, double to) -> ProgressFn {
    return [&, from, to](const Progress& p) {
      if (progress) progress({done + from + (to - from) * (p.total > 0 ? p.done / p.total : 0), total, p.what});
    };
  };
  for (RoarRun& wanted : plan) {
    if (stop.stop_requested()) throw Cancelled{};
    const Json protocol = removal_protocol(j, o, wanted.method, wanted.share);
    auto data = derived(store, wanted.dataset, protocol);
    if (!data) {
      if (!model) {
        model = load_run(store, j.run, o.compute);
        posts = read_posts(store, j, *model, stop);
      }
      if (!scores.contains(wanted.method)) scores[wanted.method] = scores_of(store, j, o, *model, posts, wanted.method, stop, inside(0, 0.4));
      data = store.dataset(derive(store, j, wanted, protocol, posts, scores[wanted.method], stop));
    }
    if (!wanted.run) wanted.run = queue_run(store, request_of(j, wanted, data->id));
    TrainCallbacks callbacks;
    callbacks.progress = inside(0.4, 0.99);
    const RunRecord run = train_run(store, *wanted.run, {o.compute, false}, stop, callbacks);
    if (run.status == RunStatus::stopped) throw Cancelled{};
    if (run.status != RunStatus::finished) throw std::runtime_error(fmt::format("run {} ({}) is {}: {}", run.id, run.name, name_of(run.status), run.error));
    const std::pair key{to_string(wanted.share), wanted.method};
    right[key].push_back(right_of(store, j, run, o, stop));
    runs.try_emplace(key, Json::array()).first->second.push_back(run.id);
    ++done;
    if (progress) progress({done, total, "retraining"});
  }
  BootstrapOptions bootstrap;
  bootstrap.resamples = o.resamples;
  bootstrap.seed = o.seed;
  Json rows = Json::array(), methods = Json::array();
  std::set<std::string> told;
  for (const RoarRun& r : plan) {
    const std::pair key{to_string(r.share), r.method};
    if (r.seed != j.settings.seed) continue;  // one row for all seeds
    if (told.insert(r.method).second) methods.push_back({{"method", r.method}, {"protocol", method_protocol(as_evaluation(o), r.method)}});
    const Interval a = accuracy_of(right[key], bootstrap);
    Json row = {{"method", r.method}, {"metric", "roar"}, {"k", key.first}, {"accuracy", finite_or_null(a.value)}, {"low", finite_or_null(a.low)}, {"high", finite_or_null(a.high)}, {"kind", name_of(a.kind)}, {"n", right[key][0].size()}, {"runs", runs[key]}, {"better", "low"}};
    for (const auto& s : right[key]) row["by_seed"].push_back(finite_or_null(mean_of(s)));
    if (r.method != random_method) {
      const Interval d = difference_of(right[{key.first, random_method}], right[key], bootstrap);
      row["difference"] = {{"value", finite_or_null(d.value)}, {"low", finite_or_null(d.low)}, {"high", finite_or_null(d.high)}, {"kind", name_of(d.kind)}, {"clear", clear_difference(d)}};
    }
    rows.push_back(std::move(row));
  }
  const double whole = mean_of(right_of(store, j, j.run, o, stop));
  return {{"protocol",
           {{"run", id}, {"model", j.run.fingerprint}, {"dataset", j.dataset.name}, {"split", "test"}, {"class", "predicted"}, {"seeds", o.seeds}, {"seed", o.seed}, {"max_length", j.settings.max_length},
            {"precision", name_of(o.compute.precision)}, {"resamples", o.resamples}, {"interval", o.seeds > 1 ? "Student over seeds" : "bootstrap over posts"}, {"methods", methods}}},
          {"whole", {{"accuracy", finite_or_null(whole)}}},
          {"rows", rows}};
}

}  // namespace telltale
