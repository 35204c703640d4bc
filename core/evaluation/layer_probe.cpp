#include "evaluation/layer_probe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "evaluation/comparison_data.hpp"

namespace telltale {
namespace {

constexpr double fitting_share = 0.2;  ///< of the progress, roughly its share of the time

std::vector<int> labels_of(const std::vector<ProbePosts::Post>& posts) {
  std::vector<int> out;
  for (const auto& p : posts) out.push_back(p.label);
  return out;
}

void check_posts(const ProbePosts& posts) {
  if (posts.classes.size() < 2) throw std::invalid_argument("a linear probe needs posts of at least two classes");
  if (posts.train.empty()) throw std::invalid_argument("a linear probe needs training posts: there are none");
  if (posts.test.empty()) throw std::invalid_argument("a linear probe needs test posts: there are none");
  std::vector<std::size_t> counts(posts.classes.size(), 0);
  for (const auto& p : posts.train) ++counts.at(static_cast<std::size_t>(p.label));
  for (std::size_t c = 0; c < counts.size(); ++c)
    if (counts[c] < least_of_class)
      throw std::invalid_argument(fmt::format(
          "class {} has {} of the {} training posts taken: a linear probe needs at least {} of each class", posts.classes[c],
          counts[c], posts.train.size(), least_of_class));
}

Json protocol_of(const LayerProbeOptions& o, int max_length, Precision precision) {
  return {{"measure", "layer-probe"},
          {"pool", name_of(o.pool)},
          {"l2", o.probe.l2 ? Json(*o.probe.l2) : Json()},
          {"controls", o.probe.controls},
          {"seed", o.probe.seed},
          {"resamples", o.probe.resamples},
          {"max_length", max_length},
          {"precision", name_of(precision)},
          {"train_limit", o.train_limit},
          {"test_limit", o.test_limit}};
}

Json dataset_protocol(const LayerProbeOptions& o, const DatasetInfo& data, int max_length, Precision precision) {
  Json p = protocol_of(o, max_length, precision);
  p["dataset"] = data.name;
  p["documents"] = data.documents;
  p["train_split"] = o.train_split;
  p["test_split"] = o.test_split;
  return p;
}

/// Of the labels of the data, that which the model's own answer means; −1 = none.
std::vector<int> meaning(const Classifier& model, const std::vector<std::string>& classes) {
  std::vector<int> out;
  for (const std::string& label : model.labels()) {
    const auto at = std::find(classes.begin(), classes.end(), label);
    out.push_back(at == classes.end() ? -1 : static_cast<int>(at - classes.begin()));
  }
  return out;
}

double majority(const ProbePosts& posts) {
  std::map<int, std::size_t> counts;
  for (const auto& p : posts.train) ++counts[p.label];
  const auto most = std::max_element(counts.begin(), counts.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  const auto right = std::count_if(posts.test.begin(), posts.test.end(), [&](const auto& p) { return p.label == most->first; });
  return static_cast<double>(right) / static_cast<double>(posts.test.size());
}

Json row_of(std::size_t layer, const ProbeResult& r) {
  return {{"layer", layer},
          {"accuracy", finite_or_null(r.accuracy.value)},
          {"low", finite_or_null(r.accuracy.low)},
          {"high", finite_or_null(r.accuracy.high)},
          {"kind", name_of(r.accuracy.kind)},
          {"train_accuracy", finite_or_null(r.train_accuracy)},
          {"control", finite_or_null(r.control.value)},
          {"control_low", finite_or_null(r.control.low)},
          {"control_high", finite_or_null(r.control.high)},
          {"control_train_accuracy", finite_or_null(r.control_train)},
          {"selectivity", finite_or_null(r.selectivity)},
          {"l2", r.l2},
          {"converged", r.converged},
          {"constant", r.constant},
          {"lens", nullptr},
          {"lens_low", nullptr},
          {"lens_high", nullptr}};
}

/// Fits every layer, several at a time; a probe does not depend on how many.
std::vector<ProbeResult> fit_all(const LayerStates& states, std::size_t train, const std::vector<int>& train_labels,
                                 const std::vector<int>& test_labels, std::size_t classes,
                                 const LayerProbeOptions& o, const std::stop_token& stop,
                                 const std::function<void(double)>& fitted) {
  const std::size_t layers = states.states.size();
  std::vector<ProbeResult> out(layers);
  std::vector<std::exception_ptr> wrong(layers);
  std::atomic<std::size_t> next = 0;
  std::mutex telling;
  std::size_t done = 0;
  const auto work = [&] {
    for (std::size_t l; (l = next++) < layers;) {
      try {
        const std::span<const float> all(states.states[l]);
        out[l] = linear_probe({all.first(train * states.width), train_labels}, {all.subspan(train * states.width), test_labels},
                              states.width, classes, o.probe, [&] { return stop.stop_requested(); });
        const std::lock_guard lock(telling);
        fitted(static_cast<double>(++done) / static_cast<double>(layers));
      } catch (...) {
        wrong[l] = std::current_exception();
      }
    }
  };
  {
    std::vector<std::jthread> others;
    for (int t = 1; t < std::min<int>(o.threads, static_cast<int>(layers)); ++t) others.emplace_back(work);
    work();
  }
  for (const std::exception_ptr& e : wrong)
    if (e) std::rethrow_exception(e);
  return out;
}

}  // namespace

Json probe_layers(const Classifier& model, const ProbePosts& posts, const LayerProbeOptions& options,
                  std::stop_token stop, const ProgressFn& progress) {
  check_posts(posts);
  const int max_length = model.max_length(options.max_length);
  std::vector<Encoding> texts;
  for (const auto* list : {&posts.train, &posts.test})
    for (const auto& p : *list) {
      if (texts.size() % 256 == 0 && stop.stop_requested()) throw Cancelled{};
      texts.push_back(model.tokenizer().encode(p.text, max_length));
    }
  const auto tell = [&](double share, const char* what) {
    if (progress) progress({100 * share, 100, what});
  };
  const LayerStates states = layer_states(model, texts, options.pool, stop, [&](const Progress& p) {
    tell((1 - fitting_share) * p.done / std::max(1.0, p.total), "reading hidden states");
  });
  const std::vector<int> train = labels_of(posts.train), test = labels_of(posts.test);
  const auto results = fit_all(states, train.size(), train, test, posts.classes.size(), options, stop, [&](double share) {
    tell(1 - fitting_share + fitting_share * share, "fitting probes");
  });
  Json rows = Json::array();
  const std::vector<int> means = meaning(model, posts.classes);
  const bool answers = !means.empty() && std::count(means.begin(), means.end(), -1) < static_cast<std::ptrdiff_t>(means.size());
  for (std::size_t l = 0; l < results.size(); ++l) {
    rows.push_back(row_of(l, results[l]));
    if (!answers || states.predicted.empty()) continue;
    std::vector<double> right;
    for (std::size_t i = 0; i < test.size(); ++i)
      right.push_back(means[static_cast<std::size_t>(states.predicted[l][train.size() + i])] == test[i] ? 1 : 0);
    const Interval lens = mean_interval(right, {options.probe.resamples, options.probe.seed, 0.95});
    rows.back()["lens"] = finite_or_null(lens.value);
    rows.back()["lens_low"] = finite_or_null(lens.low);
    rows.back()["lens_high"] = finite_or_null(lens.high);
  }
  return {{"protocol", protocol_of(options, max_length, model.prediction_precision())},
          {"classes", posts.classes},
          {"train", train.size()},
          {"test", test.size()},
          {"majority", majority(posts)},
          {"layers", std::move(rows)}};
}

Json stored_probe(Store& store, const DatasetInfo& data, const std::string& fingerprint, Precision precision,
                  const LayerProbeOptions& options) {
  const Json protocol = dataset_protocol(options, data, options.max_length, precision);
  const auto measure = store.find_measure(fingerprint, protocol);
  auto found = measure ? store.measure_result(*measure) : std::nullopt;
  if (!found || !found->is_object() || !found->contains("layers") || !(*found)["layers"].is_array()) return nullptr;
  (*found)["protocol"] = protocol;
  (*found)["stored"] = true;
  return *found;
}

Json probe_dataset(Store& store, const DatasetInfo& data, const Classifier& model, const LayerProbeOptions& given,
                   bool keep, std::stop_token stop, const ProgressFn& progress) {
  LayerProbeOptions options = given;
  options.max_length = model.max_length(given.max_length);
  const Precision precision = model.prediction_precision();
  if (Json found = stored_probe(store, data, model.fingerprint(), precision, options); !found.is_null()) return found;
  ProbePosts posts;
  posts.classes = data.classes;
  const auto take = [&](const std::string& split, std::int64_t limit, std::vector<ProbePosts::Post>& to) {
    const PostTable table = store.post_table(data.id);
    std::vector<std::int64_t> ids;
    std::vector<int> labels;
    for (const auto& row : table.rows)
      if (table.splits.at(static_cast<std::size_t>(row.split)) == split && row.label >= 0)
        ids.push_back(row.id), labels.push_back(row.label);
    if (ids.empty()) throw std::runtime_error(fmt::format("data set {} has no posts in split '{}': a linear probe needs training and test posts", data.name, split));
    for (const std::size_t i : stratified_sample(labels, limit, options.probe.seed)) {
      if (stop.stop_requested()) throw Cancelled{};
      to.push_back({store.document(ids[i]).text, labels[i]});
    }
  };
  take(options.train_split, options.train_limit, posts.train);
  take(options.test_split, options.test_limit, posts.test);
  Json out = probe_layers(model, posts, options, stop, progress);
  out["protocol"] = dataset_protocol(options, data, options.max_length, precision);
  if (keep) {
    Json kept = out;
    kept.erase("protocol");
    store.transaction([&] { store.set_measure_result(store.add_measure(model.fingerprint(), out["protocol"]), kept); });
  }
  out["stored"] = false;
  return out;
}

}  // namespace telltale
