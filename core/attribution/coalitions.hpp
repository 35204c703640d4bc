// Texts with some of their words or pieces hidden: what perturbation methods ask a model. For core only (torch behind the job).
//
// The words (or pieces) of a text are the players of a game; a coalition says which of them are present, the others are hidden by the
// removal rule; its worth is F (METHOD.md). Nothing here draws at random.
#pragma once
#include <cstdint>
#include <vector>

#include "attribution/method.hpp"
#include "base/random.hpp"

namespace telltale {

/// One entry a player, 1 = present.
using Coalition = std::vector<std::uint8_t>;

/// Positions (of ids) that are hidden together, one list a player: the pieces of a word, or one piece. Specials are no players.
struct Players {
  std::vector<std::vector<int>> positions;
  std::size_t size() const { return positions.size(); }
};
Players players_of(const Encoding& text, const SpecialIds& specials, Unit unit);

/// The same ids and the same words.
bool same_text(const Encoding& a, const Encoding& b);

/// A coalition of the players of a text, all owned by the caller.
struct CoalitionQuestion {
  const Encoding* text = nullptr;
  const Players* players = nullptr;
  const Coalition* present = nullptr;
};

/// Logits [questions × C], row by row. Questions go to the engine in chunks that are packed by length; inputs that come out equal (two coalitions of
/// equal words under the rule `delete`, one text twice) are asked once a chunk. With everybody present the text is whole under every rule.
/// `asked` (may be null) is called after each chunk with the questions answered so far. Throws Cancelled.
std::vector<double> coalition_logits(const MethodJob& job, const std::vector<CoalitionQuestion>& questions, Removal rule,
                                     const std::function<void(std::size_t)>& asked = {});

/// Everything a sampling method drew for a text of n players, before any answer is known.
struct Design {
  std::vector<Coalition> coalitions;         ///< the first is nobody, the second everybody; n = 0: one alone
  std::vector<double> weights;               ///< one a coalition, where the method weighs them
  std::vector<int> block;                    ///< one a coalition: what was drawn together (a pair, an order); −1 = not drawn but enumerated
  std::vector<std::vector<int>> orders;      ///< of permutation methods: players in the order of their coming
  bool exact = false;                        ///< nothing was drawn: every coalition that counts is there
};

struct PlayerScores {
  std::vector<double> scores, errors;        ///< [n]; errors: standard errors, empty = the method states none, 0 = exact
  bool converged = true;                     ///< false: fewer coalitions than the scores need
};

/// A method that draws all its coalitions beforehand. Texts that stand in several items (one for each class) are asked once.
/// Draws depend on the seed, the ids of the text and the method: not on what else is explained with it.
class CoalitionMethod : public Method {
 protected:
  /// n ≥ 1 players.
  virtual Design draw(std::size_t n, const ExplainOptions& options, std::uint64_t seed) const = 0;
  /// worth: F of each coalition of the design.
  virtual PlayerScores solve(std::size_t n, const Design& design, const std::vector<double>& worth, const ExplainOptions& options) const = 0;

 private:
  void compute(MethodJob& job) const final;
};

/// Fills an explanation from scores of players: words or pieces, baseline_value = F(nobody), delta where the method promises completeness.
void fill_scores(Explanation& e, const Encoding& text, const Players& players, const PlayerScores& found, const MethodInfo& info, double everybody, double nobody);

/// Where a design begins: with every coalition (exact) where samples reach that far, else with nobody and everybody. Nothing in it was drawn.
Design begun_design(std::size_t n, const ExplainOptions& options);
Coalition complement(Coalition c);
/// s of n players, each such coalition as likely as the others.
Coalition drawn_of_size(std::size_t n, std::size_t s, Rng& rng);

/// All 2^n coalitions, nobody first, everybody second, then by size and position. n ≤ most_players_for_all.
std::vector<Coalition> all_coalitions(std::size_t n);
inline constexpr std::size_t most_players_for_all = 20;
/// Is every coalition to be asked: samples "all", or no more of them than samples? std::invalid_argument where "all" is too many.
bool wants_all(std::size_t n, const ExplainOptions& options);
/// Names the stream of random numbers of a text.
std::uint64_t text_seed(const ExplainOptions& options, const Encoding& text, std::uint64_t method);

}  // namespace telltale
