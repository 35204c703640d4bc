#include "base/random.hpp"

#include <cmath>
#include <numbers>

namespace telltale {
namespace {

std::uint64_t split_mix(std::uint64_t& x) {
  std::uint64_t z = (x += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

std::uint64_t rotate(std::uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

}  // namespace

std::uint64_t mix_seed(std::uint64_t a, std::uint64_t b, std::uint64_t c, std::uint64_t d) {
  std::uint64_t h = 0x243f6a8885a308d3ULL;
  for (const std::uint64_t word : {a, b, c, d}) {
    h ^= word;
    h = split_mix(h);
  }
  return h;
}

Rng::Rng(std::uint64_t seed, std::uint64_t stream) {
  std::uint64_t x = mix_seed(seed, stream);
  for (auto& s : s_) s = split_mix(x);
}

Rng::result_type Rng::operator()() {
  const std::uint64_t result = rotate(s_[1] * 5, 7) * 9, t = s_[1] << 17;
  s_[2] ^= s_[0];
  s_[3] ^= s_[1];
  s_[1] ^= s_[2];
  s_[0] ^= s_[3];
  s_[2] ^= t;
  s_[3] = rotate(s_[3], 45);
  return result;
}

double Rng::uniform() { return static_cast<double>((*this)() >> 11) * 0x1.0p-53; }

double Rng::normal() {
  if (has_spare_) {
    has_spare_ = false;
    return spare_;
  }
  const double radius = std::sqrt(-2 * std::log(1 - uniform())), angle = 2 * std::numbers::pi * uniform();
  spare_ = radius * std::sin(angle);
  has_spare_ = true;
  return radius * std::cos(angle);
}

double Rng::exponential() { return -std::log(1 - uniform()); }

std::uint64_t Rng::below(std::uint64_t n) {
  const std::uint64_t reject = (0 - n) % n;  // 2^64 mod n
  std::uint64_t x;
  do x = (*this)();
  while (x < reject);
  return x % n;
}

}  // namespace telltale
