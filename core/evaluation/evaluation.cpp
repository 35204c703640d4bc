#include "evaluation/evaluation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "evaluation/comparison_data.hpp"
#include "evaluation/evaluation_job.hpp"
#include "evaluation/protocol.hpp"
#include "store/columns.hpp"
#include "store/marks.hpp"
#include "training/trainer.hpp"

namespace telltale {

EvaluationJob::EvaluationJob(const Classifier& model, const std::vector<EvaluationPost>& posts,
                             const EvaluationOptions& options, std::stop_token stop, const ProgressFn& progress,
                             Store* store, std::optional<std::int64_t> run)
    : model_(model), posts_(posts), o_(options), stop_(std::move(stop)), progress_(progress), store_(store), run_(run) {
  o_.max_length = model_.max_length(o_.max_length);
  o_.judge.output = o_.explain.output;
  bootstrap_.resamples = o_.resamples;
  bootstrap_.seed = o_.judge.seed;
  judge_ = o_.judge;
  check();
  settings_ = settings_json(o_, store_ && run_ ? store_->dataset(store_->run(*run_).dataset).name : std::string(),
                            model_.prediction_precision());
}

Json EvaluationJob::run() {
  if (store_ && run_) store_->add_evaluation(model_.fingerprint(), settings_);
  encode();
  if (!post_metrics_.empty() || !o_.agreement.empty()) judge_posts();
  if (!pair_metrics_.empty()) judge_pairs();
  Json rows = Json::array();
  for (const auto& method : o_.methods)  // in the order asked, whatever was computed first
    for (const auto& metric : o_.metrics) rows.push_back(rows_.at({method, metric}));
  Json out = {{"protocol", protocol()},
              {"rows", rows},
              {"work",
               {{"values", {{"stored", values_stored_}, {"computed", values_computed_}}},
                {"explanations", {{"stored", explanations_stored_}, {"computed", explanations_computed_}}}}}};
  if (o_.per_post) out["posts"] = per_post_;
  if (!o_.slices.empty()) out["slices"] = slices_;
  if (!o_.agreement.empty()) out["agreement"] = agreement_;
  if (o_.order) out["order"] = order_;
  return out;
}

void EvaluationJob::encode() {
  for (const EvaluationPost& post : posts_) {
    if (stop_.stop_requested()) throw Cancelled{};
    try {
      encodings_.push_back(model_.tokenizer().encode(post.text, o_.max_length));
    } catch (const std::runtime_error& e) {
      throw std::runtime_error(fmt::format("post {}: {}", post.id.dump(), e.what()));
    }
  }
  predictions_.resize(posts_.size());
}

Json evaluate_posts(const Classifier& model, const std::vector<EvaluationPost>& posts, const EvaluationOptions& options,
                    std::stop_token stop, const ProgressFn& progress, Store* store, std::optional<std::int64_t> run) {
  return EvaluationJob(model, posts, options, std::move(stop), progress, store, run).run();
}

int trained_length(const RunRecord& run) {
  const auto it = run.settings.is_object() ? run.settings.find("max_length") : run.settings.end();
  return run.settings.is_object() && it != run.settings.end() && it->is_number_integer() ? it->get<int>() : 0;
}

std::uint64_t random_seed(std::uint64_t seed, int target) {
  return seed * 1000003 + static_cast<std::uint64_t>(target);
}

Json evaluate_run(Store& store, std::int64_t id, const EvaluationOptions& given, std::stop_token stop,
                  const ProgressFn& progress, std::shared_ptr<const Classifier> model) {
  EvaluationOptions options = given;
  const RunRecord run = store.run(id);
  if (run.status != RunStatus::finished || run.folder.empty())
    throw std::runtime_error(
        fmt::format("run {} ({}) is {}: only a finished run can be evaluated", id, run.name, name_of(run.status)));
  const DatasetInfo dataset = store.dataset(run.dataset);
  if (!model) model = load_run(store, run, options.compute);
  if (model->labels() != dataset.classes)
    throw std::runtime_error(fmt::format("run {}: its model knows the classes {}, data set '{}' has {}", id,
                                         fmt::join(model->labels(), ", "), dataset.name,
                                         fmt::join(dataset.classes, ", ")));
  if (options.max_length == 0) options.max_length = trained_length(run);
  options.peer_models.clear();
  for (const std::int64_t peer : options.peers) {
    const RunRecord other = store.run(peer);
    if (peer == id || std::count(options.peers.begin(), options.peers.end(), peer) > 1)
      throw std::invalid_argument(fmt::format("runs of other seeds: run {} is named twice", peer));
    if (other.status != RunStatus::finished || other.folder.empty())
      throw std::invalid_argument(fmt::format("runs of other seeds: run {} is {}", peer, name_of(other.status)));
    if (other.dataset != run.dataset || trained_length(other) != trained_length(run))
      throw std::invalid_argument(
          fmt::format("runs of other seeds: run {} is of another data set or length than run {}", peer, id));
    options.peer_models.push_back(other.fingerprint);
  }
  Store::DocumentFilter filter;
  filter.dataset = dataset.id;
  filter.split = options.split;
  auto documents = store.documents(filter);
  if (documents.empty())
    throw std::invalid_argument(
        fmt::format("split '{}': data set '{}' has no post in it", options.split, dataset.name));
  const ChosenMarks marks(store, dataset.id, options.annotator);
  options.marks = marks.digest();
  std::vector<int> labels;
  for (const Document& d : documents) labels.push_back(d.label);
  if (options.columns.empty() && std::any_of(options.slices.begin(), options.slices.end(), [](const std::string& by) { return by != "class" && by != "right" && by != "length"; }))
    options.columns = kept_columns(store, dataset.id);
  std::vector<EvaluationPost> posts;
  for (const std::size_t i : stratified_sample(labels, options.limit, options.judge.seed)) {
    Document& d = documents[i];
    auto spans = marks.of(d);
    const auto columns = options.columns.find(d.external_id);
    posts.push_back({d.id, d.id, std::move(d.text), d.label, std::move(spans),
                     columns == options.columns.end() ? std::map<std::string, Json>() : columns->second});
  }
  Json out = evaluate_posts(*model, posts, options, std::move(stop), progress, &store, id);
  out["protocol"]["dataset"] = dataset.name;
  out["protocol"]["split"] = options.split;
  out["protocol"]["sample_of"] = documents.size();
  out["protocol"]["annotator"] = options.annotator;
  return out;
}

}  // namespace telltale
