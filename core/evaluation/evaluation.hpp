// Methods × metrics on the posts of one model: what `telltale evaluate` and the Evaluate workspace show.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "attribution/explanation.hpp"
#include "base/json.hpp"
#include "base/progress.hpp"
#include "evaluation/faithfulness.hpp"
#include "model/classifier.hpp"
#include "store/store.hpp"

namespace telltale {

inline constexpr const char* random_method = "random";  ///< the control: standard normal scores
inline constexpr std::size_t curve_points = 41;  ///< of a stored deletion or insertion curve: every 2.5 % of the words

struct EvaluationOptions {
  std::vector<std::string> methods;  ///< ids of methods(), and "random"
  std::vector<std::string> metrics;  ///< ids of metrics(); "mass@10" sets that metric's own k
  std::vector<std::string> agreement;  ///< ids of agreements(): of every two methods; with them `metrics` may be empty
  bool order = false;  ///< how often the order of every two methods stays when posts are drawn anew, by each metric of posts
  bool gold = false;  ///< explain the gold class instead of the predicted one (contrastivity: always gold)
  std::string foil;   ///< label or number, for Output::difference; empty = the highest-scored other class
  Unit unit = Unit::word;
  JudgeOptions judge;          ///< k, removal, sign rule, bins, seed …; its output is `explain.output`
  std::vector<std::int64_t> peers;   ///< runs of other seeds on the same data set, for consistency
  std::vector<std::string> peer_models;  ///< their fingerprints: evaluate_run() fills them in, the protocol holds them
  std::string annotator = "imported";    ///< whose marks the plausibility metrics take: a name, "imported", "any", "majority" (store/marks.hpp)
  std::string marks;                     ///< digest of those marks: evaluate_run() fills it in, the protocol holds it
  ExplainOptions explain;      ///< output, path, quadrature, steps, tolerance, baseline for all methods
  std::string split = "test";  ///< of a run's data set
  std::int64_t limit = 0;      ///< at most so many posts, the same share of every class, drawn by seed; 0 = all
  int max_length = 0;          ///< 0 = the run's, else the model's
  int resamples = 2000;
  bool per_post = false;
  std::map<std::string, std::map<std::string, Json>> columns;  ///< of a run's posts, by external id; posts that are not in it have none; empty = those kept in the file (store/columns.hpp)
  std::vector<std::string> slices;  ///< class, right, length, columns of the posts (evaluation/slices.hpp): figures of each slice too
  ComputeOptions compute;
};

struct EvaluationPost {
  Json id;                    ///< as the answer names it
  std::int64_t document = 0;  ///< id in the store, 0 without one
  std::string text;
  int label = -1;                 ///< −1 = not known
  std::vector<MarkedSpan> spans;  ///< kind "telling" counts as marked
  std::map<std::string, Json> columns{};  ///< that slices may be named by
};

/// The document:
/// {"protocol": {"run", "model": fingerprint, "dataset", "split", "output", "class": "predicted" | "gold", "foil",
/// "removal", "k", "unit", "sign",
///               "baseline", "posts", "sample_of", "seed", "max_length", "intervals": {"kind", "level", "resamples"},
///               "methods": [{"method", "protocol"}], "metrics": {id: {what the metric drew or counted}}, "notes":
///               […]},
///  "rows": [{"method", "metric", "mean", "low", "high", "kind", "n", "better"}, …; of a metric of class pairs also
///  "pairs": [{"a", "b", "mean", "low", "high", "kind", "n"}]], "work": {"values": {"stored", "computed"},
///  "explanations": {"stored", "computed"}}, "posts": [{"id", "method", "metric", "value"}, …] with per_post,
/// "slices": [{"method", "metric", and what slice_figures() gives}, …] with slices, of metrics of posts,
/// "agreement": [{"metric", "a", "b", "mean", "low", "high", "kind", "n"}, …] with agreement, over the posts,
/// "order": [{"metric", "better", "worse", "share", "n"}, …] with order: share of the resamples of the n posts that both
/// have a value of in which the better one stays the better one; pairs with equal means are not there}
/// A mean over no post is null. Explanations are taken from `store` and kept there when it is not null. Of a run, every
/// value is kept too, post by post under its protocol (evaluation/protocol.hpp), a few posts at a time: after a stop,
/// or with more methods, metrics or posts, only what is missing is computed. Precision of `options.compute` must be
/// that which `model` was loaded with. Metrics of level "class-pair" use posts with a known class, explained for it;
/// the mean is that over the pairs. `train` counts, when they are needed, come from the store's data set. Throws
/// std::invalid_argument (unknown ids, metric without what it needs, no post), Cancelled.
Json evaluate_posts(const Classifier& model, const std::vector<EvaluationPost>& posts, const EvaluationOptions& options,
                    std::stop_token stop = {}, const ProgressFn& progress = {}, Store* store = nullptr,
                    std::optional<std::int64_t> run = std::nullopt);

/// The same for a finished run on a split of its data set. `model`: its weights, where the caller holds them already.
Json evaluate_run(Store& store, std::int64_t run, const EvaluationOptions& options, std::stop_token stop = {},
                  const ProgressFn& progress = {}, std::shared_ptr<const Classifier> model = nullptr);

int trained_length(const RunRecord& run);  ///< that it was trained with; 0 = not known
/// What random_scores() takes as seed for a class, so that the control does not say the same of all classes.
std::uint64_t random_seed(std::uint64_t seed, int target);

}  // namespace telltale
