// The presets of METHOD.md as one table: what each is for, and which settings it changes.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "training/settings.hpp"

namespace telltale {

struct PresetInfo {
  std::string id, name, purpose;
  bool warm_started = false;  ///< meant to start from a finished baseline run
  std::vector<std::pair<std::string, std::string>> overrides;  ///< of the defaults, in order
};
const std::vector<PresetInfo>& presets();
const PresetInfo& preset_info(std::string_view id);  ///< std::invalid_argument listing the ids

/// Defaults with the preset's overrides; nothing counts as given.
TrainingSettings preset_settings(std::string_view id);

/// The settings of a run that starts from a finished one: the preset's objective; batches, optimiser, length and seed of that run;
/// one epoch at half its learning rate.
TrainingSettings warm_started_settings(std::string_view id, const TrainingSettings& from);

/// What `telltale objective` starts from: weights 1 1 1 1 1, 8 midpoint nodes in both passes, no dropout.
TrainingSettings bare_objective_settings();

/// The same batches and schedule with the class term alone: the `control` of a run.
TrainingSettings control_settings(const TrainingSettings& settings);

}  // namespace telltale
