#include "examples/gradient_projection.hpp"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>

namespace telltale {
namespace {

/// The finaliser of SplitMix64: neighbouring numbers become independent bits.
inline std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

}  // namespace

std::vector<float> GradientProjection::operator()(const FullGradient& gradient) const {
  constexpr std::int64_t part = std::int64_t{1} << 18;  // numbers; fixed, so that sums do not depend on the threads
  struct Part {
    const float* values;
    std::uint64_t first;
    std::int64_t n;
  };
  std::vector<Part> parts;
  std::vector<at::Tensor> keep;
  for (const FullGradient::Piece& piece : gradient.pieces) {
    keep.push_back(piece.values.to(at::kFloat).contiguous());
    const float* values = keep.back().data_ptr<float>();
    for (std::int64_t at = 0; at < piece.values.numel(); at += part) parts.push_back({values + at, static_cast<std::uint64_t>(piece.first + at), std::min(part, piece.values.numel() - at)});
  }
  const auto k = static_cast<std::size_t>(dimensions_);
  const std::uint64_t dimensions = static_cast<std::uint64_t>(dimensions_), start = mixed(seed_ + 0x9e3779b97f4a7c15ULL);
  // A few lanes with sums of their own: parts go to them in turn.
  constexpr std::size_t lanes = 8;
  std::vector<double> sums(lanes * k, 0.0);
  at::parallel_for(0, static_cast<std::int64_t>(lanes), 1, [&](std::int64_t from, std::int64_t to) {
    for (std::int64_t lane = from; lane < to; ++lane) {
      double* sum = sums.data() + static_cast<std::size_t>(lane) * k;
      for (std::size_t p = static_cast<std::size_t>(lane); p < parts.size(); p += lanes)
        for (std::int64_t i = 0; i < parts[p].n; ++i) {
          const std::uint64_t h = mixed(start + (parts[p].first + static_cast<std::uint64_t>(i)) * 0x9e3779b97f4a7c15ULL);
          const double value = static_cast<double>(parts[p].values[i]);
          sum[((h >> 32) * dimensions) >> 32] += h & 1 ? value : -value;
        }
    }
  });
  std::vector<float> out(k);
  for (std::size_t j = 0; j < k; ++j) {
    double all = 0;
    for (std::size_t lane = 0; lane < lanes; ++lane) all += sums[lane * k + j];
    out[j] = static_cast<float>(all);
  }
  return out;
}

double GradientProjection::standard_error(double norm_a, double norm_b, double dot, std::int64_t dimensions) {
  return std::sqrt((norm_a * norm_a * norm_b * norm_b + dot * dot) / static_cast<double>(dimensions));
}

}  // namespace telltale
