#include "examples/training_states.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <stdexcept>

#include "training/settings.hpp"
#include "training/training_data.hpp"

namespace telltale {
namespace {

constexpr std::size_t block = 256;  // posts between two looks at the stop token; of like length

}  // namespace

TrainingReader::TrainingReader(const ExampleSource& source, const Classifier& model, int length, ExampleCache& cache, std::stop_token stop)
    : source_(source), model_(model), length_(length), cache_(cache), stop_(std::move(stop)) {}

std::string TrainingReader::key() {
  if (key_.empty()) {
    const TrainingSettings s = settings_from_json(source_.run.settings);
    const std::int64_t train = source_.store.count_documents({source_.run.dataset, "train", {}, "", -1, 0});
    key_ = fmt::format("{} set {} train {} validation {} {} {} length {}", source_.store.file().string(), source_.run.dataset, train, s.validation_split, s.held_out, s.seed, length_);
  }
  return key_;
}

const std::vector<TrainingPost>& TrainingReader::posts() {
  if (posts_) return *posts_;
  const RunRecord& run = source_.run;
  const DatasetInfo data = source_.store.dataset(run.dataset);
  TrainingSettings settings = settings_from_json(run.settings);
  settings.max_length = length_;
  if (source_.store.count_documents({run.dataset, "train", {}, "", -1, 0}) == 0)
    throw std::runtime_error(fmt::format("data set '{}' holds no training posts (split 'train'): there are no examples to find", data.name));
  std::vector<TrainingPost> posts = load_training_posts(source_.store, run.dataset, model_.tokenizer(), settings, stop_);
  const Json derived = run.settings.value("derived", Json::object());
  if (const auto known = derived.find("train_posts"); known != derived.end() && known->is_number_integer() && known->get<std::size_t>() != posts.size())
    throw std::runtime_error(fmt::format("run {} was trained on {} posts, data set '{}' holds {} now: it was changed since, so its posts do not explain the run", run.id, known->get<std::size_t>(), data.name, posts.size()));
  if (posts.empty()) throw std::runtime_error(fmt::format("data set '{}': every training post is held out: there are no examples to find", data.name));
  std::sort(posts.begin(), posts.end(), [](const TrainingPost& a, const TrainingPost& b) { return a.document < b.document; });
  posts_ = std::move(posts);
  return *posts_;
}

std::shared_ptr<const TrainingSet> TrainingReader::set() {
  const std::string key = "posts " + this->key();
  if (auto known = std::static_pointer_cast<const TrainingSet>(cache_.find(key))) return known;
  auto out = std::make_shared<TrainingSet>();
  for (const TrainingPost& p : posts()) out->posts.push_back({p.document, p.label});
  cache_.put(key, out, out->posts.size() * sizeof(TrainingSet::Post));
  return out;
}

at::Tensor labels_of(const TrainingSet& set) {
  at::Tensor out = at::empty({static_cast<std::int64_t>(set.posts.size())}, at::kLong);
  for (std::size_t k = 0; k < set.posts.size(); ++k) out.data_ptr<std::int64_t>()[k] = set.posts[k].label;
  return out;
}

std::string states_key(const Classifier& model, TrainingReader& training) {
  return fmt::format("states {} {} {}", model.fingerprint(), name_of(model.prediction_precision()), training.key());
}

std::shared_ptr<const TrainingStates> training_states(const Classifier& model, TrainingReader& training, ExampleCache& cache, std::string& key, std::stop_token stop, const ProgressFn& progress) {
  key = states_key(model, training);
  if (const auto known = std::static_pointer_cast<const TrainingStates>(cache.find(key))) return known;
  const std::vector<TrainingPost>& posts = training.posts();
  auto out = std::make_shared<TrainingStates>();
  out->set = training.set();
  const auto N = static_cast<std::int64_t>(posts.size()), d = model.config().hidden_size;
  out->states = at::empty({N, d}, at::kFloat);
  // Posts of like length together: the engine packs equal lengths.
  std::vector<std::size_t> order(posts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return posts[a].ids.size() > posts[b].ids.size(); });
  double ids = 0, done = 0;  // the time goes with the ids
  for (const TrainingPost& p : posts) ids += static_cast<double>(p.ids.size());
  for (std::size_t first = 0; first < order.size(); first += block) {
    if (stop.stop_requested()) throw Cancelled{};
    const std::size_t last = std::min(order.size(), first + block);
    std::vector<Encoding> encodings(last - first);
    for (std::size_t k = first; k < last; ++k) {
      encodings[k - first].ids = posts[order[k]].ids;
      done += static_cast<double>(posts[order[k]].ids.size());
    }
    const auto states = model.cls_states(encodings, stop);
    for (std::size_t k = first; k < last; ++k) std::memcpy(out->states.data_ptr<float>() + static_cast<std::int64_t>(order[k]) * d, states[k - first].data(), static_cast<std::size_t>(d) * sizeof(float));
    if (progress) progress({done / ids * static_cast<double>(N), static_cast<double>(N), "reading training posts"});
  }
  if (!at::isfinite(out->states).all().item<bool>()) throw std::runtime_error(fmt::format("{}: the [CLS] state of a training post is not finite; try --precision fp32", model.folder().string()));
  cache.put(key, out, static_cast<std::size_t>(out->states.nbytes()) + sizeof(TrainingStates));
  return out;
}

at::Tensor cls_state(const Classifier& model, const Encoding& encoding, std::stop_token stop) {
  const std::vector<float> state = model.cls_states({encoding}, stop)[0];
  const at::Tensor out = at::tensor(at::ArrayRef<float>(state), at::kFloat);
  if (!at::isfinite(out).all().item<bool>()) throw std::runtime_error("the model gave a [CLS] state that is not finite; try --precision fp32");
  return out;
}

}  // namespace telltale
