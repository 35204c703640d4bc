// What can be asked of an evaluation together, and what cannot.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <stdexcept>

#include "attribution/explain.hpp"
#include "attribution/output_function.hpp"
#include "evaluation/agreement.hpp"
#include "evaluation/evaluation_job.hpp"
#include "evaluation/protocol.hpp"
#include "evaluation/slices.hpp"

namespace telltale {

void EvaluationJob::check() {
  if (o_.methods.empty()) throw std::invalid_argument("methods: expected at least one");
  if (o_.metrics.empty() && o_.agreement.empty()) throw std::invalid_argument("metrics: expected at least one");
  check_judge_options(o_.judge);
  if (o_.explain.baseline > Baseline::zero)
    throw std::invalid_argument(fmt::format("baseline {}: an evaluation also hides words by it: expected pad, mask, unk or zero", name_of(o_.explain.baseline)));
  if (o_.resamples < 100 || o_.resamples > 1000000)
    throw std::invalid_argument(fmt::format("resamples: expected 100 to 1000000, got {}", o_.resamples));
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
    if (info.level == "retraining")
      throw std::invalid_argument(
          fmt::format("metric '{}' trains the model again for each method: telltale roar does", id));
    if (!seen.insert(id).second) throw std::invalid_argument(fmt::format("metric '{}' is given twice", id));
    if (info.level == "post") {
      if (info.needs.starts_with("training posts") && !keeps())
        throw std::invalid_argument(fmt::format(
            "metric '{}' resamples words from the training posts: it works with a run of a file, not with --model",
            id));
      resampling_ = resampling_ || info.needs.starts_with("training posts");
      if (info.needs == "runs of other seeds" && (!keeps() || o_.peers.empty()))
        throw std::invalid_argument(
            fmt::format("metric '{}' compares runs of different seeds: name the others (--seeds)", id));
      consistency_ = consistency_ || info.needs == "runs of other seeds";
      nearby_ = nearby_ || info.needs == "explanations near by";
      post_metrics_.push_back(id);
      continue;
    }
    if (o_.unit != Unit::word)
      throw std::invalid_argument(fmt::format("metric '{}' compares words: it needs unit word", id));
    if (info.needs == "training posts" && !run_)
      throw std::invalid_argument(
          fmt::format("metric '{}' needs the training posts: it works with a run of a file, not with --model", id));
    words_compared(o_, id);
    pair_metrics_.push_back(id);
  }
  seen.clear();
  for (const auto& id : o_.agreement) {
    agreement_info(id);
    if (!seen.insert(id).second) throw std::invalid_argument(fmt::format("agreement '{}' is given twice", id));
    if (o_.methods.size() < 2) throw std::invalid_argument(fmt::format("agreement '{}' is one of two methods: expected at least two", id));
  }
  std::vector<SlicedPost> sliced;
  for (const EvaluationPost& p : posts_)
    sliced.push_back({p.label, p.label, static_cast<std::int64_t>(p.text.size()), p.columns});
  for (const auto& by : o_.slices)  // refused before the work, not after it
    if (slicing(by, sliced, model_.labels()).slices.empty()) throw std::invalid_argument(fmt::format("slices: '{}' needs the class of a post, and no post has one", by));
  if (!o_.foil.empty()) {
    if (o_.explain.output != Output::difference)
      throw std::invalid_argument("a foil is used with output difference only");
    foil_ = model_.class_index(o_.foil);
    o_.foil = model_.labels()[static_cast<std::size_t>(foil_)];  // one name for it, however it was given
  }
  check_output(o_.explain.output, static_cast<int>(model_.labels().size()));
  if (o_.gold && std::all_of(posts_.begin(), posts_.end(), [](const EvaluationPost& p) { return p.label < 0; }))
    throw std::invalid_argument("class gold: no post has a known class");
}

}  // namespace telltale
