#include "examples/full_gradient.hpp"

#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <stdexcept>

#include "model/network.hpp"

namespace telltale {
namespace {

/// Leaves that share memory with the model's parameters, so that asking for their gradients leaves the model as it is.
BertWeights leaves_of(const BertWeights& weights, std::vector<at::Tensor>& leaves) {
  BertWeights out = weights;
  const auto leaf = [&](at::Tensor& t) {
    t = t.detach().requires_grad_();
    leaves.push_back(t);
  };
  out.word = out.word.detach();  // its rows are leaves of their own
  for (at::Tensor* t : {&out.position, &out.type, &out.norm_weight, &out.norm_bias}) leaf(*t);
  for (LayerWeights& l : out.layers)
    for (at::Tensor* t : {&l.qkv_weight, &l.qkv_bias, &l.output_weight, &l.output_bias, &l.norm1_weight, &l.norm1_bias, &l.up_weight, &l.up_bias, &l.down_weight, &l.down_bias, &l.norm2_weight, &l.norm2_bias}) leaf(*t);
  for (at::Tensor* t : {&out.pooler_weight, &out.pooler_bias, &out.head_weight, &out.head_bias}) leaf(*t);
  return out;
}

double sum_of_products(const at::Tensor& a, const at::Tensor& b) {
  // In blocks: a sum of millions of products in float would lose bits that scores need.
  const at::Tensor x = a.reshape({-1}), y = b.reshape({-1});
  double sum = 0;
  constexpr std::int64_t block = 1 << 16;
  for (std::int64_t at = 0; at < x.numel(); at += block) {
    const std::int64_t n = std::min(block, x.numel() - at);
    sum += at::dot(x.narrow(0, at, n), y.narrow(0, at, n)).item<double>();
  }
  return sum;
}

}  // namespace

FullGradient full_gradient(const Classifier::Impl& model, const std::vector<std::int32_t>& ids, int label) {
  at::AutoGradMode with_grad(true);
  const Parameters& parameters = *model.parameters;
  std::vector<at::Tensor> leaves;
  const BertWeights weights = leaves_of(parameters.weights, leaves);
  const Network network(model.config, weights);
  at::Tensor words;
  {
    at::NoGradGuard no_grad;
    words = model.words({ids, {}, {}}).unsqueeze(0);
  }
  words = words.detach().requires_grad_();
  leaves.push_back(words);
  const at::Tensor z = network.logits(network.encode(network.embedding_block(words), {}));
  const at::Tensor loss = -at::log_softmax(z, -1).select(0, 0).select(0, label);
  std::vector<at::Tensor> gradients = torch::autograd::grad({loss}, leaves);
  at::NoGradGuard no_grad;
  FullGradient out;
  const at::Tensor by_token = gradients.back().squeeze(0).to(at::kCPU).contiguous();
  std::map<std::int32_t, at::Tensor> rows;
  for (std::size_t t = 0; t < ids.size(); ++t) {
    const at::Tensor row = by_token.select(0, static_cast<std::int64_t>(t));
    const auto [at, fresh] = rows.try_emplace(ids[t], row);
    if (!fresh) at->second = at->second + row;
  }
  const std::int64_t d = model.config.hidden_size, table = parameters.weights.word.storage_offset();
  for (const auto& [id, row] : rows) out.pieces.push_back({table + id * d, row});
  out.rows = out.pieces.size();
  for (std::size_t k = 0; k + 1 < leaves.size(); ++k) out.pieces.push_back({leaves[k].storage_offset(), gradients[k].to(at::kCPU).contiguous()});
  double squares = 0;
  for (const FullGradient::Piece& p : out.pieces) squares += sum_of_products(p.values, p.values);
  out.norm = std::sqrt(squares);
  if (!std::isfinite(out.norm)) throw std::runtime_error("the gradient of a post's loss is not finite; try --precision fp32");
  return out;
}

double dot(const FullGradient& a, const FullGradient& b) {
  double sum = 0;
  for (std::size_t i = 0, j = 0; i < a.rows && j < b.rows;) {
    if (a.pieces[i].first == b.pieces[j].first) sum += sum_of_products(a.pieces[i++].values, b.pieces[j++].values);
    else if (a.pieces[i].first < b.pieces[j].first) ++i;
    else ++j;
  }
  for (std::size_t i = a.rows, j = b.rows; i < a.pieces.size() && j < b.pieces.size(); ++i, ++j) sum += sum_of_products(a.pieces[i].values, b.pieces[j].values);
  return sum;
}

}  // namespace telltale
