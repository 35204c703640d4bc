// What an evaluation says of every two methods: how far they agree, and how sure their order is.
#include <algorithm>
#include <cmath>

#include "evaluation/agreement.hpp"
#include "evaluation/evaluation_job.hpp"
#include "evaluation/ranking.hpp"

namespace telltale {

void EvaluationJob::agree(const std::vector<JudgedPost>& judged, const std::vector<std::size_t>& asked) {
  // Values that were stored came without the scores: those are in the store too, or are computed here.
  for (std::size_t m = 0; m < o_.methods.size(); ++m) {
    std::vector<Asked> lacking;
    for (const std::size_t i : asked)
      if (agreed_[m][i].empty() && !judged[i].parts.empty()) lacking.push_back({i, known_[i].target, known_[i].foil});
    if (lacking.empty()) continue;
    const auto scores = scores_of(o_.methods[m], lacking, o_.unit, progress_);
    for (std::size_t k = 0; k < lacking.size(); ++k)
      agreed_[m][lacking[k].post] = of_parts(scores[k], judged[lacking[k].post].parts);
  }
  for (const auto& id : o_.agreement)
    for (std::size_t a = 0; a < o_.methods.size(); ++a)
      for (std::size_t b = a + 1; b < o_.methods.size(); ++b) {
        if (stop_.stop_requested()) throw Cancelled{};
        std::vector<double> values;
        for (const std::size_t i : asked)
          values.push_back(agreement(id, agreed_[a][i], agreed_[b][i], judge_.k, judge_.absolute));
        const Interval i = mean_interval(values, bootstrap_);
        agreement_.push_back({{"metric", id},
                              {"a", o_.methods[a]},
                              {"b", o_.methods[b]},
                              {"mean", finite_or_null(i.value)},
                              {"low", finite_or_null(i.low)},
                              {"high", finite_or_null(i.high)},
                              {"kind", name_of(i.kind)},
                              {"n", std::count_if(values.begin(), values.end(), [](double v) { return !std::isnan(v); })}});
      }
}

void EvaluationJob::order(const std::vector<std::size_t>& asked) {
  for (std::size_t k = 0; k < post_metrics_.size(); ++k) {
    const std::string& better = metric_info(post_metrics_[k]).better;
    if (better.empty()) continue;
    if (stop_.stop_requested()) throw Cancelled{};
    std::vector<std::vector<double>> values(o_.methods.size());
    for (std::size_t m = 0; m < o_.methods.size(); ++m)
      for (const std::size_t i : asked) values[m].push_back(values_[cell(m, k)][i]);
    const auto stays = order_stability(values, bootstrap_);
    for (std::size_t a = 0; a < values.size(); ++a)
      for (std::size_t b = a + 1; b < values.size(); ++b) {
        if (std::isnan(stays[a][b])) continue;  // no order, or too few posts
        double difference = 0;
        std::int64_t n = 0;
        for (std::size_t i = 0; i < asked.size(); ++i)
          if (const double d = values[a][i] - values[b][i]; !std::isnan(d)) difference += d, ++n;
        const bool first = better == "high" ? difference > 0 : difference < 0;
        order_.push_back({{"metric", post_metrics_[k]},
                          {"better", o_.methods[first ? a : b]},
                          {"worse", o_.methods[first ? b : a]},
                          {"share", stays[a][b]},
                          {"n", n}});
      }
  }
}

}  // namespace telltale
