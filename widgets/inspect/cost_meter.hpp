// How fast a run's model explains here, learnt from every explanation that is made; what the next one will take.
#pragma once
#include <QString>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>

#include "attribution/method_cost.hpp"

namespace telltale::ui {

/// Any thread.
class CostMeter {
 public:
  /// `seconds` for one text; `steps` as Explanation::steps.
  void add(std::int64_t run, const ExplainOptions& options, const TextSize& size, int steps, double seconds);
  Passes passes(std::int64_t run, const ExplainOptions& options, const TextSize& size) const;
  /// From this method's own pace on this model, else from the median of the others'; NaN = nothing was measured yet.
  double seconds(std::int64_t run, const ExplainOptions& options, const TextSize& size) const;
  /// "about 2 s", "under 0.1 s"; not measured: "24 (F + B)", "154 F".
  QString text(std::int64_t run, const ExplainOptions& options, const TextSize& size) const;
  /// The same in a sentence, with what F and B are.
  QString tip(std::int64_t run, const ExplainOptions& options, const TextSize& size) const;

 private:
  double nodes(std::int64_t run) const;
  mutable std::mutex mutex_;
  std::map<std::int64_t, std::map<std::string, std::deque<double>>> paces_;  ///< by run and method: seconds for a pass and an id, the last few
  std::map<std::int64_t, double> nodes_;                                     ///< what the last search by tolerance took
};

QString passes_text(const Passes& passes);   ///< "24 (F + B)", "154 F"
QString about_text(double seconds);           ///< "about 2 s", "under 0.1 s"

}  // namespace telltale::ui
