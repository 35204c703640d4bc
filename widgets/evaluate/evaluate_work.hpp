// What Evaluate reads and computes on the worker: the stored values of chosen runs, what is missing and its cost, the
// evaluation itself.
#pragma once
#include <QString>
#include <functional>
#include <map>
#include <optional>
#include <set>

#include "evaluation/reading.hpp"
#include "widgets/session/session.hpp"

namespace telltale::ui {

/// What the person chose. options.methods and options.metrics are empty; max_length 0 = that of each run.
struct EvaluateWish {
  std::vector<std::int64_t> runs;
  std::vector<std::string> methods, metrics;
  EvaluationOptions options;
};

/// One set of settings that the file holds an evaluation under.
struct StoredProtocol {
  int number = 0;  ///< from 1, in the order of first use
  Json settings;
  std::string created;  ///< the last time
  std::vector<std::int64_t> runs;
};

/// A figure of a cell that the shown protocol lacks, under another one.
struct Elsewhere {
  int protocol = 0;  ///< number
  Interval mean;
  std::int64_t n = 0;
};

struct EvaluatedRun {
  std::int64_t id = 0;
  QString name;
  double accuracy = NAN, macro_f1 = NAN;  ///< of the run, on its test posts
  EvaluationReading reading;
  std::map<std::pair<std::string, std::string>, Elsewhere> elsewhere;
  std::set<std::string> in_loss;  ///< methods that answer with a baseline which a loss of it used
};

struct EvaluateData {
  EvaluateWish wish;
  std::vector<EvaluatedRun> runs;
  std::vector<StoredProtocol> protocols;  ///< of the data set of the runs
  int current = 0;                        ///< number of the shown protocol, 0 = nothing is stored under it
  std::vector<std::string>
      differing;  ///< settings in which the shown runs differ: their figures are not of one protocol
  std::vector<std::string> splits, classes;
  std::vector<std::string> annotators;  ///< who marked words of the data set
  std::vector<std::string> columns;     ///< of its posts, that slices can be made by
  std::size_t posts = 0, split_posts = 0;  ///< of the sample, of the split
  std::size_t missing_values = 0,
              missing_pairs = 0;  ///< values of posts, and results over pairs of classes, that are not stored
  const EvaluatedCell* cell(std::size_t run, const std::string& method, const std::string& metric) const {
    return runs[run].reading.cell(method, metric);
  }
};
using EvaluatePtr = std::shared_ptr<const EvaluateData>;

/// What a run can be chosen from and what was evaluated before; quick.
struct EvaluateFile {
  std::vector<RunRecord> runs;  ///< finished ones
  std::map<std::int64_t, DatasetInfo> datasets;
  std::vector<EvaluationRecord> evaluations;  ///< of those runs' models, the last begun one last
};
EvaluateFile read_evaluate_file(Store& store);

/// Reads; computes nothing but means and intervals of what is new since `before`. Throws std::invalid_argument (runs of
/// unlike data), Cancelled.
EvaluatePtr read_evaluate(Store& store, const EvaluateWish& wish, std::stop_token stop, const EvaluatePtr& before);
/// Methods and metrics of the tables with a value of a run under these settings.
std::pair<std::vector<std::string>, std::vector<std::string>> stored_choices(Store& store, std::int64_t run,
                                                                             const Json& settings);

/// Ids that Evaluate offers, in the order of the tables: methods and the control; metrics of posts and of pairs of
/// classes.
std::vector<std::string> offered_methods();
std::vector<std::string> offered_metrics();
QString method_name(const std::string& id);

/// Seconds that the missing values would take, measured on one post of each run that lacks some; nothing missing: 0.
struct EvaluateCost {
  double of_posts = 0, of_pairs = 0;
  double seconds() const { return of_posts + of_pairs; }
};
EvaluateCost cost_of_evaluation(WorkQueue::Context& context, const EvaluateData& data);

/// Computes and stores what is missing, run after run. Progress is of all of it, in thousandths; `what` names run and
/// step.
void evaluate_missing(WorkQueue::Context& context, const EvaluateWish& wish, const EvaluateCost& cost);

QString setting_name(const std::string& key);                        ///< "k", "removal rule", …
QString setting_text(const Json& settings, const std::string& key);  ///< "20 % of the words", "delete", …

}  // namespace telltale::ui
