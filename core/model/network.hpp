// BERT's forward pass as a differentiable function (any order, any device and dtype), and the same with a tangent carried along.
// For core only. Shapes: B texts, T ids, d hidden, C classes. Devlin et al. 2019; forward mode: Griewank & Walther 2008, ch. 3.
#pragma once
#include <ATen/ATen.h>

#include <optional>
#include <vector>

#include "model/config.hpp"
#include "model/weights.hpp"

namespace telltale {

/// Dropout of a training pass; every mask comes from `generator`, so that a step can be repeated bit for bit.
struct Dropout {
  double hidden = 0, attention = 0, classifier = 0;
  at::Generator generator;
};

struct Dual {
  at::Tensor value, tangent;
};

struct FullStates {
  std::vector<at::Tensor> hidden;      ///< layers + 1 of [B,T,d]; the first is the output of the embedding block
  std::vector<at::Tensor> attentions;  ///< layers of [B,heads,T,T]
};

class Network {
 public:
  /// `products`: the matrices of the linear layers in the dtype that products are computed in (bf16 copies, or `weights` itself).
  Network(const ModelConfig& config, const BertWeights& weights, const BertWeights& products);
  Network(const ModelConfig& config, const BertWeights& weights) : Network(config, weights, weights) {}

  at::Tensor words(const at::Tensor& ids) const;  ///< [B,T] → [B,T,d]; the [PAD] row has its gradient as any other
  /// LayerNorm(e + position + type 0): [B,T,d] → [B,T,d].
  at::Tensor embedding_block(const at::Tensor& e, const Dropout* dropout = nullptr) const;
  /// From the output of the embedding block to the final state of [CLS], [B,d]. mask [B,T]: 1 = attended; undefined = all.
  /// Only the [CLS] row is computed in the last layer.
  at::Tensor encode(const at::Tensor& h, const at::Tensor& mask, const Dropout* dropout = nullptr) const;
  at::Tensor pooled(const at::Tensor& cls) const;                                      ///< tanh(W r + b), [B,d]
  at::Tensor logits(const at::Tensor& cls, const Dropout* dropout = nullptr) const;    ///< [B,d] → [B,C]
  /// Layers first … last − 1 in turn, all rows: [B,T,d] → [B,T,d]. first = last: h itself.
  at::Tensor through(const at::Tensor& h, const at::Tensor& mask, std::size_t first, std::size_t last) const;
  /// encode() of a state that enters layer `first` (first = the number of layers: the [CLS] row of h).
  at::Tensor encode_from(std::size_t first, const at::Tensor& h, const at::Tensor& mask) const;
  /// Every hidden state and attention map, all rows.
  FullStates states(const at::Tensor& h, const at::Tensor& mask) const;

  Dual embedding_block(const Dual& e) const;
  Dual encode(const Dual& h, const at::Tensor& mask) const;
  Dual through(const Dual& h, const at::Tensor& mask, std::size_t first, std::size_t last) const;
  Dual logits(const Dual& cls) const;

  const BertWeights& weights() const { return w_; }
  const ModelConfig& config() const { return config_; }

 private:
  struct Heads;
  at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) const;
  at::Tensor norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) const;
  Dual norm(const Dual& x, const at::Tensor& weight, const at::Tensor& bias) const;
  Dual linear(const Dual& x, const at::Tensor& weight, const at::Tensor& bias) const;
  at::Tensor layer(std::size_t n, const at::Tensor& h, const at::Tensor& bias, bool cls_only, const Dropout* dropout, at::Tensor* attention = nullptr) const;
  Dual layer(std::size_t n, const Dual& h, const at::Tensor& bias, bool cls_only) const;

  const ModelConfig& config_;
  BertWeights w_, m_;
};

/// f(x) of the feed-forward block, and f'(x).
at::Tensor activate(const at::Tensor& x, Activation activation);
at::Tensor activate_derivative(const at::Tensor& x, Activation activation);

/// 0 where attended, −inf elsewhere, [B,1,1,T]; undefined when the mask is undefined or all ones.
at::Tensor attention_bias(const at::Tensor& mask, at::ScalarType dtype);

}  // namespace telltale
