#include "examples/examples.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <numeric>
#include <stdexcept>

#include "examples/example_method.hpp"
#include "examples/head.hpp"
#include "examples/run_weights.hpp"
#include "training/settings.hpp"

namespace telltale {

const char* name_of(StateDistance d) { return d == StateDistance::cosine ? "cosine" : "euclidean"; }

StateDistance parse_state_distance(const std::string& name) {
  for (const StateDistance d : {StateDistance::cosine, StateDistance::euclidean})
    if (name == name_of(d)) return d;
  throw std::invalid_argument(fmt::format("unknown distance '{}': one of cosine, euclidean", name.substr(0, 80)));
}

namespace {

void check(const ExampleOptions& o) {
  example_method(o.method);
  const auto range = [](const char* what, double value, double low, double high) {
    if (!(value >= low && value <= high)) throw std::invalid_argument(fmt::format("{} {}: expected {} to {}", what, value, low, high));
  };
  range("top", o.top, 1, 10'000);
  if (o.dimensions != 0) range("dimensions (or 0 for none)", o.dimensions, 16, 1 << 20);
  if (!(o.damping > 0 && o.damping <= 1e6)) throw std::invalid_argument(fmt::format("damping {}: expected above 0, at most 1e6", o.damping));
  if (!(o.tolerance > 0 && o.tolerance < 1)) throw std::invalid_argument(fmt::format("tolerance {}: expected above 0, below 1", o.tolerance));
  range("iterations", o.iterations, 1, 1'000'000);
}

/// What a list shows of posts, and what the run's weights answer to them.
class Describer {
 public:
  Describer(const ExampleSource& source, const Classifier& model, ExampleCache& cache, TrainingReader& training, std::stop_token stop) : source_(source), model_(model), training_(training), stop_(std::move(stop)) {
    states_ = std::static_pointer_cast<const TrainingStates>(cache.find(states_key(model, training)));
  }

  void describe(std::vector<Example*> examples, const std::vector<std::size_t>& places) {
    std::vector<std::int64_t> ids;
    for (const Example* e : examples) ids.push_back(e->document);
    std::map<std::int64_t, PostStart> starts;
    for (PostStart& s : source_.store.post_starts(ids)) starts.emplace(s.id, std::move(s));
    for (Example* e : examples) {
      const auto at = starts.find(e->document);
      if (at == starts.end()) continue;
      e->external_id = at->second.external_id;
      e->start = at->second.start;
    }
    if (examples.empty()) return;
    if (states_) {
      at::NoGradGuard no_grad;
      std::vector<at::Tensor> rows;
      for (const std::size_t place : places) rows.push_back(states_->states.select(0, static_cast<std::int64_t>(place)));
      const at::Tensor best = head_inputs(model_.impl(), at::stack(rows)).probabilities.argmax(1);
      for (std::size_t k = 0; k < examples.size(); ++k) examples[k]->predicted = static_cast<int>(best[static_cast<std::int64_t>(k)].item<std::int64_t>());
      return;
    }
    std::vector<ModelInput> inputs;
    for (const std::size_t place : places) inputs.push_back({training_.posts()[place].ids, {}, {}});
    const auto answers = model_.predict(inputs, stop_);
    for (std::size_t k = 0; k < examples.size(); ++k) examples[k]->predicted = answers[k].predicted;
  }

 private:
  const ExampleSource& source_;
  const Classifier& model_;
  TrainingReader& training_;
  std::stop_token stop_;
  std::shared_ptr<const TrainingStates> states_;
};

}  // namespace

int example_length(const Classifier& model, const RunRecord& run, const ExampleOptions& o) {
  return model.max_length(o.max_length > 0 ? o.max_length : std::min<int>(settings_from_json(run.settings).max_length, static_cast<int>(model.config().max_positions)));
}

std::shared_ptr<Classifier> example_model(const ExampleSource& source) {
  const RunRecord& run = source.run;
  if (run.dataset == 0) throw std::runtime_error(fmt::format("run {}: its data set is no longer in the file", run.id));
  const auto model = source.load(final_weights(source.store, run));
  const DatasetInfo data = source.store.dataset(run.dataset);
  if (model->labels() != data.classes)
    throw std::runtime_error(fmt::format("run {} knows the classes {}, data set '{}' has {}: it was changed since", run.id, fmt::join(model->labels(), ", "), data.name, fmt::join(data.classes, ", ")));
  return model;
}

ExampleAnswer find_examples(const ExampleSource& source, const ExampleQuery& query, const ExampleOptions& options, ExampleCache& cache, std::stop_token stop, const ProgressFn& progress) {
  const auto begun = std::chrono::steady_clock::now();
  check(options);
  const auto model = example_model(source);
  ExampleAnswer answer;
  answer.options = options;
  answer.max_length = example_length(*model, source.run, options);
  const Encoding encoding = model->tokenizer().encode(query.text, answer.max_length);
  if (encoding.words.empty()) throw std::invalid_argument("the text has no words: no training post can be like it");
  answer.cut = encoding.cut;
  const int classes = static_cast<int>(model->labels().size());
  if (query.target < -1 || query.target >= classes) throw std::invalid_argument(fmt::format("class {}: this model has {} classes", query.target, classes));
  answer.prediction = model->predict(std::vector<Encoding>{encoding}, stop)[0];
  answer.target = query.target >= 0 ? query.target : answer.prediction.predicted;
  const double highest = *std::max_element(answer.prediction.logits.begin(), answer.prediction.logits.end());
  double sum = 0;
  for (const double z : answer.prediction.logits) sum += std::exp(z - highest);
  answer.loss = std::log(sum) + highest - answer.prediction.logits[static_cast<std::size_t>(answer.target)];

  TrainingReader training(source, *model, answer.max_length, cache, stop);
  ExampleJob job{source, cache, *model, encoding, query.document, answer.target, options, training, stop, progress, answer};
  const ExampleScores found = example_method(options.method).run(job);
  const bool nearest = !found.distances.empty();
  const auto known = training.set();
  const TrainingSet& set = *known;
  if (set.posts.size() != found.scores.size()) throw std::logic_error("one score for each training post expected");
  answer.posts = static_cast<std::int64_t>(set.posts.size());
  for (std::size_t k = 0; k < set.posts.size(); ++k)
    if (!std::isfinite(found.scores[k])) throw std::runtime_error(fmt::format("the score of training post {} is not finite; try --precision fp32{}", set.posts[k].document, options.method == "influence" ? " or a larger damping" : ""));

  // By score; of equals the first in the data.
  std::vector<std::size_t> order(set.posts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return found.scores[a] > found.scores[b]; });
  const auto example = [&](std::size_t k, std::int64_t rank) {
    Example e;
    e.document = set.posts[k].document;
    e.label = set.posts[k].label;
    e.score = found.scores[k];
    if (nearest) e.distance = found.distances[k];
    if (!found.standard_errors.empty()) e.standard_error = found.standard_errors[k];
    e.rank = rank;
    return e;
  };
  std::vector<std::size_t> supporting, opposing, all;
  const auto top = static_cast<std::size_t>(options.top);
  std::vector<std::int64_t> rank(set.posts.size(), 0);
  std::int64_t next = 0;
  for (const std::size_t k : order) {
    if (query.document != 0 && set.posts[k].document == query.document) {
      answer.self = example(k, 0);
      all.push_back(k);
      continue;
    }
    rank[k] = ++next;
    if (nearest) {
      auto& list = set.posts[k].label == answer.target ? supporting : opposing;
      if (list.size() < top) list.push_back(k);
    } else if (found.scores[k] > 0 && supporting.size() < top) {
      supporting.push_back(k);
    }
  }
  if (!nearest)
    for (auto at = order.rbegin(); at != order.rend() && opposing.size() < top && found.scores[*at] < 0; ++at)
      if (rank[*at] > 0) opposing.push_back(*at);
  for (const std::size_t k : supporting) answer.supporting.push_back(example(k, rank[k])), all.push_back(k);
  for (const std::size_t k : opposing) answer.opposing.push_back(example(k, rank[k])), all.push_back(k);
  std::vector<Example*> shown;
  if (answer.self) shown.push_back(&*answer.self);
  for (Example& e : answer.supporting) shown.push_back(&e);
  for (Example& e : answer.opposing) shown.push_back(&e);
  Describer(source, *model, cache, training, stop).describe(shown, all);
  answer.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  return answer;
}

}  // namespace telltale
