#include "evaluation/hide_test.hpp"

#include <algorithm>
#include <stdexcept>

namespace telltale {
namespace {

constexpr double ratio_slack = 1e-12;  // P is a ratio of small counts: "at least" must not hang on its last bit

std::vector<int> positions_of(const Encoding& text, const std::vector<int>& words) {
  std::vector<int> positions;
  for (const int w : words)
    for (int t = text.words[static_cast<std::size_t>(w)].first; t < text.words[static_cast<std::size_t>(w)].last; ++t) positions.push_back(t);
  return positions;
}

}  // namespace

const char* name_of(HideKind kind) {
  switch (kind) {
    case HideKind::shared: return "shared";
    case HideKind::telling: return "telling";
    case HideKind::none: break;
  }
  return "none";
}

std::vector<int> rivals_of(const std::vector<std::vector<double>>& mass) {
  std::vector<int> rivals(mass.size(), -1);
  for (std::size_t c = 0; c < mass.size(); ++c)
    for (std::size_t other = 0; other < mass[c].size(); ++other)
      if (other != c && (rivals[c] < 0 || mass[c][other] > mass[c][static_cast<std::size_t>(rivals[c])])) rivals[c] = static_cast<int>(other);
  return rivals;
}

std::vector<int> words_to_hide(const HidePost& post, HideKind kind, int rival, const DocumentCounts& train) {
  if (post.words.size() != post.encoding.words.size())
    throw std::invalid_argument("words of a post: expected " + std::to_string(post.encoding.words.size()) + ", got " + std::to_string(post.words.size()));
  std::vector<int> hidden;
  if (kind == HideKind::none || rival < 0) return hidden;
  for (std::size_t w = 0; w < post.words.size(); ++w) {
    const bool hide = kind == HideKind::shared ? train.sharedness(post.label, rival, post.words[w]) >= shared_from - ratio_slack
                                               : train.specificity(post.label, rival, post.words[w]) >= telling_from - ratio_slack;
    if (hide) hidden.push_back(static_cast<int>(w));
  }
  return hidden;
}

HideOutcome hide_test(const Probe& probe, const std::vector<HidePost>& posts, const std::vector<int>& rivals, const DocumentCounts& train, const std::vector<Prediction>* whole) {
  HideOutcome outcome;
  if (whole && whole->size() != posts.size()) throw std::invalid_argument("predictions: expected one per post, " + std::to_string(posts.size()) + ", got " + std::to_string(whole->size()));
  std::vector<ModelInput> inputs;
  std::array<std::vector<std::size_t>, hide_conditions.size()> asked;  // [condition] posts whose text it changes
  for (std::size_t c = 0; c < hide_conditions.size(); ++c) {
    double share = 0, with_words = 0;
    for (std::size_t i = 0; i < posts.size(); ++i) {
      const HidePost& post = posts[i];
      const auto hidden = words_to_hide(post, hide_conditions[c].kind, rivals.at(static_cast<std::size_t>(post.label)), train);
      if (!hidden.empty() || (c == 0 && !whole)) {
        inputs.push_back(probe.remove(post.encoding, positions_of(post.encoding, hidden), hide_conditions[c].removal));
        asked[c].push_back(i);
      }
      if (post.words.empty()) continue;
      share += static_cast<double>(hidden.size()) / static_cast<double>(post.words.size());
      ++with_words;
    }
    outcome.hidden_share[c] = with_words > 0 ? share / with_words : 0;
  }
  auto predictions = probe.predict(inputs);
  if (predictions.size() != inputs.size()) throw std::invalid_argument("predictions of the hide test: expected " + std::to_string(inputs.size()) + ", got " + std::to_string(predictions.size()));
  std::size_t next = 0;
  for (std::size_t c = 0; c < hide_conditions.size(); ++c) {
    // What hides nothing leaves the answer as it is.
    outcome.predictions[c] = c > 0 ? outcome.predictions[0] : whole ? *whole : std::vector<Prediction>(posts.size());
    for (const std::size_t i : asked[c]) outcome.predictions[c][i] = std::move(predictions[next++]);
  }
  return outcome;
}

Interval parting(const HideOutcome& outcome, HideKind kind, const std::vector<int>& gold, const BootstrapOptions& options) {
  std::vector<double> by_delete, by_pad;
  for (std::size_t c = 0; c < hide_conditions.size(); ++c) {
    if (hide_conditions[c].kind != kind) continue;
    auto& right = hide_conditions[c].removal == Removal::pad ? by_pad : by_delete;
    for (std::size_t i = 0; i < gold.size(); ++i) right.push_back(outcome.predictions[c].at(i).predicted == gold[i]);
  }
  return paired_difference(by_pad, by_delete, options);
}

}  // namespace telltale
