// A column of numbers with least and greatest values over blocks of blocks: what is asked of a stretch costs by its ends, not by its length.
#pragma once
#include <array>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

namespace telltale {

/// Values are kept as float32: charts show no more than seven digits. NaN = no value here, passed over by every question.
class MinMaxPyramid {
 public:
  MinMaxPyramid() = default;
  explicit MinMaxPyramid(std::vector<float> values);  ///< O(n)

  void append(float value);                ///< O(levels), amortised
  void truncate(std::size_t size);         ///< keeps the first `size`; for runs that are resumed further back
  void reserve(std::size_t size) { values_.reserve(size); }
  std::size_t size() const { return values_.size(); }
  float operator[](std::size_t i) const { return values_[i]; }
  std::span<const float> values() const { return values_; }

  struct Extremes {
    float low = std::numeric_limits<float>::infinity(), high = -std::numeric_limits<float>::infinity();
    bool any() const { return low <= high; }
  };
  /// Over [begin, end), cut to what there is. At most 2·(fan − 1) reads a level.
  Extremes extremes(std::size_t begin, std::size_t end) const;
  /// How many are above `limit` (below, when `below`); walks down only where there are some.
  std::size_t count_beyond(std::size_t begin, std::size_t end, float limit, bool below = false) const;
  /// The largest (least) of [begin, end): its place, or `end` when there is no value.
  std::size_t place_of(std::size_t begin, std::size_t end, bool least = false) const;

  static constexpr std::size_t fan = 16;
  std::size_t levels() const { return levels_.size(); }

 private:
  void cover(std::size_t index, float value);
  std::size_t count(std::size_t level, std::size_t node, std::size_t begin, std::size_t end, float limit, bool below) const;
  std::vector<float> values_;
  std::vector<std::vector<Extremes>> levels_;  ///< [k][i]: values [i·fan^(k+1), (i+1)·fan^(k+1))
};

/// Debiased moving average m_t / (1 − β^t), m_t = β m_{t−1} + (1 − β) v_t over the values there are (t counts those), with a resting place
/// every `stride` values: a value anywhere costs at most `stride` steps, and memory is a hundredth of the column's.
class MovingAverage {
 public:
  /// Takes up what was appended since the last call; starts anew when β changed or the column became shorter.
  void follow(const MinMaxPyramid& column, double beta);
  /// After the values up to and including `index`; NaN before the first value. `column` must be what follow() was called with.
  double at(const MinMaxPyramid& column, std::size_t index) const;
  static constexpr std::size_t stride = 64;

 private:
  struct State {
    double mean = 0, weight = 1;  ///< weight: β^t
  };
  static void take(State& s, float value, double beta);
  std::array<double, stride> powers_{};  ///< (1 − β) β^(stride − 1 − j): what value j of a stride weighs at its end
  double whole_ = 0;                     ///< β^stride
  std::vector<State> rests_;  ///< [k]: before value k·stride
  State last_;
  std::size_t seen_ = 0;
  double beta_ = -1;
};

}  // namespace telltale
