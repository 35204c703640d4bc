#include "evaluation/typical_words.hpp"

#include <algorithm>
#include <set>

#include "evaluation/words.hpp"

namespace telltale {

std::vector<std::string> typical_words(Store& store, std::int64_t dataset, const Tokenizer& tokenizer, const std::vector<int>& classes, std::size_t most, std::stop_token stop) {
  Store::DocumentFilter filter;
  filter.dataset = dataset;
  filter.split = "train";
  Vocabulary vocabulary;
  std::vector<std::pair<int, std::vector<int>>> posts;
  for (const Document& d : store.documents(filter)) {
    if (stop.stop_requested()) throw Cancelled{};
    posts.emplace_back(d.label, words_of(d.text, tokenizer.encode(d.text), vocabulary));
  }
  const int all = static_cast<int>(store.dataset(dataset).classes.size());
  DocumentCounts counts(all, vocabulary.size());
  for (const auto& [label, words] : posts) counts.add(label, words);
  std::vector<std::string> out;
  std::set<std::string> seen;
  for (const int c : classes) {
    std::vector<std::pair<double, int>> ranked;
    for (int w = 0; w < vocabulary.size(); ++w) {
      const std::string& word = vocabulary.word(w);
      std::int64_t n = 0;
      for (int k = 0; k < all; ++k) n += counts.count(k, w);
      const bool letters = word.size() > 1 && std::all_of(word.begin(), word.end(), [](unsigned char b) { return (b >= 'a' && b <= 'z') || b >= 0x80; });
      if (const double odds = counts.log_odds(c, w); letters && n >= 3 && odds > 0) ranked.emplace_back(-odds, w);
    }
    std::sort(ranked.begin(), ranked.end());
    for (std::size_t k = 0; k < std::min(most, ranked.size()); ++k)
      if (const std::string& word = vocabulary.word(ranked[k].second); seen.insert(word).second) out.push_back(word);
  }
  return out;
}

}  // namespace telltale
