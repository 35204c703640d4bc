// LIME (Ribeiro, Singh & Guestrin 2016): a ridge regression of F on the presence of words, near texts weighing more.
//
// As in the authors' code for text: the number of hidden words is drawn uniformly from 1 … n, then which; the whole text is one of the samples. Distance
// to the whole text: 1 − cos of the presence vectors = 1 − sqrt(s/n); weight sqrt(exp(−distance² / width²)), width 0.25; ridge 1, intercept not penalised.
// The scores are the coefficients. With all coalitions each counts as often as it is drawn on average.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>

#include "attribution/coalitions.hpp"
#include "attribution/linear_fit.hpp"
#include "base/random.hpp"

namespace telltale {
namespace {

constexpr double least_weight = 1e-6;  ///< of the nearest of the other texts; ridge 1 leaves nothing of what weighs less

class Lime final : public CoalitionMethod {
 public:
  MethodInfo info() const override {
    MethodInfo m;
    m.id = "lime";
    m.name = "LIME";
    m.source = "Ribeiro, Singh & Guestrin 2016";
    m.needs = "forward passes";
    m.cost = "S F, S samples";
    m.deterministic = false;
    m.uses_removal = m.uses_samples = m.has_unit = m.uses_kernel = true;
    m.removal = Removal::baseline;
    return m;
  }

 private:
  Design draw(std::size_t n, const ExplainOptions& options, std::uint64_t seed) const override {
    Design d = begun_design(n, options);
    const double width = options.kernel_width;
    if (n > 0 && !(lime_kernel(n - 1, n, width) > least_weight)) throw std::invalid_argument(fmt::format("kernel width {}: of a text of {} words nothing but the whole would have weight; take a larger one", width, n));
    if (d.exact) {
      // The whole text is one of the samples: of one alone nothing would be left for the others.
      const double samples = options.samples > 0 ? std::max(2, options.samples) : static_cast<double>(d.coalitions.size());
      std::vector<double> choose(n + 1, 1.0);
      for (std::size_t s = 1; s <= n; ++s) choose[s] = choose[s - 1] * static_cast<double>(n - s + 1) / static_cast<double>(s);
      for (const Coalition& c : d.coalitions) {
        const auto s = static_cast<std::size_t>(std::count(c.begin(), c.end(), 1));
        const double drawn = s == n ? 1 : (samples - 1) / (static_cast<double>(n) * choose[s]);
        d.weights.push_back(lime_kernel(s, n, width) * drawn);
      }
      return d;
    }
    Rng rng(seed);
    d.weights = {0, 1};  // nobody is asked for the base class's sake, the whole text is a sample
    for (int k = 1; k < options.samples; ++k) {
      const std::size_t hidden = 1 + rng.below(n);
      d.coalitions.push_back(complement(drawn_of_size(n, hidden, rng)));
      d.weights.push_back(lime_kernel(n - hidden, n, width));
      d.block.push_back(k - 1);
    }
    return d;
  }

  PlayerScores solve(std::size_t n, const Design& d, const std::vector<double>& worth, const ExplainOptions& options) const override {
    FitRows rows;
    rows.columns = n;
    for (const Coalition& c : d.coalitions) rows.row.push_back(c.data());
    rows.value = worth;
    rows.weight = d.weights;
    const auto fit = [&](const FitRows& some) { return ridge_fit(some, options.ridge); };
    const Fit found = fit(rows);
    PlayerScores out{found.coefficients, std::vector<double>(n, 0.0), d.exact || spans_columns(rows)};
    if (d.exact) return out;
    const bool any = std::any_of(d.block.begin(), d.block.end(), [](int b) { return b >= 0; });
    out.errors = any ? jackknife_errors(rows, d.block, fit) : std::vector<double>(n, std::numeric_limits<double>::quiet_NaN());
    return out;
  }
};

}  // namespace

std::unique_ptr<const Method> make_lime() { return std::make_unique<Lime>(); }

}  // namespace telltale
