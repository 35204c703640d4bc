// Shapley values by permutations (Castro, Gómez & Tejada 2009): each word's change of F when it comes, averaged over orders of coming.
// Orders are drawn in pairs, the second the reverse of the first (antithetic: Mitchell et al. 2022). One order costs n − 1 passes and keeps completeness.
// The standard error is that of the mean over P pairs, as pairs are independent and their two orders are not, times Student's factor: few pairs know their own
// spread badly, and with it ±1 standard error holds the value in 68 % of draws whatever P is, as it does for methods that draw many.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "attribution/coalitions.hpp"
#include "base/random.hpp"

namespace telltale {
namespace {

/// Quantile of Student's t at Φ(1), over 1: 1.84, 1.32, 1.20, … for 1, 2, 3 degrees of freedom (Cornish–Fisher; Abramowitz & Stegun 26.7.5 at 1).
double student_factor(double freedom) { return 1 + 1 / (2 * freedom) + 1 / (4 * freedom * freedom) + 1 / (16 * freedom * freedom * freedom); }

class ShapleySampling final : public CoalitionMethod {
 public:
  MethodInfo info() const override {
    MethodInfo m;
    m.id = "shapley-sampling";
    m.name = "Shapley, permutations";
    m.source = "Castro, Gómez & Tejada 2009; Mitchell et al. 2022";
    m.needs = "forward passes";
    m.cost = "max(S, 4 (n − 1)) F, S samples, n words or pieces";
    m.complete = true;
    m.deterministic = false;
    m.uses_removal = m.uses_samples = m.has_unit = true;
    m.removal = Removal::baseline;
    m.dummy = m.symmetric = true;
    return m;
  }

 private:
  Design draw(std::size_t n, const ExplainOptions& options, std::uint64_t seed) const override {
    // At least two pairs, or there is no standard error; where they would ask as much as all coalitions do, those are asked.
    ExplainOptions least = options;
    if (options.samples > 0) least.samples = std::max(options.samples, static_cast<int>(4 * (n - 1)));
    Design d = begun_design(n, least);
    if (d.exact) return d;
    Rng rng(seed);
    const std::size_t pairs = std::max<std::size_t>(2, static_cast<std::size_t>(options.samples) / (2 * (n - 1)));
    std::vector<int> order(n);
    std::iota(order.begin(), order.end(), 0);
    for (std::size_t k = 0; k < 2 * pairs; ++k) {
      if (k % 2 == 0)
        rng.shuffle(order);
      else
        std::reverse(order.begin(), order.end());
      Coalition here(n, 0);
      for (std::size_t i = 0; i + 1 < n; ++i) {
        here[static_cast<std::size_t>(order[i])] = 1;
        d.coalitions.push_back(here);
      }
      d.orders.push_back(order);
    }
    return d;
  }

  PlayerScores solve(std::size_t n, const Design& d, const std::vector<double>& worth, const ExplainOptions&) const override {
    return d.exact ? exact(n, d, worth) : sampled(n, d, worth);
  }

  /// φ_i = Σ_S |S|! (n−|S|−1)!/n! (F(S ∪ i) − F(S)): F of a coalition of s counts 1/(s C(n,s)) for those in it and −1/((n−s) C(n,s)) for those out of it.
  static PlayerScores exact(std::size_t n, const Design& d, const std::vector<double>& worth) {
    PlayerScores out{std::vector<double>(n, 0.0), std::vector<double>(n, 0.0), true};
    std::vector<double> choose(n + 1, 1.0);
    for (std::size_t s = 1; s <= n; ++s) choose[s] = choose[s - 1] * static_cast<double>(n - s + 1) / static_cast<double>(s);
    for (std::size_t r = 0; r < d.coalitions.size(); ++r) {
      const auto s = static_cast<std::size_t>(std::count(d.coalitions[r].begin(), d.coalitions[r].end(), 1));
      for (std::size_t i = 0; i < n; ++i)
        out.scores[i] += d.coalitions[r][i] ? worth[r] / (static_cast<double>(s) * choose[s]) : -worth[r] / (static_cast<double>(n - s) * choose[s]);
    }
    return out;
  }

  static PlayerScores sampled(std::size_t n, const Design& d, const std::vector<double>& worth) {
    const double pairs = static_cast<double>(d.orders.size()) / 2;
    std::vector<double> sum(n, 0.0), squares(n, 0.0), pair(n);
    std::size_t row = 2;
    for (std::size_t k = 0; k < d.orders.size(); ++k) {
      if (k % 2 == 0) std::fill(pair.begin(), pair.end(), 0.0);
      double before = worth[0];
      for (std::size_t i = 0; i < n; ++i) {
        const double after = i + 1 < n ? worth[row++] : worth[1];
        pair[static_cast<std::size_t>(d.orders[k][i])] += (after - before) / 2;
        before = after;
      }
      if (k % 2 == 1)
        for (std::size_t i = 0; i < n; ++i) sum[i] += pair[i], squares[i] += pair[i] * pair[i];
    }
    PlayerScores out{std::vector<double>(n), std::vector<double>(n), true};
    // One pair drawn again and again knows nothing of its spread.
    const auto& first = d.orders.front();
    const bool alike = std::all_of(d.orders.begin(), d.orders.end(), [&](const std::vector<int>& o) { return o == first || std::equal(o.begin(), o.end(), first.rbegin()); });
    for (std::size_t i = 0; i < n; ++i) {
      out.scores[i] = sum[i] / pairs;
      out.errors[i] = student_factor(pairs - 1) * std::sqrt(std::max(0.0, squares[i] / pairs - out.scores[i] * out.scores[i]) / (pairs - 1));
      if (alike) out.errors[i] = std::numeric_limits<double>::quiet_NaN();
    }
    return out;
  }
};

}  // namespace

std::unique_ptr<const Method> make_shapley_sampling() { return std::make_unique<ShapleySampling>(); }

}  // namespace telltale
