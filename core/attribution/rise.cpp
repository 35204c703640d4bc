// Random masks after RISE (Petsiuk, Das & Saenko 2018): each word is kept with probability ½, by itself; a word is as important as F is high when it is kept.
//
// The paper's map is E[F | kept]; the score here is E[F | kept] − E[F | hidden], twice the paper's map less E[F]: the same order of words, a word that
// changes nothing gets 0, and with all masks it is the Banzhaf value. Masks come in pairs, a mask and its complement, so that every pair tells of every word.
#include <algorithm>
#include <cmath>
#include <limits>

#include "attribution/coalitions.hpp"
#include "base/random.hpp"

namespace telltale {
namespace {

class Rise final : public CoalitionMethod {
 public:
  MethodInfo info() const override {
    MethodInfo m;
    m.id = "rise";
    m.name = "Random masks (RISE)";
    m.source = "Petsiuk, Das & Saenko 2018";
    m.needs = "forward passes";
    m.cost = "(S + 2) F, S samples";
    m.deterministic = false;
    m.uses_removal = m.uses_samples = m.has_unit = true;
    m.removal = Removal::baseline;
    m.symmetric = m.dummy = true;
    return m;
  }

 private:
  Design draw(std::size_t n, const ExplainOptions& options, std::uint64_t seed) const override {
    // At least two pairs, or there is no standard error; where they would ask as much as all coalitions do, those are asked.
    ExplainOptions least = options;
    if (options.samples > 0) least.samples = std::max(options.samples, 4);
    Design d = begun_design(n, least);
    if (d.exact) return d;
    Rng rng(seed);
    const int pairs = std::max(2, options.samples / 2);
    for (int k = 0; k < pairs; ++k) {
      Coalition kept(n);
      for (auto& p : kept) p = static_cast<std::uint8_t>(rng() >> 63);
      d.coalitions.push_back(kept);
      d.coalitions.push_back(complement(std::move(kept)));
    }
    return d;
  }

  PlayerScores solve(std::size_t n, const Design& d, const std::vector<double>& worth, const ExplainOptions&) const override {
    PlayerScores out{std::vector<double>(n, 0.0), std::vector<double>(n, 0.0), true};
    if (d.exact) {
      for (std::size_t r = 0; r < worth.size(); ++r)
        for (std::size_t i = 0; i < n; ++i) out.scores[i] += (d.coalitions[r][i] ? worth[r] : -worth[r]) * 2 / static_cast<double>(worth.size());
      return out;
    }
    const double pairs = static_cast<double>(worth.size() / 2 - 1);
    double squares = 0;  // of the pairs' differences: the same for every word, only the sign is its own
    for (std::size_t r = 2; r < worth.size(); r += 2) {
      const double difference = worth[r] - worth[r + 1];
      squares += difference * difference;
      for (std::size_t i = 0; i < n; ++i) out.scores[i] += (d.coalitions[r][i] ? difference : -difference) / pairs;
    }
    bool alike = true;  // one pair drawn again and again knows nothing of its spread
    for (std::size_t r = 4; r < worth.size(); r += 2) alike = alike && (d.coalitions[r] == d.coalitions[2] || d.coalitions[r] == d.coalitions[3]);
    for (std::size_t i = 0; i < n; ++i) out.errors[i] = alike ? std::numeric_limits<double>::quiet_NaN() : std::sqrt(std::max(0.0, squares / pairs - out.scores[i] * out.scores[i]) / (pairs - 1));
    return out;
  }
};

}  // namespace

std::unique_ptr<const Method> make_rise() { return std::make_unique<Rise>(); }

}  // namespace telltale
