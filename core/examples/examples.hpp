// Which training posts speak for an answer and which against it. Value types: no torch.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/progress.hpp"
#include "examples/example_cache.hpp"
#include "model/classifier.hpp"
#include "store/store.hpp"

namespace telltale {

/// A row of the table of methods that explain by training posts.
struct ExampleMethodInfo {
  std::string id, name;
  std::string source;            ///< the paper
  std::string needs;             ///< of the run
  std::string cost;              ///< passes a training post, once a model
  std::string score;             ///< what the score is, with its unit
  bool uses_distance = false;    ///< ExampleOptions::distance
  bool uses_checkpoints = false; ///< adds up over the run's checkpoints
  bool uses_dimensions = false;  ///< ExampleOptions::dimensions, seed
  bool uses_damping = false;     ///< ExampleOptions::damping, tolerance, iterations
};
const std::vector<ExampleMethodInfo>& example_methods();
const ExampleMethodInfo& example_method_info(const std::string& id);  ///< std::invalid_argument listing the ids

enum class StateDistance { cosine, euclidean };
const char* name_of(StateDistance);
StateDistance parse_state_distance(const std::string&);  ///< std::invalid_argument listing the names

struct ExampleOptions {
  std::string method = "nearest";
  int top = 10;              ///< posts in each list, 1 … 10,000
  StateDistance distance = StateDistance::cosine;
  int dimensions = 4096;     ///< tracin-full: of the projected gradients, 16 … 1,048,576; 0 = the exact product, which keeps nothing for the next post
  double damping = 0.01;     ///< influence: λ, above 0; also the weight of the head's L2 penalty
  double tolerance = 1e-8;   ///< influence: relative residual at which the search has converged
  int iterations = 1000;     ///< influence: cap
  std::uint64_t seed = 0;    ///< of the projection
  int max_length = 0;        ///< ids of a post; 0: as the run was trained
};

/// What is explained.
struct ExampleQuery {
  std::string text;
  std::int64_t document = 0;  ///< 0: a typed text. A training post is not among its own examples: its score stands apart (ExampleAnswer::self)
  int target = -1;            ///< class whose loss is explained; −1: the predicted one
};

struct Example {
  std::int64_t document = 0;
  std::string external_id;
  std::string start;          ///< the first 600 characters
  int label = 0, predicted = 0;  ///< classes: in the data, and by the run's weights
  double score = 0;           ///< above 0 speaks for the answer (nearest: the similarity, either way)
  double distance = std::numeric_limits<double>::quiet_NaN();        ///< nearest: 1 − cosine, or Euclidean
  double standard_error = std::numeric_limits<double>::quiet_NaN();  ///< of the score; NaN: it is not estimated
  std::int64_t rank = 0;      ///< among all training posts by score, 1 = highest
};

/// A checkpoint that was used.
struct UsedWeights {
  std::int64_t step = 0;
  double learning_rate = 0;   ///< η: mean of the schedule over the steps since the checkpoint before
  std::string folder;         ///< within FILE.d/
};

struct ExampleAnswer {
  ExampleOptions options;
  int target = 0;
  Prediction prediction;
  double loss = 0;            ///< −ln p of the target
  std::vector<Example> supporting;  ///< "for": score above 0, highest first; nearest: posts of the target class, nearest first
  std::vector<Example> opposing;    ///< "against": score below 0, lowest first; nearest: posts of other classes, nearest first
  std::optional<Example> self;      ///< the post itself, where it is a training post; rank 0
  std::int64_t posts = 0;           ///< training posts looked at
  int max_length = 0;
  std::int64_t cut = -1;            ///< byte where the length limit cut the text; −1 = nowhere
  std::vector<UsedWeights> weights;
  std::vector<std::string> missing; ///< folders of checkpoints that the file names and that are gone
  // influence: how the search for (H + λI)⁻¹∇ℓ ended
  int iterations = 0;
  double residual = 0;              ///< ‖b − (H + λI)s‖ / ‖b‖
  bool converged = true;
  double head_gradient = 0;         ///< ‖∇ of the mean training loss plus penalty‖ at the head as it is: 0 at an optimum, where the approximation is meant to hold
  double seconds = 0;
  std::vector<std::string> kept;    ///< keys of what stays in the cache for the next post (ExampleCache::holds)
};

/// Where training posts and weights come from.
struct ExampleSource {
  Store& store;
  RunRecord run;
  std::function<std::shared_ptr<Classifier>(const std::filesystem::path& folder)> load;  ///< of the run's weights and its checkpoints
};

/// Training posts for and against the run's answer to a text. Throws std::invalid_argument (unknown method, option out of range, a text without words, no
/// such class), std::runtime_error (weights or data set gone or not those of the run, no training posts, numbers that are not finite), Cancelled.
/// What is computed of all training posts is kept in `cache` and used again; equal calls give equal answers with and without it.
ExampleAnswer find_examples(const ExampleSource& source, const ExampleQuery& query, const ExampleOptions& options, ExampleCache& cache, std::stop_token stop = {}, const ProgressFn& progress = {});

struct ExampleCost {
  std::int64_t posts = 0;   ///< training posts to read
  int checkpoints = 1;      ///< how many times
  double seconds = 0;       ///< where nothing is kept yet; from a few posts, measured
};
/// Measures a few training posts. Throws as find_examples() does for the run and its data.
ExampleCost example_cost(const ExampleSource& source, const ExampleOptions& options, std::stop_token stop = {});

}  // namespace telltale
