// What stands in the new-run form, before it becomes runs: no widgets in here.
#pragma once
#include <QString>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "training/trainer.hpp"

namespace telltale::ui {

/// A number as people read it: minus U+2212, no plus or leading zeros in exponents ("5e−5"). Other texts as they are.
QString shown_value(const std::string& value);
/// The same back, as apply() reads it.
std::string read_value(const QString& shown);

/// "13, 29, 47" or "1–5"; nothing when it cannot be read, holds a seed twice, or more than 100 of them.
std::optional<std::vector<std::uint64_t>> read_seeds(const QString& text);

/// A word of a command line, quoted where a shell needs it.
QString shell_word(const std::string& word);

/// A preset and what a person changed of it. Every value is text, as typed; values that the table refuses stay and are told by error().
class RunDraft {
 public:
  RunDraft() { begin("contrastive", preset_settings("contrastive")); }

  /// A preset (or the settings of a run): every change is forgotten.
  void begin(const std::string& preset, const TrainingSettings& base);
  /// Another preset: what a person changed of data, optimiser and record stays, what belongs to the objective goes.
  void change_preset(const std::string& preset, const TrainingSettings& base);
  /// A preset, changed into these settings.
  void copy(const std::string& preset, const TrainingSettings& base, const TrainingSettings& settings);
  const std::string& preset() const { return preset_; }

  void set(const std::string& id, const std::string& value);
  void reset(const std::string& id);   ///< back to the preset's
  void reset_all() { edits_.clear(); }
  QString shown(const std::string& id) const;
  QString preset_value(const std::string& id) const;
  bool differs(const std::string& id) const;
  int differing() const;               ///< settings that differ from the preset; the seed does not count
  QString error(const std::string& id) const;  ///< empty: it fits
  std::vector<std::string> errors() const;     ///< ids of settings that do not fit

  /// Throws std::invalid_argument when something does not fit.
  TrainingSettings settings() const;
  /// What fits of it: for notes beside the fields.
  TrainingSettings fitting() const;
  /// key=value of what differs, in the order of the table.
  std::vector<std::string> assignments() const;

 private:
  std::string value_of(const std::string& id, const TrainingSettings& s) const;
  std::string preset_;
  TrainingSettings base_;
  std::map<std::string, std::string, std::less<>> edits_;
};

/// What is queued: a draft with its data, model, seeds and companions.
struct RunPlan {
  std::int64_t dataset = 0;
  std::string dataset_name, model, name;
  std::optional<std::int64_t> from;
  std::vector<std::uint64_t> seeds{0};
  bool paired = false;   ///< a baseline beside each (without `from`)
  bool control = true;   ///< the control of each (with `from`)
  ComputeOptions compute;     ///< what they compute on
  bool own_compute = false;   ///< not what the settings of the program say

  /// One run, as queue_run() wants it; `seed` of seeds.
  TrainRequest request(const RunDraft& draft, std::uint64_t seed) const;
  /// "contrastive · seed 13", or the given name (with its seed, where there are several).
  std::string run_name(const std::string& what, std::uint64_t seed) const;
  bool has_baseline(const RunDraft& draft) const;
  bool has_control(const RunDraft& draft) const;
  int runs(const RunDraft& draft) const;
  /// The rows of the store, in the order in which they train; names that were not given are told from those there are by a number. Throws what queue_run() throws; then no row is left.
  std::vector<std::int64_t> queue(Store& store, const RunDraft& draft) const;
  /// The same on the command line, one call for each seed's first; `all`: for every run.
  QStringList command_lines(const QString& file, const RunDraft& draft) const;
};

}  // namespace telltale::ui
