#include "evaluation/linear_probe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "base/random.hpp"
#include "evaluation/softmax_regression.hpp"

namespace telltale {
namespace {

constexpr double penalties[] = {1, 0.1, 0.01, 0.001};  ///< falling: each fit begins where the one before ended
constexpr double same = 1e-5;  ///< deviation, over the root mean square of all values, of a column that is constant but for rounding
enum Stream : std::uint64_t { held_out_stream = 1, permutation_stream };

/// Standardised columns in double, those that do not vary left out.
class Standard {
 public:
  Standard(std::span<const float> values, std::size_t rows, std::size_t width) : width_(width) {
    std::vector<double> mean(width, 0.0), square(width, 0.0);
    double all = 0;
    for (std::size_t i = 0; i < rows; ++i)
      for (std::size_t k = 0; k < width; ++k) mean[k] += static_cast<double>(values[i * width + k]);
    for (double& m : mean) m /= static_cast<double>(rows);
    for (std::size_t i = 0; i < rows; ++i)
      for (std::size_t k = 0; k < width; ++k) {
        const double v = static_cast<double>(values[i * width + k]);
        all += v * v;
        square[k] += (v - mean[k]) * (v - mean[k]);
      }
    const double size = std::sqrt(all / static_cast<double>(rows * width));
    for (std::size_t k = 0; k < width; ++k)
      if (const double deviation = std::sqrt(square[k] / static_cast<double>(rows)); deviation > same * size)
        columns_.push_back({k, mean[k], deviation});
  }
  /// A column of zeros where none varies: then only the bias is fitted.
  std::size_t columns() const { return std::max<std::size_t>(1, columns_.size()); }
  std::size_t constant() const { return width_ - columns_.size(); }
  std::vector<double> operator()(std::span<const float> values, const std::vector<std::size_t>& rows) const {
    std::vector<double> out(rows.size() * columns(), 0.0);
    for (std::size_t i = 0; i < rows.size(); ++i)
      for (std::size_t c = 0; c < columns_.size(); ++c)
        out[i * columns() + c] =
            (static_cast<double>(values[rows[i] * width_ + columns_[c].index]) - columns_[c].mean) / columns_[c].deviation;
    return out;
  }

 private:
  struct Column {
    std::size_t index;
    double mean, deviation;
  };
  std::size_t width_;
  std::vector<Column> columns_;
};

std::vector<std::size_t> upto(std::size_t n) {
  std::vector<std::size_t> out(n);
  for (std::size_t i = 0; i < n; ++i) out[i] = i;
  return out;
}

std::vector<int> labels_at(std::span<const int> labels, const std::vector<std::size_t>& rows) {
  std::vector<int> out;
  for (const std::size_t i : rows) out.push_back(labels[i]);
  return out;
}

double share_right(const std::vector<int>& found, std::span<const int> labels) {
  std::size_t right = 0;
  for (std::size_t i = 0; i < found.size(); ++i) right += found[i] == labels[i];
  return static_cast<double>(right) / static_cast<double>(found.size());
}

void check(const ProbeRows& train, const ProbeRows& test, std::size_t width, std::size_t classes,
           const ProbeOptions& o) {
  if (width == 0 || train.values.size() != train.labels.size() * width || test.values.size() != test.labels.size() * width)
    throw std::invalid_argument("linear probe: expected one label for each row of values");
  if (classes < 2) throw std::invalid_argument("a linear probe needs at least two classes");
  if (test.labels.empty()) throw std::invalid_argument("a linear probe needs test posts");
  if (o.controls < 0 || o.controls > 1000)
    throw std::invalid_argument(fmt::format("controls {}: expected 0 to 1000", o.controls));
  if (o.l2 && !(*o.l2 >= 0 && *o.l2 <= 1e6))
    throw std::invalid_argument(fmt::format("l2 {}: expected 0 to 1000000", *o.l2));
  std::vector<std::size_t> counts(classes, 0);
  for (const auto& labels : {train.labels, test.labels})
    for (const int label : labels)
      if (label < 0 || static_cast<std::size_t>(label) >= classes)
        throw std::invalid_argument(fmt::format("label {}: expected 0 to {}", label, classes - 1));
  for (const int label : train.labels) ++counts[static_cast<std::size_t>(label)];
  for (std::size_t c = 0; c < classes; ++c)
    if (counts[c] < least_of_class)
      throw std::invalid_argument(fmt::format("class {} has {} training posts: a linear probe needs at least {} of each", c, counts[c], least_of_class));
}

/// The penalty that does best on a fifth of each class, held out.
double chosen_penalty(const ProbeRows& train, std::size_t width, std::size_t classes, const ProbeOptions& o,
                      const std::function<bool()>& stopped) {
  std::vector<std::size_t> fitted, held_out;
  for (std::size_t c = 0; c < classes; ++c) {
    std::vector<std::size_t> own;
    for (std::size_t i = 0; i < train.labels.size(); ++i)
      if (static_cast<std::size_t>(train.labels[i]) == c) own.push_back(i);
    Rng rng(o.seed, mix_seed(held_out_stream, c));
    rng.shuffle(own);
    const std::size_t out = own.size() / 5;
    held_out.insert(held_out.end(), own.begin(), own.begin() + static_cast<std::ptrdiff_t>(out));
    fitted.insert(fitted.end(), own.begin() + static_cast<std::ptrdiff_t>(out), own.end());
  }
  // By the fitted rows alone, so that what is held out stays unseen.
  std::vector<float> values;
  for (const std::size_t i : fitted)
    values.insert(values.end(), train.values.begin() + static_cast<std::ptrdiff_t>(i * width),
                  train.values.begin() + static_cast<std::ptrdiff_t>((i + 1) * width));
  const Standard standard(values, fitted.size(), width);
  const std::vector<double> x = standard(train.values, fitted), other = standard(train.values, held_out);
  const std::vector<int> y = labels_at(train.labels, fitted), labels = labels_at(train.labels, held_out);
  double best = penalties[0], least = std::numeric_limits<double>::infinity();
  std::optional<SoftmaxModel> model;
  for (const double l2 : penalties) {
    model = fit_softmax(x, standard.columns(), y, classes, {l2, 500, stopped}, model ? &*model : nullptr);
    if (const double s = mean_surprise(*model, other, labels); s < least) least = s, best = l2;
  }
  return best;
}

}  // namespace

ProbeResult linear_probe(const ProbeRows& train, const ProbeRows& test, std::size_t width, std::size_t classes,
                         const ProbeOptions& options, const std::function<bool()>& stopped) {
  check(train, test, width, classes, options);
  ProbeResult out;
  out.l2 = options.l2 ? *options.l2 : chosen_penalty(train, width, classes, options, stopped);
  const Standard standard(train.values, train.labels.size(), width);
  out.constant = standard.constant();
  const std::vector<double> x = standard(train.values, upto(train.labels.size())),
                            other = standard(test.values, upto(test.labels.size()));
  const SoftmaxFit fit{out.l2, 500, stopped};
  const SoftmaxModel model = fit_softmax(x, standard.columns(), train.labels, classes, fit);
  out.converged = model.converged;
  out.train_accuracy = share_right(classify(model, x), train.labels);
  const std::vector<int> found = classify(model, other);
  std::vector<double> right;
  for (std::size_t i = 0; i < found.size(); ++i) right.push_back(found[i] == test.labels[i] ? 1 : 0);
  out.accuracy = mean_interval(right, {options.resamples, options.seed, 0.95});
  std::vector<double> control;
  double by_heart = 0;
  for (int r = 0; r < options.controls; ++r) {
    std::vector<int> labels(train.labels.begin(), train.labels.end());
    Rng rng(options.seed, mix_seed(permutation_stream, static_cast<std::uint64_t>(r)));
    rng.shuffle(labels);
    const SoftmaxModel m = fit_softmax(x, standard.columns(), labels, classes, fit);
    control.push_back(share_right(classify(m, other), test.labels));
    by_heart += share_right(classify(m, x), labels) / options.controls;
  }
  if (options.controls > 0) {
    out.control = student_interval(control);
    out.control_train = by_heart;
    out.selectivity = out.accuracy.value - out.control.value;
  }
  return out;
}

}  // namespace telltale
