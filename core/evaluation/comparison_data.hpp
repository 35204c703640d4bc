// What a comparison is made of, as values: gathered from the store and the models once, then counted without either.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "evaluation/comparison.hpp"
#include "evaluation/contrastivity.hpp"
#include "evaluation/hide_test.hpp"

namespace telltale {

struct ComparedRun {
  RunRecord record;
  int control = -1;                   ///< index of the control run among the compared ones
  bool added = false;                 ///< a control that was not asked for
  int max_length = 0;
  std::vector<Baseline> in_loss;      ///< baselines that an attribution term of it, or of a run it was started from, used
  std::vector<Prediction> predictions;  ///< [post]
  HideOutcome hide;
};

struct ComparedPost {
  Document document;
  std::vector<int> words;             ///< numbers of the words that every run reads, stop words too
  std::vector<Span> spans;            ///< of those words
  std::int64_t cut = -1;              ///< byte at which the run that reads least stops
};

struct ComparedMethod {
  ExplainOptions options;
  std::string name;
  Json protocol;
  std::vector<bool> in_loss;          ///< [run]
  std::vector<AttributorScores> scores;  ///< [run], [post][word]
  bool cosine = false;
  std::int64_t stored = 0, computed = 0;
};

struct Contrast {
  int a = 0, b = 1;                   ///< b less a, indices into runs
  std::string why;                    ///< "given", "control", "first"
};

struct ComparisonData {
  ComparisonOptions options;
  DatasetInfo dataset;
  std::vector<ComparedRun> runs;
  std::vector<Contrast> contrasts;
  int judged = -1;                    ///< the contrast to lead with, −1 = there is none
  std::vector<ComparedPost> posts;
  Vocabulary vocabulary;
  std::vector<bool> stop;             ///< [word] left out
  DocumentCounts train;
  std::vector<int> rivals;
  std::vector<ComparedMethod> methods;
  std::vector<std::string> notes;
  std::string compute;
};

/// Runs in the order given, controls that are missing behind them; contrasts as the document says. No model is touched.
/// Throws std::invalid_argument (no run, one twice, other data sets), std::runtime_error (no weights yet).
void choose_runs(Store& store, ComparisonData& data);

/// Does a method under these options answer with a baseline that the loss used? Path methods and removals that put a token there.
bool uses_baseline(const ExplainOptions& options, Baseline baseline);

/// Posts of the split, their words, training counts, predictions, hide test, explanations.
void gather(Store& store, ComparisonData& data, std::stop_token stop, const ProgressFn& progress);

/// At most `limit` of the indices, the same share of every label (largest remainders), drawn by seed, in rising order; all if limit is 0.
std::vector<std::size_t> stratified_sample(const std::vector<int>& labels, std::int64_t limit, std::uint64_t seed);

/// The document of comparison.hpp, without "seconds".
Json document_of(const ComparisonData& data, std::stop_token stop, const ProgressFn& progress);

}  // namespace telltale
