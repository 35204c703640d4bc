#include "evaluation/comparison.hpp"

#include <chrono>
#include <stdexcept>

#include "evaluation/comparison_data.hpp"

namespace telltale {

Json compare_runs(Store& store, const ComparisonOptions& options, std::stop_token stop, const ProgressFn& progress) {
  if (options.top < 1 || options.top > 1000) throw std::invalid_argument("top: expected 1 to 1000, got " + std::to_string(options.top));
  if (options.resamples < 100 || options.resamples > 1000000) throw std::invalid_argument("resamples: expected 100 to 1000000, got " + std::to_string(options.resamples));
  if (options.limit < 0) throw std::invalid_argument("limit: expected 0 (all posts) or more, got " + std::to_string(options.limit));
  if (options.explain.output == Output::difference) throw std::invalid_argument("output difference: a comparison explains the gold class without a foil; choose probability, logit or log-odds");
  const auto begin = std::chrono::steady_clock::now();
  ComparisonData data;
  data.options = options;
  choose_runs(store, data);
  gather(store, data, stop, progress);
  Json document = document_of(data, stop, progress);
  document["seconds"] = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  ComparisonRecord record;
  for (const ComparedRun& run : data.runs) record.runs.push_back(run.record.id);
  record.protocol = document["protocol"];
  record.result = document;
  store.add_comparison(record);
  return document;
}

}  // namespace telltale
