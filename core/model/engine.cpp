#include "model/engine.hpp"

#include <torch/csrc/autograd/autograd.h>

#include <algorithm>

#include "model/block_engine.hpp"
#include "model/fused_engine.hpp"

namespace telltale {
namespace {

/// Rows of one call on a device with memory of its own: as many as keep it busy in some 4 GiB, with what the way back needs. It hangs on the model alone, so that
/// equal calls round alike whatever else lies in that memory.
std::int64_t rows_on_device(const ModelConfig& c, std::int64_t bytes) {
  constexpr std::int64_t room = std::int64_t{4} << 30, usual_length = 256;
  const std::int64_t row = c.layers * (12 * c.hidden_size + 3 * c.intermediate_size + 3 * c.heads * usual_length) * bytes;
  return std::clamp<std::int64_t>(room / row, 2048, 65536);
}

/// Any device and dtype, by autograd over the network.
class ReferenceEngine : public Engine {
 public:
  ReferenceEngine(const ModelConfig& config, const BertWeights& weights, at::ScalarType products)
      : config_(config), weights_(detached(weights)), type_(weights.word.scalar_type()), products_(products), network_(make()) {
    if (!weights.word.device().is_cpu()) set_rows(rows_on_device(config, static_cast<std::int64_t>(weights.word.element_size())));
  }

  void refresh() override {
    if (products_ != type_) network_.emplace(make());
  }

  at::Tensor logits(const at::Tensor& points, const at::Tensor& mask, Path path) override {
    at::NoGradGuard no_grad;
    return network_->logits(state(points, mask, path));
  }
  at::Tensor cls(const at::Tensor& points, const at::Tensor& mask, Path path) override {
    at::NoGradGuard no_grad;
    return state(points, mask, path);
  }
  at::Tensor gradient(const at::Tensor& points, const at::Tensor& mask, Path path, const LogitGradient& seed, at::Tensor* logits_out) override {
    at::AutoGradMode with_grad(true);
    const at::Tensor leaf = points.detach().requires_grad_();
    const at::Tensor z = network_->logits(state(leaf, mask, path));
    at::Tensor dz;
    {
      at::NoGradGuard no_grad;
      dz = seed(z.detach());
      if (logits_out) *logits_out = z.detach();
    }
    return torch::autograd::grad({z}, {leaf}, {dz})[0];
  }
  at::ScalarType dtype() const override { return type_; }

 private:
  at::Tensor state(const at::Tensor& points, const at::Tensor& mask, Path path) const {
    return network_->encode(path == Path::word ? network_->embedding_block(points) : points, mask);
  }
  Network make() const { return Network(config_, weights_, products_ == type_ ? weights_ : cast(weights_, products_)); }
  static BertWeights detached(BertWeights w) {
    const auto cut = [](at::Tensor& t) {
      if (t.defined()) t = t.detach();
    };
    for (at::Tensor* t : {&w.word, &w.position, &w.type, &w.norm_weight, &w.norm_bias, &w.pooler_weight, &w.pooler_bias, &w.head_weight, &w.head_bias}) cut(*t);
    for (LayerWeights& l : w.layers)
      for (at::Tensor* t : {&l.qkv_weight, &l.qkv_bias, &l.output_weight, &l.output_bias, &l.norm1_weight, &l.norm1_bias, &l.up_weight, &l.up_bias, &l.down_weight, &l.down_bias, &l.norm2_weight, &l.norm2_bias})
        cut(*t);
    return w;
  }

  const ModelConfig& config_;
  BertWeights weights_;  ///< share memory with those given
  at::ScalarType type_, products_;
  std::optional<Network> network_;
};

}  // namespace

std::unique_ptr<Engine> Engine::make_reference(const ModelConfig& config, const BertWeights& weights, at::ScalarType products) {
  return std::make_unique<ReferenceEngine>(config, weights, products);
}

namespace {

bool fusable(const ModelConfig& config, const BertWeights& weights) {
  return weights.word.device().is_cpu() && weights.word.scalar_type() == at::kFloat && (config.activation == Activation::gelu || config.activation == Activation::gelu_tanh);
}

}  // namespace

std::unique_ptr<Engine> Engine::make(const ModelConfig& config, const BertWeights& weights, at::ScalarType products) {
  if (fusable(config, weights)) {
    if (products == at::kBFloat16) return make_fused_engine(config, weights, Carried::bf16);
    auto blocks = make_block_engine(config, weights, BlockProducts::floats);
    return blocks ? std::move(blocks) : make_fused_engine(config, weights, Carried::as_float);
  }
  return make_reference(config, weights, products);
}

std::unique_ptr<Engine> Engine::make_mixed(const ModelConfig& config, const BertWeights& weights) {
  if (!fusable(config, weights)) return nullptr;
  auto tiles = make_block_engine(config, weights, BlockProducts::tiles);
  return tiles ? std::move(tiles) : make_block_engine(config, weights, BlockProducts::pairs);
}

}  // namespace telltale
