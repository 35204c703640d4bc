// What Compare reads and computes on the worker: the posts of a pair, their explanations, what a comparison would cost.
#pragma once
#include <QString>
#include <optional>

#include "attribution/explain.hpp"
#include "widgets/compare/compared_post.hpp"
#include "widgets/session/session.hpp"

namespace telltale::ui {

/// One row of the list of posts.
struct ComparedRow {
  std::int64_t document = 0;
  int gold = -1, a = -1, b = -1;     ///< labels: a, b are predicted, −1 = unknown
  double p_a = NAN, p_b = NAN;       ///< of the gold class
  QString title;
};

/// One of the two explanations of a post.
struct Side {
  std::int64_t run = 0;
  ExplainOptions options;
  int target = -1;                   ///< −1: the gold class
  PairedPost::Row row;
};
struct PairWish {
  std::int64_t document = 0;
  Side a, b;
  bool other_settings = false;       ///< stored_pair() may take a pair of equal settings that are not these, and says so
  bool shares = false;               ///< scores as shares of Σ|score|: the two are of different units
};

/// Both as the file holds them; nothing where it lacks one. A few rows are read.
std::optional<PairedPtr> stored_pair(Store& store, const PairWish& wish);
/// The same, made and stored (`keep`) where it is missing.
PairedPtr made_pair(WorkQueue::Context& context, const PairWish& wish, bool keep);

/// Posts that both runs explain by the method for the gold class; with `all`, every post of the split, whoever explained it.
std::vector<ComparedRow> posts_of_pair(Store& store, const RunRecord& a, const RunRecord& b, const std::string& method, const std::string& split, bool all, std::stop_token stop);

/// Posts of these classes (all where empty) that hold one of the words. At most 50 words are looked up.
std::vector<std::int64_t> posts_with(Store& store, std::int64_t dataset, const std::vector<std::string>& words, const std::vector<int>& labels, std::stop_token stop);

struct CompareCost {
  std::int64_t posts = 0;            ///< of the test split
  double seconds_per_post = 0;       ///< of both runs and all methods, measured on a post of middle length
  std::vector<double> missing;       ///< share of explanations not stored yet, one a run
};
/// Explains one post to know. Throws what Classifier::load throws.
CompareCost cost_of_comparison(WorkQueue::Context& context, const std::vector<std::int64_t>& runs);

}  // namespace telltale::ui
