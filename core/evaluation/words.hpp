// Words of posts as numbers, and how many training posts of each class hold them.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "text/tokenizer.hpp"

namespace telltale {

/// Lower case of a whole word by ICU's full Unicode mapping, root locale ("ΟΔΟΣ" → "οδος" with a final ς, "İ" → "i̇"): the form in which
/// words of different posts are the same word. Bytes that are not UTF-8 become U+FFFD.
std::string lower_cased(std::string_view utf8);

/// Words in the order in which they were first met.
class Vocabulary {
 public:
  int add(std::string_view lower_cased_word);         ///< its number, new or old
  int find(std::string_view lower_cased_word) const;  ///< −1 when it is not there
  const std::string& word(int number) const { return words_.at(static_cast<std::size_t>(number)); }
  int size() const { return static_cast<int>(words_.size()); }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>{}(s); }
  };
  std::unordered_map<std::string, int, Hash, std::equal_to<>> numbers_;
  std::vector<std::string> words_;
};

/// Numbers of the words of a text, one per Encoding::words. Unknown words are added, or −1 if `vocabulary` is to stay as it is.
std::vector<int> words_of(std::string_view text, const Encoding& encoding, Vocabulary& vocabulary);
std::vector<int> known_words_of(std::string_view text, const Encoding& encoding, const Vocabulary& vocabulary);

/// n_c(w): training posts of class c that hold word w at least once.
class DocumentCounts {
 public:
  explicit DocumentCounts(int classes = 0, int vocabulary = 0);
  /// Counts one post; entries of −1 or past the vocabulary are passed over.
  void add(int label, const std::vector<int>& words);
  std::int64_t posts(int label) const { return posts_.at(static_cast<std::size_t>(label)); }
  std::int64_t count(int label, int word) const;  ///< 0 for a word past the vocabulary
  int classes() const { return static_cast<int>(posts_.size()); }

  /// P(a|w) = (n_a + 1)/(n_a + n_b + 2) (METRICS.md, add-one smoothing on the training split of the pair). A word never seen: ½.
  double probability(int a, int b, int word) const;
  /// max(P(a|w), P(b|w)), ½..1: how far w tells a and b apart.
  double specificity(int a, int b, int word) const;
  /// s(w) = 1 − |2P − 1|, 0..1 (METHOD.md): how far a and b share w.
  double sharedness(int a, int b, int word) const;
  /// log-odds of the document counts of class c against all others: log((n_c+1)/(N_c+2)) − log((n_rest+1)/(N_rest+2)).
  double log_odds(int label, int word) const;

 private:
  std::vector<std::int64_t> posts_;
  std::vector<std::vector<std::uint32_t>> counts_;  // [class][word]
};

}  // namespace telltale
