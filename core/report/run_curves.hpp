// The steps of a run as columns, for charts: a million of them are asked and drawn by pixels.
#pragma once
#include <cstdint>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "report/pyramid.hpp"
#include "store/store.hpp"

namespace telltale {

struct CurveColumn {
  MinMaxPyramid values;
  std::vector<std::uint32_t> faults;  ///< rows where the value was no number (NaN or infinity), rising
};

/// Names of columns: "term.class", …, "term.total", "share.class", …, "gradient_norm", "learning_rate", "tokens_per_second", "memory_mib".
class RunCurves {
 public:
  std::size_t rows() const { return step_.size(); }
  const std::vector<double>& steps() const { return step_; }
  const std::vector<double>& epochs() const { return epoch_; }
  const std::vector<double>& seconds() const { return seconds_; }
  const std::map<std::string, CurveColumn, std::less<>>& columns() const { return columns_; }
  const CurveColumn* column(std::string_view name) const;  ///< nullptr when no step has it
  std::int64_t last_step() const { return step_.empty() ? 0 : static_cast<std::int64_t>(step_.back()); }

  /// Steps rise: one that is not after the last takes the place of what was from there on.
  void append(const StepRecord& step);
  void truncate_after(std::int64_t step);

  std::vector<unsigned char> bytes() const;
  /// Throws std::runtime_error when the bytes are not those of bytes().
  static RunCurves from_bytes(const std::vector<unsigned char>& bytes);

 private:
  CurveColumn& column_to_fill(const std::string& name);
  void fill(const std::string& name, double value, bool fault);
  std::vector<double> step_, epoch_, seconds_;
  std::map<std::string, CurveColumn, std::less<>> columns_;
};

/// Steps after `curves`' last are read from the file and appended, thousands at a time. Throws Cancelled.
void read_new_steps(Store& store, std::int64_t run, RunCurves& curves, const std::stop_token& stop = {});

/// All of a run's steps: from what the file keeps of a finished run, else from its rows; of a long finished run they are then kept for the
/// next time (where the file may be written). Throws Cancelled.
RunCurves load_curves(Store& store, const RunRecord& run, const std::stop_token& stop = {});

/// What an event "step" of training says (CONTRACT.md, --events).
StepRecord step_of_event(const OrderedJson& event);

}  // namespace telltale
