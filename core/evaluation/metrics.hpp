// The one table of metrics. `telltale metrics`, --help, combo boxes, documents and parametrised tests read it.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace telltale {

struct MetricInfo {
  std::string id, name;
  std::string group;       ///< "faithfulness", "plausibility", "shape", "contrastivity"
  std::string better;      ///< "high", "low", or "" (neither)
  std::string definition;  ///< METRICS.md, one line
  std::string source;
  std::string level;       ///< "post": one value a post (evaluate); "class-pair": one a pair of classes (compare); "retraining": one a run (roar)
  std::string needs;       ///< what beside the explanation: "", "forward passes", "marked words", "training posts", "every class explained"
  bool uses_k = false, uses_removal = false;
};

/// k: a count of words, or a share of the words of a post, rounded up, at least 1.
struct TopK {
  double value = 0.2;
  bool share = true;
  std::size_t of(std::size_t n) const;  ///< at most n; 0 only for n = 0
};
/// "20%" or "10". Throws std::invalid_argument: shares above 0 to 100 %, counts 1 to 1,000,000.
TopK parse_top_k(const std::string& text);
std::string to_string(const TopK&);

const std::vector<MetricInfo>& metrics();
/// Accepts an id of the table, and "mass@10" or "overlap@10" for "mass@k". Throws std::invalid_argument listing the ids.
const MetricInfo& metric_info(const std::string& id);
/// The k written into an id ("mass@10", "mass@20%"); nothing for "mass@k" and ids without one.
std::optional<TopK> k_in(const std::string& id);

}  // namespace telltale
