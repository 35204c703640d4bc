// Every `--set` key: one table that apply(), the command line, the form of the workbench and the tests read.
// Keys of the objective are those of METHOD.md; defaults are those of the preset `contrastive`.
#pragma once
#include <cstdint>
#include <functional>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "objective/options.hpp"

namespace telltale {

/// Which weights a finished run keeps.
enum class KeptWeights { last, best };

struct TrainingSettings {
  ObjectiveOptions objective;

  int epochs = 3, batch = 16, accumulate = 1;
  double learning_rate = 1e-4, weight_decay = 0.01;
  double warmup = 0.1;   ///< share of the steps
  double clip = 1;       ///< of the norm of all gradients; 0 = off
  double beta1 = 0.9, beta2 = 0.999, adam_epsilon = 1e-8;
  int max_length = 128;  ///< ids of a post, specials included
  std::uint64_t seed = 0;

  int validate_steps = 0;    ///< 0 = at the end of every epoch
  int checkpoint_steps = 0;  ///< 0 = at the end of every epoch
  int checkpoint_keep = 0;   ///< earlier checkpoints that stay beside the last and the best
  int film_steps = 0, probe_steps = 0, share_steps = 10;  ///< 0 = never
  std::string validation_split = "auto";  ///< auto, held-out, or the name of a split
  double held_out = 0.1;                  ///< share of each class kept from training when validation_split is held-out
  KeptWeights keep = KeptWeights::last;

  static constexpr double of_model = -1;  ///< "as the model's config.json says"
  double dropout_hidden = of_model, dropout_attention = of_model, dropout_classifier = of_model;
  double dropout_shared = 0;              ///< q of shared-word dropout
  SharedDrop dropout_replace = SharedDrop::mask;

  std::set<std::string> given;            ///< keys that apply() was called with: what a person asked for
};

enum class SettingType { number, integer, choice, text };
const char* name_of(SettingType);

struct SettingInfo {
  std::string id, name;
  SettingType type = SettingType::number;
  std::string unit;                  ///< "steps", "ids", "share", …; empty = none
  Json initial;                      ///< the default
  double low = 0, high = 0;          ///< numbers and integers: both ends allowed …
  bool low_open = false;             ///< … except the low one when this is set
  std::vector<std::string> choices;  ///< of a choice; for a number the words that stand for one ("model")
  std::string group;                 ///< "objective", "attribution", "perturbation", "optimiser", "data", "record"
  std::string term;                  ///< term or formula it belongs to
  std::string meaning;

  std::function<Json(const TrainingSettings&)> get;
  std::function<void(TrainingSettings&, const Json&)> set;  ///< of a checked value

  std::string range() const;         ///< "0 … 1", "1 … 4096", "cosine | pearson"
};

/// In the order in which a form shows them.
const std::vector<SettingInfo>& settings_table();
const SettingInfo& setting_info(std::string_view id);  ///< std::invalid_argument listing the ids

/// Sets one key from text. Throws std::invalid_argument: an unknown key (the valid ones are listed), a value of the wrong type, NaN,
/// infinity, anything after the number, or a value out of range (the range is given).
/// `attribution.steps` sets both passes unless `attribution.gradient_steps` is given too, in either order.
void apply(TrainingSettings& settings, std::string_view key, std::string_view value);
/// apply() of "key=value".
void assign(TrainingSettings& settings, std::string_view assignment);

/// What single ranges cannot say: ε ≤ ε₂, no term at all. Throws std::invalid_argument.
void check(const TrainingSettings& settings);

/// Every key of the table, in its order.
OrderedJson to_json(const TrainingSettings& settings);
/// Keys that are absent keep their default; "derived" is passed over. Throws std::invalid_argument as apply() does.
TrainingSettings settings_from_json(const Json& json);

}  // namespace telltale
