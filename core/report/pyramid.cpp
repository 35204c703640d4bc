#include "report/pyramid.hpp"

#include <algorithm>
#include <cmath>

namespace telltale {
namespace {

MinMaxPyramid::Extremes both(MinMaxPyramid::Extremes a, MinMaxPyramid::Extremes b) { return {std::min(a.low, b.low), std::max(a.high, b.high)}; }

constexpr double nothing_left = 1e-30;   // of 1: far below what a double next to 1 can hold
constexpr double least_mean = 1e-300;

void widen(MinMaxPyramid::Extremes& e, float v) {
  if (v < e.low) e.low = v;  // both false for NaN
  if (v > e.high) e.high = v;
}

}  // namespace

MinMaxPyramid::MinMaxPyramid(std::vector<float> values) : values_(std::move(values)) {
  if (values_.size() <= fan) return;
  std::vector<Extremes> level((values_.size() + fan - 1) / fan);
  for (std::size_t i = 0; i < values_.size(); ++i) widen(level[i / fan], values_[i]);
  levels_.push_back(std::move(level));
  while (levels_.back().size() > fan) {
    const std::vector<Extremes>& below = levels_.back();
    std::vector<Extremes> next((below.size() + fan - 1) / fan);
    for (std::size_t i = 0; i < below.size(); ++i) next[i / fan] = both(next[i / fan], below[i]);
    levels_.push_back(std::move(next));
  }
}

void MinMaxPyramid::append(float value) {
  values_.push_back(value);
  std::size_t count = values_.size();
  for (std::size_t k = 0; count > fan; ++k) {
    const std::size_t below = count;  // nodes of the level under this one
    count = (below + fan - 1) / fan;
    if (k == levels_.size()) {        // a new level: made of what is under it
      std::vector<Extremes> level(count);
      for (std::size_t i = 0; i < below; ++i) {
        if (k == 0) widen(level[i / fan], values_[i]);
        else level[i / fan] = both(level[i / fan], levels_[k - 1][i]);
      }
      levels_.push_back(std::move(level));
      continue;
    }
    if (levels_[k].size() < count) levels_[k].emplace_back();
    widen(levels_[k].back(), value);
  }
}

void MinMaxPyramid::truncate(std::size_t size) {
  if (size >= values_.size()) return;
  values_.resize(size);
  *this = MinMaxPyramid(std::move(values_));
}

MinMaxPyramid::Extremes MinMaxPyramid::extremes(std::size_t begin, std::size_t end) const {
  Extremes e;
  end = std::min(end, values_.size());
  if (begin >= end) return e;
  for (std::size_t k = 0;; ++k) {  // [begin, end) in nodes of level k (0: values)
    const auto take = [&](std::size_t i) {
      if (k == 0) widen(e, values_[i]);
      else e = both(e, levels_[k - 1][i]);
    };
    if (k == levels_.size() || end - begin < 2 * fan) {
      for (std::size_t i = begin; i < end; ++i) take(i);
      return e;
    }
    while (begin % fan) take(begin++);
    while (end % fan) take(--end);
    begin /= fan;
    end /= fan;
  }
}

std::size_t MinMaxPyramid::count(std::size_t level, std::size_t node, std::size_t begin, std::size_t end, float limit, bool below) const {
  std::size_t width = 1;
  for (std::size_t k = 0; k < level; ++k) width *= fan;
  if (node * width >= end || (node + 1) * width <= begin) return 0;
  if (level == 0) return below ? values_[node] < limit : values_[node] > limit;
  const Extremes& e = levels_[level - 1][node];
  if (!(below ? e.low < limit : e.high > limit)) return 0;
  const std::size_t nodes = level == 1 ? values_.size() : levels_[level - 2].size();
  std::size_t n = 0;
  for (std::size_t i = node * fan; i < std::min(nodes, (node + 1) * fan); ++i) n += count(level - 1, i, begin, end, limit, below);
  return n;
}

std::size_t MinMaxPyramid::count_beyond(std::size_t begin, std::size_t end, float limit, bool below) const {
  end = std::min(end, values_.size());
  const std::size_t top = levels_.size(), nodes = top == 0 ? values_.size() : levels_.back().size();
  std::size_t n = 0;
  for (std::size_t i = 0; i < nodes; ++i) n += count(top, i, begin, end, limit, below);
  return n;
}

std::size_t MinMaxPyramid::place_of(std::size_t begin, std::size_t end, bool least) const {
  end = std::min(end, values_.size());
  if (begin >= end) return end;
  const Extremes all = extremes(begin, end);
  if (!all.any()) return end;
  const float wanted = least ? all.low : all.high;
  // Halved until it is short: each half is a question to the pyramid.
  std::size_t a = begin, b = end;
  while (b - a > 2 * fan) {
    const std::size_t middle = a + (b - a) / 2;
    const Extremes left = extremes(a, middle);
    (left.any() && (least ? left.low : left.high) == wanted ? b : a) = middle;
  }
  for (std::size_t i = a; i < b; ++i)
    if (values_[i] == wanted) return i;
  return end;
}

void MovingAverage::take(State& s, float value, double beta) {
  if (std::isnan(value)) return;
  s.mean = beta * s.mean + (1 - beta) * static_cast<double>(value);
  s.weight *= beta;
  // What is left of the beginning ends at 0, and not among the denormal numbers, where each step would cost a hundred times as much.
  if (s.weight < nothing_left) s.weight = 0;
  if (std::abs(s.mean) < least_mean) s.mean = 0;
}

void MovingAverage::follow(const MinMaxPyramid& column, double beta) {
  if (beta != beta_ || column.size() < seen_) {
    rests_.clear();
    last_ = {};
    seen_ = 0;
    beta_ = beta;
    powers_[stride - 1] = 1 - beta;
    for (std::size_t j = stride - 1; j-- > 0;) powers_[j] = std::max(powers_[j + 1] * beta, least_mean);
    whole_ = std::pow(beta, static_cast<double>(stride));
    rests_.reserve(column.size() / stride + 1);
  }
  const std::span<const float> values = column.values();
  while (seen_ < values.size()) {
    if (seen_ % stride == 0) {
      rests_.push_back(last_);
      if (values.size() - seen_ >= stride) {
        // A whole stride at once: four sums that do not wait for each other. A hole makes them NaN; then it goes value by value.
        std::array<double, 4> sums{};
        const float* v = values.data() + seen_;
        for (std::size_t j = 0; j < stride; j += 4)
          for (std::size_t k = 0; k < 4; ++k) sums[k] += powers_[j + k] * static_cast<double>(v[j + k]);
        if (const double sum = (sums[0] + sums[1]) + (sums[2] + sums[3]); !std::isnan(sum)) {
          last_.mean = whole_ * last_.mean + sum;
          last_.weight *= whole_;
          if (last_.weight < nothing_left) last_.weight = 0;
          if (std::abs(last_.mean) < least_mean) last_.mean = 0;
          seen_ += stride;
          continue;
        }
      }
    }
    take(last_, values[seen_++], beta_);
  }
}

double MovingAverage::at(const MinMaxPyramid& column, std::size_t index) const {
  if (index >= seen_) return std::numeric_limits<double>::quiet_NaN();
  State s = rests_[index / stride];
  for (std::size_t i = index / stride * stride; i <= index; ++i) take(s, column[i], beta_);
  return s.weight == 1 ? std::numeric_limits<double>::quiet_NaN() : s.mean / (1 - s.weight);
}

}  // namespace telltale
