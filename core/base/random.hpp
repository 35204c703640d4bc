// Random numbers that are the same on every machine and library: counter-free xoshiro256** seeded by SplitMix64.
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

namespace telltale {

/// Mixes any number of words into one seed (SplitMix64 finaliser), so that (seed, step, purpose) name a stream of their own.
std::uint64_t mix_seed(std::uint64_t a, std::uint64_t b = 0, std::uint64_t c = 0, std::uint64_t d = 0);

/// xoshiro256** 1.0 (Blackman & Vigna 2018).
class Rng {
 public:
  using result_type = std::uint64_t;
  explicit Rng(std::uint64_t seed, std::uint64_t stream = 0);
  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return ~result_type{0}; }
  result_type operator()();
  double uniform();                            ///< [0, 1), 53 bits
  double normal();                             ///< standard normal (Box–Muller, both values used)
  double exponential();                        ///< rate 1
  std::uint64_t below(std::uint64_t n);        ///< 0 … n−1 without bias; n ≥ 1
  template <class T>
  void shuffle(std::vector<T>& v) {            ///< Fisher–Yates
    for (std::size_t i = v.size(); i > 1; --i) std::swap(v[i - 1], v[below(i)]);
  }

 private:
  std::uint64_t s_[4];
  double spare_ = 0;
  bool has_spare_ = false;
};

}  // namespace telltale
