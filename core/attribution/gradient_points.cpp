#include "attribution/gradient_points.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "attribution/output_function.hpp"

namespace telltale {

void gradients_at(MethodJob& job, std::size_t item, Path path, std::int64_t count, const PointsAt& points,
                  const TakeGradients& take) {
  at::NoGradGuard no_grad;
  const Explanation& e = job.out[item];
  const std::int64_t most = job.engine.texts_per_call(static_cast<std::int64_t>(job.items[item].encoding.ids.size()));
  for (std::int64_t first = 0; first < count; first += most) {
    if (job.stop.stop_requested()) throw Cancelled{};
    const at::Tensor x = points(first, std::min(most, count - first)).contiguous();
    std::vector<double> values;
    const auto seed = [&](const at::Tensor& logits) {
      const at::Tensor z = logits.to(at::kCPU).to(at::kDouble).contiguous();
      at::Tensor dz = at::empty_like(z);
      const int C = static_cast<int>(z.size(1));
      for (std::int64_t r = 0; r < z.size(0); ++r) {
        values.push_back(output_value(job.options.output, z.data_ptr<double>() + r * C, C, e.target, e.foil));
        output_gradient(job.options.output, z.data_ptr<double>() + r * C, C, e.target, e.foil,
                        dz.data_ptr<double>() + r * C);
      }
      return dz.to(logits.options());
    };
    const at::Tensor g = job.engine.gradient(x, {}, path, seed, nullptr);
    take(first, x, g, values);
  }
}

void DrawnScores::add(const double* scores) {
  ++count_;
  for (std::size_t t = 0; t < sum_.size(); ++t) sum_[t] += scores[t];
  for (std::size_t w = 0; w < word_sum_.size(); ++w) {
    double one = 0;
    for (std::int32_t t = text_->words[w].first; t < text_->words[w].last; ++t) one += scores[t];
    word_sum_[w] += one;
    word_square_[w] += one * one;
  }
}

void DrawnScores::give(Explanation& e) const {
  const double n = std::max(1, count_);
  e.scores.resize(sum_.size());
  for (std::size_t t = 0; t < sum_.size(); ++t) e.scores[t] = sum_[t] / n;
  e.word_scores.clear();
  e.standard_error.clear();
  for (std::size_t w = 0; w < word_sum_.size(); ++w) {
    const double mean = word_sum_[w] / n;
    e.word_scores.push_back(mean);
    e.standard_error.push_back(count_ > 1 ? std::sqrt(std::max(0.0, word_square_[w] / n - mean * mean) / (n - 1)) : std::numeric_limits<double>::quiet_NaN());
  }
}

}  // namespace telltale
