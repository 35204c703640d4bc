// METRICS.md, "Hide test": no attributor; what becomes of the accuracy when shared words, or telling words, are hidden.
#pragma once
#include <array>
#include <vector>

#include "evaluation/probe.hpp"
#include "evaluation/statistics.hpp"
#include "evaluation/words.hpp"

namespace telltale {

inline constexpr double shared_from = 0.7;   ///< sharedness s(w) at which a word is shared
inline constexpr double telling_from = 0.8;  ///< specificity(w) at which a word is telling

struct HidePost {
  Encoding encoding;
  int label = 0;
  std::vector<int> words;  ///< one per Encoding::words; numbers of the counts, −1 = in no training post (then s = 1: shared)
};

enum class HideKind { none, shared, telling };
struct HideCondition {
  HideKind kind = HideKind::none;
  Removal removal = Removal::remove;
};
/// The text as it is; shared and telling words hidden by delete and by pad.
inline constexpr std::array<HideCondition, 5> hide_conditions{{{HideKind::none, Removal::remove},
                                                               {HideKind::shared, Removal::remove},
                                                               {HideKind::shared, Removal::pad},
                                                               {HideKind::telling, Removal::remove},
                                                               {HideKind::telling, Removal::pad}}};
const char* name_of(HideKind);

struct HideOutcome {
  std::array<std::vector<Prediction>, 5> predictions;  ///< [condition][post]
  std::array<double, 5> hidden_share{};                ///< mean over posts with words of the share of words hidden
};

/// The rival of each class: the class that gets most of the probability of its posts (`mass[gold][class]`, summed over posts and over
/// all compared models, so that every model is asked the same); ties to the first; −1 where there is no other class.
std::vector<int> rivals_of(const std::vector<std::vector<double>>& mass);

/// Words of a post to hide: s(w) ≥ 0.7, or specificity(w) ≥ 0.8, of its gold class against the rival, counted on the training split.
std::vector<int> words_to_hide(const HidePost& post, HideKind kind, int rival, const DocumentCounts& train);

/// `whole`: predictions of the posts as they are, where they are known already. Throws std::invalid_argument for sizes that do not fit.
HideOutcome hide_test(const Probe& probe, const std::vector<HidePost>& posts, const std::vector<int>& rivals, const DocumentCounts& train, const std::vector<Prediction>* whole = nullptr);

/// accuracy(delete) − accuracy(pad) on the same posts: where its interval leaves zero, the two rules part, and the model has learnt to
/// treat [PAD] specially.
Interval parting(const HideOutcome& outcome, HideKind kind, const std::vector<int>& gold, const BootstrapOptions& options);

}  // namespace telltale
