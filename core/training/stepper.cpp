#include "training/stepper.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/random.hpp"
#include "training/model_folder.hpp"
#include "training/shared_words.hpp"
#include "training/training_data.hpp"

namespace telltale {
namespace {

constexpr std::uint64_t noise_stream = 0x6e6f697365, dropout_stream = 0x64726f70, probe_stream = 0x70726f6265;  // "noise", "drop", "probe"

/// a += share · b, entry by entry; NaN (not measured) stays NaN.
void add(std::vector<double>& a, const std::vector<double>& b, double share) {
  if (a.empty()) a.assign(b.size(), 0);
  for (std::size_t k = 0; k < b.size(); ++k) a[k] += share * b[k];
}

double of_settings(double value, double of_model) { return value < 0 ? of_model : value; }

}  // namespace

Stepper::Stepper(Classifier& model, const std::vector<TrainingPost>& posts, const TrainingSettings& settings, at::ScalarType products)
    : model_(model), posts_(posts), settings_(settings), specials_(model.tokenizer().specials()) {
  Classifier::Impl& m = model.impl();
  const ModelConfig& c = m.config;
  objective_ = std::make_unique<Objective>(c, *m.parameters, specials_, settings.objective, products);
  optimiser_ = std::make_unique<AdamW>(*m.parameters, AdamWOptions{settings.beta1, settings.beta2, settings.adam_epsilon, settings.weight_decay});
  per_epoch_ = steps_of_epoch(posts.size(), settings.batch, settings.accumulate);
  schedule_ = Schedule::of(per_epoch_ * settings.epochs, settings.warmup, settings.learning_rate);
  counts_ = document_counts(posts, static_cast<std::int64_t>(c.labels.size()), c.vocab_size, specials_);
  objective_->state().document_counts = counts_.to(m.device);
  const auto named = std::find(c.labels.begin(), c.labels.end(), settings.objective.rival);
  if (settings.objective.rival != "auto" && named != c.labels.end()) rival_ = static_cast<int>(named - c.labels.begin());
  objective_->set_rival(rival_);
  dropout_ = {of_settings(settings.dropout_hidden, c.hidden_dropout), of_settings(settings.dropout_attention, c.attention_dropout), of_settings(settings.dropout_classifier, c.classifier_dropout), {}};
}

std::vector<std::vector<std::size_t>> Stepper::batches_of(std::int64_t k) {
  const std::int64_t epoch = k / per_epoch_;
  if (epoch != epoch_) {
    batches_ = epoch_batches(posts_, settings_.batch, settings_.seed, epoch);
    epoch_ = epoch;
  }
  const StepRange r = step_range(batches_.size(), settings_.accumulate, k % per_epoch_);
  return {batches_.begin() + static_cast<std::ptrdiff_t>(r.first), batches_.begin() + static_cast<std::ptrdiff_t>(r.last)};
}

StepResult Stepper::accumulate(const std::vector<std::vector<std::size_t>>& batches, std::int64_t k, bool shares) {
  Classifier::Impl& m = model_.impl();
  StepResult out;
  std::size_t all = 0;
  for (const auto& b : batches) all += b.size();
  m.parameters->zero_gradients();
  objective_->begin_step();
  const bool drops = dropout_.hidden > 0 || dropout_.attention > 0 || dropout_.classifier > 0;
  for (std::size_t j = 0; j < batches.size(); ++j) {
    std::vector<TrainingPost> posts;
    std::vector<int> rival;
    if (settings_.dropout_shared > 0) rival = rivals(objective_->state().confusion, static_cast<std::int64_t>(m.config.labels.size()), rival_);
    for (const std::size_t i : batches[j]) {
      const TrainingPost& p = posts_[i];
      out.tokens += static_cast<std::int64_t>(p.ids.size());
      posts.push_back(rival.empty() ? p : drop_shared(p, {settings_.dropout_shared, settings_.dropout_replace, settings_.seed, k}, counts_, rival[static_cast<std::size_t>(p.label)], specials_));
    }
    const Batch batch = make_batch(posts, specials_.pad, m.device, m.parameters->flat.scalar_type());
    ObjectiveRequest request;
    request.scale = static_cast<double>(posts.size()) / static_cast<double>(all);
    request.last = j + 1 == batches.size();
    request.shares = shares;
    request.seed = mix_seed(settings_.seed, static_cast<std::uint64_t>(k), j, noise_stream);
    if (drops) {
      const std::uint64_t seed = mix_seed(settings_.seed, static_cast<std::uint64_t>(k), j, dropout_stream);
      if (dropout_.generator.defined()) dropout_.generator.set_current_seed(seed);
      else dropout_.generator = seeded_generator(m.device, seed);
      request.dropout = &dropout_;
    }
    const TermValues v = objective_->evaluate(batch, request);
    add(out.values.values, v.values, request.scale);
    add(out.values.shares, v.shares, request.scale);
    out.values.total += request.scale * v.total;
    out.documents.insert(out.documents.end(), batch.documents.begin(), batch.documents.end());
  }
  for (std::size_t t = 0; t < out.values.shares.size(); ++t)
    if (settings_.objective.*terms()[t].weight == 0) out.values.shares[t] = std::numeric_limits<double>::quiet_NaN();
  out.gradient_norm = gradient_norm(*m.parameters);
  return out;
}

StepResult Stepper::step(std::int64_t k, bool shares) {
  StepResult out = accumulate(batches_of(k), k, shares);
  out.learning_rate = schedule_.rate(k);
  if (!std::isfinite(out.values.total)) {
    out.fault = fmt::format("the loss is {}", out.values.total);
    for (std::size_t t = 0; t < terms().size() && t < out.values.values.size(); ++t)
      if (settings_.objective.*terms()[t].weight != 0 && !std::isfinite(out.values.values[t])) out.fault += fmt::format(", term {} is {}", terms()[t].id, out.values.values[t]);
  } else if (!std::isfinite(out.gradient_norm)) {
    out.fault = fmt::format("the norm of the gradient is {}", out.gradient_norm);
  }
  if (out.fault.empty()) optimiser_->step(out.learning_rate, clip_factor(out.gradient_norm, settings_.clip));
  return out;
}

TermValues Stepper::probe() {
  Classifier::Impl& m = model_.impl();
  const ObjectiveState& now = objective_->state();
  ObjectiveState before = now;  // tensors share memory: copies of what evaluate() moves
  for (at::Tensor* t : {&before.mass, &before.confusion})
    if (t->defined()) *t = t->clone();
  std::vector<TrainingPost> posts;
  const auto batches = epoch_batches(posts_, settings_.batch, settings_.seed, 0);
  for (const std::size_t i : batches.front()) posts.push_back(posts_[i]);
  ObjectiveRequest request;
  request.gradient = false;
  request.measure_all = true;
  request.seed = mix_seed(settings_.seed, probe_stream);
  objective_->begin_step();
  const TermValues out = objective_->evaluate(make_batch(posts, specials_.pad, m.device, m.parameters->flat.scalar_type()), request);
  objective_->state() = before;
  return out;
}

}  // namespace telltale
