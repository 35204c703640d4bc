// The gradient of one post's loss in every parameter of the network. For core only.
#pragma once
#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

#include "model/classifier_impl.hpp"

namespace telltale {

/// Of the cross-entropy of one post, dropout off. A parameter is numbered by its place in Parameters::flat; what is not in a piece is 0 (rows of words that
/// the post lacks).
struct FullGradient {
  struct Piece {
    std::int64_t first = 0;  ///< number of its first parameter
    at::Tensor values;       ///< CPU
  };
  std::vector<Piece> pieces;  ///< the words' rows first, by id; then the other parameters in their order
  std::size_t rows = 0;       ///< pieces that are rows of the word table
  double norm = 0;            ///< ‖∇‖
};

/// `ids` with specials; `label` the class of the loss. Throws std::runtime_error where it is not finite.
FullGradient full_gradient(const Classifier::Impl& model, const std::vector<std::int32_t>& ids, int label);

/// ∇ · ∇' over all parameters, exact up to rounding.
double dot(const FullGradient& a, const FullGradient& b);

}  // namespace telltale
