#include "widgets/inspect/telling.hpp"

#include <algorithm>

namespace telltale::ui {

CountsPtr count_words(Store& store, const DatasetInfo& dataset, const Tokenizer& tokenizer, std::stop_token stop, const ProgressFn& progress) {
  auto found = std::make_shared<WordCounts>();
  std::vector<std::pair<int, std::vector<int>>> posts;  // counts need the size of the whole vocabulary
  Store::DocumentFilter filter;
  filter.dataset = dataset.id;
  filter.split = "train";
  const auto total = static_cast<double>(store.count_documents(filter));
  store.each_document(filter, [&](Document&& d) {
    if (stop.stop_requested()) throw Cancelled{};
    std::vector<int> words = words_of(d.text, tokenizer.encode(d.text), found->vocabulary);
    std::sort(words.begin(), words.end());
    words.erase(std::unique(words.begin(), words.end()), words.end());
    posts.emplace_back(d.label, std::move(words));
    if (progress && posts.size() % 256 == 0) progress({static_cast<double>(posts.size()), total, "counting words"});
  });
  found->counts = DocumentCounts(static_cast<int>(dataset.classes.size()), found->vocabulary.size());
  for (const auto& [label, words] : posts) found->counts.add(label, words);
  return found;
}

Telling telling_of(const WordCounts* counts, std::string_view word, int a, int b) {
  Telling t;
  if (!counts || a < 0 || b < 0 || a == b || std::max(a, b) >= counts->counts.classes()) return t;
  const int w = counts->vocabulary.find(lower_cased(word));
  if (w < 0) return t;
  t.posts = counts->counts.count(a, w) + counts->counts.count(b, w);
  if (t.posts == 0) return t;
  const double p = counts->counts.probability(a, b, w);
  t.label = p >= 0.5 ? a : b;
  t.probability = std::max(p, 1 - p);
  t.kind = t.probability >= 0.8 ? Telling::Kind::telling : counts->counts.sharedness(a, b, w) >= 0.7 ? Telling::Kind::shared : Telling::Kind::neither;
  return t;
}

}  // namespace telltale::ui
