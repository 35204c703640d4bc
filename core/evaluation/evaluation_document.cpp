// The document of an evaluation: its rows and its protocol.
#include <cmath>

#include "evaluation/evaluation_job.hpp"
#include "evaluation/protocol.hpp"

namespace telltale {

Json EvaluationJob::row(const std::string& method, const std::string& metric, const Interval& i, std::int64_t n) {
  return {{"method", method},
          {"metric", metric},
          {"mean", finite_or_null(i.value)},
          {"low", finite_or_null(i.low)},
          {"high", finite_or_null(i.high)},
          {"kind", name_of(i.kind)},
          {"n", n},
          {"better", metric_info(metric).better}};
}

Json EvaluationJob::protocol() const {
  Json methods = Json::array();
  for (const auto& m : o_.methods) methods.push_back({{"method", m}, {"protocol", method_protocol(o_, m)}});
  Json of_metrics = Json::object();
  for (const auto& id : o_.metrics)
    if (Json own = metric_protocol(o_, id, judge_.rationale_k); !own.is_null()) of_metrics[id] = std::move(own);
  Json out = {{"run", run_ ? Json(*run_) : Json(nullptr)},
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
          {"max_length", o_.max_length},
          {"precision", name_of(o_.compute.precision)},
          {"compute", compute_description()},
          {"intervals",
           {{"kind", "BCa"}, {"level", bootstrap_.level}, {"resamples", bootstrap_.resamples}, {"resampled", "posts"}}},
          {"methods", methods},
          {"metrics", of_metrics},
          {"notes", notes_}};
  if (!o_.agreement.empty()) out["agreement"] = o_.agreement;
  return out;
}

}  // namespace telltale
