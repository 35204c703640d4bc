// Gradients at any points of one text, for methods whose points lie on no straight line. For core only (torch).
#pragma once
#include <functional>

#include "attribution/method.hpp"

namespace telltale {

/// Points first … first + n − 1, [n,T,d] in the engine's type.
using PointsAt = std::function<at::Tensor(std::int64_t first, std::int64_t n)>;
/// Their gradients [n,T,d], and F at each.
using TakeGradients = std::function<void(std::int64_t first, const at::Tensor& points, const at::Tensor& gradients,
                                         const std::vector<double>& values)>;

/// `count` points in batches as large as the engine likes; F is that of the item's target and foil. Checks the stop
/// token before each batch.
void gradients_at(MethodJob& job, std::size_t item, Path path, std::int64_t count, const PointsAt& points,
                  const TakeGradients& take);

/// Mean, and the standard errors of word sums, over draws of scores that come one draw at a time.
class DrawnScores {
 public:
  explicit DrawnScores(const Encoding& text)
      : text_(&text),
        sum_(text.ids.size(), 0.0),
        word_sum_(text.words.size(), 0.0),
        word_square_(text.words.size(), 0.0) {}
  void add(const double* scores);
  /// scores, word_scores and, from two draws on, standard_error.
  void give(Explanation& e) const;

 private:
  const Encoding* text_;
  std::vector<double> sum_, word_sum_, word_square_;
  int count_ = 0;
};

}  // namespace telltale
