#include "evaluation/evaluation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <stdexcept>
#include <thread>

#include "attribution/explain.hpp"
#include "attribution/removal.hpp"
#include "evaluation/comparison_data.hpp"
#include "evaluation/contrastivity.hpp"
#include "evaluation/explained.hpp"

namespace telltale {
namespace {

Json number(double v) { return std::isfinite(v) ? Json(v) : Json(nullptr); }

const ContrastivityMetric* pair_metric(const std::string& id) {
  const std::string base = metric_info(id).id;
  for (const auto& m : all_contrastivity_metrics) {
    std::string name = id_of(m, 1);
    if (const auto at = name.find('@'); at != name.npos) name = name.substr(0, at) + "@k";
    if (name == base) return &m;
  }
  return nullptr;
}

class Evaluation {
 public:
  Evaluation(const Classifier& model, const std::vector<EvaluationPost>& posts, const EvaluationOptions& options, std::stop_token stop, const ProgressFn& progress, Store* store, std::optional<std::int64_t> run)
      : model_(model), posts_(posts), o_(options), stop_(std::move(stop)), progress_(progress), store_(store), run_(run) {
    bootstrap_.resamples = o_.resamples;
    bootstrap_.seed = o_.judge.seed;
    judge_ = o_.judge;
    judge_.output = o_.explain.output;
    check();
  }

  Json run() {
    encode();
    if (!post_metrics_.empty()) judge_posts();
    for (const auto& [k, ids] : pair_metrics_) judge_pairs(k, ids);
    Json rows = Json::array();
    for (const auto& method : o_.methods)  // in the order asked, whatever was computed first
      for (const auto& metric : o_.metrics) rows.push_back(rows_.at({method, metric}));
    Json out = {{"protocol", protocol()}, {"rows", rows}};
    if (o_.per_post) out["posts"] = per_post_;
    return out;
  }

 private:
  void check() {
    if (o_.methods.empty()) throw std::invalid_argument("methods: expected at least one");
    if (o_.metrics.empty()) throw std::invalid_argument("metrics: expected at least one");
    if (o_.resamples < 100 || o_.resamples > 1000000) throw std::invalid_argument(fmt::format("resamples: expected 100 to 1000000, got {}", o_.resamples));
    if (posts_.empty()) throw std::invalid_argument("no post to evaluate on");
    std::set<std::string> seen;
    for (const auto& m : o_.methods) {
      if (!seen.insert(m).second) throw std::invalid_argument(fmt::format("method '{}' is given twice", m));
      if (m != random_method) try {
          method_info(m);
        } catch (const std::invalid_argument& e) {
          throw std::invalid_argument(fmt::format("{}, {}", e.what(), random_method));
        }
    }
    seen.clear();
    for (const auto& id : o_.metrics) {
      const MetricInfo& info = metric_info(id);
      if (!seen.insert(id).second) throw std::invalid_argument(fmt::format("metric '{}' is given twice", id));
      if (info.level == "post") {
        post_metrics_.push_back(id);
        continue;
      }
      if (o_.unit != Unit::word) throw std::invalid_argument(fmt::format("metric '{}' compares words: it needs unit word", id));
      if (info.needs == "training posts" && !run_) throw std::invalid_argument(fmt::format("metric '{}' needs the training posts: it works with a run of a file, not with --model", id));
      int top = 10;
      if (const auto given = k_in(id)) {
        if (given->share) throw std::invalid_argument(fmt::format("metric '{}': k is a number of words here, not a share", id));
        top = static_cast<int>(given->value);
      } else if (info.uses_k && !o_.judge.k.share) {
        top = static_cast<int>(o_.judge.k.value);
      }
      pair_metrics_[top].push_back(id);
    }
    if (!o_.foil.empty()) {
      if (o_.explain.output != Output::difference) throw std::invalid_argument("a foil is used with output difference only");
      foil_ = model_.class_index(o_.foil);
    }
    if (o_.explain.output == Output::difference && model_.labels().size() < 2) throw std::invalid_argument("output difference needs two classes, this model has one");
    if (o_.gold && std::all_of(posts_.begin(), posts_.end(), [](const EvaluationPost& p) { return p.label < 0; })) throw std::invalid_argument("class gold: no post has a known class");
  }

  ExplainOptions options_of(const std::string& method, Unit unit) const {
    ExplainOptions e = o_.explain;
    e.method = method;
    e.unit = unit;
    if (method == "occlusion") e.removal = o_.judge.removal;
    e.precision = o_.compute.precision;
    return e;
  }

  void encode() {
    const int length = model_.max_length(o_.max_length);
    for (const EvaluationPost& post : posts_) {
      try {
        encodings_.push_back(model_.tokenizer().encode(post.text, length));
      } catch (const std::runtime_error& e) {
        throw std::runtime_error(fmt::format("post {}: {}", post.id.dump(), e.what()));
      }
    }
    predictions_ = model_.predict(encodings_, stop_, [&](const Progress& p) {
      if (progress_) progress_({p.done, p.total, "classifying"});
    });
  }

  int foil_of(std::size_t post, int target) const {
    if (o_.explain.output != Output::difference) return -1;
    if (foil_ >= 0) return foil_;
    const auto& z = predictions_[post].logits;
    int best = -1;
    for (int c = 0; c < static_cast<int>(z.size()); ++c)
      if (c != target && (best < 0 || z[static_cast<std::size_t>(c)] > z[static_cast<std::size_t>(best)])) best = c;
    return best;
  }

  /// Posts, by index, that are explained, each with its class and foil.
  struct Asked {
    std::size_t post;
    int target, foil;
  };

  std::vector<Scored> scores_of(const std::string& method, const std::vector<Asked>& asked, Unit unit) {
    std::vector<Scored> out;
    if (method == random_method) {
      const auto specials = model_.tokenizer().specials();
      for (const Asked& a : asked) {
        Scored s{a.target, a.foil, {}, {}, 0, 0, undefined};
        const Encoding& e = encodings_[a.post];
        const auto key = posts_[a.post].document > 0 ? static_cast<std::uint64_t>(posts_[a.post].document) : a.post + 1;
        s.word_scores = random_scores(e.words.size(), mix_target(a.target), key);
        s.scores = random_scores(e.ids.size(), mix_target(a.target), key);
        for (std::size_t t = 0; t < e.ids.size(); ++t)
          if (specials.special(e.ids[t])) s.scores[t] = 0;
        out.push_back(std::move(s));
      }
      return out;
    }
    std::vector<ExplainRequest> requests;
    for (const Asked& a : asked) requests.push_back({posts_[a.post].document, &encodings_[a.post], a.target, a.foil});
    auto got = explained(store_, run_, model_, requests, options_of(method, unit), stop_, progress_, "explaining: " + method_info(method).name);
    return std::move(got.posts);
  }
  std::uint64_t mix_target(int target) const { return judge_.seed * 1000003 + static_cast<std::uint64_t>(target); }

  void judge_posts() {
    std::vector<Asked> asked;
    std::size_t unlabelled = 0, own_foil = 0;
    for (std::size_t i = 0; i < posts_.size(); ++i) {
      const int target = o_.gold ? posts_[i].label : predictions_[i].predicted;
      if (target < 0) {
        ++unlabelled;
        continue;
      }
      const int foil = foil_of(i, target);
      if (foil == target)
        ++own_foil;
      else
        asked.push_back({i, target, foil});
    }
    if (unlabelled > 0) notes_.push_back(fmt::format("{} posts without a class are left out.", unlabelled));
    if (own_foil > 0) notes_.push_back(fmt::format("{} posts whose explained class is the foil are left out.", own_foil));
    if (asked.empty()) throw std::invalid_argument("no post is left to evaluate on: every explained class is the foil");

    const SpecialIds specials = model_.tokenizer().specials();
    std::vector<JudgedPost> judged;
    for (const Asked& a : asked) {
      JudgedPost post{encodings_[a.post], parts_of(encodings_[a.post], specials, o_.unit), {}, posts_[a.post].document > 0 ? static_cast<std::uint64_t>(posts_[a.post].document) : a.post + 1};
      const auto& spans = posts_[a.post].spans;
      if (!spans.empty())
        for (const Part& part : post.parts)
          post.marked.push_back(std::any_of(spans.begin(), spans.end(), [&](const MarkedSpan& s) { return s.kind == "telling" && s.begin < part.span.end && part.span.begin < s.end; }));
      judged.push_back(std::move(post));
    }
    if (judge_.rationale_k == 0) judge_.rationale_k = average_marked(judged);

    std::vector<std::vector<JudgedScores>> sets;
    for (const auto& method : o_.methods) {
      auto& set = sets.emplace_back();
      const auto scores = scores_of(method, asked, o_.unit);
      for (std::size_t i = 0; i < asked.size(); ++i) {
        JudgedScores s{asked[i].target, asked[i].foil, {}, scores[i].relative_delta};
        if (o_.unit == Unit::word) {
          s.scores = scores[i].word_scores;
        } else {
          for (const Part& part : judged[i].parts) s.scores.push_back(scores[i].scores.at(static_cast<std::size_t>(part.positions.front())));
        }
        set.push_back(std::move(s));
      }
    }
    const Baseline baseline = o_.explain.baseline;
    const Probe probe{[&](const std::vector<ModelInput>& inputs) { return model_.predict(inputs, stop_); },
                      [&](const Encoding& text, const std::vector<int>& hidden, Removal rule) { return without(text, hidden, rule, specials, baseline); }};
    const auto values = judge(probe, judged, sets, post_metrics_, judge_, stop_, progress_);
    for (std::size_t m = 0; m < o_.methods.size(); ++m)
      for (std::size_t k = 0; k < post_metrics_.size(); ++k) {
        const auto& of_posts = values[m][k];
        const Interval i = mean_interval(of_posts, bootstrap_);
        const auto n = std::count_if(of_posts.begin(), of_posts.end(), [](double v) { return !std::isnan(v); });
        rows_[{o_.methods[m], post_metrics_[k]}] = row(o_.methods[m], post_metrics_[k], i, n);
        if (o_.per_post)
          for (std::size_t p = 0; p < of_posts.size(); ++p)
            per_post_.push_back({{"id", posts_[asked[p].post].id}, {"method", o_.methods[m]}, {"metric", post_metrics_[k]}, {"value", number(of_posts[p])}});
      }
  }

  static Json row(const std::string& method, const std::string& metric, const Interval& i, std::int64_t n) {
    return {{"method", method}, {"metric", metric}, {"mean", number(i.value)}, {"low", number(i.low)}, {"high", number(i.high)}, {"kind", name_of(i.kind)}, {"n", n}, {"better", metric_info(metric).better}};
  }

  void judge_pairs(int top, const std::vector<std::string>& ids) {
    const int classes = static_cast<int>(model_.labels().size());
    const bool cosine = std::any_of(ids.begin(), ids.end(), [](const std::string& id) { return *pair_metric(id) == ContrastivityMetric::class_cosine; });
    ContrastivityInput in;
    in.classes = classes;
    in.top = top;
    Vocabulary vocabulary;
    std::vector<Asked> asked;
    for (std::size_t i = 0; i < posts_.size(); ++i) {
      if (posts_[i].label < 0) continue;
      in.labels.push_back(posts_[i].label);
      in.words.push_back(words_of(posts_[i].text, encodings_[i], vocabulary));
      for (int c = 0; c < classes; ++c)
        if (cosine || c == posts_[i].label) asked.push_back({i, c, foil_of(i, c)});
    }
    if (in.labels.empty()) throw std::invalid_argument(fmt::format("metric '{}' compares classes: no post has a known class", ids.front()));
    if (o_.explain.output == Output::difference) throw std::invalid_argument(fmt::format("metric '{}' explains the gold class without a foil; choose output probability, logit or log-odds", ids.front()));
    in.vocabulary = vocabulary.size();
    in.train = training_counts(vocabulary);
    for (const auto& method : o_.methods) {
      auto& a = in.attributors.emplace_back();
      const auto scores = scores_of(method, asked, Unit::word);
      for (std::size_t k = 0; k < asked.size(); ++k) {
        if (cosine && asked[k].target == 0) a.by_class.emplace_back();
        if (cosine) a.by_class.back().push_back(scores[k].word_scores);
        if (asked[k].target == posts_[asked[k].post].label) a.gold.push_back(scores[k].word_scores);
      }
    }
    if (progress_) progress_({0, 0, "resampling"});
    const int threads = o_.compute.threads > 0 ? o_.compute.threads : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
    const auto result = contrastivity(in, bootstrap_, threads, [&] { return stop_.stop_requested(); });
    for (std::size_t m = 0; m < o_.methods.size(); ++m)
      for (const auto& id : ids) {
        const ContrastivityMetric metric = *pair_metric(id);
        const auto n = [&](std::size_t pair) { return result.posts[pair][static_cast<std::size_t>(metric)]; };
        Json r = row(o_.methods[m], id, result.value(m, metric, result.pairs.size()), n(result.pairs.size()));
        r["pairs"] = Json::array();
        for (std::size_t p = 0; p < result.pairs.size(); ++p) {
          const Interval& i = result.value(m, metric, p);
          r["pairs"].push_back({{"a", model_.labels()[static_cast<std::size_t>(result.pairs[p].first)]}, {"b", model_.labels()[static_cast<std::size_t>(result.pairs[p].second)]},
                                {"mean", number(i.value)}, {"low", number(i.low)}, {"high", number(i.high)}, {"kind", name_of(i.kind)}, {"n", n(p)}});
        }
        rows_[{o_.methods[m], id}] = std::move(r);
      }
  }

  DocumentCounts training_counts(const Vocabulary& vocabulary) {
    DocumentCounts counts(static_cast<int>(model_.labels().size()), vocabulary.size());
    if (!store_ || !run_) return counts;
    Store::DocumentFilter filter;
    filter.dataset = store_->run(*run_).dataset;
    filter.split = "train";
    const int length = model_.max_length(o_.max_length);
    store_->each_document(filter, [&](Document&& d) {
      if (stop_.stop_requested()) throw Cancelled{};
      if (d.label >= 0 && d.label < counts.classes()) counts.add(d.label, known_words_of(d.text, model_.tokenizer().encode(d.text, length), vocabulary));
    });
    return counts;
  }

  Json protocol() const {
    Json methods = Json::array();
    for (const auto& m : o_.methods)
      methods.push_back({{"method", m}, {"protocol", m == random_method ? Json{{"method", m}, {"scores", "standard normal"}, {"seed", judge_.seed}} : protocol_of(options_of(m, o_.unit))}});
    Json of_metrics = Json::object();
    for (const auto& id : o_.metrics) {
      const std::string base = metric_info(id).id;
      if (base == "infidelity") of_metrics[id] = {{"subsets", judge_.infidelity_samples}, {"share", 0.5}, {"removal", "baseline"}, {"scores", o_.unit == Unit::word ? "per word" : "per piece"}};
      if (base == "robust-fidelity") of_metrics[id] = {{"draws", judge_.fidelity_samples}, {"alpha1", judge_.alpha1}, {"alpha2", judge_.alpha2}};
      if (base == "aopc-comprehensiveness" || base == "aopc-sufficiency") of_metrics[id] = {{"bins", judge_.bins}};
      if (base == "token-f1" || base == "iou-f1") of_metrics[id] = {{"k", judge_.rationale_k}};
      if (pair_metric(id)) of_metrics[id] = {{"class", "gold"}, {"sign", "positive"}, {"resampled", "posts, within each gold class"}};
    }
    return {{"run", run_ ? Json(*run_) : Json(nullptr)},
            {"model", model_.fingerprint()},
            {"output", name_of(o_.explain.output)},
            {"class", o_.gold ? "gold" : "predicted"},
            {"foil", foil_ >= 0 ? Json(model_.labels()[static_cast<std::size_t>(foil_)]) : Json(nullptr)},
            {"removal", name_of(judge_.removal)},
            {"baseline", name_of(o_.explain.baseline)},
            {"k", to_string(judge_.k)},
            {"unit", name_of(o_.unit)},
            {"sign", judge_.absolute ? "absolute" : "signed"},
            {"posts", posts_.size()},
            {"seed", judge_.seed},
            {"max_length", model_.max_length(o_.max_length)},
            {"precision", name_of(o_.compute.precision)},
            {"compute", compute_description()},
            {"intervals", {{"kind", "BCa"}, {"level", bootstrap_.level}, {"resamples", bootstrap_.resamples}, {"resampled", "posts"}}},
            {"methods", methods},
            {"metrics", of_metrics},
            {"notes", notes_}};
  }

  const Classifier& model_;
  const std::vector<EvaluationPost>& posts_;
  const EvaluationOptions& o_;
  std::stop_token stop_;
  const ProgressFn& progress_;
  Store* store_;
  std::optional<std::int64_t> run_;
  BootstrapOptions bootstrap_;
  JudgeOptions judge_;
  int foil_ = -1;
  std::vector<std::string> post_metrics_, notes_;
  std::map<int, std::vector<std::string>> pair_metrics_;  // by k
  std::vector<Encoding> encodings_;
  std::vector<Prediction> predictions_;
  std::map<std::pair<std::string, std::string>, Json> rows_;
  Json per_post_ = Json::array();
};

}  // namespace

Json evaluate_posts(const Classifier& model, const std::vector<EvaluationPost>& posts, const EvaluationOptions& options, std::stop_token stop, const ProgressFn& progress, Store* store, std::optional<std::int64_t> run) {
  return Evaluation(model, posts, options, std::move(stop), progress, store, run).run();
}

Json evaluate_run(Store& store, std::int64_t id, const EvaluationOptions& given, std::stop_token stop, const ProgressFn& progress) {
  EvaluationOptions options = given;
  const RunRecord run = store.run(id);
  if (run.status != RunStatus::finished || run.folder.empty()) throw std::runtime_error(fmt::format("run {} ({}) is {}: only a finished run can be evaluated", id, run.name, name_of(run.status)));
  const DatasetInfo dataset = store.dataset(run.dataset);
  const auto model = Classifier::load(store.folder() / run.folder, options.compute);
  if (model->labels() != dataset.classes)
    throw std::runtime_error(fmt::format("run {}: its model knows the classes {}, data set '{}' has {}", id, fmt::join(model->labels(), ", "), dataset.name, fmt::join(dataset.classes, ", ")));
  if (options.max_length == 0 && run.settings.is_object() && run.settings.contains("max_length") && run.settings["max_length"].is_number_integer()) options.max_length = run.settings["max_length"].get<int>();
  Store::DocumentFilter filter;
  filter.dataset = dataset.id;
  filter.split = options.split;
  auto documents = store.documents(filter);
  if (documents.empty()) throw std::invalid_argument(fmt::format("split '{}': data set '{}' has no post in it", options.split, dataset.name));
  std::vector<int> labels;
  for (const Document& d : documents) labels.push_back(d.label);
  std::vector<EvaluationPost> posts;
  for (const std::size_t i : stratified_sample(labels, options.limit, options.judge.seed)) {
    Document& d = documents[i];
    posts.push_back({d.id, d.id, std::move(d.text), d.label, std::move(d.spans)});
  }
  Json out = evaluate_posts(*model, posts, options, std::move(stop), progress, &store, id);
  out["protocol"]["dataset"] = dataset.name;
  out["protocol"]["split"] = options.split;
  out["protocol"]["sample_of"] = documents.size();
  return out;
}

}  // namespace telltale
