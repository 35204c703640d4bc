// A comparison and a store to draw in tests, computed from the bundled posts by counting words: no network, the same every time.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "store/store.hpp"

namespace telltale::test {

struct ExamplePost {
  std::string id, label, split, text;
  std::vector<MarkedSpan> spans;
  std::vector<Span> words;
  int label_index = 0;
  std::vector<std::vector<double>> scores;         ///< [run][word], for the gold class
  std::vector<std::vector<double>> probabilities;  ///< [run][class]
};

/// Posts of datasets/newsgroups-mini with the scores of word-count "models", one a run: "baseline", "contrastive", "control".
class Example {
 public:
  explicit Example(std::size_t runs = 2);
  Json comparison() const;                 ///< as compare_runs() makes it (evaluation/comparison.hpp)
  /// Data set, finished runs with steps and validations, an explanation of every test post by each, and the comparison. Documents
  /// get new ids. Returns the ids of the runs.
  std::vector<std::int64_t> fill(Store& store) const;

  std::vector<std::string> classes;
  std::vector<ExamplePost> posts;          ///< all; test posts have scores
  std::size_t runs;

 private:
  std::map<std::string, std::vector<double>> count_words();
  double score(int run, int method, const std::vector<double>& weight, int label, std::uint64_t key) const;
  std::map<std::string, std::vector<double>> weights_;
};

}  // namespace telltale::test
