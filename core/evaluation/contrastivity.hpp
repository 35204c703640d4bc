// METRICS.md, "Contrastivity": do the explanations of two classes lean on different words? Torch-free; word scores in, figures out.
#pragma once
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "evaluation/statistics.hpp"
#include "evaluation/words.hpp"

namespace telltale {

/// What one attributor (a method on a run, or a reference) says of every post.
struct AttributorScores {
  std::vector<std::vector<double>> gold;                   ///< [post][word], explained for the gold class
  std::vector<std::vector<std::vector<double>>> by_class;  ///< [post][class][word], for class-cosine; empty = that metric is not defined
};

struct ContrastivityInput {
  int classes = 0;
  int top = 10;
  std::vector<int> labels;              ///< [post] gold class
  std::vector<std::vector<int>> words;  ///< [post][word] number of the lower-cased word; −1 = left out (stop word)
  int vocabulary = 0;                   ///< numbers are below this
  DocumentCounts train;                 ///< document counts of the training split
  std::vector<AttributorScores> attributors;
  std::vector<std::pair<int, int>> contrasts;  ///< (a, b): the difference of attributor b less attributor a
};

enum class ContrastivityMetric { overlap, weighted_overlap, specificity, telling_share, class_cosine };
inline constexpr std::array all_contrastivity_metrics{ContrastivityMetric::overlap, ContrastivityMetric::weighted_overlap, ContrastivityMetric::specificity,
                                                      ContrastivityMetric::telling_share, ContrastivityMetric::class_cosine};
std::string id_of(ContrastivityMetric, int top);  ///< "overlap@10", "weighted-overlap", …
bool low_is_better(ContrastivityMetric);

struct ListedWord {
  int word = 0;
  double share = 0;  ///< of the class's positive score
  int posts = 0;     ///< of the class that hold it
};

struct ContrastivityResult {
  std::vector<std::pair<int, int>> pairs;  ///< a < b, all pairs of classes
  std::size_t attributors = 0, contrasts = 0;
  /// Figures of an attributor; `pair` = pairs.size() is the mean over the pairs that have a value.
  const Interval& value(std::size_t attributor, ContrastivityMetric, std::size_t pair) const;
  const Interval& difference(std::size_t contrast, ContrastivityMetric, std::size_t pair) const;
  /// Posts that define a per-post metric under every attributor (for the class-level ones: posts with a positive score). Last entry: all posts.
  std::vector<std::array<int, 5>> posts;                      ///< [pair + 1][metric]
  std::vector<std::vector<std::vector<ListedWord>>> lists;    ///< [attributor][class], the top words behind overlap@k
  std::vector<Interval> values, differences;                  // [attributor or contrast][metric][pair + 1]
};

/// Definitions as in METRICS.md, with what it leaves open decided so:
///  * a post's positive scores are scaled to sum 1; a post without one adds nothing to its class;
///  * a list holds words of at least 2 posts of its class (counted once, on all posts: a resample does not make a word of one post
///    eligible) with a positive total; ties go to the word met first; overlap@k divides by k even where a list is shorter;
///  * per-post metrics of a pair are means over the posts of both classes; posts without a positive score are left out of specificity
///    and class-cosine; telling-share@k looks at the k highest-scored words, ties by position, of all the words if there are fewer;
///  * resamples draw posts within each gold class; every pair, metric and attributor sees the same resamples.
/// Throws std::invalid_argument for sizes that do not fit, Cancelled.
ContrastivityResult contrastivity(const ContrastivityInput& input, const BootstrapOptions& options, int threads = 1, const std::function<bool()>& stopped = {});

/// Change of a word's share of the positive score over all classes (each post's scaled to sum 1; mean over posts with one).
struct WordChange {
  int word = 0;
  int posts = 0;                ///< posts that hold it
  std::vector<double> shares;   ///< [attributor]
  Interval difference;          ///< b − a
};
struct WordChanges {
  std::vector<WordChange> gained, lost;  ///< largest change first; words in fewer than 2 posts are left out
};
/// The `most` words that changed most each way, chosen by the change itself, then given paired bootstrap intervals.
WordChanges word_changes(const ContrastivityInput& input, std::pair<int, int> contrast, std::size_t most, const BootstrapOptions& options, int threads = 1);

/// Positions of the k largest scores, largest first, ties by position; all when k is larger.
std::vector<int> top_positions(std::span<const double> scores, std::size_t k);

/// The two references: the same score for each word; log-odds of document counts of a class against the rest.
AttributorScores uniform_reference(const ContrastivityInput& input);
AttributorScores bag_of_words_reference(const ContrastivityInput& input);

}  // namespace telltale
