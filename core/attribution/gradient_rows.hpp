// Gradients at many points of many texts, packed by length: the work horse of the gradient methods. For core only (torch).
#pragma once
#include <ATen/ATen.h>

#include <functional>
#include <vector>

#include "attribution/method.hpp"

namespace telltale {

/// Both ends of a text's path in the engine's dtype, [T,d] each.
struct Ends {
  at::Tensor x, baseline;
};

/// In the chosen space: word embeddings, or outputs of the embedding block. [CLS] and [SEP] (by id) are the same at both ends.
Ends path_ends(const Classifier::Impl& model, const Encoding& text, Path path, Baseline baseline, at::ScalarType dtype);

/// One point x_b + α(x − x_b) of one item.
struct Point {
  std::size_t item = 0;
  double alpha = 1, weight = 1;
  std::size_t tag = 0;  ///< the caller's
};

/// [R,T] from the gradients g [R,T,d], the points [R,T,d] and the differences x − x_b [R,T,d].
using Reduce = std::function<at::Tensor(const at::Tensor& g, const at::Tensor& points, const at::Tensor& difference)>;
/// Called for each point with its scores [T of the item] and F there.
using Consume = std::function<void(const Point& point, const double* scores)>;

/// Texts of one length share a batch; a batch that is not full takes in texts up to a tenth shorter, padded and masked.
void gradient_rows(MethodJob& job, const std::vector<Ends>& ends, std::vector<Point> points, const Reduce& reduce, const Consume& consume);

/// F at each point, forward passes alone.
std::vector<double> values_at(MethodJob& job, const std::vector<Ends>& ends, const std::vector<Point>& points);

}  // namespace telltale
