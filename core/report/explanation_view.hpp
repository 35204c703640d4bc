// A stored explanation as pages and windows show it: ranked words, probabilities, what the specials hold, the badge.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "store/store.hpp"

namespace telltale {

struct RankedWord {
  std::size_t word = 0;   ///< index into ExplanationRecord::words
  std::string text;       ///< valid UTF-8, one line
  double score = 0;
  double share = 0;       ///< of Σ|score| over the words, 0..1
  int rank = 0;           ///< from 1, largest score first; ties by position
};

/// How well the scores add up: METHOD.md's relative delta in three steps.
enum class Badge { good, fair, bad, none };  ///< under 1 %, under 5 %, above; no completeness is promised

struct ExplanationView {
  ExplanationView(const ExplanationRecord& record, std::string_view text, const std::vector<std::string>& classes);

  std::vector<RankedWord> ranked;         ///< by rank; words with a damaged span are left out
  std::vector<double> probabilities;      ///< [C], softmax of the stored logits; empty if there are none
  int predicted = -1;
  double words_sum = 0, cls = 0, sep = 0, other = 0;  ///< other: specials that were typed, and pieces outside every word
  double sum = 0;                         ///< of all scores
  double change = 0;                      ///< F(x) − F(b), NaN = no baseline
  double relative_delta = 0;              ///< delta / max(1e-3, |change|), NaN = none
  Badge badge = Badge::none;
  double domain = 1;                      ///< score_domain() of the words
  std::string target, foil;               ///< class names; foil empty = none
  std::string output;                     ///< "probability", … as the protocol says
  std::string badge_text() const;         ///< "delta 0.03 %", "no completeness"
};

/// As `telltale explain --json` prints it, with where it came from: "document", "run", "protocol", …. `token` names an id
/// (the tokeniser's vocabulary); without it a token's text is its slice of the post. What a damaged record lacks is null.
OrderedJson explanation_json(const ExplanationRecord& record, std::string_view text, const std::vector<std::string>& classes,
                             const std::function<std::string(std::int32_t)>& token = {});

/// A post with its explanation, for a page.
struct ExplainedPost {
  ExplanationRecord record;
  std::string text, id;   ///< id: the document's own name
  int label = -1;         ///< gold class, −1 = none
};

/// One self-contained page with every post painted on its own scale. `about`: a line under the title (escaped).
std::string explanations_html(std::string_view title, std::string_view about, const std::vector<ExplainedPost>& posts, const std::vector<std::string>& classes);

}  // namespace telltale
