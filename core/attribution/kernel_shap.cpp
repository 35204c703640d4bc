// KernelSHAP (Lundberg & Lee 2017): the Shapley values as the solution of a weighted least-squares problem over coalitions.
//
// Weight of a coalition of s of n players: (n−1) / (C(n,s) s (n−s)); nobody and everybody are constraints: φ₀ = F(nobody), Σφ = F(x) − F(nobody).
// Fewer samples than coalitions: sizes are taken whole from both ends (1 and n−1, 2 and n−2, …) as far as the samples reach, as the weight is
// there; from the sizes that are left coalitions are drawn in proportion to the weight, each with its complement (paired sampling: Covert & Lee 2021).
#include <algorithm>
#include <cmath>
#include <numeric>

#include "attribution/coalitions.hpp"
#include "attribution/linear_fit.hpp"
#include "base/random.hpp"

namespace telltale {
namespace {

/// C(n, k) as a double: its size is compared, not counted with.
double choose(std::size_t n, std::size_t k) {
  double c = 1;
  for (std::size_t i = 1; i <= k; ++i) c *= static_cast<double>(n - k + i) / static_cast<double>(i);
  return c;
}

/// Weight of all coalitions of s players together.
double size_weight(std::size_t n, std::size_t s) { return static_cast<double>(n - 1) / (static_cast<double>(s) * static_cast<double>(n - s)); }

/// Calls `each` with every coalition of s of n players, in lexical order.
template <class Each>
void every_of_size(std::size_t n, std::size_t s, const Each& each) {
  std::vector<std::size_t> at(s);
  std::iota(at.begin(), at.end(), 0u);
  for (;;) {
    Coalition c(n, 0);
    for (const std::size_t p : at) c[p] = 1;
    each(std::move(c));
    std::size_t i = s;
    while (i > 0 && at[i - 1] == n - s + i - 1) --i;
    if (i == 0) return;
    ++at[i - 1];
    for (; i < s; ++i) at[i] = at[i - 1] + 1;
  }
}

class KernelShap final : public CoalitionMethod {
 public:
  MethodInfo info() const override {
    MethodInfo m;
    m.id = "kernel-shap";
    m.name = "KernelSHAP";
    m.source = "Lundberg & Lee 2017; Covert & Lee 2021";
    m.needs = "forward passes";
    m.cost = "(S + 2) F, S samples";
    m.complete = true;
    m.deterministic = false;
    m.uses_removal = m.uses_samples = m.has_unit = true;
    m.removal = Removal::baseline;
    m.dummy = m.symmetric = true;
    return m;
  }

 private:
  Design draw(std::size_t n, const ExplainOptions& options, std::uint64_t seed) const override {
    Design d = begun_design(n, options);
    if (d.exact) {
      for (const Coalition& c : d.coalitions) {
        const auto s = static_cast<std::size_t>(std::count(c.begin(), c.end(), 1));
        d.weights.push_back(s == 0 || s == n ? 0 : size_weight(n, s) / choose(n, s));
      }
      return d;
    }
    const auto add = [&](Coalition c, double weight, int block) {
      d.coalitions.push_back(std::move(c));
      d.weights.push_back(weight);
      d.block.push_back(block);
    };
    d.weights = {0, 0};
    // Sizes s and n−s together; the middle one of an even n is its own partner.
    const std::size_t pairs_of_sizes = n / 2;
    double left = 0;
    for (std::size_t s = 1; s < n; ++s) left += size_weight(n, s);
    double samples = options.samples;
    std::size_t size = 1;
    for (; size <= pairs_of_sizes; ++size) {
      const bool own = 2 * size == n;
      const double weight = size_weight(n, size) * (own ? 1 : 2), count = choose(n, size) * (own ? 1 : 2);
      if (count > samples * weight / left * (1 + 1e-9)) break;  // its share of the samples does not reach
      every_of_size(n, size, [&](Coalition c) {
        const double each = size_weight(n, size) / choose(n, size);
        if (!own) add(complement(c), each, -1);
        add(std::move(c), each, -1);
      });
      samples -= count;
      left -= weight;
    }
    const int pairs = std::max(1, static_cast<int>(samples / 2));
    Rng rng(seed);
    std::vector<double> reach;  // cumulative weight of the sizes that are left
    for (std::size_t s = size; s <= n - size; ++s) reach.push_back((reach.empty() ? 0 : reach.back()) + size_weight(n, s));
    for (int k = 0; k < pairs; ++k) {
      const double at = rng.uniform() * reach.back();
      const std::size_t s = size + static_cast<std::size_t>(std::upper_bound(reach.begin(), reach.end() - 1, at) - reach.begin());
      Coalition c = drawn_of_size(n, s, rng);
      const double each = left / (2.0 * pairs);
      add(complement(c), each, k);
      add(std::move(c), each, k);
    }
    return d;
  }

  PlayerScores solve(std::size_t n, const Design& d, const std::vector<double>& worth, const ExplainOptions&) const override {
    const double change = worth[1] - worth[0];
    if (n == 1) return {{change}, {0}, true};
    FitRows rows;
    rows.columns = n;
    std::vector<int> block;
    for (std::size_t r = 2; r < d.coalitions.size(); ++r) {
      rows.row.push_back(d.coalitions[r].data());
      rows.value.push_back(worth[r] - worth[0]);
      rows.weight.push_back(d.weights[r]);
      block.push_back(d.block[r]);
    }
    const auto fit = [&](const FitRows& some) { return constrained_fit(some, change); };
    const Fit found = fit(rows);
    return {found.coefficients, d.exact ? std::vector<double>(n, 0.0) : jackknife_errors(rows, block, fit), found.determined};
  }
};

}  // namespace

std::unique_ptr<const Method> make_kernel_shap() { return std::make_unique<KernelShap>(); }

}  // namespace telltale
