// Metrics of pairs of classes: each method on the whole sample.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <stdexcept>
#include <thread>

#include "evaluation/comparison_data.hpp"
#include "evaluation/evaluation_job.hpp"
#include "evaluation/protocol.hpp"

namespace telltale {
namespace {

const ContrastivityMetric* pair_metric(const std::string& id) {
  const std::string base = metric_info(id).id;
  for (const auto& m : all_contrastivity_metrics) {
    std::string name = id_of(m, 1);
    if (const auto at = name.find('@'); at != name.npos) name = name.substr(0, at) + "@k";
    if (name == base) return &m;
  }
  return nullptr;
}

}  // namespace

void EvaluationJob::judge_pairs() {
  if (o_.explain.output == Output::difference)
    throw std::invalid_argument(
        fmt::format("metric '{}' explains the gold class without a foil; choose output probability, logit or log-odds",
                    pair_metrics_.front()));
  if (std::all_of(posts_.begin(), posts_.end(), [](const EvaluationPost& p) { return p.label < 0; }))
    throw std::invalid_argument(
        fmt::format("metric '{}' compares classes: no post has a known class", pair_metrics_.front()));
  for (const auto& method :
       o_.methods) {  // each by itself: what stands in a row does not depend on the others asked for
    std::map<int, std::vector<std::string>> by_k;
    for (const auto& id : pair_metrics_) {
      const auto measure = keeps()
                               ? store_->find_measure(model_.fingerprint(), measure_protocol(settings_, o_, method, id))
                               : std::nullopt;
      if (const auto result = measure ? store_->measure_result(*measure) : std::nullopt) {
        rows_[{method, id}] = *result;
        rows_[{method, id}]["metric"] = id;
        ++values_stored_;
      } else {
        by_k[words_compared(o_, id)].push_back(id);
      }
    }
    for (const auto& [k, ids] : by_k) judge_pairs(method, k, ids);
  }
}

void EvaluationJob::judge_pairs(const std::string& method, int top, const std::vector<std::string>& ids) {
  if (stop_.stop_requested()) throw Cancelled{};
  const int classes = static_cast<int>(model_.labels().size());
  const bool cosine = std::any_of(ids.begin(), ids.end(), [](const std::string& id) {
    return *pair_metric(id) == ContrastivityMetric::class_cosine;
  });
  ContrastivityInput in;
  in.classes = classes;
  in.top = top;
  if (words_.empty()) {
    for (std::size_t i = 0; i < posts_.size(); ++i)
      if (posts_[i].label >= 0) words_.push_back(words_of(posts_[i].text, encodings_[i], vocabulary_));
    train_ = training_counts(vocabulary_);
  }
  std::vector<Asked> asked;
  for (std::size_t i = 0; i < posts_.size(); ++i) {
    if (posts_[i].label < 0) continue;
    in.labels.push_back(posts_[i].label);
    for (int c = 0; c < classes; ++c)
      if (cosine || c == posts_[i].label) asked.push_back({i, c, -1});
  }
  in.words = words_;
  in.vocabulary = vocabulary_.size();
  in.train = *train_;
  auto& a = in.attributors.emplace_back();
  const auto scores = scores_of(method, asked, Unit::word, progress_);
  for (std::size_t k = 0; k < asked.size(); ++k) {
    if (cosine && asked[k].target == 0) a.by_class.emplace_back();
    if (cosine) a.by_class.back().push_back(scores[k].word_scores);
    if (asked[k].target == posts_[asked[k].post].label) a.gold.push_back(scores[k].word_scores);
  }
  if (progress_) progress_({0, 0, "resampling"});
  const int threads =
      o_.compute.threads > 0 ? o_.compute.threads : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  const auto result = contrastivity(in, bootstrap_, threads, [&] { return stop_.stop_requested(); });
  for (const auto& id : ids) {
    const ContrastivityMetric metric = *pair_metric(id);
    const auto n = [&](std::size_t pair) { return result.posts[pair][static_cast<std::size_t>(metric)]; };
    Json r = row(method, id, result.value(0, metric, result.pairs.size()), n(result.pairs.size()));
    r["pairs"] = Json::array();
    for (std::size_t p = 0; p < result.pairs.size(); ++p) {
      const Interval& i = result.value(0, metric, p);
      r["pairs"].push_back({{"a", model_.labels()[static_cast<std::size_t>(result.pairs[p].first)]},
                            {"b", model_.labels()[static_cast<std::size_t>(result.pairs[p].second)]},
                            {"mean", finite_or_null(i.value)},
                            {"low", finite_or_null(i.low)},
                            {"high", finite_or_null(i.high)},
                            {"kind", name_of(i.kind)},
                            {"n", n(p)}});
    }
    if (keeps())
      store_->set_measure_result(store_->add_measure(model_.fingerprint(), measure_protocol(settings_, o_, method, id)),
                                 r);
    ++values_computed_;
    rows_[{method, id}] = std::move(r);
  }
}

DocumentCounts EvaluationJob::training_counts(const Vocabulary& vocabulary) {
  DocumentCounts counts(static_cast<int>(model_.labels().size()), vocabulary.size());
  if (!store_ || !run_) return counts;
  Store::DocumentFilter filter;
  filter.dataset = store_->run(*run_).dataset;
  filter.split = "train";
  store_->each_document(filter, [&](Document&& d) {
    if (stop_.stop_requested()) throw Cancelled{};
    if (d.label >= 0 && d.label < counts.classes())
      counts.add(d.label, known_words_of(d.text, model_.tokenizer().encode(d.text, o_.max_length), vocabulary));
  });
  return counts;
}

}  // namespace telltale
