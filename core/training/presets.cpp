#include "training/presets.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace telltale {
namespace {

using Overrides = std::vector<std::pair<std::string, std::string>>;

const Overrides class_term_alone = {{"weight.class", "1"}, {"weight.attribution", "0"}, {"weight.cls", "0"}, {"weight.positive", "0"}, {"weight.negative", "0"}, {"weight.overlap", "0"}, {"weight.prior", "0"}, {"dropout.shared", "0"}};

Overrides with(Overrides base, const Overrides& more) {
  base.insert(base.end(), more.begin(), more.end());
  return base;
}

// Two stratified nodes with the graph kept: right on average over draws for terms that are linear in A, at a fraction of the cost.
const Overrides two_stratified_nodes = {{"attribution.steps", "2"}, {"attribution.draw", "stratified"}, {"attribution.graph", "kept"}};
const Overrides one_epoch_at_half_the_rate = {{"epochs", "1"}, {"learning_rate", "0.00005"}};

}  // namespace

const std::vector<PresetInfo>& presets() {
  static const std::vector<PresetInfo> table = {
      {"baseline", "Baseline", "Plain finetuning: the class term alone, what everything else is compared with.", false, class_term_alone},
      {"contrastive", "Contrastive", "The five terms at weight 1, with copies that stay near text; from scratch or from a baseline run.", false, {}},
      {"published", "Contrastive, as published", "The same terms exactly as published, for replication; slow, and its far copies leave the data.", false,
       {{"epsilon", "6"}, {"epsilon2", "7"}, {"perturbation.radius", "exponential"}, {"margin", "2"}, {"attribution.steps", "50"}, {"attribution.path", "embeddings"},
        {"batch", "2"}, {"accumulate", "16"}, {"learning_rate", "0.00005"}, {"epochs", "4"}, {"max_length", "512"}}},
      {"overlap", "Overlap penalty", "From a baseline run: less attribution on words that the rival class leans on.", true,
       with(with(with(class_term_alone, {{"weight.overlap", "2"}}), two_stratified_nodes), one_epoch_at_half_the_rate)},
      {"prior", "Shared-word prior", "From a baseline run: less attribution on words that the classes share in the training posts.", true,
       with(with(with(class_term_alone, {{"weight.prior", "1"}}), two_stratified_nodes), one_epoch_at_half_the_rate)},
      {"word-dropout", "Shared-word dropout", "From a baseline run: shared words are hidden at random; no attributions, the cheap rival of every attribution term.", true,
       with(with(class_term_alone, {{"dropout.shared", "0.5"}}), one_epoch_at_half_the_rate)},
      {"control", "Control", "From a baseline run: the same steps and batches, class term alone; what every warm-started run is compared with.", true,
       with(class_term_alone, one_epoch_at_half_the_rate)},
  };
  return table;
}

const PresetInfo& preset_info(std::string_view id) {
  std::string names;
  for (const PresetInfo& p : presets()) {
    if (p.id == id) return p;
    names += (names.empty() ? "" : ", ") + p.id;
  }
  throw std::invalid_argument(fmt::format("no preset '{}'; there are: {}", id.substr(0, 80), names));
}

TrainingSettings preset_settings(std::string_view id) {
  TrainingSettings out;
  for (const auto& [key, value] : preset_info(id).overrides) apply(out, key, value);
  out.given.clear();
  return out;
}

TrainingSettings warm_started_settings(std::string_view id, const TrainingSettings& from) {
  const TrainingSettings preset = preset_settings(id);
  TrainingSettings out = from;
  out.objective = preset.objective;
  out.dropout_shared = preset.dropout_shared;
  out.dropout_replace = preset.dropout_replace;
  out.epochs = 1;
  out.learning_rate = from.learning_rate / 2;
  out.given.clear();
  return out;
}

TrainingSettings bare_objective_settings() {
  TrainingSettings out;
  apply(out, "attribution.quadrature", "midpoint");
  apply(out, "attribution.steps", "8");
  out.dropout_hidden = out.dropout_attention = out.dropout_classifier = 0;
  out.given.clear();
  return out;
}

TrainingSettings control_settings(const TrainingSettings& settings) {
  TrainingSettings out = settings;
  out.objective = preset_settings("control").objective;
  out.dropout_shared = 0;
  out.dropout_replace = TrainingSettings().dropout_replace;
  out.probe_steps = 0;  // the film stays: one watches what the terms change against it
  out.given.clear();
  return out;
}

}  // namespace telltale
