#include "evaluation/explained.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace telltale {
namespace {

constexpr std::size_t batch_posts = 32;  // explained and stored together: enough to pack by length, little to lose

double relative(double delta, double value, double baseline_value) {
  if (std::isnan(delta) || std::isnan(baseline_value)) return std::numeric_limits<double>::quiet_NaN();
  return delta / std::max(1e-3, std::abs(value - baseline_value));
}

}  // namespace

ExplanationRecord explanation_record(const Explanation& e, const Encoding& encoding, const Classifier& model, std::optional<std::int64_t> run, std::int64_t document) {
  ExplanationRecord r;
  r.fingerprint = model.fingerprint();
  r.run = run;
  r.document = document;
  r.method = e.options.method;
  r.protocol = protocol_of(e.options);
  r.target = e.target;
  r.foil = e.foil;
  r.value = e.value;
  r.baseline_value = e.baseline_value;
  r.delta = e.delta;
  r.steps = e.steps;
  r.prediction = {{"logits", e.prediction.logits}, {"predicted", e.prediction.predicted}};
  if (!e.standard_error.empty()) r.prediction["standard_error"] = e.standard_error;
  if (!e.details.is_null()) r.prediction["details"] = e.details;
  r.ids = encoding.ids;
  r.offsets = encoding.offsets;
  r.scores = e.scores;
  for (const Word& w : encoding.words) r.words.push_back(w.span);
  r.word_scores = e.word_scores;
  return r;
}

std::optional<ExplanationRecord> stored_explanation(Store& store, const Classifier& model, std::int64_t document, ExplainOptions options, int target, int foil, const std::string& text) {
  const auto look = [&](Precision precision) {
    options.precision = precision;
    return store.find_explanation(model.fingerprint(), document, protocol_of(options), target, options.output == Output::difference ? foil : -1, text);
  };
  const Precision own = model.explanation_precision();
  // Where fp32 scores are at hand they serve automatic precision too.
  if (model.prediction_precision() != own)
    if (auto found = look(Precision::fp32)) return found;
  return look(own);
}

ScoredPosts explained(Store* store, std::optional<std::int64_t> run, const Classifier& model, const std::vector<ExplainRequest>& requests,
                      const ExplainOptions& options, std::stop_token stop, const ProgressFn& progress, const std::string& what) {
  ScoredPosts out;
  out.posts.resize(requests.size());
  std::vector<std::size_t> missing;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    if (stop.stop_requested()) throw Cancelled{};
    const ExplainRequest& q = requests[i];
    const auto found = store ? stored_explanation(*store, model, q.document, options, q.target, q.foil) : std::nullopt;
    if (!found || found->ids != q.encoding->ids || found->word_scores.size() != q.encoding->words.size()) {
      missing.push_back(i);
      continue;
    }
    out.posts[i] = {found->target, found->foil, found->scores, found->word_scores, found->value, found->baseline_value, relative(found->delta, found->value, found->baseline_value)};
    ++out.stored;
  }
  // Posts of like length together: less padding, and a batch costs about the same from the first to the last, so time left is honest.
  std::stable_sort(missing.begin(), missing.end(), [&](std::size_t a, std::size_t b) { return requests[a].encoding->ids.size() > requests[b].encoding->ids.size(); });
  double ids = 0, done = 0;
  for (const std::size_t i : missing) ids += static_cast<double>(requests[i].encoding->ids.size());
  for (std::size_t begin = 0; begin < missing.size();) {
    std::size_t end = std::min(missing.size(), begin + batch_posts);
    while (end < missing.size() && requests[missing[end]].encoding == requests[missing[end - 1]].encoding) ++end;  // occlusion shares its passes over the classes of a text
    if (progress) progress({done * static_cast<double>(missing.size()) / std::max(1.0, ids), static_cast<double>(missing.size()), what});
    std::vector<ExplainItem> items;
    for (std::size_t k = begin; k < end; ++k) items.push_back({*requests[missing[k]].encoding, requests[missing[k]].target, options.output == Output::difference ? requests[missing[k]].foil : -1});
    const auto explanations = explain(model, items, options, stop);
    std::vector<ExplanationRecord> records;
    for (std::size_t k = begin; k < end; ++k) {
      const ExplainRequest& q = requests[missing[k]];
      const Explanation& e = explanations[k - begin];
      out.posts[missing[k]] = {e.target, e.foil, e.scores, e.word_scores, e.value, e.baseline_value, relative(e.delta, e.value, e.baseline_value)};
      if (store) records.push_back(explanation_record(e, *q.encoding, model, run, q.document));
      done += static_cast<double>(q.encoding->ids.size());
    }
    if (store) store->add_explanations(records);
    out.computed += static_cast<std::int64_t>(end - begin);
    begin = end;
  }
  if (progress && !missing.empty()) progress({static_cast<double>(missing.size()), static_cast<double>(missing.size()), what});
  return out;
}

}  // namespace telltale
