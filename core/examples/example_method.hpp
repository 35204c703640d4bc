// The step that each method of the table supplies. For core only (torch).
#pragma once
#include <memory>
#include <vector>

#include "examples/examples.hpp"
#include "examples/training_states.hpp"
#include "model/classifier_impl.hpp"

namespace telltale {

/// One score a training post, in the order of TrainingSet::posts.
struct ExampleScores {
  std::vector<double> scores;
  std::vector<double> distances, standard_errors;  ///< empty = none
};

/// What a method works on.
struct ExampleJob {
  const ExampleSource& source;
  ExampleCache& cache;
  const Classifier& model;           ///< the run's own weights
  const Encoding& encoding;          ///< of the explained text
  std::int64_t document;             ///< of the explained text, 0 = none
  int target;
  const ExampleOptions& options;
  TrainingReader& training;
  std::stop_token stop;
  ProgressFn progress;
  ExampleAnswer& answer;             ///< weights, missing, convergence and kept are the method's to fill
};

class ExampleMethod {
 public:
  virtual ~ExampleMethod() = default;
  virtual ExampleMethodInfo info() const = 0;
  ExampleScores run(ExampleJob& job) const { return compute(job); }

 private:
  virtual ExampleScores compute(ExampleJob& job) const = 0;
};

/// The table. A new method: one file with a make function, one row in example_methods.cpp, one hand-worked test.
const std::vector<std::unique_ptr<const ExampleMethod>>& example_method_table();
const ExampleMethod& example_method(const std::string& id);  ///< std::invalid_argument listing the ids

/// The run's own weights. Throws std::runtime_error where they are gone, or know other classes than the data set.
std::shared_ptr<Classifier> example_model(const ExampleSource& source);
/// Ids of a post: as asked, else as the run was trained.
int example_length(const Classifier& model, const RunRecord& run, const ExampleOptions& options);

std::unique_ptr<const ExampleMethod> make_nearest();
std::unique_ptr<const ExampleMethod> make_tracin(bool full_gradient);
std::unique_ptr<const ExampleMethod> make_influence();

}  // namespace telltale
