// What a file holds of an evaluation, read without the model: for windows and reports.
#pragma once
#include <map>
#include <memory>

#include "evaluation/protocol.hpp"
#include "evaluation/ranking.hpp"

namespace telltale {

/// One metric of one method on one run.
struct EvaluatedCell {
  Interval mean;         ///< over the posts; of a metric of class pairs, over the pairs
  std::int64_t n = 0;    ///< posts that define it
  std::size_t done = 0;  ///< posts of the sample that were judged; those of class pairs: all or none
  Standing standing = Standing::plain;
  std::vector<double>
      values;  ///< [post of the sample]; NaN = not defined, not judged or left out; empty for class pairs
  std::vector<Interval> curve;  ///< mean over posts at curve_points places, with a Student interval; empty = none
  Json pairs;                   ///< of a metric of class pairs
};

struct EvaluationReading {
  std::int64_t run = 0;
  Json settings;
  std::vector<std::string> classes;
  std::vector<std::int64_t> documents;         ///< the sample, by id
  std::vector<int> labels;                     ///< [post] −1 = not known
  std::vector<int> targets, foils, predicted;  ///< [post] −1 = nothing judged yet
  std::vector<std::int64_t> bytes;             ///< [post] length of its text
  std::size_t sample_of = 0;                   ///< posts of the split
  std::size_t judged = 0, left_out = 0;        ///< posts with any value; of them left out as their class is the foil
  std::map<std::pair<std::string, std::string>, EvaluatedCell>
      cells;  ///< by method and metric; those with nothing stored are not there
  const EvaluatedCell* cell(const std::string& method, const std::string& metric) const;
};

/// Settings that hold for a run: max_length 0 becomes that of the run, else the model's. Throws as Store::run().
Json settings_for_run(Store& store, std::int64_t run, const EvaluationOptions& options, int model_max_length,
                      Precision judged_in);

/// Is the metric the method itself, so that its value is no merit? Occlusion's scores are the drops that tau-loo compares
/// with: both take removal and unit from the protocol. Such a method is no candidate for the best of the column.
bool by_construction(const std::string& method, const std::string& metric);

/// `before`: an earlier reading of the same run and settings; cells that did not change are taken from it. Throws
/// std::runtime_error (settings), Cancelled.
EvaluationReading read_evaluation(Store& store, std::int64_t run, const Json& settings,
                                  const std::vector<std::string>& methods, const std::vector<std::string>& metrics,
                                  std::stop_token stop = {}, const EvaluationReading* before = nullptr);

/// Mean agreement of every two methods over the judged posts that both have a stored explanation of, with Student
/// intervals; [i][j], the diagonal 1. `n`: posts behind it. Nothing is computed anew.
struct MethodAgreement {
  std::vector<std::string> methods;
  std::vector<std::vector<Interval>> values;
  std::vector<std::vector<std::int64_t>> n;
};
MethodAgreement read_agreement(Store& store, const EvaluationReading& reading, const std::vector<std::string>& methods,
                               const std::string& measure, std::stop_token stop = {});

}  // namespace telltale
