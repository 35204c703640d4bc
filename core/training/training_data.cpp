#include "training/training_data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "base/progress.hpp"
#include "training/shared_words.hpp"

namespace telltale {
namespace {

constexpr std::uint64_t held_out_stream = 0x68656c64;  // "held"

std::vector<TrainingPost> read_split(Store& store, std::int64_t dataset, const std::string& split, const Tokenizer& tokenizer, const TrainingSettings& settings, bool marks, std::stop_token stop) {
  std::vector<TrainingPost> posts;
  store.each_document({dataset, split, {}, "", -1, 0}, [&](Document&& d) {
    if (stop.stop_requested()) throw Cancelled{};
    Encoding e;
    try {
      e = tokenizer.encode(d.text, settings.max_length);
    } catch (const std::runtime_error& error) {
      throw std::runtime_error(fmt::format("post {} ({}): {}", d.id, d.external_id, error.what()));
    }
    TrainingPost post{d.id, d.label, {}, {}};
    if (marks) post.marked = marked_weights(d, e);
    post.ids = std::move(e.ids);
    posts.push_back(std::move(post));
  });
  return posts;
}

/// "auto" resolved.
std::string validation_split_of(Store& store, std::int64_t dataset, const TrainingSettings& settings) {
  const auto has = [&](const std::string& split) { return store.count_documents({dataset, split, {}, "", -1, 0}) > 0; };
  if (settings.validation_split != "auto") return settings.validation_split;
  return has("validation") ? "validation" : has("test") ? "test" : "held-out";
}

/// Takes the held-out posts out of `train`.
std::vector<TrainingPost> hold_out(std::vector<TrainingPost>& train, const TrainingSettings& settings) {
  const auto chosen = stratified_share(labels_of(train), settings.held_out, settings.seed ^ held_out_stream);
  std::vector<TrainingPost> rest, held_out;
  for (std::size_t k = 0; k < train.size(); ++k) (std::binary_search(chosen.begin(), chosen.end(), k) ? held_out : rest).push_back(std::move(train[k]));
  train = std::move(rest);
  return held_out;
}

}  // namespace

std::vector<TrainingPost> load_training_posts(Store& store, std::int64_t dataset, const Tokenizer& tokenizer, const TrainingSettings& settings, std::stop_token stop) {
  std::vector<TrainingPost> train = read_split(store, dataset, "train", tokenizer, settings, false, stop);
  if (train.empty()) throw std::invalid_argument(fmt::format("data set '{}' has no post in the split 'train'", store.dataset(dataset).name));
  if (validation_split_of(store, dataset, settings) == "held-out") hold_out(train, settings);
  return train;
}

TrainingData load_training_data(Store& store, std::int64_t dataset, const Tokenizer& tokenizer, const TrainingSettings& settings, std::stop_token stop) {
  TrainingData out;
  out.dataset = store.dataset(dataset);
  const auto has = [&](const std::string& split) { return store.count_documents({dataset, split, {}, "", -1, 0}) > 0; };
  out.validation_split = validation_split_of(store, dataset, settings);
  if (!has("train")) throw std::invalid_argument(fmt::format("data set '{}' has no post in the split 'train'", out.dataset.name));
  if (out.validation_split != "held-out" && !has(out.validation_split))
    throw std::invalid_argument(fmt::format("validation_split: data set '{}' has no post in the split '{}'", out.dataset.name, out.validation_split));
  const auto& o = settings.objective;
  out.train = read_split(store, dataset, "train", tokenizer, settings, o.prior_words == PriorWords::marked && (o.weight_prior > 0 || settings.probe_steps > 0), stop);
  if (out.validation_split == "held-out") {
    out.validation = hold_out(out.train, settings);
  } else {
    out.validation = read_split(store, dataset, out.validation_split, tokenizer, settings, false, stop);
  }
  if (out.validation_split != "test") out.test = read_split(store, dataset, "test", tokenizer, settings, false, stop);
  if (out.train.empty()) throw std::invalid_argument(fmt::format("data set '{}': no post is left to train on", out.dataset.name));
  return out;
}

Batch make_batch(const std::vector<TrainingPost>& posts, std::int32_t pad, at::Device device, at::ScalarType dtype) {
  std::size_t width = 0;
  bool marked = false;
  for (const TrainingPost& p : posts) {
    width = std::max(width, p.ids.size());
    marked = marked || !p.marked.empty();
  }
  const auto B = static_cast<std::int64_t>(posts.size()), T = static_cast<std::int64_t>(width);
  Batch out;
  out.ids = at::full({B, T}, pad, at::kLong);
  out.mask = at::zeros({B, T}, at::kLong);
  out.labels = at::zeros({B}, at::kLong);
  at::Tensor weights = marked ? at::zeros({B, T}, at::kFloat) : at::Tensor();
  for (std::int64_t b = 0; b < B; ++b) {
    const TrainingPost& p = posts[static_cast<std::size_t>(b)];
    std::copy(p.ids.begin(), p.ids.end(), out.ids.data_ptr<std::int64_t>() + b * T);
    std::fill_n(out.mask.data_ptr<std::int64_t>() + b * T, p.ids.size(), 1);
    if (marked) std::copy(p.marked.begin(), p.marked.end(), weights.data_ptr<float>() + b * T);
    out.labels.data_ptr<std::int64_t>()[b] = p.label;
    out.documents.push_back(p.document);
  }
  out.ids = out.ids.to(device);
  out.mask = out.mask.to(device);
  out.labels = out.labels.to(device);
  if (marked) out.marked = weights.to(dtype).to(device);
  return out;
}

std::vector<int> labels_of(const std::vector<TrainingPost>& posts) {
  std::vector<int> out;
  for (const TrainingPost& p : posts) out.push_back(p.label);
  return out;
}

}  // namespace telltale
